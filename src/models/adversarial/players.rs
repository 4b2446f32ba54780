//! Networks that learn in turn, and how a loss reaches one of them and no other.
//!
//! In one update a network learns or waits. A network that waits is a constant: gradients go through
//! it to what went in, and its own do not exist. What a network's batch norm sees while it waits, it
//! forgets.

use crate::nn::Backend;
use crate::nn::Builder;
use crate::nn::Gradients;
use crate::nn::ParamGradients;
use crate::nn::Pass;
use crate::nn::Scalar;
use crate::nn::Statistics;
use crate::random::Seed;
use crate::training::Component;
use crate::training::TrainingError;

/// A network with what updates it.
pub(super) struct Player<B: Backend, N> {
    pub component: Component<B>,
    layers: N,
}

/// A player in one update: its layers, with its numbers.
pub(super) struct Turn<'a, B: Backend, N> {
    pub pass: Pass<'a, B>,
    pub layers: &'a N,
    pub statistics: Statistics<B>,
}

/// What one loss says to one player.
pub(super) struct Step<B: Backend> {
    pub loss: f64,
    pub gradients: ParamGradients<B>,
    statistics: Statistics<B>,
}

impl<B: Backend, N> Player<B, N> {
    /// Of parameters that `layers` declares, all called `name.…`; first values come from `seed`.
    pub(super) fn declare(
        name: &'static str,
        device: &B,
        seed: Seed,
        layers: impl FnOnce(&mut Builder<'_, B>) -> N,
    ) -> Self {
        let (component, layers) = Component::declare(name, device, seed.derive("fit/init"), layers);
        Player { component, layers }
    }

    /// It learns in this update, and keeps what its batch norm sees.
    pub(super) fn learns(&self) -> Turn<'_, B, N> {
        self.turn(self.component.record(), Statistics::noted())
    }

    /// Another one learns, by what this one makes of the same batches.
    pub(super) fn waits(&self) -> Turn<'_, B, N> {
        self.turn(self.component.constant(), Statistics::Batch)
    }

    /// Nobody learns: it is as it was left, whatever else stands in the batch.
    pub(super) fn rests(&self) -> Turn<'_, B, N> {
        self.turn(self.component.constant(), Statistics::Running)
    }

    fn turn<'a>(&'a self, pass: Pass<'a, B>, statistics: Statistics<B>) -> Turn<'a, B, N> {
        Turn {
            pass,
            layers: &self.layers,
            statistics,
        }
    }

    /// One update.
    pub(super) fn update(&mut self, step: Step<B>) -> Result<(), TrainingError> {
        self.component.update(step.gradients);
        step.statistics.keep(self.component.params_mut())?;
        Ok(())
    }
}

impl<B: Backend, N> Turn<'_, B, N> {
    /// What this loss says to the player whose turn it is.
    pub(super) fn step(self, loss: Scalar<B>) -> Step<B> {
        let value = f64::from(loss.value());
        self.share(value, &mut loss.backward())
    }

    /// What it says to this one and to another, who learn by it together.
    pub(super) fn step_with<M>(self, other: Turn<'_, B, M>, loss: Scalar<B>) -> (Step<B>, Step<B>) {
        let value = f64::from(loss.value());
        let mut gradients = loss.backward();
        (
            self.share(value, &mut gradients),
            other.share(value, &mut gradients),
        )
    }

    fn share(self, loss: f64, gradients: &mut Gradients<B>) -> Step<B> {
        Step {
            loss,
            gradients: self.pass.take_gradients(gradients),
            statistics: self.statistics,
        }
    }
}
