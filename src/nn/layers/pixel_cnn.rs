//! Gated PixelCNN (van den Oord et al. 2016b, Conditional Image Generation with PixelCNN Decoders).
//!
//! Two stacks avoid the blind spot of masked square kernels: the vertical one sees all rows above,
//! the horizontal one its own row to the left. Kernels are rectangular and their results shifted, so no
//! tap is wasted on a mask. With p = k/2 rounded down, row r of the vertical stack sees rows
//! r−1−p … r−1 and columns c−p … c+p.

use crate::nn::backend::Backend;
use crate::nn::layers::{Activation, Conv2d, Mask, Padding, Window};
use crate::nn::params::{Builder, Pass};
use crate::nn::tensor::Images;

/// One layer of both stacks.
#[derive(Debug, Clone)]
pub struct GatedConv {
    /// Vertical: weight `[2D, in, p + 1, k]`.
    pub v_conv: Conv2d,
    /// From the vertical features to the horizontal ones: 1 × 1.
    pub vh_conv: Conv2d,
    /// Horizontal: weight `[2D, in, 1, p + 1]`.
    pub h_conv: Conv2d,
    /// After the horizontal gate: 1 × 1.
    pub h_res: Conv2d,
    /// A: a pixel does not see itself, and there is no residual connection. B: it does, and there is.
    pub mask: Mask,
}

/// What a [`GatedConv`] gives.
#[derive(Debug)]
pub struct GatedOutput<B: Backend> {
    /// Vertical features before the gate `[N, 2D, H, W]`.
    pub v_features: Images<B>,
    /// Output of the vertical stack `[N, D, H, W]`.
    pub v: Images<B>,
    /// Output of the horizontal stack `[N, D, H, W]`.
    pub h: Images<B>,
}

impl GatedConv {
    /// Parameters `v_conv.…`, `vh_conv.…`, `h_conv.…`, `h_res.…`, with PyTorch's first values. Mask
    /// B adds its input, so there `inputs` must be `channels`. Panics if `kernel` is even.
    pub fn new<B: Backend>(
        builder: &mut Builder<B>,
        inputs: usize,
        channels: usize,
        kernel: usize,
        mask: Mask,
    ) -> Self {
        assert!(kernel % 2 == 1, "a kernel of {kernel} has no centre");
        assert!(
            mask == Mask::A || inputs == channels,
            "a residual from {inputs} channels to {channels}"
        );
        let (p, two, point) = (kernel / 2, 2 * channels, Window::square(1, 1, 0));
        let window = |kernel, top, right| Window {
            kernel,
            stride: (1, 1),
            padding: Padding {
                top,
                bottom: 0,
                left: p,
                right,
            },
        };
        let (vertical, horizontal) = (window((p + 1, kernel), p, p), window((1, p + 1), 0, 0));
        let mut conv = |name, inputs, outputs, window| {
            Conv2d::new(&mut builder.part(name), inputs, outputs, window)
        };
        GatedConv {
            v_conv: conv("v_conv", inputs, two, vertical),
            vh_conv: conv("vh_conv", two, two, point),
            h_conv: conv("h_conv", inputs, two, horizontal),
            h_res: conv("h_res", channels, channels, point),
            mask,
        }
    }

    /// Both stacks one layer on: `v` and `h` are `[N, in, H, W]`.
    pub fn forward<B: Backend>(
        &self,
        pass: &Pass<B>,
        v: Images<B>,
        h: Images<B>,
    ) -> GatedOutput<B> {
        let none = Activation::Identity;
        // The last row looks only at rows below the image's end: it is computed and dropped.
        let v_features = B::shift(self.v_conv.forward(pass, v), 1, 0);
        let across = self.h_conv.forward(pass, h.clone());
        let across = match self.mask {
            Mask::A => B::shift(across, 0, 1),
            Mask::B => across,
        };
        let from_above = self.vh_conv.forward(pass, v_features.clone());
        let gated = gate(B::add(across, from_above, none));
        let out = self.h_res.forward(pass, gated);
        GatedOutput {
            v: gate(v_features.clone()),
            v_features,
            h: match self.mask {
                Mask::A => out,
                Mask::B => B::add(out, h, none),
            },
        }
    }
}

/// `tanh(first half) · sigmoid(last half)` of the channels.
fn gate<B: Backend>(x: Images<B>) -> Images<B> {
    let (n, channels, h, w) = x.shape();
    let y = B::gate(x.reshape((n, channels * h * w)));
    y.reshape((n, channels / 2, h, w))
}

/// A stack of gated layers, the first with mask A, and a 1 × 1 convolution to logits: the
/// distribution of every pixel given the ones before it, and given further input channels at
/// pixels before it.
#[derive(Debug, Clone)]
pub struct PixelCnn {
    /// Parameters `0.…`, `1.…`, …
    pub layers: Vec<GatedConv>,
    /// Parameters `out.…`
    pub out: Conv2d,
}

impl PixelCnn {
    /// With one layer of `channels` maps per kernel size; `outputs` numbers per pixel.
    pub fn new<B: Backend>(
        builder: &mut Builder<B>,
        inputs: usize,
        channels: usize,
        kernels: &[usize],
        outputs: usize,
    ) -> Self {
        let sizes = kernels.iter().enumerate();
        let layers: Vec<GatedConv> = sizes
            .map(|(i, kernel)| {
                let (inputs, mask) = match i {
                    0 => (inputs, Mask::A),
                    _ => (channels, Mask::B),
                };
                GatedConv::new(&mut builder.part(i), inputs, channels, *kernel, mask)
            })
            .collect();
        let last = if layers.is_empty() { inputs } else { channels };
        PixelCnn {
            layers,
            out: Conv2d::new(
                &mut builder.part("out"),
                last,
                outputs,
                Window::square(1, 1, 0),
            ),
        }
    }

    /// `[N, in, H, W]` to logits `[N, out, H, W]`.
    pub fn forward<B: Backend>(&self, pass: &Pass<B>, x: Images<B>) -> Images<B> {
        let (mut v, mut h) = (x.clone(), x);
        for layer in &self.layers {
            let output = layer.forward(pass, v, h);
            (v, h) = (output.v, output.h);
        }
        self.out.forward(pass, h)
    }
}
