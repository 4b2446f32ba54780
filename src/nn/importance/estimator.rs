//! Gradients of the importance-weighted bound with a reparameterised Gaussian proposal.
//!
//! With `w̃` the normalised weights, the gradient for the model is `Σ w̃_s ∇θ log p(x, z_s)`. For the
//! proposal there is a choice, as its score has mean zero but not variance zero:
//!
//! - *naive*: differentiate the bound as it stands;
//! - *STL* (Roeder et al. 2017): drop the score, `Σ w̃_s ∂log w_s/∂z_s ∂z_s/∂φ`; biased for S > 1;
//! - *DReG* (Tucker et al. 2019): `Σ w̃_s² ∂log w_s/∂z_s ∂z_s/∂φ`; unbiased, and its signal-to-noise
//!   ratio grows with S where that of the naive one falls (Rainforth et al. 2018).
//!
//! STL and DReG are not gradients of any function: the recording is cut at the samples. One backward
//! pass goes from the bound to the model and the samples, a second one from the samples, reweighted, to
//! the proposal. Together they cost what the naive gradient costs.

use super::{bound, normalised, repeated};
use crate::nn::backend::Backend;
use crate::nn::gradients::ParamGradients;
use crate::nn::losses::{Scale, gaussian_nll, gaussian_sample};
use crate::nn::params::{Params, Pass};
use crate::nn::tensor::{Matrix, Vector};

/// Which gradient the proposal gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Estimator {
    /// The derivative of the bound.
    Naive,
    /// Sticking the landing.
    Stl,
    /// Doubly reparameterised.
    #[default]
    Dreg,
}

impl Estimator {
    /// The names manifests use.
    pub const NAMES: [&'static str; 3] = ["dreg", "naive", "stl"];

    /// The estimator with this name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "dreg" => Estimator::Dreg,
            "naive" => Estimator::Naive,
            "stl" => Estimator::Stl,
            _ => return None,
        })
    }
}

/// What a bound was made of. All are constants.
pub struct Weighted<B: Backend> {
    /// log p(x, z_s), `[S, n]`
    pub log_joint: Matrix<B>,
    /// log q(z_s|x), `[S, n]`
    pub log_q: Matrix<B>,
    /// Their difference, `[S, n]`
    pub log_w: Matrix<B>,
    /// `[n]`, in nats
    pub bound: Vector<B>,
    /// Negative mean of the bound.
    pub loss: f32,
}

/// The bound and the gradients of its negative mean over the observations.
///
/// `encode` gives mean and log variance of q(z|x), both `[n, d]`; `noise` is standard normal, `[S·n, d]`;
/// `log_joint` gives log p(x, z) for samples `[S·n, d]` as `[S·n]`. They must not share parameters
/// unless the estimator is the naive one: a shared parameter would get only the sum of both parts, which is
/// no estimator's definition.
pub fn gradients<B: Backend>(
    params: &Params<B>,
    estimator: Estimator,
    noise: Matrix<B>,
    encode: impl FnOnce(&Pass<B>) -> (Matrix<B>, Matrix<B>),
    log_joint: impl FnOnce(&Pass<B>, Matrix<B>) -> Vector<B>,
) -> (Weighted<B>, ParamGradients<B>) {
    let proposal = params.record();
    let (mean, log_var) = encode(&proposal);
    let (n, samples) = (mean.rows(), noise.rows() / mean.rows().max(1));
    let (mean, log_var) = (repeated(mean, samples), repeated(log_var, samples));
    let sampled = gaussian_sample(mean.clone(), log_var.clone(), noise);

    // Where the proposal's gradient is not the bound's, everything after the samples is a
    // recording of its own, in which the proposal's parameters are constants.
    let model = (estimator != Estimator::Naive).then(|| params.record());
    let (z, mean, log_var) = match &model {
        None => (sampled.clone(), mean, log_var),
        Some(model) => (
            sampled.watched(model.tape()),
            mean.detach(),
            log_var.detach(),
        ),
    };
    let log_q = -gaussian_nll(z.clone(), mean, log_var, Scale::LogVar);
    let log_joint = log_joint(model.as_ref().unwrap_or(&proposal), z.clone());
    let table = |v: Vector<B>| v.reshape((samples, n));
    let log_w = table(log_joint.clone() - log_q.clone());
    let bounds = bound(log_w.clone());
    let loss = -bounds.clone().mean();
    let weighted = Weighted {
        log_joint: table(log_joint.detach()),
        log_q: table(log_q.detach()),
        log_w: log_w.detach(),
        bound: bounds.detach(),
        loss: loss.value(),
    };
    let Some(model) = model else {
        return (weighted, proposal.backward(loss));
    };

    let mut gradients = loss.backward();
    let mut at_samples = gradients.of(&z); // −1/n · w̃_s ∂log w_s/∂z_s
    if estimator == Estimator::Dreg {
        let w = normalised(weighted.log_w.clone());
        at_samples = at_samples.times_column(w.reshape((samples * n,)));
    }
    let mut total = model.gradients(gradients);
    total.accumulate(&proposal.pull_back([(sampled, at_samples)]));
    (weighted, total)
}
