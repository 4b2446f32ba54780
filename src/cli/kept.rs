//! Names under which files that are not ours, or damaged, stay beside what takes their place.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use super::printer::Printer;
use super::stop::Stop;
use super::written::named;
use crate::text::Diagnostic;
use crate::text::ShowPath;

/// The first name of its kind beside a file that nothing has.
pub(super) fn free_name(path: &Path) -> PathBuf {
    let mut names = (1..).map(|n| {
        let mut name = path.to_owned();
        name.as_mut_os_string().push(format!(".kept-{n}"));
        name
    });
    let free = names.find(|name| fs::symlink_metadata(name).is_err());
    free.unwrap_or_else(|| path.to_owned())
}

/// Moves aside what was at the place of a result, and says so.
///
/// # Errors
/// Where it cannot be moved.
pub(super) fn keep(path: &Path, err: &mut Printer) -> Result<(), Stop> {
    let kept = free_name(path);
    fs::rename(path, &kept).map_err(|error| named(path, error))?;
    let name = kept.file_name().unwrap_or_default().to_string_lossy();
    let said = format!(
        "`{}` was not the result; it is kept as `{name}`",
        path.shown()
    );
    err.diagnostic(&Diagnostic::warning(said))?;
    Ok(())
}
