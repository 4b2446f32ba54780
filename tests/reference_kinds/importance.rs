//! Importance-weighted bounds: three estimators of their gradient, and a mixture as proposal.

use sweepline::nn::importance::{self, Estimator, Mixture};
use sweepline::nn::{Backend, Cpu, Matrix, Mlp, Params, Pass, Vector, losses};

use super::case::{Answers, Case, put_gradients};
use super::layers::by_name;
use super::vae::mlp;

/// log p(x, z) under a standard normal prior and a Gaussian around the decoder's output.
fn log_joint(
    pass: &Pass<Cpu>,
    decoder: &Mlp,
    variance: f64,
    x: Matrix<Cpu>,
    z: Matrix<Cpu>,
) -> Vector<Cpu> {
    let mean = decoder.forward(pass, z.clone());
    let sigma = variance.sqrt() as f32;
    importance::log_prior(z) - losses::gaussian_nll_fixed(x, mean, sigma)
}

pub fn iwae(case: &Case) -> Answers {
    let mut params = Params::new(&Cpu::default());
    let activation = by_name(case, "activation");
    let encoder = mlp(case, &mut params, "enc", activation);
    let decoder = mlp(case, &mut params, "dec", activation);
    let (samples, latent) = (case.number("K") as usize, case.number("latent") as usize);
    let x = case.matrix("x");

    let mut answers = Answers::new();
    let encode = |pass: &Pass<Cpu>| {
        let encoded = encoder.forward(pass, case.matrix("x"));
        losses::split_columns(encoded, latent)
    };
    let (mu, log_var) = encode(&params.eval());
    answers.put("mu", &mu);
    answers.put("log_var", &log_var);
    let names: Vec<String> = params.names().map(str::to_owned).collect();
    for estimator in [Estimator::Naive, Estimator::Stl, Estimator::Dreg] {
        let name = match estimator {
            Estimator::Naive => "grad_naive.",
            Estimator::Stl => "grad_stl.",
            Estimator::Dreg => "grad_dreg.",
        };
        let (weighted, gradients) =
            importance::gradients(&params, estimator, case.matrix("eps"), encode, |pass, z| {
                let x = importance::repeated(x.clone(), samples);
                log_joint(pass, &decoder, case.number("var"), x, z)
            });
        let log_w = weighted.log_w;
        answers.put("log_joint", &weighted.log_joint);
        answers.put("log_q", &weighted.log_q);
        answers.put("normalised_w", &importance::normalised(log_w.clone()));
        let elbo = log_w.clone().transpose().sum_rows() * (1.0 / samples as f32);
        answers.put("elbo", &elbo);
        answers.put("log_w", &log_w);
        answers.put("bound", &weighted.bound);
        answers.put_values("loss", &[weighted.loss]);
        // The decoder's gradient is one for all three: each overwrites the same.
        let (mut of_encoder, mut of_decoder) = (Answers::new(), Answers::new());
        put_gradients(&mut of_encoder, name, &names, &gradients);
        put_gradients(&mut of_decoder, "grad.", &names, &gradients);
        for parameter in &names {
            let (kept, name) = match parameter.starts_with("enc.") {
                true => (&of_encoder, format!("{name}{parameter}")),
                false => (&of_decoder, format!("grad.{parameter}")),
            };
            let values = kept.get(&name).expect("nothing is frozen");
            answers.put_doubles(&name, values.clone());
        }
    }
    answers
}

pub fn mog_importance(case: &Case) -> Answers {
    let mut params = Params::new(&Cpu::default());
    let decoder = mlp(case, &mut params, "dec", by_name(case, "activation"));
    let samples = case.number("samples") as usize;
    let pass = params.record();
    let watched = |name: &str| case.matrix(name).watched(pass.tape());
    let mixture = Mixture {
        logits: watched("logits"),
        mean: watched("mu"),
        log_var: watched("log_var"),
    };
    let x = case.matrix("x");
    let n = x.rows();
    let joint = |z: Matrix<Cpu>| {
        let each = z.rows() / n;
        let rows: Vec<usize> = (0..z.rows()).map(|row| row / each).collect();
        let x = Cpu::gather_rows(x.clone(), &rows);
        log_joint(&pass, &decoder, case.number("var"), x, z)
    };
    let mut answers = Answers::new();

    let z = mixture.ancestral(&case.indices("component"), case.matrix("eps_ancestral"));
    let (log_p, log_q) = (joint(z.clone()), mixture.log_density(z.clone()));
    let log_w = (log_p.clone() - log_q.clone()).reshape((n, samples));
    answers.put("z_ancestral", &z);
    answers.put("log_joint_ancestral", &log_p);
    answers.put("log_q_ancestral", &log_q);
    answers.put("bound_ancestral", &mixture.ancestral_bound(log_p, log_q));
    let effective = importance::effective_samples(log_w.transpose());
    answers.put("effective_samples", &effective);

    let z = mixture.stratified(case.matrix("eps"));
    let (log_p, log_q) = (joint(z.clone()), mixture.log_density(z.clone()));
    answers.put("z", &z);
    answers.put("log_joint", &log_p);
    answers.put("log_q", &log_q);
    let bound = mixture.stratified_bound(log_p, log_q);
    answers.put("bound", &bound);
    let loss = -bound.mean();
    answers.put_values("loss", &[loss.value()]);
    let mut gradients = loss.backward();
    answers.put("grad.logits", &gradients.of(&mixture.logits));
    answers.put("grad.mu", &gradients.of(&mixture.mean));
    answers.put("grad.log_var", &gradients.of(&mixture.log_var));

    if case.number("latent") == 1.0 {
        let likelihood = importance::log_likelihood(&Cpu::default(), (-8.0, 8.0), 4001, |grid| {
            let points = grid.rows();
            let rows: Vec<usize> = (0..n * points).map(|row| row % points).collect();
            joint(Cpu::gather_rows(grid, &rows)).reshape((n, points))
        });
        answers.put_values("log_likelihood_quadrature", &likelihood);
    }
    answers
}
