//! The result table: columns of axes and columns of metrics, rows in axis order.

use serde_json::Value as Json;

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
}
