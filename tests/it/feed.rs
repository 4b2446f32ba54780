//! What the fuzzer feeds, and the tests feed again: every reader of bytes that others wrote.
//!
//! Each takes any bytes and panics only where the program is wrong. `fuzz/` has a target for each
//! and `tests/corpus/` what was found to reach different code.

#![allow(dead_code, reason = "each target of the fuzzer uses one of them")]

use std::cell::OnceCell;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use sweepline::engine::Timed;
use sweepline::manifest::Expression;
use sweepline::manifest::Overrides;
use sweepline::plan::Filter;
use sweepline::plan::Plan;
use sweepline::registry::Value;
use sweepline::stages;
use sweepline::store;
use sweepline::store::KeyParts;
use sweepline::table::Table;
use sweepline::text::Place;
use sweepline::text::Source;
use sweepline::text::is_hidden;

/// The readers, by the names of their targets and of the folders of their corpora.
pub(crate) const ALL: [(&str, fn(&[u8])); 4] = [
    ("manifest", manifest),
    ("expression", expression),
    ("table", table),
    ("record", record),
];

/// A manifest, and after a zero byte a pipeline, which it may name as `../pipelines/fuzzed.yaml`:
/// a plan or messages.
pub(crate) fn manifest(bytes: &[u8]) {
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let (manifest, pipeline) = (parts.next().unwrap_or_default(), parts.next());
    in_project(|root| {
        let path = root.join("manifests/fuzzed.yaml");
        fs::write(&path, manifest).expect("the folder is ours");
        if let Some(pipeline) = pipeline {
            fs::write(root.join("pipelines/fuzzed.yaml"), pipeline).expect("the folder is ours");
        }
        let planned = Plan::read(&path, &stages::catalog(), &Overrides::default());
        let said = planned.found.render(false);
        assert!(
            planned.plan.is_some() || planned.found.has_errors(),
            "neither a plan nor a reason"
        );
        assert_harmless(&said);
        for step in planned.plan.iter().flat_map(|plan| &plan.steps).take(100) {
            let name = step.to_string();
            assert!(!name.contains(is_hidden), "{name:?}");
        }
    });
}

/// An expression, and a filter of `--only`: a value or a reason.
pub(crate) fn expression(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let source = Source {
        path: PathBuf::from("manifest.yaml"),
        text: text.to_string(),
    };
    let place = Place {
        range: 0..source.text.len(),
        source: Arc::new(source),
    };
    let values = [
        ("i", Value::Int(3)),
        ("f", Value::Float(0.5)),
        ("s", Value::Str("text".to_owned())),
        ("b", Value::Bool(true)),
        (
            "l",
            Value::List(vec![Value::Int(1), Value::Str("a".to_owned())]),
        ),
    ];
    let lookup = |name: &str| {
        values
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    };
    match Expression::read(&text, &place) {
        Ok(expression) => {
            let _ = expression.value(lookup);
            let _ = expression.holds(lookup);
        }
        Err(wrong) => assert_harmless(&wrong.render(false)),
    }
    match Filter::read("--only", &text) {
        Ok(filter) => {
            filter.holds(lookup);
        }
        Err(wrong) => assert_harmless(&wrong.render(false)),
    }
}

/// A table from elsewhere and the metrics of a program: what is read is written and read back.
pub(crate) fn table(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(table) = Table::read(&text, None) {
        let json = Table::from_json(&table.to_json()).expect("it was written by us");
        assert_eq!(json.rows, table.rows);
        let csv = table.to_csv();
        if !table.columns.is_empty() {
            let read = Table::from_csv(&csv, &[]).expect("it was written by us");
            assert_eq!(read.columns.len(), table.columns.len(), "{csv:?}");
        }
    }
    for numbers in stages::numbers_of_text(&text).into_iter().flatten() {
        let read: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(&numbers).expect("it was written by us");
        assert!(!read.is_empty());
    }
}

/// A record of the store, in both forms that it has had, the parts of a key and an event of a run.
pub(crate) fn record(bytes: &[u8]) {
    for json in [false, true] {
        let Some(result) = store::decoded(bytes, json) else {
            continue;
        };
        let again = store::decoded(&store::encoded(&result), false).expect("it was written by us");
        assert_eq!(again.outputs, result.outputs);
    }
    let _ = serde_json::from_slice::<KeyParts>(bytes);
    if let Ok(timed) = serde_json::from_slice::<Timed>(bytes) {
        let written = serde_json::to_vec(&timed).expect("events are plain data");
        serde_json::from_slice::<Timed>(&written).expect("it was written by us");
    }
}

fn assert_harmless(said: &str) {
    let odd = |c: char| is_hidden(c) && c != '\n' && c != '\t';
    assert!(!said.contains(odd), "{said:?}");
}

fn in_project(act: impl FnOnce(&Path)) {
    thread_local! {
        static PROJECT: OnceCell<tempfile::TempDir> = const { OnceCell::new() };
    }
    PROJECT.with(|project| {
        let project = project.get_or_init(|| {
            let memory = Path::new("/dev/shm");
            let project = match memory.is_dir() {
                true => tempfile::tempdir_in(memory),
                false => tempfile::tempdir(),
            };
            let project = project.expect("a temporary folder");
            for folder in ["manifests", "pipelines"] {
                fs::create_dir(project.path().join(folder)).expect("a folder");
            }
            fs::write(project.path().join("sweepline.toml"), "").expect("a file");
            fs::write(project.path().join("Cargo.toml"), "").expect("a file");
            project
        });
        act(project.path());
    });
}
