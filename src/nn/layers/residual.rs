//! A residual block (He et al. 2016): two 3 × 3 convolutions with batch norm, added to the input.

use crate::nn::backend::Backend;
use crate::nn::init::Init;
use crate::nn::layers::{Activation, BatchNorm, Conv2d, Statistics, Window};
use crate::nn::params::{Builder, Pass};
use crate::nn::tensor::Images;

/// `relu(norm(conv(relu(norm(conv(x))))) + skip(x))`; the skip is the identity, or a 1 × 1
/// convolution where the number of channels changes.
#[derive(Debug, Clone)]
pub struct ResidualBlock {
    /// 3 × 3, to the new channels, without bias.
    pub conv1: Conv2d,
    /// After it.
    pub norm1: BatchNorm,
    /// 3 × 3, without bias.
    pub conv2: Conv2d,
    /// After it.
    pub norm2: BatchNorm,
    /// 1 × 1, if the number of channels changes.
    pub skip: Option<Conv2d>,
}

impl ResidualBlock {
    /// Parameters `conv1.…`, `norm1.…`, `conv2.…`, `norm2.…` and, if needed, `skip.…`.
    pub fn new<B: Backend>(builder: &mut Builder<B>, inputs: usize, outputs: usize) -> Self {
        let (three, one) = (Window::square(3, 1, 1), Window::square(1, 1, 0));
        let mut conv = |name, inputs, window: Window| {
            let fan = Init::Fan(inputs * window.kernel.0 * window.kernel.1);
            let mut builder = builder.part(name);
            Conv2d::with_init(&mut builder, inputs, outputs, window, fan, false)
        };
        ResidualBlock {
            conv1: conv("conv1", inputs, three),
            conv2: conv("conv2", outputs, three),
            skip: (inputs != outputs).then(|| conv("skip", inputs, one)),
            norm1: BatchNorm::new(&mut builder.part("norm1"), outputs),
            norm2: BatchNorm::new(&mut builder.part("norm2"), outputs),
        }
    }

    /// `[N, in, H, W]` to `[N, out, H, W]`.
    pub fn forward<B: Backend>(
        &self,
        pass: &Pass<B>,
        x: Images<B>,
        statistics: &Statistics<B>,
    ) -> Images<B> {
        let (relu, none) = (Activation::Relu, Activation::Identity);
        let y = self.conv1.forward(pass, x.clone());
        let y = self.norm1.images(pass, y, statistics, relu);
        let y = self.conv2.forward(pass, y);
        let y = self.norm2.images(pass, y, statistics, none);
        let x = match &self.skip {
            Some(skip) => skip.forward(pass, x),
            None => x,
        };
        B::add(y, x, relu)
    }
}
