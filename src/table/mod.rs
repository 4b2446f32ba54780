//! Typed result rows, statistics over replicates, CSV, Markdown and LaTeX.

mod files;
mod frame;
mod interval;
mod render;
pub mod stats;
mod summary;

pub use files::TableError;
pub use frame::display;
pub use frame::{Column, Table};
pub use interval::IntervalKind;
pub use render::Layout;
pub use summary::{Estimate, Group, Summary, SummaryError, SummarySpec};
