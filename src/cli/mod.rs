//! Arguments, verbs, the faces of the event stream, exit codes.

mod args;
mod exit;
mod face;

use std::process::ExitCode;

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
