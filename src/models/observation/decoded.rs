//! What a decoder emits, on the host: log p(x|z), its gradient, and the means.
//!
//! Scores are computed here, and so are bounds that weigh many samples against each other (IWAE,
//! MAPA), in double precision: the weights are constants of the gradient, so a backward pass needs
//! only the gradient at the decoder's output, and the tape holds nothing but the networks.
//!
//! [`Emitted`](super::Emitted) is the twin of this on the tape; a test holds the two equal.

use std::f64::consts::TAU;

use rayon::prelude::*;

use super::ObservationModel;
use crate::models::ModelError;
use crate::models::Rows;

/// Numbers below which other threads are not worth waking.
const MANY: usize = 1 << 16;

/// The parameters of p(x|z), a row per z, with the density they belong to.
#[derive(Clone, Debug)]
pub struct Decoded {
    model: ObservationModel,
    rows: Rows,
    /// What of log p(x|z) does not depend on x, per row.
    offsets: Vec<f64>,
    /// 1/σ² of a Gaussian.
    precision: f64,
}

/// E[x|z], a row per z, in the units of the data. They have no likelihood: that is of [`Decoded`].
#[derive(Clone, Debug, PartialEq)]
pub struct Means(Rows);

impl Means {
    /// The numbers, to be looked at.
    pub fn into_rows(self) -> Rows {
        self.0
    }
}

impl Decoded {
    /// What a decoder emitted: logits of a Bernoulli, locations of a Gaussian.
    pub fn new(model: ObservationModel, rows: Rows) -> Self {
        let d = rows.columns.max(1);
        let mut precision = 1.0;
        let offsets = match model {
            ObservationModel::Bernoulli => {
                let of = |logits: &[f32]| -> f64 {
                    logits.iter().map(|logit| -softplus((*logit).into())).sum()
                };
                match rows.values.len() < MANY {
                    true => rows.values.chunks_exact(d).map(of).collect(),
                    false => rows.values.par_chunks_exact(d).map(of).collect(),
                }
            }
            ObservationModel::Gaussian { sigma } => {
                let variance = f64::from(sigma) * f64::from(sigma);
                precision = 1.0 / variance;
                let log = (TAU * variance).ln();
                vec![-0.5 * d as f64 * log; rows.len()]
            }
        };
        Decoded {
            model,
            rows,
            offsets,
            precision,
        }
    }

    /// These rows, then those of `next`, which the same decoder emitted.
    pub fn append(&mut self, next: Decoded) {
        self.rows.values.extend(next.rows.values);
        self.offsets.extend(next.offsets);
    }

    /// How many z were decoded.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Numbers per observation.
    pub fn columns(&self) -> usize {
        self.rows.columns
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A parameter that is not finite, if there is one: then it is no density.
    pub fn not_finite(&self) -> Option<f32> {
        let mut values = self.rows.values.iter().copied();
        values.find(|value| !value.is_finite())
    }

    /// Whether it is a density over these observations.
    ///
    /// # Errors
    /// [`ModelError::Data`] with the first number that it is not a density for.
    pub fn check(&self, x: &Rows) -> Result<(), ModelError> {
        self.model.check(x, "`x`")
    }

    /// log p(x|z) of one observation at this row's z, in nats. The caller has checked that x lies
    /// in the support: [`Decoded::check`].
    pub fn log(&self, row: usize, x: &[f32]) -> f64 {
        let pairs = x.iter().zip(self.row(row));
        let pairs = pairs.map(|(x, d)| (f64::from(*x), f64::from(*d)));
        self.offsets[row]
            + match self.model {
                ObservationModel::Bernoulli => pairs.map(|(x, logit)| x * logit).sum::<f64>(),
                ObservationModel::Gaussian { .. } => {
                    let squares = pairs.map(|(x, mean)| (x - mean) * (x - mean));
                    -0.5 * self.precision * squares.sum::<f64>()
                }
            }
    }

    /// log p(x|z) of pairs: row n of `x` at row n of what was decoded, in nats.
    ///
    /// # Errors
    /// [`ModelError::Data`] where x lies outside the support of the density.
    pub fn log_likelihood(&self, x: &Rows) -> Result<Vec<f64>, ModelError> {
        self.check(x)?;
        let d = x.columns.max(1);
        let of = |(row, x): (usize, &[f32])| self.log(row, x);
        Ok(match x.values.len() < MANY {
            true => x.values.chunks_exact(d).enumerate().map(of).collect(),
            false => x.values.par_chunks_exact(d).enumerate().map(of).collect(),
        })
    }

    /// Adds `weight` times the gradient of log p(x|z) by what was emitted in this row to `into`.
    pub fn add_gradient(&self, row: usize, weight: f64, x: &[f32], into: &mut [f32]) {
        for ((x, d), into) in x.iter().zip(self.row(row)).zip(into) {
            let (x, d) = (f64::from(*x), f64::from(*d));
            let slope = match self.model {
                ObservationModel::Bernoulli => x - sigmoid(d),
                ObservationModel::Gaussian { .. } => self.precision * (x - d),
            };
            *into += (weight * slope) as f32;
        }
    }

    /// E[x|z].
    pub fn means(self) -> Means {
        let mut rows = self.rows;
        if self.model == ObservationModel::Bernoulli {
            for value in &mut rows.values {
                *value = sigmoid((*value).into()) as f32;
            }
        }
        Means(rows)
    }

    fn row(&self, row: usize) -> &[f32] {
        let d = self.rows.columns;
        &self.rows.values[row * d..][..d]
    }
}

fn softplus(a: f64) -> f64 {
    a.max(0.0) + (-a.abs()).exp().ln_1p()
}

fn sigmoid(a: f64) -> f64 {
    1.0 / (1.0 + (-a).exp())
}

/// ln Σ exp of the terms, and the terms replaced by their shares of that sum.
pub fn normalise(terms: &mut [f64]) -> f64 {
    let highest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if highest == f64::NEG_INFINITY {
        return highest;
    }
    let mut sum = 0.0;
    for term in terms.iter_mut() {
        *term = (*term - highest).exp();
        sum += *term;
    }
    for term in terms {
        *term /= sum;
    }
    highest + sum.ln()
}
