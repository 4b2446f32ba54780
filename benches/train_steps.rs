//! Time of one training step of the cases that the peers' benchmark has: one JSON line per case.
//!
//! `cargo bench --bench train_steps -- [CASE …]`; the number of threads is rayon's
//! (`RAYON_NUM_THREADS`), one thread with `taskset -c 1`. Medians over blocks of about 20 ms.

#[path = "cases/gan.rs"]
mod gan;
#[path = "cases/text_vae.rs"]
mod text_vae;
#[path = "cases/vae.rs"]
mod vae;

use std::time::{Duration, Instant};

use gan::Gan;
use text_vae::TextVae;
use vae::Vae;

/// A case that is ready to run: its number of parameters and its step.
type Ready = (usize, Box<dyn FnMut() -> f32>);

const CASES: [&str; 5] = ["tiny-vae", "mlp-vae", "lstm-vae", "dcgan-32", "wgan-gp-32"];

fn case(name: &str) -> Option<Ready> {
    let vae = |mut vae: Vae| -> Ready { (vae.params.count(), Box::new(move || vae.step())) };
    let gan = |mut gan: Gan| -> Ready { (gan.count(), Box::new(move || gan.step())) };
    Some(match name {
        "tiny-vae" => vae(Vae::new(0, 100, &[2, 50, 50, 2], &[1, 50, 50, 2], true)),
        "mlp-vae" => vae(Vae::new(
            0,
            64,
            &[784, 500, 500, 40],
            &[20, 500, 500, 784],
            false,
        )),
        "lstm-vae" => {
            let mut text = TextVae::new();
            (text.params.count(), Box::new(move || text.step()))
        }
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
