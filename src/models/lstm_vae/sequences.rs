//! Batches of sequences of one length.

use super::config::Config;
use crate::data::Dataset;
use crate::models::ModelError;
use crate::models::semi_amortized::Content;
use crate::models::semi_amortized::Representation;
use crate::nn::layers::time_major;
use crate::random::Stream;

/// Sequences of one length. Decoders work time step after time step: row `t·n + i`.
pub(crate) struct Sequences {
    /// How many there are.
    pub n: usize,
    /// What the encoder reads, sequence after sequence.
    pub read: Vec<usize>,
    /// What the decoder reads before each prediction, time step after time step.
    pub fed: Vec<usize>,
    /// What it predicts then, likewise.
    pub targets: Vec<usize>,
}

/// How the model of a configuration reads sequences.
pub(crate) struct SequenceRepresentation(pub Config);

impl Representation<Sequences> for SequenceRepresentation {
    fn read(&self, data: &Dataset, split: &str) -> Result<Content, ModelError> {
        let words = data.vocabulary().len();
        if words != self.0.vocabulary {
            return Err(ModelError::Data(format!(
                "the model has a vocabulary of {}, `{}` has one of {words}",
                self.0.vocabulary,
                data.name()
            )));
        }
        let own = data.vocabulary_digest();
        if self.0.words.as_ref().is_some_and(|known| *known != own) {
            return Err(ModelError::Data(format!(
                "the tokens of `{}` stand for other words than those that the model has learned",
                data.name()
            )));
        }
        let sequences = data.split(split).map(|s| s.sequences());
        let sequences = sequences.unwrap_or_default();
        if sequences.is_empty() {
            return Err(ModelError::Data(format!(
                "`{}` has no sequences in `{split}`",
                data.name()
            )));
        }
        let owned = sequences.into_iter().map(<[u32]>::to_vec);
        Ok(Content::Sequences(owned.collect()))
    }

    fn batch(
        &self,
        content: &Content,
        noise: Option<&mut Stream>,
    ) -> Result<Sequences, ModelError> {
        let Content::Sequences(all) = content else {
            let what = "the model is of sequences, and these are images";
            return Err(ModelError::Data(what.to_owned()));
        };
        let (n, length) = (all.len(), all.first().map_or(0, Vec::len));
        if all.iter().any(|sequence| sequence.len() != length) {
            let what = "the sequences of a batch have one length";
            return Err(ModelError::Data(what.to_owned()));
        }
        if length < self.before() + 1 {
            return Err(ModelError::Data(format!(
                "a sequence of {length} tokens predicts none"
            )));
        }
        let read: Vec<usize> = all.iter().flatten().map(|token| *token as usize).collect();
        if let Some(token) = read.iter().find(|token| **token >= self.0.vocabulary) {
            return Err(ModelError::Data(format!(
                "token {token} lies outside of the vocabulary of {}",
                self.0.vocabulary
            )));
        }
        let rows = || read.chunks(length);
        let mut fed: Vec<usize> = match self.0.marked {
            true => rows().flat_map(|row| &row[..length - 1]).copied().collect(),
            false => {
                let shifted = |row: &[usize]| [&[self.0.begin()], &row[..length - 1]].concat();
                rows().flat_map(shifted).collect()
            }
        };
        if let Some(noise) = noise.filter(|_| self.0.word_drop > 0.0) {
            let steps = fed.len() / n;
            let dropped = noise.bernoulli(fed.len(), self.0.word_drop);
            for (at, word) in fed.iter_mut().enumerate() {
                // The mark of the beginning is no word.
                if at % steps > 0 && dropped[at] == 1.0 {
                    *word = self.0.unknown();
                }
            }
        }
        let targets: Vec<usize> = rows()
            .flat_map(|row| &row[self.before()..])
            .copied()
            .collect();
        Ok(Sequences {
            n,
            fed: time_major(&fed, n),
            targets: time_major(&targets, n),
            read,
        })
    }

    fn predicted(&self, content: &Content) -> Vec<usize> {
        let lengths = content.lengths().into_iter();
        lengths.map(|l| l.saturating_sub(self.before())).collect()
    }
}

impl SequenceRepresentation {
    /// Stored tokens that are not predicted.
    fn before(&self) -> usize {
        usize::from(self.0.marked)
    }
}
