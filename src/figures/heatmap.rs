//! A value as colour over two axes.

use serde_json::Value as Json;

use crate::registry::Entry;
use crate::registry::Names;
use crate::registry::Param;
use crate::registry::Values;
use crate::registry::params;
use crate::table::Estimate;

use super::Drawn;
use super::Figure;
use super::FigureError;
use super::FigureInput;
use super::axes;
use super::canvas::Align;
use super::canvas::Label;
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
use super::scale::Scale;
use super::scale::ScaleKind;
use super::sheet::Axis;
use super::sheet::ColourBar;
use super::sheet::Frame;
use super::theme;
use super::theme::Theme;

/// Below this, numbers cannot be read in print.
const SMALLEST: f64 = 4.5;

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
         Numbers stand in all cells or in none: whole numbers as such, others with as many decimals \
         as give the typical one three digits. `centre` gives diverging colours a middle."
    }

    fn revision(&self) -> u32 {
        3
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
        let cells: Vec<Vec<Cell>> = plot
            .panels
            .iter()
            .zip(&page.frames)
            .map(|(panel, frame)| cells(panel, frame, &plot.facets.markers))
            .collect();
        let (texts, size) = match params.numbers {
            true => numbered(&cells, format, &page.theme).unwrap_or_default(),
            false => (Vec::new(), 0.0),
        };
        let mut texts = texts.into_iter();
        for (i, panel) in cells.iter().enumerate() {
            page.inside(i, |canvas, frame, _| {
                canvas.rect(frame.rect, theme::FAINT);
                for cell in panel {
                    // What a logarithm has no colour for stays grey.
                    let colour = colours.of(cell.value).unwrap_or(theme::FAINT);
                    canvas.rect(cell.rect, colour);
                    if let Some(text) = texts.next() {
                        let ink = colormap::readable_on(colour);
                        let label = Label::new(text, size, ink);
                        canvas.centred(cell.rect.centre(), label.align(Align::Middle));
                    }
                }
            });
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

/// A cell with a value, a little smaller than its place.
struct Cell {
    rect: Rect,
    value: f64,
}

fn cells(panel: &[Series], frame: &Frame, rows: &[Json]) -> Vec<Cell> {
    let size = |scale: &Scale, length: f64| match scale {
        Scale::Category { values } => length / values.len().max(1) as f64,
        _ => length,
    };
    let width = size(&frame.x, frame.rect.width);
    let height = size(&frame.y, frame.rect.height);
    let points = panel.iter().flat_map(|series| {
        let points = series.points.iter();
        points.map(move |(x, estimate)| (x, &rows[series.marker], estimate))
    });
    let cell = |(x, y, estimate): (&Json, &Json, &Estimate)| {
        let middle = frame.at(frame.x.number(x)?, frame.y.number(y)?)?;
        Some(Cell {
            rect: Rect {
                x: middle.x - width / 2.0 + 0.25,
                y: middle.y - height / 2.0 + 0.25,
                width: width - 0.5,
                height: height - 0.5,
            },
            value: estimate.centre?,
        })
    };
    points.filter_map(cell).collect()
}

/// The numbers of all cells in one form, and their size; none where one of them has no room.
fn numbered(cells: &[Vec<Cell>], format: Format, theme: &Theme) -> Option<(Vec<String>, f64)> {
    let cells: Vec<&Cell> = cells.iter().flatten().collect();
    let values: Vec<f64> = cells.iter().map(|cell| cell.value).collect();
    let texts = numbers::cells(&values, format);
    let fits = |size: f64| {
        texts.iter().zip(&cells).all(|(text, cell)| {
            let label = Label::new(text, size, theme::INK);
            label.width() + 1.5 < cell.rect.width && size < cell.rect.height
        })
    };
    let largest = theme.tick_size() - 0.5;
    let sizes = (0..).map(|i| largest - 0.5 * f64::from(i));
    let mut sizes = sizes.take_while(|size| *size >= SMALLEST);
    let size = sizes.find(|size| fits(*size))?;
    Some((texts, size))
}
