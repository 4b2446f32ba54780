//! Broken manifests by the thousand: whatever the text, reading it ends in a plan or in messages,
//! never in a panic.
//!
//! A third of them are shipped experiments whose values were changed, so that many still are plans
//! and reach all that comes after reading; the others are torn as texts.
//! Texts start from every manifest and pipeline of the repository and from `tests/corpus`, which
//! keeps what once went wrong. `SWEEPLINE_FUZZ=100000` tries more, `SWEEPLINE_FUZZ_SEED=1` others.

use std::collections::BTreeSet;
use std::fs;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use serde_yaml::Value as Yaml;
use sweepline::manifest::Overrides;
use sweepline::plan::Plan;
use sweepline::random::Seed;
use sweepline::random::Stream;
use sweepline::stages;

/// A reader that needs longer than this for a page of text will hang on a longer one.
const PATIENCE: Duration = Duration::from_secs(20);

/// What YAML, our language and its users trip over.
const NASTY: &[&str] = &[
    "${",
    "}",
    "}}",
    "{{",
    "${${x}}",
    "${x",
    "\"${latent}\"",
    "\"",
    "'",
    "- ",
    "-",
    ": ",
    ":",
    "?",
    "~",
    "null",
    "&a",
    "*a",
    "<<: *a",
    "!!int",
    "!x",
    "|",
    ">",
    "%",
    "@",
    "`",
    "#",
    ",",
    "[",
    "]",
    "{",
    "\t",
    "\r",
    "\u{0}",
    "\u{feff}",
    "é",
    "𝕏",
    "\u{202e}",
    "1e999",
    "-0",
    ".nan",
    ".inf",
    "0x1F",
    "1_000",
    "1.",
    "99999999999999999999",
    "-1",
    "on",
    "yes",
    "{seeds: 1000000000}",
    "{seeds: -1}",
    "{range: [0, 1e300]}",
    "{range: [0, 1000000000]}",
    "{linspace: [0, 1, 100000000]}",
    "{logspace: [1, -1, 5]}",
    "zip:",
    "when:",
    "over: all",
    "over: [seed, seed]",
    "exclude:",
    "include:",
    "uses: command",
    "run: []",
    "in: {a: fit.b.c}",
    "claims:",
    "for_each:",
    "a/../../..",
    "/etc/passwd",
    "a + b * (c",
    "a == ",
    "x | y(z)",
];

/// The texts that mutations start from.
struct Corpus {
    manifests: Vec<String>,
    pipelines: Vec<String>,
    /// Every word that occurs anywhere.
    words: Vec<String>,
    /// What ships, as values: manifests with their pipelines.
    experiments: Vec<(Yaml, Yaml)>,
}

impl Corpus {
    fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let read = |folder: &str| -> Vec<String> {
            let mut files: Vec<PathBuf> = fs::read_dir(root.join(folder))
                .expect("the folder is in the repository")
                .map(|entry| entry.expect("folders are readable").path())
                .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
                .collect();
            files.sort();
            let texts = files
                .iter()
                .map(|path| fs::read(path).expect("it is a file"));
            texts
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                .collect()
        };
        // What ships is right as it stands, so that small changes to it reach deep: it weighs most.
        let shipped = vec![read("manifests"); 20].concat();
        let broken = [
            read("tests/bad"),
            read("tests/it/language"),
            read("tests/corpus"),
        ];
        let manifests = [shipped, broken.concat()].concat();
        let pipelines = [
            vec![read("pipelines"); 5].concat(),
            read("tests/bad/pipelines"),
        ]
        .concat();
        let parse = |text: &str| serde_yaml::from_str::<Yaml>(text).expect("what ships is YAML");
        let experiments = read("manifests").into_iter().filter_map(|text| {
            let manifest = parse(&text);
            // One that has its stages within itself is among the texts.
            let file = manifest["pipeline"].as_str()?;
            let path = root.join("manifests").join(file);
            let pipeline = fs::read_to_string(path).expect("the pipeline is there");
            Some((manifest, parse(&pipeline)))
        });
        let experiments = experiments.collect();
        let words: BTreeSet<String> = manifests
            .iter()
            .chain(&pipelines)
            .flat_map(|text| text.split_whitespace())
            .map(str::to_owned)
            .collect();
        Corpus {
            manifests,
            pipelines,
            words: words.into_iter().collect(),
            experiments,
        }
    }

    /// A shipped experiment with some of its values changed.
    fn changed(&self, stream: &mut Stream) -> (String, String) {
        let (mut manifest, mut pipeline) = one(&self.experiments, stream).clone();
        for _ in 0..1 + stream.below(3) {
            let tree = match stream.below(2) {
                0 => &mut manifest,
                _ => &mut pipeline,
            };
            let mut chosen = stream.below(nodes(tree));
            change(nth(tree, &mut chosen).expect("it was counted"), stream);
        }
        if let Yaml::Mapping(keys) = &mut manifest {
            keys.insert("pipeline".into(), "../pipelines/fuzzed.yaml".into());
        }
        let text = |tree: &Yaml| serde_yaml::to_string(tree).expect("values are YAML");
        (text(&manifest), text(&pipeline))
    }

    fn mutated(&self, texts: &[String], stream: &mut Stream) -> String {
        let mut text = one(texts, stream).clone();
        for _ in 0..1 + stream.below(4) {
            text = self.mutation(text, texts, stream);
        }
        text
    }

    fn mutation(&self, text: String, texts: &[String], stream: &mut Stream) -> String {
        let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
        let (a, b) = (stream.below(lines.len()), stream.below(lines.len()));
        match stream.below(9) {
            0 => drop(lines.remove(a)),
            1 => lines.insert(b, lines[a].clone()),
            2 => lines.swap(a, b),
            3 => lines[a] = format!("{}{}", " ".repeat(stream.below(5)), lines[a].trim_start()),
            4 => {
                lines[a] = {
                    let word = one(&self.words, stream);
                    with_word(&lines[a], word, stream)
                }
            }
            5 => lines[a] = with_word(&lines[a], NASTY[stream.below(NASTY.len())], stream),
            6 => lines[a] = inserted(&lines[a], NASTY[stream.below(NASTY.len())], stream),
            7 => lines.truncate(a),
            _ => {
                let other: Vec<&str> = one(texts, stream).split('\n').collect();
                lines.truncate(a);
                lines.extend(
                    other[stream.below(other.len())..]
                        .iter()
                        .map(|line| (*line).to_owned()),
                );
            }
        }
        lines.join("\n")
    }
}

fn nodes(tree: &Yaml) -> usize {
    let inside: usize = match tree {
        Yaml::Sequence(items) => items.iter().map(nodes).sum(),
        Yaml::Mapping(entries) => entries.values().map(nodes).sum(),
        _ => 0,
    };
    1 + inside
}

/// The node that so many others precede.
fn nth<'t>(tree: &'t mut Yaml, others: &mut usize) -> Option<&'t mut Yaml> {
    if *others == 0 {
        return Some(tree);
    }
    *others -= 1;
    match tree {
        Yaml::Sequence(items) => items.iter_mut().find_map(|item| nth(item, others)),
        Yaml::Mapping(entries) => entries.values_mut().find_map(|inner| nth(inner, others)),
        _ => None,
    }
}

/// A change that leaves the type as it is.
fn change(node: &mut Yaml, stream: &mut Stream) {
    match node {
        Yaml::Number(number) => {
            *node = match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => [whole + 1, whole * 2, whole - 1, 0][stream.below(4)].into(),
                (None, Some(real)) => [real * 0.5, real + 1.0, -real, 0.0][stream.below(4)].into(),
                (None, None) => Yaml::Null,
            }
        }
        Yaml::Bool(truth) => *truth = !*truth,
        Yaml::String(text) => match stream.below(3) {
            0 => text.push('x'),
            1 => *text = text.to_uppercase(),
            _ => *text = format!("{text} "),
        },
        Yaml::Sequence(items) if !items.is_empty() => match stream.below(3) {
            0 => drop(items.remove(stream.below(items.len()))),
            1 => items.reverse(),
            _ => {
                let mut another = one(items, stream).clone();
                change(&mut another, stream);
                items.push(another);
            }
        },
        Yaml::Mapping(entries) if !entries.is_empty() => match stream.below(2) {
            0 => {
                let key = entries.keys().nth(stream.below(entries.len())).cloned();
                entries.shift_remove(key.expect("it was counted"));
            }
            _ => {
                let reversed: Vec<(Yaml, Yaml)> = std::mem::take(entries).into_iter().collect();
                entries.extend(reversed.into_iter().rev());
            }
        },
        other => *other = Yaml::Null,
    }
}

fn one<'a, T>(of: &'a [T], stream: &mut Stream) -> &'a T {
    &of[stream.below(of.len())]
}

/// One word of the line replaced.
fn with_word(line: &str, word: &str, stream: &mut Stream) -> String {
    let count = line.split_whitespace().count();
    if count == 0 {
        return word.to_owned();
    }
    let chosen = stream.below(count);
    let old = line.split_whitespace().nth(chosen).expect("it was counted");
    line.replacen(old, word, 1)
}

fn inserted(line: &str, text: &str, stream: &mut Stream) -> String {
    let places: Vec<usize> = line
        .char_indices()
        .map(|(i, _)| i)
        .chain([line.len()])
        .collect();
    let mut line = line.to_owned();
    line.insert_str(*one(&places, stream), text);
    line
}

/// What a coverage-guided fuzzer found to reach different code, read again.
#[test]
fn nothing_of_the_corpora_makes_a_reader_panic() {
    for (name, feed) in crate::feed::ALL {
        let folder = Path::new("tests/corpus").join(name);
        let entries = fs::read_dir(&folder).expect("the corpora are in the repository");
        let mut fed = 0;
        for entry in entries {
            let path = entry.expect("folders are readable").path();
            let bytes = fs::read(&path).expect("it is a file");
            let outcome = catch_unwind(|| feed(&bytes));
            assert!(outcome.is_ok(), "{} makes a reader panic", path.display());
            fed += 1;
        }
        assert!(fed > 0, "{} is empty", folder.display());
    }
}

#[test]
fn no_text_makes_the_reader_panic() {
    let corpus = Corpus::read();
    let setting =
        |name: &str, default| std::env::var(name).map_or(default, |n| n.parse().expect("a number"));
    let (rounds, seed): (u64, u64) = (
        setting("SWEEPLINE_FUZZ", 1000),
        setting("SWEEPLINE_FUZZ_SEED", 0),
    );
    let project = tempfile::tempdir().expect("a temporary folder");
    let root = project.path();
    for folder in ["manifests", "pipelines"] {
        fs::create_dir(root.join(folder)).expect("a folder");
    }
    fs::write(root.join("Cargo.toml"), "").expect("a file");
    // The pipelines that manifests name lie where they look for them.
    for folder in ["pipelines", "tests/bad/pipelines"] {
        for entry in fs::read_dir(folder).expect("it is in the repository") {
            let path = entry.expect("folders are readable").path();
            if path.is_dir() {
                continue;
            }
            let to = path.file_name().expect("a file has a name");
            fs::copy(&path, root.join("pipelines").join(to)).expect("a copy");
        }
    }
    let manifest = root.join("manifests/fuzzed.yaml");
    let catalog = stages::catalog();
    let (mut plans, mut refused) = (0_u64, 0_u64);
    for round in 0..rounds {
        let mut stream = Seed::new(seed).derive("fuzz").stream(round);
        let text = match stream.below(6) {
            0 | 1 => {
                let (manifest, pipeline) = corpus.changed(&mut stream);
                fs::write(root.join("pipelines/fuzzed.yaml"), &pipeline).expect("a file");
                manifest
            }
            2 => {
                let pipeline = corpus.mutated(&corpus.pipelines, &mut stream);
                fs::write(root.join("pipelines/fuzzed.yaml"), &pipeline).expect("a file");
                let manifest = corpus.mutated(&corpus.manifests, &mut stream);
                let lines = manifest
                    .lines()
                    .map(|line| match line.starts_with("pipeline:") {
                        true => "pipeline: ../pipelines/fuzzed.yaml".to_owned(),
                        false => line.to_owned(),
                    });
                lines.collect::<Vec<_>>().join("\n")
            }
            _ => corpus.mutated(&corpus.manifests, &mut stream),
        };
        fs::write(&manifest, &text).expect("a file");
        let begin = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let planned = Plan::read(&manifest, &catalog, &Overrides::default());
            let said = planned.found.render(true);
            assert!(
                planned.plan.is_some() || planned.found.has_errors(),
                "neither plan nor reason"
            );
            assert_eq!(planned.found.is_empty(), said.is_empty());
            planned.plan.is_some()
        }));
        match outcome {
            Ok(true) => plans += 1,
            Ok(false) => refused += 1,
            Err(_) => panic!("round {round} of seed {seed}: keep this in tests/corpus\n{text}"),
        }
        assert!(
            begin.elapsed() < PATIENCE,
            "round {round} of seed {seed} takes too long\n{text}"
        );
    }
    println!("{rounds} texts: {plans} plans, {refused} refused, no panic");
    assert!(
        rounds < 100 || (plans > rounds / 20 && refused > rounds / 20),
        "the mutations are all alike: {plans} plans, {refused} refused"
    );
}
