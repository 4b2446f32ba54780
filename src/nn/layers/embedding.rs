//! The embedding: one learned row per word.

use crate::nn::backend::Backend;
use crate::nn::init::Init;
use crate::nn::params::{Builder, Param, Pass};
use crate::nn::tensor::Matrix;

/// A table of words: weight `[vocabulary, width]`.
#[derive(Debug, Clone)]
pub struct Embedding {
    /// `[vocabulary, width]`
    pub weight: Param<(usize, usize)>,
}

impl Embedding {
    /// With standard normal first values.
    pub fn new<B: Backend>(builder: &mut Builder<B>, vocabulary: usize, width: usize) -> Self {
        Self::with_init(builder, vocabulary, width, Init::Normal(1.0))
    }

    /// With chosen first values.
    pub fn with_init<B: Backend>(
        builder: &mut Builder<B>,
        vocabulary: usize,
        width: usize,
        init: Init,
    ) -> Self {
        Embedding {
            weight: builder.weight("weight", (vocabulary, width), init),
        }
    }

    /// One row per word number, in their order: `[n, width]`. Panics if a number is not below the
    /// size of the vocabulary.
    pub fn forward<B: Backend>(&self, pass: &Pass<B>, ids: &[usize]) -> Matrix<B> {
        B::gather_rows(pass.get(self.weight), ids)
    }
}
