//! The engine under scripted workers: plans are written as lines, steps do as they are told.

mod caching;
mod choosing;
#[cfg(target_os = "linux")]
mod elsewhere;
mod growing;
mod handed_over;
mod isolation;
mod kit;
mod scheduling;
mod sharing;
mod showing;
mod stopping;
mod trouble;
