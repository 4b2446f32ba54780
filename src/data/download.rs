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
pub fn fetch(
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
