//! The affine layer `y = x Wᵀ + b`.

use crate::nn::backend::Backend;
use crate::nn::init::Init;
use crate::nn::layers::Activation;
use crate::nn::params::{Builder, Param, Pass};
use crate::nn::tensor::Matrix;

/// An affine layer: weight `[out, in]`, bias `[out]`.
#[derive(Debug, Clone)]
pub struct Linear {
    /// `[out, in]`
    pub weight: Param<(usize, usize)>,
    /// `[out]`
    pub bias: Option<Param<(usize,)>>,
}

impl Linear {
    /// With PyTorch's first values: weight and bias U(±1/√in).
    pub fn new<B: Backend>(builder: &mut Builder<B>, inputs: usize, outputs: usize) -> Self {
        Self::with_init(builder, inputs, outputs, Init::Fan(inputs), true)
    }

    /// With chosen first weights; the bias, if any, starts as PyTorch's.
    pub fn with_init<B: Backend>(
        builder: &mut Builder<B>,
        inputs: usize,
        outputs: usize,
        init: Init,
        bias: bool,
    ) -> Self {
        Linear {
            weight: builder.weight("weight", (outputs, inputs), init),
            bias: bias.then(|| builder.weight("bias", (outputs,), Init::Fan(inputs))),
        }
    }

    /// That gives zero at first: weight and bias are zero. For the last layer of a network that is
    /// to start as doing nothing.
    pub fn zeros<B: Backend>(builder: &mut Builder<B>, inputs: usize, outputs: usize) -> Self {
        let zero = Init::Constant(0.0);
        Linear {
            weight: builder.weight("weight", (outputs, inputs), zero),
            bias: Some(builder.weight("bias", (outputs,), zero)),
        }
    }

    /// `[n, in]` to `[n, out]`.
    pub fn forward<B: Backend>(&self, pass: &Pass<B>, x: Matrix<B>) -> Matrix<B> {
        self.forward_with(pass, x, Activation::Identity)
    }

    /// The same, followed by an activation in one operation.
    pub fn forward_with<B: Backend>(
        &self,
        pass: &Pass<B>,
        x: Matrix<B>,
        activation: Activation,
    ) -> Matrix<B> {
        let bias = self.bias.map(|bias| pass.get(bias));
        B::linear(x, pass.get(self.weight), bias, activation)
    }
}
