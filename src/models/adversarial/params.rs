//! What the kinds of training may be given.

use super::layers::JointSizes;
use super::layers::Output;
use super::vgh::Variant;
use crate::models::networks::NetworkParams;
use crate::models::observation::ObservationModel;
use crate::models::observation::SigmaScope;
use crate::models::params::MOST_EPOCHS;
use crate::nn::Algorithm;
use crate::nn::DeviceChoice;
use crate::random::Seed;
use crate::registry::params;
use crate::training::Batches;
use crate::training::LearningRate;
use crate::training::Phase;

params! {
    /// Budget, optimisers, seed and device where several networks learn.
    pub(super) struct GameParams {
        /// passes over the training split
        epochs: u64 = 100, min(1), max(MOST_EPOCHS);
        /// iterations in place of `epochs`; one has one update of the generator
        iterations: Option<u64>, min(1), max(MOST_EPOCHS);
        /// observations per update
        batch: usize = 64, min(1);
        /// learning rate of Adam, for generator and encoder
        lr: f64 = 2e-4, min(0.0);
        /// decay of Adam's first moment, below 1
        beta1: f64 = 0.5, min(0.0), max(1.0);
        /// decay of Adam's second moment, below 1
        beta2: f64 = 0.9, min(0.0), max(1.0);
        /// which initialisation, order and noise
        seed: Seed;
        /// where to train
        device: DeviceChoice = "auto";
    }
}

impl GameParams {
    pub(super) fn adam(&self) -> Algorithm {
        Algorithm::adam(self.beta1, self.beta2)
    }

    /// The phase of a training over so many observations, whose iterations draw so many batches.
    pub(super) fn phase(&self, observations: usize, batches_per_iteration: u64) -> Phase {
        let order = self.seed.derive("fit/order");
        let batches = Batches::of_rows(observations, self.batch, order);
        match self.iterations {
            None => Phase::epochs("fit", self.epochs, batches),
            Some(iterations) => {
                let every = batches.per_epoch() / batches_per_iteration.max(1);
                Phase::iterations("fit", iterations, every, batches)
            }
        }
    }
}

/// Learning rates by component.
pub(super) struct Rates {
    lr: f64,
    discriminator: Option<f64>,
    code_discriminator: Option<f64>,
}

impl Rates {
    /// One for all.
    pub(super) fn new(game: &GameParams) -> Self {
        Rates {
            lr: game.lr,
            discriminator: None,
            code_discriminator: None,
        }
    }

    /// Another for the discriminator, if it is given.
    pub(super) fn discriminator(self, discriminator: Option<f64>) -> Self {
        Rates {
            discriminator,
            ..self
        }
    }

    /// Another for the discriminator of codes, if it is given.
    pub(super) fn codes(self, code_discriminator: Option<f64>) -> Self {
        Rates {
            code_discriminator,
            ..self
        }
    }

    pub(super) fn of(&self, component: &str) -> LearningRate {
        let own = match component {
            "discriminator" => self.discriminator,
            "code_discriminator" => self.code_discriminator,
            _ => None,
        };
        LearningRate::constant(own.unwrap_or(self.lr))
    }
}

params! {
    /// The generator of a system without a likelihood.
    pub(super) struct GeneratorParams {
        /// dimension of the latent variable
        latent: usize, min(1);
        networks: NetworkParams;
        /// what ends the generator: `sigmoid` for observations in [0, 1], `identity` for any
        output: Output = Output::Sigmoid;
    }
}

params! {
    /// Encoder and decoder of a system with a p(x|z).
    pub(super) struct DecoderParams {
        /// dimension of the latent variable
        latent: usize, min(1);
        networks: NetworkParams;
        /// the density p(x|z)
        visible: ObservationModel = "bernoulli";
        /// standard deviation of a Gaussian p(x|z), in units of the data [default: the noise of
        /// the data set]
        sigma: Option<f64>, min(1e-6), only_with("visible", &["gaussian"]);
        /// what has a σ of its own in a quantized normal p(x|z)
        sigma_of: SigmaScope = SigmaScope::Pixel, only_with("visible", &["quantized-normal"]);
    }
}

params! {
    /// The discriminator of observations.
    pub(super) struct DiscriminatorParams {
        /// learning rate of the discriminator [default: `lr`]
        discriminator_lr: Option<f64>, min(0.0);
    }
}

params! {
    /// The discriminator of codes.
    pub(super) struct CodeParams {
        /// widths of the hidden layers of the discriminator of codes
        code_hidden: Vec<usize> = [1000, 1000, 1000], each_min(1);
        /// learning rate of the discriminator of codes [default: `lr`]
        code_discriminator_lr: Option<f64>, min(0.0);
    }
}

params! {
    /// The discriminator of pairs.
    pub(super) struct JointParams {
        /// numbers that x and z each become before the discriminator joins them
        joint_features: usize = 512, min(1);
        /// widths of the discriminator's layers over both
        joint_hidden: Vec<usize> = [1024, 1024], each_min(1);
        /// learning rate of the discriminator [default: `lr`]
        discriminator_lr: Option<f64>, min(0.0);
    }
}

impl JointParams {
    pub(super) fn sizes(&self) -> JointSizes {
        JointSizes {
            features: self.joint_features,
            hidden: self.joint_hidden.clone(),
        }
    }
}

params! {
    /// What `train/dcgan` may be given.
    pub(super) struct DcganParams {
        generator: GeneratorParams;
        discriminator: DiscriminatorParams;
        game: GameParams;
    }
}

params! {
    /// What `train/wgan-gp` may be given.
    pub(super) struct WganGpParams {
        generator: GeneratorParams;
        /// updates of the critic for one of the generator
        critic_updates: u64 = 5, min(1), max(1000);
        /// λ, the weight of the gradient penalty
        penalty: f64 = 10.0, min(0.0);
        discriminator: DiscriminatorParams;
        game: GameParams;
    }
}

params! {
    /// What `train/aae` may be given.
    pub(super) struct AaeParams {
        decoder: DecoderParams;
        codes: CodeParams;
        game: GameParams;
    }
}

params! {
    /// What `train/veegan` may be given.
    pub(super) struct VeeganParams {
        generator: GeneratorParams;
        joint: JointParams;
        game: GameParams;
    }
}

params! {
    /// What `train/vgh` may be given.
    pub(super) struct VghParams {
        generator: GeneratorParams;
        /// what the discriminator tells from data: reconstructions, or with `vgh++` samples as well
        variant: Variant = Variant::Vgh;
        /// λ_E, the weight of the reconstruction in the encoder's loss
        encoder_weight: f64 = 1.0, min(0.0);
        /// λ_G, the weight of the reconstruction in the generator's loss
        generator_weight: f64 = 1.0, min(0.0);
        discriminator: DiscriminatorParams;
        codes: CodeParams;
        game: GameParams;
    }
}

params! {
    /// What `train/adversarial-vb` may be given.
    pub(super) struct AdversarialVbParams {
        decoder: DecoderParams;
        /// numbers of ε, the encoder's noise
        noise: usize = 32, min(1);
        /// numbers of h(x), which the encoder mixes with ε
        features: usize = 256, min(1);
        /// whether the adversary judges z standardised by the moments of q(z|x)
        adaptive_contrast: bool = false;
        /// draws that estimate these moments
        contrast_draws: usize = 10, min(2), only_with("adaptive_contrast", &["true"]);
        joint: JointParams;
        game: GameParams;
    }
}
