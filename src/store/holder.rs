//! Who writes a store.

use std::fmt;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use serde::Deserialize;
use serde::Serialize;

/// Who writes the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub pid: u32,
    pub command: String,
    /// Seconds since 1970.
    pub since: u64,
}

impl Holder {
    pub(super) fn me() -> Self {
        let mut arguments = std::env::args_os().map(|arg| arg.to_string_lossy().into_owned());
        // The program's folder says nothing.
        let program = arguments.next().unwrap_or_default();
        let program = program.rsplit(['/', '\\']).next().unwrap_or_default();
        let command = std::iter::once(program.to_owned()).chain(arguments);
        Holder {
            pid: std::process::id(),
            command: command.collect::<Vec<_>>().join(" "),
            since: seconds_now(),
        }
    }
}

/// `process 4711 (sweepline run mapa.yaml), for 95 s`
impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pid == 0 {
            return f.write_str("another process");
        }
        let seconds = seconds_now().saturating_sub(self.since);
        write!(
            f,
            "process {} ({}), for {seconds} s",
            self.pid, self.command
        )
    }
}

pub(super) fn seconds_now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
