//! Masked convolution (van den Oord et al. 2016a, Pixel Recurrent Neural Networks): a square kernel
//! that sees only pixels before its own in reading order.

use crate::nn::backend::Backend;
use crate::nn::layers::{Activation, Conv2d, Window};
use crate::nn::params::{Builder, Pass};
use crate::nn::tensor::Images;

/// Whether a pixel sees its own value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mask {
    /// It does not: for the first layer, whose input is the image itself.
    A,
    /// It does: for all later layers.
    B,
}

impl Mask {
    /// `[k, k]` of 0 and 1, row-major: 1 above the centre row and, in it, left of the centre; at the
    /// centre by the kind.
    pub fn values(self, kernel: usize) -> Vec<f32> {
        let centre = kernel / 2 * kernel + kernel / 2;
        let last = match self {
            Mask::A => centre,
            Mask::B => centre + 1,
        };
        let seen = |i| if i < last { 1.0 } else { 0.0 };
        (0..kernel * kernel).map(seen).collect()
    }
}

/// A masked convolution of stride 1 that keeps the image's size; the kernel is odd.
#[derive(Debug, Clone)]
pub struct MaskedConv2d {
    /// The unmasked weight, and the bias.
    pub conv: Conv2d,
    /// Which taps count.
    pub mask: Mask,
}

impl MaskedConv2d {
    /// With PyTorch's first values of a convolution. Panics if `kernel` is even.
    pub fn new<B: Backend>(
        builder: &mut Builder<B>,
        inputs: usize,
        outputs: usize,
        kernel: usize,
        mask: Mask,
    ) -> Self {
        assert!(kernel % 2 == 1, "a masked kernel of {kernel} has no centre");
        let window = Window::square(kernel, 1, kernel / 2);
        MaskedConv2d {
            conv: Conv2d::new(builder, inputs, outputs, window),
            mask,
        }
    }

    /// `[N, in, H, W]` to `[N, out, H, W]`.
    pub fn forward<B: Backend>(
        &self,
        pass: &Pass<B>,
        x: Images<B>,
        activation: Activation,
    ) -> Images<B> {
        let weight = pass.get(self.conv.weight);
        let (kernel, _) = self.conv.window.kernel;
        let pairs = weight.shape().0 * weight.shape().1;
        let mask = self.mask.values(kernel).repeat(pairs);
        let mask = pass.device().constant(mask, weight.shape());
        let bias = self.conv.bias.map(|bias| pass.get(bias));
        B::conv2d(x, weight * mask, bias, self.conv.window, activation)
    }
}
