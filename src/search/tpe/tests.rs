//! Against Optuna 5.0.0's own densities and splits: `tests/reference/search`.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value as Json;

use crate::random::Seed;
use crate::registry::Value;
use crate::registry::Values;
use crate::search::Condition;
use crate::search::Domain;
use crate::search::Outcome;
use crate::search::Parameter;
use crate::search::Point;
use crate::search::Taken;
use crate::search::Trial;

use super::super::history::Known;
use super::*;

fn reference(file: &str) -> Json {
    let path = format!("tests/reference/search/{file}");
    let text = fs::read_to_string(&path).expect("it is in the repository");
    serde_json::from_str(&text).expect("it is JSON")
}

fn list(json: &Json) -> &[Json] {
    json.as_array().expect("a list")
}

fn numbers(json: &Json) -> Vec<f64> {
    let number = |json: &Json| json.as_f64().expect("a number");
    list(json).iter().map(number).collect()
}

fn domain(json: &Json) -> Domain {
    let is = &json["attributes"];
    let log = is["log"].as_bool().unwrap_or(false);
    match json["name"].as_str().expect("a name") {
        "CategoricalDistribution" => {
            let choice = |json: &Json| Value::from(json.as_str().expect("a text"));
            Domain::Choice(list(&is["choices"]).iter().map(choice).collect())
        }
        "IntDistribution" => Domain::Int {
            low: is["low"].as_i64().expect("a number"),
            high: is["high"].as_i64().expect("a number"),
            step: is["step"].as_i64().expect("a number"),
            log,
        },
        _ => Domain::Float {
            low: is["low"].as_f64().expect("a number"),
            high: is["high"].as_f64().expect("a number"),
            step: is["step"].as_f64(),
            log,
        },
    }
}

fn point(json: &Json) -> Point {
    let value = |json: &Json| match (json.as_str(), json.as_i64()) {
        (Some(text), _) => Value::from(text),
        (_, Some(number)) => Value::from(number),
        _ => Value::from(json.as_f64().expect("a number")),
    };
    let entries = json.as_object().expect("a map").iter();
    entries
        .map(|(name, json)| (name.clone(), value(json)))
        .collect()
}

fn trials(json: &Json) -> Vec<Trial> {
    let trial = |(index, json): (usize, &Json)| Trial {
        index,
        point: point(&json["params"]),
        outcome: match json["value"].as_f64() {
            Some(cost) => Outcome::Finished(vec![cost]),
            None => Outcome::Running,
        },
    };
    list(json).iter().enumerate().map(trial).collect()
}

fn close(got: &[f64], wanted: &[f64], within: f64, what: &str) {
    assert_eq!(got.len(), wanted.len(), "{what}");
    for (got, wanted) in got.iter().zip(wanted) {
        let distance = (got - wanted).abs() / wanted.abs().max(1.0);
        assert!(distance <= within, "{what}: {got} {wanted} {distance:e}");
    }
}

fn ask<'a>(
    space: &'a Space,
    history: &'a [Trial],
    taken: &'a Taken,
    params: &'a Values,
) -> Ask<'a> {
    Ask {
        seed: Seed::new(0),
        k: history.len(),
        space,
        history,
        taken,
        params,
    }
}

fn densities_are_close(densities: &Densities, points: &[Vec<f64>], case: &Json, what: &str) {
    let better = densities.better.log_density(points);
    close(
        &better,
        &numbers(&case["log_l"]),
        1e-9,
        &format!("{what} l"),
    );
    let others = densities.others.log_density(points);
    close(
        &others,
        &numbers(&case["log_g"]),
        1e-9,
        &format!("{what} g"),
    );
}

#[test]
fn densities_are_those_of_the_reference() {
    for case in list(&reference("tpe.json")["cases"]) {
        let what = format!("{} {} {}", case["space"], case["finished"], case["running"]);
        let parameters = case["params"].as_object().expect("a map").iter();
        let parameters = parameters.map(|(name, json)| Parameter {
            name: name.clone(),
            domain: domain(json),
            when: None,
        });
        let space = Space::new(parameters.collect()).expect("the space is right");
        let (history, params) = (trials(&case["trials"]), Values::new());
        let taken = Taken::of(&space, &history);
        let history = History::new(&ask(&space, &history, &taken, &params));
        let split = Split::new(&history.trials);
        let all = (0..space.parameters().len()).collect();
        let densities = Densities::new(&space, all, &split);
        close(
            densities.better.weights(),
            &numbers(&case["weights_l"]),
            1e-12,
            &what,
        );
        close(
            densities.others.weights(),
            &numbers(&case["weights_g"]),
            1e-12,
            &what,
        );
        let candidates: Vec<Vec<f64>> = list(&case["candidates"])
            .iter()
            .map(|json| space.row(&point(json)).expect("it lies in the space"))
            .map(|row| row.into_iter().flatten().collect())
            .collect();
        densities_are_close(&densities, &candidates, case, &what);
    }
}

fn conditional() -> Space {
    let choice = |values: [&str; 2]| Domain::Choice(values.map(Value::from).to_vec());
    let when = |of: &'static str, is: &'static str| {
        let holds = move |point: &Point| point.get(of).and_then(Value::as_str) == Some(is);
        Some(Condition::new(holds))
    };
    let unit = Domain::Float {
        low: 0.0,
        high: 1.0,
        log: false,
        step: None,
    };
    let rate = Domain::Float {
        low: 1e-4,
        high: 1.0,
        log: true,
        step: None,
    };
    let digit = Domain::Int {
        low: 1,
        high: 9,
        log: false,
        step: 1,
    };
    let parameter = |(name, domain, when): (&str, Domain, Option<Condition>)| Parameter {
        name: name.to_owned(),
        domain,
        when,
    };
    let parameters = [
        ("c", choice(["a", "b"]), None),
        ("y", unit, when("c", "a")),
        ("z", choice(["p", "q"]), when("c", "b")),
        ("w", digit, when("z", "q")),
        ("lr", rate, None),
    ];
    Space::new(parameters.map(parameter).to_vec()).expect("the space is right")
}

#[test]
fn conditional_parameters_have_the_groups_and_densities_of_the_reference() {
    let space = conditional();
    let index = |name: &Json| {
        let is = |parameter: &Parameter| name.as_str() == Some(&parameter.name);
        space
            .parameters()
            .iter()
            .position(is)
            .expect("it is a parameter")
    };
    for case in list(&reference("more.json")["conditional"]) {
        let (history, params) = (trials(&case["trials"]), Values::new());
        let taken = Taken::of(&space, &history);
        let history = History::new(&ask(&space, &history, &taken, &params));
        assert_eq!(history.trials.len(), list(&case["trials"]).len());
        let split = Split::new(&history.trials);
        let mut expected = BTreeSet::new();
        for group in list(&case["groups"]) {
            let indices: Vec<usize> = list(&group["names"]).iter().map(index).collect();
            let names = list(&group["names"]).iter();
            let names: Vec<&str> = names.map(|name| name.as_str().expect("a text")).collect();
            let number = |json: &Json| {
                let point = point(json);
                let numbers = names.iter().zip(&indices);
                let number = |(name, i): (&&str, &usize)| {
                    space.parameters()[*i].domain.number(&point[*name])
                };
                numbers
                    .map(number)
                    .collect::<Result<Vec<f64>, _>>()
                    .expect("it lies there")
            };
            let points: Vec<Vec<f64>> = list(&group["points"]).iter().map(number).collect();
            let densities = Densities::new(&space, indices.clone(), &split);
            densities_are_close(&densities, &points, group, &group["names"].to_string());
            expected.insert(indices.into_iter().collect::<BTreeSet<usize>>());
        }
        let groups = groups::of(&space, &history.trials, true);
        // What no trial that ended has had stands alone.
        let known: BTreeSet<usize> = expected.iter().flatten().copied().collect();
        let unknown = (0..space.parameters().len()).filter(|i| !known.contains(i));
        expected.extend(unknown.map(|i| BTreeSet::from([i])));
        let groups: BTreeSet<BTreeSet<usize>> = groups
            .into_iter()
            .map(|group| group.into_iter().collect())
            .collect();
        assert_eq!(groups, expected);
    }
}

/// Which trials are the better ones when these are the outcomes.
fn better(outcomes: &[Outcome]) -> Vec<usize> {
    let known = |(i, outcome)| Known {
        row: vec![Some(i as f64)],
        outcome,
    };
    let known: Vec<Known<'_>> = outcomes.iter().enumerate().map(known).collect();
    let split = Split::new(&known);
    let index = |row: &&[Option<f64>]| row[0].expect("it is there") as usize;
    split.better.iter().map(index).collect()
}

fn indices(json: &Json) -> Vec<usize> {
    let indices = numbers(json).into_iter();
    indices.map(|number| number as usize).collect()
}

#[test]
fn several_objectives_split_as_in_the_reference() {
    for case in list(&reference("more.json")["several"]) {
        let outcomes = list(&case["costs"]).iter();
        let outcomes: Vec<Outcome> = outcomes
            .map(|costs| Outcome::Finished(numbers(costs)))
            .collect();
        let what = format!("{} trials", outcomes.len());
        assert_eq!(better(&outcomes), indices(&case["below"]), "{what}");
    }
}

#[test]
fn stopped_trials_rank_as_in_the_reference() {
    for case in list(&reference("more.json")["stopped"]) {
        let outcome = |json: &Json| {
            let cost = json["cost"].as_f64().expect("a number");
            match json["budget"].as_f64() {
                Some(budget) => Outcome::Stopped { budget, cost },
                None => Outcome::Finished(vec![cost]),
            }
        };
        let outcomes: Vec<Outcome> = list(&case["trials"]).iter().map(outcome).collect();
        assert_eq!(better(&outcomes), indices(&case["below"]));
    }
}

#[test]
fn what_failed_is_counted_and_never_among_the_better() {
    let mut outcomes = vec![Outcome::Worst; 30];
    outcomes[4] = Outcome::Finished(vec![1.0]);
    outcomes[9] = Outcome::Finished(vec![f64::NAN]);
    outcomes[10] = Outcome::Stopped {
        budget: 9.0,
        cost: f64::NAN,
    };
    outcomes[20] = Outcome::Finished(vec![f64::NEG_INFINITY]);
    outcomes[21] = Outcome::Running;
    assert_eq!(better(&outcomes), [4]);
    assert_eq!(better(&vec![Outcome::Worst; 30]), [0usize; 0]);
}

/// Kolmogorov's distance at n = 4000: 1.95 / √n has probability 0.001. The distribution function is
/// the sum of the density, over a fine grid or over all values.
#[test]
fn candidates_have_the_distribution_of_the_density() {
    let cases = reference("tpe.json");
    let of_one = |case: &&Json| case["finished"] == 24 && case["space"] != "joint";
    for case in list(&cases["cases"]).iter().filter(of_one) {
        let (name, json) = case["params"]
            .as_object()
            .expect("a map")
            .iter()
            .next()
            .expect("one");
        let domain = domain(json);
        let parameter = Parameter {
            name: name.clone(),
            domain: domain.clone(),
            when: None,
        };
        let space = Space::new(vec![parameter]).expect("the space is right");
        let (history, params) = (trials(&case["trials"]), Values::new());
        let taken = Taken::of(&space, &history);
        let history = History::new(&ask(&space, &history, &taken, &params));
        let split = Split::new(&history.trials);
        let density = Densities::new(&space, vec![0], &split).better;
        let n = 4000;
        let mut drawn = density.sample(n, &mut Seed::new(9).stream(0));
        drawn.sort_by(|a, b| a[0].total_cmp(&b[0]));
        let (low, high) = domain.edges();
        let count = domain.size().unwrap_or(20_000);
        let places: Vec<Vec<f64>> = (0..count)
            .map(|i| match domain.size() {
                Some(_) => vec![domain.nth(i)],
                None => {
                    let place = low + (i as f64 + 0.5) / count as f64 * (high - low);
                    vec![if domain.is_log() { place.exp() } else { place }]
                }
            })
            .collect();
        let width = match domain.size() {
            Some(_) => 1.0,
            None => (high - low) / count as f64,
        };
        let mut below = 0.0;
        let mut distance: f64 = 0.0;
        for (place, log) in places.iter().zip(density.log_density(&places)) {
            below += log.exp() * width;
            let share =
                drawn.partition_point(|drawn| drawn[0] <= place[0] + 1e-12) as f64 / n as f64;
            distance = distance.max((share - below).abs());
        }
        assert!((below - 1.0).abs() < 1e-6, "{name}: {below}");
        assert!(
            distance < 1.95 / (n as f64).sqrt() + width.min(1e-3),
            "{name}: {distance}"
        );
    }
}
