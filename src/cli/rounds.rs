//! A run that goes on with further cells in the place of its process, as searches do round by round: what
//! the rounds before this one have made.

use std::env;

use serde::Deserialize;
use serde::Serialize;

use super::prometheus::RunMetrics;
use crate::engine::Summary;

/// Carries what earlier rounds have made, in the environment of the next.
pub(super) const GOES_ON: &str = "SWEEPLINE_GOES_ON";

/// What earlier rounds have made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Rounds {
    pub done: usize,
    pub fetched: usize,
    pub seconds: f64,
    /// Steps that failed, each time.
    #[serde(default)]
    pub failed: usize,
    /// Of all rounds, where they are asked for.
    pub metrics: Option<RunMetrics>,
}

impl Rounds {
    /// Those before this process; nothing in the first.
    pub(super) fn before() -> Rounds {
        let text = env::var(GOES_ON).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Whether this process goes on with what another has begun.
    pub(super) fn is_further() -> bool {
        env::var_os(GOES_ON).is_some()
    }

    /// With a round that has ended, and the metrics of all.
    pub(super) fn with(&self, summary: &Summary, metrics: Option<RunMetrics>) -> Rounds {
        Rounds {
            done: self.done + summary.totals.done,
            fetched: self.fetched + summary.totals.fetched,
            seconds: self.seconds + summary.seconds,
            failed: self.failed + summary.totals.failed,
            metrics,
        }
    }

    /// For the environment of the next.
    pub(super) fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
