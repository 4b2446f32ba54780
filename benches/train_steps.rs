//! Time of one training step of the cases that the peers' benchmark has: one JSON line per case.
//!
//! `cargo bench --bench train_steps -- [CASE …]`; the number of threads is rayon's
//! (`RAYON_NUM_THREADS`), one thread with `taskset -c 1`. Medians over blocks of about 20 ms.

use std::time::{Duration, Instant};

use sweepline::nn::layers::{Stack, Stage};
use sweepline::nn::*;

const SIGMA: f32 = 0.1;

/// A VAE of affine layers with its fixed batch.
struct Vae {
    params: Params<Cpu>,
    encoder: Mlp,
    decoder: Mlp,
    optimizer: Optimizer<Cpu>,
    x: Matrix<Cpu>,
    latent: usize,
    gaussian: bool,
    seed: Seed,
    iteration: u64,
}

impl Vae {
    fn new(batch: usize, encoder: &[usize], decoder: &[usize], gaussian: bool) -> Self {
        let (device, seed) = (Cpu::default(), Seed::new(0));
        let mut params = Params::new(&device);
        let mut builder = params.builder(seed.derive("init"));
        let encoder_net = Mlp::new(&mut builder.part("encoder"), encoder, Activation::Relu);
        let decoder_net = Mlp::new(&mut builder.part("decoder"), decoder, Activation::Relu);
        let mut stream = seed.derive("data").stream(0);
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

    fn step(&mut self) -> f32 {
        let pass = self.params.record();
        let encoded = self.encoder.forward(&pass, self.x.clone());
        let (mean, log_var) = losses::split_columns(encoded, self.latent);
        let n = mean.len();
        let noise = self.seed.stream(self.iteration).normal(n);
        let noise = pass.device().constant(noise, mean.shape());
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

/// The latent size of the generator.
const LATENT: usize = 100;

/// A network with its parameters and optimiser.
struct Player {
    params: Params<Cpu>,
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
struct Gan {
    generator: Player,
    discriminator: Player,
    x: Images<Cpu>,
    seed: Seed,
    iteration: u64,
    penalty: bool,
}

impl Gan {
    const BATCH: usize = 64;

    fn new(penalty: bool) -> Self {
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

    fn noise(&self, pass: &Pass<Cpu>) -> Images<Cpu> {
        let noise = self
            .seed
            .stream(self.iteration)
            .normal(Self::BATCH * LATENT);
        pass.device().constant(noise, (Self::BATCH, LATENT, 1, 1))
    }

    /// One update of each player on the same generated batch; or one of the critic, with penalty.
    fn step(&mut self) -> f32 {
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
        let fake = self.generator.net.forward(&pass, self.noise(&pass), &noted);

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
        let fake = self.generator.net.forward(&pass, self.noise(&pass), &noted);
        noted
            .keep(&mut self.generator.params)
            .expect("sizes of its own layers");
        let d = &mut self.discriminator;
        let alpha = self.seed.derive("alpha").stream(self.iteration);
        let alpha = { alpha }.uniform(Self::BATCH, 0.0, 1.0);
        let alpha = Cpu::default().vector(alpha);
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

/// A case that is ready to run: its number of parameters and its step.
type Ready = (usize, Box<dyn FnMut() -> f32>);

const CASES: [&str; 4] = ["tiny-vae", "mlp-vae", "dcgan-32", "wgan-gp-32"];

fn case(name: &str) -> Option<Ready> {
    let vae = |mut vae: Vae| -> Ready { (vae.params.count(), Box::new(move || vae.step())) };
    let gan = |mut gan: Gan| -> Ready {
        let critic = gan.discriminator.params.count();
        let count = match gan.penalty {
            true => critic,
            false => critic + gan.generator.params.count(),
        };
        (count, Box::new(move || gan.step()))
    };
    Some(match name {
        "tiny-vae" => vae(Vae::new(100, &[2, 50, 50, 2], &[1, 50, 50, 2], true)),
        "mlp-vae" => vae(Vae::new(
            64,
            &[784, 500, 500, 40],
            &[20, 500, 500, 784],
            false,
        )),
        "dcgan-32" => gan(Gan::new(false)),
        "wgan-gp-32" => gan(Gan::new(true)),
        _ => return None,
    })
}

fn main() {
    let asked: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with('-'))
        .collect();
    for name in CASES {
        if !asked.is_empty() && !asked.iter().any(|a| a == name) {
            continue;
        }
        let (parameters, mut step) = case(name).expect("a case of the list");
        let first = step();
        let started = Instant::now();
        let mut warm = 0u32;
        while warm < 2 || started.elapsed() < Duration::from_millis(200) {
            step();
            warm += 1;
        }
        let per_step = started.elapsed() / warm;
        let block = (Duration::from_millis(20).as_nanos() / per_step.as_nanos()).max(1) as u32;
        // Slow steps are repeated less often.
        let blocks = (3000 / (block * per_step).as_millis().max(1)).clamp(11, 50);
        let mut last = 0.0;
        let mut times: Vec<f64> = (0..blocks)
            .map(|_| {
                let started = Instant::now();
                for _ in 0..block {
                    last = step();
                }
                started.elapsed().as_secs_f64() * 1e6 / f64::from(block)
            })
            .collect();
        times.sort_by(f64::total_cmp);
        let line = serde_json::json!({
            "framework": "sweepline",
            "case": name,
            "threads": rayon::current_num_threads(),
            "parameters": parameters,
            "us_per_step_median": times[times.len() / 2],
            "us_per_step_min": times[0],
            "loss_first": first,
            "loss_last": last,
        });
        println!("{line}");
    }
}
