//! Fetching published files into a folder of the project, only when a manifest asks for it.
//!
//! A file is checked against its published checksum before it gets its name, so a folder never
//! holds half a download.

use std::fs;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use super::Context;
use super::DataError;
use super::source;
use super::source::Published;

/// Larger answers are refused: the largest file here has ten megabytes.
const LARGEST: u64 = 256 << 20;

/// Fetches what `folder` lacks of `files` from `mirror`, each as `<name>.gz`.
pub(super) fn fetch(
    mirror: &str,
    folder: &Path,
    files: &[Published],
    context: &Context<'_>,
) -> Result<(), DataError> {
    for file in files {
        if source::find(folder, file.name).is_some() {
            continue;
        }
        let url = format!("{}/{}.gz", mirror.trim_end_matches('/'), file.name);
        (context.log)(&format!("downloading {url}"));
        let bytes = get(&url).map_err(|why| DataError::Download {
            url: url.clone(),
            why,
            folder: folder.to_owned(),
        })?;
        let target = folder.join(format!("{}.gz", file.name));
        // Servers may undo the compression on the way: the content decides.
        let plain =
            source::content(bytes.clone(), false, LARGEST).map_err(|error| error.at(&url))?;
        source::check(Path::new(&url), &plain, file)?;
        let target = match bytes.starts_with(&[0x1f, 0x8b]) {
            true => target,
            false => folder.join(file.name),
        };
        store(&target, &bytes).map_err(|error| DataError::Write {
            path: target,
            source: error,
        })?;
    }
    Ok(())
}

fn get(url: &str) -> Result<Vec<u8>, String> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_connect(Some(Duration::from_secs(20)))
        .timeout_recv_response(Some(Duration::from_secs(60)))
        .build()
        .into();
    let mut answer = agent.get(url).call().map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    answer
        .body_mut()
        .as_reader()
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!("the answer has more than {LARGEST} bytes"));
    }
    Ok(bytes)
}

fn store(target: &PathBuf, bytes: &[u8]) -> std::io::Result<()> {
    let folder = target.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(target)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::data::tests::support::gzip;
    use crate::data::tests::support::project;
    use crate::data::tests::support::serve;

    /// SHA-256 of `hello`.
    const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

    #[test]
    fn what_is_missing_is_fetched_once_checked_and_kept() {
        let space = project();
        let folder = space.path().join("fetched");
        let files =
            [("one", HELLO), ("two", HELLO)].map(|(name, sha256)| Published { name, sha256 });
        let context = Context {
            root: space.path(),
            log: &|_| (),
            files: &BTreeMap::new(),
            given: &BTreeMap::new(),
        };
        // One comes compressed, the other as a server hands it out that undoes compression.
        let mirror = serve(vec![
            ("/one.gz".to_owned(), gzip(b"hello")),
            ("/two.gz".to_owned(), b"hello".to_vec()),
        ]);
        fetch(&mirror, &folder, &files, &context).expect("the server has both");
        let mut names: Vec<_> = fs::read_dir(&folder)
            .expect("the folder was made")
            .map(|entry| entry.expect("it can be listed").file_name())
            .collect();
        names.sort();
        assert_eq!(names, ["one.gz", "two"]);
        let path = folder.join("one.gz");
        assert_eq!(source::read(&path, 100).expect("it is gzip"), b"hello");
        // Nothing is missing now, so no server is asked.
        fetch("http://127.0.0.1:9", &folder, &files, &context).expect("both are there");
    }
}
