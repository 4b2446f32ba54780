//! The parameters `labels` and `names` of printed tables.

use crate::engine::Job;
use crate::registry::Param;
use crate::registry::ParamType;
use crate::registry::Value;
use crate::table::Table;

/// The parameters that give names.
pub fn params() -> Vec<Param> {
    let labels = "by column, its name in print: `{beta: β}`";
    let names = "by value of an axis, its name in print: `{iwae: IWAE}`";
    vec![
        Param::map("labels", ParamType::Str, labels).optional(),
        Param::map("names", ParamType::Str, names).optional(),
    ]
}

/// Gives columns and values the names that the parameters give.
pub fn apply(job: &Job<'_>, table: &mut Table) {
    table.call(
        |column| text(job, "labels", column),
        |value| name(job, value),
    );
}

/// The name of a value, if it has one.
pub fn name<'a>(job: &'a Job<'_>, value: &str) -> Option<&'a str> {
    text(job, "names", value)
}

fn text<'a>(job: &'a Job<'_>, param: &str, key: &str) -> Option<&'a str> {
    match job.param(param) {
        Some(Value::Map(map)) => map.get(key)?.as_str(),
        _ => None,
    }
}
