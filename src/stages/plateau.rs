//! `evaluate/plateau`: whether a training had levelled off when it ended.

use super::Stage;
use super::fitted;
use super::rows;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::models::Estimate;
use crate::registry::ArtifactType;
use crate::registry::Entry;
use crate::registry::Measure;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::params;
use crate::table::Table;

/// `evaluate/plateau`
pub(super) struct Plateau;

params! {
    /// What `evaluate/plateau` may be given.
    struct PlateauParams {
        /// columns of the curve, of which the first that it has is looked at
        columns: Vec<String>;
        /// of the rows, the last part and as long a part before it
        share: f64 = 0.2, min(0.01), max(0.5);
        /// a gain up to this counts as none, in units of the column
        tolerance: f64 = 0.01, min(0.0);
    }
}

const LATE_GAIN: Measure = Measure::new("late_gain", "gain in the last part of the training");
const LATE_GAIN_SE: Measure = Measure::new("late_gain_se", "standard error of that gain");
const LEVELLED: Measure = Measure::new("levelled", "share of trainings that levelled off").up();

/// Rows in each of the two parts, at least: below that a mean says little.
const FEWEST: usize = 3;

impl Entry for Plateau {
    fn name(&self) -> &'static str {
        "evaluate/plateau"
    }

    fn summary(&self) -> &'static str {
        "whether a training had levelled off when it ended"
    }

    fn docs(&self) -> &'static str {
        "`late_gain` is the mean of a column over the last `share` of the curve's rows less its mean over\n\
         as many rows before them, towards the better side. `levelled` is 1 where that is at most\n\
         `tolerance`, else 0, so that its mean over trainings is the share that levelled off.\n\
         `late_gain_se` is the standard error that the scatter of the rows gives the difference, as\n\
         if they were independent.\n\
         \n\
         Systems whose trainings did not level off are compared at the budget that they were given, not at\n\
         what they can do."
    }

    fn params(&self) -> Vec<Param> {
        PlateauParams::params()
    }
}

impl StageKind for Plateau {
    fn inputs(&self) -> Vec<Slot> {
        vec![rows::CURVE]
    }

    fn outputs(&self) -> Outputs {
        Outputs::Fixed(&[("metrics", ArtifactType::Metrics)])
    }

    fn measures(&self) -> Vec<Measure> {
        vec![LATE_GAIN, LATE_GAIN_SE, LEVELLED]
    }
}

impl Stage for Plateau {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = PlateauParams::read(&job.step.params)?;
        fitted::numbers_unless_diverged(job, &[LATE_GAIN, LATE_GAIN_SE, LEVELLED], || {
            let curve = rows::only_curve(job)?;
            let (gain, error) = late_gain(&curve, &params)?;
            let levelled = f64::from(u8::from(gain <= params.tolerance));
            Ok(vec![gain, error, levelled])
        })
    }
}

/// The gain in the last part of the curve, with its standard error.
fn late_gain(curve: &Table, params: &PlateauParams) -> Result<(f64, f64), JobError> {
    let (column, values) = rows::first_of(curve, &params.columns)?;
    let part = (values.len() as f64 * params.share).round() as usize;
    // Halves of an odd number of rows: the first row is in neither.
    let part = part.min(values.len() / 2);
    if part < FEWEST {
        return Err(JobError::failed(format!(
            "the curve has {} rows of `{}`, of which {} are {part}: too few to judge by",
            values.len(),
            curve.columns[column].name,
            params.share,
        ))
        .hint("train for longer, or give a larger `share`"));
    }
    let (before, last) = values[values.len() - 2 * part..].split_at(part);
    let [before, last] = [before, last].map(Estimate::of);
    let better = match curve.columns[column].higher_is_better {
        Some(false) => -1.0,
        _ => 1.0,
    };
    let error = |part: Estimate| part.standard_error.unwrap_or(f64::NAN);
    Ok((
        better * (last.mean - before.mean),
        error(before).hypot(error(last)),
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::table::Column;

    fn curve(values: &[f64], higher: bool) -> Table {
        Table {
            columns: vec![Column::metric("valid", "nats", Some(higher))],
            rows: values.iter().map(|value| vec![json!(value)]).collect(),
        }
    }

    fn params(columns: &[&str]) -> PlateauParams {
        PlateauParams {
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            share: 0.2,
            tolerance: 0.01,
        }
    }

    /// Rows 12, 13, 14 against 9, 10, 11: means 13 and 10, variances 1, error √(1/3 + 1/3).
    #[test]
    fn the_last_part_is_held_against_the_one_before() {
        let rows: Vec<f64> = (0..15).map(f64::from).collect();
        let (gain, error) = late_gain(&curve(&rows, true), &params(&["other", "valid"]))
            .expect("there are rows enough");
        assert_eq!(gain, 3.0);
        assert!((error - (2.0f64 / 3.0).sqrt()).abs() < 1e-12, "{error}");
        let (loss, _) = late_gain(&curve(&rows, false), &params(&["valid"])).expect("the same");
        assert_eq!(loss, -3.0);
    }

    #[test]
    fn halves_of_an_odd_number_of_rows_leave_out_the_first() {
        let rows = [100.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let halves = PlateauParams {
            share: 0.5,
            ..params(&["valid"])
        };
        let (gain, _) = late_gain(&curve(&rows, true), &halves).expect("there are rows enough");
        assert_eq!(gain, 3.0);
        let five = late_gain(&curve(&rows[..5], true), &halves).expect_err("two a half");
        assert!(five.to_string().contains("too few"), "{five}");
    }

    #[test]
    fn what_cannot_be_judged_is_refused() {
        let short = curve(&[1.0; 10], true);
        let found = late_gain(&short, &params(&["valid"])).expect_err("it is too short");
        assert!(found.to_string().contains("too few"), "{found}");
        let found = late_gain(&short, &params(&["elbo"])).expect_err("there is no such column");
        assert!(found.to_string().contains("no column elbo"), "{found}");
    }
}
