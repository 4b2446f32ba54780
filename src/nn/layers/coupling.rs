//! Affine couplings and the flow made of them, RealNVP (Dinh et al. 2017), with an optional context.
//!
//! A mask `b` of zeros and ones says which coordinates pass through; the others are scaled and
//! shifted by amounts that networks compute from the first ones and the context `h`:
//!
//! ```text
//! s = (1 − b) s_max tanh(net_s([b z, h])),  t = (1 − b) net_t([b z, h])
//! z' = b z + (1 − b)(z eˢ + t) = z eˢ + t,  ln |det ∂z'/∂z| = Σ s
//! ```
//!
//! As `s` and `t` depend on what passes through unchanged, the inverse costs as much as the map:
//! `z = (z' − t) e⁻ˢ`. Scales are bounded by `s_max`, which keeps both directions stable, and the
//! networks end in zeros, so that a flow starts as the identity.

use crate::nn::backend::Backend;
use crate::nn::layers::{Activation, Mlp};
use crate::nn::params::{Builder, Pass};
use crate::nn::tensor::{Matrix, Vector};

/// Sizes of the networks of a coupling.
#[derive(Debug, Clone)]
pub struct CouplingSizes {
    /// Coordinates D.
    pub dimension: usize,
    /// Numbers of context per row; 0 for none.
    pub context: usize,
    /// Widths of the hidden layers of both networks.
    pub hidden: Vec<usize>,
    /// Between the layers.
    pub activation: Activation,
    /// Largest |s|; the usual choice is 2.
    pub s_max: f32,
}

/// One affine coupling: parameters `s.0.weight`, …, `t.0.weight`, …
#[derive(Debug, Clone)]
pub struct Coupling {
    mask: Vec<f32>,
    s_max: f32,
    scale: Mlp,
    shift: Mlp,
}

/// A mapped batch.
#[derive(Debug, Clone)]
pub struct Mapped<B: Backend> {
    /// `[n, D]`
    pub z: Matrix<B>,
    /// ln |det| of the *forward* map at these points, `[n]`; of the inverse it is the negative.
    pub log_det: Vector<B>,
}

impl Coupling {
    /// With a mask that is 1 where a coordinate passes through, else 0. Panics if it has another
    /// length than the sizes say.
    pub fn new<B: Backend>(
        builder: &mut Builder<B>,
        mask: Vec<f32>,
        sizes: &CouplingSizes,
    ) -> Self {
        assert_eq!(mask.len(), sizes.dimension, "mask of a coupling");
        let mut widths = vec![sizes.dimension + sizes.context];
        widths.extend(&sizes.hidden);
        widths.push(sizes.dimension);
        Coupling {
            mask,
            s_max: sizes.s_max,
            scale: Mlp::from_zero(&mut builder.part("s"), &widths, sizes.activation),
            shift: Mlp::from_zero(&mut builder.part("t"), &widths, sizes.activation),
        }
    }

    /// s and t at points of which only the coordinates that pass through are read.
    fn scale_and_shift<B: Backend>(
        &self,
        pass: &Pass<B>,
        z: Matrix<B>,
        context: Option<&Matrix<B>>,
    ) -> (Matrix<B>, Matrix<B>) {
        let device = pass.device();
        let mut input = z.times_row(device.vector(self.mask.clone()));
        if let Some(context) = context {
            input = B::join_columns(input, context.clone());
        }
        let scale = B::activate(self.scale.forward(pass, input.clone()), Activation::Tanh);
        let shift = self.shift.forward(pass, input);
        let moved = |factor: f32| {
            let values = self.mask.iter().map(|b| (1.0 - b) * factor);
            device.vector(values.collect())
        };
        (
            scale.times_row(moved(self.s_max)),
            shift.times_row(moved(1.0)),
        )
    }

    /// `z ↦ z'`.
    pub fn forward<B: Backend>(
        &self,
        pass: &Pass<B>,
        z: Matrix<B>,
        context: Option<&Matrix<B>>,
    ) -> Mapped<B> {
        let (s, t) = self.scale_and_shift(pass, z.clone(), context);
        Mapped {
            z: z * s.clone().exp() + t,
            log_det: s.sum_rows(),
        }
    }

    /// `z' ↦ z`; the log determinant is that of the forward map at z.
    pub fn inverse<B: Backend>(
        &self,
        pass: &Pass<B>,
        y: Matrix<B>,
        context: Option<&Matrix<B>>,
    ) -> Mapped<B> {
        let (s, t) = self.scale_and_shift(pass, y.clone(), context);
        Mapped {
            z: (y - t) * (-s.clone()).exp(),
            log_det: s.sum_rows(),
        }
    }
}

/// Couplings one after another: parameters `0.s.0.weight`, …
#[derive(Debug, Clone)]
pub struct RealNvp {
    couplings: Vec<Coupling>,
}

impl RealNvp {
    /// `count` couplings with alternating halves: even ones pass the first half of the coordinates
    /// through, odd ones the rest. (In one dimension every other coupling changes nothing.)
    pub fn new<B: Backend>(builder: &mut Builder<B>, count: usize, sizes: &CouplingSizes) -> Self {
        let half = sizes.dimension.div_ceil(2);
        let mask = |l: usize| {
            let passes = |j: usize| (j < half) == l.is_multiple_of(2);
            let value = |j| if passes(j) { 1.0 } else { 0.0 };
            (0..sizes.dimension).map(value).collect()
        };
        let coupling = |l| Coupling::new(&mut builder.part(l), mask(l), sizes);
        RealNvp {
            couplings: (0..count).map(coupling).collect(),
        }
    }

    /// Of these couplings, the first one first.
    pub fn from_couplings(couplings: Vec<Coupling>) -> Self {
        RealNvp { couplings }
    }

    /// From the base to the data, with the log determinant of the whole map: `log q(z) = log q₀(z₀)
    /// − log_det`.
    pub fn forward<B: Backend>(
        &self,
        pass: &Pass<B>,
        z: Matrix<B>,
        context: Option<&Matrix<B>>,
    ) -> Mapped<B> {
        let all = self.couplings.iter();
        Self::chain(all, pass, z, |coupling, pass, z| {
            coupling.forward(pass, z, context)
        })
    }

    /// From the data to the base; the log determinant is that of the forward map there.
    pub fn inverse<B: Backend>(
        &self,
        pass: &Pass<B>,
        y: Matrix<B>,
        context: Option<&Matrix<B>>,
    ) -> Mapped<B> {
        let all = self.couplings.iter().rev();
        Self::chain(all, pass, y, |coupling, pass, z| {
            coupling.inverse(pass, z, context)
        })
    }

    fn chain<'a, B: Backend>(
        couplings: impl Iterator<Item = &'a Coupling>,
        pass: &Pass<B>,
        z: Matrix<B>,
        step: impl Fn(&Coupling, &Pass<B>, Matrix<B>) -> Mapped<B>,
    ) -> Mapped<B> {
        let log_det = pass.device().full(0.0, (z.rows(),));
        couplings.fold(Mapped { z, log_det }, |so_far, coupling| {
            let next = step(coupling, pass, so_far.z);
            Mapped {
                z: next.z,
                log_det: so_far.log_det + next.log_det,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::flow_checks::{numeric_log_det, scrambled};
    use crate::nn::{Cpu, Params, Seed};

    fn flow(context: usize) -> (Params<Cpu>, RealNvp) {
        let sizes = CouplingSizes {
            dimension: 3,
            context,
            hidden: vec![8],
            activation: Activation::Tanh,
            s_max: 2.0,
        };
        let mut params = Params::new(&Cpu::default());
        let flow = RealNvp::new(&mut params.builder(Seed::new(2)), 3, &sizes);
        (params, flow)
    }

    #[test]
    fn a_new_flow_is_the_identity() {
        let (params, flow) = flow(0);
        let z = Cpu::default().matrix(Seed::new(3).stream(0).normal(12), 4, 3);
        let mapped = flow.forward(&params.eval(), z.clone(), None);
        assert_eq!(mapped.z.to_vec(), z.to_vec());
        assert_eq!(mapped.log_det.to_vec(), [0.0; 4]);
    }

    #[test]
    fn the_inverse_undoes_the_flow_and_agrees_on_the_determinant() {
        for context in [0, 2] {
            let (mut params, flow) = flow(context);
            scrambled(&mut params);
            let device = Cpu::default();
            let z = device.matrix(Seed::new(3).stream(0).normal(12), 4, 3);
            let h = device.matrix(Seed::new(4).stream(0).normal(4 * context), 4, context);
            let h = (context > 0).then_some(&h);
            let there = flow.forward(&params.eval(), z.clone(), h);
            let back = flow.inverse(&params.eval(), there.z, h);
            for (a, b) in z.to_vec().iter().zip(back.z.to_vec()) {
                // float32 through scales up to e².
                assert!((a - b).abs() < 2e-5, "{a} is not {b}");
            }
            for (a, b) in there.log_det.to_vec().iter().zip(back.log_det.to_vec()) {
                assert!((a - b).abs() < 2e-5, "{a} is not {b}");
            }
        }
    }

    #[test]
    fn the_log_determinant_is_that_of_the_numeric_jacobian() {
        let (mut params, flow) = flow(0);
        scrambled(&mut params);
        let device = Cpu::default();
        let pass = params.eval();
        for point in Seed::new(5).stream(0).normal(9).chunks(3) {
            let mapped = flow.forward(&pass, device.matrix(point.to_vec(), 1, 3), None);
            let map = |x: Vec<f32>| flow.forward(&pass, device.matrix(x, 1, 3), None).z.to_vec();
            let want = numeric_log_det(map, point);
            let got = f64::from(mapped.log_det.to_vec()[0]);
            // Central differences of float32 results: 1e-3 covers rounding over the step.
            assert!((got - want).abs() < 1e-3, "{got} is not {want}");
        }
    }
}
