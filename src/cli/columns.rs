//! Tables for a terminal: aligned columns, numbers to the right.

use serde_json::Value as Json;

use crate::table::Table;
use crate::table::display;
use crate::text::in_one_line;

/// One line per row under a header, columns two spaces apart. Numbers are cut to six digits: the
/// other formats have them all.
pub(super) fn aligned(table: &Table) -> String {
    let header: Vec<String> = table
        .columns
        .iter()
        .map(|column| in_one_line(&column.name).into_owned())
        .collect();
    let rows: Vec<Vec<String>> = table
        .rows
        .iter()
        .map(|row| row.iter().map(cell).collect())
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

fn cell(value: &Json) -> String {
    match value {
        Json::Number(number) if number.is_f64() => {
            let number = number.as_f64().unwrap_or(f64::NAN);
            let digits = 6 - (number.abs().max(1e-3).log10().floor() as i32).clamp(-3, 5) - 1;
            format!("{number:.*}", digits.max(0) as usize)
        }
        other => in_one_line(&display(other)).into_owned(),
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
}
