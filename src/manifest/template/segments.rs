//! A text cut into what stands there and what stands in `${…}`.

use crate::manifest::expression::Expression;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;

use super::Segment;

/// Which `${…}` stay unfilled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::manifest) enum Unfilled {
    None,
    /// `${root}`, `${checkpoint}`, `${in.x}` and `${out.x}` of commands: paths known when the step runs.
    Paths,
}

impl Unfilled {
    fn keeps(self, inner: &str) -> bool {
        let inner = inner.trim();
        self == Unfilled::Paths
            && (inner == "root"
                || inner == "checkpoint"
                || inner.starts_with("in.")
                || inner.starts_with("out."))
    }
}

/// The parts of a text; none where there is no `${` in it, and no parts where one cannot be read.
pub(super) fn segments(
    text: &str,
    place: &Place,
    kept: Unfilled,
    found: &mut Diagnostics,
) -> Option<Vec<Segment>> {
    if !text.contains("${") {
        return None;
    }
    let mut segments = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    // Where the search for the next part in the file begins: parts come in order.
    let mut from = 0;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            literal.push_str(&rest[..at - 1]);
            literal.push_str(if kept == Unfilled::Paths { "$${" } else { "${" });
            rest = &rest[at + 2..];
            continue;
        }
        literal.push_str(&rest[..at]);
        let inside = &rest[at + 2..];
        let Some(end) = closing(inside) else {
            found.push(
                Diagnostic::error("`${` without its `}`")
                    .at(&place_of(place, &rest[at..], &mut from), "not closed")
                    .help("a literal `${` is written `$${`"),
            );
            return Some(Vec::new());
        };
        let inner = &inside[..end];
        let hole = place_of(place, &rest[at..at + 2 + end + 1], &mut from);
        rest = &inside[end + 1..];
        if kept.keeps(inner) {
            literal.push_str(&format!("${{{inner}}}"));
            continue;
        }
        match Expression::read(inner, &hole) {
            Ok(expression) => {
                if !literal.is_empty() {
                    segments.push(Segment::Literal(std::mem::take(&mut literal)));
                }
                segments.push(Segment::Hole(expression));
            }
            // Of a command it may be meant for a shell: `${x:-y}`.
            Err(diagnostic) if kept == Unfilled::Paths => {
                found.push(diagnostic.help("what a shell is to expand is written `$${…}`"));
                return Some(Vec::new());
            }
            Err(diagnostic) => {
                found.push(diagnostic);
                return Some(Vec::new());
            }
        }
    }
    literal.push_str(rest);
    if !literal.is_empty() || segments.is_empty() {
        segments.push(Segment::Literal(literal));
    }
    Some(segments)
}

/// Where a part of a text stands in its file; the whole text where quoting has changed it.
fn place_of(place: &Place, part: &str, from: &mut usize) -> Place {
    let found = place.text().get(*from..).and_then(|text| text.find(part));
    match found {
        Some(at) => {
            let start = *from + at;
            *from = start + part.len();
            place.part(start..*from)
        }
        None => place.clone(),
    }
}

/// The position of the `}` that closes a `${`, past braces and quotes of the expression.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '{') => depth += 1,
            (None, '}') if depth == 0 => return Some(at),
            (None, '}') => depth -= 1,
            _ => {}
        }
    }
    None
}
