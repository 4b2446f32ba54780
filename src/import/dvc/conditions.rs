//! Cells as conditions over axes: `m == 'a' and k in [1, 2]`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::registry::Value;

use super::interpolation::quoted;
use super::interpolation::shown;
use super::loops::Axis;
use super::loops::StageLoop;

/// More paths are not told apart within one.
const MOST: usize = 20;

/// When a cell is one that a stage has.
pub(super) fn of_stage(loops: &[StageLoop], axes: &[Axis]) -> Option<String> {
    let parts = loops.iter().filter_map(|one| {
        let only = one.only.as_ref()?.iter().copied().collect();
        Some(is_one(&axes[one.axis], &only))
    });
    let parts: Vec<String> = parts.collect();
    (!parts.is_empty()).then(|| parts.join(" and "))
}

/// When a cell of a stage is one of these.
pub(super) fn of_cells(loops: &[StageLoop], axes: &[Axis], cells: &[&Vec<usize>]) -> String {
    // All that can be made of the values of each axis: only those axes count that leave some out.
    let sets = loops.iter().enumerate().map(|(number, _)| {
        let values = cells.iter().map(|cell| cell[number]);
        values.collect::<BTreeSet<usize>>()
    });
    let sets: Vec<BTreeSet<usize>> = sets.collect();
    if sets.iter().map(BTreeSet::len).product::<usize>() == cells.len() {
        let parts = loops.iter().zip(&sets).filter_map(|(one, values)| {
            let axis = &axes[one.axis];
            let all = one.only.as_ref().map_or(axis.labels.len(), Vec::len);
            (values.len() < all).then(|| is_one(axis, values))
        });
        return parts.collect::<Vec<_>>().join(" and ");
    }
    let cells = cells.iter().map(|cell| {
        let parts = loops.iter().zip(*cell);
        let parts = parts.map(|(one, at)| is_one(&axes[one.axis], &BTreeSet::from([*at])));
        format!("({})", parts.collect::<Vec<_>>().join(" and "))
    });
    cells.collect::<Vec<_>>().join(" or ")
}

/// A path that differs by cell in no way that its own names say: `${'a' if m == 'x' else 'b'}`; none where it
/// would be endless. By cell, the path.
pub(super) fn path(
    loops: &[StageLoop],
    axes: &[Axis],
    cells: &[(&Vec<usize>, &str)],
) -> Option<String> {
    let mut by_path: BTreeMap<&str, Vec<&Vec<usize>>> = BTreeMap::new();
    for (cell, path) in cells {
        by_path.entry(path).or_default().push(cell);
    }
    if by_path.len() > MOST {
        return None;
    }
    let mut by_path = by_path.into_iter();
    let (last, _) = by_path.next_back()?;
    let mut text = String::new();
    for (path, cells) in by_path {
        let when = of_cells(loops, axes, &cells);
        text.push_str(&format!("{} if {when} else ", quoted(path)));
    }
    match text.is_empty() {
        true => Some(last.replace("${", "$${")),
        false => Some(format!("${{{text}{}}}", quoted(last))),
    }
}

fn is_one(axis: &Axis, values: &BTreeSet<usize>) -> String {
    let literal = |value: &Value| match value {
        Value::Str(text) => quoted(text),
        other => shown(other),
    };
    let texts: Vec<String> = values.iter().map(|at| literal(&axis.labels[*at])).collect();
    match &texts[..] {
        [only] => format!("{} == {only}", axis.name),
        several => format!("{} in [{}]", axis.name, several.join(", ")),
    }
}
