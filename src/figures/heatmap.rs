//! A value as colour over two axes.

use std::collections::HashMap;

use serde_json::Value as Json;

use crate::registry::Entry;
use crate::registry::Names;
use crate::registry::Param;
use crate::registry::Values;
use crate::registry::params;

use super::Drawn;
use super::Figure;
use super::FigureError;
use super::FigureInput;
use super::axes;
use super::canvas::Align;
use super::canvas::Canvas;
use super::canvas::Colour;
use super::canvas::Label;
use super::canvas::Mark;
use super::canvas::Rect;
use super::colormap;
use super::finish;
use super::grammar::Series;
use super::grammar::capital;
use super::grammar::replicates;
use super::grammar::sentence;
use super::mapping::Mapping;
use super::numbers;
use super::numbers::Format;
use super::options::AxisParams;
use super::options::BareParams;
use super::options::ColourParams;
use super::options::FacetParams;
use super::options::Panels;
use super::render;
use super::scale::Scale;
use super::scale::ScaleKind;
use super::sheet::Axis;
use super::sheet::ColourBar;
use super::sheet::Frame;
use super::theme;
use super::theme::Theme;

/// Below this, numbers cannot be read in print.
const SMALLEST: f64 = 4.5;
/// Smaller cells have no gap between them.
const FINE: f64 = 2.0;
/// Of more cells a panel is one picture.
const RASTER: usize = 5000;

pub(super) struct Heatmap;

params! {
    /// What `figure/heatmap` may be given.
    struct HeatmapParams {
        /// axis along x
        x: String;
        /// axis along y
        y: String;
        /// column of numbers shown as colour
        value: String;
        /// axis or list of axes whose values are repetitions
        replicate: Option<Names>;
        /// the value inside each cell, where all of them have room
        numbers: bool = true;
        /// how the values are written: `auto`, `d`, `.2f`, `.1e` or `.0%`
        format: Option<String>;
        /// whether y begins at the top, as in a matrix
        reverse_y: bool = false;
        /// cells as high as they are wide
        square: bool = false;
        colours: ColourParams;
        facets: FacetParams;
        bare: BareParams;
    }
}

impl Entry for Heatmap {
    fn name(&self) -> &'static str {
        "heatmap"
    }

    fn summary(&self) -> &'static str {
        "a mean as colour over two axes, with its number where all have room"
    }

    fn docs(&self) -> &'static str {
        "One cell per value of x and y, in axis order, y upwards; rows without one of them stand at `none`. A cell \
         without a value is grey. \
         Numbers stand in all cells or in none: whole numbers as such, or with the digits that tell them \
         apart where they are long, others with as many decimals \
         as give the typical one three digits. More than 5000 cells of a panel are a picture inside the vector axes. `centre` gives diverging colours a middle."
    }

    fn revision(&self) -> u32 {
        5
    }

    fn params(&self) -> Vec<Param> {
        HeatmapParams::params()
    }
}

impl Figure for Heatmap {
    fn paint(&self, input: &FigureInput, values: &Values) -> Result<Drawn, FigureError> {
        let params = HeatmapParams::read(values)?;
        let axes = params.bare.into();
        let panels = Panels::new(&params.facets, &axes);
        let format = Format::read("format", &params.format)?;
        // To the grammar, each value of y is a series.
        let mapping = Mapping {
            marker: Some(params.y),
            replicate: params.replicate.unwrap_or_default().0,
            ..Mapping::new(&params.x, vec![params.value], &params.facets)?
        };
        let plot = axes::plot(panels, &input.table, &mapping)?.by_name();
        let theme = axes.common.page_theme()?;

        let category = AxisParams {
            x_scale: ScaleKind::Category,
            ..axes.clone()
        };
        let category = Panels {
            axes: &category,
            ..panels
        };
        let xs = plot.panels.iter().map(|panel| {
            let points = panel.iter().flat_map(|series| &series.points);
            points.map(|(x, _)| x.clone()).collect()
        });
        let x_axes = axes::coordinates(category, axes::X, (xs.collect(), &plot.xs), true)?;
        let count = plot.facets.markers.len();
        let mut rows: Vec<_> = plot.facets.markers.clone();
        if params.reverse_y {
            rows.reverse();
        }
        let y_axis = Axis::new(Scale::Category { values: rows });
        let y_axes = vec![y_axis; plot.panels.len()];
        let centres: Vec<f64> = plot
            .series()
            .flat_map(|series| &series.points)
            .filter_map(|(_, estimate)| estimate.centre)
            .collect();
        let colours = params.colours.colours(&centres)?;
        let columns = x_axes.iter().map(|axis| match &axis.scale {
            Scale::Category { values } => values.len(),
            _ => 1,
        });
        let columns = columns.max().unwrap_or(1);
        let y_label = match &plot.facets.marker {
            Some(axis) => axis.title_with_unit(),
            None => String::new(),
        };
        let labels = (plot.x.title_with_unit(), y_label);
        let mut sheet = axes::sheet(
            panels,
            &theme,
            &plot.facets,
            (x_axes, y_axes),
            labels,
            Vec::new(),
        )?;
        let ratio = count as f64 / columns as f64;
        sheet.aspect = match params.square {
            true => ratio,
            false => (0.75 * ratio).clamp(0.25, 1.1),
        };
        sheet.square = params.square;
        sheet.grid_y = false;
        sheet.shared_y = true;
        sheet.legend_title = String::new();
        sheet.colour_bar = Some(ColourBar {
            label: plot.y.title_with_unit(),
            axis: Axis {
                format,
                ..Axis::new(colours.scale.clone())
            },
            colours: colours.clone(),
        });
        let mut page = sheet.open();
        let grids = plot.panels.iter().zip(&page.frames);
        let grids: Vec<Grid> = grids
            .map(|(panel, frame)| Grid::of(panel, frame, &plot.facets.markers))
            .collect();
        let (texts, size) = match params.numbers {
            true => numbered(&grids, format, &page.theme).unwrap_or_default(),
            false => (Vec::new(), 0.0),
        };
        // What a logarithm has no colour for stays grey.
        let shade = |value: f64| colours.of(value).unwrap_or(theme::FAINT);
        let mut texts = texts.into_iter();
        let mut failed = None;
        for (i, grid) in grids.iter().enumerate() {
            page.within(i, |canvas, frame, _| {
                if grid.values.len() > RASTER {
                    failed = grid.picture(canvas, shade).err().or(failed.take());
                    return;
                }
                canvas.rect(frame.rect, theme::FAINT);
                for (rect, value) in grid.places() {
                    let Some(value) = value else {
                        // The cell before it may reach under it.
                        if !grid.has_gaps() {
                            canvas.rect(rect, theme::FAINT);
                        }
                        continue;
                    };
                    canvas.rect(rect, shade(value));
                    if let Some(text) = texts.next() {
                        let ink = colormap::readable_on(shade(value));
                        let label = Label::new(text, size, ink);
                        canvas.centred(rect.centre(), label.align(Align::Middle));
                    }
                }
            });
        }
        if let Some(error) = failed {
            return Err(error);
        }
        let facets = mapping
            .facet
            .iter()
            .chain(&mapping.facet_row)
            .chain(&mapping.facet_col);
        let facets: Vec<String> = facets.map(|name| name.replace('_', " ")).collect();
        let per = match facets.is_empty() {
            true => String::new(),
            false => format!(", one panel per {}", facets.join(" and ")),
        };
        let what = format!(
            "{} by {} and {}{per}",
            capital(&plot.y.title_with_unit()),
            plot.x.title(),
            plot.facets
                .marker
                .as_ref()
                .map(|m| m.title())
                .unwrap_or_default(),
        );
        // Colours show the middle alone.
        let note = sentence(&replicates(&plot.summary, None));
        let mut caption = format!("{what}. {note}");
        let places = columns * count * plot.panels.len();
        if centres.len() < places {
            caption.push_str(" Grey: no value.");
        }
        caption.push_str(&colours.said_lost(&centres, "value"));
        finish(page, &what, plot.summary.to_csv(), caption)
    }
}

/// The cells of a panel, from the upper left along its rows.
struct Grid {
    frame: Rect,
    columns: usize,
    rows: usize,
    values: Vec<Option<f64>>,
}

impl Grid {
    fn of(panel: &[Series], frame: &Frame, names: &[Json]) -> Self {
        let along = |scale: &Scale| match scale {
            Scale::Category { values } => values.clone(),
            _ => Vec::new(),
        };
        let (xs, ys) = (along(&frame.x), along(&frame.y));
        let columns: HashMap<&Json, usize> = xs.iter().enumerate().map(|(i, x)| (x, i)).collect();
        let mut grid = Grid {
            frame: frame.rect,
            columns: xs.len().max(1),
            rows: ys.len().max(1),
            values: Vec::new(),
        };
        grid.values = vec![None; grid.columns * grid.rows];
        for series in panel {
            let Some(from_below) = ys.iter().position(|y| *y == names[series.marker]) else {
                continue;
            };
            let row = grid.rows - 1 - from_below;
            for (x, estimate) in &series.points {
                if let Some(column) = columns.get(x) {
                    grid.values[row * grid.columns + column] = estimate.centre;
                }
            }
        }
        grid
    }

    /// Width and height of a cell's place.
    fn pitch(&self) -> [f64; 2] {
        [
            self.frame.width / self.columns as f64,
            self.frame.height / self.rows as f64,
        ]
    }

    fn has_gaps(&self) -> bool {
        self.pitch().into_iter().all(|pitch| gap(pitch) > 0.0)
    }

    /// Each cell with its value.
    fn places(&self) -> impl Iterator<Item = (Rect, Option<f64>)> {
        let [width, height] = self.pitch();
        let [across, down] = [width, height].map(gap);
        self.values.iter().enumerate().map(move |(i, value)| {
            let (row, column) = (i / self.columns, i % self.columns);
            let rect = Rect {
                x: self.frame.x + column as f64 * width + across.max(0.0) / 2.0,
                y: self.frame.y + row as f64 * height + down.max(0.0) / 2.0,
                width: width - across,
                height: height - down,
            };
            (rect, *value)
        })
    }

    /// A pixel per cell.
    fn picture(
        &self,
        canvas: &mut Canvas,
        shade: impl Fn(f64) -> Colour,
    ) -> Result<(), FigureError> {
        let colour = |value: &Option<f64>| value.map_or(theme::FAINT, &shade).rgb;
        let bytes: Vec<u8> = self
            .values
            .iter()
            .map(colour)
            .flat_map(|(red, green, blue)| [red, green, blue, u8::MAX])
            .collect();
        let png = render::encode_png(self.columns as u32, self.rows as u32, &bytes, false)?;
        canvas.marks.push(Mark::Picture {
            frame: self.frame,
            png,
            about: "cells".to_owned(),
        });
        Ok(())
    }
}

/// Between cells as wide or as high as this. What is too small for a gap reaches under the next, so that no seam shows.
fn gap(pitch: f64) -> f64 {
    match pitch < FINE {
        true => -0.25 * pitch,
        false => (pitch / 10.0).min(0.5),
    }
}

/// The numbers of all cells in one form, and their size; none where one of them has no room. Large whole numbers are
/// in full where that has room, else in short.
fn numbered(grids: &[Grid], format: Format, theme: &Theme) -> Option<(Vec<String>, f64)> {
    let cells = grids.iter().flat_map(Grid::places);
    let cells: Vec<(Rect, f64)> = cells
        .filter_map(|(rect, value)| Some((rect, value?)))
        .collect();
    let largest = theme.tick_size() - 0.5;
    let sizes = (0..).map(|i| largest - 0.5 * f64::from(i));
    let sizes: Vec<f64> = sizes.take_while(|size| *size >= SMALLEST).collect();
    // Before anything is written: of very many cells there are no numbers.
    if cells.iter().any(|(rect, _)| rect.height <= SMALLEST) {
        return None;
    }
    let values: Vec<f64> = cells.iter().map(|(_, value)| *value).collect();
    let forms = [
        numbers::whole(&values, format),
        Some(numbers::cells(&values, format)),
    ];
    forms.into_iter().flatten().find_map(|texts| {
        let fits = |size: f64| {
            texts.iter().zip(&cells).all(|(text, (rect, _))| {
                let label = Label::new(text, size, theme::INK);
                label.width() + 1.5 < rect.width && size < rect.height
            })
        };
        let size = sizes.iter().copied().find(|size| fits(*size))?;
        Some((texts, size))
    })
}
