//! A program that proposes: it reads what is known as JSON lines and answers with a point.
//!
//! It is asked anew for every trial, with all that it may know, so that it needs no memory and a
//! search goes on after any interruption. To it goes, a line each:
//!
//! ```text
//! {"ask": 2, "seed": 5577006791947779, "parameters": [
//!    {"name": "lr", "float": {"low": 0.0001, "high": 0.1, "log": true}},
//!    {"name": "layers", "int": {"low": 1, "high": 4, "step": 1, "log": false}},
//!    {"name": "act", "choice": ["relu", "tanh"]}]}
//! {"trial": 0, "point": {"lr": 0.01, "layers": 2, "act": "relu"}, "costs": [0.31]}
//! {"trial": 1, "point": {"lr": 0.09, "layers": 1, "act": "tanh"}, "state": "failed"}
//! ```
//!
//! (the first on one line). States are `finished`, with `costs` of which smaller are better,
//! `stopped`, with `budget` and `cost`, `failed` and `running`. It answers, as the last line of what
//! it prints, with `{"point": {"lr": 0.02, …}}` or, if it has none left, with `{"exhausted": true}`.

use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process;
use std::process::Child;
use std::process::ExitStatus;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::time::Instant;

#[cfg(unix)]
use rustix::process::Pid;
#[cfg(unix)]
use rustix::process::Signal;
use serde::Deserialize;
use serde_json::Value as Json;
use serde_json::json;
use thiserror::Error;

use crate::registry::Entry;
use crate::registry::Param;
use crate::registry::ParamError;
use crate::registry::Values;
use crate::registry::params;
use crate::session;

use super::Ask;
use super::Domain;
use super::Method;
use super::NotInSpace;
use super::Outcome;
use super::Parameter;
use super::Point;
use super::Proposal;
use super::history::fresh;

params! {
    /// What `command` may be given.
    struct CommandParams {
        /// the program that proposes and its arguments; it runs in the project's folder
        run: Vec<String>;
        /// trials at random before it is asked
        startup: usize = 10, min(1);
        /// seconds after which it is given up
        timeout: f64 = 600.0, min(0.1);
    }
}

/// `command`, as long as nobody asks the program: it knows its first trials only.
pub(super) struct Command;

impl Entry for Command {
    fn name(&self) -> &'static str {
        "command"
    }

    fn summary(&self) -> &'static str {
        "points that a program of your own proposes"
    }

    fn docs(&self) -> &'static str {
        "The first `startup` trials are drawn at random. For every other, `run` asks the program, which \
         reads the space and all that it may know as JSON lines and prints a point. It is started anew \
         each time, needs no memory, and is not asked again for a trial that it has proposed."
    }

    fn params(&self) -> Vec<Param> {
        CommandParams::params()
    }
}

impl Method for Command {
    fn propose(&self, ask: &Ask<'_>) -> Result<Proposal, ParamError> {
        let CommandParams { run, startup, .. } = CommandParams::read(ask.params)?;
        if run.is_empty() {
            return Err(ParamError::new(
                "run",
                "is an empty list: which program proposes?",
            ));
        }
        Ok(match startup {
            startup if ask.k < startup => fresh(ask, None),
            _ => Proposal::NotAsked,
        })
    }

    fn learns(&self) -> bool {
        true
    }

    fn looks_back(&self, params: &Values, k: usize) -> bool {
        CommandParams::read(params).is_ok_and(|params| k >= params.startup)
    }

    fn is_outside(&self) -> bool {
        true
    }
}

/// `command` with its program, which runs in the folder of the project.
pub struct Program<'a> {
    root: &'a Path,
    /// Above 0 once the program is not to be waited for.
    stop: &'a AtomicU8,
    /// Trials for which it proposed what cannot be taken.
    redrawn: Mutex<Vec<(usize, Redrawn)>>,
}

impl<'a> Program<'a> {
    /// The program of a project in this folder, which is given up as soon as `stop` is above 0.
    pub fn new(root: &'a Path, stop: &'a AtomicU8) -> Self {
        Program {
            root,
            stop,
            redrawn: Mutex::default(),
        }
    }

    /// The trials for which it proposed what could not be taken, for this reason, so that they were drawn at random.
    pub fn redrawn(&self, why: Redrawn) -> Vec<usize> {
        let all = self.redrawn.lock().unwrap_or_else(PoisonError::into_inner);
        let of = all.iter().filter(|(_, because)| *because == why);
        of.map(|(trial, _)| *trial).collect()
    }
}

impl Entry for Program<'_> {
    fn name(&self) -> &'static str {
        Command.name()
    }

    fn summary(&self) -> &'static str {
        Command.summary()
    }
}

impl Method for Program<'_> {
    fn propose(&self, ask: &Ask<'_>) -> Result<Proposal, ParamError> {
        match Command.propose(ask)? {
            Proposal::NotAsked => {}
            known => return Ok(known),
        }
        let params = CommandParams::read(ask.params)?;
        let answer = answer(&params, self.root, &request(ask), self.stop);
        match answer.and_then(|printed| proposal(ask, &printed)) {
            Ok(Answered { proposal, redrawn }) => {
                if let Some(why) = redrawn {
                    let mut all = self.redrawn.lock().unwrap_or_else(PoisonError::into_inner);
                    all.push((ask.k, why));
                }
                Ok(proposal)
            }
            // What it has answered before is kept.
            Err(OutsideError::Stopped) => Ok(Proposal::NotAsked),
            Err(error) => {
                let why = format!("asked for trial {}, the program gave none: {error}", ask.k);
                Err(ParamError::new("run", why))
            }
        }
    }

    fn learns(&self) -> bool {
        Command.learns()
    }

    fn looks_back(&self, params: &Values, k: usize) -> bool {
        Command.looks_back(params, k)
    }

    fn is_outside(&self) -> bool {
        true
    }
}

/// How often a program is looked after.
const GLANCE: Duration = Duration::from_millis(5);

/// So much of what a program says in its end is passed on.
const LAST_WORDS: usize = 600;

/// What the program prints. It reads and writes files, so that nobody waits for a pipe that a child of
/// it holds open.
fn answer(
    params: &CommandParams,
    root: &Path,
    request: &str,
    stop: &AtomicU8,
) -> Result<String, OutsideError> {
    let failed = |error: io::Error| OutsideError::Start(params.run.join(" "), error);
    let (program, arguments) = params.run.split_first().ok_or(OutsideError::NoProgram)?;
    let mut files = Vec::new();
    for _ in 0..3 {
        files.push(nameless().map_err(failed)?);
    }
    let [input, out, err] = &mut files[..] else {
        unreachable!("there are three");
    };
    input.write_all(request.as_bytes()).map_err(failed)?;
    input.rewind().map_err(failed)?;
    let handle = |file: &File| file.try_clone().map(Stdio::from).map_err(failed);
    let mut command = process::Command::new(program);
    command
        .args(arguments)
        .current_dir(root)
        .stdin(handle(input)?)
        .stdout(handle(out)?)
        .stderr(handle(err)?);
    // With what it starts it is a group, which ends as one.
    session::apart(&mut command);
    let mut child = command.spawn().map_err(failed)?;
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            break status;
        }
        let given_up = match begun.elapsed().as_secs_f64() > params.timeout {
            true => Some(OutsideError::Timeout(params.timeout)),
            false => (stop.load(Ordering::SeqCst) > 0).then_some(OutsideError::Stopped),
        };
        if let Some(given_up) = given_up {
            end(&mut child).map_err(failed)?;
            return Err(given_up);
        }
        thread::sleep(GLANCE);
    };
    if !status.success() {
        let said = text(err).map_err(failed)?;
        let said = said.trim_end();
        let from = said.len().saturating_sub(LAST_WORDS);
        let from = (from..=said.len()).find(|at| said.is_char_boundary(*at));
        let said = said[from.unwrap_or_default()..].to_owned();
        return Err(OutsideError::Died { status, said });
    }
    text(out).map_err(failed)
}

/// Ends a program and what it has started.
fn end(child: &mut Child) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // Gone, if it cannot be reached.
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
    }
    child.kill()?;
    child.wait()?;
    Ok(())
}

/// A file that goes with the last handle on it.
fn nameless() -> io::Result<File> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let name = format!("sweepline-ask-{:016x}", u64::from_le_bytes(random));
    let path: PathBuf = std::env::temp_dir().join(name);
    let mut options = File::options();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

fn text(file: &mut File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Why there is no point in an answer.
#[derive(Debug, Error)]
pub enum OutsideError {
    #[error("`run` names no program")]
    NoProgram,
    #[error("`{0}` cannot be started: {1}")]
    Start(String, io::Error),
    #[error("it took longer than {0} s")]
    Timeout(f64),
    #[error("it was stopped")]
    Stopped,
    #[error("it ended with {status}{}", last_words(.said))]
    Died { status: ExitStatus, said: String },
    #[error("it printed no line")]
    Silent,
    #[error("its last line is no answer: {error}: `{line}`")]
    NoAnswer {
        line: String,
        error: serde_json::Error,
    },
    #[error("its point does not lie in the space: {0}")]
    Elsewhere(NotInSpace),
}

fn last_words(said: &str) -> String {
    match said.trim() {
        "" => String::new(),
        said => format!(", and said: {said}"),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
enum Answer {
    Point(Point),
    Exhausted(bool),
}

/// What the program is to read.
pub fn request(ask: &Ask<'_>) -> String {
    // Below 2⁵³, which every JSON reader holds.
    let seed = ask.seed.derive("outside").stream(ask.k as u64).bits() >> 11;
    let parameters: Vec<Json> = ask.space.parameters().iter().map(parameter).collect();
    let mut lines = vec![json!({"ask": ask.k, "seed": seed, "parameters": parameters})];
    let mut trials: Vec<_> = ask.history.iter().collect();
    trials.sort_by_key(|trial| trial.index);
    for trial in trials {
        let mut line = json!({"trial": trial.index, "point": trial.point});
        let state = match &trial.outcome {
            Outcome::Finished(_) if trial.outcome.costs().is_none() => "failed",
            Outcome::Finished(costs) => {
                line["costs"] = json!(costs);
                "finished"
            }
            Outcome::Stopped { budget, cost } => {
                line["budget"] = json!(budget);
                line["cost"] = json!(cost);
                "stopped"
            }
            Outcome::Worst => "failed",
            Outcome::Running => "running",
        };
        line["state"] = json!(state);
        lines.push(line);
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn parameter(parameter: &Parameter) -> Json {
    let name = &parameter.name;
    match &parameter.domain {
        Domain::Float {
            low,
            high,
            log,
            step,
        } => {
            json!({"name": name, "float": {"low": low, "high": high, "log": log, "step": step}})
        }
        Domain::Int {
            low,
            high,
            log,
            step,
        } => {
            json!({"name": name, "int": {"low": low, "high": high, "log": log, "step": step}})
        }
        Domain::Choice(choices) => json!({"name": name, "choice": choices}),
    }
}

/// What an answer comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    pub proposal: Proposal,
    /// Why its point is none of this trial, which is drawn at random.
    pub redrawn: Option<Redrawn>,
}

/// Why a point is not taken that a program proposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redrawn {
    /// Another trial has it.
    Again,
    /// A condition leaves it out.
    LeftOut,
}

/// What the program answered. Its point is taken as it is; one that a trial has already, or that a condition leaves
/// out, is drawn again, at random.
///
/// # Errors
/// Where there is no answer, or its point does not lie in the space.
pub fn proposal(ask: &Ask<'_>, printed: &str) -> Result<Answered, OutsideError> {
    let mut lines = printed.lines().filter(|line| !line.trim().is_empty());
    let line = lines.next_back().ok_or(OutsideError::Silent)?;
    let answer = serde_json::from_str(line);
    let answer = answer.map_err(|error| OutsideError::NoAnswer {
        line: line.to_owned(),
        error,
    })?;
    let (proposal, redrawn) = match answer {
        Answer::Exhausted(true) => (Proposal::Exhausted, None),
        Answer::Exhausted(false) => (fresh(ask, None), None),
        Answer::Point(point) => {
            // Conditions are not told: what is absent is passed over.
            let point = ask.space.without_absent(point);
            let row = ask.space.row_or_why(&point);
            let row = row.map_err(OutsideError::Elsewhere)?;
            let redrawn = match (ask.taken.holds(&row), ask.space.has(&row)) {
                (true, _) => Some(Redrawn::Again),
                (false, false) => Some(Redrawn::LeftOut),
                (false, true) => None,
            };
            (fresh(ask, Some(row)), redrawn)
        }
    };
    Ok(Answered { proposal, redrawn })
}
