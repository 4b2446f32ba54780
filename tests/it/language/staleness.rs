//! What a run would do, and why.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;

use sweepline::map::SortedVecMap;
use sweepline::plan::Change;
use sweepline::plan::Contents;
use sweepline::plan::From;
use sweepline::plan::History;
use sweepline::plan::InputItem;
use sweepline::plan::KeyRules;
use sweepline::plan::Keys;
use sweepline::plan::Look;
use sweepline::plan::Plan;
use sweepline::plan::StepStatus;
use sweepline::plan::content_digest;
use sweepline::store::Artifact;
use sweepline::store::Digest;
use sweepline::store::KeyParts;
use sweepline::store::Lookup;
use sweepline::store::Object;
use sweepline::store::Presence;
use sweepline::store::Record;
use sweepline::store::StepResult;
use sweepline::store::StoreError;

use super::kit::plan;

/// A store in memory, filled by running a plan: every step leaves its key as its outputs.
#[derive(Default)]
struct Memory {
    records: HashMap<Digest, Arc<Record>>,
    last: HashMap<String, KeyParts>,
    damaged: Mutex<Option<Digest>>,
}

struct Results<'m>(&'m [Arc<Record>]);

impl Contents for Results<'_> {
    fn input(&mut self, item: &InputItem) -> Option<Digest> {
        let From::Step { step, output } = &item.from else {
            return None;
        };
        content_digest(&self.0[step.index()].result, output.as_deref())
    }
    fn file(&mut self, _: &Path) -> io::Result<Digest> {
        Err(io::Error::other("there are no files"))
    }
}

impl Memory {
    fn run(&mut self, plan: &Plan) {
        let rules = KeyRules::new("/", "cpu");
        let mut records: Vec<Arc<Record>> = Vec::new();
        for step in &plan.steps {
            let key = rules.key(step, &mut Results(&records)).expect("no files");
            let parts = rules.parts(step, &mut Results(&records)).expect("no files");
            let files = SortedVecMap::from([("file".to_owned(), Object::plain(key, 1))]);
            let artifact = Artifact::from(files);
            let outputs =
                ["model", "metrics", "table"].map(|name| (name.to_owned(), artifact.clone()));
            let record = Arc::new(Record {
                key,
                parts: parts.clone(),
                result: StepResult {
                    outputs: outputs.into_iter().collect(),
                    ..StepResult::default()
                },
            });
            self.records.insert(key, Arc::clone(&record));
            self.last.insert(step.to_string(), parts);
            records.push(record);
        }
    }
}

impl History for Memory {
    fn lookup(&self, key: Digest) -> Result<Lookup, StoreError> {
        Ok(match self.records.get(&key) {
            Some(_) if *self.damaged.lock().expect("no thread panicked") == Some(key) => {
                Lookup::Damaged {
                    presence: Presence::Damaged,
                    path: "object".into(),
                }
            }
            Some(record) => Lookup::Hit(Arc::new(record.result.clone())),
            None => Lookup::Miss,
        })
    }
    fn last(&self, step: &str) -> Option<KeyParts> {
        self.last.get(step).cloned()
    }
    fn input_digest(&self, path: &Path) -> Result<Digest, StoreError> {
        self.file_digest(path)
    }

    fn file_digest(&self, path: &Path) -> Result<Digest, StoreError> {
        panic!(
            "no step reads a file, but `{}` is asked for",
            path.display()
        )
    }
}

const MANIFEST: &str = r#"
experiment: test
params: {epochs: 5}
axes:
  lr: [0.1, 0.01]
  seed: {seeds: 2}
stages:
  fit:
    uses: train/vae
    with: {lr: "${lr}", seed: "${seed}", epochs: "${epochs}"}
  best:
    uses: select
    in: {candidates: fit}
    over: [seed]
    with: {by: valid_ll}
"#;

/// The status of every step in a few words.
fn statuses(plan: &Plan, memory: &Memory) -> Vec<String> {
    let rules = KeyRules::new("/", "cpu");
    let statuses = plan.statuses(&rules, memory, Look::Ahead);
    let said = plan
        .steps
        .iter()
        .zip(statuses)
        .map(|(step, status)| match status {
            StepStatus::UpToDate { .. } => format!("{step}: up to date"),
            StepStatus::MayRun { after } => format!("{step}: may run after {}", after.len()),
            StepStatus::Broken { error } => format!("{step}: {error}"),
            StepStatus::Runs { reasons, .. } => {
                let reasons: Vec<String> = reasons
                    .iter()
                    .map(|reason| match (&reason.what, &reason.place) {
                        (Change::New, _) | (_, None) => reason.what.to_string(),
                        (what, Some(place)) => format!("{what} at {place}"),
                    })
                    .collect();
                format!("{step}: {}", reasons.join(", "))
            }
        });
    said.collect()
}

#[test]
fn a_first_run_runs_what_reads_nothing_and_may_run_the_rest() {
    let statuses = statuses(&plan(MANIFEST), &Memory::default());
    assert_eq!(statuses[0], "fit[lr=0.1,seed=0]: has not run before");
    assert_eq!(statuses[4], "best[lr=0.1]: may run after 2");
}

#[test]
fn a_second_run_has_nothing_to_do() {
    let mut memory = Memory::default();
    memory.run(&plan(MANIFEST));
    assert!(
        statuses(&plan(MANIFEST), &memory)
            .iter()
            .all(|status| status.ends_with("up to date"))
    );
}

#[test]
fn a_changed_parameter_says_its_values_and_its_line() {
    let mut memory = Memory::default();
    memory.run(&plan(MANIFEST));
    let changed = MANIFEST.replace("epochs: 5", "epochs: 6");
    let statuses = statuses(&plan(&changed), &memory);
    assert_eq!(
        statuses[0],
        "fit[lr=0.1,seed=0]: param epochs: 5 → 6 at manifests/test.yaml:3:18"
    );
    assert_eq!(statuses[4], "best[lr=0.1]: may run after 2");
}

#[test]
fn a_new_seed_adds_steps_and_wakes_only_what_reads_them() {
    let mut memory = Memory::default();
    memory.run(&plan(MANIFEST));
    let changed = MANIFEST.replace("{seeds: 2}", "{seeds: 3}");
    let statuses = statuses(&plan(&changed), &memory);
    let known = statuses
        .iter()
        .filter(|status| status.ends_with("up to date"));
    assert_eq!(known.count(), 4);
    let new = statuses
        .iter()
        .filter(|status| status.ends_with("has not run before"));
    assert_eq!(new.count(), 2);
    assert_eq!(statuses[6], "best[lr=0.1]: may run after 1");
}

#[test]
fn a_damaged_result_is_made_again() {
    let mut memory = Memory::default();
    let plan = plan(MANIFEST);
    memory.run(&plan);
    let key = KeyRules::new("/", "cpu").key(&plan.steps[0], &mut Results(&[]));
    *memory.damaged.lock().expect("no thread panicked") = key.ok();
    let statuses = statuses(&plan, &memory);
    assert!(
        statuses[0].starts_with("fit[lr=0.1,seed=0]: its result is damaged"),
        "{}",
        statuses[0]
    );
    assert_eq!(statuses[4], "best[lr=0.1]: may run after 1");
}
