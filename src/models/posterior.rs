//! q(z|x): what an encoder says of observations, a row for each, and what can be asked of it.
//!
//! | form | draws and density | closed forms |
//! | --- | --- | --- |
//! | a point per observation | no | – |
//! | Gaussian of independent dimensions | yes | moments, KL to the prior |
//! | such a Gaussian through a flow | yes | none |

use std::fmt;
use std::rc::Rc;

use super::DiagonalGaussians;
use super::Draws;
use super::ModelError;
use super::Posteriors;
use super::Rows;
use super::observation::LogVariances;

/// What an encoder says of observations.
#[derive(Clone, Debug)]
pub enum Posterior {
    /// The encoder is a function.
    Points(Rows),
    Gaussians(DiagonalGaussians),
    Flow(FlowPosterior),
}

impl Posterior {
    /// Gaussians of independent dimensions.
    pub fn diagonal(mean: Rows, log_var: LogVariances) -> Self {
        Posterior::Gaussians(DiagonalGaussians::new(mean, log_var))
    }

    /// A code per observation: the mean of a Gaussian, a point, or what a flow makes of the mean of its
    /// base.
    pub fn codes(self) -> Rows {
        match self {
            Posterior::Points(codes) => codes,
            Posterior::Gaussians(gaussians) => gaussians.into_moments().0,
            Posterior::Flow(flow) => flow.map.forward(flow.base.mean(), &flow.features).0,
        }
    }

    /// The densities.
    ///
    /// # Errors
    /// [`ModelError::Unsupported`] where the encoder is a function.
    pub fn densities<'a>(self) -> Result<Box<dyn Posteriors + 'a>, ModelError> {
        match self {
            Posterior::Points(_) => Err(no_density()),
            Posterior::Gaussians(gaussians) => Ok(Box::new(gaussians)),
            Posterior::Flow(flow) => Ok(Box::new(flow)),
        }
    }

    /// Whether it can be drawn from and weighed.
    pub fn has_density(&self) -> bool {
        !matches!(self, Posterior::Points(_))
    }

    /// A number of it that is not finite, if there is one.
    pub(super) fn not_finite(&self) -> Option<f32> {
        let of = |gaussians: &DiagonalGaussians| {
            let mut all = gaussians.mean().values.iter();
            let wrong = all.find(|value| !value.is_finite()).copied();
            wrong.or_else(|| not_finite(gaussians.log_var().values()))
        };
        match self {
            Posterior::Points(codes) => not_finite(&codes.values),
            Posterior::Gaussians(gaussians) => of(gaussians),
            Posterior::Flow(flow) => of(&flow.base).or_else(|| not_finite(&flow.features.values)),
        }
    }
}

fn not_finite(values: &[f32]) -> Option<f32> {
    values.iter().copied().find(|value| !value.is_finite())
}

/// Why codes can't be drawn or weighed.
pub(super) fn no_density() -> ModelError {
    ModelError::Unsupported(
        "the model's encoder is a function, so q(z|x) has no density to draw from or to compare with \
         the prior"
            .to_owned(),
    )
}

/// Gaussians of independent dimensions, mapped by a flow that depends on the observation:
/// z = T(z₀; h(x)), z₀ ~ N(μ(x), σ²(x)), log q(z|x) = log N(z₀; μ, σ²) − log |det ∂T/∂z₀|.
#[derive(Clone, Debug)]
pub struct FlowPosterior {
    /// N(μ(x), σ²(x))
    pub base: DiagonalGaussians,
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

impl FlowPosterior {
    fn features_of(&self, rows: &[usize]) -> Rows {
        Rows::new(self.features.columns, self.features.gather(rows))
    }
}

/// Exact for any z, whatever it was drawn from: the flow is inverted. There are no closed forms.
impl Posteriors for FlowPosterior {
    fn len(&self) -> usize {
        self.base.len()
    }

    fn dimension(&self) -> usize {
        self.base.dimension()
    }

    fn draw(&self, index: &[usize], noise: &[f32]) -> Result<Draws, ModelError> {
        let base = self.base.draw(index, noise)?;
        let (z, log_det) = self.map.forward(&base.z, &self.features_of(index));
        let log_density = base.log_density.iter().zip(log_det);
        Ok(Draws {
            z,
            log_density: log_density.map(|(log, log_det)| log - log_det).collect(),
        })
    }

    fn log_density(&self, index: &[usize], z: &Rows) -> Result<Vec<f64>, ModelError> {
        let (base, log_det) = self.map.inverse(z, &self.features_of(index));
        let logs = self.base.log_density(index, &base)?.into_iter();
        Ok(logs
            .zip(log_det)
            .map(|(log, log_det)| log - log_det)
            .collect())
    }
}
