//! Whether programs read single values of a section of parameters, `params["train"]["lr"]`, or may hand
//! all of it on. In doubt they may.

use std::ops::ControlFlow;

/// Whether every text that names a section names single values of it, and one does. Other files than those
/// of Python are not understood: none may name it.
pub(super) fn by_values(texts: &[(String, String)], section: &str) -> bool {
    let mut named = false;
    for (file, text) in texts {
        if !file.ends_with(".py") {
            if words(text, section).next().is_some() {
                return false;
            }
            continue;
        }
        let text = without_comments(text);
        let uses = words(&text, section).try_for_each(|(before, after)| {
            match of_section(&text, before, after) {
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

fn of_section(text: &str, before: &str, after: &str) -> Use {
    let quote = before.chars().next_back().filter(|c| "\"'".contains(*c));
    if let Some(quote) = quote {
        let Some(rest) = after.strip_prefix(quote) else {
            // A word in a longer text.
            return Use::None;
        };
        let rest = rest.trim_start();
        // `params["train"]`, `params.get("train")`
        return match (rest.strip_prefix(']'), rest.strip_prefix(')')) {
            (Some(rest), _) => at(text, before, rest, false),
            (_, Some(rest)) => at(text, before, rest, true),
            _ => Use::Whole,
        };
    }
    let line = before.rsplit('\n').next().unwrap_or_default().trim_start();
    let imports = line.starts_with("import ") || line.starts_with("from ");
    match before.ends_with('.') && !imports && !after.starts_with('(') {
        true => at(text, before, after, false),
        false => Use::None,
    }
}

/// What is done with a section that has just been named, perhaps as the argument of a call.
fn at(text: &str, before: &str, rest: &str, by_call: bool) -> Use {
    if is_value(rest) {
        return Use::Value;
    }
    let line = before.rsplit('\n').next().unwrap_or_default();
    let set = line.split_once('=').map(|(name, _)| name.trim());
    let name = set.filter(|name| !name.is_empty() && name.chars().all(is_letter));
    let is_last = rest.lines().next().unwrap_or_default().trim().is_empty()
        && !rest.trim_start().starts_with([')', ']', '}', ',']);
    // Among the arguments of something.
    let open = line.matches('(').count() > line.matches(')').count() + usize::from(by_call);
    match name {
        // `train = params["train"]`: what is done with that.
        Some(name) if is_last && !open => {
            match words(text, name).all(|(before, after)| of_variable(before, after)) {
                true => Use::Value,
                false => Use::Whole,
            }
        }
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
