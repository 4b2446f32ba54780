//! `sample/…` stages that leave many rows of one cell: points for scatter figures.

mod decoder;
mod observations;
mod posterior;

pub(super) use decoder::DecoderPoints;
pub(super) use observations::ObservationPoints;
pub(super) use posterior::PosteriorPoints;

use serde_json::Value as Json;

use crate::table::Column;
use crate::table::Table;

/// An empty table with these columns of text, then these of numbers.
fn table(text: &[&str], numbers: &[String]) -> Table {
    let text = text.iter().map(|name| Column::axis(name));
    let numbers = numbers.iter().map(|name| super::number_column(name));
    Table {
        columns: text.chain(numbers).collect(),
        rows: Vec::new(),
    }
}

/// `x1`, `x2`, … for the dimensions of an observation.
fn dimensions(d: usize) -> Vec<String> {
    (1..=d).map(|j| format!("x{j}")).collect()
}

fn numbers(values: &[f32]) -> impl Iterator<Item = Json> {
    values.iter().map(|value| Json::from(f64::from(*value)))
}
