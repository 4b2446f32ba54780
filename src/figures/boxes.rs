//! Box plots over replicates; few values are shown as they are.

use crate::registry::Entry;
use crate::registry::InvalidParam;
use crate::registry::Names;
use crate::registry::Param;
use crate::registry::ParamType;
use crate::registry::ParamValue;
use crate::registry::Value;
use crate::registry::Values;
use crate::registry::choices;
use crate::registry::params;
use crate::table::IntervalKind;
use crate::table::stats;

use super::Drawn;
use super::Figure;
use super::FigureError;
use super::FigureInput;
use super::axes;
use super::canvas::Canvas;
use super::canvas::Colour;
use super::canvas::Point;
use super::canvas::Rect;
use super::density::Density;
use super::dodge::Dodge;
use super::finish;
use super::grammar;
use super::hatch;
use super::legend::Sample;
use super::mapping::Mapping;
use super::marker;
use super::options;
use super::options::ColumnParams;
use super::options::FacetParams;
use super::options::Panels;
use super::raster;
use super::sheet::Frame;
use super::theme;
use super::theme::Theme;

/// From so many points on they are one picture inside the axes.
const RASTER: usize = 5000;
/// Quartiles of fewer values are mostly interpolation.
const FEWEST: usize = 5;

pub(super) struct Boxes;

choices! {
    /// What shows the spread of values.
    enum Shape {
        /// Median, quartiles and whiskers.
        Box = "box",
        /// A smooth density on both sides, with the median and the quartiles.
        Violin = "violin",
        /// The values alone, beside one another.
        Strip = "strip",
    }
}

/// One shape or several, one over the other.
#[derive(Clone, Debug)]
struct Shapes(Vec<Shape>);

impl Shapes {
    const NAMES: [&str; 3] = ["box", "violin", "strip"];

    fn has(&self, shape: Shape) -> bool {
        self.0.contains(&shape)
    }
}

impl ParamValue for Shapes {
    fn ty() -> ParamType {
        ParamType::Any
    }

    fn of(value: &Value) -> Option<Self> {
        let shapes = match value {
            Value::Str(_) => vec![Shape::of(value)?],
            list => Vec::of(list)?,
        };
        (!shapes.is_empty()).then_some(Shapes(shapes))
    }
}

params! {
    /// What `figure/box` may be given.
    struct BoxParams {
        /// axis with a group of boxes per value
        x: String;
        /// column of numbers, or a list of them
        y: Names;
        /// axis with a colour per value
        color: Option<String>;
        /// `box`, `violin` (a smooth density on both sides) or `strip` (the values alone), or a list of them
        shape: Shapes = "box";
        /// every value as a point over the box or violin, as `strip` in the list
        points: bool = false;
        /// axis or list of axes whose values make a box
        replicate: Names;
        facets: FacetParams;
        column: ColumnParams;
    }
}

impl Entry for Boxes {
    fn name(&self) -> &'static str {
        "box"
    }

    fn summary(&self) -> &'static str {
        "median, quartiles and whiskers over replicates"
    }

    fn docs(&self) -> &'static str {
        "Box: quartiles with the median; whiskers: the farthest values within 1.5 interquartile \
         ranges of the box (Tukey 1977); values beyond as points. Groups of fewer than 5 values are \
         drawn as points with their median, without a box. `shape` takes a violin (a Gaussian kernel \
         density, as `figure/histogram` has it) or the values alone in its place; of a list, such as \
         `[violin, box, strip]`, all are drawn, the box narrow in its violin. On a logarithmic axis the \
         density is that of the logarithms, and a box that begins at 0 or below reaches down to the axis."
    }

    fn revision(&self) -> u32 {
        5
    }

    fn params(&self) -> Vec<Param> {
        BoxParams::params()
    }
}

impl Figure for Boxes {
    fn check(&self, values: &Values) -> Result<(), InvalidParam> {
        match values.get("shape") {
            Some(given) if Shapes::of(given).is_none() => Err(InvalidParam {
                param: "shape",
                message: format!("`{given}` is no shape and no list of shapes"),
                help: format!("shapes are {}", Shapes::NAMES.join(", ")),
            }),
            _ => options::check(values, self.along_x()),
        }
    }

    fn paint(&self, input: &FigureInput, values: &Values) -> Result<Drawn, FigureError> {
        let params = BoxParams::read(values)?;
        let axes = params.column.into();
        let panels = Panels::new(&params.facets, &axes);
        let mapping = Mapping {
            color: params.color,
            replicate: params.replicate.0,
            interval: IntervalKind::Iqr,
            ..Mapping::new(&params.x, params.y.0, &params.facets)?
        };
        let plot = axes::plot(panels, &input.table, &mapping)?.by_name();
        let theme = plot.facets.theme(&axes.common)?;
        let dodge = Dodge::new(&plot);
        let ys = plot.panels.iter().map(|panel| {
            let points = panel.iter().flat_map(|series| &series.points);
            points.flat_map(|(_, e)| e.values.clone()).collect()
        });
        let x_axes = dodge.axes(panels, &plot)?;
        let y_axes = axes::numbers(panels, axes::Y, ys.collect(), None)?;
        let legend = plot.facets.legend(&theme, |color, _| Sample::Hatched {
            colour: theme.colour(color).opacity(0.5),
            pattern: theme.lap(color),
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
        let shapes = &params.shape;
        let strips = params.points || shapes.has(Shape::Strip);
        let (mut low, mut high) = (usize::MAX, 0);
        let mut lost = 0;
        let mut failed = None;
        for (i, panel) in plot.panels.iter().enumerate() {
            page.inside(i, |canvas, frame, theme| {
                let mut slots: Vec<Slot> = Vec::new();
                for series in panel {
                    for (x, estimate) in &series.points {
                        low = low.min(estimate.n());
                        high = high.max(estimate.n());
                        let values = estimate.values.iter();
                        lost += values.filter(|v| frame.y_at(**v).is_none()).count();
                        let slot = dodge.span(frame, x, series).map(|span| Slot {
                            span,
                            values: &estimate.values,
                            fill: Fill {
                                colour: theme.colour(series.color),
                                pattern: theme.lap(series.color),
                            },
                        });
                        slots.extend(slot);
                    }
                }
                failed = draw(canvas, frame, theme, &slots, (shapes, strips)).err();
            });
        }
        if let Some(error) = failed {
            return Err(error);
        }
        let over = mapping.replicate.join(", ");
        let n = match low == high {
            true => format!("n = {low}"),
            false => format!("n = {low} to {high}"),
        };
        let what = plot.describe();
        let groups = plot.summary.groups.iter();
        let missing = grammar::said_missing(groups.map(|group| group.estimates[0].missing).sum());
        let mut caption = format!(
            "{what}. Values over {over}, {n}{}{missing}.",
            said(shapes, strips)
        );
        if low < FEWEST && (shapes.has(Shape::Box) || shapes.has(Shape::Violin)) {
            caption.push_str(&format!(
                " Fewer than {FEWEST} values are shown as points with their median, without a box."
            ));
        }
        caption.push_str(&axes::said_of(&page.frames, lost, "value"));
        if lost > 0 && shapes.has(Shape::Box) {
            caption.push_str(" Boxes and whiskers count them, and reach down to the axis.");
        }
        finish(page, &what, plot.summary.to_csv(), caption)
    }
}

/// The values of one group at one place.
struct Slot<'a> {
    span: (f64, f64),
    values: &'a [f64],
    fill: Fill,
}

/// A colour, with strokes where colours have come back.
#[derive(Clone, Copy)]
struct Fill {
    colour: Colour,
    pattern: usize,
}

/// Violins under points under boxes.
fn draw(
    canvas: &mut Canvas,
    frame: &Frame,
    theme: &Theme,
    slots: &[Slot],
    (shapes, strips): (&Shapes, bool),
) -> Result<(), FigureError> {
    let (boxed, in_violin) = (shapes.has(Shape::Box), shapes.has(Shape::Violin));
    for slot in slots {
        let (span, values) = (slot.span, slot.values);
        if in_violin {
            violin(canvas, frame, theme, span, values, (slot.fill, !boxed));
        } else if boxed {
            one(canvas, frame, theme, span, values, (slot.fill, !strips));
        }
    }
    let count: usize = slots.iter().map(|slot| slot.values.len()).sum();
    if strips && count >= RASTER {
        let mut layer = raster::Layer::new(frame.rect, theme.marker_size);
        let stamp = layer.stamp(0, theme.marker_size * 0.6);
        for slot in slots {
            for at in strip(frame, slot.span, slot.values) {
                layer.put(&stamp, at, slot.fill.colour.opacity(0.5));
            }
        }
        layer.draw(canvas)?;
    } else if strips {
        for slot in slots {
            for at in strip(frame, slot.span, slot.values) {
                let colour = slot.fill.colour.opacity(0.8);
                marker::plain(canvas, 0, at, theme.marker_size * 0.6, colour);
            }
        }
    }
    for slot in slots {
        // The few that have no violin are drawn already.
        if boxed && in_violin && slot.values.len() >= FEWEST {
            let fill = (slot.fill, !strips);
            one(canvas, frame, theme, narrow(slot.span), slot.values, fill);
        }
        if strips && !boxed && !in_violin {
            middle(canvas, frame, theme, slot.span, slot.values);
        }
    }
    Ok(())
}

/// What the caption says of the shapes.
fn said(shapes: &Shapes, strips: bool) -> String {
    let mut text = String::new();
    if shapes.has(Shape::Violin) {
        text.push_str("; Gaussian kernel density (bandwidth after Silverman)");
        if !shapes.has(Shape::Box) {
            text.push_str(" with median and quartiles");
        }
    }
    if shapes.has(Shape::Box) {
        text.push_str(
            "; box: quartiles with median; whiskers: farthest values within 1.5 interquartile ranges",
        );
    }
    match (text.is_empty(), strips) {
        (true, _) => text.push_str("; line: median"),
        (false, true) => text.push_str("; points: the values"),
        (false, false) => {}
    }
    text
}

/// The room of a box in a violin.
fn narrow((from, to): (f64, f64)) -> (f64, f64) {
    let (middle, half) = ((from + to) / 2.0, ((to - from) / 2.0 * 0.22).min(3.5));
    (middle - half, middle + half)
}

/// A box; `beyond`: with the values beyond its whiskers.
fn one(
    canvas: &mut Canvas,
    frame: &Frame,
    theme: &Theme,
    (from, to): (f64, f64),
    values: &[f64],
    (fill, beyond): (Fill, bool),
) {
    let middle = (from + to) / 2.0;
    // Boxes need not be as wide as bars.
    let half = ((to - from) / 2.0).min(14.0);
    let across = |canvas: &mut Canvas, value: f64, half: f64, width: f64| {
        if let Some(y) = frame.y_at(value) {
            let ends = [middle - half, middle + half].map(|x| Point::new(x, y));
            canvas.line(ends.to_vec(), theme::INK, width);
        }
    };
    let dot = |canvas: &mut Canvas, value: f64| {
        if let Some(y) = frame.y_at(value) {
            let at = Point::new(middle, y);
            marker::plain(canvas, 0, at, theme.marker_size * 0.72, fill.colour);
        }
    };
    let Some(median) = stats::median(values) else {
        return;
    };
    if values.len() < FEWEST {
        // Beside a strip each stands there already.
        values
            .iter()
            .filter(|_| beyond)
            .for_each(|value| dot(canvas, *value));
        across(canvas, median, half * 0.7, theme.line_width);
        return;
    }
    let quartiles = [0.25, 0.75].map(|q| stats::quantile(values, q));
    let [Some(q1), Some(q3)] = quartiles else {
        return;
    };
    let reach = 1.5 * (q3 - q1);
    let inside = |value: &&f64| (q1 - reach..=q3 + reach).contains(*value);
    let low = values.iter().filter(inside).copied().fold(q1, f64::min);
    let high = values.iter().filter(inside).copied().fold(q3, f64::max);
    // What a logarithm cannot show reaches down to the axis.
    let floored = |value: f64| frame.y_at(value).unwrap_or(frame.rect.bottom());
    for (near, far) in [(q1, low), (q3, high)] {
        if frame.y_at(near.max(far)).is_some() {
            let ends = [near, far].map(|value| Point::new(middle, floored(value)));
            canvas.line(ends.to_vec(), theme::INK, theme.spine_width);
            across(canvas, far, half * 0.5, theme.spine_width);
        }
    }
    if let Some(top) = frame.y_at(q3) {
        let bottom = floored(q1);
        let rect = Rect {
            x: middle - half,
            y: top,
            width: 2.0 * half,
            height: bottom - top,
        };
        canvas.rect(rect, theme::PAPER);
        canvas.rect(rect, fill.colour.opacity(0.5));
        hatch::draw(canvas, fill.pattern, rect);
        let mut outline = rect.corners().to_vec();
        outline.extend([outline[0], outline[1]]);
        canvas.line(outline, theme::INK, theme.spine_width);
    }
    across(canvas, median, half, theme.line_width * 1.2);
    if beyond {
        let beyond = values.iter().filter(|value| !inside(value));
        beyond.for_each(|value| dot(canvas, *value));
    }
}

/// A density on both sides of the middle, as wide as there is room at its highest; `quartiles`: with
/// the median and the quartiles.
fn violin(
    canvas: &mut Canvas,
    frame: &Frame,
    theme: &Theme,
    (from, to): (f64, f64),
    values: &[f64],
    (fill, quartiles): (Fill, bool),
) {
    // On a logarithm the density is that of the logarithms.
    let even = values.iter().filter_map(|value| frame.y.even(*value));
    let even: Vec<f64> = even.collect();
    if even.is_empty() {
        return;
    }
    let Some(density) = Density::of(&even) else {
        return one(canvas, frame, theme, (from, to), values, (fill, true));
    };
    let curve = density.within_values();
    let middle = (from + to) / 2.0;
    let half = ((to - from) / 2.0).min(22.0);
    let largest = curve
        .iter()
        .map(|(_, density)| *density)
        .fold(0.0, f64::max);
    let side = |sign: f64| {
        let points = curve.iter().filter_map(move |(even, density)| {
            let x = middle + sign * half * density / largest;
            Some(Point::new(x, frame.y_at(frame.y.uneven(*even))?))
        });
        points.collect::<Vec<Point>>()
    };
    let mut outline = side(1.0);
    outline.extend(side(-1.0).into_iter().rev());
    canvas.area(outline.clone(), fill.colour.opacity(0.5));
    hatch::within(canvas, fill.pattern, &outline);
    outline.extend(outline.first().copied());
    canvas.line(outline, theme::INK, theme.spine_width);
    if !quartiles {
        return;
    }
    let quartiles = [0.25, 0.75].map(|q| stats::quantile(values, q).and_then(|v| frame.y_at(v)));
    if let [lower, Some(upper)] = quartiles {
        let lower = lower.unwrap_or(frame.rect.bottom());
        let ends = [lower, upper].map(|y| Point::new(middle, y));
        canvas.line(ends.to_vec(), theme::INK, theme.line_width * 2.0);
    }
    if let Some(y) = stats::median(values).and_then(|median| frame.y_at(median)) {
        canvas.disc(Point::new(middle, y), theme.line_width * 1.4, theme::PAPER);
    }
}

/// Every value, moved aside by its turn so that equal values stand apart.
fn strip(frame: &Frame, (from, to): (f64, f64), values: &[f64]) -> Vec<Point> {
    /// Multiples of it fill a stretch evenly, however many they are.
    const GOLDEN: f64 = 0.618_033_988_749_895;
    let middle = (from + to) / 2.0;
    let half = ((to - from) / 2.0).min(14.0) * 0.7;
    let place = |(i, value): (usize, &f64)| {
        let aside = ((i as f64 + 0.5) * GOLDEN).fract() * 2.0 - 1.0;
        Some(Point::new(middle + aside * half, frame.y_at(*value)?))
    };
    values.iter().enumerate().filter_map(place).collect()
}

/// A stroke at the median.
fn middle(
    canvas: &mut Canvas,
    frame: &Frame,
    theme: &Theme,
    (from, to): (f64, f64),
    values: &[f64],
) {
    let half = ((to - from) / 2.0).min(14.0) * 0.7;
    if let Some(y) = stats::median(values).and_then(|median| frame.y_at(median)) {
        let ends = [-half, half].map(|side| Point::new((from + to) / 2.0 + side, y));
        canvas.line(ends.to_vec(), theme::INK, theme.line_width);
    }
}
