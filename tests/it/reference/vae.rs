//! The evidence lower bound of a small VAE with all its gradients.

use sweepline::nn::{Activation, Cpu, Mlp, Params, Seed, losses as nn};

use super::case::{Answers, Case};
use super::layers::by_name;

/// A stack of affine layers named `prefix.0`, `prefix.1`, … with the case's values.
pub(super) fn mlp(
    case: &Case,
    params: &mut Params<Cpu>,
    prefix: &str,
    activation: Activation,
) -> Mlp {
    let mut widths: Vec<usize> = Vec::new();
    for i in 0.. {
        let name = format!("{prefix}.{i}.weight");
        if !case.has(&name) {
            break;
        }
        let shape = case.shape(&name);
        if widths.is_empty() {
            widths.push(shape[1]);
        }
        widths.push(shape[0]);
    }
    let first = params.len();
    let mut builder = params.builder(Seed::new(0));
    let mlp = Mlp::new(&mut builder.part(prefix), &widths, activation);
    let names: Vec<String> = params.names().map(str::to_owned).collect();
    for (index, name) in names.iter().enumerate().skip(first) {
        params
            .set(index, case.values(name))
            .expect("as many numbers");
    }
    mlp
}

pub(super) fn vae_elbo(case: &Case) -> Answers {
    let mut params = Params::new(&Cpu::default());
    let activation = by_name(case, "activation");
    let encoder = mlp(case, &mut params, "enc", activation);
    let decoder = mlp(case, &mut params, "dec", activation);
    let latent = case.number("latent") as usize;
    let x = case.matrix("x");

    let pass = params.record();
    let (mu, log_var) = nn::split_columns(encoder.forward(&pass, x.clone()), latent);
    let z = nn::gaussian_sample(mu.clone(), log_var.clone(), case.matrix("eps"));
    let decoded = decoder.forward(&pass, z.clone());
    let nll = match case.text("visible") {
        "bernoulli" => nn::bernoulli_nll(decoded, x),
        _ => nn::gaussian_nll_fixed(x, decoded, case.number("var").sqrt() as f32),
    };
    let kl = nn::kl_standard(mu.clone(), log_var.clone());
    let loss = (nll.clone() + kl.clone() * case.number("beta") as f32).mean();

    let mut answers = Answers::new();
    answers.put("mu", &mu);
    answers.put("log_var", &log_var);
    answers.put("z", &z);
    answers.put("nll", &nll);
    answers.put("kl", &kl);
    answers.put("elbo", &(-nll - kl));
    answers.put("loss", &loss);
    let gradients = pass.backward(loss);
    for (index, name) in params.names().enumerate() {
        let gradient = gradients.at(index).expect("nothing is frozen");
        answers.put_values(&format!("grad.{name}"), &gradient);
    }
    answers
}
