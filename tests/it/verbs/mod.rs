//! What every verb does and says, on a project that runs in a blink.

#[cfg(unix)]
mod completing;
mod device;
mod filters;
mod kit;
#[cfg(unix)]
mod labels;
#[cfg(unix)]
mod live;
mod looking;
#[cfg(unix)]
mod neighbours;
mod printing;
mod runs;
mod starting;
mod tidying;
