//! A small language for scheduler tests.
//!
//! `Lab::plan(["data", "fit <- data", "table <- fit eval"])` makes steps; each writes the text
//! `name(contents of its inputs)` unless a script says otherwise.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;

use crate::engine::*;
use crate::plan::Cell;
use crate::plan::Contents;
use crate::plan::From;
use crate::plan::Input;
use crate::plan::InputItem;
use crate::plan::KeyError;
use crate::plan::Keys;
use crate::plan::Policy;
use crate::plan::Step;
use crate::plan::StepId;
use crate::registry::ArtifactType;
use crate::registry::Entry;
use crate::registry::Outputs;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Value;
use crate::registry::Values;
use crate::store::Access;
use crate::store::Digest;
use crate::store::KeyParts;
use crate::store::Store;
use crate::text::Place;
use crate::text::Source;

/// The stage kind of all scripted steps.
pub(super) struct Scripted;

impl Entry for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }
    fn summary(&self) -> &'static str {
        "does what a test tells it"
    }
}

impl StageKind for Scripted {
    fn inputs(&self) -> Vec<Slot> {
        vec![Slot::new("in", &[ArtifactType::Any], "anything")]
    }
    fn outputs(&self) -> Outputs {
        Outputs::Fixed(&[("out", ArtifactType::File)])
    }
}

/// Steps from lines: `name`, or `name <- need need`; needs come first. A `?` after a need lets it
/// be missing.
pub(super) fn plan<'t>(lines: impl IntoIterator<Item = &'t str>) -> Vec<Arc<Step>> {
    let mut steps: Vec<Arc<Step>> = Vec::new();
    let source = Arc::new(Source {
        path: PathBuf::from("pipelines/test.yaml"),
        text: String::from("stages:\n"),
    });
    for line in lines {
        let (name, needs) = line.split_once("<-").unwrap_or((line, ""));
        let item = |need: &str| {
            let step = steps.iter().find(|step| *step.stage == *need);
            InputItem {
                stage: Arc::from(need),
                cell: Cell(Arc::from([(Arc::from("step"), Value::from(need))])),
                from: From::Step {
                    step: step.expect("needs come first").id,
                    output: Some(Arc::from("out")),
                },
                described: None,
            }
        };
        let needs: Vec<&str> = needs.split_whitespace().collect();
        let inputs = if needs.is_empty() {
            Vec::new()
        } else {
            let items = needs.iter().map(|need| item(need.trim_end_matches('?')));
            vec![Input {
                slot: Arc::from("in"),
                items: items.collect(),
                reduced: needs.len() > 1,
                missing_allowed: needs.iter().any(|need| need.ends_with('?')),
            }]
        };
        let name = name.trim();
        steps.push(Arc::new(Step {
            id: StepId(steps.len() as u32),
            stage: Arc::from(name),
            cell: Cell(Arc::from([])),
            kind: &Scripted,
            params: Arc::new(Values::from([("name".to_owned(), Value::from(name))])),
            inputs,
            written: None,
            former: None,
            part: None,
            described: None,
            policy: Arc::new(Policy::default()),
            place: Place {
                source: Arc::clone(&source),
                range: 0..1,
            },
        }));
    }
    steps
}

/// Changes the policy of the steps with this name.
pub(super) fn policy(steps: &mut [Arc<Step>], name: &str, change: impl Fn(&mut Policy)) {
    for step in steps.iter_mut().filter(|step| *step.stage == *name) {
        let step = Arc::make_mut(step);
        change(Arc::make_mut(&mut step.policy));
    }
}

/// Keys over parameters and contents.
pub(super) struct PlainKeys;

impl Keys for PlainKeys {
    fn key(&self, step: &Step, contents: &mut dyn Contents) -> Result<Digest, KeyError> {
        let parts = self.parts(step, contents)?;
        Ok(Digest::of(format!("{parts:?}").as_bytes()))
    }

    fn parts(&self, step: &Step, contents: &mut dyn Contents) -> Result<KeyParts, KeyError> {
        let mut parts = KeyParts::new();
        for (name, value) in step.params.iter() {
            parts.insert(format!("param.{name}"), value.to_string());
        }
        let items = step.inputs.iter().flat_map(|input| &input.items);
        for (index, item) in items.enumerate() {
            let digest = contents
                .input(item)
                .map_or("missing".to_owned(), Digest::to_hex);
            parts.insert(format!("input.{index:06}"), digest);
        }
        Ok(parts)
    }
}

type Act = Box<dyn Fn(&Job<'_>, u32) -> Result<StepOutput, JobError> + Send + Sync>;

/// A store, a script and what happened.
pub(super) struct Lab {
    pub folder: tempfile::TempDir,
    acts: HashMap<String, Act>,
    pub log: Mutex<Vec<String>>,
    pub events: Vec<Event>,
    pub options: Options,
}

impl Lab {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("the machine has a temporary folder");
        let mut options = Options::new("test", folder.path());
        options.jobs = 4;
        options.resources.cpus = 4;
        options.backoff = std::time::Duration::from_millis(1);
        Lab {
            folder,
            acts: HashMap::new(),
            log: Mutex::default(),
            events: Vec::new(),
            options,
        }
    }

    /// What the steps of this name do, told the number of the execution, from 1, over all runs.
    pub(super) fn on(
        &mut self,
        name: &str,
        act: impl Fn(&Job<'_>, u32) -> Result<StepOutput, JobError> + Send + Sync + 'static,
    ) {
        self.acts.insert(name.to_owned(), Box::new(act));
    }

    pub(super) fn store(&self) -> Store {
        Store::open(
            &self.folder.path().join("store"),
            Access::Write { wait: false },
        )
        .expect("nobody else uses the store")
    }

    pub(super) fn run(&mut self, steps: &[Arc<Step>]) -> Summary {
        let store = self.store();
        self.run_in(&store, steps)
    }

    pub(super) fn run_in(&mut self, store: &Store, steps: &[Arc<Step>]) -> Summary {
        self.run_with(store, steps, &InProcess)
    }

    /// Steps that ask for isolation get it from this executor.
    pub(super) fn run_with(
        &mut self,
        store: &Store,
        steps: &[Arc<Step>],
        isolated: &dyn AttemptRunner,
    ) -> Summary {
        self.run_how(store, steps, isolated, None)
    }

    /// A plan to which steps are added.
    pub(super) fn run_growing(
        &mut self,
        store: &Store,
        steps: &[Arc<Step>],
        growth: &mut dyn Growth,
    ) -> Summary {
        self.run_how(store, steps, &InProcess, Some(growth))
    }

    fn run_how(
        &mut self,
        store: &Store,
        steps: &[Arc<Step>],
        isolated: &dyn AttemptRunner,
        growth: Option<&mut dyn Growth>,
    ) -> Summary {
        let mut events = Vec::new();
        let summary = {
            let mut sink = |timed: &Timed| events.push(timed.event.clone());
            let mut engine = Engine::new(&PlainKeys, &*self, store, self.options.clone());
            engine.isolated = isolated;
            engine
                .run_growing(steps, growth, &mut sink)
                .expect("the store works")
        };
        self.events = events;
        summary
    }

    /// The names of the steps that ran since the last call, sorted.
    pub(super) fn ran(&self) -> Vec<String> {
        let mut ran = std::mem::take(&mut *self.log.lock().unwrap());
        ran.sort();
        ran
    }
}

/// The texts of a job's inputs, joined with commas.
pub(super) fn inputs_of(job: &Job<'_>) -> String {
    let texts = job.items("in").iter().map(|item| {
        let path = &item.outputs["out"].paths["text"];
        std::fs::read_to_string(path).expect("inputs are there")
    });
    texts.collect::<Vec<_>>().join(",")
}

/// Leaves one text.
pub(super) fn text(text: impl Into<String>) -> Result<StepOutput, JobError> {
    let mut produced = StepOutput::default();
    produced.file("out", "text", text.into());
    Ok(produced)
}

impl Worker for Lab {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let name = job.step.stage.to_string();
        let times = {
            let mut log = self.log.lock().unwrap();
            log.push(name.clone());
            log.iter().filter(|ran| **ran == name).count() as u32
        };
        match self.acts.get(&name) {
            Some(act) => act(job, times),
            None => text(format!("{name}({})", inputs_of(job))),
        }
    }
}

/// The text a step left.
pub(super) fn left(store: &Store, summary: &Summary, id: usize) -> String {
    let result = summary.steps[id]
        .result
        .as_ref()
        .expect("the step has a result");
    let object = result.outputs["out"].files["text"];
    String::from_utf8(store.read(&object).expect("the object is intact")).expect("texts are UTF-8")
}

/// The states of a run, in plan order.
pub(super) fn states(summary: &Summary) -> Vec<State> {
    summary.steps.iter().map(|step| step.state).collect()
}
