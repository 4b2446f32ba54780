//! Events as JSON lines on standard output, in the format of a run's `events.jsonl`.

use std::io::Write;

use super::Reporter;
use crate::cli::run_state::RunState;
use crate::engine::Timed;

/// Writes one JSON object per event to `out`.
pub(crate) struct JsonLines<W>(pub W);

impl<W: Write> Reporter for JsonLines<W> {
    fn show(&mut self, event: &Timed, _: &RunState) {
        let line = serde_json::to_string(event).expect("events are plain data");
        // A closed pipe must not stop a run.
        let _ = writeln!(self.0, "{line}");
    }
}
