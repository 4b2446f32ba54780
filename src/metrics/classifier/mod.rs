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

use crate::data::Dataset;
use crate::models::ModelError;
use crate::models::Rows;
use crate::random::Seed;

/// Observations per evaluation.
const CHUNK: usize = 100;

/// An order of the rows that the seed and their numbers decide, not the order in which they come.
pub fn order_of(x: &Rows, seed: Seed) -> Vec<usize> {
    let of = |row: &[f32]| {
        let bytes: Vec<u8> = row.iter().flat_map(|value| value.to_le_bytes()).collect();
        seed.digest(&bytes)
    };
    let digests: Vec<[u8; 32]> = x.values.chunks_exact(x.columns).map(of).collect();
    let mut order: Vec<usize> = (0..digests.len()).collect();
    order.sort_by_key(|row| digests[*row]);
    order
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
