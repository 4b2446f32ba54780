//! Histograms of rows by group, as densities, with a smooth density over them.

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
use super::density::Density;
use super::facets::Facets;
use super::finish;
use super::grammar::capital;
use super::legend::Sample;
use super::mapping::Mapping;
use super::mapping::no_column;
use super::options;
use super::options::AxisParams;
use super::options::FacetParams;
use super::options::Panels;
use super::options::Shared;
use super::scale::Scale;
use super::sheet::Frame;
use super::theme::Theme;

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
         as wide as Freedman & Diaconis (1981) advise, between 5 and 60 of them. With `x_range` they are over the values in it, and heights are shares of all values. The curve is a Gaussian kernel \
         density with the bandwidth of Silverman (1986, eq. 3.31), drawn for groups of 5 values \
         or more. On a logarithmic axis both are of the logarithm: bins are of equal width there, and \
         areas are 1 over decades."
    }

    fn revision(&self) -> u32 {
        3
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
        let range = options::x_range(&params.axes.x_range)?;
        let is_shown = |number: &f64| match range {
            Some((low, high)) => (low..=high).contains(number),
            None => true,
        };
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
            let mut binned = binned.iter().copied().filter(is_shown).peekable();
            // Of a range in a gap of the data the ends are its own.
            match (binned.peek(), range) {
                (None, Some((low, high))) => {
                    edges(&even(scale, &mut [low, high].into_iter()), params.bins)
                }
                _ => edges(&even(scale, &mut binned), params.bins),
            }
        });
        let mut ends: Vec<Vec<f64>> = ends.collect();
        let smooth = params.density;
        let mut groups: Vec<Vec<Group>> = facets
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
        // Of more groups than colours the dashes tell which is meant.
        let dashed = facets.colors.len() > theme.palette.len();
        for group in groups.iter_mut().flatten() {
            group.dashed = dashed;
        }
        let xs = ends.iter().zip(&groups).zip(scales.iter().zip(&numbers));
        let xs = xs.map(|((edges, curves), (scale, own))| {
            let mut shown = vec![edges[0], edges[edges.len() - 1]];
            shown.extend(reach(curves));
            if let Scale::Symlog { .. } = scale {
                // It is linear up to the smallest of all.
                shown.extend(own);
            }
            shown
        });
        let xs = xs.collect();
        let ys = groups.iter().map(|panel| {
            let heights = panel.iter().flat_map(|group| {
                let curve = group.curve.iter().filter(|(x, _)| is_shown(x));
                let curve = curve.map(|(_, density)| *density);
                curve.chain(group.heights.iter().copied())
            });
            heights.collect()
        });
        let x_axes = axes::numbers(panels, axes::X, xs, None)?;
        let y_axes = axes::numbers(panels, axes::Y, ys.collect(), Some(0.0))?;
        let legend = facets.legend(&theme, |color, _| match dashed {
            true => Sample::Line {
                colour: theme.colour(color),
                dash: theme.dash(color).to_vec(),
                marker: None,
            },
            false => Sample::Area {
                colour: theme.colour(color).opacity(0.6),
            },
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
        let beyond = all.iter().filter(|number| !is_shown(number)).count();
        if beyond > 0 {
            caption.push_str(&format!(
                " of all values; {} beyond the range",
                match beyond {
                    1 => "1 value is".to_owned(),
                    many => format!("{many} values are"),
                }
            ));
        }
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
    /// Whether the outline of its bars is dashed where it has no curve.
    dashed: bool,
}

impl Group {
    pub(super) fn new(color: usize, values: &[f64], edges: &[f64], smooth: bool) -> Self {
        let bins = edges.len() - 1;
        let (low, high) = (edges[0], edges[bins]);
        let width = (high - low) / bins as f64;
        let mut counts = vec![0; bins];
        for value in values {
            let bin = ((value - low) / width).floor();
            // Rounding on the way to the axis and back moves the ends; what is beyond has no bar.
            if (-1e-9..=bins as f64 + 1e-9).contains(&((value - low) / width)) {
                counts[(bin.max(0.0) as usize).min(bins - 1)] += 1;
            }
        }
        let area = values.len().max(1) as f64 * width;
        Group {
            color,
            n: values.len(),
            heights: counts.iter().map(|count| *count as f64 / area).collect(),
            counts,
            dashed: false,
            curve: match smooth {
                true => Density::of(values).map_or_else(Vec::new, |density| density.curve()),
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
            let dash = match self.dashed && self.curve.is_empty() {
                true => theme.dash(self.color),
                false => &[],
            };
            canvas.dashed(area, colour.opacity(0.7), theme.line_width * 0.6, dash);
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

/// The ends of all curves.
fn reach(groups: &[Group]) -> Vec<f64> {
    let curves = groups.iter().map(|group| &group.curve);
    let ends = curves.filter_map(|curve| Some([curve.first()?.0, curve.last()?.0]));
    ends.flatten().collect()
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
}
