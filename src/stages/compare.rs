//! `table/compare`: our results beside the numbers of a paper.

use super::Stage;
use super::artifacts;
use super::naming;
use super::read;
use super::rows;
use super::summary::names;
use super::summary::replicate;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::Produced;
use crate::registry::ArtifactType;
use crate::registry::Entry;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::ParamType;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Value;
use crate::table::CompareError;
use crate::table::Comparison;
use crate::table::IntervalKind;
use crate::table::Reported;
use crate::table::Summary;
use crate::table::SummarySpec;

/// Puts each reported number beside ours.
pub struct CompareTable;

impl Entry for CompareTable {
    fn name(&self) -> &'static str {
        "table/compare"
    }

    fn summary(&self) -> &'static str {
        "results beside the numbers that others have printed"
    }

    fn docs(&self) -> &'static str {
        "The reported numbers are a table with a row per number: `value`, `source` (the paper and its\n\
         table), `spread` where something stands after a ±, and `metric` where several values are\n\
         compared. All its other columns are axes of ours and say what belongs together; an axis of\n\
         ours that varies beside them is named under `replicate`. Leaves ours with its interval,\n\
         theirs as printed, the difference and the source, as `table.csv` (full precision),\n\
         `table.md`, `table.tex` (booktabs) and `table.json`. A reported number without a result of\n\
         ours keeps its row."
    }

    fn params(&self) -> Vec<Param> {
        let mut all = vec![
            Param::list("values", ParamType::Str, "the numbers to compare, in order"),
            replicate(),
            Param::choice(
                "interval",
                &IntervalKind::NAMES,
                "what stands around our mean",
            )
            .default("ci95"),
        ];
        all.extend(naming::params());
        all
    }
}

impl StageKind for CompareTable {
    fn inputs(&self) -> Vec<Slot> {
        vec![
            rows::SLOT,
            Slot::new(
                "reported",
                &[ArtifactType::File, ArtifactType::Table],
                "a CSV or JSON file of reported numbers, or a table of them",
            ),
        ]
    }

    fn outputs(&self) -> Outputs {
        Outputs::Fixed(&[("table", ArtifactType::Table)])
    }

    fn reduces_all(&self) -> bool {
        true
    }
}

impl Stage for CompareTable {
    fn run(&self, job: &Job<'_>) -> Result<Produced, JobError> {
        let mut table = rows::of_rows(job.items("rows"))?;
        let artifact = artifacts::only(job, "reported")?;
        let mut reported = match artifact.paths.contains_key(artifacts::TABLE) {
            true => artifacts::read_table(artifact)?,
            false => read::file(artifact, None)?,
        };
        naming::apply(job, &mut table);
        naming::apply(job, &mut reported);
        let reported = Reported::new(&reported)?;
        let interval = job.param("interval").and_then(Value::as_str);
        let spec = SummarySpec {
            values: names(job.param("values")),
            by: Some(reported.axes()),
            replicate: names(job.param("replicate")),
            interval: interval
                .and_then(IntervalKind::from_name)
                .unwrap_or(IntervalKind::Ci95),
        };
        let ours = Summary::new(&table, &spec)?;
        let comparison = Comparison::new(ours, &reported)?;
        let mut produced = Produced::default();
        produced
            .file("table", "table.csv", comparison.to_table().to_csv())
            .file("table", artifacts::TABLE, comparison.to_table().to_json())
            .file("table", "table.md", comparison.to_markdown())
            .file("table", "table.tex", comparison.to_latex());
        Ok(produced)
    }
}

impl From<CompareError> for JobError {
    fn from(error: CompareError) -> Self {
        JobError::failed(error.to_string())
    }
}
