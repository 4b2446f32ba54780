//! Parameters within parameters: `optim: {lr: 0.1}` is `${optim.lr}` and `-p optim.lr=0.5`.

use crate::manifest::axes::in_place_of;
use crate::manifest::columns::Columns;
use crate::manifest::fields;
use crate::manifest::node::Entry;
use crate::registry::Fields;
use crate::registry::ParamType;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::did_you_mean;

/// Gives one value within a parameter that is a map, by its way `optim.lr`. Says false where the first
/// name is no parameter.
pub(super) fn within(
    entry: &Entry,
    read: fields::Read,
    columns: &mut Columns,
    found: &mut Diagnostics,
) -> bool {
    let Some((name, way)) = entry.key.split_once('.') else {
        return false;
    };
    let Some(index) = columns.index(name) else {
        return false;
    };
    let column = columns.get_mut(index);
    let what = format!("`{}`", entry.key);
    let Some(given) = read(&entry.value, &ParamType::Any, &what, found) else {
        return true;
    };
    let mut ty = column.ty.clone();
    let mut value = column.value(column.constant()).cloned().unwrap_or_default();
    let mut at = &mut value;
    let mut parts = way.split('.').peekable();
    while let Some(part) = parts.next() {
        let Value::Map(inner) = at else {
            let what = at.type_name();
            let before = entry.key.split(&format!(".{part}")).next().unwrap_or(name);
            found.push(
                Diagnostic::error(format!("`{before}` has no values within"))
                    .at(&entry.key_place, format!("`{before}` is {what}, not a map")),
            );
            return true;
        };
        // A map whose values have a declared type takes new names; any other is as its value is.
        ty = match ty {
            ParamType::Map(inner) => *inner,
            _ => ParamType::Any,
        };
        if inner.get(part).is_none() {
            if ty == ParamType::Any {
                let known = inner.keys().map(String::as_str);
                found.push(
                    Diagnostic::error(format!("unknown parameter `{}`", entry.key))
                        .at(&entry.key_place, format!("there is no `{part}` there"))
                        .maybe_help(did_you_mean(part, known, "there are")),
                );
                return true;
            }
            inner.insert(part.to_owned(), Value::Map(Default::default()));
        }
        let next = inner.iter_mut().find(|(known, _)| known.as_str() == part);
        let (_, next) = next.expect("it is there, or was just put there");
        if parts.peek().is_none() {
            if let Some(wrong) = in_place_of(next, &entry.key, &entry.value) {
                found.push(wrong);
                return true;
            }
            *next = given;
            break;
        }
        at = next;
    }
    match column.ty.clone().conform(value) {
        Ok(value) => {
            let mut spelling = column.spelling(column.constant);
            spelling.lay(&format!(".{way}"), &entry.value);
            column.constant = column.intern_as(value, &entry.value.place, spelling);
        }
        Err(mismatch) => found.push(
            Diagnostic::error(format!("wrong value of {what}"))
                .at(&entry.value.place, mismatch.message)
                .maybe_help(mismatch.help),
        ),
    }
    true
}

/// Values over those that were given before: within maps those that are not given stay, where they stand. A map that
/// gives all of them gives their order.
pub(super) fn over(known: Option<&Value>, given: Value) -> Value {
    match (known, given) {
        (Some(Value::Map(known)), Value::Map(given)) => {
            let mut merged = match known.keys().all(|name| given.contains_key(name)) {
                true => Fields::new(),
                false => known.clone(),
            };
            for (name, value) in given {
                let value = over(known.get(&name), value);
                merged.insert(name, value);
            }
            Value::Map(merged)
        }
        (_, given) => given,
    }
}
