//! `table/pairwise`: the values of one axis against one another, with tests.

use super::Stage;
use super::artifacts;
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
use crate::registry::ParamType;
use crate::registry::ParamValue;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Value;
use crate::registry::Values;
use crate::registry::params;
use crate::table::Correction;
use crate::table::PairTest;
use crate::table::Pairwise;
use crate::table::PairwiseError;
use crate::table::PairwiseSpec;

/// A row per pair of values.
pub(super) struct PairwiseTable;

params! {
    /// What `table/pairwise` may be given.
    struct PairwiseParams {
        /// the numbers to compare, in order
        values: Vec<String>;
        /// the axis whose values are compared
        compare: String;
        /// the value that the others are compared with [default: every pair]
        baseline: Option<Value>;
        /// the axis, or list of axes, along which values are repetitions
        replicate: Names;
        /// of each difference
        test: PairTest = "paired-t";
        /// of the probabilities, for the number of tests
        correction: Correction = "holm";
        latex: InLatex;
        naming: Naming;
    }
}

impl ParamValue for PairTest {
    fn ty() -> ParamType {
        ParamType::choice(&PairTest::NAMES)
    }

    fn of(value: &Value) -> Option<Self> {
        PairTest::from_name(value.as_str()?)
    }
}

impl ParamValue for Correction {
    fn ty() -> ParamType {
        ParamType::choice(&Correction::NAMES)
    }

    fn of(value: &Value) -> Option<Self> {
        Correction::from_name(value.as_str()?)
    }
}

impl Entry for PairwiseTable {
    fn name(&self) -> &'static str {
        "table/pairwise"
    }

    fn summary(&self) -> &'static str {
        "methods against a baseline: difference, test, correction for many tests, effect size"
    }

    fn docs(&self) -> &'static str {
        "Compares the values of one axis within groups that agree on all others but the replicates. A value\n\
         that lacks an axis of a group, as a baseline without the others' `k`, is compared in all of them.\n\
         Paired tests take the replicates that both sides have, such as equal seeds; where they share none, as\n\
         patients that are each in one group, the run warns, and `welch-t` is the test. Where only one side was\n\
         measured there is a row without a difference. All tests of\n\
         the table are one family for the correction. Beside an axis `n` the number of pairs is `pairwise.n`. Effect sizes: d_z (`paired-t`), Hedges' g\n\
         (`welch-t`), the rank-biserial correlation (`wilcoxon`).\n\
         \n\
         Sources: Holm 1979; Benjamini and Hochberg 1995; Hedges 1981; Kerby 2014."
    }

    fn revision(&self) -> u32 {
        9
    }

    fn params(&self) -> Vec<Param> {
        PairwiseParams::params()
    }
}

impl StageKind for PairwiseTable {
    fn inputs(&self) -> Vec<Slot> {
        vec![rows::SLOT]
    }

    fn outputs(&self) -> Outputs {
        Outputs::Fixed(&[("table", ArtifactType::Table)])
    }

    fn columns(&self, _output: &str, params: &Values, rows: &dyn Fn(&str) -> Columns) -> Columns {
        let Ok(params) = PairwiseParams::read(params) else {
            return Columns::unknown();
        };
        let left = rows("rows").axes_without(&params.replicate.0);
        let left = left.with_axes(["metric", &params.compare, "baseline"]);
        let axes = left.axes.names.clone();
        left.with_numbers(Pairwise::numbers_beside(|name| axes.contains(name)))
    }

    fn check(&self, params: &Values) -> Result<(), InvalidParam> {
        naming::check(params)?;
        in_latex::check(params)
    }

    fn reduces_all(&self) -> bool {
        true
    }
}

impl Stage for PairwiseTable {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = PairwiseParams::read(&job.step.params)?;
        let mut table = rows::of_job(job, None)?;
        let naming = params
            .naming
            .apply(&mut [&mut table], &params.replicate.0)?;
        let baseline = params.baseline.map(|value| {
            // As a name given under `names`, or as the axis has it.
            let value = value.to_string();
            let name = naming.name(&params.compare, &value).map(str::to_owned);
            name.unwrap_or(value)
        });
        let spec = PairwiseSpec {
            values: params.values,
            compare: params.compare,
            baseline,
            replicate: params.replicate.0,
            test: params.test,
            correction: params.correction,
        };
        let pairwise = Pairwise::new(&table, &spec)?;
        measured::distinct(&pairwise.to_table())?;
        if let Some(warning) = pairwise.without_pairs() {
            job.link.warn(&warning);
        }
        let layout = params.latex.layout()?;
        let mut produced = StepOutput::default();
        produced
            .file("table", "table.csv", pairwise.to_table().to_csv())
            .file("table", artifacts::TABLE, pairwise.to_table().to_json())
            .file("table", "table.md", pairwise.to_markdown())
            .file("table", "table.tex", pairwise.to_latex(&layout))
            .file(
                "table",
                "table.values.tex",
                pairwise.to_values(&job.step.stage),
            );
        Ok(produced)
    }
}

impl From<PairwiseError> for JobError {
    fn from(error: PairwiseError) -> Self {
        JobError::failed(error.to_string())
    }
}
