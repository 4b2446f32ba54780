//! For tests of models: the derivative of a step by moving parameters and taking the inner steps again.

use crate::nn::Cpu;

use super::Inference;
use super::Networks;
use super::gradients;
use super::inference::Curvature;
use super::networks::Draws;
use super::networks::Objective;
use crate::nn::Backend;
use crate::nn::ClippedStep;
use crate::nn::InnerLoop;
use crate::nn::Params;
use crate::nn::Statistics;
use crate::random::Seed;

/// Of the objective.
const BETA: f32 = 0.7;

/// A step of SA-VAE on a batch of `n` against differences of its loss, in the last number of every
/// parameter, where inner gradients are left as they are and where they are clipped. Panics where they disagree.
pub(crate) fn agrees<X>(mut networks: Networks<Cpu, X>, x: &X, n: usize, steps: usize) {
    for clip in [None, Some(0.1)] {
        let inner = InnerLoop {
            steps,
            step_size: 1.0,
            momentum: 0.5,
            clip,
            clipped_step: ClippedStep::Exact,
            back_clip: None,
            differences: Curvature::Central.differences(),
        };
        agrees_with(&mut networks, x, n, &inner);
    }
}

fn agrees_with<X>(networks: &mut Networks<Cpu, X>, x: &X, n: usize, inner: &InnerLoop) {
    let draws = Draws {
        noise: Seed::new(5),
        masks: Some(Seed::new(6)),
        first: 0,
    };
    let step = {
        let objective = objective(networks, x, &draws);
        let start = [0, 1].map(|_| networks.device().full(0.0, (n, networks.latent)));
        gradients::step(networks, Inference::SaVae, inner, &objective, &start)
    };
    assert_eq!(step.clipped > 0.0, inner.clip.is_some());
    let by_encoder = step.encoder.expect("it has an encoder");
    for (of_encoder, found) in [(true, by_encoder), (false, step.decoder)] {
        for index in 0..params(networks, of_encoder).len() {
            let Some(gradient) = found.at(index) else {
                continue;
            };
            let largest = gradient.iter().fold(0.0_f32, |most, g| most.max(g.abs()));
            let at = gradient.len() - 1;
            let values = params(networks, of_encoder).values(index);
            let h = 4e-3;
            let mut outcome = |by: f32| {
                let mut moved = values.clone();
                moved[at] += by;
                let set = params(networks, of_encoder).set(index, moved);
                set.expect("as many numbers");
                loss(networks, x, &draws, inner)
            };
            let want = (outcome(h) - outcome(-h)) / f64::from(2.0 * h);
            outcome(0.0);
            let name = params(networks, of_encoder).names().nth(index);
            let (got, name) = (f64::from(gradient[at]), name.unwrap_or_default().to_owned());
            // Losses near 10 in single precision over 8e-3, and h²; then 1 % of the gradient.
            let allowed = 1e-3 + 0.01 * f64::from(largest);
            assert!((got - want).abs() < allowed, "{name}: {got} is not {want}");
        }
    }
}

fn params<X>(networks: &mut Networks<Cpu, X>, of_encoder: bool) -> &mut Params<Cpu> {
    match (&mut networks.encoder, of_encoder) {
        (Some(encoder), true) => encoder.component.params_mut(),
        _ => networks.decoder.component.params_mut(),
    }
}

fn objective<'a, X>(
    networks: &'a Networks<Cpu, X>,
    x: &'a X,
    draws: &'a Draws,
) -> Objective<'a, Cpu, X> {
    Objective {
        decoder: &*networks.decoder.network,
        x,
        beta: BETA,
        draws,
    }
}

/// f(λ_K; K) by running the inner loop.
fn loss<X>(networks: &Networks<Cpu, X>, x: &X, draws: &Draws, inner: &InnerLoop) -> f64 {
    let encoder = networks.encoder.as_ref().expect("it has one");
    let pass = encoder.component.record();
    let start = encoder.encode(&pass, x, &Statistics::noted());
    let objective = objective(networks, x, draws);
    let f = |pass: &crate::nn::Pass<'_, Cpu>, lambda: &[crate::nn::Matrix<Cpu>], k: usize| {
        objective.value(pass, lambda, k)
    };
    let decoder = &networks.decoder.component;
    let steps = inner.run(decoder.params(), &start, &f);
    let pass = decoder.constant();
    // In double precision over observations, as far as the terms allow it.
    let terms = objective.terms(&pass, steps.last(), inner.steps);
    let (nll, kl) = (terms.nll.to_vec(), terms.kl.to_vec());
    let each = nll
        .iter()
        .zip(&kl)
        .map(|(nll, kl)| f64::from(*nll) + f64::from(BETA) * f64::from(*kl));
    each.sum::<f64>() / nll.len() as f64
}
