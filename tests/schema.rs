//! The JSON schemas for editors: everything that ships is well formed by them, and what is wrong
//! in a way that one file shows is refused.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use jsonschema::Validator;
use serde_json::Value as Json;
use sweepline::manifest::Described;
use sweepline::manifest::schema;
use sweepline::stages;

fn validator(described: Described) -> Validator {
    let schema = schema(&stages::catalog(), described);
    jsonschema::draft7::new(&schema).expect("the schema is a schema")
}

fn read(path: &Path) -> Json {
    let text = fs::read_to_string(path).expect("what ships is text");
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn yaml_in(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder ships");
    let paths = entries.map(|entry| entry.expect("folders are readable").path());
    let yaml = paths.filter(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    let mut all: Vec<PathBuf> = yaml.collect();
    all.sort();
    all
}

fn mistakes(validator: &Validator, file: &Json) -> Vec<String> {
    let errors = validator.iter_errors(file);
    errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

#[test]
fn everything_that_ships_is_well_formed() {
    for (described, folders) in [
        (
            Described::Manifest,
            ["manifests", "src/cli/starter/manifests"],
        ),
        (
            Described::Pipeline,
            ["pipelines", "src/cli/starter/pipelines"],
        ),
    ] {
        let validator = validator(described);
        for path in folders.into_iter().flat_map(yaml_in) {
            let mistakes = mistakes(&validator, &read(&path));
            assert!(mistakes.is_empty(), "{}\n{mistakes:#?}", path.display());
        }
    }
}

/// Every file here is good but for one thing.
#[test]
fn what_is_wrong_in_one_file_is_refused() {
    let good = r#"
pipeline: density
params: {dataset: {type: string}}
stages:
  data:
    uses: dataset/synthetic
    with: {name: "${dataset}", points: 100}
  fit:
    uses: train/vae
    in: {data: data}
    with: {epochs: 5}
"#;
    let pipeline = validator(Described::Pipeline);
    let parse = |text: &str| serde_yaml::from_str::<Json>(text).expect("it is YAML");
    assert_eq!(mistakes(&pipeline, &parse(good)), Vec::<String>::new());
    for (from, to) in [
        ("uses: train/vae", "uses: train/vea"),
        ("    uses: train/vae\n", ""),
        ("in: {data: data}", "in: {dta: data}"),
        ("in: {data: data}", "in: {}"),
        ("epochs: 5", "epoch: 5"),
        ("epochs: 5", "epochs: 0"),
        ("epochs: 5", "epochs: many"),
        ("type: string", "type: text"),
        ("points: 100", "points: 1.5"),
        ("    in: {data: data}", "    inn: {data: data}"),
    ] {
        assert!(good.contains(from), "{from}");
        let bad = parse(&good.replace(from, to));
        assert!(!mistakes(&pipeline, &bad).is_empty(), "{from} → {to}");
    }
    let manifest = validator(Described::Manifest);
    let good = "experiment: a\npipeline: p.yaml\naxes: {seed: {seeds: 3}, lr: [0.1, 0.2]}\n";
    assert_eq!(mistakes(&manifest, &parse(good)), Vec::<String>::new());
    for (from, to) in [
        ("experiment: a", "experimnt: a"),
        ("axes:", "axis:"),
        ("seeds: 3", "seeds: many"),
    ] {
        let bad = parse(&good.replace(from, to));
        assert!(!mistakes(&manifest, &bad).is_empty(), "{from} → {to}");
    }
}
