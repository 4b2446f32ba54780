//! The first lines of the page: where the experiment stands.

use super::Report;
use super::State;
use super::claims::counted;
use super::html::Html;
use super::numbers::duration;
use crate::text::plural;

pub(super) fn write(report: &Report, html: &mut Html) {
    let count = |state| {
        let steps = report.steps.iter();
        steps.filter(|step| step.state == state).count()
    };
    let (failed, skipped, pending) = (
        count(State::Failed),
        count(State::Skipped),
        count(State::Pending),
    );
    let all = report.steps.len();
    if all == 0 && report.claims.is_empty() {
        return;
    }
    let left = failed + skipped + pending;
    let (class, sign, mut line) = match (left, failed) {
        (0, _) => ("holds", "✓ ", format!("Complete: {}", plural(all, "step"))),
        (_, 0) => {
            let done = all - left;
            (
                "undecided",
                "… ",
                format!("Incomplete: {done} of {}", plural(all, "step")),
            )
        }
        _ => ("fails", "✗ ", format!("{} failed", plural(failed, "step"))),
    };
    for (count, word) in [(skipped, "skipped"), (pending, "without a result")] {
        if count > 0 {
            line.push_str(&format!(", {count} {word}"));
        }
    }
    if !report.diverged.is_empty() {
        line.push_str(&format!(", {} diverged", report.diverged.len()));
    }
    if !report.accepted.is_empty() {
        line.push_str(&format!(", {} accepted", report.accepted.len()));
    }
    html.open("p", &[("class", "state"), ("id", "state")]);
    html.open("span", &[("class", &format!("verdict {class}"))]);
    html.leaf("span", &[("aria-hidden", "true")], sign);
    html.text(&line).close("span");
    if !report.claims.is_empty() {
        html.raw("<br>");
        html.leaf("a", &[("href", "#claims")], &counted(&report.claims));
    }
    if let Some(run) = &report.run {
        html.raw("<br>");
        let took = duration(run.seconds);
        let line = format!("Last run with work {}, {took}.", run.started);
        html.leaf("span", &[("class", "when")], &line);
    }
    html.close("p");
}
