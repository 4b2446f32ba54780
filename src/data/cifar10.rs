//! CIFAR-10 from its binary version: records of one label byte and 3,072 bytes of red, green and
//! blue planes.

use std::path::Path;
use std::path::PathBuf;

use serde_json::json;

use super::Array;
use super::Context;
use super::DataError;
use super::DataSet;
use super::Dataset;
use super::FormatError;
use super::Split;
use super::source;
use super::split_sizes;
use super::split_sizes::SplitSizes;
use crate::registry::Entry;
use crate::registry::Param;
use crate::registry::Property;
use crate::registry::Values;
use crate::registry::params;

/// `dataset/cifar10`
pub(super) struct Cifar10;

const SIDE: usize = 32;
const PLANES: usize = 3 * SIDE * SIDE;
const RECORD: usize = 1 + PLANES;
const TEST: &str = "test_batch.bin";
/// Classes in words, one a line; part of the distribution.
const NAMES: &str = "batches.meta.txt";
/// Uncompressed batches are never larger: ten times the published ones.
const LARGEST: u64 = 10 * 10_000 * RECORD as u64;

params! {
    /// What `dataset/cifar10` may be given.
    struct Cifar10Params {
        /// folder of the project with the batches
        folder: PathBuf;
        /// training batches to read, from the first
        batches: usize = 5, min(1), max(5);
        /// observations taken from the end of the training batches for validation [default: a tenth]
        valid: Option<usize>, min(0);
        kept: SplitSizes;
    }
}

impl Entry for Cifar10 {
    fn name(&self) -> &'static str {
        "cifar10"
    }

    fn summary(&self) -> &'static str {
        "photographs of ten classes, 3 × 32 × 32, from files of yours"
    }

    fn docs(&self) -> &'static str {
        "The binary version, unpacked in `folder`: `data_batch_1.bin` to `data_batch_5.bin` and\n\
         `test_batch.bin`, gzipped (`.gz`) or plain; `batches.meta.txt` names the classes if it is\n\
         there. `x` is `[n, 3, 32, 32]`, `label` the class. The files are not part of the program.\n\
         \n\
         Source: Krizhevsky 2009, *Learning multiple layers of features from tiny images*."
    }

    fn params(&self) -> Vec<Param> {
        Cifar10Params::params()
    }
}

impl DataSet for Cifar10 {
    fn range(&self, _params: &Values) -> Option<(f64, f64)> {
        Some((0.0, 1.0))
    }

    fn shape(&self, _params: &Values) -> Option<Vec<usize>> {
        Some(vec![3, SIDE, SIDE])
    }

    fn lacks(&self, _params: &Values) -> Vec<Property> {
        vec![Property::LogDensity]
    }

    fn load(&self, params: &Values, context: &Context<'_>) -> Result<Dataset, DataError> {
        let params = Cifar10Params::read(params)?;
        let folder = context.root.join(&params.folder);
        let mut train = (Vec::new(), Vec::new());
        for batch in 1..=params.batches {
            read(&folder, &format!("data_batch_{batch}.bin"), &mut train)?;
        }
        let mut test = (Vec::new(), Vec::new());
        read(&folder, TEST, &mut test)?;
        let (train, test) = (split(train), split(test));
        // The usual 5,000 of 50,000.
        let valid = params.valid.unwrap_or(train.len() / 10);
        let [train, valid, test] = split_sizes::cut(&train, &test, valid, &params.kept)?;
        let mut meta = json!({
            "name": self.name(),
            "shape": [3, SIDE, SIDE],
            "range": [0, 1],
            "classes": 10,
            "origin": "Krizhevsky 2009, Learning multiple layers of features from tiny images",
            "licence": "of the files: not stated",
        });
        if let Some(path) = source::find(&folder, NAMES) {
            let names = source::read(&path, 1 << 16)?;
            let names = source::text(&names).map_err(|error| error.at(&path))?;
            let names: Vec<&str> = names.split_whitespace().collect();
            meta["class_names"] = json!(names);
        }
        Ok(Dataset::new(train, valid, test, meta))
    }
}

/// Labels and planes, one record after another.
type Records = (Vec<u8>, Vec<u8>);

fn read(folder: &Path, name: &str, records: &mut Records) -> Result<(), DataError> {
    let path = source::find(folder, name).ok_or_else(|| DataError::Missing {
        name: Cifar10.name(),
        path: folder.join(name),
        instead: "unpack `cifar-10-binary.tar.gz` (MD5 c32a1d4ab5d03f1284b67883e8d87530) from \
                  https://www.cs.toronto.edu/~kriz/cifar.html there"
            .to_owned(),
        sha256: "",
    })?;
    let bytes = source::read(&path, LARGEST)?;
    parse(&bytes, records).map_err(|error| error.at(path))
}

/// Appends the records of a batch.
pub(super) fn parse(bytes: &[u8], (labels, planes): &mut Records) -> Result<(), FormatError> {
    let left = bytes.len() % RECORD;
    if left > 0 || bytes.is_empty() {
        return Err(FormatError::Truncated {
            expected: (bytes.len() - left + RECORD) as u64,
            found: bytes.len() as u64,
        });
    }
    for (i, record) in bytes.chunks_exact(RECORD).enumerate() {
        if record[0] > 9 {
            return Err(FormatError::Content {
                what: format!("record {i}"),
                why: format!("has label {}, not a class from 0 to 9", record[0]),
            });
        }
        labels.push(record[0]);
        planes.extend(&record[1..]);
    }
    Ok(())
}

fn split((labels, planes): Records) -> Split {
    Split::new()
        .with("x", Array::new(&[labels.len(), 3, SIDE, SIDE], planes))
        .with("label", Array::column(labels))
}
