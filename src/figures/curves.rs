//! Training curves: metrics over iterations or epochs, mean and band over replicates.
//!
//! Smoothing and thinning change what is seen, so the caption states both.

pub(super) mod align;
pub(super) mod runs;
mod thin;

use crate::registry::Entry;
use crate::registry::Names;
use crate::registry::Param;
use crate::registry::Values;
use crate::registry::params;
use crate::table::Table;
use crate::table::stats;

use super::Drawn;
use super::Figure;
use super::FigureError;
use super::FigureInput;
use super::Source;
use super::axes;
use super::dates;
use super::levels::LevelParams;
use super::mapping::Mapping;
use super::mapping::melted;
use super::mapping::no_column;
use super::numbers;
use super::options;
use super::options::AlongX;
use super::options::AxisParams;
use super::options::FacetParams;
use super::options::Groups;
use super::options::Panels;
use super::scale::Scale;
use super::scale::ScaleKind;
use super::xy;
use super::xy::Beside;
use super::xy::Envelope;
use super::xy::SeriesStyle;

use runs::Columns;
use thin::Thinned;

/// The columns that a curve is measured along, the first that it has.
const ALONG: [&str; 3] = ["iteration", "epoch", "step"];

pub(super) struct Curves;

params! {
    /// What `figure/curves` may be given.
    struct CurvesParams {
        /// column of iterations, epochs or seconds [default: `iteration`, or `epoch` or `step` where there is none]
        x: Option<String>;
        /// column of numbers, or a list of them
        y: Names;
        /// weight of the past in a moving average, from 0 (none)
        smooth: f64 = 0.0, min(0), max(0.9999);
        groups: Groups;
        facets: FacetParams;
        levels: LevelParams;
        axes: AxisParams;
    }
}

impl Entry for Curves {
    fn name(&self) -> &'static str {
        "curves"
    }

    fn summary(&self) -> &'static str {
        "training curves, mean and band over replicates, optionally smoothed"
    }

    fn docs(&self) -> &'static str {
        "The input is one long table: a row per iteration of each run, with a column per axis. A run is what agrees in \
         all axes and in the columns of colour, marker, facets and replicates, but for a single axis that nothing \
         names and that counts the points of each run along x, as epochs do along seconds; several rows of it at one x are averaged. \
         `smooth` w replaces each run by its exponential moving average \
         m_t = w m_{t−1} + (1 − w) v_t over 1 − w^t (bias-corrected as in Adam, Kingma & Ba 2015), \
         before the mean over replicates. Curves of more than 300 points, and of more than 300 places that replicates do \
         not share, are averaged within spans that are equally wide on the axis, 300 of them in the part that is shown, \
         over a pale area from the smallest to the largest value of each span. Runs that do not \
         share their x, as seconds, are interpolated linearly, each between its own points, before the mean. A \
         line is paler where it has fewer runs than elsewhere. The caption states all of it."
    }

    fn revision(&self) -> u32 {
        5
    }

    fn params(&self) -> Vec<Param> {
        CurvesParams::params()
    }
}

impl Figure for Curves {
    fn source(&self) -> Source {
        Source::Curves
    }

    fn along_x(&self) -> AlongX {
        AlongX::Any
    }

    fn paint(&self, input: &FigureInput, values: &Values) -> Result<Drawn, FigureError> {
        let params = CurvesParams::read(values)?;
        let panels = Panels::new(&params.facets, &params.axes);
        let x = match params.x {
            Some(x) => x,
            None => along(&input.table)?.to_owned(),
        };
        let mapping = Mapping::new(x, params.y.0, &params.facets)?;
        let mapping = mapping.grouped(&params.groups);
        let smooth = params.smooth;
        let several = mapping.y.len() > 1;
        let (mut table, mapping, y) = melted(&input.table, &mapping)?;
        let x = table
            .column(&mapping.x)
            .ok_or_else(|| no_column(&table, &mapping.x))?;
        let clock = axes::clock(panels, table.rows.iter().map(|row| &row[x]))?;
        let of = Columns::new(&table, (&mapping, &y), several, clock)?;
        of.without_counts(&mut table);
        let title = table.columns[x].title();
        let mut notes = Vec::new();
        let merged = of.merge(&mut table);
        if merged > 0 {
            notes.push(format!(
                "{} the mean of several rows of one run at one {title}.",
                match merged {
                    1 => "1 point is".to_owned(),
                    many => format!("{many} points are each"),
                }
            ));
        }
        if smooth > 0.0 {
            for run in of.runs(&table) {
                runs::moving_average(&mut table, &run, of.y, smooth);
            }
            notes.push(format!(
                "Each run is smoothed by an exponential moving average of weight {smooth}."
            ));
        }
        let mut envelope = None;
        let missing = of.missing(&table);
        let (scale, shown) = along_axis(panels, &table, &of)?;
        let thinned = thin::thin(&mut table, &of, &scale, shown);
        let aligned = align::align(&mut table, &of);
        if aligned {
            notes.push(align::said(&title));
        }
        let reduced = aligned || thinned.is_some();
        if let Some(Thinned {
            span,
            mut low,
            mut high,
        }) = thinned
        {
            for end in [&mut low, &mut high] {
                align::align(end, &of);
            }
            notes.push(format!(
                "Points are means over {}; pale: from the smallest to the largest value.",
                said(span, &scale, (&of, &title))
            ));
            let ends = |table: &Table, pick: fn(&[f64]) -> Option<f64>| {
                axes::plot(panels, table, &mapping).map(|plot| plot.reduced(pick))
            };
            envelope = Some(Envelope {
                low: ends(&low, stats::min)?,
                high: ends(&high, stats::max)?,
            });
        }
        let plot = axes::plot(panels, &table, &mapping)?;
        let look = SeriesStyle {
            markers: false,
            bars: false,
            pale: true,
        };
        let beside = Beside {
            levels: &params.levels,
            envelope,
            missing: reduced.then_some(missing),
        };
        let mut drawn = xy::finish(panels, beside, &plot, look, &notes)?;
        if merged > 0 {
            drawn.warnings.push(format!(
                "several rows of one run have one {title} and are averaged: name what tells them apart under \
                 `replicate`, `color`, `marker` or a facet"
            ));
        }
        Ok(drawn)
    }
}

/// What curves are measured along, where the manifest does not say.
fn along(table: &Table) -> Result<&'static str, FigureError> {
    let known = ALONG.into_iter().find(|name| table.column(name).is_some());
    known.ok_or_else(|| {
        let numbers = table.columns.iter().filter(|column| !column.axis);
        let numbers: Vec<String> = numbers.map(|column| format!("`{}`", column.name)).collect();
        FigureError::Parameter {
            name: "x",
            got: "not given".to_owned(),
            want: format!(
                "these curves have no `{}`: name one of their columns, `with: {{x: …}}`, which are {}",
                ALONG.join("`, `"),
                numbers.join(", ")
            ),
        }
    })
}

/// How x spreads along its axis, and the part of it that is asked for.
fn along_axis(
    panels: Panels<'_>,
    table: &Table,
    of: &Columns,
) -> Result<(Scale, Option<(f64, f64)>), FigureError> {
    let kind = match panels.axes.x_scale {
        kind @ (ScaleKind::Log | ScaleKind::Symlog) => kind,
        _ => ScaleKind::Linear,
    };
    let range = match of.clock {
        Some(clock) => axes::date_range(panels, clock)?,
        None if options::of_dates(&panels.axes.x_range) => None,
        None => options::x_range(&panels.axes.x_range)?,
    };
    let numbers: Vec<f64> = (0..table.rows.len())
        .filter_map(|row| of.at(table, row))
        .collect();
    Ok((Scale::of_numbers(kind, &numbers, range, 0.0), range))
}

/// The spans over which points are means, for the caption.
fn said(span: f64, scale: &Scale, (of, x): (&Columns, &str)) -> String {
    let plain = |number: &str| super::markup::plain(number);
    match (scale, of.clock) {
        (_, Some(_)) => format!("spans of {} ({x})", dates::long(span)),
        (Scale::Log { .. }, _) => {
            let span = plain(&numbers::brief(span));
            format!("spans of {span} decades of {x}")
        }
        (Scale::Symlog { .. }, _) => format!("spans of {x} that are equally wide on the axis"),
        _ => format!("spans of {} ({x})", plain(&numbers::number(span))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a figure with these parameters takes for the curves of a table.
    pub(super) fn columns(table: &Table, params: &str) -> Columns {
        let params: Values = serde_yaml::from_str(params).unwrap();
        let params = CurvesParams::read(&params).unwrap();
        let x = params.x.unwrap_or_else(|| along(table).unwrap().to_owned());
        let y = params.y.0[0].clone();
        let mapping = Mapping::new(x, params.y.0, &params.facets).unwrap();
        let mapping = mapping.grouped(&params.groups);
        let x = table.column(&mapping.x).unwrap();
        let panels = Panels::new(&params.facets, &params.axes);
        let clock = axes::clock(panels, table.rows.iter().map(|row| &row[x])).unwrap();
        Columns::new(table, (&mapping, &y), false, clock).unwrap()
    }

    #[test]
    fn missing_values_are_counted_and_not_the_spans_without_one() {
        let mut csv = "seed,iteration,loss\n".to_owned();
        for i in 0..1000 {
            let loss = if (100..150).contains(&i) { "" } else { "1" };
            csv.push_str(&format!("0,{i},{loss}\n"));
        }
        let input = FigureInput {
            table: Table::from_csv(&csv, &["seed"]).unwrap(),
            ..FigureInput::default()
        };
        let params = serde_yaml::from_str("{y: loss, replicate: seed}").unwrap();
        let drawn = super::super::find("curves").unwrap().draw(&input, &params);
        let caption = drawn.unwrap().caption;
        assert!(caption.contains("50 values are missing"), "{caption}");
    }

    #[test]
    fn curves_are_along_what_they_have() {
        let of =
            |csv: &str| along(&Table::from_csv(csv, &["seed"]).unwrap()).map_err(|e| e.to_string());
        assert_eq!(of("seed,epoch,iteration,loss\n0,1,2,3\n"), Ok("iteration"));
        assert_eq!(of("seed,epoch,loss\n0,1,3\n"), Ok("epoch"));
        let wrong = of("seed,pass,loss\n0,1,3\n").expect_err("refused");
        assert!(wrong.contains("which are `pass`, `loss`"), "{wrong}");
    }
}
