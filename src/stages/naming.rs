//! The parameters `labels` and `names` of printed tables.

use crate::map::SortedVecMap;
use crate::registry::InvalidParam;
use crate::registry::Value;
use crate::registry::Values;
use crate::registry::params;
use crate::table::Table;
use crate::text::math;

params! {
    /// What gives names.
    pub(super) struct Naming {
        /// by column, its name in print: `{beta: β}`
        labels: Option<SortedVecMap<String>>;
        /// by value of an axis, its name in print: `{iwae: IWAE}`
        names: Option<SortedVecMap<String>>;
    }
}

/// What the types of the parameters cannot say.
///
/// # Errors
/// Mathematics with a mistake.
pub(super) fn check(params: &Values) -> Result<(), InvalidParam> {
    for param in ["labels", "names"] {
        let Some(Value::Map(given)) = params.get(param) else {
            continue;
        };
        let mut texts = given.iter().filter_map(|(_, text)| text.as_str());
        if let Some((message, help)) = texts.find_map(math::mistake) {
            return Err(InvalidParam {
                param,
                message,
                help,
            });
        }
    }
    Ok(())
}

impl Naming {
    /// Gives columns and values the names that the parameters give.
    pub(super) fn apply(&self, table: &mut Table) {
        table.call(
            |column| self.labels.as_ref()?.get(column).map(String::as_str),
            |value| self.name(value),
        );
    }

    /// The name of a value, if it has one.
    pub(super) fn name(&self, value: &str) -> Option<&str> {
        self.names.as_ref()?.get(value).map(String::as_str)
    }
}
