//! log p(x|z) and its gradient with respect to what the decoder emits, on the host.
//!
//! Bounds that weigh many samples against each other (IWAE, MAPA) are computed here in double
//! precision: the weights are constants of the gradient, so a backward pass needs only the
//! gradient at the decoder's output, and the tape holds nothing but the networks.

use serde::Deserialize;
use serde::Serialize;

/// p(x|z), given what the decoder emits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Visible {
    /// Independent Bernoulli with the decoder's logits; grey values in [0, 1] are allowed.
    Bernoulli,
    /// N(decoder, σ² I) with a known σ.
    Gaussian { sigma: f32 },
}

/// A density of x of a fixed dimension, its constants worked out.
#[derive(Clone, Copy, Debug)]
pub struct Likelihood {
    /// 1/σ²; none for Bernoulli.
    precision: Option<f64>,
    constant: f64,
}

impl Likelihood {
    pub fn new(visible: Visible, dimensions: usize) -> Self {
        match visible {
            Visible::Bernoulli => Likelihood {
                precision: None,
                constant: 0.0,
            },
            Visible::Gaussian { sigma } => {
                let variance = f64::from(sigma) * f64::from(sigma);
                let log = (std::f64::consts::TAU * variance).ln();
                Likelihood {
                    precision: Some(1.0 / variance),
                    constant: -0.5 * dimensions as f64 * log,
                }
            }
        }
    }

    /// log p(x|z) of one observation, in nats.
    pub fn log(&self, x: &[f32], decoded: &[f32]) -> f64 {
        let pairs = x
            .iter()
            .zip(decoded)
            .map(|(x, d)| (f64::from(*x), f64::from(*d)));
        match self.precision {
            Some(precision) => {
                let squares: f64 = pairs.map(|(x, mean)| (x - mean) * (x - mean)).sum();
                self.constant - 0.5 * precision * squares
            }
            None => pairs.map(|(x, logit)| x * logit - softplus(logit)).sum(),
        }
    }

    /// Adds `weight` times the gradient of log p(x|z) by the decoder's output to `into`.
    pub fn add_gradient(&self, weight: f64, x: &[f32], decoded: &[f32], into: &mut [f32]) {
        for ((x, d), into) in x.iter().zip(decoded).zip(into) {
            let (x, d) = (f64::from(*x), f64::from(*d));
            let slope = match self.precision {
                Some(precision) => precision * (x - d),
                None => x - sigmoid(d),
            };
            *into += (weight * slope) as f32;
        }
    }
}

fn softplus(a: f64) -> f64 {
    a.max(0.0) + (-a.abs()).exp().ln_1p()
}

fn sigmoid(a: f64) -> f64 {
    1.0 / (1.0 + (-a).exp())
}

/// ln Σ exp of the terms, and the terms replaced by their shares of that sum.
pub fn normalise(terms: &mut [f64]) -> f64 {
    let highest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if highest == f64::NEG_INFINITY {
        return highest;
    }
    let mut sum = 0.0;
    for term in terms.iter_mut() {
        *term = (*term - highest).exp();
        sum += *term;
    }
    for term in terms {
        *term /= sum;
    }
    highest + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Central differences with step 1e-3; single precision inputs bound the error by about 1e-4.
    #[test]
    fn gradients_agree_with_finite_differences() {
        let gaussian = Visible::Gaussian { sigma: 0.7 };
        for visible in [Visible::Bernoulli, gaussian] {
            let likelihood = Likelihood::new(visible, 2);
            let (x, decoded) = ([0.25, 1.0], [0.5f32, -1.5]);
            let mut gradient = [0.0; 2];
            likelihood.add_gradient(2.0, &x, &decoded, &mut gradient);
            for i in 0..2 {
                let at = |by: f32| {
                    let mut moved = decoded;
                    moved[i] += by;
                    likelihood.log(&x, &moved)
                };
                let slope = 2.0 * (at(1e-3) - at(-1e-3)) / 2e-3;
                let found = f64::from(gradient[i]);
                assert!((found - slope).abs() < 5e-4, "{visible:?}: {found} {slope}");
            }
        }
    }

    #[test]
    fn shares_add_up_to_one_however_small_the_terms() {
        let mut terms = [-2000.0, -2000.0 + 3.0f64.ln(), f64::NEG_INFINITY];
        let total = normalise(&mut terms);
        assert!((total - (4.0f64.ln() - 2000.0)).abs() < 1e-9);
        assert!((terms[0] - 0.25).abs() < 1e-12 && (terms[1] - 0.75).abs() < 1e-12);
        assert_eq!(terms[2], 0.0);
    }
}
