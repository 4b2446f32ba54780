//! `select`: of a group of candidates the one with the best score goes on.

use serde_json::Value as Json;
use serde_json::json;

use super::Stage;
use super::artifacts;
use super::described;
use super::fitted;
use crate::engine::Job;
use crate::engine::JobArtifact;
use crate::engine::JobError;
use crate::engine::JobItem;
use crate::engine::StepOutput;
use crate::registry::ArtifactType;
use crate::registry::Entry;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::choices;
use crate::registry::params;
use crate::text::list_of;
use crate::text::plural;

/// The optional slot.
const SCORES: &str = "scores";

/// Passes on all outputs of the best candidate.
pub(super) struct Select;

choices! {
    /// Which score is best.
    enum Order {
        Max = "max",
        Min = "min",
    }
}

params! {
    /// What `select` may be given.
    struct SelectParams {
        /// the metric to choose by, such as `valid_elbo`
        by: String;
        /// which is best [default: as is known of the metric, or `max`]
        order: Option<Order>;
    }
}

impl Entry for Select {
    fn name(&self) -> &'static str {
        "select"
    }

    fn summary(&self) -> &'static str {
        "pass on the candidate with the best score"
    }

    fn docs(&self) -> &'static str {
        "Reduce the axis to choose over with `over`. The candidates are steps that leave metrics; the\n\
         one with the largest (or smallest) `by` passes on all its outputs under their own names. Where\n\
         `order` is not given, the direction counts that the metric is known to have, as by\n\
         `metrics: {better: {loss: lower}}` of a command.\n\
         \n\
         Other steps can score the candidates: `in: {candidates: fit, scores: critic.metrics}` passes on the\n\
         model whose critic says that it is best. A candidate has the score of its own coordinates.\n\
         \n\
         Ties go to the first in axis order. A score that is not a number never wins; a training\n\
         that diverged is left out, and the run says so. Where no candidate has a score the step fails and says so.\n\
         The further output `choice` records the winner's coordinates and all candidates' scores."
    }

    fn params(&self) -> Vec<Param> {
        SelectParams::params()
    }
}

impl StageKind for Select {
    fn inputs(&self) -> Vec<Slot> {
        let mut candidates = Slot::new(
            "candidates",
            &[ArtifactType::Any],
            "steps that leave metrics",
        );
        candidates.whole = true;
        let scores = Slot::new(
            SCORES,
            &[ArtifactType::Metrics],
            "scores of the candidates, where others measured them",
        );
        vec![candidates, scores.optional()]
    }

    fn outputs(&self) -> Outputs {
        Outputs::PassedOn {
            slot: "candidates",
            own: &[("choice", ArtifactType::Choice)],
        }
    }
}

impl Stage for Select {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = SelectParams::read(&job.step.params)?;
        let by = params.by.as_str();
        let candidates = job.items("candidates");
        let scored = match job.items(SCORES) {
            [] => candidates.iter().collect(),
            scores => scored_by(candidates, scores)?,
        };
        let order = params.order.unwrap_or_else(|| known_order(&scored, by));
        let largest = order == Order::Max;
        let scores = scored
            .iter()
            .map(|scored| score(scored, by))
            .collect::<Result<Vec<_>, _>>()?;
        let diverged: Vec<String> = candidates
            .iter()
            .filter(|candidate| candidate.diverged)
            .map(fitted::name)
            .collect();
        if !diverged.is_empty() {
            job.link.warn(&format!(
                "left out {} that diverged: {}",
                plural(diverged.len(), "candidate"),
                list_of(diverged.iter().map(String::as_str))
            ));
        }
        let winner = best(&scores, largest).ok_or_else(|| {
            JobError::failed(format!(
                "none of the {} candidates has a finite `{by}`",
                candidates.len()
            ))
            .hint("`sweepline ls` shows their metrics; a diverged training has none")
        })?;

        let mut produced = StepOutput::default();
        for (output, artifact) in &candidates[winner].outputs {
            produced.pass_on(output, &artifact.artifact);
        }
        let describe = |at: usize| {
            let mut candidate = json!({
                "cell": cell_json(&candidates[at]),
                "stage": candidates[at].stage,
                by: scores[at],
            });
            if candidates[at].diverged {
                candidate["diverged"] = true.into();
            }
            candidate
        };
        let mut runners_up: Vec<usize> = (0..candidates.len()).filter(|at| *at != winner).collect();
        runners_up.sort_by(|a, b| rank(scores[*a], largest).total_cmp(&rank(scores[*b], largest)));
        let choice = json!({
            "chosen": describe(winner),
            "by": by,
            "order": order.name(),
            "runners_up": runners_up.into_iter().map(describe).collect::<Vec<_>>(),
        });
        produced.file("choice", "choice.json", format!("{choice:#}\n"));
        Ok(produced)
    }
}

/// Which is best as the manifest, or the kind that reports the number, says it.
fn known_order(scored: &[&JobItem], by: &str) -> Order {
    let mut said = scored.iter().filter_map(|scored| {
        let metrics = metrics_of(scored)?;
        described::higher_is_better(metrics.described.as_ref()?, by)
    });
    let measure = || super::measure(by)?.higher_is_better;
    match said.next().or_else(measure) {
        Some(false) => Order::Min,
        _ => Order::Max,
    }
}

/// For every candidate the one of the scores that stands at its coordinates.
fn scored_by<'a>(
    candidates: &[JobItem],
    scores: &'a [JobItem],
) -> Result<Vec<&'a JobItem>, JobError> {
    let of = |candidate: &JobItem| {
        // A score may have fewer axes than what it scores, and belongs to all that share them.
        let belongs = |score: &&JobItem| {
            let mut axes = score.cell.iter();
            axes.all(|(axis, value)| candidate.cell.get(axis) == Some(value))
        };
        let mut own = scores.iter().filter(belongs);
        match (own.next(), own.next()) {
            (Some(score), None) => Ok(score),
            (found, _) => Err(JobError::failed(format!(
                "{} has {} in `{SCORES}`",
                fitted::name(candidate),
                match found {
                    None => "no score",
                    Some(_) => "several scores",
                }
            ))
            .hint("the stages in `candidates` and `scores` run in the same cells")),
        }
    };
    candidates.iter().map(of).collect()
}

/// The output called `metrics`, or in the slot for scores the one that was asked for.
fn metrics_of(item: &JobItem) -> Option<&JobArtifact> {
    let only = item.outputs.values().next().filter(|artifact| {
        item.outputs.len() == 1 && artifact.paths.contains_key(artifacts::METRICS)
    });
    item.outputs.get("metrics").or(only)
}

/// The candidate's score; none where it has no finite one.
fn score(candidate: &JobItem, by: &str) -> Result<Option<f64>, JobError> {
    // It may never have come to report the number, or any.
    if candidate.diverged {
        return Ok(None);
    }
    let Some(artifact) = metrics_of(candidate) else {
        return Err(JobError::failed(format!(
            "stage `{}` leaves no metrics to choose by",
            candidate.stage
        )));
    };
    let metrics = artifacts::read_metrics(artifact)?;
    match metrics.get(by) {
        Some(score) => Ok(score.as_f64().filter(|score| score.is_finite())),
        None => {
            let known: Vec<&str> = metrics.keys().map(String::as_str).collect();
            Err(
                JobError::failed(format!("stage `{}` reports no `{by}`", candidate.stage))
                    .hint(format!("it reports {}", known.join(", "))),
            )
        }
    }
}

/// The first of the best; candidates without a score never win.
fn best(scores: &[Option<f64>], largest: bool) -> Option<usize> {
    let mut winner: Option<(usize, f64)> = None;
    for (at, score) in scores.iter().enumerate() {
        let Some(score) = score else { continue };
        let better = winner.is_none_or(|(_, so_far)| match largest {
            true => *score > so_far,
            false => *score < so_far,
        });
        if better {
            winner = Some((at, *score));
        }
    }
    winner.map(|(at, _)| at)
}

/// Sorts the best first and those without a score last.
fn rank(score: Option<f64>, largest: bool) -> f64 {
    match (score, largest) {
        (None, _) => f64::INFINITY,
        (Some(score), true) => -score,
        (Some(score), false) => score,
    }
}

fn cell_json(item: &JobItem) -> Json {
    item.cell
        .iter()
        .map(|(axis, value)| (axis.to_owned(), json!(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_first_and_missing_scores_never_win() {
        assert_eq!(
            best(&[None, Some(1.0), Some(2.0), Some(2.0)], true),
            Some(2)
        );
        assert_eq!(
            best(&[Some(3.0), None, Some(1.0), Some(1.0)], false),
            Some(2)
        );
        assert_eq!(best(&[None, None], true), None);
        assert_eq!(best(&[], true), None);
    }

    #[test]
    fn runners_up_stand_best_first() {
        let mut scores = [Some(1.0), None, Some(3.0)];
        scores.sort_by(|a, b| rank(*a, true).total_cmp(&rank(*b, true)));
        assert_eq!(scores, [Some(3.0), Some(1.0), None]);
    }
}
