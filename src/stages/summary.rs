//! `table/summary`: scores of many cells become the table of a paper.

use super::Stage;
use super::naming;
use super::rows;
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
use crate::table::IntervalKind;
use crate::table::Layout;
use crate::table::Summary;
use crate::table::SummaryError;
use crate::table::SummarySpec;

/// Reduces replicates and prints the rest.
pub struct SummaryTable;

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
        let mut all = vec![
            Param::list("values", ParamType::Str, "the numbers to show, in order"),
            replicate(),
            Param::list(
                "by",
                ParamType::Str,
                "the axes that stay [default: all others]",
            )
            .optional(),
            Param::str("columns", "the axis whose values become columns").optional(),
            Param::list(
                "compare",
                ParamType::Str,
                "axes among whose values the best is sought [default: all but the first]",
            )
            .optional(),
            Param::choice(
                "interval",
                &IntervalKind::NAMES,
                "what stands around the mean",
            )
            .default("ci95"),
        ];
        all.extend(naming::params());
        all
    }
}

/// The parameter that names replicate axes, in tables and figures alike.
pub fn replicate() -> Param {
    Param::any(
        "replicate",
        "the axis, or list of axes, along which values are repetitions",
    )
    .optional()
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
    fn run(&self, job: &Job<'_>) -> Result<Produced, JobError> {
        let mut table = rows::of_rows(job.items("rows"))?;
        naming::apply(job, &mut table);
        let text = |name| job.param(name).and_then(Value::as_str).map(str::to_owned);
        let interval = text("interval").and_then(|name| IntervalKind::from_name(&name));
        let spec = SummarySpec {
            values: names(job.param("values")),
            by: job.param("by").map(|by| names(Some(by))),
            replicate: names(job.param("replicate")),
            interval: interval.unwrap_or(IntervalKind::Ci95),
        };
        let summary = Summary::new(&table, &spec)?;
        let layout = Layout {
            columns: text("columns"),
            compare: names(job.param("compare")),
        };
        let mut produced = Produced::default();
        produced
            .file("table", "table.csv", summary.to_csv())
            .file("table", "table.json", summary.to_json())
            .file("table", "table.md", summary.to_markdown(&layout)?)
            .file("table", "table.tex", summary.to_latex(&layout)?);
        Ok(produced)
    }
}

/// One name or a list of names.
pub fn names(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Str(name)) => vec![name.clone()],
        Some(Value::List(list)) => list
            .iter()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    }
}

impl From<SummaryError> for JobError {
    fn from(error: SummaryError) -> Self {
        JobError::failed(error.to_string())
    }
}
