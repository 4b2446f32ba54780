//! Claims: statements about results that a manifest makes and the program judges.
//!
//! A claim compares two statistics of result rows, or one with a number:
//!
//! ```yaml
//! claims:
//!   - name: mapa-beats-iwae
//!     says: median(test_kl, method=mapa) < median(test_kl, method=iwae)
//!     for_each: dataset
//!   - name: the same, field by field
//!     left:  {median: test_kl, where: {method: mapa}}
//!     is: "<"
//!     right: {median: test_kl, where: {method: iwae}}
//!     for_each: dataset
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::Environment;
use minijinja::Value as Jinja;
use minijinja::value::Kwargs;

use crate::registry::ParamType;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;
use crate::text::did_you_mean;

use super::columns::Columns;
use super::fields;
use super::fields::Fields;
use super::node::Content;
use super::node::Entry;
use super::node::Node;
use super::pipeline::Pipeline;

/// A statement about results.
#[derive(Clone, Debug)]
pub struct Claim {
    pub name: String,
    pub place: Place,
    /// Who says so: a paper and its section.
    pub source: Option<String>,
    /// The stage whose rows are meant; none where the value's name is enough.
    pub table: Option<Arc<str>>,
    pub left: Term,
    pub comparison: Comparison,
    pub right: Term,
    /// By how much the sides have to differ, in the unit of the value.
    pub margin: f64,
    /// The axes for each of whose values the claim is made.
    pub for_each: Vec<Arc<str>>,
}

/// One side of a claim.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    Number(f64),
    Rows {
        statistic: Statistic,
        /// The column.
        value: String,
        /// The rows that count, by the values of axes: null for rows without the axis.
        filters: BTreeMap<String, Value>,
    },
}

/// What is computed over rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    Mean,
    Median,
    Min,
    Max,
    Std,
    Count,
}

impl Statistic {
    const ALL: [(&'static str, Statistic); 6] = [
        ("count", Statistic::Count),
        ("max", Statistic::Max),
        ("mean", Statistic::Mean),
        ("median", Statistic::Median),
        ("min", Statistic::Min),
        ("std", Statistic::Std),
    ];

    fn named(name: &str) -> Option<Statistic> {
        let known = Self::ALL.iter().find(|(known, _)| *known == name);
        known.map(|(_, statistic)| *statistic)
    }

    fn names() -> impl Iterator<Item = &'static str> {
        Self::ALL.iter().map(|(name, _)| *name)
    }
}

/// How the sides of a claim compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
}

impl Comparison {
    /// Longer signs first: `<=` starts with `<`.
    const ALL: [(&'static str, Comparison); 5] = [
        ("<=", Comparison::LessOrEqual),
        (">=", Comparison::GreaterOrEqual),
        ("==", Comparison::Equal),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
    ];
}

/// What claims are checked against.
pub(super) struct Context<'c> {
    pub columns: &'c Columns,
    pub pipeline: &'c Pipeline,
}

pub(super) fn read(node: &Node, context: &Context<'_>, found: &mut Diagnostics) -> Vec<Claim> {
    let Some(items) = node.as_list() else {
        found.push(
            Diagnostic::error("`claims` is a list")
                .at(&node.place, format!("this is {}", node.type_name()))
                .help("each claim starts with `- name: …`"),
        );
        return Vec::new();
    };
    let mut claims: Vec<Claim> = Vec::new();
    for item in items {
        let Some(claim) = context.claim(item, found) else {
            continue;
        };
        if let Some(before) = claims.iter().find(|before| before.name == claim.name) {
            found.push(
                Diagnostic::error(format!("two claims are called `{}`", claim.name))
                    .at(&claim.place, "again here")
                    .also(&before.place, "first here"),
            );
        }
        claims.push(claim);
    }
    claims
}

impl Context<'_> {
    fn claim(&self, node: &Node, found: &mut Diagnostics) -> Option<Claim> {
        const KEYS: [&str; 10] = [
            "name", "doc", "source", "says", "table", "left", "is", "right", "margin", "for_each",
        ];
        let fields = Fields::of(node, "a claim", &KEYS, found)?;
        let Some(name) = fields.get("name") else {
            found.push(
                Diagnostic::error("a claim has no `name`").at(&node.place, "what is it called?"),
            );
            return None;
        };
        let name_text = fields::text(name, "`name`", found)?;
        let source = fields
            .get("source")
            .and_then(|node| fields::text(node, "`source`", found));
        let table = fields.get("table").and_then(|node| self.table(node, found));
        let margin = fields.get("margin").and_then(|node| {
            let ty = ParamType::Float {
                min: Some(0.0),
                max: None,
            };
            fields::conform(node, &ty, "`margin`", found)?.as_float()
        });
        let for_each = fields
            .get("for_each")
            .map(|node| self.for_each(node, found));
        let (left, comparison, right) = match (fields.get("says"), fields.entry("left")) {
            (Some(says), None) => self.says(says, found)?,
            (None, Some(left)) => {
                let (Some(is), Some(right)) = (fields.get("is"), fields.get("right")) else {
                    found.push(
                        Diagnostic::error("a claim has `left`, `is` and `right`")
                            .at(&left.key_place, "not without the others"),
                    );
                    return None;
                };
                let left = self.side(&left.value, found);
                let right = self.side(right, found);
                (left?, comparison(is, found)?, right?)
            }
            _ => {
                found.push(
                    Diagnostic::error("a claim has either `says` or `left`, `is` and `right`")
                        .at(&name.place, "what does it say?"),
                );
                return None;
            }
        };
        Some(Claim {
            name: name_text.to_owned(),
            place: name.place.clone(),
            source: source.map(str::to_owned),
            table,
            left,
            comparison,
            right,
            margin: margin.unwrap_or(0.0),
            for_each: for_each.unwrap_or_default(),
        })
    }

    fn table(&self, node: &Node, found: &mut Diagnostics) -> Option<Arc<str>> {
        let name = fields::text(node, "`table`", found)?;
        let stages = &self.pipeline.stages;
        let stage = stages.iter().find(|stage| *stage.name == *name);
        if stage.is_none() {
            let known = stages.iter().map(|stage| &*stage.name);
            found.push(
                Diagnostic::error(format!("unknown stage `{name}`"))
                    .at(&node.place, "no such stage")
                    .maybe_help(did_you_mean(name, known, "stages")),
            );
        }
        stage.map(|stage| Arc::clone(&stage.name))
    }

    fn for_each(&self, node: &Node, found: &mut Diagnostics) -> Vec<Arc<str>> {
        let items = match &node.content {
            Content::List(items) => items.iter().collect(),
            _ => vec![node],
        };
        let mut axes = Vec::new();
        for item in items {
            let Some(name) = fields::text(item, "an axis", found) else {
                continue;
            };
            match self.columns.index(name) {
                Some(_) => axes.push(Arc::from(name)),
                None => found.push(self.unknown(name, &item.place)),
            }
        }
        axes
    }

    fn unknown(&self, name: &str, place: &Place) -> Diagnostic {
        Diagnostic::error(format!("unknown axis `{name}`"))
            .at(place, "no such axis or parameter")
            .maybe_help(did_you_mean(name, self.columns.names(), "known names"))
    }

    /// `{median: test_kl, where: {method: mapa}}`, or a number.
    fn side(&self, node: &Node, found: &mut Diagnostics) -> Option<Term> {
        if let Content::Scalar(value) = &node.content
            && let Some(number) = value.as_float()
        {
            return Some(Term::Number(number));
        }
        let keys: Vec<&str> = Statistic::names().chain(["where"]).collect();
        let fields = Fields::of(node, "a side of a claim", &keys, found)?;
        let entries = node.as_map().unwrap_or_default().iter();
        let mut statistics =
            entries.filter_map(|entry| Some((entry, Statistic::named(&entry.key)?)));
        let (Some((entry, statistic)), None) = (statistics.next(), statistics.next()) else {
            found.push(
                Diagnostic::error("a side of a claim is one statistic of one value")
                    .at(&node.place, "for example `{median: test_kl}`"),
            );
            return None;
        };
        let value = fields::text(&entry.value, "a value", found)?;
        let mut filters = BTreeMap::new();
        if let Some(node) = fields.get("where") {
            for Entry {
                key,
                key_place,
                value,
            } in fields::map(node, "`where`", found).unwrap_or_default()
            {
                let value = self.filter(key, key_place, value.to_value(), &value.place, found);
                filters.extend(value.map(|value| (key.clone(), value)));
            }
        }
        Some(Term::Rows {
            statistic,
            value: value.to_owned(),
            filters,
        })
    }

    /// A value that an axis really takes.
    fn filter(
        &self,
        name: &str,
        name_place: &Place,
        value: Value,
        place: &Place,
        found: &mut Diagnostics,
    ) -> Option<Value> {
        let Some(index) = self.columns.index(name) else {
            found.push(self.unknown(name, name_place));
            return None;
        };
        let column = self.columns.get(index);
        if value == Value::Null {
            return Some(value);
        }
        let canonical = column.ty.conform(value.clone()).ok();
        let known = canonical.filter(|value| column.id_of(value).is_some());
        if known.is_none() {
            let values: Vec<String> = column.values().iter().map(Value::to_string).collect();
            let values = values.iter().map(String::as_str);
            let text = value.to_string();
            found.push(
                Diagnostic::error(format!("`{name}` is never `{text}`"))
                    .at(place, "no such value")
                    .maybe_help(did_you_mean(&text, values, "its values are")),
            );
        }
        known
    }

    /// The short form: two sides around a comparison.
    fn says(&self, node: &Node, found: &mut Diagnostics) -> Option<(Term, Comparison, Term)> {
        let text = fields::text(node, "`says`", found)?;
        let Some((at, sign, comparison)) = split(text) else {
            found.push(
                Diagnostic::error("a claim compares two sides")
                    .at(&node.place, "no comparison here")
                    .help("`says: mean(elbo, method=a) > mean(elbo, method=b)`"),
            );
            return None;
        };
        let left = self.written(&text[..at], node, found);
        let right = self.written(&text[at + sign.len()..], node, found);
        Some((left?, comparison, right?))
    }

    /// `median(test_kl, method=mapa)` or a number. Bare words are text here, so that values need
    /// no quotes.
    fn written(&self, text: &str, node: &Node, found: &mut Diagnostics) -> Option<Term> {
        let text = text.trim();
        let place = match node.place.text().find(text) {
            Some(at) => node.place.part(at..at + text.len()),
            None => node.place.clone(),
        };
        let mut environment = Environment::empty();
        for name in Statistic::names() {
            let capture =
                move |value: String, filters: Kwargs| -> Result<Jinja, minijinja::Error> {
                    let mut captured: BTreeMap<String, Jinja> = BTreeMap::new();
                    for filter in filters.args() {
                        captured.insert(filter.to_owned(), filters.get(filter)?);
                    }
                    let parts = [
                        ("value".to_owned(), Jinja::from(value)),
                        ("filters".to_owned(), Jinja::from(captured)),
                        ("statistic".to_owned(), Jinja::from(name)),
                    ];
                    Ok(Jinja::from(BTreeMap::from(parts)))
                };
            environment.add_function(name, capture);
        }
        let wrong = |detail: &str| {
            Diagnostic::error(format!("`{text}` is not a side of a claim"))
                .at(&place, detail)
                .help("a side is a number, or like `median(test_kl, method=mapa)`")
        };
        let evaluated = environment.compile_expression(text).and_then(|expression| {
            let words = expression.undeclared_variables(false);
            let words = words
                .into_iter()
                .filter(|word| Statistic::named(word).is_none());
            let words = words.map(|word| (word.clone(), Jinja::from(word)));
            expression.eval(Jinja::from(words.collect::<BTreeMap<String, Jinja>>()))
        });
        let value = match evaluated {
            Ok(value) => value,
            Err(error) => {
                let called = text.split('(').next().unwrap_or_default().trim();
                let help = match Statistic::named(called) {
                    None if text.contains('(') => {
                        did_you_mean(called, Statistic::names(), "statistics")
                    }
                    _ => None,
                };
                let detail = error.detail().unwrap_or("not understood").to_owned();
                found.push(match help {
                    Some(help) => {
                        let mut wrong = wrong("no such statistic");
                        wrong.helps = vec![help];
                        wrong
                    }
                    None => wrong(&detail),
                });
                return None;
            }
        };
        let value = match super::expression::from_jinja(&value) {
            Ok(value) => value,
            Err(detail) => {
                found.push(wrong(&detail));
                return None;
            }
        };
        if let Some(number) = value.as_float() {
            return Some(Term::Number(number));
        }
        let Value::Map(mut parts) = value else {
            found.push(wrong("neither a number nor a statistic"));
            return None;
        };
        let statistic = parts.get("statistic").and_then(Value::as_str);
        let (Some(statistic), Some(Value::Str(column)), Some(Value::Map(given))) = (
            statistic.and_then(Statistic::named),
            parts.remove("value"),
            parts.remove("filters"),
        ) else {
            found.push(wrong("neither a number nor a statistic"));
            return None;
        };
        let mut filters = BTreeMap::new();
        for (name, value) in given {
            let value = self.filter(&name, &place, value, &place, found);
            filters.extend(value.map(|value| (name, value)));
        }
        Some(Term::Rows {
            statistic,
            value: column,
            filters,
        })
    }
}

fn comparison(node: &Node, found: &mut Diagnostics) -> Option<Comparison> {
    let text = fields::text(node, "`is`", found)?;
    let known = Comparison::ALL.iter().find(|(sign, _)| *sign == text);
    if known.is_none() {
        let signs = Comparison::ALL.iter().map(|(sign, _)| *sign);
        found.push(
            Diagnostic::error(format!("`{text}` is no comparison"))
                .at(&node.place, "no comparison")
                .help(format!("comparisons: {}", crate::text::list_of(signs))),
        );
    }
    known.map(|(_, comparison)| *comparison)
}

/// The comparison outside parentheses and quotes.
fn split(text: &str) -> Option<(usize, &'static str, Comparison)> {
    let mut depth = 0_usize;
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, _) if depth == 0 => {
                let rest = &text[at..];
                let sign = Comparison::ALL
                    .iter()
                    .find(|(sign, _)| rest.starts_with(sign));
                if let Some((sign, comparison)) = sign {
                    return Some((at, sign, *comparison));
                }
            }
            _ => {}
        }
    }
    None
}
