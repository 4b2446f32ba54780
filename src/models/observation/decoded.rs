//! What a decoder emits, on the host: log p(x|z), its gradient, and the means.
//!
//! Scores are computed here, and so are bounds that weigh many samples against each other (IWAE,
//! MAPA), in double precision: the weights are constants of the gradient, so a backward pass needs
//! only the gradient at the decoder's output, and the tape holds nothing but the networks.
//!
//! [`Emitted`](super::Emitted) is the twin of this on the tape; a test holds the two equal, but for a quantized
//! normal, which is trained under noise: that is a bound of what it has here, and a test holds it below.

use std::f64::consts::TAU;

use rayon::prelude::*;

use super::LEAST_LOG_SIGMA;
use super::LEVELS;
use super::ObservationModel;
use super::levels;
use super::masses;
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
    /// Of these rows.
    pub fn new(rows: Rows) -> Self {
        Means(rows)
    }

    /// No row yet.
    pub fn none(dimensions: usize) -> Self {
        Means(Rows::new(dimensions, Vec::new()))
    }

    /// These rows, then those of `next`.
    pub fn append(&mut self, next: Means) {
        self.0.values.extend(next.0.values);
    }

    /// A number that is not finite, if there is one.
    pub fn not_finite(&self) -> Option<f32> {
        let mut values = self.0.values.iter().copied();
        values.find(|value| !value.is_finite())
    }

    /// The numbers, to be looked at.
    pub fn into_rows(self) -> Rows {
        self.0
    }
}

impl Decoded {
    /// What a decoder emitted, in the order that the [module](super) says.
    pub fn new(model: ObservationModel, rows: Rows) -> Self {
        let mut precision = 1.0;
        let offsets = match model {
            ObservationModel::Bernoulli => per_row(&rows, |logits| {
                logits.iter().map(|logit| -softplus((*logit).into())).sum()
            }),
            ObservationModel::Gaussian { sigma } => {
                let variance = f64::from(sigma) * f64::from(sigma);
                precision = 1.0 / variance;
                let log = (TAU * variance).ln();
                vec![-0.5 * rows.columns as f64 * log; rows.len()]
            }
            ObservationModel::QuantizedNormal => vec![0.0; rows.len()],
            ObservationModel::Categorical => per_row(&rows, |logits| {
                let totals = log_totals(logits);
                -totals.into_iter().sum::<f64>()
            }),
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
        self.rows.columns / self.model.emitted_per_number()
    }

    /// The parameters themselves, a row per z.
    pub fn emitted(&self) -> &Rows {
        &self.rows
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

    /// log p(x|z) of one observation at this row's z, in nats; over grey levels that of a probability. The caller has checked that x lies
    /// in the support: [`Decoded::check`].
    pub fn log(&self, row: usize, x: &[f32]) -> f64 {
        let emitted = self.row(row);
        let pairs = x.iter().zip(emitted);
        let pairs = pairs.map(|(x, d)| (f64::from(*x), f64::from(*d)));
        self.offsets[row]
            + match self.model {
                ObservationModel::Bernoulli => pairs.map(|(x, logit)| x * logit).sum::<f64>(),
                ObservationModel::Gaussian { .. } => {
                    let squares = pairs.map(|(x, mean)| (x - mean) * (x - mean));
                    -0.5 * self.precision * squares.sum::<f64>()
                }
                ObservationModel::QuantizedNormal => {
                    let (means, log_sigma) = emitted.split_at(x.len());
                    let numbers = x.iter().zip(means).zip(log_sigma);
                    let masses = numbers.map(|((x, mean), log_sigma)| {
                        let (low, high) = standardised(*x, *mean, *log_sigma);
                        masses::log_mass(low, high)
                    });
                    masses.sum()
                }
                ObservationModel::Categorical => {
                    let d = x.len();
                    let own = x.iter().enumerate();
                    own.map(|(at, x)| f64::from(emitted[levels::nearest(*x) * d + at]))
                        .sum()
                }
            }
    }

    /// log p(x|z) of one observation at every row's z, as [`Decoded::log`] has them.
    pub fn log_all(&self, x: &[f32], into: &mut [f64]) {
        let ObservationModel::Gaussian { .. } = self.model else {
            for (row, log) in into.iter_mut().enumerate() {
                *log = self.log(row, x);
            }
            return;
        };
        // Of small observations most of the time would go into finding the row and the density.
        let rows = self.rows.values.chunks_exact(x.len().max(1));
        for ((log, means), offset) in into.iter_mut().zip(rows).zip(&self.offsets) {
            let mut squares = 0.0;
            for (x, mean) in x.iter().zip(means) {
                let away = f64::from(*x) - f64::from(*mean);
                squares += away * away;
            }
            *log = offset - 0.5 * self.precision * squares;
        }
    }

    /// log p(x|z) of pairs: row n of `x` at row n of what was decoded, in nats.
    ///
    /// # Errors
    /// [`ModelError::Data`] where x lies outside the support of the density.
    pub fn log_likelihood(&self, x: &Rows) -> Result<Vec<f64>, ModelError> {
        self.check(x)?;
        Ok(self.logs(&x.values, x.columns))
    }

    /// The same of rows of so many numbers, which the caller has checked.
    pub(super) fn logs(&self, x: &[f32], columns: usize) -> Vec<f64> {
        let d = columns.max(1);
        let of = |(row, x): (usize, &[f32])| self.log(row, x);
        match x.len() < MANY {
            true => x.chunks_exact(d).enumerate().map(of).collect(),
            false => x.par_chunks_exact(d).enumerate().map(of).collect(),
        }
    }

    /// Adds `weight` times the gradient of log p(x|z) by what was emitted in this row to `into`,
    /// which is as long as that.
    pub fn add_gradient(&self, row: usize, weight: f64, x: &[f32], into: &mut [f32]) {
        let emitted = self.row(row);
        let d = x.len();
        match self.model {
            ObservationModel::Bernoulli | ObservationModel::Gaussian { .. } => {
                for ((x, d), into) in x.iter().zip(emitted).zip(into) {
                    let (x, d) = (f64::from(*x), f64::from(*d));
                    let slope = match self.model {
                        ObservationModel::Bernoulli => x - sigmoid(d),
                        _ => self.precision * (x - d),
                    };
                    *into += (weight * slope) as f32;
                }
            }
            ObservationModel::QuantizedNormal => {
                for (at, x) in x.iter().enumerate() {
                    let own = emitted[d + at];
                    let (low, high) = standardised(*x, emitted[at], own);
                    let mass = masses::log_mass(low, high);
                    let ends = [low, high].map(|end| (masses::log_density(end) - mass).exp());
                    into[at] += (weight * (ends[0] - ends[1]) / sigma(own)) as f32;
                    if own > LEAST_LOG_SIGMA {
                        into[d + at] += (weight * (low * ends[0] - high * ends[1])) as f32;
                    }
                }
            }
            ObservationModel::Categorical => {
                for (at, total) in log_totals(emitted).into_iter().enumerate() {
                    let own = levels::nearest(x[at]);
                    for level in 0..LEVELS {
                        let share = (f64::from(emitted[level * d + at]) - total).exp();
                        let slope = f64::from(u8::from(level == own)) - share;
                        into[level * d + at] += (weight * slope) as f32;
                    }
                }
            }
        }
    }

    /// E[x|z].
    pub fn means(self) -> Means {
        let d = self.columns();
        let mut rows = self.rows;
        Means(match self.model {
            ObservationModel::Gaussian { .. } => rows,
            ObservationModel::Bernoulli => {
                for value in &mut rows.values {
                    *value = sigmoid((*value).into()) as f32;
                }
                rows
            }
            ObservationModel::QuantizedNormal => {
                let all = rows.values.chunks_exact(rows.columns.max(1));
                let means = all.flat_map(|emitted| &emitted[..d]);
                Rows::new(d, means.copied().collect())
            }
            ObservationModel::Categorical => {
                let all = rows.values.chunks_exact(rows.columns.max(1));
                Rows::new(d, all.flat_map(expected_greys).collect())
            }
        })
    }

    /// The observations next to the means: where the density is one over grey levels, whole levels.
    pub fn observations(self) -> Rows {
        let leveled = self.model.is_over_levels();
        let mut rows = self.means().into_rows();
        if leveled {
            for value in &mut rows.values {
                *value = levels::grey(levels::nearest(*value)) as f32;
            }
        }
        rows
    }

    fn row(&self, row: usize) -> &[f32] {
        let d = self.rows.columns;
        &self.rows.values[row * d..][..d]
    }
}

/// A number per row, on all threads where there are many.
fn per_row(rows: &Rows, of: impl Fn(&[f32]) -> f64 + Sync + Send) -> Vec<f64> {
    let columns = rows.columns.max(1);
    match rows.values.len() < MANY {
        true => rows.values.chunks_exact(columns).map(of).collect(),
        false => rows.values.par_chunks_exact(columns).map(of).collect(),
    }
}

/// ln Σ exp over the levels of each number, from the logits of one row.
fn log_totals(logits: &[f32]) -> Vec<f64> {
    let d = logits.len() / LEVELS;
    let mut highest = vec![f32::NEG_INFINITY; d];
    for level in logits.chunks_exact(d.max(1)) {
        for (highest, logit) in highest.iter_mut().zip(level) {
            *highest = highest.max(*logit);
        }
    }
    let mut sums = vec![0.0; d];
    for level in logits.chunks_exact(d.max(1)) {
        for ((sum, logit), highest) in sums.iter_mut().zip(level).zip(&highest) {
            *sum += f64::from(logit - highest).exp();
        }
    }
    let totals = sums.into_iter().zip(highest);
    totals
        .map(|(sum, highest)| sum.ln() + f64::from(highest))
        .collect()
}

/// Σ_k softmax_k k/255 of each number, from the logits of one row.
fn expected_greys(logits: &[f32]) -> Vec<f32> {
    let totals = log_totals(logits);
    let mut greys = vec![0.0; totals.len()];
    for (level, logits) in logits.chunks_exact(totals.len().max(1)).enumerate() {
        for ((grey, logit), total) in greys.iter_mut().zip(logits).zip(&totals) {
            *grey += levels::grey(level) * (f64::from(*logit) - total).exp();
        }
    }
    greys.into_iter().map(|grey| grey as f32).collect()
}

/// σ of a quantized normal.
fn sigma(log_sigma: f32) -> f64 {
    f64::from(log_sigma.max(LEAST_LOG_SIGMA)).exp()
}

/// Both ends of a grey value's level, in standard deviations from the mean.
fn standardised(grey: f32, mean: f32, log_sigma: f32) -> (f64, f64) {
    let (low, high) = levels::ends(levels::nearest(grey));
    let (mean, sigma) = (f64::from(mean), sigma(log_sigma));
    ((low - mean) / sigma, (high - mean) / sigma)
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
