//! A monitor for tests anywhere, and the tests of the loop.

mod adversarial;
mod looping;
mod session;

pub use session::Session;
