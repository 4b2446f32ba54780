//! Diagnostics as text: the source line, a caret and what to do next, in the form that compilers
//! have made familiar.

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
        let labels = self.at.iter().map(|label| (label, true));
        for (label, first) in labels.chain(self.also.iter().map(|label| (label, false))) {
            let source = &label.place.source;
            let known = snippets.iter().position(|(path, _)| *path == source.path);
            let (path, snippet) = match known {
                Some(index) => snippets.swap_remove(index),
                None => {
                    let path = source.path.to_string_lossy().into_owned();
                    (
                        source.path.as_path(),
                        Snippet::source(&source.text).path(path),
                    )
                }
            };
            let snippet = snippet.annotation(annotation(label, first));
            let index = known.unwrap_or(snippets.len());
            snippets.insert(index.min(snippets.len()), (path, snippet));
        }
        for (_, snippet) in snippets {
            elements.push(snippet.into());
        }
        for help in &self.helps {
            elements.push(Rendered::HELP.message(help.as_str()).into());
        }
        let title = level.primary_title(self.title.as_str());
        let report: &[Group<'_>] = &[title.elements(elements)];
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        renderer.render(report)
    }
}

fn annotation(label: &Label, first: bool) -> annotate_snippets::Annotation<'_> {
    let kind = if first {
        AnnotationKind::Primary
    } else {
        AnnotationKind::Context
    };
    let text = (!label.text.is_empty()).then_some(label.text.as_str());
    kind.span(within(label)).label(text)
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
