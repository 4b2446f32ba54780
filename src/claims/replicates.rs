//! The replicates that a test compares: like with like.
//!
//! A replicate may have several rows, such as the data sets of a seed, whose mean is its number. Where one of
//! them is missing, the mean of the rest is another number: of the easier data sets, say. So a pair is made of
//! the places that both sides have, and what has no partner is compared whole or not at all.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::sample::Sample;
use super::sample::replicate;
use crate::table::DIVERGED;
use crate::table::Table;
use crate::table::coordinate_key;
use crate::table::same_value;

/// Two samples that a test compares, in one order where they are paired.
#[derive(Default)]
pub(super) struct Replicates {
    pub(super) left: Vec<f64>,
    pub(super) right: Vec<f64>,
    /// Those of either side that are not compared.
    pub(super) left_out: usize,
    /// Values of those that are compared which have no partner on the other side.
    pub(super) values_left_out: usize,
}

/// What a side has at one place of a replicate.
#[derive(Default)]
struct Cell {
    rows: Vec<usize>,
    /// Whether a row of it is missing, or of a training that diverged.
    lacks: bool,
}

/// The cells of a side, by replicate and by place.
type Cells = BTreeMap<String, BTreeMap<Vec<String>, Cell>>;

/// The pairs of two sides. None where a replicate or a place of one that a side has elsewhere has no partner,
/// unless values may be missing: then only places that both sides have count. What is of a training that
/// diverged is left out with its partner in any case.
pub(super) fn pairs(
    [left, right]: [&Sample<'_>; 2],
    replicate: &[String],
    allow_missing: bool,
) -> Option<Replicates> {
    let axes = shared_axes([left, right], replicate);
    let cells = [left, right].map(|side| cells(side, replicate, &axes));
    let known = [0, 1].map(|side: usize| {
        let places = cells[side].values().flat_map(BTreeMap::keys);
        places.collect::<BTreeSet<_>>()
    });
    let mut pairs = Replicates::default();
    let replicates: BTreeSet<&String> = cells.iter().flat_map(BTreeMap::keys).collect();
    for at in replicates {
        let own = [0, 1].map(|side: usize| cells[side].get(at));
        let has_rows =
            |own: &&BTreeMap<Vec<String>, Cell>| own.values().any(|cell| !cell.rows.is_empty());
        let there = own.into_iter().flatten().filter(has_rows).count();
        if own.iter().any(Option::is_none) && there > 0 && !allow_missing {
            return None;
        }
        let places: BTreeSet<&Vec<String>> =
            own.iter().flatten().flat_map(|own| own.keys()).collect();
        let mut kept: [Vec<usize>; 2] = Default::default();
        let mut dropped = 0;
        for place in places {
            let here = own.map(|own| own.and_then(|own| own.get(place)));
            let lacks = here.iter().flatten().any(|cell| cell.lacks);
            let alone = here.iter().position(Option::is_none);
            if let Some(without) = alone.filter(|_| !lacks && !allow_missing)
                && known[without].contains(place)
            {
                return None;
            }
            let counts = !lacks && (alone.is_none() || !allow_missing);
            for (kept, cell) in kept.iter_mut().zip(here) {
                let rows = cell.map_or(&[][..], |cell| &cell.rows);
                match counts {
                    true => kept.extend(rows),
                    false => dropped += rows.len(),
                }
            }
        }
        match (left.taken(&kept[0]), right.taken(&kept[1])) {
            (Some(x), Some(y)) => {
                pairs.left.push(x);
                pairs.right.push(y);
                pairs.values_left_out += dropped;
            }
            _ => pairs.left_out += there,
        }
    }
    Some(pairs)
}

/// The numbers of the replicates of a side of which all is there, and how many others have some.
pub(super) fn whole(side: &Sample<'_>, replicate: &[String]) -> (Vec<f64>, usize) {
    let cells = cells(side, replicate, &[]);
    let (parts, whole): (Vec<&Cell>, Vec<&Cell>) = cells
        .values()
        .flat_map(BTreeMap::values)
        .filter(|cell| !cell.rows.is_empty())
        .partition(|cell| cell.lacks);
    let numbers = whole.iter().filter_map(|cell| side.taken(&cell.rows));
    (numbers.collect(), parts.len())
}

fn cells(side: &Sample<'_>, axes: &[String], places: &[&str]) -> Cells {
    let table = &side.source.table;
    let mut cells = Cells::new();
    let lacking = side.missing.iter().chain(&side.diverged);
    let rows = side.present.iter().map(|row| (row, false));
    for (&row, lacks) in rows.chain(lacking.map(|row| (row, true))) {
        let of_replicate = cells.entry(replicate(table, axes, row)).or_default();
        let cell = of_replicate.entry(place(table, places, row)).or_default();
        match lacks {
            true => cell.lacks = true,
            false => cell.rows.push(row),
        }
    }
    // A step without its rows may have had one in each cell that agrees in the axes it has.
    let absent = &side.source.absent;
    let axes: Vec<&str> = axes
        .iter()
        .map(String::as_str)
        .chain(places.iter().copied())
        .collect();
    for &step in &side.absent {
        let agrees = |row: &usize| {
            axes.iter().all(|axis| {
                let columns = absent.column(axis).zip(table.column(axis));
                columns.is_none_or(|(there, here)| {
                    same_value(&absent.rows[step][there], &table.rows[*row][here])
                })
            })
        };
        for cell in cells.values_mut().flat_map(BTreeMap::values_mut) {
            cell.lacks |= cell.rows.first().is_some_and(agrees);
        }
    }
    cells
}

/// The axes that tell the rows of a replicate apart and mean the same on both sides. One that a side filters
/// otherwise is what is compared, one of which the sides share no value (`null` of a baseline without it) says
/// nothing, and one that follows from the others, as a rate that was chosen per data set, is a result of its own.
fn shared_axes<'a>(sides: [&Sample<'a>; 2], replicate: &[String]) -> Vec<&'a str> {
    let [left, right] = sides;
    let filter = |side: &Sample<'_>, name: &str| side.quantity.filters.get(name).cloned();
    let columns = left.source.table.columns.iter();
    let axes = columns.filter(|column| {
        let other = right.source.table.column(&column.name);
        let other = other.is_some_and(|at| right.source.table.columns[at].axis);
        column.axis
            && other
            && column.name != DIVERGED
            && !replicate.contains(&column.name)
            && filter(left, &column.name) == filter(right, &column.name)
    });
    let values = |name: &str| {
        sides.map(|side| {
            let cells = cells(side, replicate, &[name]).into_iter();
            let of_each = cells.map(|(at, places)| (at, places.into_keys().collect()));
            of_each.collect::<BTreeMap<String, BTreeSet<Vec<String>>>>()
        })
    };
    let mut ranked: Vec<(usize, &str)> = Vec::new();
    for column in axes {
        let [left, right] = values(&column.name);
        let all: BTreeSet<&Vec<String>> = left.values().flatten().collect();
        if right.values().flatten().any(|value| all.contains(value)) {
            let agreed = left.iter().filter(|(at, own)| right.get(*at) == Some(*own));
            ranked.push((agreed.count(), column.name.as_str()));
        }
    }
    let told = |axes: &[&str]| {
        let cells = sides.map(|side| cells(side, replicate, axes));
        let places = cells.iter().flat_map(BTreeMap::values).map(BTreeMap::len);
        places.sum::<usize>()
    };
    // Those on which the sides agree least go first.
    ranked.sort_by_key(|(agreed, _)| *agreed);
    let mut axes: Vec<&str> = ranked.into_iter().map(|(_, name)| name).collect();
    let all = told(&axes);
    let mut at = 0;
    while at < axes.len() {
        let axis = axes.remove(at);
        if told(&axes) < all {
            axes.insert(at, axis);
            at += 1;
        }
    }
    axes
}

fn place(table: &Table, axes: &[&str], row: usize) -> Vec<String> {
    let columns = axes.iter().filter_map(|axis| table.column(axis));
    columns
        .map(|at| coordinate_key(&table.rows[row][at]))
        .collect()
}
