//! Tables for a terminal: aligned columns, numbers to the right.

use console::measure_text_width;

use crate::table::Table;
use crate::table::display;
use crate::text::in_one_line;

/// One line per row under a header, columns two spaces apart. Measured numbers are cut to six
/// digits: the other formats have them all. Coordinates are as steps are named. Where lines have no
/// `room`, columns of numbers go on below, each time beside the axes; where that has none either, every
/// row is a paragraph.
pub(super) fn aligned(table: &Table, room: Option<usize>) -> String {
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
    let width = |column: usize| {
        let cells = std::iter::once(&header).chain(&rows);
        let widths = cells.map(|line| measure_text_width(&line[column]));
        widths.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let blocks = match room {
        None => vec![(0..header.len()).collect()],
        Some(room) => match blocks(table, &widths, room) {
            Some(blocks) => blocks,
            None => return paragraphs(&header, &rows),
        },
    };
    let numbers: Vec<bool> = (0..header.len())
        .map(|column| {
            table
                .rows
                .iter()
                .all(|row| row[column].is_number() || row[column].is_null())
        })
        .collect();
    let blocks = blocks.iter().map(|block| {
        let mut text = String::new();
        for line in std::iter::once(&header).chain(&rows) {
            let cells = block.iter().map(|&column| {
                let cell = &line[column];
                let gap = " ".repeat(widths[column] - measure_text_width(cell));
                match numbers[column] {
                    true => gap + cell,
                    false => format!("{cell}{gap}"),
                }
            });
            text += cells.collect::<Vec<_>>().join("  ").trim_end();
            text.push('\n');
        }
        text
    });
    blocks.collect::<Vec<_>>().join("\n")
}

/// The columns of each block: the axes, and as many others as have room; none where not even one has.
fn blocks(table: &Table, widths: &[usize], room: usize) -> Option<Vec<Vec<usize>>> {
    let (axes, others): (Vec<usize>, Vec<usize>) =
        (0..widths.len()).partition(|column| table.columns[*column].axis);
    let wide = |block: &[usize]| {
        let gaps = 2 * block.len().saturating_sub(1);
        block.iter().map(|column| widths[*column]).sum::<usize>() + gaps
    };
    let all: Vec<usize> = (0..widths.len()).collect();
    if wide(&all) <= room {
        return Some(vec![all]);
    }
    let mut blocks = vec![axes.clone()];
    for column in others {
        let last = blocks.last_mut()?;
        last.push(column);
        if wide(last) > room {
            last.pop();
            let new = [&axes[..], &[column]].concat();
            if wide(&new) > room {
                return None;
            }
            blocks.push(new);
        }
    }
    // Axes alone are no block where others follow.
    if blocks.len() > 1 && blocks[0].len() == axes.len() {
        blocks.remove(0);
    }
    (wide(&blocks[0]) <= room).then_some(blocks)
}

/// A line per value, a paragraph per row.
fn paragraphs(header: &[String], rows: &[Vec<String>]) -> String {
    let widths = header.iter().map(|name| measure_text_width(name));
    let width = widths.max().unwrap_or(0);
    let rows = rows.iter().map(|row| {
        let lines = header.iter().zip(row).map(|(name, value)| {
            let gap = " ".repeat(width - measure_text_width(name));
            format!("{name}{gap}  {value}\n")
        });
        lines.collect::<String>()
    });
    rows.collect::<Vec<_>>().join("\n")
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
        assert_eq!(aligned(&table, None), want);
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
        assert_eq!(aligned(&table, None), want);
    }

    #[test]
    fn what_has_no_room_goes_on_below() {
        let table = Table {
            columns: vec![
                Column::axis("seed"),
                Column::metric("elbo", "", None),
                Column::metric("kl", "", None),
            ],
            rows: vec![
                vec![json!(0), json!(-147.123), json!(1.5)],
                vec![json!(1), json!(-150.5), json!(2.5)],
            ],
        };
        assert_eq!(aligned(&table, Some(24)), aligned(&table, None));
        let below = "seed      elbo\n   0  -147.123\n   1  -150.500\n\n\
                     seed       kl\n   0  1.50000\n   1  2.50000\n";
        assert_eq!(aligned(&table, Some(20)), below);
        let paragraphs = "seed  0\nelbo  -147.123\nkl    1.50000\n\n\
                          seed  1\nelbo  -150.500\nkl    2.50000\n";
        assert_eq!(aligned(&table, Some(10)), paragraphs);
    }
}
