//! MLflow's file store: an experiment with a run per cell, whose parameters are its coordinates,
//! the parameters of the experiment, and those of its steps.
//!
//! The layout is that of `mlflow.store.tracking.file_store`: `meta.yaml` for experiment and runs,
//! one file per parameter and tag, one per metric with a line `milliseconds value step` per point.
//! A run is found by its identifier only if it has all its folders, empty ones too.

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

/// MLflow's numbers for a run that is finished, and for a source that is a local program.
const FINISHED: u8 = 3;
const LOCAL: u8 = 4;

/// How long a parameter's text may be: what MLflow's databases take of every version. The texts of programs are
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
            status: FINISHED,
            tags: [],
            user_id: "",
        }),
    ));
    files.extend(FOLDERS.map(|name| (format!("{folder}/{name}/"), Vec::new())));
    let tag = |name: &str, value: &str| (format!("{folder}/tags/{name}"), value.into());
    files.push(tag("mlflow.runName", &cell.name));
    let params = cell.at.iter().chain(&cell.params).chain(&cell.of_steps);
    for (name, value) in params {
        let text = display(value);
        if text.len() <= LONGEST && !text.contains('\n') {
            let path = format!("{folder}/params/{}", key(name));
            files.push((path, text.into_bytes()));
        }
    }
    for Series { name, points } in &cell.series {
        let lines = points
            .iter()
            .map(|(step, value)| format!("{time} {value:?} {step}\n"));
        let text: String = lines.collect();
        files.push((format!("{folder}/metrics/{}", key(name)), text.into_bytes()));
    }
}

/// MLflow's own experiments have 18 digits; the same name has the same ones.
fn experiment_id(name: &str) -> String {
    let hash = blake3::hash(name.as_bytes());
    let bytes = hash.as_bytes().iter().take(8);
    let number = bytes.fold(0_u64, |n, byte| n << 8 | u64::from(*byte));
    (100_000_000_000_000_000 + number % 900_000_000_000_000_000).to_string()
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
