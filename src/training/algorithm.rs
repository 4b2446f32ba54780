//! What differs between trainings: components, phases, one iteration, one validation.

use serde_json::Value as Json;

use super::Batches;
use super::Component;
use super::Phase;
use super::TrainingError;
use super::scalars::Scalars;
use crate::nn::Backend;

/// A system that learns. All that its iterations depend on is in its components, in its notes, in
/// the data it was made with, and in the number of the iteration: so a training that goes on from a
/// checkpoint ends with the same bytes as one that was never interrupted.
pub trait TrainingAlgorithm<B: Backend> {
    /// All that is saved, in the order of the summary.
    fn components(&mut self) -> Vec<&mut Component<B>>;

    /// What it does, one after another; the first phase is that of the budget and the curve.
    fn phases(&self) -> Vec<Phase>;

    /// Makes ready for a phase, where it begins and again where a training goes on in it: what is
    /// made here may depend on what the phase does not change alone.
    ///
    /// # Errors
    /// Where the phase cannot begin.
    fn enter(&mut self, _phase: usize) -> Result<(), TrainingError> {
        Ok(())
    }

    /// One iteration: draws batches, updates components, reports numbers.
    ///
    /// # Errors
    /// Where the data turn out not to fit.
    fn iterate(&mut self, at: &mut Iteration<'_>) -> Result<(), TrainingError>;

    /// Scores for a row of the curve, by name.
    ///
    /// # Errors
    /// As for iterations.
    fn validate(&mut self, _phase: usize) -> Result<Vec<(&'static str, f64)>, TrainingError> {
        Ok(Vec::new())
    }

    /// Whether the phase may end before its budget; asked after every row of the curve.
    fn finished(&self, _phase: usize) -> bool {
        false
    }

    /// Makes the components those that the training leaves: called once, after the last iteration.
    fn conclude(&mut self) {}

    /// What a checkpoint keeps beside the components: counters of its own.
    fn notes(&self) -> Json {
        Json::Null
    }

    /// Takes up notes of an earlier attempt.
    fn take_up(&mut self, _notes: &Json) {}
}

/// One iteration as an algorithm sees it.
pub struct Iteration<'a> {
    /// Which phase it belongs to.
    pub phase: usize,
    /// Its number in the phase, from 0: what its random numbers are derived from.
    pub number: u64,
    pub(super) batches: &'a mut Batches,
    pub(super) scalars: &'a mut Scalars,
    /// The first number that was not finite.
    pub(super) not_finite: Option<(&'static str, f64)>,
}

impl Iteration<'_> {
    /// The rows of the next batch; an iteration may draw any number of them.
    pub fn draw(&mut self) -> Vec<usize> {
        self.batches.draw().to_vec()
    }

    /// Reports a mean over `observations`, for the progress and, as the mean over all of them, for
    /// the next row of the curve. A number that is not finite ends the training: it diverged.
    pub fn report(&mut self, name: &'static str, value: f64, observations: usize) {
        if !value.is_finite() && self.not_finite.is_none() {
            self.not_finite = Some((name, value));
        }
        self.scalars.add(name, value, observations as u64);
    }
}
