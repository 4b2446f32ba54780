//! The best trial of a search while its steps end.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use super::project::Project;
use super::searches;
use super::stop::Stop;
use crate::engine::Event;
use crate::stages;
use crate::stages::Results;
use crate::store::Lookup;
use crate::store::StepResult;
use crate::store::Store;

/// The numbers of all trials are read again no more often than this.
const PAUSE: Duration = Duration::from_secs(1);

/// What is known of the steps of a run, for the line that says which trial is the best.
pub(super) struct BestSoFar<'p> {
    project: &'p Project,
    store: &'p Store,
    /// By step: whether what is optimised is among its numbers.
    optimised: Vec<bool>,
    results: Vec<Option<Arc<StepResult>>>,
    failed: Vec<bool>,
    read: Option<Instant>,
    /// Something has ended since.
    stale: bool,
}

impl<'p> BestSoFar<'p> {
    /// None without a search.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(super) fn of(project: &'p Project, store: &'p Store) -> Result<Option<Self>, Stop> {
        let Some(search) = &project.plan.experiment.search else {
            return Ok(None);
        };
        let steps = project.plan.steps.len();
        let mut optimised = vec![false; steps];
        for objective in &search.objectives {
            let steps = stages::steps_of_trials(&project.plan, search, &objective.stage);
            for id in steps.into_iter().flatten() {
                optimised[id.index()] = true;
            }
        }
        Ok(Some(BestSoFar {
            project,
            store,
            optimised,
            results: vec![None; steps],
            failed: searches::failed_before(project)?,
            read: None,
            stale: false,
        }))
    }

    /// Takes in what has happened; the line, where it is another one.
    pub(super) fn add(&mut self, event: &Event) -> Option<String> {
        match event {
            Event::StepCached { id, key, .. } | Event::StepFinished { id, key, .. } => {
                let at = *id as usize;
                if self.optimised.get(at) == Some(&true)
                    && let Some(Ok(Lookup::Hit(result))) = key.map(|key| self.store.lookup(key))
                {
                    self.results[at] = Some(result);
                    self.stale |= matches!(event, Event::StepFinished { .. });
                }
            }
            Event::StepFailed { id, .. } | Event::StepSkipped { id, .. } => {
                if let Some(failed) = self.failed.get_mut(*id as usize) {
                    *failed = true;
                    self.stale |= self.optimised[*id as usize];
                }
            }
            _ => {}
        }
        let waits = self.read.is_some_and(|read| read.elapsed() < PAUSE);
        if !self.stale || waits {
            return None;
        }
        self.read = Some(Instant::now());
        self.stale = false;
        let results = Results {
            plan: &self.project.plan,
            store: Some(self.store),
            by_step: std::mem::take(&mut self.results),
            open: Vec::new(),
        };
        let outcomes = stages::outcomes(&results, |id| self.failed[id.index()]);
        self.results = results.by_step;
        // What is wrong with the numbers is said after the round.
        self.project.best_of(&outcomes.ok()?)
    }
}
