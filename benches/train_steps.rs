//! Time of one training step of the cases that the peers' benchmark has: one JSON line per case.
//!
//! `cargo bench --bench train_steps -- [CASE …]`; the number of threads is rayon's
//! (`RAYON_NUM_THREADS`), one thread with `taskset -c 1`. Medians over blocks of about 20 ms.
//! With `--record FOLDER`, nothing is timed: the first steps of the cases are written for peers to repeat.
//! `benches/peers/run.py` does both and prints the table beside the peers.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench prints what it found"
)]

#[path = "cases/adversarial.rs"]
mod adversarial;
#[path = "cases/gan.rs"]
mod gan;
#[path = "cases/images.rs"]
mod images;
#[path = "cases/pixel_cnn.rs"]
mod pixel_cnn;
#[path = "cases/record.rs"]
mod record;
#[path = "cases/sa_vae.rs"]
mod sa_vae;
#[path = "cases/tensors.rs"]
mod tensors;
#[path = "cases/text_vae.rs"]
mod text_vae;
#[path = "cases/vae.rs"]
mod vae;

use std::path::Path;
use std::time::{Duration, Instant};

use adversarial::Adversarial;
use gan::Gan;
use images::ImageVae;
use pixel_cnn::PixelVae;
use record::Case;
use sa_vae::SaVae;
use text_vae::TextVae;
use vae::Vae;

const CASES: &[&str] = &[
    "tiny-vae",
    "mlp-vae",
    "lstm-vae",
    "dcgan-32",
    "wgan-gp-32",
    "sa-vae-oracle",
    "sa-vae-text",
    "vae-color-mnist",
    "vae-cifar",
    "rnvp-vae",
    "pixelcnn-vae",
    "adv-dcgan",
    "adv-wgan-gp",
    "adv-aae",
    "adv-veegan",
    "adv-vgh",
    "adv-vgh-pp",
    "adv-avb",
];

fn case(name: &str) -> Box<dyn Case> {
    let (tiny, images) = (([2, 50, 50, 2], [1, 50, 50, 2]), [784, 500, 500, 40]);
    match name {
        "tiny-vae" => Box::new(Vae::new(0, 100, &tiny.0, &tiny.1, true)),
        "mlp-vae" => Box::new(Vae::new(0, 64, &images, &[20, 500, 500, 784], false)),
        "lstm-vae" => Box::new(TextVae::new()),
        "dcgan-32" => Box::new(Gan::new(false)),
        "wgan-gp-32" => Box::new(Gan::new(true)),
        "sa-vae-oracle" => Box::new(SaVae::new(sa_vae::ORACLE)),
        "sa-vae-text" => Box::new(SaVae::new(sa_vae::TEXT)),
        "vae-color-mnist" => Box::new(ImageVae::new(images::COLOR_MNIST)),
        "vae-cifar" => Box::new(ImageVae::new(images::CIFAR)),
        "rnvp-vae" => Box::new(ImageVae::new(images::RNVP)),
        "pixelcnn-vae" => Box::new(PixelVae::new()),
        "adv-dcgan" => Box::new(Adversarial::new(adversarial::DCGAN)),
        "adv-wgan-gp" => Box::new(Adversarial::new(adversarial::WGAN_GP)),
        "adv-aae" => Box::new(Adversarial::new(adversarial::AAE)),
        "adv-veegan" => Box::new(Adversarial::new(adversarial::VEEGAN)),
        "adv-vgh" => Box::new(Adversarial::new(adversarial::VGH)),
        "adv-vgh-pp" => Box::new(Adversarial::new(adversarial::VGH_PP)),
        "adv-avb" => Box::new(Adversarial::new(adversarial::AVB)),
        _ => unreachable!("asked for by the names in CASES only"),
    }
}

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    if let Some(at) = asked.iter().position(|a| a == "--record") {
        let folder = asked.get(at + 1).expect("--record takes a folder");
        let only = &asked[at + 2..];
        for name in CASES.iter().filter(|name| is_asked(only, name)) {
            let path = Path::new(folder).join(format!("{name}.safetensors"));
            record::write(case(name), &path).expect("a record can be written");
        }
        return;
    }
    // As the program does, which has the allocator keep memory.
    sweepline::nn::DeviceChoice::Cpu
        .open()
        .expect("there is one");
    // On a thread of the pool, as the program's own steps run: from outside, every parallel operation
    // would wake a thread and put this one to sleep.
    let pool = rayon::ThreadPoolBuilder::new().build();
    pool.expect("a pool of threads").install(|| measure(&asked));
}

/// Whether a case is among those asked for: all are where none is named.
fn is_asked(asked: &[String], name: &str) -> bool {
    asked.iter().all(|a| a.starts_with('-')) || asked.iter().any(|a| a == name)
}

fn measure(asked: &[String]) {
    for &name in CASES.iter().filter(|name| is_asked(asked, name)) {
        let mut case = case(name);
        let parameters = case.count();
        let mut step = || case.step();
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
