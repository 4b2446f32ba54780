//! Text with places in it: sources, spans, diagnostics, suggestions, plurals.

mod diagnostic;
pub mod math;
pub mod nesting;
mod place;
mod plural;
mod printable;
mod render;
mod shell_word;
mod suggest;
mod variable;
mod yaml_depth;

pub use diagnostic::{Diagnostic, Diagnostics, Label, Level};
pub use place::{Place, Source};
pub use plural::{list_of, plural};
pub use printable::{
    ShowPath, ShownPath, as_prose, in_one_line, is_hidden, printable, said, said_in_short,
};
pub use shell_word::shell_word;
pub use suggest::{closest, did_you_mean};
pub use variable::variable;
pub use yaml_depth::foreign_yaml;
pub use yaml_depth::too_deep_yaml;
