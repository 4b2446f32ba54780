//! What adds cells to the product of the axes: `include`. Its entries speak of the manifest's axes: where the command line
//! or a profile gives others in their place, they add none beside these.

use foldhash::HashMap;
use foldhash::HashSet;
use foldhash::HashSetExt;

use crate::manifest::axes::Axis;
use crate::manifest::axes::Choice;
use crate::manifest::axes::Form;
use crate::manifest::axes::product;
use crate::manifest::columns::ABSENT;
use crate::manifest::columns::Columns;
use crate::manifest::columns::ValueId;
use crate::manifest::fields;
use crate::manifest::node::Entry;
use crate::manifest::node::Node;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;

use super::Grid;
use super::MOST;
use super::shaping::alternatives;
use super::shaping::entries;
use super::shaping::unknown;

pub(super) fn include(grid: &mut Grid, axes: &[Axis], node: &Node, found: &mut Diagnostics) {
    let mut held = HashMap::default();
    values_held(axes, &grid.columns, &mut held);
    for entry in entries(node) {
        let Some(parts) = fields::map(entry, "an entry of `include`", found) else {
            continue;
        };
        let mut wanted: Vec<(usize, Vec<ValueId>)> = Vec::new();
        // What the command line or a profile leaves no room for.
        let mut idle = None;
        for part in parts {
            let Some(column) = grid.columns.index(&part.key) else {
                found.push(unknown(&part.key, &part.key_place, &grid.columns));
                continue;
            };
            let (ids, left) = values(grid, &held, (column, part), found);
            if let (true, Some(left)) = (ids.is_empty(), left) {
                idle.get_or_insert((left, "not among the values of this run"));
            }
            wanted.push((column, ids));
        }
        let mut used = HashSet::new();
        let restricted: Vec<Axis> = axes
            .iter()
            .map(|axis| restrict(axis, &wanted, &grid.columns, &mut used))
            .collect();
        for part in parts {
            let Some(column) = grid.columns.index(&part.key) else {
                continue;
            };
            if used.contains(&column) || idle.is_some() {
                continue;
            }
            if grid.columns.get(column).replaced {
                idle = Some((
                    part.key_place.clone(),
                    "an axis that this run does not have",
                ));
                continue;
            }
            found.push(
                Diagnostic::error(format!("`{}` is no axis of these cells", part.key))
                    .at(&part.key_place, "cannot be given here")
                    .help("an entry of `include` gives values on axes that its cells have"),
            );
        }
        let product = product(&restricted);
        if product.saturating_add(grid.len() as u128) > MOST {
            found.push(Diagnostic::error("too many cells").at(&entry.place, "added here"));
            continue;
        }
        let before = grid.len();
        if idle.is_none() {
            grid.add(&restricted);
        }
        if grid.len() == before && !found.has_errors() {
            let (place, why) = match (idle, product) {
                (Some((place, why)), _) => (place, why),
                (None, 0) => (entry.place.clone(), "no cell can have these values"),
                (None, _) => (entry.place.clone(), "all its cells exist"),
            };
            found.push(Diagnostic::warning("an entry of `include` adds no cell").at(&place, why));
        }
    }
}

/// By column that the command line or a profile gives its values: these.
fn values_held(axes: &[Axis], columns: &Columns, held: &mut HashMap<usize, HashSet<ValueId>>) {
    for axis in axes {
        let own = axis.columns();
        for choice in &axis.choices {
            let set = choice.set.iter().filter(|(column, _)| own.contains(column));
            for (column, id) in set.filter(|(column, _)| columns.get(*column).held) {
                held.entry(*column).or_default().insert(*id);
            }
            values_held(&choice.axes, columns, held);
        }
    }
}

/// The values that a part of an entry names, of those that cells may have; and where the first stands that they may not.
fn values(
    grid: &mut Grid,
    held: &HashMap<usize, HashSet<ValueId>>,
    (column, part): (usize, &Entry),
    found: &mut Diagnostics,
) -> (Vec<ValueId>, Option<Place>) {
    let mut ids = Vec::new();
    let mut left = None;
    for value in alternatives(&part.value, grid.columns.get(column)) {
        let known = grid.columns.get(column);
        let what = format!("`{}`", part.key);
        let Some(canonical) = fields::canonical(value, &known.ty.clone(), &what, found) else {
            continue;
        };
        let id = match value.is_null() {
            true => Some(ABSENT),
            false => known.id_of(&canonical),
        };
        let of_held = |id: ValueId| held.get(&column).is_some_and(|held| held.contains(&id));
        match (known.held, id) {
            (false, Some(id)) => ids.push(id),
            (true, Some(id)) if of_held(id) => ids.push(id),
            (true, _) => _ = left.get_or_insert(value.place.clone()),
            (false, None) => {
                let column = grid.columns.get_mut(column);
                ids.push(column.intern(canonical, &value.place));
            }
        }
    }
    (ids, left)
}

/// The axis with the wanted values in place of its own; variants without an axis that the others
/// have are left out.
fn restrict(
    axis: &Axis,
    wanted: &[(usize, Vec<ValueId>)],
    columns: &Columns,
    used: &mut HashSet<usize>,
) -> Axis {
    let find = |column: usize| wanted.iter().find(|(known, _)| *known == column);
    let mut axis = axis.clone();
    match axis.form {
        Form::Values | Form::Seeds(_) => {
            if let Some((column, ids)) = axis.columns().first().and_then(|column| find(*column)) {
                used.insert(*column);
                let choice = |id: &ValueId| Choice {
                    set: vec![(*column, *id)],
                    axes: Vec::new(),
                };
                axis.choices = ids.iter().map(choice).collect();
            }
        }
        Form::Zip | Form::Search => {
            let own = axis.columns();
            let named: Vec<_> = own.iter().filter_map(|column| find(*column)).collect();
            used.extend(named.iter().map(|(column, _)| *column));
            let single = named.iter().all(|(_, ids)| ids.len() == 1);
            let held = own.iter().all(|column| columns.get(*column).held);
            if named.len() == own.len() && single && !held {
                let set = named.iter().map(|(column, ids)| (*column, ids[0]));
                axis.choices = vec![Choice {
                    set: set.collect(),
                    axes: Vec::new(),
                }];
            } else {
                axis.choices.retain(|choice| {
                    named.iter().all(|(column, ids)| {
                        let set = choice.set.iter().find(|(known, _)| known == column);
                        set.is_some_and(|(_, value)| ids.contains(value))
                    })
                });
            }
        }
        Form::Variants => {
            if let Some((column, ids)) = axis.columns().first().and_then(|column| find(*column)) {
                used.insert(*column);
                axis.choices.retain(|choice| {
                    choice
                        .set
                        .first()
                        .is_some_and(|(_, value)| ids.contains(value))
                });
            }
            // Names that only some variants have choose among the variants.
            let inner: HashSet<usize> = axis
                .choices
                .iter()
                .flat_map(|choice| &choice.axes)
                .flat_map(Axis::all_columns)
                .collect();
            let wanted_inside: Vec<usize> = wanted
                .iter()
                .map(|(column, _)| *column)
                .filter(|column| inner.contains(column))
                .collect();
            axis.choices.retain(|choice| {
                let own: Vec<usize> = choice.axes.iter().flat_map(Axis::all_columns).collect();
                wanted_inside.iter().all(|column| own.contains(column))
            });
            for choice in &mut axis.choices {
                choice.axes = choice
                    .axes
                    .iter()
                    .map(|axis| restrict(axis, wanted, columns, used))
                    .collect();
            }
        }
    }
    axis
}
