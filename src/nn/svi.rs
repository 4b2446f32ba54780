//! Stochastic variational inference as part of a model: inner gradient steps on variational
//! parameters, and exact-in-principle derivatives through them (Kim et al. 2018).
//!
//! The inner loop is gradient descent with momentum on λ, with a loss `f(λ, θ; k)` whose randomness
//! depends on the step `k` alone:
//!
//! ```text
//! v_{k+1} = m v_k − c_k ∂f(λ_k; k)/∂λ,  λ_{k+1} = λ_k + α v_{k+1},  L = f(λ_K; K)
//! ```
//!
//! with `c_k` what clipping multiplies the gradient by: largest norm over norm. A step that is clipped has its length from
//! the clipping and from the loss its direction alone, so that its derivative is `c (I − ĝ ĝᵀ) H` with `ĝ` the direction
//! of the gradient ([`ClippedStep`]). The reverse sweep needs products of second
//! derivatives with a vector, and these are differences of gradients:
//! `H u ≈ [∇f(λ + r u) − ∇f(λ − r u)] / 2r`. So no second-order differentiation is needed, and any loss
//! that can be differentiated once will do. It must be smooth: across the kinks of ReLU the
//! differences mean nothing.

use super::backend::Backend;
use super::gradients::ParamGradients;
use super::params::{Params, Pass};
use super::tensor::{Matrix, Scalar};

pub use differences::{Differences, Order};

mod differences;
#[cfg(test)]
mod tests;

/// What the reverse sweep takes for the derivative of a step whose gradient was clipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClippedStep {
    /// The derivative.
    Exact,
    /// That of the gradient, times the factor of clipping. Where one second derivative is much larger than the
    /// others, as that of KL by ln σ² is where σ is large, it is as large as the largest norm, with the wrong sign.
    ConstantFactor,
}

/// The settings of the inner loop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InnerLoop {
    /// Number of steps K.
    pub steps: usize,
    /// Step size α.
    pub step_size: f32,
    /// Fraction of the last velocity that is kept.
    pub momentum: f32,
    /// Largest norm of the gradient of each variational parameter (over the whole batch).
    pub clip: Option<f64>,
    pub clipped_step: ClippedStep,
    /// Largest norm of what a step passes back in the reverse sweep: of the derivative by λ, all variational parameters
    /// together, and of what it adds to the derivative by θ.
    pub back_clip: Option<f64>,
    /// How second derivatives are approximated.
    pub differences: Differences,
}

/// A loss `f(λ; k)` of variational parameters and of the parameters of the pass. Everything random in it
/// must depend on `k` alone.
pub trait InnerLoss<B: Backend>: Fn(&Pass<B>, &[Matrix<B>], usize) -> Scalar<B> {}

impl<B: Backend, F: Fn(&Pass<B>, &[Matrix<B>], usize) -> Scalar<B>> InnerLoss<B> for F {}

/// One gradient.
struct Evaluation<B: Backend> {
    loss: f32,
    lambda: Vec<Matrix<B>>,
    params: Option<ParamGradients<B>>,
}

/// The points an inner loop went through.
pub struct Trajectory<B: Backend> {
    settings: InnerLoop,
    /// λ_0 … λ_K.
    pub points: Vec<Vec<Matrix<B>>>,
    /// f(λ_0; 0) … f(λ_{K−1}; K−1).
    pub losses: Vec<f32>,
    /// What clipping multiplied each gradient by, per step and variational parameter.
    pub factors: Vec<Vec<f32>>,
    /// ∂f(λ_0; 0)/∂λ before clipping: what goes into an encoder that is to do without refinement. None without a step.
    pub first: Option<Vec<Matrix<B>>>,
    /// By step and variational parameter the gradient, where it was clipped and the derivative of that is to be exact.
    clipped: Vec<Vec<Option<Matrix<B>>>>,
    /// Gradients at λ_0 … λ_{K−1}, kept for forward differences.
    kept: Vec<Evaluation<B>>,
}

/// The loss after the inner loop and its derivatives with λ_K held constant.
pub struct End<B: Backend> {
    /// L = f(λ_K; K).
    pub loss: f32,
    /// With respect to λ_K.
    pub last: Vec<Matrix<B>>,
    /// With respect to the parameters of the loss.
    pub params: ParamGradients<B>,
}

/// The derivatives of the loss after the inner loop.
pub struct Derivatives<B: Backend> {
    /// L = f(λ_K; K).
    pub loss: f32,
    /// Total derivative with respect to λ_0: what goes into an encoder, by [`Pass::pull_back`].
    pub initial: Vec<Matrix<B>>,
    /// Derivative with respect to λ_K.
    pub last: Vec<Matrix<B>>,
    /// Total derivative with respect to the parameters of the loss, through all steps.
    pub params: ParamGradients<B>,
    /// The same with λ_K held constant: what SVI without backpropagation uses.
    pub direct: ParamGradients<B>,
}

impl InnerLoop {
    /// Runs the inner loop from `initial`, whose tensors are taken as constants.
    pub fn run<B: Backend>(
        &self,
        params: &Params<B>,
        initial: &[Matrix<B>],
        loss: &dyn InnerLoss<B>,
    ) -> Trajectory<B> {
        let keeps = self.differences == Differences::Paper;
        let mut point: Vec<_> = initial.iter().map(|t| t.detach()).collect();
        let mut velocity: Vec<_> = point.iter().map(|t| t.clone() * 0.0).collect();
        let mut trajectory = Trajectory {
            settings: *self,
            points: vec![point.clone()],
            losses: Vec::with_capacity(self.steps),
            factors: Vec::with_capacity(self.steps),
            first: None,
            clipped: Vec::with_capacity(self.steps),
            kept: Vec::new(),
        };
        for k in 0..self.steps {
            let at = evaluate(params, loss, &point, k, keeps);
            let factors: Vec<f32> = at.lambda.iter().map(|g| self.clip_factor(g)).collect();
            for (i, factor) in factors.iter().enumerate() {
                let kept = velocity[i].clone() * self.momentum;
                velocity[i] = kept - at.lambda[i].clone() * *factor;
                point[i] = point[i].clone() + velocity[i].clone() * self.step_size;
            }
            trajectory.points.push(point.clone());
            let exact = self.clipped_step == ClippedStep::Exact;
            let clipped = at.lambda.iter().zip(&factors);
            let clipped = clipped.map(|(g, factor)| (exact && *factor < 1.0).then(|| g.clone()));
            trajectory.clipped.push(clipped.collect());
            trajectory.losses.push(at.loss);
            trajectory.factors.push(factors);
            if k == 0 {
                trajectory.first = Some(at.lambda.clone());
            }
            if keeps {
                trajectory.kept.push(at);
            }
        }
        trajectory
    }

    fn clip_factor<B: Backend>(&self, gradient: &Matrix<B>) -> f32 {
        within(self.clip, || norm(std::slice::from_ref(gradient)))
    }
}

impl<B: Backend> Trajectory<B> {
    /// λ_K.
    pub fn last(&self) -> &[Matrix<B>] {
        &self.points[self.points.len() - 1]
    }

    /// How many of the gradients were clipped.
    pub fn clipped(&self) -> usize {
        let factors = self.factors.iter().flatten();
        factors.filter(|factor| **factor < 1.0).count()
    }

    /// `f(λ_K; K)` and its derivatives with λ_K held constant: SVI without backpropagation.
    pub fn end(&self, params: &Params<B>, loss: &dyn InnerLoss<B>) -> End<B> {
        let end = evaluate(params, loss, self.last(), self.settings.steps, true);
        End {
            loss: end.loss,
            last: end.lambda,
            params: end.params.expect("parameters were asked for"),
        }
    }

    /// The derivatives of `f(λ_K; K)` through all steps, with the loss of the inner loop.
    pub fn backward(&self, params: &Params<B>, loss: &dyn InnerLoss<B>) -> Derivatives<B> {
        let InnerLoop {
            steps,
            step_size,
            momentum,
            back_clip,
            ..
        } = self.settings;
        let end = self.end(params, loss);
        let direct = end.params;
        let mut total = direct.clone();
        let mut lambda = end.last.clone();
        let mut velocity: Vec<_> = lambda.iter().map(|g| g.clone() * 0.0).collect();
        for k in (0..steps).rev() {
            let mut direction = Vec::with_capacity(lambda.len());
            for (i, factor) in self.factors[k].iter().enumerate() {
                velocity[i] = velocity[i].clone() + lambda[i].clone() * step_size;
                let pulled = match &self.clipped[k][i] {
                    Some(gradient) => across(velocity[i].clone(), gradient),
                    None => velocity[i].clone(),
                };
                direction.push(pulled * *factor);
            }
            let mut by_params: Option<ParamGradients<B>> = None;
            for change in self.second(params, loss, k, &direction) {
                for (lambda, curved) in lambda.iter_mut().zip(change.lambda) {
                    *lambda = lambda.clone() - curved * change.factor;
                }
                match &mut by_params {
                    Some(known) => known.add(&change.params, -change.factor),
                    None => {
                        let mut first = change.params;
                        first.scale(-change.factor);
                        by_params = Some(first);
                    }
                }
            }
            let factor = within(back_clip, || norm(&lambda));
            if factor < 1.0 {
                lambda = lambda.into_iter().map(|lambda| lambda * factor).collect();
            }
            if let Some(mut by_params) = by_params {
                let factor = within(back_clip, || by_params.global_norm());
                if factor < 1.0 {
                    by_params.scale(factor);
                }
                total.add(&by_params, 1.0);
            }
            for velocity in &mut velocity {
                *velocity = velocity.clone() * momentum;
            }
        }
        Derivatives {
            loss: end.loss,
            initial: lambda,
            last: end.last,
            params: total,
            direct,
        }
    }

    /// What adds up to `(∂²f/∂λ² u, ∂²f/∂θ∂λ u)` at step `k`; nothing for a zero vector.
    fn second(
        &self,
        params: &Params<B>,
        loss: &dyn InnerLoss<B>,
        k: usize,
        direction: &[Matrix<B>],
    ) -> Vec<Change<B>> {
        let length = norm(direction);
        if length == 0.0 {
            return Vec::new();
        }
        let moved = |r: f64| -> Vec<Matrix<B>> {
            let pairs = self.points[k].iter().zip(direction);
            pairs
                .map(|(at, u)| at.clone() + u.clone() * r as f32)
                .collect()
        };
        let at = |r: f64| evaluate(params, loss, &moved(r), k, true);
        match self.settings.differences {
            Differences::Central { distance, order } => {
                let r = distance / length;
                let across = order.weights().iter().enumerate().map(|(i, weight)| {
                    let r_i = (i + 1) as f64 * r;
                    difference(at(r_i), &at(-r_i), weight / r)
                });
                across.collect()
            }
            Differences::Paper => {
                let r = 1e-5;
                vec![difference(at(r), &self.kept[k], 1.0 / r)]
            }
        }
    }
}

/// The gradients of `f(point; k)`, of the parameters only if asked for.
fn evaluate<B: Backend>(
    params: &Params<B>,
    loss: &dyn InnerLoss<B>,
    point: &[Matrix<B>],
    k: usize,
    with_params: bool,
) -> Evaluation<B> {
    let pass = match with_params {
        true => params.record(),
        false => params.record_inputs(),
    };
    let point: Vec<_> = point.iter().map(|t| t.watched(pass.tape())).collect();
    let value = loss(&pass, &point, k);
    let host = value.value();
    let mut gradients = value.backward();
    let lambda = point.iter().map(|t| gradients.of(t)).collect();
    let params = with_params.then(|| pass.gradients(gradients));
    Evaluation {
        loss: host,
        lambda,
        params,
    }
}

/// A difference of gradients of λ and of the parameters, still to be multiplied by a factor.
struct Change<B: Backend> {
    lambda: Vec<Matrix<B>>,
    params: ParamGradients<B>,
    factor: f32,
}

/// `above − below`, for `factor`. Subtracted first: the rest would cancel to rounding errors.
fn difference<B: Backend>(above: Evaluation<B>, below: &Evaluation<B>, factor: f64) -> Change<B> {
    let pairs = above.lambda.into_iter().zip(&below.lambda);
    let lambda = pairs.map(|(a, b)| a - b.clone()).collect();
    let asked = "parameters were asked for";
    let mut params = above.params.expect(asked);
    params.add(below.params.as_ref().expect(asked), -1.0);
    Change {
        lambda,
        params,
        factor: factor as f32,
    }
}

/// What of `u` is at right angles to `g`.
fn across<B: Backend>(u: Matrix<B>, g: &Matrix<B>) -> Matrix<B> {
    let square = norm(std::slice::from_ref(g)).powi(2);
    let along = f64::from((u.clone() * g.clone()).sum().value()) / square;
    u - g.clone() * along as f32
}

/// What brings a norm down to the largest one; 1 where it is not above that, or there is none.
fn within(largest: Option<f64>, norm: impl FnOnce() -> f64) -> f32 {
    largest.map_or(1.0, |largest| (largest / (norm() + 1e-6)).min(1.0) as f32)
}

/// Euclidean norm over all tensors together.
fn norm<B: Backend>(tensors: &[Matrix<B>]) -> f64 {
    let squares = tensors.iter().map(|t| {
        let n = t.len();
        B::sum_of_squares(&t.clone().reshape((n,)))
    });
    squares.sum::<f64>().sqrt()
}
