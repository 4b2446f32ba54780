//! What takes cells away from the product of the axes: `exclude` and `when`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::manifest::axes::PartOfReplicates;
use crate::manifest::columns::ABSENT;
use crate::manifest::columns::Column;
use crate::manifest::columns::Columns;
use crate::manifest::expression::Expression;
use crate::manifest::fields;
use crate::manifest::node::Content;
use crate::manifest::node::Node;
use crate::manifest::stage::condition;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;
use crate::text::did_you_mean;

use super::Grid;
use super::filter::Coordinates;
use super::filter::Filter;

/// The members of a list; what is no list is one.
pub(super) fn entries(node: &Node) -> Vec<&Node> {
    match &node.content {
        Content::List(items) => items.iter().collect(),
        _ => vec![node],
    }
}

/// The values that an entry names for a column: those of a list, unless the list is one value of an axis of lists.
pub(super) fn alternatives<'n>(node: &'n Node, column: &Column) -> Vec<&'n Node> {
    let Content::List(items) = &node.content else {
        return vec![node];
    };
    let is_known = |node: &Node| {
        let value = column.ty.conform(node.to_value());
        node.is_null() || value.is_ok_and(|value| column.id_of(&value).is_some())
    };
    let is_list = |node: &Node| node.is_null() || node.as_list().is_some();
    let mut values = column.values().iter();
    let of_lists = !column.values().is_empty() && values.all(|value| value.as_list().is_some());
    let alternatives = match of_lists {
        true => !items.is_empty() && items.iter().all(is_list),
        false => !is_known(node) || (!items.is_empty() && items.iter().all(is_known)),
    };
    match alternatives {
        true => items.iter().collect(),
        false => vec![node],
    }
}

pub(super) fn unknown(name: &str, place: &Place, columns: &Columns) -> Diagnostic {
    Diagnostic::error(format!("unknown axis `{name}`"))
        .at(place, "no such axis or parameter")
        .maybe_help(did_you_mean(name, columns.names(), "known names"))
}

impl Grid {
    /// Leaves out replicates of cells that were not to have so many, by axes of which claims do not take the
    /// values together: `told`. Names that are no more keep nothing out.
    pub(in crate::manifest) fn keep_replicates(
        &mut self,
        column: usize,
        parts: &[PartOfReplicates],
        told: impl Fn(&str) -> bool,
    ) {
        let coordinates = |at: &BTreeMap<String, Vec<Value>>| -> Coordinates {
            let named = at.iter().filter(|(name, _)| told(name));
            let named = named.filter_map(|(name, values)| {
                let column = self.columns.index(name)?;
                let known = self.columns.get(column);
                let ids = values.iter().filter_map(|value| known.id_of(value));
                Some((column, ids.collect()))
            });
            named.collect()
        };
        let parts = parts.iter().map(|part| {
            let cells = part.cells.iter().map(coordinates);
            (i64::from(part.from), cells.collect())
        });
        let parts: Vec<_> = parts.collect();
        if parts.is_empty() {
            return;
        }
        let filter = Filter::Replicates { column, parts };
        self.retain(|grid, cell| filter.keeps(grid, cell).unwrap_or(true));
        self.written = self.len();
        self.rows.forget();
        self.filters.push(Arc::new(filter));
    }
}

pub(super) fn exclude(grid: &mut Grid, node: &Node, found: &mut Diagnostics) {
    for entry in entries(node) {
        if entry.as_str().is_some() {
            let Some(expression) = checked(grid, entry, found) else {
                continue;
            };
            let open = is_open(&expression, &grid.columns);
            let before = found.errors();
            let gone = retain_where(grid, expression, false, found);
            if gone == 0 && !open && found.errors() == before {
                useless(entry, found);
            }
            continue;
        }
        let Some(parts) = fields::map(entry, "an entry of `exclude`", found) else {
            continue;
        };
        let mut conditions = Vec::new();
        let mut wanted = Vec::new();
        let mut open = false;
        for part in parts {
            let Some(column) = grid.columns.index(&part.key) else {
                found.push(unknown(&part.key, &part.key_place, &grid.columns));
                continue;
            };
            let mut ids = Vec::new();
            let mut values = Vec::new();
            let known = grid.columns.get(column);
            open |= known.searched.is_some();
            for value in alternatives(&part.value, known) {
                if value.is_null() {
                    ids.push(ABSENT);
                    values.push(Value::Null);
                    continue;
                }
                let what = format!("`{}`", part.key);
                let Some(canonical) = fields::canonical(value, &known.ty, &what, found) else {
                    continue;
                };
                match known.id_of(&canonical) {
                    Some(id) => ids.push(id),
                    // No cell has it: what a search proposes later may.
                    None if known.may_come_to(&canonical) => {}
                    None => {
                        let text = value.to_value().to_string();
                        let values: Vec<String> =
                            known.values().iter().map(Value::to_string).collect();
                        let values = values.iter().map(String::as_str);
                        found.push(
                            Diagnostic::warning(format!("`{}` is never `{text}`", part.key))
                                .at(&value.place, "excludes nothing")
                                .maybe_help(did_you_mean(&text, values, "its values are")),
                        );
                    }
                }
                values.push(canonical);
            }
            conditions.push((column, ids));
            wanted.push((column, values));
        }
        if conditions.is_empty() {
            continue;
        }
        let gone = grid.retain(|grid, cell| {
            !conditions.iter().all(|(column, ids)| {
                let id = grid.value_id(cell, *column);
                ids.contains(&grid.columns.get(*column).known_as(id))
            })
        });
        if gone == 0 && !open && conditions.iter().all(|(_, ids)| !ids.is_empty()) {
            useless(entry, found);
        }
        grid.filters.push(Arc::new(Filter::Values(wanted)));
    }
}

/// Whether a condition may hold for what a search proposes later. Of a bound on one number its ends say so.
fn is_open(expression: &Expression, columns: &Columns) -> bool {
    let names = expression.names();
    let mut domains = names.iter().filter_map(|name| {
        let column = columns.index(name)?;
        columns.get(column).searched.as_ref()
    });
    match names {
        [name] if is_bound(expression.text(), name) => domains.any(|domain| {
            let mut ends = domain.ends().into_iter();
            ends.any(|end| expression.holds(|_| Some(&end)) != Ok(false))
        }),
        _ => domains.next().is_some(),
    }
}

/// `lr > 2`: what holds somewhere in a range holds at one of its ends.
fn is_bound(condition: &str, name: &str) -> bool {
    let rest = condition.strip_prefix(name).map(str::trim_start);
    let number = rest.and_then(|rest| rest.strip_prefix(['<', '>']));
    let number = number.map(|number| number.strip_prefix('=').unwrap_or(number));
    number.is_some_and(|number| number.trim().parse::<f64>().is_ok())
}

fn useless(entry: &Node, found: &mut Diagnostics) {
    found.push(
        Diagnostic::warning("an entry of `exclude` matches no cell")
            .at(&entry.place, "excludes nothing"),
    );
}

pub(super) fn when(grid: &mut Grid, node: &Node, found: &mut Diagnostics) {
    for entry in entries(node) {
        if let Some(expression) = checked(grid, entry, found) {
            retain_where(grid, expression, true, found);
        }
    }
}

/// A condition whose names are all known.
fn checked(grid: &Grid, node: &Node, found: &mut Diagnostics) -> Option<Expression> {
    let expression = condition(node, found)?;
    let mut good = true;
    for name in expression.names() {
        if grid.columns.index(name).is_none() {
            found.push(grid.columns.undefined(&expression, name));
            good = false;
        }
    }
    good.then_some(expression)
}

fn retain_where(
    grid: &mut Grid,
    expression: Expression,
    keeps: bool,
    found: &mut Diagnostics,
) -> usize {
    let filter = Filter::Condition { expression, keeps };
    let mut problem = None;
    let gone = grid.retain(|grid, cell| {
        problem.is_some()
            || filter.keeps(grid, cell).unwrap_or_else(|said| {
                problem = Some(said);
                true
            })
    });
    match problem {
        Some(said) => found.push(said),
        None => grid.filters.push(Arc::new(filter)),
    }
    gone
}
