//! Plain lines, one per step that ended: for logs, pipes and continuous integration.

use std::io;
use std::io::Write;

use super::Face;
use super::Tally;
use super::duration;
use super::failure_lines;
use super::wants;
use crate::engine::Event;
use crate::engine::Timed;

/// Writes lines to `out`.
pub struct Lines<W> {
    out: W,
    tally: Tally,
}

impl<W: Write> Lines<W> {
    pub fn new(out: W) -> Self {
        Lines {
            out,
            tally: Tally::default(),
        }
    }

    fn write(&mut self, timed: &Timed) -> io::Result<()> {
        let done = format!("[{}/{}]", self.tally.settled(), self.tally.selected);
        match &timed.event {
            Event::StepFinished {
                step,
                seconds,
                diverged,
                ..
            } => {
                write!(self.out, "{done} {step}  {}", duration(*seconds))?;
                match diverged {
                    Some(how) => writeln!(self.out, "  diverged: {how}"),
                    None => writeln!(self.out),
                }
            }
            Event::StepFailed { .. } => {
                for (at, line) in failure_lines(&timed.event).iter().enumerate() {
                    match at {
                        0 => writeln!(self.out, "{done} {line}")?,
                        _ => writeln!(self.out, "{line}")?,
                    }
                }
                Ok(())
            }
            Event::StepRetrying {
                step,
                attempt,
                message,
                wait_seconds,
                ..
            } => writeln!(
                self.out,
                "{done} {step}: attempt {attempt} failed ({message}), again in {}",
                duration(*wait_seconds)
            ),
            Event::StepPending {
                step, needs, count, ..
            } => writeln!(self.out, "{done} {step}  pending: {}", wants(needs, *count)),
            Event::StepCancelled { step, .. } => writeln!(self.out, "{done} {step}  cancelled"),
            Event::Warning { step, message } => match step {
                Some(step) => writeln!(self.out, "warning: {step}: {message}"),
                None => writeln!(self.out, "warning: {message}"),
            },
            _ => Ok(()),
        }
    }
}

impl<W: Write> Face for Lines<W> {
    fn show(&mut self, timed: &Timed) {
        self.tally.add(timed);
        // A closed pipe must not stop a run.
        let _ = self.write(timed);
    }
}
