//! The likelihood of a sequence under an [`Oracle`], by quadrature over z.
//!
//! The state does not depend on z, so log p(x, z) is concave in z: its mode and curvature place a
//! grid over which p(x) = ∫ p(x, z) dz is summed.

use super::oracle::LATENT;
use super::oracle::Oracle;

/// log p(x, z) over z: each observed token with the logits before z.
pub(super) struct Posterior<'a> {
    oracle: &'a Oracle,
    steps: Vec<(usize, Vec<f64>)>,
}

/// A value with its gradient and the negative of its second derivatives (xx, xy, yy).
struct Local {
    value: f64,
    gradient: [f64; 2],
    curvature: [f64; 3],
}

impl<'a> Posterior<'a> {
    /// Of observed tokens, each with the logits that the state gave before z.
    pub(super) fn new(oracle: &'a Oracle, steps: Vec<(usize, Vec<f64>)>) -> Self {
        Posterior { oracle, steps }
    }

    fn value(&self, z: [f64; LATENT]) -> f64 {
        let prior = -0.5 * (z[0] * z[0] + z[1] * z[1]) - std::f64::consts::TAU.ln();
        let tokens = self.steps.iter().map(|(token, logits)| {
            let logits = self.oracle.shifted(logits, z);
            logits[*token] - log_sum_exp(&logits)
        });
        prior + tokens.sum::<f64>()
    }

    fn local(&self, z: [f64; LATENT]) -> Local {
        let mut gradient = [-z[0], -z[1]];
        let mut curvature = [1.0, 0.0, 1.0];
        for (token, logits) in &self.steps {
            let logits = self.oracle.shifted(logits, z);
            let normalizer = log_sum_exp(&logits);
            let (mut mean, mut square) = ([0.0; 2], [0.0; 3]);
            for (i, logit) in logits.iter().enumerate() {
                let p = (logit - normalizer).exp();
                let [a, b] = self.oracle.z_weight(i);
                mean[0] += p * a;
                mean[1] += p * b;
                square[0] += p * a * a;
                square[1] += p * a * b;
                square[2] += p * b * b;
            }
            let [a, b] = self.oracle.z_weight(*token);
            gradient[0] += a - mean[0];
            gradient[1] += b - mean[1];
            curvature[0] += square[0] - mean[0] * mean[0];
            curvature[1] += square[1] - mean[0] * mean[1];
            curvature[2] += square[2] - mean[1] * mean[1];
        }
        Local {
            value: self.value(z),
            gradient,
            curvature,
        }
    }

    /// The mode, by Newton steps that are halved until the value grows.
    fn mode(&self) -> ([f64; LATENT], Local) {
        let mut z = [0.0; LATENT];
        let mut here = self.local(z);
        for _ in 0..100 {
            let [gx, gy] = here.gradient;
            if gx * gx + gy * gy < 1e-16 {
                break;
            }
            let [a, b, c] = here.curvature;
            let det = a * c - b * b;
            let step = [(c * gx - b * gy) / det, (a * gy - b * gx) / det];
            let halves = (0..30).map(|k| 0.5_f64.powi(k));
            let mut candidates = halves.map(|s| [z[0] + s * step[0], z[1] + s * step[1]]);
            let Some(better) = candidates.find(|z| self.value(*z) > here.value) else {
                break;
            };
            z = better;
            here = self.local(z);
        }
        (z, here)
    }

    /// −log p(x) in nats: the trapezoid rule in coordinates in which the curvature at the mode is one. It is exact
    /// to e^(−2π²/h²) for a Gaussian; the reach allows for tails that fall only exponentially.
    pub(super) fn nll(&self) -> f64 {
        let (mode, local) = self.mode();
        // The Cholesky factor of the curvature; its inverse transposed scales the grid.
        let [a, b, c] = local.curvature;
        let l11 = a.sqrt();
        let l21 = b / l11;
        let l22 = (c - l21 * l21).sqrt();
        let nodes = (-REACH..=REACH).flat_map(|i| (-REACH..=REACH).map(move |j| (i, j)));
        let terms: Vec<f64> = nodes
            .map(|(i, j)| {
                let (u, v) = (STEP * f64::from(i), STEP * f64::from(j));
                let y = v / l22;
                let x = (u - l21 * y) / l11;
                self.value([mode[0] + x, mode[1] + y])
            })
            .collect();
        -(log_sum_exp(&terms) + 2.0 * STEP.ln() - (l11 * l22).ln())
    }
}

const STEP: f64 = 0.6;
const REACH: i32 = 14;

fn log_sum_exp(values: &[f64]) -> f64 {
    let highest = values.iter().copied().fold(f64::MIN, f64::max);
    let sum: f64 = values.iter().map(|value| (value - highest).exp()).sum();
    highest + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Seed;

    /// A plain fine grid over all of z, without mode or curvature. Both are sums of a smooth
    /// function; they agree far below the third decimal that is ever reported.
    #[test]
    fn quadrature_around_the_mode_agrees_with_a_plain_grid() {
        let oracle = Oracle::draw(12, 4, Seed::new(1));
        for row in 0..3 {
            let (sequence, _) = oracle.sample(3, &mut Seed::new(2).stream(row));
            let posterior = oracle.posterior(&sequence);
            let step: f64 = 0.04;
            let points = (-200..=200).flat_map(|i| (-200..=200).map(move |j| (i, j)));
            let grid: Vec<f64> = points
                .map(|(i, j)| posterior.value([step * f64::from(i), step * f64::from(j)]))
                .collect();
            let expected = -(log_sum_exp(&grid) + 2.0 * step.ln());
            let found = oracle.nll(&sequence);
            assert!((found - expected).abs() < 1e-4, "{found} {expected}");
        }
    }

    /// p(x) over all sequences of two tokens adds up to one.
    #[test]
    fn probabilities_of_all_sequences_add_up_to_one() {
        let oracle = Oracle::draw(5, 3, Seed::new(3));
        let pairs = (0..5).flat_map(|a| (0..5).map(move |b| [a, b]));
        let total: f64 = pairs.map(|pair| (-oracle.nll(&pair)).exp()).sum();
        assert!((total - 1.0).abs() < 1e-4, "{total}");
    }

    /// The gradient against central differences.
    #[test]
    fn the_gradient_of_the_log_density_is_its_slope() {
        let oracle = Oracle::draw(12, 4, Seed::new(1));
        let posterior = oracle.posterior(&[3, 7, 1]);
        let (z, d) = ([0.4, -0.3], 1e-5);
        let local = posterior.local(z);
        let slope = [
            (posterior.value([z[0] + d, z[1]]) - posterior.value([z[0] - d, z[1]])) / (2.0 * d),
            (posterior.value([z[0], z[1] + d]) - posterior.value([z[0], z[1] - d])) / (2.0 * d),
        ];
        for (found, expected) in local.gradient.into_iter().zip(slope) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }
}
