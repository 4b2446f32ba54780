//! Lines across all panels at values that no row has: a bound, chance, a number of another paper.

use serde_json::Value as Json;

use crate::map::SortedVecMap;
use crate::registry::Value;
use crate::registry::params;
use crate::table::Column;
use crate::table::Summary;

use super::canvas::Canvas;
use super::canvas::Colour;
use super::canvas::Point;
use super::canvas::Rect;
use super::legend::Entry;
use super::legend::Sample;
use super::numbers;
use super::scale::Scale;
use super::scale::coordinate;
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
        /// lines up the panels: name → number or date on the x axis, such as the end of a warm-up
        verticals: Option<SortedVecMap<Value>>;
        /// shaded stretches of the x axis: name → [from, to]
        spans: Option<SortedVecMap<Vec<Value>>>;
    }
}

/// The levels of a figure in the order of their names.
pub(super) struct Levels {
    across: Vec<(String, f64)>,
    upwards: Vec<(String, Json)>,
    spans: Vec<(String, (Json, Json))>,
}

/// How dark the first span is, the second, …
const SHADES: [f64; 3] = [0.12, 0.22, 0.32];

impl Levels {
    /// `called`: what `names` calls the values of axes, which stand on the x axis so.
    pub(super) fn new<'n>(params: &LevelParams, called: impl Fn(&str) -> Option<&'n str>) -> Self {
        let json = |value: &Value| {
            let shown = value.as_str().and_then(&called);
            shown.map_or_else(|| json(value), Json::from)
        };
        let across = params.levels.iter().flatten();
        let upwards = params.verticals.iter().flatten();
        let spans = params.spans.iter().flatten();
        let spans = spans.filter_map(|(name, ends)| match &ends[..] {
            [from, to] => Some((name.clone(), (json(from), json(to)))),
            _ => None,
        });
        Levels {
            across: across.map(|(name, y)| (name.clone(), *y)).collect(),
            upwards: upwards.map(|(name, x)| (name.clone(), json(x))).collect(),
            spans: spans.collect(),
        }
    }

    /// What the y axis must show.
    pub(super) fn values(&self) -> impl Iterator<Item = f64> {
        self.across.iter().map(|(_, value)| *value)
    }

    /// Of what some panel shows, by the scales along x and y of each.
    pub(super) fn legend(&self, panels: &[(&Scale, &Scale)]) -> Vec<Entry> {
        let across = self.across.iter().map(|(name, y)| {
            let shown = panels.iter().any(|(_, scale)| is_on(scale, *y));
            (name, shown)
        });
        let upwards = self.upwards.iter().map(|(name, x)| {
            let shown = panels.iter().any(|(scale, _)| is_at(scale, x));
            (name, shown)
        });
        let lines = across.chain(upwards).enumerate();
        let lines = lines.filter(|(_, (_, shown))| *shown);
        let lines = lines.map(|(i, (name, _))| Entry {
            label: name.clone(),
            sample: Sample::Line {
                colour: theme::MUTED,
                dash: DASHES[i % DASHES.len()].to_vec(),
                marker: None,
            },
        });
        let spans = self.spans.iter().enumerate();
        let spans = spans.filter(|(_, (_, ends))| panels.iter().any(|(x, _)| reaches(x, ends)));
        let spans = spans.map(|(i, (name, _))| Entry {
            label: name.clone(),
            sample: Sample::Area { colour: shade(i) },
        });
        lines.chain(spans).collect()
    }

    /// Draws them in a panel, to stand under its series.
    pub(super) fn draw(&self, canvas: &mut Canvas, frame: &Frame, theme: &Theme) {
        let rect = frame.rect;
        for (i, (_, (from, to))) in self.spans.iter().enumerate() {
            let at = |end: &Json| frame.x_at(frame.x.number(end)?);
            if let (Some(from), Some(to)) = (at(from), at(to)) {
                let area = Rect {
                    x: from.min(to),
                    width: (to - from).abs(),
                    ..rect
                };
                canvas.rect(area.within(rect), shade(i));
            }
        }
        for (i, value) in self.values().enumerate() {
            // A logarithm has no place for what is not above 0.
            let Some(y) = frame.y_at(value) else { continue };
            let ends = [rect.x, rect.right()].map(|x| Point::new(x, y));
            let dash = DASHES[i % DASHES.len()];
            canvas.dashed(ends.to_vec(), theme::MUTED, theme.line_width, dash);
        }
        for (i, (_, value)) in self.upwards.iter().enumerate() {
            let x = frame.x.number(value).and_then(|x| frame.x_at(x));
            let x = x.filter(|x| (rect.x..=rect.right()).contains(x));
            let Some(x) = x else { continue };
            let ends = [rect.y, rect.bottom()].map(|y| Point::new(x, y));
            let dash = DASHES[(self.across.len() + i) % DASHES.len()];
            canvas.dashed(ends.to_vec(), theme::MUTED, theme.line_width, dash);
        }
    }

    /// The table of what is drawn, with a row per level after those of the series.
    pub(super) fn csv(&self, summary: &Summary) -> String {
        let mut table = summary.to_table();
        if self.across.is_empty() {
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
        for (name, value) in &self.across {
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
        let written = |value: &Json| super::markup::plain(&coordinate(value));
        let level = |(name, value): &(String, f64)| {
            let has_place = frames.iter().any(|frame| frame.y.place(*value).is_some());
            let shown = frames.iter().any(|frame| is_on(&frame.y, *value));
            let value = super::markup::plain(&numbers::number(*value));
            match (has_place, shown) {
                (true, true) => format!(" {name}: a line at {value}."),
                (true, false) => format!(" {name}, at {value}, is beyond what is shown."),
                (false, _) => format!(" {name}, at {value}, cannot stand on a logarithmic axis."),
            }
        };
        let across: String = self.across.iter().map(level).collect();
        let upwards = self.upwards.iter().map(|(name, x)| {
            let shown = frames.iter().any(|frame| is_at(&frame.x, x));
            match shown {
                true => format!(" {name}: a line at {}.", written(x)),
                false => format!(" {name}, at {}, is beyond what is shown.", written(x)),
            }
        });
        let spans = self.spans.iter().map(|(name, ends)| {
            let shown = frames.iter().any(|frame| reaches(&frame.x, ends));
            let (from, to) = (written(&ends.0), written(&ends.1));
            match shown {
                true => format!(" {name}: from {from} to {to}."),
                false => format!(" {name}, from {from} to {to}, is beyond what is shown."),
            }
        });
        across + &upwards.chain(spans).collect::<String>()
    }
}

/// Whether a number stands on the part of a scale that is shown.
fn is_on(scale: &Scale, value: f64) -> bool {
    let place = scale.place(value);
    place.is_some_and(|place| (-1e-9..=1.0 + 1e-9).contains(&place))
}

/// The same of a coordinate.
fn is_at(scale: &Scale, value: &Json) -> bool {
    scale.number(value).is_some_and(|value| is_on(scale, value))
}

/// Whether a stretch reaches into the part that is shown.
fn reaches(scale: &Scale, (from, to): &(Json, Json)) -> bool {
    let place = |end: &Json| scale.place(scale.number(end)?);
    match (place(from), place(to)) {
        (Some(from), Some(to)) => from.min(to) < 1.0 && from.max(to) > 0.0,
        _ => false,
    }
}

fn json(value: &Value) -> Json {
    serde_json::to_value(value).unwrap_or_default()
}

/// The colour of the i-th span.
fn shade(i: usize) -> Colour {
    theme::MUTED.opacity(SHADES[i % SHADES.len()])
}
