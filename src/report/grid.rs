//! A table that a reader can sort, filter and plot: numbers rounded for the eye, exact for the
//! machine.

use serde_json::Value as Json;

use super::html::Html;
use super::numbers::shown;
use crate::table::Column;
use crate::table::Table;
use crate::table::display;
use crate::text::plural;

/// Rows above this are data for the script, which shows them as they are asked for: a browser gets
/// slow with more, and nobody reads them.
const WRITTEN_ROWS: usize = 50;

/// One table; scripts add sorting and filtering to `data-grid`.
pub(super) fn grid(table: &Table, name: &str, html: &mut Html) {
    let numeric: Vec<bool> = (0..table.columns.len())
        .map(|column| is_numeric(table, column))
        .collect();
    html.open("div", &[("class", "grid"), ("data-grid", name)]);
    html.open(
        "div",
        &[
            ("class", "scroll"),
            ("tabindex", "0"),
            ("role", "region"),
            ("aria-label", &format!("Table {name}")),
        ],
    );
    html.open("table", &[]).open("thead", &[]).open("tr", &[]);
    for (column, numeric) in table.columns.iter().zip(&numeric) {
        head(column, *numeric, html);
    }
    html.close("tr").close("thead").open("tbody", &[]);
    for row in table.rows.iter().take(WRITTEN_ROWS) {
        html.open("tr", &[]);
        for ((value, numeric), column) in row.iter().zip(&numeric).zip(&table.columns) {
            cell(value, *numeric, column, html);
        }
        html.close("tr");
    }
    html.close("tbody").close("table").close("div");
    if table.rows.is_empty() {
        html.leaf("p", &[("class", "note")], "No rows.");
    }
    if table.rows.len() > WRITTEN_ROWS {
        let rows = plural(table.rows.len(), "row");
        let note = format!("The first {WRITTEN_ROWS} of {rows}.");
        html.leaf("noscript", &[], &note);
        let rows = table.rows[WRITTEN_ROWS..].iter();
        let rest: Vec<Vec<Json>> = rows
            .map(|row| {
                let values = row.iter().zip(&numeric).zip(&table.columns);
                values
                    .map(|((value, numeric), column)| later(value, *numeric, column))
                    .collect()
            })
            .collect();
        html.data("rest", &rest);
    }
    html.close("div");
}

fn head(column: &Column, numeric: bool, html: &mut Html) {
    let kind = if column.axis { "axis" } else { "metric" };
    let class = if numeric { "number" } else { "text" };
    html.open(
        "th",
        &[
            ("scope", "col"),
            ("class", class),
            ("data-kind", kind),
            ("data-name", &column.name),
        ],
    );
    html.leaf("span", &[("class", "title")], &column.title());
    if !column.unit.is_empty() {
        html.text(" ");
        html.leaf("span", &[("class", "unit")], &column.unit);
    }
    if let Some(higher) = column.higher_is_better {
        let (arrow, words) = match higher {
            true => ("↑", "higher is better"),
            false => ("↓", "lower is better"),
        };
        html.text(" ");
        html.leaf(
            "abbr",
            &[("class", "way"), ("title", words), ("aria-label", words)],
            arrow,
        );
    }
    html.close("th");
}

/// A value with all its digits, and as it is shown.
fn texts(value: &Json, column: &Column) -> (String, String) {
    let exact = match value {
        Json::Null => String::new(),
        other => display(other),
    };
    let text = match value.as_f64() {
        // Coordinates are names: they are shown as they were written.
        Some(number) if !column.axis => shown(number),
        _ => display(value),
    };
    (exact, text)
}

/// A value of a row for the script: its text, as the numbers of a browser have fewer digits and no `1.0`. In columns
/// of numbers the script rounds as this page does.
fn later(value: &Json, numeric: bool, column: &Column) -> Json {
    if value.is_null() {
        return Json::Null;
    }
    let (exact, text) = texts(value, column);
    match numeric || exact == text {
        true => exact.into(),
        false => vec![exact, text].into(),
    }
}

fn cell(value: &Json, numeric: bool, column: &Column, html: &mut Html) {
    let (exact, text) = texts(value, column);
    let mut attributes = Vec::new();
    if numeric {
        attributes.push(("class", "number"));
    }
    if text != exact {
        attributes.push(("data-value", exact.as_str()));
    }
    html.leaf("td", &attributes, &text);
}

/// Whether a column holds numbers and nothing else but nulls.
fn is_numeric(table: &Table, column: usize) -> bool {
    let mut values = table.rows.iter().map(|row| &row[column]);
    let all = values
        .clone()
        .all(|value| value.is_number() || value.is_null());
    all && values.any(Json::is_number)
}
