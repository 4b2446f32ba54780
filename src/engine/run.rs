//! A run from its first event to its last.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::panic::resume_unwind;

use rayon::prelude::*;

use crate::plan::From;
use crate::plan::Step;
use crate::store::Store;
use crate::store::StoreError;

use super::EVENTS_VERSION;
use super::Event;
use super::Executor;
use super::InProcess;
use super::Keys;
use super::Options;
use super::StepResult;
use super::Summary;
use super::Timed;
use super::Worker;
use super::attempt::Workshop;
use super::coordinator::Coordinator;
use super::coordinator::Flow;
use super::graph::Graph;
use super::journal::Journal;
use super::pools::Pools;
use super::resolve::PlainFiles;
use super::runners::Bay;
use super::state::States;
use super::view;

/// Drives plans to their end.
pub struct Engine<'a> {
    pub keys: &'a dyn Keys,
    pub worker: &'a dyn Worker,
    /// Open for writing.
    pub store: &'a Store,
    pub options: Options,
    /// Where steps run.
    pub executor: &'a dyn Executor,
    /// Where steps run that ask for a process of their own.
    pub isolated: &'a dyn Executor,
}

impl<'a> Engine<'a> {
    /// An engine that runs every step on threads of this process.
    pub fn new(
        keys: &'a dyn Keys,
        worker: &'a dyn Worker,
        store: &'a Store,
        options: Options,
    ) -> Self {
        Engine {
            keys,
            worker,
            store,
            options,
            executor: &InProcess,
            isolated: &InProcess,
        }
    }

    /// Runs the steps that are not up to date. Steps are in topological order, each at the place
    /// that its id says.
    ///
    /// # Errors
    /// Where the store cannot be used at all. What goes wrong with single steps is part of the
    /// summary.
    pub fn run(&self, steps: &[Step], sink: &mut dyn FnMut(&Timed)) -> Result<Summary, StoreError> {
        let options = &self.options;
        let run = self
            .store
            .begin_run(&options.experiment, &options.command)?;
        let mut journal = Journal::start(&self.store.run_folder(&run), sink);
        journal.tell(Event::RunStarted {
            version: EVENTS_VERSION,
            run: run.0.clone(),
            experiment: options.experiment.clone(),
            command: options.command.clone(),
        });
        let (loaded, (names, graph, files)) = rayon::join(
            || self.store.preload(steps.len()),
            || {
                let names: Vec<String> = steps.par_iter().map(Step::to_string).collect();
                (names, Graph::new(steps), self.plain_files(steps))
            },
        );
        loaded?;
        let mut force = vec![false; steps.len()];
        for id in &options.force {
            force[id.index()] = true;
        }
        let mut selected = vec![options.only.is_none(); steps.len()];
        for id in options.only.iter().flatten() {
            selected[id.index()] = true;
        }
        let ids = steps.iter().map(|step| step.id);
        let waits = ids.map(|id| graph.needs(id).len() as u32).collect();
        let mut coordinator = Coordinator {
            engine: self,
            steps,
            names: &names,
            run: run.clone(),
            graph,
            files,
            force,
            selected,
            states: States::new(steps.len()),
            waits,
            keys: vec![None; steps.len()],
            results: vec![None; steps.len()],
            journal,
            failures: Vec::new(),
            view: None,
            news: Vec::new(),
            flow: Flow::new(Pools::new(&options.resources, options.jobs)),
        };
        coordinator.tell_plan();
        let bay = Bay::new(
            Workshop {
                worker: self.worker,
                executor: self.executor,
                isolated: self.isolated,
                store: self.store,
                root: &options.root,
            },
            self.store.scratch().join(&run.0),
            options.jobs,
        );
        let stopped = std::thread::scope(|scope| {
            if let Some(folder) = &options.view {
                let (news, heard) = std::sync::mpsc::channel();
                coordinator.view = Some(news);
                let sender = coordinator.flow.sender.clone();
                let (names, store) = (&names, self.store);
                scope.spawn(move || view::keep(folder, steps, names, store, heard, &sender));
            }
            let driven = catch_unwind(AssertUnwindSafe(|| coordinator.drive(&bay, scope)));
            // Even then: the scope would wait for idle runners, and the view for news, forever.
            coordinator.view = None;
            bay.close();
            driven.unwrap_or_else(|panic| resume_unwind(panic))
        });
        coordinator.hear_out();
        // The folder is empty by now, if it was ever made.
        let _ = std::fs::remove_dir(self.store.scratch().join(&run.0));
        self.store
            .set_keys(&options.experiment, &coordinator.reached())?;
        coordinator.finish(stopped)
    }

    /// Reads the plain files of a plan, each once.
    fn plain_files(&self, steps: &[Step]) -> PlainFiles {
        let items = steps.iter().flat_map(|step| &step.inputs);
        let items = items.flat_map(|input| &input.items);
        let paths = items.filter_map(|item| match &item.from {
            From::File { path } => Some(path),
            From::Step { .. } => None,
        });
        let paths: BTreeSet<_> = paths.collect();
        let paths: Vec<_> = paths.into_iter().collect();
        paths
            .into_par_iter()
            .map(|path| (path.clone(), self.store.file_digest(path)))
            .collect()
    }
}

impl Coordinator<'_, '_> {
    fn tell_plan(&mut self) {
        let mut stages: BTreeMap<&str, usize> = BTreeMap::new();
        let mut selected = 0;
        for step in self.steps {
            if self.selected[step.id.index()] {
                selected += 1;
                *stages.entry(&step.stage).or_insert(0) += 1;
            }
        }
        self.journal.tell(Event::PlanKnown {
            steps: self.steps.len(),
            selected,
            stages: stages
                .into_iter()
                .map(|(name, steps)| (name.to_owned(), steps))
                .collect(),
            jobs: self.engine.options.jobs,
        });
    }

    fn finish(mut self, stopped: bool) -> Result<Summary, StoreError> {
        // Which of several jobs failed first is chance.
        self.failures.sort_by_key(|failure| failure.id);
        let mut totals = self.states.totals();
        totals.diverged = self.diverged();
        self.journal.tell(Event::RunFinished { totals });
        self.journal.flush(true);
        let seconds = self.journal.seconds();
        let text = serde_json::json!({
            "totals": totals,
            "stopped": stopped,
            "seconds": seconds,
            "failures": self.failures,
        });
        self.engine.store.end_run(&self.run, &text.to_string())?;
        let steps = self.states.all().into_iter();
        let known = self.keys.into_iter().zip(self.results);
        Ok(Summary {
            run: self.run.0,
            totals,
            stopped,
            seconds,
            steps: steps
                .zip(known)
                .map(|(state, (key, made))| StepResult { state, key, made })
                .collect(),
            failures: self.failures,
        })
    }
}
