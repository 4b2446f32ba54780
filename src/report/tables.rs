//! The paper's tables as they print, and below, folded, all that was measured.

use super::Report;
use super::ReportTable;
use super::grid::grid;
use super::html::Html;
use super::origin;
use super::printed;
use crate::text::plural;

/// Tables that print.
pub(super) fn write(report: &Report, html: &mut Html) {
    html.open("section", &[("id", "tables")]);
    html.leaf("h2", &[], "Tables");
    for (i, table) in printing(report).enumerate() {
        let id = format!("table-{}", i + 1);
        html.open("div", &[("class", "table-block"), ("id", &id)]);
        html.open("p", &[("class", "caption")]);
        html.leaf("b", &[], &format!("Table {}.", i + 1)).text(" ");
        html.leaf("code", &[], &table.name);
        if table.caption != table.name {
            html.text(" ").text(&table.caption);
        }
        origin::links(&table.files, html);
        html.close("p");
        printed::write(&table.printed, &table.name, html);
        html.open("details", &[]);
        html.leaf("summary", &[], "All digits");
        grid(&table.table, &table.name, html);
        html.close("details");
        origin::write(table.origin.as_ref(), html);
        html.close("div");
    }
    html.close("section");
}

/// Whether any table prints.
pub(super) fn any_printed(report: &Report) -> bool {
    printing(report).next().is_some()
}

/// Whether any table is only data.
pub(super) fn any_data(report: &Report) -> bool {
    report.tables.iter().any(|table| table.printed.is_empty())
}

fn printing(report: &Report) -> impl Iterator<Item = &ReportTable> {
    report
        .tables
        .iter()
        .filter(|table| !table.printed.is_empty())
}

/// Every other table, folded.
pub(super) fn data(report: &Report, html: &mut Html) {
    html.open("section", &[("id", "data")]);
    html.leaf("h2", &[], "Data");
    let tables: Vec<&ReportTable> = report
        .tables
        .iter()
        .filter(|table| table.printed.is_empty())
        .collect();
    let lead = match tables.len() {
        1 => "What figures and tables were made from, with all digits.".to_owned(),
        n => format!("{n} tables of what figures and tables were made from, with all digits."),
    };
    html.leaf("p", &[("class", "lead")], &lead);
    for table in tables {
        html.open("details", &[("class", "data")]);
        html.open("summary", &[]);
        html.leaf("code", &[], &table.name).text(" ");
        let rows = plural(table.table.rows.len(), "row");
        let columns = plural(table.table.columns.len(), "column");
        html.text(&format!("{rows}, {columns}")).close("summary");
        html.open("p", &[("class", "note")]);
        if table.caption != table.name {
            html.text(&table.caption);
        }
        origin::links(&table.files, html);
        html.close("p");
        grid(&table.table, &table.name, html);
        origin::write(table.origin.as_ref(), html);
        html.close("details");
    }
    html.close("section");
}
