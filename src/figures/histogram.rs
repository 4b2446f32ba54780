//! Histograms of rows by group, as densities, with a smooth density over them.

use std::f64::consts::PI;

use crate::registry::Entry;
use crate::registry::Param;
use crate::registry::Values;
use crate::registry::params;
use crate::table::Column;
use crate::table::Table;
use crate::table::stats;

use super::Drawn;
use super::Figure;
use super::FigureError;
use super::FigureInput;
use super::axes;
use super::canvas::Canvas;
use super::canvas::Point;
use super::facets::Facets;
use super::finish;
use super::grammar::capital;
use super::legend::Sample;
use super::mapping::Mapping;
use super::mapping::no_column;
use super::options::AxisParams;
use super::options::FacetParams;
use super::options::Panels;
use super::options::Shared;
use super::scale::Scale;
use super::sheet::Frame;
use super::theme::Theme;

/// Places at which the smooth density is drawn.
const CURVE: usize = 120;
/// Opacity of bars that may stand before others.
const BARS: f64 = 0.3;

pub(super) struct Histogram;

params! {
    /// What `figure/histogram` may be given.
    struct HistogramParams {
        /// column of numbers
        x: String;
        /// column with a colour per value
        color: Option<String>;
        /// how many; by default from the data
        bins: Option<usize>, min(1), max(500);
        /// a smooth density over the bars
        density: bool = true;
        facets: FacetParams;
        axes: AxisParams;
    }
}

impl Entry for Histogram {
    fn name(&self) -> &'static str {
        "histogram"
    }

    fn summary(&self) -> &'static str {
        "distribution of a column by group, with a smooth density"
    }

    fn docs(&self) -> &'static str {
        "Areas are 1 per group. Bins are shared by all groups, and by all panels that share their x; by default \
         as wide as Freedman & Diaconis (1981) advise, between 5 and 60 of them. The curve is a Gaussian kernel \
         density with the bandwidth of Silverman (1986, eq. 3.31), drawn for groups of 5 values \
         or more. On a logarithmic axis both are of the logarithm: bins are of equal width there, and \
         areas are 1 over decades."
    }

    fn params(&self) -> Vec<Param> {
        HistogramParams::params()
    }
}

impl Figure for Histogram {
    fn paint(&self, input: &FigureInput, values: &Values) -> Result<Drawn, FigureError> {
        let params = HistogramParams::read(values)?;
        let panels = Panels::new(&params.facets, &params.axes);
        let mapping = Mapping {
            color: params.color,
            ..Mapping::new(&params.x, vec![params.x.clone()], &params.facets)?
        };
        let table = &input.table;
        let x = table
            .column(&mapping.x)
            .ok_or_else(|| no_column(table, &mapping.x))?;
        let facets = axes::facets(panels, table, &mapping)?;
        let all: Vec<f64> = (0..table.rows.len())
            .filter_map(|row| table.number(row, x))
            .collect();
        if all.is_empty() {
            return Err(FigureError::Empty(format!(
                "`{}` holds no numbers",
                mapping.x
            )));
        }
        let own_x = matches!(params.facets.scales, Shared::None | Shared::Y);
        let numbers = facets.panels.iter().map(|panel| {
            let rows = panel.groups.iter().flat_map(|group| &group.rows);
            rows.filter_map(|&row| table.number(row, x)).collect()
        });
        let numbers: Vec<Vec<f64>> = numbers.collect();
        // Bins and densities are even on the axis that is drawn, be it a logarithm.
        let scales = axes::numbers(panels, axes::X, numbers.clone(), None)?.into_iter();
        let scales: Vec<Scale> = scales.map(|axis| axis.scale).collect();
        let even = |scale: &Scale, numbers: &mut dyn Iterator<Item = f64>| -> Vec<f64> {
            numbers.filter_map(|number| scale.even(number)).collect()
        };
        let ends = scales.iter().zip(&numbers).map(|(scale, own)| {
            let binned = if own_x { own } else { &all };
            edges(&even(scale, &mut binned.iter().copied()), params.bins)
        });
        let mut ends: Vec<Vec<f64>> = ends.collect();
        let smooth = params.density;
        let groups: Vec<Vec<Group>> = facets
            .panels
            .iter()
            .zip(scales.iter().zip(&ends))
            .map(|(panel, (scale, edges))| {
                let groups = panel.groups.iter().map(|group| {
                    let mut rows = group.rows.iter().filter_map(|&row| table.number(row, x));
                    let values = even(scale, &mut rows);
                    let mut group = Group::new(group.color, &values, edges, smooth);
                    for (x, _) in &mut group.curve {
                        *x = scale.uneven(*x);
                    }
                    group
                });
                groups.collect()
            })
            .collect();
        for (scale, edges) in scales.iter().zip(&mut ends) {
            edges
                .iter_mut()
                .for_each(|edge| *edge = scale.uneven(*edge));
        }

        let theme = facets.theme(&params.axes.common)?;
        let xs = ends.iter().zip(scales.iter().zip(&numbers));
        let xs = xs.map(|(edges, (scale, own))| {
            let mut shown = vec![edges[0], edges[edges.len() - 1]];
            if let Scale::Symlog { .. } = scale {
                // It is linear up to the smallest of all.
                shown.extend(own);
            }
            shown
        });
        let xs = xs.collect();
        let ys = groups.iter().map(|panel| {
            let heights = panel.iter().flat_map(|group| {
                let curve = group.curve.iter().map(|(_, density)| *density);
                curve.chain(group.heights.iter().copied())
            });
            heights.collect()
        });
        let x_axes = axes::numbers(panels, axes::X, xs, None)?;
        let y_axes = axes::numbers(panels, axes::Y, ys.collect(), Some(0.0))?;
        let legend = facets.legend(&theme, |color, _| Sample::Area {
            colour: theme.colour(color).opacity(0.6),
        });
        let column = &table.columns[x];
        let density = match scales[0] {
            Scale::Log { .. } => "density per decade",
            _ => "density",
        };
        let labels = (column.title_with_unit(), density.to_owned());
        let sheet = axes::sheet(panels, &theme, &facets, (x_axes, y_axes), labels, legend)?;
        let mut page = sheet.open();
        for (i, panel) in groups.iter().enumerate() {
            // Of many groups, the outlines tell bars apart.
            let opacity = if panel.len() > 2 { BARS / 3.0 } else { BARS };
            page.inside(i, |canvas, frame, theme| {
                for group in panel {
                    group.bars(canvas, frame, theme, &ends[i], opacity);
                }
                for group in panel {
                    group.line(canvas, frame, theme);
                }
            });
        }
        let what = format!(
            "Distribution of {}{}",
            column.title_with_unit(),
            facets.describe(&[])
        );
        let counts = groups.iter().flatten().map(|group| group.n);
        let (low, high) = counts.fold((usize::MAX, 0), |(l, h), n| (l.min(n), h.max(n)));
        let n = match low == high {
            true => format!("n = {low}"),
            false => format!("n = {low} to {high}"),
        };
        let each = if groups.iter().flatten().count() > 1 {
            " per group"
        } else {
            ""
        };
        let bins = ends.iter().map(|edges| edges.len() - 1);
        let bins = match (bins.clone().min(), bins.max()) {
            (Some(few), Some(many)) if few < many => format!("{few} to {many}"),
            (_, many) => many.unwrap_or(0).to_string(),
        };
        let bins = match scales[0] {
            Scale::Linear { .. } => format!("{bins} bins"),
            _ => format!("{bins} bins of equal width on the axis"),
        };
        let mut caption = format!("{}. {n}{each}; {bins}, areas of 1", capital(&what));
        if groups.iter().flatten().any(|group| !group.curve.is_empty()) {
            caption.push_str("; lines: Gaussian kernel densities (bandwidth after Silverman)");
        }
        let without = table.rows.len() - all.len();
        if without > 0 {
            caption.push_str(&format!("; {without} rows without a number are left out"));
        }
        caption.push('.');
        let shown: usize = groups.iter().flatten().map(|group| group.n).sum();
        caption.push_str(&axes::said(&page.frames, all.len() - shown));
        let csv = listing(&facets, &groups, &ends, column);
        finish(page, &what, csv, caption)
    }
}

/// The bars and the curve of one colour in one panel.
pub(super) struct Group {
    color: usize,
    n: usize,
    counts: Vec<usize>,
    pub heights: Vec<f64>,
    pub curve: Vec<(f64, f64)>,
}

impl Group {
    pub(super) fn new(color: usize, values: &[f64], edges: &[f64], smooth: bool) -> Self {
        let bins = edges.len() - 1;
        let (low, high) = (edges[0], edges[bins]);
        let width = (high - low) / bins as f64;
        let mut counts = vec![0; bins];
        for value in values {
            let bin = ((value - low) / width).floor().max(0.0) as usize;
            counts[bin.min(bins - 1)] += 1;
        }
        let area = values.len().max(1) as f64 * width;
        Group {
            color,
            n: values.len(),
            heights: counts.iter().map(|count| *count as f64 / area).collect(),
            counts,
            curve: match smooth {
                true => density(values, low, high),
                false => Vec::new(),
            },
        }
    }

    pub(super) fn bars(
        &self,
        canvas: &mut Canvas,
        frame: &Frame,
        theme: &Theme,
        edges: &[f64],
        opacity: f64,
    ) {
        let colour = theme.colour(self.color);
        let mut outline = Vec::new();
        for (i, height) in self.heights.iter().enumerate() {
            // An empty bin has its place on a logarithm too.
            let y = frame.y_at(*height).unwrap_or(frame.rect.bottom());
            let ends = [i, i + 1].map(|i| Some(Point::new(frame.x_at(edges[i])?, y)));
            outline.extend(ends.into_iter().flatten());
        }
        let (Some(first), Some(last)) = (outline.first().copied(), outline.last().copied()) else {
            return;
        };
        let floor = frame.rect.bottom();
        let mut area = vec![Point::new(first.x, floor)];
        area.extend(outline);
        area.push(Point::new(last.x, floor));
        canvas.area(area.clone(), colour.opacity(opacity));
        if self.curve.is_empty() || opacity < BARS {
            canvas.line(area, colour.opacity(0.7), theme.line_width * 0.6);
        }
    }

    pub(super) fn line(&self, canvas: &mut Canvas, frame: &Frame, theme: &Theme) {
        let points = self.curve.iter().filter_map(|(x, y)| frame.at(*x, *y));
        let dash = theme.dash(self.color);
        canvas.dashed(
            points.collect(),
            theme.colour(self.color),
            theme.line_width,
            dash,
        );
    }
}

/// Ends of equal bins over all values.
pub(super) fn edges(values: &[f64], bins: Option<usize>) -> Vec<f64> {
    let (low, high) = match (stats::min(values), stats::max(values)) {
        (Some(low), Some(high)) if low < high => (low, high),
        (Some(only), _) => {
            let half = if only == 0.0 { 0.5 } else { only.abs() / 20.0 };
            (only - half, only + half)
        }
        _ => (0.0, 1.0),
    };
    let bins = bins.unwrap_or_else(|| {
        let quartile = |q| stats::quantile(values, q).unwrap_or(0.0);
        let spread = quartile(0.75) - quartile(0.25);
        let width = 2.0 * spread / (values.len() as f64).cbrt();
        let bins = match width > 0.0 {
            true => ((high - low) / width).ceil(),
            // One value alone has the bin in the middle.
            false => 11.0,
        };
        bins.clamp(5.0, 60.0) as usize
    });
    let edge = |i: usize| low + (high - low) * i as f64 / bins as f64;
    (0..=bins).map(edge).collect()
}

/// A Gaussian kernel density; empty for few or equal values.
pub(super) fn density(values: &[f64], low: f64, high: f64) -> Vec<(f64, f64)> {
    let n = values.len() as f64;
    let (Some(sd), Some(q1), Some(q3)) = (
        stats::standard_deviation(values),
        stats::quantile(values, 0.25),
        stats::quantile(values, 0.75),
    ) else {
        return Vec::new();
    };
    let spread = match (q3 - q1) / 1.34 {
        robust if robust > 0.0 => sd.min(robust),
        _ => sd,
    };
    let bandwidth = 0.9 * spread * n.powf(-0.2);
    if values.len() < 5 || bandwidth.is_nan() || bandwidth <= 0.0 {
        return Vec::new();
    }
    let at = |i: usize| low + (high - low) * i as f64 / (CURVE - 1) as f64;
    let kernel = |x: f64| {
        let sum: f64 = values
            .iter()
            .map(|value| (-((x - value) / bandwidth).powi(2) / 2.0).exp())
            .sum();
        sum / (n * bandwidth * (2.0 * PI).sqrt())
    };
    (0..CURVE).map(|i| (at(i), kernel(at(i)))).collect()
}

/// Each bar: its group, ends, count and height.
fn listing(facets: &Facets, groups: &[Vec<Group>], ends: &[Vec<f64>], column: &Column) -> String {
    let color = match &facets.color {
        Some(color) => color.name.clone(),
        None => "group".to_owned(),
    };
    let names = ["panel", &color, "low", "high", "count", "density"];
    let mut table = Table {
        columns: names.iter().map(|name| Column::axis(name)).collect(),
        rows: Vec::new(),
    };
    for ((part, panel), edges) in facets.panels.iter().zip(groups).zip(ends) {
        for group in panel {
            for (i, count) in group.counts.iter().enumerate() {
                table.rows.push(vec![
                    match part.title.is_empty() {
                        true => column.title().into(),
                        false => part.title.clone().into(),
                    },
                    facets.colors[group.color].clone(),
                    edges[i].into(),
                    edges[i + 1].into(),
                    (*count).into(),
                    group.heights[i].into(),
                ]);
            }
        }
    }
    table.to_csv()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_are_one() {
        let values: Vec<f64> = (0..40).map(|i| (f64::from(i) * 0.7).sin()).collect();
        let edges = edges(&values, None);
        let group = Group::new(0, &values, &edges, false);
        let width = edges[1] - edges[0];
        let area: f64 = group.heights.iter().map(|height| height * width).sum();
        assert!((area - 1.0).abs() < 1e-12);
        assert_eq!(group.counts.iter().sum::<usize>(), 40);
    }

    #[test]
    fn equal_values_have_one_bar_and_no_curve() {
        let edges = edges(&[2.0; 9], None);
        let group = Group::new(0, &[2.0; 9], &edges, true);
        assert!(group.curve.is_empty());
        assert_eq!(group.counts.iter().filter(|count| **count > 0).count(), 1);
    }

    /// Scott (1992): the density of one Gaussian kernel is its bandwidth's normal density; here
    /// the curve of a standard normal sample integrates to nearly 1 over ±4 deviations.
    #[test]
    fn the_curve_integrates_to_one() {
        let values: Vec<f64> = (1..200)
            .map(|i| {
                use statrs::distribution::ContinuousCDF;
                statrs::distribution::Normal::standard().inverse_cdf(f64::from(i) / 200.0)
            })
            .collect();
        let curve = density(&values, -4.0, 4.0);
        let step = curve[1].0 - curve[0].0;
        let area: f64 = curve.iter().map(|(_, y)| y * step).sum();
        assert!((area - 1.0).abs() < 1e-3, "{area}");
    }
}
