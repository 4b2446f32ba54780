//! A project in a temporary folder, and the program run in it.

#[cfg(target_os = "linux")]
pub(crate) mod faults;
pub(crate) mod pictures;
pub(crate) mod texts;

pub(crate) mod hard;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;

/// A temporary project with a manifest and a pipeline of small trainings.
pub(crate) struct TestSpace {
    folder: tempfile::TempDir,
}

/// Few digits, small networks, two epochs: seconds in a debug build.
const PIPELINE: &str = r#"pipeline: digits
params:
  latent: {type: int, min: 1}
  seed: {type: seed}
  epochs: {type: int, min: 1, default: 2}
stages:
  data:
    uses: dataset/mnist
    with: {train: 200, valid: 50, test: 50}
  fit:
    uses: train/vae
    in: {data: data}
    with: {latent: "${latent}", hidden: [16], epochs: "${epochs}", batch: 50, seed: "${seed}"}
  elbo:
    uses: evaluate/elbo
    in: {model: fit, data: data}
  best:
    uses: select
    in: {candidates: fit}
    over: [seed]
    with: {by: valid_elbo}
  drawn:
    uses: sample/prior
    in: {model: best}
    with: {count: 4}
  summary:
    uses: table/summary
    in: {rows: elbo}
    with: {values: [elbo, kl], replicate: seed}
  by-latent:
    uses: figure/line
    in: {rows: elbo}
    with: {x: latent, y: elbo, replicate: seed}
  samples:
    uses: figure/images
    in: {images: drawn}
    with: {columns: 4}
"#;

const MANIFEST: &str = "experiment: small
pipeline: ../pipelines/digits.yaml
axes:
  latent: [2, 4]
  seed: {seeds: 2}
";

/// Stage → steps that were executed.
pub(crate) type Executed = BTreeMap<String, usize>;

impl TestSpace {
    /// The small project.
    pub(crate) fn new() -> Self {
        let space = TestSpace {
            folder: tempfile::tempdir().expect("a temporary folder"),
        };
        space.write("Cargo.toml", "");
        space.write("pipelines/digits.yaml", PIPELINE);
        space.write("manifests/small.yaml", MANIFEST);
        space
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().expect("files lie in folders")).expect("a folder");
        fs::write(path, text).expect("a written file");
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    /// Replaces text that must be there.
    pub(crate) fn replace(&self, file: &str, from: &str, to: &str) {
        let text = self.read(file);
        assert!(text.contains(from), "{file} has no `{from}`");
        self.write(file, &text.replace(from, to));
    }

    /// The program, ready to be run in the project.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sweepline"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("NO_COLOR", "1")
            .env_remove("SWEEPLINE_STORE");
        command
    }

    pub(crate) fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments)
            .output()
            .expect("the program starts")
    }

    /// Standard output of a call that must end well.
    pub(crate) fn stdout(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}\n{stderr}");
        String::from_utf8(output.stdout).expect("output is text")
    }

    /// Runs the manifest, which must succeed, and counts the executed steps by stage.
    pub(crate) fn run(&self, more: &[&str]) -> Executed {
        let arguments = [&["run", "manifests/small.yaml", "--json"], more].concat();
        executed(&self.stdout(&arguments))
    }

    /// Every artifact of every up-to-date step, as `plan --json` reports their digests.
    pub(crate) fn digests(&self, more: &[&str]) -> String {
        let arguments = [&["plan", "manifests/small.yaml", "--json"], more].concat();
        self.stdout(&arguments)
    }

    /// All files below a folder, in order.
    pub(crate) fn files(&self, folder: &str) -> Vec<PathBuf> {
        fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
            let Ok(entries) = fs::read_dir(folder) else {
                return;
            };
            for entry in entries {
                let path = entry.expect("folders are readable").path();
                match path.is_dir() {
                    true => walk(&path, files),
                    false => files.push(path),
                }
            }
        }
        let mut files = Vec::new();
        walk(&self.path(folder), &mut files);
        files.sort();
        files
    }
}

/// Counts finished steps by stage in a stream of events.
pub(crate) fn executed(events: &str) -> Executed {
    let mut counts = Executed::new();
    for line in events.lines() {
        let event: serde_json::Value = serde_json::from_str(line).expect("events are JSON");
        if event["event"] == "step-finished" {
            let step = event["step"].as_str().expect("steps have names");
            let stage = step.split('[').next().expect("splitting gives a part");
            *counts.entry(stage.to_owned()).or_default() += 1;
        }
    }
    counts
}

/// `&[("fit", 2)]` as counts.
pub(crate) fn counts(stages: &[(&str, usize)]) -> Executed {
    let pairs = stages.iter().map(|(stage, n)| ((*stage).to_owned(), *n));
    pairs.collect()
}

/// Whether something comes to hold within half a minute, which is long on a busy machine.
pub(crate) fn eventually(what: impl Fn() -> bool) -> bool {
    let begun = std::time::Instant::now();
    while !what() {
        if begun.elapsed() > std::time::Duration::from_secs(30) {
            return false;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    true
}
