//! `sweepline worker`, which nobody calls by hand: one attempt in a process of its own.

use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::exit::Exit;
use super::printer::Printer;
use crate::engine::isolated;
use crate::engine::isolated::Isolated;
use crate::stages;
use crate::stages::Stages;

/// Works off one specification.
pub(super) fn work(spec: &Path) -> Exit {
    match isolated::serve(spec, &stages::catalog(), &Stages) {
        Ok(()) => Exit::Success,
        Err(error) => {
            // The parent puts it into the step's log.
            let _ = writeln!(Printer::error(), "{}: {error}", spec.display());
            Exit::Failed
        }
    }
}

/// Runs attempts by this program started anew.
///
/// # Errors
/// Where the system does not say which program this is.
pub(super) fn executor(checkpoint_every: Duration) -> io::Result<Isolated> {
    // The very same file, also where another one has taken its name meanwhile.
    let itself = PathBuf::from("/proc/self/exe");
    let program = match itself.exists() {
        true => itself,
        false => std::env::current_exe()?,
    };
    let start = move |spec: &Path| {
        let mut command = Command::new(&program);
        command.arg("worker").arg(spec);
        // What the allocator merely reserves would count against a limit of memory.
        command.env("MIMALLOC_ARENA_EAGER_COMMIT", "0");
        command
    };
    Ok(Isolated::new(start, checkpoint_every))
}
