//! What can go wrong in `nn` through no fault of the code: devices, files, sizes.

use thiserror::Error as ThisError;

/// An error of this module.
#[derive(Debug, ThisError)]
pub enum Error {
    /// A device was asked for that this machine or this build does not have.
    #[error("device `{asked}` cannot be used: {reason}; {help}")]
    Device {
        /// What was asked for.
        asked: String,
        /// Why not.
        reason: String,
        /// What to do about it.
        help: String,
    },
    /// A device that failed at work, most often because its memory is full.
    #[error(
        "the device failed ({0}): a smaller `batch` or smaller networks need less memory, and so do fewer steps at once (`--jobs`)"
    )]
    Failed(String),
    /// A parameter was given the wrong number of values.
    #[error("parameter `{name}` holds {want} numbers, got {got}")]
    Length {
        /// Its full name.
        name: String,
        /// What it holds.
        want: usize,
        /// What was given.
        got: usize,
    },
    /// A checkpoint that does not fit the model or is damaged.
    #[error("checkpoint cannot be used: {0}")]
    Checkpoint(String),
}
