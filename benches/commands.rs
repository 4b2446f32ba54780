//! What a command costs beside its program: 1000 runs of a small program as steps and bare, and
//! 10,000 command cells that are up to date.
//!
//! `cargo bench --bench commands [steps]`; prints milliseconds. Budgets: 2 ms of overhead for each
//! step, 100 ms for 10,000 cells that are up to date.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench prints what it found"
)]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use sweepline::engine::Engine;
use sweepline::engine::Options;
use sweepline::manifest::Overrides;
use sweepline::plan::KeyRules;
use sweepline::plan::Plan;
use sweepline::stages;
use sweepline::stages::Stages;
use sweepline::store::Access;
use sweepline::store::Store;

/// A project whose one stage runs `run` in so many cells.
fn project(folder: &Path, cells: usize, with: &str) {
    let manifest = format!(
        "experiment: bench\naxes: {{n: {{seeds: {cells}}}}}\nstages:\n  say:\n    uses: command\n    with: {with}\n"
    );
    fs::create_dir_all(folder.join("manifests")).expect("a folder");
    fs::create_dir_all(folder.join("src")).expect("a folder");
    fs::write(folder.join("src/a.py"), "print(1)\n").expect("a file");
    fs::write(folder.join("manifests/bench.yaml"), manifest).expect("a file");
}

/// Plans and runs, as the program does; the time of each, and how many steps ran.
fn run(folder: &Path, jobs: usize) -> (Duration, Duration, usize) {
    let begun = Instant::now();
    let manifest = folder.join("manifests/bench.yaml");
    let planned = Plan::read(&manifest, &stages::catalog(), &Overrides::default());
    let plan = planned.plan.expect("the manifest is right");
    let read = begun.elapsed();
    let keys = KeyRules::new(&plan.experiment.root, "cpu");
    let store = folder.join("outputs/store");
    let store = Store::open(&store, Access::Write { wait: false }).expect("the store is ours");
    let mut options = Options::new("bench", &plan.experiment.root);
    options.view = Some(folder.join("outputs/bench"));
    options.jobs = jobs;
    let begun = Instant::now();
    let engine = Engine::new(&keys, &Stages, &store, options);
    let summary = engine
        .run(&plan.steps, &mut |_| {})
        .expect("the store works");
    assert_eq!(summary.totals.failed, 0, "{:?}", summary.failures.first());
    (read, begun.elapsed(), summary.totals.done)
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn main() {
    let steps = std::env::args().skip(1).find_map(|arg| arg.parse().ok());
    let steps: usize = steps.unwrap_or(1000);
    let find = |name: &str| {
        let places = ["/usr/bin", "/bin"].map(|folder| format!("{folder}/{name}"));
        let place = places.into_iter().find(|path| Path::new(path).exists());
        place.unwrap_or_else(|| panic!("every system has `{name}`"))
    };
    // A step has to leave something, so the least that a program can do is to make a file.
    let (truth, touch) = (find("true"), find("touch"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let bare = |program: &str, arguments: bool| {
        let begun = Instant::now();
        for n in 0..steps {
            let mut command = Command::new(program);
            if arguments {
                command.arg(folder.path().join(n.to_string()));
            }
            let status = command.status().expect("it starts");
            assert!(status.success());
        }
        ms(begun.elapsed()) / steps as f64
    };
    println!(
        "bare `true`:            {:8.3} ms each",
        bare(&truth, false)
    );
    let touched = bare(&touch, true);
    println!("bare `touch`:           {touched:8.3} ms each");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let with =
        format!("{{run: [{touch}, \"${{out.x}}\"], values: {{n: \"${{n}}\"}}, out: {{x: x}}}}");
    project(folder.path(), steps, &with);
    let (_, ran, done) = run(folder.path(), 1);
    assert_eq!(done, steps);
    let each = ms(ran) / steps as f64;
    println!(
        "`touch` as a step:      {each:8.3} ms each, {:.3} ms of it overhead",
        each - touched
    );

    let cells = 10 * steps;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let with = "{run: [touch, \"${out.x}\"], values: {n: \"${n}\"}, out: {x: x}, code: [\"src/*.py\"], env: [HOME]}";
    project(folder.path(), cells, with);
    let (_, first, done) = run(folder.path(), 2);
    assert_eq!(done, cells);
    println!("{cells} cells, first time: {:9.1} ms", ms(first));
    let mut reads = Vec::new();
    let mut runs = Vec::new();
    for _ in 0..9 {
        let (read, ran, done) = run(folder.path(), 2);
        assert_eq!(done, 0);
        reads.push(ms(read));
        runs.push(ms(ran));
    }
    for (what, times) in [("read and plan", &mut reads), ("up to date", &mut runs)] {
        times.sort_by(f64::total_cmp);
        println!(
            "{cells} cells, {what:<13}: {:7.1} ms median, {:.1} best",
            times[times.len() / 2],
            times[0]
        );
    }
}
