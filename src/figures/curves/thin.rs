//! Long curves averaged within spans that are equally wide on the axis.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::table::Table;
use crate::table::stats;

use super::super::scale::Scale;
use super::align;
use super::runs::Columns;

/// Points a curve may have: about one per third of a point in a single column.
pub(super) const POINTS: usize = 300;

/// What averaging within spans leaves beside the means.
pub(super) struct Thinned {
    /// Width of a span, in units that are even along the axis.
    pub span: f64,
    /// The table with the smallest, and with the largest value of each span.
    pub low: Table,
    pub high: Table,
}

/// Equal stretches of an axis.
struct Spans {
    low: f64,
    width: f64,
    last: i64,
}

impl Spans {
    /// Over all places, in even units, of which those that are `shown` are as many spans as a curve may have points.
    /// `whole`: of whole iterations, with whole widths.
    fn over(places: &[f64], shown: Option<(f64, f64)>, whole: bool) -> Option<Self> {
        let (low, high) = (stats::min(places)?, stats::max(places)?);
        let (from, to) = match shown {
            Some((from, to)) => (from.max(low), to.min(high)),
            None => (low, high),
        };
        let visible = if from < to { to - from } else { high - low };
        let mut width = visible / POINTS as f64;
        if whole {
            width = width.ceil();
        }
        let last = ((high - low) / width).ceil() as i64 - 1;
        (width > 0.0 && width.is_finite()).then_some(Spans { low, width, last })
    }

    /// The last of all places belongs to the last span.
    fn of(&self, place: f64) -> i64 {
        let span = ((place - self.low) / self.width).floor() as i64;
        span.min(self.last)
    }
}

/// The places of all points in one span.
#[derive(Default)]
struct Span {
    sum: f64,
    places: Vec<(f64, usize)>,
}

impl Span {
    /// Where its mean stands: at the mean of its places, as the one place is written where there is one; of dates
    /// at the one that is nearest to the mean.
    fn written(&self, table: &Table, of: &Columns) -> Json {
        let mean = self.sum / self.places.len() as f64;
        let far = |place: &&(f64, usize)| (place.0 - mean).abs();
        let nearest = self.places.iter().min_by(|a, b| far(a).total_cmp(&far(b)));
        let one = self.places.iter().all(|place| place.0 == self.places[0].0);
        match nearest {
            Some((_, row)) if one || of.clock.is_some() => table.rows[*row][of.x].clone(),
            _ if mean.fract() == 0.0 && mean.abs() < 1e15 => Json::from(mean as i64),
            _ => Json::from(mean),
        }
    }
}

/// Averages long runs, and those that are many places together, within equal spans of the axis, the same for all
/// runs. `scale`: how x spreads along the axis; `shown`: the part of it that is, in its numbers.
pub(super) fn thin(
    table: &mut Table,
    of: &Columns,
    scale: &Scale,
    shown: Option<(f64, f64)>,
) -> Option<Thinned> {
    let runs = of.runs(table);
    let longest = runs.iter().map(Vec::len).max()?;
    if longest <= POINTS && !align::is_crowded(table, of, POINTS) {
        return None;
    }
    let even = |row: usize| scale.even(of.at(table, row)?);
    let places: Vec<f64> = (0..table.rows.len()).filter_map(even).collect();
    let linear = matches!(scale, Scale::Linear { .. }) && of.clock.is_none();
    let whole = linear && places.iter().all(|place| place.fract() == 0.0);
    let shown = shown.and_then(|(from, to)| Some((scale.even(from)?, scale.even(to)?)));
    let spans = Spans::over(&places, shown, whole)?;
    // All runs have a span at one place.
    let mut at: BTreeMap<i64, Span> = BTreeMap::new();
    for row in (0..table.rows.len()).filter(|row| of.is_point(table, *row)) {
        if let (Some(even), Some(place)) = (even(row), of.at(table, row)) {
            let span = at.entry(spans.of(even)).or_default();
            span.sum += place;
            span.places.push((place, row));
        }
    }
    let at = at.into_iter();
    let at: BTreeMap<i64, Json> = at
        .map(|(span, places)| (span, places.written(table, of)))
        .collect();
    let mut reduced = [Vec::new(), Vec::new(), Vec::new()];
    for run in runs {
        let mut own: BTreeMap<i64, (usize, Vec<f64>)> = BTreeMap::new();
        for row in run {
            match even(row) {
                Some(place) => {
                    let (_, values) = own
                        .entry(spans.of(place))
                        .or_insert_with(|| (row, Vec::new()));
                    values.extend(table.number(row, of.y));
                }
                // What has no place on the axis stays for the caption, and a line across the panel for itself.
                None => {
                    let rows = reduced.iter_mut();
                    rows.for_each(|rows| rows.push(table.rows[row].clone()));
                }
            }
        }
        for (span, (first, values)) in own {
            let reduce = [
                stats::mean as fn(&[f64]) -> Option<f64>,
                stats::min,
                stats::max,
            ];
            for (rows, reduce) in reduced.iter_mut().zip(reduce) {
                let mut row = table.rows[first].clone();
                if let Some(at) = at.get(&span) {
                    row[of.x] = at.clone();
                }
                row[of.y] = reduce(&values).map_or(Json::Null, Json::from);
                rows.push(row);
            }
        }
    }
    let [means, low, high] = reduced.map(|rows| Table {
        columns: table.columns.clone(),
        rows,
    });
    *table = means;
    Some(Thinned {
        span: spans.width,
        low,
        high,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::columns;
    use super::*;

    const LINEAR: Scale = Scale::Linear {
        low: 0.0,
        high: 1.0,
    };
    const LOG: Scale = Scale::Log {
        low: 1.0,
        high: 10.0,
    };

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
        let of = columns(&table, "{y: loss, replicate: seed}");
        let thinned = thin(&mut table, &of, &LINEAR, None).expect("a long run");
        assert_eq!(thinned.span, 4.0);
        assert_eq!(thinned.low.number(0, 2), Some(1.0));
        assert_eq!(thinned.high.number(0, 2), Some(3.0));
        assert_eq!(table.rows.len(), 2 * 250);
        // The middle of 0, 1, 2, 3.
        assert_eq!(table.number(0, 1), Some(1.5));
        assert_eq!(table.number(0, 2), Some(2.0));
    }

    #[test]
    fn short_curves_stay_as_they_are() {
        let mut table = table(100);
        let of = columns(&table, "{y: loss, replicate: seed}");
        assert!(thin(&mut table, &of, &LINEAR, None).is_none());
    }

    #[test]
    fn no_mean_stands_beyond_the_data() {
        let mut csv = "t,v\n".to_owned();
        for i in 0..=600 {
            csv.push_str(&format!("{},{i}\n", f64::from(i) / 600.0));
        }
        let mut table = Table::from_csv(&csv, &[]).unwrap();
        let of = columns(&table, "{x: t, y: v}");
        thin(&mut table, &of, &LINEAR, None).expect("a long run");
        let last = table.rows.len() - 1;
        assert_eq!(table.rows.len(), POINTS);
        assert!(table.number(last, 0).unwrap() <= 1.0);
    }

    #[test]
    fn spans_are_equal_on_a_logarithm_and_within_what_is_shown() {
        let mut csv = "iteration,loss\n0,9\n".to_owned();
        for i in 1..20_000 {
            csv.push_str(&format!("{i},{}\n", 1.0 / f64::from(i)));
        }
        let whole = Table::from_csv(&csv, &[]).unwrap();
        let of = columns(&whole, "{y: loss}");
        let mut log = whole.clone();
        thin(&mut log, &of, &LOG, None).expect("a long run");
        // What a logarithm has no place for is left to be counted.
        let first: Vec<Option<f64>> = (0..4).map(|row| log.number(row, 0)).collect();
        assert_eq!(first, [0.0, 1.0, 2.0, 3.0].map(Some));
        let mut zoomed = whole.clone();
        thin(&mut zoomed, &of, &LINEAR, Some((0.0, 100.0))).expect("a long run");
        assert_eq!(zoomed.number(50, 0), Some(50.0));
    }

    #[test]
    fn replicates_with_places_of_their_own_keep_their_extremes() {
        let mut csv = "seed,seconds,loss\n".to_owned();
        for seed in 0..10 {
            for i in 0..250 {
                let loss = if (seed, i) == (3, 101) { 50 } else { 1 };
                let at = f64::from(i) + 0.11 * f64::from(seed);
                csv.push_str(&format!("{seed},{at},{loss}\n"));
            }
        }
        let mut table = Table::from_csv(&csv, &["seed"]).unwrap();
        let of = columns(&table, "{x: seconds, y: loss, replicate: seed}");
        let thinned = thin(&mut table, &of, &LINEAR, None).expect("many places");
        let high = (0..thinned.high.rows.len()).filter_map(|row| thinned.high.number(row, 2));
        assert_eq!(high.fold(0.0, f64::max), 50.0);
        let mut places: Vec<&Json> = table.rows.iter().map(|row| &row[1]).collect();
        places.sort_by(|a, b| a.as_f64().unwrap().total_cmp(&b.as_f64().unwrap()));
        places.dedup();
        assert!(places.len() <= POINTS);
    }

    #[test]
    fn long_curves_along_dates_are_averaged_too() {
        let mut csv = "day,loss\n".to_owned();
        for hour in 0..1000 {
            csv.push_str(&format!(
                "2026-01-{:02}T{:02}:00,{hour}\n",
                1 + hour / 24 % 28,
                hour % 24
            ));
        }
        let mut table = Table::from_csv(&csv, &["day"]).unwrap();
        let of = columns(&table, "{x: day, y: loss}");
        thin(&mut table, &of, &LINEAR, None).expect("a long run");
        assert!(table.rows.len() <= POINTS && table.rows[0][0].is_string());
    }
}
