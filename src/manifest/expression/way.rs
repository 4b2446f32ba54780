//! Expressions that are nothing but the way to a value: `optim.lr`, `rates[0]`, `models[model].depth`.

use crate::registry::Value;

/// The way that a text is, with the values of the names that stand in its brackets: `models.cnn.depth`. None where
/// it is more than a way, or leads nowhere.
pub(super) fn resolved<'v>(
    text: &str,
    lookup: &dyn Fn(&str) -> Option<&'v Value>,
) -> Option<String> {
    let (way, _, rest) = read(text, lookup)?;
    rest.is_empty().then_some(way)
}

/// The way that a text begins with, what it leads to, and what comes behind it.
fn read<'t, 'v>(
    text: &'t str,
    lookup: &dyn Fn(&str) -> Option<&'v Value>,
) -> Option<(String, &'v Value, &'t str)> {
    let (name, mut rest) = name(text.trim_start())?;
    let mut way = name.to_owned();
    let mut value = lookup(name)?;
    loop {
        rest = rest.trim_start();
        if let Some(behind) = rest.strip_prefix('.') {
            let (key, behind) = self::name(behind)?;
            value = of_key(value, key, &mut way)?;
            rest = behind;
        } else if let Some(inside) = rest.strip_prefix('[') {
            let inside = inside.trim_start();
            let digits = inside.find(|c: char| !c.is_ascii_digit()).unwrap_or(0);
            let behind;
            if let Some(quote) = inside.chars().next().filter(|c| "\"'".contains(*c)) {
                let key;
                (key, behind) = inside[1..].split_once(quote)?;
                // Of `\'` only the evaluator knows what it is.
                value = of_key(value, key, &mut way).filter(|_| !key.contains('\\'))?;
            } else if digits > 0 {
                behind = &inside[digits..];
                value = of_index(value, inside[..digits].parse().ok()?, &mut way)?;
            } else {
                let index;
                (_, index, behind) = read(inside, lookup)?;
                value = match index {
                    Value::Str(key) => of_key(value, key, &mut way)?,
                    Value::Int(at) => of_index(value, usize::try_from(*at).ok()?, &mut way)?,
                    _ => return None,
                };
            }
            rest = behind.trim_start().strip_prefix(']')?;
        } else {
            return Some((way, value, rest));
        }
    }
}

/// A name and what comes behind it.
fn name(text: &str) -> Option<(&str, &str)> {
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end = text.find(|c| !letter(c)).unwrap_or(text.len());
    let begins = text.starts_with(|c: char| letter(c) && !c.is_ascii_digit());
    begins.then(|| text.split_at(end))
}

fn of_key<'v>(value: &'v Value, key: &str, way: &mut String) -> Option<&'v Value> {
    let Value::Map(entries) = value else {
        return None;
    };
    // The way of such a key would be that of a value within another.
    if key.contains(['.', '[', ']']) {
        return None;
    }
    way.push('.');
    way.push_str(key);
    entries.get(key)
}

fn of_index<'v>(value: &'v Value, at: usize, way: &mut String) -> Option<&'v Value> {
    way.push_str(&format!("[{at}]"));
    value.as_list()?.get(at)
}
