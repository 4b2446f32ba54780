//! Paths in all cells of a stage, and what names in them stand for.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;

use super::command::Names;
use super::entries::Text;
use super::entries::remark;
use super::interpolation::Piece;
use super::interpolation::Turn;
use super::interpolation::Way;
use super::interpolation::is_name;
use super::interpolation::pieces;
use super::interpolation::shown;
use super::interpolation::words;
use super::loops::Axis;
use super::loops::StageLoop;
use super::paths;
use super::scope::Scope;

/// What is between the names of the axes in `${key}`.
const JOINED: &str = " ~ '-' ~ ";

/// A path in all cells.
#[derive(Clone, Debug)]
pub(super) struct Located {
    pub cells: Vec<String>,
    /// With `${…}` of ours.
    pub template: String,
    /// The same with marks for its `${…}`, and what these stand for.
    marked: String,
    holes: Vec<PathHole>,
}

/// A `${…}` in a path.
#[derive(Clone, Debug)]
struct PathHole {
    expression: String,
    /// By cell.
    values: Vec<String>,
}

impl Located {
    /// The path in some of its cells, for those who have none of these axes: its values there in their place,
    /// where each is one, and `{axis}` for those of which all values are read, each with its labels by cell.
    pub(super) fn without(
        &self,
        held: &[&str],
        each: &[(&str, Vec<String>)],
        cells: &BTreeSet<usize>,
    ) -> Option<String> {
        // It would be taken for an axis.
        if !each.is_empty() && self.marked.contains('{') {
            return None;
        }
        let mut filled = Vec::new();
        for hole in &self.holes {
            let names = || words(&hole.expression);
            if names().any(|name| each.iter().any(|(axis, _)| *axis == name)) {
                filled.push(hole.of_each(each, held)?);
                continue;
            }
            if !names().any(|name| held.contains(&name)) {
                filled.push(format!("${{{}}}", hole.expression));
                continue;
            }
            let mut values = cells.iter().map(|cell| &hole.values[*cell]);
            let first = values.next()?;
            if values.any(|value| value != first) || !each.is_empty() && first.contains('{') {
                return None;
            }
            filled.push(first.replace("${", "$${"));
        }
        Some(fill(&self.marked, &filled))
    }

    /// Whether the name of an axis stands behind so many parts of the path, and in none of them.
    pub(super) fn differs_only_below(&self, above: usize, axis: &str) -> bool {
        let parts = self.marked.split('/').enumerate();
        let mut named = parts.filter(|(_, part)| {
            let mut holes = self.holes.iter().enumerate();
            holes.any(|(number, hole)| {
                part.contains(&mark(number)) && words(&hole.expression).any(|name| name == axis)
            })
        });
        named.next().is_some_and(|(first, _)| first >= above)
    }
}

impl PathHole {
    /// The same where all values of some axes are read: names of axes with hyphens between, or what is
    /// called as the value of one is.
    fn of_each(&self, each: &[(&str, Vec<String>)], held: &[&str]) -> Option<String> {
        let parts = self.expression.split(JOINED).map(|part| {
            let is_each = each.iter().any(|(axis, _)| *axis == part);
            match is_each {
                true => Some(format!("{{{part}}}")),
                false => (is_name(part) && !held.contains(&part)).then(|| format!("${{{part}}}")),
            }
        });
        if let Some(parts) = parts.collect::<Option<Vec<String>>>() {
            return Some(parts.join("-"));
        }
        let mut named = each.iter().filter(|(_, labels)| *labels == self.values);
        named.next().map(|(axis, _)| format!("{{{axis}}}"))
    }
}

/// Puts texts in the place of marks.
fn fill(marked: &str, with: &[String]) -> String {
    let mut text = marked.replace("${", "$${");
    for (number, with) in with.iter().enumerate() {
        text = text.replace(&mark(number), with);
    }
    text
}

fn mark(number: usize) -> String {
    format!("\u{1}{number}\u{2}")
}

/// What names stand for in a stage.
pub(super) struct StageNames<'n> {
    pub scope: &'n Scope,
    pub axes: &'n [Axis],
    pub loops: &'n [StageLoop],
    pub cells: &'n [Vec<usize>],
}

impl StageNames<'_> {
    /// The loop that a way begins with, and how many turns that takes.
    fn of_loop(&self, way: &Way) -> Option<(usize, usize)> {
        if way.first() != "item" {
            return None;
        }
        if let Some(foreach) = self.loops.iter().position(|one| one.dvc.is_none()) {
            return Some((foreach, 1));
        }
        let Some(Turn::Key(axis)) = way.0.get(1) else {
            return None;
        };
        let number = self
            .loops
            .iter()
            .position(|one| one.dvc.as_ref() == Some(axis))?;
        Some((number, 2))
    }

    /// The value of a way in a cell.
    pub(super) fn value(&self, way: &Way, cell: &[usize]) -> Option<Value> {
        if let Some((number, turns)) = self.of_loop(way) {
            return way
                .rest(turns)
                .value(&self.loops[number].values[cell[number]])
                .cloned();
        }
        if way.written() == "key" && !self.loops.is_empty() {
            let labels = self.loops.iter().zip(cell);
            let labels = labels.map(|(one, at)| shown(&self.axes[one.axis].labels[*at]));
            return Some(Value::Str(labels.collect::<Vec<_>>().join("-")));
        }
        self.scope.value(way).cloned()
    }
}

impl Names for StageNames<'_> {
    fn expression(&self, way: &Way) -> Option<String> {
        if let Some((number, turns)) = self.of_loop(way) {
            let axis = &self.axes[self.loops[number].axis];
            let rest = way.rest(turns);
            return match &self.loops[number].container {
                None => rest.0.is_empty().then(|| axis.name.clone()),
                Some(container) => Some(format!("{container}[{}]{}", axis.name, rest.behind())),
            };
        }
        if way.written() == "key" && !self.loops.is_empty() {
            let names = self
                .loops
                .iter()
                .map(|one| self.axes[one.axis].name.as_str());
            return Some(names.collect::<Vec<_>>().join(JOINED));
        }
        self.scope.expression(way)
    }

    fn values(&self, way: &Way) -> Vec<Value> {
        let values = self.cells.iter().map(|cell| self.value(way, cell));
        values.map(Option::unwrap_or_default).collect()
    }

    fn has(&self, name: &str) -> bool {
        self.scope.has_name(name) || self.axes.iter().any(|axis| axis.name == name)
    }
}

/// Says of names that nothing is known of.
pub(super) fn check_names(text: &Text, names: &StageNames<'_>, found: &mut Diagnostics) -> bool {
    let mut good = true;
    for piece in pieces(&text.text) {
        let Piece::Hole(way) = piece else { continue };
        let known = names
            .cells
            .iter()
            .all(|cell| names.value(&way, cell).is_some());
        if !known || names.expression(&way).is_none() {
            let written = format!("${{{}}}", way.written());
            let place = match text.place.text().find(&written) {
                Some(at) => text.place.part(at..at + written.len()),
                None => text.place.clone(),
            };
            found.push(
                Diagnostic::error(format!("`{written}` is not known"))
                    .at(&place, "neither in params.yaml nor under `vars`"),
            );
            good = false;
        }
    }
    good
}

/// A path of the project, in all cells of a stage; says so where it is none.
pub(super) fn locate(
    folder: &str,
    wdir: Option<&Text>,
    path: &Text,
    names: &StageNames<'_>,
    found: &mut Diagnostics,
) -> Option<Located> {
    let known = check_names(path, names, found);
    if !wdir.is_none_or(|wdir| check_names(wdir, names, found)) || !known {
        return None;
    }
    let wdir = wdir.map_or("", |wdir| wdir.text.as_str());
    let whole = |with: &dyn Fn(&Way) -> String| -> Option<String> {
        let folder = paths::join(folder, &value_of(wdir, with))?;
        paths::join(&folder, &value_of(&path.text, with))
    };
    let mut cells = Vec::new();
    for cell in names.cells {
        let value = |way: &Way| shown(&names.value(way, cell).unwrap_or_default());
        match whole(&value) {
            Some(path) => cells.push(path),
            None => {
                let written = value_of(&path.text, &value);
                remark(
                    found,
                    &path.place,
                    format!("`{written}` is left out"),
                    "not in the project",
                    "copy it into the project, or have the program fetch it",
                );
                return None;
            }
        }
    }
    // Expressions may have strokes in them, so they come last.
    let ways = RefCell::new(Vec::new());
    let marked = whole(&|way: &Way| {
        let mut ways = ways.borrow_mut();
        ways.push(way.clone());
        mark(ways.len() - 1)
    });
    let marked = marked.unwrap_or_default();
    let holes = ways.into_inner().into_iter().map(|way| PathHole {
        expression: names.expression(&way).unwrap_or_default(),
        values: names.values(&way).iter().map(shown).collect(),
    });
    let holes: Vec<PathHole> = holes.collect();
    let same = cells.iter().enumerate().all(|(cell, path)| {
        let values = holes.iter().map(|hole| hole.values[cell].clone());
        fill(&marked, &values.collect::<Vec<_>>()) == *path
    });
    if same {
        let expressions = holes.iter();
        let expressions = expressions.map(|hole| format!("${{{}}}", hole.expression));
        return Some(Located {
            template: fill(&marked, &expressions.collect::<Vec<_>>()),
            cells,
            marked,
            holes,
        });
    }
    // A value with `..` or the like in it: the path as it is.
    if cells.windows(2).all(|pair| pair[0] == pair[1]) {
        let template = cells.first().cloned().unwrap_or_default();
        return Some(Located {
            cells,
            marked: template.clone(),
            template,
            holes: Vec::new(),
        });
    }
    remark(
        found,
        &path.place,
        format!("`{}` is left out", path.text),
        "paths with `..` in values that differ by cell are not followed",
        "write the path out",
    );
    None
}

pub(super) fn value_of(text: &str, with: &dyn Fn(&Way) -> String) -> String {
    let parts = pieces(text).into_iter().map(|piece| match piece {
        Piece::Literal(text) => text,
        Piece::Hole(way) => with(&way),
    });
    parts.collect()
}

/// A path without its `${…}`, for names.
pub(super) fn bare(path: &str) -> String {
    let literal = pieces(path).into_iter().filter_map(|piece| match piece {
        Piece::Literal(text) => Some(text),
        Piece::Hole(_) => None,
    });
    let text: String = literal.collect();
    // Nothing may be left of the last part: `models/${item}.pkl`.
    let mut parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty()).collect();
    while parts.len() > 1 {
        let stem = parts.last().and_then(|part| part.split('.').next());
        if stem.is_some_and(|stem| stem.contains(|c: char| c.is_ascii_alphabetic())) {
            break;
        }
        parts.pop();
    }
    parts.join("/")
}
