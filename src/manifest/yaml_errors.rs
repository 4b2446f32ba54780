//! What people commonly get wrong in YAML, said in words of our own: parsers report where they
//! gave up, which is seldom where the mistake is.

use std::sync::Arc;

use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;
use crate::text::Source;

/// Mistakes that show in the text itself.
pub(super) fn before_reading(source: &Arc<Source>) -> Result<(), Diagnostics> {
    let mut found = Diagnostics::new();
    let mut at = 0;
    for line in source.text.split_inclusive('\n') {
        let place = |from: usize, to: usize| Place {
            source: Arc::clone(source),
            range: at + from..at + to,
        };
        if ["<<<<<<< ", ">>>>>>> ", "||||||| "]
            .iter()
            .any(|marker| line.starts_with(marker))
        {
            let end = line.trim_end().len();
            found.push(
                Diagnostic::error("an unsolved merge conflict")
                    .at(&place(0, end), "left by a merge")
                    .help("keep one of the two versions and remove the markers"),
            );
        }
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        let blank = line.trim().is_empty();
        if let Some(tab) = line[..indent].find('\t').filter(|_| !blank) {
            found.push(
                Diagnostic::error("a tab in the indentation")
                    .at(&place(tab, tab + 1), "YAML wants spaces here")
                    .help("two spaces a level are usual"),
            );
        }
        at += line.len();
    }
    if found.has_errors() {
        Err(found)
    } else {
        Ok(())
    }
}

/// What the parser could not get past.
pub(super) fn unreadable(source: &Arc<Source>, at: usize, info: &str) -> Diagnostic {
    if let Some(place) = bare_braces(source, at) {
        return Diagnostic::error("`${…}` must be quoted here")
            .at(&place, "YAML takes this `{` for a map")
            .help(format!("write \"{}\"", place.text()));
    }
    let at = at.min(source.text.len());
    let rest = source.text.get(at..).unwrap_or_default();
    let line = rest.lines().next().unwrap_or_default();
    // The end of a file has no character to point at, so the last one is taken.
    let (start, end) = if line.is_empty() {
        (source.text.trim_end().len().saturating_sub(1).min(at), at)
    } else {
        (at, at + line.chars().next().map_or(0, char::len_utf8))
    };
    let place = Place {
        source: Arc::clone(source),
        range: start..end,
    };
    let diagnostic = Diagnostic::error("this is not YAML").at(&place, plain(info));
    let before = source.text.get(..at).unwrap_or_default();
    let current = before.rsplit('\n').next().unwrap_or_default();
    if info.contains("mapping values") && current.matches(": ").count() + 1 > 1 {
        return diagnostic.help("quote text that contains `: `");
    }
    if info.contains("illegal placement") || info.contains("flow") {
        return diagnostic.help("a `[` or `{` before may not be closed");
    }
    if info.contains("cannot start any token") {
        return diagnostic.help("quote text that starts with a special character");
    }
    diagnostic
}

/// What the other reader refused although the structure was fine.
pub(super) fn refused(source: &Arc<Source>, error: &serde_yaml::Error) -> Diagnostic {
    let at = error.location().map_or(0, |location| location.index());
    let text = error.to_string();
    let message = text.split(" at line ").next().unwrap_or(&text);
    unreadable(source, at, message)
}

/// `${x}` without quotes on the line of `at` or above it: inside a flow map it ends the map.
fn bare_braces(source: &Arc<Source>, at: usize) -> Option<Place> {
    let text = &source.text;
    let at = (0..=at.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at))?;
    let line_start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    // The parser may only notice on the next line.
    let start = text[..line_start.saturating_sub(1)]
        .rfind('\n')
        .map_or(0, |end| end + 1);
    let mut offset = start;
    for line in text[start..].split_inclusive('\n').take(3) {
        let mut quote = None;
        let mut flow = 0_usize;
        for (index, c) in line.char_indices() {
            match (quote, c) {
                (Some(open), c) if open == c => quote = None,
                (Some(_), _) => {}
                (None, '"' | '\'') => quote = Some(c),
                (None, '#') if line[..index].ends_with([' ', '\t']) => break,
                (None, '{' | '[') if line[..index].ends_with('$') && c == '{' && flow > 0 => {
                    let end = line[index..]
                        .find('}')
                        .map_or(line.trim_end().len(), |e| index + e + 1);
                    return Some(Place {
                        source: Arc::clone(source),
                        range: offset + index - 1..offset + end,
                    });
                }
                (None, '{' | '[') => flow += 1,
                (None, '}' | ']') => flow = flow.saturating_sub(1),
                _ => {}
            }
        }
        offset += line.len();
    }
    None
}

/// The parser's words, without its own name for things.
fn plain(info: &str) -> String {
    let info = info.to_lowercase();
    let info = info.strip_prefix("while ").unwrap_or(&info);
    match info.rsplit_once(", ") {
        Some((_, last)) if !last.is_empty() => last.to_owned(),
        _ => info.to_owned(),
    }
}
