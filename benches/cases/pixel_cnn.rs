//! A VAE whose decoder is a gated PixelCNN, of Omniglot's size: the case `pixelcnn-vae`.
//!
//! Kim et al. 2018, section 4.3, without inner steps: the sizes that `train/pixelcnn-vae` has by itself.

use sweepline::nn::layers::{PixelCnn, ResidualBlock};
use sweepline::nn::*;

use super::record::{self, Case, Tensors};

const BATCH: usize = 50;
const SIDE: usize = 28;
const PIXELS: usize = SIDE * SIDE;
const LATENT: usize = 32;
/// Of the encoder's convolutions.
const MAPS: usize = 64;
/// Maps of the image's size that z becomes.
const Z_MAPS: usize = 4;
/// Of the PixelCNN's layers.
const CHANNELS: usize = 32;
const KERNELS: [usize; 12] = [9, 9, 9, 7, 7, 7, 5, 5, 5, 3, 3, 3];
/// ln((1 − 10⁻⁵) / 10⁻⁵)
const LARGEST_LOGIT: f32 = 11.512_915;
const CLIP: f64 = 5.0;

/// The networks with their fixed batch of random binary images.
pub(crate) struct PixelVae {
    params: Params<Cpu>,
    /// Each followed by a convolution that halves the image.
    blocks: Vec<(ResidualBlock, Conv2d)>,
    posterior: Linear,
    maps: Linear,
    pixels: PixelCnn,
    optimizer: Optimizer<Cpu>,
    x: Matrix<Cpu>,
    iteration: u64,
}

impl PixelVae {
    pub(crate) fn new() -> Self {
        let (device, seed) = (Cpu::default(), Seed::new(0));
        let mut params = Params::new(&device);
        let mut builder = params.builder(seed.derive("init"));
        let block = |at: usize| {
            let mut builder = builder.part(format!("encoder.{at}"));
            let inputs = if at == 0 { 1 } else { MAPS };
            let (mut residual, halves) = (builder.part("block"), Window::square(2, 2, 0));
            (
                ResidualBlock::new(&mut residual, inputs, MAPS),
                Conv2d::new(&mut builder.part("halving"), MAPS, MAPS, halves),
            )
        };
        let blocks: Vec<_> = (0..3).map(block).collect();
        let mut affine = |name, inputs, outputs| {
            let mut builder = builder.part(name);
            Linear::with_init(&mut builder, inputs, outputs, Init::KaimingNormal, true)
        };
        let left = MAPS * (SIDE >> 3) * (SIDE >> 3);
        let posterior = affine("posterior", left, 2 * LATENT);
        let maps = affine("maps", LATENT, Z_MAPS * PIXELS);
        let mut draws = builder.part("pixels");
        let pixels = PixelCnn::new(&mut draws, 1 + Z_MAPS, CHANNELS, &KERNELS, 1);
        let x = seed
            .derive("data")
            .stream(0)
            .bernoulli(BATCH * PIXELS, 0.15);
        PixelVae {
            optimizer: Optimizer::new(&params, Algorithm::adam(0.9, 0.999), 1e-3),
            params,
            blocks,
            posterior,
            maps,
            pixels,
            x: device.matrix(x, BATCH, PIXELS),
            iteration: 0,
        }
    }

    fn noise(iteration: u64) -> Vec<f32> {
        Seed::new(1).stream(iteration).normal(BATCH * LATENT)
    }
}

impl Case for PixelVae {
    fn count(&self) -> usize {
        self.params.count()
    }

    /// Noise, forward, backward and update; the loss before it.
    fn step(&mut self) -> f32 {
        let (pass, statistics) = (self.params.record(), Statistics::noted());
        let mut h = self.x.clone().reshape((BATCH, 1, SIDE, SIDE));
        for (block, halving) in &self.blocks {
            h = halving.forward(&pass, block.forward(&pass, h, &statistics));
        }
        let columns = h.len() / BATCH;
        let lambda = self.posterior.forward(&pass, h.reshape((BATCH, columns)));
        let (mean, log_var) = losses::split_columns(lambda, LATENT);
        let noise = pass
            .device()
            .matrix(Self::noise(self.iteration), BATCH, LATENT);
        let z = losses::gaussian_sample(mean.clone(), log_var.clone(), noise);

        let seen = Cpu::join_columns(self.x.clone(), self.maps.forward(&pass, z));
        let seen = seen.reshape((BATCH, 1 + Z_MAPS, SIDE, SIDE));
        let logits = self.pixels.forward(&pass, seen).reshape((BATCH, PIXELS));
        let logits = logits.clamp(-LARGEST_LOGIT, LARGEST_LOGIT);
        let nll = losses::bernoulli_nll(logits, self.x.clone());
        let loss = (nll + losses::kl_standard(mean, log_var)).mean();
        let value = loss.value();
        let mut gradients = pass.backward(loss);
        gradients.clip_global_norm(CLIP);
        self.optimizer.update(&mut self.params, &gradients);
        let kept = statistics.keep(&mut self.params);
        kept.expect("sizes of its own layers");
        self.iteration += 1;
        value
    }

    fn tensors(&self) -> Tensors {
        let mut tensors = record::parameters("", &self.params);
        let shape = vec![BATCH, 1, SIDE, SIDE];
        tensors.push(("batch".into(), shape, self.x.to_vec()));
        tensors.push(record::noise("noise", &[BATCH, LATENT], Self::noise));
        tensors
    }
}
