//! GANs and hybrids from data to claims: the manifest of Rosca et al. 2018 at a size for a debug build, and
//! what asks a classifier about their samples.

use std::fs;
use std::process::Command;

use serde_json::Value as Json;
use sweepline::data::Array;

use super::support::TestSpace;

/// All nine systems and the study of many latents, their scores, tables, figures and claims; a few updates of each network.
#[test]
fn the_manifest_of_hybrids_runs_at_a_reduced_size() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let outputs = folder.path().join("outputs");
    let mut command = Command::new(env!("CARGO_BIN_EXE_sweepline"));
    command.args([
        "run",
        "manifests/rosca-hybrids.yaml",
        "--profile",
        "quick",
        "--seeds",
        "1",
        "--axis",
        "scaled_latent=20,30",
        "--outputs",
    ]);
    command.arg(&outputs);
    for param in [
        "classifier=mlp",
        "images=70",
        "valid=20",
        "test=20",
        "epochs=5",
        "scaled_epochs=1",
        "scaled_code_hidden=8",
        "batch=70",
        "hidden=8",
        "code_hidden=8",
        "joint_hidden=8",
        "samples=20",
        "pairs=10",
        "critic=2",
        "lessons=1",
    ] {
        command.args(["--param", param]);
    }
    let output = command
        .env("NO_COLOR", "1")
        .env_remove("SWEEPLINE_STORE")
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains(" 0 failed") || !said.contains("failed "),
        "{said}"
    );
    let experiment = fs::read_dir(&outputs)
        .expect("there are outputs")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.join("tables").exists())
        .expect("the experiment has tables");
    let summary = fs::read_to_string(experiment.join("tables/summary.csv"));
    // Nine systems, of one setting each, under a line of names.
    assert_eq!(summary.expect("the scores").lines().count(), 1 + 9);
    let table = |name: &str| {
        let path = experiment.join(format!("tables/{name}.csv"));
        fs::read_to_string(&path).unwrap_or_else(|_| panic!("{}", path.display()))
    };
    // The networks of the nine: 2 + 2 + 2 + 3 + 3 + 4 + 4 + 3 + 3, each with its own loss.
    let systems = table("fig-07-systems");
    assert_eq!(systems.lines().count(), 1 + 26, "{systems}");
    let of_wgan = systems
        .lines()
        .find(|line| line.contains("WGAN-GP,discriminator"));
    assert!(
        of_wgan.is_some_and(|line| line.contains("(‖∇f(x̂)‖ − 1)²")),
        "{systems}"
    );
    let settings = table("table-3-learning-rates");
    let of_vgh = settings.lines().find(|line| line.contains(",VGH,"));
    assert!(
        of_vgh.is_some_and(|line| line.contains(",0.0005,0.0005,10,10,1.0,")),
        "{settings}"
    );
    // The best of each system by each of three scores.
    assert_eq!(table("best-of-each").lines().count(), 1 + 3 * 9);
    for figure in [
        "fig-05-estimated-bounds",
        "fig-06-posterior-means",
        "fig-06-used-latents",
        "fig-08-settings",
        "fig-16-samples-of-many-latents",
        "fig-23-vae-and-veegan",
        "fig-24-samples-of-each",
        "fig-25-reconstructions",
    ] {
        let path = experiment.join(format!("figures/{figure}.svg"));
        assert!(path.exists(), "{}", path.display());
    }
    assert!(experiment.join("claims.json").exists(), "{said}");
}

fn numbers(space: &TestSpace, stage: &str) -> Json {
    let path = format!("outputs/e/cells/{stage}/metrics.json");
    serde_json::from_str(&space.read(&path)).expect("it is JSON")
}

#[test]
fn a_classifier_of_digits_counts_the_modes_of_stacked_ones() {
    let space = TestSpace::new();
    space.write(
        "manifests/e.yaml",
        "experiment: e
stages:
  digits: {uses: dataset/mnist, with: {train: 1000, valid: 100, test: 200}}
  stacked: {uses: dataset/color-mnist, with: {variant: stacked, train: 300, valid: 50, test: 50}}
  classes: {uses: train/classifier, in: {data: digits}, with: {network: mlp, hidden: 64, epochs: 15}}
  fit:
    uses: train/dcgan
    in: {data: stacked}
    with: {latent: 2, hidden: [8], iterations: 2}
  modes: {uses: evaluate/mode-coverage, in: {model: fit, data: stacked, classifier: classes}, with: {samples: 500}}
",
    );
    space.stdout(&["run", "manifests/e.yaml"]);
    let classes = numbers(&space, "classes");
    let wrong = classes["test_error"].as_f64().expect("a number");
    // Chance is 0.9; a thousand digits teach two hidden layers to be wrong about one in eight.
    assert!(wrong < 0.3, "{classes}");
    let modes = numbers(&space, "modes");
    let of = |name: &str| modes[name].as_f64().expect("a number");
    // An untrained generator shows hardly anything; 300 triples, most of them different.
    assert!(of("modes") < 100.0 && of("modes_data") > 120.0, "{modes}");
    assert!(of("mode_kl") > of("mode_kl_data"), "{modes}");
    assert!(of("mode_kl") <= 1000.0f64.ln() + 1e-9, "{modes}");
}

#[test]
fn a_classifier_of_other_observations_is_refused_when_planning() {
    let space = TestSpace::new();
    let manifest = |score: &str| {
        format!(
            "experiment: e
stages:
  digits: {{uses: dataset/mnist, with: {{train: 20, valid: 10, test: 10}}}}
  plane: {{uses: dataset/synthetic, with: {{name: circle, points: 30}}}}
  classes: {{uses: train/classifier, in: {{data: digits}}}}
  fit: {{uses: train/dcgan, in: {{data: plane}}, with: {{latent: 1, output: identity}}}}
  score: {{uses: evaluate/{score}, in: {{model: fit, data: plane, classifier: classes}}}}
"
        )
    };
    // Points of a plane have no labels either, which is seen first.
    for (score, what) in [("inception-score", "data"), ("mode-coverage", "classifier")] {
        space.write("manifests/e.yaml", &manifest(score));
        let output = space.output(&["check", "manifests/e.yaml"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{said}");
        let refused = format!("cannot work with this `{what}`");
        assert!(said.contains(&refused), "{said}");
        assert!(said.contains("manifests/e.yaml:7:"), "{said}");
    }
}

#[test]
fn probabilities_of_another_program_have_an_inception_score() {
    let space = TestSpace::new();
    // Twenty certain answers, evenly over four classes, sorted as programs leave them: exp KL = 4.
    let row = |i: usize| (0..4).map(move |c| if i / 5 == c { "1" } else { "0" });
    let rows: Vec<String> = (0..20)
        .map(|i| row(i).collect::<Vec<_>>().join(","))
        .collect();
    space.write("p.csv", &format!("a,b,c,d\n{}\n", rows.join("\n")));
    let values: Vec<f32> = (0..20)
        .flat_map(|i| (0..4).map(move |c| f32::from(i / 5 == c)))
        .collect();
    let arrays = [("p".to_owned(), Array::new(&[20, 4], values))].into();
    let bytes = sweepline::data::arrays_to_bytes(&arrays);
    fs::write(space.path("p.safetensors"), bytes).expect("the space is writable");
    let manifest = |file: &str| {
        format!(
            "experiment: e
stages:
  score: {{uses: estimate/inception-score, in: {{probabilities: {{file: {file}}}}}, with: {{splits: 1}}}}
"
        )
    };
    for file in ["p.csv", "p.safetensors"] {
        space.write("manifests/e.yaml", &manifest(file));
        space.stdout(&["run", "manifests/e.yaml"]);
        let found = numbers(&space, "score");
        let score = found["inception_score"].as_f64().expect("a number");
        assert!((score - 4.0).abs() < 1e-6, "{file}: {found}");
    }
    space.write("logits.csv", "a,b\n0.5,0.5\n2.0,-1.0\n");
    space.write("manifests/e.yaml", &manifest("logits.csv"));
    let output = space.output(&["run", "manifests/e.yaml"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{said}");
    assert!(
        said.contains("row 1 is no distribution over the classes"),
        "{said}"
    );
}
