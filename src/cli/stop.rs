//! Why a verb ends without its result.

use std::io;

use super::exit::Exit;
use crate::store::StoreError;

/// Why a verb ends without its result. Everything was said on standard error already, but for
/// what the variants carry.
#[derive(Debug)]
pub(super) enum Stop {
    /// It was said why.
    Reported(Exit),
    Store(StoreError),
    /// Standard output or error could not be written.
    Io(io::Error),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Stop::Store(error)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Stop::Io(error)
    }
}
