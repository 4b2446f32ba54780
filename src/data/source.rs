//! Where the files of a distribution come from: a folder of the project, or the program itself.
//!
//! Files may be gzipped or plain, whichever is there: the content decides, not the name. Checksums
//! are those of the uncompressed content, since mirrors compress anew.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use flate2::read::MultiGzDecoder;
use sha2::Digest;
use sha2::Sha256;

use super::DataError;
use super::FormatError;

/// A file of a published distribution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Published {
    /// Without `.gz`.
    pub name: &'static str,
    /// Of the uncompressed content; empty where none is known.
    pub sha256: &'static str,
}

/// The file `name` or `name.gz` in `folder`, whichever is there.
pub(super) fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    [name.to_owned(), format!("{name}.gz")]
        .into_iter()
        .map(|name| folder.join(name))
        .find(|path| path.is_file())
}

/// The content of a file, uncompressed; at most `limit` bytes.
pub(super) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, DataError> {
    let bytes = fs::read(path).map_err(|source| DataError::Read {
        path: path.to_owned(),
        source,
    })?;
    let named_gz = path.extension().is_some_and(|extension| extension == "gz");
    content(bytes, named_gz, limit).map_err(|error| error.at(path))
}

/// Uncompresses `bytes` if they are gzip.
pub(super) fn content(bytes: Vec<u8>, named_gz: bool, limit: u64) -> Result<Vec<u8>, FormatError> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        if named_gz {
            let found = bytes[..bytes.len().min(8)].to_vec();
            return Err(FormatError::NotGzip { found });
        }
        return Ok(bytes);
    }
    let mut content = Vec::new();
    MultiGzDecoder::new(bytes.as_slice())
        .take(limit + 1)
        .read_to_end(&mut content)
        .map_err(|error| FormatError::Gzip {
            why: error.to_string(),
        })?;
    if content.len() as u64 > limit {
        return Err(FormatError::TooLarge { limit });
    }
    Ok(content)
}

/// The text of a file; a mark of byte order is no part of it.
///
/// # Errors
/// Where it is not UTF-8: with signs in place of what cannot be read, different names would become one.
pub(super) fn text(content: &[u8]) -> Result<&str, FormatError> {
    let mark = "\u{feff}".as_bytes();
    let content = content.strip_prefix(mark).unwrap_or(content);
    std::str::from_utf8(content).map_err(|error| {
        let before = &content[..error.valid_up_to()];
        FormatError::Line {
            line: 1 + before.iter().filter(|byte| **byte == b'\n').count(),
            why: "it is not UTF-8 text: save the file in that encoding".to_owned(),
        }
    })
}

/// Compares the checksum of `content`, read from `path`, with the published one.
pub(super) fn check(path: &Path, content: &[u8], published: &Published) -> Result<(), DataError> {
    let found = sha256(content);
    if published.sha256.is_empty() || found == published.sha256 {
        return Ok(());
    }
    Err(DataError::Checksum {
        path: path.to_owned(),
        expected: published.sha256,
        found,
    })
}

/// SHA-256 in lower-case hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
