//! Trainings that diverge have no scores, are never best and count in no claim; what a model and data
//! of different shapes would give is refused before anything runs.

use serde_json::Value as Json;

use crate::support::TestSpace;

fn said(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json(space: &TestSpace, file: &str) -> Json {
    serde_json::from_str(&space.read(file)).expect("it is JSON")
}

/// Every kind of stage that reads a model reads one whose training diverged, beside one that did not.
const EVERYTHING: &str = r#"
experiment: div
axes: {rate: [0.001, 1.0e+10]}
stages:
  data: {uses: dataset/mnist, with: {train: 60, valid: 20, test: 30}}
  fit: {uses: train/vae, in: {data: data}, with: {latent: 2, hidden: [4], epochs: 1, batch: 30, lr: "${rate}"}}
  elbo: {uses: evaluate/elbo, in: {model: fit, data: data}}
  units: {uses: evaluate/active-units, in: {model: fit, data: data}}
  alike: {uses: evaluate/ms-ssim, in: {model: fit, data: data}, with: {pairs: 4}}
  clear: {uses: evaluate/inception-score, in: {model: fit, data: data}, with: {samples: 20, splits: 2, classifier_hidden: 4, classifier_epochs: 1}}
  marginal: {uses: evaluate/marginal-kl, in: {model: fit, data: data}, with: {samples: 20}}
  bound: {uses: evaluate/iwae-bound, in: {model: fit, data: data}, with: {observations: 3, rounds: 2, fit_samples: 20, samples: 100}}
  theirs: {uses: command, in: {model: fit.model}, with: {run: [sh, -c, "echo theirs=3"], metrics: stdout}}
  drawn: {uses: sample/prior, in: {model: fit}, with: {count: 2}}
  again: {uses: sample/reconstructions, in: {model: fit, data: data}, with: {count: 2}}
  codes: {uses: table/codes, in: {model: fit, data: data}}
  shown: {uses: figure/images, in: {images: drawn}}
  table: {uses: table/summary, in: {rows: [elbo, alike, units]}, with: {values: [elbo, diversity, active_units]}}
  best: {uses: select, in: {candidates: alike}, over: [rate], with: {by: diversity}}
  time: {uses: evaluate/wall-time, in: {of: fit.model}}
  rise: {uses: evaluate/trend, in: {curve: fit.curve}, with: {columns: [valid_elbo]}, when: rate > 1}
  cost: {uses: command, with: {run: [echo, "cost=${-rate}"], metrics: stdout}}
  cheapest: {uses: select, in: {candidates: fit, scores: cost}, over: [rate], with: {by: cost, order: min}}
  fastest: {uses: select, in: {candidates: fit, scores: time}, over: [rate], with: {by: seconds, order: min}}
claims:
  - {name: apart, source: nobody, says: "mean(diversity, rate=1e10) > mean(diversity, rate=0.001)"}
  - {name: left, source: nobody, says: max(elbo) < 0}
"#;

#[test]
fn a_diverged_training_has_no_scores_and_is_told_everywhere() {
    let space = TestSpace::new();
    space.write("manifests/e.yaml", EVERYTHING);
    let output = space.output(&["run", "manifests/e.yaml"]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(
        text.contains("best: left out 1 candidate that diverged"),
        "{text}"
    );
    assert!(text.contains("undecided  apart"), "{text}");
    assert!(text.contains("(n = 1 (1 diverged))"), "{text}");

    let listed = space.stdout(&["ls", "manifests/e.yaml", "--format", "json"]);
    let rows: Vec<Json> = serde_json::from_str(&listed).expect("a list of rows");
    let diverged: Vec<&Json> = rows.iter().filter(|row| row["diverged"] == true).collect();
    assert_eq!(diverged.len(), 10, "{listed}");
    for row in diverged {
        let row = row.as_object().expect("a row is an object");
        let numbers = row.iter().filter(|(_, value)| value.is_number());
        let names: Vec<&str> = numbers.map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["rate"]);
    }
    // The bound of pictures is one, and no worse than the bound of one sample.
    let number = |stage: &str, name: &str| {
        let row = rows
            .iter()
            .find(|row| row["stage"] == stage && row[name].is_number());
        row.and_then(|row| row[name].as_f64())
            .expect("it was measured")
    };
    assert!(number("bound", "iwae_ll") > number("elbo", "elbo") - 1.0);

    // Whoever scores them: what diverged may well be cheap, and done in no time.
    for select in ["best", "cheapest", "fastest"] {
        let choice = json(&space, &format!("outputs/div/cells/{select}/choice.json"));
        assert_eq!(choice["chosen"]["cell"]["rate"], 0.001, "{select}");
        assert_eq!(choice["runners_up"][0]["diverged"], true, "{select}");
    }
    let status = space.stdout(&["status", "manifests/e.yaml"]);
    assert!(
        status.contains("diverged fit[rate=10000000000]"),
        "{status}"
    );
}

/// Whether the one update of each training leaves finite weights is not seen in any loss.
#[test]
fn the_last_update_is_judged_too() {
    let space = TestSpace::new();
    space.write(
        "manifests/e.yaml",
        r#"
experiment: last
axes: {model: [vae, iwae, mapa]}
stages:
  data: {uses: dataset/synthetic, with: {name: circle, points: 20}}
  fit: {uses: "train/${model}", in: {data: data}, with: {latent: 1, visible: gaussian, hidden: [4], epochs: 1, batch: 20, lr: 1.0e+38, samples: 2, recovery_epochs: 1}}
"#,
    );
    let output = space.output(&["run", "manifests/e.yaml"]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("3 diverged"), "{text}");
    for model in ["vae", "iwae", "mapa"] {
        let metrics = json(
            &space,
            &format!("outputs/last/cells/fit/model={model}/metrics.json"),
        );
        let numbers = metrics.as_object().expect("an object");
        assert!(
            numbers.len() >= 2 && numbers.values().all(Json::is_null),
            "{metrics}"
        );
    }
}

#[test]
fn a_model_and_data_of_different_shapes_are_refused_when_planning() {
    let space = TestSpace::new();
    let manifest = |score: &str| {
        format!(
            "experiment: shapes\naxes: {{seed: [0, 1]}}\nstages:\n\
             \x20 points: {{uses: dataset/synthetic, with: {{name: circle, points: 20, seed: \"${{seed}}\"}}}}\n\
             \x20 digits: {{uses: dataset/mnist, with: {{train: 20, valid: 10, test: 10}}}}\n\
             \x20 fit: {{uses: train/vae, in: {{data: points}}, with: {{latent: 1, visible: gaussian, epochs: 1}}}}\n\
             \x20 best: {{uses: select, in: {{candidates: fit}}, over: [seed], with: {{by: valid_elbo}}}}\n\
             \x20 score: {score}\n"
        )
    };
    for score in [
        "{uses: evaluate/elbo, in: {model: fit, data: digits}}",
        "{uses: evaluate/ms-ssim, in: {model: best, data: digits}}",
        "{uses: sample/reconstructions, in: {model: best.model, data: digits}}",
        "{uses: table/codes, in: {model: {from: fit, at: {seed: 1}}, data: digits}}",
    ] {
        space.write("manifests/e.yaml", &manifest(score));
        let output = space.output(&["check", "manifests/e.yaml"]);
        let text = said(&output);
        assert_eq!(output.status.code(), Some(2), "{score}: {text}");
        assert!(text.contains("784 numbers (1 × 28 × 28)"), "{text}");
        assert!(
            text.contains("the model is of observations of 2 numbers"),
            "{text}"
        );
    }
    space.write(
        "manifests/e.yaml",
        &manifest("{uses: evaluate/elbo, in: {model: best, data: {from: points, at: {seed: 0}}}}"),
    );
    let output = space.output(&["check", "manifests/e.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

#[test]
fn a_model_of_too_many_latent_dimensions_is_refused_when_planning() {
    let space = TestSpace::new();
    let manifest = |latent: &str, score: &str| {
        format!(
            "experiment: latents\naxes: {{latent: {latent}}}\nstages:\n\
             \x20 points: {{uses: dataset/synthetic, with: {{name: circle, points: 20}}}}\n\
             \x20 fit: {{uses: train/iwae, in: {{data: points}}, with: {{latent: \"${{latent}}\", epochs: 1}}}}\n\
             \x20 score: {score}\n"
        )
    };
    let kl = "{uses: evaluate/test-kl, in: {model: fit, data: points}";
    for score in [
        &format!("{kl}}}"),
        "{uses: sample/decoder, in: {model: fit}}",
    ] {
        space.write("manifests/e.yaml", &manifest("[1, 2]", score));
        let output = space.output(&["check", "manifests/e.yaml"]);
        let text = said(&output);
        assert_eq!(output.status.code(), Some(2), "{score}: {text}");
        assert!(text.contains("it has 2 latent dimensions"), "{text}");
        assert!(text.contains("needs `latent: 1`"), "{text}");
    }
    // A model of one, or the score for that alone.
    for (latent, when) in [("[1]", "}"), ("[1, 2]", ", when: latent == 1}")] {
        space.write(
            "manifests/e.yaml",
            &manifest(latent, &format!("{kl}{when}")),
        );
        let output = space.output(&["check", "manifests/e.yaml"]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    }
}

/// What no parameter tells is found when the step runs: data that a program made.
#[test]
fn shapes_that_only_the_data_tell_are_refused_when_running() {
    let space = TestSpace::new();
    space.write(
        "manifests/e.yaml",
        r#"
experiment: late
stages:
  points: {uses: dataset/synthetic, with: {name: circle, points: 20}}
  digits: {uses: dataset/mnist, with: {train: 20, valid: 10, test: 10}}
  fit: {uses: train/vae, in: {data: points}, with: {latent: 1, visible: gaussian, epochs: 1}}
  copied:
    uses: command
    in: {digits: digits}
    with:
      run: [cp, "${in.digits}", "${out.data}"]
      out: {data: {file: data.safetensors, type: dataset}}
  score: {uses: evaluate/test-kl, in: {model: fit, data: copied}}
  pairs: {uses: sample/reconstructions, in: {model: fit, data: copied}}
  codes: {uses: table/codes, in: {model: fit, data: copied}}
"#,
    );
    let output = space.output(&["run", "manifests/e.yaml"]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("failed 3 steps") || text.contains("3 failed"),
        "{text}"
    );
    assert!(
        text.contains("has observations of 784 numbers (1 × 28 × 28)"),
        "{text}"
    );
    assert!(!text.contains("panicked"), "{text}");
}

#[test]
fn decays_and_epochs_that_cannot_be_are_refused_at_their_place() {
    let space = TestSpace::new();
    for (value, wanted) in [
        ("beta1: 1", "a decay has to be below 1"),
        ("beta2: 1.0", "a decay has to be below 1"),
        ("epochs: 9000000000000000000", "1000000000"),
    ] {
        let manifest = format!(
            "experiment: wrong\nstages:\n\
             \x20 data: {{uses: dataset/synthetic, with: {{name: circle}}}}\n\
             \x20 fit: {{uses: train/vae, in: {{data: data}}, with: {{latent: 1, visible: gaussian, {value}}}}}\n"
        );
        space.write("manifests/e.yaml", &manifest);
        let output = space.output(&["check", "manifests/e.yaml"]);
        let text = said(&output);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(wanted), "{text}");
        assert!(text.contains("manifests/e.yaml:4:"), "{text}");
    }
}

#[test]
fn a_text_of_which_nothing_is_left_is_an_error() {
    let space = TestSpace::new();
    space.write("text/train.txt", "\u{feff}one two three\n\nfour five six\n");
    for name in ["val", "test"] {
        space.write(&format!("text/{name}.txt"), "one\n");
    }
    space.write(
        "manifests/e.yaml",
        "experiment: words\nstages:\n  data: {uses: dataset/text, with: {folder: text, max_length: 2}}\n",
    );
    let output = space.output(&["run", "manifests/e.yaml"]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("no sentence is left in `train`"), "{text}");
}
