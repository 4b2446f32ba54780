//! `foreach` and `matrix`: axes, and the cells of each stage over them.
//!
//! Stages that go over the same values share an axis, so that a stage follows what it reads, value by
//! value, as paths say it to DVC.

use crate::manifest::Node;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;

use super::entries::remark;
use super::filled::common;
use super::filled::filled;
use super::filled::first_way;
use super::interpolation::Piece;
use super::interpolation::Way;
use super::interpolation::is_name;
use super::interpolation::pieces;
use super::interpolation::shown;
use super::paths::unique;
use super::read::Repeat;
use super::read::StageEntry;
use super::scope::Scope;
use super::scope::doubtful;
use super::scope::our_name;

/// An axis of the manifest.
#[derive(Debug)]
pub(super) struct Axis {
    pub name: String,
    /// The values that it takes.
    pub labels: Vec<Value>,
}

/// How a stage goes over an axis.
#[derive(Debug)]
pub(super) struct StageLoop {
    /// Its position among the axes.
    pub axis: usize,
    /// The name of the axis in a matrix; none for `foreach`.
    pub dvc: Option<String>,
    /// The values that the stage takes, where it does not take all.
    pub only: Option<Vec<usize>>,
    /// What `item` is, by position among the values of the axis.
    pub values: Vec<Value>,
    /// Where that is not the value of the axis itself: what it is in, as an expression.
    pub container: Option<String>,
}

/// All loops of a file.
#[derive(Debug, Default)]
pub(super) struct Loops {
    pub axes: Vec<Axis>,
    /// By stage.
    pub stages: Vec<Vec<StageLoop>>,
    /// Values of the manifest that loops go over.
    pub constants: Vec<(String, Value)>,
}

impl Loops {
    fn has_name(&self, name: &str) -> bool {
        self.axes.iter().any(|axis| axis.name == name)
            || self.constants.iter().any(|(known, _)| known == name)
    }
}

/// What a loop goes over, as it is written.
struct Values {
    hint: String,
    labels: Vec<Value>,
    values: Vec<Value>,
    structured: bool,
    /// The way, where it is `${…}`.
    from: Option<Way>,
    /// A way in what is written, where that is no `${…}` itself.
    filled: Option<Way>,
    /// The way to the map that all its values are in, under their own names.
    within: Option<Way>,
    place: Place,
}

/// The loops of all stages, in order.
pub(super) fn read(stages: &[StageEntry], scope: &Scope, found: &mut Diagnostics) -> Loops {
    let mut wanted: Vec<Vec<(Option<String>, Values)>> = Vec::new();
    for stage in stages {
        let mut own = Vec::new();
        match &stage.repeat {
            Repeat::Once => {}
            Repeat::Foreach(node) => {
                own.extend(values(node, None, None, scope, found).map(|values| (None, values)));
            }
            Repeat::Matrix(entries) => {
                for entry in entries {
                    let name = Some(entry.key.clone());
                    let keyed = stage.mentions("${key}").then_some(entry.key.as_str());
                    let values = values(&entry.value, Some(&entry.key), keyed, scope, found);
                    own.extend(values.map(|values| (name, values)));
                }
            }
        }
        wanted.push(own);
    }
    let mut loops = Loops::default();
    loops.stages.extend(wanted.iter().map(|_| Vec::new()));
    // The largest first, so that those with a part of its values find it; those with a name of their own
    // before others.
    let mut all: Vec<(usize, usize)> = Vec::new();
    for (stage, own) in wanted.iter().enumerate() {
        all.extend((0..own.len()).map(|number| (stage, number)));
    }
    all.sort_by_key(|(stage, number)| {
        let values = &wanted[*stage][*number].1;
        (std::cmp::Reverse(values.labels.len()), values.hint == ITEM)
    });
    let mut placed: Vec<Vec<Option<StageLoop>>> = Vec::new();
    placed.extend(wanted.iter().map(|own| own.iter().map(|_| None).collect()));
    // Of each axis, what it is of.
    let mut origins: Vec<&Values> = Vec::new();
    for (stage, number) in all {
        let (dvc, values) = &wanted[stage][number];
        let free = |axis: usize| {
            let others: &Vec<Option<StageLoop>> = &placed[stage];
            others.iter().flatten().all(|other| other.axis != axis)
        };
        let fits = |at: usize| {
            let axis = &loops.axes[at];
            // Of a name that says nothing only the same values.
            let named = origins[at].hint == values.hint;
            let same = values.from.is_some() && origins[at].from == values.from
                || values.hint == ITEM && axis.labels.len() == values.labels.len();
            (named || same) && free(at) && values.positions(axis).is_some()
        };
        let known = (0..loops.axes.len()).find(|at| fits(*at));
        let axis = known.unwrap_or_else(|| {
            let name = values.axis_name(&stages[stage].name, &loops, scope);
            let labels = values.labels.clone();
            loops.axes.push(Axis { name, labels });
            origins.push(values);
            loops.axes.len() - 1
        });
        let positions = values.positions(&loops.axes[axis]).unwrap_or_default();
        let mut own = vec![Value::Null; loops.axes[axis].labels.len()];
        for (position, value) in positions.iter().zip(&values.values) {
            own[*position] = value.clone();
        }
        let every = positions.len() == loops.axes[axis].labels.len();
        let container = values.container(axis, scope, &mut loops);
        values.tell(&loops.axes[axis].name, container.as_deref(), &loops, found);
        placed[stage][number] = Some(StageLoop {
            axis,
            dvc: dvc.clone(),
            only: (!every).then_some(positions),
            values: own,
            container,
        });
    }
    let placed = placed.into_iter();
    loops.stages = placed
        .map(|own| own.into_iter().flatten().collect())
        .collect();
    loops
}

/// The name of a loop that has none.
const ITEM: &str = "item";

/// `keyed` is the name of an axis whose values have the names that DVC gives them, as they stand in paths.
fn values(
    node: &Node,
    name: Option<&str>,
    keyed: Option<&str>,
    scope: &Scope,
    found: &mut Diagnostics,
) -> Option<Values> {
    doubtful(node, false, found);
    let mut wrong = |title: String, label: &str| {
        found.push(Diagnostic::error(title).at(&node.place, label));
        None
    };
    let mut from = None;
    let mut given = node.to_value();
    if let Some(text) = node.as_str() {
        let [Piece::Hole(way)] = &pieces(text)[..] else {
            return wrong(
                "a stage is repeated for a text".to_owned(),
                "a list, a map or `${…}` is wanted",
            );
        };
        let Some(known) = scope.value(way) else {
            return wrong(
                format!("`${{{}}}` is not known", way.written()),
                "neither in params.yaml nor under `vars`",
            );
        };
        given = known.clone();
        from = Some(way.clone());
    }
    let hint = match (name, &from) {
        (Some(name), _) => name.to_owned(),
        (None, Some(way)) => singular(way),
        (None, None) => ITEM.to_owned(),
    };
    // `{a: ${models.a}, b: ${models.b}}`: a part of `models`.
    let within = from.is_none().then(|| common(node)).flatten();
    let (labels, values, structured) = match given {
        Value::List(items) => {
            let items = items.into_iter().map(|item| filled(item, scope));
            let items: Vec<Value> = items.collect();
            let structured = items
                .iter()
                .any(|item| matches!(item, Value::List(_) | Value::Map(_) | Value::Null));
            let numbered = |axis: &str| {
                let names = (0..items.len()).map(|number| format!("{axis}{number}"));
                names.map(Value::Str).collect::<Vec<_>>()
            };
            let named = keyed.map(numbered);
            let labels = match structured {
                true => named.or_else(|| names(&items)).unwrap_or_else(|| {
                    let numbers = 0..items.len() as i64;
                    numbers.map(Value::Int).collect()
                }),
                false => items.clone(),
            };
            (labels, items, structured)
        }
        Value::Map(entries) => {
            let entries = entries.into_iter();
            let (labels, values) = entries
                .map(|(key, value)| (Value::Str(key), filled(value, scope)))
                .unzip();
            (labels, values, true)
        }
        other => {
            let what = other.type_name();
            return wrong(
                format!("a stage is repeated for {what}"),
                "a list or a map is wanted",
            );
        }
    };
    if labels.is_empty() {
        return wrong(
            "a stage is repeated for nothing".to_owned(),
            "no value stands here",
        );
    }
    Some(Values {
        hint,
        labels,
        values,
        structured,
        filled: first_way(node).filter(|_| from.is_none()),
        from,
        within,
        place: node.place.clone(),
    })
}

/// The names of maps: texts that each has under the same key, each another one.
fn names(items: &[Value]) -> Option<Vec<Value>> {
    let Value::Map(first) = items.first()? else {
        return None;
    };
    let usual = ["name", "id", "key", "label"].map(str::to_owned);
    let keys = usual.iter().chain(first.keys());
    keys.into_iter().find_map(|key| {
        let names = items.iter().map(|item| match item {
            Value::Map(entries) => entries
                .get(key.as_str())
                .filter(|name| name.as_str().is_some()),
            _ => None,
        });
        let names: Vec<Value> = names.map(|name| name.cloned()).collect::<Option<_>>()?;
        let good = |name: &Value| {
            name.as_str()
                .is_some_and(|text| !text.is_empty() && text.len() < 60)
        };
        let distinct = names
            .iter()
            .enumerate()
            .all(|(at, name)| !names[..at].contains(name));
        (distinct && names.iter().all(good)).then_some(names)
    })
}

/// The name of one of those that a way names: `train.models` is `model`.
fn singular(way: &Way) -> String {
    let last = way.written();
    let last = last.rsplit('.').next().unwrap_or_default();
    let last = last.split('[').next().unwrap_or_default();
    match last.strip_suffix('s') {
        Some(one) if one.len() > 2 && !one.ends_with('s') => one.to_owned(),
        _ => format!("{last}_item"),
    }
}

impl Values {
    /// Where these stand in an axis; none where it is another one.
    fn positions(&self, axis: &Axis) -> Option<Vec<usize>> {
        let own = self.labels.iter();
        own.map(|own| axis.labels.iter().position(|known| known == own))
            .collect()
    }

    fn axis_name(&self, stage: &str, loops: &Loops, scope: &Scope) -> String {
        let taken = |name: &str| scope.has_name(name) || loops.has_name(name);
        let own = match is_name(&self.hint) {
            true => our_name(&self.hint),
            false => our_name(&format!("item_{}", self.hint)),
        };
        let mut name = own.clone();
        if taken(&name) {
            name = format!("{own}_of_{}", our_name(stage));
        }
        while taken(&name) {
            name.push('_');
        }
        name
    }

    /// Says what stands in the manifest now, and follows `params.yaml` no more.
    fn tell(&self, axis: &str, container: Option<&str>, loops: &Loops, found: &mut Diagnostics) {
        let constants = loops.constants.iter().map(|(name, _)| name.as_str());
        let constant = constants.into_iter().find(|name| Some(*name) == container);
        let follows = container.is_some() && constant.is_none();
        let way = self.from.as_ref();
        let Some(way) = way.or(self.filled.as_ref().filter(|_| !follows)) else {
            return;
        };
        let help = match constant {
            Some(constant) => format!("`{constant}` of the manifest has them"),
            None => {
                "an axis has its values in the manifest; `--axis NAME=…` gives others".to_owned()
            }
        };
        remark(
            found,
            &self.place,
            format!("the axis `{axis}` does not follow `{}`", way.written()),
            match follows {
                true => "the names of its values stand in the manifest now",
                false => "its values stand in the manifest now",
            },
            help,
        );
    }

    /// What the values are in: what `${…}` names, or a value of the manifest.
    fn container(&self, axis: usize, scope: &Scope, loops: &mut Loops) -> Option<String> {
        if !self.structured {
            return None;
        }
        let labels = self.labels.iter();
        let entries = labels.map(shown).zip(self.values.iter().cloned());
        let whole = match self.labels.iter().all(|label| label.as_str().is_some()) {
            true => Value::Map(entries.collect()),
            false => Value::List(self.values.clone()),
        };
        let followed = self
            .from
            .as_ref()
            .filter(|way| scope.value(way) == Some(&whole));
        if let Some(way) = followed.or(self.within.as_ref()) {
            return scope.expression(way);
        }
        let name = format!("values_of_{}", loops.axes[axis].name);
        let mut known = loops.constants.iter();
        if let Some((known, _)) = known.find(|(_, known)| holds(known, &whole)) {
            return Some(known.clone());
        }
        let name = unique(&name, &|name| scope.has_name(name) || loops.has_name(name));
        loops.constants.push((name.clone(), whole));
        Some(name)
    }
}

/// Whether values under names are among others, each under its own.
fn holds(known: &Value, wanted: &Value) -> bool {
    match (known, wanted) {
        (Value::Map(known), Value::Map(wanted)) => wanted
            .iter()
            .all(|(name, value)| known.get(name) == Some(value)),
        (known, wanted) => known == wanted,
    }
}
