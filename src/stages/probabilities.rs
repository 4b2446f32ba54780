//! `estimate/inception-score`: the inception score of probabilities that another program computed.

use super::Stage;
use super::artifacts;
use super::read;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::metrics::classifier::order_of;
use crate::metrics::inception_score::few;
use crate::metrics::inception_score::inception_score;
use crate::models::Rows;
use crate::random::Seed;
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

/// `estimate/inception-score`
pub(super) struct ScoreOfProbabilities;

params! {
    /// What `estimate/inception-score` may be given.
    struct ProbabilitiesParams {
        /// parts that are scored apart
        splits: usize = 10, min(1);
        /// which rows stand in which part
        seed: Seed;
    }
}

/// What the probabilities of a row may be off from 1 together: half a unit in the third place, for files
/// with few places.
const OFF: f64 = 5e-3;

const SCORE: Measure = Measure::new("inception_score", "inception score");
const STD: Measure = Measure::new(
    "inception_score_std",
    "std of the inception score over splits",
);

impl Entry for ScoreOfProbabilities {
    fn name(&self) -> &'static str {
        "estimate/inception-score"
    }

    fn summary(&self) -> &'static str {
        "inception score of class probabilities in a file"
    }

    fn docs(&self) -> &'static str {
        "`in: {probabilities: {file: probs.csv}}`: a CSV file with a header line, a row per sample and a column\n\
         per class, or a safetensors file of one array `[n, classes]` (in Python:\n\
         `save_file({\"p\": p}, \"probs.safetensors\")`), or what a command leaves under `out` as `table` or\n\
         `arrays`. So any network can stand behind the score, the Inception network too. Each row has to add up\n\
         to 1. Which rows stand in which of the `splits` parts is decided by `seed` and the numbers of each\n\
         row, never by the order in the file. The score is that of `evaluate/inception-score`."
    }

    /// 3: tables are read as by revision 3 of `table/read`.
    fn revision(&self) -> u32 {
        3
    }

    fn params(&self) -> Vec<Param> {
        ProbabilitiesParams::params()
    }
}

impl StageKind for ScoreOfProbabilities {
    fn inputs(&self) -> Vec<Slot> {
        vec![Slot::new(
            "probabilities",
            &[
                ArtifactType::File,
                ArtifactType::Table,
                ArtifactType::Arrays,
            ],
            "p(y|x), a row per sample",
        )]
    }

    fn outputs(&self) -> Outputs {
        Outputs::Fixed(&[("metrics", ArtifactType::Metrics)])
    }

    fn columns(&self, _output: &str, _params: &Values, _rows: &dyn Fn(&str) -> Columns) -> Columns {
        Columns::measured(&self.measures())
    }

    fn measures(&self) -> Vec<Measure> {
        vec![SCORE.up(), STD]
    }
}

impl Stage for ScoreOfProbabilities {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = ProbabilitiesParams::read(&job.step.params)?;
        let p = probabilities(job)?;
        check(&p)?;
        let order = order_of(&p, params.seed.derive("inception-score/order"));
        let score = inception_score(&p.gather(&order), p.columns, params.splits);
        let score = score.ok_or_else(|| {
            let (n, splits) = (p.len(), params.splits);
            JobError::failed(format!("{n} rows cannot be cut into {splits} splits"))
                .hint("give fewer `splits`")
        })?;
        if let Some(few) = few(p.len() / params.splits) {
            job.link.warn(&few);
        }
        let numbers = [(SCORE.name, score.mean), (STD.name, score.std)];
        let mut produced = StepOutput::default();
        produced.file(
            "metrics",
            artifacts::METRICS,
            artifacts::metrics_json(numbers),
        );
        Ok(produced)
    }
}

/// The rows in the slot.
fn probabilities(job: &Job<'_>) -> Result<Rows, JobError> {
    let artifact = artifacts::only(job, "probabilities")?;
    let arrays = artifact
        .paths
        .keys()
        .any(|name| name.ends_with(".safetensors"));
    if arrays {
        let array = artifacts::array(job, "probabilities")?;
        let &[_, classes] = array.shape() else {
            let shape = array.shape();
            return Err(JobError::failed(format!(
                "the array has shape {shape:?}, probabilities have [n, classes]"
            )));
        };
        return Ok(Rows::new(classes, array.to_f32()));
    }
    let table = match artifact.paths.len() {
        1 => read::file(artifact, None)?,
        _ => artifacts::read_table(artifact)?,
    };
    let numbers: Vec<usize> = (0..table.columns.len())
        .filter(|at| !table.columns[*at].axis)
        .collect();
    let mut values = Vec::with_capacity(table.rows.len() * numbers.len());
    for (row, cells) in table.rows.iter().enumerate() {
        for at in &numbers {
            let value = cells[*at].as_f64().ok_or_else(|| {
                let column = &table.columns[*at].name;
                JobError::failed(format!("row {row} has no number in column `{column}`"))
            })?;
            values.push(value as f32);
        }
    }
    Ok(Rows::new(numbers.len(), values))
}

/// # Errors
/// Where a row is no distribution.
fn check(p: &Rows) -> Result<(), JobError> {
    if p.columns < 2 || p.is_empty() {
        return Err(JobError::failed(format!(
            "{} rows of {} numbers are no probabilities of classes",
            p.len(),
            p.columns
        )));
    }
    for (row, p) in p.values.chunks_exact(p.columns).enumerate() {
        let sum: f64 = p.iter().map(|p| f64::from(*p)).sum();
        if p.iter().any(|p| !(0.0..=1.0 + OFF as f32).contains(p)) || (sum - 1.0).abs() > OFF {
            return Err(JobError::failed(format!(
                "row {row} is no distribution over the classes: its numbers add up to {sum}"
            ))
            .hint("give probabilities, not logits or their logarithms; rows count from 0"));
        }
    }
    Ok(())
}
