//! A sweep of tiny VAEs in one process: 32 seeds, 200 steps each, shared out over the threads. One
//! JSON line: its time and the mean of the last losses.
//!
//! `cargo bench --bench sweep_tiny -- [SEEDS [STEPS]]`; one thread with `taskset -c 1`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench prints what it found"
)]

#[path = "cases/vae.rs"]
mod vae;

use std::time::Instant;

use rayon::prelude::*;
use vae::Vae;

fn main() {
    let numbers: Vec<u64> = std::env::args().filter_map(|a| a.parse().ok()).collect();
    let (seeds, steps) = match numbers[..] {
        [] => (32, 200),
        [seeds] => (seeds, 200),
        [seeds, steps, ..] => (seeds, steps.max(1)),
    };
    let started = Instant::now();
    let train = |seed: usize| {
        let mut vae = Vae::new(seed as u64, 100, &[2, 50, 50, 2], &[1, 50, 50, 2], true);
        (0..steps).map(|_| vae.step()).last().unwrap_or(f32::NAN)
    };
    // One model is a millisecond of work at least: each may move to a free thread.
    let losses: Vec<f32> = (0..seeds as usize)
        .into_par_iter()
        .with_max_len(1)
        .map(train)
        .collect();
    let line = serde_json::json!({
        "framework": "sweepline",
        "seeds": seeds,
        "steps": steps,
        "threads": rayon::current_num_threads(),
        "train_s": started.elapsed().as_secs_f64(),
        "loss_mean": losses.iter().sum::<f32>() / losses.len() as f32,
    });
    println!("{line}");
}
