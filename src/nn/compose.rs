//! The twins: every fused operation as a composition of dfdx operations.
//!
//! They are what runs on CUDA, and on the CPU they check the fused versions. They follow the
//! formulas of [`losses`](super::losses) and [`layers`](super::layers) as plainly as stability allows.

pub mod conv;
pub mod norm;
pub mod pixels;
pub mod sequence;

use dfdx::prelude::*;
use dfdx::tensor::Tensor as Dfdx;

use super::backend::Backend;
use super::layers::Activation;
use super::losses::{HALF_LN_2PI, Scale};
use super::optim::AdamHyper;
use super::tape::Tape;
use super::tensor::{Matrix, Tensor, Vector};

/// See [`Backend::matmul`]: what dfdx itself would do is wrong on the CPU.
fn product<B: Backend>(
    a: Dfdx<(usize, usize), f32, B, Tape<B>>,
    b: Dfdx<(usize, usize), f32, B, Tape<B>>,
) -> Dfdx<(usize, usize), f32, B, Tape<B>> {
    B::matmul(Tensor::from_dfdx(a), Tensor::from_dfdx(b)).into_dfdx()
}

/// See [`Backend::linear`].
pub fn linear<B: Backend>(
    x: Matrix<B>,
    weight: Matrix<B>,
    bias: Option<Vector<B>>,
    activation: Activation,
) -> Matrix<B> {
    let shape = (x.rows(), weight.rows());
    let mut y = x.matmul(weight.transpose()).into_dfdx();
    if let Some(bias) = bias {
        y = y + bias.into_dfdx().broadcast_like::<_, Axis<0>>(&shape);
    }
    activate(Tensor::from_dfdx(y), activation)
}

/// See [`Backend::activate`].
pub fn activate<S: Shape, B: Backend>(x: Tensor<S, B>, activation: Activation) -> Tensor<S, B> {
    let x = x.into_dfdx();
    Tensor::from_dfdx(match activation {
        Activation::Identity => x,
        Activation::Relu => x.relu(),
        Activation::LeakyRelu(slope) => x.clone().relu() - (-x).relu() * slope,
        Activation::Elu(alpha) => x.clone().relu() + (-(-x).relu()).exp() * alpha - alpha,
        Activation::Tanh => x.tanh(),
        Activation::Sigmoid => x.sigmoid(),
        Activation::Softplus => softplus(x),
        Activation::LogSigmoid => -softplus(-x),
    })
}

/// dfdx's stable binary cross entropy at target 0 is the softplus, gradient at 0 included.
fn softplus<S: Shape, B: Backend>(
    x: dfdx::tensor::Tensor<S, f32, B, Tape<B>>,
) -> dfdx::tensor::Tensor<S, f32, B, Tape<B>> {
    let zeros = x.device().zeros_like(&x).put_tape(Tape::constant());
    x.bce_with_logits(zeros)
}

/// See [`Backend::split_columns`].
pub fn split_columns<B: Backend>(x: Matrix<B>, at: usize) -> (Matrix<B>, Matrix<B>) {
    let (rows, columns) = x.shape();
    let x = x.into_dfdx();
    let left = x.clone().slice((0..rows, 0..at));
    let right = x.slice((0..rows, at..columns));
    (Tensor::from_dfdx(left), Tensor::from_dfdx(right))
}

/// See [`Backend::gaussian_sample`].
pub fn gaussian_sample<B: Backend>(
    mean: Matrix<B>,
    log_var: Matrix<B>,
    noise: Matrix<B>,
) -> Matrix<B> {
    mean + (log_var * 0.5).exp() * noise
}

/// See [`Backend::bernoulli_nll`].
pub fn bernoulli_nll<B: Backend>(logits: Matrix<B>, targets: Matrix<B>) -> Vector<B> {
    let loss = logits.into_dfdx().bce_with_logits(targets.into_dfdx());
    Tensor::from_dfdx(loss).sum_rows()
}

/// See [`Backend::gaussian_nll`].
pub fn gaussian_nll<B: Backend>(
    x: Matrix<B>,
    mean: Matrix<B>,
    scale: Matrix<B>,
    kind: Scale,
) -> Vector<B> {
    let log_sigma = match kind {
        Scale::LogVar => scale * 0.5,
        Scale::LogSigma => scale,
    };
    let standardised = (x - mean) * (-log_sigma.clone()).exp();
    (standardised.square() * 0.5 + log_sigma + HALF_LN_2PI).sum_rows()
}

/// See [`Backend::gaussian_nll_fixed`].
pub fn gaussian_nll_fixed<B: Backend>(x: Matrix<B>, mean: Matrix<B>, sigma: f32) -> Vector<B> {
    let constant = (f64::from(sigma).ln() + f64::from(HALF_LN_2PI)) as f32;
    (((x - mean) / sigma).square() * 0.5 + constant).sum_rows()
}

/// Row maxima as constants.
fn row_maxima<B: Backend>(x: &Matrix<B>) -> Vector<B> {
    Tensor::from_dfdx(x.detach().into_dfdx().max::<(usize,), Axis<1>>())
}

/// A vector repeated along the columns of a matrix.
fn along_columns<B: Backend>(vector: Vector<B>, shape: (usize, usize)) -> Matrix<B> {
    Tensor::from_dfdx(vector.into_dfdx().broadcast_like::<_, Axis<1>>(&shape))
}

/// See [`Backend::log_softmax`].
pub fn log_softmax<B: Backend>(x: Matrix<B>) -> Matrix<B> {
    let shape = x.shape();
    let shifted = x.clone() - along_columns(row_maxima(&x), shape);
    let total = shifted.clone().exp().sum_rows().ln();
    shifted - along_columns(total, shape)
}

/// See [`Backend::logsumexp`].
pub fn logsumexp<B: Backend>(x: Matrix<B>) -> Vector<B> {
    let maxima = row_maxima(&x);
    let shape = x.shape();
    (x - along_columns(maxima.clone(), shape))
        .exp()
        .sum_rows()
        .ln()
        + maxima
}

/// See [`Backend::cross_entropy`].
pub fn cross_entropy<B: Backend>(logits: Matrix<B>, labels: &[usize]) -> Vector<B> {
    let picks = logits
        .device()
        .tensor_from_vec(labels.to_vec(), (labels.len(),));
    Tensor::from_dfdx(-log_softmax(logits).into_dfdx().select(picks))
}

/// See [`Backend::kl_standard`].
pub fn kl_standard<B: Backend>(mean: Matrix<B>, log_var: Matrix<B>) -> Vector<B> {
    (mean.square() + log_var.clone().exp() - log_var - 1.0).sum_rows() * 0.5
}

/// See [`Backend::adam`].
pub fn adam<B: Backend>(
    hyper: &AdamHyper,
    t: u64,
    parameter: &mut Vector<B>,
    first: &mut Vector<B>,
    second: &mut Vector<B>,
    gradient: &Vector<B>,
) {
    let [correct1, correct2] = hyper.corrections(t);
    let [new1, new2] = hyper.new_weights();
    let [beta1, beta2] = hyper.betas.map(|b| b as f32);
    *first = first.clone() * beta1 + gradient.clone() * new1;
    *second = second.clone() * beta2 + gradient.clone().square() * new2;
    let denominator = (second.clone() * correct2).sqrt() + hyper.eps as f32;
    *parameter = parameter.clone() - (first.clone() * correct1) * (hyper.lr as f32) / denominator;
}
