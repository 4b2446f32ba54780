//! The hyperparameters of a run for TensorBoard's HPARAMS tab: two summaries without a number, whose metadata
//! says what they are.
//!
//! The messages are the part of `tensorboard/plugins/hparams/plugin_data.proto` that a finished run
//! needs, with the same field numbers.

use std::collections::BTreeMap;

use prost::Message;
use prost::Oneof;
use serde_json::Value as Json;

use super::Logged;
use super::tensorboard::Metadata;
use super::tensorboard::PluginData;
use super::tensorboard::Summary;
use super::tensorboard::Value as SummaryValue;
use crate::table::display;

#[derive(Clone, PartialEq, Message)]
pub(super) struct HparamsPluginData {
    #[prost(int32, tag = "1")]
    pub version: i32,
    #[prost(message, optional, tag = "3")]
    pub session_start: Option<SessionStart>,
    #[prost(message, optional, tag = "4")]
    pub session_end: Option<SessionEnd>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct SessionStart {
    #[prost(btree_map = "string, message", tag = "1")]
    pub hparams: BTreeMap<String, Value>,
    /// Runs of one group are repetitions for TensorBoard, which shows their mean.
    #[prost(string, tag = "4")]
    pub group: String,
    /// Seconds since 1970.
    #[prost(double, tag = "5")]
    pub started: f64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct SessionEnd {
    #[prost(int32, tag = "1")]
    pub status: i32,
    /// Seconds since 1970.
    #[prost(double, tag = "2")]
    pub ended: f64,
}

/// `google.protobuf.Value`, as far as hyperparameters go.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Value {
    #[prost(oneof = "Kind", tags = "2, 3, 4")]
    pub kind: Option<Kind>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(super) enum Kind {
    #[prost(double, tag = "2")]
    Number(f64),
    #[prost(string, tag = "3")]
    Text(String),
    #[prost(bool, tag = "4")]
    Truth(bool),
}

/// `tensorboard.plugins.hparams.metadata`: the version of its messages, a run that succeeded, one that did not, and
/// the tensor that stands for none.
const VERSION: i32 = 0;
const SUCCESS: i32 = 1;
const FAILURE: i32 = 2;
const NULL_TENSOR: [u8; 6] = [0x08, 0x01, 0x12, 0x02, 0x12, 0x00];

/// What says under which hyperparameters a cell ran, and that it has ended.
pub(super) fn summary(cell: &Logged, time: f64) -> Summary {
    let hparams = cell.at.iter().chain(&cell.params);
    let start = HparamsPluginData {
        version: VERSION,
        session_start: Some(SessionStart {
            hparams: hparams.map(|(name, v)| (name.clone(), value(v))).collect(),
            group: cell.name.clone(),
            started: time,
        }),
        session_end: None,
    };
    let end = HparamsPluginData {
        version: VERSION,
        session_start: None,
        session_end: Some(SessionEnd {
            status: match cell.diverged {
                None => SUCCESS,
                Some(_) => FAILURE,
            },
            ended: time,
        }),
    };
    let value = |tag: &str, data: &HparamsPluginData| SummaryValue {
        tag: format!("_hparams_/{tag}"),
        simple_value: None,
        tensor: Some(NULL_TENSOR.to_vec()),
        metadata: Some(Metadata {
            plugin: Some(PluginData {
                name: "hparams".to_owned(),
                content: data.encode_to_vec(),
            }),
        }),
    };
    Summary {
        value: vec![
            value("session_start_info", &start),
            value("session_end_info", &end),
        ],
    }
}

/// Numbers, truth values and texts as such; the rest as text.
fn value(value: &Json) -> Value {
    let kind = match value {
        Json::Bool(truth) => Kind::Truth(*truth),
        value => match value.as_f64() {
            Some(number) => Kind::Number(number),
            None => Kind::Text(display(value)),
        },
    };
    Value { kind: Some(kind) }
}
