//! Text with places in it: sources, spans, diagnostics, suggestions, plurals.

mod place;

pub use place::{Place, Source};
