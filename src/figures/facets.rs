//! Rows shared out among panels, colours and markers.

use serde_json::Value as Json;

use crate::table::Column;
use crate::table::Table;

use super::FigureError;
use super::legend::Entry;
use super::legend::Sample;
use super::mapping::Mapping;
use super::mapping::no_column;
use super::scale::coordinate;
use super::theme;
use super::theme::Theme;

/// Panels in their grid, and what their colours and markers stand for.
#[derive(Clone, Debug)]
pub(super) struct Facets {
    pub panels: Vec<Facet>,
    pub cols: usize,
    pub row_titles: Vec<String>,
    pub colors: Vec<Json>,
    pub markers: Vec<Json>,
    pub color: Option<Column>,
    pub marker: Option<Column>,
    /// Whether markers follow their own column instead of colour.
    own_markers: bool,
    columns: Vec<Column>,
}

/// One panel.
#[derive(Clone, Debug)]
pub(super) struct Facet {
    pub row: usize,
    pub col: usize,
    pub title: String,
    pub groups: Vec<Group>,
}

/// The rows of one colour and marker in one panel.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub color: usize,
    pub marker: usize,
    pub rows: Vec<usize>,
}

/// The values of a column, numbers in their order and else as they appear; one null where there is
/// no column.
fn distinct(table: &Table, column: Option<usize>) -> Vec<Json> {
    let Some(column) = column else {
        return vec![Json::Null];
    };
    let mut values: Vec<Json> = Vec::new();
    for row in &table.rows {
        if !values.contains(&row[column]) {
            values.push(row[column].clone());
        }
    }
    if values
        .iter()
        .all(|value| value.is_null() || value.is_number())
    {
        let number = |value: &Json| value.as_f64().unwrap_or(f64::NEG_INFINITY);
        values.sort_by(|a, b| number(a).total_cmp(&number(b)));
    }
    values
}

fn index_of(values: &[Json], row: &[Json], column: Option<usize>) -> usize {
    let value = column.map_or(&Json::Null, |column| &row[column]);
    let position = values.iter().position(|other| other == value);
    position.expect("all values of the column were collected")
}

impl Facets {
    /// Shares out the rows of a table; wrapped facets stand `wrap` side by side.
    pub(super) fn new(table: &Table, mapping: &Mapping, wrap: usize) -> Result<Self, FigureError> {
        if table.rows.is_empty() {
            return Err(FigureError::Empty("the table has no rows".to_owned()));
        }
        let position = |name: &Option<String>| match name {
            None => Ok(None),
            Some(name) => match table.column(name) {
                Some(position) => Ok(Some(position)),
                None => Err(no_column(table, name)),
            },
        };
        let (color, marker) = (position(&mapping.color)?, position(&mapping.marker)?);
        let facet = position(&mapping.facet)?;
        let (row, col) = (position(&mapping.facet_row)?, position(&mapping.facet_col)?);
        let own_markers = marker.is_some() && marker != color;
        let (colors, markers) = (distinct(table, color), distinct(table, marker));
        let facet_values = distinct(table, facet);
        let (row_values, col_values) = (distinct(table, row), distinct(table, col));
        let wrap = wrap.clamp(1, facet_values.len());
        let title = |column: Option<usize>, value: &Json| match column {
            None => String::new(),
            Some(column) => name_value(&table.columns[column], value),
        };

        let mut panels: Vec<Facet> = Vec::new();
        for (r, values) in table.rows.iter().enumerate() {
            let (place, own_title) = match facet {
                Some(_) => {
                    let i = index_of(&facet_values, values, facet);
                    ((i / wrap, i % wrap), title(facet, &facet_values[i]))
                }
                None => {
                    let at_row = index_of(&row_values, values, row);
                    let at_col = index_of(&col_values, values, col);
                    let top = match at_row {
                        0 => title(col, &col_values[at_col]),
                        _ => String::new(),
                    };
                    ((at_row, at_col), top)
                }
            };
            let color = index_of(&colors, values, color);
            let marker = match own_markers {
                true => index_of(&markers, values, marker),
                false => color,
            };
            let panel = match panels.iter().position(|p| (p.row, p.col) == place) {
                Some(panel) => panel,
                None => {
                    panels.push(Facet {
                        row: place.0,
                        col: place.1,
                        title: own_title,
                        groups: Vec::new(),
                    });
                    panels.len() - 1
                }
            };
            let groups = &mut panels[panel].groups;
            match groups
                .iter_mut()
                .find(|group| (group.color, group.marker) == (color, marker))
            {
                Some(group) => group.rows.push(r),
                None => groups.push(Group {
                    color,
                    marker,
                    rows: vec![r],
                }),
            }
        }
        // Titles of columns stand over the first panel of each, wherever rows begin.
        if facet.is_none() {
            for (c, value) in col_values.iter().enumerate() {
                let mut of_col: Vec<&mut Facet> =
                    panels.iter_mut().filter(|panel| panel.col == c).collect();
                of_col.sort_by_key(|panel| panel.row);
                if let Some(first) = of_col.first_mut() {
                    first.title = title(col, value);
                }
            }
        }
        panels.sort_by_key(|panel| (panel.row, panel.col));
        let row_titles = match row {
            Some(_) => row_values.iter().map(|value| title(row, value)).collect(),
            None => Vec::new(),
        };
        let column = |position: usize| table.columns[position].clone();
        Ok(Facets {
            cols: 1 + panels.iter().map(|p| p.col).max().unwrap_or(0),
            panels,
            row_titles,
            colors,
            markers,
            color: color.map(column),
            marker: marker.map(column),
            own_markers,
            columns: [facet, row, col]
                .into_iter()
                .flatten()
                .map(column)
                .collect(),
        })
    }

    /// Names and marks of the groups; `sample` makes the mark of a colour and a marker.
    pub(super) fn legend(
        &self,
        theme: &Theme,
        sample: impl Fn(usize, usize) -> Sample,
    ) -> Vec<Entry> {
        let mut kinds: Vec<(usize, usize)> = Vec::new();
        for group in self.panels.iter().flat_map(|panel| &panel.groups) {
            if !kinds.contains(&(group.color, group.marker)) {
                kinds.push((group.color, group.marker));
            }
        }
        kinds.sort_unstable();
        if kinds.len() < 2 {
            return Vec::new();
        }
        let joint = kinds.len() <= self.colors.len() + self.markers.len();
        if !self.own_markers || self.color.is_none() || joint {
            let entry = |(color, marker): &(usize, usize)| {
                let of_color = self.color.as_ref().map(|_| &self.colors[*color]);
                let of_marker = self.own_markers.then(|| &self.markers[*marker]);
                let mut names: Vec<&Json> = [of_color, of_marker].into_iter().flatten().collect();
                if names.iter().any(|name| !name.is_null()) {
                    names.retain(|name| !name.is_null());
                }
                let names: Vec<String> = names.into_iter().map(coordinate).collect();
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
                    colour: theme::MUTED,
                    dash,
                    marker: Some(i),
                },
                _ => Sample::Marker {
                    colour: theme::MUTED,
                    marker: i,
                },
            },
        });
        let title = title(&self.marker, &self.markers).map(|label| Entry {
            label,
            sample: Sample::Title,
        });
        colors.chain(title).chain(markers).collect()
    }

    /// The name of the colour axis, where its values alone do not say what they are.
    pub(super) fn legend_title(&self) -> String {
        title(&self.color, &self.colors).unwrap_or_default()
    }

    /// `, by method and nearest, one panel per dataset`.
    ///
    /// `said`: columns that the text before has named.
    pub(super) fn describe(&self, said: &[&str]) -> String {
        let titles = |columns: &mut dyn Iterator<Item = &Column>| {
            let unsaid = columns.filter(|column| !said.contains(&column.name.as_str()));
            let mut titles: Vec<String> = unsaid.map(Column::title).collect();
            titles.dedup();
            titles.join(" and ")
        };
        let groups = titles(&mut [&self.color, &self.marker].into_iter().flatten());
        let facets = titles(&mut self.columns.iter());
        let mut text = String::new();
        if !groups.is_empty() {
            text.push_str(&format!(", by {groups}"));
        }
        if !facets.is_empty() {
            text.push_str(&format!(", one panel per {facets}"));
        }
        text
    }
}

/// The name of an axis whose values are numbers.
fn title(axis: &Option<Column>, values: &[Json]) -> Option<String> {
    let axis = axis.as_ref()?;
    let numbers = values.iter().any(Json::is_number);
    numbers.then(|| axis.title_with_unit())
}

/// A number with the name of its axis, text alone.
pub(super) fn name_value(axis: &Column, value: &Json) -> String {
    match value {
        Json::Number(_) | Json::Bool(_) => format!("{} = {}", axis.title(), coordinate(value)),
        other => coordinate(other),
    }
}
