//! A value as colour over two axes.

use crate::registry::Entry;
use crate::registry::Names;
use crate::registry::Param;
use crate::registry::Values;
use crate::registry::params;
use crate::table::Estimate;

use super::Figure;
use super::FigureError;
use super::FigureInput;
use super::Rendered;
use super::axes;
use super::canvas::Align;
use super::canvas::Label;
use super::canvas::Point;
use super::canvas::Rect;
use super::colormap;
use super::finish;
use super::grammar::capital;
use super::grammar::replicates;
use super::grammar::sentence;
use super::mapping::Mapping;
use super::options::AxisParams;
use super::options::FacetParams;
use super::options::Panels;
use super::options::ValueScale;
use super::scale::Scale;
use super::scale::ScaleKind;
use super::sheet::Axis;
use super::sheet::ColourBar;
use super::theme;
use super::ticks;

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
        /// the value inside each cell, where there is room
        numbers: bool = true;
        /// scale of the colours
        value_scale: ValueScale = ValueScale::Linear;
        facets: FacetParams;
        axes: AxisParams;
    }
}

impl Entry for Heatmap {
    fn name(&self) -> &'static str {
        "heatmap"
    }

    fn summary(&self) -> &'static str {
        "a mean as colour over two axes, with its number where there is room"
    }

    fn docs(&self) -> &'static str {
        "One cell per value of x and y, in axis order, y upwards. A cell without a value is grey. \
         Colours are viridis, dark for low."
    }

    fn params(&self) -> Vec<Param> {
        HeatmapParams::params()
    }
}

impl Figure for Heatmap {
    fn paint(&self, input: &FigureInput, values: &Values) -> Result<Rendered, FigureError> {
        let params = HeatmapParams::read(values)?;
        let panels = Panels::new(&params.facets, &params.axes);
        // To the grammar, each value of y is a series.
        let mapping = Mapping {
            marker: Some(params.y),
            replicate: params.replicate.unwrap_or_default().0,
            ..Mapping::new(&params.x, vec![params.value], &params.facets)?
        };
        let plot = axes::plot(panels, &input.table, &mapping)?;
        let theme = params.axes.common.page_theme()?;

        let category = AxisParams {
            x_scale: ScaleKind::Category,
            ..params.axes.clone()
        };
        let category = Panels {
            axes: &category,
            ..panels
        };
        let xs = plot.panels.iter().map(|panel| {
            let points = panel.iter().flat_map(|series| &series.points);
            points.map(|(x, _)| x.clone()).collect()
        });
        let x_axes = axes::coordinates(category, axes::X, xs.collect(), true)?;
        let rows: Vec<_> = plot.facets.markers.clone();
        let y_axis = Axis {
            scale: Scale::Category {
                values: rows.clone(),
            },
            at: Vec::new(),
        };
        let y_axes = vec![y_axis; plot.panels.len()];
        let centres: Vec<f64> = plot
            .series()
            .flat_map(|series| &series.points)
            .filter_map(|(_, estimate)| estimate.centre)
            .collect();
        let kind = params.value_scale.kind();
        let colours = Scale::of_numbers(kind, &centres, None, 0.0);
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
        sheet.aspect = (0.75 * rows.len() as f64 / columns as f64).clamp(0.25, 1.1);
        sheet.grid_y = false;
        sheet.shared_y = true;
        sheet.legend_title = String::new();
        sheet.colour_bar = Some(ColourBar {
            label: plot.y.title_with_unit(),
            axis: Axis {
                scale: colours.clone(),
                at: Vec::new(),
            },
        });
        let numbers = params.numbers;
        let mut page = sheet.open();
        for (i, panel) in plot.panels.iter().enumerate() {
            page.inside(i, |canvas, frame, theme| {
                canvas.rect(frame.rect, theme::FAINT);
                let Scale::Category { values } = &frame.x else {
                    return;
                };
                let width = frame.rect.width / values.len().max(1) as f64;
                let height = frame.rect.height / rows.len().max(1) as f64;
                for series in panel {
                    for (x, estimate) in &series.points {
                        let Some(middle) = frame
                            .x
                            .number(x)
                            .and_then(|x| frame.at(x, series.marker as f64))
                        else {
                            continue;
                        };
                        let Some(share) = share(&colours, estimate) else {
                            continue;
                        };
                        let colour = colormap::sequential(share);
                        let cell = Rect {
                            x: middle.x - width / 2.0 + 0.25,
                            y: middle.y - height / 2.0 + 0.25,
                            width: width - 0.5,
                            height: height - 0.5,
                        };
                        canvas.rect(cell, colour);
                        let text = estimate.centre.map(ticks::brief).unwrap_or_default();
                        let ink = colormap::readable_on(colour);
                        let label = Label::new(text, theme.tick_size() - 0.5, ink);
                        let fits = label.width() + 2.0 < width && label.size + 1.0 < height;
                        if numbers && fits {
                            canvas.centred(
                                Point::new(middle.x, middle.y),
                                label.align(Align::Middle),
                            );
                        }
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
        let cells = columns * rows.len() * plot.panels.len();
        if centres.len() < cells {
            caption.push_str(" Grey: no value.");
        }
        finish(page, &what, plot.summary.to_csv(), caption)
    }
}

fn share(colours: &Scale, estimate: &Estimate) -> Option<f64> {
    colours.place(estimate.centre?)
}
