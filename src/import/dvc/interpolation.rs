//! `${a.b[0].c}` as DVC writes it: names and numbers, nothing else. `\${` is a literal `${`.

use crate::registry::Value;

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Literal(String),
    Hole(Way),
}

/// The way to a value: `models[0].lr`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Way(pub Vec<Turn>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    Key(String),
    Index(usize),
}

impl Way {
    /// Reads `a.b[0].c`.
    pub(super) fn read(text: &str) -> Self {
        let mut turns = Vec::new();
        for part in text.trim().split('.') {
            let (name, indices) = part.split_once('[').unwrap_or((part, ""));
            if !name.is_empty() {
                turns.push(Turn::Key(name.trim().to_owned()));
            }
            for index in indices.split(['[', ']']).filter(|index| !index.is_empty()) {
                let index = index.trim().trim_matches(['"', '\'']);
                turns.push(match index.parse() {
                    Ok(index) => Turn::Index(index),
                    Err(_) => Turn::Key(index.to_owned()),
                });
            }
        }
        Way(turns)
    }

    /// The first name.
    pub(super) fn first(&self) -> &str {
        match self.0.first() {
            Some(Turn::Key(name)) => name,
            _ => "",
        }
    }

    /// The way behind so many turns.
    pub(super) fn rest(&self, turns: usize) -> Way {
        Way(self.0.iter().skip(turns).cloned().collect())
    }

    /// The value that it leads to within another.
    pub(super) fn value<'v>(&self, within: &'v Value) -> Option<&'v Value> {
        self.0
            .iter()
            .try_fold(within, |value, turn| match (turn, value) {
                (Turn::Key(name), Value::Map(entries)) => entries.get(name.as_str()),
                (Turn::Index(index), Value::Map(entries)) => {
                    entries.get(index.to_string().as_str())
                }
                (Turn::Index(index), Value::List(items)) => items.get(*index),
                (Turn::Key(name), Value::List(items)) => items.get(name.parse::<usize>().ok()?),
                _ => None,
            })
    }

    /// As an expression behind one that is known: `.lr`, `["batch-size"]`, `[0]`.
    pub(super) fn behind(&self) -> String {
        let turns = self.0.iter().map(|turn| match turn {
            Turn::Key(name) if is_name(name) => format!(".{name}"),
            Turn::Key(name) => format!("[{}]", quoted(name)),
            Turn::Index(index) => format!("[{index}]"),
        });
        turns.collect()
    }

    /// As it is written.
    pub(super) fn written(&self) -> String {
        let mut text = String::new();
        for turn in &self.0 {
            match turn {
                Turn::Key(name) if text.is_empty() => text.push_str(name),
                Turn::Key(name) => {
                    text.push('.');
                    text.push_str(name);
                }
                Turn::Index(index) => text.push_str(&format!("[{index}]")),
            }
        }
        text
    }
}

/// Whether this can be a name of ours.
pub(super) fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    let first = letters.next();
    first.is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The words of an expression, its names among them.
pub(super) fn words(expression: &str) -> impl Iterator<Item = &str> {
    expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
}

/// A text within an expression.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// The parts of a text.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, hole) = rest.split_at(at);
        if let Some(before) = before.strip_suffix('\\') {
            literal.push_str(before);
            literal.push_str("${");
            rest = &hole[2..];
            continue;
        }
        literal.push_str(before);
        let Some(end) = hole.find('}') else {
            rest = hole;
            break;
        };
        if !literal.is_empty() {
            pieces.push(Piece::Literal(std::mem::take(&mut literal)));
        }
        pieces.push(Piece::Hole(Way::read(&hole[2..end])));
        rest = &hole[end + 1..];
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    pieces
}

/// A value within a text.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Str(text) => text.clone(),
        Value::List(_) | Value::Map(_) => serde_json::to_string(value).unwrap_or_default(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_literals_and_ways() {
        let read = pieces("a ${x.y[0].z} \\${HOME} ${ k } ${open");
        assert_eq!(
            read,
            [
                Piece::Literal("a ".to_owned()),
                Piece::Hole(Way::read("x.y[0].z")),
                Piece::Literal(" ${HOME} ".to_owned()),
                Piece::Hole(Way::read("k")),
                Piece::Literal(" ${open".to_owned()),
            ]
        );
        let way = Way::read("x.y[0].z-a");
        assert_eq!(way.behind(), ".x.y[0]['z-a']");
        assert_eq!(way.written(), "x.y[0].z-a");
        let value: Value = serde_yaml::from_str("{x: {y: [{z-a: 3}]}}").expect("YAML");
        assert_eq!(way.value(&value), Some(&Value::Int(3)));
        assert_eq!(Way::read("x.q").value(&value), None);
    }
}
