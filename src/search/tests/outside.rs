//! What a program that proposes reads, and what is made of its answers.

use serde_json::Value as Json;

use crate::random::Seed;
use crate::registry::Value;
use crate::registry::Values;

use super::super::outside::OutsideError;
use super::super::outside::Redrawn;
use super::super::*;
use super::spaces::*;

fn history() -> Vec<Trial> {
    let outcomes = [
        Outcome::Finished(vec![0.5]),
        Outcome::Worst,
        Outcome::Running,
        Outcome::Stopped {
            budget: 3.0,
            cost: 1.0,
        },
    ];
    let trial = |(index, outcome)| Trial {
        index,
        point: point(&[("c", "a".into()), ("n", (index as i64).into())]),
        outcome,
    };
    outcomes.into_iter().enumerate().map(trial).collect()
}

fn with<T>(then: impl Fn(&Ask<'_>) -> T) -> T {
    let space = plain(&[("c", choices(&["a", "b"])), ("n", int(0, 9))]);
    let (history, params) = (history(), Values::new());
    let (seed, k) = (Seed::new(1), history.len());
    then(&Ask {
        seed,
        k,
        space: &space,
        history: &history,
        taken: &Taken::of(&space, &history),
        params: &params,
    })
}

#[test]
fn it_reads_the_space_and_every_trial() {
    let request = with(outside::request);
    let lines: Vec<Json> = request
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[0]["ask"], 4);
    assert!(lines[0]["seed"].as_u64().expect("a number") < 1 << 53);
    assert_eq!(lines[0]["parameters"][0]["choice"][1], "b");
    assert_eq!(lines[0]["parameters"][1]["int"]["high"], 9);
    assert_eq!(lines[1]["costs"][0], 0.5);
    let states: Vec<&str> = lines[1..]
        .iter()
        .map(|line| line["state"].as_str().expect("a text"))
        .collect();
    assert_eq!(states, ["finished", "failed", "running", "stopped"]);
    assert_eq!(lines[2]["point"]["n"], 1);
}

#[test]
fn its_point_is_taken_unless_it_is_there_already() {
    let answered = |text: &str| with(|ask| outside::proposal(ask, text)).expect("an answer");
    let answer = |text: &str| answered(text).proposal;
    let new = point(&[("c", "b".into()), ("n", 7.into())]);
    let text = "loading …\n{\"point\": {\"c\": \"b\", \"n\": 7}}\n\n";
    assert_eq!(answer(text), Proposal::Point(new));
    assert_eq!(answered(text).redrawn, None);
    assert_eq!(answer("{\"exhausted\": true}"), Proposal::Exhausted);
    let old = point(&[("c", "a".into()), ("n", 2.into())]);
    let again = "{\"point\": {\"c\": \"a\", \"n\": 2}}";
    assert_eq!(answered(again).redrawn, Some(Redrawn::Again));
    let Proposal::Point(other) = answer(again) else {
        panic!("there are others");
    };
    assert_ne!(other, old);
}

#[test]
fn its_point_is_drawn_again_where_a_condition_leaves_it_out() {
    let small = |point: &Point| point.get("n").and_then(Value::as_int) < Some(4);
    let space = plain(&[("n", int(1, 9))]).within(Condition::new(small));
    let ask = Ask {
        seed: Seed::new(1),
        k: 0,
        space: &space,
        history: &[],
        taken: &Taken::default(),
        params: &Values::new(),
    };
    let answered = outside::proposal(&ask, "{\"point\": {\"n\": 7}}").expect("an answer");
    assert_eq!(answered.redrawn, Some(Redrawn::LeftOut));
    let Proposal::Point(point) = answered.proposal else {
        panic!("there are others");
    };
    assert!(small(&point), "{point:?}");
}

/// Neighbours are two points, however near.
#[test]
fn its_numbers_keep_all_their_digits() {
    let uniform = Domain::Float {
        low: 0.0,
        high: 1.0,
        log: false,
        step: None,
    };
    let x = Parameter {
        name: "x".to_owned(),
        domain: uniform,
        when: None,
    };
    let space = Space::new(vec![x]).expect("a space");
    let known = Trial {
        index: 0,
        point: point(&[("x", 0.500_001.into())]),
        outcome: Outcome::Running,
    };
    let taken = Taken::of(&space, std::slice::from_ref(&known));
    let ask = Ask {
        seed: Seed::new(1),
        k: 1,
        space: &space,
        history: &[known],
        taken: &taken,
        params: &Values::new(),
    };
    let answered = outside::proposal(&ask, "{\"point\": {\"x\": 0.500002}}");
    let near = point(&[("x", 0.500_002.into())]);
    assert_eq!(
        answered.expect("it lies there").proposal,
        Proposal::Point(near)
    );
}

#[test]
fn what_is_no_answer_says_so() {
    let error = |text: &str| with(|ask| outside::proposal(ask, text)).expect_err("no answer");
    assert!(matches!(error(" \n"), OutsideError::Silent));
    assert!(matches!(
        error("Traceback …"),
        OutsideError::NoAnswer { .. }
    ));
    assert!(matches!(
        error("{\"points\": {}}"),
        OutsideError::NoAnswer { .. }
    ));
    let text = error("{\"point\": {\"c\": \"b\", \"n\": 10}}").to_string();
    assert_eq!(
        text,
        "its point does not lie in the space: `n` is 10, which is above 9"
    );
    let text = error("{\"point\": {\"c\": \"b\"}}").to_string();
    assert_eq!(
        text,
        "its point does not lie in the space: `n` has no value"
    );
}
