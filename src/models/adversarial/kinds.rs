//! The entries of the registry: what each system is called, may be given, reports and can do.

use super::adversarial_vb;
use super::fit;
use super::layers::Output;
use super::params::AaeParams;
use super::params::AdversarialVbParams;
use super::params::DcganParams;
use super::params::GameParams;
use super::params::Rates;
use super::params::VeeganParams;
use super::params::VghParams;
use super::params::WganGpParams;
use super::system::Config;
use super::system::SystemConfig;
use super::vgh;
use crate::data::Dataset;
use crate::models::ExtraInputs;
use crate::models::Fitted;
use crate::models::Model;
use crate::models::ModelError;
use crate::models::NetworkFacts;
use crate::models::learned_by;
use crate::models::measures;
use crate::models::networks::Architecture;
use crate::models::networks::NetworkParams;
use crate::models::vae::config::visible;
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
use crate::registry::ParamValue;
use crate::registry::Values;
use crate::registry::numbers_text;
use crate::training::Monitor;
use crate::training::Trained;
use crate::training::TrainingAlgorithm;

/// A kind of training of several networks.
pub(in crate::models) struct Adversarial {
    name: &'static str,
    summary: &'static str,
    docs: &'static str,
    params: fn() -> Vec<Param>,
    measures: &'static [Measure],
    capabilities: &'static [Capability],
    setup: fn(&Dataset, &Values) -> Result<Setup, ModelError>,
}

/// What a training is made of, from its parameters.
struct Setup {
    latent: usize,
    networks: NetworkParams,
    system: SystemConfig,
    game: GameParams,
    rates: Rates,
}

/// What a generator alone can do.
const GENERATOR: &[Capability] = &[Capability::Samples, Capability::Decoder];

/// What it can do beside an encoder that is a function.
const GENERATOR_WITH_CODES: &[Capability] =
    &[Capability::Samples, Capability::Decoder, Capability::Codes];

/// What it can do beside an encoder with a Gaussian q(z|x).
const GENERATOR_WITH_POSTERIOR: &[Capability] = &[
    Capability::Samples,
    Capability::Decoder,
    Capability::Codes,
    Capability::PosteriorSamples,
    Capability::PosteriorDensity,
    Capability::DiagonalPosterior,
];

const TRAIN_DISCRIMINATOR: Measure =
    Measure::new("train_discriminator", "loss of the discriminator").unit("nats");
const TRAIN_CODE_DISCRIMINATOR: Measure = Measure::new(
    "train_code_discriminator",
    "loss of the discriminator of codes",
)
.unit("nats");
const TRAIN_GENERATOR: Measure = Measure::new("train_generator", "loss of the generator").down();
const TRAIN_ENCODER: Measure = Measure::new("train_encoder", "loss of the encoder").down();
const VALID_BOUND: Measure = Measure::new("valid_bound_estimate", "estimated validation bound")
    .unit("nats")
    .up();

/// `train/dcgan`
pub(in crate::models) static DCGAN: Adversarial = Adversarial {
    name: "dcgan",
    summary: "generative adversarial network with the loss that does not saturate",
    docs: "A generator x = G(z), z ~ N(0, I), against a discriminator D of data and samples. One update\n\
           of each an iteration, the discriminator first:\n\
           \n\
           ```text\n\
           L_D = −E ln D(x) − E ln (1 − D(G(z)))\n\
           L_G = −E ln D(G(z))\n\
           ```\n\
           \n\
           Batch norm sees data and samples as batches of their own. There is no likelihood and no\n\
           encoder: what needs one is refused when planning. `valid_discriminator` is L_D on validation\n\
           data; far above `train_discriminator` it says that the discriminator knows the training data\n\
           by heart.\n\
           \n\
           Sources: Goodfellow et al. 2014, arXiv 1406.2661, section 3; Radford, Metz and Chintala 2016,\n\
           arXiv 1511.06434; Rosca, Lakshminarayanan and Mohamed 2018, arXiv 1802.06847, appendix K.",
    params: DcganParams::params,
    measures: &[
        TRAIN_DISCRIMINATOR,
        TRAIN_GENERATOR,
        Measure::new(
            "valid_discriminator",
            "validation loss of the discriminator",
        )
        .unit("nats"),
    ],
    capabilities: GENERATOR,
    setup: |_, values| {
        let params = DcganParams::read(values)?;
        let rates = Rates::new(&params.game).discriminator(params.discriminator.discriminator_lr);
        Ok(Setup {
            system: SystemConfig::Dcgan {
                output: params.generator.output,
            },
            latent: params.generator.latent,
            networks: params.generator.networks,
            game: params.game,
            rates,
        })
    },
};

/// `train/wgan-gp`
pub(in crate::models) static WGAN_GP: Adversarial = Adversarial {
    name: "wgan-gp",
    summary: "Wasserstein GAN with a gradient penalty",
    docs: "A generator x = G(z), z ~ N(0, I), against a critic f whose slope is held at one:\n\
           \n\
           ```text\n\
           L_D = E f(G(z)) − E f(x) + λ E (‖∇f(x̂)‖ − 1)²,   x̂ = x + α (G(z) − x),   α ~ U(0, 1)\n\
           L_G = −E f(G(z))\n\
           ```\n\
           \n\
           with the exact gradient of the penalty. The critic has no batch norm. An iteration has\n\
           `critic_updates` updates of the critic, each on a batch of its own, then one of the\n\
           generator: with a budget in `epochs` the generator has that many times fewer updates than\n\
           those of other systems, and the last iteration is done whole, so that the critic may draw up\n\
           to `critic_updates` − 1 batches more; `iterations` counts its updates.\n\
           \n\
           `train_distance` and `valid_distance` are the critic's estimate of the Wasserstein distance,\n\
           E f(x) − E f(G(z)). There is no likelihood and no encoder.\n\
           \n\
           Sources: Gulrajani et al. 2017, arXiv 1704.00028, equation 3 and algorithm 1; Rosca,\n\
           Lakshminarayanan and Mohamed 2018, arXiv 1802.06847, appendix K.",
    params: WganGpParams::params,
    measures: &[
        Measure::new("train_critic", "loss of the critic"),
        Measure::new("train_distance", "critic's estimate of the distance"),
        TRAIN_GENERATOR,
        Measure::new("valid_distance", "critic's estimate on validation data"),
    ],
    capabilities: GENERATOR,
    setup: |_, values| {
        let params = WganGpParams::read(values)?;
        let rates = Rates::new(&params.game).discriminator(params.discriminator.discriminator_lr);
        Ok(Setup {
            system: SystemConfig::WganGp {
                output: params.generator.output,
                critic_updates: params.critic_updates,
                penalty: params.penalty as f32,
            },
            latent: params.generator.latent,
            networks: params.generator.networks,
            game: params.game,
            rates,
        })
    },
};

/// `train/aae`
pub(in crate::models) static AAE: Adversarial = Adversarial {
    name: "aae",
    summary: "adversarial autoencoder: the marginal of codes against the prior",
    docs: "An autoencoder with q(z|x) = N(μ(x), σ²(x)) whose codes a discriminator C tells from draws of\n\
           p(z). An iteration updates encoder and decoder by the first loss, then C by the second:\n\
           \n\
           ```text\n\
           −E_q log p(x|z) − E_q ln C(z)\n\
           L_C = −E_p(z) ln C(z) − E_q ln (1 − C(z))\n\
           ```\n\
           \n\
           Of KL(q(z|x) || p(z)) it keeps KL(q(z) || p(z)) alone, so nothing holds the variances up:\n\
           they fall to zero. ln σ² is kept between −15 and 15.\n\
           \n\
           Samples of the prior are means of p(x|z), without the noise of p(x|z): fakes, wherever a score or a\n\
           picture asks for samples, are means.\n\
           \n\
           `valid_bound_estimate` is E_q [log p(x|z) + ln C(z)/(1 − C(z))] on validation data: what takes the\n\
           place of a variational bound, though it is none.\n\
           \n\
           Sources: Makhzani et al. 2015, arXiv 1511.05644; Rosca, Lakshminarayanan and Mohamed 2018,\n\
           arXiv 1802.06847, section 4.1 and appendix K.",
    params: AaeParams::params,
    measures: &[
        Measure::new("train_autoencoder", "loss of the autoencoder")
            .unit("nats")
            .down(),
        TRAIN_CODE_DISCRIMINATOR,
        VALID_BOUND,
    ],
    capabilities: Capability::DIAGONAL_AUTOENCODER,
    setup: |data, values| {
        let params = AaeParams::read(values)?;
        let rates = Rates::new(&params.game).codes(params.codes.code_discriminator_lr);
        Ok(Setup {
            system: SystemConfig::Aae {
                visible: visible(data, params.decoder.visible, params.decoder.sigma)?,
                sigma_of: params.decoder.sigma_of,
                code_hidden: params.codes.code_hidden,
            },
            latent: params.decoder.latent,
            networks: params.decoder.networks,
            game: params.game,
            rates,
        })
    },
};

/// `train/veegan`
pub(in crate::models) static VEEGAN: Adversarial = Adversarial {
    name: "veegan",
    summary: "GAN with a reconstructor of codes and a discriminator of pairs",
    docs: "A generator x = G(z), a reconstructor z = F(x), and a discriminator whose logit a(x, z) tells\n\
           pairs (G(z), z) from pairs (x, F(x)). An iteration updates the discriminator, then the other\n\
           two:\n\
           \n\
           ```text\n\
           L_ω = E softplus(−a(G(z), z)) + E softplus(a(x, F(x)))\n\
           L_G = E [a(G(z), z) + ‖z − F(G(z))‖²]\n\
           L_F = E ‖z − F(G(z))‖²\n\
           ```\n\
           \n\
           The terms are not weighted. The discriminator joins `joint_features` numbers of x, from the\n\
           discriminator network without its last layer, with as many of z.\n\
           \n\
           `valid_bound_estimate` is −E a(G(z), z) − E ‖z − F(G(z))‖², equation 15 of Rosca et al. without its\n\
           constant. The encoder is a function, and there is no likelihood.\n\
           \n\
           Sources: Srivastava et al. 2017, arXiv 1705.07761, algorithm 1; Rosca, Lakshminarayanan and\n\
           Mohamed 2018, arXiv 1802.06847, section 5.2, appendices H and K; for the form of the\n\
           discriminator Dumoulin et al. 2017, arXiv 1606.00704.",
    params: VeeganParams::params,
    measures: &[
        TRAIN_DISCRIMINATOR,
        TRAIN_GENERATOR,
        TRAIN_ENCODER,
        VALID_BOUND,
    ],
    capabilities: GENERATOR_WITH_CODES,
    setup: |_, values| {
        let params = VeeganParams::read(values)?;
        let rates = Rates::new(&params.game).discriminator(params.joint.discriminator_lr);
        Ok(Setup {
            system: SystemConfig::Veegan {
                output: params.generator.output,
                joint: params.joint.sizes(),
            },
            latent: params.generator.latent,
            networks: params.generator.networks,
            game: params.game,
            rates,
        })
    },
};

/// `train/vgh`
pub(in crate::models) static VGH: Adversarial = Adversarial {
    name: "vgh",
    summary: "variational GAN hybrids VGH and VGH++: discriminators of observations and of codes",
    docs: "An encoder with q(z|x) = N(μ(x), σ²(x)), a generator, a discriminator D of observations and one\n\
           C of codes. An iteration updates them in this order, on one batch, z_q ~ q(z|x) and z_p ~ p(z):\n\
           \n\
           ```text\n\
           L_E = λ_E E ‖x − G(z_q)‖₁ − E ln C(z_q)\n\
           L_G = λ_G E ‖x − G(z_q)‖₁ − E ln D(G(z_q))            [− E ln D(G(z_p))]\n\
           L_D = −E ln D(x) − E ln (1 − D(G(z_q)))               [− E ln (1 − D(G(z_p)))]\n\
           L_C = −E ln C(z_p) − E ln (1 − C(z_q))\n\
           ```\n\
           \n\
           Terms in brackets are those of `variant: vgh++`. ‖x − y‖₁ is the mean over the numbers of x;\n\
           λ_E and λ_G are `encoder_weight` and `generator_weight`, 1, 5, 10 and 50 in the paper. There is\n\
           no likelihood. ln σ² is kept between −15 and 15.\n\
           \n\
           On validation data, `valid_l1` is E ‖x − G(z_q)‖₁, and `valid_bound_estimate` what takes the place of a\n\
           variational bound: E [ln D(G(z_q))/(1 − D(G(z_q))) − λ_G ‖x − G(z_q)‖₁ + ln C(z_q)/(1 − C(z_q))].\n\
           \n\
           Source: Rosca, Lakshminarayanan and Mohamed 2018, arXiv 1802.06847, equations 8, 9, 13 and 14,\n\
           algorithm 5, appendix K. The public text has lost which norm it is and whether it is a sum or\n\
           a mean; the mean of absolute errors is that of its forerunner, α-GAN (Rosca et al. 2017, arXiv\n\
           1706.04987).",
    params: VghParams::params,
    measures: &[
        TRAIN_ENCODER,
        TRAIN_GENERATOR,
        TRAIN_DISCRIMINATOR,
        TRAIN_CODE_DISCRIMINATOR,
        VALID_BOUND,
        Measure::new("valid_l1", "validation error of reconstructions").down(),
    ],
    capabilities: GENERATOR_WITH_POSTERIOR,
    setup: |_, values| {
        let params = VghParams::read(values)?;
        let rates = Rates::new(&params.game)
            .discriminator(params.discriminator.discriminator_lr)
            .codes(params.codes.code_discriminator_lr);
        Ok(Setup {
            system: SystemConfig::Vgh {
                output: params.generator.output,
                terms: vgh::Terms {
                    variant: params.variant,
                    encoder_weight: params.encoder_weight as f32,
                    generator_weight: params.generator_weight as f32,
                },
                code_hidden: params.codes.code_hidden,
            },
            latent: params.generator.latent,
            networks: params.generator.networks,
            game: params.game,
            rates,
        })
    },
};

/// `train/adversarial-vb`
pub(in crate::models) static ADVERSARIAL_VB: Adversarial = Adversarial {
    name: "adversarial-vb",
    summary: "variational autoencoder with an implicit posterior and an adversary for its KL",
    docs: "An encoder z = e(x, ε), ε ~ N(0, I), whose q(z|x) has no density; an adversary T(x, z) learns\n\
           log q(z|x) − log p(z). An iteration updates encoder and decoder by the first loss, then T by\n\
           the second:\n\
           \n\
           ```text\n\
           E [−log p(x|z) + T(x, z)],   z = e(x, ε)\n\
           L_T = −E_x E_q ln σ(T(x, z)) − E_x E_p(z) ln (1 − σ(T(x, z)))\n\
           ```\n\
           \n\
           ½ ‖z‖² is added to what the network of T gives, so that it has to learn log q(z|x) alone.\n\
           \n\
           With `adaptive_contrast`, T judges z̃ = (z − μ̂)/σ̂ against draws of N(0, I), where μ̂(x) and\n\
           σ̂(x) are moments of `contrast_draws` draws of q(z|x), taken as constants:\n\
           \n\
           ```text\n\
           E [−log p(x|z) + T(x, z̃) + log N(z; μ̂, σ̂²) − log p(z)]\n\
           L_T = −E_x E_q ln σ(T(x, z̃)) − E_x E_p(z) ln (1 − σ(T(x, z)))\n\
           ```\n\
           \n\
           Samples of the prior are means of p(x|z), without the noise of p(x|z): fakes, wherever a score or a\n\
           picture asks for samples, are means.\n\
           \n\
           `valid_bound_estimate` is the negative of the first loss on validation data: a variational bound as far\n\
           as T is right. A code is the mean of 32 draws.\n\
           \n\
           Sources: Mescheder, Nowozin and Geiger 2017, arXiv 1701.04722, equations 3.3 and 3.7, section 4\n\
           for adaptive contrast; Rosca, Lakshminarayanan and Mohamed 2018, arXiv 1802.06847, appendix J.",
    params: AdversarialVbParams::params,
    measures: &[measures::TRAIN_LOSS, TRAIN_DISCRIMINATOR, VALID_BOUND],
    capabilities: Capability::POINT_AUTOENCODER,
    setup: |data, values| {
        let params = AdversarialVbParams::read(values)?;
        let rates = Rates::new(&params.game).discriminator(params.joint.discriminator_lr);
        Ok(Setup {
            system: SystemConfig::AdversarialVb {
                visible: visible(data, params.decoder.visible, params.decoder.sigma)?,
                sigma_of: params.decoder.sigma_of,
                terms: adversarial_vb::Terms {
                    noise: params.noise,
                    features: params.features,
                    adversary: params.joint.sizes(),
                    contrast_draws: match params.adaptive_contrast {
                        true => params.contrast_draws,
                        false => 0,
                    },
                },
            },
            latent: params.decoder.latent,
            networks: params.decoder.networks,
            game: params.game,
            rates,
        })
    },
};

impl Entry for Adversarial {
    fn name(&self) -> &'static str {
        self.name
    }

    fn summary(&self) -> &'static str {
        self.summary
    }

    fn docs(&self) -> &'static str {
        self.docs
    }

    /// Of those with a p(x|z) the second: scores of a quantized normal are the masses of its levels. Of those
    /// with adaptive contrast one more: its moments in validation are those of the encoder that is scored.
    fn revision(&self) -> u32 {
        let params = self.params();
        let has = |name: &str| params.iter().any(|param| param.name == name);
        1 + u32::from(has("visible")) + u32::from(has("adaptive_contrast"))
    }

    fn params(&self) -> Vec<Param> {
        (self.params)()
    }
}

impl Adversarial {
    /// What is trained, for how long, and how fast.
    pub(super) fn configure(
        &self,
        data: &Dataset,
        values: &Values,
    ) -> Result<(Config, GameParams, Rates), ModelError> {
        let setup = (self.setup)(data, values)?;
        let config = Config {
            model: self.name.to_owned(),
            shape: data.shape(),
            latent: setup.latent,
            network: Architecture::of(&setup.networks),
            system: setup.system,
        };
        Ok((config, setup.game, setup.rates))
    }
}

/// The training of one of these kinds on the CPU, for a benchmark that steps it.
///
/// # Errors
/// For data and parameters that do not fit, among them a name that none of them has.
pub fn stepped(
    name: &str,
    data: &Dataset,
    values: &Values,
) -> Result<Box<dyn TrainingAlgorithm<Cpu>>, ModelError> {
    let kinds = [&DCGAN, &WGAN_GP, &AAE, &VEEGAN, &VGH, &ADVERSARIAL_VB];
    let kind = kinds.into_iter().find(|kind| kind.name == name);
    let kind = kind.ok_or_else(|| ModelError::Unsupported(format!("no kind `{name}`")))?;
    let (config, game, rates) = kind.configure(data, values)?;
    let training = fit::Game::new(&Cpu::default(), &config, data, (&game, &rates))?;
    Ok(Box::new(training))
}

/// What a generator that ends in a sigmoid cannot make.
fn out_of_reach(values: &Values, range: Option<(f64, f64)>) -> Option<String> {
    let output = Output::of(values.get("output")?)?;
    let (least, greatest) = range?;
    let inside = least >= 0.0 && greatest <= 1.0;
    (output == Output::Sigmoid && !inside).then(|| {
        let given = numbers_text(least, greatest);
        format!("observations can be {given}, and `output: sigmoid` makes numbers from 0 to 1")
    })
}

const ANY_NUMBER: &str = "`output: identity` makes any number";

impl Model for Adversarial {
    fn capabilities(&self) -> &'static [Capability] {
        self.capabilities
    }

    fn measures(&self) -> &'static [Measure] {
        self.measures
    }

    fn foresee(&self, values: &Values, reads: &dyn Fn(&str) -> Facts) -> Result<(), Misfit> {
        let data = reads("data");
        if let Some(message) = out_of_reach(values, data.range) {
            return Err(Misfit::of_data((message, ANY_NUMBER.to_owned())));
        }
        // The types of the parameters say what is wrong with single ones.
        let (Ok(networks), Some(shape)) = (NetworkParams::read(values), data.shape) else {
            return Ok(());
        };
        let taken = Architecture::of(&networks).check(&shape);
        taken.map_err(Misfit::of_data)
    }

    fn train(
        &self,
        data: &Dataset,
        _extra: &ExtraInputs,
        values: &Values,
        monitor: &dyn Monitor,
    ) -> Result<Trained, ModelError> {
        let (config, game, rates) = self.configure(data, values)?;
        let taken = config.network.check(&config.shape);
        taken.map_err(|(message, help)| ModelError::Data(format!("{message}; {help}")))?;
        let x = crate::models::params::observations(data, "train")?;
        let start = (f64::INFINITY, f64::NEG_INFINITY);
        let range = x.values.iter().fold(start, |(least, greatest), x| {
            let x = f64::from(*x);
            (least.min(x), greatest.max(x))
        });
        if let Some(message) = out_of_reach(values, Some(range)) {
            return Err(ModelError::Data(format!("{message}; {ANY_NUMBER}")));
        }
        on_device!(game.device, |device| fit::train(
            &device,
            &config,
            data,
            (&game, &rates),
            monitor
        ))
    }

    fn networks(&self, weights: &[u8]) -> Result<Vec<NetworkFacts>, ModelError> {
        let config: Config = crate::models::config(weights)?;
        let mut system = config.system(&Cpu::default(), Seed::new(0));
        let learns = system.learns_by();
        Ok(learned_by::facts(&system.components(), learns))
    }

    fn open(&self, weights: &[u8], device: DeviceChoice) -> Result<Box<dyn Fitted>, ModelError> {
        let config: Config = crate::models::config(weights)?;
        on_device!(device, |device| fit::FittedSystem::open(
            &device, config, weights
        ))
    }
}
