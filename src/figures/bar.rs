//! Grouped bars with error bars.

use crate::registry::Entry;
use crate::registry::Names;
use crate::registry::Param;
use crate::registry::Values;
use crate::registry::params;

use super::Figure;
use super::FigureError;
use super::FigureInput;
use super::Rendered;
use super::axes;
use super::canvas::Point;
use super::canvas::Rect;
use super::dodge::Dodge;
use super::finish;
use super::grammar::replicates;
use super::grammar::sentence;
use super::legend::Sample;
use super::mapping::Mapping;
use super::options::AxisParams;
use super::options::FacetParams;
use super::options::Groups;
use super::options::Panels;
use super::scale::ScaleKind;
use super::theme;
use super::xy;

pub(super) struct Bar;

params! {
    /// What `figure/bar` may be given.
    struct BarParams {
        /// axis with a group of bars per value
        x: String;
        /// column of numbers, or a list of them
        y: Names;
        groups: Groups;
        facets: FacetParams;
        axes: AxisParams;
    }
}

impl Entry for Bar {
    fn name(&self) -> &'static str {
        "bar"
    }

    fn summary(&self) -> &'static str {
        "grouped bars of means with error bars"
    }

    fn docs(&self) -> &'static str {
        "A bar is as long as its value, so the axis always begins at 0. Colours stand side by side \
         at each x."
    }

    fn params(&self) -> Vec<Param> {
        BarParams::params()
    }
}

impl Figure for Bar {
    fn paint(&self, input: &FigureInput, values: &Values) -> Result<Rendered, FigureError> {
        let params = BarParams::read(values)?;
        let panels = Panels::new(&params.facets, &params.axes);
        let mapping = Mapping::new(&params.x, params.y.0, &params.facets)?;
        let mapping = mapping.grouped(&params.groups);
        let plot = axes::plot(panels, &input.table, &mapping)?;
        let theme = params.axes.common.page_theme()?;
        let dodge = Dodge::new(&plot);
        let ys = plot.panels.iter().map(|panel| {
            let points = panel.iter().flat_map(slots_of);
            points.flat_map(xy::extent).collect()
        });
        let x_axes = dodge.axes(panels, &plot)?;
        // Bars have no length on a logarithmic axis.
        let linear = AxisParams {
            y_scale: ScaleKind::Linear,
            ..params.axes.clone()
        };
        let linear = Panels {
            axes: &linear,
            ..panels
        };
        let y_axes = axes::numbers(linear, axes::Y, ys.collect(), Some(0.0))?;
        let legend = plot.facets.legend(&theme, |color, _| Sample::Area {
            colour: theme.colour(color),
        });
        let labels = (plot.x.title_with_unit(), plot.y.title_with_unit());
        let sheet = axes::sheet(
            panels,
            &theme,
            &plot.facets,
            (x_axes, y_axes),
            labels,
            legend,
        )?;
        let mut page = sheet.open();
        for (i, panel) in plot.panels.iter().enumerate() {
            page.inside(i, |canvas, frame, theme| {
                for series in panel {
                    for (x, estimate) in dodge.points(series) {
                        let Some((from, to)) = dodge.span(frame, x, series) else {
                            continue;
                        };
                        let zero = frame.y_at(0.0).unwrap_or(frame.rect.bottom());
                        let Some(y) = estimate.centre.and_then(|c| frame.y_at(c)) else {
                            continue;
                        };
                        let rect = Rect {
                            x: from,
                            y: y.min(zero),
                            width: to - from,
                            height: (y - zero).abs(),
                        };
                        canvas.rect(rect, theme.colour(series.color));
                        let middle = Point::new((from + to) / 2.0, y);
                        xy::bar(canvas, frame, theme, middle, estimate, theme::INK);
                    }
                }
                if let Some(zero) = frame.y_at(0.0) {
                    let ends = [frame.rect.x, frame.rect.right()].map(|x| Point::new(x, zero));
                    canvas.line(ends.to_vec(), theme::INK, theme.spine_width);
                }
            });
        }
        let what = plot.describe();
        let caption = format!(
            "{what}. {}",
            sentence(&replicates(&plot.summary, Some("error bar")))
        );
        finish(page, &what, plot.summary.to_csv(), caption)
    }
}

fn slots_of(series: &super::grammar::Series) -> impl Iterator<Item = &crate::table::Estimate> {
    let points = series.points.iter().map(|(_, estimate)| estimate);
    points.chain(&series.reference)
}
