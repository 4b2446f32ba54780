//! `table/summary`: scores of many cells become the table of a paper.

use super::Stage;
use super::naming::Naming;
use super::rows;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::registry::ArtifactType;
use crate::registry::Entry;
use crate::registry::InvalidParam;
use crate::registry::Names;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Value;
use crate::registry::Values;
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
        /// decimals of every number [default: what each column warrants]
        digits: Option<usize>, max(12);
        /// in LaTeX, the room for the table: `single` (3.3 in), `double` (6.9 in), or inches
        width: Value = "single";
        /// in LaTeX, the caption of a float around the table
        caption: Option<String>;
        /// in LaTeX, what the text refers to the float by
        label: Option<String>;
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
         precision), `table.md`, `table.tex` (booktabs), `table.values.tex` and `table.json`; in the\n\
         printed forms the best value is bold and the second underlined where a score knows which way\n\
         is better. Numbers of a column have the same decimals, as many as half of their intervals\n\
         warrant and more where different numbers would read the same; what reads the same shares its\n\
         place. Columns that have no room side by side in LaTeX stand under one another. After\n\
         `\\input{summary.values}`, `\\sweepline{summary/iwae/2/elbo}` is the number of that row, and\n\
         `/mean`, `/half`, `/n` after it are its parts: the text of a paper is never stale."
    }

    fn revision(&self) -> u32 {
        2
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

    fn check(&self, params: &Values) -> Result<(), InvalidParam> {
        let Some(width) = params.get("width") else {
            return Ok(());
        };
        room(width).map(|_| ()).map_err(|error| InvalidParam {
            param: "width",
            message: error.to_string(),
            help: "3.3 inches are one column of two".to_owned(),
        })
    }

    fn reduces_all(&self) -> bool {
        true
    }

    fn repeats(&self, params: &Values) -> bool {
        // By default all axes stay that are no replicates.
        params.contains_key("by")
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
            digits: params.digits,
            width: Some(room(&params.width)?),
            caption: params.caption,
            label: params.label,
        };
        let mut produced = StepOutput::default();
        produced
            .file("table", "table.csv", summary.to_csv())
            .file("table", "table.json", summary.to_json())
            .file("table", "table.md", summary.to_markdown(&layout)?)
            .file("table", "table.tex", summary.to_latex(&layout)?)
            .file(
                "table",
                "table.values.tex",
                summary.to_values(&job.step.stage, &layout)?,
            );
        Ok(produced)
    }
}

/// Points of LaTeX that a table may be wide.
fn room(width: &Value) -> Result<f64, JobError> {
    let inches = match width.as_str() {
        Some("single") => Some(3.3),
        Some("double") => Some(6.9),
        _ => width
            .as_float()
            .filter(|inches| (0.5..=40.0).contains(inches)),
    };
    let points = inches.map(|inches| inches * 72.27);
    points.ok_or_else(|| {
        let title = format!("`width` is `{width}`, not `single`, `double` or 0.5 to 40 inches");
        JobError::failed(title)
    })
}

impl From<SummaryError> for JobError {
    fn from(error: SummaryError) -> Self {
        JobError::failed(error.to_string())
    }
}
