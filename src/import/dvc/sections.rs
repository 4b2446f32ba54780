//! Whether programs read single values of a section of parameters, `params["train"]["lr"]`, or may hand
//! all of it on. In doubt they may.

use std::ops::ControlFlow;

/// Whether every text that names a section names single values of it, and one does. Other files than those
/// of Python are not understood: none may name it.
pub(super) fn by_values(texts: &[(String, String)], section: &str) -> bool {
    let mut named = false;
    for (number, (file, text)) in texts.iter().enumerate() {
        if !file.ends_with(".py") {
            if words(text, section).next().is_some() {
                return false;
            }
            continue;
        }
        let script = Script {
            text: &without_comments(text),
            number,
            all: texts,
        };
        let uses = words(script.text, section).try_for_each(|(before, after)| {
            match of_section(&script, before, after) {
                Use::None => {}
                Use::Value => named = true,
                Use::Whole => return ControlFlow::Break(()),
            }
            ControlFlow::Continue(())
        });
        if uses.is_break() {
            return false;
        }
    }
    named
}

/// Whether a name stands anywhere in these texts; that of `batch-size` by its parts.
pub(super) fn mention(texts: &[(String, String)], name: &str) -> bool {
    let mut parts = name.split(|c: char| !is_letter(c));
    parts.all(|part| {
        part.is_empty()
            || texts
                .iter()
                .any(|(_, text)| words(text, part).next().is_some())
    })
}

/// What a word is to a section of its name.
enum Use {
    /// Something else.
    None,
    /// One of its values is named.
    Value,
    /// All of it goes somewhere.
    Whole,
}

/// A text of Python's among all texts of a stage.
struct Script<'t> {
    /// Without comments.
    text: &'t str,
    /// Its position among all.
    number: usize,
    all: &'t [(String, String)],
}

impl Script<'_> {
    /// Whether nothing but values is taken of a section by the name that it is given behind `before`.
    fn takes_values_of(&self, name: &str, before: &str) -> bool {
        let inside = self.is_local(name, before);
        if !inside && self.is_known_elsewhere(name) {
            return false;
        }
        let mut read = false;
        let values = words(self.text, name).all(|(before, after)| {
            read |= is_value(after);
            // `Config.TRAIN`, where the name may stand in a class.
            let attribute = before.ends_with('.') && !after.starts_with('(');
            of_variable(before, after) && (inside || !attribute || is_value(after))
        });
        // What is not read here is there for somebody.
        values && read
    }

    /// Whether what is set behind `before` is known within a function only.
    fn is_local(&self, name: &str, before: &str) -> bool {
        let is_global = |(before, _): (&str, &str)| {
            let line = line_to(before);
            line.starts_with("global ") || line.starts_with("nonlocal ")
        };
        if words(self.text, name).any(is_global) {
            return false;
        }
        let indent = |line: &str| line.len() - line.trim_start().len();
        let mut lines = before.lines().rev();
        let mut within = lines.next().map_or(0, indent);
        for line in lines.filter(|line| !line.trim().is_empty()) {
            if indent(line) >= within {
                continue;
            }
            within = indent(line);
            let line = line.trim_start();
            if line.starts_with("def ") || line.starts_with("async def ") {
                return true;
            }
        }
        false
    }

    /// Whether another text names what this one sets, or imports all of this one.
    fn is_known_elsewhere(&self, name: &str) -> bool {
        let module = module(&self.all[self.number].0);
        let others = self.all.iter().enumerate();
        let mut others = others.filter(|(number, _)| *number != self.number);
        others.any(|(_, (_, text))| {
            let mut imports = words(text, module).filter(|(before, _)| is_import(before));
            words(text, name).next().is_some() || imports.next().is_some()
        })
    }
}

/// The name by which a file of Python's is imported.
fn module(file: &str) -> &str {
    let file = file.strip_suffix("/__init__.py").unwrap_or(file);
    let name = file.rsplit('/').next().unwrap_or_default();
    name.strip_suffix(".py").unwrap_or(name)
}

/// The line up to here.
fn line_to(before: &str) -> &str {
    before.rsplit('\n').next().unwrap_or_default().trim_start()
}

fn is_import(before: &str) -> bool {
    let line = line_to(before);
    line.starts_with("import ") || line.starts_with("from ")
}

fn of_section(script: &Script<'_>, before: &str, after: &str) -> Use {
    let quote = before.chars().next_back().filter(|c| "\"'".contains(*c));
    if let Some(quote) = quote {
        let Some(rest) = after.strip_prefix(quote) else {
            // A word in a longer text.
            return Use::None;
        };
        let rest = rest.trim_start();
        // `params["train"]`, `params.get("train")`
        return match (rest.strip_prefix(']'), rest.strip_prefix(')')) {
            (Some(rest), _) => at(script, before, rest, false),
            (_, Some(rest)) => at(script, before, rest, true),
            _ => Use::Whole,
        };
    }
    match before.ends_with('.') && !is_import(before) && !after.starts_with('(') {
        true => at(script, before, after, false),
        false => Use::None,
    }
}

/// What is done with a section that has just been named, perhaps as the argument of a call.
fn at(script: &Script<'_>, before: &str, rest: &str, by_call: bool) -> Use {
    if is_value(rest) {
        return Use::Value;
    }
    let line = line_to(before);
    let set = line.split_once('=').map(|(name, _)| name.trim());
    let name = set.filter(|name| !name.is_empty() && name.chars().all(is_letter));
    let is_last = rest.lines().next().unwrap_or_default().trim().is_empty()
        && !rest.trim_start().starts_with([')', ']', '}', ',']);
    // Among the arguments of something.
    let open = line.matches('(').count() > line.matches(')').count() + usize::from(by_call);
    match name {
        // `train = params["train"]`: what is done with that.
        Some(name) if is_last && !open => match script.takes_values_of(name, before) {
            true => Use::Value,
            false => Use::Whole,
        },
        _ => Use::Whole,
    }
}

/// Whether nothing but a value is taken of a variable.
fn of_variable(before: &str, after: &str) -> bool {
    // In a text or a path, of something else, or where it is set.
    before.ends_with(['"', '\'', '/', '.'])
        || is_value(after)
        || after.trim_start().starts_with('=') && !after.trim_start().starts_with("==")
}

/// `["lr"]`, `.get("lr")`, `.lr`
fn is_value(rest: &str) -> bool {
    if let Some(index) = rest.strip_prefix('[') {
        return behind_literal(index).is_some_and(|after| after.starts_with(']'));
    }
    if let Some(argument) = rest.strip_prefix(".get(") {
        return behind_literal(argument).is_some_and(|after| after.starts_with([')', ',']));
    }
    let Some(name) = rest.strip_prefix('.') else {
        return false;
    };
    let end = name.find(|c| !is_letter(c)).unwrap_or(name.len());
    // `.__dict__` is all of it.
    end > 0 && !name.starts_with("__") && !name[end..].starts_with('(')
}

/// What comes behind a text in quotes: any other name may be of any value.
fn behind_literal(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let quote = text.chars().next().filter(|c| "\"'".contains(*c))?;
    let (_, after) = text[1..].split_once(quote)?;
    Some(after.trim_start())
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where a word stands: what is before it, and what comes after.
fn words<'t>(text: &'t str, word: &str) -> impl Iterator<Item = (&'t str, &'t str)> {
    text.match_indices(word).filter_map(move |(at, found)| {
        let (before, after) = (&text[..at], &text[at + found.len()..]);
        let alone = !before.ends_with(is_letter) && !after.starts_with(is_letter);
        alone.then_some((before, after))
    })
}

fn without_comments(text: &str) -> String {
    let lines = text.lines().map(|line| match line.find('#') {
        Some(at) if !line[..at].contains(['"', '\'']) => &line[..at],
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By another text, from where it is set: a name of a function's own is not.
    #[test]
    fn a_section_that_another_text_may_read_is_whole() {
        let said = |one: &str, other: &str| {
            let texts = [("src/config.py", one), ("src/train.py", other)];
            by_values(
                &texts.map(|(file, text)| (file.to_owned(), text.to_owned())),
                "train",
            )
        };
        let set = "TRAIN = params['train']\nlr = TRAIN['lr']\n";
        let within = "def read():\n    p = params['train']\n\n    return p['lr']\n";
        assert!(said(set, "x = 1") && said(within, "from config import read\np = 1"));
        assert!(!said(set, "from config import TRAIN\nfit(**TRAIN)"));
        assert!(!said(set, "from src import config as c\nfit(**vars(c))"));
        assert!(!said(
            &within.replace("    p", "    global p\n    p"),
            "fit(p)"
        ));
        let guarded = "try:\n    p = params['train']\nfinally:\n    p['lr']\n";
        assert!(!said(guarded, "fit(p)"));
    }

    #[test]
    fn values_are_told_from_whole_sections() {
        let said = |text: &str| by_values(&[("a.py".to_owned(), text.to_owned())], "train");
        for values in [
            "lr = params[\"train\"][\"lr\"]",
            "p = yaml.safe_load(open('params.yaml'))['train']\nrun(p['lr'], p.get('epochs', 3))",
            "import pkg.train\nmodel.train()\nprint(cfg.train.lr)  # all of train",
            "lr = params.get('train').get('lr')",
            "lr = params['train'].get( 'lr', None )",
            "log('we train'); x = params['train']['lr']",
        ] {
            assert!(said(values), "{values}");
        }
        for whole in [
            "fit(**params['train'])",
            "p = params['train']\nfit(p)",
            "p = params['train']\nfit(**p, lr=p['lr'])",
            "for name, value in params['train'].items(): pass",
            "for section in ['train', 'test']: use(params[section])",
            "fit(cfg.train)",
            "model = fit(params['train'])",
            "model = fit(\n    a, b = params['train']\n)",
            "same = fit(a, cfg.train\n)",
            "fit(\n    cfg=params['train']\n)",
            "name = 'lr'; x = params['train'][name]",
            "x = params['train'].get(name, 1)",
            "x = params['train']['l' + name]",
            "p = params['train']\nfit(p['lr'], p.get(name))",
            "TRAIN = params['train']",
            "class Config:\n    TRAIN = params['train']\nfit(Config.TRAIN['lr'], **Config.TRAIN)",
            "fit(cfg.train.lr, cfg.train.__dict__)",
            // Nobody names it.
            "main(**params)",
        ] {
            assert!(!said(whole), "{whole}");
        }
        let of_r = ("a.R".to_owned(), "p$train$lr".to_owned());
        assert!(!by_values(&[of_r], "train"));
        let texts = [("a.py".to_owned(), "p['batch-size']".to_owned())];
        assert!(mention(&texts, "batch-size") && !mention(&texts, "bat"));
    }
}
