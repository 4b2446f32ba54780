//! Plans to which steps are added while they run, as searches do.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::kit::*;
use crate::engine::EndedStep;
use crate::engine::Event;
use crate::engine::Growth;
use crate::engine::JobError;
use crate::engine::State;
use crate::engine::Summary;
use crate::plan::Step;
use crate::plan::StepId;

const TRIALS: usize = 12;

/// Trial k reads trial k − 2 and is added as soon as that one ended, whatever else has; the reduction over
/// all of them comes last.
struct Chain {
    plan: Vec<Arc<Step>>,
    added: usize,
    ended: BTreeMap<usize, bool>,
}

impl Chain {
    fn all() -> Vec<Arc<Step>> {
        let mut lines = vec!["data".to_owned()];
        for k in 0..TRIALS {
            let needs = if k < 2 {
                "data".to_owned()
            } else {
                format!("t{}", k - 2)
            };
            lines.push(format!("t{k} <- {needs}"));
        }
        let trials: Vec<String> = (0..TRIALS).map(|k| format!("t{k}?")).collect();
        lines.push(format!("best <- {}", trials.join(" ")));
        plan(lines.iter().map(String::as_str))
    }

    /// The steps that a run begins with, and what adds the others.
    fn new() -> (Vec<Arc<Step>>, Self) {
        let plan = Chain::all();
        let first = plan[..3].to_vec();
        let ended = BTreeMap::new();
        (
            first,
            Chain {
                plan,
                added: 3,
                ended,
            },
        )
    }
}

impl Growth for Chain {
    fn grow(&mut self, ended: &[EndedStep<'_>]) -> Vec<Arc<Step>> {
        for step in ended {
            let twice = self.ended.insert(step.id.index(), step.result.is_some());
            assert!(twice.is_none(), "{:?} is told of twice", step.id);
        }
        let from = self.added;
        while self.added <= TRIALS && self.ended.contains_key(&(self.added - 2)) {
            self.added += 1;
        }
        if self.added == TRIALS + 1 && self.ended.len() == TRIALS + 1 {
            self.added += 1;
        }
        self.plan[from..self.added].to_vec()
    }
}

fn grown(lab: &mut Lab) -> Summary {
    let store = lab.store();
    let (first, mut chain) = Chain::new();
    lab.run_growing(&store, &first, &mut chain)
}

fn keys(summary: &Summary) -> Vec<Option<crate::store::Digest>> {
    summary.steps.iter().map(|step| step.key).collect()
}

#[test]
fn a_plan_that_grew_has_the_results_of_one_that_was_complete() {
    let mut whole = Lab::new();
    let complete = whole.run(&Chain::all());
    for jobs in [1, 4] {
        let mut lab = Lab::new();
        lab.options.jobs = jobs;
        let summary = grown(&mut lab);
        assert_eq!(keys(&summary), keys(&complete));
        assert_eq!(states(&summary), vec![State::Done; TRIALS + 2]);
        let grew = |event: &&Event| matches!(event, Event::PlanGrew { .. });
        assert!(lab.events.iter().filter(grew).count() >= TRIALS / 2);
        lab.ran();

        let again = grown(&mut lab);
        assert_eq!(states(&again), vec![State::UpToDate; TRIALS + 2]);
        assert!(lab.ran().is_empty());
    }
}

#[test]
fn a_run_that_was_stopped_while_its_plan_grew_goes_on_and_does_nothing_twice() {
    let complete = Lab::new().run(&Chain::all());
    let mut lab = Lab::new();
    lab.options.jobs = 2;
    for k in [1, 4, 9] {
        let interrupt = Arc::clone(&lab.options.interrupt);
        lab.on(&format!("t{k}"), move |job, times| {
            if times == 1 {
                interrupt.store(1, Ordering::Relaxed);
                return Err(JobError::Cancelled);
            }
            text(format!("{}({})", job.step.stage, inputs_of(job)))
        });
    }
    let mut runs = 0;
    let summary = loop {
        runs += 1;
        lab.options.interrupt.store(0, Ordering::Relaxed);
        let summary = grown(&mut lab);
        if !summary.stopped {
            break summary;
        }
    };
    assert_eq!(runs, 4);
    assert_eq!(keys(&summary), keys(&complete));
    let ran = lab.ran();
    assert_eq!(
        ran.len(),
        TRIALS + 2 + 3,
        "one more for each that was stopped: {ran:?}"
    );
}

#[test]
fn steps_are_added_after_a_failure_too_and_those_behind_it_are_skipped() {
    let mut lab = Lab::new();
    lab.on("t0", |_, _| Err(JobError::failed("no")));
    let summary = grown(&mut lab);
    let state = |id: usize| summary.steps[id].state;
    assert_eq!(state(1), State::Failed);
    for k in 1..TRIALS {
        let expected = if k % 2 == 0 {
            State::Skipped
        } else {
            State::Done
        };
        assert_eq!(state(1 + k), expected, "t{k}");
    }
    assert_eq!(state(TRIALS + 1), State::Done, "members may be missing");
    let id = StepId(TRIALS as u32 + 1);
    let store = lab.store();
    assert!(left(&store, &summary, id.index()).starts_with("best(t1("));
}

/// Finds out for a while what there is to add, without any step that ends.
struct Slow {
    further: Arc<Step>,
    asked: usize,
}

impl Growth for Slow {
    fn grow(&mut self, _: &[EndedStep<'_>]) -> Vec<Arc<Step>> {
        self.asked += 1;
        match self.asked {
            4 => vec![Arc::clone(&self.further)],
            _ => Vec::new(),
        }
    }

    fn is_finding_out(&self) -> bool {
        (1..4).contains(&self.asked)
    }
}

#[test]
fn a_run_does_not_end_while_it_is_found_out_what_to_add() {
    let all = plan(["data", "t0 <- data"]);
    let mut lab = Lab::new();
    let store = lab.store();
    let mut slow = Slow {
        further: Arc::clone(&all[1]),
        asked: 0,
    };
    let summary = lab.run_growing(&store, &all[..1], &mut slow);
    assert_eq!(states(&summary), vec![State::Done; 2]);
    assert_eq!(slow.asked, 5, "once more after the last step");
}
