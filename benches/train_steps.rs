//! Time of one training step of the cases that the peers' benchmark has: one JSON line per case.
//!
//! `cargo bench --bench train_steps -- [CASE …]`; the number of threads is rayon's
//! (`RAYON_NUM_THREADS`), one thread with `taskset -c 1`. Medians over blocks of about 20 ms.

use std::time::{Duration, Instant};

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

fn case(name: &str) -> Option<Vae> {
    Some(match name {
        "tiny-vae" => Vae::new(100, &[2, 50, 50, 2], &[1, 50, 50, 2], true),
        "mlp-vae" => Vae::new(64, &[784, 500, 500, 40], &[20, 500, 500, 784], false),
        _ => return None,
    })
}

fn main() {
    let asked: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with('-'))
        .collect();
    for name in ["tiny-vae", "mlp-vae"] {
        if !asked.is_empty() && !asked.iter().any(|a| a == name) {
            continue;
        }
        let mut vae = case(name).expect("a case of the list");
        let first = vae.step();
        let started = Instant::now();
        let mut warm = 0u32;
        while started.elapsed() < Duration::from_millis(200) {
            vae.step();
            warm += 1;
        }
        let block = (warm / 10).max(1);
        let mut last = 0.0;
        let mut times: Vec<f64> = (0..50)
            .map(|_| {
                let started = Instant::now();
                for _ in 0..block {
                    last = vae.step();
                }
                started.elapsed().as_secs_f64() * 1e6 / f64::from(block)
            })
            .collect();
        times.sort_by(f64::total_cmp);
        let line = serde_json::json!({
            "framework": "sweepline",
            "case": name,
            "threads": rayon::current_num_threads(),
            "parameters": vae.params.count(),
            "us_per_step_median": times[times.len() / 2],
            "us_per_step_min": times[0],
            "loss_first": first,
            "loss_last": last,
        });
        println!("{line}");
    }
}
