//! What every verb does and says, on a project that runs in a blink.

mod filters;
mod kit;
mod looking;
mod runs;
mod starting;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "what other tests need of it is not needed here")]
mod support;
