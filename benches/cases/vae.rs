//! VAEs of affine layers: the cases `tiny-vae` and `mlp-vae`.

use sweepline::nn::*;

const SIGMA: f32 = 0.1;

/// A VAE of affine layers with its fixed batch.
pub(crate) struct Vae {
    pub params: Params<Cpu>,
    encoder: Mlp,
    decoder: Mlp,
    optimizer: Optimizer<Cpu>,
    pub x: Matrix<Cpu>,
    pub latent: usize,
    gaussian: bool,
    seed: Seed,
    iteration: u64,
}

impl Vae {
    /// Sizes of both networks from input to output; `gaussian` data are a ring, others are bits.
    pub(crate) fn new(
        seed: u64,
        batch: usize,
        encoder: &[usize],
        decoder: &[usize],
        gaussian: bool,
    ) -> Self {
        let (device, data) = (Cpu::default(), Seed::new(0).derive("data"));
        let seed = Seed::new(seed);
        let mut params = Params::new(&device);
        let mut builder = params.builder(seed.derive("init"));
        let encoder_net = Mlp::new(&mut builder.part("encoder"), encoder, Activation::Relu);
        let decoder_net = Mlp::new(&mut builder.part("decoder"), decoder, Activation::Relu);
        let mut stream = data.stream(0);
        let values = match gaussian {
            true => ring(&mut stream, batch),
            false => stream.bernoulli(batch * encoder[0], 0.2),
        };
        Vae {
            optimizer: Optimizer::new(&params, Algorithm::adam(0.9, 0.999), 1e-3),
            x: device.matrix(values, batch, encoder[0]),
            latent: decoder[0],
            params,
            encoder: encoder_net,
            decoder: decoder_net,
            gaussian,
            seed: seed.derive("noise"),
            iteration: 0,
        }
    }

    /// The noise of a step, row-major.
    pub(crate) fn noise(&self, iteration: u64) -> Vec<f32> {
        let (rows, _) = self.x.shape();
        self.seed.stream(iteration).normal(rows * self.latent)
    }

    /// Noise, forward, backward and update; the loss before it.
    pub(crate) fn step(&mut self) -> f32 {
        let pass = self.params.record();
        let encoded = self.encoder.forward(&pass, self.x.clone());
        let (mean, log_var) = losses::split_columns(encoded, self.latent);
        let noise = pass
            .device()
            .constant(self.noise(self.iteration), mean.shape());
        let z = losses::gaussian_sample(mean.clone(), log_var.clone(), noise);
        let decoded = self.decoder.forward(&pass, z);
        let nll = match self.gaussian {
            true => losses::gaussian_nll_fixed(self.x.clone(), decoded, SIGMA),
            false => losses::bernoulli_nll(decoded, self.x.clone()),
        };
        let loss = (nll + losses::kl_standard(mean, log_var)).mean();
        let value = loss.value();
        let gradients = pass.backward(loss);
        self.optimizer.update(&mut self.params, &gradients);
        self.iteration += 1;
        value
    }
}

/// Points near the unit circle, standard deviation 0.1.
fn ring(stream: &mut Stream, n: usize) -> Vec<f32> {
    let angles = stream.uniform(n, 0.0, std::f32::consts::TAU);
    let noise = stream.normal(2 * n);
    let point = |i: usize| {
        [
            angles[i].cos() + 0.1 * noise[2 * i],
            angles[i].sin() + 0.1 * noise[2 * i + 1],
        ]
    };
    (0..n).flat_map(point).collect()
}
