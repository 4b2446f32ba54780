//! VAEs of pictures by the program's networks: the cases `vae-color-mnist`, `vae-cifar` and `rnvp-vae`.

use sweepline::models::networks::{self, Architecture, Network, NetworkKind};
use sweepline::models::observation::{self, Emitted, Head, ObservationModel, SigmaScope};
use sweepline::nn::*;

use super::record::{self, Case, Tensors};

const BATCH: usize = 64;

/// Numbers of h(x), which the couplings of a flow read.
const FEATURES: usize = 64;

/// What one case has unlike another: as in `manifests/rosca-marginal-kl.yaml`.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    network: NetworkKind,
    shape: [usize; 3],
    latent: usize,
    visible: ObservationModel,
    /// A RealNVP posterior.
    flow: bool,
}

/// Rosca et al. 2018, tables 4 and 5.
pub(crate) const COLOR_MNIST: Size = Size {
    network: NetworkKind::ColorMnist,
    shape: [3, 28, 28],
    latent: 50,
    visible: ObservationModel::Bernoulli,
    flow: false,
};

pub(crate) const CIFAR: Size = Size {
    network: NetworkKind::Dcgan,
    shape: [3, 32, 32],
    latent: 128,
    visible: ObservationModel::QuantizedNormal,
    flow: false,
};

pub(crate) const RNVP: Size = Size {
    flow: true,
    ..COLOR_MNIST
};

/// The networks with their fixed batch of random grey levels.
pub(crate) struct ImageVae {
    size: Size,
    params: Params<Cpu>,
    encoder: Network,
    decoder: Network,
    head: Head,
    flow: Option<RealNvp>,
    optimizer: Optimizer<Cpu>,
    x: Vec<f32>,
    seed: Seed,
    iteration: u64,
}

impl ImageVae {
    pub(crate) fn new(size: Size) -> Self {
        let seed = Seed::new(0);
        let Size { shape, latent, .. } = size;
        let architecture = Architecture {
            kind: size.network,
            hidden: Vec::new(),
            activation: "relu".into(),
            maps: 64,
            depth: None,
        };
        let mut params = Params::new(&Cpu::default());
        let mut builder = params.builder(seed.derive("init"));
        let given = 2 * latent + if size.flow { FEATURES } else { 0 };
        let encoder = networks::encoder(&mut builder.part("encoder"), &architecture, &shape, given);
        let mut writes = builder.part("decoder");
        let head = Head::new(&mut writes, size.visible, SigmaScope::Pixel, &shape);
        let emitted = head.shape(&shape);
        let decoder = networks::generator(&mut writes, &architecture, latent, &emitted);
        let couplings = CouplingSizes {
            dimension: latent,
            context: FEATURES,
            hidden: vec![256, 256],
            activation: Activation::LeakyRelu(0.2),
            s_max: 2.0,
        };
        let flow = size
            .flow
            .then(|| RealNvp::new(&mut builder.part("flow"), 4, &couplings));
        let mut stream = seed.derive("data").stream(0);
        let count = BATCH * shape.iter().product::<usize>();
        ImageVae {
            optimizer: Optimizer::new(&params, Algorithm::adam(0.5, 0.9), 1e-3),
            size,
            params,
            encoder,
            decoder,
            head,
            flow,
            x: (0..count)
                .map(|_| stream.below(256) as f32 / 255.0)
                .collect(),
            seed,
            iteration: 0,
        }
    }

    fn noise(&self, iteration: u64) -> Vec<f32> {
        let stream = self.seed.derive("noise").stream(iteration);
        { stream }.normal(BATCH * self.size.latent)
    }

    /// What makes numbers of grey levels: uniform, a level wide.
    fn dither(&self, iteration: u64) -> Stream {
        self.seed.derive("dither").stream(iteration)
    }

    fn is_dithered(&self) -> bool {
        self.size.visible == ObservationModel::QuantizedNormal
    }
}

impl Case for ImageVae {
    fn count(&self) -> usize {
        self.params.count()
    }

    /// Noise, forward, backward and update; the loss before it.
    fn step(&mut self) -> f32 {
        let (latent, columns) = (self.size.latent, self.x.len() / BATCH);
        let (pass, statistics) = (self.params.record(), Statistics::noted());
        let device = pass.device();
        let x = device.matrix(self.x.clone(), BATCH, columns);
        let observed = match self.is_dithered() {
            true => {
                let dithered =
                    observation::dequantised(self.x.clone(), &mut self.dither(self.iteration));
                device.matrix(dithered, BATCH, columns)
            }
            false => x.clone(),
        };
        let encoded = self.encoder.forward(&pass, x, &statistics);
        let (moments, features) = match &self.flow {
            None => (encoded, None),
            Some(_) => {
                let (moments, features) = losses::split_columns(encoded, 2 * latent);
                (moments, Some(features))
            }
        };
        let (mean, log_var) = losses::split_columns(moments, latent);
        let noise = device.matrix(self.noise(self.iteration), BATCH, latent);
        let base = losses::gaussian_sample(mean.clone(), log_var.clone(), noise);
        let (z, kl) = match &self.flow {
            None => (base, losses::kl_standard(mean, log_var)),
            Some(flow) => {
                let mapped = flow.forward(&pass, base.clone(), features.as_ref());
                let [location, scale] = [0, 1].map(|_| device.full(0.0, (BATCH, latent)));
                let minus_log_p =
                    losses::gaussian_nll(mapped.z.clone(), location, scale, Scale::LogVar);
                let minus_log_q = losses::gaussian_nll(base, mean, log_var, Scale::LogVar);
                (mapped.z, minus_log_p - minus_log_q - mapped.log_det)
            }
        };
        let given = self.decoder.forward(&pass, z, &statistics);
        let emitted: Emitted<Cpu> = self.head.complete(&pass, given);
        let loss = (emitted.nll(observed) + kl).mean();
        let value = loss.value();
        let gradients = pass.backward(loss);
        self.optimizer.update(&mut self.params, &gradients);
        let kept = statistics.keep(&mut self.params);
        kept.expect("sizes of its own layers");
        self.iteration += 1;
        value
    }

    fn tensors(&self) -> Tensors {
        let [channels, height, width] = self.size.shape;
        let mut tensors = record::parameters("", &self.params);
        let shape = vec![BATCH, channels, height, width];
        tensors.push(("batch".into(), shape, self.x.clone()));
        let latent = [BATCH, self.size.latent];
        tensors.push(record::noise("noise", &latent, |i| self.noise(i)));
        if self.is_dithered() {
            let count = self.x.len();
            tensors.push(record::noise(
                "dither",
                &[BATCH, channels, height, width],
                |i| self.dither(i).uniform(count, -0.5, 0.5),
            ));
        }
        tensors
    }
}
