//! MAPA: model-agnostic posterior approximation, and the two models that bound it from both sides.
//!
//! Yacoby, Pan and Doshi-Velez 2024, *Towards model-agnostic posterior approximation for fast and
//! accurate variational autoencoders*, arXiv 2403.08941. The prior is *empiricalised*: the latent
//! variable is one of the N codes g(xᵢ) of the training observations, so that the posterior is a
//! distribution over observations, which the data approximate without any model.

mod bound;
mod config;
mod fit;
mod fitted;
mod networks;
pub mod posterior;
pub mod proposal;
mod recovery;

pub use config::KernelParams;

use config::Config;
use config::MapaParams;
use fitted::FittedMapa;
use networks::Networks;
use posterior::Kernel;
use posterior::Posterior;

use super::ExtraInput;
use super::ExtraInputs;
use super::Fitted;
use super::LearnsBy;
use super::Model;
use super::ModelError;
use super::NetworkFacts;
use super::ObservationModel;
use super::learned_by;
use super::measures;
use crate::data::Dataset;
use crate::nn::Cpu;
use crate::nn::device::DeviceChoice;
use crate::nn::device::on_device;
use crate::random::Seed;
use crate::registry::ArtifactType;
use crate::registry::Capability;
use crate::registry::Entry;
use crate::registry::Measure;
use crate::registry::Param;
use crate::registry::Slot;
use crate::registry::Values;
use crate::training::Monitor;
use crate::training::Trained;

/// Where a model of the family takes q(i|x) from.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Source {
    /// A kernel between observations: equation 8.
    Kernel,
    /// The model that made the data: equation 7.
    GroundTruth,
    /// 1/N.
    Uniform,
}

/// A model of the family.
pub struct Mapa {
    name: &'static str,
    summary: &'static str,
    docs: &'static str,
    source: Source,
}

/// `train/mapa`
pub static MAPA: Mapa = Mapa {
    name: "mapa",
    summary: "autoencoder trained with a posterior approximated from the data alone",
    docs: "Maximises, averaged over the batch,\n\
           \n\
           ```text\n\
           Lₙ = ln [ Σ_{i∈S} p(xₙ|f(g(xᵢ)))/N + 1/M Σ_{m=1..M} p(xₙ|f(g(x_{iₘ}))) / (N q̃(iₘ|xₙ)) ]\n\
           ```\n\
           \n\
           where S holds the k likeliest i of q(i|xₙ) ∝ exp(−|xₙ − xᵢ|²/2h²), q̃ is q without them, and\n\
           iₘ ~ q̃. k = `nearest` and M = `samples` − k. With k = N it is the exact log marginal\n\
           likelihood of the empiricalised model, with k = 1 and M = 0 the autoencoder loss less ln N.\n\
           Every observation of a batch is encoded and decoded once however many terms it enters.\n\
           \n\
           After the training the codes get the prior N(0, 1) by their empirical copula: two small\n\
           networks, a: w → z and b: z → w; the fitted model is f∘a. The latent variable has one\n\
           dimension. The curve has `valid_empirical_ll`, the exact log marginal likelihood of the\n\
           empiricalised model; the metrics have `valid_ll`, that of the fitted model by quadrature,\n\
           `decoder_passes` and `network_passes` per observation and iteration, `recovery_loss`, the\n\
           squared error of a and b, and `recovery_cost`, what it costs: the mean validation\n\
           log-likelihood with the quantile function of the codes itself in place of a, less\n\
           `valid_ll`. The run warns where that is more than the standard error of `valid_ll` and than\n\
           twice its own: give more `recovery_epochs`.\n\
           \n\
           Source: Yacoby, Pan and Doshi-Velez 2024, arXiv 2403.08941, equations 8 to 10, appendix C.3.",
    source: Source::Kernel,
};

/// `train/mapa-gt`
pub static MAPA_GT: Mapa = Mapa {
    name: "mapa-gt",
    summary: "MAPA with the posterior of the model that made the data",
    docs: "As `train/mapa`, with q(i|xₙ) ∝ p(xₙ|f(zᵢ)) of the true decoder and the true latent\n\
           variables: what MAPA could reach with a perfect posterior. The data set must keep the `mean`\n\
           before noise.\n\
           \n\
           Source: Yacoby, Pan and Doshi-Velez 2024, arXiv 2403.08941, equation 7 and section 6.1.",
    source: Source::GroundTruth,
};

/// `train/mapa-naive`
pub static MAPA_NAIVE: Mapa = Mapa {
    name: "mapa-naive",
    summary: "MAPA with a uniform posterior",
    docs: "As `train/mapa`, with q(i|xₙ) = 1/N: what the bound is worth without a good posterior. Of\n\
           the likeliest, all equally likely, the observation itself comes first and those that follow\n\
           it in the data next.\n\
           \n\
           Source: Yacoby, Pan and Doshi-Velez 2024, arXiv 2403.08941, section 6.1.",
    source: Source::Uniform,
};

/// The one slot beside the data.
const POSTERIOR: &str = "posterior";

impl Entry for Mapa {
    fn name(&self) -> &'static str {
        self.name
    }

    fn summary(&self) -> &'static str {
        self.summary
    }

    fn docs(&self) -> &'static str {
        self.docs
    }

    fn revision(&self) -> u32 {
        3
    }

    fn params(&self) -> Vec<Param> {
        let mut all = MapaParams::params();
        if self.source == Source::Kernel {
            all.extend(KernelParams::params());
        }
        all
    }
}

impl Model for Mapa {
    fn measures(&self) -> &'static [Measure] {
        &[
            measures::TRAIN_LOSS,
            measures::VALID_EMPIRICAL_LL,
            measures::RECOVERY_LOSS,
            measures::RECOVERY_COST,
            measures::RECOVERY_COST_SE,
            measures::DECODER_PASSES,
            measures::NETWORK_PASSES,
            measures::VALID_LL,
        ]
    }

    fn capabilities(&self) -> &'static [Capability] {
        Capability::POINT_AUTOENCODER
    }

    fn slots(&self) -> &'static [Slot] {
        const SLOTS: &[Slot] = &[Slot::new(
            POSTERIOR,
            &[ArtifactType::Arrays],
            "ln q(i|x), computed once for all trainings; without it each computes its own",
        )
        .optional()];
        SLOTS
    }

    fn train(
        &self,
        data: &Dataset,
        extra: &ExtraInputs,
        values: &Values,
        monitor: &dyn Monitor,
    ) -> Result<Trained, ModelError> {
        let params = MapaParams::read(values)?;
        let config = Config::new(self.name, data, &params)?;
        let posterior = match extra.get(POSTERIOR) {
            Some(ExtraInput::Array(array)) => Posterior::from_array(array, data.train.len())?,
            _ => Posterior::new(
                data,
                match self.source {
                    Source::Kernel => KernelParams::read(values)?.kernel(),
                    Source::GroundTruth => Kernel::GroundTruth,
                    Source::Uniform => Kernel::Uniform,
                },
                match config.visible {
                    ObservationModel::Gaussian { sigma } => Some(f64::from(sigma)),
                    _ => None,
                },
            )?,
        };
        on_device!(params.training.device, |device| {
            fit::train(&device, &config, data, &posterior, &params, monitor)
        })
    }

    /// The autoencoder by the bound Lₙ of the documentation, and a and b by their squared errors.
    fn networks(&self, weights: &[u8]) -> Result<Vec<NetworkFacts>, ModelError> {
        let config: Config = super::config(weights)?;
        let mut networks = Networks::new(&config, &Cpu::default(), Seed::new(0));
        let learns = ["−Lₙ", "−Lₙ", "(a(w) − z)² + (b(z) − w)²"];
        let learns = learns.map(LearnsBy::of).to_vec();
        Ok(learned_by::facts(&networks.components(), learns))
    }

    fn open(&self, weights: &[u8], device: DeviceChoice) -> Result<Box<dyn Fitted>, ModelError> {
        let config: Config = super::config(weights)?;
        on_device!(device, |device| FittedMapa::open(&device, config, weights))
    }
}
