//! Replicates on demand: how many of them an experiment has come to, kept in its store.

use std::io;
use std::path::Path;

use super::noted;
use super::noted::Damaged;
use crate::claims::Judgement;
use crate::claims::Verdict;
use crate::manifest::Experiment;
use crate::manifest::Replicates;

/// Beside the store's records: experiment → how many.
pub(super) const FILE: &str = "replicates.json";

/// What is lost with a damaged note.
pub(super) const LOST: &str = "runs find out again how many replicates decide the claims";

/// How many an experiment has come to; none where it never grew.
///
/// # Errors
/// Where the note is damaged.
pub(super) fn known(store: &Path, experiment: &str) -> Result<Option<u32>, Damaged> {
    noted::of(store, FILE, experiment)
}

/// Notes how many an experiment is to have.
///
/// # Errors
/// Where the store cannot be written.
pub(super) fn note(store: &Path, experiment: &str, count: u32) -> io::Result<()> {
    noted::note(store, FILE, experiment, &count)
}

/// Whether an experiment has replicates on demand.
pub(super) fn on_demand(experiment: &Experiment) -> Option<Replicates> {
    experiment.axes.iter().find_map(|axis| axis.on_demand)
}

/// How many replicates there have to be next; none where the claims are decided or there are as many as
/// may be. Values that are missing do not appear by more replicates: only what a test leaves undecided
/// asks for them.
pub(super) fn next(experiment: &Experiment, judged: &[Judgement]) -> Option<u32> {
    let axis = experiment
        .axes
        .iter()
        .find(|axis| axis.on_demand.is_some())?;
    let replicates = axis.on_demand?;
    let column = *axis.columns.first()?;
    let now = experiment.grid.columns().get(column).values().len() as u32;
    let compared = judged
        .iter()
        .filter(|judged| judged.verdict == Verdict::Undecided)
        .flat_map(|judged| &judged.groups)
        .flat_map(|group| &group.comparisons);
    let mut undecided = compared.filter(|compared| compared.verdict == Verdict::Undecided);
    let grows = undecided.any(|compared| compared.test.is_some());
    (grows && now < replicates.most).then(|| (now + replicates.batch).min(replicates.most))
}
