//! Stages that ask for more memory than there is: refused before anything runs where their parameters say so,
//! and else the failure of that step alone.

use std::process::Command;

use crate::support::TestSpace;

/// Four billion bytes of address space for the run.
const LIMIT: &str = "ulimit -v 4000000; exec \"$0\" run manifests/sizes.yaml --progress lines";

fn run(points: &str) -> (Option<i32>, String) {
    let space = TestSpace::new();
    space.write(
        "manifests/sizes.yaml",
        &format!(
            "experiment: sizes
stages:
  small: {{uses: command, with: {{run: 'echo m=1', metrics: stdout}}}}
  large: {{uses: dataset/synthetic, with: {{name: circle, points: {points}}}}}
"
        ),
    );
    let output = Command::new("sh")
        .args(["-c", LIMIT, env!("CARGO_BIN_EXE_sweepline")])
        .current_dir(space.path(""))
        .output()
        .expect("there is a shell");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), text)
}

#[test]
fn what_asks_for_more_memory_than_there_is_is_refused_with_both_numbers() {
    let (code, text) = run("600000000");
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("manifests/sizes.yaml:4"), "{text}");
    assert!(text.contains("4.8 GB") && text.contains("4.1 GB"), "{text}");
}

#[test]
fn an_allocation_that_fails_is_the_failure_of_its_step_alone() {
    // 4.0 GB at least, in truth much more.
    let (code, text) = run("500000000");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("large"), "{text}");
    assert!(
        text.contains("1 failed") && text.contains("1 done"),
        "{text}"
    );
}

/// A slip in any size of any kind: the stage with it, after stages that it may read.
const SLIPS: &[(&str, &str)] = &[
    (
        "hidden",
        "train/vae, in: {data: plane}, with: {latent: 2, hidden: [8, 1000000, 1000000]}",
    ),
    (
        "hidden",
        "train/iwae, in: {data: plane}, with: {latent: 2, hidden: [100000000000]}",
    ),
    (
        "latent",
        "train/vae, in: {data: plane}, with: {latent: 100000000000}",
    ),
    (
        "maps",
        "train/vae, in: {data: digits}, with: {latent: 2, network: dcgan, maps: 1000000}",
    ),
    (
        "coupling_hidden",
        "train/vae, in: {data: digits}, with: {latent: 2, posterior: rnvp, coupling_hidden: [1000000, 1000000]}",
    ),
    (
        "code_hidden",
        "train/aae, in: {data: digits}, with: {latent: 2, code_hidden: [1000000, 1000000]}",
    ),
    (
        "features",
        "train/adversarial-vb, in: {data: digits}, with: {latent: 2, features: 1000000}",
    ),
    (
        "joint_hidden",
        "train/adversarial-vb, in: {data: digits}, with: {latent: 2, joint_hidden: [1000000, 1000000]}",
    ),
    (
        "joint_features",
        "train/veegan, in: {data: digits}, with: {latent: 2, joint_features: 1000000}",
    ),
    (
        "maps",
        "train/wgan-gp, in: {data: digits}, with: {latent: 2, network: dcgan, maps: 1000000}",
    ),
    (
        "channels",
        "train/pixelcnn-vae, in: {data: digits}, with: {channels: 1000000}",
    ),
    (
        "maps",
        "train/classifier, in: {data: digits}, with: {maps: 1000000}",
    ),
    (
        "embedding",
        "train/lstm-vae, in: {data: words}, with: {embedding: 1000000000}",
    ),
    (
        "hidden",
        "train/lstm-vae, in: {data: words}, with: {hidden: 1000000}",
    ),
    (
        "vocabulary",
        "dataset/oracle-lstm, with: {vocabulary: 10000000000}",
    ),
    ("train", "dataset/oracle-lstm, with: {train: 100000000000}"),
    (
        "points",
        "dataset/gaussian-pair, with: {points: 100000000000}",
    ),
    (
        "units",
        "estimate/gaussian-ratio, in: {data: pair}, with: {units: 1000000}",
    ),
    (
        "layers",
        "estimate/gaussian-ratio, in: {data: pair}, with: {layers: 100000000000}",
    ),
    (
        "batch",
        "estimate/gaussian-ratio, in: {data: pair}, with: {batch: 100000000000}",
    ),
    (
        "count",
        "sample/prior, in: {model: fit.model}, with: {count: 100000000000}",
    ),
    (
        "samples",
        "evaluate/marginal-kl, in: {model: fit.model, data: plane}, with: {samples: 100000000000}",
    ),
    (
        "nodes",
        "evaluate/test-kl, in: {model: fit.model, data: plane}, with: {nodes: 100000000000}",
    ),
    (
        "units",
        "evaluate/density-ratio-kl, in: {model: fit.model, data: plane}, with: {units: 1000000}",
    ),
    (
        "classifier_hidden",
        "evaluate/inception-score, in: {model: fit.model, data: digits}, with: {classifier_hidden: 1000000}",
    ),
];

#[test]
fn every_size_of_every_kind_is_refused() {
    for (param, slip) in SLIPS {
        let text = slipped(slip);
        let line = "manifests/sizes.yaml:8:";
        let named = format!("{param}: ");
        assert!(
            text.contains("takes more memory than there is"),
            "{slip}: {text}"
        );
        assert!(
            text.contains(line) && text.contains(&named),
            "{slip}: {text}"
        );
    }
    // As wide as the observations are, and not only as the parameters say.
    let text = slipped("train/vae, in: {data: digits}, with: {latent: 2, hidden: [50000000]}");
    assert!(text.contains("over 784 numbers"), "{text}");
    // What the rows bound is no slip: all of them are meant.
    let all = "table/codes, in: {model: fit.model, data: plane}, with: {count: 100000000000}";
    assert!(slipped(all).contains("well formed"), "{}", slipped(all));
}

/// What `check` says of a stage.
fn slipped(stage: &str) -> String {
    let space = TestSpace::new();
    space.write(
        "manifests/sizes.yaml",
        &format!(
            "experiment: sizes
stages:
  plane: {{uses: dataset/synthetic, with: {{name: circle}}}}
  digits: {{uses: dataset/mnist}}
  words: {{uses: dataset/oracle-lstm}}
  pair: {{uses: dataset/gaussian-pair}}
  fit: {{uses: train/vae, in: {{data: plane}}, with: {{latent: 1, visible: gaussian}}}}
  slip: {{uses: {stage}}}
"
        ),
    );
    let output = space.output(&["check", "manifests/sizes.yaml"]);
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}
