//! Results that others have are taken instead of made.

use std::sync::Mutex;
use std::sync::atomic::Ordering;

use super::kit::*;
use crate::engine::Engine;
use crate::engine::SharedResults;
use crate::engine::State::*;
use crate::engine::Summary;
use crate::store::Digest;
use crate::store::Store;
use crate::store::Wanted;

/// Another store, as a shared one.
struct Others<'s> {
    theirs: &'s Store,
    ours: &'s Store,
    asked: Mutex<Vec<usize>>,
    then: Box<dyn Fn() + Sync + 's>,
}

impl<'s> Others<'s> {
    fn new(theirs: &'s Store, ours: &'s Store) -> Self {
        Others {
            theirs,
            ours,
            asked: Mutex::default(),
            then: Box::new(|| ()),
        }
    }

    fn asked(&self) -> Vec<usize> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

impl SharedResults for Others<'_> {
    fn bring(&self, wanted: &[Wanted], warn: &mut dyn FnMut(String)) -> Vec<Digest> {
        self.asked.lock().unwrap().push(wanted.len());
        (self.then)();
        let mut there = Vec::new();
        for Wanted { key, .. } in wanted {
            let Some(record) = self.theirs.shared_record(*key).unwrap() else {
                continue;
            };
            for object in record.objects() {
                self.ours
                    .put_bytes(&self.theirs.read(&object).unwrap())
                    .unwrap();
            }
            self.ours.import(&record, "theirs").unwrap();
            there.push(*key);
        }
        warn("asked".to_owned());
        there
    }

    fn place(&self) -> &str {
        "theirs"
    }
}

fn run(
    lab: &Lab,
    store: &Store,
    others: &Others<'_>,
    steps: &[std::sync::Arc<crate::plan::Step>],
) -> Summary {
    let mut engine = Engine::new(&PlainKeys, lab, store, lab.options.clone());
    engine.shared = Some(others);
    engine.run(steps, &mut |_| ()).expect("the store works")
}

#[test]
fn what_others_have_is_taken_and_the_rest_is_made() {
    let mut theirs = Lab::new();
    let steps = plan(["data", "fit <- data", "table <- fit data"]);
    theirs.run(&plan(["data", "fit <- data"]));
    let (ours, their_store) = (Lab::new(), theirs.store());
    let store = ours.store();
    let others = Others::new(&their_store, &store);
    let summary = run(&ours, &store, &others, &steps);
    assert_eq!(states(&summary), [UpToDate, UpToDate, Done]);
    assert_eq!((summary.totals.fetched, summary.totals.up_to_date), (2, 2));
    assert_eq!(ours.ran(), ["table"]);
    assert_eq!(left(&store, &summary, 2), "table(fit(data()),data())");
    assert_eq!(others.asked(), [1, 1, 1]);
    // What is here is not asked for.
    let again = run(&ours, &store, &others, &steps);
    assert_eq!(states(&again), [UpToDate, UpToDate, UpToDate]);
    assert_eq!((again.totals.fetched, others.asked()), (0, Vec::new()));
}

#[test]
fn steps_that_become_ready_together_are_asked_for_together_and_equal_ones_once() {
    let theirs = Lab::new();
    let ours = Lab::new();
    let (their_store, store) = (theirs.store(), ours.store());
    let others = Others::new(&their_store, &store);
    let mut steps = plan(["left", "right", "other", "end <- left right other"]);
    let params = steps[0].params.clone();
    std::sync::Arc::make_mut(&mut steps[1]).params = params;
    let summary = run(&ours, &store, &others, &steps);
    assert_eq!(summary.totals.done + summary.totals.up_to_date, 4);
    assert_eq!(others.asked(), [2, 1]);
    assert_eq!(ours.ran().len(), 3);
}

#[test]
fn what_is_forced_or_not_kept_or_reached_is_not_asked_for_and_what_is_left_out_is() {
    let mut theirs = Lab::new();
    // What no step reads that is to run is none of it.
    let mut steps = plan([
        "data",
        "fit <- data",
        "table <- fit",
        "other",
        "last <- other",
    ]);
    theirs.run(&steps);
    let mut ours = Lab::new();
    let (their_store, store) = (theirs.store(), ours.store());
    let others = Others::new(&their_store, &store);
    policy(&mut steps, "table", |policy| policy.cache = false);
    ours.options.only = Some(vec![steps[1].id, steps[2].id]);
    ours.options.force = vec![steps[1].id];
    let summary = run(&ours, &store, &others, &steps);
    assert_eq!(
        states(&summary),
        [Unselected, Done, Done, Unselected, Unselected]
    );
    assert_eq!(others.asked(), [1]);
    assert_eq!(ours.ran(), ["fit", "table"]);
}

#[test]
fn an_interrupt_while_others_are_asked_ends_the_run() {
    let theirs = Lab::new();
    let ours = Lab::new();
    let (their_store, store) = (theirs.store(), ours.store());
    let mut others = Others::new(&their_store, &store);
    let interrupt = ours.options.interrupt.clone();
    others.then = Box::new(move || {
        interrupt.store(1, Ordering::SeqCst);
        // Longer than the run takes to see it.
        std::thread::sleep(std::time::Duration::from_millis(200));
    });
    let steps = plan(["data", "fit <- data"]);
    let summary = run(&ours, &store, &others, &steps);
    assert!(summary.stopped);
    assert_eq!(states(&summary), [Cancelled, Cancelled]);
    assert!(ours.ran().is_empty());
}
