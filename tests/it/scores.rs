//! Scores that mean nothing are refused, when planning where it can be seen there, and numbers that
//! contradict each other are told.

use sweepline::data::Array;
use sweepline::data::Dataset;
use sweepline::data::Split;

use super::support::TestSpace;

fn space(stages: &str) -> TestSpace {
    let space = TestSpace::new();
    let head = "experiment: scores\nstages:\n";
    space.write("manifests/scores.yaml", &format!("{head}{stages}"));
    space
}

/// What is said of a manifest that must be refused before anything runs.
fn refused(stages: &str) -> String {
    let space = space(stages);
    let mut said = Vec::new();
    for verb in ["check", "plan", "run"] {
        let output = space.output(&[verb, "manifests/scores.yaml"]);
        assert!(!output.status.success(), "{verb} takes it");
        said.push(String::from_utf8(output.stderr).expect("messages are text"));
    }
    assert!(!space.path("outputs/scores").exists(), "something ran");
    said.swap_remove(0)
}

const PLANE: &str = "  data: {uses: dataset/synthetic, with: {name: circle, points: 30}}\n";

#[test]
fn a_bernoulli_over_any_number_is_refused_when_planning() {
    for model in ["vae", "iwae", "mapa", "mapa-gt", "mapa-naive"] {
        let latent = match model.starts_with("mapa") {
            true => "",
            false => "latent: 1, ",
        };
        let fit = format!(
            "  fit: {{uses: train/{model}, in: {{data: data}}, with: {{{latent}visible: bernoulli}}}}\n"
        );
        let said = refused(&format!("{PLANE}{fit}"));
        let first = format!("error: `train/{model}` cannot work with this `data`\n");
        assert!(said.starts_with(&first), "{said}");
        assert!(said.contains("manifests/scores.yaml:4:"), "{said}");
        assert!(said.contains("`visible: gaussian`"), "{said}");
        assert_eq!(said.matches("error").count(), 1, "{said}");
    }
}

#[test]
fn models_of_arrays_and_of_sequences_are_told_apart_when_planning() {
    let digits = "{uses: dataset/mnist, with: {train: 20, valid: 10, test: 10}}";
    let oracle = "{uses: dataset/oracle-lstm}";
    let colours = "{uses: dataset/color-mnist, with: {train: 20, valid: 10, test: 10}}";
    for (data, model, what) in [
        (digits, "lstm-vae", "these are arrays of numbers"),
        (oracle, "vae, with: {latent: 1}", "these are sequences"),
        (oracle, "pixelcnn-vae", "these are sequences"),
        (oracle, "mapa", "these are sequences"),
        (colours, "pixelcnn-vae", "images with one channel"),
    ] {
        let (model, with) = model.split_once(',').unwrap_or((model, " with: {}"));
        let said = refused(&format!(
            "  data: {data}\n  fit: {{uses: train/{model}, in: {{data: data}},{with}}}\n"
        ));
        let first = format!("error: `train/{model}` cannot work with this `data`\n");
        assert!(said.starts_with(&first) && said.contains(what), "{said}");
    }
    let said = refused(&format!(
        "  data: {digits}
  fit: {{uses: train/pixelcnn-vae, in: {{data: data}}, with: {{inference: none}}}}
  gap: {{uses: evaluate/grid-gap, in: {{model: fit, data: data}}}}
"
    ));
    assert!(said.contains("cannot work with this `model`"), "{said}");
}

#[test]
fn a_model_of_bits_is_not_scored_on_any_number() {
    let said = refused(&format!(
        "{PLANE}  digits: {{uses: dataset/mnist, with: {{train: 20, valid: 10, test: 10}}}}
  fit: {{uses: train/vae, in: {{data: digits}}, with: {{latent: 1}}}}
  score: {{uses: evaluate/elbo, in: {{model: fit, data: data}}}}
"
    ));
    assert!(said.contains("cannot work with this `data`"), "{said}");
}

/// The same file, read twice: numbers of another scale.
#[test]
fn a_model_is_not_scored_on_data_that_are_scaled_otherwise() {
    let stages = |scale: &str| {
        format!(
            "  data: {{uses: dataset/csv, in: {{file: {{file: t.csv}}}}, with: {{scale: standard}}}}
  other: {{uses: dataset/csv, in: {{file: {{file: t.csv}}}}, with: {{scale: {scale}}}}}
  fit: {{uses: train/vae, in: {{data: data}}, with: {{latent: 1, hidden: [3], epochs: 1, visible: gaussian, sigma: 1}}}}
  score: {{uses: evaluate/elbo, in: {{model: fit, data: other}}}}
"
        )
    };
    let rows: String = (0..30).map(|n| format!("{n},{}\n", n * n)).collect();
    let with_table = |stages: &str| {
        let space = space(stages);
        space.write("t.csv", &rows);
        space
    };
    let told_by = |verb: &str, stages: &str| {
        let output = with_table(stages).output(&[verb, "manifests/scores.yaml"]);
        assert!(!output.status.success(), "{verb} takes it");
        String::from_utf8(output.stderr).expect("messages are text")
    };
    for scale in ["minmax", "none"] {
        let told = told_by("check", &stages(scale));
        assert!(told.contains("cannot work with this `data`"), "{told}");
        assert!(
            told.contains(&format!("scaled by `scale: {scale}`")),
            "{told}"
        );
        assert!(told.contains("scaled by `scale: standard`"), "{told}");
    }
    // Of other rows for training: other numbers to scale by, which only the step sees.
    let other = stages("standard").replacen("{scale: standard}", "{scale: standard, valid: 8}", 1);
    let told = told_by("run", &other);
    assert!(
        told.contains("columns of `csv` are scaled by other numbers"),
        "{told}"
    );
    with_table(&stages("standard")).stdout(&["run", "manifests/scores.yaml"]);
}

#[test]
fn what_a_data_set_never_has_is_told_when_planning() {
    let digits = "dataset/mnist, with: {train: 20, valid: 10, test: 10}";
    let letters = "dataset/omniglot, with: {train: 20, valid: 10, test: 10}";
    let plane = "dataset/synthetic, with: {name: circle, points: 30}";
    let table = "dataset/csv, in: {file: {file: manifests/scores.yaml}}";
    let vae = "train/vae, in: {data: data}, with: {latent: 1, visible: gaussian}";
    let both = "in: {model: fit, data: data}";
    for (data, kind, reads, slot, what) in [
        (digits, "evaluate/test-kl", both, "data", "`log_density`"),
        (table, "evaluate/test-kl", both, "data", "`log_density`"),
        (
            letters,
            "evaluate/inception-score",
            both,
            "data",
            "no labels",
        ),
        (plane, "evaluate/inception-score", both, "data", "no labels"),
        (
            letters,
            "train/classifier",
            "in: {data: data}",
            "data",
            "no labels",
        ),
        (plane, "evaluate/ms-ssim", both, "data", "no pictures"),
        (table, "sample/low-posterior", both, "data", "no pictures"),
        (plane, "sample/reconstructions", both, "data", "no pictures"),
        (
            plane,
            "sample/prior",
            "in: {model: fit}",
            "model",
            "no pictures",
        ),
        (
            table,
            "sample/data",
            "in: {data: data}",
            "data",
            "no pictures",
        ),
    ] {
        let said = refused(&format!(
            "  data: {{uses: {data}}}\n  fit: {{uses: {vae}}}\n  it: {{uses: {kind}, {reads}}}\n"
        ));
        let first = format!("error: `{kind}` cannot work with this `{slot}`\n");
        assert!(said.starts_with(&first) && said.contains(what), "{said}");
        assert!(said.contains("that comes with `dataset/"), "{said}");
    }
}

#[test]
fn a_language_model_has_sentences_from_its_prior_alone() {
    let stages = |with: &str| {
        format!(
            "  data: {{uses: dataset/text, with: {{train: 40, valid: 10, test: 10}}}}
  fit: {{uses: train/lstm-vae, in: {{data: data}}, with: {{hidden: 6, embedding: 4, epochs: 1, inference: none}}}}
  drawn: {{uses: sample/sentences, in: {{model: fit, data: data}}, with: {{{with}}}}}
"
        )
    };
    let said = refused(&stages("count: 1"));
    assert!(said.contains("no q(z|x) to draw from"), "{said}");
    assert!(said.contains("`from: prior` needs none"), "{said}");
    let space = space(&stages("from: prior"));
    space.stdout(&["check", "manifests/scores.yaml"]);
}

#[test]
fn scores_of_a_density_are_refused_for_an_encoder_that_is_a_function() {
    for score in ["elbo", "marginal-kl"] {
        let stages = format!(
            "{PLANE}  fit:
    uses: train/mapa
    in: {{data: data}}
    with: {{seed: \"${{seed}}\"}}
  best: {{uses: select, in: {{candidates: fit}}, over: [seed], with: {{by: valid_ll}}}}
  score: {{uses: evaluate/{score}, in: {{model: best, data: data}}}}
"
        );
        let stages = format!("{stages}axes: {{seed: {{seeds: 2}}}}\n");
        let said = refused(&stages);
        let first = format!("error: `evaluate/{score}` cannot work with this `model`\n");
        assert!(said.starts_with(&first), "{said}");
        assert!(said.contains("q(z|x) has no density"), "{said}");
        assert!(said.contains("`evaluate/test-kl`"), "{said}");
    }
}

#[test]
fn other_scores_take_an_encoder_that_is_a_function() {
    let mut stages = format!("{PLANE}  fit: {{uses: train/mapa, in: {{data: data}}}}\n");
    for score in ["test-kl", "iwae-bound", "active-units"] {
        stages +=
            &format!("  {score}: {{uses: evaluate/{score}, in: {{model: fit, data: data}}}}\n");
    }
    space(&stages).stdout(&["check", "manifests/scores.yaml"]);
}

/// A data set that a command leaves, of which nothing is known when planning.
fn with_data(data: &Dataset, stages: &str) -> (bool, String) {
    let space = space(&format!(
        "  data:
    uses: command
    in: {{made: {{file: made.safetensors}}}}
    with: {{run: [cp, '${{in.made}}', '${{out.data}}'], out: {{data: {{file: data.safetensors, type: dataset}}}}}}
{stages}"
    ));
    std::fs::write(space.path("made.safetensors"), data.to_bytes()).expect("a written file");
    let output = space.output(&["run", "manifests/scores.yaml", "--progress", "lines"]);
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

/// 40 observations of two numbers a split, of which one may be another; `log_density` in the test split.
fn data(odd: f32, log_density: f64) -> Dataset {
    let split = || {
        let x = (0..80).map(|i| [0.25, 0.5, 1.0, 0.0][(i * 7 % 11) % 4]);
        Split::new().with("x", Array::new(&[40, 2], x.collect::<Vec<f32>>()))
    };
    let mut train = (0..80)
        .map(|i| [0.25, 0.5, 1.0, 0.0][i % 4])
        .collect::<Vec<f32>>();
    train[10] = odd;
    let train = Split::new().with("x", Array::new(&[40, 2], train));
    let test = split().with("log_density", Array::column(vec![log_density; 40]));
    let meta = serde_json::json!({"name": "made", "shape": [2]});
    Dataset::new(train, split(), test, meta)
}

const FIT: &str = "  fit: {uses: train/vae, in: {data: data}, with: {latent: 1, hidden: [4], epochs: 2, batch: 20}}\n";

#[test]
fn a_bernoulli_over_other_numbers_fails_with_the_number_where_they_are_not_known_before() {
    for odd in [1.5, -0.25] {
        let (good, said) = with_data(&data(odd, 0.0), FIT);
        assert!(!good, "{said}");
        let expected = format!("`train` of `made` has {odd} in observation 5");
        assert!(said.contains(&expected), "{said}");
        assert!(said.contains("numbers from 0 to 1"), "{said}");
    }
    let (good, said) = with_data(&data(1.0, 0.0), FIT);
    assert!(good, "{said}");
}

#[test]
fn a_divergence_below_zero_is_told_by_the_run_and_in_the_log() {
    let score = "  score: {uses: evaluate/test-kl, in: {model: fit, data: data}}\n";
    // A density of grey values cannot be known to be e^-50: the model's is far above it.
    let (good, said) = with_data(&data(0.5, -50.0), &format!("{FIT}{score}"));
    assert!(good, "{said}");
    assert!(said.contains("warning: score: `test_kl` = -"), "{said}");
    assert!(said.contains("lies below 0"), "{said}");
    let (good, said) = with_data(&data(0.5, 50.0), &format!("{FIT}{score}"));
    assert!(good && !said.contains("warning"), "{said}");
}

/// The time of a step stands beside its scores, in one row per cell.
#[test]
fn the_time_of_a_step_is_a_number_of_its_cell() {
    let space = space(
        "  slow: {uses: command, with: {run: 'sleep 0.3; echo 1 > ${out.number}', out: {number: number.txt}}}
  time: {uses: evaluate/wall-time, in: {of: slow}}
  table: {uses: table/summary, in: {rows: time}, with: {values: [seconds]}}
",
    );
    space.stdout(&["run", "manifests/scores.yaml"]);
    let table = space.read("outputs/scores/tables/table.csv");
    let seconds = |table: &str| -> f64 {
        let last = table.lines().last().expect("a row");
        let number = last.split(',').next().expect("a column");
        number.parse().unwrap_or_else(|_| panic!("{table}"))
    };
    // A machine under load takes longer, never shorter.
    assert!((0.3..60.0).contains(&seconds(&table)), "{table}");
    // The step isn't repeated, so its time stays.
    space.stdout(&["run", "manifests/scores.yaml"]);
    assert_eq!(space.read("outputs/scores/tables/table.csv"), table);

    let plain = "  time: {uses: evaluate/wall-time, in: {of: {file: Cargo.toml}}}\n";
    space.write(
        "manifests/scores.yaml",
        &format!("experiment: plain\nstages:\n{plain}"),
    );
    let output = space.output(&["run", "manifests/scores.yaml"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("a plain file was made by no step"), "{said}");
}

/// They have no matrix of observations: codes and q(z) come from the model's own reading.
#[test]
fn sequences_have_codes_and_a_marginal_posterior() {
    let space = space(
        "  data: {uses: dataset/oracle-lstm, with: {train: 40, valid: 20, test: 20, vocabulary: 9, hidden: 6, length: 4}}
  fit:
    uses: train/lstm-vae
    in: {data: data}
    with: {latent: 2, hidden: 6, embedding: 5, inference: sa-vae, steps: 2, epochs: 1, batch: 10}
  kl: {uses: evaluate/marginal-kl, in: {model: fit, data: data}, with: {samples: 50}}
  codes: {uses: table/codes, in: {model: fit, data: data}, with: {count: 7}}
",
    );
    let output = space.output(&["run", "manifests/scores.yaml"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let codes = space.read("outputs/scores/tables/codes.csv");
    assert_eq!(codes.lines().next(), Some("observation,z_1,z_2"));
    assert_eq!(codes.lines().count(), 8, "{codes}");
}

/// By every verb, once for each parameter of a stage; a value that one cell reads may be given to all.
#[test]
fn parameters_that_nothing_reads_are_told() {
    let fit = |with: &str| {
        let with = format!("latent: 2, hidden: [4], visible: gaussian, epochs: 1, {with}");
        format!("{PLANE}  fit: {{uses: train/vae, in: {{data: data}}, with: {{{with}}}}}\n")
    };
    let said = |axes: &str, stages: &str| {
        let space = space(stages);
        let manifest = format!("experiment: scores\n{axes}stages:\n{stages}");
        space.write("manifests/scores.yaml", &manifest);
        let mut said = Vec::new();
        for verb in ["check", "plan", "run"] {
            let output = space.output(&[verb, "manifests/scores.yaml"]);
            let text = String::from_utf8(output.stderr).expect("messages are text");
            assert!(output.status.success(), "{verb}: {text}");
            said.push(text);
        }
        for text in &said {
            assert_eq!(
                text.matches("has no effect").count(),
                said[0].matches("has no effect").count(),
                "{text}"
            );
        }
        said.swap_remove(0)
    };
    let couplings = "axes: {couplings: [2, 4]}\n";
    let idle = said(
        couplings,
        &fit("couplings: \"${couplings}\", sigma_of: channel, slope: 0.5, maps: 7"),
    );
    for what in [
        "`couplings` of `fit` has no effect: it counts with `posterior: rnvp` only",
        "`sigma_of` of `fit` has no effect: it counts with `visible: quantized-normal` only",
        "`slope` of `fit` has no effect: it counts with `activation: leaky-relu` only",
        "`maps` of `fit` has no effect: it counts with `network: color-mnist` or `dcgan` only",
        "cells that differ in the axis `couplings` alone have one result",
    ] {
        assert!(idle.contains(what), "{what}: {idle}");
    }
    assert_eq!(idle.matches("has no effect").count(), 4, "{idle}");
    let shared = said(
        "axes: {posterior: [gaussian, rnvp]}\n",
        &fit("posterior: \"${posterior}\", couplings: 2"),
    );
    assert!(!shared.contains("has no effect"), "{shared}");
}

#[test]
fn fewer_samples_than_parts_are_refused_when_planning() {
    let said = refused(
        "  data: {uses: dataset/mnist, with: {train: 20, valid: 10, test: 10}}
  fit: {uses: train/vae, in: {data: data}, with: {latent: 1}}
  score: {uses: evaluate/inception-score, in: {model: fit, data: data}, with: {samples: 9, splits: 10}}
",
    );
    assert!(
        said.contains("9 draws cannot be cut into 10 parts"),
        "{said}"
    );
}
