//! The bytes of every format against what is known of them from elsewhere. That the programs
//! themselves read them is shown by `tests/interop/run.sh`.

use std::collections::BTreeMap;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::types::Int64Type;
use arrow_ipc::reader::FileReader;
use prost::Message;
use serde_json::json;

use super::hparams::HparamsPluginData;
use super::tensorboard::Event;
use super::tensorboard::Value;
use super::*;
use crate::table::Column;
use crate::table::Table;

fn log() -> Log {
    let mut cell = Logged {
        name: "latent=8,seed=0".to_owned(),
        at: vec![
            ("latent".to_owned(), json!(8)),
            ("seed".to_owned(), json!(0)),
        ],
        params: vec![
            ("activation".to_owned(), json!("relu")),
            ("hidden".to_owned(), json!([16, 8])),
            ("warm".to_owned(), json!(true)),
        ],
        of_steps: vec![
            ("fit/epochs".to_owned(), json!(3)),
            ("fit/run".to_owned(), json!("echo a\necho b\n")),
        ],
        ..Logged::default()
    };
    cell.series("fit/train_loss").points = vec![(100, 2.5), (200, -0.125)];
    cell.series("elbo/elbo").points = vec![(200, -101.5)];
    Log {
        experiment: "small".to_owned(),
        time: 1.7e9,
        cells: vec![cell],
    }
}

#[test]
fn event_files_begin_as_every_one_does() {
    let files = to_tensorboard(&log());
    let [(path, bytes)] = &files[..] else {
        panic!("one file per cell, not {}", files.len());
    };
    assert_eq!(
        path,
        "small/latent=8,seed=0/events.out.tfevents.0.sweepline"
    );
    // 24 bytes and the checksum of that number, then a double in field 1 and the version in
    // field 3: so begins every file that TensorFlow or PyTorch write.
    assert_eq!(&bytes[..8], 24_u64.to_le_bytes());
    assert_eq!(&bytes[8..13], [0xa3, 0x7f, 0x4b, 0x22, 0x09]);
    assert_eq!(&bytes[13..21], 1.7e9_f64.to_le_bytes());
    assert_eq!(&bytes[21..36], b"\x1a\x0dbrain.Event:2");
}

#[test]
fn scalars_are_one_event_each() {
    let files = to_tensorboard(&log());
    let records = read_records(&files[0].1).unwrap();
    assert_eq!(records.len(), 5);
    // field 2 (step) 100, field 5 (summary) > 1 (value) > 1 (tag), 2 (float)
    let mut known = vec![0x09];
    known.extend(1.7e9_f64.to_le_bytes());
    known.extend([0x10, 100, 0x2a, 0x17, 0x0a, 0x15, 0x0a, 0x0e]);
    known.extend(b"fit/train_loss\x15");
    known.extend(2.5_f32.to_le_bytes());
    assert_eq!(records[2], known);
    let last = Event::decode(records[4]).unwrap();
    let value = &last.summary.unwrap().value[0];
    assert_eq!(last.step, 200);
    assert_eq!(
        (value.tag.as_str(), value.simple_value),
        ("elbo/elbo", Some(-101.5))
    );
}

/// Against what TensorBoard 2.21 makes of the same values:
/// `summary_v2.hparams_pb({"latent": 8, …}, trial_id="latent=8,seed=0", start_time_secs=1.7e9)`.
#[test]
fn hyperparameters_are_the_message_that_tensorboard_writes() {
    let files = to_tensorboard(&log());
    let records = read_records(&files[0].1).unwrap();
    let event = Event::decode(records[1]).unwrap();
    let [start, end] = &event.summary.unwrap().value[..] else {
        panic!("the start and the end of a session");
    };
    let theirs = Value::decode(&include_bytes!("hparams.pb")[..]).unwrap();
    let said = |value: &Value| {
        let plugin = value.metadata.clone().unwrap().plugin.unwrap();
        (
            plugin.name,
            HparamsPluginData::decode(&plugin.content[..]).unwrap(),
        )
    };
    assert_eq!(said(start), said(&theirs));
    // The order within a map is free.
    assert_eq!((&start.tag, &start.tensor), (&theirs.tag, &theirs.tensor));
    assert_eq!(start.encoded_len(), theirs.encoded_len());
    assert_eq!(end.tag, "_hparams_/session_end_info");
}

#[test]
fn a_damaged_record_is_refused() {
    let files = to_tensorboard(&log());
    let mut bytes = files[0].1.clone();
    let cut = read_records(&bytes[..bytes.len() - 1]);
    assert!(matches!(cut, Err(Broken::Short { .. })), "{cut:?}");
    bytes[20] ^= 1;
    assert_eq!(read_records(&bytes), Err(Broken::Checksum { at: 0 }));
}

#[test]
fn an_mlflow_store_has_a_run_per_cell() {
    let files: BTreeMap<String, String> = to_mlflow(&log(), "/there")
        .into_iter()
        .map(|(path, bytes)| (path, String::from_utf8(bytes).unwrap()))
        .collect();
    let ends = |end: &str| {
        let mut found = files.iter().filter(|(path, _)| path.ends_with(end));
        let (path, text) = found.next().unwrap_or_else(|| panic!("no {end}"));
        assert!(found.next().is_none(), "{end} is there twice");
        (path.clone(), text.clone())
    };
    assert_eq!(
        ends("metrics/fit/train_loss").1,
        "1700000000000 2.5 100\n1700000000000 -0.125 200\n"
    );
    assert_eq!(ends("params/latent").1, "8");
    assert_eq!(ends("params/hidden").1, "[16,8]");
    assert_eq!(ends("params/fit/epochs").1, "3");
    // The text of a program is no parameter that anybody compares.
    assert!(!files.keys().any(|path| path.ends_with("params/fit/run")));
    let (path, run) = ends(&format!(
        "{}/meta.yaml",
        ends("params/seed").0.strip_suffix("/params/seed").unwrap()
    ));
    let [experiment, id, _] = path.split('/').collect::<Vec<_>>()[..] else {
        panic!("{path}");
    };
    assert_eq!((experiment.len(), id.len()), (18, 32));
    let run: serde_yaml::Value = serde_yaml::from_str(&run).unwrap();
    assert_eq!(run["run_id"], id);
    assert_eq!(run["run_name"], "latent=8,seed=0");
    assert_eq!(run["experiment_id"], experiment);
    assert_eq!(
        run["artifact_uri"],
        format!("/there/{experiment}/{id}/artifacts")
    );
    for folder in ["artifacts", "metrics", "params"] {
        let path = format!("{experiment}/{id}/{folder}/");
        assert!(files.contains_key(&path), "{path}");
    }
}

/// A file system has no folder where a file is.
#[test]
fn no_name_of_an_mlflow_store_is_the_folder_of_another() {
    let mut log = log();
    log.cells[0].at = vec![("fit".to_owned(), json!(1))];
    for (at, name) in [
        "fit/loss/x/y",
        "fit/loss",
        "fit/loss/x",
        "fit/loss_x",
        "a:b",
        "a_b",
    ]
    .into_iter()
    .enumerate()
    {
        log.cells[0].series(name).points = vec![(0, at as f64)];
    }
    let files: BTreeMap<String, Vec<u8>> = to_mlflow(&log, "/there").into_iter().collect();
    let of = |folder: &str| -> BTreeMap<&str, &str> {
        let files = files.iter().filter_map(|(path, bytes)| {
            let (_, name) = path.split_once(folder)?;
            let text = std::str::from_utf8(bytes).unwrap();
            (!name.is_empty()).then(|| (name, text.split(' ').nth(1).unwrap_or(text)))
        });
        files.collect()
    };
    assert_eq!(of("/params/")["fit"], "1");
    assert_eq!(of("/params/")["fit_epochs"], "3");
    let metrics = of("/metrics/");
    for (name, value) in [
        ("fit/loss", "1.0"),
        ("fit/loss_x", "2.0"),
        ("fit/loss_x_", "3.0"),
        ("fit/loss_x_y", "0.0"),
        ("a_b", "4.0"),
        ("a_b_", "5.0"),
        ("fit/train_loss", "2.5"),
    ] {
        assert_eq!(metrics.get(name), Some(&value), "{name}: {metrics:?}");
    }
}

#[test]
fn a_run_that_diverged_has_failed() {
    let mut log = log();
    log.cells[0].diverged = Some("fit: loss is NaN".to_owned());
    let files: BTreeMap<String, Vec<u8>> = to_mlflow(&log, "/there").into_iter().collect();
    let says = |end: &str, text: &str| {
        let mut files = files.iter().filter(|(path, _)| path.ends_with(end));
        files.any(|(_, bytes)| String::from_utf8_lossy(bytes).contains(text))
    };
    assert!(says("/tags/diverged", "fit: loss is NaN"));
    assert!(says("/meta.yaml", "status: 4\n"));
}

#[test]
fn a_curve_stands_at_what_counts_in_whole_numbers() {
    let series = |csv: &str| {
        let mut cell = Logged::default();
        cell.curve("f", &Table::from_csv(csv, &[]).unwrap());
        let series = cell.series.into_iter();
        series.map(|one| (one.name, one.points)).collect::<Vec<_>>()
    };
    let one = |name: &str, points: &[(i64, f64)]| (name.to_owned(), points.to_vec());
    for name in ["step", "Global_Step", "epoch", "iteration"] {
        let csv = format!("{name},loss\n0,5\n100,4\n");
        assert_eq!(
            series(&csv),
            [one("f/loss", &[(0, 5.0), (100, 4.0)])],
            "{name}"
        );
    }
    let fractions = [
        one("f/epoch", &[(0, 0.25), (1, 0.5)]),
        one("f/loss", &[(0, 5.0), (1, 4.0)]),
    ];
    assert_eq!(series("epoch,loss\n0.25,5\n0.5,4\n"), fractions);
    assert_eq!(
        series("epoch,iteration,loss\n1,10,5\n"),
        [one("f/loss", &[(10, 5.0)])]
    );
    let beside = [one("f/epoch", &[(10, 0.5)]), one("f/loss", &[(10, 5.0)])];
    assert_eq!(series("epoch,step,loss\n0.5,10,5\n"), beside);
}

#[test]
fn names_never_leave_the_folder_of_the_export() {
    let mut log = log();
    log.experiment = "../up".to_owned();
    log.cells[0].name = "../../etc".to_owned();
    log.cells[0].series[0].name = "../x/..".to_owned();
    log.cells[0].at[0].0 = "..".to_owned();
    let files = to_tensorboard(&log)
        .into_iter()
        .chain(to_mlflow(&log, "/there"));
    for (path, _) in files {
        assert!(!path.starts_with('/'), "{path}");
        assert!(!path.split('/').any(|part| part == ".."), "{path}");
    }
}

#[test]
fn arrow_keeps_types_nulls_and_units() {
    let table = Table {
        columns: vec![
            Column::axis("method"),
            Column::axis("latent"),
            Column::metric("elbo", "nats", Some(true)),
            Column::metric("nothing", "", None),
            Column::metric("mixed", "", None),
        ],
        rows: vec![
            vec![json!("vae"), json!(2), json!(-150.5), json!(null), json!(1)],
            vec![
                json!("iwae"),
                json!(null),
                json!(-99),
                json!(null),
                json!("x"),
            ],
        ],
    };
    let provenance = vec![("sweepline.experiment".to_owned(), "small".to_owned())];
    let bytes = to_arrow(&table, &provenance).unwrap();
    // The magic of the file format, at both ends.
    assert!(bytes.starts_with(b"ARROW1") && bytes.ends_with(b"ARROW1"));
    let mut reader = FileReader::try_new(std::io::Cursor::new(bytes), None).unwrap();
    let schema = reader.schema();
    assert_eq!(schema.field(2).metadata()["unit"], "nats");
    assert_eq!(schema.field(2).metadata()["better"], "higher");
    assert_eq!(schema.field(1).metadata()["role"], "axis");
    assert_eq!(schema.metadata()["sweepline.experiment"], "small");
    let batch = reader.next().unwrap().unwrap();
    assert_eq!(batch.num_rows(), 2);
    assert_eq!(batch.column(0).as_string::<i32>().value(1), "iwae");
    let latent = batch.column(1).as_primitive::<Int64Type>();
    assert_eq!((latent.value(0), latent.is_null(1)), (2, true));
    let elbo = batch.column(2).as_primitive::<Float64Type>();
    assert_eq!(elbo.values()[..], [-150.5, -99.0]);
    assert_eq!(batch.column(3).null_count(), 2);
    assert_eq!(batch.column(4).as_string::<i32>().value(0), "1");
    assert!(reader.next().is_none());
}
