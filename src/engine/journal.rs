//! Every event goes to the caller and, a line each, to the run's `events.jsonl`.

use std::fs::File;
use std::io::BufWriter;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use crate::store::RunId;
use crate::store::Store;
use crate::store::StoreError;

use super::Event;
use super::Timed;

/// How long written events may wait in memory.
const FLUSH_PERIOD: Duration = Duration::from_secs(1);

pub(super) struct Journal<'a> {
    started: Instant,
    sink: &'a mut dyn FnMut(&Timed),
    path: PathBuf,
    /// None after the first failure to write: an experiment is worth more than its log.
    file: Option<BufWriter<File>>,
    flushed: Instant,
}

impl<'a> Journal<'a> {
    pub(super) fn start(store: &Store, run: &RunId, sink: &'a mut dyn FnMut(&Timed)) -> Self {
        let started = Instant::now();
        let path = store.run_folder(run).join("events.jsonl");
        let opened = store.make_run_folder(run).and_then(|_| File::create(&path));
        let mut journal = Journal {
            started,
            sink,
            path,
            file: None,
            flushed: started,
        };
        match opened {
            Ok(file) => journal.file = Some(BufWriter::with_capacity(1 << 16, file)),
            Err(error) => journal.lost(error),
        }
        journal
    }

    pub(super) fn emit(&mut self, event: Event) {
        let at = self.started.elapsed().as_secs_f64();
        // Microseconds are enough, and short.
        let at = (at * 1e6).round() / 1e6;
        let timed = Timed { at, event };
        if let Some(file) = &mut self.file {
            let written = serde_json::to_writer(&mut *file, &timed)
                .map_err(std::io::Error::from)
                .and_then(|()| file.write_all(b"\n"));
            if let Err(error) = written {
                self.lost(error);
            }
        }
        (self.sink)(&timed);
    }

    /// Writes out what waits in memory if it has waited long enough, or must not wait.
    pub(super) fn flush(&mut self, now: bool) {
        if !now && self.flushed.elapsed() < FLUSH_PERIOD {
            return;
        }
        self.flushed = Instant::now();
        if let Some(Err(error)) = self.file.as_mut().map(Write::flush) {
            self.lost(error);
        }
    }

    fn lost(&mut self, error: std::io::Error) {
        // Dropping the writer would try to write once more and ignore the outcome.
        if let Some(file) = self.file.take() {
            let _ = file.into_parts();
        }
        let error = StoreError::io("write", &self.path, error);
        let message = format!("the event log ends here: {error}");
        let at = self.started.elapsed().as_secs_f64();
        let event = Event::Warning {
            step: None,
            message,
        };
        (self.sink)(&Timed { at, event });
    }

    pub(super) fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }
}
