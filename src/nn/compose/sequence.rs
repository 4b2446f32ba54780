//! Twins of the operations on sequences: picking rows, joining columns, the LSTM.

use dfdx::prelude::*;

use super::{linear, product};
use crate::nn::backend::Backend;
use crate::nn::layers::{Activation, LstmState, LstmWeights};
use crate::nn::tensor::{Matrix, Tensor};

/// See [`Backend::gather_rows`].
pub fn gather_rows<B: Backend>(x: Matrix<B>, rows: &[usize]) -> Matrix<B> {
    let picks = x.device().tensor_from_vec(rows.to_vec(), (rows.len(),));
    Tensor::from_dfdx(x.into_dfdx().gather(picks))
}

/// See [`Backend::join_columns`].
pub fn join_columns<B: Backend>(left: Matrix<B>, right: Matrix<B>) -> Matrix<B> {
    Tensor::from_dfdx((left.into_dfdx(), right.into_dfdx()).concat_along(Axis::<1>))
}

/// See [`Backend::lstm`].
pub fn lstm<B: Backend>(
    x: Matrix<B>,
    weights: LstmWeights<B>,
    first: LstmState<B>,
) -> (Matrix<B>, Matrix<B>) {
    let (batch, width) = first.h.shape();
    let time = x.rows() / batch;
    let bias = weights.input_bias + weights.hidden_bias;
    let projected = linear(x, weights.input, Some(bias), Activation::Identity).into_dfdx();
    let recurrent = weights.hidden.transpose().into_dfdx();
    let (mut h, mut c) = (first.h.into_dfdx(), first.c.into_dfdx());
    let mut outputs = Vec::with_capacity(time);
    for t in 0..time {
        let rows = t * batch..(t + 1) * batch;
        let now = projected.clone().slice((rows, 0..4 * width));
        let a = now.reshape_like(&(batch, 4 * width)) + product(h, recurrent.clone());
        let gate = |k: usize| {
            let block = a.clone().slice((0..batch, k * width..(k + 1) * width));
            block.reshape_like(&(batch, width))
        };
        c = gate(1).sigmoid() * c + gate(0).sigmoid() * gate(2).tanh();
        h = gate(3).sigmoid() * c.clone().tanh();
        outputs.push(h.clone());
    }
    let y = outputs.stack().reshape_like(&(time * batch, width));
    (Tensor::from_dfdx(y), Tensor::from_dfdx(c))
}
