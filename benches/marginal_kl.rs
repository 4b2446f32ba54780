//! Time of `evaluate/marginal-kl` at the size of the paper's ColorMNIST: KL(q(z) || p(z)) by Monte Carlo
//! over 60,000 posteriors in 50 dimensions and 10,000 draws of z. One JSON line.
//!
//! `cargo bench --bench marginal_kl`; the number of threads is rayon's, one thread with `taskset -c 1`.
//! With `--record FOLDER`, nothing is timed: posteriors, draws and results are written for peers to
//! repeat, which `benches/peers/run.py` has them do.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench prints what it found"
)]

#[path = "cases/tensors.rs"]
mod tensors;

use std::path::Path;
use std::time::Instant;

use sweepline::metrics::{Marginal, MarginalKl};
use sweepline::models::observation::{Decoded, LogVariances};
use sweepline::models::{Draws, Fitted, ModelError, Posterior, Rows};
use sweepline::nn::{Activation, Backend, Cpu, DeviceChoice, Seed};

const POSTERIORS: usize = 60_000;
const DIMENSION: usize = 50;
const DRAWS: usize = 10_000;

/// An "encoder" of rows that hold μ and ln σ² themselves: what it costs to have posteriors is left out,
/// the way they are kept and gone through is the program's.
struct Given;

impl Fitted for Given {
    fn shape(&self) -> &[usize] {
        &[2 * DIMENSION]
    }

    fn latent(&self) -> usize {
        DIMENSION
    }

    fn encode(&self, x: &Rows) -> Result<Posterior, ModelError> {
        let half = |second: bool| {
            let rows = x.values.chunks_exact(2 * DIMENSION);
            let halves = rows.flat_map(|row| &row[usize::from(second) * DIMENSION..][..DIMENSION]);
            Rows::new(DIMENSION, halves.copied().collect())
        };
        Ok(Posterior::diagonal(
            half(false),
            LogVariances::new(half(true)),
        ))
    }

    fn decode(&self, _z: &Rows) -> Result<Decoded, ModelError> {
        Err(ModelError::Unsupported("it has no decoder".into()))
    }
}

/// μ and ln σ² side by side, as a trained VAE has them: dimensions are used more or less, from
/// ln σ² = 0 down to −4, and means spread so that q(z) is near the prior.
fn posteriors(seed: &Seed) -> Rows {
    let used = |j: usize| -4.0 * j as f32 / DIMENSION as f32;
    let mut values = Vec::with_capacity(POSTERIORS * 2 * DIMENSION);
    for n in 0..POSTERIORS as u64 {
        let means = seed.derive("mean").stream(n).normal(DIMENSION);
        let spread = |j: usize| (1.0 - used(j).exp()).sqrt();
        values.extend(means.iter().enumerate().map(|(j, m)| spread(j) * m));
        let around = seed
            .derive("log-var")
            .stream(n)
            .uniform(DIMENSION, -0.3, 0.3);
        values.extend(around.iter().enumerate().map(|(j, s)| used(j) + s));
    }
    Rows::new(2 * DIMENSION, values)
}

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    // As the program does, which has the allocator keep memory.
    DeviceChoice::Cpu.open().expect("there is one");
    let pool = rayon::ThreadPoolBuilder::new().build();
    pool.expect("a pool of threads").install(|| run(&asked));
}

fn run(asked: &[String]) {
    let seed = Seed::new(0);
    let x = posteriors(&seed);
    let marginal = Marginal::of(&Given, &x).expect("posteriors of their own");
    let draws = marginal.sample_evenly(DRAWS, seed.derive("draws"));
    let draws = draws.expect("finite");
    let started = Instant::now();
    let kl = MarginalKl::of(&marginal, &draws).expect("finite");
    let seconds = started.elapsed().as_secs_f64();
    if let Some(at) = asked.iter().position(|a| a == "--record") {
        let folder = asked.get(at + 1).expect("--record takes a folder");
        let path = Path::new(folder).join("marginal-kl.safetensors");
        record(&path, &x, &draws, &kl).expect("a record can be written");
        return;
    }
    let line = serde_json::json!({
        "framework": "sweepline",
        "case": "marginal-kl",
        "threads": rayon::current_num_threads(),
        "wall_s": seconds,
        "product_gflops": products(),
        "marginal_kl": kl.marginal.mean,
        "posterior_kl": kl.posterior_mean,
    });
    println!("{line}");
}

/// GFLOP/s of large matrix products, the most of several.
fn products() -> f64 {
    const SIDE: usize = 1024;
    let matrix = |stream| {
        let values = Seed::new(1).stream(stream).normal(SIDE * SIDE);
        Cpu::default().matrix(values, SIDE, SIDE)
    };
    let (a, b) = (matrix(0), matrix(1));
    let rates = (0..20).map(|_| {
        let started = Instant::now();
        let product = Cpu::linear(a.clone(), b.clone(), None, Activation::Identity);
        std::hint::black_box(product);
        2e-9 * (SIDE as f64).powi(3) / started.elapsed().as_secs_f64()
    });
    rates.fold(0.0, f64::max)
}

/// log q(z_m) of all draws is what peers must arrive at.
fn record(
    path: &Path,
    x: &Rows,
    draws: &Draws,
    kl: &MarginalKl,
) -> Result<(), Box<dyn std::error::Error>> {
    let log_q: Vec<f32> = kl.log_q.iter().map(|log| *log as f32).collect();
    let results = vec![kl.marginal.mean as f32, kl.posterior_mean as f32];
    let z = &draws.z;
    let tensors = [
        (
            "posteriors".into(),
            vec![x.len(), x.columns],
            x.values.clone(),
        ),
        ("z".into(), vec![z.len(), DIMENSION], z.values.clone()),
        ("log_q".into(), vec![log_q.len()], log_q),
        ("results".into(), vec![2], results),
    ];
    tensors::write(&tensors, path)
}
