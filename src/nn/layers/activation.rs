//! Element-wise activations, by name.

use dfdx::prelude::Shape;

use crate::nn::backend::Backend;
use crate::nn::tensor::Tensor;

/// An element-wise activation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Activation {
    /// `x`
    Identity,
    /// `max(x, 0)`
    Relu,
    /// `x` above 0, else `slope · x`; the slope lies in `[0, 1]`.
    LeakyRelu(f32),
    /// `x` above 0, else `alpha (eˣ − 1)`; alpha is positive.
    Elu(f32),
    /// `tanh x`
    Tanh,
    /// `1 / (1 + e⁻ˣ)`
    Sigmoid,
    /// `ln(1 + eˣ)`
    Softplus,
    /// `ln sigmoid(x)`
    LogSigmoid,
}

impl Activation {
    /// The names manifests use, in the order of the reference page.
    pub const NAMES: [&'static str; 8] = [
        "elu",
        "identity",
        "leaky-relu",
        "log-sigmoid",
        "relu",
        "sigmoid",
        "softplus",
        "tanh",
    ];

    /// The activation with its usual constant (leaky slope 0.2, ELU alpha 1), or the slope that follows the
    /// name: `leaky-relu 0.01`; `None` if unknown.
    pub fn named(name: &str) -> Option<Self> {
        if let Some(slope) = name.strip_prefix("leaky-relu ") {
            return slope.parse().ok().map(Activation::LeakyRelu);
        }
        Some(match name {
            "elu" => Activation::Elu(1.0),
            "identity" => Activation::Identity,
            "leaky-relu" => Activation::LeakyRelu(0.2),
            "log-sigmoid" => Activation::LogSigmoid,
            "relu" => Activation::Relu,
            "sigmoid" => Activation::Sigmoid,
            "softplus" => Activation::Softplus,
            "tanh" => Activation::Tanh,
            _ => return None,
        })
    }

    /// Whether its slope is constant on either side of zero, so that it has no second derivative.
    pub fn is_piecewise_linear(self) -> bool {
        use Activation::{Identity, LeakyRelu, Relu};
        matches!(self, Identity | Relu | LeakyRelu(_))
    }

    /// Applies it element-wise.
    pub fn apply<S: Shape, B: Backend>(self, x: Tensor<S, B>) -> Tensor<S, B> {
        B::activate(x, self)
    }
}
