//! Steps in processes of their own: a panic, an abort, a lack of memory or an endless loop there
//! fails that step alone.
//!
//! The parent writes a [`AttemptSpec`], which says everything about one attempt, and starts the program
//! anew to work it off. The child says how far it is in lines on standard output, leaves files in
//! the attempt's scratch folder and, last, an [`Outcome`]. It never opens the store: only the
//! parent keeps results.

mod child;
mod keyed;
mod parent;
mod place;
mod spec;

pub use child::{begin_again, serve};
pub(super) use keyed::KeyedMachine;
pub(super) use parent::specify;
pub use parent::{Isolated, Listener, outcome};
pub use place::place;
pub use spec::{AttemptSpec, CHECKPOINTS, OUTCOME, Outcome, SPEC_VERSION};
