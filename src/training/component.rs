//! A named part of what is trained: parameters that are saved, optimised and clipped as one.

use super::LearningRate;
use crate::nn::Algorithm;
use crate::nn::Backend;
use crate::nn::Builder;
use crate::nn::Optimizer;
use crate::nn::ParamGradients;
use crate::nn::Params;
use crate::nn::Pass;
use crate::random::Seed;

/// Parameters with what updates them. The networks that they belong to are plain data beside it.
pub struct Component<B: Backend> {
    name: &'static str,
    params: Params<B>,
    optimizer: Option<Optimizer<B>>,
    rate: LearningRate,
    /// Largest norm of all its gradients together.
    clip: Option<f64>,
}

impl<B: Backend> Component<B> {
    /// Of given parameters, whose names no other component may have.
    pub fn new(name: &'static str, params: Params<B>) -> Self {
        Component {
            name,
            params,
            optimizer: None,
            rate: LearningRate::constant(0.0),
            clip: None,
        }
    }

    /// Of parameters that `layers` declares, all called `name.…`; first values come from `seed`.
    pub fn declare<N>(
        name: &'static str,
        device: &B,
        seed: Seed,
        layers: impl FnOnce(&mut Builder<'_, B>) -> N,
    ) -> (Self, N) {
        let mut params = Params::new(device);
        let layers = layers(&mut params.builder(seed).part(name));
        (Component::new(name, params), layers)
    }

    /// The component with a fresh optimiser.
    pub fn optimised(mut self, algorithm: Algorithm, rate: LearningRate) -> Self {
        self.optimise(algorithm, rate);
        self
    }

    /// Gives it a fresh optimiser.
    pub fn optimise(&mut self, algorithm: Algorithm, rate: LearningRate) {
        self.optimizer = Some(Optimizer::new(&self.params, algorithm, rate.after(0)));
        self.rate = rate;
    }

    /// The component with gradients that are scaled down to this norm.
    pub fn clipped(mut self, norm: f64) -> Self {
        self.clip = Some(norm);
        self
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    pub fn params(&self) -> &Params<B> {
        &self.params
    }

    pub fn params_mut(&mut self) -> &mut Params<B> {
        &mut self.params
    }

    /// Whether it has parameters that can be trained.
    pub fn learns(&self) -> bool {
        self.params.count() > 0
    }

    /// The device it lives on.
    pub fn device(&self) -> &B {
        self.params.device()
    }

    /// A pass in which its weights are learned.
    pub fn record(&self) -> Pass<'_, B> {
        self.params.record()
    }

    /// A pass in which its weights are constants: a gradient that comes to it goes on to what
    /// went in.
    pub fn constant(&self) -> Pass<'_, B> {
        self.params.eval()
    }

    /// One update by the gradients that a pass of it has left.
    ///
    /// # Panics
    /// Where it has no optimiser: a bug of the algorithm.
    pub fn update(&mut self, mut gradients: ParamGradients<B>) {
        let Some(optimizer) = &mut self.optimizer else {
            unreachable!("BUG: component `{}` has no optimiser", self.name);
        };
        if let Some(norm) = self.clip {
            gradients.clip_global_norm(norm);
        }
        optimizer.lr = self.rate.after(optimizer.iteration());
        optimizer.update(&mut self.params, &gradients);
    }

    /// Updates so far.
    pub fn updates(&self) -> u64 {
        self.optimizer.as_ref().map_or(0, Optimizer::iteration)
    }

    pub fn rate(&self) -> &LearningRate {
        &self.rate
    }

    pub(super) fn rate_mut(&mut self) -> &mut LearningRate {
        &mut self.rate
    }

    pub(super) fn optimizer(&self) -> Option<&Optimizer<B>> {
        self.optimizer.as_ref()
    }

    pub(super) fn parts_mut(&mut self) -> (&mut Params<B>, Option<&mut Optimizer<B>>) {
        (&mut self.params, self.optimizer.as_mut())
    }
}
