//! A map in a command as options, as DVC writes them: `--lr 0.1 --layers 1 2 --shuffle`.

use crate::registry::Fields;
use crate::registry::Value;

use super::interpolation::Turn;
use super::interpolation::Way;

/// How maps are spelled as options: `[parsing]` of `.dvc/config`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spelling {
    /// `bool = boolean_optional`: `--no-x` for what is false.
    pub negated: bool,
    /// `list = append`: the option again for every element.
    pub repeated: bool,
}

/// A part of options.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Flag {
    Literal(String),
    Value(Way),
    /// One text where it is true, another one where it is not.
    Truth(Way, String, String),
    /// What Python calls `None`, or a value.
    Nothing(Way),
}

/// The options of a map that a way leads to.
pub(super) fn of_map(way: &Way, map: &Fields, spelling: Spelling) -> Vec<Flag> {
    let mut all = Vec::new();
    collect(way, "", map, spelling, &mut all);
    all
}

fn collect(way: &Way, prefix: &str, map: &Fields, spelling: Spelling, all: &mut Vec<Flag>) {
    for (name, value) in map {
        let option = Flag::Literal(format!("--{prefix}{name}"));
        let way = further(way, Turn::Key(name.clone()));
        match value {
            Value::Bool(_) => {
                let no = match spelling.negated {
                    true => format!("--no-{prefix}{name}"),
                    false => String::new(),
                };
                all.push(Flag::Truth(way, format!("--{prefix}{name}"), no));
            }
            Value::Map(inner) => collect(&way, &format!("{prefix}{name}."), inner, spelling, all),
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    if spelling.repeated || index == 0 {
                        all.push(option.clone());
                    }
                    all.push(single(further(&way, Turn::Index(index)), item));
                }
            }
            _ => all.extend([option, single(way, value)]),
        }
    }
}

fn further(way: &Way, turn: Turn) -> Way {
    let mut turns = way.0.clone();
    turns.push(turn);
    Way(turns)
}

/// A value, spelled as Python does what has no number or text.
fn single(way: Way, value: &Value) -> Flag {
    match value {
        Value::Null => Flag::Nothing(way),
        Value::Bool(_) => Flag::Truth(way, "True".to_owned(), "False".to_owned()),
        _ => Flag::Value(way),
    }
}

/// Whether maps of several cells ask for other options than the first one.
pub(super) fn differ(values: &[Value]) -> bool {
    fn shape(value: &Value) -> Value {
        match value {
            Value::Bool(_) => Value::Bool(true),
            Value::Null => Value::Null,
            Value::List(items) => Value::List(items.iter().map(shape).collect()),
            Value::Map(entries) => {
                let entries = entries.iter();
                Value::Map(
                    entries
                        .map(|(name, value)| (name.clone(), shape(value)))
                        .collect(),
                )
            }
            _ => Value::Int(0),
        }
    }
    values
        .windows(2)
        .any(|pair| shape(&pair[0]) != shape(&pair[1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As DVC 3 writes it.
    #[test]
    fn options_are_those_of_dvc() {
        let written = |yaml: &str, spelling: Spelling| {
            let map: Fields = serde_yaml::from_str(yaml).expect("YAML");
            let flags = of_map(&Way::read("o"), &map, spelling).into_iter();
            let flags = flags.map(|flag| match flag {
                Flag::Literal(text) => text,
                Flag::Value(way) => way.written(),
                Flag::Truth(way, yes, no) => format!("{}?{yes}:{no}", way.written()),
                Flag::Nothing(way) => format!("{}??", way.written()),
            });
            flags.collect::<Vec<_>>().join(" ")
        };
        let yaml = "{a: [true, 1], b: [], c: {}, d: null, e: true, f: false, g: {h: x}}";
        assert_eq!(
            written(yaml, Spelling::default()),
            "--a o.a[0]?True:False o.a[1] --d o.d?? o.e?--e: o.f?--f: --g.h o.g.h"
        );
        let spelling = Spelling {
            negated: true,
            repeated: true,
        };
        assert_eq!(
            written("{a: [true, 1], b: [], f: false}", spelling),
            "--a o.a[0]?True:False --a o.a[1] o.f?--f:--no-f"
        );
    }
}
