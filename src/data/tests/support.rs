//! Loading data sets in tests.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::thread;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use crate::data::Context;
use crate::data::DataError;
use crate::data::DataSet;
use crate::data::Dataset;
use crate::registry::Default;
use crate::registry::Value;
use crate::registry::Values;

/// The data set of this name.
pub(crate) fn get(name: &str) -> &'static dyn DataSet {
    let mut all = crate::data::ALL.iter();
    *all.find(|set| set.name() == name).expect("it is listed")
}

/// The parameters of a data set: its defaults, and these.
pub(crate) fn values(name: &str, given: &[(&str, Value)]) -> Values {
    let params = get(name).params();
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
pub(crate) fn load_in(
    root: &Path,
    name: &str,
    given: &[(&str, Value)],
) -> Result<Dataset, DataError> {
    let context = Context {
        root,
        log: &|_| (),
        given: &BTreeMap::new(),
        files: &BTreeMap::new(),
    };
    let set = get(name);
    set.load(&values(name, given), &context)
}

/// Loads a data set that needs no files.
pub(crate) fn load(name: &str, given: &[(&str, Value)]) -> Dataset {
    load_in(Path::new("/nonexistent"), name, given).expect("the data set needs no files")
}

/// What loading a data set in a project complains of, without the project's own path.
pub(crate) fn complaint(root: &Path, name: &str, given: &[(&str, Value)]) -> String {
    let error = load_in(root, name, given).expect_err("something is wrong with it");
    let root = format!("{}/", root.display());
    error.to_string().replace(&root, "")
}

/// An empty project.
pub(crate) fn project() -> TempDir {
    tempfile::tempdir().expect("temporary folders can be made")
}

/// Writes a file of a project, with its folders.
pub(crate) fn put(root: &Path, path: &str, bytes: &[u8]) {
    let path = root.join(path);
    let folder = path.parent().expect("files lie in folders");
    fs::create_dir_all(folder).expect("the project can be written");
    fs::write(path, bytes).expect("the project can be written");
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

/// Serves these answers by path on the loopback interface, as long as the test runs.
pub(crate) fn serve(answers: Vec<(String, Vec<u8>)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback interface is up");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
                request.push(byte[0]);
            }
            let request = String::from_utf8_lossy(&request).into_owned();
            let path = request.split(' ').nth(1).unwrap_or_default();
            let found = answers.iter().find(|(known, _)| known == path);
            let (status, body) = match found {
                Some((_, body)) => ("200 OK", body.as_slice()),
                None => ("404 Not Found", &b""[..]),
            };
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(body);
        }
    });
    format!("http://{address}")
}
