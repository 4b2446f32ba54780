//! Lines with bands in panels: what line figures and training curves share.

use crate::table::Estimate;

use super::FigureError;
use super::Rendered;
use super::axes;
use super::canvas::Canvas;
use super::canvas::Colour;
use super::canvas::Point;
use super::grammar::Plot;
use super::grammar::Series;
use super::grammar::replicates;
use super::grammar::sentence;
use super::legend::Sample;
use super::levels::LevelParams;
use super::levels::Levels;
use super::marker;
use super::options::Panels;
use super::sheet::Frame;
use super::sheet::Sheet;
use super::theme::Theme;

const BAND_OPACITY: f64 = 0.18;

/// How the points of a series are drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct SeriesStyle {
    pub markers: bool,
    pub bars: bool,
}

/// The page of a plot: everything but the marks.
fn sheet(
    panels: Panels<'_>,
    plot: &Plot,
    theme: &Theme,
    look: SeriesStyle,
    levels: &Levels,
) -> Result<Sheet, FigureError> {
    let xs = plot.panels.iter().map(|panel| {
        let points = panel.iter().flat_map(|series| &series.points);
        points.map(|(x, _)| x.clone()).collect()
    });
    let ys = plot.panels.iter().map(|panel| {
        let points = panel.iter().flat_map(|series| {
            let points = series.points.iter().map(|(_, estimate)| estimate);
            points.chain(&series.reference)
        });
        points.flat_map(extent).chain(levels.values()).collect()
    });
    let x = axes::coordinates(panels, axes::X, xs.collect(), plot.x.axis)?;
    let y = axes::numbers(panels, axes::Y, ys.collect(), None)?;
    let mut legend = plot.facets.legend(theme, |color, marker| {
        // A reference line has no markers, in the legend neither.
        let mut own = plot
            .series()
            .filter(|series| (series.color, series.marker) == (color, marker));
        let points = own.any(|series| !series.points.is_empty());
        Sample::Line {
            colour: theme.colour(color),
            dash: theme.dash(marker).to_vec(),
            marker: (look.markers && points).then_some(marker),
        }
    });
    legend.extend(levels.legend());
    let labels = (plot.x.title_with_unit(), plot.y.title_with_unit());
    axes::sheet(panels, theme, &plot.facets, (x, y), labels, legend)
}

/// The numbers that a point covers on the y axis.
pub(super) fn extent(estimate: &Estimate) -> Vec<f64> {
    let ends = estimate
        .interval
        .map(|interval| [interval.low, interval.high]);
    let ends = ends.into_iter().flatten();
    estimate.centre.into_iter().chain(ends).collect()
}

/// Draws the series of a panel: bands, then reference lines, then lines and markers.
pub(super) fn draw_series(
    canvas: &mut Canvas,
    frame: &Frame,
    theme: &Theme,
    series: &[Series],
    look: SeriesStyle,
) {
    for one in series {
        band(canvas, frame, theme, one);
    }
    for one in series {
        reference(canvas, frame, theme, one);
    }
    for one in series {
        let colour = theme.colour(one.color);
        for run in runs(frame, one) {
            let points: Vec<Point> = run.iter().map(|(point, _)| *point).collect();
            canvas.dashed(points, colour, theme.line_width, theme.dash(one.marker));
            for (point, estimate) in &run {
                if look.bars || run.len() == 1 {
                    bar(canvas, frame, theme, *point, estimate, colour);
                }
                if look.markers || run.len() == 1 {
                    marker::draw(canvas, one.marker, *point, theme.marker_size, colour);
                }
            }
        }
    }
}

/// Neighbouring points in the order of x; a point without a value breaks the line.
fn runs<'a>(frame: &Frame, series: &'a Series) -> Vec<Vec<(Point, &'a Estimate)>> {
    let mut runs: Vec<Vec<(Point, &Estimate)>> = vec![Vec::new()];
    for (x, estimate) in sorted(frame, series) {
        let point = estimate.centre.and_then(|centre| frame.at(x, centre));
        match (point, runs.last_mut()) {
            (Some(point), Some(run)) => run.push((point, estimate)),
            _ => runs.push(Vec::new()),
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

fn sorted<'a>(frame: &Frame, series: &'a Series) -> Vec<(f64, &'a Estimate)> {
    let points = series.points.iter();
    let mut sorted: Vec<(f64, &Estimate)> = points
        .filter_map(|(x, estimate)| Some((frame.x.number(x)?, estimate)))
        .collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    sorted
}

/// The interval between neighbours that both have one.
fn band(canvas: &mut Canvas, frame: &Frame, theme: &Theme, series: &Series) {
    let colour = theme.colour(series.color).opacity(BAND_OPACITY);
    let mut upper: Vec<Point> = Vec::new();
    let mut lower: Vec<Point> = Vec::new();
    let mut flush = |upper: &mut Vec<Point>, lower: &mut Vec<Point>| {
        if upper.len() > 1 {
            let around = upper.drain(..).chain(lower.drain(..).rev());
            canvas.area(around.collect(), colour);
        }
        upper.clear();
        lower.clear();
    };
    for (x, estimate) in sorted(frame, series) {
        let ends = estimate.interval.and_then(|interval| {
            let high = frame.at(x, interval.high)?;
            // What a logarithm cannot show reaches down to the axis.
            let x = frame.x_at(x)?;
            let low = frame.y_at(interval.low).unwrap_or(frame.rect.bottom());
            Some((high, Point::new(x, low)))
        });
        match ends {
            Some((high, low)) => {
                upper.push(high);
                lower.push(low);
            }
            None => flush(&mut upper, &mut lower),
        }
    }
    flush(&mut upper, &mut lower);
}

/// An error bar with caps.
pub(super) fn bar(
    canvas: &mut Canvas,
    frame: &Frame,
    theme: &Theme,
    point: Point,
    estimate: &Estimate,
    colour: Colour,
) {
    let Some(interval) = estimate.interval else {
        return;
    };
    let Some(high) = frame.y_at(interval.high) else {
        return;
    };
    let low = frame.y_at(interval.low).unwrap_or(frame.rect.bottom());
    let width = theme.line_width * 0.8;
    let cap = theme.marker_size * 0.4;
    canvas.line(
        vec![Point::new(point.x, low), Point::new(point.x, high)],
        colour,
        width,
    );
    for y in [low, high] {
        canvas.line(
            vec![Point::new(point.x - cap, y), Point::new(point.x + cap, y)],
            colour,
            width,
        );
    }
}

/// A value without x, across the panel, with its interval.
fn reference(canvas: &mut Canvas, frame: &Frame, theme: &Theme, series: &Series) {
    let Some(estimate) = &series.reference else {
        return;
    };
    let Some(y) = estimate.centre.and_then(|centre| frame.y_at(centre)) else {
        return;
    };
    let colour = theme.colour(series.color);
    let (left, right) = (frame.rect.x, frame.rect.right());
    if let Some(interval) = estimate.interval {
        let low = frame.y_at(interval.low).unwrap_or(frame.rect.bottom());
        if let Some(high) = frame.y_at(interval.high) {
            let corners = [(left, high), (right, high), (right, low), (left, low)];
            canvas.area(
                corners.map(|(x, y)| Point::new(x, y)).to_vec(),
                colour.opacity(BAND_OPACITY * 0.7),
            );
        }
    }
    canvas.dashed(
        vec![Point::new(left, y), Point::new(right, y)],
        colour,
        theme.line_width,
        theme.dash(series.marker),
    );
}

/// Points that a logarithmic axis cannot show.
pub(super) fn undrawable(plot: &Plot, frames: &[Frame]) -> usize {
    let mut lost = 0;
    for (panel, frame) in plot.panels.iter().zip(frames) {
        for series in panel {
            for (x, estimate) in &series.points {
                let x = frame.x.number(x).and_then(|x| frame.x_at(x));
                let Some(centre) = estimate.centre else {
                    continue;
                };
                if x.is_none() || frame.y_at(centre).is_none() {
                    lost += 1;
                }
            }
        }
    }
    lost
}

/// Draws, writes the files and composes the caption.
pub(super) fn finish(
    panels: Panels<'_>,
    levels: &LevelParams,
    plot: &Plot,
    look: SeriesStyle,
    more: &[String],
) -> Result<Rendered, FigureError> {
    let theme = panels.axes.common.page_theme()?;
    let levels = Levels::new(levels);
    let sheet = sheet(panels, plot, &theme, look, &levels)?;
    let mut page = sheet.open();
    let lost = undrawable(plot, &page.frames);
    for (i, panel) in plot.panels.iter().enumerate() {
        page.inside(i, |canvas, frame, theme| {
            levels.draw(canvas, frame, theme);
            draw_series(canvas, frame, theme, panel, look);
        });
    }
    let what = plot.describe();
    let mut caption = format!(
        "{what}. {}",
        sentence(&replicates(&plot.summary, Some("band")))
    );
    let references = plot.series().any(|series| series.reference.is_some());
    if references && plot.series().any(|series| !series.points.is_empty()) {
        let x = plot.x.title();
        caption.push_str(&format!(" Lines across a panel: no {x}."));
    }
    caption.push_str(&levels.said(&page.frames));
    caption.push_str(&axes::said(&page.frames, lost));
    for sentence in more {
        caption.push(' ');
        caption.push_str(sentence);
    }
    super::finish(page, &what, levels.csv(&plot.summary), caption)
}
