//! `cmd` as a shell text of ours: `${…}` become variables, so that no value is ever read as code.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::registry::Value;
use crate::text::Diagnostics;

use super::interpolation::Piece;
use super::interpolation::Way;
use super::interpolation::is_name;
use super::interpolation::pieces;
use super::interpolation::shown;
use super::read::Text;
use super::read::remark;

/// How maps and lists are spelled as options: `[parsing]` of `.dvc/config`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spelling {
    /// `bool = boolean_optional`: `--no-x` for what is false.
    pub negated: bool,
    /// `list = append`: the option again for every element.
    pub repeated: bool,
}

/// What a stage knows of the values that its commands mention.
pub(super) trait Names {
    /// The expression of a way.
    fn expression(&self, way: &Way) -> Option<String>;
    /// The values that it has, one for each cell.
    fn values(&self, way: &Way) -> Vec<Value>;
}

/// A shell text in the making.
#[derive(Debug, Default)]
pub(super) struct Script {
    pub text: String,
    /// Variables that are no plain names: what they stand for.
    pub variables: BTreeMap<String, String>,
    /// Variables of the environment that are read.
    pub environment: BTreeSet<String>,
}

/// Where in quotes a text stands.
#[derive(Clone, Copy, PartialEq)]
enum Quotes {
    None,
    Single,
    Double,
}

impl Script {
    /// Adds a command. One of several runs in a shell of its own.
    pub(super) fn command(
        &mut self,
        cmd: &Text,
        alone: bool,
        names: &dyn Names,
        spelling: Spelling,
        found: &mut Diagnostics,
    ) {
        let parts = pieces(cmd.text.trim_end());
        let mut line = String::new();
        let mut quotes = Quotes::None;
        for part in &parts {
            match part {
                Piece::Literal(text) => {
                    self.literal(text, &mut line, &mut quotes);
                }
                Piece::Hole(way) => self.hole(way, &mut line, quotes, names, spelling, cmd, found),
            }
        }
        match !alone && changes_its_shell(&line) {
            // A comment ends with its line.
            true if line.contains('#') => self.text.push_str(&format!("({line}\n)\n")),
            true => self.text.push_str(&format!("({line})\n")),
            false => self.text.push_str(&format!("{line}\n")),
        }
    }

    /// Text that the shell reads as it is.
    fn literal(&mut self, text: &str, line: &mut String, quotes: &mut Quotes) {
        let mut letters = text.char_indices().peekable();
        while let Some((at, letter)) = letters.next() {
            match (*quotes, letter) {
                (Quotes::None, '\'') => *quotes = Quotes::Single,
                (Quotes::Single, '\'') | (Quotes::Double, '"') => *quotes = Quotes::None,
                (Quotes::None, '"') => *quotes = Quotes::Double,
                (Quotes::None | Quotes::Double, '\\') => {
                    line.push('\\');
                    if let Some((_, escaped)) = letters.next() {
                        line.push(escaped);
                    }
                    continue;
                }
                (Quotes::None | Quotes::Double, '$') => {
                    let rest = text[at + 1..].trim_start_matches('{');
                    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                    let name = &rest[..end.unwrap_or(rest.len())];
                    if is_name(name) {
                        self.environment.insert(name.to_owned());
                    }
                }
                _ => {}
            }
            // A literal `${` is the shell's own.
            if letter == '$' && text[at + 1..].starts_with('{') {
                line.push('$');
            }
            line.push(letter);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "what one `${…}` depends on")]
    fn hole(
        &mut self,
        way: &Way,
        line: &mut String,
        quotes: Quotes,
        names: &dyn Names,
        spelling: Spelling,
        cmd: &Text,
        found: &mut Diagnostics,
    ) {
        let written = way.written();
        let Some(expression) = names.expression(way) else {
            // Said where names are looked up.
            return;
        };
        let values = names.values(way);
        if let Some(options) = options(way, &values, spelling) {
            let mut first = true;
            for option in options {
                if !std::mem::take(&mut first) {
                    line.push(' ');
                }
                match option {
                    Flag::Literal(text) => line.push_str(&text),
                    Flag::Value(way) => {
                        if let Some(expression) = names.expression(&way) {
                            let variable = self.variable(&way, &expression);
                            line.push_str(&format!("\"${{{variable}}}\""));
                        }
                    }
                }
            }
            if options_differ(&values) {
                remark(
                    found,
                    &cmd.place,
                    format!("`${{{written}}}` has other options in other cells"),
                    "those of the first cell are written",
                    "give them to the program in a file: `files: {options.json: …}`",
                );
            }
            return;
        }
        let code = |value: &Value| {
            let text = shown(value);
            text.contains([
                '\'', '"', '\\', '$', '`', ';', '|', '&', '<', '>', '(', ')', '#',
            ])
        };
        if quotes != Quotes::Single && values.iter().any(code) {
            let same = values.windows(2).all(|pair| pair[0] == pair[1]);
            let (label, help) = match same {
                true => (
                    "its value stands in the command now",
                    "a value reaches a program as a variable, which no shell reads as code",
                ),
                false => (
                    "the shell does not read a value as code here",
                    "give it to a shell of its own: `sh -c \"$x\"`",
                ),
            };
            remark(
                found,
                &cmd.place,
                format!("the value of `${{{written}}}` is code of the shell"),
                label,
                help,
            );
            if let (true, Some(value)) = (same, values.first()) {
                line.push_str(&shown(value).replace("${", "$${"));
                return;
            }
        }
        let variable = self.variable(way, &expression);
        // `$${` would be a literal.
        let before = match line.ends_with('$') && quotes == Quotes::None {
            true => {
                line.pop();
                "'$'"
            }
            false => "",
        };
        line.push_str(before);
        line.push_str(&match quotes {
            Quotes::Single => format!("'\"${{{variable}}}\"'"),
            _ => format!("${{{variable}}}"),
        });
    }

    /// The variable of the shell for a way.
    fn variable(&mut self, way: &Way, expression: &str) -> String {
        if expression.split('.').all(is_name) && !expression.starts_with("in.") {
            return expression.to_owned();
        }
        let letter = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let mut name: String = way.written().chars().map(letter).collect();
        while name.contains("__") {
            name = name.replace("__", "_");
        }
        let mut name = name.trim_matches('_').to_owned();
        if !is_name(&name) || name.starts_with("in_") || name.starts_with("out_") {
            name.insert_str(0, "p_");
        }
        while self
            .variables
            .get(&name)
            .is_some_and(|known| known != expression)
        {
            name.push('_');
        }
        self.variables.insert(name.clone(), expression.to_owned());
        name
    }
}

/// Whether a command leaves the shell that it runs in as another one.
fn changes_its_shell(command: &str) -> bool {
    const CHANGES: [&str; 16] = [
        ".", "alias", "cd", "declare", "eval", "exec", "exit", "export", "popd", "pushd", "set",
        "shopt", "source", "trap", "umask", "unset",
    ];
    let mut all = command.split(['\n', ';', '&']);
    all.any(|one| {
        let word = one.split_whitespace().next().unwrap_or_default();
        let assigned = word.split_once('=').is_some_and(|(name, _)| is_name(name));
        CHANGES.contains(&word) || assigned
    })
}

/// A part of options.
#[derive(Clone, Debug, PartialEq)]
enum Flag {
    Literal(String),
    Value(Way),
}

/// A map or list as options, as DVC writes them: `--lr 0.1 --layers 1 2 --shuffle`.
fn options(way: &Way, values: &[Value], spelling: Spelling) -> Option<Vec<Flag>> {
    use super::interpolation::Turn;
    fn within(way: &Way, turn: Turn) -> Way {
        let mut turns = way.0.clone();
        turns.push(turn);
        Way(turns)
    }
    fn of_map(way: &Way, prefix: &str, value: &Value, spelling: Spelling, all: &mut Vec<Flag>) {
        let Value::Map(entries) = value else { return };
        for (name, value) in entries {
            let option = format!("--{prefix}{name}");
            let way = within(way, Turn::Key(name.clone()));
            match value {
                Value::Bool(true) => all.push(Flag::Literal(option)),
                Value::Bool(false) if spelling.negated => {
                    all.push(Flag::Literal(format!("--no-{prefix}{name}")));
                }
                Value::Bool(false) => {}
                Value::Map(_) => of_map(&way, &format!("{prefix}{name}."), value, spelling, all),
                Value::List(items) => {
                    if !spelling.repeated {
                        all.push(Flag::Literal(option.clone()));
                    }
                    for index in 0..items.len() {
                        if spelling.repeated {
                            all.push(Flag::Literal(option.clone()));
                        }
                        all.push(Flag::Value(within(&way, Turn::Index(index))));
                    }
                }
                _ => all.extend([Flag::Literal(option), Flag::Value(way)]),
            }
        }
    }
    let mut all = Vec::new();
    match values.first()? {
        value @ Value::Map(_) => of_map(way, "", value, spelling, &mut all),
        Value::List(items) => {
            let items = 0..items.len();
            all.extend(items.map(|index| Flag::Value(within(way, Turn::Index(index)))));
        }
        _ => return None,
    }
    Some(all)
}

/// Whether maps of several cells ask for other options than the first one.
fn options_differ(values: &[Value]) -> bool {
    fn shape(value: &Value) -> Value {
        match value {
            Value::Bool(truth) => Value::Bool(*truth),
            Value::List(items) => Value::Int(items.len() as i64),
            Value::Map(entries) => {
                let entries = entries.iter();
                Value::Map(
                    entries
                        .map(|(name, value)| (name.clone(), shape(value)))
                        .collect(),
                )
            }
            _ => Value::Null,
        }
    }
    values
        .windows(2)
        .any(|pair| shape(&pair[0]) != shape(&pair[1]))
}
