//! Fused operations for the CPU: each reads its operands in place and makes one pass.
//!
//! How an operation is written is told in [`backend`](super::backend).

mod activation;
mod adam;
mod classes;
mod conv;
mod elementwise;
mod gates;
mod gaussian;
pub(in crate::nn) mod gemm;
mod linear;
mod lstm;
pub(in crate::nn) mod math;
pub(in crate::nn) mod memory;
mod norm;
mod panels;
mod pixels;
mod rearrange;
mod rows;
pub(in crate::nn) mod view;

#[cfg(test)]
mod tests;

use dfdx::prelude::*;
use dfdx::tensor::Tensor as Dfdx;

use super::backend::Backend;
use super::device;
use super::layers::{Activation, LstmState, LstmWeights, NormWeights, Normalised, Window};
use super::losses::Scale;
use super::optim::AdamHyper;
use super::tape::Tape;
use super::tensor::{Cube, Images, Matrix, Tensor, Vector};
use view::{Input, Slot, View, output};

impl Backend for Cpu {
    type View = View;
    type Moment = Vec<f32>;

    const NAME: &'static str = "cpu";

    fn constant<S: Shape>(&self, values: Vec<f32>, shape: S) -> Tensor<S, Self> {
        output(self, values, shape, Tape::constant())
    }

    fn to_host<S: Shape>(tensor: &Tensor<S, Self>) -> Vec<f32> {
        Input::of(tensor.retaped(Tape::constant())).numbers.to_vec()
    }

    fn renewed<S: Shape>(tensor: &Tensor<S, Self>) -> Tensor<S, Self> {
        tensor
            .device()
            .constant(Self::to_host(tensor), tensor.shape())
    }

    fn gradient<S: Shape>(
        gradients: &mut dfdx::tensor::Gradients<f32, Self>,
        tensor: &Dfdx<S, f32, Self, Tape<Self>>,
        take: bool,
    ) -> Tensor<S, Self> {
        let slot = Slot::of(tensor);
        let values = match take {
            true => slot.take(gradients),
            false => slot.add(gradients).cloned(),
        };
        let values = values.unwrap_or_else(|error| device::failed("a gradient", &error));
        output(tensor.device(), values, *tensor.shape(), Tape::constant())
    }

    fn plus_scaled(x: Vector<Self>, y: &Vector<Self>, factor: f32) -> Vector<Self> {
        elementwise::plus_scaled(x, y, factor)
    }

    fn moment(&self, values: Vec<f32>) -> Vec<f32> {
        values
    }

    fn moment_to_host(moment: &Vec<f32>) -> Vec<f32> {
        moment.clone()
    }

    fn adam(
        hyper: &AdamHyper,
        t: u64,
        parameter: &mut Vector<Self>,
        first: &mut Vec<f32>,
        second: &mut Vec<f32>,
        gradient: &Vector<Self>,
    ) {
        adam::adam(hyper, t, parameter, first, second, gradient);
    }

    /// Without `gemm`, dfdx 0.13's own product on the CPU keeps only the last of its summands. This one checks
    /// the products of [`gemm`] and shares nothing with them.
    fn matmul(a: Matrix<Cpu>, b: Matrix<Cpu>) -> Matrix<Cpu> {
        let shape = (a.rows(), a.columns(), b.columns());
        let a = a.inner.broadcast_like::<_, Axis<2>>(&shape);
        let b = b.inner.broadcast_like::<_, Axis<0>>(&shape);
        Tensor::from_dfdx((a * b).sum::<(usize, usize), Axis<1>>())
    }

    fn linear(
        x: Matrix<Self>,
        weight: Matrix<Self>,
        bias: Option<Vector<Self>>,
        activation: Activation,
    ) -> Matrix<Self> {
        linear::linear(x, weight, bias, activation)
    }

    fn activate<S: Shape>(x: Tensor<S, Self>, activation: Activation) -> Tensor<S, Self> {
        activation::activate(x, activation)
    }

    fn split_columns(x: Matrix<Self>, at: usize) -> (Matrix<Self>, Matrix<Self>) {
        gaussian::split_columns(x, at)
    }

    fn gaussian_sample(
        mean: Matrix<Self>,
        log_var: Matrix<Self>,
        noise: Matrix<Self>,
    ) -> Matrix<Self> {
        gaussian::gaussian_sample(mean, log_var, noise)
    }

    fn bernoulli_nll(logits: Matrix<Self>, targets: Matrix<Self>) -> Vector<Self> {
        rows::bernoulli_nll(logits, targets)
    }

    fn gaussian_nll(
        x: Matrix<Self>,
        mean: Matrix<Self>,
        scale: Matrix<Self>,
        kind: Scale,
    ) -> Vector<Self> {
        rows::gaussian_nll(x, mean, scale, kind)
    }

    fn gaussian_nll_fixed(x: Matrix<Self>, mean: Matrix<Self>, sigma: f32) -> Vector<Self> {
        rows::gaussian_nll_fixed(x, mean, sigma)
    }

    fn log_softmax(x: Matrix<Self>) -> Matrix<Self> {
        classes::log_softmax(x)
    }

    fn logsumexp(x: Matrix<Self>) -> Vector<Self> {
        classes::logsumexp(x)
    }

    fn cross_entropy(logits: Matrix<Self>, labels: &[usize]) -> Vector<Self> {
        classes::cross_entropy(logits, labels)
    }

    fn kl_standard(mean: Matrix<Self>, log_var: Matrix<Self>) -> Vector<Self> {
        rows::kl_standard(mean, log_var)
    }

    fn gather_rows(x: Matrix<Self>, rows: &[usize]) -> Matrix<Self> {
        rearrange::gather_rows(x, rows)
    }

    fn join_columns(left: Matrix<Self>, right: Matrix<Self>) -> Matrix<Self> {
        rearrange::join_columns(left, right)
    }

    fn lstm(
        x: Matrix<Self>,
        weights: LstmWeights<Self>,
        first: LstmState<Self>,
    ) -> (Matrix<Self>, Matrix<Self>) {
        lstm::lstm(x, weights, first)
    }

    fn conv2d(
        x: Images<Self>,
        weight: Images<Self>,
        bias: Option<Vector<Self>>,
        window: Window,
        activation: Activation,
    ) -> Images<Self> {
        conv::conv2d(x, weight, bias, window, activation)
    }

    fn conv_transpose2d(
        x: Images<Self>,
        weight: Images<Self>,
        bias: Option<Vector<Self>>,
        window: Window,
        extra: (usize, usize),
        activation: Activation,
    ) -> Images<Self> {
        conv::conv_transpose2d(x, weight, bias, window, extra, activation)
    }

    fn batch_norm(
        x: Cube<Self>,
        weights: NormWeights<Self>,
        given: Option<(Vector<Self>, Vector<Self>)>,
        activation: Activation,
    ) -> Normalised<Self> {
        norm::batch_norm(x, weights, given, activation)
    }

    fn add<S: Shape>(
        a: Tensor<S, Self>,
        b: Tensor<S, Self>,
        activation: Activation,
    ) -> Tensor<S, Self> {
        elementwise::add(a, b, activation)
    }

    fn times_derivative<S: Shape>(
        x: Tensor<S, Self>,
        y: Tensor<S, Self>,
        activation: Activation,
    ) -> Tensor<S, Self> {
        elementwise::times_derivative(x, y, activation)
    }

    fn shift(x: Images<Self>, down: usize, right: usize) -> Images<Self> {
        pixels::shift(x, down, right)
    }

    fn gate(x: Matrix<Self>) -> Matrix<Self> {
        pixels::gate(x)
    }
}
