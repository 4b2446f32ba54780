//! The words for what would become of a step, and why.

use super::project::Project;
use crate::plan::Change;
use crate::plan::Reason;
use crate::plan::StepStatus;
use crate::text::plural;

/// A status in a word or two.
pub(super) fn word(status: &StepStatus) -> &'static str {
    match status {
        StepStatus::UpToDate { .. } => "up to date",
        StepStatus::Runs { .. } => "runs",
        StepStatus::MayRun { .. } => "may run",
        StepStatus::Broken { .. } => "cannot run",
    }
}

/// One line of an explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub text: String,
    /// The place of the manifest or the pipeline behind it.
    pub place: Option<String>,
}

/// Why, a line for each reason. The members of a reduced slot are counted, not listed: there may
/// be thousands.
pub(super) fn lines(project: &Project, status: &StepStatus) -> Vec<Line> {
    match status {
        StepStatus::UpToDate { .. } => Vec::new(),
        StepStatus::Runs { reasons, .. } => reason_lines(reasons),
        StepStatus::MayRun { after } => {
            let mut stages: Vec<&str> = Vec::new();
            for id in after {
                let stage = &*project.plan.step(*id).stage;
                if !stages.contains(&stage) {
                    stages.push(stage);
                }
            }
            vec![Line {
                text: format!("waits for {}", stages.join(", ")),
                place: None,
            }]
        }
        StepStatus::Broken { error } => vec![Line {
            text: error.to_string(),
            place: None,
        }],
    }
}

/// What changed, as data: nothing of a step that is up to date or waits.
pub(super) fn changed(status: &StepStatus) -> Vec<&Change> {
    match status {
        StepStatus::Runs { reasons, .. } => reasons.iter().map(|reason| &reason.what).collect(),
        _ => Vec::new(),
    }
}

/// The same of changes alone, without places.
pub(super) fn change_lines(changes: &[Change]) -> Vec<String> {
    let reasons = changes.iter().map(|what| Reason {
        what: what.clone(),
        place: None,
    });
    let lines = reason_lines(&reasons.collect::<Vec<_>>()).into_iter();
    lines.map(|line| line.text).collect()
}

fn reason_lines(reasons: &[Reason]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut members: Vec<Members> = Vec::new();
    for reason in reasons {
        let place = reason.place.as_ref().map(ToString::to_string);
        let member = match &reason.what {
            Change::Input { slot, old, new } if slot.contains(['[', '.']) => Some((slot, old, new)),
            _ => None,
        };
        let Some((slot, old, new)) = member else {
            let text = reason.what.to_string();
            lines.push(Line { text, place });
            continue;
        };
        let name = slot.split(['[', '.']).next().unwrap_or(slot);
        let at = match members.iter().position(|known| known.slot == name) {
            Some(at) => at,
            None => {
                members.push(Members {
                    slot: name,
                    place,
                    counts: [0; 3],
                });
                members.len() - 1
            }
        };
        let which = match (old, new) {
            (None, _) => 1,
            (_, None) => 2,
            _ => 0,
        };
        members[at].counts[which] += 1;
    }
    lines.extend(members.into_iter().map(Members::line));
    lines
}

/// What happened to the members of one reduced slot.
struct Members<'r> {
    slot: &'r str,
    place: Option<String>,
    /// With other content, new, and no longer read.
    counts: [usize; 3],
}

impl Members<'_> {
    fn line(self) -> Line {
        let said = ["with other content", "new", "no longer read"];
        let said = self.counts.iter().zip(said).filter(|(n, _)| **n > 0);
        let said: Vec<String> = said.map(|(n, what)| format!("{n} {what}")).collect();
        let total: usize = self.counts.iter().sum();
        Line {
            text: format!(
                "input {}: {} changed ({})",
                self.slot,
                plural(total, "member"),
                said.join(", ")
            ),
            place: self.place,
        }
    }
}
