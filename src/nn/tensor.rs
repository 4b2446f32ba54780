//! The tensor of this crate: a dfdx tensor with run-time shape, a shared tape and, on the CPU, a
//! view of its numbers.
//!
//! dfdx keeps the storage of a tensor to itself: from outside it can only be copied. The fused
//! CPU operations would spend much of their time on such copies, so a tensor made by one of them
//! carries a [`Backend::View`] of the numbers it was made from. A tensor that comes out of a dfdx
//! operation has none and is copied once when a fused operation asks for it.

use dfdx::prelude::*;
use dfdx::tensor::Tensor as Dfdx;

use super::backend::Backend;
use super::gradients::Gradients;
use super::tape::Tape;

/// A float32 tensor of shape `S` (a tuple of `usize`) on backend `B`.
#[derive(Clone)]
pub struct Tensor<S: Shape, B: Backend> {
    pub(super) inner: Dfdx<S, f32, B, Tape<B>>,
    pub(super) view: B::View,
}

/// A single number.
pub type Scalar<B> = Tensor<(), B>;
/// `[n]`
pub type Vector<B> = Tensor<(usize,), B>;
/// `[rows, columns]`; rows are observations.
pub type Matrix<B> = Tensor<(usize, usize), B>;
/// `[a, b, c]`, for instance `[batch, time, features]`.
pub type Cube<B> = Tensor<(usize, usize, usize), B>;
/// `[N, C, H, W]`
pub type Images<B> = Tensor<(usize, usize, usize, usize), B>;

impl<S: Shape, B: Backend> std::fmt::Debug for Tensor<S, B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tensor{:?}", self.dims())
    }
}

impl<S: Shape, B: Backend> Tensor<S, B> {
    /// Wraps the result of a dfdx operation.
    pub fn from_dfdx(inner: Dfdx<S, f32, B, Tape<B>>) -> Self {
        Tensor {
            inner,
            view: B::View::default(),
        }
    }

    /// The dfdx tensor, for compositions of dfdx operations.
    pub fn into_dfdx(self) -> Dfdx<S, f32, B, Tape<B>> {
        self.inner
    }

    /// The shape, as dfdx wants it.
    pub fn shape(&self) -> S {
        *self.inner.shape()
    }

    /// The shape, outermost dimension first.
    pub fn dims(&self) -> Vec<usize> {
        self.inner.shape().concrete().into_iter().collect()
    }

    /// How many numbers it holds.
    pub fn len(&self) -> usize {
        self.inner.shape().num_elements()
    }

    /// Whether it holds no number at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The device it lives on.
    pub fn device(&self) -> &B {
        self.inner.device()
    }

    /// Copies the numbers to the host, row-major.
    pub fn to_vec(&self) -> Vec<f32> {
        B::to_host(self)
    }

    /// The tape of this tensor.
    pub fn tape(&self) -> Tape<B> {
        let (_, tape) = self.inner.clone().split_tape();
        tape
    }

    /// Whether a gradient will reach this tensor.
    pub fn is_tracked(&self) -> bool {
        self.tape().is_recording()
    }

    /// The same numbers as a new constant: no gradient flows past this point.
    pub fn detach(&self) -> Self {
        B::renewed(self)
    }

    /// The same numbers as a new tensor watched by `tape`, whose gradient
    /// [`Gradients::of`] then knows.
    pub fn watched(&self, tape: &Tape<B>) -> Self {
        B::renewed(self).retaped(tape.clone())
    }

    /// The same tensor, known to gradients under the same identity, on another tape.
    pub(super) fn retaped(&self, tape: Tape<B>) -> Self {
        let (inner, _) = self.inner.clone().split_tape();
        Tensor {
            inner: inner.put_tape(tape),
            view: self.view.clone(),
        }
    }

    /// The same numbers under another shape of equally many.
    pub fn reshape<D: Shape>(self, shape: D) -> Tensor<D, B> {
        let view = self.view;
        Tensor {
            inner: self.inner.reshape_like(&shape),
            view,
        }
    }

    /// Sum of all elements.
    pub fn sum(self) -> Scalar<B>
    where
        S: ReduceShape<S::AllAxes>,
        S: HasAxes<S::AllAxes>,
        S: ReduceShapeTo<(), S::AllAxes>,
    {
        Tensor::from_dfdx(self.inner.sum::<(), S::AllAxes>())
    }

    /// Mean of all elements.
    pub fn mean(self) -> Scalar<B>
    where
        S: ReduceShape<S::AllAxes>,
        S: HasAxes<S::AllAxes>,
        S: ReduceShapeTo<(), S::AllAxes>,
    {
        let n = self.len() as f32;
        self.sum() / n
    }

    /// Element-wise square.
    pub fn square(self) -> Self {
        Tensor::from_dfdx(self.inner.square())
    }

    /// Element-wise absolute value.
    pub fn abs(self) -> Self {
        Tensor::from_dfdx(self.inner.abs())
    }

    /// Element-wise square root.
    pub fn sqrt(self) -> Self {
        Tensor::from_dfdx(self.inner.sqrt())
    }

    /// Element-wise exponential.
    pub fn exp(self) -> Self {
        Tensor::from_dfdx(self.inner.exp())
    }

    /// Element-wise hyperbolic tangent.
    pub fn tanh(self) -> Self {
        Tensor::from_dfdx(self.inner.tanh())
    }

    /// Element-wise natural logarithm.
    pub fn ln(self) -> Self {
        Tensor::from_dfdx(self.inner.ln())
    }

    /// Element-wise restriction to `[low, high]`; no gradient outside.
    pub fn clamp(self, low: f32, high: f32) -> Self {
        Tensor::from_dfdx(self.inner.clamp(low, high))
    }
}

impl<B: Backend> Scalar<B> {
    /// The number.
    pub fn value(&self) -> f32 {
        self.to_vec()[0]
    }

    /// Runs the recording backwards from this loss. The recording is used up.
    pub fn backward(self) -> Gradients<B> {
        Gradients::from_loss(self)
    }
}

impl<B: Backend> Matrix<B> {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.shape().0
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.shape().1
    }

    /// Row sums: `[rows]`.
    pub fn sum_rows(self) -> Vector<B> {
        Tensor::from_dfdx(self.inner.sum::<(usize,), Axis<1>>())
    }

    /// Every row times `row` `[columns]`, element by element.
    pub fn times_row(self, row: Vector<B>) -> Matrix<B> {
        let shape = self.shape();
        let rows = row.inner.broadcast_like::<_, Axis<0>>(&shape);
        Tensor::from_dfdx(self.inner * rows)
    }

    /// Every column times `column` `[rows]`, element by element.
    pub fn times_column(self, column: Vector<B>) -> Matrix<B> {
        let shape = self.shape();
        let columns = column.inner.broadcast_like::<_, Axis<1>>(&shape);
        Tensor::from_dfdx(self.inner * columns)
    }

    /// Matrix product `[m, k] × [k, n]`.
    pub fn matmul(self, other: Matrix<B>) -> Matrix<B> {
        B::matmul(self, other)
    }

    /// The transpose.
    pub fn transpose(self) -> Matrix<B> {
        Tensor::from_dfdx(self.inner.permute::<(usize, usize), Axes2<1, 0>>())
    }
}

impl<B: Backend> Cube<B> {
    /// The transpose of each of its matrices: `[n, r, c]` to `[n, c, r]`.
    pub fn transposed_planes(self) -> Cube<B> {
        let swapped = self
            .inner
            .permute::<(usize, usize, usize), Axes3<0, 2, 1>>();
        Tensor::from_dfdx(swapped)
    }
}

macro_rules! binary {
    ($trait:ident, $method:ident) => {
        impl<S: Shape, B: Backend> std::ops::$trait for Tensor<S, B> {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                Tensor::from_dfdx(std::ops::$trait::$method(self.inner, other.inner))
            }
        }

        impl<S: Shape, B: Backend> std::ops::$trait<f32> for Tensor<S, B> {
            type Output = Self;
            fn $method(self, other: f32) -> Self {
                Tensor::from_dfdx(std::ops::$trait::$method(self.inner, other))
            }
        }
    };
}

binary!(Add, add);
binary!(Sub, sub);
binary!(Mul, mul);
binary!(Div, div);

impl<S: Shape, B: Backend> std::ops::Neg for Tensor<S, B> {
    type Output = Self;
    fn neg(self) -> Self {
        Tensor::from_dfdx(-self.inner)
    }
}
