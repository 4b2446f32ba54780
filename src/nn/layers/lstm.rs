//! The LSTM (Hochreiter & Schmidhuber 1997, with forget gates), as PyTorch defines it.
//!
//! ```text
//! a = W_ih x_t + b_ih + W_hh h + b_hh, four blocks of H rows in the order i, f, g, o
//! c' = σ(f) c + σ(i) tanh(g)
//! h' = σ(o) tanh(c')
//! ```
//!
//! Sequences are matrices whose rows are ordered by time, then by sequence: row `t·B + b`. So a time
//! step is a block of rows, and word numbers are put in that order ([`time_major`]) before they
//! are embedded, which costs nothing.

use crate::nn::backend::Backend;
use crate::nn::init::Init;
use crate::nn::params::{Builder, Param, Pass};
use crate::nn::tensor::{Matrix, Vector};

/// State of one layer for every sequence of a batch.
#[derive(Debug, Clone)]
pub struct LstmState<B: Backend> {
    /// Output, `[B, H]`.
    pub h: Matrix<B>,
    /// Cell, `[B, H]`.
    pub c: Matrix<B>,
}

impl<B: Backend> LstmState<B> {
    /// All zeros.
    pub fn zeros(device: &B, batch: usize, width: usize) -> Self {
        LstmState {
            h: device.full(0.0, (batch, width)),
            c: device.full(0.0, (batch, width)),
        }
    }
}

/// The weights of one layer, gates stacked in the order i, f, g, o.
#[derive(Debug, Clone)]
pub struct LstmWeights<B: Backend> {
    /// `[4H, I]`
    pub input: Matrix<B>,
    /// `[4H, H]`
    pub hidden: Matrix<B>,
    /// `[4H]`
    pub input_bias: Vector<B>,
    /// `[4H]`; the two biases add up.
    pub hidden_bias: Vector<B>,
}

/// What an LSTM gives.
#[derive(Debug, Clone)]
pub struct LstmOutput<B: Backend> {
    /// Outputs of the last layer, `[T·B, H]`, time step after time step.
    pub y: Matrix<B>,
    /// Last state of every layer.
    pub last: Vec<LstmState<B>>,
}

#[derive(Debug, Clone)]
struct Layer {
    input: Param<(usize, usize)>,
    hidden: Param<(usize, usize)>,
    input_bias: Param<(usize,)>,
    hidden_bias: Param<(usize,)>,
}

/// Layers of LSTM on top of each other: parameters `weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0`,
/// `bias_hh_l0`, `weight_ih_l1`, …
#[derive(Debug, Clone)]
pub struct Lstm {
    layers: Vec<Layer>,
    width: usize,
}

impl Lstm {
    /// With PyTorch's first values, U(±1/√width) everywhere.
    pub fn new<B: Backend>(
        builder: &mut Builder<B>,
        inputs: usize,
        width: usize,
        layers: usize,
    ) -> Self {
        Self::with_init(builder, inputs, width, layers, Init::Fan(width))
    }

    /// With chosen first values for weights and biases.
    pub fn with_init<B: Backend>(
        builder: &mut Builder<B>,
        inputs: usize,
        width: usize,
        layers: usize,
        init: Init,
    ) -> Self {
        let layer = |l: usize| {
            let inputs = if l == 0 { inputs } else { width };
            let gates = 4 * width;
            Layer {
                input: builder.weight(&format!("weight_ih_l{l}"), (gates, inputs), init),
                hidden: builder.weight(&format!("weight_hh_l{l}"), (gates, width), init),
                input_bias: builder.weight(&format!("bias_ih_l{l}"), (gates,), init),
                hidden_bias: builder.weight(&format!("bias_hh_l{l}"), (gates,), init),
            }
        };
        Lstm {
            layers: (0..layers).map(layer).collect(),
            width,
        }
    }

    /// Size H of the state.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The zero state of every layer.
    pub fn zero_state<B: Backend>(&self, device: &B, batch: usize) -> Vec<LstmState<B>> {
        let zeros = || LstmState::zeros(device, batch, self.width);
        self.layers.iter().map(|_| zeros()).collect()
    }

    /// `x` `[T·B, I]`, time step after time step, and the first state of every layer, whose rows
    /// say how many sequences B there are. Panics if sizes do not fit.
    pub fn forward<B: Backend>(
        &self,
        pass: &Pass<B>,
        mut x: Matrix<B>,
        first: Vec<LstmState<B>>,
    ) -> LstmOutput<B> {
        assert_eq!(first.len(), self.layers.len(), "one first state per layer");
        let mut last = Vec::with_capacity(first.len());
        for (layer, first) in self.layers.iter().zip(first) {
            let weights = LstmWeights {
                input: pass.get(layer.input),
                hidden: pass.get(layer.hidden),
                input_bias: pass.get(layer.input_bias),
                hidden_bias: pass.get(layer.hidden_bias),
            };
            let batch = first.h.rows();
            let (y, c) = B::lstm(x, weights, first);
            let rows: Vec<usize> = (y.rows() - batch..y.rows()).collect();
            let h = B::gather_rows(y.clone(), &rows);
            last.push(LstmState { h, c });
            x = y;
        }
        LstmOutput { y: x, last }
    }
}

/// Rows of `batch` sequences, sequence after sequence, in the order of time.
pub fn time_major<T: Clone>(rows: &[T], batch: usize) -> Vec<T> {
    let time = rows.len() / batch.max(1);
    let at = |i: usize| rows[i % batch * time + i / batch].clone();
    (0..batch * time).map(at).collect()
}

/// Rows in the order of time, sequence after sequence: undoes [`time_major`]. With row numbers and
/// [`Backend::gather_rows`] it reorders a matrix.
pub fn sequence_major<T: Clone>(rows: &[T], batch: usize) -> Vec<T> {
    let time = rows.len() / batch.max(1);
    let at = |i: usize| rows[i % time * batch + i / time].clone();
    (0..batch * time).map(at).collect()
}
