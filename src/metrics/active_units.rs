//! How many latent dimensions a model uses.

use super::Asked;
use super::Metric;
use super::Scores;
use super::inferred;
use crate::data::SplitName;
use crate::models::ModelError;
use crate::models::Rows;
use crate::random::Seed;
use crate::registry::Capability;
use crate::registry::Entry;
use crate::registry::Measure;
use crate::registry::Param;
use crate::registry::params;

/// `evaluate/active-units`
pub(super) struct ActiveUnits;

params! {
    /// What `evaluate/active-units` may be given.
    struct ActiveUnitsParams {
        /// which observations
        split: SplitName = SplitName::Test;
        /// least variance of an active dimension
        threshold: f64 = 0.01, min(0.0);
        /// which noise of a refinement by gradient steps
        seed: Seed;
    }
}

impl Entry for ActiveUnits {
    fn name(&self) -> &'static str {
        "active-units"
    }

    fn summary(&self) -> &'static str {
        "latent dimensions whose posterior mean varies over the observations"
    }

    fn docs(&self) -> &'static str {
        "Counts the dimensions j with Var_x(E_q(z|x)[z_j]) ≥ `threshold`, the variance with divisor n − 1\n\
         over the observations of a split. A dimension that ignores x has variance 0: its posterior has\n\
         collapsed to the prior. Of a model that refines its posteriors the means are those at λ_K, of a\n\
         flow those over 64 draws with the same noise for every x. `active_share` is the count divided by the number of dimensions.\n\
         `posterior_variance` is the mean of Var_q(z|x)[z_j] over observations and dimensions, where q(z|x) is a Gaussian of\n\
         independent dimensions: 1 where it is the prior, 0 where it is a point.\n\
         \n\
         Source: Burda, Grosse and Salakhutdinov 2016, arXiv 1509.00519, section 5.2."
    }

    fn revision(&self) -> u32 {
        3
    }

    fn params(&self) -> Vec<Param> {
        ActiveUnitsParams::params()
    }
}

impl Metric for ActiveUnits {
    fn measures(&self) -> &'static [Measure] {
        const MEASURES: &[Measure] = &[
            Measure::new("active_units", "active units"),
            Measure::new("active_share", "share of active units"),
            Measure::new("posterior_variance", "mean variance of q(z|x)"),
        ];
        MEASURES
    }

    fn needs(&self) -> &'static [Capability] {
        &[Capability::Codes]
    }

    fn score(&self, asked: &Asked<'_>) -> Result<Scores, ModelError> {
        let (model, data) = (asked.model, asked.data);
        let params = ActiveUnitsParams::read(asked.params)?;
        let seed = params.seed.derive("active-units");
        let (codes, log_var) = inferred::moments(model, data, params.split.name(), &seed)?;
        if codes.len() < 2 {
            let what = "a variance needs two observations, the split has one".to_owned();
            return Err(ModelError::Data(what));
        }
        let variances = variances(&codes);
        let active = variances.iter().filter(|v| **v >= params.threshold).count() as f64;
        let share = active / variances.len() as f64;
        let spread = log_var.map_or(f64::NAN, |log_var| mean_variance(log_var.values()));
        Ok(vec![active, share, spread].into())
    }
}

/// The mean of σ² from values of ln σ².
fn mean_variance(log_var: &[f32]) -> f64 {
    let variances = log_var.iter().map(|log_var| f64::from(*log_var).exp());
    variances.sum::<f64>() / log_var.len() as f64
}

/// Sample variance of every column, of two rows or more.
fn variances(rows: &Rows) -> Vec<f64> {
    let n = rows.len() as f64;
    let column = |j: usize| {
        let values = rows.values.iter().skip(j).step_by(rows.columns);
        let values = values.map(|v| f64::from(*v));
        let mean = values.clone().sum::<f64>() / n;
        let squares: f64 = values.map(|v| (v - mean) * (v - mean)).sum();
        squares / (n - 1.0)
    };
    (0..rows.columns).map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variances_are_those_of_each_column() {
        let rows = Rows::new(2, vec![1.0, 5.0, 2.0, 5.0, 3.0, 5.0]);
        assert_eq!(variances(&rows), [1.0, 0.0]);
    }

    #[test]
    fn the_mean_is_of_variances_and_not_of_their_logarithms() {
        assert!((mean_variance(&[0.0, 3.0f32.ln()]) - 2.0).abs() < 1e-6);
    }
}
