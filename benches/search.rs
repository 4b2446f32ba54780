//! How good searches are after so many trials, and what a proposal costs: known functions, a space with
//! conditions, and a recorded sweep. `benches/peers/search.py` sets Optuna beside it.
//!
//! `cargo bench --bench search -- [--seeds 30] [--methods tpe,random] [--problems …] [--rows FILE]
//! [--cost]` prints a line of JSON per search: its regret after 25, 50, 100 and 200 trials. `--rows`
//! leaves the trials of the last search as CSV; `--cost` times proposals at 1,000 trials instead.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints what it found, and stops where its own data are wrong"
)]

use std::env;
use std::f64::consts::PI;
use std::fs;
use std::time::Instant;

use sweepline::random::Seed;
use sweepline::registry::Value;
use sweepline::registry::Values;
use sweepline::search::Ask;
use sweepline::search::Condition;
use sweepline::search::Domain;
use sweepline::search::Method;
use sweepline::search::Outcome;
use sweepline::search::Parameter;
use sweepline::search::Point;
use sweepline::search::Proposal;
use sweepline::search::Space;
use sweepline::search::Taken;
use sweepline::search::Trial;
use sweepline::search::find;

const AFTER: [usize; 4] = [25, 50, 100, 200];

/// A space, a cost to be made small, and the least that there is.
struct Problem {
    name: &'static str,
    space: Space,
    cost: Box<dyn Fn(&Point) -> f64>,
    least: f64,
}

fn float(low: f64, high: f64) -> Domain {
    Domain::Float {
        low,
        high,
        log: false,
        step: None,
    }
}

fn log(low: f64, high: f64) -> Domain {
    Domain::Float {
        low,
        high,
        log: true,
        step: None,
    }
}

fn int(low: i64, high: i64) -> Domain {
    Domain::Int {
        low,
        high,
        log: false,
        step: 1,
    }
}

fn space(parameters: Vec<(String, Domain, Option<Condition>)>) -> Space {
    let parameter = |(name, domain, when)| Parameter { name, domain, when };
    Space::new(parameters.into_iter().map(parameter).collect()).unwrap()
}

fn boxed(n: usize, domain: impl Fn(usize) -> Domain) -> Space {
    space((0..n).map(|i| (format!("x{i}"), domain(i), None)).collect())
}

fn numbers(point: &Point) -> Vec<f64> {
    let number = |i| point.get(format!("x{i}").as_str())?.as_float();
    (0..).map_while(number).collect()
}

fn branin(x: &[f64]) -> f64 {
    let (a, b) = (x[0], x[1]);
    let bend = b - 5.1 / (4.0 * PI * PI) * a * a + 5.0 / PI * a - 6.0;
    bend * bend + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * a.cos() + 10.0
}

fn hartmann6(x: &[f64]) -> f64 {
    const HEIGHTS: [f64; 4] = [1.0, 1.2, 3.0, 3.2];
    const WIDTHS: [[f64; 6]; 4] = [
        [10.0, 3.0, 17.0, 3.5, 1.7, 8.0],
        [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
        [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
        [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
    ];
    const MIDDLES: [[f64; 6]; 4] = [
        [1312.0, 1696.0, 5569.0, 124.0, 8283.0, 5886.0],
        [2329.0, 4135.0, 8307.0, 3736.0, 1004.0, 9991.0],
        [2348.0, 1451.0, 3522.0, 2883.0, 3047.0, 6650.0],
        [4047.0, 8828.0, 8732.0, 5743.0, 1091.0, 381.0],
    ];
    let bump = |i: usize| {
        let square = |j: usize| WIDTHS[i][j] * (x[j] - 1e-4 * MIDDLES[i][j]).powi(2);
        HEIGHTS[i] * (-(0..6).map(square).sum::<f64>()).exp()
    };
    -(0..4).map(bump).sum::<f64>()
}

fn rosenbrock(x: &[f64]) -> f64 {
    let part =
        |pair: &[f64]| 100.0 * (pair[1] - pair[0] * pair[0]).powi(2) + (1.0 - pair[0]).powi(2);
    x.windows(2).map(part).sum()
}

/// Two branches with parameters of their own; the better one has the narrower valley.
fn conditional(point: &Point) -> f64 {
    let number = |name: &str| point[name].as_float().unwrap();
    match point["model"].as_str() {
        Some("kernel") => {
            let (c, gamma) = (number("c").log10(), number("gamma").log10());
            0.05 + 0.1 * (c - 1.0).powi(2) + 0.05 * (gamma + 2.0).powi(2)
        }
        _ => {
            let (depth, share) = (number("depth"), number("share"));
            ((depth - 12.0) / 16.0).powi(2) + 2.0 * (share - 0.4).powi(2)
        }
    }
}

fn conditional_space() -> Space {
    let when = |is: &'static str| {
        Some(Condition::new(move |point| {
            point["model"].as_str() == Some(is)
        }))
    };
    let models = Domain::Choice(["kernel", "forest"].map(Value::from).to_vec());
    space(vec![
        ("model".into(), models, None),
        ("c".into(), log(1e-3, 1e3), when("kernel")),
        ("gamma".into(), log(1e-6, 1e1), when("kernel")),
        ("depth".into(), int(1, 64), when("forest")),
        ("share".into(), float(0.05, 1.0), when("forest")),
    ])
}

/// What 200 trainings of a VAE on 2,000 digits gave (latent size, width, learning rate; its negative ELBO on 500 others), looked up by
/// places on the axes. Those that diverged have no number.
fn recorded() -> Problem {
    let text = fs::read_to_string("benches/cases/recorded.csv").unwrap();
    let rows: Vec<Vec<f64>> = text
        .lines()
        .skip(1)
        .map(|line| {
            line.split(',')
                .map(|cell| cell.parse().unwrap_or(f64::NAN))
                .collect()
        })
        .collect();
    let axis = |i: usize| {
        let mut values: Vec<f64> = rows.iter().map(|row| row[i]).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        values
    };
    let axes = [axis(0), axis(1), axis(2)];
    let sizes = axes.each_ref().map(|axis| axis.len() as i64 - 1);
    let costs: Vec<f64> = rows.iter().map(|row| row[3]).collect();
    let least = costs.iter().copied().fold(f64::INFINITY, f64::min);
    let cost = move |point: &Point| {
        let at = numbers(point);
        let values = [0, 1, 2].map(|i| axes[i][at[i] as usize]);
        let row = rows.iter().position(|row| row[..3] == values).unwrap();
        costs[row]
    };
    let space = boxed(3, |i| int(0, sizes[i]));
    Problem {
        name: "recorded",
        space,
        cost: Box::new(cost),
        least,
    }
}

fn problems() -> Vec<Problem> {
    let of_numbers = |name, space, cost: fn(&[f64]) -> f64, least| Problem {
        name,
        space,
        cost: Box::new(move |point| cost(&numbers(point))),
        least,
    };
    let branin_box = |i| {
        if i == 0 {
            float(-5.0, 10.0)
        } else {
            float(0.0, 15.0)
        }
    };
    vec![
        of_numbers(
            "branin",
            boxed(2, branin_box),
            branin,
            0.397_887_357_729_738,
        ),
        of_numbers(
            "hartmann6",
            boxed(6, |_| float(0.0, 1.0)),
            hartmann6,
            -3.322_368_011_415_51,
        ),
        of_numbers(
            "rosenbrock10",
            boxed(10, |_| float(-5.0, 10.0)),
            rosenbrock,
            0.0,
        ),
        Problem {
            name: "conditional",
            space: conditional_space(),
            cost: Box::new(conditional),
            least: 0.0,
        },
        recorded(),
    ]
}

/// One search; each trial sees all before it.
fn search(problem: &Problem, method: &dyn Method, seed: u64) -> (Vec<Trial>, f64) {
    let mut trials: Vec<Trial> = Vec::new();
    let mut seconds = 0.0;
    for k in 0..AFTER[3] {
        let params = Values::new();
        let taken = Taken::of(&problem.space, &trials);
        let ask = Ask {
            seed: Seed::new(seed),
            k,
            space: &problem.space,
            history: &trials,
            taken: &taken,
            params: &params,
        };
        let begun = Instant::now();
        let proposal = method.propose(&ask).unwrap();
        seconds += begun.elapsed().as_secs_f64();
        let Proposal::Point(point) = proposal else {
            break;
        };
        let outcome = Outcome::of(vec![(problem.cost)(&point)]);
        trials.push(Trial {
            index: k,
            point,
            outcome,
        });
    }
    (trials, seconds)
}

fn regrets(problem: &Problem, trials: &[Trial]) -> Vec<f64> {
    let after = |n: usize| {
        let costs = trials
            .iter()
            .take(n)
            .filter_map(|trial| trial.outcome.costs());
        costs.map(|costs| costs[0]).fold(f64::INFINITY, f64::min) - problem.least
    };
    AFTER.iter().map(|&n| after(n)).collect()
}

/// Milliseconds of a proposal after 1,000 random trials, the median of 20.
fn cost(problem: &Problem, method: &dyn Method) -> f64 {
    let random = find("random").unwrap();
    let params = Values::new();
    let mut trials: Vec<Trial> = Vec::new();
    let ask = |k, history, taken| Ask {
        seed: Seed::new(1),
        k,
        space: &problem.space,
        history,
        taken,
        params: &params,
    };
    let none = Taken::default();
    for k in 0..1000 {
        if let Proposal::Point(point) = random.propose(&ask(k, &[], &none)).unwrap() {
            let outcome = Outcome::of(vec![(problem.cost)(&point)]);
            trials.push(Trial {
                index: k,
                point,
                outcome,
            });
        }
    }
    let taken = Taken::of(&problem.space, &trials);
    let mut times: Vec<f64> = (0..20)
        .map(|k| {
            let begun = Instant::now();
            method.propose(&ask(1000 + k, &trials, &taken)).unwrap();
            begun.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[10]
}

fn csv(trials: &[Trial], space: &Space) -> String {
    let names: Vec<&str> = space.parameters().iter().map(|p| p.name.as_str()).collect();
    let mut text = format!("trial,{},value\n", names.join(","));
    for trial in trials {
        let cell = |name: &&str| {
            trial
                .point
                .get(name)
                .map_or(String::new(), Value::to_string)
        };
        let cells: Vec<String> = names.iter().map(cell).collect();
        let cost = trial.outcome.costs().map_or(f64::NAN, |costs| costs[0]);
        text.push_str(&format!("{},{},{cost}\n", trial.index, cells.join(",")));
    }
    text
}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    let given = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).cloned()
    };
    let among = |list: &Option<String>, name: &str| {
        list.as_ref()
            .is_none_or(|list| list.split(',').any(|one| one == name))
    };
    let seeds: u64 = given("--seeds").map_or(30, |seeds| seeds.parse().unwrap());
    let methods = given("--methods").unwrap_or("tpe,random,sobol,halton".to_owned());
    let asked = given("--problems");
    for problem in problems()
        .iter()
        .filter(|problem| among(&asked, problem.name))
    {
        for name in methods.split(',') {
            let method = find(name).unwrap();
            if arguments.iter().any(|argument| argument == "--cost") {
                if problem.space.size().is_some_and(|size| size < 2000) {
                    continue;
                }
                let ms = cost(problem, method);
                println!(
                    r#"{{"problem":"{}","method":"{name}","ms":{ms}}}"#,
                    problem.name
                );
                continue;
            }
            for seed in 0..seeds {
                let (trials, seconds) = search(problem, method, seed);
                let regrets = regrets(problem, &trials);
                let name_of = problem.name;
                println!(
                    r#"{{"problem":"{name_of}","method":"{name}","seed":{seed},"regrets":{regrets:?},"seconds":{seconds}}}"#
                );
                if let Some(path) = given("--rows") {
                    fs::write(path, csv(&trials, &problem.space)).unwrap();
                }
            }
        }
    }
}
