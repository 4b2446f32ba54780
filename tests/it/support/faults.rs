//! Calls that change files, made to fail one at a time: `faults.c`, compiled once and loaded before
//! the C library, so that SQLite, the standard library and we are all struck alike.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/faults.c");

static LIBRARY: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let library = folder.join(format!("faults-{}.so", std::process::id()));
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let status = Command::new(compiler)
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([&library, Path::new(SOURCE)])
        .arg("-ldl")
        .status()
        .expect("a C compiler is there: Rust links with it");
    assert!(status.success(), "faults.c does not compile");
    library
});

/// What fails, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    /// Number of the first call that fails, from 1.
    pub at: u64,
    pub error: i32,
    /// Whether all later calls fail too: a disk that stays full.
    pub lasts: bool,
}

/// Lets the command meet `fault` below `folder`; without one, its calls are only counted.
pub(crate) fn inject(command: &mut Command, folder: &Path, fault: Option<Fault>, count: &Path) {
    command
        .env("LD_PRELOAD", &*LIBRARY)
        .env("FAULT_BELOW", folder)
        .env("FAULT_COUNT", count);
    if let Some(fault) = fault {
        command
            .env("FAULT_AT", fault.at.to_string())
            .env("FAULT_ERRNO", fault.error.to_string());
        if fault.lasts {
            command.env("FAULT_LASTS", "1");
        }
    }
}
