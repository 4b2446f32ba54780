//! Every fused CPU operation against its twin made of dfdx operations: values and gradients.

use dfdx::prelude::Cpu;

use crate::nn::Init;
use crate::nn::Params;
use crate::nn::backend::Backend;
use crate::nn::compose;
use crate::nn::layers::{Activation, LstmState, LstmWeights, NormWeights};
use crate::nn::losses::Scale;
use crate::nn::optim::AdamHyper;
use crate::nn::random::Seed;
use crate::nn::tape::Tape;
use crate::nn::tensor::{Matrix, Tensor, Vector};

pub(super) type Operation<'a> = &'a dyn Fn(&[Matrix<Cpu>]) -> Matrix<Cpu>;

/// Matrices of standard normal numbers.
pub(super) fn normal(shapes: &[(usize, usize)]) -> Vec<Matrix<Cpu>> {
    let seed = Seed::new(9);
    let draw = |(i, shape): (usize, &(usize, usize))| {
        let values = seed.stream(i as u64).normal(shape.0 * shape.1);
        Cpu::default().constant(values, *shape)
    };
    shapes.iter().enumerate().map(draw).collect()
}

/// Result and gradients of `Σ w · operation(inputs)` with fixed random weights w.
fn evaluate(inputs: &[Matrix<Cpu>], operation: Operation) -> Vec<Vec<f32>> {
    let tape = Tape::recording();
    let inputs: Vec<_> = inputs.iter().map(|x| x.watched(&tape)).collect();
    let result = operation(&inputs);
    let weights = Seed::new(10).stream(0).normal(result.len());
    let weights = Cpu::default().constant(weights, result.shape());
    let mut all = vec![result.to_vec()];
    let mut gradients = (result * weights).sum().backward();
    all.extend(inputs.iter().map(|x| gradients.of(x).to_vec()));
    all
}

/// Asserts that two implementations agree: 2e-5 of the larger of 1 and the value leaves room for
/// another order of summation in float32, not for another formula.
pub(super) fn agree(name: &str, inputs: &[Matrix<Cpu>], fused: Operation, twin: Operation) {
    let (got, want) = (evaluate(inputs, fused), evaluate(inputs, twin));
    assert_eq!(got.len(), want.len());
    for (part, (got, want)) in got.iter().zip(&want).enumerate() {
        assert_eq!(got.len(), want.len(), "{name}, part {part}");
        for (g, w) in got.iter().zip(want) {
            let close = (g - w).abs() <= 2e-5 * w.abs().max(1.0);
            assert!(close, "{name}, part {part}: {g} is not {w}");
        }
    }
}

fn column(v: Vector<Cpu>) -> Matrix<Cpu> {
    let n = v.len();
    v.reshape((n, 1))
}

pub(super) const ACTIVATIONS: [Activation; 8] = [
    Activation::Identity,
    Activation::Relu,
    Activation::LeakyRelu(0.2),
    Activation::Elu(1.3),
    Activation::Tanh,
    Activation::Sigmoid,
    Activation::Softplus,
    Activation::LogSigmoid,
];

#[test]
fn linear_layers_agree_with_their_twin() {
    for activation in ACTIVATIONS {
        let flat = |b: &Matrix<Cpu>| {
            let n = b.len();
            b.clone().reshape((n,))
        };
        agree(
            &format!("linear {activation:?}"),
            &normal(&[(7, 5), (3, 5), (1, 3)]),
            &|x| Cpu::linear(x[0].clone(), x[1].clone(), Some(flat(&x[2])), activation),
            &|x| compose::linear(x[0].clone(), x[1].clone(), Some(flat(&x[2])), activation),
        );
        agree(
            &format!("linear without bias {activation:?}"),
            &normal(&[(4, 6), (2, 6)]),
            &|x| Cpu::linear(x[0].clone(), x[1].clone(), None, activation),
            &|x| compose::linear(x[0].clone(), x[1].clone(), None, activation),
        );
    }
}

#[test]
fn activations_agree_with_their_twin() {
    for activation in ACTIVATIONS {
        agree(
            &format!("{activation:?}"),
            &normal(&[(9, 31)]),
            &|x| Cpu::activate(x[0].clone() * 3.0, activation),
            &|x| compose::activate(x[0].clone() * 3.0, activation),
        );
    }
}

/// softplus'(x) = σ(x), ln σ'(x) = σ(−x). The kernel of the exponential is good to seven digits.
#[test]
fn slopes_of_softplus_keep_their_digits_in_the_tail() {
    let slope = |x: f32, activation| {
        let mut params = Params::new(&Cpu::default());
        let weight = params
            .builder(Seed::new(0))
            .weight("x", (1,), Init::Constant(x));
        let pass = params.record();
        let y = Cpu::activate(pass.get(weight), activation).sum();
        f64::from(pass.backward(y).get(weight).expect("it is in the sum")[0])
    };
    let cases: [(Activation, f32); 2] =
        [(Activation::Softplus, 1.0), (Activation::LogSigmoid, -1.0)];
    for (activation, sign) in cases {
        for x in [-20.0_f32, -17.0, -10.0, -3.0, -2.0, -0.5, 0.0, 1.0, 20.0] {
            let wanted = 1.0 / (1.0 + f64::from(-x).exp());
            let found = slope(sign * x, activation);
            let error = (found / wanted - 1.0).abs();
            assert!(error < 2e-6, "{activation:?} at {x}: {found}, not {wanted}");
        }
    }
}

#[test]
fn losses_agree_with_their_twin() {
    let two = normal(&[(5, 37), (5, 37)]);
    let three = normal(&[(5, 37), (5, 37), (5, 37)]);
    agree(
        "Bernoulli",
        &two,
        &|x| column(Cpu::bernoulli_nll(x[0].clone(), x[1].clone())),
        &|x| column(compose::bernoulli_nll(x[0].clone(), x[1].clone())),
    );
    for kind in [Scale::LogVar, Scale::LogSigma] {
        agree(
            "Gaussian",
            &three,
            &|x| {
                column(Cpu::gaussian_nll(
                    x[0].clone(),
                    x[1].clone(),
                    x[2].clone(),
                    kind,
                ))
            },
            &|x| {
                column(compose::gaussian_nll(
                    x[0].clone(),
                    x[1].clone(),
                    x[2].clone(),
                    kind,
                ))
            },
        );
    }
    agree(
        "Gaussian of known scale",
        &two,
        &|x| column(Cpu::gaussian_nll_fixed(x[0].clone(), x[1].clone(), 0.7)),
        &|x| column(compose::gaussian_nll_fixed(x[0].clone(), x[1].clone(), 0.7)),
    );
    agree(
        "KL",
        &two,
        &|x| column(Cpu::kl_standard(x[0].clone(), x[1].clone())),
        &|x| column(compose::kl_standard(x[0].clone(), x[1].clone())),
    );
    agree(
        "sample",
        &three,
        &|x| Cpu::gaussian_sample(x[0].clone(), x[1].clone(), x[2].clone()),
        &|x| compose::gaussian_sample(x[0].clone(), x[1].clone(), x[2].clone()),
    );
    agree(
        "log-softmax",
        &two,
        &|x| Cpu::log_softmax(x[0].clone() * 5.0),
        &|x| compose::log_softmax(x[0].clone() * 5.0),
    );
    agree(
        "log-sum-exp",
        &two,
        &|x| column(Cpu::logsumexp(x[0].clone() * 5.0)),
        &|x| column(compose::logsumexp(x[0].clone() * 5.0)),
    );
    let labels = [0, 36, 5, 5, 20];
    agree(
        "cross entropy",
        &two,
        &|x| column(Cpu::cross_entropy(x[0].clone(), &labels)),
        &|x| column(compose::cross_entropy(x[0].clone(), &labels)),
    );
    let joined =
        |(a, b): (Matrix<Cpu>, Matrix<Cpu>)| column(a.sum_rows()) + column(b.sum_rows()).square();
    agree(
        "split columns",
        &two,
        &|x| joined(Cpu::split_columns(x[0].clone(), 9)),
        &|x| joined(compose::split_columns(x[0].clone(), 9)),
    );
}

#[test]
fn losses_stay_finite_for_extreme_logits() {
    let device = Cpu::default();
    let extreme = vec![1e4, -1e4, 0.0, 100.0, -100.0, 3e38, -3e38, 1e-30];
    let tape = Tape::recording();
    let x = device.matrix(extreme, 2, 4).watched(&tape);
    let targets = device.matrix(vec![0.0, 1.0, 0.5, 0.0, 1.0, 1.0, 0.0, 0.25], 2, 4);
    let losses = [
        Cpu::bernoulli_nll(x.clone(), targets),
        Cpu::cross_entropy(x.clone(), &[0, 1]),
        Cpu::logsumexp(x.clone()),
    ];
    for loss in losses {
        // In units of 1e30, so that the sum of the losses stays a float32.
        let mut gradients = (loss * 1e-30).sum().backward();
        let finite = gradients.of(&x).to_vec().iter().all(|g| g.is_finite());
        assert!(finite, "{:?}", gradients.of(&x).to_vec());
    }
}

#[test]
fn a_constant_gets_no_gradient_work_and_stops_gradients() {
    let x = normal(&[(2, 3), (4, 3)]);
    let y = Cpu::linear(x[0].clone(), x[1].clone(), None, Activation::Tanh);
    assert!(!y.is_tracked());
    let tape = Tape::recording();
    let weight = x[1].watched(&tape);
    let y = Cpu::linear(x[0].clone(), weight.clone(), None, Activation::Tanh);
    let mut gradients = (y.clone() * y.detach()).sum().backward();
    assert!(gradients.of(&weight).to_vec().iter().any(|g| *g != 0.0));
    assert!(gradients.of(&x[0]).to_vec().iter().all(|g| *g == 0.0));
}

#[test]
fn adam_agrees_with_its_twin_and_with_dfdx() {
    let device = Cpu::default();
    let hyper = AdamHyper {
        lr: 0.01,
        betas: [0.5, 0.9],
        eps: 1e-8,
    };
    let n = 40_000; // more than one piece
    let start = Seed::new(3).stream(0).normal(n);
    let (mut fused, mut twin) = (device.vector(start.clone()), device.vector(start.clone()));
    let (mut m, mut v) = (vec![0.0; n], vec![0.0; n]);
    let (mut twin_m, mut twin_v) = (device.vector(m.clone()), device.vector(v.clone()));

    let config = dfdx::tensor_ops::AdamConfig {
        lr: hyper.lr,
        betas: hyper.betas,
        eps: hyper.eps,
        weight_decay: None,
    };
    let mut theirs: dfdx::tensor::Tensor<(usize,), f32, Cpu> =
        dfdx::prelude::TensorFromVec::tensor_from_vec(&device, start, (n,));
    let mut state = [(); 3].map(|()| dfdx::tensor::Gradients::leaky());
    for t in 1..=5 {
        let gradient = Seed::new(4).stream(t).normal(n);
        let g = device.vector(gradient.clone());
        Cpu::adam(&hyper, t, &mut fused, &mut m, &mut v, &g);
        compose::adam(&hyper, t, &mut twin, &mut twin_m, &mut twin_v, &g);
        let slots = state.each_mut().map(|s| s.get_or_alloc_mut(&theirs));
        let [first, second, slot] = slots.map(|s| s.expect("memory for a gradient"));
        slot.copy_from_slice(&gradient);
        config
            .try_update(t as i32, &mut theirs, first, second, slot)
            .expect("the CPU does not fail");
    }
    // Bias corrections are rounded in another order: a few units in the last place of the update.
    let dfdx_values = Tensor::from_dfdx(dfdx::prelude::PutTape::put_tape(theirs, Tape::constant()));
    for ((a, b), c) in fused
        .to_vec()
        .iter()
        .zip(twin.to_vec())
        .zip(dfdx_values.to_vec())
    {
        assert!((a - b).abs() <= 1e-6 * a.abs().max(1.0), "{a} is not {b}");
        assert!((a - c).abs() <= 1e-6 * a.abs().max(1.0), "{a} is not {c}");
    }
}

#[test]
fn rearranging_agrees_with_its_twin() {
    let two = normal(&[(5, 3), (5, 4)]);
    let rows = [4, 0, 4, 2, 2, 2];
    agree(
        "gather rows",
        &two,
        &|x| Cpu::gather_rows(x[0].clone(), &rows),
        &|x| compose::sequence::gather_rows(x[0].clone(), &rows),
    );
    agree(
        "join columns",
        &two,
        &|x| Cpu::join_columns(x[0].clone(), x[1].clone()),
        &|x| compose::sequence::join_columns(x[0].clone(), x[1].clone()),
    );
}

#[test]
fn lstm_agrees_with_its_twin() {
    // One piece of the batch and more than one, of which the last is short.
    for (time, batch) in [(1, 1), (4, 3), (3, 37)] {
        let (inputs, width) = (3, 5);
        let shapes = [
            (time * batch, inputs),
            (4 * width, inputs),
            (4 * width, width),
            (1, 4 * width),
            (1, 4 * width),
            (batch, width),
            (batch, width),
        ];
        let parts = |x: &[Matrix<Cpu>]| {
            let flat = |m: &Matrix<Cpu>| m.clone().reshape((4 * width,));
            let weights = LstmWeights {
                input: x[1].clone(),
                hidden: x[2].clone(),
                input_bias: flat(&x[3]),
                hidden_bias: flat(&x[4]),
            };
            let (h, c) = (x[5].clone(), x[6].clone());
            (x[0].clone(), weights, LstmState { h, c })
        };
        // The last cell state takes part in the result, so that its gradient is checked too.
        let joined = |(y, c): (Matrix<Cpu>, Matrix<Cpu>)| {
            let rows: Vec<usize> = (0..time * batch).map(|r| r % batch).collect();
            Cpu::join_columns(y, Cpu::gather_rows(c, &rows))
        };
        agree(
            &format!("LSTM of {time} steps, {batch} sequences"),
            &normal(&shapes),
            &|x| {
                let (x, weights, first) = parts(x);
                joined(Cpu::lstm(x, weights, first))
            },
            &|x| {
                let (x, weights, first) = parts(x);
                joined(compose::sequence::lstm(x, weights, first))
            },
        );
    }
}

#[test]
fn batch_norm_agrees_with_its_twin() {
    for (i, (n, c, pixels)) in [(5, 3, 7), (9, 4, 1), (3, 1, 40)].into_iter().enumerate() {
        for (fixed, activation) in [(false, ACTIVATIONS[i]), (true, ACTIVATIONS[i + 4])] {
            let norm = |x: &[Matrix<Cpu>], twin: bool| {
                let flat = |i: usize| x[i].clone().reshape((c,));
                let weights = NormWeights {
                    gamma: flat(1),
                    beta: flat(2),
                    eps: 1e-3,
                };
                let given = fixed.then(|| (flat(3).detach(), flat(4).square().detach()));
                let x = x[0].clone().reshape((n, c, pixels));
                let result = match twin {
                    false => Cpu::batch_norm(x, weights, given, activation),
                    true => compose::norm::batch_norm(x, weights, given, activation),
                };
                assert_eq!(result.statistics.is_none(), fixed);
                result.y.reshape((n, c * pixels))
            };
            agree(
                &format!("batch norm {n} {c} {pixels}, {activation:?}"),
                &normal(&[(n, c * pixels), (1, c), (1, c), (1, c), (1, c)]),
                &|x| norm(x, false),
                &|x| norm(x, true),
            );
        }
    }
}

#[test]
fn sums_gates_and_shifts_agree_with_their_twin() {
    for activation in ACTIVATIONS {
        agree(
            &format!("add {activation:?}"),
            &normal(&[(7, 5), (7, 5)]),
            &|x| Cpu::add(x[0].clone(), x[1].clone(), activation),
            &|x| compose::pixels::add(x[0].clone(), x[1].clone(), activation),
        );
    }
    agree(
        "gate",
        &normal(&[(7, 10)]),
        &|x| Cpu::gate(x[0].clone()),
        &|x| compose::pixels::gate(x[0].clone()),
    );
    for (down, right) in [(0, 0), (1, 0), (0, 2), (2, 1), (3, 0), (0, 4)] {
        agree(
            "shift",
            &normal(&[(2, 24)]),
            &|x| {
                let x = x[0].clone().reshape((2, 2, 3, 4));
                Cpu::shift(x, down, right).reshape((2, 24))
            },
            &|x| {
                let x = x[0].clone().reshape((2, 2, 3, 4));
                compose::pixels::shift(x, down, right).reshape((2, 24))
            },
        );
    }
}

/// The second derivative that a gradient penalty needs: `y` is a result of the activation, and the
/// gradient reaches it through the derivative too.
#[test]
fn products_with_derivatives_agree_with_their_twin() {
    for activation in ACTIVATIONS {
        for constant in [false, true] {
            let result = |x: &[Matrix<Cpu>]| {
                let y = Cpu::activate(x[1].clone(), activation);
                if constant { y.detach() } else { y }
            };
            agree(
                &format!("{activation:?}"),
                &normal(&[(7, 5), (7, 5)]),
                &|x| Cpu::times_derivative(x[0].clone(), result(x), activation),
                &|x| compose::pixels::times_derivative(x[0].clone(), result(x), activation),
            );
        }
    }
}
