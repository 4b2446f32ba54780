//! What every nameable thing has in common.
//!
//! A manifest names stage kinds, data sets, models, metrics and figures. Each of them is an
//! [`Entry`] in a sorted `static ALL` of its module; checks, help, `sweepline list`, the reference
//! pages, the JSON schema and the conformance tests walk those lists and nothing else.
//!
//! The parameters of an entry are declared by `params!`: `docs/design/parameters.md` tells how.

mod capability;
mod choice;
mod columns;
mod conform;
mod declare;
#[cfg(test)]
pub(crate) mod declared;
mod facts;
mod kind;
mod measure;
pub mod memory;
mod param;
mod param_value;
mod property;
pub mod reference;
mod searched;
mod shape;
mod value;

pub use capability::Capability;
pub(crate) use choice::choices;
pub use columns::{ColumnNames, Columns};
pub use conform::{Mismatch, Part};
pub(crate) use declare::params;
pub use declare::{ParamError, ParamField};
pub use facts::{Facts, Misfit, numbers_text};
pub use kind::{ArtifactType, Catalog, InvalidParam, Outputs, Slot, StageKind};
pub use measure::Measure;
pub use param::{Default, OnlyWith, Param, ParamType};
pub use param_value::{Names, ParamValue, ValueNames};
pub use property::Property;
pub use searched::Searched;
pub use shape::shape_text;
pub use value::{Fields, Value, Values};

/// Something a manifest can name.
pub trait Entry: Sync {
    /// Kebab-case name, unique in its list.
    fn name(&self) -> &'static str;
    /// One line for `sweepline list`: a phrase without a full stop.
    fn summary(&self) -> &'static str;
    /// Markdown for the reference page: what it computes, formula, source.
    fn docs(&self) -> &'static str {
        ""
    }
    /// Counts changes of behaviour: a new revision makes old results stale.
    fn revision(&self) -> u32 {
        1
    }
    /// The parameters a manifest may set, in the order of the reference page.
    fn params(&self) -> Vec<Param> {
        Vec::new()
    }
}
