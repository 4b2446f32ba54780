//! Drives a plan to its end; knows no stage kind and no terminal.

mod job;

pub use job::{Content, Job, JobArtifact, JobError, JobInput, JobItem, Link, Produced, Worker};
