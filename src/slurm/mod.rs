//! Steps as jobs of a cluster that Slurm runs.
//!
//! [`Slurm`] is an [`Executor`](crate::engine::Executor): it writes batches of attempts into the store, has `sbatch`
//! queue each as one array, and learns what became of them from files that the jobs leave and from `squeue`. A
//! job needs this program and its batch, no manifest and no database. `docs/design/slurm.md` has the protocol.

mod batch;
mod cancelling;
mod client;
mod commands;
mod executor;
mod following;
#[cfg(test)]
mod following_tests;
mod held;
mod job;
mod listing;
mod marks;
mod profile;
mod state;

pub use executor::{Place, Slurm};
pub use job::work;
pub use profile::{Grouping, Profile};
