//! Order and resources: nothing starts early, nothing is taken twice, everything ends once.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::time::Duration;

use proptest::prelude::*;

use super::kit::*;
use crate::engine::Event;
use crate::engine::JobError;
use crate::engine::State::*;

#[test]
fn a_named_pool_is_never_overdrawn() {
    let mut lab = Lab::new();
    let mut steps = plan(["a", "b", "c", "d"]);
    let inside = Arc::new(AtomicU32::new(0));
    for name in ["a", "b", "c", "d"] {
        policy(&mut steps, name, |policy| {
            policy.named = BTreeMap::from([("licence".to_owned(), 1)]);
        });
        let inside = Arc::clone(&inside);
        lab.on(name, move |job, _| {
            let others = inside.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(3));
            inside.fetch_sub(1, Ordering::SeqCst);
            match others {
                0 => text(job.step.to_string()),
                _ => Err(JobError::failed("two hold the one licence")),
            }
        });
    }
    assert_eq!(states(&lab.run(&steps)), [Done; 4]);
}

#[test]
fn a_step_that_wants_more_cpus_than_there_are_gets_all() {
    let mut lab = Lab::new();
    let mut steps = plan(["wide"]);
    policy(&mut steps, "wide", |policy| policy.cpus = 64);
    lab.on("wide", |job, _| {
        text(format!("{} {}", job.threads, rayon::current_num_threads()))
    });
    let store = lab.store();
    let summary = lab.run_in(&store, &steps);
    assert_eq!(left(&store, &summary, 0), "4 4");
}

#[test]
fn a_step_without_its_gpu_fails_and_says_so() {
    let mut lab = Lab::new();
    let mut steps = plan(["cuda"]);
    policy(&mut steps, "cuda", |policy| policy.gpus = 1);
    let summary = lab.run(&steps);
    assert_eq!(states(&summary), [Failed]);
    assert_eq!(summary.failures[0].message, "needs 1 GPU where there are 0");
}

#[test]
fn steps_at_one_time_have_gpus_of_their_own() {
    let mut lab = Lab::new();
    lab.options.gpus = vec!["2".to_owned(), "GPU-8a".to_owned()];
    lab.options.resources.gpus = 2;
    let names = ["a", "b", "c", "d"];
    let mut steps = plan(names);
    let busy = Arc::new(Mutex::new(BTreeSet::new()));
    for name in names {
        policy(&mut steps, name, |policy| policy.gpus = 1);
        let busy = Arc::clone(&busy);
        lab.on(name, move |job, _| {
            let [gpu] = job.gpus else {
                panic!("one GPU, not {:?}", job.gpus)
            };
            assert!(busy.lock().unwrap().insert(gpu.clone()), "{gpu} is taken");
            std::thread::sleep(Duration::from_millis(20));
            busy.lock().unwrap().remove(gpu);
            text(gpu.clone())
        });
    }
    let store = lab.store();
    let summary = lab.run_in(&store, &steps);
    assert_eq!(states(&summary), [Done; 4]);
    let used: BTreeSet<String> = (0..4).map(|step| left(&store, &summary, step)).collect();
    assert_eq!(used.len(), 2, "{used:?}");
}

#[test]
fn the_longest_way_starts_first() {
    let mut lab = Lab::new();
    lab.options.jobs = 1;
    let steps = plan(["short", "long", "longer <- long", "longest <- longer"]);
    lab.run(&steps);
    let order = lab.log.lock().unwrap().clone();
    assert_eq!(order, ["long", "longer", "short", "longest"]);
}

#[test]
fn every_stage_is_tried_before_the_rest_of_those_before_it() {
    let mut lab = Lab::new();
    lab.options.jobs = 1;
    let mut steps = plan(["fit", "b", "c", "score <- fit", "e <- b", "f <- c"]);
    for (at, stage) in [(1, "fit"), (2, "fit"), (4, "score"), (5, "score")] {
        Arc::make_mut(&mut steps[at]).stage = Arc::from(stage);
    }
    lab.run(&steps);
    let order = lab.log.lock().unwrap().clone();
    assert_eq!(order, ["fit", "score", "fit", "fit", "score", "score"]);
}

#[test]
fn only_what_is_wanted_runs() {
    let mut lab = Lab::new();
    let steps = plan(["data", "fit <- data", "other <- data"]);
    lab.options.only = Some(vec![steps[0].id, steps[1].id]);
    assert_eq!(states(&lab.run(&steps)), [Done, Done, Unselected]);
}

/// What failed may be missing, what was left out may not.
#[test]
fn a_reduction_without_what_may_be_missing_waits_for_what_is_left_out() {
    let mut lab = Lab::new();
    let steps = plan(["a", "b", "mean <- a? b?", "figure <- mean"]);
    let [a, b, mean, figure] = [0, 1, 2, 3].map(|at: usize| steps[at].id);
    lab.options.only = Some(vec![a, mean, figure]);
    assert_eq!(
        states(&lab.run(&steps)),
        [Done, Unselected, Pending, Pending]
    );
    lab.on("b", |_, _| Err(JobError::failed("as told")));
    lab.options.only = Some(vec![b]);
    assert_eq!(
        states(&lab.run(&steps)),
        [Unselected, Failed, Unselected, Unselected]
    );
    lab.options.only = Some(vec![a, mean, figure]);
    assert_eq!(states(&lab.run(&steps)), [UpToDate, Unselected, Done, Done]);
}

#[test]
fn a_reduction_of_steps_that_are_left_out_stays_pending() {
    let mut lab = Lab::new();
    let steps = plan(["a", "b", "mean <- a b", "figure <- mean"]);
    lab.options.only = Some(vec![steps[0].id, steps[2].id, steps[3].id]);
    let summary = lab.run(&steps);
    assert_eq!(states(&summary), [Done, Unselected, Pending, Pending]);
    let pending = lab.events.iter().filter_map(|event| match event {
        Event::StepPending { step, needs, .. } => Some((step.as_str(), needs.as_str())),
        _ => None,
    });
    let pending: Vec<_> = pending.collect();
    assert_eq!(pending, [("mean", "b"), ("figure", "mean")]);
    // What is known from before is used, wanted or not.
    lab.options.only = None;
    lab.run(&plan(["b"]));
    lab.ran();
    lab.options.only = Some(vec![steps[0].id, steps[2].id, steps[3].id]);
    let summary = lab.run(&steps);
    assert_eq!(states(&summary), [UpToDate, Unselected, Done, Done]);
    assert_eq!(lab.ran(), ["figure", "mean"]);
}

#[test]
fn a_step_that_never_came_to_run_keeps_the_key_it_had() {
    let mut lab = Lab::new();
    let steps = plan(["data", "fit <- data"]);
    lab.run(&steps);
    let before = lab.store().keys_of("test").unwrap();
    // Another parameter of `data` fails it, so that `fit` is skipped.
    let mut changed = steps.clone();
    let mut params = (*changed[0].params).clone();
    params.insert("rows".to_owned(), crate::registry::Value::from(2));
    Arc::make_mut(&mut changed[0]).params = Arc::new(params);
    lab.on("data", |_, _| Err(JobError::failed("no rows")));
    assert_eq!(states(&lab.run(&changed)), [Failed, Skipped]);
    let after = lab.store().keys_of("test").unwrap();
    assert_ne!(before["data"], after["data"]);
    assert_eq!(before["fit"], after["fit"]);
}

#[test]
fn a_reduction_may_do_without_failed_members() {
    let mut lab = Lab::new();
    let steps = plan(["a", "b", "mean <- a? b?"]);
    lab.on("b", |_, _| Err(JobError::failed("diverged")));
    let store = lab.store();
    let summary = lab.run_in(&store, &steps);
    assert_eq!(states(&summary), [Done, Failed, Done]);
    assert_eq!(left(&store, &summary, 2), "mean(a())");
}

#[test]
fn a_reduction_of_nothing_is_skipped() {
    let mut lab = Lab::new();
    let steps = plan(["a", "mean <- a?"]);
    lab.on("a", |_, _| Err(JobError::failed("diverged")));
    assert_eq!(states(&lab.run(&steps)), [Failed, Skipped]);
}

/// What a random step does.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Succeed,
    Fail,
    Panic,
    Flaky,
}

prop_compose! {
    /// Needs (each an earlier step), cpus and fate of every step.
    fn any_plan()(size in 1_usize..24)(
        steps in (0..size).map(|index| (
            prop::collection::btree_set(0..index.max(1), 0..3),
            1_u32..4,
            prop_oneof![
                6 => Just(Fate::Succeed), 1 => Just(Fate::Fail),
                1 => Just(Fate::Panic), 1 => Just(Fate::Flaky),
            ],
        )).collect::<Vec<_>>(),
        jobs in 1_usize..5,
    ) -> (Vec<(std::collections::BTreeSet<usize>, u32, Fate)>, usize) {
        (steps, jobs)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn every_plan_ends_in_order_within_its_resources((shape, jobs) in any_plan()) {
        let lines: Vec<String> = shape.iter().enumerate().map(|(index, (needs, ..))| {
            let needs: Vec<String> = needs
                .iter()
                .filter(|need| **need < index)
                .map(|need| format!("s{need}"))
                .collect();
            format!("s{index} <- {}", needs.join(" "))
        }).collect();
        let mut steps = plan(lines.iter().map(String::as_str));
        let mut lab = Lab::new();
        lab.options.jobs = jobs;
        let (cpus, running) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        for (index, (_, wanted, fate)) in shape.iter().enumerate() {
            let (name, wanted, fate) = (format!("s{index}"), *wanted, *fate);
            policy(&mut steps, &name, |policy| (policy.cpus, policy.retries) = (wanted, 1));
            let (cpus, running) = (Arc::clone(&cpus), Arc::clone(&running));
            lab.on(&name, move |job, times| {
                let used = cpus.fetch_add(wanted, Ordering::SeqCst) + wanted;
                let beside = running.fetch_add(1, Ordering::SeqCst) + 1;
                // Reading fails the test where an input is not there.
                let inputs = inputs_of(job);
                std::thread::yield_now();
                cpus.fetch_sub(wanted, Ordering::SeqCst);
                running.fetch_sub(1, Ordering::SeqCst);
                if used > 4 || beside as usize > jobs {
                    return Err(JobError::failed("overdrawn"));
                }
                match fate {
                    Fate::Fail => Err(JobError::failed("as told")),
                    Fate::Panic => std::panic::resume_unwind(Box::new("as told")),
                    Fate::Flaky if times == 1 => Err(JobError::Transient { message: "once".into() }),
                    Fate::Succeed | Fate::Flaky => text(format!("{}({inputs})", job.step)),
                }
            });
        }
        let store = lab.store();
        let summary = lab.run_in(&store, &steps);

        // Every step ends as its own fate and that of its needs say.
        for (index, (_, _, fate)) in shape.iter().enumerate() {
            let needs_made = shape[index].0.iter().filter(|need| **need < index).all(|need| {
                summary.steps[*need].state == Done
            });
            let expected = match fate {
                _ if !needs_made => Skipped,
                Fate::Fail | Fate::Panic => Failed,
                Fate::Succeed | Fate::Flaky => Done,
            };
            prop_assert_eq!(summary.steps[index].state, expected, "s{}", index);
        }
        prop_assert!(summary.failures.iter().all(|failure| failure.message != "overdrawn"));

        // Every step has one final event.
        let mut ends: BTreeMap<u32, u32> = BTreeMap::new();
        for event in &lab.events {
            if let Event::StepFinished { id, .. } | Event::StepFailed { id, .. }
                | Event::StepSkipped { id, .. } | Event::StepCached { id, .. } = event {
                *ends.entry(*id).or_default() += 1;
            }
        }
        prop_assert_eq!(ends, (0..shape.len() as u32).map(|id| (id, 1)).collect());

        // A second run makes only what failed.
        lab.ran();
        let again = lab.run_in(&store, &steps);
        for (before, after) in summary.steps.iter().zip(&again.steps) {
            prop_assert_eq!(after.state == UpToDate, before.state == Done);
        }
    }
}
