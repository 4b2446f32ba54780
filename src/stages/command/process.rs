//! Running the program: its output becomes the step's log, its end the step's.

use std::cell::RefCell;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::lines::Bound;
use super::lines::HEARD;
use super::lines::Line;
use super::lines::Splitter;
use super::live::LiveNumbers;
use super::metrics::PrintedMetrics;
use super::program::Program;
use super::shell;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::process;
use crate::engine::process::Left;
use crate::engine::process::Rules;
use crate::engine::process::Stream;
use crate::manifest::Ended;

/// How long a program has to end that was asked to.
const GRACE: Duration = Duration::from_secs(2);

/// Runs the program in its folder, and says what it had left running; `said` hears the lines of its standard output.
pub(super) fn run(
    program: &Program,
    folder: &Path,
    job: &Job<'_>,
    said: &mut PrintedMetrics,
    live: &mut LiveNumbers<'_>,
) -> Result<Vec<Left>, JobError> {
    let link = job.link;
    let mut bound = Bound::default();
    let mut out = Splitter::default();
    let mut err = Splitter::default();
    let live = RefCell::new(live);
    // The last line of standard error that says something: the reason, if the program fails.
    let mut complained = None;
    let mut too_long = false;
    let mut hear = |stream: Stream, line: Line| {
        if stream == Stream::Out {
            // Its last number may be half of one.
            match line.cut {
                0 => live.borrow_mut().printed(&said.line(&line.text)),
                _ => too_long |= said.hears(),
            }
        }
        let line = line.shown();
        if stream == Stream::Err && !line.trim().is_empty() {
            complained = Some(line.trim().to_owned());
        }
        bound.line(line, |line| link.log(line));
    };
    let rules = Rules {
        memory: job.step.policy.memory_limit,
        grace: GRACE,
    };
    let ended = process::run(
        &mut program.command(folder),
        rules,
        &|| {
            live.borrow_mut().glance();
            link.cancelled()
        },
        &mut |stream, bytes| {
            let splitter = match stream {
                Stream::Out => &mut out,
                Stream::Err => &mut err,
            };
            for line in splitter.take(bytes) {
                hear(stream, line);
            }
        },
    );
    for (stream, splitter) in [(Stream::Out, &mut out), (Stream::Err, &mut err)] {
        if let Some(line) = splitter.rest() {
            hear(stream, line);
        }
    }
    bound.end(|line| link.log(line));
    if too_long {
        link.warn(&format!(
            "numbers on printed lines of more than {} MiB are left out: print them on lines of their own",
            HEARD >> 20
        ));
    }
    let ended = ended.map_err(|error| not_started(program, job, &error))?;
    if !ended.left.is_empty() {
        let left: Vec<&str> = ended.left.iter().map(|left| &*left.name).collect();
        let left = left.join(", ");
        link.warn(&format!("ended what the program had left running: {left}"));
    }
    // Whatever it left then may be half of something.
    if ended.stopped {
        return Err(JobError::Cancelled);
    }
    let failures = program.failures()?;
    let name = &program.name;
    if ended.status.success() {
        // A failure that the shell passed over, within `$(…)` for example.
        let Some(first) = failures.iter().find(|failed| !failed.is_unread()) else {
            return Ok(ended.left);
        };
        let status = first.status();
        let error = JobError::failed(format!(
            "a command in the text ended with exit status {status}, and the text went on"
        ))
        .by(Some(Ended::Exit(status)));
        let hints = shell::hints(None, &failures, complained.as_deref());
        let error = hints.into_iter().fold(error, JobError::hint);
        return Err(error.hint("where it may fail, write `… || :` after it"));
    }
    let how = process::describe(ended.status);
    let said = complained
        .as_ref()
        .map_or(String::new(), |line| format!(": {line}"));
    let mut error = JobError::failed(format!("`{name}` ended with {how}{said}"));
    error = error.by(process::how(ended.status));
    if program.is_text() {
        let hints = shell::hints(ended.status.code(), &failures, complained.as_deref());
        error = hints.into_iter().fold(error, JobError::hint);
    }
    Err(match (rules.memory, ended.status.code()) {
        (Some(bytes), _) => error.hint(format!(
            "it may use {:.0} MiB of memory: `isolate: {{memory: …}}` of the stage",
            bytes as f64 / (1024.0 * 1024.0)
        )),
        // A shell says so where it has found no program, or none that can be started.
        (None, Some(126 | 127)) => error.hint(path_hint()),
        _ => error,
    })
}

/// Why there is no process, and what to do about it.
fn not_started(program: &Program, job: &Job<'_>, error: &io::Error) -> JobError {
    let name = &program.name;
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            let failed = JobError::failed(format!("there is no program `{name}`"));
            if !name.contains('/') {
                return failed.hint(path_hint());
            }
            if Path::new(name).is_absolute() && Path::new(name).exists() {
                return failed.hint("the file is there; the interpreter in its first line is not");
            }
            let relative = name.trim_start_matches("./");
            if !name.starts_with('/') && job.root.join(relative).exists() {
                return failed.hint(format!(
                    "the program runs in a folder of its own: write `${{root}}/{relative}`"
                ));
            }
            failed
        }
        io::ErrorKind::PermissionDenied => {
            JobError::failed(format!("`{name}` may not be executed"))
                .hint(format!("`chmod +x` makes a file a program: {name}"))
        }
        io::ErrorKind::ArgumentListTooLong => JobError::failed(format!(
            "the arguments and variables of `{name}` are longer than the system takes"
        ))
        .hint("give long values to the program in a file"),
        _ => JobError::Transient {
            message: format!("cannot run `{name}`: {error}"),
        },
    }
}

fn path_hint() -> String {
    match std::env::var("PATH") {
        Ok(path) => format!("programs are looked for in PATH, which is {path}"),
        Err(_) => "programs are looked for in PATH, which is not set".to_owned(),
    }
}
