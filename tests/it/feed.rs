//! What the fuzzer feeds, and the tests feed again: every reader of bytes that others wrote.
//!
//! Each takes any bytes and panics only where the program is wrong. `fuzz/` has a target for each
//! and `tests/corpus/` what was found to reach different code.

#![allow(dead_code, reason = "each target of the fuzzer uses one of them")]

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use sweepline::data;
use sweepline::data::Context;
use sweepline::data::Dataset;
use sweepline::data::GivenFile;
use sweepline::engine::Timed;
use sweepline::manifest::Expression;
use sweepline::manifest::Overrides;
use sweepline::plan::Filter;
use sweepline::plan::Plan;
use sweepline::registry;
use sweepline::registry::Value;
use sweepline::stages;
use sweepline::store;
use sweepline::store::KeyParts;
use sweepline::table::Table;
use sweepline::text::Place;
use sweepline::text::Source;
use sweepline::text::is_hidden;

/// The readers, by the names of their targets and of the folders of their corpora.
pub(crate) const ALL: [(&str, fn(&[u8])); 6] = [
    ("manifest", manifest),
    ("import", import),
    ("expression", expression),
    ("table", table),
    ("data", data),
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

/// A `dvc.yaml`, and after a zero byte a `params.yaml`: what is made of it is read again as far as it is
/// YAML, or there are messages.
pub(crate) fn import(bytes: &[u8]) {
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let (file, params) = (parts.next().unwrap_or_default(), parts.next());
    in_project(|root| {
        fs::write(root.join("dvc.yaml"), file).expect("the folder is ours");
        fs::write(root.join("params.yaml"), params.unwrap_or_default()).expect("it is ours");
        let made = sweepline::import::dvc(root, "dvc.yaml", "made", "../pipelines/made.yaml");
        let made = match made {
            Ok(made) => made,
            Err(found) => {
                assert!(found.has_errors(), "neither a pipeline nor a reason");
                assert_harmless(&found.render(false));
                return;
            }
        };
        assert_harmless(&made.remarks.render(false));
        let path = root.join("manifests/made.yaml");
        fs::write(&path, &made.manifest).expect("the folder is ours");
        fs::write(root.join("pipelines/made.yaml"), &made.pipeline).expect("it is ours");
        let planned = Plan::read(&path, &stages::catalog(), &Overrides::default());
        let said = planned.found.render(false);
        assert!(
            !said.contains("this is not YAML"),
            "{said}\n{}",
            made.pipeline
        );
        assert_harmless(&said);
    });
}

/// How a file of somebody's data is read: the kind, its slot, and a name of the file. The first byte
/// says which.
const DATA: [(&str, &str, &str); 6] = [
    ("npy", "x", "x.npy"),
    ("npz", "file", "x.npz"),
    ("safetensors", "file", "x.safetensors"),
    ("csv", "file", "x.csv"),
    ("images", "folder", "a/x.png"),
    ("images", "folder", "a/x.jpg"),
];

/// Arrays, a table or a picture of somebody's: a data set or a reason.
pub(crate) fn data(bytes: &[u8]) {
    let [which, bytes @ ..] = bytes else {
        return;
    };
    let (kind, slot, name) = DATA[usize::from(*which) % DATA.len()];
    in_project(|root| {
        let path = root.join("file");
        fs::write(&path, bytes).expect("the folder is ours");
        let given = GivenFile {
            name: "file".to_owned(),
            files: vec![(name.to_owned(), path)],
        };
        let context = Context {
            root,
            log: &|_| (),
            given: &BTreeMap::new(),
            files: &BTreeMap::from([(slot, given)]),
        };
        let set = data::ALL.iter().find(|set| set.name() == kind);
        let set = set.expect("it is in the list");
        let params = set.params();
        let defaults = params.iter().filter_map(|param| match &param.default {
            registry::Default::Value(value) => Some((param.name.to_owned(), value.clone())),
            _ => None,
        });
        match set.load(&defaults.collect(), &context) {
            // What is read is what a store will hold.
            Ok(set) => _ = Dataset::from_bytes(&set.to_bytes()).expect("it was written by us"),
            Err(error) => assert!(!error.to_string().is_empty()),
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
