//! Which observations' latent codes could have made an observation: q(i|xₙ) as an N×N log matrix.
//!
//! It depends on the data alone, so one matrix serves all trainings on a draw of the data
//! (Yacoby et al. 2024, section 4 and appendix B).

use crate::data::Array;
use crate::data::Dataset;
use crate::models::ModelError;
use crate::models::Rows;
use crate::models::params;

/// Where q(i|x) comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kernel {
    /// exp(−|xₙ − xᵢ|² / 2h²), h² = `bandwidth` σ²: equation 8 for Gaussian noise.
    Gaussian { bandwidth: f64 },
    /// Π γ^[x = x′] (1 − γ)^[x ≠ x′] over the dimensions: for binary data.
    Bernoulli { gamma: f64 },
    /// p(xₙ | f(zᵢ)) with the decoder and the latent variables that made the data: equation 7.
    GroundTruth,
    /// 1/N.
    Uniform,
}

/// ln q(i|xₙ), normalised over i; row n belongs to observation n.
#[derive(Clone, Debug, PartialEq)]
pub struct Posterior {
    pub observations: usize,
    /// `[observations, observations]`
    pub log: Vec<f32>,
}

impl Posterior {
    /// The matrix over the training split. `sigma` is that of the model, which stands for the data's where they name no
    /// noise.
    ///
    /// # Errors
    /// Where the data set lacks what the kernel needs: its noise variance, or the means before
    /// noise.
    pub fn new(data: &Dataset, kernel: Kernel, sigma: Option<f64>) -> Result<Self, ModelError> {
        let x = params::observations(data, "train")?;
        let noise = || {
            let noise = data.noise_variance().or(sigma.map(|sigma| sigma * sigma));
            noise.ok_or_else(|| {
                ModelError::Data(
                    "it names no noise variance to scale the kernel by: give `sigma`".to_owned(),
                )
            })
        };
        match kernel {
            Kernel::Gaussian { bandwidth } => {
                Ok(Self::gaussian(&x, &x.values, bandwidth * noise()?))
            }
            Kernel::Bernoulli { gamma } => Ok(Self::bernoulli(&x, gamma)),
            Kernel::GroundTruth => {
                let means = data.train.get("mean").map(Array::to_f32).ok_or_else(|| {
                    ModelError::Data("it does not keep the `mean` before noise".to_owned())
                })?;
                if means.len() != x.values.len() || means.iter().any(|mean| !mean.is_finite()) {
                    return Err(ModelError::Data(format!(
                        "`mean` has {} numbers for the {} of `x`, or some that are not finite",
                        means.len(),
                        x.values.len()
                    )));
                }
                Ok(Self::gaussian(&x, &means, noise()?))
            }
            Kernel::Uniform => Ok(Self::from_weights(x.len(), |_, _| 0.0)),
        }
    }

    /// q(i|xₙ) ∝ exp(−|xₙ − centreᵢ|² / 2 variance).
    pub fn gaussian(x: &Rows, centres: &[f32], variance: f64) -> Self {
        let d = x.columns;
        let scale = -0.5 / variance;
        Self::from_weights(x.len(), |n, i| {
            let pair = x.values[n * d..][..d].iter().zip(&centres[i * d..][..d]);
            let squares = pair.map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2));
            scale * squares.sum::<f64>()
        })
    }

    /// q(i|xₙ) by the number of dimensions in which two binary observations differ.
    pub fn bernoulli(x: &Rows, gamma: f64) -> Self {
        let d = x.columns;
        let step = (1.0 - gamma).ln() - gamma.ln();
        Self::from_weights(x.len(), |n, i| {
            let pair = x.values[n * d..][..d].iter().zip(&x.values[i * d..][..d]);
            step * pair.filter(|(a, b)| a != b).count() as f64
        })
    }

    /// Normalises the rows of any log weights.
    pub fn from_weights(observations: usize, log_weight: impl Fn(usize, usize) -> f64) -> Self {
        let mut log = Vec::with_capacity(observations * observations);
        let mut row = vec![0.0; observations];
        for n in 0..observations {
            for (i, entry) in row.iter_mut().enumerate() {
                *entry = log_weight(n, i);
            }
            let highest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            // What is e^40 below the highest changes a sum over observations by less than 1e-12.
            let near = row
                .iter()
                .map(|entry| entry - highest)
                .filter(|entry| *entry > -40.0);
            let total = highest + near.map(f64::exp).sum::<f64>().ln();
            log.extend(row.iter().map(|entry| (entry - total) as f32));
        }
        Posterior { observations, log }
    }

    /// ln q(·|xₙ).
    pub fn row(&self, n: usize) -> &[f32] {
        &self.log[n * self.observations..][..self.observations]
    }

    /// The matrix as an array, to be kept.
    pub fn to_array(&self) -> Array {
        Array::new(&[self.observations; 2], self.log.clone())
    }

    /// Takes up a kept matrix over `observations` observations.
    pub fn from_array(array: &Array, observations: usize) -> Result<Self, ModelError> {
        if array.shape() != [observations; 2] {
            return Err(ModelError::Data(format!(
                "the log posterior has shape {:?} for {observations} training observations",
                array.shape()
            )));
        }
        let log = array.to_f32();
        // ln 0 is −∞; nothing else that is not finite is the logarithm of a probability.
        let wrong = |log: &f32| log.is_nan() || *log == f32::INFINITY;
        if let Some(at) = log.iter().position(wrong) {
            return Err(ModelError::Data(format!(
                "row {} of the log posterior, counted from 0, holds {}",
                at / observations.max(1),
                log[at]
            )));
        }
        Ok(Posterior { observations, log })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_distributions_with_the_densities_ratios() {
        let x = Rows::new(1, vec![0.0, 1.0, 3.0]);
        let posterior = Posterior::gaussian(&x, &x.values, 0.5);
        for n in 0..3 {
            let total: f64 = posterior.row(n).iter().map(|l| f64::from(*l).exp()).sum();
            assert!((total - 1.0).abs() < 1e-6, "{total}");
        }
        // −(1 − 3)²/2h² + 0 with h² = ½; single precision.
        let ratio = posterior.row(1)[2] - posterior.row(1)[1];
        assert!((ratio + 4.0).abs() < 1e-5, "{ratio}");
    }

    #[test]
    fn the_bernoulli_kernel_counts_differing_dimensions() {
        let x = Rows::new(3, vec![0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0]);
        let posterior = Posterior::bernoulli(&x, 0.9);
        let step = (0.1f32 / 0.9).ln();
        let row = posterior.row(0);
        assert!((row[1] - row[0] - step).abs() < 1e-5);
        assert!((row[2] - row[0] - 3.0 * step).abs() < 1e-5);
    }
}
