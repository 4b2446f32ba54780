//! Typed result rows, statistics over replicates, CSV, Markdown and LaTeX.

mod frame;

pub use frame::{Column, Table};
