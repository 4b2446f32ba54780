//! Reads names: their stretches of text and of mathematics.

use super::Run;
use super::in_line;
use super::parse;
use super::symbols::FUNCTIONS;
use super::symbols::TAKING;
use super::symbols::commands;
use super::symbols::double_struck;
use super::symbols::script;
use super::symbols::sign;
use super::symbols::symbol;
use super::symbols::tex_name;
use crate::text::closest;

/// Size of sub- and superscripts against the text, and their shift in em of the text.
const SMALL: f64 = 0.7;
const RAISED: f64 = 0.36;
const LOWERED: f64 = -0.16;

/// The stretches of a name, and what is wrong in them: a title and a help each.
pub(super) fn items(label: &str) -> (Vec<Item>, Vec<(String, String)>) {
    let chars: Vec<char> = label.chars().collect();
    let mut reader = Reader {
        chars: &chars,
        at: 0,
        items: Vec::new(),
        mistakes: Vec::new(),
    };
    while reader.at < chars.len() {
        reader.step();
    }
    (reader.items, reader.mistakes)
}

/// A stretch of a name.
pub(super) enum Item {
    Text(String),
    Math(Math),
}

/// A formula.
pub(super) struct Math {
    /// For LaTeX, without dollars.
    pub tex: Vec<Part>,
    /// Whether it ends in a script below, and in one above: TeX takes no second one of a kind.
    scripts: [bool; 2],
    pub runs: Vec<Run>,
    /// In one line of text.
    pub line: String,
}

/// A part of a formula for LaTeX.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    Math(String),
    /// Words in it, which may have mathematics again.
    Text(String),
}

struct Reader<'a> {
    chars: &'a [char],
    at: usize,
    items: Vec<Item>,
    mistakes: Vec<(String, String)>,
}

impl Reader<'_> {
    fn step(&mut self) {
        let found = match self.chars[self.at] {
            '\\' => self.command(),
            '_' | '^' => self.script(),
            _ => None,
        };
        match found {
            Some((math, end)) => {
                self.items.push(Item::Math(math));
                self.at = end;
            }
            None => {
                let c = self.chars[self.at];
                match self.items.last_mut() {
                    Some(Item::Text(text)) => text.push(c),
                    _ => self.items.push(Item::Text(c.to_string())),
                }
                self.at += 1;
            }
        }
    }

    /// The command that begins here, and where reading goes on.
    fn command(&mut self) -> Option<(Math, usize)> {
        let letters = self.chars[self.at + 1..].iter();
        let name: String = letters.take_while(|c| c.is_ascii_alphabetic()).collect();
        let end = self.at + 1 + name.len();
        if let Some(symbol) = symbol(&name) {
            let text = symbol.to_string();
            let tex = format!("\\{}", tex_name(&name));
            return Some((math(formula(tex), Run::plain(text.clone()), text), end));
        }
        if FUNCTIONS.contains(&name.as_str()) {
            let tex = formula(format!("\\{name}"));
            return Some((math(tex, Run::plain(name.clone()), name), end));
        }
        if !TAKING.contains(&name.as_str()) {
            if name.len() > 1 {
                self.unknown(&name);
            }
            return None;
        }
        let (first, mut end) = self.argument(&name, end)?;
        let mut tex = match name.as_str() {
            // Of `\text` itself a package would have to be there.
            "text" => vec![Part::Text(first.clone())],
            name => grouped_tex(&format!("\\{name}"), tex_of(&first)),
        };
        let mut runs = parse(&first);
        let mut line = in_line(&first);
        match name.as_str() {
            "frac" => {
                let (second, after) = self.argument(&name, end)?;
                end = after;
                join(&mut tex, grouped_tex("", tex_of(&second)));
                runs = scaled(runs, RAISED);
                runs.push(Run::plain("/".to_owned()));
                runs.extend(scaled(parse(&second), LOWERED));
                line = format!("{}/{}", grouped(&line), grouped(&in_line(&second)));
            }
            "sqrt" => {
                let inner = grouped(&line);
                if inner != line {
                    runs.insert(0, Run::plain("(".to_owned()));
                    runs.push(Run::plain(")".to_owned()));
                }
                runs.insert(0, Run::plain("√".to_owned()));
                line = format!("√{inner}");
            }
            "hat" | "tilde" | "bar" => {
                let (mark, combining) = match name.as_str() {
                    "hat" => ("^", '\u{302}'),
                    "tilde" => ("~", '\u{303}'),
                    _ => ("¯", '\u{304}'),
                };
                let shift = if mark == "~" { 0.34 } else { 0.12 };
                runs.push(Run {
                    shift,
                    over: true,
                    scale: 0.9,
                    ..Run::plain(mark.to_owned())
                });
                line.push(combining);
            }
            "mathcal" => runs.iter_mut().for_each(|run| {
                run.slanted = !set_in(run, script);
            }),
            "mathbb" => runs.iter_mut().for_each(|run| {
                set_in(run, double_struck);
            }),
            "mathit" => runs.iter_mut().for_each(|run| run.slanted = true),
            _ => {}
        }
        let scripts = [false; 2];
        let math = Math {
            tex,
            scripts,
            runs,
            line,
        };
        Some((math, end))
    }

    /// What a command takes in braces here, and where reading goes on.
    fn argument(&mut self, name: &str, at: usize) -> Option<(String, usize)> {
        if self.chars.get(at) != Some(&'{') {
            let help = match name {
                "frac" => "write `\\frac{1}{n}`".to_owned(),
                "sqrt" => "write `\\sqrt{x}`; other roots are `x^{1/3}`".to_owned(),
                name => format!("write `\\{name}{{x}}`"),
            };
            let title = match name {
                "frac" => "`\\frac` takes two arguments in braces".to_owned(),
                name => format!("`\\{name}` takes an argument in braces"),
            };
            self.mistakes.push((title, help));
            return None;
        }
        self.checked(at)
    }

    /// What stands in braces here, with what is wrong in it.
    fn checked(&mut self, at: usize) -> Option<(String, usize)> {
        let found = self.braces(at);
        match &found {
            Some((inner, _)) => self.mistakes.extend(items(inner).1),
            None if self.chars.get(at) == Some(&'{') => {
                let rest: String = self.chars[at..].iter().collect();
                let help = "each `{` of a script or an argument has its `}`".to_owned();
                self.mistakes
                    .push((format!("the brace of `{rest}` is not closed"), help));
            }
            None => {}
        }
        found
    }

    fn unknown(&mut self, name: &str) {
        let help = match closest(name, commands()) {
            Some(meant) => format!("did you mean `\\{meant}`?"),
            None => "write letters as such, or a command of LaTeX's mathematics".to_owned(),
        };
        let title = format!("`\\{name}` is no command that figures and tables know");
        self.mistakes.push((title, help));
    }

    /// What stands in braces here, and where reading goes on.
    fn braces(&self, at: usize) -> Option<(String, usize)> {
        if self.chars.get(at) != Some(&'{') {
            return None;
        }
        let mut depth = 0;
        for (i, c) in self.chars.iter().enumerate().skip(at) {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some((self.chars[at + 1..i].iter().collect(), i + 1));
            }
        }
        None
    }

    /// The script that begins here with what it stands at, and where reading goes on.
    fn script(&mut self) -> Option<(Math, usize)> {
        let raised = self.chars[self.at] == '^';
        let before = match self.items.last() {
            Some(Item::Text(text)) => text.as_str(),
            _ => "",
        };
        let after_math = matches!(self.items.last(), Some(Item::Math(_)));
        let word: String = before
            .chars()
            .rev()
            .take_while(|c| c.is_alphanumeric())
            .collect();
        let (inner, end) = match self.checked(self.at + 1) {
            Some(found) => found,
            None => {
                let follows = |c: &char| match raised {
                    true => c.is_ascii_digit() || matches!(c, '-' | '−' | '+' | '*'),
                    false => c.is_alphanumeric(),
                };
                let applies = match raised {
                    true => !word.is_empty() || after_math,
                    false => word.chars().count() == 1 || (word.is_empty() && after_math),
                };
                let rest = &self.chars[self.at + 1..];
                let inner: String = match rest.first() {
                    Some('\\') => {
                        let letters = rest[1..].iter().take_while(|c| c.is_ascii_alphabetic());
                        let name: String = letters.collect();
                        symbol(&name)?;
                        format!("\\{name}")
                    }
                    // `R^d`; of `word^word` it is not said how much of it would be raised.
                    Some(letter)
                        if raised
                            && letter.is_alphabetic()
                            && !rest.get(1).is_some_and(|c| c.is_alphanumeric()) =>
                    {
                        letter.to_string()
                    }
                    _ => rest.iter().take_while(|c| follows(c)).collect(),
                };
                let length = inner.chars().count();
                if length == 0 || !applies {
                    return None;
                }
                (inner.replace('-', "−"), self.at + 1 + length)
            }
        };
        let mark = if raised { "^" } else { "_" };
        let shift = if raised { RAISED } else { LOWERED };
        let base = self.base(&word);
        let (mut tex, mut scripts) = (base.tex, base.scripts);
        if scripts[usize::from(raised)] {
            (tex, scripts) = (grouped_tex("", tex), [false; 2]);
        }
        scripts[usize::from(raised)] = true;
        join(&mut tex, grouped_tex(mark, tex_of(&inner)));
        let mut runs = base.runs;
        runs.extend(scaled(parse(&inner), shift));
        let line = format!("{}{mark}{}", base.line, in_line(&inner));
        let math = Math {
            tex,
            scripts,
            runs,
            line,
        };
        Some((math, end))
    }

    /// What a script stands at, taken from what was read: mathematics, or the word before it.
    fn base(&mut self, reversed: &str) -> Math {
        match self.items.pop() {
            Some(Item::Math(math)) => math,
            Some(Item::Text(mut text)) => {
                let word: String = reversed.chars().rev().collect();
                text.truncate(text.len() - word.len());
                if !text.is_empty() {
                    self.items.push(Item::Text(text));
                }
                let tex = match word.chars().count() {
                    0 => formula("{}"),
                    1 => letters(&word),
                    _ if word.chars().all(|c| c.is_ascii_digit()) => formula(word.as_str()),
                    _ => grouped_tex("\\mathrm", letters(&word)),
                };
                let run = Run::plain(word.clone());
                math(tex, run, word)
            }
            None => math(formula("{}"), Run::plain(String::new()), String::new()),
        }
    }
}

fn math(tex: Vec<Part>, run: Run, line: String) -> Math {
    let runs = if run.text.is_empty() {
        Vec::new()
    } else {
        vec![run]
    };
    Math {
        tex,
        scripts: [false; 2],
        runs,
        line,
    }
}

fn formula(tex: impl Into<String>) -> Vec<Part> {
    vec![Part::Math(tex.into())]
}

/// After a command or the mark of a script, in braces.
fn grouped_tex(before: &str, inner: Vec<Part>) -> Vec<Part> {
    let mut tex = formula(format!("{before}{{"));
    join(&mut tex, inner);
    join(&mut tex, formula("}"));
    tex
}

/// One after the other; a letter after a command is none of its name.
fn join(tex: &mut Vec<Part>, more: Vec<Part>) {
    for part in more {
        match (tex.last_mut(), part) {
            (Some(Part::Math(before)), Part::Math(after)) => {
                let name = before.rsplit('\\').next().filter(|_| before.contains('\\'));
                let ends = name.is_some_and(|name| name.chars().all(|c| c.is_ascii_alphabetic()));
                if ends && after.starts_with(|c: char| c.is_ascii_alphabetic()) {
                    before.push(' ');
                }
                before.push_str(&after);
            }
            (_, part) => tex.push(part),
        }
    }
}

/// What stands in braces as mathematics that every LaTeX takes.
fn tex_of(label: &str) -> Vec<Part> {
    let mut tex = Vec::new();
    for item in items(label).0 {
        let more = match item {
            Item::Text(text) => letters(&text),
            Item::Math(math) => math.tex,
        };
        join(&mut tex, more);
    }
    tex
}

/// Text within a formula: signs as commands, letters that mathematics does not have as words.
fn letters(text: &str) -> Vec<Part> {
    let mut tex = Vec::new();
    for c in text.chars() {
        let part = match c {
            '\\' => "\\backslash".to_owned(),
            '~' => "\\sim".to_owned(),
            '^' => "\\wedge".to_owned(),
            '{' | '}' | '%' | '#' | '&' | '$' | '_' => format!("\\{c}"),
            // A prime is a script of its own.
            '\'' => "{}'".to_owned(),
            c if c.is_ascii() && c != '"' => c.to_string(),
            c => match sign(c) {
                Some(tex) => tex,
                None => {
                    match tex.last_mut() {
                        Some(Part::Text(text)) => text.push(c),
                        _ => tex.push(Part::Text(c.to_string())),
                    }
                    continue;
                }
            },
        };
        join(&mut tex, formula(part));
    }
    tex
}

/// Runs as a script: smaller, and shifted.
/// Puts letters of another alphabet in the place of those of a run, unless it has one that is not there.
fn set_in(run: &mut Run, letter: fn(char) -> Option<char>) -> bool {
    let letters: Option<String> = run.text.chars().map(letter).collect();
    match letters {
        Some(letters) => {
            run.text = letters;
            true
        }
        None => false,
    }
}

fn scaled(runs: Vec<Run>, shift: f64) -> Vec<Run> {
    let runs = runs.into_iter().map(|run| Run {
        scale: run.scale * SMALL,
        shift: shift + SMALL * run.shift,
        ..run
    });
    runs.collect()
}

/// In parentheses, if it is more than one letter or number.
fn grouped(text: &str) -> String {
    match text.chars().count() > 1 && !text.chars().all(|c| c.is_ascii_digit()) {
        true => format!("({text})"),
        false => text.to_owned(),
    }
}
