//! The gradient penalty of WGAN-GP.

use sweepline::nn::layers::{Stack, Stage, rows};
use sweepline::nn::{
    Activation, Builder, Conv2d, Cpu, Images, Linear, Params, Pass, Scalar, Seed, Statistics,
    Vector, Window, penalty,
};

use super::case::{Answers, Case, fill, number, put_gradients};

/// The critic that the formula of a case describes: its layers are `f.0`, `f.1`, …
fn critic(case: &Case, builder: &mut Builder<Cpu>) -> Stack {
    let activation = case.between(" with ", " between them");
    let activation = match activation.strip_prefix("leaky_relu_") {
        Some(slope) => Activation::LeakyRelu(slope.parse().expect("a slope")),
        None => Activation::named(activation).expect("an activation"),
    };
    let weight = |i: usize| format!("f.{i}.weight");
    let count = (0..).take_while(|i| case.has(&weight(*i))).count();
    let stage = |i: usize| {
        let activation = match i + 1 == count {
            true => Activation::Identity,
            false => activation,
        };
        let shape = case.shape(&weight(i)).to_vec();
        let mut builder = builder.part(format!("f.{i}"));
        match shape[..] {
            [outputs, inputs] => {
                Stage::Linear(Linear::new(&mut builder, inputs, outputs), activation)
            }
            [outputs, inputs, ..] => {
                let window = windows(case)[i];
                let conv = Conv2d::new(&mut builder, inputs, outputs, window);
                Stage::Conv(conv, activation)
            }
            _ => panic!("{}: a weight of shape {shape:?}", case.name),
        }
    };
    Stack::new((0..count).map(stage).collect())
}

/// `(kernel, stride, padding: (4, 2, 1), (2, 1, 0); …` as windows.
fn windows(case: &Case) -> Vec<Window> {
    let text = case.between("(kernel, stride, padding: ", ";");
    let digits = text.split(|c: char| !c.is_ascii_digit());
    let numbers: Vec<usize> = digits.filter_map(|word| word.parse().ok()).collect();
    let triples = numbers.chunks_exact(3);
    triples.map(|t| Window::square(t[0], t[1], t[2])).collect()
}

/// A given tensor as images; a matrix as images of one pixel.
fn images(case: &Case, name: &str) -> Images<Cpu> {
    let shape = case.shape(name);
    let size = |axis: usize| shape.get(axis).copied().unwrap_or(1);
    let flat: Vector<Cpu> = case.vector(name);
    flat.reshape((size(0), size(1), size(2), size(3)))
}

pub(super) fn wgan_gp(case: &Case) -> Answers {
    let mut params = Params::new(&Cpu::default());
    let critic = critic(case, &mut params.builder(Seed::new(0)));
    let names = fill(case, &mut params, str::to_owned);
    let (real, fake) = (images(case, "real"), images(case, "fake"));
    let x = penalty::interpolates(real.clone(), fake.clone(), case.vector("alpha"));
    let weight = case.number("lambda") as f32;

    let mut answers = Answers::new();
    answers.put("interpolates", &x);
    let eval = params.eval();
    let slope = penalty::input_gradient(&critic, &eval, x.clone());
    answers.put("f_interpolates", &slope.output);
    answers.put("input_gradient", &slope.gradient);
    answers.put("norm", &penalty::norms(slope.gradient));
    let score = |pass: &Pass<Cpu>, x: &Images<Cpu>| {
        rows(critic.forward(pass, x.clone(), &Statistics::Batch)).sum_rows()
    };
    answers.put("f_real", &score(&eval, &real));
    answers.put("f_fake", &score(&eval, &fake));

    type Loss<'a> = &'a dyn Fn(&Pass<Cpu>) -> Scalar<Cpu>;
    let penalty = |pass: &Pass<Cpu>| penalty::gradient_penalty(&critic, pass, x.clone(), weight);
    let loss =
        |pass: &Pass<Cpu>| score(pass, &fake).mean() - score(pass, &real).mean() + penalty(pass);
    let objectives: [(&str, &str, Loss); 2] = [
        ("penalty", "grad_penalty.", &penalty),
        ("critic_loss", "grad_loss.", &loss),
    ];
    for (name, prefix, objective) in objectives {
        let pass = params.record();
        let value = objective(&pass);
        answers.put_doubles(name, vec![number(&value)]);
        put_gradients(&mut answers, prefix, &names, &pass.backward(value));
    }
    answers
}
