//! A recurrent generator of sequences with fixed random weights.
//!
//! z ~ N(0, I) in two dimensions; h_t = LSTM(h_{t−1}, x_{t−1}); p(x_t | x_{<t}, z) =
//! softmax(W [h_t; z] + b). Its likelihood is in [`super::oracle_likelihood`].

use super::Array;
use super::oracle_likelihood::Posterior;
use crate::random::Seed;
use crate::random::Stream;

/// Dimension of z.
pub(super) const LATENT: usize = 2;

/// The weights, in the layout of PyTorch: gates in the order input, forget, cell, output.
pub(super) struct Oracle {
    pub vocabulary: usize,
    pub hidden: usize,
    /// `[vocabulary + 1, hidden]`; the last row is the start symbol.
    embedding: Vec<f32>,
    /// `[4 hidden, hidden]`
    weight_ih: Vec<f32>,
    /// `[4 hidden, hidden]`
    weight_hh: Vec<f32>,
    /// `[4 hidden]` each
    bias_ih: Vec<f32>,
    bias_hh: Vec<f32>,
    /// `[vocabulary, hidden]`
    output_h: Vec<f32>,
    /// `[vocabulary, 2]`
    output_z: Vec<f32>,
    /// `[vocabulary]`
    output_bias: Vec<f32>,
}

impl Oracle {
    /// Weights from U(−1, 1), those that read z from U(−5, 5), embeddings from N(0, 1).
    pub(super) fn draw(vocabulary: usize, hidden: usize, seed: Seed) -> Self {
        let stream = |purpose| seed.derive(purpose).stream(0);
        let uniform = |purpose, n| stream(purpose).uniform(n, -1.0, 1.0);
        let square = 4 * hidden * hidden;
        Oracle {
            vocabulary,
            hidden,
            embedding: stream("embedding").normal((vocabulary + 1) * hidden),
            weight_ih: uniform("weight_ih", square),
            weight_hh: uniform("weight_hh", square),
            bias_ih: uniform("bias_ih", 4 * hidden),
            bias_hh: uniform("bias_hh", 4 * hidden),
            output_h: uniform("output_h", vocabulary * hidden),
            output_z: stream("output_z").uniform(vocabulary * LATENT, -5.0, 5.0),
            output_bias: uniform("output_bias", vocabulary),
        }
    }

    /// All weights by name.
    pub(super) fn arrays(&self) -> Vec<(&'static str, Array)> {
        let (v, h) = (self.vocabulary, self.hidden);
        vec![
            ("embedding", Array::new(&[v + 1, h], self.embedding.clone())),
            ("weight_ih", Array::new(&[4 * h, h], self.weight_ih.clone())),
            ("weight_hh", Array::new(&[4 * h, h], self.weight_hh.clone())),
            ("bias_ih", Array::column(self.bias_ih.clone())),
            ("bias_hh", Array::column(self.bias_hh.clone())),
            ("output_h", Array::new(&[v, h], self.output_h.clone())),
            ("output_z", Array::new(&[v, LATENT], self.output_z.clone())),
            ("output_bias", Array::column(self.output_bias.clone())),
        ]
    }

    /// A sequence of `length` tokens and the z it was drawn with.
    pub(super) fn sample(&self, length: usize, stream: &mut Stream) -> (Vec<u32>, [f64; LATENT]) {
        let normal = stream.normal_f64(LATENT);
        let z = [normal[0], normal[1]];
        let mut state = State::new(self.hidden);
        let mut token = self.vocabulary;
        let sequence = (0..length).map(|_| {
            state.step(self, token);
            let logits = self.shifted(&self.logits(&state.h), z);
            token = choose(&logits, stream.unit_f64());
            token as u32
        });
        (sequence.collect(), z)
    }

    /// −log p(x) in nats, by quadrature over z.
    pub(super) fn nll(&self, sequence: &[u32]) -> f64 {
        self.posterior(sequence).nll()
    }

    /// log p(x, z) as a function of z.
    pub(super) fn posterior<'a>(&'a self, sequence: &[u32]) -> Posterior<'a> {
        let mut state = State::new(self.hidden);
        let mut before = self.vocabulary;
        let steps = sequence.iter().map(|token| {
            state.step(self, before);
            before = *token as usize;
            (before, self.logits(&state.h))
        });
        Posterior::new(self, steps.collect())
    }

    /// What the state alone says about the next token.
    fn logits(&self, h: &[f64]) -> Vec<f64> {
        let rows = self.output_h.chunks(self.hidden).zip(&self.output_bias);
        rows.map(|(row, bias)| f64::from(*bias) + dot(row, h))
            .collect()
    }

    /// The logits under z.
    pub(super) fn shifted(&self, logits: &[f64], z: [f64; LATENT]) -> Vec<f64> {
        let (weights, _) = self.output_z.as_chunks::<LATENT>();
        let pairs = logits.iter().zip(weights);
        pairs
            .map(|(logit, w)| logit + f64::from(w[0]) * z[0] + f64::from(w[1]) * z[1])
            .collect()
    }

    /// The two output weights of a token that read z.
    pub(super) fn z_weight(&self, token: usize) -> [f64; LATENT] {
        [2 * token, 2 * token + 1].map(|i| f64::from(self.output_z[i]))
    }
}

/// Eight partial sums, in a fixed order, so that the loop runs on vector units.
fn dot(weights: &[f32], values: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    for (weights, values) in weights.chunks(8).zip(values.chunks(8)) {
        for (sum, (weight, value)) in sums.iter_mut().zip(weights.iter().zip(values)) {
            *sum += f64::from(*weight) * value;
        }
    }
    sums.iter().sum()
}

/// The first index at which the running sum of probabilities passes `u`.
fn choose(logits: &[f64], u: f64) -> usize {
    let highest = logits.iter().copied().fold(f64::MIN, f64::max);
    let total: f64 = logits.iter().map(|logit| (logit - highest).exp()).sum();
    let mut left = u * total;
    let passed = logits.iter().position(|logit| {
        left -= (logit - highest).exp();
        left < 0.0
    });
    // Rounding can leave the last bit of the sum: then it is the last token.
    passed.unwrap_or(logits.len() - 1)
}

/// Hidden and cell state.
struct State {
    h: Vec<f64>,
    c: Vec<f64>,
}

impl State {
    fn new(hidden: usize) -> Self {
        State {
            h: vec![0.0; hidden],
            c: vec![0.0; hidden],
        }
    }

    fn step(&mut self, oracle: &Oracle, token: usize) {
        let n = oracle.hidden;
        let input = &oracle.embedding[token * n..(token + 1) * n];
        let input: Vec<f64> = input.iter().map(|x| f64::from(*x)).collect();
        let gate = |row: usize| {
            let weights = row * n..(row + 1) * n;
            f64::from(oracle.bias_ih[row])
                + f64::from(oracle.bias_hh[row])
                + dot(&oracle.weight_ih[weights.clone()], &input)
                + dot(&oracle.weight_hh[weights], &self.h)
        };
        let gates: Vec<f64> = (0..4 * n).map(gate).collect();
        for i in 0..n {
            let [input, forget, cell, output] = [0, n, 2 * n, 3 * n].map(|start| gates[start + i]);
            self.c[i] = sigmoid(forget) * self.c[i] + sigmoid(input) * cell.tanh();
            self.h[i] = sigmoid(output) * self.c[i].tanh();
        }
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
