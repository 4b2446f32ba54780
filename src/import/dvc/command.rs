//! `cmd` as a shell text of ours: `${…}` become variables, so that no value is ever read as code.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::registry::Fields;
use crate::registry::Value;
use crate::text::Diagnostics;

use super::entries::Text;
use super::entries::remark;
use super::interpolation::Piece;
use super::interpolation::Way;
use super::interpolation::is_name;
use super::interpolation::pieces;
use super::interpolation::quoted;
use super::interpolation::shown;
use super::options;
use super::options::Flag;
use super::options::Spelling;
use super::quotes;
use super::quotes::Quotes;

/// Variables that a program has anyway.
pub(super) const GIVEN: [&str; 16] = [
    "BASH",
    "HOME",
    "HOSTNAME",
    "IFS",
    "LANG",
    "LOGNAME",
    "OLDPWD",
    "OMP_NUM_THREADS",
    "PATH",
    "PWD",
    "RANDOM",
    "SECONDS",
    "SHELL",
    "TMPDIR",
    "UID",
    "USER",
];

/// What a stage knows of the values that its commands mention.
pub(super) trait Names {
    /// The expression of a way.
    fn expression(&self, way: &Way) -> Option<String>;
    /// The values that it has, one for each cell.
    fn values(&self, way: &Way) -> Vec<Value>;
    /// Whether a parameter or an axis is called so.
    fn has(&self, name: &str) -> bool;
}

/// A shell text in the making.
pub(super) struct Script<'n> {
    names: &'n dyn Names,
    spelling: Spelling,
    /// Variables that the commands read or set themselves.
    own: BTreeSet<String>,
    pub text: String,
    /// Variables that are no plain names: what they stand for.
    pub variables: BTreeMap<String, String>,
    /// Variables of the environment that are read.
    pub environment: BTreeSet<String>,
}

impl<'n> Script<'n> {
    /// For these commands, none of which it has yet.
    pub(super) fn new(names: &'n dyn Names, spelling: Spelling, commands: &[Text]) -> Self {
        let mut script = Script {
            names,
            spelling,
            own: BTreeSet::new(),
            text: String::new(),
            variables: BTreeMap::new(),
            environment: BTreeSet::new(),
        };
        for command in commands {
            let shell = quotes::read(&pieces(&command.text));
            script.own.extend(shell.set);
            script.own.extend(shell.read.iter().cloned());
            script.environment.extend(shell.read);
        }
        script
    }

    /// Adds a command; `apart` in a shell of its own, so that what follows is run whatever this does to its own.
    pub(super) fn command(&mut self, cmd: &Text, apart: bool, found: &mut Diagnostics) {
        let parts = pieces(cmd.text.trim_end());
        let mut quotes = quotes::read(&parts).quotes.into_iter();
        let mut line = String::new();
        for part in &parts {
            match part {
                // A literal `${` is the shell's own.
                Piece::Literal(text) => line.push_str(&text.replace("${", "$${")),
                Piece::Hole(way) => {
                    let quotes = quotes.next().unwrap_or(Quotes::None);
                    self.hole(way, quotes, cmd, &mut line, found);
                }
            }
        }
        // Comments, here-documents and strokes reach the end of their line; `((` is arithmetic.
        let reaches_on =
            line.contains(['#', '\\', '\n']) || line.contains("<<") || line.starts_with('(');
        self.text
            .push_str(&match (apart && !is_empty(&line), reaches_on) {
                (false, _) => format!("{line}\n"),
                (true, false) => format!("({line})\n"),
                (true, true) => format!("(\n{line}\n)\n"),
            });
    }

    fn hole(
        &mut self,
        way: &Way,
        quotes: Quotes,
        cmd: &Text,
        line: &mut String,
        found: &mut Diagnostics,
    ) {
        let Some(expression) = self.names.expression(way) else {
            // Said where names are looked up.
            return;
        };
        let values = self.names.values(way);
        if let Some(Value::Map(map)) = values.first() {
            line.push_str(&self.options(way, map, quotes));
            let written = way.written();
            remark(
                found,
                &cmd.place,
                format!("options of `${{{written}}}` are those of the keys that it has now"),
                "the command does not follow keys that are added, nor values that become of another kind",
                "the program may read them from a file: `files: {options.json: …}`",
            );
            if options::differ(&values) {
                let title = format!("`${{{}}}` has other options in other cells", way.written());
                let help = "give them to the program in a file: `files: {options.json: …}`";
                let label = "those of the first cell are written";
                remark(found, &cmd.place, title, label, help);
            }
            return;
        }
        if let Some(odd) = Odd::of(&values, quotes) {
            let same = values.windows(2).all(|pair| pair[0] == pair[1]);
            odd.tell(way, same, cmd, found);
            if let (true, Some(value)) = (same && odd != Odd::List, values.first()) {
                line.push_str(&shown(value).replace("${", "$${"));
                return;
            }
        }
        let filled = self.filled(way, &expression, quotes);
        // `$${` would be a literal.
        if line.ends_with('$') && quotes == Quotes::None {
            line.pop();
            line.push_str("'$'");
        }
        line.push_str(&filled);
    }

    /// A map, as options.
    fn options(&mut self, way: &Way, map: &Fields, quotes: Quotes) -> String {
        let flags = options::of_map(way, map, self.spelling).into_iter();
        let flags = flags.filter_map(|flag| match flag {
            Flag::Literal(text) => Some(text),
            Flag::Value(way) => {
                let expression = self.names.expression(&way)?;
                Some(self.value(&way, &expression, quotes))
            }
            // Not in quotes: an empty text is no argument.
            Flag::Truth(way, yes, no) => {
                let expression = self.names.expression(&way)?;
                let (yes, no) = (quoted(&yes), quoted(&no));
                let either = format!("{yes} if {expression} else {no}");
                Some(self.filled(&way, &either, quotes))
            }
            Flag::Nothing(way) => {
                let expression = self.names.expression(&way)?;
                let either = format!("'None' if {expression} is none else {expression}");
                Some(self.value(&way, &either, quotes))
            }
        });
        flags.collect::<Vec<_>>().join(" ")
    }

    /// A value as one argument.
    fn value(&mut self, way: &Way, expression: &str, quotes: Quotes) -> String {
        let value = self.filled(way, expression, quotes);
        match quotes {
            Quotes::None => format!("\"{value}\""),
            _ => value,
        }
    }

    /// A value where the shell fills it in.
    fn filled(&mut self, way: &Way, expression: &str, quotes: Quotes) -> String {
        let variable = self.variable(way, expression);
        match quotes {
            Quotes::Single => format!("'\"${{{variable}}}\"'"),
            Quotes::Ansi => format!("'\"${{{variable}}}\"$'"),
            _ => format!("${{{variable}}}"),
        }
    }

    /// The variable of the shell for a way: a plain name is one itself, where nothing else is called so.
    fn variable(&mut self, way: &Way, expression: &str) -> String {
        let spelled = expression.replace('.', "_");
        if expression.split('.').all(is_name)
            && !is_reserved(&spelled)
            && !self.own.contains(&spelled)
        {
            return expression.to_owned();
        }
        self.add(&way.written(), expression)
    }

    /// A variable with a name like this one, for an expression.
    pub(super) fn add(&mut self, name: &str, expression: &str) -> String {
        let mut known = self.variables.iter();
        if let Some((name, _)) = known.find(|(_, known)| *known == expression) {
            return name.clone();
        }
        let letter = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let mut name: String = name.chars().map(letter).collect();
        while name.contains("__") {
            name = name.replace("__", "_");
        }
        let mut name = name.trim_matches('_').to_owned();
        if !is_name(&name) || is_reserved(&name) {
            name.insert_str(0, "p_");
        }
        while self.names.has(&name)
            || self.own.contains(&name)
            || self.variables.contains_key(&name)
        {
            name.push('_');
        }
        self.variables.insert(name.clone(), expression.to_owned());
        name
    }
}

/// Whether variables of this name are those of paths, or a program has one anyway.
fn is_reserved(name: &str) -> bool {
    name == "root" || name.starts_with("in_") || name.starts_with("out_") || GIVEN.contains(&name)
}

/// Why a value cannot reach a command as a variable, or not as DVC would write it.
#[derive(Clone, Copy, PartialEq)]
enum Odd {
    List,
    /// A shell would read it as more than words.
    Code,
    /// It stands in a here-document whose word is in quotes.
    Document,
}

impl Odd {
    fn of(values: &[Value], quotes: Quotes) -> Option<Odd> {
        let signs = match quotes {
            _ if matches!(values.first(), Some(Value::List(_))) => return Some(Odd::List),
            Quotes::Document => return Some(Odd::Document),
            Quotes::None => "'\"\\$`;|&<>()#",
            Quotes::Double => "\"\\$`",
            Quotes::Single | Quotes::Ansi | Quotes::Comment => "",
        };
        let is_code = |value: &Value| shown(value).contains(|c| signs.contains(c));
        values.iter().any(is_code).then_some(Odd::Code)
    }

    fn tell(self, way: &Way, same: bool, cmd: &Text, found: &mut Diagnostics) {
        let hole = format!("`${{{}}}`", way.written());
        let label = match same {
            _ if self == Odd::List => "DVC refuses one here; it is JSON now",
            true => "its value stands in the command now",
            false => "it is a variable: values differ by cell",
        };
        let (title, help) = match self {
            Odd::List => (
                format!("{hole} is a list"),
                "name its elements, `${list[0]}`, or a map that it is in, which is options",
            ),
            Odd::Code => (
                format!("the value of {hole} is code of the shell"),
                "no shell reads a variable as code: `sh -c \"$x\"` gives it to one of its own",
            ),
            Odd::Document => (
                format!("{hole} stands where a shell fills in nothing"),
                "a here-document is filled in where its word has no quotes, `<<END`",
            ),
        };
        remark(found, &cmd.place, title, label, help);
    }
}

/// Whether nothing is run: parentheses around comments alone are a mistake to a shell.
fn is_empty(command: &str) -> bool {
    let mut lines = command.lines().map(str::trim_start);
    lines.all(|line| line.is_empty() || line.starts_with('#'))
}
