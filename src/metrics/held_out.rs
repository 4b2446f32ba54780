//! What scores share that learn from draws of q(z): draws for every update, others that nothing learns
//! from, and on those the Monte Carlo estimate to compare with.

use serde::Serialize;

use super::Marginal;
use super::MarginalKl;
use super::marginal::Observations;
use crate::data::Dataset;
use crate::models::Draws;
use crate::models::Fitted;
use crate::models::ModelError;
use crate::models::Rows;
use crate::nn::Cpu;
use crate::random::Seed;
use crate::training::Batches;
use crate::training::Curve;
use crate::training::Monitor;
use crate::training::Phase;
use crate::training::TrainingAlgorithm;
use crate::training::TrainingError;
use crate::training::TrainingLoop;

/// q(z), and draws of it that are kept apart.
pub(super) struct HeldOut<'a> {
    pub marginal: Marginal<'a>,
    pub draws: Draws,
    /// Over these draws, with all posteriors.
    pub exact: MarginalKl,
    seed: Seed,
}

impl<'a> HeldOut<'a> {
    /// `samples` draws of q(z) over these splits.
    ///
    /// # Errors
    /// What the model says.
    pub(super) fn of(
        model: &'a dyn Fitted,
        data: &Dataset,
        observations: Observations,
        samples: usize,
        seed: Seed,
    ) -> Result<Self, ModelError> {
        let inference = seed.derive("inference");
        let marginal = Marginal::over(model, data, observations, &inference)?;
        let draws = marginal.sample(samples, seed.derive("held-out"))?;
        Ok(HeldOut {
            exact: MarginalKl::of(&marginal, &draws)?,
            marginal,
            draws,
            seed,
        })
    }

    /// `n` draws of q(z) for an update.
    ///
    /// # Errors
    /// What the model says.
    pub(super) fn batch(&self, update: u64, n: usize) -> Result<Rows, TrainingError> {
        let own = self.seed.derive("q").derive(&update.to_string());
        let draws = self.marginal.sample(n, own);
        Ok(draws.map_err(TrainingError::algorithm)?.z)
    }
}

/// Rows of the curve of what a score learns.
pub(super) const CURVE_ROWS: u64 = 50;

/// The phase of what a score learns from draws of its own.
pub(super) fn fit_phase(iterations: u64) -> Phase {
    let every = iterations.div_ceil(CURVE_ROWS);
    Phase::iterations("fit", iterations, every, Batches::none())
}

/// Trains what a score learns: `what` by name, for the message.
///
/// # Errors
/// Where it diverges, too: then there is nothing to score with.
pub(super) fn learned<A: TrainingAlgorithm<Cpu>>(
    what: &str,
    config: &impl Serialize,
    algorithm: &mut A,
    monitor: &dyn Monitor,
) -> Result<Curve, ModelError> {
    let trained = TrainingLoop::new(config, monitor)?.run(algorithm)?;
    match trained.diverged {
        None => Ok(trained.curve),
        Some(how) => Err(ModelError::Diverged(format!("the {what} did: {how}"))),
    }
}
