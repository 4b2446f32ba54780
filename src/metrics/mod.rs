//! Scores and estimators by name, each with its unit and which way is better.
//!
//! A score is one file and one line in [`ALL`]; `evaluate/<name>` is then a stage kind, and tables
//! and figures know its unit and direction.

mod active_units;
mod best_posterior;
mod bound;
pub mod classifier;
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
mod mode_coverage;
pub mod ms_ssim;
pub mod ratio;
mod reconstruction;
mod test_kl;
mod wasserstein;

#[cfg(test)]
pub(crate) mod refined_tests;
#[cfg(test)]
mod tests;

pub use crate::models::Estimate;
pub use best_posterior::Best as BestGaussian;
pub use best_posterior::Gaussian;
pub use best_posterior::Likelihood as LikelihoodOverPlane;
pub use bound::Sums;
pub use elbo::Bounds;
pub use importance_weighted::LogSum;
pub use importance_weighted::log_evidence;
pub use marginal::Marginal;
pub(crate) use marginal::{Observations, observations_of};
pub use marginal_kl::MarginalKl;

use classifier::Classifier;

use crate::data::Dataset;
use crate::models::Fitted;
use crate::models::ModelError;
use crate::registry::Capability;
use crate::registry::Entry;
use crate::registry::Facts;
use crate::registry::InvalidParam;
use crate::registry::Measure;
use crate::registry::Misfit;
use crate::registry::Property;
use crate::registry::Slot;
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

    /// What a data set has to have for it.
    fn needs_of_data(&self) -> &'static [Property] {
        &[]
    }

    /// The slot of a classifier, for a score that asks one; optional where it can train its own.
    fn classifier(&self) -> Option<Slot> {
        None
    }

    /// What the types of the parameters cannot say: whether their values make sense together.
    ///
    /// # Errors
    /// The parameter that is wrong, and how.
    fn check(&self, _params: &Values) -> Result<(), InvalidParam> {
        Ok(())
    }

    /// Whether it can work with what its slots will hold, as far as that is known.
    ///
    /// # Errors
    /// The slot, what is wrong with it, and what to do.
    fn foresee(&self, _params: &Values, _reads: &dyn Fn(&str) -> Facts) -> Result<(), Misfit> {
        Ok(())
    }

    /// Whether it keeps the curve of what it trains.
    fn has_curve(&self) -> bool {
        false
    }

    /// The measured numbers: one per measure, in that order. A score that trains something does it
    /// under the eyes of the monitor.
    ///
    /// # Errors
    /// Where the model cannot answer what the score asks, or the data or the classifier do not fit.
    fn score(&self, asked: &Asked<'_>) -> Result<Scores, ModelError>;
}

/// What a score is asked about.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    pub model: &'a dyn Fitted,
    pub data: &'a Dataset,
    /// Given in the score's slot for one.
    pub classifier: Option<&'a Classifier>,
    pub params: &'a Values,
    pub monitor: &'a dyn Monitor,
}

/// What a score answers.
#[derive(Clone, Debug)]
pub struct Scores {
    pub numbers: Vec<f64>,
    /// Of what was trained for them.
    pub curve: Option<Curve>,
}

impl From<Vec<f64>> for Scores {
    fn from(numbers: Vec<f64>) -> Self {
        Scores {
            numbers,
            curve: None,
        }
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
    &mode_coverage::ModeCoverage,
    &ms_ssim::MsSsimScore,
    &reconstruction::Reconstruction,
    &test_kl::TestKl,
    &wasserstein::WassersteinCritic,
];
