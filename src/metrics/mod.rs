//! Scores and estimators by name, each with its unit and which way is better.
//!
//! A score is one file and one line in [`ALL`]; `evaluate/<name>` is then a stage kind, and tables
//! and figures know its unit and direction.

mod active_units;
mod elbo;
mod estimate;
pub mod inception_score;
mod iwae_bound;
mod marginal_kl;
mod mixture_proposal;
pub mod ms_ssim;
mod test_kl;

#[cfg(test)]
mod tests;

pub use estimate::Estimate;
pub use marginal_kl::MarginalKl;
pub use marginal_kl::Posteriors;

use crate::data::Dataset;
use crate::models::Fitted;
use crate::models::ModelError;
use crate::registry::Capability;
use crate::registry::Entry;
use crate::registry::Measure;
use crate::registry::Values;
use crate::training::Monitor;

/// A score of a fitted model on a data set.
pub trait Metric: Entry {
    /// What it measures, in the order of the result's columns.
    fn measures(&self) -> &'static [Measure];

    /// What of the measured numbers contradicts itself or each other: two estimates of one quantity
    /// that differ by more than their errors, or a number on the wrong side of its bound. A sentence
    /// each.
    fn contradictions(&self, _numbers: &[f64]) -> Vec<String> {
        Vec::new()
    }

    /// What a model has to be able to do for it.
    fn needs(&self) -> &'static [Capability];

    /// The measured numbers: one per measure, in that order. A score that trains something does it
    /// under the eyes of `monitor`.
    ///
    /// # Errors
    /// Where the model cannot answer what the score asks, or the data do not fit.
    fn score(
        &self,
        model: &dyn Fitted,
        data: &Dataset,
        params: &Values,
        monitor: &dyn Monitor,
    ) -> Result<Vec<f64>, ModelError>;
}

/// Every score a manifest can name, sorted.
pub static ALL: &[&dyn Metric] = &[
    &active_units::ActiveUnits,
    &elbo::Elbo,
    &inception_score::InceptionScoreOfSamples,
    &iwae_bound::IwaeBound,
    &marginal_kl::MarginalKlScore,
    &ms_ssim::MsSsimScore,
    &test_kl::TestKl,
];
