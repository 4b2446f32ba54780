//! The gates of an LSTM at one time step of one sequence, forward and backward.

use super::math::{sigmoid, tanh, wide};

/// One time step of one sequence: pre-activations to gates, and from them cell state and output. One
/// short loop after another: the compiler gives up on vectors where one loop writes to many slices.
pub(super) fn activate(
    gates: &mut [f32],
    bias: &[f32],
    y: &mut [f32],
    before: &[f32],
    c: &mut [f32],
) {
    wide(
        #[inline(always)]
        move || {
            let width = y.len();
            for (gate, bias) in gates.iter_mut().zip(bias) {
                *gate += bias;
            }
            let [i, f, g, o] = quarters(gates, width);
            let (before, c) = (&before[..width], &mut c[..width]);
            for gate in [&mut *i, f, o] {
                for v in gate {
                    *v = sigmoid(*v);
                }
            }
            for v in &mut *g {
                *v = tanh(*v);
            }
            for j in 0..width {
                c[j] = f[j] * before[j] + i[j] * g[j];
            }
            for j in 0..width {
                y[j] = o[j] * tanh(c[j]);
            }
        },
    );
}

/// Backwards: gates to gradients of the pre-activations, and `dc` from the gradient of this step's cell
/// state to that of the one `before`. `squashed` comes in as this step's cell state.
pub(super) fn differentiate(
    gates: &mut [f32],
    (dh, dc): (&[f32], &mut [f32]),
    squashed: &mut [f32],
    before: &[f32],
) {
    wide(
        #[inline(always)]
        move || {
            let width = dh.len();
            let [i, f, g, o] = quarters(gates, width);
            let (dc, before) = (&mut dc[..width], &before[..width]);
            let s = &mut squashed[..width];
            for s in &mut *s {
                *s = tanh(*s);
            }
            for j in 0..width {
                dc[j] += dh[j] * o[j] * (1.0 - s[j] * s[j]);
            }
            for j in 0..width {
                o[j] = dh[j] * s[j] * o[j] * (1.0 - o[j]);
            }
            for j in 0..width {
                let (input, candidate) = (i[j], g[j]);
                i[j] = dc[j] * candidate * input * (1.0 - input);
                g[j] = dc[j] * input * (1.0 - candidate * candidate);
            }
            for j in 0..width {
                let (total, forget) = (dc[j], f[j]);
                f[j] = total * before[j] * forget * (1.0 - forget);
                dc[j] = total * forget;
            }
        },
    );
}

/// The blocks i, f, g, o of one row.
#[inline(always)]
fn quarters(gates: &mut [f32], width: usize) -> [&mut [f32]; 4] {
    let (i, rest) = gates.split_at_mut(width);
    let (f, rest) = rest.split_at_mut(width);
    let (g, o) = rest.split_at_mut(width);
    [
        &mut i[..width],
        &mut f[..width],
        &mut g[..width],
        &mut o[..width],
    ]
}
