//! A mixture of diagonal Gaussians as proposal q(z|x): `Σ_c π_c N(μ_c, σ_c²)`, one mixture per
//! observation.
//!
//! Drawing components is not differentiable. Sampling every component equally often is, and weighting
//! each stratum by π_c gives a bound that is valid too (Morningstar et al. 2021, arXiv 2003.01687):
//!
//! ```text
//! log Σ_c π_c (1/S) Σ_s p(x, z_cs) / q(z_cs|x),  z_cs from component c
//! ```

use super::super::losses::{self, Scale};
use crate::nn::backend::Backend;
use crate::nn::random::Stream;
use crate::nn::tensor::{Matrix, Vector};

/// Mixtures of C components for n observations. Rows of components are ordered by observation, then
/// component: row `i·C + c`.
#[derive(Debug, Clone)]
pub struct Mixture<B: Backend> {
    /// `[n, C]`; shares are their softmax.
    pub logits: Matrix<B>,
    /// `[n·C, d]`
    pub mean: Matrix<B>,
    /// `[n·C, d]`
    pub log_var: Matrix<B>,
}

impl<B: Backend> Mixture<B> {
    /// Number of components C.
    pub fn components(&self) -> usize {
        self.logits.columns()
    }

    /// `samples` draws of every component: `noise` and result `[n·C·S, d]`, row `(i·C + c)·S + s`.
    pub fn stratified(&self, noise: Matrix<B>) -> Matrix<B> {
        let samples = noise.rows() / self.mean.rows().max(1);
        let rows: Vec<usize> = (0..noise.rows()).map(|r| r / samples.max(1)).collect();
        self.sample(&rows, noise)
    }

    /// One draw per entry of `components`, `[n·S]` row `i·S + s`, with `noise` `[n·S, d]`.
    pub fn ancestral(&self, components: &[usize], noise: Matrix<B>) -> Matrix<B> {
        let samples = components.len() / self.logits.rows().max(1);
        let row = |(r, c): (usize, &usize)| r / samples.max(1) * self.components() + c;
        let rows: Vec<usize> = components.iter().enumerate().map(row).collect();
        self.sample(&rows, noise)
    }

    fn sample(&self, rows: &[usize], noise: Matrix<B>) -> Matrix<B> {
        let mean = B::gather_rows(self.mean.clone(), rows);
        let log_var = B::gather_rows(self.log_var.clone(), rows);
        losses::gaussian_sample(mean, log_var, noise)
    }

    /// Components for [`Mixture::ancestral`], drawn by their shares: `[n·S]`.
    pub fn draw_components(&self, stream: &mut Stream, samples: usize) -> Vec<usize> {
        let shares = losses::log_softmax(self.logits.detach()).exp().to_vec();
        let mut drawn = Vec::with_capacity(samples * self.logits.rows());
        for shares in shares.chunks_exact(self.components().max(1)) {
            for _ in 0..samples {
                let mut left = stream.unit_f64();
                let found = shares.iter().position(|share| {
                    left -= f64::from(*share);
                    left < 0.0
                });
                // Shares add up to 1 but for rounding: what is beyond belongs to the last.
                drawn.push(found.unwrap_or(shares.len() - 1));
            }
        }
        drawn
    }

    /// log q(z|x) of the whole mixture for points `[n·R, d]`, R of them for each observation: `[n·R]`.
    pub fn log_density(&self, z: Matrix<B>) -> Vector<B> {
        let (n, components) = self.logits.shape();
        let (points, each) = (z.rows(), z.rows() / n.max(1));
        let pairs = || (0..points * components).map(|k| (k / components, k % components));
        let of_point: Vec<usize> = pairs().map(|(point, _)| point).collect();
        let of_component: Vec<usize> = pairs()
            .map(|(point, c)| point / each.max(1) * components + c)
            .collect();
        let z = B::gather_rows(z, &of_point);
        let mean = B::gather_rows(self.mean.clone(), &of_component);
        let log_var = B::gather_rows(self.log_var.clone(), &of_component);
        let nll = losses::gaussian_nll(z, mean, log_var, Scale::LogVar);
        let observations: Vec<usize> = (0..points).map(|p| p / each.max(1)).collect();
        let log_shares = losses::log_softmax(self.logits.clone());
        let log_shares = B::gather_rows(log_shares, &observations);
        losses::logsumexp(log_shares - nll.reshape((points, components)))
    }

    /// The stratified bound from log p(x, z) and log q(z|x) of stratified samples, `[n·C·S]` each:
    /// `[n]`, in nats.
    pub fn stratified_bound(&self, log_joint: Vector<B>, log_q: Vector<B>) -> Vector<B> {
        let (n, components) = self.logits.shape();
        let samples = log_joint.len() / (n * components).max(1);
        let log_shares = losses::log_softmax(self.logits.clone());
        let strata = log_shares.reshape((n * components,));
        let per_stratum = (log_joint - log_q).reshape((n * components, samples));
        let per_stratum = losses::logsumexp(per_stratum) - (samples as f32).ln();
        losses::logsumexp((per_stratum + strata).reshape((n, components)))
    }

    /// The bound from ancestral samples, `[n·S]` each: `[n]`, in nats.
    pub fn ancestral_bound(&self, log_joint: Vector<B>, log_q: Vector<B>) -> Vector<B> {
        let n = self.logits.rows();
        let samples = log_joint.len() / n.max(1);
        losses::logsumexp((log_joint - log_q).reshape((n, samples))) - (samples as f32).ln()
    }
}
