//! Gated PixelCNNs over binary images, with a latent variable that is amortised, refined or both; and
//! without one.
//!
//! Kim, Wiseman, Miller, Sontag and Rush 2018, arXiv 1802.02550, section 4.3. How λ is inferred and
//! what learns from what is in [`super::semi_amortized`]; here are the networks and the images.

mod config;
mod images;
mod networks;
#[cfg(test)]
pub(super) mod tests;

use config::Config;
use config::PixelCnnVaeParams;
use images::Binary;
use images::ImageRepresentation;
use networks::ImageEncoder;
use networks::PixelCnnDecoder;

use super::ExtraInputs;
use super::Fitted;
use super::Model;
use super::ModelError;
use super::NetworkFacts;
use super::semi_amortized;
use super::semi_amortized::FittedSemiAmortized;
use super::semi_amortized::Inference;
use super::semi_amortized::Networks;
use crate::data::Dataset;
use crate::nn::Cpu;
use crate::nn::backend::Backend;
use crate::nn::device::DeviceChoice;
use crate::nn::device::on_device;
use crate::random::Seed;
use crate::registry::Capability;
use crate::registry::Entry;
use crate::registry::Facts;
use crate::registry::InvalidParam;
use crate::registry::Measure;
use crate::registry::Misfit;
use crate::registry::Param;
use crate::registry::Values;
use crate::training::Monitor;
use crate::training::Trained;

/// `train/pixelcnn-vae`
pub(super) struct PixelCnnVae;

impl Entry for PixelCnnVae {
    fn name(&self) -> &'static str {
        "pixelcnn-vae"
    }

    fn summary(&self) -> &'static str {
        "gated PixelCNN over binary images with a latent variable: VAE, SVI, SA-VAE; or without one"
    }

    fn docs(&self) -> &'static str {
        "p(x|z) is a gated PixelCNN whose input has z as further maps beside the image; `inference:\n\
         none` is that PixelCNN without z. The encoder has residual blocks of 3 × 3 convolutions with\n\
         batch norm, each followed by a 2 × 2 convolution with stride 2, then an affine layer to λ_0 =\n\
         (μ, ln σ²). Inference is as for `train/lstm-vae`; its batch norms lie in the encoder alone,\n\
         outside of the inner steps.\n\
         \n\
         Images are binary: in training a pixel is drawn anew every time with its grey value as\n\
         probability, images for validation and tests have to be binary: drawn once with `binarize` where\n\
         the data set has it, and in files of yours saved as 0 and 255 beside grey values to train on.\n\
         Probabilities are held within 10⁻⁵ of 0 and 1, as in the authors' code. Trained with Adam; the\n\
         weights of the epoch with the best validation bound are what is left.\n\
         \n\
         Source: Kim, Wiseman, Miller, Sontag and Rush 2018, *Semi-amortized variational autoencoders*,\n\
         arXiv 1802.02550, section 4.3; van den Oord et al. 2016, arXiv 1606.05328, for the decoder."
    }

    fn params(&self) -> Vec<Param> {
        PixelCnnVaeParams::params()
    }
}

impl Model for PixelCnnVae {
    fn capabilities(&self) -> &'static [Capability] {
        &[
            Capability::Codes,
            Capability::PosteriorSamples,
            Capability::PosteriorDensity,
            Capability::DiagonalPosterior,
            Capability::PosteriorRefinement,
        ]
    }

    fn capabilities_with(&self, params: &Values) -> &'static [Capability] {
        match PixelCnnVaeParams::read(params) {
            // No latent variable: what is left is the likelihood, asked for as the bound is.
            Ok(params) if params.inference.inference == Inference::None => {
                &[Capability::PosteriorRefinement]
            }
            _ => self.capabilities(),
        }
    }

    fn check(&self, params: &Values) -> Result<(), InvalidParam> {
        match PixelCnnVaeParams::read(params).map(|params| params.conflict()) {
            Ok(Some(wrong)) => Err(wrong),
            // The types of the parameters say what is wrong with single ones.
            _ => Ok(()),
        }
    }

    fn foresee(&self, params: &Values, reads: &dyn Fn(&str) -> Facts) -> Result<(), Misfit> {
        // The types of the parameters say what is wrong with single ones.
        let (Ok(params), Some(shape)) = (PixelCnnVaeParams::read(params), reads("data").shape)
        else {
            return Ok(());
        };
        let taken = params.takes(&shape);
        taken.map_err(Misfit::of_data)
    }

    fn measures(&self) -> &'static [Measure] {
        semi_amortized::MEASURES
    }

    fn train(
        &self,
        data: &Dataset,
        _extra: &ExtraInputs,
        values: &Values,
        monitor: &dyn Monitor,
    ) -> Result<Trained, ModelError> {
        let params = PixelCnnVaeParams::read(values)?;
        let config = Config::new(self.name(), data, &params)?;
        on_device!(params.training.device, |device| {
            let networks = networks(&device, &config, params.training.seed)?;
            let representation = ImageRepresentation(config.clone());
            semi_amortized::train(
                &config,
                networks,
                &representation,
                data,
                &params.inference,
                params.recipe(data.train.len()),
                monitor,
            )
        })
    }

    fn networks(&self, weights: &[u8]) -> Result<Vec<NetworkFacts>, ModelError> {
        let config: Config = super::config(weights)?;
        let mut networks = networks(&Cpu::default(), &config, Seed::new(0))?;
        Ok(networks.facts(config.inference.method()?))
    }

    fn open(&self, weights: &[u8], device: DeviceChoice) -> Result<Box<dyn Fitted>, ModelError> {
        let config: Config = super::config(weights)?;
        on_device!(device, |device| {
            let networks = networks(&device, &config, Seed::new(0))?;
            let (shape, settings) = (config.shape.clone(), config.inference.clone());
            let representation = ImageRepresentation(config);
            FittedSemiAmortized::open(weights, networks, shape, settings, representation)
        })
    }
}

fn networks<B: Backend>(
    device: &B,
    config: &Config,
    seed: Seed,
) -> Result<Networks<B, Binary>, ModelError> {
    Networks::declare(
        device,
        &config.inference,
        seed,
        |builder| ImageEncoder::new(builder, config),
        |builder| Ok(PixelCnnDecoder::new(builder, config)),
    )
}
