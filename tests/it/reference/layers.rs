//! Affine layer and activations.

use sweepline::nn::{Activation, Backend, Cpu, Vector};

use super::case::{Answers, Case, pull_back, tape};

pub(super) fn linear(case: &Case) -> Answers {
    let tape = tape();
    let x = case.matrix("x").watched(&tape);
    let weight = case.tensor::<(usize, usize)>("weight").watched(&tape);
    let bias = case.vector("bias").watched(&tape);
    let identity = Activation::Identity;
    let y = Cpu::linear(x.clone(), weight.clone(), Some(bias.clone()), identity);
    let mut answers = Answers::new();
    answers.put("y", &y);
    let mut gradients = pull_back(y, case.matrix("upstream"));
    answers.put("grad.x", &gradients.of(&x));
    answers.put("grad.weight", &gradients.of(&weight));
    answers.put("grad.bias", &gradients.of(&bias));
    answers
}

/// An activation by its name among a case's settings.
pub(super) fn by_name(case: &Case, key: &str) -> Activation {
    match case.text(key) {
        "leaky_relu" => Activation::LeakyRelu(case.number("slope") as f32),
        "elu" => Activation::Elu(case.number("alpha") as f32),
        name => Activation::named(&name.replace('_', "-"))
            .unwrap_or_else(|| panic!("{}: no activation `{name}`", case.name)),
    }
}

pub(super) fn activation(case: &Case) -> Answers {
    let x: Vector<Cpu> = case.vector("x").watched(&tape());
    let y = by_name(case, "function").apply(x.clone());
    let mut answers = Answers::new();
    answers.put("y", &y);
    answers.put("grad.x", &pull_back(y, case.vector("upstream")).of(&x));
    answers
}
