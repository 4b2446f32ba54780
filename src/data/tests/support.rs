//! Loading data sets in tests.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use crate::data::Context;
use crate::data::DataError;
use crate::data::Dataset;
use crate::data::get;
use crate::registry::Default;
use crate::registry::Value;
use crate::registry::Values;

/// The parameters of a data set: its defaults, and these.
pub fn values(name: &str, given: &[(&str, Value)]) -> Values {
    let params = get(name).expect("the data set is listed").params();
    let mut values: Values = params
        .iter()
        .filter_map(|param| match &param.default {
            Default::Value(value) => Some((param.name.to_owned(), value.clone())),
            _ => None,
        })
        .collect();
    for (given, value) in given {
        assert!(params.iter().any(|param| param.name == *given), "{given}");
        values.insert(given.to_string(), value.clone());
    }
    values
}

/// Loads a data set in a project.
pub fn load_in(root: &Path, name: &str, given: &[(&str, Value)]) -> Result<Dataset, DataError> {
    let context = Context { root, log: &|_| () };
    let set = get(name).expect("the data set is listed");
    set.load(&values(name, given), &context)
}

/// Loads a data set that needs no files.
pub fn load(name: &str, given: &[(&str, Value)]) -> Dataset {
    load_in(Path::new("/nonexistent"), name, given).expect("the data set needs no files")
}

/// What loading a data set in a project complains of, without the project's own path.
pub fn complaint(root: &Path, name: &str, given: &[(&str, Value)]) -> String {
    let error = load_in(root, name, given).expect_err("something is wrong with it");
    let root = format!("{}/", root.display());
    error.to_string().replace(&root, "")
}

/// An empty project.
pub fn project() -> TempDir {
    tempfile::tempdir().expect("temporary folders can be made")
}

/// Writes a file of a project, with its folders.
pub fn put(root: &Path, path: &str, bytes: &[u8]) {
    let path = root.join(path);
    let folder = path.parent().expect("files lie in folders");
    fs::create_dir_all(folder).expect("the project can be written");
    fs::write(path, bytes).expect("the project can be written");
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}
