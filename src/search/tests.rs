//! What holds for every method and every space.

mod halving;
mod importance;
mod outside;
mod spaces;

use std::collections::BTreeSet;

use crate::random::Seed;
use crate::registry::Value;
use crate::registry::Values;

use super::*;
use spaces::*;

fn propose(method: &dyn Method, seed: u64, space: &Space, history: &[Trial]) -> Proposal {
    let proposal = method.propose(&Ask {
        seed: Seed::new(seed),
        k: history.len(),
        space,
        history,
        taken: &Taken::of(space, history),
        params: &params(method),
    });
    proposal.expect("its parameters have defaults")
}

/// What a method must be given.
fn params(method: &dyn Method) -> Values {
    let budget = |name: &str, value: i64| (name.to_owned(), value.into());
    let needs = method.params().iter().any(|param| param.name == "min");
    if method.is_outside() {
        // The program is asked of none.
        let run = ("run".to_owned(), Value::List(vec!["false".into()]));
        return [run, budget("startup", 10_000)].into_iter().collect();
    }
    let budgets = [budget("min", 1), budget("max", 16)];
    budgets.into_iter().filter(|_| needs).collect()
}

/// Trials one after the other, each of which sees all before it.
fn trials(method: &dyn Method, seed: u64, space: &Space, n: usize) -> Vec<Trial> {
    let mut trials = Vec::new();
    while trials.len() < n {
        let Proposal::Point(point) = propose(method, seed, space, &trials) else {
            break;
        };
        let outcome = Outcome::of(vec![point_cost(&point)]);
        trials.push(Trial {
            index: trials.len(),
            point,
            outcome,
        });
    }
    trials
}

#[test]
fn methods_are_sorted_and_found_by_name() {
    let names: Vec<&str> = ALL.iter().map(|method| method.name()).collect();
    assert!(names.is_sorted());
    assert!(names.iter().all(|name| find(name).is_some()));
}

#[test]
fn every_point_lies_in_its_space_and_no_two_are_equal() {
    for method in ALL {
        for (name, space) in all() {
            let trials = trials(*method, 3, &space, 40);
            for trial in &trials {
                let lies = space.contains(&trial.point);
                assert_eq!(lies, Ok(()), "{} {name} {:?}", method.name(), trial.point);
            }
            let distinct: BTreeSet<String> = trials
                .iter()
                .map(|trial| format!("{:?}", trial.point))
                .collect();
            assert_eq!(distinct.len(), trials.len(), "{} {name}", method.name());
        }
    }
}

#[test]
fn a_proposal_depends_on_its_arguments_alone() {
    for method in ALL {
        for (name, space) in all() {
            let trials = trials(*method, 5, &space, 20);
            let mut turned = trials[..trials.len() - 1].to_vec();
            turned.reverse();
            let again = propose(*method, 5, &space, &turned);
            let last = trials
                .last()
                .expect("every space has a point")
                .point
                .clone();
            assert_eq!(again, Proposal::Point(last), "{} {name}", method.name());
            if space.size().is_none() {
                let other = propose(*method, 6, &space, &turned);
                assert_ne!(again, other, "{} {name}: the seed", method.name());
            }
        }
    }
}

#[test]
fn a_finite_space_is_proposed_once_over_and_then_exhausted() {
    for method in ALL {
        for (name, space) in all() {
            let Some(size) = space.size() else { continue };
            let trials = trials(*method, 1, &space, size + 5);
            assert_eq!(trials.len(), size, "{} {name}", method.name());
            assert_eq!(propose(*method, 1, &space, &trials), Proposal::Exhausted);
        }
    }
}

#[test]
fn points_that_lie_elsewhere_are_passed_over() {
    let space = choice(&["a", "b"]);
    let elsewhere = |index, point| Trial {
        index,
        point,
        outcome: Outcome::Finished(vec![1.0]),
    };
    let history = [
        elsewhere(0, point(&[("c", "z".into())])),
        elsewhere(1, point(&[("c", "a".into()), ("d", 1.into())])),
        elsewhere(2, Point::new()),
        elsewhere(3, point(&[("c", "a".into())])),
    ];
    for method in ALL {
        let Proposal::Point(left) = propose(*method, 1, &space, &history) else {
            panic!("one is left");
        };
        assert_eq!(left, point(&[("c", "b".into())]));
    }
}

/// Each of 16 slices of each parameter has one of the first 16 points, whatever the seed.
#[test]
fn sobol_points_fill_every_slice() {
    let space = plain(&[
        ("x", float(0.0, 16.0)),
        ("y", float(0.0, 16.0)),
        ("z", float(0.0, 16.0)),
    ]);
    for seed in 0..5 {
        let trials = trials(&sobol::Sobol, seed, &space, 16);
        for name in ["x", "y", "z"] {
            let value = |trial: &Trial| trial.point[name].as_float().expect("a number") as i64;
            let slices: BTreeSet<i64> = trials.iter().map(value).collect();
            assert_eq!(slices.len(), 16, "{name} {seed}");
        }
    }
}

/// Each of 2, 3 and 5 slices, and of 4, 9 and 25, has as many of the first points, whatever the seed.
#[test]
fn halton_points_fill_every_slice() {
    let names = ["x", "y", "z"];
    let space = plain(&names.map(|name| (name, float(0.0, 1.0))));
    for seed in 0..5 {
        let trials = trials(&halton::Halton, seed, &space, 25);
        for (name, base) in names.iter().zip([2usize, 3, 5]) {
            for slices in [base, base * base] {
                let value = |trial: &Trial| trial.point[*name].as_float().expect("a number");
                let slice = |trial: &Trial| (value(trial) * slices as f64) as usize;
                let found: BTreeSet<usize> = trials[..slices].iter().map(slice).collect();
                assert_eq!(found.len(), slices, "{name} {seed}");
            }
        }
    }
}

/// A space of 300 parameters has more than the sequence has dimensions.
#[test]
fn sobol_goes_on_beyond_its_dimensions() {
    let names: Vec<String> = (0..300).map(|i| format!("x{i:03}")).collect();
    let space: Vec<(&str, Domain)> = names
        .iter()
        .map(|name| (name.as_str(), float(0.0, 1.0)))
        .collect();
    let trials = trials(&sobol::Sobol, 0, &plain(&space), 8);
    let column = |name: &str| -> Vec<f64> {
        let value = |trial: &Trial| trial.point[name].as_float().expect("a number");
        trials.iter().map(value).collect()
    };
    assert_ne!(column("x000"), column("x256"));
}

/// Kolmogorov's distance at n = 4000: 1.95 / √n has probability 0.001.
#[test]
fn random_points_have_the_distribution_of_their_domain() {
    let space = plain(&[
        ("u", float(-5.0, 10.0)),
        (
            "l",
            Domain::Float {
                low: 1e-5,
                high: 1e-1,
                log: true,
                step: None,
            },
        ),
        (
            "n",
            Domain::Int {
                low: 4,
                high: 512,
                log: true,
                step: 1,
            },
        ),
    ]);
    let n = 4000;
    let mut units: Vec<[f64; 3]> = (0..n)
        .map(|k| {
            let ask = Ask {
                seed: Seed::new(2),
                k,
                space: &space,
                history: &[],
                taken: &Taken::default(),
                params: &Values::new(),
            };
            let Ok(Proposal::Point(point)) = random::Random.propose(&ask) else {
                panic!("the space is endless");
            };
            let value = |name: &str| point[name].as_float().expect("a number");
            [
                (value("u") + 5.0) / 15.0,
                (value("l") / 1e-5).ln() / 1e4f64.ln(),
                ((value("n") + 0.5) / 3.5).ln() / (512.5f64 / 3.5).ln(),
            ]
        })
        .collect();
    for i in 0..3 {
        units.sort_by(|a, b| a[i].total_cmp(&b[i]));
        let distance = units.iter().enumerate().map(|(rank, unit)| {
            // The upper end of a whole number's share: all equal numbers below it.
            let below = units
                .partition_point(|other| other[i] <= unit[i])
                .max(rank + 1);
            (below as f64 / n as f64 - unit[i]).abs()
        });
        assert!(
            distance.fold(0.0, f64::max) < 1.95 / (n as f64).sqrt(),
            "{i}"
        );
    }
}
