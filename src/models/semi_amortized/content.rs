//! Observations on the host, and the batches that networks take.

use std::collections::BTreeMap;

use crate::data::Dataset;
use crate::models::ModelError;
use crate::models::Rows;
use crate::random::Stream;

/// Observations: sequences of tokens as a data set stores them, or images as rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    Sequences(Vec<Vec<u32>>),
    Images(Rows),
}

/// Observations that pass through the networks together.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// Their places in the split.
    pub rows: Vec<usize>,
    /// In the same order; sequences of one length.
    pub content: Content,
}

impl Content {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Content::Sequences(all) => all.len(),
            Content::Images(rows) => rows.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Those of these places.
    pub fn gather(&self, rows: &[usize]) -> Content {
        match self {
            Content::Sequences(all) => {
                Content::Sequences(rows.iter().map(|row| all[*row].clone()).collect())
            }
            Content::Images(all) => Content::Images(Rows::new(all.columns, all.gather(rows))),
        }
    }

    /// Length of each: tokens, or pixels.
    pub fn lengths(&self) -> Vec<usize> {
        match self {
            Content::Sequences(all) => all.iter().map(Vec::len).collect(),
            Content::Images(rows) => vec![rows.columns; rows.len()],
        }
    }

    /// All of them in batches of one length, short ones first, in the order of the split.
    pub fn in_batches(&self, batch: usize) -> Vec<Observed> {
        let mut by_length: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (row, length) in self.lengths().into_iter().enumerate() {
            by_length.entry(length).or_default().push(row);
        }
        let batches = by_length
            .values()
            .flat_map(|rows| rows.chunks(batch.max(1)));
        batches
            .map(|rows| Observed {
                rows: rows.to_vec(),
                content: self.gather(rows),
            })
            .collect()
    }
}

/// How observations of one kind come to the networks, which take batches `X`.
pub trait Representation<X> {
    /// The observations of a split.
    ///
    /// # Errors
    /// [`ModelError::Data`] where the data set has others than the model is of.
    fn read(&self, data: &Dataset, split: &str) -> Result<Content, ModelError>;

    /// A batch; in training with `noise`, which draws what is drawn anew every time an observation comes.
    ///
    /// # Errors
    /// [`ModelError::Data`] for what does not fit: another length or shape, a token outside the vocabulary.
    fn batch(&self, content: &Content, noise: Option<&mut Stream>) -> Result<X, ModelError>;

    /// Predicted tokens, or pixels, of each: what a perplexity divides by.
    fn predicted(&self, content: &Content) -> Vec<usize>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_have_one_length_and_every_row_once() {
        let all = [3, 1, 3, 3, 1].map(|length| vec![length as u32; length]);
        let content = Content::Sequences(all.to_vec());
        let batches = content.in_batches(2);
        let rows: Vec<_> = batches.iter().map(|batch| batch.rows.clone()).collect();
        assert_eq!(rows, [vec![1, 4], vec![0, 2], vec![3]]);
        for batch in batches {
            assert_eq!(batch.content, content.gather(&batch.rows));
        }
    }
}
