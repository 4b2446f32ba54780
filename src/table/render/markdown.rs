//! The summary as a Markdown table.

use std::fmt::Write;

use serde_json::Value as Json;

use super::digits::Digits;
use super::digits::Spread;
use super::grid::Cell;
use super::grid::Grid;
use super::grid::Head;
use super::grid::Place;
use crate::table::Column;
use crate::table::Summary;
use crate::text::as_prose;
use crate::text::math;

pub(super) fn write(summary: &Summary, grid: &Grid) -> String {
    let common = summary.common_n().map(|(n, _)| n);
    let mut header: Vec<String> = grid
        .row_axes
        .iter()
        .map(|axis| escape(&math::in_line(&axis.title_with_unit())))
        .collect();
    header.extend(grid.heads.iter().map(|head| heading(grid, head)));

    let mut text = format!("| {} |\n|", header.join(" | "));
    for _ in &grid.row_axes {
        text.push_str(" --- |");
    }
    for _ in &grid.heads {
        text.push_str(" ---: |");
    }
    text.push('\n');
    for row in &grid.rows {
        let at = grid.row_axes.iter().zip(&row.at);
        let mut cells: Vec<String> = at.map(|(axis, at)| named(axis, at)).collect();
        let own = row.cells.iter().zip(&grid.heads);
        let own = own.map(|(cell, head)| cell.as_ref().map(|cell| (head, cell)));
        cells.extend(own.map(|cell| match cell {
            Some((head, cell)) => value(grid, head, cell, common),
            None => String::new(),
        }));
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    let _ = writeln!(text, "\n{}", as_prose(&math::in_line(&note(summary, grid))));
    text
}

/// A value of an axis, whose name may have mathematics.
pub(super) fn named(axis: &Column, at: &Json) -> String {
    let text = super::named(at);
    match (at.is_number(), axis.is_name(at)) {
        (true, _) => text.replace("^{", "<sup>").replace('}', "</sup>"),
        (false, true) => escape(&math::in_line(&text)),
        (false, false) => escape(&text),
    }
}

fn heading(grid: &Grid, head: &Head) -> String {
    let arrow = match head.metric.higher_is_better {
        Some(true) => " ↑",
        Some(false) => " ↓",
        None => "",
    };
    let mut metric = escape(&math::in_line(&head.metric.title_with_unit()));
    if let power @ (i32::MIN..=-1 | 1..) = grid.times(head.metric) {
        let _ = write!(metric, " (10<sup>{power}</sup>)");
    }
    match (grid.pivot, head.at) {
        (Some(axis), Some(at)) => {
            let (axis, at) = (escape(&math::in_line(&axis.title())), named(axis, at));
            format!("{metric}{arrow}, {axis} {at}")
        }
        _ => format!("{metric}{arrow}"),
    }
}

fn value(grid: &Grid, head: &Head, cell: &Cell, common: Option<usize>) -> String {
    let estimate = cell.estimate;
    let Some(digits) = grid.digits(head.metric, estimate) else {
        return "–".to_owned();
    };
    let mut text = plain(&digits);
    text = match cell.place {
        Place::Best => format!("**{text}**"),
        Place::Second => format!("<u>{text}</u>"),
        Place::Other => text,
    };
    if common != Some(estimate.n()) {
        let _ = write!(text, " (n = {})", estimate.n());
    }
    text
}

/// A number as text.
pub(super) fn plain(digits: &Digits) -> String {
    let mut text = match &digits.spread {
        Spread::None => digits.centre.clone(),
        Spread::PlusMinus(half) => format!("{} ± {half}", digits.centre),
        Spread::FromTo(low, high) => format!("{} [{low}, {high}]", digits.centre),
    };
    if digits.times != 0 {
        text = match digits.spread {
            Spread::None => text,
            _ => format!("({text})"),
        };
        text = format!("{text}·10<sup>{}</sup>", digits.times);
    }
    text
}

/// What the numbers are, and what bold and underlined mean where they occur.
pub(super) fn note(summary: &Summary, grid: &Grid) -> String {
    let mut note = summary.note();
    let marked = |place| {
        let mut cells = grid.rows.iter().flat_map(|row| row.cells.iter().flatten());
        cells.any(|cell| cell.place == place)
    };
    if marked(Place::Best) {
        note.push_str("; bold: best");
        if !grid.held.is_empty() {
            let held: Vec<String> = grid.held.iter().map(|axis| axis.title()).collect();
            let _ = write!(note, " of each {}", held.join(" and "));
        }
        let mut estimates = summary.groups.iter().flat_map(|group| &group.estimates);
        if estimates.any(|estimate| estimate.centre.is_some() && estimate.missing > 0) {
            note.push_str(", of rows whose replicates all have a number");
        }
    }
    if marked(Place::Second) {
        note.push_str("; underlined: second");
    }
    note
}

/// Characters that Markdown would read as its own.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in as_prose(text).chars() {
        if matches!(c, '|' | '*' | '_' | '`' | '\\' | '<' | '[' | ']') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
