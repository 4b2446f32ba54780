//! `table/pairwise`: the values of one axis against one another, with tests.

use super::Stage;
use super::artifacts;
use super::naming;
use super::rows;
use super::summary::names;
use super::summary::replicate;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::Produced;
use crate::registry::ArtifactType;
use crate::registry::Default;
use crate::registry::Entry;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::ParamType;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Value;
use crate::table::Correction;
use crate::table::PairTest;
use crate::table::Pairwise;
use crate::table::PairwiseError;
use crate::table::PairwiseSpec;

/// A row per pair of values.
pub struct PairwiseTable;

impl Entry for PairwiseTable {
    fn name(&self) -> &'static str {
        "table/pairwise"
    }

    fn summary(&self) -> &'static str {
        "methods against a baseline: difference, test, correction for many tests, effect size"
    }

    fn docs(&self) -> &'static str {
        "Compares the values of one axis within groups that agree on all others but the replicates.\n\
         Paired tests take the replicates that both sides have, such as equal seeds. All tests of\n\
         the table are one family for the correction. Effect sizes: d_z (`paired-t`), Hedges' g\n\
         (`welch-t`), the rank-biserial correlation (`wilcoxon`).\n\
         \n\
         Sources: Holm 1979; Benjamini and Hochberg 1995; Hedges 1981; Kerby 2014."
    }

    fn params(&self) -> Vec<Param> {
        let mut all = vec![
            Param::list("values", ParamType::Str, "the numbers to compare, in order"),
            Param::str("compare", "the axis whose values are compared"),
            Param::any(
                "baseline",
                "the value that the others are compared with [default: every pair]",
            )
            .optional(),
            Param {
                default: Default::Required,
                ..replicate()
            },
            Param::choice("test", &PairTest::NAMES, "of each difference").default("paired-t"),
            Param::choice(
                "correction",
                &Correction::NAMES,
                "of the probabilities, for the number of tests",
            )
            .default("holm"),
        ];
        all.extend(naming::params());
        all
    }
}

impl StageKind for PairwiseTable {
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

impl Stage for PairwiseTable {
    fn run(&self, job: &Job<'_>) -> Result<Produced, JobError> {
        let mut table = rows::of_rows(job.items("rows"))?;
        naming::apply(job, &mut table);
        let text = |name| job.param(name).and_then(Value::as_str);
        let baseline = job.param("baseline").map(|value| {
            // As a name given under `names`, or as the axis has it.
            let value = value.to_string();
            naming::name(job, &value).map_or(value.clone(), str::to_owned)
        });
        let spec = PairwiseSpec {
            values: names(job.param("values")),
            compare: text("compare").unwrap_or_default().to_owned(),
            baseline,
            replicate: names(job.param("replicate")),
            test: text("test")
                .and_then(PairTest::from_name)
                .unwrap_or(PairTest::PairedT),
            correction: text("correction")
                .and_then(Correction::from_name)
                .unwrap_or(Correction::Holm),
        };
        let pairwise = Pairwise::new(&table, &spec)?;
        let mut produced = Produced::default();
        produced
            .file("table", "table.csv", pairwise.to_table().to_csv())
            .file("table", artifacts::TABLE, pairwise.to_table().to_json())
            .file("table", "table.md", pairwise.to_markdown())
            .file("table", "table.tex", pairwise.to_latex());
        Ok(produced)
    }
}

impl From<PairwiseError> for JobError {
    fn from(error: PairwiseError) -> Self {
        JobError::failed(error.to_string())
    }
}
