//! The parameters `labels` and `names` of printed tables.

use crate::map::SortedVecMap;
use crate::registry::params;
use crate::table::Table;

params! {
    /// What gives names.
    pub(super) struct Naming {
        /// by column, its name in print: `{beta: β}`
        labels: Option<SortedVecMap<String>>;
        /// by value of an axis, its name in print: `{iwae: IWAE}`
        names: Option<SortedVecMap<String>>;
    }
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
