//! Runs that do not share their x, each interpolated at the places of all.
//!
//! A mean over the runs that happen to have a point would hop from run to run.

use std::collections::HashMap;
use std::collections::HashSet;

use serde_json::Value as Json;

use crate::table::Table;

use super::runs::Columns;

/// A run as its places along x with their rows, in order.
type Run = Vec<(f64, usize)>;

/// The runs of each line that is drawn.
fn lines(table: &Table, of: &Columns) -> Vec<Vec<Run>> {
    let mut known = HashMap::new();
    let mut lines: Vec<Vec<Run>> = Vec::new();
    for run in of.runs(table) {
        let points = run.into_iter().filter(|row| of.is_point(table, *row));
        let points: Run = points
            .filter_map(|row| Some((of.at(table, row)?, row)))
            .collect();
        let Some((_, row)) = points.first() else {
            continue;
        };
        let group: Vec<&Json> = of.groups.iter().map(|&i| &table.rows[*row][i]).collect();
        let line = *known.entry(group).or_insert_with(|| {
            lines.push(Vec::new());
            lines.len() - 1
        });
        lines[line].push(points);
    }
    lines
}

/// The places of some runs in their order.
fn grid(runs: &[Run]) -> Vec<(f64, usize)> {
    let mut places: Vec<(f64, usize)> = runs.iter().flatten().copied().collect();
    places.sort_by(|a, b| a.0.total_cmp(&b.0));
    places.dedup_by(|a, b| a.0 == b.0);
    places
}

/// The places between the ends of a run.
fn within<'g>(grid: &'g [(f64, usize)], run: &Run) -> &'g [(f64, usize)] {
    let (Some(first), Some(last)) = (run.first(), run.last()) else {
        return &[];
    };
    let from = grid.partition_point(|(at, _)| *at < first.0);
    let to = grid.partition_point(|(at, _)| *at <= last.0);
    &grid[from..to]
}

/// Whether each run has all places that lie between its ends.
fn are_shared(grid: &[(f64, usize)], runs: &[Run]) -> bool {
    runs.iter().all(|run| {
        let own = run.chunk_by(|a, b| a.0 == b.0);
        own.count() == within(grid, run).len()
    })
}

/// Whether some line has more than so many places that its runs do not share.
pub(super) fn is_crowded(table: &Table, of: &Columns, most: usize) -> bool {
    lines(table, of).iter().any(|runs| {
        let grid = grid(runs);
        grid.len() > most && !are_shared(&grid, runs)
    })
}

/// Whether most places of lines with several runs belong to one run alone, as those of a measured x do.
pub(in crate::figures) fn is_measured(table: &Table, of: &Columns) -> bool {
    let (mut all, mut alone) = (0, 0);
    for runs in lines(table, of).iter().filter(|runs| runs.len() > 1) {
        let own = |run: &Run| -> Vec<f64> {
            let places = run.chunk_by(|a, b| a.0 == b.0);
            places.map(|place| place[0].0).collect()
        };
        let mut places: Vec<f64> = runs.iter().flat_map(own).collect();
        places.sort_by(f64::total_cmp);
        for place in places.chunk_by(|a, b| a == b) {
            all += 1;
            alone += usize::from(place.len() == 1);
        }
    }
    2 * alone > all
}

/// Gives the runs of each line the x of all of them where they do not share theirs: what a run lacks between two
/// of its points lies on the straight line that joins these. Whether there was any.
pub(in crate::figures) fn align(table: &mut Table, of: &Columns) -> bool {
    // By the first row of a line, in whose place they stand: legends are in the order of rows.
    let mut instead: HashMap<usize, Vec<Vec<Json>>> = HashMap::new();
    let mut replaced = HashSet::new();
    for runs in lines(table, of) {
        if let Some(aligned) = aligned(table, &runs, of) {
            let rows = || runs.iter().flatten().map(|(_, row)| *row);
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

/// What a caption says of it.
pub(in crate::figures) fn said(title: &str) -> String {
    format!("Runs that do not share {title} are interpolated linearly between their own points.")
}

/// The rows of runs at the x of all of them, in the order of x; none where they share theirs.
fn aligned(table: &Table, runs: &[Run], of: &Columns) -> Option<Vec<Vec<Json>>> {
    let (x, y) = (of.x, of.y);
    let grid = grid(runs);
    if are_shared(&grid, runs) {
        return None;
    }
    let mut rows: Vec<(f64, Vec<Json>)> = Vec::new();
    for run in runs {
        let mut own = run.iter().copied().peekable();
        let mut before: Option<(f64, usize)> = None;
        for (place, first) in within(&grid, run) {
            // A place is written in one way by all runs, as one of them has it: 5, not 5.0 as well.
            let written = &table.rows[*first][x];
            let mut has_own = false;
            while let Some(point) = own.next_if(|(at, _)| at == place) {
                let mut row = table.rows[point.1].clone();
                row[x] = written.clone();
                rows.push((*place, row));
                before = Some(point);
                has_own = true;
            }
            if has_own {
                continue;
            }
            let (Some((from, left)), Some((to, right))) = (before, own.peek()) else {
                continue;
            };
            let ends = table.number(left, y).zip(table.number(*right, y));
            let between = |(a, b): (f64, f64)| a + (b - a) * (place - from) / (to - from);
            let mut row = table.rows[left].clone();
            row[x] = written.clone();
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
    use super::super::tests::columns;
    use super::*;

    #[test]
    fn runs_that_do_not_share_their_x_are_interpolated_between_their_own_points() {
        let csv = "seed,step,loss\n0,0,0\n0,20,2\n0,40,4\n1,0,10\n1,25,15\n1,30,\n1,50,20\n";
        let mut table = Table::from_csv(csv, &["seed"]).unwrap();
        let together = columns(&table, "{y: loss, replicate: seed}");
        assert!(align(&mut table, &together));
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
        // Each a line of its own: nothing is shared.
        let mut apart = Table::from_csv(csv, &["seed"]).unwrap();
        let alone = columns(&apart, "{y: loss, color: seed}");
        assert!(!align(&mut apart, &alone));
        assert_eq!(
            apart.to_csv(),
            Table::from_csv(csv, &["seed"]).unwrap().to_csv()
        );
    }

    #[test]
    fn runs_along_dates_are_interpolated_too() {
        let csv = "seed,day,loss\n0,2026-01-01,0\n0,2026-01-03,2\n1,2026-01-02,5\n1,2026-01-04,5\n";
        let mut table = Table::from_csv(csv, &["seed", "day"]).unwrap();
        let of = columns(&table, "{x: day, y: loss, replicate: seed}");
        assert!(align(&mut table, &of));
        assert!(
            table.to_csv().contains("0,2026-01-02,1.0\n"),
            "{}",
            table.to_csv()
        );
    }

    #[test]
    fn an_x_that_a_run_lacks_here_and_there_is_none_that_was_measured() {
        let of = |csv: &str| {
            let table = Table::from_csv(csv, &["seed"]).unwrap();
            is_measured(
                &table,
                &columns(&table, "{x: size, y: loss, replicate: seed}"),
            )
        };
        assert!(!of(
            "seed,size,loss\n0,1,3\n0,10,2\n0,100,1\n1,1,3\n1,100,1\n"
        ));
        assert!(of(
            "seed,size,loss\n0,1,3\n0,10,2\n0,100,1\n1,1,3\n1,9,2\n1,90,1\n"
        ));
        // A line of one run shares nothing with another.
        assert!(!of("seed,size,loss\n0,1,3\n0,10,2\n"));
    }

    #[test]
    fn runs_that_share_their_x_stay_as_they_are() {
        let csv = "seed,step,loss\n0,0,1\n0,10,\n0,20,3\n1,0,1\n1,10,5\n";
        let mut table = Table::from_csv(csv, &["seed"]).unwrap();
        let of = columns(&table, "{y: loss, replicate: seed}");
        assert!(!align(&mut table, &of));
        assert_eq!(table.rows.len(), 5);
    }
}
