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
use crate::slurm;
use crate::stages;
use crate::stages::Stages;
use crate::text::ShowPath;

/// Works off one specification; where there is a task, those of the batch in this folder.
pub(super) fn work(spec: &Path, task: Option<u32>, spent: Duration) -> Exit {
    if let Some(task) = task {
        return job(spec, task, spent);
    }
    match isolated::serve(spec, &stages::catalog(), &Stages) {
        Ok(()) => Exit::Success,
        Err(error) => {
            // The parent puts it into the step's log.
            let _ = writeln!(Printer::error(), "{}: {error}", spec.shown());
            Exit::Failed
        }
    }
}

/// A job of a cluster: works off its part of a batch.
fn job(batch: &Path, task: u32, spent: Duration) -> Exit {
    let worked = program().and_then(|program| {
        let start = move |spec: &Path| start(&program, spec);
        slurm::work(batch, task, spent, &start)
    });
    match worked {
        Ok(true) => Exit::Success,
        Ok(false) => Exit::Failed,
        Err(error) => {
            // It stands in the job's own output.
            let _ = writeln!(Printer::error(), "{}: {error}", batch.shown());
            Exit::Failed
        }
    }
}

/// The very same file, also where another one has taken its name meanwhile.
fn program() -> io::Result<PathBuf> {
    let itself = PathBuf::from("/proc/self/exe");
    match itself.exists() {
        true => Ok(itself),
        false => std::env::current_exe(),
    }
}

fn start(program: &Path, spec: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("worker").arg(spec);
    // What the allocator merely reserves would count against a limit of memory.
    command.env("MIMALLOC_ARENA_EAGER_COMMIT", "0");
    command
}

/// Runs attempts by this program started anew.
///
/// # Errors
/// Where the system does not say which program this is.
pub(super) fn executor(checkpoint_every: Duration) -> io::Result<Isolated> {
    let program = program()?;
    let start = move |spec: &Path| start(&program, spec);
    Ok(Isolated::new(start, checkpoint_every))
}
