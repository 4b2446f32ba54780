//! A mixture of diagonal Gaussians, learned by gradient from k-means.

use crate::models::Rows;
use crate::models::posteriors::LN_2PI;
use crate::nn::Activation;
use crate::nn::Backend;
use crate::nn::Builder;
use crate::nn::Init;
use crate::nn::Matrix;
use crate::nn::Param;
use crate::nn::Params;
use crate::nn::Pass;
use crate::nn::Vector;
use crate::nn::losses;
use crate::random::Seed;

/// `p(z) = Σ_k π_k N(z; μ_k, diag σ_k²)`
#[derive(Clone, Debug)]
pub struct GaussianMixture {
    /// ln π up to a constant, `[1, K]`.
    logits: Param<(usize, usize)>,
    /// `[K, d]`
    mean: Param<(usize, usize)>,
    /// ln σ², `[K, d]`.
    log_var: Param<(usize, usize)>,
}

/// Rounds of k-means: the gradient does the rest.
const ROUNDS: usize = 20;

/// Least variance at the start: of a mean that has one point.
const LEAST: f64 = 1e-3;

impl GaussianMixture {
    /// Equal weights, means N(0, 1), variances 1.
    pub fn new<B: Backend>(builder: &mut Builder<'_, B>, components: usize, d: usize) -> Self {
        let zero = Init::Constant(0.0);
        GaussianMixture {
            logits: builder.weight("logits", (1, components), zero),
            mean: builder.weight("mean", (components, d), Init::Normal(1.0)),
            log_var: builder.weight("log_var", (components, d), zero),
        }
    }

    /// `[n]`, in nats: of all pairs by one matrix product, with precisions τ = 1/σ²,
    /// ln π − ½ Σ (τ z² − 2 τ μ z + τ μ² + ln σ² + ln 2π).
    pub fn log_density<B: Backend>(&self, pass: &Pass<B>, z: Matrix<B>) -> Vector<B> {
        let (mean, log_var) = (pass.get(self.mean), pass.get(self.log_var));
        let (components, d) = mean.shape();
        let precision = (-log_var.clone()).exp();
        let linear = mean.clone() * precision.clone();
        let square = (mean * linear.clone() + log_var).sum_rows() + d as f32 * LN_2PI as f32;
        let weights = B::join_columns(precision * -0.5, linear);
        let log_share = losses::log_softmax(pass.get(self.logits)).reshape((components,));
        let features = B::join_columns(z.clone().square(), z);
        let offsets = Some(log_share - square * 0.5);
        let logs = B::linear(features, weights, offsets, Activation::Identity);
        losses::logsumexp(logs)
    }

    /// Starts from the groups that k-means finds among the points.
    pub fn start_from<B: Backend>(&self, params: &mut Params<B>, points: &Rows, seed: Seed) {
        let (k, d) = (params.shape(self.mean.index())[0], points.columns);
        let group = k_means(points, k, seed);
        let mut counts = vec![0.0; k];
        let mut sums = vec![0.0; k * d];
        let mut squares = vec![0.0; k * d];
        for (group, point) in group.iter().zip(points.values.chunks_exact(d)) {
            counts[*group] += 1.0;
            for (j, value) in point.iter().enumerate() {
                sums[group * d + j] += f64::from(*value);
                squares[group * d + j] += f64::from(*value).powi(2);
            }
        }
        let count = |at: usize| f64::max(counts[at / d], 1.0);
        let mean: Vec<f64> = (0..k * d).map(|at| sums[at] / count(at)).collect();
        let variance = |at: usize| (squares[at] / count(at) - mean[at] * mean[at]).max(LEAST);
        let log_var = (0..k * d).map(|at| match counts[at / d] > 1.0 {
            true => variance(at).ln() as f32,
            false => 0.0,
        });
        let logits = counts.iter().map(|count| f64::max(*count, 0.5).ln() as f32);
        let (log_var, logits) = (log_var.collect(), logits.collect());
        let mean = mean.iter().map(|mean| *mean as f32).collect();
        let all = [
            (self.logits.index(), logits),
            (self.mean.index(), mean),
            (self.log_var.index(), log_var),
        ];
        for (index, values) in all {
            params.set(index, values).expect("as many as were declared");
        }
    }
}

/// The group of each point after Lloyd's algorithm from centres that k-means++ chooses.
fn k_means(points: &Rows, k: usize, seed: Seed) -> Vec<usize> {
    let d = points.columns;
    let rows: Vec<&[f32]> = points.values.chunks_exact(d).collect();
    let distance = |a: &[f32], b: &[f32]| -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum()
    };
    let mut stream = seed.derive("k-means").stream(0);
    let mut centres: Vec<Vec<f32>> = vec![rows[stream.below(rows.len())].to_vec()];
    let mut nearest = vec![f64::INFINITY; rows.len()];
    while centres.len() < k {
        let last = &centres[centres.len() - 1];
        for (nearest, row) in nearest.iter_mut().zip(&rows) {
            *nearest = nearest.min(distance(row, last));
        }
        // A point with the probability of its squared distance from the centres so far.
        let mut left = stream.unit_f64() * nearest.iter().sum::<f64>();
        let next = nearest.iter().position(|share| {
            left -= share;
            left <= 0.0
        });
        centres.push(rows[next.unwrap_or(0)].to_vec());
    }
    let closest = |row: &[f32], centres: &[Vec<f32>]| {
        let of = |c: usize| distance(row, &centres[c]);
        (0..k).min_by(|a, b| of(*a).total_cmp(&of(*b))).unwrap_or(0)
    };
    let mut group = vec![0; rows.len()];
    for _ in 0..ROUNDS {
        for (group, row) in group.iter_mut().zip(&rows) {
            *group = closest(row, &centres);
        }
        for (c, centre) in centres.iter_mut().enumerate() {
            let own: Vec<_> = group.iter().zip(&rows).filter(|(g, _)| **g == c).collect();
            if own.is_empty() {
                continue;
            }
            for (j, value) in centre.iter_mut().enumerate() {
                let sum: f64 = own.iter().map(|(_, row)| f64::from(row[j])).sum();
                *value = (sum / own.len() as f64) as f32;
            }
        }
    }
    group
}
