//! Which failures of a step pass, so that it is tried again, and after how long.

use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

use crate::text::Diagnostic;
use crate::text::Diagnostics;

use super::fields;
use super::fields::Fields;
use super::node::Content;
use super::node::Node;
use super::policy::boolean;
use super::policy::duration;

/// Longer waits are a mistake.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// Waits that nobody has asked for are no longer than this.
const PATIENCE: Duration = Duration::from_secs(60);

/// How an attempt ended that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// With this status.
    Exit(i32),
    /// By this signal.
    Signal(i32),
    /// It took longer than the stage's `timeout`.
    Timeout,
    /// The job in which it ran was out of time.
    TimeLimit,
    /// The job in which it ran took more memory than it had asked for.
    OutOfMemory,
    /// Somebody cancelled its job.
    Cancelled,
    /// A cluster does not run what it was asked for.
    Refused,
}

/// What `retry` says. Nothing here belongs to the key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Retry {
    /// None of the next three is said where every failure of a program passes.
    pub exit: Option<Vec<i32>>,
    pub signals: Option<bool>,
    pub timeout: Option<bool>,
    /// Before the second attempt.
    pub delay: Option<Duration>,
    /// What each further wait is multiplied by.
    pub factor: Option<f64>,
}

impl Retry {
    pub(super) fn read(node: &Node, found: &mut Diagnostics) -> Retry {
        const KEYS: [&str; 5] = ["exit", "signals", "timeout", "delay", "factor"];
        let mut retry = Retry::default();
        let Some(fields) = Fields::of(node, "`retry`", &KEYS, found) else {
            return retry;
        };
        if let Some(node) = fields.get("exit") {
            let nodes: Vec<&Node> = match &node.content {
                Content::List(items) => items.iter().collect(),
                _ => vec![node],
            };
            let exits = nodes.into_iter().filter_map(|node| {
                let exit = fields::whole(node, "an exit status", 1, 255, found)?;
                i32::try_from(exit).ok()
            });
            retry.exit = Some(exits.collect());
        }
        let mut truth = |key| boolean(fields.get(key)?, &format!("`{key}`"), found);
        retry.signals = truth("signals");
        retry.timeout = truth("timeout");
        if let Some(node) = fields.get("delay") {
            retry.delay = duration(node, "delay", found);
            if retry.delay.is_some_and(|delay| delay > LONGEST_WAIT) {
                found.push(
                    Diagnostic::error("wrong value of `delay`").at(&node.place, "more than a day"),
                );
            }
        }
        if let Some(node) = fields.get("factor") {
            let number = node.to_value().as_float();
            match number.filter(|factor| (1.0..=100.0).contains(factor)) {
                Some(factor) => retry.factor = Some(factor),
                None => found.push(
                    Diagnostic::error("wrong value of `factor`")
                        .at(&node.place, "expected a number from 1 to 100")
                        .help("each wait is so many times the one before; 2 unless it is said"),
                ),
            }
        }
        retry
    }

    /// Whether a failure that ended so passes; none where a program ended well and what it left
    /// would not do. `program`: whether somebody else's program did the work, which alone knows why
    /// it fails.
    pub fn passes(&self, ended: Option<Ended>, program: bool) -> bool {
        let unsaid = self.exit.is_none() && self.signals.is_none() && self.timeout.is_none();
        // Nobody who cancels a job wants another one, and what is refused once is refused again.
        if matches!(ended, Some(Ended::Cancelled | Ended::Refused)) {
            return false;
        }
        if unsaid {
            // The next attempt may ask for more.
            let job = matches!(ended, Some(Ended::TimeLimit | Ended::OutOfMemory));
            return program || job;
        }
        match ended {
            None | Some(Ended::Cancelled | Ended::Refused) => false,
            Some(Ended::Timeout | Ended::TimeLimit) => self.timeout == Some(true),
            Some(Ended::OutOfMemory) => self.signals == Some(true) || self.has(128 + 9),
            Some(Ended::Exit(status)) => self.has(status),
            // A shell says 137 of a program that was ended by signal 9.
            Some(Ended::Signal(signal)) => self.signals == Some(true) || self.has(128 + signal),
        }
    }

    fn has(&self, status: i32) -> bool {
        // A shell that tells of a signal.
        let by_signal = self.signals == Some(true) && status > 128;
        by_signal || self.exit.iter().flatten().any(|known| *known == status)
    }

    /// How long to wait after so many attempts.
    pub fn wait(&self, attempts: u32, usual: Duration) -> Duration {
        let longest = self
            .delay
            .map_or(PATIENCE, |delay| delay.max(PATIENCE) * 60);
        let factor = self
            .factor
            .unwrap_or(2.0)
            .powf(f64::from(attempts.max(1) - 1));
        let seconds = self.delay.unwrap_or(usual).as_secs_f64() * factor;
        Duration::try_from_secs_f64(seconds).map_or(longest, |wait| wait.min(longest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_of_a_program_passes_unless_some_are_named() {
        let any = Retry::default();
        for ended in [
            None,
            Some(Ended::Exit(1)),
            Some(Ended::Signal(9)),
            Some(Ended::Timeout),
        ] {
            assert!(!any.passes(Some(Ended::Cancelled), true));
            assert!(!any.passes(Some(Ended::Refused), true));
            assert!(any.passes(Some(Ended::OutOfMemory), false));
            assert!(any.passes(ended, true) && !any.passes(ended, false));
        }
        let exits = Retry {
            exit: Some(vec![75, 137]),
            ..Retry::default()
        };
        assert!(exits.passes(Some(Ended::Exit(75)), true));
        assert!(exits.passes(Some(Ended::Signal(9)), true));
        assert!(!exits.passes(Some(Ended::Signal(11)), true));
        assert!(!exits.passes(Some(Ended::Exit(1)), true));
        assert!(!exits.passes(Some(Ended::Timeout), true));
        assert!(!exits.passes(None, true));
        let signals = Retry {
            signals: Some(true),
            timeout: Some(true),
            ..Retry::default()
        };
        assert!(signals.passes(Some(Ended::Signal(11)), false));
        assert!(signals.passes(Some(Ended::Exit(139)), true));
        assert!(signals.passes(Some(Ended::Timeout), false));
        assert!(!signals.passes(Some(Ended::Exit(1)), true));
    }

    #[test]
    fn waits_grow() {
        let usual = Duration::from_secs(1);
        let waits = |retry: &Retry| [1, 2, 3, 20].map(|n| retry.wait(n, usual).as_secs());
        assert_eq!(waits(&Retry::default()), [1, 2, 4, 60]);
        let own = Retry {
            delay: Some(Duration::from_secs(10)),
            factor: Some(3.0),
            ..Retry::default()
        };
        assert_eq!(waits(&own), [10, 30, 90, 3600]);
        let steady = Retry {
            factor: Some(1.0),
            ..own
        };
        assert_eq!(waits(&steady), [10, 10, 10, 10]);
    }
}
