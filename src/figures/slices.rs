//! A number against each of several parameters.

use serde_json::Value as Json;

use crate::registry::Entry;
use crate::registry::InvalidParam;
use crate::registry::Names;
use crate::registry::Param;
use crate::registry::ParamError;
use crate::registry::Searched;
use crate::registry::Value;
use crate::registry::Values;
use crate::registry::params;
use crate::table::Column;
use crate::table::Table;

use super::Drawn;
use super::Figure;
use super::FigureError;
use super::FigureInput;
use super::axes;
use super::finish;
use super::grammar::capital;
use super::legend::Sample;
use super::mapping::Mapping;
use super::mapping::distinct;
use super::mapping::no_column;
use super::mapping::read_apart;
use super::marker;
use super::numbers::Format;
use super::options;
use super::options::AxisParams;
use super::options::FacetParams;
use super::options::Panels;
use super::options::Shared;
use super::parameter;
use super::scale::ScaleKind;
use super::sheet::Axis;
use super::trials;

pub(super) struct Slices;

params! {
    /// What `figure/slices` may be given.
    struct SlicesParams {
        /// column or list of columns, with a panel each
        parameters: Names;
        /// column of numbers along y
        y: String;
        /// parameters on a logarithmic axis; by default positive numbers over two decades, a quarter of them in the lowest tenth
        log: Option<Names>;
        /// column with a colour per value, such as `trial`
        color: Option<String>;
        /// column of the budget of which most trials get a part: each is drawn once, with the most of it that it had [default:
        /// that of the search, unless another parameter names it]
        budget: Option<String>;
        axes: AxisParams;
    }
}

impl Entry for Slices {
    fn name(&self) -> &'static str {
        "slices"
    }

    fn summary(&self) -> &'static str {
        "a number against each of several parameters, a panel per parameter"
    }

    fn docs(&self) -> &'static str {
        "A point per row in each panel; a row that has no value of a parameter is missing in its panel \
         alone. Each panel has a scale of its own along x: logarithmic where it is asked for, \
         evenly for text."
    }

    fn revision(&self) -> u32 {
        3
    }

    fn params(&self) -> Vec<Param> {
        SlicesParams::params()
    }
}

/// The columns of the melted table.
const PARAMETER: &str = "parameter";
const VALUE: &str = "value of the parameter";

impl Figure for Slices {
    fn searched(&self, params: &mut Values, search: &Searched<'_>) {
        search.spend(params, "budget");
    }

    fn check(&self, values: &Values) -> Result<(), InvalidParam> {
        let scale = values.get("x_scale").and_then(Value::as_str);
        let scale = scale.filter(|scale| *scale != ScaleKind::Auto.name());
        let given = [
            ("x_scale", scale.is_some()),
            ("x_range", values.get("x_range").is_some()),
        ];
        match given.into_iter().find(|(_, is_given)| *is_given) {
            Some((param, _)) => Err(InvalidParam {
                param,
                message: "is given, and each panel has a scale of its own along x".to_owned(),
                help: "`log` names the parameters on a logarithmic axis; figure/line and figure/scatter draw one \
                       parameter with all scales"
                    .to_owned(),
            }),
            None => options::check(values, self.along_x()),
        }
    }

    fn paint(&self, input: &FigureInput, values: &Values) -> Result<Drawn, FigureError> {
        let params = SlicesParams::read(values)?;
        if params.parameters.0.is_empty() {
            return Err(ParamError::new("parameters", "is an empty list").into());
        }
        let of = input.table.column(&params.y);
        let of = of.ok_or_else(|| no_column(&input.table, &params.y))?;
        let (all, once) = trials::each_once(&input.table, params.budget.as_deref(), of);
        let table = melted(&all, &params)?;
        let facets = FacetParams {
            facet: Some(PARAMETER.to_owned()),
            facet_row: None,
            facet_col: None,
            scales: Shared::Y,
        };
        let panels = Panels::new(&facets, &params.axes);
        let mapping = Mapping {
            color: params.color,
            ..Mapping::new(VALUE, vec![params.y.clone()], &facets)?
        };
        let facets = axes::facets(panels, &table, &mapping)?;
        let mut theme = facets.theme(&params.axes.common)?;
        if table.rows.len() > 300 {
            theme.marker_size *= 0.7;
        }
        let column = |name: &str| table.column(name).ok_or_else(|| no_column(&table, name));
        let (x, y) = (column(VALUE)?, column(&params.y)?);
        let rows = |panel: usize| facets.panels[panel].groups.iter().flat_map(|g| &g.rows);
        let count = facets.panels.len();
        let xs = (0..count).map(|panel| rows(panel).map(|&row| table.rows[row][x].clone()));
        let ys = (0..count).map(|panel| rows(panel).filter_map(|&row| table.number(row, y)));
        let format = Format::read("x_format", &params.axes.x_format)?;
        let axis = |(panel, values): (usize, Vec<Json>)| {
            let is_of = |name: &&String| {
                let column = all.column(name).map(|at| &all.columns[at]);
                column.is_some_and(|column| column.title_with_unit() == facets.panels[panel].title)
            };
            let name = params.parameters.0.iter().find(is_of);
            let name = name.map_or("", String::as_str);
            let scale = parameter::scale(name, values, params.log.as_ref());
            Axis {
                format,
                ..Axis::new(scale)
            }
        };
        let x_axes = xs.map(Iterator::collect).enumerate().map(axis).collect();
        let y_axes = axes::numbers(panels, axes::Y, ys.map(Iterator::collect).collect(), None)?;
        let legend = facets.legend(&theme, |color, marker| Sample::Marker {
            colour: theme.colour(color),
            marker,
        });
        let yc = &table.columns[y];
        let labels = (String::new(), yc.title_with_unit());
        let sheet = axes::sheet(panels, &theme, &facets, (x_axes, y_axes), labels, legend)?;
        let mut page = sheet.open();
        let mut lost = 0;
        for (i, panel) in facets.panels.iter().enumerate() {
            page.inside(i, |canvas, frame, theme| {
                for group in &panel.groups {
                    let colour = theme.colour(group.color).opacity(0.85);
                    for &row in &group.rows {
                        let at = frame
                            .x
                            .number(&table.rows[row][x])
                            .zip(table.number(row, y));
                        match at.and_then(|(x, y)| frame.at(x, y)) {
                            Some(point) => {
                                let shape = theme.shape(group.marker);
                                marker::draw(canvas, shape, point, theme.marker_size, colour);
                            }
                            None => lost += 1,
                        }
                    }
                }
            });
        }
        let names: Vec<String> = facets
            .panels
            .iter()
            .map(|panel| panel.title.clone())
            .collect();
        let by = match &facets.color {
            Some(color) => format!(", by {}", color.title()),
            None => String::new(),
        };
        let title = capital(&yc.title_with_unit());
        let title = format!("{title} against {}{by}", names.join(", "));
        let rows = all.rows.len();
        let numbers = (0..rows).filter(|&row| all.number(row, of).is_some());
        let numbers = numbers.count();
        let mut caption = format!("{title}. n = {numbers}{once}");
        if numbers < rows {
            caption.push_str(&format!("; {} without a number", rows - numbers));
        }
        caption.push('.');
        caption.push_str(&axes::said(&page.frames, lost));
        finish(page, &title, table.to_csv(), caption)
    }
}

/// A row for each parameter that a row of numbers has.
fn melted(table: &Table, params: &SlicesParams) -> Result<Table, FigureError> {
    let column = |name: &str| table.column(name).ok_or_else(|| no_column(table, name));
    let y = column(&params.y)?;
    let color = params.color.as_deref().map(column).transpose()?;
    let color = color.filter(|color| *color != y);
    let mut columns = vec![Column::axis(PARAMETER), Column::axis(VALUE)];
    columns.extend(color.map(|color| table.columns[color].clone()));
    columns.push(table.columns[y].clone());
    read_apart(table, &params.parameters.0, Column::title_with_unit)?;
    let mut rows = Vec::new();
    for name in &params.parameters.0 {
        let parameter = column(name)?;
        let title = table.columns[parameter].title_with_unit();
        for (i, row) in table.rows.iter().enumerate() {
            if row[parameter].is_null() || table.number(i, y).is_none() {
                continue;
            }
            let mut melted = vec![Json::from(title.as_str()), row[parameter].clone()];
            melted.extend(color.map(|color| row[color].clone()));
            melted.push(row[y].clone());
            rows.push(melted);
        }
    }
    if rows.is_empty() {
        let y = &params.y;
        return Err(FigureError::Empty(format!("no row has a number in `{y}`")));
    }
    let melted = Table { columns, rows };
    distinct(&melted)?;
    Ok(melted)
}
