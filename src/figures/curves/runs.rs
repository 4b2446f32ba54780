//! The runs of a table of curves, and where their rows stand along x.

use std::collections::HashMap;

use serde_json::Value as Json;

use crate::table::Table;
use crate::table::stats;

use super::super::FigureError;
use super::super::dates::Clock;
use super::super::dates::Moment;
use super::super::mapping::Mapping;
use super::super::mapping::no_column;

/// The columns that curves are made of.
pub(in crate::figures) struct Columns {
    pub x: usize,
    pub y: usize,
    /// Of an x of dates.
    pub clock: Option<Clock>,
    /// What tells runs apart.
    keys: Vec<usize>,
    /// What tells the lines apart that are drawn.
    pub groups: Vec<usize>,
}

impl Columns {
    /// A run is what agrees in all axes and in all that the figure tells apart, be it an axis or not.
    pub(in crate::figures) fn new(
        table: &Table,
        (mapping, y): (&Mapping, &str),
        several: bool,
        clock: Option<Clock>,
    ) -> Result<Self, FigureError> {
        let column = |name: &str| table.column(name).ok_or_else(|| no_column(table, name));
        let (x, y) = (column(&mapping.x)?, column(y)?);
        let named = |names: &[String]| -> Result<Vec<usize>, FigureError> {
            let mut named: Vec<usize> =
                names.iter().map(|n| column(n)).collect::<Result<_, _>>()?;
            named.retain(|at| ![x, y].contains(at));
            Ok(named)
        };
        let groups = named(&mapping.by(several))?;
        let replicates = named(&mapping.replicate)?;
        let tells =
            |at: &usize| table.columns[*at].axis || groups.contains(at) || replicates.contains(at);
        let others = (0..table.columns.len()).filter(|at| ![x, y].contains(at));
        let mut of = Columns {
            x,
            y,
            clock,
            keys: others.filter(tells).collect(),
            groups: groups.clone(),
        };
        let named = |at: &usize| groups.contains(at) || replicates.contains(at);
        let mut unnamed = of.keys.iter().copied().filter(|at| !named(at));
        if let (Some(axis), None) = (unnamed.next(), unnamed.next())
            && of.runs(table).iter().all(|run| run.len() < 2)
        {
            let all = std::mem::take(&mut of.keys);
            of.keys = all.iter().copied().filter(named).collect();
            if !of.counts(table, axis) {
                of.keys = all;
            }
        }
        Ok(of)
    }

    /// Whether an axis counts the points of every run, as epochs do along seconds: from one point to the next it goes up
    /// as x does. One that tells methods or settings apart does not.
    fn counts(&self, table: &Table, axis: usize) -> bool {
        let point = |row: &usize| Some((self.at(table, *row)?, table.rows[*row][axis].as_f64()?));
        self.runs(table).iter().all(|run| {
            let points: Option<Vec<(f64, f64)>> = run.iter().map(point).collect();
            points.is_some_and(|points| {
                let mut pairs = points.windows(2);
                points.len() > 1 && pairs.all(|two| two[0].0 < two[1].0 && two[0].1 < two[1].1)
            })
        })
    }

    /// Makes a plain column of an axis that tells no runs apart: what it counts is a point of a line, and no line.
    pub(in crate::figures) fn without_counts(&self, table: &mut Table) {
        for (at, column) in table.columns.iter_mut().enumerate() {
            column.axis &= at == self.x || at == self.y || self.keys.contains(&at);
        }
    }

    /// Where a row stands along x; none for null and for names.
    pub(super) fn at(&self, table: &Table, row: usize) -> Option<f64> {
        match self.clock {
            Some(clock) => {
                let moment = Moment::of(table.rows[row][self.x].as_str()?)?;
                Some(clock.seconds(moment))
            }
            None => table.number(row, self.x),
        }
    }

    /// Row numbers of each run in the order of x.
    pub(super) fn runs(&self, table: &Table) -> Vec<Vec<usize>> {
        let mut index = HashMap::new();
        let mut runs: Vec<Vec<(f64, usize)>> = Vec::new();
        for (row, values) in table.rows.iter().enumerate() {
            let key: Vec<&Json> = self.keys.iter().map(|&i| &values[i]).collect();
            let run = *index.entry(key).or_insert_with(|| {
                runs.push(Vec::new());
                runs.len() - 1
            });
            let at = self.at(table, row).unwrap_or(f64::INFINITY);
            runs[run].push((at, row));
        }
        let in_order = |mut run: Vec<(f64, usize)>| {
            run.sort_by(|a, b| a.0.total_cmp(&b.0));
            run.into_iter().map(|(_, row)| row).collect()
        };
        runs.into_iter().map(in_order).collect()
    }

    /// Whether a row is a point of a curve. What has no x is none, nor is a row of something else that is measured
    /// along with it.
    pub(super) fn is_point(&self, table: &Table, row: usize) -> bool {
        let is_measured = |at: &usize| {
            ![self.x, self.y].contains(at) && !self.keys.contains(at) && !table.columns[*at].axis
        };
        let mut measured = (0..table.columns.len()).filter(is_measured);
        let mut of_another = || measured.any(|at| !table.rows[row][at].is_null());
        self.at(table, row).is_some() && (table.number(row, self.y).is_some() || !of_another())
    }

    /// Points without a value.
    pub(in crate::figures) fn missing(&self, table: &Table) -> usize {
        let rows = 0..table.rows.len();
        let points = rows.filter(|row| self.at(table, *row).is_some());
        let missing = points.filter(|row| table.number(*row, self.y).is_none());
        missing.count()
    }

    /// Makes one row of those that a run has at one x, with the mean of their numbers: they are no replicates. How
    /// many rows are means.
    pub(super) fn merge(&self, table: &mut Table) -> usize {
        let mut merged = 0;
        let mut gone = vec![false; table.rows.len()];
        for run in self.runs(table) {
            let has_number = |row: &usize| table.number(*row, self.y).is_some();
            let points = run.into_iter().filter(has_number);
            let points: Vec<(f64, usize)> = points
                .filter_map(|row| Some((self.at(table, row)?, row)))
                .collect();
            for place in points.chunk_by(|a, b| a.0 == b.0) {
                let [(_, first), others @ ..] = place else {
                    continue;
                };
                if others.is_empty() {
                    continue;
                }
                let numbers = place
                    .iter()
                    .filter_map(|(_, row)| table.number(*row, self.y));
                let numbers: Vec<f64> = numbers.collect();
                table.rows[*first][self.y] = stats::mean(&numbers).map_or(Json::Null, Json::from);
                others.iter().for_each(|(_, row)| gone[*row] = true);
                merged += 1;
            }
        }
        if merged > 0 {
            let mut gone = gone.into_iter();
            table.rows.retain(|_| !gone.next().unwrap_or(false));
        }
        merged
    }
}

/// Replaces the numbers of a run by their moving average. A missing value stays missing and leaves the average as it
/// was.
pub(super) fn moving_average(table: &mut Table, run: &[usize], y: usize, weight: f64) {
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

#[cfg(test)]
mod tests {
    use super::super::tests::columns;
    use super::*;

    #[test]
    fn curves_that_a_column_tells_apart_are_runs_of_their_own() {
        let csv = "layer,seed,step,norm\n0,0,0,1\n1,0,0,9\n0,0,1,1\n1,0,1,9\n";
        let table = Table::from_csv(csv, &["seed"]).unwrap();
        let of = |color| columns(&table, &format!("{{y: norm{color}, replicate: seed}}"));
        assert_eq!(of(", color: layer").runs(&table), [[0, 2], [1, 3]]);
        assert_eq!(of(", facet: layer").runs(&table), [[0, 2], [1, 3]]);
        let mut merged = table.clone();
        assert_eq!(of(", color: layer").merge(&mut merged), 0);
        // What nothing tells apart is one run, which has one row at a place.
        assert_eq!(of("").merge(&mut merged), 2);
        assert_eq!(
            merged.to_csv(),
            "layer,seed,step,norm\n0,0,0,5.0\n0,0,1,5.0\n"
        );
        let epochs = "epoch,seed,seconds,loss\n0,0,1,3\n1,0,2,2\n0,1,1.5,3\n1,1,2.5,2\n";
        let counted = Table::from_csv(epochs, &["epoch", "seed"]).unwrap();
        let of = columns(&counted, "{x: seconds, y: loss, replicate: seed}");
        assert_eq!(of.runs(&counted), [[0, 1], [2, 3]]);
        // What tells methods or settings apart counts nothing: they are no points of one line.
        let models = "model,seed,lr,norm\na,0,1,5\nb,0,1,7\na,1,1,6\nb,1,1,8\n";
        let of_models = |axes: &[&str]| {
            let table = Table::from_csv(models, axes).unwrap();
            columns(&table, "{x: lr, y: norm, replicate: seed}")
                .runs(&table)
                .len()
        };
        assert_eq!(of_models(&["model", "seed"]), 4);
        let rates = "lr,seed,seconds,loss\n1,0,3,5\n2,0,9,7\n1,1,8,6\n2,1,2,8\n";
        let rates = Table::from_csv(rates, &["lr", "seed"]).unwrap();
        let of = columns(&rates, "{x: seconds, y: loss, replicate: seed}");
        assert_eq!(of.runs(&rates).len(), 4);
        let unmarked = Table::from_csv(csv, &[]).unwrap();
        let seeds = columns(&unmarked, "{y: norm, color: layer, replicate: seed}");
        assert_eq!(seeds.runs(&unmarked).len(), 2);
    }

    #[test]
    fn dates_are_smoothed_in_their_order() {
        let csv = "day,loss\n2026-01-03,3\n2026-01-01,1\n2026-01-02,2\n";
        let mut table = Table::from_csv(csv, &["day"]).unwrap();
        let runs = columns(&table, "{x: day, y: loss}").runs(&table);
        assert_eq!(runs, [[1, 2, 0]]);
        moving_average(&mut table, &runs[0], 1, 0.5);
        assert_eq!(table.number(1, 1), Some(1.0));
    }

    #[test]
    fn a_moving_average_starts_at_the_first_value() {
        let csv = "seed,step,loss\n0,0,1\n0,1,3\n0,2,1\n";
        let mut table = Table::from_csv(csv, &["seed"]).unwrap();
        moving_average(&mut table, &[0, 1, 2], 2, 0.5);
        let got: Vec<f64> = (0..3).filter_map(|row| table.number(row, 2)).collect();
        // 1; (0.5 · 1 + 3) / 1.5; (0.25 · 1 + 0.5 · 3 + 1) / 1.75
        let want = [1.0, 3.5 / 1.5, 2.75 / 1.75];
        for (got, want) in got.iter().zip(want) {
            assert!((got - want).abs() < 1e-12);
        }
    }
}
