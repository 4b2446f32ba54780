//! The reporters of the event stream: bars in a terminal, plain lines elsewhere, JSON for programs.
//!
//! Each is given every event, and where the run stands by then. They write to standard error, but for JSON.

mod bars;
mod json;
mod lines;
mod terminal;

pub(super) use bars::Bars;
pub(super) use json::JsonLines;
pub(super) use lines::Lines;
pub(super) use terminal::AtLeftEdge;

use std::collections::HashMap;
use std::io::Write;

use super::run_state::Left;
use super::run_state::RunState;
use super::run_state::Surely;
use crate::engine::Event;
use crate::engine::Timed;
use crate::text::in_one_line;
use crate::text::plural;
use crate::text::said;
use crate::text::said_in_short;

/// Shows a run while it happens.
pub(super) trait Reporter {
    /// Shows an event; `state` is where the run stands with it.
    fn show(&mut self, timed: &Timed, state: &RunState);
}

/// Shows no progress: warnings alone.
pub(super) struct Silent<W: Write> {
    out: W,
    warnings: Warnings,
}

impl<W: Write> Silent<W> {
    pub(super) fn new(out: W) -> Self {
        Silent {
            out,
            warnings: Warnings::default(),
        }
    }
}

impl<W: Write> Reporter for Silent<W> {
    fn show(&mut self, timed: &Timed, _: &RunState) {
        let Event::Warning { step, message } = &timed.event else {
            return;
        };
        if let Some(line) = self.warnings.line(step.as_deref(), message) {
            // A closed pipe must not stop a run.
            let _ = writeln!(self.out, "{line}");
        }
    }
}

/// Tells a warning that many steps of a stage give once, and of one more that it is the same.
#[derive(Default)]
struct Warnings {
    /// How often, by stage and words.
    told: HashMap<(String, String), usize>,
}

impl Warnings {
    fn line(&mut self, step: Option<&str>, message: &str) -> Option<String> {
        let Some(step) = step else {
            return Some(format!("warning: {message}"));
        };
        let stage = step.split('[').next().unwrap_or(step);
        let of = (stage.to_owned(), message.to_owned());
        let told = self.told.entry(of).or_default();
        *told += 1;
        match told {
            1 => Some(format!("warning: {step}: {message}")),
            2 => Some(format!(
                "warning: {step}: the same; of further steps it is not told"
            )),
            _ => None,
        }
    }
}

/// The lines that a failure prints at once: what, where, the end of the log, what to do.
pub(super) fn failure_lines(event: &Event) -> Vec<String> {
    let Event::StepFailed {
        step,
        place,
        message,
        hints,
        log,
        ..
    } = event
    else {
        return Vec::new();
    };
    let mut lines = vec![
        format!("failed {step}: {}", said_in_short(message)),
        format!("  --> {place}"),
    ];
    lines.extend(log.iter().map(|line| format!("  | {}", said(line))));
    lines.extend(hints.iter().map(|hint| format!("  = help: {hint}")));
    lines
}

/// What a pending step waits for: `needs fit[seed=1] and 2 more, left out of this run`.
pub(super) fn wants(needs: &str, count: usize) -> String {
    let more = match count {
        0 | 1 => String::new(),
        _ => format!(" and {} more", count - 1),
    };
    format!("needs {needs}{more}, left out of this run")
}

/// The first interrupt is heard: what happens now, and how it would go faster.
pub(super) fn stopping(running: usize) -> String {
    let steps = plural(running, "step");
    format!("stopping: {steps} under way, trainings keep a checkpoint; again ends at once")
}

/// Others are asked for results.
pub(super) fn fetching(results: usize, from: &str) -> String {
    format!(
        "asking {} for {}",
        in_one_line(from),
        plural(results, "result")
    )
}

/// How far the files are read whose digests belong to keys.
pub(super) fn reading(bytes: u64, total: u64) -> String {
    let mib = |bytes: u64| bytes as f64 / (1024.0 * 1024.0);
    let (read, total) = (mib(bytes), mib(total.max(bytes)));
    format!("reading input files: {read:.0} of {total:.0} MiB")
}

/// `3.2 s`, `2 min 5 s`, `1 h 20 min`: as people say durations.
pub(super) fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        _ if seconds < 0.0995 => format!("{:.0} ms", seconds * 1000.0),
        _ if seconds < 9.95 => format!("{seconds:.1} s"),
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// `about 2 min 5 s left`
pub(super) fn time_left(left: Left) -> String {
    let word = match left.surely {
        Surely::About => "about",
        Surely::Perhaps => "perhaps",
        Surely::AtLeast => "at least",
    };
    format!("{word} {} left", duration(left.seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_of_many_steps_is_told_once_for_each_stage_and_words() {
        let mut warnings = Warnings::default();
        let mut line = |step, message| warnings.line(Some(step), message);
        let first = line("fit[x=1]", "lists are left out");
        assert_eq!(
            first.as_deref(),
            Some("warning: fit[x=1]: lists are left out")
        );
        let second = line("fit[x=2]", "lists are left out");
        assert!(second.is_some_and(|line| line.contains("fit[x=2]: the same")));
        assert_eq!(line("fit[x=3]", "lists are left out"), None);
        assert!(line("fit[x=3]", "something else").is_some());
        assert!(line("score[x=3]", "lists are left out").is_some());
        assert!(warnings.line(None, "of the run").is_some());
        assert!(warnings.line(None, "of the run").is_some());
    }

    #[test]
    fn durations_read_as_people_say_them() {
        let said = [0.0004, 0.05, 1.0, 9.96, 59.7, 61.0, 3725.0].map(duration);
        let want = [
            "0 ms",
            "50 ms",
            "1.0 s",
            "10 s",
            "1 min 0 s",
            "1 min 1 s",
            "1 h 2 min",
        ];
        assert_eq!(said, want);
    }
}
