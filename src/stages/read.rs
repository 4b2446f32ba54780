//! `table/read`: a results table made elsewhere becomes an artifact that tables and figures take.

use super::Stage;
use super::artifacts;
use super::measured;
use crate::engine::Job;
use crate::engine::JobArtifact;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::map::SortedVecMap;
use crate::registry::ArtifactType;
use crate::registry::Columns;
use crate::registry::Entry;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Values;
use crate::registry::choices;
use crate::registry::params;
use crate::table::Table;
use crate::table::TableError;

/// Reads one file of the project.
pub(super) struct ReadTable;

choices! {
    /// Which way is better.
    enum Direction {
        Higher = "higher",
        Lower = "lower",
    }
}

params! {
    /// What `table/read` may be given.
    struct ReadParams {
        /// columns that are axes [default: those that hold text]
        axes: Option<Vec<String>>;
        /// by column, its name for people
        labels: Option<SortedVecMap<String>>;
        /// by column, its unit
        units: Option<SortedVecMap<String>>;
        /// by column, which way is better
        better: Option<SortedVecMap<Direction>>;
    }
}

impl Entry for ReadTable {
    fn name(&self) -> &'static str {
        "table/read"
    }

    fn summary(&self) -> &'static str {
        "the rows of a CSV or JSON file"
    }

    /// 3: what cannot be read is refused, numpy's header is one, and numbers of rows that come again are no column.
    fn revision(&self) -> u32 {
        3
    }

    fn docs(&self) -> &'static str {
        "`in: {file: {file: results/scores.csv}}` names the file. CSV has a header line, under lines\n\
         that begin with `#` if there are any, or as the last of them where numbers follow, as numpy writes it; an\n\
         empty field is a missing value, and so is `NA` or `None` beside numbers. A first column without a name that\n\
         holds whole numbers alone numbers the rows, as pandas writes it, and is left out. JSON is a list of flat\n\
         objects, or what `table/summary` leaves. Axes tell rows apart; the other columns are measurements, which may\n\
         be given labels, units and a direction."
    }

    fn params(&self) -> Vec<Param> {
        ReadParams::params()
    }
}

impl StageKind for ReadTable {
    fn inputs(&self) -> Vec<Slot> {
        vec![Slot::new(
            "file",
            &[ArtifactType::File],
            "a CSV or JSON file",
        )]
    }

    fn outputs(&self) -> Outputs {
        Outputs::Fixed(&[("table", ArtifactType::Table)])
    }

    /// Those that are named, and any others.
    fn columns(&self, _output: &str, params: &Values, _rows: &dyn Fn(&str) -> Columns) -> Columns {
        let Ok(params) = ReadParams::read(params) else {
            return Columns::unknown();
        };
        let axes = params.axes.unwrap_or_default();
        let shown = params.labels.iter().flatten().map(|(name, _)| name);
        let shown = shown.chain(params.units.iter().flatten().map(|(name, _)| name));
        let shown = shown.chain(params.better.iter().flatten().map(|(name, _)| name));
        let numbers: Vec<&String> = shown.filter(|name| !axes.contains(name)).collect();
        Columns::of(&axes, numbers).and_others()
    }
}

impl Stage for ReadTable {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = ReadParams::read(&job.step.params)?;
        let mut table = file(artifacts::only(job, "file")?, params.axes.as_deref())?;
        let failed = |error: TableError| JobError::failed(error.to_string());
        for (column, label) in params.labels.iter().flatten() {
            let at = table.position(column).map_err(failed)?;
            table.columns[at].label = label.clone();
        }
        for (column, unit) in params.units.iter().flatten() {
            let at = table.position(column).map_err(failed)?;
            table.columns[at].unit = unit.clone();
        }
        for (column, better) in params.better.iter().flatten() {
            let at = table.position(column).map_err(failed)?;
            table.columns[at].higher_is_better = Some(*better == Direction::Higher);
        }
        Ok(measured::left(&table))
    }
}

/// The table in an artifact of one file.
pub(super) fn file(artifact: &JobArtifact, axes: Option<&[String]>) -> Result<Table, JobError> {
    let (name, path) = match artifact.paths.first_key_value() {
        Some(file) if artifact.paths.len() == 1 => file,
        _ => {
            return Err(JobError::failed(
                "a table is read from one file, not from several",
            ));
        }
    };
    let text = String::from_utf8(artifacts::read_path(path)?)
        .map_err(|_| JobError::failed(format!("`{name}` is no text in UTF-8")))?;
    Table::read(&text, axes).map_err(|error| JobError::failed(format!("`{name}`: {error}")))
}
