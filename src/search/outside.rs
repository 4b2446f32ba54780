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

mod program;

use std::io;
use std::process::ExitStatus;

use serde::Deserialize;
use serde_json::Value as Json;
use serde_json::json;
use thiserror::Error;

use crate::registry::Entry;
use crate::registry::Param;
use crate::registry::ParamError;
use crate::registry::Values;
use crate::registry::params;

use super::Ask;
use super::Domain;
use super::Method;
use super::NotInSpace;
use super::Outcome;
use super::Parameter;
use super::Point;
use super::Proposal;
use super::history::fresh;

pub use program::Asking;
pub use program::Program;

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
