//! The importance-weighted autoencoder.
//!
//! Burda, Grosse and Salakhutdinov 2016, arXiv 1509.00519. Its networks are those of the VAE.

mod estimator;
mod fit;

use super::ExtraInputs;
use super::Fitted;
use super::Model;
use super::ModelError;
use super::NetworkFacts;
use super::measures;
use super::params::TrainingParams;
use super::vae;
use super::vae::config::Config;
use super::vae::config::PlaneParams;
use crate::data::Dataset;
use crate::nn::device::DeviceChoice;
use crate::nn::device::on_device;
use crate::registry::Capability;
use crate::registry::Entry;
use crate::registry::Measure;
use crate::registry::Param;
use crate::registry::Values;
use crate::registry::choices;
use crate::registry::params;
use crate::training::Monitor;
use crate::training::Trained;

choices! {
    /// How the encoder's gradient is estimated.
    enum Estimator {
        /// The bound differentiated as it stands.
        Naive = "naive",
        /// Without the score of q (Roeder, Wu and Duvenaud 2017): biased for more than one sample.
        Stl = "stl",
        /// Doubly reparameterised (Tucker et al. 2019): unbiased, the shares squared.
        Dreg = "dreg",
    }
}

params! {
    /// What `train/iwae` may be given.
    struct IwaeParams {
        /// dimension of the latent variable
        latent: usize = 1, min(1);
        /// samples of z per observation in the bound, S
        samples: usize = 20, min(1);
        /// of the encoder's gradient
        estimator: Estimator = Estimator::Dreg;
        networks: PlaneParams;
        training: TrainingParams;
    }
}

/// `train/iwae`
pub struct Iwae;

/// The bound L of the documentation, with the sign of a loss.
const LOSS: &str = "−ln (1/S) Σ_s p(x, z_s) / q(z_s|x)";

impl Entry for Iwae {
    fn name(&self) -> &'static str {
        "iwae"
    }

    fn summary(&self) -> &'static str {
        "importance-weighted autoencoder"
    }

    fn docs(&self) -> &'static str {
        "Maximises, averaged over the batch,\n\
         \n\
         ```text\n\
         L = ln (1/S) Σ_s p(x, z_s) / q(z_s|x),   z_s = μ(x) + σ(x) ε_s,   S = `samples`\n\
         ```\n\
         \n\
         The decoder follows Σ w̃_s ∇ log p(x|z_s), w̃ being the samples' shares of the sum. The\n\
         encoder's gradient has three estimators:\n\
         \n\
         | `estimator` | |\n\
         | --- | --- |\n\
         | `naive` | the bound differentiated as it stands; its signal fades as S grows |\n\
         | `stl` | along the path of z only, weights w̃: little noise, biased |\n\
         | `dreg` | along the path of z only, weights w̃²: little noise, unbiased |\n\
         \n\
         The curve has `valid_iwae`, the bound on the validation split in nats per observation; with\n\
         one latent dimension the metrics have `valid_ll` by quadrature. `decoder_passes` and\n\
         `network_passes` are per observation and iteration.\n\
         \n\
         Sources: Burda, Grosse and Salakhutdinov 2016, arXiv 1509.00519; Roeder, Wu and Duvenaud 2017,\n\
         arXiv 1703.09194; Tucker et al. 2019, arXiv 1810.04152."
    }

    fn revision(&self) -> u32 {
        3
    }

    fn params(&self) -> Vec<Param> {
        IwaeParams::params()
    }
}

impl Model for Iwae {
    fn capabilities(&self) -> &'static [Capability] {
        Capability::DIAGONAL_AUTOENCODER
    }

    fn measures(&self) -> &'static [Measure] {
        &[
            measures::TRAIN_LOSS,
            measures::VALID_IWAE,
            measures::DECODER_PASSES,
            measures::NETWORK_PASSES,
            measures::VALID_LL,
        ]
    }

    fn train(
        &self,
        data: &Dataset,
        _extra: &ExtraInputs,
        values: &Values,
        monitor: &dyn Monitor,
    ) -> Result<Trained, ModelError> {
        let params = IwaeParams::read(values)?;
        let config = Config::plane(self.name(), data, params.latent, &params.networks)?;
        on_device!(params.training.device, |device| fit::train(
            &device, &config, data, &params, monitor
        ))
    }

    /// All by one loss.
    fn networks(&self, weights: &[u8]) -> Result<Vec<NetworkFacts>, ModelError> {
        vae::networks_by(LOSS, weights)
    }

    fn open(&self, weights: &[u8], device: DeviceChoice) -> Result<Box<dyn Fitted>, ModelError> {
        vae::open(weights, device)
    }
}
