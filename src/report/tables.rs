//! Tables that a reader can sort and filter: numbers rounded for the eye, exact for the machine.

use serde_json::Value as Json;

use super::Report;
use super::ReportTable;
use super::html::Html;
use super::html::data_uri;
use super::numbers::shown;
use crate::table::Column;
use crate::table::Table;
use crate::table::display;
use crate::text::plural;

/// Rows above this are left to the CSV: a browser gets slow, and nobody reads them.
const SHOWN_ROWS: usize = 2000;

pub(super) fn write(report: &Report, html: &mut Html) {
    html.open("section", &[("id", "tables")]);
    html.leaf("h2", &[], "Tables");
    for (i, table) in report.tables.iter().enumerate() {
        let id = format!("table-{}", i + 1);
        html.open("div", &[("class", "table-block"), ("id", &id)]);
        html.open("p", &[("class", "caption")]);
        html.leaf("b", &[], &format!("Table {}.", i + 1));
        html.text(" ").text(&table.caption).text(" ");
        csv_link(table, html);
        html.close("p");
        grid(&table.table, &table.name, html);
        html.close("div");
    }
    html.close("section");
}

fn csv_link(table: &ReportTable, html: &mut Html) {
    let uri = data_uri("text/csv", &table.table.to_csv());
    let file = format!("{}.csv", table.name);
    html.leaf(
        "a",
        &[("class", "file"), ("href", &uri), ("download", &file)],
        "CSV",
    );
}

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
    for row in table.rows.iter().take(SHOWN_ROWS) {
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
    if table.rows.len() > SHOWN_ROWS {
        let rows = plural(table.rows.len(), "row");
        let note = format!("The first {SHOWN_ROWS} of {rows}; the CSV has all.");
        html.leaf("p", &[("class", "note")], &note);
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

fn cell(value: &Json, numeric: bool, column: &Column, html: &mut Html) {
    let class = if numeric { "number" } else { "text" };
    let exact = match value {
        Json::Null => String::new(),
        other => display(other),
    };
    let text = match value.as_f64() {
        // Coordinates are names: they are shown as they were written.
        Some(number) if !column.axis => shown(number),
        _ => display(value),
    };
    if text == exact {
        html.leaf("td", &[("class", class)], &text);
    } else {
        html.leaf(
            "td",
            &[("class", class), ("data-value", &exact), ("title", &exact)],
            &text,
        );
    }
}

/// Whether a column holds numbers and nothing else but nulls.
fn is_numeric(table: &Table, column: usize) -> bool {
    let mut values = table.rows.iter().map(|row| &row[column]);
    let all = values
        .clone()
        .all(|value| value.is_number() || value.is_null());
    all && values.any(Json::is_number)
}
