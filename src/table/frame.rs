//! The result table: columns of axes and columns of metrics, rows in axis order.

use std::collections::HashSet;

use serde_json::Value as Json;

/// The column that is true for rows of trainings that diverged; it is there where one did.
pub const DIVERGED: &str = "diverged";

/// Rows of results. An axis that does not exist for a row, and a metric that was not measured,
/// are null.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    pub columns: Vec<Column>,
    /// Row-major; every row has one value per column: null, a boolean, a number or text.
    pub rows: Vec<Vec<Json>>,
}

/// What a column holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    pub name: String,
    /// Coordinates, as opposed to measurements.
    pub axis: bool,
    /// For people: `test ELBO`; empty: the name.
    pub label: String,
    /// `nats`, `s`; empty where there is none.
    pub unit: String,
    /// Which way is better; none where neither is.
    pub higher_is_better: Option<bool>,
}

impl Table {
    /// The position of the column of this name.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The first name that a column shares with one before it.
    pub fn named_twice(&self) -> Option<&str> {
        let mut names = self.columns.iter().map(|column| column.name.as_str());
        let mut seen = HashSet::new();
        names.find(|name| !seen.insert(*name))
    }

    /// Whether a row is of a training that diverged: it has no scores, and counts nowhere.
    pub fn diverged(&self, row: usize) -> bool {
        let cell = self.column(DIVERGED).and_then(|at| self.rows[row].get(at));
        cell == Some(&Json::Bool(true))
    }

    /// The number in a cell; none for null. Booleans count as 0 and 1.
    pub fn number(&self, row: usize, column: usize) -> Option<f64> {
        match self.rows.get(row)?.get(column)? {
            Json::Bool(value) => Some(f64::from(u8::from(*value))),
            Json::Number(value) => value.as_f64().filter(|value| value.is_finite()),
            _ => None,
        }
    }
}

impl Column {
    /// A column of coordinates.
    pub fn axis(name: &str) -> Self {
        Column {
            name: name.to_owned(),
            axis: true,
            label: String::new(),
            unit: String::new(),
            higher_is_better: None,
        }
    }

    /// A column of measurements.
    pub fn metric(name: &str, unit: &str, higher_is_better: Option<bool>) -> Self {
        Column {
            name: name.to_owned(),
            axis: false,
            label: String::new(),
            unit: unit.to_owned(),
            higher_is_better,
        }
    }

    /// What people read: the label, or the name with spaces for underscores.
    pub fn title(&self) -> String {
        if self.label.is_empty() {
            self.name.replace('_', " ")
        } else {
            self.label.clone()
        }
    }

    /// The title with its unit: `test KL (nats)`.
    pub fn title_with_unit(&self) -> String {
        if self.unit.is_empty() {
            self.title()
        } else {
            format!("{} ({})", self.title(), self.unit)
        }
    }
}

/// Whether two coordinates are one: numbers by their value, so that `1` is `1.0`.
pub fn same_value(a: &Json, b: &Json) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

/// A value as people read it: text without quotes, null as a dash.
pub fn display(value: &Json) -> String {
    match value {
        Json::Null => "–".to_owned(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}
