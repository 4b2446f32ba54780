//! From rows to panels and series: which column is x, y, colour, marker and facet.

use serde_json::Value as Json;

use crate::registry::Values;
use crate::table::Column;
use crate::table::Estimate;
use crate::table::IntervalKind;
use crate::table::Summary;
use crate::table::SummarySpec;
use crate::table::Table;

use super::FigureError;
use super::legend::Entry;
use super::legend::Sample;
use super::options::Options;
use super::scale::coordinate;
use super::theme::Theme;

/// The column that names the metric where several are drawn.
pub(super) const METRIC: &str = "metric";

/// Which columns mean what.
#[derive(Clone, Debug)]
pub(super) struct Mapping {
    pub x: String,
    pub y: Vec<String>,
    pub color: Option<String>,
    pub marker: Option<String>,
    pub facet: Option<String>,
    pub facet_row: Option<String>,
    pub facet_col: Option<String>,
    pub replicate: Vec<String>,
    pub interval: IntervalKind,
}

impl Mapping {
    pub fn read(values: &Values, default_x: Option<&str>) -> Result<Self, FigureError> {
        let options = Options(values);
        let text = |name| Ok::<_, FigureError>(options.text(name)?.map(str::to_owned));
        let x = match (text("x")?, default_x) {
            (Some(x), _) => x,
            (None, Some(x)) => x.to_owned(),
            (None, None) => return Err(FigureError::Missing("x")),
        };
        let y = options.names("y")?;
        if y.is_empty() {
            return Err(FigureError::Missing("y"));
        }
        let (facet, row, col) = (text("facet")?, text("facet_row")?, text("facet_col")?);
        if facet.is_some() && (row.is_some() || col.is_some()) {
            return Err(FigureError::Parameter {
                name: "facet",
                got: "given with `facet_row` or `facet_col`".to_owned(),
                want: "panels are wrapped or in rows and columns, not both".to_owned(),
            });
        }
        Ok(Mapping {
            x,
            y,
            color: text("color")?,
            marker: text("marker")?,
            facet,
            facet_row: row,
            facet_col: col,
            replicate: options.names("replicate")?,
            interval: options.interval("band")?,
        })
    }

    /// The axes that stay, each once: facets, groups, x.
    fn by(&self, melted: bool) -> Vec<String> {
        let mut by: Vec<String> = Vec::new();
        let named = [
            &self.facet,
            &self.facet_row,
            &self.facet_col,
            &self.color,
            &self.marker,
        ];
        let named = named.into_iter().flatten().cloned();
        let metric = melted.then(|| METRIC.to_owned());
        for name in named.chain(metric).chain([self.x.clone()]) {
            if !by.contains(&name) {
                by.push(name);
            }
        }
        by
    }
}

/// A table with one column of values, and the mapping that fits it.
pub(super) fn melted(
    table: &Table,
    mapping: &Mapping,
) -> Result<(Table, Mapping, String), FigureError> {
    if let [only] = &mapping.y[..] {
        return Ok((table.clone(), mapping.clone(), only.clone()));
    }
    let mut mapping = mapping.clone();
    let value = "value".to_owned();
    let kept: Vec<usize> = (0..table.columns.len())
        .filter(|i| !mapping.y.contains(&table.columns[*i].name))
        .collect();
    let mut long = Table {
        columns: kept.iter().map(|&i| table.columns[i].clone()).collect(),
        rows: Vec::new(),
    };
    long.columns.push(Column::axis(METRIC));
    let mut units: Vec<String> = Vec::new();
    for name in &mapping.y {
        let position = table.column(name).ok_or_else(|| no_column(table, name))?;
        let column = &table.columns[position];
        units.push(column.unit.clone());
        for row in &table.rows {
            let mut values: Vec<Json> = kept.iter().map(|&i| row[i].clone()).collect();
            values.push(column.title().into());
            values.push(row[position].clone());
            long.rows.push(values);
        }
    }
    units.dedup();
    let unit = match &units[..] {
        [unit] => unit.as_str(),
        _ => "",
    };
    long.columns.push(Column::metric(&value, unit, None));
    // Metrics are told apart by what is still free: colour, then marker.
    let uses = |slot: &Option<String>| slot.as_deref() == Some(METRIC);
    let used = [
        &mapping.color,
        &mapping.marker,
        &mapping.facet,
        &mapping.facet_row,
        &mapping.facet_col,
    ];
    if !used.into_iter().any(uses) {
        if mapping.color.is_none() {
            mapping.color = Some(METRIC.to_owned());
        } else if mapping.marker.is_none() {
            mapping.marker = Some(METRIC.to_owned());
        }
    }
    mapping.y = vec![value.clone()];
    Ok((long, mapping, value))
}

pub(super) fn no_column(table: &Table, name: &str) -> FigureError {
    FigureError::Table(crate::table::SummaryError::NoColumn {
        name: name.to_owned(),
        known: table.columns.iter().map(|c| c.name.clone()).collect(),
    })
}

/// Grouped rows, ready to be drawn.
#[derive(Clone, Debug)]
pub(super) struct Plot {
    pub summary: Summary,
    pub panels: Vec<PanelData>,
    pub cols: usize,
    pub row_titles: Vec<String>,
    pub colors: Vec<Json>,
    pub markers: Vec<Json>,
    /// Whether markers follow their own column.
    pub own_markers: bool,
    pub x: Column,
    pub y: Column,
    pub color: Option<Column>,
    pub marker: Option<Column>,
}

/// One panel and its series.
#[derive(Clone, Debug)]
pub(super) struct PanelData {
    pub row: usize,
    pub col: usize,
    pub title: String,
    pub series: Vec<Series>,
}

/// The points of one colour and marker.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub color: usize,
    pub marker: usize,
    pub points: Vec<(Json, Estimate)>,
    /// At null x: a reference line.
    pub reference: Option<Estimate>,
}

impl Plot {
    /// Groups the rows of a table.
    pub fn new(table: &Table, mapping: &Mapping, wrap: usize) -> Result<Self, FigureError> {
        let melts = mapping.y.len() > 1;
        let (table, mapping, value) = melted(table, mapping)?;
        let uses_metric = melts || table.column(METRIC).is_some_and(|i| table.columns[i].axis);
        let by = mapping.by(melts && uses_metric);
        let spec = SummarySpec {
            values: vec![value],
            by: Some(by),
            replicate: mapping.replicate.clone(),
            interval: mapping.interval,
        };
        let summary = Summary::new(&table, &spec)?;
        if summary.groups.is_empty() {
            return Err(FigureError::Empty("the table has no rows".to_owned()));
        }
        let position = |name: &Option<String>| {
            let name = name.as_ref()?;
            summary.by.iter().position(|column| column.name == *name)
        };
        let values = |slot: Option<usize>| -> Vec<Json> {
            let mut values: Vec<Json> = Vec::new();
            for group in &summary.groups {
                let value = slot.map_or(Json::Null, |slot| group.at[slot].clone());
                if !values.contains(&value) {
                    values.push(value);
                }
            }
            values
        };
        let (color, marker) = (position(&mapping.color), position(&mapping.marker));
        let (facet, row, col) = (
            position(&mapping.facet),
            position(&mapping.facet_row),
            position(&mapping.facet_col),
        );
        let x = position(&Some(mapping.x.clone()));
        let own_markers = marker.is_some() && marker != color;
        let (colors, markers) = (values(color), values(marker));
        let (row_values, col_values) = (values(row), values(col));
        let facet_values = values(facet);
        let wrap = wrap.clamp(1, facet_values.len().max(1));

        let title = |slot: Option<usize>, value: &Json| match slot {
            None => String::new(),
            Some(slot) => name_value(&summary.by[slot], value),
        };
        let mut panels: Vec<PanelData> = Vec::new();
        for (i, value) in facet_values.iter().enumerate() {
            for (r, row_value) in row_values.iter().enumerate() {
                for (c, col_value) in col_values.iter().enumerate() {
                    let mut series: Vec<Series> = Vec::new();
                    for group in &summary.groups {
                        let is = |slot: Option<usize>, value: &Json| {
                            slot.is_none_or(|slot| group.at[slot] == *value)
                        };
                        if !(is(facet, value) && is(row, row_value) && is(col, col_value)) {
                            continue;
                        }
                        let index = |slot: Option<usize>, known: &[Json]| {
                            let value = slot.map_or(&Json::Null, |slot| &group.at[slot]);
                            let position = known.iter().position(|other| other == value);
                            position.expect("all values were collected above")
                        };
                        let color = index(color, &colors);
                        let marker = match own_markers {
                            true => index(marker, &markers),
                            false => color,
                        };
                        let own = match series
                            .iter()
                            .position(|s| (s.color, s.marker) == (color, marker))
                        {
                            Some(own) => own,
                            None => {
                                series.push(Series {
                                    color,
                                    marker,
                                    points: Vec::new(),
                                    reference: None,
                                });
                                series.len() - 1
                            }
                        };
                        let estimate = group.estimates[0].clone();
                        match x.map(|x| &group.at[x]) {
                            None | Some(Json::Null) => series[own].reference = Some(estimate),
                            Some(x) => series[own].points.push((x.clone(), estimate)),
                        }
                    }
                    // A combination of facets that has no rows leaves its place empty.
                    if series.is_empty() && (facet_values.len() > 1 || row.is_some()) {
                        continue;
                    }
                    let (row_place, col_place, own_title) = match facet {
                        Some(_) => (i / wrap, i % wrap, title(facet, value)),
                        None => {
                            let own = if r == 0 {
                                title(col, col_value)
                            } else {
                                String::new()
                            };
                            (r, c, own)
                        }
                    };
                    panels.push(PanelData {
                        row: row_place,
                        col: col_place,
                        title: own_title,
                        series,
                    });
                }
            }
        }
        let row_titles = match row {
            Some(_) => row_values.iter().map(|value| title(row, value)).collect(),
            None => Vec::new(),
        };
        let x_column = match x {
            Some(x) => summary.by[x].clone(),
            None => Column::axis(&mapping.x),
        };
        Ok(Plot {
            cols: 1 + panels.iter().map(|p| p.col).max().unwrap_or(0),
            panels,
            row_titles,
            x: x_column,
            y: summary.metrics[0].clone(),
            color: color.map(|slot| summary.by[slot].clone()),
            marker: marker.map(|slot| summary.by[slot].clone()),
            colors,
            markers,
            own_markers,
            summary,
        })
    }

    /// All series of all panels.
    pub fn series(&self) -> impl Iterator<Item = &Series> {
        self.panels.iter().flat_map(|panel| &panel.series)
    }

    /// Names and marks of the series; `sample` makes the mark of a colour and a marker.
    pub fn legend(&self, theme: &Theme, sample: impl Fn(usize, usize) -> Sample) -> Vec<Entry> {
        let mut kinds: Vec<(usize, usize)> = Vec::new();
        for series in self.series() {
            if !kinds.contains(&(series.color, series.marker)) {
                kinds.push((series.color, series.marker));
            }
        }
        kinds.sort_unstable();
        // A reference line has no markers, in the legend neither.
        let sample = |color: usize, marker: usize| {
            let mut own = self
                .series()
                .filter(|series| (series.color, series.marker) == (color, marker));
            match sample(color, marker) {
                Sample::Line { colour, dash, .. } if own.all(|s| s.points.is_empty()) => {
                    Sample::Line {
                        colour,
                        dash,
                        marker: None,
                    }
                }
                sample => sample,
            }
        };
        let single = kinds.len() < 2 && self.color.as_ref().is_none_or(|_| self.colors.len() < 2);
        if single {
            return Vec::new();
        }
        if !self.own_markers {
            let entry = |(color, marker): &(usize, usize)| Entry {
                label: coordinate(&self.colors[*color]),
                sample: sample(*color, *marker),
            };
            return kinds.iter().map(entry).collect();
        }
        if self.color.is_none() || kinds.len() <= self.colors.len() + self.markers.len() {
            let entry = |(color, marker): &(usize, usize)| {
                let of_color = self.color.as_ref().map(|_| &self.colors[*color]);
                let of_marker = Some(&self.markers[*marker]);
                let names: Vec<String> = [of_color, of_marker]
                    .into_iter()
                    .flatten()
                    .filter(|value| !value.is_null())
                    .map(coordinate)
                    .collect();
                Entry {
                    label: names.join(", "),
                    sample: sample(*color, *marker),
                }
            };
            return kinds.iter().map(entry).collect();
        }
        // Many combinations: colours as areas, then markers in grey.
        let colors = self.colors.iter().enumerate().map(|(i, value)| Entry {
            label: coordinate(value),
            sample: Sample::Area {
                colour: theme.colour(i),
            },
        });
        let markers = self.markers.iter().enumerate().map(|(i, value)| Entry {
            label: coordinate(value),
            sample: match sample(0, i) {
                Sample::Line { dash, .. } => Sample::Line {
                    colour: super::theme::MUTED,
                    dash,
                    marker: Some(i),
                },
                _ => Sample::Marker {
                    colour: super::theme::MUTED,
                    marker: i,
                },
            },
        });
        colors.chain(markers).collect()
    }

    /// The name of the colour axis, where its values alone do not say what they are.
    pub fn legend_title(&self) -> String {
        match &self.color {
            Some(color) if self.colors.iter().any(Json::is_number) => color.title_with_unit(),
            _ => String::new(),
        }
    }

    /// `test KL (nats) against samples, by method and nearest, one panel per dataset`.
    pub fn describe(&self, mapping: &Mapping) -> String {
        let groups: Vec<String> = [&self.color, &self.marker]
            .into_iter()
            .flatten()
            .map(Column::title)
            .collect();
        let mut groups = groups;
        groups.dedup();
        let by = match groups.is_empty() {
            true => String::new(),
            false => format!(", by {}", groups.join(" and ")),
        };
        let facets: Vec<String> = [&mapping.facet, &mapping.facet_row, &mapping.facet_col]
            .into_iter()
            .flatten()
            .map(|name| name.replace('_', " "))
            .collect();
        let panels = match facets.is_empty() {
            true => String::new(),
            false => format!(", one panel per {}", facets.join(" and ")),
        };
        format!(
            "{} against {}{by}{panels}",
            capital(&self.y.title_with_unit()),
            self.x.title_with_unit()
        )
    }
}

/// A number with the name of its axis, text alone.
pub(super) fn name_value(axis: &Column, value: &Json) -> String {
    match value {
        Json::Number(_) | Json::Bool(_) => format!("{} = {}", axis.title(), coordinate(value)),
        other => coordinate(other),
    }
}

/// With its first letter in upper case.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// `n = 3`, or the range where groups differ, or that one replicate has no band.
pub(super) fn replicates(summary: &Summary, band: &str) -> String {
    let counts = summary.groups.iter().map(|group| group.estimates[0].n());
    let (low, high) = counts.fold((usize::MAX, 0), |(low, high), n| (low.min(n), high.max(n)));
    let over = match summary.replicate.join(", ") {
        names if names.is_empty() => String::new(),
        names => format!(" over {names}"),
    };
    let missing: usize = summary
        .groups
        .iter()
        .map(|group| group.estimates[0].missing)
        .sum();
    let centre = summary.interval.centre_name();
    let mut text = match high {
        0 => "no values".to_owned(),
        1 => format!("single values (n = 1, so no {band})"),
        _ => {
            let n = match low == high {
                true => format!("n = {high}"),
                false => format!("n = {low} to {high}"),
            };
            let interval = summary.interval.describe();
            format!("{centre}{over}; {band}: {interval}; {n}")
        }
    };
    if low < 2 && high > 1 {
        text.push_str(&format!(" (no {band} below n = 2)"));
    }
    match missing {
        0 => {}
        1 => text.push_str("; 1 value is missing"),
        many => text.push_str(&format!("; {many} values are missing")),
    }
    text
}
