//! Rows shared out among panels, colours and markers.

use std::collections::HashMap;
use std::collections::HashSet;

use serde_json::Value as Json;

use crate::table::Column;
use crate::table::Table;

use super::FigureError;
use super::colormap::ColourMap;
use super::colormap::Colours;
use super::dates::Clock;
use super::dates::Moment;
use super::legend::Entry;
use super::legend::Sample;
use super::mapping::Mapping;
use super::mapping::no_column;
use super::options::Common;
use super::scale::Scale;
use super::scale::ScaleKind;
use super::scale::coordinates;
use super::sheet::Axis;
use super::sheet::ColourBar;
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

/// The values of a column in their order; one null where there is no column.
fn distinct(table: &Table, column: Option<usize>) -> Values {
    let Some(column) = column else {
        return Values::of(vec![Json::Null]);
    };
    Values::of(ordered(table, column))
}

/// The values of a column in the order of axes and legends: numbers and dates from low to high, after
/// those that have none, others as they appear.
pub(super) fn ordered(table: &Table, column: usize) -> Vec<Json> {
    let mut seen = HashSet::new();
    let cells = table.rows.iter().map(|row| &row[column]);
    let mut values: Vec<Json> = cells.filter(|value| seen.insert(*value)).cloned().collect();
    let clock = Clock::of(&values);
    let is_number = |value: &Json| value.is_null() || value.is_number();
    if clock.is_some() || values.iter().all(is_number) {
        let number = |value: &Json| match clock {
            Some(clock) => Some(clock.seconds(Moment::of(value.as_str()?)?)),
            None => value.as_f64(),
        };
        let number = |value: &Json| number(value).unwrap_or(f64::NEG_INFINITY);
        values.sort_by(|a, b| number(a).total_cmp(&number(b)));
    }
    values
}

/// Distinct values with the place of each.
struct Values {
    list: Vec<Json>,
    places: HashMap<Json, usize>,
}

impl Values {
    fn of(list: Vec<Json>) -> Self {
        let places = list.iter().cloned().enumerate();
        Values {
            places: places.map(|(i, value)| (value, i)).collect(),
            list,
        }
    }

    fn index_of(&self, row: &[Json], column: Option<usize>) -> usize {
        let value = column.map_or(&Json::Null, |column| &row[column]);
        self.places[value]
    }
}

impl Facets {
    /// The theme of a figure whose colours stand for these groups: numbers that are more than there
    /// are colours become shades of one scale.
    pub(super) fn theme(&self, common: &Common) -> Result<Theme, FigureError> {
        let mut theme = common.page_theme()?;
        if let Some(colours) = self.shades(&theme) {
            let shade = |value: &Json| {
                let number = value.as_f64().and_then(|number| colours.of(number));
                number.unwrap_or(theme::MUTED)
            };
            theme.palette = self.colors.iter().map(shade).collect();
            theme.graded = true;
            theme.one_shape = !self.own_markers;
        }
        Ok(theme)
    }

    /// The colours of numbers that are too many for the palette.
    fn shades(&self, theme: &Theme) -> Option<Colours> {
        let many = self.colors.len() > theme.palette.len();
        let numbers: Vec<f64> = self.colors.iter().filter_map(Json::as_f64).collect();
        let plain = self.colors.iter().filter(|value| !value.is_null());
        if !many || self.color.is_none() || numbers.len() < plain.count() {
            return None;
        }
        let spaced = Scale::of_coordinates(ScaleKind::Auto, &self.colors, None);
        let kind = match spaced {
            Scale::Log { .. } => ScaleKind::Log,
            _ => ScaleKind::Linear,
        };
        Some(Colours::new(
            ColourMap::Viridis,
            kind,
            &numbers,
            (None, None),
        ))
    }

    /// The colour bar of such a theme.
    pub(super) fn colour_bar(&self, common: &Common) -> Result<Option<ColourBar>, FigureError> {
        let colours = self.shades(&common.page_theme()?);
        let label = self.color.as_ref().map(Column::title_with_unit);
        Ok(colours.map(|colours| ColourBar {
            label: label.unwrap_or_default(),
            axis: Axis::new(colours.scale.clone()),
            colours,
        }))
    }

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
        let wrap = wrap.clamp(1, facet_values.list.len());
        let titles = |column: Option<usize>, values: &Values| match column {
            None => vec![String::new(); values.list.len()],
            Some(column) => name_values(&table.columns[column], &values.list),
        };
        let facet_titles = titles(facet, &facet_values);
        let (row_titles, col_titles) = (titles(row, &row_values), titles(col, &col_values));

        let mut panels: Vec<Facet> = Vec::new();
        let mut known: HashMap<(usize, usize, usize), usize> = HashMap::new();
        for (r, values) in table.rows.iter().enumerate() {
            let (place, own_title) = match facet {
                Some(_) => {
                    let i = facet_values.index_of(values, facet);
                    ((i / wrap, i % wrap), facet_titles[i].clone())
                }
                None => {
                    let at_row = row_values.index_of(values, row);
                    let at_col = col_values.index_of(values, col);
                    let top = match at_row {
                        0 => col_titles[at_col].clone(),
                        _ => String::new(),
                    };
                    ((at_row, at_col), top)
                }
            };
            let color = colors.index_of(values, color);
            let marker = match own_markers {
                true => markers.index_of(values, marker),
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
            let known = *known.entry((panel, color, marker)).or_insert_with(|| {
                groups.push(Group {
                    color,
                    marker,
                    rows: Vec::new(),
                });
                groups.len() - 1
            });
            groups[known].rows.push(r);
        }
        // Titles of columns stand over the first panel of each, wherever rows begin.
        if facet.is_none() {
            for (c, title) in col_titles.iter().enumerate() {
                let mut of_col: Vec<&mut Facet> =
                    panels.iter_mut().filter(|panel| panel.col == c).collect();
                of_col.sort_by_key(|panel| panel.row);
                if let Some(first) = of_col.first_mut() {
                    first.title.clone_from(title);
                }
            }
        }
        panels.sort_by_key(|panel| (panel.row, panel.col));
        let row_titles = match row {
            Some(_) => row_titles,
            None => Vec::new(),
        };
        let column = |position: usize| table.columns[position].clone();
        Ok(Facets {
            cols: 1 + panels.iter().map(|p| p.col).max().unwrap_or(0),
            panels,
            row_titles,
            colors: colors.list,
            markers: markers.list,
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
        let groups = self.panels.iter().flat_map(|panel| &panel.groups);
        let mut kinds: Vec<(usize, usize)> = groups.map(|g| (g.color, g.marker)).collect();
        kinds.sort_unstable();
        kinds.dedup();
        if kinds.len() < 2 {
            return Vec::new();
        }
        if theme.graded && !self.own_markers {
            return Vec::new();
        }
        let (colors, markers) = (coordinates(&self.colors), coordinates(&self.markers));
        let joint = !theme.graded && kinds.len() <= self.colors.len() + self.markers.len();
        if !self.own_markers || self.color.is_none() || joint {
            let entry = |(color, marker): &(usize, usize)| {
                let of_color = self.color.as_ref().map(|_| (&self.colors, &colors, *color));
                let of_marker = self
                    .own_markers
                    .then_some((&self.markers, &markers, *marker));
                let names = [of_color, of_marker].into_iter().flatten();
                let names = names.map(|(values, names, at)| (&values[at], names[at].as_str()));
                let mut names: Vec<(&Json, &str)> = names.collect();
                if names.iter().any(|(value, _)| !value.is_null()) {
                    names.retain(|(value, _)| !value.is_null());
                }
                let names: Vec<&str> = names.into_iter().map(|(_, name)| name).collect();
                Entry {
                    label: names.join(", "),
                    sample: sample(*color, *marker),
                }
            };
            return kinds.iter().map(entry).collect();
        }
        // Many combinations: colours as areas, then markers in grey.
        let colors = colors.into_iter().enumerate().map(|(i, label)| Entry {
            label,
            sample: Sample::Area {
                colour: theme.colour(i),
            },
        });
        let markers = markers.into_iter().enumerate().map(|(i, label)| Entry {
            label,
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
        // Shades have their own bar.
        let shown = if theme.graded { 0 } else { usize::MAX };
        let colors = colors.take(shown);
        colors.chain(title).chain(markers).collect()
    }

    /// The name of the colour axis, where its values alone do not say what they are.
    pub(super) fn legend_title(&self, theme: &Theme) -> String {
        if theme.graded {
            return String::new();
        }
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
    name_values(axis, std::slice::from_ref(value)).concat()
}

/// The same of all values that stand side by side.
fn name_values(axis: &Column, values: &[Json]) -> Vec<String> {
    let names = values.iter().zip(coordinates(values));
    let names = names.map(|(value, name)| match value {
        Json::Number(_) | Json::Bool(_) => format!("{} = {name}", axis.title()),
        _ => name,
    });
    names.collect()
}
