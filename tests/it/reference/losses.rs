//! Likelihoods and their primitives.

use sweepline::nn::losses as nn;
use sweepline::nn::{Cpu, Matrix, Scale};

use super::case::{Answers, Case, number, pull_back, tape};

pub(super) fn log_softmax(case: &Case) -> Answers {
    let x = case.matrix("x").watched(&tape());
    let y = nn::log_softmax(x.clone());
    let mut answers = Answers::new();
    answers.put("y", &y);
    answers.put("grad.x", &pull_back(y, case.matrix("upstream")).of(&x));
    answers
}

pub(super) fn logsumexp(case: &Case) -> Answers {
    let x = case.matrix("x").watched(&tape());
    let y = nn::logsumexp(x.clone());
    let mut answers = Answers::new();
    answers.put("y", &y);
    answers.put("grad.x", &pull_back(y, case.vector("upstream")).of(&x));
    answers
}

/// A vector as rows of one number: row sums are then the elements.
fn column(case: &Case, name: &str) -> Matrix<Cpu> {
    let vector = case.vector(name);
    let n = vector.len();
    vector.reshape((n, 1))
}

pub(super) fn bce_with_logits(case: &Case) -> Answers {
    let mut answers = Answers::new();
    let targets = column(case, "targets");
    for mean in [false, true] {
        let logits = column(case, "logits").watched(&tape());
        let loss = nn::bernoulli_nll(logits.clone(), targets.clone());
        let (name, total) = match mean {
            true => ("mean", loss.clone().mean()),
            false => ("sum", loss.clone().sum()),
        };
        answers.put("loss", &loss);
        answers.put(name, &total);
        answers.put(
            &format!("grad_{name}.logits"),
            &total.backward().of(&logits),
        );
    }
    answers
}

pub(super) fn cross_entropy(case: &Case) -> Answers {
    let logits = case.matrix("logits").watched(&tape());
    let loss = nn::cross_entropy(logits.clone(), &case.indices("labels"));
    let mean = loss.clone().mean();
    let mut answers = Answers::new();
    answers.put("loss", &loss);
    answers.put("mean", &mean);
    answers.put("grad_mean.logits", &mean.backward().of(&logits));
    answers
}

pub(super) fn gaussian_nll(case: &Case) -> Answers {
    let tape = tape();
    let [x, mean, scale] = ["x", "mean", "scale"].map(|n| case.matrix(n).watched(&tape));
    let kind = match case.text("scale_is") {
        "log_var" => Scale::LogVar,
        _ => Scale::LogSigma,
    };
    let nll = nn::gaussian_nll(x.clone(), mean.clone(), scale.clone(), kind);
    let batch_mean = nll.clone().mean();
    let mut answers = Answers::new();
    answers.put("nll", &nll);
    answers.put("batch_mean", &batch_mean);
    let mut gradients = batch_mean.backward();
    answers.put("grad.x", &gradients.of(&x));
    answers.put("grad.mean", &gradients.of(&mean));
    answers.put("grad.scale", &gradients.of(&scale));
    answers
}

pub(super) fn quantized_normal_nll(case: &Case) -> Answers {
    let tape = tape();
    let levels = case.number("levels") as usize;
    let x = nn::dequantise(case.matrix("x_int"), case.matrix("u"), levels);
    let mean = case.matrix("mean").watched(&tape);
    let log_sigma = case.matrix("log_sigma").watched(&tape);
    let floor = case.hyperparameters["log_sigma_floor"].as_f64();
    let floor = floor.map(|f| f as f32);
    let nll = nn::quantized_normal_nll(x.clone(), mean.clone(), log_sigma.clone(), floor);
    let batch_mean = nll.clone().mean();
    let mut answers = Answers::new();
    answers.put("x", &x);
    answers.put("nll", &nll);
    let discrete = nll + nn::discrete_nats(x.columns(), levels);
    answers.put("nll_discrete", &discrete);
    answers.put("batch_mean", &batch_mean);
    let mut gradients = batch_mean.backward();
    answers.put("grad.mean", &gradients.of(&mean));
    answers.put("grad.log_sigma", &gradients.of(&log_sigma));
    answers
}

pub(super) fn masked_sequence_cross_entropy(case: &Case) -> Answers {
    let (targets, lengths) = (case.indices("targets"), case.indices("lengths"));
    let mut answers = Answers::new();
    for per_token in [false, true] {
        let logits = case.matrix("logits").watched(&tape());
        let loss = nn::masked_sequence_cross_entropy(logits.clone(), &targets, &lengths);
        answers.put("token_nll", &loss.token_nll);
        answers.put("sequence_nll", &loss.sequence_nll);
        answers.put("batch_mean", &loss.batch_mean);
        answers.put("token_mean", &loss.token_mean);
        answers.put_doubles("perplexity", vec![number(&loss.token_mean).exp()]);
        let (name, total) = match per_token {
            true => ("grad_token_mean.logits", loss.token_mean),
            false => ("grad_batch_mean.logits", loss.batch_mean),
        };
        answers.put(name, &total.backward().of(&logits));
    }
    answers
}
