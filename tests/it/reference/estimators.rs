//! Importance-weighted bounds, mixtures as proposals, and derivatives through inner steps.

use sweepline::nn::importance::{self, Estimator, Mixture};
use sweepline::nn::svi::{ClippedStep, Differences, InnerLoop, Order};
use sweepline::nn::{Backend, Cpu, Matrix, Mlp, Params, Pass, Scalar, Vector, losses as nn};

use super::case::{Answers, Case};
use super::layers::by_name;
use super::vae::mlp;

/// log p(x, z) of a Gaussian model with one known variance: points `z` and as many rows of `x`.
fn log_joint(
    pass: &Pass<Cpu>,
    decoder: &Mlp,
    var: f64,
    x: Matrix<Cpu>,
    z: Matrix<Cpu>,
) -> Vector<Cpu> {
    let mean = decoder.forward(pass, z.clone());
    importance::log_prior(z) - nn::gaussian_nll_fixed(x, mean, var.sqrt() as f32)
}

pub(super) fn iwae(case: &Case) -> Answers {
    let mut params = Params::new(&Cpu::default());
    let activation = by_name(case, "activation");
    let encoder = mlp(case, &mut params, "enc", activation);
    let decoder = mlp(case, &mut params, "dec", activation);
    let (latent, samples) = (case.number("latent") as usize, case.number("K") as usize);
    let encode =
        |pass: &Pass<Cpu>| nn::split_columns(encoder.forward(pass, case.matrix("x")), latent);
    let mut answers = Answers::new();
    let (mu, log_var) = encode(&params.eval());
    answers.put("mu", &mu);
    answers.put("log_var", &log_var);
    for (estimator, name) in [
        (Estimator::Naive, "naive"),
        (Estimator::Stl, "stl"),
        (Estimator::Dreg, "dreg"),
    ] {
        let (weighted, gradients) =
            importance::gradients(&params, estimator, case.matrix("eps"), encode, |pass, z| {
                let x = importance::repeated(case.matrix("x"), samples);
                log_joint(pass, &decoder, case.number("var"), x, z)
            });
        answers.put("log_joint", &weighted.log_joint);
        answers.put("log_q", &weighted.log_q);
        answers.put("log_w", &weighted.log_w);
        let shares = importance::normalised(weighted.log_w.clone());
        answers.put("normalised_w", &shares);
        answers.put("bound", &weighted.bound);
        let sums = weighted.log_w.transpose().sum_rows();
        answers.put("elbo", &(sums / samples as f32));
        answers.put_doubles("loss", vec![f64::from(weighted.loss)]);
        for (index, parameter) in params.names().enumerate() {
            let gradient = gradients.at(index).expect("nothing is frozen");
            match parameter.starts_with("enc") {
                true => answers.put_values(&format!("grad_{name}.{parameter}"), &gradient),
                false => answers.put_values(&format!("grad.{parameter}"), &gradient),
            }
        }
    }
    answers
}

pub(super) fn mog_importance(case: &Case) -> Answers {
    let mut params = Params::new(&Cpu::default());
    let decoder = mlp(case, &mut params, "dec", by_name(case, "activation"));
    let (samples, var) = (case.number("samples") as usize, case.number("var"));
    let pass = params.record_inputs();
    let mixture = Mixture {
        logits: case.matrix("logits").watched(pass.tape()),
        mean: case.matrix("mu").watched(pass.tape()),
        log_var: case.matrix("log_var").watched(pass.tape()),
    };
    let x = case.matrix("x");
    let each = |times: usize| {
        let rows: Vec<usize> = (0..x.rows() * times).map(|r| r / times).collect();
        Cpu::gather_rows(x.clone(), &rows)
    };
    let mut answers = Answers::new();

    let z = mixture.stratified(case.matrix("eps"));
    let joint = log_joint(
        &pass,
        &decoder,
        var,
        each(mixture.components() * samples),
        z.clone(),
    );
    let log_q = mixture.log_density(z.clone());
    let bound = mixture.stratified_bound(joint.clone(), log_q.clone());
    answers.put("z", &z);
    answers.put("log_joint", &joint);
    answers.put("log_q", &log_q);
    answers.put("bound", &bound);
    let loss = -bound.mean();
    answers.put("loss", &loss);
    let mut gradients = loss.backward();
    answers.put("grad.logits", &gradients.of(&mixture.logits));
    answers.put("grad.mu", &gradients.of(&mixture.mean));
    answers.put("grad.log_var", &gradients.of(&mixture.log_var));

    let pass = params.eval();
    let mixture = Mixture {
        logits: case.matrix("logits"),
        mean: case.matrix("mu"),
        log_var: case.matrix("log_var"),
    };
    let z = mixture.ancestral(&case.indices("component"), case.matrix("eps_ancestral"));
    let joint = log_joint(&pass, &decoder, var, each(samples), z.clone());
    let log_q = mixture.log_density(z.clone());
    answers.put("z_ancestral", &z);
    answers.put("log_joint_ancestral", &joint);
    answers.put("log_q_ancestral", &log_q);
    let bound = mixture.ancestral_bound(joint.clone(), log_q.clone());
    answers.put("bound_ancestral", &bound);
    let log_w = (joint - log_q).reshape((x.rows(), samples)).transpose();
    answers.put("effective_samples", &importance::effective_samples(log_w));

    if case.number("latent") == 1.0 {
        // The rule that the case names: 4001 points on [−8, 8].
        let exact = importance::log_likelihood(&Cpu::default(), (-8.0, 8.0), 4001, |grid| {
            let points = grid.rows();
            let z = importance::repeated(grid, x.rows());
            let joint = log_joint(&pass, &decoder, var, each(points), z);
            joint.reshape((x.rows(), points))
        });
        answers.put_values("log_likelihood_quadrature", &exact);
    }
    answers
}

pub(super) fn savae(case: &Case) -> Answers {
    let mut params = Params::new(&Cpu::default());
    let activation = by_name(case, "activation");
    let encoder = mlp(case, &mut params, "enc", activation);
    let decoder = mlp(case, &mut params, "dec", activation);
    let latent = case.number("latent") as usize;
    let x = case.matrix("x");
    let noise = case.values("eps");
    let n = x.rows() * latent;
    let loss = |pass: &Pass<Cpu>, lambda: &[Matrix<Cpu>], k: usize| -> Scalar<Cpu> {
        let noise = Cpu::default().matrix(noise[k * n..][..n].to_vec(), x.rows(), latent);
        let (mean, log_var) = (lambda[0].clone(), lambda[1].clone());
        let z = nn::gaussian_sample(mean.clone(), log_var.clone(), noise);
        let decoded = decoder.forward(pass, z);
        let nll = match case.text("visible") {
            "bernoulli" => nn::bernoulli_nll(decoded, x.clone()),
            _ => nn::gaussian_nll_fixed(x.clone(), decoded, case.number("var").sqrt() as f32),
        };
        (nll + nn::kl_standard(mean, log_var) * case.number("beta") as f32).mean()
    };
    let inner = InnerLoop {
        steps: case.number("steps") as usize,
        step_size: case.number("alpha") as f32,
        momentum: case.number("momentum") as f32,
        clip: None,
        clipped_step: ClippedStep::Exact,
        back_clip: None,
        // The tolerance is that of exact second derivatives; two gradients per step miss it.
        differences: Differences::Central {
            distance: 0.05,
            order: Order::Sixth,
        },
    };

    let pass = params.record();
    let (mu, log_var) = nn::split_columns(encoder.forward(&pass, x.clone()), latent);
    let initial = [mu, log_var];
    let trajectory = inner.run(&params, &initial, &loss);
    let derivatives = trajectory.backward(&params, &loss);

    let mut answers = Answers::new();
    for (which, name) in ["mu", "log_var"].iter().enumerate() {
        let all = trajectory.points.iter().flat_map(|p| p[which].to_vec());
        answers.put_values(name, &all.collect::<Vec<_>>());
        answers.put(&format!("grad_final.{name}"), &derivatives.last[which]);
        answers.put(&format!("grad_initial.{name}"), &derivatives.initial[which]);
    }
    let mut losses = trajectory.losses.clone();
    losses.push(derivatives.loss);
    answers.put_values("f", &losses);
    answers.put_doubles("elbo", vec![-f64::from(derivatives.loss)]);
    let through = pass.pull_back(initial.into_iter().zip(derivatives.initial));
    for (index, name) in params.names().enumerate() {
        let of = |gradients: &sweepline::nn::ParamGradients<Cpu>| {
            gradients.at(index).expect("nothing is frozen")
        };
        if name.starts_with("enc") {
            answers.put_values(&format!("grad.{name}"), &of(&through));
        } else {
            answers.put_values(&format!("grad.{name}"), &of(&derivatives.params));
            answers.put_values(&format!("grad_direct.{name}"), &of(&derivatives.direct));
        }
    }
    answers
}
