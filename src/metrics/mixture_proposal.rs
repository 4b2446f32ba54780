//! A mixture of Gaussians as proposal for one posterior, fitted by importance sampling itself.
//!
//! Each round weighs samples of the present mixture and moves it by one step of expectation
//! maximisation on the weighted samples, which lowers KL(p(z|x) || q): the mixture PMC of Cappé,
//! Douc, Guillin, Marin and Robert 2008, *Adaptive importance sampling in general mixture classes*.
//! It needs no gradient and no encoder, so it serves every decoder, and finds posteriors with
//! several separate modes, which a decoder that crosses itself has. In many dimensions samples of a
//! prior never come near a posterior: there the encoder's q(z|x) stays in the mixture.

use std::f64::consts::TAU;

use statrs::distribution::ContinuousCDF;
use statrs::distribution::Normal;

use crate::models::posteriors::log_prior;
use crate::random::Stream;

/// The share of the prior, which stays in the mixture: it bounds all weights.
const PRIOR_SHARE: f64 = 0.05;

/// The share of the encoder's posterior, where it is in the mixture: the bound is then no worse than
/// with half as many samples of it alone.
const ENCODER_SHARE: f64 = 0.5;

/// Below this a component would be a point that single precision cannot sample.
const LEAST_VARIANCE: f64 = 1e-7;

/// q(z) = Σ_c π_c N(μ_c, diag σ_c²); the first component is the prior N(0, I).
#[derive(Clone, Debug)]
pub(super) struct MixtureProposal {
    latent: usize,
    /// So many components, the first ones, stay as they are.
    fixed: usize,
    /// `[components]`
    share: Vec<f64>,
    /// `[components, latent]`
    mean: Vec<f64>,
    /// `[components, latent]`
    variance: Vec<f64>,
}

/// Samples by strata, with what weighs them.
pub(super) struct Drawn {
    /// `[samples, latent]`
    pub z: Vec<f32>,
    /// ln π_c/S_c + ln p(z) − ln q(z) per sample: plus ln p(x|z) it is a term of the bound.
    pub log_weights: Vec<f64>,
}

impl MixtureProposal {
    /// The prior beside `components` Gaussians that cover it: in one dimension on the quantiles of
    /// N(0, 1.5²), which reach into its tails, in more on draws of the prior.
    pub(super) fn covering(components: usize, latent: usize, stream: &mut Stream) -> Self {
        let normal = Normal::standard();
        let quantile = |c: usize| 1.5 * normal.inverse_cdf((c as f64 + 0.5) / components as f64);
        let centres = match latent {
            1 => (0..components).map(quantile).collect(),
            _ => stream.normal_f64(components * latent),
        };
        let variance = (4.0 / components as f64).powi(2).min(1.0);
        let mut share = vec![(1.0 - PRIOR_SHARE) / components as f64; components + 1];
        share[0] = PRIOR_SHARE;
        MixtureProposal {
            latent,
            fixed: 1,
            share,
            mean: [vec![0.0; latent], centres].concat(),
            variance: [vec![1.0; latent], vec![variance; components * latent]].concat(),
        }
    }

    /// The prior and the encoder's posterior, which both stay, beside `components` Gaussians of its
    /// width on draws of it.
    pub(super) fn around(
        mean: &[f32],
        log_var: &[f32],
        components: usize,
        stream: &mut Stream,
    ) -> Self {
        let latent = mean.len();
        let wide = |mean: &[f32]| -> Vec<f64> { mean.iter().map(|m| f64::from(*m)).collect() };
        let (mean, log_var) = (wide(mean), wide(log_var));
        let variance: Vec<f64> = log_var
            .iter()
            .map(|v| v.exp().max(LEAST_VARIANCE))
            .collect();
        let noise = stream.normal_f64(components * latent);
        let centres = noise
            .iter()
            .enumerate()
            .map(|(i, e)| mean[i % latent] + variance[i % latent].sqrt() * e);
        let rest = (1.0 - PRIOR_SHARE - ENCODER_SHARE) / components as f64;
        MixtureProposal {
            latent,
            fixed: 2,
            share: [vec![PRIOR_SHARE, ENCODER_SHARE], vec![rest; components]].concat(),
            variance: [vec![1.0; latent], variance.repeat(components + 1)].concat(),
            mean: [vec![0.0; latent], mean.clone(), centres.collect()].concat(),
        }
    }

    /// About `samples` samples, of each component as its share says but at least one.
    pub(super) fn draw(&self, samples: usize, stream: &mut Stream) -> Drawn {
        let d = self.latent;
        let mut drawn = Drawn {
            z: Vec::with_capacity(samples * d),
            log_weights: Vec::with_capacity(samples),
        };
        for (c, share) in self.share.iter().enumerate() {
            let count = ((share * samples as f64).round() as usize).max(1);
            let log_each = (share / count as f64).ln();
            let noise = stream.normal_f64(count * d);
            for noise in noise.chunks_exact(d) {
                let at =
                    |j: usize| self.mean[c * d + j] + self.variance[c * d + j].sqrt() * noise[j];
                // As the decoder will see it.
                let z: Vec<f32> = (0..d).map(|j| at(j) as f32).collect();
                let log_q = ln_sum_exp(&self.log_parts(&z));
                drawn.log_weights.push(log_each + log_prior(&z) - log_q);
                drawn.z.extend(z);
            }
        }
        drawn
    }

    /// ln π_c + ln N(z; μ_c, σ_c²) of each component.
    fn log_parts(&self, z: &[f32]) -> Vec<f64> {
        let d = self.latent;
        let part = |c: usize| {
            let mut log = self.share[c].ln();
            for (j, z) in z.iter().enumerate() {
                let (mean, variance) = (self.mean[c * d + j], self.variance[c * d + j]);
                log -= 0.5 * ((f64::from(*z) - mean).powi(2) / variance + (TAU * variance).ln());
            }
            log
        };
        (0..self.share.len()).map(part).collect()
    }

    /// One step of expectation maximisation on samples whose shares of the posterior are
    /// `weights`, adding up to one. No component becomes narrower than `narrowest`: where a posterior
    /// is much narrower than the present mixture one sample has all the weight, and without this a
    /// component would stay on it.
    pub(super) fn improve(&mut self, z: &[f32], weights: &[f64], narrowest: f64) {
        let least = LEAST_VARIANCE.max(narrowest * narrowest);
        let (d, components) = (self.latent, self.share.len());
        let mut mass = vec![0.0; components];
        let mut first = vec![0.0; components * d];
        let mut second = vec![0.0; components * d];
        for (z, weight) in z.chunks_exact(d).zip(weights) {
            // A sample that weighs nothing moves nothing.
            if *weight < 1e-12 {
                continue;
            }
            let parts = self.log_parts(z);
            let total = ln_sum_exp(&parts);
            for (c, part) in parts.into_iter().enumerate() {
                let responsible = weight * (part - total).exp();
                mass[c] += responsible;
                for (j, z) in z.iter().enumerate() {
                    let z = f64::from(*z);
                    first[c * d + j] += responsible * z;
                    second[c * d + j] += responsible * z * z;
                }
            }
        }
        let free = 1.0 - self.share[..self.fixed].iter().sum::<f64>();
        let fitted: f64 = mass[self.fixed..].iter().sum();
        if fitted <= 0.0 {
            return;
        }
        for (c, mass) in mass.into_iter().enumerate().skip(self.fixed) {
            // A component that explains nothing keeps its place and loses its samples.
            self.share[c] = free * (mass / fitted).max(1e-6);
            if mass < 1e-9 {
                continue;
            }
            for j in c * d..(c + 1) * d {
                let mean = first[j] / mass;
                self.mean[j] = mean;
                self.variance[j] = (second[j] / mass - mean * mean).max(least);
            }
        }
        let total: f64 = self.share[self.fixed..].iter().sum();
        for share in &mut self.share[self.fixed..] {
            *share *= free / total;
        }
    }
}

/// Raises importance weights, given by their logarithms, to the largest power up to one at which at
/// least `least` of them count by their effective number, (Σw)²/Σw². Where a posterior is much
/// narrower than the mixture a sample far off can have all of the weight; tempered, those near it and
/// near other modes still draw components, which then resolve them.
pub(super) fn temper(terms: &mut [f64], least: f64) {
    let highest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let effective = |power: f64| {
        let weights = terms.iter().map(|term| (power * (term - highest)).exp());
        let (sum, squares) =
            weights.fold((0.0, 0.0), |(sum, squares), w| (sum + w, squares + w * w));
        sum * sum / squares
    };
    if !highest.is_finite() || effective(1.0) >= least {
        return;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..40 {
        let middle = 0.5 * (low + high);
        match effective(middle) >= least {
            true => low = middle,
            false => high = middle,
        }
    }
    for term in terms {
        *term *= low;
    }
}

/// The narrowest standard deviation after this round: halved from one to the next.
pub(super) fn narrowest(round: usize) -> f64 {
    0.1 * 0.5f64.powi(round.try_into().unwrap_or(i32::MAX))
}

fn ln_sum_exp(terms: &[f64]) -> f64 {
    let highest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = terms.iter().map(|term| (term - highest).exp()).sum();
    highest + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::observation::normalise;
    use crate::random::Seed;

    /// Two modes at ±1.5 of width 0.05, in closed form; the mean of ln p over the prior's weights
    /// is the mass, which the weights must give back.
    #[test]
    fn it_finds_two_narrow_modes() {
        let mut stream = Seed::new(3).stream(0);
        let mut proposal = MixtureProposal::covering(10, 1, &mut stream);
        // A likelihood that turns the prior into an even mixture of two narrow Gaussians of mass e.
        let log_density = |z: f32| {
            let z = f64::from(z);
            let mode = |at: f64| -0.5 * ((z - at) / 0.05).powi(2) - 0.05f64.ln();
            let modes = ln_sum_exp(&[mode(1.5), mode(-1.5)]) - 0.5 * TAU.ln();
            1.0 + modes - 2.0f64.ln() - log_prior(&[z as f32])
        };
        let terms = |drawn: &Drawn| -> Vec<f64> {
            let pairs = drawn.log_weights.iter().zip(&drawn.z);
            pairs.map(|(weight, z)| weight + log_density(*z)).collect()
        };
        for round in 0..10 {
            let drawn = proposal.draw(200, &mut stream);
            let mut weights = terms(&drawn);
            normalise(&mut weights);
            proposal.improve(&drawn.z, &weights, narrowest(round));
        }
        let bound = ln_sum_exp(&terms(&proposal.draw(1000, &mut stream)));
        assert!((bound - 1.0).abs() < 0.02, "{bound}");
    }
}
