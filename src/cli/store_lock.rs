//! Opening the store to write: one process at a time, and others are told for whom they wait.

use std::io::Write;
use std::path::Path;

use super::printer::Printer;
use crate::store::Access;
use crate::store::Holder;
use crate::store::Store;
use crate::store::StoreError;

/// Looks at the lock that may go by before a word is said. Who only asks whether somebody writes
/// has the lock for a moment, and who has just got it has not written its name yet.
const SILENT: usize = 4;

/// Opens a store for writing. While another process has it, this waits and says so, once for each
/// that has it, as long as `go_on` answers true.
pub(super) fn open(
    folder: &Path,
    wait: bool,
    mut go_on: impl FnMut() -> bool,
) -> Result<Store, StoreError> {
    let mut looks = 0;
    let mut told = None;
    Store::open_telling(folder, Access::Write { wait }, &mut |holder: &Holder| {
        looks += 1;
        let news = match told {
            None => looks > SILENT,
            Some(pid) => holder.pid != 0 && holder.pid != pid,
        };
        if news {
            told = Some(holder.pid);
            // Standard error may be gone.
            let _ = writeln!(Printer::error(), "waiting for {holder}, to leave the store");
        }
        go_on()
    })
}
