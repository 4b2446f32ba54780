//! What each method's encoder and decoder learn from: algorithm 1 of the paper, and the three that it
//! is held against.
//!
//! | | decoder θ | encoder φ |
//! | --- | --- | --- |
//! | VAE | ∇f(λ_0) | ∇f(λ_0) |
//! | SVI | ∇f(λ_K), λ_K held constant | – |
//! | VAE+SVI | ∇f(λ_K), λ_K held constant | ∇f(λ_0) |
//! | VAE+SVI+KL | ∇f(λ_K), λ_K held constant | ∇KL(q_λ0 || q_λK), λ_K held constant |
//! | SA-VAE | the total derivative of f(λ_K) | the total derivative of f(λ_K) |
//!
//! VAE is SA-VAE with K = 0, and so is VAE+SVI: there is one path for all.

use super::Inference;
use super::Networks;
use super::networks::Lambda;
use super::networks::Objective;
use crate::nn::InnerLoop;
use crate::nn::Matrix;
use crate::nn::ParamGradients;
use crate::nn::Pass;
use crate::nn::Statistics;
use crate::nn::backend::Backend;
use crate::nn::losses;

/// The gradients of one batch.
pub(crate) struct Step<B: Backend> {
    /// f(λ_K), or −log p(x) without z: a mean over the batch, in nats.
    pub loss: f64,
    /// KL(q_λK || p), the same.
    pub kl: f64,
    /// Share of the inner gradients that were clipped.
    pub clipped: f64,
    pub encoder: Option<ParamGradients<B>>,
    pub decoder: ParamGradients<B>,
    /// What the encoder's batch norms saw.
    pub statistics: Option<Statistics<B>>,
}

/// The gradients of a batch by a method with a latent variable.
pub(crate) fn step<B: Backend, X>(
    networks: &Networks<B, X>,
    method: Inference,
    inner: &InnerLoop,
    objective: &Objective<'_, B, X>,
    start: &Lambda<B>,
) -> Step<B> {
    let f = |pass: &Pass<'_, B>, lambda: &[Matrix<B>], k: usize| objective.value(pass, lambda, k);
    let params = networks.decoder.component.params();
    let statistics = Statistics::noted();
    let encoder = networks.encoder.as_ref().map(|encoder| {
        let pass = encoder.component.record();
        let lambda = encoder.encode(&pass, objective.x, &statistics);
        (pass, lambda)
    });
    let initial = encoder.as_ref().map_or(start, |(_, lambda)| lambda);
    let steps = inner.run(params, initial, &f);
    let last: Vec<_> = steps.last().iter().map(|t| t.detach()).collect();

    let (loss, by_decoder, by_initial) = match method {
        Inference::Vae | Inference::SaVae => {
            let total = steps.backward(params, &f);
            (total.loss, total.params, Some(total.initial))
        }
        Inference::VaeSvi => {
            let end = steps.end(params, &f);
            // Without a step λ_0 is λ_K.
            let first = steps.first.clone().unwrap_or(end.last);
            (end.loss, end.params, Some(first))
        }
        Inference::None | Inference::Svi | Inference::VaeSviKl => {
            let end = steps.end(params, &f);
            (end.loss, end.params, None)
        }
    };
    let by_encoder = encoder.map(|(pass, lambda)| match by_initial {
        Some(gradient) => pass.pull_back(lambda.into_iter().zip(gradient)),
        None => {
            let [mean, log_var] = lambda;
            let [to_mean, to_log_var] = [0, 1].map(|i| last[i].clone());
            pass.backward(losses::kl_diagonal(mean, log_var, to_mean, to_log_var).mean())
        }
    });
    let [mean, log_var] = [0, 1].map(|i| last[i].clone());
    let gradients = 2 * inner.steps;
    Step {
        loss: f64::from(loss),
        kl: f64::from(losses::kl_standard(mean, log_var).mean().value()),
        clipped: steps.clipped() as f64 / gradients.max(1) as f64,
        statistics: by_encoder.is_some().then_some(statistics),
        encoder: by_encoder,
        decoder: by_decoder,
    }
}

/// The gradients of a batch of a model without z.
pub(crate) fn step_without_latent<B: Backend, X>(
    networks: &Networks<B, X>,
    objective: &Objective<'_, B, X>,
) -> Step<B> {
    let pass = networks.decoder.component.record();
    let mut masks = objective.draws.masks(0);
    let decoder = objective.decoder;
    let loss = decoder.nll(&pass, objective.x, None, masks.as_mut()).mean();
    let value = f64::from(loss.value());
    Step {
        loss: value,
        kl: 0.0,
        clipped: 0.0,
        encoder: None,
        decoder: pass.backward(loss),
        statistics: None,
    }
}

/// Scales all of them down together so that their norm is at most `most`.
pub(crate) fn clip_together<B: Backend>(all: &mut [&mut ParamGradients<B>], most: f64) {
    let squares = all.iter().map(|gradients| gradients.global_norm().powi(2));
    let factor = most / (squares.sum::<f64>().sqrt() + 1e-6);
    if factor < 1.0 {
        for gradients in all {
            gradients.scale(factor as f32);
        }
    }
}
