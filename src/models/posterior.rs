//! q(z|x): what an encoder says of observations, and what can be asked of it.
//!
//! | form | draws and density | closed forms |
//! | --- | --- | --- |
//! | a point per observation | no | – |
//! | Gaussian of independent dimensions | yes | moments, KL to the prior |
//! | such a Gaussian through a flow | yes | none |

use std::fmt;
use std::rc::Rc;

use super::Draws;
use super::ModelError;
use super::Rows;
use super::observation::LogVariances;

/// ln 2π
const LN_TAU: f64 = 1.837_877_066_409_345_3;

/// What an encoder says of observations, a row for each.
#[derive(Clone, Debug)]
pub struct Posterior {
    /// A code per observation: the mean of a Gaussian, a point, or what a flow makes of the mean of
    /// its base.
    pub mean: Rows,
    /// Of a Gaussian of independent dimensions. None where the encoder is a function, and of flows.
    pub log_var: Option<LogVariances>,
    /// Where q(z|x) is a flow.
    pub flow: Option<FlowPosterior>,
}

/// Gaussians of independent dimensions, mapped by a flow that depends on the observation:
/// z = T(z₀; h(x)), z₀ ~ N(μ(x), σ²(x)), log q(z|x) = log N(z₀; μ, σ²) − log |det ∂T/∂z₀|.
#[derive(Clone, Debug)]
pub struct FlowPosterior {
    /// μ(x)
    pub mean: Rows,
    /// ln σ²(x)
    pub log_var: LogVariances,
    /// h(x), computed once.
    pub features: Rows,
    /// T
    pub map: Rc<dyn FlowMap>,
}

/// An invertible map of latent variables, given features of the observation row by row.
pub trait FlowMap: fmt::Debug {
    /// T: where each row goes, and log |det ∂T| there, in nats.
    fn forward(&self, z: &Rows, features: &Rows) -> (Rows, Vec<f64>);

    /// T⁻¹: where each row comes from, and log |det ∂T| at that place.
    fn inverse(&self, z: &Rows, features: &Rows) -> (Rows, Vec<f64>);
}

impl Posterior {
    /// An encoder that is a function.
    pub fn points(codes: Rows) -> Self {
        Posterior {
            mean: codes,
            log_var: None,
            flow: None,
        }
    }

    /// Gaussians of independent dimensions.
    pub fn diagonal(mean: Rows, log_var: LogVariances) -> Self {
        Posterior {
            mean,
            log_var: Some(log_var),
            flow: None,
        }
    }

    /// Gaussians through a flow.
    pub fn through(flow: FlowPosterior) -> Self {
        let (mean, _) = flow.map.forward(&flow.mean, &flow.features);
        Posterior {
            mean,
            log_var: None,
            flow: Some(flow),
        }
    }

    /// How many observations there are.
    pub fn len(&self) -> usize {
        self.mean.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.mean.is_empty()
    }

    /// Whether it can be drawn from and weighed.
    pub fn has_density(&self) -> bool {
        self.log_var.is_some() || self.flow.is_some()
    }

    /// A draw for each of these observations, from standard normal noise of `[of.len(), latent]`.
    ///
    /// # Errors
    /// [`ModelError::Unsupported`] where the encoder is a function.
    pub fn sample(&self, of: &[usize], noise: &[f32]) -> Result<Draws, ModelError> {
        let (mean, log_var) = self.base()?;
        let l = mean.columns;
        let mut z = Vec::with_capacity(noise.len());
        let mut log_q = Vec::with_capacity(of.len());
        for (n, noise) in of.iter().zip(noise.chunks_exact(l)) {
            let mut log = -0.5 * l as f64 * LN_TAU;
            for (j, e) in noise.iter().enumerate() {
                let at = n * l + j;
                z.push(mean.values[at] + log_var.sigma(at) * e);
                log -= 0.5 * (f64::from(*e).powi(2) + f64::from(log_var.values()[at]));
            }
            log_q.push(log);
        }
        let base = Rows::new(l, z);
        let Some(flow) = &self.flow else {
            return Ok(Draws {
                z: base,
                log_density: log_q,
            });
        };
        let (z, log_det) = flow.map.forward(&base, &flow.features_of(of));
        for (log_q, log_det) in log_q.iter_mut().zip(log_det) {
            *log_q -= log_det;
        }
        Ok(Draws {
            z,
            log_density: log_q,
        })
    }

    /// log q(z|x) of pairs, in nats: row m of `z` under the posterior of observation `of[m]`. Exact for
    /// any z, whatever it was drawn from: a flow is inverted.
    ///
    /// # Errors
    /// [`ModelError::Unsupported`] where the encoder is a function.
    pub fn log_density(&self, of: &[usize], z: &Rows) -> Result<Vec<f64>, ModelError> {
        let (mean, log_var) = self.base()?;
        let (base, log_det) = match &self.flow {
            None => (z.clone(), vec![0.0; of.len()]),
            Some(flow) => flow.map.inverse(z, &flow.features_of(of)),
        };
        let l = mean.columns;
        let pairs = of.iter().zip(base.values.chunks_exact(l)).zip(log_det);
        let logs = pairs.map(|((n, z), log_det)| {
            let mut log = -log_det - 0.5 * l as f64 * LN_TAU;
            for (j, z) in z.iter().enumerate() {
                let at = n * l + j;
                let log_var = f64::from(log_var.values()[at]);
                let difference = f64::from(*z) - f64::from(mean.values[at]);
                log -= 0.5 * (difference * difference * (-log_var).exp() + log_var);
            }
            log
        });
        Ok(logs.collect())
    }

    /// The Gaussian that draws start from.
    fn base(&self) -> Result<(&Rows, &LogVariances), ModelError> {
        match (&self.flow, &self.log_var) {
            (Some(flow), _) => Ok((&flow.mean, &flow.log_var)),
            (None, Some(log_var)) => Ok((&self.mean, log_var)),
            (None, None) => Err(ModelError::Unsupported(
                "the model's encoder is a function, so q(z|x) has no density to draw from or to \
                 compare with the prior"
                    .to_owned(),
            )),
        }
    }

    /// A number of it that is not finite, if there is one.
    pub(super) fn not_finite(&self) -> Option<f32> {
        let flow = self.flow.iter().flat_map(|flow| {
            let numbers = flow.mean.values.iter().chain(flow.log_var.values());
            numbers.chain(&flow.features.values)
        });
        let log_var = self.log_var.iter().flat_map(LogVariances::values);
        let mut all = self.mean.values.iter().chain(log_var).chain(flow);
        all.find(|value| !value.is_finite()).copied()
    }
}

impl FlowPosterior {
    fn features_of(&self, rows: &[usize]) -> Rows {
        Rows::new(self.features.columns, self.features.gather(rows))
    }
}

/// log p(z) = log N(z; 0, I) of each row, in nats.
pub fn log_prior(z: &Rows) -> Vec<f64> {
    let rows = z.values.chunks_exact(z.columns.max(1));
    let of = |z: &[f32]| {
        let squares: f64 = z.iter().map(|z| f64::from(*z).powi(2)).sum();
        -0.5 * (squares + z.len() as f64 * LN_TAU)
    };
    rows.map(of).collect()
}
