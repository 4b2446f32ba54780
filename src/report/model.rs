//! What a report says, as plain data: whoever assembles it needs no HTML, and a report saved as
//! JSON renders again to the same page.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use crate::claims::Judgement;
use crate::table::Table;

/// Everything on the page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    pub title: String,
    /// The experiment's name.
    pub experiment: String,
    /// A paragraph for the head of the page; may be empty.
    #[serde(default)]
    pub summary: String,
    #[serde(default)]
    pub claims: Vec<Judgement>,
    #[serde(default)]
    pub figures: Vec<Figure>,
    #[serde(default)]
    pub tables: Vec<ReportTable>,
    /// The pipeline with its axes collapsed: one node per stage.
    #[serde(default)]
    pub stages: Vec<Stage>,
    #[serde(default)]
    pub edges: Vec<Edge>,
    #[serde(default)]
    pub steps: Vec<Step>,
    #[serde(default)]
    pub failures: Vec<Failure>,
    #[serde(default)]
    pub diverged: Vec<Diverged>,
    /// In plan order.
    #[serde(default)]
    pub accepted: Vec<AcceptedResult>,
    /// The last run that did anything; none where none is known.
    #[serde(default)]
    pub run: Option<LastRun>,
    /// What is compared between runs.
    #[serde(default)]
    pub runs: Runs,
    #[serde(default)]
    pub provenance: Provenance,
}

/// A figure as it was drawn.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    pub name: String,
    pub caption: String,
    /// The whole SVG document; empty where there is another picture.
    pub svg: String,
    /// A picture of points that a program drew.
    #[serde(default)]
    pub raster: Option<Raster>,
    /// Exactly what the figure draws; empty where there is no such table, or it is only beside the
    /// page.
    #[serde(default)]
    pub csv: String,
    /// The same as files beside the page.
    #[serde(default)]
    pub files: Vec<FileLink>,
    #[serde(default)]
    pub origin: Option<Origin>,
}

/// A file beside the page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FileLink {
    /// As people call it: `PDF`.
    pub format: String,
    /// From the folder of the page, with forward slashes.
    pub path: String,
}

/// How a figure or a table was made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    pub step: String,
    /// The manifest line of its stage.
    pub place: String,
    /// The kind of its stage with the revision, its parameters, key and time, in the order shown.
    pub facts: Vec<(String, String)>,
    /// The stages that it came from, first to last, with the number of steps of each.
    pub chain: Vec<(String, usize)>,
    /// The commands that tell more, one a line.
    pub commands: Vec<String>,
}

/// A picture of points, as it lies in its file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Raster {
    /// `png`, `jpeg`, `gif` or `webp`.
    pub format: String,
    pub bytes: Vec<u8>,
}

/// A table with its caption.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReportTable {
    pub name: String,
    pub caption: String,
    /// As Markdown, as it prints; empty for tables that are only data.
    #[serde(default)]
    pub printed: String,
    #[serde(with = "table_json")]
    pub table: Table,
    #[serde(default)]
    pub files: Vec<FileLink>,
    #[serde(default)]
    pub origin: Option<Origin>,
}

/// A stage of the pipeline.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    pub name: String,
    /// What it `uses`.
    pub kind: String,
    /// The axes it runs over.
    pub axes: Vec<String>,
    /// Steps of the plan.
    pub steps: usize,
}

/// One stage feeds another; both by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edge {
    pub from: String,
    pub to: String,
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It ran in this run and succeeded.
    Ran,
    /// Its result was known from before.
    Reused,
    /// It ran and failed.
    Failed,
    /// Something it needs failed.
    Skipped,
    /// It was not reached, or not asked for.
    Pending,
}

impl State {
    /// The word for people.
    pub fn name(self) -> &'static str {
        match self {
            State::Ran => "ran",
            State::Reused => "reused",
            State::Failed => "failed",
            State::Skipped => "skipped",
            State::Pending => "pending",
        }
    }
}

/// A step of the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// As every message names it: `fit{dataset: circle, draw: 0}`.
    pub name: String,
    pub stage: String,
    /// Coordinates as text; empty for a step without axes.
    pub cell: String,
    pub state: State,
    /// Seconds after the start of the run; none where it did not run.
    pub start: Option<f64>,
    /// How long it took, when it ran; none where it never did.
    pub seconds: Option<f64>,
    /// Digest of the key, in hexadecimal.
    pub key: String,
    /// Steps it waited for, as positions in the list of steps.
    pub after: Vec<usize>,
}

/// A step that failed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    pub step: String,
    /// The manifest line: `pipelines/density.yaml:18:5`.
    pub place: String,
    pub message: String,
    /// The end of its log; may be empty.
    #[serde(default)]
    pub log: String,
}

/// A training that left the finite numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Diverged {
    pub step: String,
    pub how: String,
}

/// A result that somebody took for the current one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AcceptedResult {
    pub step: String,
    /// Under which key it was computed, and why it is still right.
    pub how: String,
}

/// When the last run was that did anything.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LastRun {
    pub run: String,
    /// `2026-11-21 10:12:06 UTC`
    pub started: String,
    /// Until its last step ended.
    pub seconds: f64,
}

/// The numbers of several runs, each result once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Runs {
    pub results: Vec<RunResult>,
    /// The newest first.
    pub runs: Vec<Run>,
}

/// What a step measured under one key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    pub step: String,
    /// Finite numbers by name.
    pub numbers: BTreeMap<String, f64>,
    /// The parts of the key in which results of this step differ.
    pub parts: BTreeMap<String, String>,
}

/// A run and what it knew.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub run: String,
    pub command: String,
    /// Positions in the list of results.
    pub results: Vec<usize>,
}

/// Where the results come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Versions, git state, seeds, machine, times: names and values in the order shown.
    pub facts: Vec<(String, String)>,
    /// The commands that make the same results again, one a line.
    pub reproduce: Vec<String>,
    /// Manifest and pipeline as they were read.
    pub files: Vec<SourceFile>,
    /// Results by content.
    pub artifacts: Vec<Artifact>,
}

/// A text file that was read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceFile {
    pub path: String,
    pub digest: String,
    pub text: String,
}

/// A result on disk.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Artifact {
    pub path: String,
    pub digest: String,
    pub bytes: u64,
}

/// Tables in the JSON form they have as files.
mod table_json {
    use serde::Deserialize;
    use serde::Deserializer;
    use serde::Serialize;
    use serde::Serializer;
    use serde_json::Value as Json;

    use crate::table::Table;

    pub(super) fn serialize<S: Serializer>(
        table: &Table,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let json: Json =
            serde_json::from_str(&table.to_json()).map_err(serde::ser::Error::custom)?;
        json.serialize(serializer)
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(deserializer: D) -> Result<Table, D::Error> {
        let json = Json::deserialize(deserializer)?;
        Table::from_json(&json.to_string()).map_err(serde::de::Error::custom)
    }
}
