//! Scores and estimators by name, each with its unit and which way is better.
//!
//! A score is one file and one line in [`ALL`]; `evaluate/<name>` is then a stage kind, and tables
//! and figures know its unit and direction.

mod elbo;
mod estimate;
pub mod inception;
mod iwae_bound;
mod marginal_kl;
mod mixture_proposal;
pub mod ms_ssim;
mod test_kl;

pub use estimate::Estimate;
pub use marginal_kl::MarginalKl;
pub use marginal_kl::Posteriors;

use crate::data::Dataset;
use crate::models::Fitted;
use crate::models::ModelError;
use crate::registry::Entry;
use crate::registry::Values;

/// A score of a fitted model on a data set.
pub trait Metric: Entry {
    /// What it measures, in the order of the result's columns.
    fn measures(&self) -> &'static [Measure];

    /// The measured numbers: one per measure, in that order.
    ///
    /// # Errors
    /// Where the model cannot answer what the score asks, or the data do not fit.
    fn score(
        &self,
        model: &dyn Fitted,
        data: &Dataset,
        params: &Values,
    ) -> Result<Vec<f64>, ModelError>;
}

/// One number of a score.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// Column name: lower case with underscores.
    pub name: &'static str,
    /// For axes and table headers.
    pub label: &'static str,
    /// Empty where there is none.
    pub unit: &'static str,
    /// Which way is better; none where neither is.
    pub higher_is_better: Option<bool>,
}

/// Every score a manifest can name, sorted.
pub static ALL: &[&dyn Metric] = &[
    &elbo::Elbo,
    &iwae_bound::IwaeBound,
    &marginal_kl::MarginalKlScore,
    &test_kl::TestKl,
];

/// What is known of a result column, by its name, for tables and figures. Scores that trainings
/// report on the validation split are named after the test score with `valid_` in front.
pub fn measure(column: &str) -> Option<Measure> {
    let plain = column.strip_prefix("valid_").unwrap_or(column);
    let all = ALL.iter().flat_map(|metric| metric.measures());
    let mut found = all.copied().find(|measure| measure.name == plain)?;
    if plain != column && plain == "elbo" {
        found.label = "validation ELBO";
    }
    Some(found)
}
