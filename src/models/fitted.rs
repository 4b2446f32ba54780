//! What a trained model answers, whatever its kind and device: plain numbers on the host.

use super::ModelError;
use super::Rows;
use super::observation::Decoded;
use super::observation::LogVariances;
use super::observation::Means;
use super::observation::ObservationModel;
use crate::random::Stream;

/// What an encoder says of observations: a diagonal Gaussian q(z|x) for each, or only a point.
#[derive(Clone, Debug)]
pub struct Posterior {
    pub mean: Rows,
    /// None where the encoder is a function: then there is no density to draw from or to weigh.
    pub log_var: Option<LogVariances>,
}

/// A fitted latent-variable model.
pub trait Fitted {
    /// Shape of one observation: `[channels, height, width]`, or `[dimensions]`.
    fn shape(&self) -> &[usize];

    /// Dimension of the latent variable; its prior is N(0, I).
    fn latent(&self) -> usize;

    /// The density p(x|z).
    fn observation_model(&self) -> ObservationModel;

    /// q(z|x) for each row of `x`.
    ///
    /// # Errors
    /// [`ModelError::Unsupported`] for models without an encoder.
    fn encode(&self, _x: &Rows) -> Result<Posterior, ModelError> {
        Err(ModelError::Unsupported(
            "the model has no encoder".to_owned(),
        ))
    }

    /// The parameters of p(x|z) for each row of `z`.
    fn decode(&self, z: &Rows) -> Result<Decoded, ModelError>;

    /// log p(x|z) for each pair of rows, in nats.
    ///
    /// # Errors
    /// [`ModelError::Data`] where x lies outside the support of the density.
    fn log_likelihood(&self, x: &Rows, z: &Rows) -> Result<Vec<f64>, ModelError> {
        self.decode(z)?.log_likelihood(x)
    }

    /// The mean of p(x|z) for each row of `z`, in the units of the data.
    fn means(&self, z: &Rows) -> Result<Means, ModelError> {
        Ok(self.decode(z)?.means())
    }

    /// `count` observations from the prior: the means of p(x|z).
    fn sample(&self, count: usize, stream: &mut Stream) -> Result<Means, ModelError> {
        let z = stream.normal(count * self.latent());
        self.means(&Rows::new(self.latent(), z))
    }
}
