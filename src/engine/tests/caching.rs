//! What runs, and what does not have to.

use super::kit::*;
use crate::engine::State::*;

#[test]
fn a_second_run_makes_nothing() {
    let mut lab = Lab::new();
    let steps = plan(["data", "fit <- data", "table <- fit data"]);
    let first = lab.run(&steps);
    assert_eq!(states(&first), [Done, Done, Done]);
    assert_eq!(lab.ran(), ["data", "fit", "table"]);
    let store = lab.store();
    let second = lab.run_in(&store, &steps);
    assert_eq!(states(&second), [UpToDate, UpToDate, UpToDate]);
    assert!(lab.ran().is_empty());
    assert_eq!(left(&store, &second, 2), "table(fit(data()),data())");
}

#[test]
fn a_step_that_makes_the_same_bytes_wakes_nobody() {
    let mut lab = Lab::new();
    let mut steps = plan(["data", "clean <- data", "fit <- clean"]);
    lab.on("clean", |_, _| text("always the same"));
    lab.run(&steps);
    lab.ran();
    lab.on("data", |_, _| text("other data"));
    policy(&mut steps, "data", |policy| policy.cache = false);
    let again = lab.run(&steps);
    assert_eq!(states(&again), [Done, Done, UpToDate]);
    assert_eq!(lab.ran(), ["clean", "data"]);
}

#[test]
fn equal_keys_run_once() {
    let mut lab = Lab::new();
    let mut steps = plan(["left", "right", "end <- left right"]);
    let params = steps[0].params.clone();
    std::sync::Arc::make_mut(&mut steps[1]).params = params;
    lab.on("left", |_, _| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        text("same")
    });
    let summary = lab.run(&steps);
    assert_eq!(states(&summary), [Done, UpToDate, Done]);
    assert_eq!(lab.ran(), ["end", "left"]);
}

#[test]
fn a_deleted_object_runs_only_the_step_that_makes_it() {
    let mut lab = Lab::new();
    let steps = plan(["data", "fit <- data", "score <- fit"]);
    let first = lab.run(&steps);
    lab.ran();
    let store = lab.store();
    let fit = first.steps[1].result.clone().unwrap().outputs["out"].files["text"];
    std::fs::remove_file(store.path(&fit)).unwrap();
    let healed = lab.run_in(&store, &steps);
    assert_eq!(states(&healed), [UpToDate, Done, UpToDate]);
    assert_eq!(lab.ran(), ["fit"]);
}

#[test]
fn a_damaged_object_is_made_again_with_a_warning() {
    let mut lab = Lab::new();
    let steps = plan(["data", "fit <- data"]);
    let first = lab.run(&steps);
    lab.ran();
    let store = lab.store();
    let data = first.steps[0].result.clone().unwrap().outputs["out"].files["text"];
    let path = store.path(&data);
    // The same length, so that only the content tells.
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "DATA()").unwrap();
    let healed = lab.run_in(&store, &steps);
    assert_eq!(states(&healed), [Done, UpToDate]);
    let warned = |event: &crate::engine::Event| matches!(event, crate::engine::Event::Warning { message, .. } if message.contains("is damaged"));
    assert!(lab.events.iter().any(warned), "{:?}", lab.events);
    assert_eq!(left(&store, &healed, 0), "data()");
}
