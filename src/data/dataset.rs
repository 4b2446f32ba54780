//! A data set in memory: three splits of named arrays, and what is known about them.
//!
//! Names that loaders and readers agree on:
//!
//! | array | shape | what |
//! | --- | --- | --- |
//! | `x` | `[n, d]` or `[n, channels, height, width]` | observations; bytes are grey values, 255 is 1 |
//! | `label` | `[n]` | class, from 0 |
//! | `attributes` | `[n, a]` | 0 or 1 per attribute |
//! | `z` | `[n, latent]` | the latent variable an observation was made from |
//! | `mean` | `[n, d]` | the observation before noise |
//! | `log_density` | `[n]` | log p(x) under the true density, in nats |
//! | `lengths`, `tokens` | `[n]`, `[sum of lengths]` | sequences, one after another |
//!
//! `meta` is a JSON object with `name`, `shape` (of one observation), `range`, `origin`, `licence`,
//! and where they apply `classes`, `class_names`, `noise_variance`, `vocabulary`. `generator` holds
//! the parameters of the process that made the data, where they are known.

use std::collections::BTreeMap;

use super::Array;
use super::Numbers;
use crate::registry::choices;

/// Named arrays over the same observations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Split {
    arrays: BTreeMap<String, Array>,
}

impl Split {
    pub fn new() -> Self {
        Split::default()
    }

    /// The split with one more array.
    pub fn with(mut self, name: &str, array: Array) -> Self {
        self.arrays.insert(name.to_owned(), array);
        self
    }

    /// The array of this name.
    pub fn get(&self, name: &str) -> Option<&Array> {
        self.arrays.get(name)
    }

    /// All arrays, in order of name.
    pub fn arrays(&self) -> impl Iterator<Item = (&str, &Array)> {
        self.arrays
            .iter()
            .map(|(name, array)| (name.as_str(), array))
    }

    /// Observations.
    pub fn len(&self) -> usize {
        let counted = self.arrays.iter().find(|(name, _)| *name != "tokens");
        counted.map_or(0, |(_, array)| array.rows())
    }

    /// Whether there is no observation.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The observations `x` as rows of numbers, if this split has them. Grey values are in `[0, 1]`.
    pub fn x_f32(&self) -> Option<Vec<f32>> {
        self.get("x").map(Array::to_f32)
    }

    /// The classes, if there are any.
    pub fn labels(&self) -> Option<Vec<u32>> {
        self.get("label").and_then(Array::to_u32)
    }

    /// The sequences of `tokens`; none for other data.
    pub fn sequences(&self) -> Vec<&[u32]> {
        let lengths = self.get("lengths").and_then(Array::to_u32);
        let tokens = self.get("tokens").map(Array::numbers);
        let (Some(lengths), Some(Numbers::U32(tokens))) = (lengths, tokens) else {
            return Vec::new();
        };
        let mut rest = tokens.as_slice();
        let cut = lengths.into_iter().map_while(|length| {
            let (sequence, after) = rest.split_at_checked(length as usize)?;
            rest = after;
            Some(sequence)
        });
        cut.collect()
    }

    /// The first observations, at most `count`. For splits without sequences.
    pub fn first(&self, count: usize) -> Split {
        self.slice(0..count.min(self.len()))
    }

    /// The observations of a range of indices. Panics outside the split.
    pub fn slice(&self, rows: std::ops::Range<usize>) -> Split {
        let arrays = self.arrays.iter();
        Split {
            arrays: arrays
                .map(|(name, array)| (name.clone(), array.slice(rows.clone())))
                .collect(),
        }
    }
}

choices! {
    /// The name of a split.
    pub enum SplitName {
        Train = "train",
        Valid = "valid",
        Test = "test",
    }
}

/// Observations with their splits, and what is known about them.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    pub train: Split,
    pub valid: Split,
    pub test: Split,
    /// Parameters of the process that made the data.
    pub generator: BTreeMap<String, Array>,
    /// A JSON object; see the head of this file.
    pub meta: serde_json::Value,
}

impl Dataset {
    /// A data set without generator parameters.
    pub fn new(train: Split, valid: Split, test: Split, meta: serde_json::Value) -> Self {
        Dataset {
            train,
            valid,
            test,
            generator: BTreeMap::new(),
            meta,
        }
    }

    /// The splits with their names, in order of use.
    pub fn splits(&self) -> [(&'static str, &Split); 3] {
        [
            ("train", &self.train),
            ("valid", &self.valid),
            ("test", &self.test),
        ]
    }

    /// The split of this name: `train`, `valid` or `test`.
    pub fn split(&self, name: &str) -> Option<&Split> {
        let found = self.splits().into_iter().find(|(known, _)| *known == name);
        found.map(|(_, split)| split)
    }

    /// The name a manifest gave.
    pub fn name(&self) -> &str {
        self.meta["name"].as_str().unwrap_or_default()
    }

    /// Shape of one observation: `[channels, height, width]` or `[dimensions]`; empty for
    /// sequences.
    pub fn shape(&self) -> Vec<usize> {
        let shape = self.train.get("x").map(|x| x.shape()[1..].to_vec());
        shape.unwrap_or_default()
    }

    /// How many classes `label` has, if it is there.
    pub fn classes(&self) -> Option<usize> {
        let classes = self.meta["classes"].as_u64()?;
        usize::try_from(classes).ok()
    }

    /// Variance of the noise on each dimension of `x`, if it is known.
    pub fn noise_variance(&self) -> Option<f64> {
        let variance = self.meta["noise_variance"].as_f64();
        variance.filter(|variance| *variance > 0.0)
    }

    /// A digest of what its columns were scaled by, if they were: the same number means the same in data sets
    /// of one digest.
    pub fn scaling_digest(&self) -> Option<String> {
        let by = self.meta.get("scaled_by")?;
        let numbers = serde_json::json!([by["shift"], by["width"]]);
        let digest = blake3::hash(numbers.to_string().as_bytes());
        Some(digest.to_hex().to_string())
    }

    /// The words behind the tokens, by index; empty for other data.
    pub fn vocabulary(&self) -> Vec<&str> {
        let words = self.meta["vocabulary"].as_array();
        let words = words.into_iter().flatten();
        words
            .map(|word| word.as_str().unwrap_or_default())
            .collect()
    }

    /// A digest of the words and their order: the same token means the same word in data sets of one
    /// digest.
    pub fn vocabulary_digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for word in self.vocabulary() {
            hasher.update(word.as_bytes()).update(&[0]);
        }
        hasher.finalize().to_hex().to_string()
    }
}
