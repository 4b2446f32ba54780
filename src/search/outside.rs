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

use serde::Deserialize;
use serde_json::Value as Json;
use serde_json::json;
use thiserror::Error;

use super::Ask;
use super::Domain;
use super::NotInSpace;
use super::Outcome;
use super::Parameter;
use super::Point;
use super::Proposal;
use super::history::History;

/// Why there is no point in an answer.
#[derive(Debug, Error)]
pub enum OutsideError {
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

/// What the program answered. A point that a trial has already is drawn again, at random.
///
/// # Errors
/// Where there is no answer, or its point does not lie in the space.
pub fn proposal(ask: &Ask<'_>, printed: &str) -> Result<Proposal, OutsideError> {
    let mut lines = printed.lines().filter(|line| !line.trim().is_empty());
    let line = lines.next_back().ok_or(OutsideError::Silent)?;
    let answer = serde_json::from_str(line);
    let answer = answer.map_err(|error| OutsideError::NoAnswer {
        line: line.to_owned(),
        error,
    })?;
    let history = History::new(ask);
    match answer {
        Answer::Exhausted(true) => Ok(Proposal::Exhausted),
        Answer::Exhausted(false) => Ok(history.fresh(ask, None)),
        Answer::Point(point) => {
            ask.space
                .contains(&point)
                .map_err(OutsideError::Elsewhere)?;
            Ok(history.fresh(ask, ask.space.row(&point)))
        }
    }
}
