//! Optimisers over several steps, and clipping by the global norm.

use sweepline::nn::{Algorithm, Cpu, Init, Optimizer, ParamGradients, Params, Seed};

use super::case::{Answers, Case};

/// The numbered tensors `p0`, `p1`, … of a case as parameters.
fn numbered(case: &Case, letter: &str) -> (Vec<String>, Params<Cpu>) {
    let names: Vec<String> = (0..)
        .map(|i| format!("{letter}{i}"))
        .take_while(|name| case.has(name))
        .collect();
    let mut params = Params::new(&Cpu::default());
    for (index, name) in names.iter().enumerate() {
        let values = case.values(name);
        let mut builder = params.builder(Seed::new(0));
        builder.weight(name, (values.len(),), Init::Constant(0.0));
        params.set(index, values).expect("as many numbers");
    }
    (names, params)
}

fn algorithm(case: &Case) -> Algorithm {
    let number = |key| case.number(key);
    let flag = |key: &str| case.hyperparameters[key].as_bool().expect("true or false");
    match case.text("algorithm") {
        "adam" => {
            let betas = &case.hyperparameters["betas"];
            let betas = [0, 1].map(|i| betas[i].as_f64().expect("a number"));
            Algorithm::Adam {
                betas,
                eps: number("eps"),
            }
        }
        "sgd" => Algorithm::Sgd {
            momentum: number("momentum"),
            nesterov: flag("nesterov"),
        },
        "rmsprop" => Algorithm::RmsProp {
            alpha: number("alpha"),
            eps: number("eps"),
            momentum: number("momentum"),
            centered: flag("centered"),
        },
        other => panic!("{}: no optimiser `{other}`", case.name),
    }
}

pub(super) fn optimizer(case: &Case) -> Answers {
    let (names, mut params) = numbered(case, "p");
    let mut optimizer = Optimizer::new(&params, algorithm(case), case.number("lr"));
    let mut answers = Answers::new();
    for step in 1..=case.number("steps") as usize {
        let values = (0..names.len()).map(|i| Some(case.values(&format!("g{i}.step{step}"))));
        let gradients = ParamGradients::from_host(&params, values.collect());
        optimizer.update(&mut params, &gradients);
        for (index, name) in names.iter().enumerate() {
            answers.put_values(&format!("{name}.after{step}"), &params.values(index));
        }
    }
    for (index, name) in names.iter().enumerate() {
        for (state, values) in optimizer.state(index) {
            answers.put_values(&format!("{name}.{state}"), &values);
        }
    }
    answers
}

pub(super) fn clip_global_norm(case: &Case) -> Answers {
    let (names, params) = numbered(case, "g");
    let values = names.iter().map(|name| Some(case.values(name)));
    let mut gradients = ParamGradients::from_host(&params, values.collect());
    let mut answers = Answers::new();
    let norm = gradients.clip_global_norm(case.number("max_norm"));
    answers.put_doubles("total_norm", vec![norm]);
    for (index, name) in names.iter().enumerate() {
        let clipped = gradients.at(index).expect("a gradient was given");
        answers.put_values(&format!("{name}.clipped"), &clipped);
    }
    answers
}
