//! Steps in processes of their own: what goes wrong there goes wrong for that step alone.
//!
//! The tests start themselves anew as the child, told by an environment variable.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::kit::*;
use crate::engine::AttemptRunner;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::State::*;
use crate::engine::StepOutput;
use crate::engine::Summary;
use crate::engine::Worker;
use crate::engine::isolated;
use crate::engine::isolated::Isolated;
use crate::plan::Step;
use crate::registry::Catalog;
use crate::store::Store;

const SPEC: &str = "SWEEPLINE_TEST_SPEC";
const MYSELF: &str = "engine::tests::isolation::the_child_works_off_a_specification";

/// Does what the name of the stage says.
struct Told;

impl Worker for Told {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        match &*job.step.stage {
            "lacks" => {
                let missing = job.missing("in").into_iter();
                let missing =
                    missing.map(|(at, item)| format!("{at}: {} {}", item.stage, item.cell));
                text(missing.collect::<Vec<_>>().join(", "))
            }
            "limited" => text(format!("{:?}", job.step.policy.memory_limit)),
            "panics" => panic!("index out of bounds"),
            "aborts" => std::process::abort(),
            "gives-up" => Err(JobError::failed("no data").hint("get some")),
            "loops" => loop {
                std::thread::sleep(Duration::from_millis(1));
            },
            "hogs" => {
                let mut all = Vec::new();
                loop {
                    // Written to, or the system would not really give it.
                    all.push(vec![1_u8; 1 << 24]);
                    if all.len() > 128 {
                        return text(format!("{} pieces", all.len()));
                    }
                }
            }
            "counts" => {
                let begin = job.link.checkpoint().map_or(0, |state| state[0]);
                job.link.log(&format!("began at {begin}"));
                job.link.save_checkpoint(&[begin + 1]);
                while begin == 0 && !job.link.cancelled() {
                    std::thread::sleep(Duration::from_millis(1));
                }
                match begin {
                    0 => Err(JobError::Cancelled),
                    _ => text("counted"),
                }
            }
            "leaves" => {
                let path = job.scratch.join("big");
                std::fs::write(&path, inputs_of(job)).expect("scratch is writable");
                job.link.progress(1, 2, &[("loss", f64::NAN)]);
                job.link.warn("careful");
                let mut produced = StepOutput::default();
                produced.file("out", "text", crate::engine::Content::Taken(path));
                Ok(produced)
            }
            "lists" => {
                let wired = job.wired("in").into_iter().map(|(item, found)| {
                    let there = if found.is_some() { "there" } else { "missing" };
                    format!("{} {there}", item.cell)
                });
                text(wired.collect::<Vec<_>>().join(", "))
            }
            other => text(other),
        }
    }
}

/// In the child, a worker; elsewhere there is nothing to do.
#[test]
fn the_child_works_off_a_specification() {
    static KINDS: [&dyn crate::registry::StageKind; 1] = [&Scripted];
    if let Some(spec) = std::env::var_os(SPEC) {
        // The harness has begun a line.
        println!();
        isolated::serve(Path::new(&spec), &Catalog::new(&KINDS), &Told).unwrap();
    }
}

fn isolated() -> Isolated {
    let myself = std::env::current_exe().unwrap();
    let start = move |spec: &Path| {
        let mut command = Command::new(&myself);
        command.args(["--exact", MYSELF, "--nocapture"]);
        command.env(SPEC, spec);
        command
    };
    Isolated::new(start, Duration::from_secs(5))
}

fn steps(names: &[&str]) -> Vec<std::sync::Arc<Step>> {
    let mut steps = plan(names.iter().copied());
    for name in names {
        let name = name.split(' ').next().unwrap();
        policy(&mut steps, name, |policy| policy.isolate = true);
    }
    steps
}

fn run(lab: &mut Lab, store: &Store, steps: &[std::sync::Arc<Step>]) -> Summary {
    let executor = isolated();
    lab.run_with(store, steps, &executor as &dyn AttemptRunner)
}

fn message(summary: &Summary, step: &str) -> String {
    let mut failures = summary.failures.iter();
    let failure = failures.find(|failure| failure.step == step);
    failure.map_or(String::new(), |failure| failure.message.clone())
}

#[test]
fn a_panic_and_an_abort_fail_their_steps_alone() {
    let mut lab = Lab::new();
    let store = lab.store();
    let steps = steps(&["panics", "aborts", "gives-up", "good"]);
    let summary = run(&mut lab, &store, &steps);
    assert_eq!(states(&summary), [Failed, Failed, Failed, Done]);
    assert_eq!(message(&summary, "panics"), "panicked: index out of bounds");
    assert_eq!(
        message(&summary, "aborts"),
        "the step's process ended with signal 6 (SIGABRT)"
    );
    assert_eq!(message(&summary, "gives-up"), "no data");
    assert_eq!(left(&store, &summary, 3), "good");
}

#[test]
fn a_step_that_never_looks_up_is_stopped_in_time() {
    let mut lab = Lab::new();
    let store = lab.store();
    let mut steps = steps(&["loops", "good"]);
    policy(&mut steps, "loops", |policy| {
        policy.timeout = Some(Duration::from_millis(50))
    });
    // Asking it changes nothing, so the run would never end.
    let executor = isolated().with_grace(Duration::from_millis(50));
    let summary = lab.run_with(&store, &steps, &executor);
    assert_eq!(states(&summary), [Failed, Done]);
    assert_eq!(
        message(&summary, "loops"),
        "took longer than its timeout of 0.05 s"
    );
}

#[test]
fn a_step_that_wants_too_much_memory_fails_alone() {
    let mut lab = Lab::new();
    let store = lab.store();
    let mut steps = steps(&["hogs", "good"]);
    policy(&mut steps, "hogs", |policy| {
        policy.memory_limit = Some(256 << 20)
    });
    let summary = run(&mut lab, &store, &steps);
    assert_eq!(states(&summary), [Failed, Done]);
    assert_eq!(
        message(&summary, "hogs"),
        "the step's process ended with signal 6 (SIGABRT)"
    );
    let hints = &summary.failures[0].hints;
    assert!(hints[0].contains("256 MiB of memory"), "{hints:?}");
}

/// A command as a job of a cluster limits what it starts.
#[test]
fn a_child_knows_the_limit_of_what_it_starts() {
    let mut lab = Lab::new();
    let store = lab.store();
    let mut steps = steps(&["limited"]);
    policy(&mut steps, "limited", |policy| {
        policy.memory_limit = Some(1 << 30)
    });
    let summary = run(&mut lab, &store, &steps);
    assert_eq!(left(&store, &summary, 0), "Some(1073741824)");
}

#[test]
fn files_warnings_and_inputs_cross_the_border() {
    let mut lab = Lab::new();
    let store = lab.store();
    let mut steps = plan(["data", "leaves <- data"]);
    policy(&mut steps, "leaves", |policy| policy.isolate = true);
    let summary = run(&mut lab, &store, &steps);
    assert_eq!(states(&summary), [Done, Done]);
    assert_eq!(left(&store, &summary, 1), "data()");
    let warned = |event: &crate::engine::Event| matches!(event, crate::engine::Event::Warning { message, .. } if message == "careful");
    assert!(lab.events.iter().any(warned));
}

#[test]
fn a_child_knows_which_results_are_missing_and_where() {
    let mut lab = Lab::new();
    let store = lab.store();
    let steps = ["a", "panics", "c", "lists <- a? panics? c?"];
    let mut steps = plan(steps);
    for name in ["panics", "lists"] {
        policy(&mut steps, name, |policy| policy.isolate = true);
    }
    let summary = run(&mut lab, &store, &steps);
    assert_eq!(states(&summary), [Done, Failed, Done, Done]);
    assert_eq!(
        left(&store, &summary, 3),
        "step=a there, step=panics missing, step=c there"
    );
}

#[test]
fn a_cancelled_child_keeps_its_checkpoint() {
    let mut lab = Lab::new();
    let store = lab.store();
    let mut steps = steps(&["counts"]);
    policy(&mut steps, "counts", |policy| {
        policy.timeout = Some(Duration::from_millis(500))
    });
    assert_eq!(states(&run(&mut lab, &store, &steps)), [Failed]);
    policy(&mut steps, "counts", |policy| policy.timeout = None);
    let summary = run(&mut lab, &store, &steps);
    assert_eq!(states(&summary), [Done]);
    let attempts = store.attempts("test", "counts").unwrap();
    let log = &attempts.last().unwrap().log;
    assert!(log.contains("began at 1\n"), "{log}");
}

#[test]
fn a_child_knows_what_is_missing_by_its_stage() {
    let mut lab = Lab::new();
    let store = lab.store();
    let mut steps = plan(["a", "gives-up", "c", "lacks <- a? gives-up? c?"]);
    for name in ["gives-up", "lacks"] {
        policy(&mut steps, name, |policy| policy.isolate = true);
    }
    let summary = run(&mut lab, &store, &steps);
    assert_eq!(states(&summary), [Done, Failed, Done, Done]);
    assert_eq!(left(&store, &summary, 3), "1: gives-up step=gives-up");
}
