//! What every verb does and says, on a project that runs in a blink.

mod filters;
mod kit;
#[path = "../support/mod.rs"]
mod support;
