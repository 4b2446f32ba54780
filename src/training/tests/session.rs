//! A monitor that stops a training where a test wants it, and hands it what it kept.

use std::cell::Cell;
use std::cell::RefCell;

use crate::training::Monitor;

/// Keeps everything that a training says.
#[derive(Default)]
pub struct Session {
    /// Cancels after so much progress.
    pub stop_after: Option<u64>,
    pub done: Cell<u64>,
    pub total: Cell<u64>,
    pub kept: RefCell<Option<Vec<u8>>>,
    /// Whether another training goes on where this one ends.
    pub goes_on: bool,
    pub log: RefCell<String>,
}

impl Session {
    /// One that stops the training after so much progress.
    pub fn stopping_after(done: u64) -> Self {
        Session {
            stop_after: Some(done),
            ..Session::default()
        }
    }

    /// One after which another training goes on, with more budget.
    pub fn handing_on() -> Self {
        Session {
            goes_on: true,
            ..Session::default()
        }
    }

    /// The next attempt: it has the checkpoint of this one.
    pub fn next_attempt(self, stop_after: Option<u64>) -> Self {
        Session {
            stop_after,
            kept: self.kept,
            ..Session::default()
        }
    }
}

impl Monitor for Session {
    fn progress(&self, done: u64, total: u64, _numbers: &[(&str, f64)]) {
        assert!(done > self.done.get() && done <= total, "{done} of {total}");
        self.done.set(done);
        self.total.set(total);
    }

    fn cancelled(&self) -> bool {
        self.stop_after == Some(self.done.get())
    }

    fn checkpoint(&self) -> Option<Vec<u8>> {
        self.kept.borrow().clone()
    }

    fn checkpoint_due(&self) -> bool {
        false
    }

    fn save_checkpoint(&self, state: &[u8]) {
        *self.kept.borrow_mut() = Some(state.to_vec());
    }

    fn goes_on(&self) -> bool {
        self.goes_on
    }

    fn hand_on(&self, state: &[u8]) {
        self.save_checkpoint(state);
    }

    fn warn(&self, message: &str) {
        panic!("{message}");
    }

    fn log(&self, line: &str) {
        *self.log.borrow_mut() += &format!("{line}\n");
    }
}
