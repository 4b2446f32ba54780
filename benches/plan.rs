//! How long planning takes: reading a manifest, expanding it, computing all keys.
//!
//! `cargo bench --bench plan`; prints medians in milliseconds and the memory that a plan holds.
//! Budgets: 300 ms for 10,000 cells, 3 s and 150 MB for 100,000; 15 ms for 10,000 keys.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench prints what it found"
)]

use std::fs;
use std::io;
use std::path::Path;
use std::time::Instant;

use sweepline::manifest::Overrides;
use sweepline::plan::Contents;
use sweepline::plan::InputItem;
use sweepline::plan::KeyRules;
use sweepline::plan::Keys;
use sweepline::plan::Plan;
use sweepline::store::Digest;

#[path = "../tests/it/language/kinds.rs"]
mod kinds;

/// Contents that cost nothing to know.
struct Constant(Digest);

impl Contents for Constant {
    fn input(&mut self, _: &InputItem) -> Option<Digest> {
        Some(self.0)
    }

    fn file(&mut self, _: &Path) -> io::Result<Digest> {
        Ok(self.0)
    }
}

fn manifest(seeds: usize) -> String {
    format!(
        r#"
experiment: grid
axes:
  dataset: [absolute-value, circle, clusters, figure-8, spiral-dots]
  lr: {{logspace: [1.0e-5, 1.0e-1, 10]}}
  beta: {{linspace: [0.0, 1.9, 20]}}
  seed: {{seeds: {seeds}}}
stages:
  data:
    uses: dataset/synthetic
    with: {{name: "${{dataset}}"}}
  fit:
    uses: train/vae
    in: {{data: data}}
    with: {{latent: 1, visible: gaussian, lr: "${{lr}}", beta: "${{beta}}", seed: "${{seed}}"}}
  best:
    uses: select
    in: {{candidates: fit}}
    over: [seed]
    with: {{by: valid_ll}}
  score:
    uses: evaluate/test-kl
    in: {{model: best, data: data}}
  summary:
    uses: table/summary
    in: {{rows: score}}
    with: {{value: test_kl}}
"#
    )
}

/// The resident memory of this process in MiB, where the system tells.
fn resident() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024.0)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn main() {
    let folder = tempfile::tempdir().expect("the machine has a temporary folder");
    let path = folder.path().join("grid.yaml");
    println!(
        "{:>8} {:>8} {:>12} {:>12} {:>10}",
        "cells", "steps", "plan ms", "keys ms", "MiB"
    );
    for (seeds, repeats) in [(1, 15), (10, 7), (100, 3)] {
        fs::write(&path, manifest(seeds)).expect("the folder is writable");
        let before = resident();
        let (mut plans, mut keys) = (Vec::new(), Vec::new());
        let mut shown = None;
        for _ in 0..repeats {
            let start = Instant::now();
            let planned = Plan::read(&path, &kinds::CATALOG, &Overrides::default());
            let plan = planned.plan.expect("the manifest is right");
            plans.push(start.elapsed().as_secs_f64() * 1e3);
            let held = resident();
            let rules = KeyRules::new(folder.path(), "cpu");
            let mut contents = Constant(Digest::of(b"content"));
            let start = Instant::now();
            for step in &plan.steps {
                let key = rules.key(step, &mut contents);
                std::hint::black_box(key.expect("nothing is read"));
            }
            keys.push(start.elapsed().as_secs_f64() * 1e3);
            let cells = plan.experiment.grid.len();
            shown.get_or_insert((cells, plan.steps.len(), held));
        }
        let (cells, steps, held) = shown.expect("there are repeats");
        let memory = held.zip(before).map_or("?".to_owned(), |(held, before)| {
            format!("{:.0}", held - before)
        });
        println!(
            "{cells:>8} {steps:>8} {:>12.1} {:>12.1} {memory:>10}",
            median(plans),
            median(keys)
        );
    }
}
