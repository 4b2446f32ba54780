//! Values within parameters where an axis gives others: of `optim.lr` and `optim` the one holds the other.

use crate::manifest::axes::Axis;
use crate::manifest::axes::Form;
use crate::manifest::columns::Columns;
use crate::manifest::node::Entry;
use crate::manifest::node::Node;
use crate::text::Diagnostic;
use crate::text::Diagnostics;

/// Whether one of two ways leads to what is within the other.
pub(super) fn touch(one: &str, other: &str) -> bool {
    rest(one, other).or_else(|| rest(other, one)).is_some()
}

/// The way on from one to what is within it.
fn rest<'w>(whole: &str, part: &'w str) -> Option<&'w str> {
    part.strip_prefix(whole)?.strip_prefix('.')
}

/// Whether a value gives something at a way within it, or leaves nothing there.
fn gives(node: &Node, way: &str) -> bool {
    let Some(entries) = node.as_map() else {
        return true;
    };
    let mut entries = entries.iter();
    entries.any(|entry| match rest(&entry.key, way) {
        Some(way) => gives(&entry.value, way),
        None => entry.key == way || rest(way, &entry.key).is_some(),
    })
}

/// What is to be said of a value of the command line that axes or variants would pass over: they set what holds
/// it, or a part of it.
pub(super) fn passed_over(entry: &Entry, columns: &Columns) -> Option<Diagnostic> {
    let key = &entry.key;
    let mut all = columns.iter();
    let column = all.find(|column| {
        let set = column.axis || !column.governors.is_empty();
        let holds = rest(&column.name, key).is_some();
        let held = rest(key, &column.name).is_some_and(|way| gives(&entry.value, way));
        set && (holds || held)
    })?;
    let (name, governor) = (&column.name, column.governors.first());
    let by = match governor {
        Some(governor) if !column.axis => columns.get(*governor),
        _ => column,
    };
    let title = match column.axis {
        true => format!("`{name}` is an axis"),
        false => format!("variants of `{}` set `{name}`", by.name),
    };
    let held = rest(key, name).is_some();
    let help = match (held, column.axis) {
        (true, _) => format!("`-p {name}=…` gives it one value in all cells"),
        (false, true) => format!("`--axis {name}=…` gives it other values"),
        (false, false) => format!("`-p {name}=…` gives the whole of it in all cells"),
    };
    let label = match held {
        true => format!("its `{name}` would be passed over"),
        false => "one value within it cannot be given".to_owned(),
    };
    let said = Diagnostic::error(title).at(&entry.key_place, label);
    Some(said.also(&by.place, "given here").help(help))
}

/// A value of a profile where an axis gives all cells others: what was to be changed stays as it is. So it is
/// with a value within a map.
///
/// Variants that the command line chooses are not told off: others may leave the value.
pub(super) fn never_taken(
    entry: &Entry,
    axes: &[&Axis],
    columns: &Columns,
    chosen: &[Entry],
    found: &mut Diagnostics,
) {
    let mut pending = vec![(entry.key.clone(), entry)];
    while let Some((way, entry)) = pending.pop() {
        let ends = way.match_indices('.').map(|(at, _)| at).chain([way.len()]);
        let mut wholes = ends.map(|end| &way[..end]);
        let by = wholes.find_map(|whole| Some((whole, given_by(whole, axes, columns, chosen)?)));
        let Some((whole, axis)) = by else {
            let inner = entry.value.as_map().unwrap_or_default().iter().rev();
            pending.extend(inner.map(|inner| (format!("{way}.{}", inner.key), inner)));
            continue;
        };
        let help = match *axis.name == *whole {
            true => format!("`axes: {{{whole}: […]}}` in the profile gives the axis others"),
            false => format!(
                "`axes` of the profile can give the whole of `{}`",
                axis.name
            ),
        };
        found.push(
            Diagnostic::error(format!("the value of `{way}` is never used"))
                .at(&entry.key_place, "given here")
                .also(&axis.place, "an axis gives it other values")
                .help(help),
        );
    }
}

/// The axis that gives a name, or a value within one, its value in all cells.
fn given_by<'a>(
    name: &str,
    axes: &[&'a Axis],
    columns: &Columns,
    chosen: &[Entry],
) -> Option<&'a Axis> {
    let index = columns.index(name);
    let mut axes = axes.iter().copied();
    axes.find(|axis| {
        let narrowed = chosen.iter().any(|other| *other.key == *axis.name);
        let mut choices = axis.choices.iter();
        let all = choices.all(|choice| choice.set.iter().any(|(set, _)| Some(*set) == index));
        let some = !axis.choices.is_empty();
        *axis.name == *name || (all && some && !(axis.form == Form::Variants && narrowed))
    })
}
