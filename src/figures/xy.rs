//! Lines with bands in panels: what line figures and training curves share.

use serde_json::Value as Json;

use crate::registry::Values;
use crate::table::Estimate;

use super::FigureError;
use super::Rendered;
use super::canvas::Canvas;
use super::canvas::Point;
use super::grammar::Mapping;
use super::grammar::Plot;
use super::grammar::Series;
use super::grammar::replicates;
use super::legend::Sample;
use super::marker;
use super::options::Options;
use super::render;
use super::scale::Scale;
use super::scale::ScaleKind;
use super::sheet::Axis;
use super::sheet::Frame;
use super::sheet::LegendPlace;
use super::sheet::Panel;
use super::sheet::Sheet;
use super::theme::Theme;

const BAND_OPACITY: f64 = 0.18;

/// How the points of a series are drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub line: bool,
    pub markers: bool,
    pub bars: bool,
}

/// The frame of every figure with panels: everything but the marks.
pub(super) fn sheet(
    values: &Values,
    plot: &Plot,
    theme: &Theme,
    look: Look,
) -> Result<Sheet, FigureError> {
    let options = Options(values);
    let free = options.text("scales")?.unwrap_or("shared");
    let (free_x, free_y) = (
        matches!(free, "free" | "free_x"),
        matches!(free, "free" | "free_y"),
    );
    let (x_kind, y_kind) = (options.scale("x_scale")?, options.scale("y_scale")?);
    let y_kind = match y_kind {
        ScaleKind::Auto | ScaleKind::Category => ScaleKind::Linear,
        other => other,
    };
    let (x_range, y_range) = (options.range("x_range")?, options.range("y_range")?);
    positive("x_range", x_kind, x_range)?;
    positive("y_range", y_kind, y_range)?;

    let xs = |series: &mut dyn Iterator<Item = &Series>| -> Vec<Json> {
        series
            .flat_map(|series| series.points.iter().map(|(x, _)| x.clone()))
            .collect()
    };
    let ys = |series: &mut dyn Iterator<Item = &Series>| -> Vec<f64> {
        series
            .flat_map(|series| {
                let points = series.points.iter().map(|(_, estimate)| estimate);
                points.chain(&series.reference)
            })
            .flat_map(extent)
            .collect()
    };
    let x_axis = |values: Vec<Json>| {
        // Order of the whole table, so that categories stand in the order of the axis.
        let scale = Scale::of_coordinates(x_kind, &values, x_range);
        let mut at: Vec<f64> = values.iter().filter_map(|v| scale.number(v)).collect();
        at.sort_by(f64::total_cmp);
        at.dedup();
        let few = plot.x.axis && at.len() <= 8;
        Axis {
            scale,
            at: if few { at } else { Vec::new() },
        }
    };
    let y_axis = |values: Vec<f64>| Axis {
        scale: Scale::of_numbers(y_kind, &values, y_range, 0.05),
        at: Vec::new(),
    };
    let all_x = x_axis(xs(&mut plot.series()));
    let all_y = y_axis(ys(&mut plot.series()));
    let panels = plot.panels.iter().map(|panel| Panel {
        row: panel.row,
        col: panel.col,
        title: panel.title.clone(),
        x: match free_x {
            true => x_axis(xs(&mut panel.series.iter())),
            false => all_x.clone(),
        },
        y: match free_y {
            true => y_axis(ys(&mut panel.series.iter())),
            false => all_y.clone(),
        },
    });
    let legend = plot.legend(theme, |color, marker| match look.line {
        true => Sample::Line {
            colour: theme.colour(color),
            dash: theme.dash(marker).to_vec(),
            marker: look.markers.then_some(marker),
        },
        false => Sample::Marker {
            colour: theme.colour(color),
            marker,
        },
    });
    let label = |name, default: String| {
        Ok::<_, FigureError>(options.text(name)?.map_or(default, str::to_owned))
    };
    Ok(Sheet {
        theme: theme.clone(),
        width: options.width()?,
        height: options.height()?,
        title: label("title", String::new())?,
        x_label: label("x_label", plot.x.title_with_unit())?,
        y_label: label("y_label", plot.y.title_with_unit())?,
        panels: panels.collect(),
        row_titles: plot.row_titles.clone(),
        legend_title: plot.legend_title(),
        legend,
        legend_place: legend_place(&options)?,
        shared_x: !free_x,
        shared_y: !free_y,
        aspect: if plot.cols > 1 { 0.8 } else { 0.62 },
        grid_x: false,
        grid_y: true,
    })
}

pub(super) fn legend_place(options: &Options) -> Result<LegendPlace, FigureError> {
    match options.text("legend")?.unwrap_or("auto") {
        "auto" => Ok(LegendPlace::Auto),
        "top" => Ok(LegendPlace::Top),
        "right" => Ok(LegendPlace::Right),
        "none" => Ok(LegendPlace::None),
        other => Err(FigureError::Parameter {
            name: "legend",
            got: format!("`{other}`"),
            want: "must be `auto`, `top`, `right` or `none`".to_owned(),
        }),
    }
}

fn positive(
    name: &'static str,
    kind: ScaleKind,
    range: Option<(f64, f64)>,
) -> Result<(), FigureError> {
    match range {
        Some((low, _)) if kind == ScaleKind::Log && low <= 0.0 => Err(FigureError::Parameter {
            name,
            got: format!("from {low}"),
            want: "a logarithmic axis begins above 0".to_owned(),
        }),
        _ => Ok(()),
    }
}

/// The numbers that a point covers on the y axis.
pub(super) fn extent(estimate: &Estimate) -> Vec<f64> {
    let ends = estimate
        .interval
        .map(|interval| [interval.low, interval.high]);
    let ends = ends.into_iter().flatten();
    estimate.centre.into_iter().chain(ends).collect()
}

/// How many panels fit side by side.
pub(super) fn wrap(width: f64, facets: usize) -> usize {
    let fit = ((width / 115.0) as usize).max(1);
    // Five panels in rows of at most four: three and two.
    facets.div_ceil(facets.div_ceil(fit).max(1)).max(1)
}

/// How many values the wrapped facet has.
pub(super) fn facet_count(table: &crate::table::Table, facet: &Option<String>) -> usize {
    let Some(column) = facet.as_ref().and_then(|name| table.column(name)) else {
        return 1;
    };
    let mut values: Vec<&Json> = Vec::new();
    for row in &table.rows {
        if !values.contains(&&row[column]) {
            values.push(&row[column]);
        }
    }
    values.len().max(1)
}

/// Draws the series of a panel: bands, then reference lines, then lines and markers.
pub(super) fn draw_series(
    canvas: &mut Canvas,
    frame: &Frame,
    theme: &Theme,
    series: &[Series],
    look: Look,
) {
    for one in series {
        if look.line {
            band(canvas, frame, theme, one);
        }
    }
    for one in series {
        reference(canvas, frame, theme, one);
    }
    for one in series {
        let colour = theme.colour(one.color);
        for run in runs(frame, one) {
            let points: Vec<Point> = run.iter().map(|(point, _)| *point).collect();
            if look.line {
                let dash = theme.dash(one.marker);
                canvas.dashed(points.clone(), colour, theme.line_width, dash);
            }
            for (point, estimate) in &run {
                if look.bars || run.len() == 1 {
                    bar(canvas, frame, theme, *point, estimate, one.color);
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
    color: usize,
) {
    let Some(interval) = estimate.interval else {
        return;
    };
    let Some(high) = frame.y_at(interval.high) else {
        return;
    };
    let low = frame.y_at(interval.low).unwrap_or(frame.rect.bottom());
    let (colour, width) = (theme.colour(color), theme.line_width * 0.8);
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
        for series in &panel.series {
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
    values: &Values,
    plot: &Plot,
    mapping: &Mapping,
    look: Look,
    more: &[String],
) -> Result<Rendered, FigureError> {
    let theme = Options(values).theme()?;
    let sheet = sheet(values, plot, &theme, look)?;
    let mut page = sheet.open();
    let lost = undrawable(plot, &page.frames);
    for (i, panel) in plot.panels.iter().enumerate() {
        page.inside(i, |canvas, frame, theme| {
            draw_series(canvas, frame, theme, &panel.series, look);
        });
    }
    let what = plot.describe(mapping);
    let band = if look.line { "band" } else { "bars" };
    let mut caption = format!("{what}. {}", sentence(&replicates(&plot.summary, band)));
    let references = plot.series().any(|series| series.reference.is_some());
    if references && plot.series().any(|series| !series.points.is_empty()) {
        let x = plot.x.title();
        caption.push_str(&format!(" Lines across a panel: no {x}."));
    }
    if lost > 0 {
        let points = if lost == 1 { "point" } else { "points" };
        caption.push_str(&format!(
            " {lost} {points} not above 0 cannot stand on a logarithmic axis."
        ));
    }
    for sentence in more {
        caption.push(' ');
        caption.push_str(sentence);
    }
    caption.push('\n');
    let title = if sheet.title.is_empty() {
        &what
    } else {
        &sheet.title
    };
    let files = render::files(&page.close(), title)?;
    Ok(Rendered {
        svg: files.svg,
        pdf: files.pdf,
        png: files.png,
        csv: plot.summary.to_csv(),
        caption,
    })
}

/// With a capital and a full stop.
pub(super) fn sentence(text: &str) -> String {
    format!("{}.", super::grammar::capital(text))
}
