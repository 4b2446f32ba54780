//! The variational autoencoder with a diagonal Gaussian posterior.
//!
//! Kingma & Welling 2014, arXiv 1312.6114; as used by Rosca et al. 2018 and Yacoby et al. 2024.

pub(super) mod config;
mod fit;
pub(super) mod networks;

use config::Config;
use config::VaeParams;
pub(super) use fit::FittedVae;

use super::ExtraInputs;
use super::Fitted;
use super::Model;
use super::ModelError;
use super::measures;
use crate::data::Dataset;
use crate::nn::device::DeviceChoice;
use crate::nn::device::on_device;
use crate::registry::Capability;
use crate::registry::Entry;
use crate::registry::Measure;
use crate::registry::Param;
use crate::registry::Values;
use crate::training::Monitor;
use crate::training::Trained;

/// `train/vae`
pub struct Vae;

impl Entry for Vae {
    fn name(&self) -> &'static str {
        "vae"
    }

    fn summary(&self) -> &'static str {
        "variational autoencoder with a diagonal Gaussian posterior"
    }

    fn docs(&self) -> &'static str {
        "Minimises, averaged over the batch and with one sample of z per observation,\n\
         \n\
         ```text\n\
         −log p(x|z) + β KL(q(z|x) || N(0, I)),   z = μ(x) + σ(x) ε\n\
         ```\n\
         \n\
         with the KL in closed form. Encoder and decoder are stacks of affine layers of the widths\n\
         `hidden`, the decoder's in reverse. Reconstruction terms are summed over the dimensions of x.\n\
         The curve has the training loss and, per epoch, `valid_elbo` in nats per observation; with one\n\
         latent dimension and up to 16 of x the metrics have `valid_ll` by quadrature.\n\
         \n\
         Source: Kingma and Welling 2014, *Auto-Encoding Variational Bayes*, arXiv 1312.6114."
    }

    fn revision(&self) -> u32 {
        2
    }

    fn params(&self) -> Vec<Param> {
        VaeParams::params()
    }
}

impl Model for Vae {
    fn capabilities(&self) -> &'static [Capability] {
        Capability::DIAGONAL_AUTOENCODER
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
        let training = &params.training;
        on_device!(training.device, |device| fit::train(
            &device, &config, data, training, monitor
        ))
    }

    fn open(&self, weights: &[u8], device: DeviceChoice) -> Result<Box<dyn Fitted>, ModelError> {
        open(weights, device)
    }
}

/// Opens the weights of a model whose networks are those of a VAE.
pub(super) fn open(weights: &[u8], device: DeviceChoice) -> Result<Box<dyn Fitted>, ModelError> {
    let config: Config = super::config(weights)?;
    on_device!(device, |device| FittedVae::open(&device, config, weights))
}
