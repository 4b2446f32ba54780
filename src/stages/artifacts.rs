//! How the artifacts of one stage are written and read by another.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use safetensors::SafeTensors;
use safetensors::tensor::Dtype;
use safetensors::tensor::TensorView;
use serde_json::Value as Json;

use super::described;
use crate::data::Array;
use crate::data::Arrays;
use crate::data::Dataset;
use crate::data::arrays_from_bytes;
use crate::engine::Job;
use crate::engine::JobArtifact;
use crate::engine::JobError;
use crate::engine::JobItem;
use crate::models::ModelError;
use crate::registry::Slot;
use crate::table::Table;
use crate::text::ShowPath;

pub(super) const DATA: &str = "data.safetensors";
pub(super) const CLASSIFIER: &str = "classifier.safetensors";
pub(super) const MODEL: &str = "model.safetensors";
pub(super) const METRICS: &str = "metrics.json";
pub(super) const CURVE: &str = "curve.csv";
pub(super) const ARRAYS: &str = "arrays.safetensors";
pub(super) const IMAGES: &str = "images.safetensors";
pub(super) const TABLE: &str = "table.json";

/// The one artifact of a slot that takes one.
pub(super) fn only<'a>(job: &'a Job<'_>, slot: &str) -> Result<&'a JobArtifact, JobError> {
    match job.items(slot) {
        [item] => single(item),
        items => Err(JobError::failed(format!(
            "slot `{slot}` takes one artifact and got {}",
            items.len()
        ))
        .hint("reduce nothing here, or select one candidate first with `uses: select`")),
    }
}

/// The artifact of an item that carries one output.
pub(super) fn single(item: &JobItem) -> Result<&JobArtifact, JobError> {
    let mut artifacts = item.outputs.values();
    match (artifacts.next(), artifacts.next()) {
        (Some(artifact), None) => Ok(artifact),
        _ => Err(JobError::failed(format!(
            "stage `{}` was given whole where one output is wanted",
            item.stage
        ))),
    }
}

/// The content of one file of an artifact; of a program's output the only file there is, whatever it calls it.
pub(super) fn read(artifact: &JobArtifact, file: &str) -> Result<Vec<u8>, JobError> {
    let mut paths = artifact.paths.values();
    let only = paths.next().filter(|_| artifact.paths.len() == 1);
    let path = artifact.paths.get(file).or(only).ok_or_else(|| {
        let names: Vec<&str> = artifact.paths.keys().map(String::as_str).collect();
        JobError::failed(format!("no file `{file}` among {}", names.join(", ")))
    })?;
    read_path(path)
}

pub(super) fn read_path(path: &Path) -> Result<Vec<u8>, JobError> {
    fs::read(path).map_err(|error| JobError::Transient {
        message: format!("cannot read {}: {error}", path.shown()),
    })
}

/// The data set in a slot.
pub(super) fn dataset(job: &Job<'_>, slot: &str) -> Result<Dataset, JobError> {
    let bytes = read(only(job, slot)?, DATA)?;
    Dataset::from_bytes(&bytes).map_err(|error| JobError::failed(error.to_string()))
}

/// What was put into those of `slots` that are not empty, by slot.
pub(super) fn given<T>(
    job: &Job<'_>,
    slots: &[Slot],
    read: fn(&Job<'_>, &str) -> Result<T, JobError>,
) -> Result<BTreeMap<&'static str, T>, JobError> {
    let filled = slots.iter().filter(|slot| !job.items(slot.name).is_empty());
    filled
        .map(|slot| Ok((slot.name, read(job, slot.name)?)))
        .collect()
}

/// The arrays in a slot, by name.
pub(super) fn arrays(job: &Job<'_>, slot: &str) -> Result<Arrays, JobError> {
    let bytes = read(only(job, slot)?, ARRAYS)?;
    arrays_from_bytes(&bytes).map_err(|error| JobError::failed(error.to_string()))
}

/// The array in a slot that takes an artifact of one array.
pub(super) fn array(job: &Job<'_>, slot: &str) -> Result<Array, JobError> {
    let arrays = arrays(job, slot)?;
    let count = arrays.len();
    let mut arrays = arrays.into_values();
    match (arrays.next(), count) {
        (Some(array), 1) => Ok(array),
        _ => Err(JobError::failed(format!(
            "slot `{slot}` takes one array and got {count}"
        ))),
    }
}

/// Numbers by name as a flat JSON object; what is not finite is null.
pub(super) fn metrics_json<'a>(numbers: impl IntoIterator<Item = (&'a str, f64)>) -> Vec<u8> {
    let object: serde_json::Map<String, Json> = numbers
        .into_iter()
        .map(|(name, number)| (name.to_owned(), Json::from(number)))
        .collect();
    let mut text = serde_json::to_string_pretty(&object).expect("a map of numbers is JSON");
    text.push('\n');
    text.into_bytes()
}

/// The names of numbers that there are none of.
pub(super) fn no_metrics<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    metrics_json(names.into_iter().map(|name| (name, f64::NAN)))
}

/// The numbers of a `metrics.json` in their order; null where they are not finite.
pub(super) fn read_metrics(
    artifact: &JobArtifact,
) -> Result<serde_json::Map<String, Json>, JobError> {
    serde_json::from_slice(&read(artifact, METRICS)?)
        .map_err(|error| JobError::failed(format!("`{METRICS}` is not a JSON object: {error}")))
}

/// A file as text. Characters of another encoding would all be one, and two names with them too.
pub(super) fn text(bytes: Vec<u8>, file: &str) -> Result<String, JobError> {
    String::from_utf8(bytes).map_err(|_| {
        JobError::failed(format!("`{file}` is no text in UTF-8")).hint("write it in UTF-8")
    })
}

/// The result rows of an artifact: `table.json`, which keeps labels, units and directions, or else
/// the only file there is, as a command leaves it.
pub(super) fn read_table(artifact: &JobArtifact) -> Result<Table, JobError> {
    let mut names = artifact.paths.keys();
    let file = match (names.next(), names.next()) {
        (Some(only), None) => only.as_str(),
        _ => TABLE,
    };
    let mut table = Table::read(&text(read(artifact, file)?, file)?, None)
        .map_err(|error| JobError::failed(format!("`{file}`: {error}")))?;
    if let Some(said) = &artifact.described {
        for column in &mut table.columns {
            described::describe(column, said);
        }
    }
    Ok(table)
}

/// Pictures `[n, channels, height, width]` in [0, 1].
#[derive(Clone, Debug)]
pub(super) struct Images {
    pub shape: [usize; 4],
    pub values: Vec<f32>,
}

impl Images {
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, JobError> {
        let bytes: Vec<u8> = self.values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let broken = |error| JobError::failed(format!("cannot write images: {error}"));
        let view = TensorView::new(Dtype::F32, self.shape.to_vec(), &bytes).map_err(broken)?;
        safetensors::serialize([("images", view)], None).map_err(broken)
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, JobError> {
        let broken = |error| JobError::failed(format!("`{IMAGES}` cannot be read: {error}"));
        let file = SafeTensors::deserialize(bytes).map_err(broken)?;
        let view = file.tensor("images").map_err(broken)?;
        let shape = <[usize; 4]>::try_from(view.shape())
            .ok()
            .filter(|_| view.dtype() == Dtype::F32)
            .ok_or_else(|| {
                JobError::failed(format!(
                    "`images` is {:?} {:?}, not F32 [n, channels, height, width]",
                    view.dtype(),
                    view.shape()
                ))
            })?;
        let values = view.data().chunks_exact(4);
        let values = values.map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        Ok(Images {
            shape,
            values: values.collect(),
        })
    }
}

impl From<ModelError> for JobError {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::Cancelled => JobError::Cancelled,
            other => JobError::failed(other.to_string()),
        }
    }
}
