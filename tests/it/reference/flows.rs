//! RealNVP and masked autoregressive flows.

use sweepline::nn::{
    Activation, Coupling, CouplingSizes, Cpu, Maf, Matrix, Params, RealNvp, Scale, Seed, Vector,
    losses as nn,
};

use super::case::{Answers, Case};
use super::layers::by_name;

/// An activation that may carry its slope in its name: `leaky_relu_0.2`.
fn activation(case: &Case) -> Activation {
    match case.text("activation").strip_prefix("leaky_relu_") {
        Some(slope) => Activation::LeakyRelu(slope.parse().expect("a slope")),
        None => by_name(case, "activation"),
    }
}

/// Widths of the hidden layers of the stack of affine layers called `prefix`.
fn hidden(case: &Case, prefix: &str) -> Vec<usize> {
    let name = |i: usize| format!("{prefix}.{i}.weight");
    let stack = (0..).take_while(|i| case.has(&name(*i)));
    let mut widths: Vec<usize> = stack.map(|i| case.shape(&name(i))[0]).collect();
    widths.pop();
    widths
}

fn log_normal(x: Matrix<Cpu>, mean: Matrix<Cpu>, log_var: Matrix<Cpu>) -> Vector<Cpu> {
    -nn::gaussian_nll(x, mean, log_var, Scale::LogVar)
}

pub(super) fn realnvp(case: &Case) -> Answers {
    let layers = case.number("layers") as usize;
    let mut params = Params::new(&Cpu::default());
    let mut couplings = Vec::new();
    for l in 1..=layers {
        let sizes = CouplingSizes {
            dimension: case.number("dimension") as usize,
            context: case.number("context") as usize,
            hidden: hidden(case, &format!("s{l}")),
            activation: activation(case),
            s_max: case.number("s_max") as f32,
        };
        let mask = case.values(&format!("mask{l}"));
        let mut builder = params.builder(Seed::new(0));
        couplings.push(Coupling::new(&mut builder.part(l), mask, &sizes));
    }
    // `1.s.0.weight` here is `s1.0.weight` there.
    let renamed = |name: &str| {
        let (layer, rest) = name.split_once('.').expect("a part");
        let (net, rest) = rest.split_once('.').expect("a part");
        format!("{net}{layer}.{rest}")
    };
    let names: Vec<String> = params.names().map(renamed).collect();
    for (index, name) in names.iter().enumerate() {
        params
            .set(index, case.values(name))
            .expect("as many numbers");
    }
    let context = case.has("context").then(|| case.matrix("context"));
    let context = context.as_ref();
    let mut answers = Answers::new();

    let pass = params.record();
    let [mu, log_var] = ["mu", "log_var"].map(|n| case.matrix(n).watched(pass.tape()));
    let z0 = nn::gaussian_sample(mu.clone(), log_var.clone(), case.matrix("eps"));
    answers.put("z0", &z0);
    let mut z = z0.clone();
    for (l, coupling) in couplings.iter().enumerate() {
        let mapped = coupling.forward(&params.eval(), z, context);
        answers.put(&format!("z{}", l + 1), &mapped.z);
        answers.put(&format!("log_det{}", l + 1), &mapped.log_det);
        z = mapped.z;
    }
    let flow = RealNvp::from_couplings(couplings);
    let mapped = flow.forward(&pass, z0.clone(), context);
    answers.put("log_det", &mapped.log_det);
    let log_q = log_normal(z0, mu.clone(), log_var.clone()) - mapped.log_det;
    let zeros = mapped.z.detach() * 0.0;
    let log_p = log_normal(mapped.z, zeros.clone(), zeros.clone());
    answers.put("log_q", &log_q);
    let objective = (log_q - log_p).mean();
    answers.put("objective", &objective);
    let mut gradients = objective.backward();
    answers.put("grad.mu", &gradients.of(&mu));
    answers.put("grad.log_var", &gradients.of(&log_var));
    let gradients = pass.gradients(gradients);
    for (index, name) in names.iter().enumerate() {
        let gradient = gradients.at(index).expect("nothing is frozen");
        answers.put_values(&format!("grad.{name}"), &gradient);
    }

    let pass = params.record();
    let [mu, log_var] = ["mu", "log_var"].map(|n| case.matrix(n).watched(pass.tape()));
    let back = flow.inverse(&pass, case.matrix("y"), context);
    answers.put("y0", &back.z);
    let log_q_y = log_normal(back.z, mu.clone(), log_var.clone()) - back.log_det;
    answers.put("log_q_y", &log_q_y);
    let objective = -log_q_y.mean();
    answers.put("objective_y", &objective);
    let mut gradients = objective.backward();
    answers.put("grad_y.mu", &gradients.of(&mu));
    answers.put("grad_y.log_var", &gradients.of(&log_var));
    let gradients = pass.gradients(gradients);
    for (index, name) in names.iter().enumerate() {
        let gradient = gradients.at(index).expect("nothing is frozen");
        answers.put_values(&format!("grad_y.{name}"), &gradient);
    }
    answers
}

pub(super) fn maf(case: &Case) -> Answers {
    let number = |key| case.number(key) as usize;
    let (blocks, dimension) = (number("blocks"), number("dimension"));
    let mut params = Params::new(&Cpu::default());
    let maf = Maf::new(
        &mut params.builder(Seed::new(0)),
        blocks,
        dimension,
        &hidden(case, "made1"),
        activation(case),
    );
    // `0.1.weight` here is `made1.1.weight` there.
    let renamed = |name: &str| {
        let (block, rest) = name.split_once('.').expect("a part");
        let block: usize = block.parse().expect("blocks are numbered");
        format!("made{}.{rest}", block + 1)
    };
    let names: Vec<String> = params.names().map(renamed).collect();
    for (index, name) in names.iter().enumerate() {
        params
            .set(index, case.values(name))
            .expect("as many numbers");
    }
    for (b, block) in maf.blocks().iter().enumerate() {
        for (l, mask) in block.masks().enumerate() {
            let want = case.values(&format!("made{}.{l}.mask", b + 1));
            assert_eq!(mask, want, "{}: mask of layer {l}, block {b}", case.name);
        }
    }
    let mut answers = Answers::new();
    let mut u = case.matrix("x");
    for (b, block) in maf.blocks().iter().enumerate() {
        let (mean, log_scale) = block.forward(&params.eval(), u.clone());
        answers.put(&format!("mean{}", b + 1), &mean);
        answers.put(&format!("log_scale{}", b + 1), &log_scale);
        u = (u - mean) * (-log_scale).exp();
        answers.put(&format!("u{}", b + 1), &u);
    }
    answers.put("sample", &maf.inverse(&params.eval(), case.matrix("u")));

    let pass = params.record();
    let x = case.matrix("x").watched(pass.tape());
    answers.put("log_det", &maf.forward(&params.eval(), x.detach()).log_det);
    let log_density = maf.log_density(&pass, x.clone());
    answers.put("log_density", &log_density);
    let loss = -log_density.mean();
    answers.put("loss", &loss);
    let mut gradients = loss.backward();
    answers.put("grad.x", &gradients.of(&x));
    let gradients = pass.gradients(gradients);
    for (index, name) in names.iter().enumerate() {
        let gradient = gradients.at(index).expect("nothing is frozen");
        answers.put_values(&format!("grad.{name}"), &gradient);
    }
    answers
}
