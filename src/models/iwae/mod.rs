//! The importance-weighted autoencoder.
//!
//! Burda, Grosse and Salakhutdinov 2016, arXiv 1509.00519. Its networks are those of the VAE.

mod estimator;
mod fit;

#[cfg(test)]
mod tests;

use super::ExtraInputs;
use super::Fitted;
use super::Model;
use super::ModelError;
use super::NetworkFacts;
use super::measures;
use super::networks::Architecture;
use super::networks::HiddenActivation;
use super::networks::LEAKY_SLOPE;
use super::networks::NetworkKind;
use super::observation::ObservationModel;
use super::params::TrainingParams;
use super::vae;
use super::vae::config::Config;
use super::vae::config::visible;
use crate::data::Dataset;
use crate::nn::device::DeviceChoice;
use crate::nn::device::on_device;
use crate::registry::Capability;
use crate::registry::Entry;
use crate::registry::Facts;
use crate::registry::Measure;
use crate::registry::Misfit;
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
        networks: IwaeNetworks;
        /// the density p(x|z)
        visible: ObservationModel = "gaussian", choices(&ObservationModel::PLAIN);
        /// standard deviation of a Gaussian p(x|z), in units of the data [default: the noise of
        /// the data set]
        sigma: Option<f64>, min(1e-6), only_with("visible", &["gaussian"]);
        training: TrainingParams;
    }
}

params! {
    /// The networks of a VAE, with the affine layers of Yacoby et al. 2024 unless others are named.
    struct IwaeNetworks {
        /// which networks: affine layers, or those of Rosca et al. 2018 for pictures, as of `train/vae`
        network: NetworkKind = NetworkKind::Mlp;
        /// widths of the encoder's hidden layers, for `mlp`; the decoder has them in reverse
        hidden: Vec<usize> = [50, 50, 50], each_min(1), only_with("network", &["mlp"]);
        /// between the layers, for `mlp`
        activation: HiddenActivation = HiddenActivation::LeakyRelu, only_with("network", &["mlp"]);
        /// of `leaky-relu` below zero
        slope: f64 = LEAKY_SLOPE, min(0.0), max(1.0), only_with("activation", &["leaky-relu"]);
        /// feature maps, for `color-mnist` and `dcgan`
        maps: usize = 64, min(2), only_with("network", &["color-mnist", "dcgan"]);
        /// convolutions, for `color-mnist` and `dcgan` [default: as of `train/vae`]
        depth: Option<usize>, min(1), max(16), only_with("network", &["color-mnist", "dcgan"]);
    }
}

impl IwaeNetworks {
    fn architecture(&self) -> Architecture {
        Architecture {
            kind: self.network,
            maps: self.maps,
            depth: self.depth,
            activation: self.activation.with_slope(self.slope),
            ..Architecture::mlp_of(self.hidden.clone(), self.activation)
        }
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
         Its networks are those of `train/vae`, named by `network`.\n\
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

    fn foresee(&self, params: &Values, reads: &dyn Fn(&str) -> Facts) -> Result<(), Misfit> {
        // The types of the parameters say what is wrong with single ones.
        let (Ok(params), Some(shape)) = (IwaeParams::read(params), reads("data").shape) else {
            return Ok(());
        };
        let taken = params.networks.architecture().check(&shape);
        taken.map_err(Misfit::of_data)
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
        let visible = visible(data, params.visible, params.sigma)?;
        let network = params.networks.architecture();
        let taken = network.check(&data.shape());
        taken.map_err(|(message, help)| ModelError::Data(format!("{message}; {help}")))?;
        let config = Config::like_a_vae(self.name(), data, params.latent, network, visible);
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
