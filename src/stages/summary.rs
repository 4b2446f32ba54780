//! `table/summary`: scores of many cells become the table of a paper.

use std::collections::BTreeSet;

use super::Stage;
use super::in_latex;
use super::in_latex::InLatex;
use super::measured;
use super::naming;
use super::naming::Naming;
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
use crate::registry::choices;
use crate::registry::params;
use crate::table::IntervalKind;
use crate::table::Layout;
use crate::table::Summary;
use crate::table::SummaryError;
use crate::table::SummarySpec;
use crate::text::list_of;

/// Reduces replicates and prints the rest.
pub(super) struct SummaryTable;

choices! {
    /// How the decimal points of a column come to stand in line.
    enum Align {
        /// All numbers of a column have the same decimals.
        Plain = "plain",
        /// In the columns of the package siunitx.
        Siunitx = "siunitx",
    }
}

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
        /// in LaTeX, how decimal points come to stand in line: `plain` (equal decimals) or `siunitx`
        align: Align = Align::Plain;
        latex: InLatex;
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
         with its interval and n. One replicate gives no interval. A replicate has one row: several with\n\
         different numbers are refused, and so is a row without the replicates' axis beside others with it,\n\
         such as an ensemble of all seeds. One that diverged, or failed and may (`missing: allow`), is counted\n\
         as missing. Leaves `table.csv` (full\n\
         precision), `table.md`, `table.tex` (booktabs), `table.values.tex` and `table.json`; in the\n\
         printed forms the best value is bold and the second underlined where a score knows which way\n\
         is better; a row that lacks a replicate is a mean over others, and has no such mark. Numbers of a\n\
         column have the same decimals, as many as half of their intervals\n\
         warrant and more where different numbers would read the same; what reads the same shares its\n\
         place. Whole numbers without an interval are whole; in a column of numbers more than six decades\n\
         apart, or three where an uncertainty would read as zero beside the largest of them, each has a power of ten and decimals of its own. Columns that have no room side by side in LaTeX stand under one another. After\n\
         `\\input{summary.values}`, `\\sweepline{summary/iwae/2/elbo}` is the number of that row, and\n\
         `/mean` (or `/median`), `/half`, `/n` after it are its parts. What a run did not make anew has\n\
         no number in the `values.tex` of the experiment: the text of a paper is never stale.\n\
         Of a column of whole numbers below 2^53 all digits are printed. Of others without an interval those\n\
         that differ by less than a millionth of themselves read alike: it is all that single precision tells apart."
    }

    fn revision(&self) -> u32 {
        11
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

    fn columns(&self, _output: &str, params: &Values, rows: &dyn Fn(&str) -> Columns) -> Columns {
        let Ok(params) = SummaryParams::read(params) else {
            return Columns::unknown();
        };
        let numbers = params.values.iter().flat_map(|name| columns_of(name));
        let replicates = params.replicate.unwrap_or_default().0;
        match params.by {
            Some(by) => Columns::of(by, numbers),
            None => rows("rows").axes_without(&replicates).with_numbers(numbers),
        }
    }

    fn check(&self, params: &Values) -> Result<(), InvalidParam> {
        naming::check(params)?;
        in_latex::check(params)?;
        let Ok(params) = SummaryParams::read(params) else {
            return Ok(());
        };
        let by = params.by.unwrap_or_default();
        let mut seen = BTreeSet::new();
        let numbers = params.values.iter().flat_map(|name| columns_of(name));
        let mut names = by.into_iter().chain(numbers);
        match names.find(|name| !seen.insert(name.clone())) {
            None => Ok(()),
            Some(name) => Err(InvalidParam {
                param: "values",
                message: format!("two columns of the table would be called `{name}`"),
                help: format!(
                    "beside `loss` stand {}: give the numbers tables of their own, or one of them another name",
                    list_of(columns_of("loss").skip(1))
                ),
            }),
        }
    }

    fn reduces_all(&self) -> bool {
        true
    }

    fn repeats(&self, params: &Values) -> bool {
        // By default all axes stay that are no replicates.
        params.contains_key("by")
    }
}

/// What the columns of a number are called.
fn columns_of(name: &str) -> impl Iterator<Item = String> {
    let parts = Summary::PARTS.map(|part| format!("{name}_{part}"));
    [name.to_owned()].into_iter().chain(parts)
}

impl Stage for SummaryTable {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = SummaryParams::read(&job.step.params)?;
        let mut table = rows::of_job(job, None)?;
        let replicate = params.replicate.unwrap_or_default().0;
        params.naming.apply(&mut [&mut table], &replicate)?;
        let spec = SummarySpec {
            values: params.values,
            by: params.by,
            replicate,
            interval: params.interval,
        };
        let summary = Summary::of_single_rows(&table, &spec)?;
        measured::distinct(&summary.to_table())?;
        let layout = Layout {
            columns: params.columns,
            compare: params.compare.unwrap_or_default(),
            digits: params.digits,
            siunitx: params.align == Align::Siunitx,
            ..params.latex.layout()?
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

impl From<SummaryError> for JobError {
    fn from(error: SummaryError) -> Self {
        JobError::failed(error.to_string())
    }
}
