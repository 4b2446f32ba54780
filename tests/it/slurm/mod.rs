//! Steps as jobs of a real Slurm: `cluster.sh` starts one, and the tests are skipped with a word where it cannot.

mod cluster;
mod ends;
mod life;
mod machines;
mod queue;
mod sweeps;

use std::collections::BTreeSet;
use std::fs;

use cluster::Cluster;

use crate::support::TestSpace;

/// A project with this manifest and these settings of the profile.
fn space(manifest: &str, profile: &str) -> TestSpace {
    let space = TestSpace::new();
    space.write("manifests/o.yaml", manifest);
    space.write("sweepline.toml", &format!("[slurm.test]\n{profile}\n"));
    space
}

/// A sweep of so many steps, each of which notes that it began and takes a while.
fn sweep(steps: usize, seconds: &str) -> String {
    format!(
        r#"experiment: o
axes:
  x: {{range: [0, {}]}}
stages:
  gen:
    uses: command
    with:
      values: {{x: "${{x}}"}}
      run: 'echo "$x" >> "${{root}}/begun"; sleep {seconds}; echo $((x * x)) > "${{out.n}}"'
      out: {{n: n.txt}}
"#,
        steps - 1
    )
    .replace("${root}", "$root")
    .replace("${out.n}", "$out_n")
}

/// The names of all objects of a store: what they are is what they are called.
fn objects(space: &TestSpace, store: &str) -> BTreeSet<String> {
    let files = space.files(&format!("{store}/objects-v1")).into_iter();
    let names = files.map(|path| {
        path.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    });
    names.collect()
}

/// How often each step began, by its line in `begun`.
fn begun(space: &TestSpace) -> Vec<String> {
    let text = fs::read_to_string(space.path("begun")).unwrap_or_default();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// The jobs that still wait or run with this name.
fn jobs(cluster: &Cluster, space: &TestSpace) -> usize {
    let batches = fs::read_dir(space.path("outputs/store/jobs"))
        .into_iter()
        .flatten();
    let names = batches.flatten().filter_map(|entry| {
        let text = fs::read_to_string(entry.path().join("batch.json")).ok()?;
        let batch: serde_json::Value = serde_json::from_str(&text).ok()?;
        Some(batch["name"].as_str()?.to_owned())
    });
    let names: BTreeSet<String> = names.collect();
    let names: Vec<String> = names.into_iter().collect();
    match names.is_empty() {
        true => 0,
        false => {
            let name = format!("--name={}", names.join(","));
            cluster
                .slurm("squeue", &["--noheader", "--array", &name])
                .lines()
                .count()
        }
    }
}
