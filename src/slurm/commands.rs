//! Slurm's commands, called: `sbatch`, `squeue`, `scancel`, `scontrol`, and no others.

use std::io;
use std::io::Read;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use crate::session;

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

/// A job, or a task of one, that is to leave the queue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Unwanted {
    /// The job's name: a number may be another's by now.
    pub name: String,
    /// `123` or `123_4`
    pub job: String,
}

/// The cluster that all commands are told, where it is another than the usual one.
#[derive(Clone, Debug)]
pub(super) struct Cluster(pub Option<String>);

/// By these variables users say it once for all.
const CLUSTER_VARIABLES: [&str; 2] = ["SBATCH_CLUSTERS", "SLURM_CLUSTERS"];

impl Cluster {
    /// As options of `sbatch` say it, else the environment.
    ///
    /// # Errors
    /// Where it may be any of several: only one is asked for its jobs.
    pub(super) fn of(options: &[String]) -> io::Result<Self> {
        let said = options.iter().rev().find_map(|option| {
            let long = option.strip_prefix("--clusters=");
            long.or_else(|| option.strip_prefix("-M"))
        });
        let named = said.map(str::to_owned).or_else(|| {
            let mut variables = CLUSTER_VARIABLES.into_iter();
            variables.find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        });
        match named.map(|name| name.trim().to_owned()) {
            Some(name) if matches!(&*name, "" | "all") || name.contains(',') => {
                Err(io::Error::other(format!(
                    "`{name}` may be any of several clusters: name one with `options = [\"--clusters=NAME\"]`"
                )))
            }
            named => Ok(Cluster(named)),
        }
    }

    fn option(&self) -> Option<String> {
        self.0.as_ref().map(|name| format!("--clusters={name}"))
    }
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
        // A limit of one job does not pass.
        () if lower.contains("perjob") => Refusal::Never(said),
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
pub(super) fn squeue(cluster: &Cluster, names: &str) -> Option<Listing> {
    let mut arguments = vec![
        "--noheader".to_owned(),
        "--states=all".to_owned(),
        format!("--name={names}"),
        format!("--format={FORMAT}"),
    ];
    if let Some(user) = user() {
        arguments.push(format!("--user={user}"));
    }
    arguments.extend(cluster.option());
    let ran = run("squeue", &arguments).ok().filter(|ran| ran.well)?;
    let listing = Listing::read(&ran.out);
    // Nothing at all may be the word of a controller that has lost its state, or is not there yet.
    if listing.is_empty() && !is_up() {
        return None;
    }
    Some(listing)
}

/// Whether the user has any job in the queue, also where nobody says.
pub(super) fn has_jobs(cluster: &Cluster) -> bool {
    let mut arguments = vec!["--noheader".to_owned(), "--format=%i".to_owned()];
    arguments.extend(user().map(|user| format!("--user={user}")));
    arguments.extend(cluster.option());
    let ran = run("squeue", &arguments).ok().filter(|ran| ran.well);
    // With a cluster there is a line that names it.
    let is_job = |line: &str| line.trim().starts_with(|c: char| c.is_ascii_digit());
    ran.is_none_or(|ran| ran.out.lines().any(is_job))
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

/// What the controller knows of a job, or of one task of it, which has this name and comment unless its number was
/// given to another one.
pub(super) fn show(cluster: &Cluster, job: &str, name: &str, comment: &str) -> Shown {
    let mut arguments = ["show", "job", "--oneliner", job]
        .map(str::to_owned)
        .to_vec();
    arguments.extend(cluster.option());
    match run("scontrol", &arguments) {
        Ok(ran) if ran.well => shown(&ran.out, name, comment),
        Ok(ran) if ran.err.contains("Invalid job id") => Shown::Nothing,
        _ => Shown::NoAnswer,
    }
}

fn shown(text: &str, name: &str, comment: &str) -> Shown {
    let field = |name: &str| {
        text.split_whitespace()
            .find_map(|field| field.strip_prefix(name))
    };
    let Some(state) = field("JobState=") else {
        return Shown::NoAnswer;
    };
    let ours = field("JobName=").is_none_or(|known| known == name)
        && field("Comment=").is_none_or(|known| may_be_of(known, comment));
    match ours {
        true => Shown::State(state.to_owned()),
        false => Shown::Nothing,
    }
}

/// Whether a job with this comment may be that of a batch: a site may change comments, but not into the name of
/// another batch.
pub(super) fn may_be_of(comment: &str, batch: &str) -> bool {
    let hex = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_hexdigit());
    let parts: Vec<&str> = comment.split('-').collect();
    // The first one is the time in milliseconds.
    let names_a_batch = parts.len() == 3 && parts[0].len() >= 10 && parts.into_iter().all(hex);
    comment == batch || !names_a_batch
}

/// Cancels jobs and tasks; those that it could not tell the controller about come back.
pub(super) fn scancel(cluster: &Cluster, mut jobs: Vec<Unwanted>) -> Vec<Unwanted> {
    jobs.sort();
    let mut left = Vec::new();
    let of_one_name = jobs.chunk_by(|a, b| a.name == b.name);
    for some in of_one_name.flat_map(|jobs| jobs.chunks(NAMED_AT_ONCE)) {
        // A number may be another job's by now. `scancel --name` would tell them apart too, but tries for 100 s to
        // cancel an array of which it has cancelled a part.
        let Some(listing) = squeue(cluster, &some[0].name) else {
            left.extend(some.iter().cloned());
            continue;
        };
        let ours = some.iter().filter(|unwanted| listing.has(&unwanted.job));
        let ours: Vec<String> = ours.map(|unwanted| unwanted.job.clone()).collect();
        if ours.is_empty() {
            continue;
        }
        // Those that have ended already are no trouble.
        let mut arguments = vec!["--quiet".to_owned()];
        arguments.extend(cluster.option());
        arguments.extend(ours);
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
    for (name, _) in std::env::vars_os() {
        if !passes(&name.to_string_lossy()) {
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
    // Ctrl-C in the terminal is ours to handle.
    session::apart(&mut command);
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

/// Variables that would say otherwise what `sbatch` is told here, or that a job around us was given.
const OURS: [&str; 13] = [
    "SBATCH_ARRAY_INX",
    "SBATCH_CLUSTERS",
    "SBATCH_CPU_BIND",
    "SBATCH_DISTRIBUTION",
    "SBATCH_ERROR",
    "SBATCH_INPUT",
    "SBATCH_JOB_NAME",
    "SBATCH_MEM_BIND",
    "SBATCH_NO_REQUEUE",
    "SBATCH_OPEN_MODE",
    "SBATCH_OUTPUT",
    "SBATCH_REQUEUE",
    "SBATCH_WAIT",
];

/// Whether Slurm's commands see a variable. What a job around us was given is nothing to the jobs that we ask for,
/// and filters of a user's are none of ours; by `SBATCH_ACCOUNT`, `SBATCH_PARTITION` and the like users say once
/// for all what every job needs.
fn passes(name: &str) -> bool {
    let to_reach_it = ["SLURM_CONF", "SLURM_CONF_SERVER"].contains(&name);
    let foreign = ["SLURM_", "SQUEUE_", "SCANCEL_"];
    let of_node = |kept: &&str| {
        name.strip_prefix(*kept)
            .is_some_and(|rest| rest.starts_with('_'))
    };
    let ours = OURS.contains(&name) || ["SBATCH_CPU_BIND", "SBATCH_MEM_BIND"].iter().any(of_node);
    to_reach_it || !(ours || foreign.iter().any(|prefix| name.starts_with(prefix)))
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
        let of_one = limit.replace("AssocMaxSubmitJobLimit", "QOSMaxWallDurationPerJobLimit");
        assert!(matches!(refusal(&of_one), Refusal::Never(_)));
        assert_eq!(refusal(""), Refusal::Never("it did not say why".to_owned()));
    }

    #[test]
    fn commands_see_what_users_say_once_for_all_and_nothing_of_a_job_around() {
        for name in ["SBATCH_ACCOUNT", "SBATCH_PARTITION", "SLURM_CONF", "PATH"] {
            assert!(passes(name), "{name}");
        }
        for name in [
            "SLURM_JOB_ID",
            "SBATCH_OUTPUT",
            "SBATCH_MEM_BIND_TYPE",
            "SQUEUE_STATES",
        ] {
            assert!(!passes(name), "{name}");
        }
    }

    #[test]
    fn one_cluster_is_asked_and_no_more() {
        let of = |options: &[&str]| {
            let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
            Cluster::of(&options).map(|cluster| cluster.option())
        };
        let big = Some("--clusters=big".to_owned());
        assert_eq!(of(&["--hold", "--clusters=big"]).expect("it is one"), big);
        assert_eq!(of(&["-Mbig"]).expect("it is one"), big);
        assert!(of(&["--clusters=big,small"]).is_err() && of(&["-Mall"]).is_err());
    }

    #[test]
    fn a_number_that_was_given_to_another_job_tells_nothing() {
        let ours = "JobId=7 JobName=sl-a JobState=FAILED Comment=1a22e0ce70d-8cb-1";
        let told = |text: &str| shown(text, "sl-a", "1a22e0ce70d-8cb-1");
        assert_eq!(told(ours), Shown::State("FAILED".to_owned()));
        let changed = ours.replace("1a22e0ce70d-8cb-1", "project_x");
        assert_eq!(told(&changed), Shown::State("FAILED".to_owned()));
        assert_eq!(told(&ours.replace("sl-a", "theirs")), Shown::Nothing);
        assert_eq!(told(&ours.replace("8cb-1", "8cb-2")), Shown::Nothing);
        assert_eq!(told("slurm_load_jobs"), Shown::NoAnswer);
    }
}
