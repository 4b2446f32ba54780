//! `table/codes`: where a model puts observations in its latent space, as rows that figures take.

use super::capabilities;
use crate::registry::Capability;
use crate::registry::Facts;
use crate::registry::Misfit;
use crate::registry::Values;
use crate::registry::params;
use serde_json::Value as Json;

use super::Stage;
use super::fitted;
use super::measured;
use crate::data::SplitName;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::metrics::inferred;
use crate::models::Rows;
use crate::models::params;
use crate::nn::device::DeviceChoice;
use crate::random::Seed;
use crate::registry::ArtifactType;
use crate::registry::Columns;
use crate::registry::Entry;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::table::Column;
use crate::table::Table;

/// One row per observation.
pub(super) struct Codes;

params! {
    /// What `table/codes` may be given.
    struct CodesParams {
        /// at most how many observations
        count: usize = 1000, min(1);
        /// where they come from
        split: SplitName = SplitName::Test;
    }
}

impl Entry for Codes {
    fn name(&self) -> &'static str {
        "table/codes"
    }

    fn summary(&self) -> &'static str {
        "latent codes of observations, with their labels"
    }

    fn docs(&self) -> &'static str {
        "A row per observation of the split, from the first: `observation` counts them, `label` is\n\
         there where the data have labels, and `z_1`, `z_2`, … are the means of q(z|x), those\n\
         of a flow over 64 draws with the same noise for every x. For `figure/embedding`, and for histograms of single dimensions."
    }

    fn revision(&self) -> u32 {
        3
    }

    fn params(&self) -> Vec<Param> {
        CodesParams::params()
    }
}

impl StageKind for Codes {
    fn inputs(&self) -> Vec<Slot> {
        vec![
            Slot::new("model", &[ArtifactType::Model], "the fitted model").single(),
            Slot::new("data", &[ArtifactType::Dataset], "what is encoded").single(),
        ]
    }

    fn outputs(&self) -> Outputs {
        Outputs::Fixed(&[("table", ArtifactType::Table)])
    }

    fn columns(&self, _output: &str, _params: &Values, _rows: &dyn Fn(&str) -> Columns) -> Columns {
        let mut columns = Columns::of(["observation", "label"], [""; 0]);
        columns.numbers.open = true;
        columns
    }

    fn foresee(&self, _params: &Values, reads: &dyn Fn(&str) -> Facts) -> Result<Facts, Misfit> {
        capabilities::check(&[Capability::Codes], reads)?;
        reads("model").is_of_data_like(&reads("data"))?;
        Ok(Facts::default())
    }

    fn uses_numerics(&self) -> bool {
        true
    }
}

impl Stage for Codes {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = CodesParams::read(&job.step.params)?;
        let none = || measured::left(&table(&Rows::new(1, Vec::new()), None));
        fitted::unless_diverged(none, || {
            let (model, data) = fitted::with_data(job, DeviceChoice::Auto)?;
            let split = params.split.name();
            let codes = match model.semi_amortized() {
                // Its refinement depends on the batches that it was trained with: all of them, then.
                Some(refining) => {
                    let seed = Seed::new(0).derive("table/codes");
                    let all = inferred::posteriors(refining, &data, split, &seed)?;
                    first(all.mean(), params.count)
                }
                None => {
                    let x = params::observations(&data, split)?;
                    model.encode(&first(&x, params.count))?.codes()
                }
            };
            let labels = data.split(split).and_then(|split| split.labels());
            Ok(measured::left(&table(&codes, labels.as_deref())))
        })
    }
}

/// The first rows, at most so many.
fn first(rows: &Rows, count: usize) -> Rows {
    let first: Vec<usize> = (0..count.min(rows.len())).collect();
    Rows::new(rows.columns, rows.gather(&first))
}

fn table(codes: &Rows, labels: Option<&[u32]>) -> Table {
    let mut columns = vec![Column::axis("observation")];
    columns.extend(labels.map(|_| Column::axis("label")));
    columns.extend((1..=codes.columns).map(|d| Column {
        label: format!("z_{{{d}}}"),
        ..Column::metric(&format!("z_{d}"), "", None)
    }));
    let row = |i: usize| -> Vec<Json> {
        let mut row = vec![Json::from(i)];
        row.extend(labels.map(|labels| Json::from(labels[i])));
        let own = &codes.values[i * codes.columns..(i + 1) * codes.columns];
        // Seven digits are all that a single-precision number has.
        row.extend(own.iter().map(|&z| match z.to_string().parse::<f64>() {
            Ok(z) if z.is_finite() => Json::from(z),
            _ => Json::Null,
        }));
        row
    };
    Table {
        rows: (0..codes.len()).map(row).collect(),
        columns,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_stand_beside_their_labels() {
        let codes = Rows::new(2, vec![0.1, 1.0, -2.5, f32::NAN]);
        let labelled = table(&codes, Some(&[7, 3, 1]));
        assert_eq!(
            labelled.to_csv(),
            "observation,label,z_1,z_2\n0,7,0.1,1.0\n1,3,-2.5,\n"
        );
        let plain = table(&codes, None);
        assert_eq!(plain.columns.len(), 3);
        assert!(plain.columns[0].axis && !plain.columns[1].axis);
    }
}
