//! TensorBoard event files: a folder per cell, its hyperparameters, a scalar per number.
//!
//! The messages are the part of `tensorboard/compat/proto/{event,summary}.proto` that scalars
//! need, with the same field numbers.

use prost::Message;

use super::File;
use super::Log;
use super::Logged;
use super::hparams;
use super::log::safe;
use super::record::write_record;

#[derive(Clone, PartialEq, Message)]
pub(super) struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    pub wall_time: f64,
    #[prost(int64, tag = "2")]
    pub step: i64,
    #[prost(string, optional, tag = "3")]
    pub file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    pub summary: Option<Summary>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Summary {
    #[prost(message, repeated, tag = "1")]
    pub value: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Value {
    #[prost(string, tag = "1")]
    pub tag: String,
    #[prost(float, optional, tag = "2")]
    pub simple_value: Option<f32>,
    /// A `TensorProto`, encoded.
    #[prost(bytes = "vec", optional, tag = "8")]
    pub tensor: Option<Vec<u8>>,
    #[prost(message, optional, tag = "9")]
    pub metadata: Option<Metadata>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Metadata {
    #[prost(message, optional, tag = "1")]
    pub plugin: Option<PluginData>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct PluginData {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(bytes = "vec", tag = "2")]
    pub content: Vec<u8>,
}

/// TensorBoard knows event files by the first part of the name. It is the same in every export: of two files
/// in one folder TensorBoard shows all curves twice.
const EVENTS: &str = "events.out.tfevents.0.sweepline";

/// One event file per cell, in a folder named after it.
pub fn to_tensorboard(log: &Log) -> Vec<File> {
    let files = log.cells.iter().filter(|cell| !cell.series.is_empty());
    files
        .map(|cell| {
            let path = format!("{}/{}/{EVENTS}", safe(&log.experiment), safe(&cell.name));
            (path, events(cell, log.time))
        })
        .collect()
}

fn events(cell: &Logged, time: f64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut write = |event: Event| write_record(&event.encode_to_vec(), &mut bytes);
    write(Event {
        wall_time: time,
        file_version: Some("brain.Event:2".to_owned()),
        ..Event::default()
    });
    write(Event {
        wall_time: time,
        summary: Some(hparams::summary(cell, time)),
        ..Event::default()
    });
    for series in &cell.series {
        for (step, value) in &series.points {
            let value = Value {
                tag: series.name.clone(),
                simple_value: Some(*value as f32),
                ..Value::default()
            };
            write(Event {
                wall_time: time,
                step: *step,
                file_version: None,
                summary: Some(Summary { value: vec![value] }),
            });
        }
    }
    bytes
}
