//! The short form of a statement: `all(…)`, comparisons, and calls such as
//! `median(test_kl, method=mapa)`, lowered to fields.
//!
//! Only the frame is read here: junctions, comparison signs and calls. Filter values inside a call
//! are YAML, as they are in the fields, and what is left of a side is [`Arithmetic`].

use super::Aggregate;
use super::Arithmetic;
use super::ClaimError;
use super::Comparison;
use super::Filters;
use super::Quantity;
use super::Relation;
use super::Statement;
use super::arithmetic::FUNCTIONS;
use super::fields;

/// Reads a statement; calls in it join `quantities` under names that start with an underscore.
pub(super) fn parse(
    text: &str,
    quantities: &mut Vec<(String, Quantity)>,
) -> Result<Statement, ClaimError> {
    let text = text.trim();
    for (word, junction) in [
        ("all", Statement::All as fn(Vec<Statement>) -> Statement),
        ("any", Statement::Any),
    ] {
        let Some(rest) = text.strip_prefix(word) else {
            continue;
        };
        let rest = rest.trim_start();
        if !rest.starts_with('(') || closing(rest)? != rest.len() - 1 {
            continue;
        }
        let parts = split(&rest[1..rest.len() - 1], ',')?;
        let parts: Result<Vec<_>, _> = parts
            .into_iter()
            .map(|part| parse(part, quantities))
            .collect();
        return parts.map(junction);
    }
    comparison(text, quantities)
}

/// `a < b`, or a chain `a < b < c`, which is all of its links.
fn comparison(
    text: &str,
    quantities: &mut Vec<(String, Quantity)>,
) -> Result<Statement, ClaimError> {
    let mut sides = Vec::new();
    let mut relations = Vec::new();
    let mut start = 0;
    for (at, relation) in signs(text)? {
        sides.push(&text[start..at]);
        relations.push(relation);
        start = at + relation.sign().len();
    }
    if relations.is_empty() {
        return Err(syntax(text, "it compares nothing: write, say, `… < …`"));
    }
    sides.push(&text[start..]);
    let sides: Vec<Arithmetic> = sides
        .into_iter()
        .map(|side| {
            let lowered = lower(side, quantities)?;
            let known: Vec<&str> = quantities.iter().map(|(name, _)| name.as_str()).collect();
            Arithmetic::new(&lowered, &known)
        })
        .collect::<Result<_, _>>()?;
    let mut links: Vec<Statement> = relations
        .into_iter()
        .zip(sides.windows(2))
        .map(|(relation, pair)| {
            Statement::Compare(Comparison {
                left: pair[0].clone(),
                relation,
                right: pair[1].clone(),
            })
        })
        .collect();
    if links.len() == 1 {
        return Ok(links.remove(0));
    }
    Ok(Statement::All(links))
}

/// The comparison signs outside parentheses, with their byte positions.
fn signs(text: &str) -> Result<Vec<(usize, Relation)>, ClaimError> {
    let mut found = Vec::new();
    let mut skip = 0;
    for at in outside(text)? {
        if at < skip {
            continue;
        }
        let rest = &text[at..];
        let relation = Relation::ALL
            .into_iter()
            .find(|relation| rest.starts_with(relation.sign()));
        match relation {
            Some(relation) => {
                skip = at + relation.sign().len();
                found.push((at, relation));
            }
            None if rest.starts_with('=') => {
                return Err(syntax(text, "equality is written `==`"));
            }
            None => {}
        }
    }
    Ok(found)
}

/// The side with each call of an aggregate replaced by the name of its quantity.
fn lower(side: &str, quantities: &mut Vec<(String, Quantity)>) -> Result<String, ClaimError> {
    let mut lowered = String::new();
    let mut rest = side;
    while let Some(open) = rest.find('(') {
        let head = rest[..open].trim_end();
        let start = head
            .rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .map_or(0, |i| {
                i + head[i..].chars().next().map_or(1, char::len_utf8)
            });
        let word = &head[start..];
        if word.is_empty() || FUNCTIONS.contains(&word) {
            lowered.push_str(&rest[..=open]);
            rest = &rest[open + 1..];
            continue;
        }
        let take = Aggregate::from_name(word).ok_or_else(|| ClaimError::Unknown {
            what: "aggregate".to_owned(),
            name: word.to_owned(),
            known: Aggregate::ALL
                .iter()
                .map(|take| take.name())
                .chain(FUNCTIONS)
                .chain(["all", "any"])
                .map(str::to_owned)
                .collect(),
        })?;
        let close = open + closing(&rest[open..])?;
        let quantity = call(take, &rest[open + 1..close])?;
        lowered.push_str(&rest[..start]);
        lowered.push_str(&name_of(quantity, quantities));
        rest = &rest[close + 1..];
    }
    lowered.push_str(rest);
    Ok(lowered)
}

/// The name of an equal quantity, or of this one as a new entry.
fn name_of(quantity: Quantity, quantities: &mut Vec<(String, Quantity)>) -> String {
    if let Some((name, _)) = quantities.iter().find(|(_, known)| *known == quantity) {
        return name.clone();
    }
    let name = format!("_{}", quantities.len() + 1);
    quantities.push((name.clone(), quantity));
    name
}

/// The arguments of a call: columns, then `axis=value` with the value as YAML.
fn call(take: Aggregate, arguments: &str) -> Result<Quantity, ClaimError> {
    let mut columns = Vec::new();
    let mut filters = Filters::new();
    for argument in split(arguments, ',')? {
        let argument = argument.trim();
        let Some((axis, value)) = argument.split_once('=') else {
            let named = argument
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'));
            if argument.is_empty() || !named || !filters.is_empty() {
                return Err(syntax(
                    arguments,
                    "a call names its columns first, then `axis=value`",
                ));
            }
            columns.push(argument.to_owned());
            continue;
        };
        let value = serde_yaml::from_str(value)
            .map_err(|error| syntax(argument, &format!("the value is no YAML: {error}")))?;
        let values = fields::filter_values(axis.trim(), value)?;
        if filters.insert(axis.trim().to_owned(), values).is_some() {
            return Err(syntax(arguments, "an axis is filtered twice"));
        }
    }
    Quantity::new(take, columns, filters)
}

/// The parts between separators that stand outside parentheses, brackets and quotes.
fn split(text: &str, separator: char) -> Result<Vec<&str>, ClaimError> {
    let mut parts = Vec::new();
    let mut start = 0;
    for at in outside(text)? {
        if text[at..].starts_with(separator) {
            parts.push(&text[start..at]);
            start = at + separator.len_utf8();
        }
    }
    parts.push(&text[start..]);
    Ok(parts)
}

/// The position of the parenthesis that closes the first character.
fn closing(text: &str) -> Result<usize, ClaimError> {
    // The first place outside after the opening one is the closing one itself.
    let mut depth = Depth::default();
    for (at, c) in text.char_indices() {
        depth.pass(c, text)?;
        if depth.open.is_empty() && depth.quote.is_none() {
            return Ok(at);
        }
    }
    Err(syntax(text, "a parenthesis is not closed"))
}

/// Byte positions outside parentheses, brackets and quotes.
fn outside(text: &str) -> Result<Vec<usize>, ClaimError> {
    let mut depth = Depth::default();
    let mut places = Vec::new();
    for (at, c) in text.char_indices() {
        let was_outside = depth.open.is_empty() && depth.quote.is_none();
        depth.pass(c, text)?;
        if was_outside && depth.open.is_empty() && depth.quote.is_none() {
            places.push(at);
        }
    }
    if depth.quote.is_some() {
        return Err(syntax(text, "a quote is not closed"));
    }
    if !depth.open.is_empty() {
        return Err(syntax(text, "a parenthesis is not closed"));
    }
    Ok(places)
}

/// So many parentheses may stand inside each other.
const DEEPEST: usize = 64;

/// What is open at some place of a text.
#[derive(Default)]
struct Depth {
    /// Closing characters waited for, the innermost last.
    open: Vec<char>,
    quote: Option<char>,
}

impl Depth {
    fn pass(&mut self, c: char, text: &str) -> Result<(), ClaimError> {
        if let Some(quote) = self.quote {
            if c == quote {
                self.quote = None;
            }
            return Ok(());
        }
        match c {
            '\'' | '"' => self.quote = Some(c),
            '(' | '[' if self.open.len() >= DEEPEST => {
                return Err(syntax(text, "parentheses inside parentheses, too many"));
            }
            '(' => self.open.push(')'),
            '[' => self.open.push(']'),
            ')' | ']' if self.open.pop() != Some(c) => {
                return Err(syntax(text, &format!("`{c}` closes nothing")));
            }
            _ => {}
        }
        Ok(())
    }
}

fn syntax(text: &str, reason: &str) -> ClaimError {
    ClaimError::Syntax {
        text: text.trim().to_owned(),
        reason: reason.to_owned(),
    }
}
