//! Scores and estimators by name, each with its unit and which way is better.
//!
//! A score is one file and one line in [`ALL`]; `evaluate/<name>` is then a stage kind, and tables
//! and figures know its unit and direction.

mod active_units;
mod best_posterior;
mod bound;
pub mod density;
mod elbo;
pub mod grid_gap;
mod held_out;
mod importance_nll;
mod importance_weighted;
pub mod inception_score;
pub mod inferred;
mod iwae_bound;
pub mod marginal;
mod marginal_kl;
mod mixture_proposal;
pub mod ms_ssim;
pub mod ratio;
mod test_kl;

#[cfg(test)]
pub(crate) mod refined_tests;
#[cfg(test)]
mod tests;

pub use crate::models::Estimate;
pub use best_posterior::Gaussian;
pub use best_posterior::Likelihood as LikelihoodOverPlane;
pub use bound::Sums;
pub use elbo::Bounds;
pub use importance_weighted::LogSum;
pub use importance_weighted::log_evidence;
pub use marginal::Marginal;
pub(crate) use marginal::{Observations, observations_of};
pub use marginal_kl::MarginalKl;

use crate::data::Dataset;
use crate::models::Fitted;
use crate::models::ModelError;
use crate::registry::Capability;
use crate::registry::Entry;
use crate::registry::Measure;
use crate::registry::Values;
use crate::training::Curve;
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

    /// Whether it keeps the curve of what it trains.
    fn has_curve(&self) -> bool {
        false
    }

    /// The same, with the curve of what was trained for it.
    ///
    /// # Errors
    /// As for the numbers alone.
    fn score_with_curve(
        &self,
        model: &dyn Fitted,
        data: &Dataset,
        params: &Values,
        monitor: &dyn Monitor,
    ) -> Result<(Vec<f64>, Option<Curve>), ModelError> {
        Ok((self.score(model, data, params, monitor)?, None))
    }
}

/// Every score a manifest can name, sorted.
pub static ALL: &[&dyn Metric] = &[
    &active_units::ActiveUnits,
    &bound::Bound,
    &density::DensityModelKl,
    &ratio::DensityRatioKl,
    &elbo::Elbo,
    &grid_gap::GridGap,
    &importance_nll::ImportanceNll,
    &inception_score::InceptionScoreOfSamples,
    &iwae_bound::IwaeBound,
    &marginal_kl::MarginalKlScore,
    &ms_ssim::MsSsimScore,
    &test_kl::TestKl,
];
