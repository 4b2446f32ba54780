//! Grouped bars with error bars.

use crate::registry::Entry;
use crate::registry::InvalidParam;
use crate::registry::Names;
use crate::registry::Param;
use crate::registry::Values;
use crate::registry::params;

use super::Drawn;
use super::Figure;
use super::FigureError;
use super::FigureInput;
use super::axes;
use super::canvas::Point;
use super::canvas::Rect;
use super::dodge::Dodge;
use super::finish;
use super::grammar::replicates;
use super::grammar::sentence;
use super::hatch;
use super::legend::Sample;
use super::mapping::Mapping;
use super::options;
use super::options::FacetParams;
use super::options::LengthParams;
use super::options::Panels;
use super::options::Repeated;
use super::theme;
use super::xy;

/// Of a bar, in points: at the foot of a shorter one stands a stroke as thick, so that it is told from one that is
/// missing.
const SHORTEST: f64 = 1.2;

pub(super) struct Bar;

params! {
    /// What `figure/bar` may be given.
    struct BarParams {
        /// axis with a group of bars per value
        x: String;
        /// column of numbers, or a list of them
        y: Names;
        /// axis with a colour per value
        color: Option<String>;
        /// hatching beside colours, so that groups differ in grey print too
        hatch: bool = true;
        repeated: Repeated;
        facets: FacetParams;
        length: LengthParams;
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
        "A bar is as long as its value, so the axis holds 0 and is linear. Colours stand side by side \
         at each x, from the second on with light strokes, so that they differ in grey print."
    }

    fn revision(&self) -> u32 {
        4
    }

    fn params(&self) -> Vec<Param> {
        BarParams::params()
    }
}

/// A bar whose foot is not shown says nothing by its length.
fn begins_at_zero(values: &Values) -> Result<(), InvalidParam> {
    let Ok(params) = BarParams::read(values) else {
        return Ok(());
    };
    match params.length.y_range.as_deref() {
        Some([low, high]) if *low > 0.0 || *high < 0.0 => Err(InvalidParam {
            param: "y_range",
            message: format!("from {low} to {high} leaves out 0, where bars begin"),
            help: "give a range that holds 0, or use figure/dots or figure/line".to_owned(),
        }),
        _ => Ok(()),
    }
}

impl Figure for Bar {
    fn check(&self, params: &Values) -> Result<(), InvalidParam> {
        begins_at_zero(params)?;
        options::check(params, self.along_x())
    }

    fn paint(&self, input: &FigureInput, values: &Values) -> Result<Drawn, FigureError> {
        let params = BarParams::read(values)?;
        let axes = params.length.into();
        let panels = Panels::new(&params.facets, &axes);
        let mapping = Mapping {
            color: params.color,
            ..Mapping::new(&params.x, params.y.0, &params.facets)?.repeated(&params.repeated)
        };
        let plot = axes::plot(panels, &input.table, &mapping)?.by_name();
        let theme = plot.facets.theme(&axes.common)?;
        let dodge = Dodge::new(&plot);
        let ys = plot.panels.iter().map(|panel| {
            let points = panel.iter().flat_map(|series| &series.points);
            points
                .flat_map(|(_, estimate)| xy::extent(estimate))
                .collect()
        });
        let x_axes = dodge.axes(panels, &plot)?;
        let y_axes = axes::numbers(panels, axes::Y, ys.collect(), Some(0.0))?;
        let hatched = |color: usize| if params.hatch { color } else { 0 };
        let legend = plot.facets.legend(&theme, |color, _| Sample::Hatched {
            colour: theme.colour(color),
            pattern: hatched(color),
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
        let mut beyond = 0;
        for (i, panel) in plot.panels.iter().enumerate() {
            page.within(i, |canvas, frame, theme| {
                let mut feet = Vec::new();
                for series in panel {
                    for (x, estimate) in &series.points {
                        let Some((from, to)) = dodge.span(frame, x, series) else {
                            continue;
                        };
                        let zero = frame.y_at(0.0).unwrap_or(frame.rect.bottom());
                        let Some(y) = estimate.centre.and_then(|c| frame.y_at(c)) else {
                            continue;
                        };
                        let (top, bottom) = (y.min(zero), y.max(zero));
                        if bottom - top < SHORTEST {
                            let ends = [from, to].map(|x| Point::new(x, zero));
                            feet.push((ends.to_vec(), theme.colour(series.color)));
                        }
                        let rect = Rect {
                            x: from,
                            y: top,
                            width: to - from,
                            height: bottom - top,
                        };
                        let inside = rect.within(frame.rect);
                        beyond += usize::from(inside != rect);
                        canvas.rect(inside, theme.colour(series.color));
                        hatch::draw(canvas, hatched(series.color), inside);
                        let middle = Point::new((from + to) / 2.0, y);
                        xy::bar(canvas, frame, theme, middle, estimate, theme::INK);
                    }
                }
                if let Some(zero) = frame.y_at(0.0) {
                    let ends = [frame.rect.x, frame.rect.right()].map(|x| Point::new(x, zero));
                    canvas.line(ends.to_vec(), theme::INK, theme.spine_width);
                }
                for (ends, colour) in feet {
                    canvas.line(ends, colour, SHORTEST);
                }
            });
        }
        let what = plot.describe();
        let mut caption = format!(
            "{what}. {}",
            sentence(&replicates(&plot.summary, Some("error bar")))
        );
        match beyond {
            0 => {}
            1 => caption.push_str(" 1 bar is longer than the axis."),
            bars => caption.push_str(&format!(" {bars} bars are longer than the axis.")),
        }
        finish(page, &what, plot.summary.to_csv(), caption)
    }
}

#[cfg(test)]
mod tests {
    use crate::figures::FigureInput;
    use crate::figures::find;
    use crate::table::Table;

    fn drawn(csv: &str, axes: &[&str], params: &str) -> crate::figures::Rendered {
        let input = FigureInput {
            table: Table::from_csv(csv, axes).unwrap(),
            ..FigureInput::default()
        };
        let params = serde_yaml::from_str(&format!("{{{params}, hatch: false}}")).unwrap();
        find("bar").unwrap().draw(&input, &params).unwrap()
    }

    #[test]
    fn a_bar_is_as_long_as_its_value_and_one_of_zero_has_none() {
        let svg = drawn("g,y\na,-3\nb,0\nc,0.01\nd,5\n", &["g"], "x: g, y: y").svg;
        let bars = svg.split("<polygon fill=\"#0072B2\" points=\"").skip(1);
        let heights = bars.map(|bar| {
            let points = bar.split('"').next().unwrap().split_whitespace();
            let ys = points.map(|point| point.split(',').nth(1).unwrap().parse::<f64>().unwrap());
            let (low, high) = ys.fold((f64::MAX, f64::MIN), |(l, h), y| (l.min(y), h.max(y)));
            high - low
        });
        let heights: Vec<f64> = heights.collect();
        let [a, b, c, d] = heights[..] else {
            panic!("{heights:?}");
        };
        // In whole units of the file, a hundredth of a point.
        let share = |height: f64, of: f64| (height / d - of).abs() < 1e-3;
        assert!(share(a, 0.6) && b == 0.0 && share(c, 0.002), "{heights:?}");
    }

    #[test]
    fn a_row_that_stands_twice_counts_once() {
        let csv = "m,seed,v\na,0,1\na,1,2\na,1,2\nb,0,3\nb,1,5\n";
        let params = "x: m, y: v, replicate: seed, band: sd";
        let csv = drawn(csv, &["m", "seed"], params).csv;
        assert!(csv.contains("\na,1.5,") && csv.contains(",2,0\n"), "{csv}");
    }
}
