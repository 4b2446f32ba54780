//! Plain lines, one per step that ended: for logs, pipes and continuous integration. Of large runs
//! only every fiftieth part is told, beside failures and warnings.

use std::io;
use std::io::Write;

use super::Reporter;
use super::Warnings;
use super::duration;
use super::failure_lines;
use super::stopping;
use super::time_left;
use super::wants;
use crate::cli::run_state::RunState;
use crate::engine::Event;
use crate::engine::Timed;
use crate::text::said_in_short;

/// Runs of more steps than this are told in parts.
const LARGE: usize = 200;

/// In how many.
const PARTS: usize = 50;

/// Writes lines to `out`.
pub(crate) struct Lines<W> {
    out: W,
    /// The last part that was told.
    told: usize,
    warnings: Warnings,
}

impl<W: Write> Lines<W> {
    pub(crate) fn new(out: W) -> Self {
        Lines {
            out,
            told: 0,
            warnings: Warnings::default(),
        }
    }

    /// A line where another part of a large run is done.
    fn write_part(&mut self, done: &str, state: &RunState) -> io::Result<()> {
        let part = state.settled() * PARTS / state.selected.max(1);
        if part == self.told {
            return Ok(());
        }
        self.told = part;
        write!(self.out, "{done} {} running", state.running.len())?;
        if !state.queued.is_empty() {
            write!(self.out, ", {} queued", state.queued.len())?;
        }
        if state.failed > 0 {
            write!(self.out, ", {} failed", state.failed)?;
        }
        match state.remaining() {
            Some(left) if left.seconds >= 1.0 => writeln!(self.out, ", {}", time_left(left)),
            _ => writeln!(self.out),
        }
    }

    fn write(&mut self, timed: &Timed, state: &RunState) -> io::Result<()> {
        // Thousands of these in a run that changes nothing.
        if matches!(timed.event, Event::StepCached { .. }) {
            return Ok(());
        }
        let done = format!("[{}/{}]", state.settled(), state.selected);
        match &timed.event {
            Event::StepFinished {
                step,
                seconds,
                diverged,
                ..
            } => {
                if state.selected > LARGE && diverged.is_none() {
                    return self.write_part(&done, state);
                }
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
                "{done} {step}: attempt {attempt} failed ({}), again in {}",
                said_in_short(message),
                duration(*wait_seconds)
            ),
            Event::StepPending {
                step, needs, count, ..
            } => writeln!(self.out, "{done} {step}  pending: {}", wants(needs, *count)),
            // The end counts those that an interrupt did not let begin.
            Event::StepCancelled { .. } if state.ended.is_none() => Ok(()),
            Event::StepCancelled { step, .. } => writeln!(self.out, "{done} {step}  cancelled"),
            Event::InputsRead { bytes, total } => {
                writeln!(self.out, "{}", super::reading(*bytes, *total))
            }
            Event::PlanGrew { .. } => {
                let said = state.going_on.iter().chain(&state.search);
                let said: Vec<&str> = said.map(String::as_str).collect();
                match said.is_empty() {
                    true => Ok(()),
                    false => writeln!(self.out, "{done} {}", said.join(", ")),
                }
            }
            Event::Stopping { running } => writeln!(self.out, "{}", stopping(*running)),
            Event::Warning { step, message } => {
                match self.warnings.line(step.as_deref(), message) {
                    Some(line) => writeln!(self.out, "{line}"),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}

impl<W: Write> Reporter for Lines<W> {
    fn show(&mut self, timed: &Timed, state: &RunState) {
        // A closed pipe must not stop a run.
        let _ = self.write(timed, state);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn of_an_interrupt_only_what_was_under_way_is_told() {
        let mut told = Vec::new();
        let mut lines = Lines::new(&mut told);
        let mut state = RunState::default();
        let started = Event::StepStarted {
            id: 0,
            step: "fit[seed=0]".to_owned(),
            attempt: 1,
            threads: 1,
            takes: BTreeMap::new(),
            place: None,
        };
        let cancelled = (0..3).map(|id| Event::StepCancelled {
            id,
            step: format!("fit[seed={id}]"),
        });
        let plan = Event::PlanKnown {
            steps: 3,
            selected: 3,
            stages: [("fit".to_owned(), 3)].into(),
            jobs: 1,
        };
        let events = [plan, started, Event::Stopping { running: 1 }];
        for event in events.into_iter().chain(cancelled) {
            let timed = Timed { at: 0.0, event };
            state.add(&timed);
            lines.show(&timed, &state);
        }
        let told = String::from_utf8(told).expect("lines are text");
        assert_eq!(
            told,
            "stopping: 1 step under way, trainings keep a checkpoint; again ends at once\n\
             [1/3] fit[seed=0]  cancelled\n"
        );
    }
}
