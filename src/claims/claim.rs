//! The one structure that both ways of writing a claim become.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value as Json;

use super::Arithmetic;
use super::ClaimError;
use super::ClaimFields;
use super::Significance;
use crate::table::display;
use crate::table::stats::slack;

/// Rows to keep: per axis the values that are let through.
pub type Filters = BTreeMap<String, Vec<Json>>;

/// A statement about results, with where it was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "ClaimFields", into = "ClaimFields")]
pub struct Claim {
    pub name: String,
    /// Who says so: a paper with its section or table.
    pub source: String,
    /// The stage whose table it is about; none where an experiment has one table.
    pub table: Option<String>,
    /// Axes: the statement must hold at each of their values.
    pub for_each: Vec<String>,
    /// Rows that the claim is about at all.
    pub filters: Filters,
    /// What the statement compares, by name; names from the short form are its text.
    pub quantities: Vec<(String, Quantity)>,
    pub statement: Statement,
    /// The statement as written.
    pub says: String,
    pub tolerance: Tolerance,
    /// How the difference is tested; none: the numbers are compared as they are.
    pub test: Option<Significance>,
    /// Whether values may be missing; otherwise a claim with missing values is undecided.
    pub allow_missing: bool,
}

/// A number taken from the rows of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantity {
    pub take: Aggregate,
    /// One column, or two for a correlation.
    pub value: Vec<String>,
    pub filters: Filters,
}

/// How many values become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    Mean,
    Median,
    Min,
    Max,
    /// Sample standard deviation, divisor n − 1.
    Std,
    /// Values that are there.
    Count,
    /// Rank correlation of two columns.
    Spearman,
    /// Linear correlation of two columns.
    Pearson,
}

/// How two sides must relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Relation {
    #[serde(rename = "<")]
    Less,
    #[serde(rename = "<=")]
    AtMost,
    #[serde(rename = ">")]
    Greater,
    #[serde(rename = ">=")]
    AtLeast,
    #[serde(rename = "==")]
    Equal,
    #[serde(rename = "!=")]
    Unequal,
}

/// Comparisons and their junctions.
#[derive(Clone, Debug, PartialEq)]
pub enum Statement {
    Compare(Comparison),
    All(Vec<Statement>),
    Any(Vec<Statement>),
}

/// Two sides and how they must relate.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    pub left: Arithmetic,
    pub relation: Relation,
    pub right: Arithmetic,
}

/// Up to which difference two sides count as equal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tolerance {
    Absolute(f64),
    /// A fraction of the right side's magnitude.
    Relative(f64),
}

impl Claim {
    /// The names by which it tells rows apart: those of filters, of `for_each` and of replicates.
    pub fn axes(&self) -> impl Iterator<Item = &str> {
        let quantities = self.quantities.iter();
        let filters = quantities.flat_map(|(_, quantity)| quantity.filters.keys());
        let filters = filters.chain(self.filters.keys());
        let replicates = self.test.iter().flat_map(|test| &test.replicate);
        let names = self.for_each.iter().chain(replicates).chain(filters);
        names.map(String::as_str)
    }
}

impl Statement {
    /// Every comparison, in the order written.
    pub fn comparisons(&self) -> Vec<&Comparison> {
        match self {
            Statement::Compare(comparison) => vec![comparison],
            Statement::All(parts) | Statement::Any(parts) => {
                parts.iter().flat_map(Statement::comparisons).collect()
            }
        }
    }
}

impl Quantity {
    /// A quantity with as many columns as its aggregate takes.
    pub(super) fn new(
        take: Aggregate,
        value: Vec<String>,
        filters: Filters,
    ) -> Result<Self, ClaimError> {
        let (columns, expected) = match take {
            Aggregate::Spearman | Aggregate::Pearson => (2, "two columns"),
            _ => (1, "one column"),
        };
        if value.len() != columns {
            return Err(ClaimError::Arity {
                text: take.name().to_owned(),
                expected,
                got: value.len(),
            });
        }
        Ok(Quantity {
            take,
            value,
            filters,
        })
    }
}

/// `median(test_kl, method=mapa)`: the short form of the quantity.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({}", self.take.name(), self.value.join(", "))?;
        for (axis, values) in &self.filters {
            match &values[..] {
                [one] => write!(f, ", {axis}={}", plain(one))?,
                many => {
                    let many: Vec<String> = many.iter().map(plain).collect();
                    write!(f, ", {axis}=[{}]", many.join(", "))?;
                }
            }
        }
        f.write_str(")")
    }
}

fn plain(value: &Json) -> String {
    match value {
        Json::Null => "null".to_owned(),
        other => display(other),
    }
}

impl Aggregate {
    /// Every aggregate, in the order of the reference page.
    pub const ALL: [Aggregate; 8] = [
        Aggregate::Mean,
        Aggregate::Median,
        Aggregate::Min,
        Aggregate::Max,
        Aggregate::Std,
        Aggregate::Count,
        Aggregate::Spearman,
        Aggregate::Pearson,
    ];

    /// As manifests write it.
    pub fn name(self) -> &'static str {
        match self {
            Aggregate::Mean => "mean",
            Aggregate::Median => "median",
            Aggregate::Min => "min",
            Aggregate::Max => "max",
            Aggregate::Std => "std",
            Aggregate::Count => "count",
            Aggregate::Spearman => "spearman",
            Aggregate::Pearson => "pearson",
        }
    }

    /// The aggregate of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|take| take.name() == name)
    }

    /// Whether it is the middle of a sample, which tests of two samples compare.
    pub fn is_centre(self) -> bool {
        matches!(self, Aggregate::Mean | Aggregate::Median)
    }
}

impl Relation {
    /// Longer signs first, so that `<=` is not read as `<`.
    pub const ALL: [Relation; 6] = [
        Relation::AtMost,
        Relation::AtLeast,
        Relation::Equal,
        Relation::Unequal,
        Relation::Less,
        Relation::Greater,
    ];

    /// `<`
    pub fn sign(self) -> &'static str {
        match self {
            Relation::Less => "<",
            Relation::AtMost => "<=",
            Relation::Greater => ">",
            Relation::AtLeast => ">=",
            Relation::Equal => "==",
            Relation::Unequal => "!=",
        }
    }

    /// Whether left and right relate so, where differences up to `tolerance`, and those that rounding can be all
    /// of, count as none.
    pub fn holds(self, left: f64, right: f64, tolerance: f64) -> bool {
        let equal = left == right || (left - right).abs() <= tolerance + slack([left, right]);
        match self {
            Relation::Less => left < right && !equal,
            Relation::AtMost => left < right || equal,
            Relation::Greater => left > right && !equal,
            Relation::AtLeast => left > right || equal,
            Relation::Equal => equal,
            Relation::Unequal => !equal,
        }
    }
}

impl Tolerance {
    /// The tolerance in the unit of the sides.
    pub fn around(self, right: f64) -> f64 {
        match self {
            Tolerance::Absolute(tolerance) => tolerance,
            Tolerance::Relative(fraction) => fraction * right.abs(),
        }
    }

    /// Reads `0.01` or `5%`.
    pub(super) fn parse(given: &Json) -> Result<Self, ClaimError> {
        let refused = || ClaimError::Value {
            field: "tolerance",
            given: display(given),
            expected: "a number of the unit compared, or a percentage such as `5%`, not negative",
        };
        let tolerance = match given {
            Json::Number(number) => Tolerance::Absolute(number.as_f64().ok_or_else(refused)?),
            Json::String(text) => {
                let percent = text.strip_suffix('%').ok_or_else(refused)?;
                let percent: f64 = percent.trim().parse().map_err(|_| refused())?;
                Tolerance::Relative(percent / 100.0)
            }
            _ => return Err(refused()),
        };
        let (Tolerance::Absolute(size) | Tolerance::Relative(size)) = tolerance;
        if size.is_finite() && size >= 0.0 {
            Ok(tolerance)
        } else {
            Err(refused())
        }
    }

    /// As a manifest writes it.
    pub(super) fn to_json(self) -> Json {
        match self {
            Tolerance::Absolute(size) => size.into(),
            Tolerance::Relative(fraction) => format!("{}%", fraction * 100.0).into(),
        }
    }

    /// Whether only equal numbers are equal.
    pub fn is_zero(self) -> bool {
        let (Tolerance::Absolute(size) | Tolerance::Relative(size)) = self;
        size == 0.0
    }
}
