//! Lines with bands in panels: what line figures and training curves share.

use crate::table::Estimate;

use super::Drawn;
use super::FigureError;
use super::axes;
use super::canvas::Canvas;
use super::canvas::Colour;
use super::canvas::Point;
use super::grammar::Plot;
use super::grammar::Series;
use super::grammar::replicates;
use super::grammar::replicates_without;
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
const ENVELOPE_OPACITY: f64 = 0.14;
/// Of a line where replicates are missing.
const PALE: f64 = 0.4;

/// How the points of a series are drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct SeriesStyle {
    pub markers: bool,
    pub bars: bool,
    /// Paler where a series has fewer replicates than elsewhere.
    pub pale: bool,
}

/// The smallest and the largest values that the points of a plot stand for, as plots of the same
/// groups.
pub(super) struct Envelope {
    pub low: Plot,
    pub high: Plot,
}

/// What is drawn beside the series themselves.
pub(super) struct Beside<'a> {
    pub levels: &'a LevelParams,
    pub envelope: Option<Envelope>,
    /// Values that are missing, where points do not stand for one each.
    pub missing: Option<usize>,
}

/// The page of a plot: everything but the marks.
fn sheet(
    panels: Panels<'_>,
    plot: &Plot,
    theme: &Theme,
    look: SeriesStyle,
    (levels, envelope): (&Levels, Option<&Envelope>),
) -> Result<Sheet, FigureError> {
    let xs = plot.panels.iter().map(|panel| {
        let points = panel.iter().flat_map(|series| &series.points);
        points.map(|(x, _)| x.clone()).collect()
    });
    let ys = plot.panels.iter().enumerate().map(|(i, panel)| {
        let around = envelope
            .iter()
            .flat_map(|e| [&e.low.panels[i], &e.high.panels[i]]);
        let points = around.chain([panel]).flatten().flat_map(|series| {
            let points = series.points.iter().map(|(_, estimate)| estimate);
            points.chain(&series.reference)
        });
        points.flat_map(extent).chain(levels.values()).collect()
    });
    let x = axes::coordinates(panels, axes::X, (xs.collect(), &plot.xs), plot.x.axis)?;
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
    let scales = x.iter().zip(&y).map(|(x, y)| (&x.scale, &y.scale));
    legend.extend(levels.legend(&scales.collect::<Vec<_>>()));
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
        band(canvas, frame, theme, one, look.bars);
    }
    for one in series {
        reference(canvas, frame, theme, one);
    }
    for one in series {
        let colour = theme.colour(one.color);
        let most = most(one);
        for run in runs(frame, one) {
            for (points, fewer) in stretches(&run, if look.pale { most } else { 0 }) {
                let colour = colour.opacity(if fewer { PALE } else { 1.0 });
                canvas.dashed(points, colour, theme.line_width, theme.dash(one.marker));
            }
            for (point, estimate) in &run {
                if look.bars {
                    bar(canvas, frame, theme, *point, estimate, colour);
                }
                if look.markers || run.len() == 1 {
                    marker::draw(
                        canvas,
                        theme.shape(one.marker),
                        *point,
                        theme.marker_size,
                        colour,
                    );
                }
            }
        }
    }
}

/// The most replicates at a point of a series.
fn most(series: &Series) -> usize {
    let counts = series.points.iter().map(|(_, estimate)| estimate.n());
    counts.max().unwrap_or(0)
}

/// Whether some series has fewer replicates at some points than at others.
fn is_ragged(plot: &Plot) -> bool {
    plot.series().any(|series| {
        let fewer = |(_, e): &(_, Estimate)| e.centre.is_some() && e.n() < most(series);
        series.points.iter().any(fewer)
    })
}

/// A run cut where its points come to have fewer replicates than `most`, or all again.
fn stretches(run: &[(Point, &Estimate)], most: usize) -> Vec<(Vec<Point>, bool)> {
    let mut stretches: Vec<(Vec<Point>, bool)> = Vec::new();
    for (i, (point, estimate)) in run.iter().enumerate() {
        let fewer = estimate.n() < most;
        match stretches.last_mut() {
            Some((points, same)) if *same == fewer => points.push(*point),
            _ => {
                // The line stays whole: both stretches have the point between them.
                let from = i.checked_sub(1).map(|before| run[before].0);
                let points = from.into_iter().chain([*point]).collect();
                stretches.push((points, fewer));
            }
        }
    }
    stretches
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

/// The interval between neighbours that both have one; where no neighbour has, an error bar.
fn band(canvas: &mut Canvas, frame: &Frame, theme: &Theme, series: &Series, bars: bool) {
    let colour = theme.colour(series.color);
    let mut runs: Vec<Vec<(Point, Point)>> = vec![Vec::new()];
    for (x, estimate) in sorted(frame, series) {
        let ends = estimate.interval.and_then(|interval| {
            let high = frame.at(x, interval.high)?;
            // What a logarithm cannot show reaches down to the axis.
            let low = frame.y_at(interval.low).unwrap_or(frame.rect.bottom());
            Some((high, Point::new(high.x, low)))
        });
        match (ends, runs.last_mut()) {
            (Some(ends), Some(run)) => run.push(ends),
            _ => runs.push(Vec::new()),
        }
    }
    for run in runs {
        match run[..] {
            [(high, low)] if !bars => whisker(canvas, theme, (high, low), colour),
            [] | [_] => {}
            _ => {
                let upper = run.iter().map(|(high, _)| *high);
                let lower = run.iter().rev().map(|(_, low)| *low);
                let around = upper.chain(lower).collect();
                canvas.area(around, colour.opacity(BAND_OPACITY));
            }
        }
    }
}

/// The extremes of what long curves were averaged over, under everything else.
fn envelope(canvas: &mut Canvas, frame: &Frame, theme: &Theme, low: &Series, high: &Series) {
    let end = |series: &Series| -> Vec<Point> {
        let points = sorted(frame, series).into_iter();
        let points = points.filter_map(|(x, estimate)| {
            let y = frame.y_at(estimate.centre?).unwrap_or(frame.rect.bottom());
            Some(Point::new(frame.x_at(x)?, y))
        });
        points.collect()
    };
    let mut around = end(high);
    around.extend(end(low).into_iter().rev());
    canvas.area(around, theme.colour(low.color).opacity(ENVELOPE_OPACITY));
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
    let ends = [high, low].map(|y| Point::new(point.x, y));
    whisker(canvas, theme, (ends[0], ends[1]), colour);
}

/// An upright stroke with caps.
fn whisker(canvas: &mut Canvas, theme: &Theme, (high, low): (Point, Point), colour: Colour) {
    let width = theme.line_width * 0.8;
    let cap = theme.marker_size * 0.4;
    canvas.line(vec![low, high], colour, width);
    for end in [low, high] {
        let ends = [end.x - cap, end.x + cap].map(|x| Point::new(x, end.y));
        canvas.line(ends.to_vec(), colour, width);
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

/// Points that a logarithmic axis cannot show, of how many; the two of a step of stairs are one.
fn undrawable(plot: &Plot, frames: &[Frame]) -> (usize, usize) {
    let (mut lost, mut all) = (0, 0);
    for (panel, frame) in plot.panels.iter().zip(frames) {
        for series in panel {
            if let Some(y) = series.reference.as_ref().and_then(|e| e.centre) {
                all += 1;
                lost += usize::from(frame.y_at(y).is_none());
            }
            let places = series.points.chunk_by(|a, b| a.0 == b.0);
            for (x, estimate) in places.filter_map(|place| place.last()) {
                let x = frame.x.number(x).and_then(|x| frame.x_at(x));
                let Some(centre) = estimate.centre else {
                    continue;
                };
                all += 1;
                if x.is_none() || frame.y_at(centre).is_none() {
                    lost += 1;
                }
            }
        }
    }
    (lost, all)
}

/// Draws, writes the files and composes the caption.
pub(super) fn finish(
    panels: Panels<'_>,
    beside: Beside<'_>,
    plot: &Plot,
    look: SeriesStyle,
    more: &[String],
) -> Result<Drawn, FigureError> {
    let theme = plot.facets.theme(&panels.axes.common)?;
    let called = panels.axes.named.names.as_ref();
    let called = |value: &str| called?.of_axis(&plot.x.name, value);
    let levels = Levels::new(beside.levels, called);
    let around = beside.envelope.as_ref();
    let sheet = sheet(panels, plot, &theme, look, (&levels, around))?;
    let mut page = sheet.open();
    let (lost, all) = undrawable(plot, &page.frames);
    axes::some_left(lost, all)?;
    for (i, panel) in plot.panels.iter().enumerate() {
        page.inside(i, |canvas, frame, theme| {
            if let Some(Envelope { low, high }) = around {
                for (low, high) in low.panels[i].iter().zip(&high.panels[i]) {
                    envelope(canvas, frame, theme, low, high);
                }
            }
            levels.draw(canvas, frame, theme);
            draw_series(canvas, frame, theme, panel, look);
        });
    }
    let what = plot.describe();
    let counted = match beside.missing {
        Some(missing) => replicates_without(&plot.summary, Some("band"), missing),
        None => replicates(&plot.summary, Some("band")),
    };
    let mut caption = format!("{what}. {}", sentence(&counted));
    let references = plot.series().any(|series| series.reference.is_some());
    if references && plot.series().any(|series| !series.points.is_empty()) {
        let x = plot.x.title();
        caption.push_str(&format!(" Lines across a panel: no {x}."));
    }
    if look.pale && is_ragged(plot) {
        caption.push_str(" Paler: fewer replicates than elsewhere.");
    }
    caption.push_str(&levels.said(&page.frames));
    caption.push_str(&axes::said(&page.frames, lost));
    for sentence in more {
        caption.push(' ');
        caption.push_str(sentence);
    }
    super::finish(page, &what, levels.csv(&plot.summary), caption)
}
