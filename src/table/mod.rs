//! Typed result rows, statistics over replicates, CSV, Markdown and LaTeX.

mod compare;
mod complete;
pub(crate) mod delimited;
mod files;
pub(crate) mod foreign;
mod frame;
mod interval;
mod logged;
mod naming;
mod pairwise;
pub(crate) mod records;
mod render;
mod repeated;
mod replicates;
mod stack;
pub mod stats;
mod summary;

pub use compare::{CompareError, ComparedRow, Comparison, Reported};
pub use files::TableError;
pub use frame::DIVERGED;
pub use frame::coordinate_key;
pub use frame::display;
pub use frame::same_value;
pub use frame::{Column, Table};
pub use interval::IntervalKind;
pub use naming::{NamedAxes, Naming, NamingError};
pub use pairwise::{Correction, Pair, PairTest, Pairwise, PairwiseError, PairwiseSpec};
pub use render::{
    FittedTable, Layout, Side, ValuesFile, digits_to_tell, escape_latex, escape_markdown,
    latex_with_needs, places_for, value_in_line,
};
pub use summary::{Estimate, Group, Summary, SummaryError, SummarySpec};
