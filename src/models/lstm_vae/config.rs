//! What makes one of these models differ from another: saved with its weights.

use serde::Deserialize;
use serde::Serialize;

use crate::data::BEGIN;
use crate::data::Dataset;
use crate::data::END;
use crate::data::UNKNOWN;
use crate::models::ModelError;
use crate::models::semi_amortized::InferenceParams;
use crate::models::semi_amortized::Settings;
use crate::models::semi_amortized::SgdParams;
use crate::registry::InvalidParam;
use crate::registry::ParamValue;
use crate::registry::choices;
use crate::registry::params;

params! {
    /// What `train/lstm-vae` may be given.
    pub(crate) struct LstmVaeParams {
        inference: InferenceParams;
        /// size of a word's embedding, in the encoder and in the decoder
        embedding: usize = 512, min(1);
        /// units of either LSTM
        hidden: usize = 1024, min(1);
        /// where the decoder reads z
        conditioning: Conditioning = Conditioning::Input;
        /// whether the decoder is learned, or is the generator that made the data
        decoder: DecoderSource = DecoderSource::Learned;
        /// share of a learned decoder's embeddings and outputs that are zeroed while training
        dropout: f64 = 0.5, min(0.0), max(0.99), only_with("decoder", &["learned"]);
        /// share of the decoder's input words that are replaced by `<unk>` while training
        word_drop: f64 = 0.0, min(0.0), max(1.0);
        /// all weights and biases start uniform between −`init` and `init`
        init: f64 = 0.1, min(0.0);
        training: SgdParams;
    }
}

impl LstmVaeParams {
    /// What of them does not go together.
    pub(crate) fn conflict(&self) -> Option<InvalidParam> {
        let known = self.decoder == DecoderSource::Generator;
        if known && self.conditioning != Conditioning::Output {
            return Some(InvalidParam {
                param: "conditioning",
                message: "a generator reads z beside its states: `conditioning: output`".to_owned(),
                help: "`decoder: generator` is the data set's own decoder as it is".to_owned(),
            });
        }
        if known && !self.inference.inference.has_latent() {
            return Some(InvalidParam {
                param: "inference",
                message: "a generator has a z to infer".to_owned(),
                help: "choose a method other than `none`, or `decoder: learned`".to_owned(),
            });
        }
        None
    }
}

choices! {
    /// Where a decoder reads z.
    pub(crate) enum Conditioning {
        /// Beside every input word, and as the first state.
        Input = "input",
        /// Beside every state that a word is predicted from.
        Output = "output",
    }
}

choices! {
    /// Where a decoder comes from.
    pub(crate) enum DecoderSource {
        Learned = "learned",
        /// The data set's own, which stays as it is.
        Generator = "generator",
    }
}

/// The architecture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Config {
    /// The name of the model: opening weights looks it up by this.
    pub model: String,
    pub inference: Settings,
    /// Tokens that can be predicted.
    pub vocabulary: usize,
    /// Of the words that the tokens stand for; weights of before it was kept have none.
    #[serde(default)]
    pub words: Option<String>,
    /// Sequences are stored between [`BEGIN`] and [`END`]; others begin with a symbol of the model's own.
    pub marked: bool,
    /// Most tokens of a stored training sequence.
    pub longest: usize,
    pub embedding: usize,
    pub hidden: usize,
    /// A name of [`Conditioning`].
    pub conditioning: String,
    /// A name of [`DecoderSource`].
    pub decoder: String,
    pub dropout: f32,
    pub word_drop: f32,
    pub init: f32,
}

impl Config {
    /// # Errors
    /// Where the data set has no sequences, or not the generator that is asked for.
    pub(crate) fn new(
        name: &str,
        data: &Dataset,
        params: &LstmVaeParams,
    ) -> Result<Self, ModelError> {
        let lengths = data.train.sequences().into_iter().map(<[u32]>::len);
        let longest = lengths.max().ok_or_else(|| {
            ModelError::Data(format!("`{}` has no sequences in `train`", data.name()))
        })?;
        let words = data.vocabulary();
        let marked = [(BEGIN, "<s>"), (END, "</s>")]
            .iter()
            .all(|(at, mark)| words.get(*at as usize) == Some(mark));
        if params.word_drop > 0.0 && !marked {
            return Err(ModelError::Data(format!(
                "`word_drop` puts `<unk>` in the place of words, and `{}` has none: leave it out",
                data.name()
            )));
        }
        let known = params.decoder == DecoderSource::Generator;
        if let Some(wrong) = params.conflict() {
            return Err(ModelError::Data(wrong.message));
        }
        let size = |array: &str, axis: usize, otherwise: usize| match known {
            false => Ok(otherwise),
            true => {
                let found = data.generator.get(array).map(|array| array.shape()[axis]);
                found.ok_or_else(|| no_generator(data))
            }
        };
        let config = Config {
            model: name.to_owned(),
            inference: Settings::new(&params.inference, params.training.batch),
            vocabulary: words.len(),
            words: Some(data.vocabulary_digest()),
            marked,
            longest,
            embedding: size("embedding", 1, params.embedding)?,
            hidden: size("output_h", 1, params.hidden)?,
            conditioning: params.conditioning.name().to_owned(),
            decoder: params.decoder.name().to_owned(),
            dropout: if known { 0.0 } else { params.dropout as f32 },
            word_drop: params.word_drop as f32,
            init: params.init as f32,
        };
        let of_generator = size("output_z", 1, config.inference.latent)?;
        if config.inference.latent != of_generator {
            return Err(ModelError::Data(format!(
                "the generator of `{}` has a z of {of_generator} dimensions: give `latent: {of_generator}`",
                data.name()
            )));
        }
        Ok(config)
    }

    /// Where z is read.
    pub(crate) fn conditioning(&self) -> Result<Conditioning, ModelError> {
        let found = Conditioning::of(&self.conditioning.as_str().into());
        found.ok_or_else(|| {
            ModelError::Weights(format!("`{}` is no conditioning", self.conditioning))
        })
    }

    /// What stands before the first predicted token.
    pub(crate) fn begin(&self) -> usize {
        match self.marked {
            true => BEGIN as usize,
            false => self.vocabulary,
        }
    }

    /// Tokens that the decoder can read.
    pub(crate) fn readable(&self) -> usize {
        self.vocabulary.max(self.begin() + 1)
    }

    /// What a dropped word becomes.
    pub(crate) fn unknown(&self) -> usize {
        UNKNOWN as usize
    }
}

pub(crate) fn no_generator(data: &Dataset) -> ModelError {
    ModelError::Data(format!(
        "`decoder: generator` needs a data set that was drawn from a known LSTM, such as \
         `dataset/oracle-lstm`; of `{}` no generator is known",
        data.name()
    ))
}
