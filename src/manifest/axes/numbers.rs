//! The values of `range`, `linspace` and `logspace`.

use crate::manifest::fields;
use crate::manifest::fields::Fields;
use crate::manifest::node::Content;
use crate::manifest::node::Node;
use crate::registry::ParamType;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;

use super::MOST;

/// The values of `range`, `linspace` and `logspace`: from the first to the last, both included.
pub(super) fn numbers(form: &str, node: &Node, found: &mut Diagnostics) -> Option<Vec<Value>> {
    let third = if form == "range" { "step" } else { "count" };
    let number = ParamType::Float {
        min: None,
        max: None,
    };
    let parts: Vec<Option<&Node>> = match &node.content {
        Content::List(items) if (2..=3).contains(&items.len()) => {
            (0..3).map(|index| items.get(index)).collect()
        }
        Content::Map(_) => {
            let fields = Fields::of(node, &format!("`{form}`"), &["from", "to", third], found)?;
            ["from", "to", third].map(|key| fields.get(key)).to_vec()
        }
        _ => Vec::new(),
    };
    let [Some(from), Some(to), last] = parts[..] else {
        found.push(
            Diagnostic::error(format!("`{form}` is `[from, to, {third}]`"))
                .at(&node.place, "wrong form"),
        );
        return None;
    };
    let whole = [Some(from), Some(to), last]
        .into_iter()
        .flatten()
        .all(|node| matches!(node.content, Content::Scalar(Value::Int(_))));
    let mut float = |node: &Node| {
        let what = format!("`{form}`");
        fields::conform(node, &number, &what, found)?.as_float()
    };
    let (start, end) = (float(from)?, float(to)?);
    if form == "range" {
        let step = match last {
            Some(step) => float(step)?,
            None => 1.0,
        };
        let count = ((end - start) / step + 1e-9).floor();
        if !(count >= 0.0 && count < MOST as f64) {
            let title = match count >= MOST as f64 && count.is_finite() {
                true => format!("`range` holds about {count:.1e} values, the most is {MOST}"),
                false => "`range` never ends or holds nothing".to_owned(),
            };
            found.push(Diagnostic::error(title).at(
                &node.place,
                format!("from {start} to {end} in steps of {step}"),
            ));
            return None;
        }
        let value = |index: i64| start + step * index as f64;
        let largest = start.abs().max(end.abs());
        let values = (0..=count as i64).map(|index| match whole {
            true => Value::Int(value(index) as i64),
            false if index == 0 => Value::Float(start),
            false => Value::Float(in_step(value(index), largest)),
        });
        return Some(values.collect());
    }
    let Some(last) = last else {
        found.push(
            Diagnostic::error(format!("`{form}` is `[from, to, count]`"))
                .at(&node.place, "how many values?"),
        );
        return None;
    };
    let count = fields::whole(last, "`count`", 1, MOST, found)?;
    if form == "logspace" && !(start > 0.0 && end > 0.0) {
        found.push(
            Diagnostic::error("`logspace` is between numbers above 0")
                .at(&node.place, format!("from {start} to {end}"))
                .help("its ends are the values themselves, not exponents"),
        );
        return None;
    }
    let part = |index: i64| index as f64 / (count - 1).max(1) as f64;
    let values = (0..count).map(|index| {
        Value::Float(match form {
            // The ends exactly as written.
            _ if index == 0 => start,
            _ if index == count - 1 => end,
            "linspace" => decimal(start + (end - start) * part(index)),
            _ => decimal((start.ln() + (end.ln() - start.ln()) * part(index)).exp()),
        })
    });
    Some(values.collect())
}

/// The number to 12 significant digits, which names cells; to 15 where 12 would cut into its whole part.
fn decimal(value: f64) -> f64 {
    let text = match value.abs() < 1e9 {
        true => format!("{value:.11e}"),
        false => format!("{value:.14e}"),
    };
    text.parse().unwrap_or(value)
}

/// A number of a range, which is a decimal as its ends are: 0.1 + 0.2 is meant to be 0.3, -1 + 0.9 to be -0.1. It
/// has the digits that the largest number of the range has within 15.
fn in_step(value: f64, largest: f64) -> f64 {
    let before = largest.log10().floor();
    let after = (14.0 - before).clamp(0.0, 320.0) as usize;
    format!("{value:.after$}").parse::<f64>().unwrap_or(value) + 0.0
}
