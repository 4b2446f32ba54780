//! Failures, panics, retries: what goes wrong stays where it went wrong.

use super::kit::*;
use crate::engine::Event;
use crate::engine::JobError;
use crate::engine::State::*;

#[test]
fn a_failed_step_skips_only_its_descendants() {
    let mut lab = Lab::new();
    let steps = plan(["a", "b <- a", "c <- b", "d <- a", "e <- c d"]);
    lab.on("b", |job, _| {
        job.link.log("about to fail");
        Err(JobError::failed("no convergence").hint("lower `lr`"))
    });
    let summary = lab.run(&steps);
    assert_eq!(states(&summary), [Done, Failed, Skipped, Done, Skipped]);
    assert_eq!(summary.failures.len(), 1);
    assert_eq!(summary.failures[0].message, "no convergence");
    let told = lab.events.iter().find_map(|event| match event {
        Event::StepFailed {
            place, hints, log, ..
        } => Some((place, hints, log)),
        _ => None,
    });
    let (place, hints, log) = told.expect("the failure was told");
    assert_eq!(place, "pipelines/test.yaml:1:1");
    assert_eq!(hints, &["lower `lr`"]);
    assert_eq!(log, &["about to fail"]);
}

#[test]
fn failures_stand_in_plan_order_whichever_came_first() {
    let mut lab = Lab::new();
    lab.options.jobs = 1;
    let steps = plan(["short", "long", "longer <- long"]);
    for name in ["short", "long"] {
        lab.on(name, |_, _| Err(JobError::failed("no")));
    }
    let summary = lab.run(&steps);
    let told = lab.events.iter().filter_map(|event| match event {
        Event::StepFailed { step, .. } => Some(step.as_str()),
        _ => None,
    });
    // The longer way starts first.
    assert_eq!(told.collect::<Vec<_>>(), ["long", "short"]);
    let listed = summary.failures.iter().map(|failure| failure.step.as_str());
    assert_eq!(listed.collect::<Vec<_>>(), ["short", "long"]);
}

#[test]
fn a_failure_is_no_result_and_runs_again() {
    let mut lab = Lab::new();
    let steps = plan(["a", "b <- a"]);
    lab.on("b", |_, _| Err(JobError::failed("not today")));
    lab.run(&steps);
    lab.ran();
    lab.on("b", |_, _| text("today"));
    let summary = lab.run(&steps);
    assert_eq!(states(&summary), [UpToDate, Done]);
    assert_eq!(lab.ran(), ["b"]);
}

#[test]
fn a_panic_fails_its_step_alone() {
    let mut lab = Lab::new();
    let steps = plan(["a", "b"]);
    lab.on("a", |_, _| panic!("index 3 of 2"));
    let summary = lab.run(&steps);
    assert_eq!(states(&summary), [Failed, Done]);
    assert_eq!(summary.failures[0].message, "panicked: index 3 of 2");
}

#[test]
fn only_passing_trouble_is_retried() {
    let mut lab = Lab::new();
    let mut steps = plan(["disk", "math"]);
    policy(&mut steps, "disk", |policy| policy.retries = 2);
    policy(&mut steps, "math", |policy| policy.retries = 2);
    lab.on("disk", |_, times| match times {
        3 => text("third time lucky"),
        _ => Err(JobError::Transient {
            message: "the disk hiccuped".to_owned(),
        }),
    });
    lab.on("math", |_, _| Err(JobError::failed("one is not two")));
    let summary = lab.run(&steps);
    assert_eq!(states(&summary), [Done, Failed]);
    assert_eq!(lab.ran(), ["disk", "disk", "disk", "math"]);
}
