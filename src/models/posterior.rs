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
use crate::random::Seed;

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

    /// A code per observation: the mean, or a point. The mean of a flow is one over draws.
    pub fn codes(self) -> Rows {
        match self {
            Posterior::Points(codes) => codes,
            Posterior::Gaussians(gaussians) => gaussians.into_moments().0,
            Posterior::Flow(flow) => flow.mean(),
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

/// Pairs of draws whose mean is that of a flow.
const PAIRS: usize = 32;

impl FlowPosterior {
    /// E z, estimated by draws with the same noise for every observation, so that it is a function of x: in
    /// pairs ±ε whose squares have the mean 1 in each dimension. Of a sum of polynomials of third degree in
    /// one dimension each, the affine ones included, it is exact.
    pub fn mean(&self) -> Rows {
        let (n, d) = (self.base.len(), self.base.dimension());
        let everyone: Vec<usize> = (0..n).collect();
        let mut sums = vec![0.0_f64; n * d];
        for noise in paired_noise(d).chunks_exact(d) {
            let base = self.base.sample(&everyone, &noise.repeat(n));
            let (z, _) = self.map.forward(&base, &self.features);
            for (sum, z) in sums.iter_mut().zip(z.values) {
                *sum += f64::from(z);
            }
        }
        let count = 2.0 * PAIRS as f64;
        Rows::new(
            d,
            sums.into_iter().map(|sum| (sum / count) as f32).collect(),
        )
    }

    fn features_of(&self, rows: &[usize]) -> Rows {
        Rows::new(self.features.columns, self.features.gather(rows))
    }
}

/// Rows of noise that are standard normal but for what [`FlowPosterior::mean`] says.
fn paired_noise(d: usize) -> Vec<f32> {
    let mut stream = Seed::new(0).derive("flow-posterior/mean").stream(0);
    let mut half = stream.normal(PAIRS * d);
    for dimension in 0..d {
        let squares = half.iter().skip(dimension).step_by(d);
        let squares: f32 = squares.map(|noise| noise * noise).sum();
        let scale = (PAIRS as f32 / squares).sqrt();
        for noise in half.iter_mut().skip(dimension).step_by(d) {
            *noise *= scale;
        }
    }
    let other: Vec<f32> = half.iter().map(|noise| -noise).collect();
    [half, other].concat()
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

#[cfg(test)]
mod tests {
    use super::*;

    /// T(z) = z² + h, which no flow is, but its mean is known: μ² + σ² + h.
    #[derive(Debug)]
    struct Squares;

    impl FlowMap for Squares {
        fn forward(&self, z: &Rows, features: &Rows) -> (Rows, Vec<f64>) {
            let squares = z.values.chunks_exact(z.columns).zip(&features.values);
            let squares = squares.flat_map(|(z, h)| z.iter().map(move |z| z * z + h));
            (Rows::new(z.columns, squares.collect()), vec![0.0; z.len()])
        }

        fn inverse(&self, _z: &Rows, _features: &Rows) -> (Rows, Vec<f64>) {
            unreachable!("nothing is weighed")
        }
    }

    #[test]
    fn the_code_of_a_flow_is_its_mean_and_not_what_it_makes_of_that_of_its_base() {
        let mean = Rows::new(2, vec![0.0, 1.0, -2.0, 0.5]);
        let sigma = [1.0f32, 0.5, 2.0, 1.5];
        let log_var = sigma.map(|sigma| 2.0 * sigma.ln()).to_vec();
        let log_var = LogVariances::new(Rows::new(2, log_var));
        let flow = Posterior::Flow(FlowPosterior {
            base: DiagonalGaussians::new(mean, log_var),
            features: Rows::new(1, vec![0.0, 10.0]),
            map: Rc::new(Squares),
        });
        // Single precision of the scaled noise.
        for (code, known) in flow.codes().values.iter().zip([1.0f32, 1.25, 18.0, 12.5]) {
            assert!((code - known).abs() < 1e-4, "{code} {known}");
        }
    }
}
