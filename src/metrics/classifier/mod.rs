//! Classifiers of observations, trained on the labels of a data set: what the inception score and
//! the coverage of modes ask.

mod config;
mod opened;
mod training;

#[cfg(test)]
mod tests;

pub use config::ClassifierKind;
pub use config::ClassifierParams;
pub use opened::Classifier;
pub use training::train;

use std::collections::HashMap;

use crate::data::Dataset;
use crate::models::ModelError;
use crate::models::Rows;
use crate::random::Seed;

/// Observations per evaluation.
const CHUNK: usize = 100;

/// An order of the rows that the seed and their numbers decide, not the order in which they come. Equal rows stand
/// anywhere, each by how many like it came before: side by side they would fill a part of their own.
pub fn order_of(x: &Rows, seed: Seed) -> Vec<usize> {
    let mut seen: HashMap<[u8; 32], u64> = HashMap::new();
    let mut of = |row: &[f32]| {
        let mut bytes: Vec<u8> = row.iter().flat_map(|value| value.to_le_bytes()).collect();
        let digest = seed.digest(&bytes);
        let before = seen.entry(digest).or_default();
        *before += 1;
        match *before {
            1 => digest,
            again => {
                bytes.extend(again.to_le_bytes());
                seed.digest(&bytes)
            }
        }
    };
    let digests: Vec<[u8; 32]> = x.values.chunks_exact(x.columns).map(&mut of).collect();
    let mut order: Vec<usize> = (0..digests.len()).collect();
    order.sort_by_key(|row| digests[*row]);
    order
}

/// What the classes of a data set are called, where it says so.
fn class_names(data: &Dataset) -> Option<Vec<String>> {
    let names = data.meta["class_names"].as_array()?.iter();
    names.map(|name| Some(name.as_str()?.to_owned())).collect()
}

/// The label of each observation of a split.
fn labels(data: &Dataset, split: &str) -> Result<Vec<usize>, ModelError> {
    let found = data.split(split).and_then(|split| split.labels());
    let labels = found.ok_or_else(|| {
        let name = data.name();
        ModelError::Data(format!("`{name}` has no labels `label` in `{split}`"))
    })?;
    let observations = data.split(split).map_or(0, |split| split.len());
    if labels.len() != observations {
        let (name, n) = (data.name(), labels.len());
        return Err(ModelError::Data(format!(
            "`{name}` has {n} labels for the {observations} observations of `{split}`"
        )));
    }
    Ok(labels.into_iter().map(|label| label as usize).collect())
}
