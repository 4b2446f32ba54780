//! A VAE of sentences: the case `lstm-vae`.

use sweepline::nn::layers::time_major;
use sweepline::nn::*;

const VOCABULARY: usize = 2000;
const LENGTH: usize = 30;
pub(crate) const BATCH: usize = 32;
const EMBEDDING: usize = 128;
const HIDDEN: usize = 256;
const LATENT: usize = 16;

/// LSTM encoder and decoder with teacher forcing; the latent variable enters every decoder input and
/// its first state. With its fixed batch of random words.
pub(crate) struct TextVae {
    pub params: Params<Cpu>,
    encoder_words: Embedding,
    encoder: Lstm,
    posterior: Linear,
    decoder_words: Embedding,
    first_state: Linear,
    decoder: Lstm,
    logits: Linear,
    optimizer: Optimizer<Cpu>,
    pub given: Vec<usize>,
    pub target: Vec<usize>,
    iteration: u64,
}

impl TextVae {
    pub(crate) fn new() -> Self {
        let seed = Seed::new(0);
        let mut params = Params::new(&Cpu::default());
        let mut builder = params.builder(seed.derive("init"));
        let encoder_words = Embedding::new(&mut builder.part("words.0"), VOCABULARY, EMBEDDING);
        let encoder = Lstm::new(&mut builder.part("encoder"), EMBEDDING, HIDDEN, 1);
        let posterior = Linear::new(&mut builder.part("posterior"), HIDDEN, 2 * LATENT);
        let decoder_words = Embedding::new(&mut builder.part("words.1"), VOCABULARY, EMBEDDING);
        let first_state = Linear::new(&mut builder.part("first_state"), LATENT, HIDDEN);
        let decoder = Lstm::new(&mut builder.part("decoder"), EMBEDDING + LATENT, HIDDEN, 1);
        let logits = Linear::new(&mut builder.part("logits"), HIDDEN, VOCABULARY);
        let mut stream = seed.derive("data").stream(0);
        let words: Vec<usize> = (0..BATCH * (LENGTH + 1))
            .map(|_| stream.below(VOCABULARY))
            .collect();
        let sentences = || words.chunks(LENGTH + 1);
        let given: Vec<usize> = sentences().flat_map(|s| s[..LENGTH].to_vec()).collect();
        let target: Vec<usize> = sentences().flat_map(|s| s[1..].to_vec()).collect();
        TextVae {
            optimizer: Optimizer::new(&params, Algorithm::adam(0.9, 0.999), 1e-3),
            params,
            encoder_words,
            encoder,
            posterior,
            decoder_words,
            first_state,
            decoder,
            logits,
            given: time_major(&given, BATCH),
            target: time_major(&target, BATCH),
            iteration: 0,
        }
    }

    /// The noise of a step, row-major.
    pub(crate) fn noise(iteration: u64) -> Vec<f32> {
        Seed::new(1).stream(iteration).normal(BATCH * LATENT)
    }

    /// Noise, forward, backward and update; the loss before it.
    pub(crate) fn step(&mut self) -> f32 {
        let pass = self.params.record();
        let device = pass.device();
        let words = self.encoder_words.forward(&pass, &self.target);
        let first = self.encoder.zero_state(device, BATCH);
        let last = self.encoder.forward(&pass, words, first).last.remove(0).h;
        let (mean, log_var) = losses::split_columns(self.posterior.forward(&pass, last), LATENT);
        let noise = device.matrix(Self::noise(self.iteration), BATCH, LATENT);
        let z = losses::gaussian_sample(mean.clone(), log_var.clone(), noise);

        let words = self.decoder_words.forward(&pass, &self.given);
        let rows: Vec<usize> = (0..LENGTH * BATCH).map(|r| r % BATCH).collect();
        let inputs = Cpu::join_columns(words, Cpu::gather_rows(z.clone(), &rows));
        let first = LstmState {
            h: self.first_state.forward(&pass, z),
            c: device.full(0.0, (BATCH, HIDDEN)),
        };
        let hidden = self.decoder.forward(&pass, inputs, vec![first]).y;
        let nll = losses::cross_entropy(self.logits.forward(&pass, hidden), &self.target);
        let kl = losses::kl_standard(mean, log_var);
        let loss = (nll.sum() + kl.sum()) / BATCH as f32;
        let value = loss.value();
        let gradients = pass.backward(loss);
        self.optimizer.update(&mut self.params, &gradients);
        self.iteration += 1;
        value
    }
}
