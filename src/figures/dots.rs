//! Sorted dots: a named mean per line with its interval, best on top.

use serde_json::Value as Json;

use crate::registry::Entry;
use crate::registry::Param;
use crate::registry::Values;
use crate::registry::params;

use super::Drawn;
use super::Figure;
use super::FigureError;
use super::FigureInput;
use super::axes;
use super::canvas::Point;
use super::finish;
use super::grammar::Plot;
use super::grammar::capital;
use super::grammar::replicates;
use super::grammar::sentence;
use super::legend::Sample;
use super::mapping::Mapping;
use super::marker;
use super::options::FacetParams;
use super::options::Groups;
use super::options::LineParams;
use super::options::Panels;
use super::scale::Scale;
use super::sheet::Axis;
use super::xy;

pub(super) struct Dots;

params! {
    /// What `figure/dots` may be given.
    struct DotsParams {
        /// column of numbers
        x: String;
        /// axis with a line per value
        y: String;
        groups: Groups;
        facets: FacetParams;
        line: LineParams;
    }
}

impl Entry for Dots {
    fn name(&self) -> &'static str {
        "dots"
    }

    fn summary(&self) -> &'static str {
        "a sorted line per name with its mean and interval"
    }

    fn docs(&self) -> &'static str {
        "Names stand along y, sorted by their mean over colours and panels: the best on top where \
         the metric has a direction, else the largest."
    }

    fn revision(&self) -> u32 {
        6
    }

    fn params(&self) -> Vec<Param> {
        DotsParams::params()
    }
}

/// Of the height of a line, what its points may take.
const LANES: f64 = 0.7;

impl Figure for Dots {
    fn paint(&self, input: &FigureInput, values: &Values) -> Result<Drawn, FigureError> {
        let params = DotsParams::read(values)?;
        let axes = params.line.into();
        let panels = Panels::new(&params.facets, &axes);
        // The grammar groups by x and averages y: here the names are the groups.
        let mapping = Mapping::new(&params.y, vec![params.x], &params.facets)?;
        let mapping = mapping.grouped(&params.groups);
        let plot = axes::plot(panels, &input.table, &mapping)?.by_name();
        let theme = plot.facets.theme(&axes.common)?;
        let names = sorted(&plot);
        if names.is_empty() {
            return Err(FigureError::Empty(format!(
                "no value of `{}` has a name in `{}`",
                plot.y.name, plot.x.name
            )));
        }

        let xs = plot.panels.iter().map(|panel| {
            let points = panel.iter().flat_map(|series| &series.points);
            points.flat_map(|(_, e)| xy::extent(e)).collect()
        });
        let x_axes = axes::numbers(panels, axes::X, xs.collect(), None)?;
        let y_axis = Axis::new(Scale::Category {
            values: names.clone(),
        });
        let y_axes = vec![y_axis; plot.panels.len()];
        let legend = plot.facets.legend(&theme, |color, marker| Sample::Marker {
            colour: theme.colour(color),
            marker,
        });
        let labels = (plot.y.title_with_unit(), plot.x.title_with_unit());
        let mut sheet = axes::sheet(
            panels,
            &theme,
            &plot.facets,
            (x_axes, y_axes),
            labels,
            legend,
        )?;
        sheet.shared_y = true;
        sheet.grid_x = true;
        let by_color = plot.facets.colors.len() >= plot.facets.markers.len();
        let kinds = plot.facets.colors.len().max(plot.facets.markers.len());
        sheet.line = Some(theme.font_size * (1.4 + 0.35 * (kinds - 1).min(6) as f64));
        let mut page = sheet.open();
        let mut lost = 0;
        for (i, panel) in plot.panels.iter().enumerate() {
            page.inside(i, |canvas, frame, theme| {
                for series in panel {
                    let colour = theme.colour(series.color);
                    // Kinds of one line stand a little apart, and within its height.
                    let lane = match by_color {
                        true => series.color,
                        false => series.marker,
                    };
                    let room = LANES * frame.rect.height / names.len() as f64;
                    let apart = (theme.marker_size * 0.75).min(room / kinds as f64);
                    let shift = (lane as f64 - (kinds as f64 - 1.0) / 2.0) * apart;
                    for (name, estimate) in &series.points {
                        let Some(point) = estimate
                            .centre
                            .and_then(|centre| frame.at(centre, frame.y.number(name)?))
                        else {
                            lost += usize::from(estimate.centre.is_some());
                            continue;
                        };
                        let y = point.y + shift;
                        if let Some(interval) = estimate.interval
                            && let Some(high) = frame.x_at(interval.high)
                        {
                            let low = frame.x_at(interval.low).unwrap_or(frame.rect.x);
                            let ends = [low, high].map(|x| Point::new(x, y));
                            canvas.line(ends.to_vec(), colour, theme.line_width);
                        }
                        let at = Point::new(point.x, y);
                        marker::draw(
                            canvas,
                            theme.shape(series.marker),
                            at,
                            theme.marker_size,
                            colour,
                        );
                    }
                }
            });
        }
        let what = format!(
            "{} of each {}{}",
            capital(&plot.y.title_with_unit()),
            plot.x.title(),
            plot.facets.describe(&[plot.x.name.as_str()])
        );
        let mut caption = format!(
            "{what}. {}",
            sentence(&replicates(&plot.summary, Some("bars")))
        );
        caption.push_str(&axes::said(&page.frames, lost));
        finish(page, &what, plot.summary.to_csv(), caption)
    }
}

/// Names from the lowest line to the top.
fn sorted(plot: &Plot) -> Vec<Json> {
    let mut names: Vec<(Json, f64, usize)> = Vec::new();
    for (name, estimate) in plot.series().flat_map(|series| &series.points) {
        let Some(centre) = estimate.centre else {
            continue;
        };
        match names.iter_mut().find(|(known, ..)| known == name) {
            Some((_, sum, count)) => (*sum, *count) = (*sum + centre, *count + 1),
            None => names.push((name.clone(), centre, 1)),
        }
    }
    let mean = |(_, sum, count): &(Json, f64, usize)| sum / *count as f64;
    names.sort_by(|a, b| mean(a).total_cmp(&mean(b)));
    if plot.y.higher_is_better == Some(false) {
        names.reverse();
    }
    names.into_iter().map(|(name, ..)| name).collect()
}
