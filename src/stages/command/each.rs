//! Where the items of an input that reduces axes are placed one by one, each at a path of its own:
//! `res/{seed}.txt`. As one folder they would be `0`, `1`, …, and no program looks for them there.

use std::collections::BTreeSet;

use super::mentions::written;
use super::params::CommandParams;
use super::paths::meet;
use super::paths::plain;
use super::remarks::Remarks;
use super::remarks::part;
use crate::manifest::Stage;
use crate::plan::Cell;
use crate::plan::Step;
use crate::registry::ParamType;
use crate::registry::Value;
use crate::text::Diagnostic;

/// The path of each item; none where the path that is declared names no axis. `declared` is all else that has a path.
///
/// # Errors
/// Why the items have no such paths.
pub(super) fn paths<'c>(
    path: &str,
    items: impl Iterator<Item = &'c Cell>,
    declared: &BTreeSet<String>,
) -> Result<Option<Vec<String>>, String> {
    let parts = parts(path);
    if !parts.iter().any(|part| matches!(part, Part::Axis(_))) {
        return Ok(None);
    }
    let mut known = BTreeSet::new();
    let mut paths = Vec::new();
    for cell in items {
        let own = of_cell(&parts, cell)?;
        let own = own.trim_end_matches('/').to_owned();
        if ParamType::Path.conform(Value::from(own.as_str())).is_err() {
            return Err(format!("`{own}` is not inside the program's folder"));
        }
        if let Some(other) = declared.iter().find(|other| meet(other, &own)) {
            let what = "an output, a file or another input";
            return Err(match *other == own {
                true => format!("`{own}` is declared as the path of {what}"),
                false => format!("`{own}` meets `{other}`, declared as the path of {what}"),
            });
        }
        if !known.insert(own.clone()) {
            return Err(format!("several of what it reads would be at `{own}`"));
        }
        paths.push(own);
    }
    Ok(Some(paths))
}

/// The paths of a program's folder that are declared, but for the one that each item makes another.
pub(super) fn declared(params: &CommandParams, but: &str) -> BTreeSet<String> {
    let but = but.trim_start_matches("./").trim_end_matches('/');
    let mut declared = written(params);
    declared.retain(|path| path != but);
    declared
}

impl Remarks<'_> {
    /// Says which items cannot be placed as it is declared.
    pub(super) fn misplaced(&mut self, stage: &Stage, step: &Step) {
        let argument = stage.with.iter().find(|known| &*known.name == "place");
        let (Some(argument), Ok(params)) = (argument, CommandParams::read(&step.params)) else {
            return;
        };
        for (slot, path) in params.placed() {
            let mut inputs = step.inputs.iter();
            let input = inputs.find(|input| *input.slot == **slot && input.reduced);
            let (Some(input), Some(path)) = (input, path.as_str()) else {
                continue;
            };
            let items = input.items.iter().map(|item| &item.cell);
            if let Err(wrong) = paths(path, items, &declared(&params, path)) {
                self.found.push(
                    Diagnostic::error(format!("`{slot}` cannot be placed at `{path}`"))
                        .at(&part(&argument.value.place, path), wrong)
                        .help(
                            "`{axis}` stands for the value of each that is read, `res/{seed}.txt`",
                        ),
                );
            }
        }
    }
}

enum Part<'p> {
    Text(&'p str),
    Axis(&'p str),
}

fn parts(path: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut start, mut from) = (0, 0);
    while let Some(at) = path[from..].find('{').map(|at| from + at) {
        from = at + 1;
        let Some(end) = path[from..].find('}').map(|end| from + end) else {
            break;
        };
        let name = &path[from..end];
        let plain = |c: char| c.is_alphanumeric() || "_.-".contains(c);
        // `$${x}` is a literal `${x}`, `{a,b}` a name as any other.
        let is_axis = !path[..at].ends_with('$')
            && name.starts_with(char::is_alphabetic)
            && name.chars().all(plain);
        if is_axis {
            parts.push(Part::Text(&path[start..at]));
            parts.push(Part::Axis(name));
            (start, from) = (end + 1, end + 1);
        }
    }
    parts.push(Part::Text(&path[start..]));
    parts
}

fn of_cell(parts: &[Part<'_>], cell: &Cell) -> Result<String, String> {
    let mut path = String::new();
    for part in parts {
        match part {
            Part::Text(text) => path.push_str(&plain(text)),
            Part::Axis(name) => match cell.get(name) {
                Some(value) => path.push_str(&value.to_string()),
                None => return Err(format!("`[{cell}]` of what it reads has no axis `{name}`")),
            },
        }
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(path: &str) -> Result<Option<Vec<String>>, String> {
        let cell = |seed: i64, model: &str| {
            let pairs = [("seed", Value::Int(seed)), ("model", Value::from(model))];
            Cell(pairs.map(|(name, value)| (name.into(), value)).into())
        };
        let declared = BTreeSet::from(["out/0".to_owned(), "b1".to_owned()]);
        paths(path, [cell(0, "a"), cell(1, "../b")].iter(), &declared)
    }

    #[test]
    fn each_item_has_a_path_of_its_own() {
        let two = |one: &str, other: &str| Ok(Some(vec![one.to_owned(), other.to_owned()]));
        assert_eq!(said("res/{seed}.txt"), two("res/0.txt", "res/1.txt"));
        assert_eq!(
            said("{a b}$${seed}{seed}/"),
            two("{a b}${seed}0", "{a b}${seed}1")
        );
        assert_eq!(said("res"), Ok(None));
        assert_eq!(said("res/$${seed}{"), Ok(None));
    }

    #[test]
    fn paths_that_cannot_be_are_told() {
        let wrong = |path: &str| said(path).expect_err("it cannot be");
        assert!(wrong("{seeds}.txt").contains("no axis `seeds`"));
        assert!(wrong("{model}").contains("not inside the program's folder"));
        assert!(wrong("b{seed}").starts_with("`b1` is declared as the path of an output"));
        assert!(wrong("out/{seed}/x").starts_with("`out/0/x` meets `out/0`"));
        // Only one of the two would be seen.
        let cells = [
            Cell([("m".into(), Value::Int(1))].into()),
            Cell([("m".into(), Value::Int(1))].into()),
        ];
        let twice = paths("{m}", cells.iter(), &BTreeSet::new()).expect_err("both are there");
        assert!(twice.contains("several of what it reads would be at `1`"));
    }
}
