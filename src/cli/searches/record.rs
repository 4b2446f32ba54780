//! The record of a search in the store.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use serde::Deserialize;
use serde::Serialize;

use super::SearchState;
use super::text_of;
use crate::cli::noted;
use crate::cli::noted::Damaged;
use crate::cli::project::Project;
use crate::manifest::Search;
use crate::search::Point;
use crate::search::Proposed;
use crate::search::Study;

/// Beside the store's records: experiment → its search.
pub(in crate::cli) const FILE: &str = "searches.json";

/// What is known of a search.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    /// The search but for its space and the number of trials.
    pub(super) of: String,
    pub(super) space: String,
    /// How many of the first points were proposed for an earlier space.
    kept: usize,
    pub(super) points: Vec<Point>,
    /// By trial: the highest rung that it has come to.
    #[serde(default)]
    highest: Vec<usize>,
    /// The program that proposes has no more.
    #[serde(default)]
    pub(super) exhausted: bool,
    /// A digest for each point: of those up to it and of the results that it was proposed from.
    seen: String,
    /// Keys of steps that failed: their trials have failed, whatever is made of them later.
    failed: BTreeSet<String>,
    /// What it was before it was changed: who goes back finds the same trials.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<Record>,
    /// What it was before it was given fewer trials: who raises them again finds the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    longer: Option<Box<Record>>,
}

/// So many changes of a search can be taken back.
const EARLIER: usize = 16;

impl Record {
    /// Whether it is of this search over this space.
    fn is_of(&self, of: &str, space: &str) -> bool {
        self.of == of && self.space == space
    }

    /// With what it takes the place of.
    fn after(mut self, known: Record) -> Record {
        let other = !known.is_of(&self.of, &self.space);
        self.earlier = known.earlier.clone();
        if other {
            let known = Record {
                earlier: Vec::new(),
                ..known
            };
            self.earlier.push(known);
        }
        let (of, space) = (self.of.clone(), self.space.clone());
        self.earlier.retain(|earlier| !earlier.is_of(&of, &space));
        let many = self.earlier.len().saturating_sub(EARLIER);
        self.earlier.drain(..many);
        self
    }

    /// With the trials of `known` that it lacks because it has so few `trials`.
    fn before_fewer(mut self, known: &Record, trials: usize) -> Record {
        let goes_on = |other: &&Record| {
            let same = other.is_of(&self.of, &self.space);
            same && other.points.len() > trials && other.points.starts_with(&self.points)
        };
        let whole = [known.longer.as_deref(), Some(known)].into_iter().flatten();
        let longer = whole.filter(|_| self.points.len() == trials).find(goes_on);
        self.longer = longer.map(|longer| {
            Box::new(Record {
                earlier: Vec::new(),
                longer: None,
                ..longer.clone()
            })
        });
        self
    }

    /// As it was with at least so many trials, should there have been.
    fn with_trials(mut self, trials: usize) -> Record {
        match self.longer.take() {
            Some(mut longer) if trials > self.points.len() => {
                longer.failed.append(&mut self.failed);
                *longer
            }
            _ => self,
        }
    }

    /// The record of this search over this space, should there be one.
    fn back_to(mut self, of: &str, space: &str) -> Record {
        let mut earlier = self.earlier.iter();
        let found = earlier.position(|earlier| earlier.is_of(of, space));
        match found.filter(|_| !self.is_of(of, space)) {
            None => self,
            Some(at) => {
                let mut earlier = self.earlier.swap_remove(at);
                earlier.failed.append(&mut self.failed);
                earlier
            }
        }
    }
}

/// What decides proposals but for the space, as text.
pub(super) fn definition(search: &Search) -> String {
    let objectives = search.objectives.iter();
    let objectives = objectives.map(|o| format!("{:?} {}.{}", o.direction, o.stage, o.column));
    let lag = match search.looks_back() {
        true => search.parallel,
        false => 0,
    };
    let budget = search.budget.iter();
    let budget = budget.map(|budget| format!(" budget {}", budget.name));
    format!(
        "{} {}.{} {} seed {} lag {lag} {} {}{}",
        search.method.name(),
        Study::REVISION,
        search.method.revision(),
        serde_json::to_string(&search.params).unwrap_or_default(),
        search.seed,
        search.statistic.name(),
        objectives.collect::<Vec<_>>().join(", "),
        budget.collect::<String>(),
    )
}

/// What is lost with a damaged record.
pub(in crate::cli) const LOST: &str = "trials are found again from results, but not which had failed, what an earlier space had, or what a program proposed";

/// The trials that earlier runs have come to; none where there was none of this search.
///
/// # Errors
/// Where their record is damaged.
pub(in crate::cli) fn recall(
    store: &Path,
    experiment: &str,
    search: &Search,
) -> Result<Option<(Proposed, SearchState)>, Damaged> {
    let record: Option<Record> = noted::of(store, FILE, experiment)?;
    let of = definition(search);
    let record = record.map(|record| record.back_to(&of, &search.space_text));
    let Some(record) = record.filter(|record| record.of == of) else {
        return Ok(None);
    };
    let record = record.with_trials(search.trials);
    let mut state = SearchState {
        kept: record.kept,
        failed: record.failed,
        seen: record.seen,
        exhausted: record.exhausted,
        ..SearchState::default()
    };
    let mut points = record.points;
    let mut highest = record.highest;
    let lies = |point: &Point| search.space.contains(point).is_ok();
    if record.space != search.space_text || !points.iter().all(lies) {
        points.retain(|point| match search.space.contains(point) {
            Ok(()) => true,
            Err(reason) => {
                let text = text_of(point);
                state.fell_out.push(format!("{text}: {reason}"));
                false
            }
        });
        state.kept = points.len();
        state.seen.clear();
        state.exhausted = false;
        // Trials have other numbers, and are in other groups.
        highest.clear();
    }
    points.truncate(search.trials);
    let proposed = Proposed {
        points,
        highest,
        ..Proposed::default()
    };
    Ok(Some((proposed, state)))
}

impl Project {
    /// Keeps what a program has answered.
    pub(in crate::cli) fn note_answers(&self, proposed: &Proposed) -> io::Result<()> {
        let name = self.name();
        let Ok(Some(mut record)) = noted::of::<Record>(&self.store, FILE, &name) else {
            return Ok(());
        };
        record.points.clone_from(&proposed.points);
        record.exhausted = proposed.exhausted;
        noted::note(&self.store, FILE, &name, &record)
    }

    /// Keeps the trials of this run in the store, with the keys of steps that failed in it.
    ///
    /// # Errors
    /// Where the store cannot be written.
    pub(in crate::cli) fn note_trials(&self, failed: &[String]) -> io::Result<()> {
        let (Some(search), Some(state)) = (&self.plan.experiment.search, &self.search) else {
            return Ok(());
        };
        let record = Record {
            of: definition(search),
            space: search.space_text.clone(),
            kept: state.kept.min(search.points.len()),
            points: search.points.clone(),
            highest: match search.budget {
                Some(_) => search.highest(),
                None => Vec::new(),
            },
            seen: state.seen.clone(),
            exhausted: state.exhausted && search.method.is_outside(),
            failed: state.failed.iter().chain(failed).cloned().collect(),
            earlier: Vec::new(),
            longer: None,
        };
        let name = self.name();
        match noted::of::<Record>(&self.store, FILE, &name) {
            Ok(Some(known)) => {
                let record = record.before_fewer(&known, search.trials);
                let record = record.after(known.clone());
                match record == known {
                    true => Ok(()),
                    false => noted::note(&self.store, FILE, &name, &record),
                }
            }
            _ => noted::note(&self.store, FILE, &name, &record),
        }
    }
}
