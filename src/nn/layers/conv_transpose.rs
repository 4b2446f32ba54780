//! Transposed convolution: what a convolution's input gradient is, as a layer.
//! `y[n,o, s i − p + a, s j − p + b] += weight[c,o,a,b] x[n,c,i,j]`, then `+ bias[o]`.

use crate::nn::backend::Backend;
use crate::nn::init::Init;
use crate::nn::layers::{Activation, Window};
use crate::nn::params::{Builder, Param, Pass};
use crate::nn::tensor::Images;

/// A transposed convolution: weight `[in, out, kh, kw]`, bias `[out]`.
#[derive(Debug, Clone)]
pub struct ConvTranspose2d {
    /// `[in, out, kh, kw]`
    pub weight: Param<(usize, usize, usize, usize)>,
    /// `[out]`
    pub bias: Option<Param<(usize,)>>,
    /// Kernel, stride and padding.
    pub window: Window,
    /// Rows and columns added below and to the right; smaller than the stride.
    pub output_padding: (usize, usize),
}

impl ConvTranspose2d {
    /// With PyTorch's first values: weight and bias U(±1/√(out · kh · kw)).
    pub fn new<B: Backend>(
        builder: &mut Builder<B>,
        inputs: usize,
        outputs: usize,
        window: Window,
    ) -> Self {
        let init = Init::Fan(outputs * window.kernel.0 * window.kernel.1);
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
        let fan = Init::Fan(outputs * kh * kw);
        ConvTranspose2d {
            weight: builder.weight("weight", (inputs, outputs, kh, kw), init),
            bias: bias.then(|| builder.weight("bias", (outputs,), fan)),
            window,
            output_padding: (0, 0),
        }
    }

    /// The same layer with this output padding.
    pub fn output_padding(mut self, rows: usize, columns: usize) -> Self {
        self.output_padding = (rows, columns);
        self
    }

    /// `[N, in, H, W]` to `[N, out, H', W']` with `H' = (H − 1) s − 2p + k + output padding`.
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
        let (weight, bias) = (pass.get(self.weight), self.bias.map(|bias| pass.get(bias)));
        let (window, extra) = (self.window, self.output_padding);
        B::conv_transpose2d(x, weight, bias, window, extra, activation)
    }
}
