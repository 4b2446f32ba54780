//! Stopping early: by the user, by the clock, by too many failures; and going on afterwards.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::kit::*;
use crate::engine::Event;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::State::*;
use crate::engine::StepOutput;

/// Counts to ten with a checkpoint after every step, and says how much of it this attempt did.
fn count(job: &Job<'_>, stop_at: Option<u8>) -> Result<StepOutput, JobError> {
    let begin = job.link.checkpoint().map_or(0, |state| state[0]);
    for done in begin..10 {
        if stop_at == Some(done) || job.link.cancelled() {
            return Err(JobError::Cancelled);
        }
        job.link.save_checkpoint(&[done + 1]);
    }
    job.link.log(&format!("began at {begin}"));
    text("ten")
}

#[test]
fn a_cancelled_training_goes_on_from_its_checkpoint() {
    let mut lab = Lab::new();
    let steps = plan(["fit", "score <- fit"]);
    let interrupt = lab.options.interrupt.clone();
    lab.on("fit", move |job, _| {
        let ended = count(job, Some(4));
        interrupt.store(1, Ordering::Relaxed);
        ended
    });
    let stopped = lab.run(&steps);
    assert!(stopped.stopped);
    assert_eq!(states(&stopped), [Cancelled, Cancelled]);

    lab.options.interrupt.store(0, Ordering::Relaxed);
    lab.on("fit", |job, _| count(job, None));
    let store = lab.store();
    let summary = lab.run_in(&store, &steps);
    assert_eq!(states(&summary), [Done, Done]);
    let attempts = store.attempts("test", "fit").unwrap();
    assert_eq!(attempts.last().unwrap().log, "began at 4\n");
    // A finished key needs no checkpoint.
    let key = summary.steps[0].key.unwrap();
    assert_eq!(store.checkpoint(key).unwrap(), None);
}

/// How long a training took is what all attempts at it took together.
#[test]
fn what_earlier_attempts_spent_counts() {
    let mut lab = Lab::new();
    let steps = plan(["fit", "time <- fit"]);
    lab.on("fit", |_, _| {
        let mut produced = text("ten")?;
        produced.spent_before = 100.0;
        Ok(produced)
    });
    lab.on("time", |job, _| {
        let seconds = job.inputs[0].items[0].seconds;
        text(format!(
            "{}",
            seconds.is_some_and(|s| (100.0..130.0).contains(&s))
        ))
    });
    let store = lab.store();
    let summary = lab.run_in(&store, &steps);
    assert_eq!(left(&store, &summary, 1), "true");
    // What this run took is no more for that.
    let attempts = store.attempts("test", "fit").unwrap();
    assert!(attempts[0].seconds < 30.0);
}

#[test]
fn a_step_that_takes_too_long_fails_alone() {
    let mut lab = Lab::new();
    let mut steps = plan(["slow", "quick"]);
    policy(&mut steps, "slow", |policy| {
        policy.timeout = Some(Duration::from_millis(20))
    });
    lab.on("slow", |job, _| {
        job.link.log("epoch 1");
        while !job.link.cancelled() {
            std::thread::sleep(Duration::from_millis(1));
        }
        Err(JobError::Cancelled)
    });
    let summary = lab.run(&steps);
    assert_eq!(states(&summary), [Failed, Done]);
    let message = &summary.failures[0].message;
    assert_eq!(message, "took longer than its timeout of 0.02 s");
    let logged =
        |event: &Event| matches!(event, Event::StepFailed { log, .. } if log == &["epoch 1"]);
    assert!(lab.events.iter().any(logged));
}

#[test]
fn nothing_starts_after_the_last_failure_that_is_allowed() {
    let mut lab = Lab::new();
    lab.options.jobs = 1;
    lab.options.max_failures = Some(1);
    let steps = plan(["a", "b", "c"]);
    lab.on("a", |_, _| Err(JobError::failed("no")));
    let summary = lab.run(&steps);
    assert!(summary.stopped);
    assert_eq!(states(&summary), [Failed, Cancelled, Cancelled]);
    assert_eq!(lab.ran(), ["a"]);
}

#[test]
fn an_interrupt_before_the_start_runs_nothing() {
    let mut lab = Lab::new();
    lab.options.interrupt.store(1, Ordering::Relaxed);
    let summary = lab.run(&plan(["a"]));
    assert_eq!(states(&summary), [Cancelled]);
    assert!(lab.ran().is_empty());
}
