//! A recurrent generator of sequences with fixed random weights, and its exact likelihood.
//!
//! z ~ N(0, I) in two dimensions; h_t = LSTM(h_{t−1}, x_{t−1}); p(x_t | x_{<t}, z) =
//! softmax(W [h_t; z] + b). The state does not depend on z, so log p(x, z) is concave in z: its mode
//! and curvature place a grid over which p(x) = ∫ p(x, z) dz is summed.

use super::Array;
use crate::random::Seed;
use crate::random::Stream;

/// Dimension of z.
pub const LATENT: usize = 2;

/// The weights, in the layout of PyTorch: gates in the order input, forget, cell, output.
pub struct Oracle {
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
    pub fn draw(vocabulary: usize, hidden: usize, seed: Seed) -> Self {
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
    pub fn arrays(&self) -> Vec<(&'static str, Array)> {
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
    pub fn sample(&self, length: usize, stream: &mut Stream) -> (Vec<u32>, [f64; LATENT]) {
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
    pub fn nll(&self, sequence: &[u32]) -> f64 {
        self.posterior(sequence).nll()
    }

    /// log p(x, z) as a function of z.
    fn posterior<'a>(&'a self, sequence: &[u32]) -> Posterior<'a> {
        let mut state = State::new(self.hidden);
        let mut before = self.vocabulary;
        let steps = sequence.iter().map(|token| {
            state.step(self, before);
            before = *token as usize;
            (before, self.logits(&state.h))
        });
        Posterior {
            oracle: self,
            steps: steps.collect(),
        }
    }

    /// What the state alone says about the next token.
    fn logits(&self, h: &[f64]) -> Vec<f64> {
        let rows = self.output_h.chunks(self.hidden).zip(&self.output_bias);
        rows.map(|(row, bias)| f64::from(*bias) + dot(row, h))
            .collect()
    }

    /// The logits under z.
    fn shifted(&self, logits: &[f64], z: [f64; LATENT]) -> Vec<f64> {
        let (weights, _) = self.output_z.as_chunks::<LATENT>();
        let pairs = logits.iter().zip(weights);
        pairs
            .map(|(logit, w)| logit + f64::from(w[0]) * z[0] + f64::from(w[1]) * z[1])
            .collect()
    }

    fn z_weight(&self, token: usize) -> [f64; LATENT] {
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

/// log p(x, z) over z: each observed token with the logits before z.
struct Posterior<'a> {
    oracle: &'a Oracle,
    steps: Vec<(usize, Vec<f64>)>,
}

/// A value with its gradient and the negative of its second derivatives (xx, xy, yy).
struct Local {
    value: f64,
    gradient: [f64; 2],
    curvature: [f64; 3],
}

impl Posterior<'_> {
    fn value(&self, z: [f64; LATENT]) -> f64 {
        let prior = -0.5 * (z[0] * z[0] + z[1] * z[1]) - std::f64::consts::TAU.ln();
        let tokens = self.steps.iter().map(|(token, logits)| {
            let logits = self.oracle.shifted(logits, z);
            logits[*token] - log_sum_exp(&logits)
        });
        prior + tokens.sum::<f64>()
    }

    fn local(&self, z: [f64; LATENT]) -> Local {
        let mut gradient = [-z[0], -z[1]];
        let mut curvature = [1.0, 0.0, 1.0];
        for (token, logits) in &self.steps {
            let logits = self.oracle.shifted(logits, z);
            let normalizer = log_sum_exp(&logits);
            let (mut mean, mut square) = ([0.0; 2], [0.0; 3]);
            for (i, logit) in logits.iter().enumerate() {
                let p = (logit - normalizer).exp();
                let [a, b] = self.oracle.z_weight(i);
                mean[0] += p * a;
                mean[1] += p * b;
                square[0] += p * a * a;
                square[1] += p * a * b;
                square[2] += p * b * b;
            }
            let [a, b] = self.oracle.z_weight(*token);
            gradient[0] += a - mean[0];
            gradient[1] += b - mean[1];
            curvature[0] += square[0] - mean[0] * mean[0];
            curvature[1] += square[1] - mean[0] * mean[1];
            curvature[2] += square[2] - mean[1] * mean[1];
        }
        Local {
            value: self.value(z),
            gradient,
            curvature,
        }
    }

    /// The mode, by Newton steps that are halved until the value grows.
    fn mode(&self) -> ([f64; LATENT], Local) {
        let mut z = [0.0; LATENT];
        let mut here = self.local(z);
        for _ in 0..100 {
            let [gx, gy] = here.gradient;
            if gx * gx + gy * gy < 1e-16 {
                break;
            }
            let [a, b, c] = here.curvature;
            let det = a * c - b * b;
            let step = [(c * gx - b * gy) / det, (a * gy - b * gx) / det];
            let halves = (0..30).map(|k| 0.5_f64.powi(k));
            let mut candidates = halves.map(|s| [z[0] + s * step[0], z[1] + s * step[1]]);
            let Some(better) = candidates.find(|z| self.value(*z) > here.value) else {
                break;
            };
            z = better;
            here = self.local(z);
        }
        (z, here)
    }

    /// The trapezoid rule in coordinates in which the curvature at the mode is one. It is exact
    /// to e^(−2π²/h²) for a Gaussian; the reach allows for tails that fall only exponentially.
    fn nll(&self) -> f64 {
        let (mode, local) = self.mode();
        // The Cholesky factor of the curvature; its inverse transposed scales the grid.
        let [a, b, c] = local.curvature;
        let l11 = a.sqrt();
        let l21 = b / l11;
        let l22 = (c - l21 * l21).sqrt();
        let nodes = (-REACH..=REACH).flat_map(|i| (-REACH..=REACH).map(move |j| (i, j)));
        let terms: Vec<f64> = nodes
            .map(|(i, j)| {
                let (u, v) = (STEP * f64::from(i), STEP * f64::from(j));
                let y = v / l22;
                let x = (u - l21 * y) / l11;
                self.value([mode[0] + x, mode[1] + y])
            })
            .collect();
        -(log_sum_exp(&terms) + 2.0 * STEP.ln() - (l11 * l22).ln())
    }
}

const STEP: f64 = 0.6;
const REACH: i32 = 14;

fn log_sum_exp(values: &[f64]) -> f64 {
    let highest = values.iter().copied().fold(f64::MIN, f64::max);
    let sum: f64 = values.iter().map(|value| (value - highest).exp()).sum();
    highest + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A plain fine grid over all of z, without mode or curvature. Both are sums of a smooth
    /// function; they agree far below the third decimal that is ever reported.
    #[test]
    fn quadrature_around_the_mode_agrees_with_a_plain_grid() {
        let oracle = Oracle::draw(12, 4, Seed::new(1));
        for row in 0..3 {
            let (sequence, _) = oracle.sample(3, &mut Seed::new(2).stream(row));
            let posterior = oracle.posterior(&sequence);
            let step: f64 = 0.04;
            let points = (-200..=200).flat_map(|i| (-200..=200).map(move |j| (i, j)));
            let grid: Vec<f64> = points
                .map(|(i, j)| posterior.value([step * f64::from(i), step * f64::from(j)]))
                .collect();
            let expected = -(log_sum_exp(&grid) + 2.0 * step.ln());
            let found = oracle.nll(&sequence);
            assert!((found - expected).abs() < 1e-4, "{found} {expected}");
        }
    }

    /// p(x) over all sequences of two tokens adds up to one.
    #[test]
    fn probabilities_of_all_sequences_add_up_to_one() {
        let oracle = Oracle::draw(5, 3, Seed::new(3));
        let pairs = (0..5).flat_map(|a| (0..5).map(move |b| [a, b]));
        let total: f64 = pairs.map(|pair| (-oracle.nll(&pair)).exp()).sum();
        assert!((total - 1.0).abs() < 1e-4, "{total}");
    }

    /// The gradient against central differences.
    #[test]
    fn the_gradient_of_the_log_density_is_its_slope() {
        let oracle = Oracle::draw(12, 4, Seed::new(1));
        let posterior = oracle.posterior(&[3, 7, 1]);
        let (z, d) = ([0.4, -0.3], 1e-5);
        let local = posterior.local(z);
        let slope = [
            (posterior.value([z[0] + d, z[1]]) - posterior.value([z[0] - d, z[1]])) / (2.0 * d),
            (posterior.value([z[0], z[1] + d]) - posterior.value([z[0], z[1] - d])) / (2.0 * d),
        ];
        for (found, expected) in local.gradient.into_iter().zip(slope) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }
}
