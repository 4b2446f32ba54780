//! MLflow's file store: an experiment with a run per cell, whose parameters are its coordinates,
//! the parameters of the experiment, and those of its steps.
//!
//! The layout is that of `mlflow.store.tracking.file_store`: `meta.yaml` for experiment and runs,
//! one file per parameter and tag, one per metric with a line `milliseconds value step` per point.
//! A run is found by its identifier only if it has all its folders, empty ones too.

use std::collections::BTreeSet;

use serde::Serialize;

use super::File;
use super::Log;
use super::Logged;
use super::Series;
use crate::table::display;

#[derive(Serialize)]
struct ExperimentMeta<'a> {
    artifact_location: String,
    creation_time: i64,
    experiment_id: &'a str,
    last_update_time: i64,
    lifecycle_stage: &'static str,
    name: &'a str,
}

#[derive(Serialize)]
struct RunMeta<'a> {
    artifact_uri: String,
    end_time: i64,
    entry_point_name: &'static str,
    experiment_id: &'a str,
    lifecycle_stage: &'static str,
    run_id: &'a str,
    run_name: &'a str,
    run_uuid: &'a str,
    source_name: &'static str,
    source_type: u8,
    source_version: &'static str,
    start_time: i64,
    status: u8,
    tags: [(); 0],
    user_id: &'static str,
}

/// MLflow's numbers for a run that is finished and for one that failed, and for a source that is a local program.
const FINISHED: u8 = 3;
const FAILED: u8 = 4;
const LOCAL: u8 = 4;

/// How many characters a parameter may have: what MLflow's databases take of every version. The texts of programs are
/// no parameters that anybody compares.
const LONGEST: usize = 250;

/// What `FileStore._is_valid_run_directory` wants below a run.
const FOLDERS: [&str; 3] = ["artifacts", "metrics", "params"];

/// The files of a tracking store: `mlflow ui --backend-store-uri DIR`. `root` is the absolute
/// folder they go to, which MLflow wants to read in them.
pub fn to_mlflow(log: &Log, root: &str) -> Vec<File> {
    let time = (log.time * 1e3) as i64;
    let id = experiment_id(&log.experiment);
    let mut files = vec![(
        format!("{id}/meta.yaml"),
        yaml(&ExperimentMeta {
            artifact_location: format!("{root}/{id}"),
            creation_time: time,
            experiment_id: &id,
            last_update_time: time,
            lifecycle_stage: "active",
            name: &log.experiment,
        }),
    )];
    for cell in &log.cells {
        run(log, cell, &id, root, time, &mut files);
    }
    files
}

fn run(log: &Log, cell: &Logged, experiment: &str, root: &str, time: i64, files: &mut Vec<File>) {
    let hash = blake3::hash(format!("{}\n{}", log.experiment, cell.name).as_bytes());
    let id = &hash.to_hex()[..32];
    let folder = format!("{experiment}/{id}");
    files.push((
        format!("{folder}/meta.yaml"),
        yaml(&RunMeta {
            artifact_uri: format!("{root}/{folder}/artifacts"),
            end_time: time,
            entry_point_name: "",
            experiment_id: experiment,
            lifecycle_stage: "active",
            run_id: id,
            run_name: &cell.name,
            run_uuid: id,
            source_name: "sweepline",
            source_type: LOCAL,
            source_version: env!("CARGO_PKG_VERSION"),
            start_time: time,
            status: match cell.diverged {
                None => FINISHED,
                Some(_) => FAILED,
            },
            tags: [],
            user_id: "",
        }),
    ));
    files.extend(FOLDERS.map(|name| (format!("{folder}/{name}/"), Vec::new())));
    let tag = |name: &str, value: &str| (format!("{folder}/tags/{name}"), value.into());
    files.push(tag("mlflow.runName", &cell.name));
    if let Some(how) = &cell.diverged {
        files.push(tag("diverged", how));
    }
    let params = cell.at.iter().chain(&cell.params).chain(&cell.of_steps);
    let params = params.map(|(name, value)| (name, display(value)));
    let params = params.filter(|(_, text)| text.chars().count() <= LONGEST && !text.contains('\n'));
    let (names, texts): (Vec<&String>, Vec<String>) = params.unzip();
    for (name, text) in keys(&names).into_iter().zip(texts) {
        files.push((format!("{folder}/params/{name}"), text.into_bytes()));
    }
    let names: Vec<&String> = cell.series.iter().map(|series| &series.name).collect();
    for (name, Series { points, .. }) in keys(&names).into_iter().zip(&cell.series) {
        let lines = points
            .iter()
            .map(|(step, value)| format!("{time} {value:?} {step}\n"));
        let text: String = lines.collect();
        files.push((format!("{folder}/metrics/{name}"), text.into_bytes()));
    }
}

/// MLflow's own experiments have 18 digits; the same name has the same ones.
fn experiment_id(name: &str) -> String {
    let hash = blake3::hash(name.as_bytes());
    let bytes = hash.as_bytes().iter().take(8);
    let number = bytes.fold(0_u64, |n, byte| n << 8 | u64::from(*byte));
    (100_000_000_000_000_000 + number % 900_000_000_000_000_000).to_string()
}

/// Names as MLflow takes them, each another file: beside `loss` there is no folder for `loss/x`, which is
/// `loss_x` then.
fn keys(names: &[&String]) -> Vec<String> {
    let mut keys: Vec<String> = names.iter().map(|name| key(name)).collect();
    let mut order: Vec<usize> = (0..keys.len()).collect();
    // What may be a part of another comes before it.
    order.sort_by_key(|at| keys[*at].len());
    let mut taken = BTreeSet::new();
    for at in order {
        let key = &mut keys[at];
        for end in key
            .match_indices('/')
            .map(|(end, _)| end)
            .collect::<Vec<_>>()
        {
            if taken.contains(&key[..end]) {
                key.replace_range(end..=end, "_");
            }
        }
        while !taken.insert(key.clone()) {
            key.push('_');
        }
    }
    keys
}

/// Names may have letters, digits, `_`, `-`, `.`, spaces and slashes.
fn key(name: &str) -> String {
    let kept = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ' | '/');
    let key: String = name
        .chars()
        .map(|c| if kept(c) { c } else { '_' })
        .collect();
    // A path below the folder, whatever the name.
    let parts = key.split('/').map(|part| match part {
        "" | "." | ".." => "_",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

fn yaml(meta: &impl Serialize) -> Vec<u8> {
    let text = serde_yaml::to_string(meta);
    text.expect("plain fields always have a YAML form")
        .into_bytes()
}
