//! The JSON schemas for editors: everything that ships is well formed by them, and what is wrong
//! in a way that one file shows is refused.
//!
//! `Checker` reads just the keywords that the schemas use and stops at any other: a whole JSON
//! schema library would bring several dozen crates into every test build.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use serde_json::Value as Json;
use sweepline::manifest::Described;
use sweepline::manifest::schema;
use sweepline::stages;

/// JSON schema, draft 7, as far as the schemas go.
struct Checker {
    root: Json,
}

impl Checker {
    fn new(described: Described) -> Self {
        Checker {
            root: schema(&stages::catalog(), described),
        }
    }

    fn mistakes(&self, file: &Json) -> Vec<String> {
        let mut found = Vec::new();
        self.check(&self.root, file, "", &mut found);
        found
    }

    fn holds(&self, schema: &Json, value: &Json) -> bool {
        let mut found = Vec::new();
        self.check(schema, value, "", &mut found);
        found.is_empty()
    }

    fn check(&self, schema: &Json, value: &Json, at: &str, found: &mut Vec<String>) {
        let rules = match schema {
            Json::Bool(true) => return,
            Json::Bool(false) => return found.push(format!("{at}: nothing may stand here")),
            rules => rules
                .as_object()
                .expect("a schema is a map or a truth value"),
        };
        if let Some(name) = schema["$ref"].as_str() {
            let target = self
                .root
                .pointer(&name[1..])
                .expect("references lead somewhere");
            return self.check(target, value, at, found);
        }
        for (keyword, rule) in rules {
            let well = match keyword.as_str() {
                "$schema" | "title" | "description" | "default" | "definitions" | "then" => true,
                "type" => {
                    each(rule).any(|ty| has_type(value, ty.as_str().expect("types are names")))
                }
                "enum" => each(rule).any(|choice| choice == value),
                "const" => rule == value,
                "minimum" => value
                    .as_f64()
                    .is_none_or(|number| number >= number_of(rule)),
                "maximum" => value
                    .as_f64()
                    .is_none_or(|number| number <= number_of(rule)),
                "exclusiveMinimum" => value.as_f64().is_none_or(|number| number > number_of(rule)),
                "exclusiveMaximum" => value.as_f64().is_none_or(|number| number < number_of(rule)),
                "minProperties" => value
                    .as_object()
                    .is_none_or(|map| map.len() as f64 >= number_of(rule)),
                "minItems" => value
                    .as_array()
                    .is_none_or(|items| items.len() as f64 >= number_of(rule)),
                "maxItems" => value
                    .as_array()
                    .is_none_or(|items| items.len() as f64 <= number_of(rule)),
                "pattern" => {
                    let pattern = rule.as_str().expect("patterns are text");
                    value.as_str().is_none_or(|text| matches(pattern, text))
                }
                "required" => each(rule).all(|name| {
                    let name = name.as_str().expect("keys are text");
                    value.as_object().is_none_or(|map| map.contains_key(name))
                }),
                "maxProperties" => value
                    .as_object()
                    .is_none_or(|map| map.len() as f64 <= number_of(rule)),
                "propertyNames" => value.as_object().is_none_or(|map| {
                    let mut names = map.keys();
                    names.all(|name| self.holds(rule, &Json::from(name.as_str())))
                }),
                "not" => !self.holds(rule, value),
                "anyOf" => each(rule).any(|other| self.holds(other, value)),
                "allOf" => {
                    each(rule).for_each(|other| self.check(other, value, at, found));
                    true
                }
                "if" => {
                    if self.holds(rule, value) {
                        self.check(&rules["then"], value, at, found);
                    }
                    true
                }
                "items" => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(rule, item, &format!("{at}/{index}"), found);
                    }
                    true
                }
                "properties" => {
                    for (name, inside) in value.as_object().into_iter().flatten() {
                        if let Some(known) = rule.get(name) {
                            self.check(known, inside, &format!("{at}/{name}"), found);
                        }
                    }
                    true
                }
                "additionalProperties" => {
                    for (name, inside) in value.as_object().into_iter().flatten() {
                        if schema["properties"].get(name).is_none() {
                            self.check(rule, inside, &format!("{at}/{name}"), found);
                        }
                    }
                    true
                }
                other => panic!("teach this checker the keyword `{other}`"),
            };
            if !well {
                found.push(format!("{at}: {keyword} {rule}"));
            }
        }
    }
}

fn each(rule: &Json) -> impl Iterator<Item = &Json> {
    match rule.as_array() {
        Some(rules) => rules.iter(),
        None => std::slice::from_ref(rule).iter(),
    }
}

fn number_of(rule: &Json) -> f64 {
    rule.as_f64().expect("a bound is a number")
}

fn has_type(value: &Json, ty: &str) -> bool {
    match ty {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        other => panic!("no type `{other}`"),
    }
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

#[test]
fn everything_that_ships_is_well_formed() {
    for (described, folders) in [
        (
            Described::Manifest,
            &[
                "manifests",
                "src/cli/starter/command/manifests",
                "src/cli/starter/paper/manifests",
                "src/cli/starter/sweep/manifests",
            ][..],
        ),
        (
            Described::Pipeline,
            &[
                "pipelines",
                "src/cli/starter/paper/pipelines",
                "src/cli/starter/sweep/pipelines",
            ],
        ),
    ] {
        let checker = Checker::new(described);
        for path in folders.iter().flat_map(|folder| yaml_in(folder)) {
            let mistakes = checker.mistakes(&read(&path));
            assert!(mistakes.is_empty(), "{}\n{mistakes:#?}", path.display());
        }
    }
}

/// Manifests of the book's examples, which run.
#[cfg(target_os = "linux")]
#[test]
fn every_manifest_of_the_book_is_well_formed() {
    let checker = Checker::new(Described::Manifest);
    let mut seen = 0;
    for (place, text) in crate::book::files() {
        if !text.contains("\nexperiment: ") {
            continue;
        }
        let file: Json = serde_yaml::from_str(&text).unwrap_or_else(|e| panic!("{place}: {e}"));
        let mistakes = checker.mistakes(&file);
        assert!(mistakes.is_empty(), "{place}\n{mistakes:#?}");
        seen += 1;
    }
    assert!(seen > 30, "{seen} manifests");
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
    with: {latent: 2, hidden: [8], epochs: 5}
"#;
    let pipeline = Checker::new(Described::Pipeline);
    let parse = |text: &str| serde_yaml::from_str::<Json>(text).expect("it is YAML");
    assert_eq!(pipeline.mistakes(&parse(good)), Vec::<String>::new());
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
        assert!(!pipeline.mistakes(&bad).is_empty(), "{from} → {to}");
    }
    let manifest = Checker::new(Described::Manifest);
    let good = "experiment: a\npipeline: p.yaml\naxes: {seed: {seeds: 3}, lr: [0.1, 0.2]}\n\
                claims: [{name: a, source: b, says: mean(x) > 0, test: paired-t}]\n";
    assert_eq!(manifest.mistakes(&parse(good)), Vec::<String>::new());
    let searched = "experiment: a\npipeline: p.yaml\n\
                    axes: {t: {asha: {space: {lr: {uniform: [0, 1]}}, budget: epochs, min: 1, max: 9, \
                    trials: 9, minimize: fit.loss}}}\nprofiles: {quick: {axes: {t: {trials: 3, max: 3}}}}\n";
    assert_eq!(manifest.mistakes(&parse(searched)), Vec::<String>::new());
    for (from, to) in [
        ("budget: epochs, ", ""),
        ("max: 9", "max: many"),
        ("trials: 9, ", ""),
        ("{trials: 3, max: 3}", "{trials: many}"),
        ("{trials: 3, max: 3}", "{trails: 3}"),
    ] {
        assert!(searched.contains(from), "{from}");
        let bad = parse(&searched.replacen(from, to, 1));
        assert!(!manifest.mistakes(&bad).is_empty(), "{from} → {to}");
    }
    for (from, to) in [
        ("experiment: a", "experimnt: a"),
        ("axes:", "axis:"),
        ("seeds: 3", "seeds: many"),
        ("name: a, ", ""),
        ("paired-t", "paired"),
    ] {
        let bad = parse(&good.replace(from, to));
        assert!(!manifest.mistakes(&bad).is_empty(), "{from} → {to}");
    }
}

/// The three patterns that occur: text with an expression in it, a time, a size.
fn matches(pattern: &str, text: &str) -> bool {
    if pattern == r"\$\{" {
        return text.contains("${");
    }
    if pattern == "attempt" {
        return text.contains(pattern);
    }
    if pattern == "^(local|slurm(:.+)?)$" {
        let profile = text.strip_prefix("slurm:");
        return ["local", "slurm"].contains(&text) || profile.is_some_and(|name| !name.is_empty());
    }
    let number = r"^\s*([0-9]+\.?[0-9]*|\.[0-9]+)\s*(";
    let units = pattern.strip_prefix(number).expect("a number with a unit");
    let units = units.strip_suffix(r"\s*$").expect("nothing behind it");
    let may_lack = units.ends_with('?');
    let units = units.trim_end_matches(['?', ')']);
    let text = text.trim();
    let digits = text.trim_end_matches(char::is_alphabetic);
    let unit = &text[digits.len()..];
    digits.trim().parse::<f64>().is_ok()
        && ((may_lack && unit.is_empty()) || units.split('|').any(|known| known == unit))
}

/// A key without a value is a key that is left out, but for those that have to be there.
#[test]
fn keys_without_a_value_are_taken_where_the_program_takes_them() {
    let checker = Checker::new(Described::Manifest);
    let stage = |key: &str| {
        format!(
            "experiment: e\nstages:\n  s:\n    uses: command\n    {key}\n    with: {{run: [a], out: {{x: x}}}}\n"
        )
    };
    let top = |key: &str| format!("{}{key}\n", stage("cache: true"));
    let parse = |text: &str| serde_yaml::from_str::<Json>(text).expect("this is YAML");
    for key in [
        "timeout:", "retries:", "retry:", "isolate:", "missing:", "when:", "over:", "in:",
    ] {
        assert_eq!(checker.mistakes(&parse(&stage(key))), [""; 0], "{key}");
    }
    for key in [
        "claims:",
        "profiles:",
        "params:",
        "exclude:",
        "title:",
        "profiles: {q: }",
    ] {
        assert_eq!(checker.mistakes(&parse(&top(key))), [""; 0], "{key}");
    }
    for wrong in [
        stage("cache: true").replace("uses: command", "uses:"),
        stage("cache: true").replace("run: [a]", "run: "),
        stage("cache: true").replace("run: [a]", "run: 3"),
        stage("cache: true").replace("    with: {run: [a], out: {x: x}}\n", ""),
        stage("in: {a: {}}"),
        top("profiles: {q: {axis: {}}}"),
        top("exclude: [3]"),
        top("axes: {a: 3}"),
        "experiment: e\n".to_owned(),
        "experiment: e\npipeline: {stages: {}, stagez: {}}\n".to_owned(),
        "experiment:\npipeline: a.yaml\n".to_owned(),
    ] {
        assert!(!checker.mistakes(&parse(&wrong)).is_empty(), "{wrong}");
    }
}

#[test]
fn times_and_sizes_are_refused_where_the_program_refuses_them() {
    let text = |with: &str| {
        format!(
            "experiment: e\nstages:\n  s:\n    uses: command\n    {with}\n    with: {{run: [a], out: {{x: x}}}}\n"
        )
    };
    let checker = Checker::new(Described::Manifest);
    for (with, good) in [
        ("timeout: 5m", true),
        ("timeout: 1.5h", true),
        ("timeout: 30", true),
        ("timeout: 5 minutes", false),
        ("timeout: soon", false),
        ("isolate: {memory: 2GiB}", true),
        ("isolate: {memory: 2 GB}", true),
        ("isolate: {memory: lots}", false),
        ("isolate: {cpus: 2}", false),
        ("resources: {memory: 512MiB}", true),
        ("resources: {memory: 512M}", false),
        ("resources: {memory: 8}", false),
        ("resources: {time: 4}", false),
        ("resources: {time: \"4\"}", false),
        (
            "resources: {memory: 2GiB * attempt, time: 1h + 30m * attempt}",
            true,
        ),
        ("resources: {time: 2 weeks}", false),
        ("executor: local", true),
        ("executor: slurm:gpu", true),
        ("executor: moon", false),
        ("retries: 1\n    retry: {exit: [75], delay: 10s}", true),
        ("retries: 1\n    retry: {exit: 0}", false),
        ("retries: 1\n    retry: {delay: later}", false),
        ("retry: {exit: [75]}", false),
        ("timeout: 0", false),
    ] {
        let yaml: Json = serde_yaml::from_str(&text(with)).expect("this is YAML");
        let found = checker.mistakes(&yaml);
        assert_eq!(found.is_empty(), good, "{with}: {found:?}");
    }
}
