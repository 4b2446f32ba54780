//! Text with places in it: sources, spans, diagnostics, suggestions, plurals.

mod diagnostic;
mod place;
mod plural;
mod render;
mod suggest;

pub use diagnostic::{Diagnostic, Diagnostics, Label, Level};
pub use place::{Place, Source};
pub use plural::{list_of, plural};
pub use suggest::{closest, did_you_mean};
