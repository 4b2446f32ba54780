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
use super::optim::{Algorithm, Optimizer};
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

/// Some of the parameters of a blob, with the optimisers over them, each under a name.
pub struct Part<'a, B: Backend> {
    pub params: &'a Params<B>,
    pub optimizers: &'a [(&'a str, &'a Optimizer<B>)],
}

/// Serialises parameters, optimisers (each under a name) and `header`.
pub fn to_bytes<B: Backend>(
    header: &Header,
    params: &Params<B>,
    optimizers: &[(&str, &Optimizer<B>)],
) -> Result<Vec<u8>, Error> {
    parts_to_bytes(header, &[Part { params, optimizers }])
}

/// Serialises several sets of parameters as one; their names and those of the optimisers must
/// differ.
pub fn parts_to_bytes<B: Backend>(
    header: &Header,
    parts: &[Part<'_, B>],
) -> Result<Vec<u8>, Error> {
    let mut tensors = Vec::new();
    let mut meta = serde_json::Map::new();
    for Part { params, optimizers } in parts {
        for (index, name) in params.names().enumerate() {
            let shape = params.shape(index).to_vec();
            tensors.push((name.to_owned(), shape.clone(), params.values(index)));
            for (which, optimizer) in *optimizers {
                for (state, values) in optimizer.state(index) {
                    let name = format!("optimizer/{which}/{state}/{name}");
                    tensors.push((name, shape.clone(), values));
                }
            }
        }
        for (which, optimizer) in *optimizers {
            let counters = Counters {
                iteration: optimizer.iteration(),
                lr: optimizer.lr,
                updates: optimizer.updates().to_vec(),
            };
            meta.insert((*which).to_owned(), json(&counters)?);
        }
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

/// The blob with one more entry in its configuration, which is a JSON object.
pub fn with_entry(bytes: &[u8], name: &str, entry: serde_json::Value) -> Result<Vec<u8>, Error> {
    let mut state = state(bytes)?;
    state["header"]["config"][name] = entry;
    let file = SafeTensors::deserialize(bytes).map_err(damaged)?;
    let meta = HashMap::from([("sweepline".to_owned(), state.to_string())]);
    safetensors::serialize(file.tensors(), Some(meta)).map_err(damaged)
}

/// The first tensor that holds a number that is not finite, by name.
pub fn not_finite(bytes: &[u8]) -> Result<Option<String>, Error> {
    let file = SafeTensors::deserialize(bytes).map_err(damaged)?;
    let finite = |view: &TensorView<'_>| {
        let (numbers, _) = view.data().as_chunks::<4>();
        numbers.iter().all(|b| f32::from_le_bytes(*b).is_finite())
    };
    let mut tensors: Vec<_> = file.iter().collect();
    tensors.sort_by_key(|(name, _)| *name);
    let found = tensors.into_iter().find(|(_, view)| !finite(view));
    Ok(found.map(|(name, _)| name.to_owned()))
}

/// Loads parameters and optimisers. Every parameter must be there with its shape; optimisers not
/// asked for are left alone.
pub fn from_bytes<B: Backend>(
    bytes: &[u8],
    params: &mut Params<B>,
    optimizers: &mut [(&str, &mut Optimizer<B>)],
) -> Result<Header, Error> {
    let saved = Saved::read(bytes)?;
    // Everything is read before anything is changed.
    let values = saved.values(params)?;
    let states: Vec<OptimizerState> = optimizers
        .iter()
        .map(|(which, optimizer)| saved.optimizer(which, params, optimizer.algorithm(), 0))
        .collect::<Result<_, _>>()?;
    for ((_, optimizer), state) in optimizers.iter_mut().zip(states) {
        state.restore(params, optimizer)?;
    }
    values.set(params)?;
    Ok(saved.header)
}

/// A blob that was opened, to be read part by part.
pub struct Saved<'a> {
    pub header: Header,
    file: SafeTensors<'a>,
    optimizers: serde_json::Value,
}

/// The numbers of some parameters, in their order.
pub struct Numbers(Vec<Vec<f32>>);

/// All that an optimiser remembers of some parameters.
pub struct OptimizerState {
    counters: Counters,
    states: Vec<Vec<Vec<f32>>>,
}

impl<'a> Saved<'a> {
    /// # Errors
    /// Where the bytes are damaged or nothing that [`to_bytes`] wrote.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Error> {
        Ok(Saved {
            header: header(bytes)?,
            file: SafeTensors::deserialize(bytes).map_err(damaged)?,
            optimizers: state(bytes)?["optimizers"].take(),
        })
    }

    /// Whether there is an optimiser of this name.
    pub fn has_optimizer(&self, which: &str) -> bool {
        self.optimizers.get(which).is_some()
    }

    /// # Errors
    /// Where a parameter is missing or has another shape.
    pub fn values<B: Backend>(&self, params: &Params<B>) -> Result<Numbers, Error> {
        let names = params.names().enumerate();
        let values = names.map(|(index, name)| read(&self.file, name, params.shape(index)));
        values.collect::<Result<_, _>>().map(Numbers)
    }

    /// The state of the optimiser `which` over `params`, which stand in it from the place `first`.
    ///
    /// # Errors
    /// Where there is no such optimiser or it has other parameters.
    pub fn optimizer<B: Backend>(
        &self,
        which: &str,
        params: &Params<B>,
        algorithm: Algorithm,
        first: usize,
    ) -> Result<OptimizerState, Error> {
        let saved = self
            .optimizers
            .get(which)
            .ok_or_else(|| Error::Checkpoint(format!("it has no optimiser `{which}`")))?;
        let mut counters: Counters = serde_json::from_value(saved.clone()).map_err(damaged)?;
        let updates = counters.updates.get(first..first + params.len());
        let updates = updates.ok_or_else(other_sizes)?.to_vec();
        counters.updates = updates;
        let mut states = Vec::new();
        for (index, name) in params.names().enumerate() {
            let kept = algorithm.state_names().iter();
            let kept = kept.map(|state| {
                let name = format!("optimizer/{which}/{state}/{name}");
                read(&self.file, &name, params.shape(index))
            });
            states.push(kept.collect::<Result<Vec<_>, _>>()?);
        }
        Ok(OptimizerState { counters, states })
    }
}

impl Numbers {
    /// Replaces the numbers of the parameters that they were read for.
    pub fn set<B: Backend>(self, params: &mut Params<B>) -> Result<(), Error> {
        let numbers = self.0.into_iter().enumerate();
        { numbers }.try_for_each(|(index, values)| params.set(index, values))
    }
}

impl OptimizerState {
    /// Updates of the parameter that had most.
    pub fn updates(&self) -> u64 {
        self.counters.updates.iter().copied().max().unwrap_or(0)
    }

    /// Counts `iteration` updates instead of those of the optimiser that was saved.
    pub fn counting(mut self, iteration: u64) -> Self {
        self.counters.iteration = iteration;
        self
    }

    /// Sets an optimiser back to this.
    pub fn restore<B: Backend>(
        self,
        params: &Params<B>,
        optimizer: &mut Optimizer<B>,
    ) -> Result<(), Error> {
        let Counters {
            iteration,
            lr,
            updates,
        } = self.counters;
        optimizer.restore(params, iteration, updates, self.states)?;
        optimizer.lr = lr;
        Ok(())
    }
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

fn other_sizes() -> Error {
    Error::Checkpoint("its optimiser state is of other parameters".into())
}

fn json(value: &impl Serialize) -> Result<serde_json::Value, Error> {
    serde_json::to_value(value).map_err(damaged)
}

fn damaged(error: impl std::fmt::Display) -> Error {
    Error::Checkpoint(error.to_string())
}
