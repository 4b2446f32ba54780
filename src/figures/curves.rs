//! Training curves: metrics over iterations or epochs, mean and band over replicates.
//!
//! Smoothing and thinning change what is seen, so the caption states both.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;

use serde_json::Value as Json;

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
use super::levels::LevelParams;
use super::mapping::Mapping;
use super::mapping::melted;
use super::mapping::no_column;
use super::options::AlongX;
use super::options::AxisParams;
use super::options::FacetParams;
use super::options::Groups;
use super::options::Panels;
use super::xy;
use super::xy::Beside;
use super::xy::Envelope;
use super::xy::SeriesStyle;

/// Points a curve may have: about one per third of a point in a single column.
const POINTS: usize = 300;

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
        "The input is one long table: a row per iteration of each run, with a column per axis. \
         `smooth` w replaces each run by its exponential moving average \
         m_t = w m_{t−1} + (1 − w) v_t over 1 − w^t (bias-corrected as in Adam, Kingma & Ba 2015), \
         before the mean over replicates. Curves of more than 300 points are averaged within \
         equal spans of x, over a pale area from the smallest to the largest value of each span. Runs that do not \
         share their x, as seconds, are interpolated linearly, each between its own points, before the mean. A \
         line is paler where runs have ended. The caption states all of it."
    }

    fn revision(&self) -> u32 {
        2
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
        let y = table.column(&y).ok_or_else(|| no_column(&table, &y))?;
        let runs = runs(&table, x, y);
        let mut notes = Vec::new();
        if smooth > 0.0 {
            for run in &runs {
                moving_average(&mut table, run, y, smooth);
            }
            notes.push(format!(
                "Each run is smoothed by an exponential moving average of weight {smooth}."
            ));
        }
        let mut envelope = None;
        let missing = missing(&table, x, y);
        let thinned = thin(&mut table, &runs, x, y);
        let mut groups = mapping.by(several);
        groups.retain(|name| *name != mapping.x);
        let groups = groups
            .iter()
            .map(|name| table.column(name).ok_or_else(|| no_column(&table, name)));
        let groups: Vec<usize> = groups.collect::<Result<_, _>>()?;
        let aligned = align(&mut table, &groups, x, y);
        if aligned {
            let x = table.columns[x].title();
            notes.push(format!(
                "Runs that do not share {x} are interpolated linearly between their own points."
            ));
        }
        let reduced = aligned || thinned.is_some();
        if let Some(Thinned {
            span,
            mut low,
            mut high,
        }) = thinned
        {
            for end in [&mut low, &mut high] {
                align(end, &groups, x, y);
            }
            let unit = table.columns[x].title();
            let span = super::numbers::number(span);
            let span = super::markup::plain(&span);
            notes.push(format!(
                "Points are means over spans of {span} ({unit}); pale: from the smallest to the \
                 largest value."
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
        xy::finish(panels, beside, &plot, look, &notes)
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

/// Row numbers of each run in the order of x: rows that agree on all axes.
fn runs(table: &Table, x: usize, y: usize) -> Vec<Vec<usize>> {
    let axes: Vec<usize> = (0..table.columns.len())
        .filter(|&i| table.columns[i].axis && i != x && i != y)
        .collect();
    let mut index = HashMap::new();
    let mut runs: Vec<Vec<usize>> = Vec::new();
    for (row, values) in table.rows.iter().enumerate() {
        let at: Vec<&Json> = axes.iter().map(|&i| &values[i]).collect();
        let run = *index.entry(at).or_insert_with(|| {
            runs.push(Vec::new());
            runs.len() - 1
        });
        runs[run].push(row);
    }
    for run in &mut runs {
        run.sort_by(|&a, &b| {
            let (a, b) = (table.number(a, x), table.number(b, x));
            a.unwrap_or(f64::INFINITY)
                .total_cmp(&b.unwrap_or(f64::INFINITY))
        });
    }
    runs
}

/// Points without a value.
fn missing(table: &Table, x: usize, y: usize) -> usize {
    let rows = 0..table.rows.len();
    let points = rows.filter(|row| table.number(*row, x).is_some());
    points.filter(|row| table.number(*row, y).is_none()).count()
}

/// A missing value stays missing and leaves the average as it was.
fn moving_average(table: &mut Table, run: &[usize], y: usize, weight: f64) {
    let (mut sum, mut seen) = (0.0, 0);
    for &row in run {
        if let Some(value) = table.number(row, y) {
            seen += 1;
            sum = weight * sum + (1.0 - weight) * value;
            let corrected = sum / (1.0 - weight.powi(seen));
            table.rows[row][y] = corrected.into();
        }
    }
}

/// What averaging within spans leaves beside the means.
struct Thinned {
    span: f64,
    /// The table with the smallest, and with the largest value of each span.
    low: Table,
    high: Table,
}

/// Averages long runs within equal spans of x, the same for all runs.
fn thin(table: &mut Table, runs: &[Vec<usize>], x: usize, y: usize) -> Option<Thinned> {
    let longest = runs.iter().map(Vec::len).max()?;
    if longest <= POINTS {
        return None;
    }
    let numbers: Vec<f64> = (0..table.rows.len())
        .filter_map(|row| table.number(row, x))
        .collect();
    let low = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let high = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut span = (high - low) / POINTS as f64;
    if span.is_nan() || span <= 0.0 {
        return None;
    }
    // Whole iterations have whole spans.
    if numbers.iter().all(|number| number.fract() == 0.0) {
        span = span.ceil();
    }
    let (mut rows, mut lows, mut highs) = (Vec::new(), Vec::new(), Vec::new());
    for run in runs {
        let mut bins: BTreeMap<i64, (Vec<usize>, Vec<f64>)> = Default::default();
        for &row in run {
            if let Some(at) = table.number(row, x) {
                let bin = bins.entry(((at - low) / span).floor() as i64).or_default();
                bin.0.push(row);
                bin.1.extend(table.number(row, y));
            }
        }
        for (bin, (members, values)) in bins {
            let mut row = table.rows[members[0]].clone();
            row[x] = (low + (bin as f64 + 0.5) * span).into();
            for (rows, reduce) in [
                (&mut rows, stats::mean as fn(&[f64]) -> Option<f64>),
                (&mut lows, stats::min),
                (&mut highs, stats::max),
            ] {
                row[y] = reduce(&values).map_or(Json::Null, Json::from);
                rows.push(row.clone());
            }
        }
    }
    let of = |rows: Vec<Vec<Json>>| Table {
        columns: table.columns.clone(),
        rows,
    };
    let (low, high) = (of(lows), of(highs));
    table.rows = rows;
    Some(Thinned { span, low, high })
}

/// Gives the runs of each group the x of all of them where they do not share theirs: what a run lacks between two
/// of its points lies on the line that joins these. Whether there was any such group.
///
/// A mean over the runs that happen to have a point would hop from run to run.
fn align(table: &mut Table, groups: &[usize], x: usize, y: usize) -> bool {
    let measured = (0..table.columns.len()).filter(|at| ![x, y].contains(at));
    let measured: Vec<usize> = measured.filter(|at| !table.columns[*at].axis).collect();
    // What has no x is no point, nor is a row of something else that is measured along with it.
    let is_point = |row: &usize| {
        let of_another = || measured.iter().any(|at| !table.rows[*row][*at].is_null());
        table.number(*row, x).is_some() && (table.number(*row, y).is_some() || !of_another())
    };
    let mut known = HashMap::new();
    let mut grouped: Vec<Vec<Vec<usize>>> = Vec::new();
    for run in runs(table, x, y) {
        // One run may have parts in several groups, such as phases.
        let mut parts: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for row in run.into_iter().filter(is_point) {
            let at: Vec<Json> = groups.iter().map(|&i| table.rows[row][i].clone()).collect();
            let group = *known.entry(at).or_insert_with(|| {
                grouped.push(Vec::new());
                grouped.len() - 1
            });
            parts.entry(group).or_default().push(row);
        }
        for (group, part) in parts {
            grouped[group].push(part);
        }
    }
    // By the first row of a group, in whose place they stand: legends are in the order of rows.
    let mut instead: HashMap<usize, Vec<Vec<Json>>> = HashMap::new();
    let mut replaced = HashSet::new();
    for runs in grouped {
        if let Some(aligned) = aligned(table, &runs, x, y) {
            let rows = || runs.iter().flatten().copied();
            instead.extend(rows().min().map(|first| (first, aligned)));
            replaced.extend(rows());
        }
    }
    if instead.is_empty() {
        return false;
    }
    for (i, row) in std::mem::take(&mut table.rows).into_iter().enumerate() {
        table.rows.extend(instead.remove(&i).into_iter().flatten());
        if !replaced.contains(&i) {
            table.rows.push(row);
        }
    }
    true
}

/// The rows of runs at the x of all of them, in the order of x; none where each has all that lie between its ends.
fn aligned(table: &Table, runs: &[Vec<usize>], x: usize, y: usize) -> Option<Vec<Vec<Json>>> {
    let points = |run: &Vec<usize>| -> Vec<(f64, usize)> {
        let points = run.iter();
        points
            .filter_map(|&row| Some((table.number(row, x)?, row)))
            .collect()
    };
    let runs: Vec<Vec<(f64, usize)>> = runs.iter().map(points).collect();
    // A place is written in one way by all runs, as one of them has it: 5, not 5.0 as well.
    let written = |(at, row): &(f64, usize)| (*at, table.rows[*row][x].clone());
    let mut places: Vec<(f64, Json)> = runs.iter().flatten().map(written).collect();
    places.sort_by(|a, b| a.0.total_cmp(&b.0));
    places.dedup_by(|a, b| a.0 == b.0);
    let grid: Vec<f64> = places.iter().map(|(at, _)| *at).collect();
    let within = |run: &[(f64, usize)]| -> &[f64] {
        let (Some(first), Some(last)) = (run.first(), run.last()) else {
            return &[];
        };
        let from = grid.partition_point(|at| *at < first.0);
        let to = grid.partition_point(|at| *at <= last.0);
        &grid[from..to]
    };
    let is_whole = |run: &Vec<(f64, usize)>| {
        let places = run.chunk_by(|a, b| a.0 == b.0);
        places.count() == within(run).len()
    };
    if runs.iter().all(is_whole) {
        return None;
    }
    // Many runs with places of their own each: all of them at those of all would be very many rows.
    let most = places.len().div_ceil(POINTS);
    let kept = |place: &f64| -> Option<Json> {
        let at = grid.partition_point(|known| known < place);
        at.is_multiple_of(most).then(|| places[at].1.clone())
    };
    let mut rows: Vec<(f64, Vec<Json>)> = Vec::new();
    for run in &runs {
        let mut own = run.iter().copied().peekable();
        let mut before: Option<(f64, usize)> = None;
        for place in within(run) {
            let kept = kept(place);
            let mut has_own = false;
            while let Some(point) = own.next_if(|(at, _)| at == place) {
                if let Some(written) = &kept {
                    let mut row = table.rows[point.1].clone();
                    row[x] = written.clone();
                    rows.push((*place, row));
                }
                before = Some(point);
                has_own = true;
            }
            let Some(written) = kept.filter(|_| !has_own) else {
                continue;
            };
            let (Some((from, left)), Some((to, right))) = (before, own.peek()) else {
                continue;
            };
            let ends = table.number(left, y).zip(table.number(*right, y));
            let between = |(a, b): (f64, f64)| a + (b - a) * (place - from) / (to - from);
            let mut row = table.rows[left].clone();
            row[x] = written;
            row[y] = ends.map_or(Json::Null, |ends| between(ends).into());
            rows.push((*place, row));
        }
    }
    // Of one x the runs stay in their order.
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    Some(rows.into_iter().map(|(_, row)| row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_that_do_not_share_their_x_are_interpolated_between_their_own_points() {
        let csv = "seed,step,loss\n0,0,0\n0,20,2\n0,40,4\n1,0,10\n1,25,15\n1,30,\n1,50,20\n";
        let mut table = Table::from_csv(csv, &["seed"]).unwrap();
        assert!(align(&mut table, &[], 1, 2));
        // One place is one value, whoever has a point there.
        assert!(table.rows.iter().all(|row| row[1].is_i64()));
        let of = |seed: usize| -> Vec<(f64, Option<f64>)> {
            let rows =
                (0..table.rows.len()).filter(|row| table.number(*row, 0) == Some(seed as f64));
            rows.map(|row| (table.number(row, 1).unwrap(), table.number(row, 2)))
                .collect()
        };
        let own = [
            (0.0, 0.0),
            (20.0, 2.0),
            (25.0, 2.5),
            (30.0, 3.0),
            (40.0, 4.0),
        ];
        assert_eq!(of(0), own.map(|(x, y)| (x, Some(y))));
        // Beside a missing value there is none, and beyond the ends neither.
        let other = [(0.0, Some(10.0)), (20.0, Some(14.0)), (25.0, Some(15.0))];
        let missing = [(30.0, None), (40.0, None), (50.0, Some(20.0))];
        assert_eq!(of(1), [other, missing].concat());
        // Each in a group of its own: nothing is shared.
        let mut apart = Table::from_csv(csv, &["seed"]).unwrap();
        assert!(!align(&mut apart, &[0], 1, 2));
        assert_eq!(
            apart.to_csv(),
            Table::from_csv(csv, &["seed"]).unwrap().to_csv()
        );
    }

    #[test]
    fn runs_that_share_their_x_stay_as_they_are() {
        let csv = "seed,step,loss\n0,0,1\n0,10,\n0,20,3\n1,0,1\n1,10,5\n";
        let mut table = Table::from_csv(csv, &["seed"]).unwrap();
        assert!(!align(&mut table, &[], 1, 2));
        assert_eq!(table.rows.len(), 5);
    }

    fn table(rows: usize) -> Table {
        let mut csv = "seed,iteration,loss\n".to_owned();
        for seed in 0..2 {
            for i in 0..rows {
                csv.push_str(&format!("{seed},{i},{}\n", if i % 2 == 0 { 1 } else { 3 }));
            }
        }
        Table::from_csv(&csv, &["seed"]).unwrap()
    }

    #[test]
    fn long_curves_are_averaged_within_whole_spans() {
        let mut table = table(1000);
        let runs = runs(&table, 1, 2);
        assert_eq!(runs.len(), 2);
        let thinned = thin(&mut table, &runs, 1, 2).expect("a long run");
        assert_eq!(thinned.span, 4.0);
        assert_eq!(thinned.low.number(0, 2), Some(1.0));
        assert_eq!(thinned.high.number(0, 2), Some(3.0));
        assert_eq!(table.rows.len(), 2 * 250);
        assert_eq!(table.number(0, 2), Some(2.0));
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

    #[test]
    fn a_moving_average_starts_at_the_first_value() {
        let mut table = table(3);
        let runs = runs(&table, 1, 2);
        moving_average(&mut table, &runs[0], 2, 0.5);
        let got: Vec<f64> = (0..3).filter_map(|row| table.number(row, 2)).collect();
        // 1; (0.5 · 1 + 3) / 1.5; (0.25 · 1 + 0.5 · 3 + 1) / 1.75
        let want = [1.0, 3.5 / 1.5, 2.75 / 1.75];
        for (got, want) in got.iter().zip(want) {
            assert!((got - want).abs() < 1e-12);
        }
    }

    #[test]
    fn short_curves_stay_as_they_are() {
        let mut table = table(100);
        let runs = runs(&table, 1, 2);
        assert!(thin(&mut table, &runs, 1, 2).is_none());
    }
}
