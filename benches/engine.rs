//! What the engine and the store cost themselves: steps that do next to nothing, made for the first
//! time and found up to date, and steps that talk much. Prints medians; `cargo bench --bench engine
//! [steps …]`, by default 1,000, 10,000 and 100,000.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench prints what it found"
)]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use sweepline::engine::Engine;
use sweepline::engine::Job;
use sweepline::engine::JobError;
use sweepline::engine::Options;
use sweepline::engine::StepOutput;
use sweepline::engine::Worker;
use sweepline::plan::Cell;
use sweepline::plan::Contents;
use sweepline::plan::From;
use sweepline::plan::Input;
use sweepline::plan::InputItem;
use sweepline::plan::KeyError;
use sweepline::plan::Keys;
use sweepline::plan::Policy;
use sweepline::plan::Step;
use sweepline::plan::StepId;
use sweepline::registry::ArtifactType;
use sweepline::registry::Entry;
use sweepline::registry::Outputs;
use sweepline::registry::Slot;
use sweepline::registry::StageKind;
use sweepline::registry::Value;
use sweepline::registry::Values;
use sweepline::store::Access;
use sweepline::store::Digest;
use sweepline::store::KeyParts;
use sweepline::store::Store;
use sweepline::text::Place;
use sweepline::text::Source;

struct Nothing;

impl Entry for Nothing {
    fn name(&self) -> &'static str {
        "nothing"
    }
    fn summary(&self) -> &'static str {
        "does next to nothing"
    }
}

impl StageKind for Nothing {
    fn inputs(&self) -> Vec<Slot> {
        vec![Slot::new("in", &[ArtifactType::Any], "anything").optional()]
    }
    fn outputs(&self) -> Outputs {
        Outputs::Fixed(&[("out", ArtifactType::File)])
    }
}

struct Numbers;

impl Worker for Numbers {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let mut produced = StepOutput::default();
        produced.file("out", "metrics.json", format!("{}: 0.5\n", job.step));
        Ok(produced)
    }
}

/// So many lines are said by all steps together.
const LINES: usize = 500_000;

/// Says one line after the other.
struct Talk {
    lines: usize,
}

impl Worker for Talk {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        for line in 0..self.lines {
            job.link.log(&format!("epoch {line}: loss 0.25"));
        }
        Numbers.run(job)
    }
}

struct PlainKeys;

impl Keys for PlainKeys {
    fn key(&self, step: &Step, contents: &mut dyn Contents) -> Result<Digest, KeyError> {
        let mut text = serde_json::to_vec(&*step.params).expect("parameters are plain data");
        for item in step.inputs.iter().flat_map(|input| &input.items) {
            if let Some(digest) = contents.input(item) {
                text.extend_from_slice(digest.as_bytes());
            }
        }
        Ok(Digest::of(&text))
    }

    fn parts(&self, step: &Step, _: &mut dyn Contents) -> Result<KeyParts, KeyError> {
        let params = step.params.iter();
        Ok(params
            .map(|(name, value)| (format!("param.{name}"), value.to_string()))
            .collect())
    }
}

/// 1 % data sets, 49 % trainings on them, 49 % scores, 1 % tables over 50 scores each.
fn plan(steps: usize) -> Vec<Arc<Step>> {
    let source = Arc::new(Source {
        path: PathBuf::from("pipelines/bench.yaml"),
        text: String::from("stages:\n"),
    });
    let tables = (steps / 100).max(1);
    let each = 49;
    let mut plan: Vec<Arc<Step>> = Vec::new();
    let mut add = |stage: &str, number: usize, needs: Vec<StepId>| {
        let cell: Cell = Cell(Arc::from([
            (Arc::from("lr"), Value::Float(0.001)),
            (Arc::from("number"), Value::Int(number as i64)),
        ]));
        let item = |step| InputItem {
            stage: std::sync::Arc::from("a"),
            cell: cell.clone(),
            from: From::Step {
                step,
                output: Some(Arc::from("out")),
            },
            described: None,
        };
        let inputs = (!needs.is_empty()).then(|| Input {
            slot: Arc::from("in"),
            items: needs.iter().copied().map(item).collect(),
            reduced: needs.len() > 1,
            missing_allowed: false,
        });
        let id = StepId(plan.len() as u32);
        let params = Values::from([
            ("stage".to_owned(), Value::from(stage)),
            ("number".to_owned(), Value::Int(number as i64)),
            ("epochs".to_owned(), Value::Int(500)),
            ("lr".to_owned(), Value::Float(0.001)),
            (
                "layers".to_owned(),
                Value::from(vec![Value::Int(50), Value::Int(50)]),
            ),
        ]);
        plan.push(Arc::new(Step {
            id,
            stage: Arc::from(stage),
            cell,
            kind: &Nothing,
            params: Arc::new(params),
            inputs: inputs.into_iter().collect(),
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
        id
    };
    for table in 0..tables {
        let data = add("data", table, Vec::new());
        let mut scores = Vec::new();
        for number in 0..each {
            let fit = add("fit", table * each + number, vec![data]);
            scores.push(add("score", table * each + number, vec![fit]));
        }
        add("table", table, scores);
    }
    plan
}

fn main() {
    let sizes = std::env::args().skip(1);
    let mut sizes: Vec<usize> = sizes.filter_map(|arg| arg.parse().ok()).collect();
    if sizes.is_empty() {
        sizes = vec![1_000, 10_000, 100_000];
    }
    for steps in sizes {
        time_steps(steps);
    }
    time_events();
}

/// Events by the second, from the steps to the log on the disk and whoever shows them.
fn time_events() {
    let steps = plan(100);
    let folder = tempfile::tempdir().expect("the machine has a temporary folder");
    let store = Store::open(&folder.path().join("store"), Access::Write { wait: false });
    let store = store.expect("the store is ours");
    let talk = Talk {
        lines: LINES / steps.len(),
    };
    let options = Options::new("bench", folder.path());
    let mut events = 0_u64;
    let begun = Instant::now();
    Engine::new(&PlainKeys, &talk, &store, options)
        .run(&steps, &mut |_| events += 1)
        .expect("the store works");
    let rate = events as f64 / begun.elapsed().as_secs_f64();
    println!("{events} events: {rate:.0} a second");
}

fn time_steps(steps: usize) {
    let steps = plan(steps);
    let folder = tempfile::tempdir().expect("the machine has a temporary folder");
    let root = folder.path().join("store");
    let count = steps.len();
    let mut first = true;
    let mut times = Vec::new();
    let mut opens = Vec::new();
    let mut closes = Vec::new();
    for _ in 0..12 {
        let begun = Instant::now();
        let store = Store::open(&root, Access::Write { wait: false }).expect("the store is ours");
        let open = begun.elapsed();
        let mut options = Options::new("bench", folder.path());
        options.view = Some(folder.path().join("view"));
        let engine = Engine::new(&PlainKeys, &Numbers, &store, options);
        let mut events = 0_u64;
        let begun = Instant::now();
        let summary = engine
            .run(&steps, &mut |_| events += 1)
            .expect("the store works");
        let ran = begun.elapsed();
        let begun = Instant::now();
        drop(store);
        let closed = begun.elapsed();
        let totals = summary.totals;
        assert_eq!(totals.done + totals.up_to_date, count);
        if std::mem::take(&mut first) {
            let each = ran.as_secs_f64() * 1e6 / count as f64;
            println!(
                "{count} steps made:       {:8.1} ms, {each:.1} us each, {events} events; closing {:.1} ms",
                ran.as_secs_f64() * 1e3,
                closed.as_secs_f64() * 1e3
            );
        } else {
            assert_eq!(totals.up_to_date, count);
            opens.push(open);
            times.push(ran);
            closes.push(closed);
        }
    }
    for (what, times) in [
        ("open", &mut opens),
        ("up to date", &mut times),
        ("close", &mut closes),
    ] {
        times.sort();
        println!(
            "{count} steps {what:<11} {:8.1} ms median, {:.1} best",
            times[times.len() / 2].as_secs_f64() * 1e3,
            times[0].as_secs_f64() * 1e3
        );
    }
}
