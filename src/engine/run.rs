//! A run from its first event to its last.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use rayon::prelude::*;

use crate::plan::From;
use crate::plan::Step;
use crate::plan::StepId;
use crate::store::Store;
use crate::store::StoreError;

use super::AttemptRunner;
use super::EVENTS_VERSION;
use super::Event;
use super::Executor;
use super::Growth;
use super::InProcess;
use super::Options;
use super::SharedResults;
use super::StepSummary;
use super::Summary;
use super::Timed;
use super::Worker;
use super::attempt::AttemptContext;
use super::coordinator::Coordinator;
use super::coordinator::Executors;
use super::coordinator::Flow;
use super::graph::Graph;
use super::journal::Journal;
use super::nodes::Node;
use super::nodes::Nodes;
use super::pools::Pools;
use super::process;
use super::reading::plain_bytes;
use super::reading::told_of;
use super::run_so_far::PlainFiles;
use super::runners::RunnerPool;
use super::view;
use super::view::ViewMessage;
use crate::plan::Keys;

/// Drives plans to their end.
pub struct Engine<'a> {
    pub keys: &'a dyn Keys,
    pub worker: &'a dyn Worker,
    /// Open for writing.
    pub store: &'a Store,
    pub options: Options,
    /// How its threads work off attempts.
    pub threads: &'a dyn AttemptRunner,
    /// Where steps run that ask for a process of their own.
    pub isolated: &'a dyn AttemptRunner,
    /// Who may have results that the store does not have.
    pub shared: Option<&'a dyn SharedResults>,
    /// What takes attempts beside the threads of this process.
    pub executors: RefCell<Vec<Box<dyn Executor>>>,
    /// Which of these takes a step; none where the threads do.
    pub route: Box<dyn Fn(&Step) -> Option<usize>>,
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
            threads: &InProcess,
            isolated: &InProcess,
            shared: None,
            executors: RefCell::default(),
            route: Box::new(|_| None),
        }
    }

    /// Runs the steps that are not up to date. Steps are in topological order, each at the place
    /// that its id says.
    ///
    /// # Errors
    /// Where the store cannot be used at all. What goes wrong with single steps is part of the
    /// summary.
    pub fn run(
        &self,
        steps: &[Arc<Step>],
        sink: &mut dyn FnMut(&Timed),
    ) -> Result<Summary, StoreError> {
        self.run_growing(steps, None, sink)
    }

    /// The same for a plan to which steps are added while it runs; the summary has all of them.
    ///
    /// # Errors
    /// As [`Engine::run`].
    pub fn run_growing(
        &self,
        steps: &[Arc<Step>],
        growth: Option<&mut dyn Growth>,
        sink: &mut dyn FnMut(&Timed),
    ) -> Result<Summary, StoreError> {
        let options = &self.options;
        let run = self
            .store
            .begin_run(&options.experiment, &options.command)?;
        if let Some(name) = &options.name {
            self.store.name_run(&run.0, name)?;
        }
        if !options.tags.is_empty() {
            self.store.tag_run(&run.0, &options.tags, &[])?;
        }
        let mut journal = Journal::start(self.store, &run, sink);
        journal.emit(Event::RunStarted {
            version: EVENTS_VERSION,
            run: run.0.clone(),
            experiment: options.experiment.clone(),
            command: options.command.clone(),
        });
        let store = self.store;
        if store.was_killed() {
            self.end_leftovers(&mut journal);
            store.has_no_leftovers();
        }
        let bytes = Arc::new(AtomicU64::new(0));
        self.watch_reading(&bytes);
        let grows = growth.is_some();
        let prepared = || {
            rayon::join(
                || store.preload(steps.len()),
                || {
                    let (nodes, graph) = nodes(steps, options, grows);
                    let files = plain_files(store, steps, &PlainFiles::new());
                    (nodes, graph, files)
                },
            )
        };
        let (loaded, (nodes, graph, files)) = told_of(prepared, || {
            let bytes = bytes.load(Ordering::Relaxed);
            if bytes > 0 {
                let total = plain_bytes(steps);
                journal.emit(Event::InputsRead { bytes, total });
            }
        });
        loaded?;
        tracing::info!(
            steps = steps.len(),
            files = files.len(),
            "plan and store are read"
        );
        let mut coordinator = Coordinator {
            engine: self,
            run: run.clone(),
            nodes,
            graph,
            files,
            // The same for a shorter time.
            growth: growth.map(|growth| -> &mut dyn Growth { growth }),
            ended: Vec::new(),
            executors: Executors::default(),
            journal,
            failures: Vec::new(),
            view: None,
            news: Vec::new(),
            flow: Flow::new(Pools::new(&options.resources, &options.gpus, options.jobs)),
        };
        coordinator.emit_plan();
        coordinator.take_stock()?;
        let pool = RunnerPool::new(
            AttemptContext {
                worker: self.worker,
                threads: self.threads,
                isolated: self.isolated,
                store: self.store,
                keys: self.keys,
                root: &options.root,
            },
            self.store.scratch().join(&run.0),
            options.jobs,
        );
        let stopped = std::thread::scope(|scope| {
            if let Some(folder) = &options.view {
                let (view, messages) = std::sync::mpsc::channel();
                coordinator.view = Some(view);
                let sender = coordinator.flow.sender.clone();
                let (store, run) = (self.store, run.0.as_str());
                scope.spawn(move || {
                    view::keep(folder, store, (options, run), messages, &sender);
                });
            }
            let driven = catch_unwind(AssertUnwindSafe(|| coordinator.drive(&pool, scope)));
            // Even then: the scope would wait for idle runners, and the view for news, forever.
            coordinator.close_view();
            pool.close();
            driven.unwrap_or_else(|panic| resume_unwind(panic))
        });
        self.store.watch_reading(None);
        self.store.still_there()?;
        coordinator.drain();
        coordinator.ask_again()?;
        // The folder is empty by now, if it was ever made.
        let _ = std::fs::remove_dir(self.store.scratch().join(&run.0));
        self.store
            .set_keys(&options.experiment, &coordinator.reached())?;
        coordinator.let_go();
        coordinator.finish(stopped)
    }

    /// Has large files tell how far they are read, and be left where the run is to end.
    fn watch_reading(&self, bytes: &Arc<AtomicU64>) {
        let (bytes, interrupt) = (Arc::clone(bytes), Arc::clone(&self.options.interrupt));
        self.store.watch_reading(Some(Arc::new(move |count| {
            bytes.fetch_add(count, Ordering::Relaxed);
            interrupt.load(Ordering::Relaxed) == 0
        })));
    }

    /// Ends what a run that was killed has left running. Usually there is nothing: whatever ends a
    /// run, something is there to see to that.
    fn end_leftovers(&self, journal: &mut Journal<'_>) {
        let scratch = self.store.scratch();
        let scratch = std::path::absolute(&scratch).unwrap_or(scratch);
        // Programs are given a folder for temporary files below it.
        let begin = format!("{}/", scratch.to_string_lossy());
        // Where the system shows no processes there is nothing to be done.
        let ended = process::end_leftovers("TMPDIR", &begin).unwrap_or_default();
        if !ended.is_empty() {
            let ended = ended.join(", ");
            let message = format!("ended what a killed run had left running: {ended}");
            journal.emit(Event::Warning {
                step: None,
                message,
            });
        }
    }
}

/// The nodes of the first steps, and their graph.
fn nodes(steps: &[Arc<Step>], options: &Options, grows: bool) -> (Nodes, Graph) {
    let mut graph = Graph::default();
    for step in steps {
        graph.add(step);
    }
    let all = options.only.is_none();
    let nodes = steps.par_iter().map(|step| {
        let mut node = Node::new(Arc::clone(step), all);
        node.waits = graph.needs(step.id).count() as u32;
        node
    });
    let mut nodes: Nodes = nodes.collect::<Vec<_>>().into();
    for id in &options.force {
        nodes[*id].force = true;
    }
    for id in options.only.iter().flatten() {
        nodes[*id].selected = true;
    }
    for id in (0..steps.len()).rev().map(|index| StepId(index as u32)) {
        // What is added later may read any of them.
        nodes[id].reached |= nodes[id].selected || grows;
        if nodes[id].reached {
            graph.needs(id).for_each(|need| nodes[need].reached = true);
        }
    }
    (nodes, graph)
}

/// Reads the plain files of steps that are not known yet, each once.
pub(super) fn plain_files(store: &Store, steps: &[Arc<Step>], known: &PlainFiles) -> PlainFiles {
    let items = steps.iter().flat_map(|step| &step.inputs);
    let items = items.flat_map(|input| &input.items);
    let paths = items.filter_map(|item| match &item.from {
        From::File { path } if !known.contains_key(path) => Some(path),
        _ => None,
    });
    let paths: BTreeSet<_> = paths.collect();
    let paths: Vec<_> = paths.into_iter().collect();
    paths
        .into_par_iter()
        .map(|path| (path.clone(), store.project_input(path).map(Arc::new)))
        .collect()
}

/// How many of these steps each stage has.
pub(super) fn count_by_stage<'n>(nodes: impl Iterator<Item = &'n Node>) -> BTreeMap<String, usize> {
    let mut stages: BTreeMap<&str, usize> = BTreeMap::new();
    for node in nodes {
        *stages.entry(&node.step.stage).or_insert(0) += 1;
    }
    let named = stages.into_iter();
    named
        .map(|(name, steps)| (name.to_owned(), steps))
        .collect()
}

impl Coordinator<'_, '_> {
    fn emit_plan(&mut self) {
        let selected = || self.nodes.iter().filter(|node| node.selected);
        let known = Event::PlanKnown {
            steps: self.nodes.len(),
            selected: selected().count(),
            stages: count_by_stage(selected()),
            jobs: self.engine.options.jobs,
        };
        self.journal.emit(known);
    }

    /// Nothing more is shown: the view learns which steps there are, and ends.
    fn close_view(&mut self) {
        if let Some(view) = self.view.take() {
            let names = self.nodes.iter().map(|node| Arc::clone(&node.name));
            // It has ended early only where it could not go on, and said so.
            let _ = view.send(ViewMessage::Planned(names.collect()));
        }
    }

    fn finish(mut self, stopped: bool) -> Result<Summary, StoreError> {
        // Which of several jobs failed first is chance.
        self.failures.sort_by_key(|failure| failure.id);
        let totals = self.nodes.totals();
        self.journal.emit(Event::RunFinished { totals });
        self.journal.flush(true);
        let seconds = self.journal.seconds();
        let text = serde_json::json!({
            "totals": totals,
            "stopped": stopped,
            "seconds": seconds,
            "failures": self.failures,
        });
        self.engine.store.end_run(&self.run, &text.to_string())?;
        let steps = self.nodes.into_nodes().into_iter();
        Ok(Summary {
            run: self.run.0,
            totals,
            stopped,
            seconds,
            steps: steps
                .map(|node| StepSummary {
                    state: node.state(),
                    failed_itself: node.failed_itself,
                    key: node.key,
                    result: node.result,
                })
                .collect(),
            failures: self.failures,
        })
    }
}
