//! The claims of a manifest: fields at their places become [`Claim`]s whose names are known.
//!
//! What a claim means is the business of [`crate::claims`]; here its mistakes find their lines.

use serde_json::Value as Json;

use crate::claims::Claim;
use crate::claims::ClaimError;
use crate::claims::ClaimFields;
use crate::claims::KnownNames;
use crate::registry::ParamType;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;
use crate::text::closest;
use crate::text::did_you_mean;

use super::axes::Search;
use super::columns::Columns;
use super::fields;
use super::fields::Fields;
use super::node::Content;
use super::node::Node;
use super::pipeline::Pipeline;

/// A claim with the line that states it.
#[derive(Clone, Debug)]
pub struct StatedClaim {
    /// Of its name.
    pub place: Place,
    /// Of the stage in `table`, or of the statement where there is none: where to say that its
    /// numbers are nowhere to be found.
    pub about: Place,
    pub claim: Claim,
    /// By which names it tells rows apart that are no axes of the manifest as it is written: columns of its table.
    pub by_columns: Vec<String>,
}

/// Whether each of these says by `for_each` or `where` at which values of an axis it is made.
pub fn all_tell(claims: &[StatedClaim], axis: &str) -> bool {
    let tells = |claim: &Claim| {
        claim.for_each.iter().any(|told| told == axis) || claim.filters.contains_key(axis)
    };
    claims.iter().all(|stated| tells(&stated.claim))
}

/// What claims are checked against.
pub(super) struct Context<'c> {
    pub columns: &'c Columns,
    pub search: Option<&'c Search>,
    pub pipeline: &'c Pipeline,
    /// See [`Experiment::as_written`](super::Experiment::as_written): a value that no cell has any more leaves a claim
    /// undecided.
    pub as_written: bool,
}

pub(super) const KEYS: [&str; 12] = [
    "name",
    "source",
    "table",
    "values",
    "says",
    "for_each",
    "where",
    "tolerance",
    "test",
    "replicate",
    "level",
    "missing",
];

pub(super) fn read(
    node: &Node,
    context: &Context<'_>,
    found: &mut Diagnostics,
) -> Vec<StatedClaim> {
    let Some(items) = node.as_list() else {
        found.push(
            Diagnostic::error("`claims` is a list")
                .at(&node.place, format!("this is {}", node.type_name()))
                .help("each claim starts with `- name: …`"),
        );
        return Vec::new();
    };
    let mut claims: Vec<StatedClaim> = Vec::new();
    for item in items {
        let Some(stated) = context.claim(item, found) else {
            continue;
        };
        let name = &stated.claim.name;
        if let Some(before) = claims.iter().find(|before| before.claim.name == *name) {
            found.push(
                Diagnostic::error(format!("two claims are called `{name}`"))
                    .at(&stated.place, "again here")
                    .also(&before.place, "first here"),
            );
        }
        claims.push(stated);
    }
    claims
}

/// The values that cells have on each axis.
pub(super) fn known(columns: &Columns, search: Option<&Search>) -> KnownNames {
    let axes = columns.iter().filter(|column| column.axis);
    let json = |value: &Value| serde_json::to_value(value).unwrap_or_default();
    let known = axes.fold(KnownNames::default(), |known, column| {
        known.with_axis(&column.name, column.values().iter().map(json))
    });
    // No trial may have come to a rung yet.
    match search.and_then(|search| search.budget.as_ref()) {
        Some(budget) => known.with_axis(&budget.name, budget.amounts.iter().map(json)),
        None => known,
    }
}

impl Context<'_> {
    fn claim(&self, node: &Node, found: &mut Diagnostics) -> Option<StatedClaim> {
        let fields = Fields::of(node, "a claim", &KEYS, found)?;
        let mut wrong = Diagnostics::new();
        for (key, example) in [
            ("name", "name: deeper-is-better"),
            ("says", "says: mean(elbo, latent=8) > mean(elbo, latent=2)"),
        ] {
            if fields.get(key).is_none() {
                wrong.push(
                    Diagnostic::error(format!("a claim has no `{key}`"))
                        .at(&node.place, format!("`{key}` is missing"))
                        .help(format!("for example `{example}`")),
                );
            }
        }
        for key in ["name", "source", "table", "says", "test", "missing"] {
            if let Some(value) = fields.get(key) {
                fields::text(value, &format!("`{key}`"), &mut wrong);
            }
        }
        if let Some(level) = fields.get("level") {
            let number = ParamType::Float {
                min: None,
                max: None,
            };
            fields::conform(level, &number, "`level`", &mut wrong);
        }
        self.table(&fields, &mut wrong);
        let claim = match wrong.has_errors() {
            true => None,
            false => self.lower(node, &fields, &mut wrong),
        };
        found.extend(wrong);
        let name = fields.get("name")?;
        let about = fields.get("table").or(fields.get("says"))?;
        let claim = claim?;
        let by_columns = match self.as_written {
            true => {
                let known = known(self.columns, self.search);
                let names = claim.axes().filter(|name| !known.has_axis(name));
                names.map(str::to_owned).collect()
            }
            false => Vec::new(),
        };
        Some(StatedClaim {
            place: name.place.clone(),
            about: about.place.clone(),
            claim,
            by_columns,
        })
    }

    /// The stage must be there; whether it leaves numbers only its kind knows.
    fn table(&self, fields: &Fields<'_>, found: &mut Diagnostics) {
        let Some(node) = fields.get("table") else {
            return;
        };
        let Some(name) = node.as_str() else {
            return;
        };
        // `stage.output` of a stage that leaves numbers in several.
        let stage = name.split_once('.').map_or(name, |(stage, _)| stage);
        if self.pipeline.position(stage).is_none() {
            let known = self.pipeline.stages.iter().map(|stage| &*stage.name);
            found.push(
                Diagnostic::error(format!("unknown stage `{stage}`"))
                    .at(&node.place, "no such stage")
                    .maybe_help(did_you_mean(stage, known, "stages")),
            );
        }
    }

    fn lower(&self, node: &Node, fields: &Fields<'_>, found: &mut Diagnostics) -> Option<Claim> {
        // Unknown keys were reported: what is left of the claim is still worth checking.
        let known = node.as_map().unwrap_or_default().iter();
        let known = known.filter(|entry| KEYS.contains(&entry.key.as_str()));
        let json: serde_json::Map<String, Json> = known
            .map(|entry| {
                let value = serde_json::to_value(entry.value.to_value());
                (entry.key.clone(), value.unwrap_or_default())
            })
            .collect();
        let given: ClaimFields = match serde_json::from_value(Json::Object(json)) {
            Ok(given) => given,
            Err(error) => {
                found.push(
                    Diagnostic::error(format!("a claim does not read: {error}"))
                        .at(&node.place, "in this claim"),
                );
                return None;
            }
        };
        let mut tell = |error: &ClaimError| {
            found.push(diagnostic(error, &place_of(error, node, fields)));
        };
        match Claim::try_from(given) {
            Err(error) => {
                tell(&error);
                None
            }
            Ok(claim) => {
                let unknown = match self.as_written {
                    true => known_names(self.columns, self.search, &claim),
                    false => Vec::new(),
                };
                unknown.iter().for_each(&mut tell);
                unknown.is_empty().then_some(claim)
            }
        }
    }
}

fn known_names(columns: &Columns, search: Option<&Search>, claim: &Claim) -> Vec<ClaimError> {
    let mut known = known(columns, search);
    let quantities = claim.quantities.iter();
    let of_quantities = quantities.flat_map(|(_, quantity)| &quantity.filters);
    for (axis, values) in claim.filters.iter().chain(of_quantities) {
        let column = columns.index(axis).map(|column| columns.get(column));
        let Some(column) = column.filter(|column| column.axis) else {
            continue;
        };
        // A number that no trial has yet.
        let may_come = |value: &&Json| {
            let value = serde_json::from_value::<Value>((*value).clone());
            value.is_ok_and(|value| column.may_come_to(&value))
        };
        known = known.with_axis(axis, values.iter().filter(may_come).cloned());
    }
    if claim.table.is_some() {
        known = with_columns(known, claim);
    }
    known.check(claim)
}

/// With all that may be columns of the table that a claim names: which there are its stage knows, and once it is
/// there their values.
fn with_columns(mut known: KnownNames, claim: &Claim) -> KnownNames {
    let of_quantities = claim
        .quantities
        .iter()
        .map(|(_, quantity)| &quantity.filters);
    let filters: Vec<_> = of_quantities.chain([&claim.filters]).collect();
    let columns: Vec<&str> = claim.axes().filter(|name| !known.has_axis(name)).collect();
    for name in columns {
        let values = filters.iter().filter_map(|filters| filters.get(name));
        known = known.with_axis(name, values.flatten().cloned());
    }
    known
}

/// A mistake in a claim as every other mistake is told.
fn diagnostic(error: &ClaimError, place: &Place) -> Diagnostic {
    match error {
        ClaimError::Unknown { what, name, known } => {
            let known = known.iter().map(String::as_str);
            let wrong = Diagnostic::error(format!("unknown {what} `{name}`"))
                .at(place, format!("no such {what}"));
            match (what.as_str(), closest(name, known.clone())) {
                ("axis", None) => wrong
                    .maybe_help(did_you_mean(name, known, "known"))
                    .help("a column of a table is one to a claim that names its stage as `table`"),
                _ => wrong.maybe_help(did_you_mean(name, known, "known")),
            }
        }
        ClaimError::NeverTaken { axis, value, known } => {
            let known = known.iter().map(String::as_str);
            Diagnostic::error(format!("`{axis}` is never `{value}`"))
                .at(place, "no such value")
                .maybe_help(did_you_mean(value, known, "its values are"))
        }
        ClaimError::Syntax { text, reason } => {
            Diagnostic::error(format!("`{text}` does not read as a statement")).at(place, reason)
        }
        other => Diagnostic::error(other.to_string()).at(place, "in this claim"),
    }
}

/// Where the text stands that a mistake is about; the statement where it is not found.
fn place_of(error: &ClaimError, node: &Node, fields: &Fields<'_>) -> Place {
    let statement = fields.get("says").unwrap_or(node);
    let Some(subject) = error.subject() else {
        return statement.place.clone();
    };
    let entries = node.as_map().unwrap_or_default().iter();
    // Names and sources are prose: a word found there is not the word that is wrong.
    let mut read = entries.filter(|entry| !matches!(entry.key.as_str(), "name" | "source"));
    read.find_map(|entry| search(&entry.value, subject))
        .unwrap_or_else(|| statement.place.clone())
}

/// The first place below a node where a word stands by itself.
fn search(node: &Node, word: &str) -> Option<Place> {
    match &node.content {
        Content::Scalar(_) => part(&node.place, word),
        Content::List(items) => items.iter().find_map(|item| search(item, word)),
        Content::Map(entries) => entries
            .iter()
            .find_map(|entry| part(&entry.key_place, word).or_else(|| search(&entry.value, word))),
    }
}

/// The part of a place that is this word, and not a part of a longer one.
fn part(place: &Place, word: &str) -> Option<Place> {
    let text = place.text();
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let (starts, ends) = (word.starts_with(inside), word.ends_with(inside));
    let mut found = text.match_indices(word).map(|(at, _)| at);
    let at = found.find(|&at| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !(starts && before.is_some_and(inside) || ends && after.is_some_and(inside))
    })?;
    Some(place.part(at..at + word.len()))
}
