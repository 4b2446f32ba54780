//! Parameters with values within them that axes set: where `optim.lr` is an axis, `optim` is in each cell
//! the map with the cell's value.

use std::collections::HashMap;

use crate::manifest::columns::ABSENT;
use crate::manifest::columns::Column;
use crate::manifest::columns::Columns;
use crate::manifest::columns::ValueId;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;

/// A parameter, and what sets values within it.
#[derive(Clone, Debug)]
pub(super) struct Overlay {
    base: usize,
    /// Its position in rows.
    position: usize,
    parts: Vec<Part>,
    /// Its value by those of the parts.
    known: HashMap<Vec<ValueId>, ValueId>,
}

#[derive(Clone, Debug)]
struct Part {
    column: usize,
    position: usize,
    way: Vec<String>,
}

/// All of them; gives the parameters positions in rows.
pub(super) fn overlays(
    columns: &mut Columns,
    varying: &mut Vec<usize>,
    found: &mut Diagnostics,
) -> Vec<Overlay> {
    let mut overlays: Vec<Overlay> = Vec::new();
    for column in varying.clone() {
        let Some((base, way)) = columns.get(column).within.clone() else {
            continue;
        };
        let Some(position) = columns.get(column).position else {
            continue;
        };
        let part = Part {
            column,
            position,
            way,
        };
        if let Some(known) = overlays.iter_mut().find(|known| known.base == base) {
            known.parts.push(part);
            continue;
        }
        let (whole, own) = (columns.get(base), columns.get(column));
        if whole.position.is_some() {
            found.push(
                Diagnostic::error(format!("`{}` has several values itself", whole.name))
                    .at(&own.place, "and cannot be given one within them"),
            );
            continue;
        }
        let position = varying.len();
        varying.push(base);
        columns.get_mut(base).position = Some(position);
        overlays.push(Overlay {
            base,
            position,
            parts: vec![part],
            known: HashMap::new(),
        });
    }
    // What a variant gives within what it gives as a whole is over it, in whatever order it names them.
    for overlay in &mut overlays {
        overlay.parts.sort_by_key(|part| part.way.len());
    }
    overlays
}

/// Gives a column of values within a parameter what the parameter has there: the value of cells in which no axis sets it.
pub(super) fn constant(columns: &mut Columns, index: usize) {
    let column = columns.get(index);
    let Some((base, way)) = &column.within else {
        return;
    };
    let base = columns.get(*base);
    let mut way = way.iter();
    let whole = base.former(base.constant());
    let Some(whole) = whole.or_else(|| base.value(base.constant())) else {
        return;
    };
    let value = way.try_fold(whole, |value, name| match value {
        Value::Map(entries) => entries.get(name.as_str()),
        _ => None,
    });
    let (value, place) = (value.cloned(), column.place.clone());
    let column = columns.get_mut(index);
    column.constant = column.intern(value.unwrap_or_default(), &place);
}

impl Overlay {
    /// Gives a row the parameter's value.
    pub(super) fn lay(&mut self, columns: &mut Columns, row: &mut [ValueId]) {
        let ids: Vec<ValueId> = self.parts.iter().map(|part| row[part.position]).collect();
        if ids.iter().all(|id| *id == ABSENT) {
            row[self.position] = ABSENT;
            return;
        }
        row[self.position] = match self.known.get(&ids) {
            Some(known) => *known,
            None => {
                let id = self.value(columns, &ids);
                self.known.insert(ids, id);
                id
            }
        };
    }

    fn value(&self, columns: &mut Columns, ids: &[ValueId]) -> ValueId {
        let base = columns.get(self.base);
        let place = base.place_of(base.constant()).unwrap_or(&base.place);
        let place = place.clone();
        let shown = |column: &Column, id: ValueId| {
            let value = column.former(id).or_else(|| column.value(id));
            value.cloned()
        };
        let mut value = shown(base, base.constant()).unwrap_or_default();
        let mut spelling = base.spelling(base.constant());
        for (part, id) in self.parts.iter().zip(ids) {
            let column = columns.get(part.column);
            if let Some(given) = shown(column, *id) {
                value = value.with(&part.way, &given);
                let way = part.way.iter().map(|name| format!(".{name}"));
                spelling.put(&way.collect::<String>(), &column.spelling(*id));
            }
        }
        let base = columns.get_mut(self.base);
        base.intern_as(value, &place, spelling)
    }
}
