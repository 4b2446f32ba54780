//! `table/tsne`: rows of many numbers as points of a plane.

mod embedding;

use serde_json::Value as Json;

use self::embedding::Embedding;
use super::Stage;
use super::artifacts;
use super::measured;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
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
use crate::table::Column;
use crate::table::Table;

/// `table/tsne`
pub(super) struct Tsne;

params! {
    /// What `table/tsne` may be given.
    struct TsneParams {
        /// effective number of neighbours of a point
        perplexity: f64 = 30.0, min(1.0);
        /// steps of the descent
        iterations: usize = 1000, min(1);
    }
}

/// Rows beyond which all pairs are too many.
const MOST: usize = 10_000;

impl Entry for Tsne {
    fn name(&self) -> &'static str {
        "table/tsne"
    }

    fn summary(&self) -> &'static str {
        "rows of many numbers as points of a plane that keep their neighbours (t-SNE)"
    }

    fn docs(&self) -> &'static str {
        "Embeds the rows of a table by all of their columns of numbers; columns of coordinates, such as a\n\
         group or a label, stand beside the points `x`, `y`. Exact t-SNE over all pairs, of at most 10,000\n\
         rows: it starts from the first two principal components, so that it needs no seed; a quarter\n\
         of the steps, 250 at most, with affinities exaggerated 12 times; momentum 0.5, then 0.8.\n\
         `trustworthiness` (Venna and Kaski 2001) says which share of the 5 nearest points of the plane\n\
         were near before, 1 for all; `tsne_kl` is the objective. Rows with a missing number are left out.\n\
         \n\
         Source: van der Maaten and Hinton 2008, *Visualizing data using t-SNE*."
    }

    fn params(&self) -> Vec<Param> {
        TsneParams::params()
    }
}

impl StageKind for Tsne {
    fn measures(&self) -> Vec<Measure> {
        vec![
            Measure::new("trustworthiness", "trustworthiness").up(),
            Measure::new("tsne_kl", "objective of t-SNE")
                .unit("nats")
                .down(),
        ]
    }

    fn inputs(&self) -> Vec<Slot> {
        vec![Slot::new(
            "table",
            &[ArtifactType::Table],
            "rows of numbers, as `table/codes` and `sample/low-posterior` leave them",
        )]
    }

    fn outputs(&self) -> Outputs {
        Outputs::Fixed(&[
            ("table", ArtifactType::Table),
            ("metrics", ArtifactType::Metrics),
        ])
    }

    fn columns(&self, output: &str, _params: &Values, rows: &dyn Fn(&str) -> Columns) -> Columns {
        match output {
            "metrics" => Columns::measured(&self.measures()),
            _ => rows("table").axes_without(&[]).with_numbers(["x", "y"]),
        }
    }

    fn uses_numerics(&self) -> bool {
        true
    }
}

impl Stage for Tsne {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = TsneParams::read(&job.step.params)?;
        let table = artifacts::read_table(artifacts::only(job, "table")?)?;
        let (kept, rows) = complete_rows(&table);
        let d = table.columns.iter().filter(|column| !column.axis).count();
        let needed = (3.0 * params.perplexity) as usize + 1;
        let diverged = job.items("table").iter().any(|item| item.diverged);
        if !diverged && (d == 0 || kept.len() < needed.max(8)) {
            return Err(JobError::failed(format!(
                "{} complete rows of {d} columns of numbers; perplexity {} takes {} rows: lower it or \
                 give more rows",
                kept.len(),
                params.perplexity,
                needed.max(8)
            )));
        }
        if kept.len() > MOST {
            return Err(JobError::failed(format!(
                "{} rows are too many for t-SNE over all pairs, which takes {MOST}: let the stage that \
                 made the table leave fewer",
                kept.len()
            )));
        }
        let (points, numbers) = match diverged {
            true => (Vec::new(), [f64::NAN; 2]),
            false => {
                let found = Embedding::of(&rows, d, params.perplexity, params.iterations);
                let trust = embedding::trustworthiness(&rows, d, &found.points, 5);
                (found.points, [trust, found.divergence])
            }
        };
        let axes: Vec<usize> = (0..table.columns.len())
            .filter(|column| table.columns[*column].axis)
            .collect();
        let mut columns: Vec<Column> = axes.iter().map(|c| table.columns[*c].clone()).collect();
        columns.extend(["x", "y"].map(|name| Column::metric(name, "", None)));
        let rows = kept.iter().zip(&points).map(|(row, point)| {
            let own = axes.iter().map(|column| table.rows[*row][*column].clone());
            own.chain(point.map(Json::from)).collect()
        });
        let table = Table {
            rows: rows.collect(),
            columns,
        };
        let mut produced = StepOutput {
            diverged: diverged.then(|| "the table is of a training that did".to_owned()),
            ..StepOutput::default()
        };
        let names = ["trustworthiness", "tsne_kl"];
        measured::add(&mut produced, "table", &table);
        let metrics = artifacts::metrics_json(names.into_iter().zip(numbers));
        produced.file("metrics", artifacts::METRICS, metrics);
        Ok(produced)
    }
}

/// Which rows have all of their numbers, and these, row by row.
fn complete_rows(table: &Table) -> (Vec<usize>, Vec<f64>) {
    let columns: Vec<usize> = (0..table.columns.len())
        .filter(|column| !table.columns[*column].axis)
        .collect();
    let (mut kept, mut values) = (Vec::new(), Vec::new());
    for row in 0..table.rows.len() {
        let numbers = columns.iter().map(|column| table.number(row, *column));
        if let Some(numbers) = numbers.collect::<Option<Vec<f64>>>() {
            kept.push(row);
            values.extend(numbers);
        }
    }
    (kept, values)
}
