//! The devices: one trait whose methods are the fused operations, each with a twin made of dfdx
//! operations as its default.
//!
//! # To add a fused operation
//!
//! 1. Write its twin in [`compose`], generic over `B: Backend`, from dfdx
//!    operations on [`Tensor::into_dfdx`]. Any tensor may be cloned and used twice: the tape is a
//!    shared handle. The twin is what runs on CUDA.
//! 2. Add a method here whose default body calls the twin.
//! 3. Write the CPU version in [`cpu`](super::cpu) and call it in `impl Backend for Cpu`. A CPU
//!    operation takes its inputs with `Input::of`, computes plain slices into a fresh `Vec`,
//!    returns `output(…)` and, if its tape records, records a closure that takes the output's
//!    gradient (`Slot::take`) and *adds* to the inputs' gradients (`Slot::add`). Inputs that are
//!    not tracked need no gradient: ask `Input::is_tracked` and skip the work.
//! 4. Test that both agree, value and gradients (`cpu::tests::agree`), extreme inputs included.
//!
//! Results may not depend on the number of threads: split work into chunks of fixed size, reduce
//! within a chunk in a fixed order and over chunks in order.
//!
//! Sizes that do not match are bugs of the caller and panic with both sizes. A device that fails
//! (no memory) panics too: [`device::caught`] makes an error of that.

use dfdx::prelude::*;
use dfdx::tensor::Tensor as Dfdx;

use super::compose;
use super::device;
use super::layers::{Activation, LstmState, LstmWeights, NormWeights, Normalised, Window};
use super::losses::Scale;
use super::optim::AdamHyper;
use super::tape::Tape;
use super::tensor::{Cube, Images, Matrix, Tensor, Vector};

/// A device that trains: [`Cpu`] always, `Cuda` with the feature `cuda`.
pub trait Backend: dfdx::tensor_ops::Device<f32> {
    /// What a tensor carries beside dfdx's storage to let fused operations read it in place.
    type View: Clone + Default + 'static;
    /// One moment of an adaptive optimiser, updated in place where the device allows it.
    type Moment: Clone;

    /// `cpu` or `cuda`: part of a step's key.
    const NAME: &'static str;

    /// A constant from row-major numbers. Panics if their number does not fit the shape.
    fn constant<S: Shape>(&self, values: Vec<f32>, shape: S) -> Tensor<S, Self> {
        assert_eq!(values.len(), shape.num_elements(), "numbers for {shape:?}");
        let inner = self.try_tensor_from_vec(values, shape);
        let inner = inner.unwrap_or_else(|error| device::failed("a tensor", &error));
        Tensor::from_dfdx(inner.put_tape(Tape::constant()))
    }

    /// A constant vector.
    fn vector(&self, values: Vec<f32>) -> Vector<Self> {
        let n = values.len();
        self.constant(values, (n,))
    }

    /// A constant matrix, row-major.
    fn matrix(&self, values: Vec<f32>, rows: usize, columns: usize) -> Matrix<Self> {
        self.constant(values, (rows, columns))
    }

    /// A constant of one repeated number.
    fn full<S: Shape>(&self, value: f32, shape: S) -> Tensor<S, Self> {
        self.constant(vec![value; shape.num_elements()], shape)
    }

    /// Copies a tensor to the host.
    fn to_host<S: Shape>(tensor: &Tensor<S, Self>) -> Vec<f32> {
        tensor.inner.as_vec()
    }

    /// The same numbers as a constant with an identity of its own: dfdx adds gradients by identity,
    /// so a detached tensor must not share that of its origin.
    fn renewed<S: Shape>(tensor: &Tensor<S, Self>) -> Tensor<S, Self> {
        let inner = tensor.retaped(Tape::constant()).inner;
        Tensor::from_dfdx(inner + 0.0)
    }

    /// The gradient of `tensor`; with `take` it is moved out where the device allows it.
    fn gradient<S: Shape>(
        gradients: &mut dfdx::tensor::Gradients<f32, Self>,
        tensor: &Dfdx<S, f32, Self, Tape<Self>>,
        _take: bool,
    ) -> Tensor<S, Self> {
        if let Err(error) = gradients.get_or_alloc_mut(tensor) {
            device::failed("a gradient", &error);
        }
        Tensor::from_dfdx(gradients.get(tensor).put_tape(Tape::constant()))
    }

    /// Sum of squares in float64, in a fixed order.
    fn sum_of_squares(vector: &Vector<Self>) -> f64 {
        let values = vector.to_vec();
        values.iter().map(|v| f64::from(*v).powi(2)).sum()
    }

    /// `x + y · factor`.
    fn plus_scaled(x: Vector<Self>, y: &Vector<Self>, factor: f32) -> Vector<Self> {
        x + y.clone() * factor
    }

    /// A moment of `values.len()` numbers.
    fn moment(&self, values: Vec<f32>) -> Self::Moment;

    /// Copies a moment to the host.
    fn moment_to_host(moment: &Self::Moment) -> Vec<f32>;

    /// One Adam update (Kingma & Ba 2015, algorithm 1) of a parameter, iteration `t` from 1.
    fn adam(
        hyper: &AdamHyper,
        t: u64,
        parameter: &mut Vector<Self>,
        first: &mut Self::Moment,
        second: &mut Self::Moment,
        gradient: &Vector<Self>,
    );

    /// Matrix product `[m, k] × [k, n]`, for the twins.
    #[expect(
        clippy::disallowed_methods,
        reason = "right on every device but the CPU, which has its own"
    )]
    fn matmul(a: Matrix<Self>, b: Matrix<Self>) -> Matrix<Self> {
        Tensor::from_dfdx(a.inner.matmul(b.inner))
    }

    /// `activation(x weightᵀ + bias)`: `[n, in]`, `[out, in]`, `[out]` to `[n, out]`.
    fn linear(
        x: Matrix<Self>,
        weight: Matrix<Self>,
        bias: Option<Vector<Self>>,
        activation: Activation,
    ) -> Matrix<Self> {
        compose::linear(x, weight, bias, activation)
    }

    /// Element-wise activation.
    fn activate<S: Shape>(x: Tensor<S, Self>, activation: Activation) -> Tensor<S, Self> {
        compose::activate(x, activation)
    }

    /// Columns `..at` and `at..` as two matrices.
    fn split_columns(x: Matrix<Self>, at: usize) -> (Matrix<Self>, Matrix<Self>) {
        compose::split_columns(x, at)
    }

    /// `mean + exp(log_var / 2) · noise`, element-wise.
    fn gaussian_sample(
        mean: Matrix<Self>,
        log_var: Matrix<Self>,
        noise: Matrix<Self>,
    ) -> Matrix<Self> {
        compose::gaussian_sample(mean, log_var, noise)
    }

    /// Row sums of `softplus(a) − a t`.
    fn bernoulli_nll(logits: Matrix<Self>, targets: Matrix<Self>) -> Vector<Self> {
        compose::bernoulli_nll(logits, targets)
    }

    /// Row sums of `½ ln 2π + ln σ + (x − mean)² / 2σ²`.
    fn gaussian_nll(
        x: Matrix<Self>,
        mean: Matrix<Self>,
        scale: Matrix<Self>,
        kind: Scale,
    ) -> Vector<Self> {
        compose::gaussian_nll(x, mean, scale, kind)
    }

    /// The same with one known standard deviation.
    fn gaussian_nll_fixed(x: Matrix<Self>, mean: Matrix<Self>, sigma: f32) -> Vector<Self> {
        compose::gaussian_nll_fixed(x, mean, sigma)
    }

    /// Row-wise `x − logsumexp(x)`.
    fn log_softmax(x: Matrix<Self>) -> Matrix<Self> {
        compose::log_softmax(x)
    }

    /// Row-wise `ln Σ exp(x)`.
    fn logsumexp(x: Matrix<Self>) -> Vector<Self> {
        compose::logsumexp(x)
    }

    /// `−log_softmax(logits)[row, label]` per row.
    fn cross_entropy(logits: Matrix<Self>, labels: &[usize]) -> Vector<Self> {
        compose::cross_entropy(logits, labels)
    }

    /// Row-wise KL from N(mean, exp(log_var)) to N(0, I).
    fn kl_standard(mean: Matrix<Self>, log_var: Matrix<Self>) -> Vector<Self> {
        compose::kl_standard(mean, log_var)
    }

    /// The rows of `x` with these numbers, in this order; a row may come several times or never.
    fn gather_rows(x: Matrix<Self>, rows: &[usize]) -> Matrix<Self> {
        compose::sequence::gather_rows(x, rows)
    }

    /// Two matrices of equally many rows side by side.
    fn join_columns(left: Matrix<Self>, right: Matrix<Self>) -> Matrix<Self> {
        compose::sequence::join_columns(left, right)
    }

    /// One LSTM layer over a sequence: `x` `[T·B, I]`, time step after time step, to its outputs
    /// `[T·B, H]` and the last cell state `[B, H]`. B is the number of rows of the first state.
    fn lstm(
        x: Matrix<Self>,
        weights: LstmWeights<Self>,
        first: LstmState<Self>,
    ) -> (Matrix<Self>, Matrix<Self>) {
        compose::sequence::lstm(x, weights, first)
    }

    /// Cross-correlation of images `[N, C, H, W]` with a weight `[O, C, kh, kw]`, plus the bias
    /// `[O]`, then the activation: `[N, O, H', W']`.
    fn conv2d(
        x: Images<Self>,
        weight: Images<Self>,
        bias: Option<Vector<Self>>,
        window: Window,
        activation: Activation,
    ) -> Images<Self> {
        compose::conv::conv2d(x, weight, bias, window, activation)
    }

    /// The adjoint of that: images `[N, C, H, W]`, weight `[C, O, kh, kw]`, with `extra` rows and
    /// columns below and to the right.
    fn conv_transpose2d(
        x: Images<Self>,
        weight: Images<Self>,
        bias: Option<Vector<Self>>,
        window: Window,
        extra: (usize, usize),
        activation: Activation,
    ) -> Images<Self> {
        compose::conv::conv_transpose2d(x, weight, bias, window, extra, activation)
    }

    /// Batch normalisation of `[N, C, pixels]` per channel, then the activation, by the batch's
    /// own mean and biased variance or by `given` ones `[C]`.
    fn batch_norm(
        x: Cube<Self>,
        weights: NormWeights<Self>,
        given: Option<(Vector<Self>, Vector<Self>)>,
        activation: Activation,
    ) -> Normalised<Self> {
        compose::norm::batch_norm(x, weights, given, activation)
    }

    /// `activation(a + b)`, element-wise.
    fn add<S: Shape>(
        a: Tensor<S, Self>,
        b: Tensor<S, Self>,
        activation: Activation,
    ) -> Tensor<S, Self> {
        compose::pixels::add(a, b, activation)
    }

    /// `x · activation'(·)`, element-wise, where `y` is the activation's result. The gradient
    /// reaches `y` too, as far as the derivative depends on it.
    fn times_derivative<S: Shape>(
        x: Tensor<S, Self>,
        y: Tensor<S, Self>,
        activation: Activation,
    ) -> Tensor<S, Self> {
        compose::pixels::times_derivative(x, y, activation)
    }

    /// Images moved down and to the right, with zeros above and to the left; what leaves is dropped.
    fn shift(x: Images<Self>, down: usize, right: usize) -> Images<Self> {
        compose::pixels::shift(x, down, right)
    }

    /// `tanh(a) · sigmoid(b)`, `a` and `b` being the left and the right half of the columns.
    fn gate(x: Matrix<Self>) -> Matrix<Self> {
        compose::pixels::gate(x)
    }
}
