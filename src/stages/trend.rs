//! `evaluate/trend`: whether a number moved one way over a training.

use super::Stage;
use super::fitted;
use super::rows;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::registry::ArtifactType;
use crate::registry::Columns;
use crate::registry::Entry;
use crate::registry::Measure;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Values;
use crate::registry::params;
use crate::table::stats::spearman;

/// `evaluate/trend`
pub(super) struct Trend;

params! {
    /// What `evaluate/trend` may be given.
    struct TrendParams {
        /// columns of the curve, of which the first that it has is looked at
        columns: Vec<String>;
    }
}

const TREND: Measure = Measure::new("trend", "rank correlation with training time");
const GAIN: Measure = Measure::new("gain", "last row less first row of the curve");

/// Ranks of fewer rows say little.
const FEWEST: usize = 5;

impl Entry for Trend {
    fn name(&self) -> &'static str {
        "evaluate/trend"
    }

    fn summary(&self) -> &'static str {
        "rank correlation of a training curve with time"
    }

    fn docs(&self) -> &'static str {
        "`trend` is Spearman's rank correlation between the rows of a column and their order: 1 for a number\n\
         that rises all along, −1 for one that falls all along, near 0 for one that goes nowhere, and 0 for one that never\n\
         changes. So it says whether a bound tracks learning, whatever its unit. `gain` is the last row less the\n\
         first. A curve needs five rows at least."
    }

    fn params(&self) -> Vec<Param> {
        TrendParams::params()
    }
}

impl StageKind for Trend {
    fn inputs(&self) -> Vec<Slot> {
        vec![rows::CURVE]
    }

    fn outputs(&self) -> Outputs {
        Outputs::Fixed(&[("metrics", ArtifactType::Metrics)])
    }

    fn columns(&self, _output: &str, _params: &Values, _rows: &dyn Fn(&str) -> Columns) -> Columns {
        Columns::measured(&self.measures())
    }

    fn measures(&self) -> Vec<Measure> {
        vec![TREND, GAIN]
    }
}

impl Stage for Trend {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = TrendParams::read(&job.step.params)?;
        fitted::numbers_unless_diverged(job, &[TREND, GAIN], || {
            let curve = rows::only_curve(job)?;
            let (column, values) = rows::first_of(&curve, &params.columns)?;
            if values.len() < FEWEST {
                let (n, name) = (values.len(), &curve.columns[column].name);
                return Err(JobError::failed(format!(
                    "the curve has {n} rows of `{name}`: too few for a trend"
                ))
                .hint(format!("train for {FEWEST} rows or more")));
            }
            Ok(vec![trend(&values), values[values.len() - 1] - values[0]])
        })
    }
}

/// Spearman's rank correlation with 0, 1, 2, …; 0 where nothing changes.
fn trend(values: &[f64]) -> f64 {
    let order: Vec<f64> = (0..values.len()).map(|row| row as f64).collect();
    spearman(&order, values).map_or(0.0, |found| found.coefficient)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rise_is_one_a_fall_minus_one_and_no_change_nothing() {
        assert_eq!(trend(&[1.0, 2.0, 4.0, 8.0, 9.0]), 1.0);
        assert_eq!(trend(&[5.0, 4.0, 0.0, -1.0, -7.0]), -1.0);
        assert_eq!(trend(&[3.0; 6]), 0.0);
        // Ranks 1 3 2 5 4: 1 − 6 (0 + 1 + 1 + 1 + 1)/(5 · 24) = 0.8.
        let found = trend(&[1.0, 3.0, 2.0, 5.0, 4.0]);
        assert!((found - 0.8).abs() < 1e-12, "{found}");
    }
}
