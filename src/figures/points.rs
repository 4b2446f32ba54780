//! Rows as points: a metric against another, and embeddings in two dimensions.

use crate::registry::Entry;
use crate::registry::Param;
use crate::registry::Values;
use crate::registry::params;
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
use super::mapping::no_column;
use super::marker;
use super::options::AlongX;
use super::options::AxisParams;
use super::options::BareParams;
use super::options::FacetParams;
use super::options::Panels;
use super::raster;
use super::sheet::LegendPlace;

/// From so many points on they are one picture inside the axes: each as a mark takes 100 bytes.
const RASTER: usize = 5000;

pub(super) struct Scatter;
pub(super) struct Embedding;

params! {
    /// What `figure/scatter` may be given.
    struct ScatterParams {
        /// column of numbers along x
        x: String;
        /// column of numbers along y
        y: String;
        points: PointParams;
        axes: AxisParams;
    }
}

params! {
    /// What `figure/embedding` may be given.
    struct EmbeddingParams {
        /// column of the first coordinate
        x: String = "x";
        /// column of the second coordinate
        y: String = "y";
        points: PointParams;
        /// where the legend stands, always outside the data
        legend: LegendPlace = "auto";
        axes: BareParams;
    }
}

params! {
    /// What both may be given.
    struct PointParams {
        /// column with a colour per value
        color: Option<String>;
        /// column with a marker per value; by default that of colour
        marker: Option<String>;
        /// diameter of a point, points
        size: Option<f64>, min(0.5), max(20);
        /// whether points are one picture inside the axes instead of a mark each [default: from 5000 points on]
        raster: Option<bool>;
        facets: FacetParams;
    }
}

impl Entry for Scatter {
    fn name(&self) -> &'static str {
        "scatter"
    }

    fn summary(&self) -> &'static str {
        "a point per row: one metric against another"
    }

    fn docs(&self) -> &'static str {
        "Nothing is averaged: every row that has both numbers is a point. The caption counts them \
         and those without. From 5000 points on they are one picture of 300 dots per inch inside \
         vector axes; `raster` asks for it or against it."
    }

    fn revision(&self) -> u32 {
        3
    }

    fn params(&self) -> Vec<Param> {
        ScatterParams::params()
    }
}

impl Entry for Embedding {
    fn name(&self) -> &'static str {
        "embedding"
    }

    fn summary(&self) -> &'static str {
        "points in two dimensions by group, both axes to one scale"
    }

    fn docs(&self) -> &'static str {
        "For latent codes and projections: the axes have no ticks, since only distances mean \
         something, and one unit is as long along x as along y."
    }

    fn revision(&self) -> u32 {
        3
    }

    fn params(&self) -> Vec<Param> {
        EmbeddingParams::params()
    }
}

impl Figure for Scatter {
    fn along_x(&self) -> AlongX {
        AlongX::Dates
    }

    fn paint(&self, input: &FigureInput, values: &Values) -> Result<Drawn, FigureError> {
        let params = ScatterParams::read(values)?;
        points(
            input,
            (params.x, params.y),
            params.points,
            &params.axes,
            false,
        )
    }
}

impl Figure for Embedding {
    fn paint(&self, input: &FigureInput, values: &Values) -> Result<Drawn, FigureError> {
        let params = EmbeddingParams::read(values)?;
        let axes = AxisParams {
            legend: params.legend,
            ..params.axes.into()
        };
        points(input, (params.x, params.y), params.points, &axes, true)
    }
}

fn points(
    input: &FigureInput,
    (x_name, y_name): (String, String),
    params: PointParams,
    axes: &AxisParams,
    embedding: bool,
) -> Result<Drawn, FigureError> {
    let panels = Panels::new(&params.facets, axes);
    let mapping = Mapping {
        color: params.color,
        marker: params.marker,
        ..Mapping::new(x_name, vec![y_name.clone()], &params.facets)?
    };
    let table = &input.table;
    let column = |name: &str| table.column(name).ok_or_else(|| no_column(table, name));
    let (x, y) = (column(&mapping.x)?, column(&y_name)?);
    let facets = axes::facets(panels, table, &mapping)?;
    let mut theme = facets.theme(&axes.common)?;
    if let Some(size) = params.size {
        theme.marker_size = size;
    } else if table.rows.len() > 300 {
        theme.marker_size *= 0.5;
    }
    let values = || table.rows.iter().map(|row| &row[x]);
    let dated = !embedding && axes::are_dates(panels, values());
    let dates = match dated {
        true => {
            let of_panel = |panel: &super::facets::Facet| {
                let rows = panel.groups.iter().flat_map(|group| &group.rows);
                rows.map(|&row| table.rows[row][x].clone()).collect()
            };
            let per_panel = facets.panels.iter().map(of_panel).collect();
            Some(axes::coordinates(panels, axes::X, (per_panel, &[]), false)?)
        }
        false => None,
    };
    let along = |row: usize| match &dates {
        Some(axes) => axes[0].scale.number(&table.rows[row][x]),
        None => table.number(row, x),
    };
    let at = |row: usize| Some((along(row)?, table.number(row, y)?));
    let drawn: Vec<Vec<(f64, f64)>> = facets
        .panels
        .iter()
        .map(|panel| {
            panel
                .groups
                .iter()
                .flat_map(|g| &g.rows)
                .filter_map(|&r| at(r))
                .collect()
        })
        .collect();
    let count: usize = drawn.iter().map(Vec::len).sum();
    if count == 0 {
        return Err(FigureError::Empty(format!(
            "no row has numbers in both `{}` and `{y_name}`",
            mapping.x
        )));
    }
    let pick =
        |f: fn(&(f64, f64)) -> f64| drawn.iter().map(|p| p.iter().map(f).collect()).collect();
    let x_axes = match &dates {
        Some(axes) => axes.clone(),
        None => axes::numbers(panels, axes::X, pick(|p| p.0), None)?,
    };
    let y_axes = axes::numbers(panels, axes::Y, pick(|p| p.1), None)?;
    let legend = facets.legend(&theme, |color, marker| Sample::Marker {
        colour: theme.colour(color),
        marker,
    });
    let (xc, yc) = (&table.columns[x], &table.columns[y]);
    let shapes = x_axes.iter().zip(&y_axes);
    let shapes = shapes.filter_map(|(x, y)| Some(y.scale.span()? / x.scale.span()?));
    let shapes: Vec<f64> = shapes.collect();
    let aspect = match embedding {
        // As high as the points need: the axes fill the width.
        true => (shapes.iter().sum::<f64>() / shapes.len().max(1) as f64).clamp(0.4, 1.15),
        false => 0.75,
    };
    let labels = match embedding {
        true => (String::new(), String::new()),
        false => (xc.title_with_unit(), yc.title_with_unit()),
    };
    let mut sheet = axes::sheet(panels, &theme, &facets, (x_axes, y_axes), labels, legend)?;
    sheet.aspect = aspect;
    sheet.bare = embedding;
    sheet.equal = embedding;
    let title = match embedding {
        true => format!("Embedding{}", facets.describe(&[])),
        false => format!(
            "{} against {}{}",
            capital(&yc.title_with_unit()),
            xc.title_with_unit(),
            facets.describe(&[])
        ),
    };
    let mut page = sheet.open();
    let opacity = if count > 300 { 0.7 } else { 0.9 };
    let mut lost = 0;
    let as_picture = params.raster.unwrap_or(count >= RASTER);
    let mut failed = None;
    for (i, panel) in facets.panels.iter().enumerate() {
        page.inside(i, |canvas, frame, theme| {
            if as_picture {
                let mut layer = raster::Layer::new(frame.rect, theme.marker_size);
                for group in &panel.groups {
                    let colour = theme.colour(group.color).opacity(opacity);
                    let stamp = layer.stamp(theme.shape(group.marker), theme.marker_size);
                    for (x, y) in group.rows.iter().filter_map(|&row| at(row)) {
                        match frame.at(x, y) {
                            Some(point) => layer.put(&stamp, point, colour),
                            None => lost += 1,
                        }
                    }
                }
                failed = layer.draw(canvas).err().or(failed.take());
                return;
            }
            for group in &panel.groups {
                let colour = theme.colour(group.color).opacity(opacity);
                let shape = theme.shape(group.marker);
                for (x, y) in group.rows.iter().filter_map(|&row| at(row)) {
                    match frame.at(x, y) {
                        Some(point) if count > 300 => {
                            // Thousands of rims would be all one sees.
                            marker::plain(canvas, shape, point, theme.marker_size, colour);
                        }
                        Some(point) => {
                            marker::draw(canvas, shape, point, theme.marker_size, colour);
                        }
                        None => lost += 1,
                    }
                }
            }
        });
    }
    if let Some(error) = failed {
        return Err(error);
    }
    axes::some_left(lost, count)?;
    let without = table.rows.len() - count;
    let points = if count == 1 { "point" } else { "points" };
    let mut caption = format!("{title}. n = {count} {points}");
    if without > 0 {
        let rows = if without == 1 {
            "row lacks"
        } else {
            "rows lack"
        };
        caption.push_str(&format!("; {without} {rows} a number"));
    }
    caption.push('.');
    caption.push_str(&axes::said(&page.frames, lost));
    let shown = [
        &mapping.color,
        &mapping.marker,
        &mapping.facet,
        &mapping.facet_row,
        &mapping.facet_col,
    ];
    let shown: Vec<usize> = shown
        .into_iter()
        .flatten()
        .filter_map(|n| table.column(n))
        .collect();
    let drawn = |row: usize| at(row).is_some();
    let csv = listing(table, &shown, (x, y), drawn);
    finish(page, &title, csv, caption)
}

/// The columns that are drawn, of the rows that are.
fn listing(
    table: &Table,
    shown: &[usize],
    (x, y): (usize, usize),
    drawn: impl Fn(usize) -> bool,
) -> String {
    let mut columns = shown.to_vec();
    columns.extend([x, y]);
    let mut seen = Vec::new();
    columns.retain(|column| {
        let first = !seen.contains(column);
        seen.push(*column);
        first
    });
    let rows = (0..table.rows.len()).filter(|&row| drawn(row));
    let listing = Table {
        columns: columns.iter().map(|&c| table.columns[c].clone()).collect(),
        rows: rows
            .map(|row| {
                columns
                    .iter()
                    .map(|&c| table.rows[row][c].clone())
                    .collect()
            })
            .collect(),
    };
    listing.to_csv()
}
