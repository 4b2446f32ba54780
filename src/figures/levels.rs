//! Lines across all panels at values that no row has: a bound, chance, a number of another paper.

use serde_json::Value as Json;

use crate::map::SortedVecMap;
use crate::registry::params;
use crate::table::Column;
use crate::table::Summary;

use super::canvas::Canvas;
use super::canvas::Point;
use super::legend::Entry;
use super::legend::Sample;
use super::numbers;
use super::sheet::Frame;
use super::theme;
use super::theme::Theme;

/// The dashes of the first level, the second, …; the muted colour tells them from a series.
const DASHES: [&[f64]; 3] = [&[1.0, 1.6], &[5.0, 1.6, 1.0, 1.6], &[8.0, 2.0]];

params! {
    /// Lines that no row has.
    pub(super) struct LevelParams {
        /// lines across the panels: name → value, such as a bound or the level of chance
        levels: Option<SortedVecMap<f64>>;
    }
}

/// The levels of a figure in the order of their names.
pub(super) struct Levels(Vec<(String, f64)>);

impl Levels {
    pub(super) fn new(params: &LevelParams) -> Self {
        let given = params.levels.iter().flatten();
        Levels(given.map(|(name, value)| (name.clone(), *value)).collect())
    }

    /// What the y axis must show.
    pub(super) fn values(&self) -> impl Iterator<Item = f64> {
        self.0.iter().map(|(_, value)| *value)
    }

    pub(super) fn legend(&self) -> impl Iterator<Item = Entry> {
        self.0.iter().enumerate().map(|(i, (name, _))| Entry {
            label: name.clone(),
            sample: Sample::Line {
                colour: theme::MUTED,
                dash: DASHES[i % DASHES.len()].to_vec(),
                marker: None,
            },
        })
    }

    /// Draws the lines in a panel, to stand under its series.
    pub(super) fn draw(&self, canvas: &mut Canvas, frame: &Frame, theme: &Theme) {
        for (i, value) in self.values().enumerate() {
            // A logarithm has no place for what is not above 0.
            let Some(y) = frame.y_at(value) else { continue };
            let ends = [frame.rect.x, frame.rect.right()].map(|x| Point::new(x, y));
            let dash = DASHES[i % DASHES.len()];
            canvas.dashed(ends.to_vec(), theme::MUTED, theme.line_width, dash);
        }
    }

    /// The table of what is drawn, with a row per level after those of the series.
    pub(super) fn csv(&self, summary: &Summary) -> String {
        let mut table = summary.to_table();
        if self.0.is_empty() {
            return table.to_csv();
        }
        let first = summary.metrics.first();
        let y = first.and_then(|column| table.column(&column.name));
        let mut name = "level".to_owned();
        while table.column(&name).is_some() {
            name.push('_');
        }
        table.columns.push(Column::axis(&name));
        for row in &mut table.rows {
            row.push(Json::Null);
        }
        for (name, value) in &self.0 {
            let mut row = vec![Json::Null; table.columns.len()];
            if let Some(y) = y {
                row[y] = (*value).into();
            }
            row[table.columns.len() - 1] = name.clone().into();
            table.rows.push(row);
        }
        table.to_csv()
    }

    /// For the caption; empty where there are none.
    pub(super) fn said(&self, frames: &[Frame]) -> String {
        let level = |(name, value): &(String, f64)| {
            let drawn = frames.iter().any(|frame| frame.y_at(*value).is_some());
            let value = super::markup::plain(&numbers::number(*value));
            match drawn {
                true => format!(" {name}: a line at {value}."),
                false => format!(" {name}, at {value}, cannot stand on a logarithmic axis."),
            }
        };
        self.0.iter().map(level).collect()
    }
}
