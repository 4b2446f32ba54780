//! Tables for a terminal: aligned columns, numbers to the right.

use crate::table::Table;
use crate::table::display;
use crate::text::in_one_line;

/// One line per row under a header, columns two spaces apart. Measured numbers are cut to six
/// digits: the other formats have them all. Coordinates are as steps are named.
pub(super) fn aligned(table: &Table) -> String {
    let header: Vec<String> = table
        .columns
        .iter()
        .map(|column| in_one_line(&column.name).into_owned())
        .collect();
    let rows: Vec<Vec<String>> = table
        .rows
        .iter()
        .map(|row| {
            let cells = row.iter().zip(&table.columns);
            cells
                .map(|(value, column)| match (column.axis, value.as_f64()) {
                    (false, Some(number)) if value.is_f64() => measured(number),
                    _ => in_one_line(&display(value)).into_owned(),
                })
                .collect()
        })
        .collect();
    let lines = || std::iter::once(&header).chain(&rows);
    let widths: Vec<usize> = (0..header.len())
        .map(|column| {
            lines()
                .map(|line| line[column].chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let numbers: Vec<bool> = (0..header.len())
        .map(|column| {
            table
                .rows
                .iter()
                .all(|row| row[column].is_number() || row[column].is_null())
        })
        .collect();
    let mut text = String::new();
    for line in lines() {
        let cells = line.iter().zip(&widths).zip(&numbers);
        let cells = cells.map(|((cell, &width), number)| match number {
            true => format!("{cell:>width$}"),
            false => format!("{cell:width$}"),
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// Six digits that count; those of small numbers too.
fn measured(number: f64) -> String {
    let exponent = number.abs().log10().floor();
    match number {
        0.0 => "0".to_owned(),
        _ if !(-4.0..=14.0).contains(&exponent) => format!("{number:.5e}"),
        _ => {
            let digits = (5.0 - exponent).max(0.0) as usize;
            format!("{number:.digits$}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Column;
    use serde_json::json;

    #[test]
    fn numbers_stand_to_the_right_and_text_to_the_left() {
        let table = Table {
            columns: vec![
                Column::axis("method"),
                Column::axis("latent"),
                Column::metric("elbo", "nats", Some(true)),
            ],
            rows: vec![
                vec![json!("vae"), json!(2), json!(-147.123456789)],
                vec![json!("iwae"), json!(32), json!(null)],
            ],
        };
        let want = "method  latent      elbo\nvae          2  -147.123\niwae        32         –\n";
        assert_eq!(aligned(&table), want);
    }

    #[test]
    fn small_numbers_are_not_shown_as_zero_and_coordinates_as_they_are_named() {
        let table = Table {
            columns: vec![Column::axis("lr"), Column::metric("loss", "", Some(false))],
            rows: vec![
                vec![json!(0.1), json!(1.354e-18)],
                vec![json!(0.5), json!(0.00123456789)],
                vec![json!(1.0), json!(0.0)],
                vec![json!(2.5), json!(1.5e20)],
            ],
        };
        let want = " lr         loss\n0.1  1.35400e-18\n0.5   0.00123457\n1.0            0\n2.5   1.50000e20\n";
        assert_eq!(aligned(&table), want);
    }
}
