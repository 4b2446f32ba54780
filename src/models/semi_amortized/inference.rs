//! The methods by the paper's names, and how λ is refined.

use serde::Deserialize;
use serde::Serialize;

use crate::nn::ClippedStep;
use crate::nn::Differences;
use crate::nn::InnerLoop;
use crate::nn::Order;
use crate::registry::ParamValue;
use crate::registry::choices;

choices! {
    /// Where λ comes from, and what encoder and decoder learn from.
    pub enum Inference {
        /// There is no z: the autoregressive model alone.
        None = "none",
        /// λ from the encoder.
        Vae = "vae",
        /// λ_K by K steps from a start that does not know x.
        Svi = "svi",
        /// K steps from the encoder's λ_0; the encoder learns from the bound at λ_0.
        VaeSvi = "vae+svi",
        /// K steps from the encoder's λ_0; the encoder learns from KL(q_λ0 || q_λK).
        VaeSviKl = "vae+svi+kl",
        /// K steps from the encoder's λ_0; both learn from the bound at λ_K through all steps.
        SaVae = "sa-vae",
    }
}

impl Inference {
    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Inference::of(&name.into())
    }

    /// Whether there is a z.
    pub fn has_latent(self) -> bool {
        self != Inference::None
    }

    /// Whether λ_0 depends on x.
    pub fn has_encoder(self) -> bool {
        self.encoder_loss().is_some()
    }

    /// What the decoder learns by; f is that of the models' documentation.
    pub(super) fn decoder_loss(self) -> &'static str {
        match self {
            Inference::None => "−log p(x)",
            Inference::Vae => "f(λ_0)",
            Inference::Svi => "f(λ_K)",
            Inference::VaeSvi | Inference::VaeSviKl => "f(λ_K) with λ_K held constant",
            Inference::SaVae => "f(λ_K) through all steps",
        }
    }

    /// What the encoder learns by, where there is one.
    pub(super) fn encoder_loss(self) -> Option<&'static str> {
        match self {
            Inference::None | Inference::Svi => None,
            Inference::Vae | Inference::VaeSvi => Some("f(λ_0)"),
            Inference::VaeSviKl => Some("KL(q_λ0 || q_λK) with λ_K held constant"),
            Inference::SaVae => Some("f(λ_K) through all steps"),
        }
    }

    /// Whether λ_0 is refined.
    pub fn refines(self) -> bool {
        !matches!(self, Inference::None | Inference::Vae)
    }
}

/// Where the inner steps start.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// What the encoder says.
    Encoder,
    /// The prior: μ = 0, ln σ² = 0.
    Zeros,
    /// μ and ln σ² are draws of N(0, s²).
    Random(f32),
}

/// How a fitted model infers λ_K. Gradients are of the mean over a batch, so the effective step of one
/// observation is `rate` divided by the size of its batch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refinement {
    pub start: Start,
    /// K
    pub steps: usize,
    /// α
    pub rate: f32,
    pub momentum: f32,
    /// Largest norm of the gradients of μ, and of ln σ², over a batch.
    pub clip: f64,
}

impl Refinement {
    /// The same from another start with another number of steps.
    pub fn with(self, start: Start, steps: usize) -> Self {
        Refinement {
            start,
            steps,
            ..self
        }
    }

    /// As `nn` runs it.
    pub(super) fn inner(&self, differences: Differences, clipped_step: ClippedStep) -> InnerLoop {
        InnerLoop {
            steps: self.steps,
            step_size: self.rate,
            momentum: self.momentum,
            clip: (self.clip > 0.0).then_some(self.clip),
            clipped_step,
            back_clip: None,
            differences,
        }
    }
}

choices! {
    /// What is taken for the derivative of an inner step whose gradient was clipped.
    pub enum ClippedSteps {
        /// The derivative.
        Exact = "exact",
        /// That of the gradient times the factor of clipping.
        ConstantFactor = "constant-factor",
    }
}

impl ClippedSteps {
    pub(super) fn clipped_step(self) -> ClippedStep {
        match self {
            ClippedSteps::Exact => ClippedStep::Exact,
            ClippedSteps::ConstantFactor => ClippedStep::ConstantFactor,
        }
    }
}

choices! {
    /// How products of second derivatives with a vector are taken.
    pub enum Curvature {
        /// Central differences at a fixed distance: errors of some 3e-4.
        Central = "central",
        /// One forward difference with r = 1e-5, as the authors' code does: errors of some 1e-1 in float32.
        Paper = "paper",
    }
}

impl Curvature {
    pub(super) fn differences(self) -> Differences {
        match self {
            Curvature::Central => Differences::Central {
                // Truncation grows with the square of it, rounding with its inverse. On small batches the
                // gradients of the unrolled references are off by 7e-3 at 0.05, by 3e-4 at 0.01.
                distance: 0.01,
                order: Order::Second,
            },
            Curvature::Paper => Differences::Paper,
        }
    }
}
