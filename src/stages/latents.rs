//! `table/latents`: how a model uses each of its latent dimensions.

use serde_json::Value as Json;

use super::Stage;
use super::capabilities;
use super::fitted;
use super::measured;
use crate::data::SplitName;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::metrics::inferred;
use crate::models::Rows;
use crate::nn::device::DeviceChoice;
use crate::random::Seed;
use crate::registry::ArtifactType;
use crate::registry::Capability;
use crate::registry::Columns;
use crate::registry::Entry;
use crate::registry::Facts;
use crate::registry::Measure;
use crate::registry::Misfit;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Values;
use crate::registry::params;
use crate::table::Column;
use crate::table::Table;

/// `table/latents`
pub(super) struct Latents;

params! {
    /// What `table/latents` may be given.
    struct LatentsParams {
        /// which observations
        split: SplitName = SplitName::Test;
        /// posterior means in the table `means`
        count: usize = 5000, min(1);
        /// which of them, and which noise of a refinement by gradient steps
        seed: Seed;
    }
}

const SPREAD: Measure = Measure::new("mean_sd", "std of the posterior mean over observations");
const LOW: Measure = Measure::new("mean_low", "least posterior mean");
const HIGH: Measure = Measure::new("mean_high", "greatest posterior mean");
const POSTERIOR_MEAN: Measure = Measure::new("posterior_mean", "posterior mean");

impl Entry for Latents {
    fn name(&self) -> &'static str {
        "table/latents"
    }

    fn summary(&self) -> &'static str {
        "posterior means by latent dimension: which dimensions a model uses"
    }

    fn docs(&self) -> &'static str {
        "`table` has a row per latent dimension, from the most used to the least: `rank` from 1,\n\
         `dimension` its place in z, and over the observations of a split the standard deviation `mean_sd`\n\
         of the mean of q(z|x), its least and its greatest value. A dimension that the model ignores has 0.\n\
         The mean of a flow is one over 64 draws with the same noise for every x.\n\
         `means` has `count` posterior means, of observations and dimensions drawn at random, for a\n\
         histogram: a model that ignores most of its dimensions has a spike at 0 there.\n\
         \n\
         Source: figure 6 of Rosca, Lakshminarayanan and Mohamed 2018, arXiv 1802.06847."
    }

    /// Since the second means of flows are theirs.
    fn revision(&self) -> u32 {
        2
    }

    fn params(&self) -> Vec<Param> {
        LatentsParams::params()
    }
}

impl StageKind for Latents {
    fn inputs(&self) -> Vec<Slot> {
        measured::SLOTS.to_vec()
    }

    fn outputs(&self) -> Outputs {
        Outputs::Fixed(&[
            ("table", ArtifactType::Table),
            ("means", ArtifactType::Table),
        ])
    }

    fn columns(&self, output: &str, _params: &Values, _rows: &dyn Fn(&str) -> Columns) -> Columns {
        match output {
            "means" => Columns::of(["draw"], [POSTERIOR_MEAN.name]),
            _ => Columns::of(["rank", "dimension"], [SPREAD, LOW, HIGH].map(|m| m.name)),
        }
    }

    fn measures(&self) -> Vec<Measure> {
        vec![SPREAD, LOW, HIGH, POSTERIOR_MEAN]
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

impl Stage for Latents {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = LatentsParams::read(&job.step.params)?;
        let none = || left(&Rows::new(1, Vec::new()), 0, params.seed);
        fitted::unless_diverged(none, || {
            let (model, data) = fitted::with_data(job, DeviceChoice::Auto)?;
            let seed = params.seed.derive("table/latents");
            let codes = inferred::codes(&*model, &data, params.split.name(), &seed)?;
            Ok(left(&codes, params.count, seed))
        })
    }
}

fn left(codes: &Rows, count: usize, seed: Seed) -> StepOutput {
    let mut left = measured::left(&by_dimension(codes));
    measured::add(&mut left, "means", &means(codes, count, seed));
    left
}

/// A row per dimension, by falling standard deviation.
fn by_dimension(codes: &Rows) -> Table {
    let n = codes.len() as f64;
    let spread = |j: usize| {
        let values = codes.values.iter().skip(j).step_by(codes.columns);
        let values = values.map(|v| f64::from(*v));
        let mean = values.clone().sum::<f64>() / n;
        let squares: f64 = values.clone().map(|v| (v - mean) * (v - mean)).sum();
        let low = values.clone().fold(f64::INFINITY, f64::min);
        let high = values.fold(f64::NEG_INFINITY, f64::max);
        (j, (squares / (n - 1.0).max(1.0)).sqrt(), low, high)
    };
    let dimensions = if codes.is_empty() { 0 } else { codes.columns };
    let mut all: Vec<_> = (0..dimensions).map(spread).collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let row = |(rank, (j, sd, low, high)): (usize, (usize, f64, f64, f64))| -> Vec<Json> {
        vec![
            (rank + 1).into(),
            (j + 1).into(),
            sd.into(),
            low.into(),
            high.into(),
        ]
    };
    let numbers = [SPREAD, LOW, HIGH].map(|measure| super::number_column(measure.name));
    Table {
        columns: ["rank", "dimension"]
            .map(Column::axis)
            .into_iter()
            .chain(numbers)
            .collect(),
        rows: all.into_iter().enumerate().map(row).collect(),
    }
}

/// Values of means at random places.
fn means(codes: &Rows, count: usize, seed: Seed) -> Table {
    let mut stream = seed.derive("means").stream(0);
    let all = codes.values.len();
    let chosen = (0..count).take_while(|_| all > 0);
    let row = |number: usize| {
        let value = f64::from(codes.values[stream.below(all)]);
        vec![Json::from(number), Json::from(value)]
    };
    Table {
        columns: vec![
            Column::axis("draw"),
            super::number_column(POSTERIOR_MEAN.name),
        ],
        rows: chosen.map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dimensions_come_by_their_spread_and_an_ignored_one_has_none() {
        // Means of the second dimension: 1, 2, 3; its sample standard deviation is 1.
        let codes = Rows::new(2, vec![0.5, 1.0, 0.5, 2.0, 0.5, 3.0]);
        let table = by_dimension(&codes);
        assert_eq!(
            table.to_csv(),
            "rank,dimension,mean_sd,mean_low,mean_high\n1,2,1.0,1.0,3.0\n2,1,0.0,0.5,0.5\n"
        );
        let drawn = means(&codes, 400, Seed::new(1));
        let halves = drawn.rows.iter().filter(|row| row[1] == 0.5).count();
        // Three of six values are 0.5: 200 of 400, whose standard deviation is 10.
        assert!((150..250).contains(&halves), "{halves}");
        assert!(
            means(&Rows::new(1, Vec::new()), 5, Seed::new(1))
                .rows
                .is_empty()
        );
    }
}
