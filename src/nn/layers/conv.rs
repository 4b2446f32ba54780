//! Convolution over images `[N, C, H, W]`, as cross-correlation:
//! `y[n,o,i,j] = bias[o] + Σ weight[o,c,a,b] x[n,c, s i − p + a, s j − p + b]`.

use crate::nn::backend::Backend;
use crate::nn::init::Init;
use crate::nn::layers::{Activation, Window};
use crate::nn::params::{Builder, Param, Pass};
use crate::nn::tensor::Images;

/// A convolution: weight `[out, in, kh, kw]`, bias `[out]`.
#[derive(Debug, Clone)]
pub struct Conv2d {
    /// `[out, in, kh, kw]`
    pub weight: Param<(usize, usize, usize, usize)>,
    /// `[out]`
    pub bias: Option<Param<(usize,)>>,
    /// Kernel, stride and padding.
    pub window: Window,
}

impl Conv2d {
    /// With PyTorch's first values: weight and bias U(±1/√(in · kh · kw)).
    pub fn new<B: Backend>(
        builder: &mut Builder<B>,
        inputs: usize,
        outputs: usize,
        window: Window,
    ) -> Self {
        let init = Init::Fan(inputs * window.kernel.0 * window.kernel.1);
        Self::with_init(builder, inputs, outputs, window, init, true)
    }

    /// With chosen first weights; the bias, if any, starts as PyTorch's.
    pub fn with_init<B: Backend>(
        builder: &mut Builder<B>,
        inputs: usize,
        outputs: usize,
        window: Window,
        init: Init,
        bias: bool,
    ) -> Self {
        let (kh, kw) = window.kernel;
        let fan = Init::Fan(inputs * kh * kw);
        Conv2d {
            weight: builder.weight("weight", (outputs, inputs, kh, kw), init),
            bias: bias.then(|| builder.weight("bias", (outputs,), fan)),
            window,
        }
    }

    /// `[N, in, H, W]` to `[N, out, H', W']` with `H' = (H + 2p − k) / s + 1`, rounded down.
    pub fn forward<B: Backend>(&self, pass: &Pass<B>, x: Images<B>) -> Images<B> {
        self.forward_with(pass, x, Activation::Identity)
    }

    /// The same, followed by an activation in one operation.
    pub fn forward_with<B: Backend>(
        &self,
        pass: &Pass<B>,
        x: Images<B>,
        activation: Activation,
    ) -> Images<B> {
        let bias = self.bias.map(|bias| pass.get(bias));
        B::conv2d(x, pass.get(self.weight), bias, self.window, activation)
    }
}
