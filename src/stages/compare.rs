//! `table/compare`: our results beside the numbers of a paper.

use super::Stage;
use super::artifacts;
use super::in_latex;
use super::in_latex::InLatex;
use super::measured;
use super::naming;
use super::naming::Naming;
use super::read;
use super::rows;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::registry::ArtifactType;
use crate::registry::Columns;
use crate::registry::Entry;
use crate::registry::InvalidParam;
use crate::registry::Names;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Values;
use crate::registry::params;
use crate::table::CompareError;
use crate::table::Comparison;
use crate::table::IntervalKind;
use crate::table::Reported;
use crate::table::Summary;
use crate::table::SummarySpec;

/// Puts each reported number beside ours.
pub(super) struct CompareTable;

params! {
    /// What `table/compare` may be given.
    struct CompareParams {
        /// the numbers to compare, in order
        values: Vec<String>;
        /// the axis, or list of axes, along which values are repetitions
        replicate: Option<Names>;
        /// axes of ours that the reported numbers do not have: each of these stands beside every value, as beside
        /// several data sets that take the place of the printed one
        by: Option<Names>;
        /// what stands around our mean
        interval: IntervalKind = "ci95";
        latex: InLatex;
        naming: Naming;
    }
}

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
         ours that varies beside them is named under `replicate`, or under `by`. Leaves ours with its interval,\n\
         theirs as printed, the difference and the source, as `table.csv` (full precision),\n\
         `table.md`, `table.tex` (booktabs) and `table.json`. A reported number without a result of\n\
         ours keeps its row; those of a `metric` that is none of `values` are counted below the table."
    }

    /// 6: tables are read as by revision 3 of `table/read`. 7: numbers of axes are mathematics.
    fn revision(&self) -> u32 {
        8
    }

    fn params(&self) -> Vec<Param> {
        CompareParams::params()
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

    fn columns(&self, _output: &str, _params: &Values, _rows: &dyn Fn(&str) -> Columns) -> Columns {
        // Its axes are those of the reported numbers.
        let mut columns = Columns::of(["metric"], Comparison::NUMBERS);
        columns.axes.open = true;
        columns
    }

    fn check(&self, params: &Values) -> Result<(), InvalidParam> {
        naming::check(params)?;
        in_latex::check(params)
    }

    fn reduces_all(&self) -> bool {
        true
    }
}

impl Stage for CompareTable {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = CompareParams::read(&job.step.params)?;
        let mut table = rows::of_job(job, None)?;
        let artifact = artifacts::only(job, "reported")?;
        let mut reported = match artifact.paths.contains_key(artifacts::TABLE) {
            true => artifacts::read_table(artifact)?,
            false => read::file(artifact, None)?,
        };
        let replicate = params.replicate.unwrap_or_default().0;
        let tables = &mut [&mut table, &mut reported];
        params.naming.apply(tables, &replicate)?;
        let by = params.by.unwrap_or_default().0;
        let reported = Reported::new(&reported)?.beside_every(&by, &table)?;
        let spec = SummarySpec {
            values: params.values,
            by: Some(reported.axes()),
            replicate,
            interval: params.interval,
        };
        let ours = Summary::of_single_rows(&table, &spec)?;
        let comparison = Comparison::new(ours, &reported)?;
        measured::distinct(&comparison.to_table())?;
        let layout = params.latex.layout()?;
        let mut produced = StepOutput::default();
        produced
            .file("table", "table.csv", comparison.to_table().to_csv())
            .file("table", artifacts::TABLE, comparison.to_table().to_json())
            .file("table", "table.md", comparison.to_markdown())
            .file("table", "table.tex", comparison.to_latex(&layout))
            .file(
                "table",
                "table.values.tex",
                comparison.to_values(&job.step.stage),
            );
        Ok(produced)
    }
}

impl From<CompareError> for JobError {
    fn from(error: CompareError) -> Self {
        JobError::failed(error.to_string())
    }
}
