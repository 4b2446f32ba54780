//! log p(x) of a model with one latent dimension, by the trapezoid rule over z.
//!
//! It needs no encoder, so it judges models alike whatever they were trained with.

use std::f64::consts::TAU;

use super::Estimate;
use super::Fitted;
use super::ModelError;
use super::Rows;
use super::agreement::elbo_draws;
use super::agreement::is_negative;
use super::observation::Decoded;
use crate::random::Seed;
use crate::training::Monitor;

/// Beyond |z| = 8 lies 10⁻¹⁵ of the prior's mass.
const REACH: f64 = 8.0;

/// Nodes for scores: steps of 0.002 in z.
pub const NODES: usize = 8001;

/// A model's decoded grid over z, ready to be evaluated at any x.
pub struct Quadrature {
    decoded: Decoded,
    /// ln of the prior density times the step, per node.
    log_weights: Vec<f64>,
}

impl Quadrature {
    /// Decodes `nodes` evenly spaced points of [−8, 8].
    ///
    /// # Errors
    /// [`ModelError::Unsupported`] for more than one latent dimension, [`ModelError::Diverged`] where
    /// the decoder gives what is not finite.
    pub fn new(model: &dyn Fitted, nodes: usize) -> Result<Self, ModelError> {
        if model.latent() != 1 {
            return Err(ModelError::Unsupported(format!(
                "quadrature needs one latent dimension and the model has {}",
                model.latent()
            )));
        }
        let z = grid(nodes);
        let step = 2.0 * REACH / (nodes.max(2) - 1) as f64;
        let decoded = model.decode(&Rows::new(1, z.iter().map(|z| *z as f32).collect()))?;
        if let Some(value) = decoded.not_finite() {
            return Err(ModelError::Diverged(format!("its decoder gives {value}")));
        }
        let log_weights = z.iter().map(|z| step.ln() - 0.5 * z * z - 0.5 * TAU.ln());
        Ok(Quadrature {
            log_weights: log_weights.collect(),
            decoded,
        })
    }

    /// log p(x) of each row, in nats.
    ///
    /// # Errors
    /// [`ModelError::Data`] where x lies outside the support of p(x|z).
    pub fn log_density(&self, x: &Rows) -> Result<Vec<f64>, ModelError> {
        self.decoded.check(x)?;
        let mut logs = vec![0.0; self.log_weights.len()];
        let rows = x.values.chunks_exact(x.columns);
        Ok(rows
            .map(|x| {
                self.decoded.log_all(x, &mut logs);
                for (log, weight) in logs.iter_mut().zip(&self.log_weights) {
                    *log += weight;
                }
                let highest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                // What is e^40 below the highest adds less than 8,001 · e^-40 to one.
                let near = logs
                    .iter()
                    .map(|log| log - highest)
                    .filter(|log| *log > -40.0);
                highest + near.map(f64::exp).sum::<f64>().ln()
            })
            .collect())
    }
}

/// `nodes` evenly spaced points of [−8, 8].
pub fn grid(nodes: usize) -> Vec<f64> {
    let step = 2.0 * REACH / (nodes.max(2) - 1) as f64;
    (0..nodes).map(|i| -REACH + step * i as f64).collect()
}

/// Dimensions of x up to which a training ends with a quadrature: for pictures it would take longer
/// than the training.
const PLAIN: usize = 16;

/// `valid_ll`, the mean over `valid`, for models of few dimensions with one latent; nothing for
/// others. Warns where the ELBO on the same observations lies above it.
pub fn valid_ll(
    model: &dyn Fitted,
    valid: &Rows,
    monitor: &dyn Monitor,
) -> Result<Vec<(&'static str, f64)>, ModelError> {
    let Some(logs) = plain_logs(model, valid)? else {
        return Ok(Vec::new());
    };
    let mean = Estimate::of(&logs).mean;
    // The training says that it diverged.
    if mean.is_nan() {
        return Ok(vec![("valid_ll", mean)]);
    }
    let mut stream = Seed::new(0).derive("fit/agreement").stream(0);
    if let Some(elbos) = elbo_draws(model, valid, &mut stream)? {
        let gaps: Vec<f64> = logs
            .iter()
            .zip(elbos)
            .map(|(log, elbo)| log - elbo)
            .collect();
        let gap = Estimate::of(&gaps);
        let error = gap.standard_error.unwrap_or(f64::NAN);
        if is_negative(gap.mean, error) {
            monitor.warn(&format!(
                "the ELBO on the validation split lies {:.4} ± {error:.4} nats above `valid_ll`, \
                 which it bounds: one of them is wrong",
                -gap.mean
            ));
        }
    }
    Ok(vec![("valid_ll", mean)])
}

/// log p(x) of each row, in nats, for models of few dimensions with one latent; none for others. Of a
/// model that diverged, not a number.
///
/// # Errors
/// As [`Quadrature::log_density`].
pub fn plain_logs(model: &dyn Fitted, x: &Rows) -> Result<Option<Vec<f64>>, ModelError> {
    if model.latent() != 1 || x.columns > PLAIN {
        return Ok(None);
    }
    match Quadrature::new(model, NODES) {
        Err(ModelError::Diverged(_)) => Ok(Some(vec![f64::NAN; x.len()])),
        quadrature => Ok(Some(quadrature?.log_density(x)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Posterior;
    use crate::models::observation::ObservationModel;

    /// x = 2z + 0.5 ε, in closed form N(0, 4.25).
    struct Line;

    impl Fitted for Line {
        fn shape(&self) -> &[usize] {
            &[1]
        }

        fn latent(&self) -> usize {
            1
        }

        fn encode(&self, _x: &Rows) -> Result<Posterior, ModelError> {
            Err(ModelError::Unsupported("it has no encoder".to_owned()))
        }

        fn decode(&self, z: &Rows) -> Result<Decoded, ModelError> {
            let x = z.values.iter().map(|z| 2.0 * z).collect();
            Ok(Decoded::new(
                ObservationModel::Gaussian { sigma: 0.5 },
                Rows::new(1, x),
            ))
        }
    }

    /// Decoded values are single precision: their error of 1e-7 relative is averaged out.
    #[test]
    fn a_linear_decoder_has_the_density_of_a_gaussian() {
        let quadrature = Quadrature::new(&Line, 4001).expect("it has one latent dimension");
        let x = [0.0f32, 1.5, -6.0];
        let found = quadrature
            .log_density(&Rows::new(1, x.to_vec()))
            .expect("any number");
        for (found, x) in found.into_iter().zip(x) {
            let expected = -0.5 * (TAU * 4.25).ln() - f64::from(x).powi(2) / 8.5;
            assert!((found - expected).abs() < 1e-6, "{x}: {found} {expected}");
        }
    }
}
