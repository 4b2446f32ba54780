//! Diagnostics as text: the source line, a caret and what to do next, in the form that compilers
//! have made familiar.

use std::borrow::Cow;
use std::path::Path;

use annotate_snippets::AnnotationKind;
use annotate_snippets::Element;
use annotate_snippets::Group;
use annotate_snippets::Level as Rendered;
use annotate_snippets::Renderer;
use annotate_snippets::Snippet;

use super::Diagnostic;
use super::Label;
use super::Level;
use super::in_one_line;
use super::is_hidden;
use super::printable;
use super::printable::push_code;

impl Diagnostic {
    /// The diagnostic as text for people, without a line feed at its end.
    pub fn render(&self, colour: bool) -> String {
        let level = match self.level {
            Level::Error => Rendered::ERROR,
            Level::Warning => Rendered::WARNING,
        };
        let mut elements: Vec<Element<'_>> = Vec::new();
        // One snippet a file, the file of the mistake first.
        let mut snippets: Vec<(&Path, Snippet<'_, annotate_snippets::Annotation<'_>>)> = Vec::new();
        let labels = self.at.as_deref().into_iter().map(|label| (label, true));
        let labels = labels.chain(self.also.iter().map(|label| (label, false)));
        let shown: Vec<_> = labels
            .map(|(label, first)| (label, first, Shown::of(&label.place.source.text)))
            .collect();
        for (label, first, shown) in &shown {
            let source = &label.place.source;
            let known = snippets.iter().position(|(path, _)| *path == source.path);
            let (path, snippet) = match known {
                Some(index) => snippets.swap_remove(index),
                None => {
                    let path = in_one_line(&source.path.to_string_lossy()).into_owned();
                    (
                        source.path.as_path(),
                        Snippet::source(&*shown.text).path(path),
                    )
                }
            };
            let snippet = snippet.annotation(annotation(label, *first, shown));
            let index = known.unwrap_or(snippets.len());
            snippets.insert(index.min(snippets.len()), (path, snippet));
        }
        for (_, snippet) in snippets {
            elements.push(snippet.into());
        }
        for help in &self.helps {
            elements.push(Rendered::HELP.message(shortened(help)).into());
        }
        let title = level.primary_title(shortened(&self.title));
        let report: &[Group<'_>] = &[title.elements(elements)];
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let mut text = renderer.render(report);
        // Codes are wider than what they stand for, and an editor counts the file's characters.
        if let Some((label, _, shown)) = shown.first().filter(|(.., s)| !s.longer.is_empty()) {
            let path = in_one_line(&label.place.source.path.to_string_lossy()).into_owned();
            let start = shown.at(within(label).start);
            let line = shown.text[..start].rsplit('\n').next().unwrap_or_default();
            let (number, column) = label.place.line_column();
            let wide = format!("{path}:{number}:{}", line.chars().count() + 1);
            text = text.replacen(&wide, &format!("{path}:{number}:{column}"), 1);
        }
        text
    }
}

fn annotation<'l>(
    label: &'l Label,
    first: bool,
    shown: &Shown<'_>,
) -> annotate_snippets::Annotation<'l> {
    let kind = if first {
        AnnotationKind::Primary
    } else {
        AnnotationKind::Context
    };
    let text = (!label.text.is_empty()).then(|| shortened(&label.text));
    let range = within(label);
    kind.span(shown.at(range.start)..shown.at(range.end))
        .label(text)
}

/// A source with its hidden characters as codes, which are longer than the characters.
struct Shown<'s> {
    text: Cow<'s, str>,
    /// Where each of them starts in the source, and how many bytes longer the text is after it.
    longer: Vec<(usize, usize)>,
}

impl<'s> Shown<'s> {
    fn of(source: &'s str) -> Self {
        let mut longer = Vec::new();
        if matches!(printable(source), Cow::Borrowed(_)) {
            let text = Cow::Borrowed(source);
            return Shown { text, longer };
        }
        let mut text = String::with_capacity(source.len() + 16);
        let mut chars = source.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let end_of_line = c == '\r' && chars.peek().is_some_and(|(_, next)| *next == '\n');
            if end_of_line || matches!(c, '\n' | '\t') || !is_hidden(c) {
                text.push(c);
                continue;
            }
            push_code(c, &mut text);
            longer.push((at, text.len() - at - c.len_utf8()));
        }
        Shown {
            text: Cow::Owned(text),
            longer,
        }
    }

    /// Where a byte of the source is in the text.
    fn at(&self, byte: usize) -> usize {
        let before = self.longer.partition_point(|(start, _)| *start < byte);
        byte + before.checked_sub(1).map_or(0, |last| self.longer[last].1)
    }
}

/// The text as a terminal may have it, cut where it is longer than anyone reads: names and values in
/// it come from files.
fn shortened(text: &str) -> Cow<'_, str> {
    const LONGEST: usize = 1000;
    let mut characters = text.char_indices();
    match characters.nth(LONGEST) {
        None => printable(text),
        Some((end, _)) => {
            let left_out = 1 + characters.count();
            let start = printable(&text[..end]);
            Cow::Owned(format!("{start}… ({left_out} more characters)"))
        }
    }
}

/// The range, held inside the text and on the boundaries of characters, whatever it was made from.
fn within(label: &Label) -> std::ops::Range<usize> {
    let text = &label.place.source.text;
    let clamp = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = clamp(label.place.range.start);
    start..clamp(label.place.range.end).max(start)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use snapbox::assert_data_eq;
    use snapbox::str;

    use crate::text::*;

    fn place(text: &str, of: &str) -> Place {
        let start = text.find(of).expect("the text has the part");
        let source = Source {
            path: PathBuf::from("pipelines/density.yaml"),
            text: text.to_owned(),
        };
        Place {
            source: Arc::new(source),
            range: start..start + of.len(),
        }
    }

    #[test]
    fn a_mistake_shows_its_line_a_caret_and_what_to_do() {
        let text = "stages:\n  fit:\n    uses: train/iwea\n";
        let mistake = Diagnostic::error("unknown stage kind `train/iwea`")
            .at(&place(text, "train/iwea"), "no such kind")
            .help("did you mean `train/iwae`?");
        assert_data_eq!(
            mistake.render(false),
            str![[r#"
error: unknown stage kind `train/iwea`
 --> pipelines/density.yaml:3:11
  |
3 |     uses: train/iwea
  |           ^^^^^^^^^^ no such kind
  |
  = help: did you mean `train/iwae`?
"#]]
        );
    }

    #[test]
    fn colour_comes_only_on_request() {
        let mistake = Diagnostic::error("wrong").at(&place("a: b", "b"), "");
        assert!(!mistake.render(false).contains('\u{1b}'));
        assert!(mistake.render(true).contains('\u{1b}'));
    }

    #[test]
    fn carets_stand_below_what_they_mean_beside_hidden_characters() {
        let text = "a: \u{1b}[2J\u{9b}é\u{202e} wrong\u{7f} b\r\nc: d\r\n";
        let mut mistake =
            Diagnostic::error("a \u{1b}[31mtitle").at(&place(text, "wrong\u{7f}"), "here\u{7}");
        mistake = mistake.help("a\u{2028}help");
        assert_eq!(
            mistake.render(false),
            r#"error: a \u001b[31mtitle
 --> pipelines/density.yaml:1:12
  |
1 | a: \u001b[2J\u009bé\u202e wrong\u007f b
  |                           ^^^^^^^^^^^ here\u0007
  |
  = help: a\u2028help"#
        );
    }

    #[test]
    fn a_place_outside_the_text_is_no_panic() {
        let mut place = place("a: ü", "ü");
        place.range = 4..400;
        assert!(
            Diagnostic::error("odd")
                .at(&place, "")
                .render(false)
                .contains("odd")
        );
    }
}
