//! The full state of a training as one safetensors blob, readable from Python.
//!
//! | tensor | what |
//! | --- | --- |
//! | `encoder.0.weight`, … | parameters under their own names and shapes |
//! | `optimizer/<which>/<state>/<parameter>` | optimiser state, as `m` and `v` of Adam |
//!
//! The metadata hold `format`, `iteration`, `config` (the caller's JSON), and per optimiser its
//! counters and learning rate. Random streams are functions of seed and iteration, so the iteration
//! is all the random state there is. Bytes are the same for the same state: a store names them by content.

use std::collections::HashMap;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use super::backend::Backend;
use super::error::Error;
use super::optim::Optimizer;
use super::params::Params;

/// Version of this layout.
const FORMAT: &str = "sweepline-checkpoint-1";

/// What a checkpoint says beside its tensors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Iterations done.
    pub iteration: u64,
    /// The model's configuration and whatever else the caller wants back.
    pub config: serde_json::Value,
}

#[derive(Serialize, Deserialize)]
struct Counters {
    iteration: u64,
    lr: f64,
    updates: Vec<u64>,
}

/// Serialises parameters, optimisers (each under a name) and `header`.
pub fn to_bytes<B: Backend>(
    header: &Header,
    params: &Params<B>,
    optimizers: &[(&str, &Optimizer<B>)],
) -> Result<Vec<u8>, Error> {
    let mut tensors = Vec::new();
    let mut meta = serde_json::Map::new();
    for (index, name) in params.names().enumerate() {
        let shape = params.shape(index).to_vec();
        tensors.push((name.to_owned(), shape.clone(), params.values(index)));
        for (which, optimizer) in optimizers {
            for (state, values) in optimizer.state(index) {
                let name = format!("optimizer/{which}/{state}/{name}");
                tensors.push((name, shape.clone(), values));
            }
        }
    }
    for (which, optimizer) in optimizers {
        let counters = Counters {
            iteration: optimizer.iteration(),
            lr: optimizer.lr,
            updates: optimizer.updates().to_vec(),
        };
        meta.insert((*which).to_owned(), json(&counters)?);
    }
    // One metadata entry: the map of several would be written in random order.
    let state = serde_json::json!({
        "format": FORMAT, "header": json(header)?, "optimizers": meta,
    });
    let meta = HashMap::from([("sweepline".to_owned(), state.to_string())]);
    let bytes: Vec<(String, Vec<usize>, Vec<u8>)> = tensors
        .into_iter()
        .map(|(name, shape, values)| {
            let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
            (name, shape, bytes)
        })
        .collect();
    let views = bytes
        .iter()
        .map(|(name, shape, bytes)| {
            let view = TensorView::new(Dtype::F32, shape.clone(), bytes).map_err(damaged)?;
            Ok((name.as_str(), view))
        })
        .collect::<Result<Vec<_>, Error>>()?;
    safetensors::serialize(views, Some(meta)).map_err(damaged)
}

/// Reads the header alone: enough to build the model that the rest is loaded into.
pub fn header(bytes: &[u8]) -> Result<Header, Error> {
    let state = state(bytes)?;
    serde_json::from_value(state["header"].clone()).map_err(damaged)
}

/// Loads parameters and optimisers. Every parameter must be there with its shape; optimisers not
/// asked for are left alone.
pub fn from_bytes<B: Backend>(
    bytes: &[u8],
    params: &mut Params<B>,
    optimizers: &mut [(&str, &mut Optimizer<B>)],
) -> Result<Header, Error> {
    let header = header(bytes)?;
    let state = state(bytes)?;
    let file = SafeTensors::deserialize(bytes).map_err(damaged)?;
    let names: Vec<String> = params.names().map(str::to_owned).collect();
    // Everything is read before anything is changed.
    let mut values = Vec::new();
    for (index, name) in names.iter().enumerate() {
        values.push(read(&file, name, params.shape(index))?);
    }
    for (which, optimizer) in optimizers.iter_mut() {
        let saved = state["optimizers"]
            .get(*which)
            .ok_or_else(|| Error::Checkpoint(format!("it has no optimiser `{which}`")))?;
        let saved: Counters = serde_json::from_value(saved.clone()).map_err(damaged)?;
        let mut states = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let kept = optimizer.algorithm().state_names().iter();
            let kept = kept.map(|state| {
                let name = format!("optimizer/{which}/{state}/{name}");
                read(&file, &name, params.shape(index))
            });
            states.push(kept.collect::<Result<Vec<_>, _>>()?);
        }
        optimizer.restore(params, saved.iteration, saved.updates, states)?;
        optimizer.lr = saved.lr;
    }
    for (index, values) in values.into_iter().enumerate() {
        params.set(index, values)?;
    }
    Ok(header)
}

fn read(file: &SafeTensors, name: &str, shape: &[usize]) -> Result<Vec<f32>, Error> {
    let missing = |_| Error::Checkpoint(format!("it has no tensor `{name}`"));
    let view = file.tensor(name).map_err(missing)?;
    if view.dtype() != Dtype::F32 || view.shape() != shape {
        let (got, kind) = (view.shape(), view.dtype());
        let message = format!("`{name}` is {kind:?} {got:?}, the model wants F32 {shape:?}");
        return Err(Error::Checkpoint(message));
    }
    let numbers = view.data().chunks_exact(4);
    Ok(numbers
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect())
}

fn state(bytes: &[u8]) -> Result<serde_json::Value, Error> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
    let text = metadata
        .metadata()
        .as_ref()
        .and_then(|m| m.get("sweepline"))
        .ok_or_else(|| Error::Checkpoint("it was not written by sweepline".into()))?;
    let state: serde_json::Value = serde_json::from_str(text).map_err(damaged)?;
    match state["format"].as_str() {
        Some(FORMAT) => Ok(state),
        other => Err(Error::Checkpoint(format!(
            "its format is `{}`, this version reads `{FORMAT}`",
            other.unwrap_or("unknown")
        ))),
    }
}

fn json(value: &impl Serialize) -> Result<serde_json::Value, Error> {
    serde_json::to_value(value).map_err(damaged)
}

fn damaged(error: impl std::fmt::Display) -> Error {
    Error::Checkpoint(error.to_string())
}
