//! Slurm's commands, called: `sbatch`, `squeue`, `scancel`, `scontrol`, and no others.

use std::io;
use std::io::Read;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use super::listing::FORMAT;
use super::listing::Listing;

/// A command of Slurm's tries for about a minute to reach its controller before it gives up.
const PATIENCE: Duration = Duration::from_secs(100);

/// So many jobs are named in one call of `scancel`.
const NAMED_AT_ONCE: usize = 100;

/// Why `sbatch` did not say the number of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Not now; it has no job of it.
    NotNow(String),
    /// It may have a job of it, or not.
    Unclear(String),
    /// Not as it was asked for.
    Never(String),
}

/// What the controller knows of a job that `squeue` did not list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// In this state, by its record.
    State(String),
    /// It has forgotten it, or never had it.
    Nothing,
    NoAnswer,
}

/// Has a script queued; the number of the job.
pub(super) fn sbatch(arguments: &[String]) -> Result<u64, Refusal> {
    let ran = match run("sbatch", arguments) {
        Ok(ran) => ran,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(Refusal::Never("there is no `sbatch` here".to_owned()));
        }
        Err(error) => return Err(Refusal::Unclear(error.to_string())),
    };
    if ran.well {
        // `123` or `123;cluster`
        let number = ran.out.trim().split(';').next().unwrap_or_default();
        return number.parse().map_err(|_| {
            let said = ran.out.trim();
            Refusal::Unclear(format!("`sbatch` said no number of a job: {said}"))
        });
    }
    Err(refusal(&ran.err))
}

/// What `sbatch` says where it did not reach the controller, or lost it.
const UNCLEAR: [&str; 9] = [
    "unable to contact slurm controller",
    "socket timed out",
    "zero bytes were transmitted",
    "connection refused",
    "connection reset",
    "transport endpoint is not connected",
    "communication connection failure",
    "unexpected message",
    "standby mode",
];

/// What it says where it may take it later.
const NOT_NOW: [&str; 7] = [
    "temporarily",
    "authentication",
    "submit limit",
    "job violates accounting/qos policy",
    "resource temporarily unavailable",
    "cannot allocate memory",
    "maxjobcount",
];

fn refusal(said: &str) -> Refusal {
    let lower = said.to_lowercase();
    let said = in_words(said);
    match () {
        () if UNCLEAR.iter().any(|text| lower.contains(text)) => Refusal::Unclear(said),
        () if NOT_NOW.iter().any(|text| lower.contains(text)) => Refusal::NotNow(said),
        () => Refusal::Never(said),
    }
}

/// What a command of Slurm's said, without the prefixes of its lines.
fn in_words(said: &str) -> String {
    let lines = said.lines().map(|line| {
        let line = line.trim();
        let line = line.split_once("error: ").map_or(line, |(_, rest)| rest);
        line.trim_start_matches("Batch job submission failed: ")
    });
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    match lines.is_empty() {
        true => "it did not say why".to_owned(),
        false => lines.join("; "),
    }
}

/// What is known of our jobs with these names; none where there was no answer.
pub(super) fn squeue(names: &str) -> Option<Listing> {
    let mut arguments = vec![
        "--noheader".to_owned(),
        "--states=all".to_owned(),
        format!("--name={names}"),
        format!("--format={FORMAT}"),
    ];
    if let Some(user) = user() {
        arguments.push(format!("--user={user}"));
    }
    let ran = run("squeue", &arguments).ok().filter(|ran| ran.well)?;
    let listing = Listing::read(&ran.out);
    // Nothing at all may be the word of a controller that has lost its state, or is not there yet.
    if listing.is_empty() && !is_up() {
        return None;
    }
    Some(listing)
}

fn user() -> Option<String> {
    #[cfg(unix)]
    return Some(rustix::process::getuid().as_raw().to_string());
    #[cfg(not(unix))]
    None
}

fn is_up() -> bool {
    let ran = run("scontrol", &["ping".to_owned()]);
    ran.is_ok_and(|ran| ran.well && ran.out.contains("UP"))
}

/// What the controller knows of a job, or of one task of it.
pub(super) fn show(job: &str) -> Shown {
    let arguments = ["show", "job", "--oneliner", job].map(str::to_owned);
    match run("scontrol", &arguments) {
        Ok(ran) if ran.well => {
            let state = ran
                .out
                .split_whitespace()
                .find_map(|field| field.strip_prefix("JobState="));
            state.map_or(Shown::NoAnswer, |state| Shown::State(state.to_owned()))
        }
        Ok(ran) if ran.err.contains("Invalid job id") => Shown::Nothing,
        _ => Shown::NoAnswer,
    }
}

/// Cancels jobs and tasks; those that it could not tell the controller about come back.
pub(super) fn scancel(jobs: Vec<String>) -> Vec<String> {
    let mut left = Vec::new();
    for some in jobs.chunks(NAMED_AT_ONCE) {
        // Those that have ended already are no trouble.
        let arguments: Vec<String> = ["--quiet".to_owned()]
            .into_iter()
            .chain(some.iter().cloned())
            .collect();
        let done = run("scancel", &arguments).is_ok_and(|ran| {
            let lower = ran.err.to_lowercase();
            ran.well || !UNCLEAR.iter().any(|text| lower.contains(text))
        });
        if !done {
            left.extend(some.iter().cloned());
        }
    }
    left
}

struct Ran {
    well: bool,
    out: String,
    err: String,
}

/// Calls a command, and ends it where it takes too long.
fn run(program: &str, arguments: &[String]) -> io::Result<Ran> {
    let mut command = Command::new(program);
    command.args(arguments);
    // What a job around us was given is nothing to the jobs that we ask for.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let ours = ["SLURM_CONF", "SLURM_CONF_SERVER"].contains(&&*text);
        if !ours
            && ["SLURM_", "SBATCH_", "SQUEUE_", "SCANCEL_"]
                .iter()
                .any(|p| text.starts_with(p))
        {
            command.env_remove(&name);
        }
    }
    // Arrays are listed whole.
    command.env("SLURM_BITSTR_LEN", "0");
    command.env("LC_ALL", "C");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    own_group(&mut command);
    let mut child = command.spawn()?;
    let out = reader(child.stdout.take());
    let err = reader(child.stderr.take());
    let status = wait(&mut child)?;
    let text = |reader: thread::JoinHandle<String>| reader.join().unwrap_or_default();
    Ok(Ran {
        well: status,
        out: text(out),
        err: text(err),
    })
}

/// Ctrl-C in the terminal is ours to handle.
fn own_group(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

fn reader(stream: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            // What was read until then will do.
            let _ = stream.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn wait(child: &mut Child) -> io::Result<bool> {
    let begin = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        if begin.elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            return Err(io::Error::new(io::ErrorKind::TimedOut, "it did not answer"));
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart() {
        let never = "sbatch: error: Batch job submission failed: Requested node configuration is not available";
        let words = "Requested node configuration is not available".to_owned();
        assert_eq!(refusal(never), Refusal::Never(words));
        let away = "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)";
        assert!(matches!(refusal(away), Refusal::Unclear(_)));
        let late =
            "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation";
        assert!(matches!(refusal(late), Refusal::Unclear(_)));
        let full = "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying";
        assert!(matches!(refusal(full), Refusal::NotNow(_)));
        let limit = "sbatch: error: AssocMaxSubmitJobLimit\nsbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)";
        assert!(matches!(refusal(limit), Refusal::NotNow(_)));
        assert_eq!(refusal(""), Refusal::Never("it did not say why".to_owned()));
    }
}
