//! Files between processes, which are whole as soon as they are there.

use std::fs;
use std::io;
use std::path::Path;

/// Writes a file that is whole as soon as it is there.
///
/// # Errors
/// Where it cannot be written.
pub fn place(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push("~");
    fs::write(&beside, bytes)?;
    fs::rename(&beside, path)
}
