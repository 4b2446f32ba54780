//! For any plan, pools and choice of steps: pools are never overdrawn, what was left out never runs,
//! a step runs exactly where all it needs has a result, and every step ends in one final state.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;

use proptest::prelude::*;

use super::kit::*;
use crate::engine::Event;
use crate::engine::JobError;
use crate::engine::State::*;

/// A random step.
#[derive(Clone, Debug)]
struct Shape {
    /// Earlier steps.
    needs: BTreeSet<usize>,
    memory: u64,
    licences: u32,
    /// Whether this run may touch it, and whether an earlier one did.
    chosen: bool,
    known: bool,
    fails: bool,
}

prop_compose! {
    fn any_plan()(size in 1_usize..16)(
        steps in (0..size).map(|index| (
            prop::collection::btree_set(0..index.max(1), 0..3),
            0_u64..4, 0_u32..4, any::<bool>(), prop::bool::weighted(0.3), prop::bool::weighted(0.1),
        ).prop_map(move |(needs, memory, licences, chosen, known, fails)| Shape {
            needs: needs.into_iter().filter(|need| *need < index).collect(),
            memory, licences, chosen, known, fails,
        })).collect::<Vec<_>>(),
        licences in 1_u32..3,
    ) -> (Vec<Shape>, u32) {
        (steps, licences)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_choice_of_steps_runs_where_its_needs_are_known((shape, licences) in any_plan()) {
        const MEMORY: u64 = 4;
        let lines: Vec<String> = shape.iter().enumerate().map(|(index, step)| {
            let needs: Vec<String> = step.needs.iter().map(|need| format!("s{need}")).collect();
            format!("s{index} <- {}", needs.join(" "))
        }).collect();
        let mut steps = plan(lines.iter().map(String::as_str));
        let mut lab = Lab::new();
        lab.options.resources.memory = MEMORY;
        lab.options.resources.named = BTreeMap::from([("licence".to_owned(), licences)]);
        // An earlier run, in which nothing fails, leaves what is known.
        let store = lab.store();
        let ids = |chosen: &dyn Fn(&Shape) -> bool| {
            let pairs = steps.iter().zip(&shape);
            pairs.filter(|(_, shape)| chosen(shape)).map(|(step, _)| step.id).collect::<Vec<_>>()
        };
        let (earlier, chosen) = (ids(&|shape| shape.known), ids(&|shape| shape.chosen));
        lab.options.only = Some(earlier);
        let before = lab.run_in(&store, &steps);
        lab.ran();

        let taken = Arc::new(Mutex::new((0_u64, 0_u32)));
        for (index, step) in shape.iter().enumerate() {
            let name = format!("s{index}");
            policy(&mut steps, &name, |policy| {
                policy.memory = step.memory;
                policy.named = BTreeMap::from([("licence".to_owned(), step.licences)]);
            });
            // A step that wants more than there is gets all.
            let (memory, held) = (step.memory.min(MEMORY), step.licences.min(licences));
            let (taken, fails) = (Arc::clone(&taken), step.fails);
            lab.on(&name, move |job, _| {
                let now = {
                    let mut taken = taken.lock().unwrap();
                    *taken = (taken.0 + memory, taken.1 + held);
                    *taken
                };
                let inputs = inputs_of(job);
                std::thread::yield_now();
                {
                    let mut taken = taken.lock().unwrap();
                    *taken = (taken.0 - memory, taken.1 - held);
                }
                match now {
                    (memory, held) if memory > MEMORY || held > licences => {
                        Err(JobError::failed("overdrawn"))
                    }
                    _ if fails => Err(JobError::failed("as told")),
                    _ => text(format!("{}({inputs})", job.step)),
                }
            });
        }
        lab.options.only = Some(chosen);
        let summary = lab.run_in(&store, &steps);
        prop_assert!(summary.failures.iter().all(|failure| failure.message != "overdrawn"));

        let mut has_result: Vec<bool> = Vec::new();
        for (index, step) in shape.iter().enumerate() {
            let state = summary.steps[index].state;
            let missing: Vec<usize> = step.needs.iter().copied().filter(|need| !has_result[*need]).collect();
            let was_known = before.steps[index].state == Done;
            // A result found under the key of before needs no run.
            let found = missing.is_empty() && was_known;
            has_result.push(found || matches!(state, Done | UpToDate));
            match (step.chosen, missing.is_empty()) {
                (false, _) => prop_assert_eq!(state, Unselected, "s{}", index),
                (true, true) if found => prop_assert_eq!(state, UpToDate, "s{}", index),
                (true, true) if step.fails => prop_assert_eq!(state, Failed, "s{}", index),
                (true, true) => prop_assert_eq!(state, Done, "s{}", index),
                (true, false) => prop_assert!(matches!(state, Pending | Skipped), "s{}", index),
            }
            if state == Pending {
                prop_assert!(missing.iter().any(|need| {
                    matches!(summary.steps[*need].state, Unselected | Pending)
                }), "s{} is pending for nothing", index);
            }
        }
        for ran in lab.ran() {
            let index: usize = ran[1..].parse().expect("steps are named by their numbers");
            prop_assert!(shape[index].chosen, "{} ran though it was left out", ran);
        }
        // One final event for every chosen step, none for the others.
        let mut ends = vec![0_u32; shape.len()];
        for event in &lab.events {
            if let Event::StepFinished { id, .. } | Event::StepFailed { id, .. }
                | Event::StepSkipped { id, .. } | Event::StepCached { id, .. }
                | Event::StepPending { id, .. } = event {
                ends[*id as usize] += 1;
            }
        }
        for (ends, step) in ends.iter().zip(&shape) {
            prop_assert_eq!(*ends, u32::from(step.chosen));
        }
    }
}
