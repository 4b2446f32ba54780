//! The variational autoencoder with a diagonal Gaussian posterior or a RealNVP one.
//!
//! Kingma & Welling 2014, arXiv 1312.6114; as used by Rosca et al. 2018 and Yacoby et al. 2024.

pub(super) mod config;
mod fit;
pub(super) mod networks;

#[cfg(test)]
mod tests;

use config::Config;
use config::PosteriorKind;
use config::VaeParams;
pub(super) use fit::FittedVae;
use networks::Networks;

use super::ExtraInputs;
use super::Fitted;
use super::LearnsBy;
use super::Model;
use super::ModelError;
use super::NetworkFacts;
use super::learned_by;
use super::measures;
use super::networks::Architecture;
use crate::data::Dataset;
use crate::nn::Cpu;
use crate::nn::device::DeviceChoice;
use crate::nn::device::on_device;
use crate::random::Seed;
use crate::registry::Capability;
use crate::registry::Entry;
use crate::registry::Facts;
use crate::registry::Measure;
use crate::registry::Misfit;
use crate::registry::Param;
use crate::registry::Values;
use crate::training::Monitor;
use crate::training::Trained;

/// `train/vae`
pub struct Vae;

/// As the documentation has it.
const LOSS: &str = "−log p(x|z) + β KL(q(z|x) || N(0, I))";

impl Entry for Vae {
    fn name(&self) -> &'static str {
        "vae"
    }

    fn summary(&self) -> &'static str {
        "variational autoencoder with a Gaussian or a flow posterior"
    }

    fn docs(&self) -> &'static str {
        "Minimises, averaged over the batch and with one sample of z per observation,\n\
         \n\
         ```text\n\
         −log p(x|z) + β KL(q(z|x) || N(0, I)),   z = μ(x) + σ(x) ε\n\
         ```\n\
         \n\
         with the KL in closed form. Reconstruction terms are summed over the dimensions of x. The curve\n\
         has the training loss and, per epoch, `valid_elbo` in nats per observation; with one latent\n\
         dimension and up to 16 of x the metrics have `valid_ll` by quadrature.\n\
         \n\
         Samples of the prior are means of p(x|z), without the noise of p(x|z): fakes, wherever a score or a\n\
         picture asks for samples, are means.\n\
         \n\
         With `posterior: rnvp` z is a Gaussian sample z₀ after `couplings` affine couplings, each given\n\
         h(x), `coupling_features` numbers of the encoder; halves alternate, scales are at most e². The\n\
         KL term is then, at one sample,\n\
         \n\
         ```text\n\
         log q(z|x) − log p(z),   log q(z|x) = log N(z₀; μ, σ²) − Σ_k log |det ∂T_k|\n\
         ```\n\
         \n\
         | `network` | encoder; the decoder is its mirror image |\n\
         | --- | --- |\n\
         | `mlp` | affine layers of the widths `hidden` with `activation` between them |\n\
         | `color-mnist` | 5 × 5 convolutions with `maps`/2, `maps`, … feature maps, the first and the last of stride 2 |\n\
         | `dcgan` | 4 × 4 convolutions of stride 2 with `maps`, 2 `maps`, 4 `maps`, … feature maps |\n\
         \n\
         The last two are for pictures, with batch norm and ReLU behind every layer but the last, which\n\
         is affine; with 64 `maps` they have the sizes of Rosca et al. 2018.\n\
         \n\
         | `visible` | p(x|z), per number of x |\n\
         | --- | --- |\n\
         | `bernoulli` | for x from 0 to 1, grey values too |\n\
         | `gaussian` | N(μ(z), `sigma`²) with a known σ |\n\
         | `quantized-normal` | N(μ(z), σ²) with a learned σ, of 256 grey levels: p of a level is the mass of the normal from half a level below the grey value to half one above, and what lies beyond the first and the last level is lost. Scores have ln p, which is at most 0 and comparable with `categorical`; the training has its bound under uniform noise of one level, new in every iteration, in the same nats: −ln N(x + u; μ, σ²) + D ln 255. ln σ is at least −ln 512 |\n\
         | `categorical` | one of 256 grey levels, by softmax |\n\
         \n\
         Sources: Kingma and Welling 2014, *Auto-Encoding Variational Bayes*, arXiv 1312.6114; Dinh,\n\
         Sohl-Dickstein and Bengio 2017, *Density estimation using Real NVP*, arXiv 1605.08803; Rosca,\n\
         Lakshminarayanan and Mohamed 2018, *Distribution matching in variational inference*, arXiv\n\
         1802.06847, appendices G and K; Theis, van den Oord and Bethge 2016, arXiv 1511.01844."
    }

    /// Since the fourth a quantized normal has the masses of its levels.
    fn revision(&self) -> u32 {
        4
    }

    fn params(&self) -> Vec<Param> {
        VaeParams::params()
    }
}

impl Model for Vae {
    fn capabilities(&self) -> &'static [Capability] {
        Capability::DIAGONAL_AUTOENCODER
    }

    fn capabilities_with(&self, params: &Values) -> &'static [Capability] {
        match VaeParams::read(params).map(|params| params.posterior) {
            Ok(PosteriorKind::Rnvp) => Capability::FLOW_AUTOENCODER,
            _ => self.capabilities(),
        }
    }

    fn foresee(&self, params: &Values, reads: &dyn Fn(&str) -> Facts) -> Result<(), Misfit> {
        // The types of the parameters say what is wrong with single ones.
        let (Ok(params), Some(shape)) = (VaeParams::read(params), reads("data").shape) else {
            return Ok(());
        };
        let taken = Architecture::of(&params.networks).check(&shape);
        taken.map_err(Misfit::of_data)
    }

    fn measures(&self) -> &'static [Measure] {
        &[
            measures::TRAIN_LOSS,
            measures::VALID_ELBO,
            measures::VALID_LL,
        ]
    }

    fn train(
        &self,
        data: &Dataset,
        _extra: &ExtraInputs,
        params: &Values,
        monitor: &dyn Monitor,
    ) -> Result<Trained, ModelError> {
        let params = VaeParams::read(params)?;
        let config = Config::vae(self.name(), data, &params)?;
        let taken = config.network.check(&config.shape);
        taken.map_err(|(message, help)| ModelError::Data(format!("{message}; {help}")))?;
        let training = &params.training;
        on_device!(training.device, |device| fit::train(
            &device, &config, data, training, monitor
        ))
    }

    /// All by one loss.
    fn networks(&self, weights: &[u8]) -> Result<Vec<NetworkFacts>, ModelError> {
        networks_by(LOSS, weights)
    }

    fn open(&self, weights: &[u8], device: DeviceChoice) -> Result<Box<dyn Fitted>, ModelError> {
        open(weights, device)
    }
}

/// The networks of a model that has those of a VAE and one loss for all.
pub(super) fn networks_by(
    loss: &'static str,
    weights: &[u8],
) -> Result<Vec<NetworkFacts>, ModelError> {
    let config: Config = super::config(weights)?;
    let mut networks = Networks::new(&config, &Cpu::default(), Seed::new(0));
    let components = networks.components();
    let learns = components.iter().map(|_| LearnsBy::of(loss)).collect();
    Ok(learned_by::facts(&components, learns))
}

/// Opens the weights of a model whose networks are those of a VAE.
pub(super) fn open(weights: &[u8], device: DeviceChoice) -> Result<Box<dyn Fitted>, ModelError> {
    let config: Config = super::config(weights)?;
    on_device!(device, |device| FittedVae::open(&device, config, weights))
}
