//! The LSTM that reads a sequence, and the one that writes it.

use super::config::Conditioning;
use super::config::Config;
use super::sequences::Sequences;
use crate::models::ModelError;
use crate::models::Rows;
use crate::models::semi_amortized::Content;
use crate::models::semi_amortized::Decoder;
use crate::models::semi_amortized::Encoder;
use crate::models::semi_amortized::Lambda;
use crate::nn::Builder;
use crate::nn::Embedding;
use crate::nn::Init;
use crate::nn::Linear;
use crate::nn::Lstm;
use crate::nn::LstmState;
use crate::nn::Matrix;
use crate::nn::Pass;
use crate::nn::Statistics;
use crate::nn::backend::Backend;
use crate::nn::layers::dropout;
use crate::nn::layers::time_major;
use crate::nn::losses;
use crate::random::Stream;

/// λ_0 is affine in the last state of an LSTM.
pub(crate) struct LstmEncoder {
    embedding: Embedding,
    lstm: Lstm,
    head: Linear,
    latent: usize,
}

impl LstmEncoder {
    pub(crate) fn new<B: Backend>(builder: &mut Builder<'_, B>, config: &Config) -> Self {
        let init = Init::Uniform(config.init);
        let (width, hidden) = (config.embedding, config.hidden);
        let latent = config.inference.latent;
        LstmEncoder {
            embedding: Embedding::with_init(
                &mut builder.part("embedding"),
                config.vocabulary,
                width,
                init,
            ),
            lstm: Lstm::with_init(&mut builder.part("lstm"), width, hidden, 1, init),
            head: affine(&mut builder.part("head"), hidden, 2 * latent, init),
            latent,
        }
    }
}

impl<B: Backend> Encoder<B, Sequences> for LstmEncoder {
    fn inputs(&self, pass: &Pass<'_, B>, x: &Sequences) -> Matrix<B> {
        self.embedding.forward(pass, &x.read)
    }

    fn encode(
        &self,
        pass: &Pass<'_, B>,
        x: &Sequences,
        inputs: Matrix<B>,
        _statistics: &Statistics<B>,
    ) -> Lambda<B> {
        let order: Vec<usize> = (0..x.read.len()).collect();
        let inputs = B::gather_rows(inputs, &time_major(&order, x.n));
        let first = self.lstm.zero_state(pass.device(), x.n);
        let last = self.lstm.forward(pass, inputs, first).last;
        let last = last.into_iter().next_back().expect("it has a layer");
        let (mean, log_var) = losses::split_columns(self.head.forward(pass, last.h), self.latent);
        [mean, log_var]
    }
}

/// A recurrent density over sequences, given z if there is one.
pub(crate) struct LstmDecoder {
    embedding: Embedding,
    /// h_0 from z.
    first: Option<Linear>,
    lstm: Lstm,
    output: Linear,
    conditioning: Option<Conditioning>,
    dropout: f32,
    /// What it begins with, what ends a sequence, and how many tokens it writes at most.
    begin: usize,
    end: Option<usize>,
    longest: usize,
}

impl LstmDecoder {
    pub(crate) fn new<B: Backend>(
        builder: &mut Builder<'_, B>,
        config: &Config,
    ) -> Result<Self, ModelError> {
        let init = Init::Uniform(config.init);
        let (width, hidden, latent) = (config.embedding, config.hidden, config.inference.latent);
        let conditioning = match latent {
            0 => None,
            _ => Some(config.conditioning()?),
        };
        let beside = |place| match conditioning == Some(place) {
            true => latent,
            false => 0,
        };
        let (input, output) = (beside(Conditioning::Input), beside(Conditioning::Output));
        let words = config.readable();
        Ok(LstmDecoder {
            embedding: Embedding::with_init(&mut builder.part("embedding"), words, width, init),
            first: (input > 0).then(|| affine(&mut builder.part("first"), latent, hidden, init)),
            lstm: Lstm::with_init(&mut builder.part("lstm"), width + input, hidden, 1, init),
            output: affine(
                &mut builder.part("output"),
                hidden + output,
                config.vocabulary,
                init,
            ),
            conditioning,
            dropout: config.dropout,
            begin: config.begin(),
            end: config.marked.then_some(crate::data::END as usize),
            longest: config.longest - usize::from(config.marked),
        })
    }

    fn first<B: Backend>(
        &self,
        pass: &Pass<'_, B>,
        z: Option<&Matrix<B>>,
        n: usize,
    ) -> LstmState<B> {
        let mut first = LstmState::zeros(pass.device(), n, self.lstm.width());
        if let (Some(affine), Some(z)) = (&self.first, z) {
            first.h = affine.forward(pass, z.clone());
        }
        first
    }

    /// The logits after each of these tokens, `[T·n, vocabulary]`, and the last state.
    fn logits<B: Backend>(
        &self,
        pass: &Pass<'_, B>,
        tokens: &[usize],
        z: Option<&Matrix<B>>,
        first: LstmState<B>,
        mut masks: Option<&mut Stream>,
    ) -> (Matrix<B>, LstmState<B>) {
        let n = first.h.rows();
        let beside = |x: Matrix<B>, place: Conditioning| match z {
            Some(z) if self.conditioning == Some(place) => {
                let every: Vec<usize> = (0..x.rows()).map(|row| row % n).collect();
                B::join_columns(x, B::gather_rows(z.clone(), &every))
            }
            _ => x,
        };
        let mut drop = |x: Matrix<B>| match &mut masks {
            Some(stream) => dropout(x, self.dropout, stream),
            None => x,
        };
        let words = drop(self.embedding.forward(pass, tokens));
        let ran = self
            .lstm
            .forward(pass, beside(words, Conditioning::Input), vec![first]);
        let states = beside(drop(ran.y), Conditioning::Output);
        let last = ran.last.into_iter().next_back().expect("it has a layer");
        (self.output.forward(pass, states), last)
    }
}

impl<B: Backend> Decoder<B, Sequences> for LstmDecoder {
    fn parts(
        &self,
        pass: &Pass<'_, B>,
        x: &Sequences,
        z: Option<Matrix<B>>,
        masks: Option<&mut Stream>,
    ) -> Matrix<B> {
        let first = self.first(pass, z.as_ref(), x.n);
        let (logits, _) = self.logits(pass, &x.fed, z.as_ref(), first, masks);
        let nll = losses::cross_entropy(logits, &x.targets);
        nll.reshape((x.targets.len() / x.n, x.n)).transpose()
    }

    fn generate(
        &self,
        pass: &Pass<'_, B>,
        z: Option<&Rows>,
        count: usize,
        stream: &mut Stream,
    ) -> Result<Content, ModelError> {
        let z = z.map(|z| pass.device().matrix(z.values.clone(), z.len(), z.columns));
        let mut state = self.first(pass, z.as_ref(), count);
        let mut tokens = vec![self.begin; count];
        let marks = self.end.map(|_| self.begin as u32);
        let mut all: Vec<Vec<u32>> = vec![marks.into_iter().collect(); count];
        let mut open = vec![true; count];
        for _ in 0..self.longest {
            let (logits, last) = self.logits(pass, &tokens, z.as_ref(), state, None);
            state = last;
            let width = logits.columns();
            for (row, logits) in logits.to_vec().chunks(width).enumerate() {
                // Every sequence draws, so that none depends on when another ends.
                tokens[row] = choose(logits, stream.unit_f64());
                if open[row] {
                    all[row].push(tokens[row] as u32);
                    open[row] = self.end != Some(tokens[row]);
                }
            }
            if !open.contains(&true) {
                break;
            }
        }
        Ok(Content::Sequences(all))
    }
}

/// The first token at which the running sum of probabilities passes `u`.
fn choose(logits: &[f32], u: f64) -> usize {
    let highest = logits.iter().copied().fold(f32::MIN, f32::max);
    let weight = |logit: f32| f64::from(logit - highest).exp();
    let mut left = u * logits.iter().map(|logit| weight(*logit)).sum::<f64>();
    let passed = logits.iter().position(|logit| {
        left -= weight(*logit);
        left < 0.0
    });
    // Rounding can leave the last bit of the sum: then it is the last token.
    passed.unwrap_or(logits.len() - 1)
}

/// An affine layer whose bias starts as its weight does.
fn affine<B: Backend>(
    builder: &mut Builder<'_, B>,
    inputs: usize,
    outputs: usize,
    init: Init,
) -> Linear {
    Linear {
        weight: builder.weight("weight", (outputs, inputs), init),
        bias: Some(builder.weight("bias", (outputs,), init)),
    }
}
