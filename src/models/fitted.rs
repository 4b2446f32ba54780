//! What a trained model answers, whatever its kind and device: plain numbers on the host.

use super::ModelError;
use super::Posterior;
use super::Posteriors;
use super::Rows;
use super::observation::Decoded;
use super::observation::Means;
use super::semi_amortized::SemiAmortized;
use crate::random::Stream;

/// Rows that are decoded at once: what a decoder emits can be hundreds of times an observation.
const CHUNK: usize = 250;

/// A fitted latent-variable model.
pub trait Fitted {
    /// Shape of one observation: `[channels, height, width]`, or `[dimensions]`.
    fn shape(&self) -> &[usize];

    /// Dimension of the latent variable; its prior is N(0, I).
    fn latent(&self) -> usize;

    /// Itself as a model whose variational parameters are refined; none for others.
    fn semi_amortized(&self) -> Option<&dyn SemiAmortized> {
        None
    }

    /// q(z|x) for each row of `x`.
    ///
    /// # Errors
    /// [`ModelError::Unsupported`] for models without an encoder.
    fn encode(&self, _x: &Rows) -> Result<Posterior, ModelError> {
        Err(ModelError::Unsupported(
            "the model has no encoder".to_owned(),
        ))
    }

    /// q(z|x) for each row of `x` as densities, whatever their form.
    ///
    /// # Errors
    /// [`ModelError::Unsupported`] where there is no density.
    fn posteriors(&self, x: &Rows) -> Result<Box<dyn Posteriors + '_>, ModelError> {
        self.encode(x)?.densities()
    }

    /// The parameters of p(x|z) for each row of `z`.
    ///
    /// # Errors
    /// [`ModelError::Unsupported`] for generators without a likelihood.
    fn decode(&self, z: &Rows) -> Result<Decoded, ModelError>;

    /// log p(x|z) for each pair of rows, in nats.
    ///
    /// # Errors
    /// [`ModelError::Data`] where x lies outside the support of the density.
    fn log_likelihood(&self, x: &Rows, z: &Rows) -> Result<Vec<f64>, ModelError> {
        let mut logs = Vec::with_capacity(z.len());
        for (x, z) in x.chunks(CHUNK).zip(z.chunks(CHUNK)) {
            logs.extend(self.decode(&z)?.log_likelihood(&x)?);
        }
        Ok(logs)
    }

    /// The mean of p(x|z) for each row of `z`, or what a generator makes of it, in the units of the data.
    fn means(&self, z: &Rows) -> Result<Means, ModelError> {
        let dimensions = self.shape().iter().product();
        let mut all = Means::none(dimensions);
        for z in z.chunks(CHUNK) {
            all.append(self.decode(&z)?.means());
        }
        Ok(all)
    }

    /// The observation next to the mean of p(x|z) for each row of `z`: one that has a likelihood.
    ///
    /// # Errors
    /// Those of [`Fitted::decode`].
    fn observations(&self, z: &Rows) -> Result<Rows, ModelError> {
        let dimensions = self.shape().iter().product();
        let mut all = Rows::new(dimensions, Vec::new());
        for z in z.chunks(CHUNK) {
            all.values.extend(self.decode(&z)?.observations().values);
        }
        Ok(all)
    }

    /// `count` observations from the prior: the means of p(x|z).
    fn sample(&self, count: usize, stream: &mut Stream) -> Result<Means, ModelError> {
        let z = stream.normal(count * self.latent());
        self.means(&Rows::new(self.latent(), z))
    }
}
