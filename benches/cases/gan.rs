//! GANs of images: the cases `dcgan-32` and `wgan-gp-32`.

use sweepline::nn::layers::{Stack, Stage};
use sweepline::nn::*;

/// The latent size of the generator.
const LATENT: usize = 100;

/// A network with its parameters and optimiser.
pub(crate) struct Player {
    pub params: Params<Cpu>,
    net: Stack,
    optimizer: Optimizer<Cpu>,
}

impl Player {
    fn new(seed: Seed, rate: f64, betas: (f64, f64), net: fn(&mut Builder<Cpu>) -> Stack) -> Self {
        let mut params = Params::new(&Cpu::default());
        let net = net(&mut params.builder(seed));
        let algorithm = Algorithm::adam(betas.0, betas.1);
        Player {
            optimizer: Optimizer::new(&params, algorithm, rate),
            params,
            net,
        }
    }
}

const DCGAN: Init = Init::Normal(0.02);

/// 100 → 256 × 4 × 4 → 128 → 64 → 3 × 32 × 32, batch norm and ReLU between, tanh at the end.
fn generator(builder: &mut Builder<Cpu>) -> Stack {
    let mut stages = Vec::new();
    let (first, next) = (Window::square(4, 1, 0), Window::square(4, 2, 1));
    let maps = [(LATENT, 256, first), (256, 128, next), (128, 64, next)];
    for (i, (inputs, outputs, window)) in maps.into_iter().enumerate() {
        let mut builder = builder.part(i);
        let conv = ConvTranspose2d::with_init(&mut builder, inputs, outputs, window, DCGAN, false);
        stages.push(Stage::ConvTranspose(conv, Activation::Identity));
        let norm = BatchNorm::new(&mut builder.part("norm"), outputs);
        stages.push(Stage::Norm(norm, Activation::Relu));
    }
    let last = ConvTranspose2d::with_init(&mut builder.part(3), 64, 3, next, DCGAN, false);
    stages.push(Stage::ConvTranspose(last, Activation::Tanh));
    Stack::new(stages)
}

/// 3 × 32 × 32 → 64 → 128 → 256 × 4 × 4 → 1, leaky ReLU between.
fn discriminator(builder: &mut Builder<Cpu>) -> Stack {
    let mut stages = Vec::new();
    let maps = [(3, 64), (64, 128), (128, 256)];
    for (i, (inputs, outputs)) in maps.into_iter().enumerate() {
        let (mut builder, window) = (builder.part(i), Window::square(4, 2, 1));
        let conv = Conv2d::with_init(&mut builder, inputs, outputs, window, DCGAN, false);
        stages.push(Stage::Conv(conv, Activation::LeakyRelu(0.2)));
    }
    let (mut builder, window) = (builder.part(3), Window::square(4, 1, 0));
    let last = Conv2d::with_init(&mut builder, 256, 1, window, DCGAN, false);
    stages.push(Stage::Conv(last, Activation::Identity));
    Stack::new(stages)
}

/// A DCGAN for images of 32 × 32 with its fixed batch of 64.
pub(crate) struct Gan {
    pub generator: Player,
    pub discriminator: Player,
    pub x: Images<Cpu>,
    seed: Seed,
    iteration: u64,
    penalty: bool,
}

impl Gan {
    const BATCH: usize = 64;

    /// `penalty`: the critic of a WGAN-GP instead of the players of a DCGAN.
    pub(crate) fn new(penalty: bool) -> Self {
        let (device, seed) = (Cpu::default(), Seed::new(0));
        let shape = (Self::BATCH, 3, 32, 32);
        let values = seed
            .derive("data")
            .stream(0)
            .uniform(shape.num_elements(), -1.0, 1.0);
        let (rate, betas) = match penalty {
            true => (1e-4, (0.5, 0.9)),
            false => (2e-4, (0.5, 0.999)),
        };
        Gan {
            generator: Player::new(seed.derive("g"), rate, betas, generator),
            discriminator: Player::new(seed.derive("d"), rate, betas, discriminator),
            x: device.constant(values, shape),
            seed: seed.derive("noise"),
            iteration: 0,
            penalty,
        }
    }

    /// How many numbers the step updates.
    pub(crate) fn count(&self) -> usize {
        let critic = self.discriminator.params.count();
        match self.penalty {
            true => critic,
            false => critic + self.generator.params.count(),
        }
    }

    /// The latent variables of a step, row-major.
    pub(crate) fn noise(&self, iteration: u64) -> Vec<f32> {
        self.seed.stream(iteration).normal(Self::BATCH * LATENT)
    }

    /// Where between real and generated images the penalty of a step is taken.
    pub(crate) fn alpha(&self, iteration: u64) -> Vec<f32> {
        let mut stream = self.seed.derive("alpha").stream(iteration);
        stream.uniform(Self::BATCH, 0.0, 1.0)
    }

    fn latent(&self, pass: &Pass<Cpu>) -> Images<Cpu> {
        let shape = (Self::BATCH, LATENT, 1, 1);
        pass.device().constant(self.noise(self.iteration), shape)
    }

    /// One update of each player on the same generated batch; or one of the critic, with penalty.
    pub(crate) fn step(&mut self) -> f32 {
        let loss = if self.penalty {
            self.critic()
        } else {
            self.players()
        };
        self.iteration += 1;
        loss
    }

    fn players(&mut self) -> f32 {
        let softplus = |x: Images<Cpu>| Activation::Softplus.apply(x).mean();
        let (none, noted) = (Statistics::Batch, Statistics::noted());
        let pass = self.generator.params.record();
        let fake = self
            .generator
            .net
            .forward(&pass, self.latent(&pass), &noted);

        let d = &mut self.discriminator;
        let d_pass = d.params.record();
        let score = |x: Images<Cpu>| d.net.forward(&d_pass, x, &none);
        let loss = softplus(-score(self.x.clone())) + softplus(score(fake.detach()));
        let first = loss.value();
        let gradients = d_pass.backward(loss);
        d.optimizer.update(&mut d.params, &gradients);

        let score = d.net.forward(&d.params.eval(), fake, &none);
        let loss = softplus(-score);
        let second = loss.value();
        let gradients = pass.backward(loss);
        let g = &mut self.generator;
        g.optimizer.update(&mut g.params, &gradients);
        noted.keep(&mut g.params).expect("sizes of its own layers");
        first + second
    }

    fn critic(&mut self) -> f32 {
        let (none, noted) = (Statistics::Batch, Statistics::noted());
        let pass = self.generator.params.eval();
        let fake = self
            .generator
            .net
            .forward(&pass, self.latent(&pass), &noted);
        noted
            .keep(&mut self.generator.params)
            .expect("sizes of its own layers");
        let alpha = Cpu::default().vector(self.alpha(self.iteration));
        let d = &mut self.discriminator;
        let mixed = penalty::interpolates(self.x.clone(), fake.clone(), alpha);
        let pass = d.params.record();
        let score = |x: Images<Cpu>| d.net.forward(&pass, x, &none).mean();
        let loss = score(fake) - score(self.x.clone())
            + penalty::gradient_penalty(&d.net, &pass, mixed, 10.0);
        let value = loss.value();
        let gradients = pass.backward(loss);
        d.optimizer.update(&mut d.params, &gradients);
        value
    }
}
