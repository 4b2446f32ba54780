//! The values of parameters outside the axes, and what axes and parameters do to each other.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::manifest::axes::Axis;
use crate::manifest::axes::Form;
use crate::manifest::axes::in_place_of;
use crate::manifest::columns::ABSENT;
use crate::manifest::columns::Column;
use crate::manifest::columns::Columns;
use crate::manifest::fields;
use crate::manifest::node::Entry;
use crate::manifest::node::Node;
use crate::manifest::pipeline::Pipeline;
use crate::manifest::pipeline::declared as declared_by;
use crate::manifest::pipeline::looks_declared;
use crate::registry::ParamType;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;

use super::AxisInfo;
use super::nested;
use super::overlaps;

/// Columns of the parameters that the pipeline declares, with their defaults.
pub(super) fn declared(pipeline: &Pipeline) -> Columns {
    let mut columns = Columns::default();
    for param in &pipeline.params {
        let mut column = Column::new(&param.name, param.ty.clone(), param.place.clone());
        if let Some(default) = &param.default {
            column.constant = column.intern(default.clone(), &param.place);
        }
        columns.add(column);
    }
    columns
}

/// Declarations among the values of a manifest with stages of its own: `lr: {type: float, default: 0.1}`.
///
/// Returns where their names stand.
pub(super) fn declarations(
    node: &Node,
    pipeline: &mut Pipeline,
    found: &mut Diagnostics,
) -> Vec<Place> {
    let mut places = Vec::new();
    for entry in node.as_map().unwrap_or_default() {
        let known = pipeline
            .params
            .iter()
            .any(|param| *param.name == *entry.key);
        if !known && looks_declared(&entry.value) {
            places.push(entry.key_place.clone());
            pipeline.params.extend(declared_by(entry, found));
        }
    }
    places
}

/// Gives a parameter its value for all cells; where names are open, the first value declares one.
pub(super) fn constant(
    entry: &Entry,
    read: fields::Read,
    open: bool,
    columns: &mut Columns,
    found: &mut Diagnostics,
) {
    if nested::within(entry, read, columns, found) {
        return;
    }
    let index = match columns.index(&entry.key) {
        Some(index) => index,
        None if open => {
            if !fields::name(&entry.key, "a parameter", &entry.key_place, found) {
                return;
            }
            columns.add(Column::new(
                &entry.key,
                ParamType::Any,
                entry.key_place.clone(),
            ))
        }
        None => {
            found.push(columns.undeclared(&entry.key, &entry.key_place, false));
            return;
        }
    };
    let column = columns.get_mut(index);
    let what = format!("`{}`", entry.key);
    if entry.value.is_null() {
        column.constant = ABSENT;
    } else if let Some(value) = read(&entry.value, &column.ty.clone(), &what, found) {
        let value = match column.ty {
            ParamType::Any => {
                let before = column.value(column.constant);
                let wrong = before.and_then(|it| in_place_of(it, &entry.key, &entry.value));
                if let Some(wrong) = wrong {
                    found.push(wrong);
                    return;
                }
                nested::over(before, value)
            }
            _ => value,
        };
        let mut spelling = column.spelling(column.constant);
        spelling.lay("", &entry.value);
        column.constant = column.intern_as(value, &entry.value.place, spelling);
    }
}

/// Names that two axes set in one cell.
pub(super) fn collisions(axes: &[Axis], columns: &Columns, found: &mut Diagnostics) {
    fn all<'a>(axis: &'a Axis, into: &mut BTreeMap<usize, &'a Axis>) {
        for choice in &axis.choices {
            for (column, _) in &choice.set {
                into.insert(*column, axis);
            }
            for inner in &choice.axes {
                all(inner, into);
            }
        }
    }
    fn check(
        axes: &[Axis],
        outer: &BTreeMap<usize, &Axis>,
        columns: &Columns,
        found: &mut Diagnostics,
    ) {
        let mut taken = outer.clone();
        for axis in axes {
            let mut own = BTreeMap::new();
            all(axis, &mut own);
            for column in own.keys() {
                let name = &columns.get(*column).name;
                // What holds an axis within it and has several values itself is told elsewhere.
                let dotted = name.contains('.');
                let within = |other: &usize| {
                    let other = &columns.get(*other).name;
                    dotted && other.contains('.') && overlaps::touch(name, other)
                };
                let member = matches!(axis.form, Form::Zip | Form::Search);
                let mut others = taken.iter().chain(own.iter().filter(|_| member));
                let part = others.find(|(other, _)| within(other));
                if let Some((other, beside)) = part {
                    let other = &columns.get(*other).name;
                    found.push(
                        Diagnostic::error(format!(
                            "axes set `{name}` and `{other}`, of which one holds the other"
                        ))
                        .at(&axis.place, "here")
                        .also(&beside.place, "and here")
                        .help("a cell has one value of each: put all of it under one axis"),
                    );
                    return;
                }
                if let Some(other) = taken.get(column) {
                    found.push(
                        Diagnostic::error(format!("two axes set `{name}`"))
                            .at(&axis.place, "here")
                            .also(&other.place, "and here"),
                    );
                }
            }
            for choice in axis.choices.iter().filter(|choice| !choice.axes.is_empty()) {
                let set: BTreeMap<usize, &Axis> = choice
                    .set
                    .iter()
                    .map(|(column, _)| (*column, axis))
                    .collect();
                check(&choice.axes, &set, columns, found);
            }
            taken.extend(own);
        }
    }
    check(axes, &BTreeMap::new(), columns, found);
}

/// A value that is never used because an axis gives others.
pub(super) fn shadowed(entry: &Entry, axes: &[&Axis], found: &mut Diagnostics) {
    let plain = |axis: &&&Axis| matches!(axis.form, Form::Values | Form::Seeds(_));
    let axis = axes
        .iter()
        .filter(plain)
        .find(|axis| *axis.name == *entry.key);
    if let Some(axis) = axis {
        found.push(
            Diagnostic::warning(format!("the value of `{}` is never used", entry.key))
                .at(&entry.key_place, "given here")
                .also(&axis.place, "an axis gives it other values"),
        );
    }
}

pub(super) fn infos(axes: &[Axis]) -> Vec<AxisInfo> {
    let mut infos: Vec<AxisInfo> = Vec::new();
    let mut pending: Vec<&Axis> = axes.iter().rev().collect();
    while let Some(axis) = pending.pop() {
        if !infos.iter().any(|info| info.name == axis.name) {
            infos.push(AxisInfo {
                name: Arc::clone(&axis.name),
                place: axis.place.clone(),
                columns: axis.columns(),
                seeds: matches!(axis.form, Form::Seeds(_)),
                on_demand: match axis.form {
                    Form::Seeds(on_demand) => on_demand,
                    _ => None,
                },
                variants: axis.form == Form::Variants,
            });
        }
        for choice in axis.choices.iter().rev() {
            pending.extend(choice.axes.iter().rev());
        }
    }
    infos
}
