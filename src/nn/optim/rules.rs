//! The update rules on one flat parameter.
//!
//! Adam is a backend operation, because it is fused where it pays; the others are plain tensor
//! algebra on every device.

use crate::nn::backend::Backend;
use crate::nn::tensor::Vector;

/// Settings of one Adam update.
#[derive(Debug, Clone, Copy)]
pub struct AdamHyper {
    /// Learning rate.
    pub lr: f64,
    /// Decay rates of the two moments.
    pub betas: [f64; 2],
    /// Added to the root of the second moment.
    pub eps: f64,
}

impl AdamHyper {
    /// The weights of the new gradient, `1 − β`, rounded once: `1 − 0.999` in float32 is off by 1e-5.
    pub fn new_weights(&self) -> [f32; 2] {
        self.betas.map(|beta| (1.0 - beta) as f32)
    }

    /// Bias corrections `1 / (1 − βᵗ)`, computed in float64.
    pub fn corrections(&self, t: u64) -> [f32; 2] {
        // Beyond i32::MAX iterations the correction has long been one.
        let t = i32::try_from(t).unwrap_or(i32::MAX);
        self.betas.map(|beta| (1.0 / (1.0 - beta.powi(t))) as f32)
    }
}

/// `v ← momentum v + g; p ← p − lr v` (Nesterov: `p ← p − lr (g + momentum v)`).
pub(super) fn sgd<B: Backend>(
    lr: f64,
    momentum: f64,
    nesterov: bool,
    parameter: &mut Vector<B>,
    state: &mut [Vector<B>],
    gradient: &Vector<B>,
) {
    let direction = match state.first_mut() {
        None => gradient.clone(),
        Some(velocity) => {
            *velocity = velocity.clone() * momentum as f32 + gradient.clone();
            match nesterov {
                true => gradient.clone() + velocity.clone() * momentum as f32,
                false => velocity.clone(),
            }
        }
    };
    *parameter = B::plus_scaled(parameter.clone(), &direction, -(lr as f32));
}

/// Settings of one RMSprop update.
pub(super) struct RmsHyper {
    pub lr: f64,
    pub alpha: f64,
    pub eps: f64,
    pub momentum: f64,
    pub centered: bool,
}

/// `s ← α s + (1−α) g²`; `d = g / (√s + eps)`, centred: `√(s − a²)` with `a ← α a + (1−α) g`;
/// `b ← momentum b + d; p ← p − lr b`.
pub(super) fn rmsprop<B: Backend>(
    hyper: &RmsHyper,
    parameter: &mut Vector<B>,
    state: &mut [Vector<B>],
    gradient: &Vector<B>,
) {
    let [square, buffer, mean] = state else {
        unreachable!("BUG: RMSprop keeps three tensors");
    };
    let (keep, new) = (hyper.alpha as f32, (1.0 - hyper.alpha) as f32);
    *square = square.clone() * keep + gradient.clone().square() * new;
    let spread = match hyper.centered {
        true => {
            *mean = mean.clone() * keep + gradient.clone() * new;
            // Rounding may take the difference below zero when the gradient is constant.
            (square.clone() - mean.clone().square()).clamp(0.0, f32::MAX)
        }
        false => square.clone(),
    };
    let direction = gradient.clone() / (spread.sqrt() + hyper.eps as f32);
    *buffer = buffer.clone() * hyper.momentum as f32 + direction;
    *parameter = parameter.clone() - buffer.clone() * hyper.lr as f32;
}
