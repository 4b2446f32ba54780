//! A claim as a manifest writes it: closed YAML fields, checked on the way to a [`Claim`].

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value as Json;

use super::Aggregate;
use super::Claim;
use super::ClaimError;
use super::Filters;
use super::Quantity;
use super::Significance;
use super::Tolerance;
use super::parser;
use crate::table::display;

/// The fields of a claim.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimFields {
    /// Kebab-case name, unique in the manifest.
    pub name: String,
    /// Who says so: a paper with its section or table; nothing for a claim of one's own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// The stage whose table it is about; may be left out where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// Quantities by name, for `says` to compare.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, QuantityFields>,
    /// The statement: `ours < theirs`, or with calls in place of names.
    pub says: String,
    /// An axis or a list of axes: the statement must hold at each of their values.
    #[serde(default, skip_serializing_if = "Json::is_null")]
    pub for_each: Json,
    /// Rows that the claim is about: a value or a list of values per axis.
    #[serde(default, rename = "where", skip_serializing_if = "BTreeMap::is_empty")]
    pub filters: BTreeMap<String, Json>,
    /// Differences up to this count as none: a number, or `5%` of the right side.
    #[serde(default, skip_serializing_if = "Json::is_null")]
    pub tolerance: Json,
    /// `paired-t`, `sequential-t`, `welch-t` or `wilcoxon`, over `replicate`; none: numbers as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<String>,
    /// The axis or axes along which a test finds its repetitions.
    #[serde(default, skip_serializing_if = "Json::is_null")]
    pub replicate: Json,
    /// The probability of error that a test allows; 0.05 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<f64>,
    /// `allow`: judge with the values that are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

/// The fields of a quantity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "fields, such as `{take: mean, value: elbo, where: {method: vae}}`"
)]
pub struct QuantityFields {
    /// How many values become one: `mean`, `median`, …
    pub take: String,
    /// The column, or the two columns of a correlation.
    pub value: Json,
    /// Rows to take: a value or a list of values per axis.
    #[serde(default, rename = "where", skip_serializing_if = "BTreeMap::is_empty")]
    pub filters: BTreeMap<String, Json>,
}

impl TryFrom<ClaimFields> for Claim {
    type Error = ClaimError;

    fn try_from(fields: ClaimFields) -> Result<Self, ClaimError> {
        if fields.name.trim().is_empty() {
            return Err(ClaimError::Missing {
                field: "name",
                hint: "reports name it by this",
            });
        }
        let mut quantities = Vec::new();
        for (name, quantity) in &fields.values {
            quantities.push((identifier(name)?, quantity.lower()?));
        }
        let statement = parser::parse(&fields.says, &mut quantities)?;
        let claim = Claim {
            name: fields.name,
            source: fields.source,
            table: fields.table,
            for_each: names("for_each", &fields.for_each)?,
            filters: filters(fields.filters)?,
            quantities,
            statement,
            says: fields.says.trim().to_owned(),
            tolerance: match fields.tolerance {
                Json::Null => Tolerance::Absolute(0.0),
                given => Tolerance::parse(&given)?,
            },
            test: Significance::new(
                fields.test.as_deref(),
                names("replicate", &fields.replicate)?,
                fields.level,
            )?,
            allow_missing: match fields.missing.as_deref() {
                None | Some("refuse") => false,
                Some("allow") => true,
                Some(other) => {
                    return Err(ClaimError::Value {
                        field: "treatment of missing values",
                        given: other.to_owned(),
                        expected: "`refuse` (the default) or `allow`",
                    });
                }
            },
        };
        claim.check_testable()?;
        Ok(claim)
    }
}

impl From<Claim> for ClaimFields {
    fn from(claim: Claim) -> Self {
        let one_or_many = |names: Vec<String>| match names.len() {
            0 => Json::Null,
            1 => names
                .into_iter()
                .map(Json::String)
                .collect::<Vec<_>>()
                .remove(0),
            _ => names.into(),
        };
        let (test, replicate, level) = match claim.test {
            None => (None, Json::Null, None),
            Some(test) => (
                Some(test.name().to_owned()),
                one_or_many(test.replicate.clone()),
                Some(test.level),
            ),
        };
        ClaimFields {
            name: claim.name,
            source: claim.source,
            table: claim.table,
            values: claim
                .quantities
                .into_iter()
                // Names with an underscore in front come from calls, which `says` repeats.
                .filter(|(name, _)| !name.starts_with('_'))
                .map(|(name, quantity)| (name, QuantityFields::from(quantity)))
                .collect(),
            says: claim.says,
            for_each: one_or_many(claim.for_each),
            filters: written(claim.filters),
            tolerance: match claim.tolerance {
                tolerance if tolerance.is_zero() => Json::Null,
                tolerance => tolerance.to_json(),
            },
            test,
            replicate,
            level,
            missing: claim.allow_missing.then(|| "allow".to_owned()),
        }
    }
}

impl QuantityFields {
    fn lower(&self) -> Result<Quantity, ClaimError> {
        let take = Aggregate::from_name(&self.take).ok_or_else(|| ClaimError::Unknown {
            what: "aggregate".to_owned(),
            name: self.take.clone(),
            known: Aggregate::ALL.map(|take| take.name().to_owned()).to_vec(),
        })?;
        Quantity::new(
            take,
            names("value", &self.value)?,
            filters(self.filters.clone())?,
        )
    }
}

impl From<Quantity> for QuantityFields {
    fn from(quantity: Quantity) -> Self {
        QuantityFields {
            take: quantity.take.name().to_owned(),
            value: match &quantity.value[..] {
                [one] => one.clone().into(),
                _ => quantity.value.into(),
            },
            filters: written(quantity.filters),
        }
    }
}

/// A name that arithmetic can use.
fn identifier(name: &str) -> Result<String, ClaimError> {
    let good = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if good {
        return Ok(name.to_owned());
    }
    Err(ClaimError::Value {
        field: "name of a quantity",
        given: name.to_owned(),
        expected: "a letter, then letters, digits and underscores",
    })
}

/// One name or a list of names.
fn names(field: &'static str, given: &Json) -> Result<Vec<String>, ClaimError> {
    let refused = |given: &Json| ClaimError::Value {
        field,
        given: given.to_string(),
        expected: "a name or a list of names",
    };
    match given {
        Json::Null => Ok(Vec::new()),
        Json::String(name) => Ok(vec![name.clone()]),
        Json::Array(names) => names
            .iter()
            .map(|name| {
                name.as_str()
                    .map(str::to_owned)
                    .ok_or_else(|| refused(name))
            })
            .collect(),
        other => Err(refused(other)),
    }
}

fn filters(given: BTreeMap<String, Json>) -> Result<Filters, ClaimError> {
    given
        .into_iter()
        .map(|(axis, value)| {
            let values = filter_values(&axis, value)?;
            Ok((axis, values))
        })
        .collect()
}

/// The values of one filter: a value or a list of values.
pub(super) fn filter_values(axis: &str, value: Json) -> Result<Vec<Json>, ClaimError> {
    let values = match value {
        Json::Array(values) => values,
        one => vec![one],
    };
    if values.is_empty()
        || values
            .iter()
            .any(|value| value.is_array() || value.is_object())
    {
        let shown: Vec<String> = values.iter().map(display).collect();
        return Err(ClaimError::Value {
            field: "filter",
            given: format!("{axis}: [{}]", shown.join(", ")),
            expected: "a value of the axis or a list of its values",
        });
    }
    Ok(values)
}

fn written(filters: Filters) -> BTreeMap<String, Json> {
    filters
        .into_iter()
        .map(|(axis, mut values)| {
            let value = match values.len() {
                1 => values.remove(0),
                _ => values.into(),
            };
            (axis, value)
        })
        .collect()
}
