//! `table/summary`: scores of many cells become the table of a paper.

use super::Stage;
use super::naming::Naming;
use super::rows;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::registry::ArtifactType;
use crate::registry::Entry;
use crate::registry::Names;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::params;
use crate::table::IntervalKind;
use crate::table::Layout;
use crate::table::Summary;
use crate::table::SummaryError;
use crate::table::SummarySpec;

/// Reduces replicates and prints the rest.
pub(super) struct SummaryTable;

params! {
    /// What `table/summary` may be given.
    struct SummaryParams {
        /// the numbers to show, in order
        values: Vec<String>;
        /// the axis, or list of axes, along which values are repetitions
        replicate: Option<Names>;
        /// the axes that stay [default: all others]
        by: Option<Vec<String>>;
        /// the axis whose values become columns
        columns: Option<String>;
        /// axes among whose values the best is sought [default: all but the first]
        compare: Option<Vec<String>>;
        /// what stands around the mean
        interval: IntervalKind = "ci95";
        naming: Naming;
    }
}

impl Entry for SummaryTable {
    fn name(&self) -> &'static str {
        "table/summary"
    }

    fn summary(&self) -> &'static str {
        "scores by cell, with an interval over replicates"
    }

    fn docs(&self) -> &'static str {
        "Groups the rows by all axes but the replicates and prints, per group, the mean of each value\n\
         with its interval and n. One replicate gives no interval. Leaves `table.csv` (full\n\
         precision), `table.md`, `table.tex` (booktabs) and `table.json`; in the printed forms the\n\
         best value is bold and the second underlined where a score knows which way is better."
    }

    fn params(&self) -> Vec<Param> {
        SummaryParams::params()
    }
}

impl StageKind for SummaryTable {
    fn inputs(&self) -> Vec<Slot> {
        vec![rows::SLOT]
    }

    fn outputs(&self) -> Outputs {
        Outputs::Fixed(&[("table", ArtifactType::Table)])
    }

    fn reduces_all(&self) -> bool {
        true
    }
}

impl Stage for SummaryTable {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = SummaryParams::read(&job.step.params)?;
        let mut table = rows::of_rows(job.items("rows"))?;
        params.naming.apply(&mut table);
        let spec = SummarySpec {
            values: params.values,
            by: params.by,
            replicate: params.replicate.unwrap_or_default().0,
            interval: params.interval,
        };
        let summary = Summary::new(&table, &spec)?;
        let layout = Layout {
            columns: params.columns,
            compare: params.compare.unwrap_or_default(),
        };
        let mut produced = StepOutput::default();
        produced
            .file("table", "table.csv", summary.to_csv())
            .file("table", "table.json", summary.to_json())
            .file("table", "table.md", summary.to_markdown(&layout)?)
            .file("table", "table.tex", summary.to_latex(&layout)?);
        Ok(produced)
    }
}

impl From<SummaryError> for JobError {
    fn from(error: SummaryError) -> Self {
        JobError::failed(error.to_string())
    }
}
