//! A training that its caller drives, iteration by iteration, as a benchmark has to. Nothing is
//! validated, judged or kept.

use super::Batches;
use super::Component;
use super::Iteration;
use super::TrainingAlgorithm;
use super::TrainingError;
use super::scalars::Scalars;
use crate::nn::Backend;

/// The first phase of a training, without an end.
pub struct Stepped<B: Backend> {
    algorithm: Box<dyn TrainingAlgorithm<B>>,
    batches: Batches,
    scalars: Scalars,
    number: u64,
}

impl<B: Backend> Stepped<B> {
    /// Before its first iteration.
    ///
    /// # Errors
    /// Where the phase cannot begin.
    pub fn new(mut algorithm: Box<dyn TrainingAlgorithm<B>>) -> Result<Self, TrainingError> {
        algorithm.enter(0)?;
        let phases = algorithm.phases();
        Ok(Stepped {
            batches: phases
                .into_iter()
                .next()
                .map_or_else(Batches::none, |phase| phase.batches),
            algorithm,
            scalars: Scalars::default(),
            number: 0,
        })
    }

    pub fn components(&mut self) -> Vec<&mut Component<B>> {
        self.algorithm.components()
    }

    /// One iteration; the means of what it reported, `train_` and a name each, in the order of the
    /// first reports.
    ///
    /// # Errors
    /// What the algorithm says.
    pub fn step(&mut self) -> Result<Vec<(String, f64)>, TrainingError> {
        self.algorithm.iterate(&mut Iteration {
            phase: 0,
            number: self.number,
            batches: &mut self.batches,
            scalars: &mut self.scalars,
            not_finite: None,
        })?;
        self.number += 1;
        Ok(self.scalars.take_means())
    }
}
