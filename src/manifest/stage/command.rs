//! What is special about the arguments of commands: texts that a shell reads, and paths in `${…}`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::manifest::Expression;
use crate::manifest::node::Content;
use crate::manifest::node::Entry;
use crate::manifest::node::Node;
use crate::manifest::pipeline::declared_within;
use crate::manifest::template::Segment;
use crate::manifest::template::Template;
use crate::manifest::template::TemplateContent;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;
use crate::text::did_you_mean;
use crate::text::variable;

use super::Argument;

/// A shell reads `${lr}` itself, from its environment: so the text stays as it is, and what it
/// mentions goes there. Interpolation would make shell code of values.
pub(super) fn shell(with: &mut Vec<Argument>, found: &mut Diagnostics) {
    let mut taken = given(with);
    let Some(run) = with.iter_mut().find(|argument| &*argument.name == "run") else {
        return;
    };
    let TemplateContent::Text(segments) = &run.value.content else {
        return;
    };
    taken.extend(segments.iter().filter_map(|segment| match segment {
        Segment::Hole(hole) => hole.names().first().map(Arc::clone),
        Segment::Literal(_) => None,
    }));
    let mut variables: BTreeMap<String, Arc<str>> = BTreeMap::new();
    let mut text = String::new();
    let mut mentioned: Vec<(Arc<str>, String, Place)> = Vec::new();
    for segment in segments {
        match segment {
            Segment::Literal(literal) => text.push_str(literal),
            Segment::Hole(hole) => {
                let name = hole.text().trim();
                match hole.names() {
                    [only] if **only == *name => {
                        text.push_str(&format!("${{{name}}}"));
                        mentioned.push((Arc::clone(only), name.to_owned(), hole.place().clone()));
                    }
                    // Within a parameter: shells know no dots in names.
                    [only] if is_way(name, only) => {
                        let variable = variables.entry(name.to_owned()).or_insert_with(|| {
                            let free = free_variable(name, &taken);
                            taken.insert(Arc::clone(&free));
                            free
                        });
                        text.push_str(&format!("${{{variable}}}"));
                        let variable = Arc::clone(variable);
                        mentioned.push((variable, name.to_owned(), hole.place().clone()));
                    }
                    _ => found.push(
                        Diagnostic::error("an expression in a shell text")
                            .at(hole.place(), "the shell would read this itself")
                            .help(format!(
                                "`values: {{x: \"${{{name}}}\"}}` makes it the variable `${{x}}`; what \
                                 the shell is to expand is written `$${{…}}`"
                            )),
                    ),
                }
            }
        }
    }
    let place = run.value.place.clone();
    let name_place = run.name_place.clone();
    run.value.content = TemplateContent::Literal(Value::Str(text));
    if mentioned.is_empty() {
        return;
    }
    if !with.iter().any(|argument| &*argument.name == "values") {
        with.push(Argument {
            name: Arc::from("values"),
            name_place,
            value: Template {
                place,
                content: TemplateContent::Map(Vec::new()),
                escaped: true,
            },
        });
    }
    let Some(values) = with.iter_mut().find(|argument| &*argument.name == "values") else {
        return;
    };
    values.value.add_names(mentioned);
}

/// The variables that `values` names.
fn given(with: &[Argument]) -> BTreeSet<Arc<str>> {
    let values = with.iter().find(|argument| &*argument.name == "values");
    match values.map(|values| &values.value.content) {
        Some(TemplateContent::Map(entries)) => {
            let names = entries.iter().map(|(name, _)| Arc::clone(name));
            names.collect()
        }
        Some(TemplateContent::Literal(Value::Map(entries))) => {
            let names = entries.keys().map(|name| Arc::from(name.as_str()));
            names.collect()
        }
        _ => BTreeSet::new(),
    }
}

/// The variable for a value within a parameter, `m_lr` for `m.lr`: one that nothing else is called, so that
/// neither a parameter `m_lr` nor the path of an input takes its place.
fn free_variable(way: &str, taken: &BTreeSet<Arc<str>>) -> Arc<str> {
    let mut variable = variable(way);
    if variable.starts_with("in_") || variable.starts_with("out_") {
        variable.insert(0, '_');
    }
    while taken.contains(variable.as_str()) {
        variable.push('_');
    }
    Arc::from(variable)
}

/// Refuses declarations among the variables of a program: it would be given maps.
pub(super) fn undeclared(with: Option<&Node>, found: &mut Diagnostics) {
    let arguments = with.and_then(Node::as_map).unwrap_or_default();
    let values = arguments.iter().find(|argument| argument.key == "values");
    if let Some(inner) = values.and_then(|values| declared_within(&values.value)) {
        found.push(
            Diagnostic::error("a declaration in place of a value under `values`")
                .at(&inner.place, "a value stands here")
                .help("declare it under `params` of the manifest or pipeline: the program is given all that `run` names"),
        );
    }
}

/// What programs are asked about themselves is a text for the shell, too, and of no cell.
pub(super) fn questions(with: &[Argument], found: &mut Diagnostics) {
    let asked = with
        .iter()
        .find(|argument| &*argument.name == "environment");
    if let Some(asked) = asked
        && let Some(name) = asked.value.names().first()
    {
        found.push(
            Diagnostic::error(format!("`${{{name}}}` in a text under `environment`"))
                .at(&asked.value.place, "the shell would read the value as its own code")
                .help("programs are asked once for all cells, with `$root` and the variables of `env` and `pass_env`"),
        );
    }
}

/// A list among the arguments that begins with an option, `[--samples, "${samples}"]`, stands for its elements,
/// and for none where a name in it has no value.
pub(super) fn options(with: &mut [Argument]) {
    let Some(run) = with.iter_mut().find(|argument| &*argument.name == "run") else {
        return;
    };
    let is_option = |first: Option<&Value>| {
        let text = first.and_then(Value::as_str);
        text.is_some_and(begins_option)
    };
    let items = match &mut run.value.content {
        TemplateContent::List(items) => {
            items.iter_mut().skip(1).for_each(elective);
            items
        }
        TemplateContent::Literal(Value::List(values)) => {
            let given = std::mem::take(values).into_iter();
            let all = given.flat_map(|value| match value {
                Value::List(inner) if is_option(inner.first()) => inner,
                value => vec![value],
            });
            *values = all.collect();
            return;
        }
        _ => return,
    };
    for item in items {
        let optional = match std::mem::replace(&mut item.content, TemplateContent::Broken) {
            TemplateContent::Literal(Value::List(values)) if is_option(values.first()) => {
                let literal = |value| Template {
                    place: item.place.clone(),
                    content: TemplateContent::Literal(value),
                    escaped: item.escaped,
                };
                TemplateContent::Optional(values.into_iter().map(literal).collect())
            }
            TemplateContent::List(inner) => {
                let starts = match inner.first().map(|first| &first.content) {
                    Some(TemplateContent::Literal(value)) => is_option(Some(value)),
                    Some(TemplateContent::Text(segments)) => {
                        matches!(segments.first(), Some(Segment::Literal(text)) if begins_option(text))
                    }
                    _ => false,
                };
                match starts {
                    true => TemplateContent::Optional(inner),
                    false => TemplateContent::List(inner),
                }
            }
            other => other,
        };
        item.content = optional;
    }
}

/// An argument that is nothing but an expression, `${'--amp' if amp else none}`, is left out where that gives none.
fn elective(item: &mut Template) {
    let is_expression = |expression: &Expression| {
        let text = expression.text().trim();
        let mut names = expression.names().iter();
        !names.any(|name| is_way(text, name))
    };
    item.content = match std::mem::replace(&mut item.content, TemplateContent::Broken) {
        TemplateContent::Whole(expression) if is_expression(&expression) => {
            TemplateContent::Argument(expression)
        }
        other => other,
    };
}

/// `-n`, `--samples`, and no number.
fn begins_option(text: &str) -> bool {
    let rest = text.strip_prefix('-').unwrap_or_default();
    rest.starts_with(|c: char| c == '-' || c.is_ascii_alphabetic())
}

/// Whether an expression is nothing but names with dots, `optim.lr`.
fn is_way(expression: &str, name: &str) -> bool {
    let mut parts = expression.split('.');
    let plain = |part: &str| {
        let mut letters = part.chars();
        letters
            .next()
            .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    parts.next() == Some(name) && parts.all(plain)
}

/// `${in.x}` and `${out.x}` of a command must be declared.
pub(super) fn paths(
    node: &Node,
    slots: &[Entry],
    out: &[Entry],
    scored: bool,
    found: &mut Diagnostics,
) {
    match &node.content {
        Content::List(items) => {
            for item in items {
                paths(item, slots, out, scored, found);
            }
        }
        Content::Map(entries) => {
            for entry in entries {
                paths(&entry.value, slots, out, scored, found);
            }
        }
        Content::Scalar(value) => {
            let text = value.as_str().unwrap_or_default();
            for part in text.split("${").skip(1) {
                let Some(inner) = part.split('}').next() else {
                    continue;
                };
                let (known, name, key) = match inner.trim().split_once('.') {
                    Some(("in", name)) => (slots, name, "in"),
                    Some(("out", name)) => (out, name, "with: {out: …}"),
                    _ => continue,
                };
                // The file of the metrics needs no second declaration.
                let metrics = key != "in" && name == "metrics" && scored;
                if metrics || known.iter().any(|entry| entry.key == name) {
                    continue;
                }
                let place = match node.place.text().find(inner) {
                    Some(at) => node.place.part(at..at + inner.len()),
                    None => node.place.clone(),
                };
                let names = known.iter().map(|entry| entry.key.as_str());
                let help = did_you_mean(name, names, "declared are");
                found.push(
                    Diagnostic::error(format!("`{inner}` is not declared"))
                        .at(&place, format!("not under `{key}`"))
                        .maybe_help(help),
                );
            }
        }
    }
}

/// Each slot is a variable of the program: `$in_my_data` of `my-data`.
pub(super) fn variables(slots: &[Entry], found: &mut Diagnostics) {
    for (number, entry) in slots.iter().enumerate() {
        let own = variable(&entry.key);
        let mut before = slots[..number].iter();
        if let Some(other) =
            before.find(|other| variable(&other.key) == own && other.key != entry.key)
        {
            found.push(
                Diagnostic::error(format!(
                    "`{}` and `{}` are one variable",
                    other.key, entry.key
                ))
                .at(
                    &entry.key_place,
                    format!("the program has both as `$in_{own}`"),
                )
                .help("give one of them another name"),
            );
        }
    }
}

/// Slots that `place` gives paths to must be there.
pub(super) fn placed(place: &[Entry], slots: &[Entry], found: &mut Diagnostics) {
    for entry in place {
        let slot = &entry.key;
        if slots.iter().any(|known| known.key == *slot) {
            continue;
        }
        let names = slots.iter().map(|entry| entry.key.as_str());
        let help = did_you_mean(slot, names, "declared are");
        found.push(
            Diagnostic::error(format!("`{slot}` is not declared"))
                .at(&entry.key_place, "not under `in`")
                .maybe_help(help),
        );
    }
}
