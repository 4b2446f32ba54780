//! Which cells the user means: `method=mapa,samples=20|50`, `lr<=1e-3`, `dataset=figure*`.
//!
//! Terms are joined by commas and must all hold; the values of a term are joined by `|` and one of
//! them must be it. A cell without a coordinate on an axis holds only `axis=none` and `axis!=…`.

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use crate::registry::Value;
use crate::search::Domain;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;
use crate::text::Source;
use crate::text::did_you_mean;
use crate::text::list_of;

/// A conjunction of terms, as the command line gives it.
#[derive(Clone, Debug)]
pub struct Filter {
    terms: Vec<Term>,
}

/// One comparison of an axis with values.
#[derive(Clone, Debug)]
pub struct Term {
    pub name: String,
    name_place: Place,
    op: Op,
    values: Vec<Wanted>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Is,
    IsNot,
    Below,
    AtMost,
    Above,
    AtLeast,
}

/// Longest first, so that `<=` is not read as `<`.
const OPERATORS: [(&str, Op); 7] = [
    ("==", Op::Is),
    ("!=", Op::IsNot),
    ("<=", Op::AtMost),
    (">=", Op::AtLeast),
    ("=", Op::Is),
    ("<", Op::Below),
    (">", Op::Above),
];

/// A value as it was written.
#[derive(Clone, Debug)]
struct Wanted {
    text: String,
    place: Place,
    /// The number it reads as: `1e-3` means `0.001`.
    number: Option<f64>,
    /// Where it has `*` or `?`.
    pattern: Option<glob::Pattern>,
}

impl Filter {
    /// Reads the text of `option`.
    ///
    /// # Errors
    /// Where a term is no comparison: all that is wrong with it.
    pub fn read(option: &str, text: &str) -> Result<Filter, Diagnostics> {
        let source = Arc::new(Source {
            path: PathBuf::from(option),
            text: text.to_owned(),
        });
        let mut found = Diagnostics::new();
        let mut terms = Vec::new();
        for range in split(text, 0..text.len(), ',') {
            match Term::read(&source, range) {
                Ok(term) => terms.push(term),
                Err(wrong) => found.push(wrong),
            }
        }
        match found.has_errors() {
            true => Err(found),
            false => Ok(Filter { terms }),
        }
    }

    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// Whether all terms hold for these coordinates.
    pub fn holds<'v>(&self, value: impl Fn(&str) -> Option<&'v Value>) -> bool {
        self.terms.iter().all(|term| term.holds(value(&term.name)))
    }
}

impl Term {
    fn read(source: &Arc<Source>, range: Range<usize>) -> Result<Term, Diagnostic> {
        let text = &source.text[range.clone()];
        let place = |part: Range<usize>| trimmed(source, part);
        let found = text.find(['=', '!', '<', '>']).and_then(|at| {
            let operator = OPERATORS.iter().find(|(o, _)| text[at..].starts_with(o))?;
            Some((at, operator.0.len(), operator.1))
        });
        let Some((at, length, op)) = found else {
            let title = match text.trim() {
                "" => "a filter compares an axis with a value".to_owned(),
                text => format!("`{text}` compares nothing"),
            };
            return Err(Diagnostic::error(title)
                .at(&place(range), "expected `AXIS=VALUE`")
                .help("terms are joined by commas: `method=mapa,samples=20|50`"));
        };
        let name_place = place(range.start..range.start + at);
        let name = name_place.text().to_owned();
        if name.is_empty() {
            return Err(Diagnostic::error("a filter names an axis first")
                .at(&place(range), "expected `AXIS=VALUE`"));
        }
        let rest = range.start + at + length..range.end;
        let values = split(&source.text, rest, '|').into_iter().map(|part| {
            let place = trimmed(source, part);
            let quoted = in_quotes(place.text());
            let text = quoted.unwrap_or(place.text()).to_owned();
            let wild = quoted.is_none() && text.contains(['*', '?']);
            // Brackets belong to lists, not to the pattern.
            let pattern = glob::Pattern::new(&text.replace('[', "[[]"));
            Wanted {
                number: text.parse().ok().filter(|number: &f64| number.is_finite()),
                pattern: pattern.ok().filter(|_| wild),
                place,
                text,
            }
        });
        let term = Term {
            name,
            name_place,
            op,
            values: values.collect(),
        };
        for value in &term.values {
            let wrong = match term.op {
                Op::Is | Op::IsNot => value
                    .place
                    .text()
                    .is_empty()
                    .then_some("expected a value; the empty text is `''`"),
                _ => (value.number.is_none() || term.values.len() > 1)
                    .then_some("expected one number"),
            };
            if let Some(wrong) = wrong {
                let title = format!("`{}` is compared with nothing it could be", term.name);
                return Err(Diagnostic::error(title).at(&value.place, wrong));
            }
        }
        Ok(term)
    }

    /// Whether it holds for a value; none where there is no such coordinate.
    pub fn holds(&self, value: Option<&Value>) -> bool {
        let any = || self.values.iter().any(|wanted| wanted.is(value));
        let number = value.and_then(Value::as_float);
        let bound = self.values.first().and_then(|wanted| wanted.number);
        let ordered = |holds: fn(f64, f64) -> bool| match (number, bound) {
            (Some(number), Some(bound)) => holds(number, bound),
            _ => false,
        };
        match self.op {
            Op::Is => any(),
            Op::IsNot => !any(),
            Op::Below => ordered(|a, b| a < b),
            Op::AtMost => ordered(|a, b| a <= b),
            Op::Above => ordered(|a, b| a > b),
            Op::AtLeast => ordered(|a, b| a >= b),
        }
    }

    /// Complains about a name that is not one of these.
    pub fn unknown_name<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Diagnostic {
        Diagnostic::error(format!("there is no axis `{}`", self.name))
            .at(&self.name_place, "no such axis")
            .maybe_help(did_you_mean(&self.name, names, "there are"))
    }

    /// Of the values that it names, or that lie in its range, some that a search may propose.
    pub fn in_domain(&self, searched: Option<&Domain>) -> Vec<Value> {
        let Some(domain) = searched else {
            return Vec::new();
        };
        match self.op {
            Op::Is | Op::IsNot => {
                let numbers = self.values.iter().filter_map(|wanted| wanted.number);
                let values = numbers.map(|number| Value::Float(number).whole_numbers());
                values.filter(|value| domain.contains(value)).collect()
            }
            _ => domain.ends(),
        }
    }

    /// Complains about values that the name never has: a filter that is mistyped must not look
    /// like one that finds nothing to do. `absent` says whether it may have no value at all.
    pub fn unknown_values<'v>(
        &self,
        known: impl IntoIterator<Item = &'v Value>,
        absent: bool,
        found: &mut Diagnostics,
    ) {
        // Of rows the same value comes many times.
        let mut seen = HashSet::new();
        let known = known.into_iter().filter(|value| seen.insert(*value));
        let known: Vec<&Value> = known.collect();
        let texts: Vec<String> = known.iter().map(ToString::to_string).collect();
        // The number that looks most like another one is not what was meant.
        let numbers = known.iter().all(|value| value.as_float().is_some());
        let help = |text: &str| match numbers {
            true => Some(format!("its values are: {}", list_of(&texts))),
            false => did_you_mean(text, texts.iter().map(String::as_str), "its values are"),
        };
        if !matches!(self.op, Op::Is | Op::IsNot) {
            if !known.iter().any(|value| self.holds(Some(value))) {
                let place = &self.values[0].place;
                let title = format!("no value of `{}` is in this range", self.name);
                found.push(
                    Diagnostic::error(title)
                        .at(place, "leaves nothing")
                        .maybe_help(help(&self.values[0].text)),
                );
            }
            return;
        }
        for wanted in &self.values {
            let there = known.iter().any(|value| wanted.is(Some(value)));
            if !(there || absent && wanted.is(None)) {
                let title = format!("`{}` is never `{}`", self.name, wanted.place.text());
                found.push(
                    Diagnostic::error(title)
                        .at(&wanted.place, "no such value")
                        .maybe_help(help(&wanted.text)),
                );
            }
        }
    }
}

impl Wanted {
    fn is(&self, value: Option<&Value>) -> bool {
        let Some(value) = value else {
            // As `exclude` and claims have it, or as conditions do.
            return ["null", "~", "none"].contains(&&*self.text);
        };
        if let (Some(wanted), Some(number)) = (self.number, value.as_float()) {
            return wanted == number;
        }
        let text = value.to_string();
        let pattern = self.pattern.as_ref();
        text == self.text || pattern.is_some_and(|pattern| pattern.matches(&text))
    }
}

/// What a value in quotes is, which may have commas, bars and stars in it.
fn in_quotes(text: &str) -> Option<&str> {
    let quoted = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    quoted('\'').or_else(|| quoted('"'))
}

/// The parts between separators that stand outside of brackets, and of quotes around a whole value.
fn split(text: &str, range: Range<usize>, separator: char) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let (mut start, mut depth) = (range.start, 0_u32);
    let mut quote = None;
    // A quote begins where a value does, and ends where something else begins.
    let mut begins = separator == '|';
    let mut rest = text[range.clone()].char_indices();
    while let Some((at, c)) = rest.next() {
        if quote == Some(c) && ends_value(rest.as_str()) {
            quote = None;
            continue;
        }
        if quote.is_some() {
            continue;
        }
        if begins && matches!(c, '\'' | '"') && closes(rest.as_str(), c) {
            quote = Some(c);
            continue;
        }
        begins = matches!(c, '=' | '<' | '>' | '|') || begins && c.is_whitespace();
        match c {
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            c if c == separator && depth == 0 => {
                parts.push(start..range.start + at);
                start = range.start + at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(start..range.end);
    parts
}

/// Whether a value that this quote begins has its end.
fn closes(rest: &str, quote: char) -> bool {
    let mut quotes = rest.match_indices(quote);
    quotes.any(|(at, _)| ends_value(&rest[at + 1..]))
}

/// Whether what follows a value's last quote is no more of the value.
fn ends_value(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.is_empty() || rest.starts_with([',', '|'])
}

fn trimmed(source: &Arc<Source>, range: Range<usize>) -> Place {
    let text = &source.text[range.clone()];
    let start = range.start + (text.len() - text.trim_start().len());
    Place {
        source: Arc::clone(source),
        range: start..(start + text.trim().len()).max(start),
    }
}
