//! `select`: of a group of candidates the one with the best score goes on.

mod check;
mod scored;

use std::collections::BTreeSet;
use std::collections::HashMap;

use serde_json::Value as Json;
use serde_json::json;

use scored::scored_by;

pub use check::check_selections;

use super::Stage;
use super::artifacts;
use super::described;
use super::fitted;
use super::whole::Replicate;
use super::whole::whole;
use crate::engine::Job;
use crate::engine::JobArtifact;
use crate::engine::JobError;
use crate::engine::JobItem;
use crate::engine::StepOutput;
use crate::plan::Cell;
use crate::registry::ArtifactType;
use crate::registry::Entry;
use crate::registry::InvalidParam;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::Searched;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Value;
use crate::registry::Values;
use crate::registry::choices;
use crate::registry::params;
use crate::table::coordinate_key;
use crate::table::stats;
use crate::text::list_of;
use crate::text::plural;

const CANDIDATES: &str = "candidates";

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

choices! {
    /// Whom the scores choose.
    enum Rule {
        /// The one with the best.
        Best = "best",
        /// The simplest whose score is no further from the best than its standard error.
        OneStandardError = "one-standard-error",
    }
}

params! {
    /// What `select` may be given.
    struct SelectParams {
        /// the metric to choose by, such as `valid_elbo`
        by: String;
        /// which is best [default: as is known of the metric, as of one that the search optimises, or `max`]
        order: Option<Order>;
        /// the axis of replicates, such as `seed`: candidates that differ in it alone are one, with the
        /// mean of their scores
        replicate: Option<String>;
        /// whom the scores choose [default: best]
        rule: Option<Rule>;
        /// the axis of which less is simpler, for `one-standard-error` [default: what comes first in
        /// axis order is simpler]
        simplest: Option<String>;
        /// the axis of the budget of which most candidates had a part: those with the largest that has a score are
        /// compared [default: that of the search]
        budget: Option<String>;
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
         `metrics: {better: {loss: lower}}` of a command, or that of the search which optimises it.\n\
         \n\
         Other steps can score the candidates: `in: {candidates: fit, scores: critic.metrics}` passes on the\n\
         model whose critic says that it is best. A candidate has the score that agrees with it in all axes\n\
         that both have; where several do, as of two splits, `scores: {from: critic.metrics, at: {split: valid}}`\n\
         takes one. With `missing: allow` a candidate of which the score failed is left out.\n\
         \n\
         Ties go to the first in axis order. A score that is not a number never wins; a training\n\
         that diverged, and a candidate that does not report the number, is left out, and the run says so. Where no candidate has a score the step fails and says so.\n\
         With `replicate: seed` a candidate is chosen by the mean over its seeds, and not by its luckiest\n\
         one; what is passed on is the first seed's. One of which a seed has no score is left out, also where\n\
         the seed is excluded or failed and another candidate has it, and the run says so.\n\
         \n\
         `rule: one-standard-error` (Breiman, Friedman, Olshen and Stone, Classification and Regression\n\
         Trees, 1984, section 3.4.3) takes the simplest candidate whose mean is within one standard\n\
         error, s/√n over the replicates of the best, of the best mean.\n\
         \n\
         In a search with a budget (`asha`, `hyperband`) the winner is one of the trials with all of it, or with the\n\
         largest part that has a score: numbers after fewer epochs are of another thing.\n\
         \n\
         The score that chose the winner says too much of it (it is the best of several): `check` warns\n\
         where a table or a figure reports no other score of a selection. Report one of data that had no\n\
         say.\n\
         \n\
         The further output `choice` records the winner's coordinates and all candidates' scores."
    }

    fn revision(&self) -> u32 {
        5
    }

    fn params(&self) -> Vec<Param> {
        SelectParams::params()
    }
}

impl StageKind for Select {
    fn check(&self, params: &Values) -> Result<(), InvalidParam> {
        let Ok(params) = SelectParams::read(params) else {
            return Ok(());
        };
        let rule = params.rule.unwrap_or(Rule::Best);
        if rule == Rule::OneStandardError && params.replicate.is_none() {
            return Err(InvalidParam {
                param: "rule",
                message: "a standard error is one over replicates".to_owned(),
                help: "name their axis: `replicate: seed`".to_owned(),
            });
        }
        if rule == Rule::Best && params.simplest.is_some() {
            return Err(InvalidParam {
                param: "simplest",
                message: "the best is chosen, however simple".to_owned(),
                help: "it is for `rule: one-standard-error`".to_owned(),
            });
        }
        Ok(())
    }

    fn searched(&self, params: &mut Values, search: &Searched<'_>) {
        search.spend(params, "budget");
    }

    fn inputs(&self) -> Vec<Slot> {
        let mut candidates =
            Slot::new(CANDIDATES, &[ArtifactType::Any], "steps that leave metrics");
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
            slot: CANDIDATES,
            own: &[("choice", ArtifactType::Choice)],
        }
    }
}

impl Stage for Select {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = SelectParams::read(&job.step.params)?;
        let by = params.by.as_str();
        let candidates = job.items(CANDIDATES);
        let lost = job.missing(SCORES);
        let lost: Vec<&Cell> = lost.iter().map(|(_, item)| &item.cell).collect();
        let scored = match job.items(SCORES) {
            [] if lost.is_empty() => candidates.iter().map(Some).collect(),
            scores => scored_by(candidates, scores, &lost)?,
        };
        let unscored = candidates.iter().zip(&scored);
        let unscored = unscored.filter(|(_, scored)| scored.is_none());
        let unscored: Vec<String> = unscored.map(|(item, _)| fitted::name(item)).collect();
        tell_left_out(job, &unscored, "of which the score is missing");
        let order = params.order.unwrap_or_else(|| known_order(&scored, by));
        let largest = order == Order::Max;
        // Another stage may have a number for one that diverged: its cost, or how long it took.
        let metrics = candidates.iter().zip(&scored);
        let metrics = metrics
            .map(|(candidate, scored)| match scored {
                Some(scored) if !candidate.diverged => numbers_of(scored),
                _ => Ok(None),
            })
            .collect::<Result<Vec<_>, _>>()?;
        without_number(job, candidates, &metrics, by)?;
        let score = |metrics: &Option<Metrics>| metrics.as_ref()?.get(by)?.as_f64();
        let scores: Vec<Option<f64>> = metrics
            .iter()
            .map(|metrics| score(metrics).filter(|score| score.is_finite()))
            .collect();
        let diverged: Vec<String> = candidates
            .iter()
            .filter(|candidate| candidate.diverged)
            .map(fitted::name)
            .collect();
        tell_left_out(job, &diverged, "that diverged");
        let replicate = params.replicate.as_deref();
        let missing = match replicate {
            Some(_) => {
                let missing = job.missing(CANDIDATES).into_iter();
                missing
                    .map(|(_, item)| (&*item.stage, &item.cell))
                    .collect()
            }
            None => Vec::new(),
        };
        let groups = groups(candidates, &scores, replicate, &missing)?;
        let short = groups.iter().filter(|group| !group.whole);
        let short: Vec<String> = short
            .map(|group| {
                let first = &candidates[group.members[0]];
                fitted::name_of(&first.stage, &without(&first.cell, replicate))
            })
            .collect();
        tell_left_out(job, &short, "without all replicates that others have");
        let means: Vec<Option<f64>> = groups.iter().map(|group| group.mean).collect();
        let compared = with_most(candidates, &groups, params.budget.as_deref());
        let best = best(&compared, largest).ok_or_else(|| {
            let hint = match (short.len() == groups.len(), replicate) {
                (true, Some(axis)) => format!(
                    "each lacks a replicate that another has: `at: {{{axis}: …}}` beside `from` takes those that all have"
                ),
                _ => "`sweepline ls` shows their metrics; a diverged training has none".to_owned(),
            };
            let candidates = candidates.len();
            JobError::failed(format!("none of the {candidates} candidates has a finite `{by}`"))
                .hint(hint)
        })?;
        let rule = params.rule.unwrap_or(Rule::Best);
        let winner = match rule {
            Rule::Best => best,
            Rule::OneStandardError => {
                let simplest = params.simplest.as_deref();
                let compared = (&groups[..], &compared[..]);
                simplest_within_error(candidates, compared, best, largest, simplest)?
            }
        };

        let mut produced = StepOutput::default();
        for (output, artifact) in &candidates[groups[winner].members[0]].outputs {
            produced.pass_on(output, &artifact.artifact);
        }
        let describe = |at: usize| {
            let group = &groups[at];
            let first = &candidates[group.members[0]];
            let mut candidate = json!({
                "cell": cell_json(first),
                "stage": first.stage,
                by: group.mean,
            });
            if params.replicate.is_some() {
                let scores = group.members.iter().map(|member| scores[*member]);
                candidate["replicates"] = scores.collect::<Vec<_>>().into();
                candidate["standard_error"] = group.error.into();
            }
            if group
                .members
                .iter()
                .any(|member| candidates[*member].diverged)
            {
                candidate["diverged"] = true.into();
            }
            candidate
        };
        let mut runners_up: Vec<usize> = (0..groups.len()).filter(|at| *at != winner).collect();
        let place = |at: usize| rank(means[at], largest);
        runners_up.sort_by(|a, b| {
            let apart = |at: usize| compared[at].is_none();
            let apart = apart(*a).cmp(&apart(*b));
            apart.then(place(*a).total_cmp(&place(*b)))
        });
        let mut choice = json!({
            "chosen": describe(winner),
            "by": by,
            "order": order.name(),
        });
        if rule == Rule::OneStandardError {
            choice["rule"] = rule.name().into();
        }
        choice["runners_up"] = runners_up.into_iter().map(describe).collect();
        produced.file("choice", "choice.json", format!("{choice:#}\n"));
        Ok(produced)
    }
}

/// Candidates that are one but for their replicates, in axis order.
struct Group {
    members: Vec<usize>,
    /// Whether it has every replicate that any other has, or would have.
    whole: bool,
    /// Of their scores; none where one has none, or is not there.
    mean: Option<f64>,
    /// Its standard error; none of a single one.
    error: Option<f64>,
}

fn groups(
    candidates: &[JobItem],
    scores: &[Option<f64>],
    replicate: Option<&str>,
    missing: &[(&str, &Cell)],
) -> Result<Vec<Group>, JobError> {
    if let Some(axis) = replicate
        && candidates.iter().all(|item| item.cell.get(axis).is_none())
    {
        let axes = candidates.iter().flat_map(|item| item.cell.iter());
        let axes: BTreeSet<&str> = axes.map(|(axis, _)| axis).collect();
        return Err(JobError::failed(format!(
            "no candidate has an axis `{axis}`, as `replicate` says"
        ))
        .hint(format!("their axes are {}", list_of(axes))));
    }
    let name = |stage: &str, cell: &Cell| format!("{stage} {:?}", without(cell, replicate));
    let mut members: Vec<Vec<usize>> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for (at, item) in candidates.iter().enumerate() {
        if replicate.is_none() {
            members.push(vec![at]);
            continue;
        }
        let group = *known
            .entry(name(&item.stage, &item.cell))
            .or_insert_with(|| {
                members.push(Vec::new());
                members.len() - 1
            });
        members[group].push(at);
    }
    let of = |cell: &Cell| -> Replicate {
        let value = replicate.and_then(|axis| cell.get(axis));
        let value = value.and_then(|value| serde_json::to_value(value).ok());
        vec![value.as_ref().map(coordinate_key)]
    };
    let of_each = |members: &Vec<usize>| {
        let own = members.iter().map(|member| of(&candidates[*member].cell));
        own.collect::<Vec<Replicate>>()
    };
    let replicates: Vec<Vec<Replicate>> = members.iter().map(of_each).collect();
    // Those that are missing count, of groups that are there.
    let missing = missing.iter();
    let missing = missing.filter(|(stage, cell)| known.contains_key(&name(stage, cell)));
    let missing: Vec<Replicate> = missing.map(|(_, cell)| of(cell)).collect();
    let whole = match replicate {
        Some(_) => whole(&replicates, &missing),
        None => vec![true; members.len()],
    };
    let group = |(members, whole): (Vec<usize>, bool)| {
        let all = members
            .iter()
            .map(|member| scores[*member].filter(|_| whole));
        let all: Option<Vec<f64>> = all.collect();
        let mean = all.as_deref().and_then(stats::mean);
        let error = all.as_deref().and_then(|all| {
            let error = stats::standard_deviation(all)? / (all.len() as f64).sqrt();
            (all.len() > 1).then_some(error)
        });
        Group {
            members,
            whole,
            mean,
            error,
        }
    };
    Ok(members.into_iter().zip(whole).map(group).collect())
}

/// The means of those that had the most of a budget of those with one: after less of it, a number is of another thing.
fn with_most(candidates: &[JobItem], groups: &[Group], budget: Option<&str>) -> Vec<Option<f64>> {
    let had = |group: &Group| {
        let cell = &candidates[group.members[0]].cell;
        cell.get(budget?).and_then(Value::as_float)
    };
    let with_mean = groups.iter().filter(|group| group.mean.is_some());
    let most = with_mean.filter_map(had).reduce(f64::max);
    let compared = groups.iter().map(|group| {
        // A candidate that the budget does not reach had all of it.
        let less = had(group).is_some_and(|had| most.is_some_and(|most| had < most));
        group.mean.filter(|_| !less)
    });
    compared.collect()
}

/// A cell without one of its coordinates.
fn without(cell: &Cell, axis: Option<&str>) -> Cell {
    let left = cell.0.iter().filter(|(name, _)| Some(&**name) != axis);
    Cell(left.cloned().collect())
}

/// The simplest of those within one standard error of the best; of equally simple ones the best.
fn simplest_within_error(
    candidates: &[JobItem],
    (groups, compared): (&[Group], &[Option<f64>]),
    best: usize,
    largest: bool,
    axis: Option<&str>,
) -> Result<usize, JobError> {
    let (Some(mean), Some(error)) = (groups[best].mean, groups[best].error) else {
        let name = fitted::name(&candidates[groups[best].members[0]]);
        return Err(JobError::failed(format!(
            "the best, {name}, has one replicate, and no standard error"
        ))
        .hint("give it more seeds, or `rule: best`"));
    };
    let within = |at: &usize| {
        // Rounding alone leaves out nobody.
        let near = |own: f64| (own - mean).abs() <= error + stats::slack([own, mean]);
        compared[*at].is_some_and(near)
    };
    let within = (0..groups.len()).filter(within);
    // A single one has nothing to be simpler than.
    let Some(axis) = axis.filter(|_| groups.len() > 1) else {
        return Ok(within.min().unwrap_or(best));
    };
    let size = |at: usize| {
        let cell = &candidates[groups[at].members[0]].cell;
        cell.get(axis).and_then(Value::as_float)
    };
    let mut simplest = (best, f64::INFINITY);
    for at in within {
        let Some(size) = size(at) else {
            let name = fitted::name(&candidates[groups[at].members[0]]);
            return Err(
                JobError::failed(format!("{name} has no number on the axis `{axis}`"))
                    .hint("`simplest` names an axis of numbers, less of which is simpler"),
            );
        };
        let better = rank(groups[at].mean, largest) < rank(groups[simplest.0].mean, largest);
        if size < simplest.1 || (size == simplest.1 && better) {
            simplest = (at, size);
        }
    }
    Ok(simplest.0)
}

/// Which is best as the manifest, or the kind that reports the number, says it.
fn known_order(scored: &[Option<&JobItem>], by: &str) -> Order {
    let mut said = scored.iter().flatten().filter_map(|scored| {
        let metrics = metrics_of(scored)?;
        described::higher_is_better(metrics.described.as_ref()?, by)
    });
    let measure = || super::measure(by)?.higher_is_better;
    match said.next().or_else(measure) {
        Some(false) => Order::Min,
        _ => Order::Max,
    }
}

/// The output called `metrics`, or the only one that is such.
fn metrics_of(item: &JobItem) -> Option<&JobArtifact> {
    let are_metrics = |artifact: &&JobArtifact| artifact.paths.contains_key(artifacts::METRICS);
    let mut all = item.outputs.values().filter(are_metrics);
    let only = all.next().filter(|_| all.next().is_none());
    item.outputs.get("metrics").or(only)
}

/// The numbers of a step by name.
type Metrics = serde_json::Map<String, Json>;

/// The candidate's numbers; none where it diverged, and may never have come to report any.
fn numbers_of(candidate: &JobItem) -> Result<Option<Metrics>, JobError> {
    if candidate.diverged {
        return Ok(None);
    }
    let Some(artifact) = metrics_of(candidate) else {
        return Err(JobError::failed(format!(
            "stage `{}` leaves no metrics to choose by",
            candidate.stage
        )));
    };
    artifacts::read_metrics(artifact).map(Some)
}

/// Tells of candidates that do not report the number.
///
/// # Errors
/// Where none does.
fn without_number(
    job: &Job<'_>,
    candidates: &[JobItem],
    metrics: &[Option<Metrics>],
    by: &str,
) -> Result<(), JobError> {
    let reported = || candidates.iter().zip(metrics.iter());
    let lacking = reported().filter(|(_, metrics)| {
        let metrics = metrics.as_ref();
        metrics.is_some_and(|metrics| !metrics.contains_key(by))
    });
    let lacking: Vec<(&JobItem, &Option<Metrics>)> = lacking.collect();
    let Some((first, metrics)) = lacking.first() else {
        return Ok(());
    };
    if lacking.len() == reported().filter(|(_, metrics)| metrics.is_some()).count() {
        let known = metrics.iter().flat_map(|metrics| metrics.keys());
        let known: Vec<&str> = known.map(String::as_str).collect();
        let message = format!("stage `{}` reports no `{by}`", first.stage);
        return Err(JobError::failed(message).hint(format!("it reports {}", known.join(", "))));
    }
    let names: Vec<String> = lacking.iter().map(|(item, _)| fitted::name(item)).collect();
    tell_left_out(job, &names, &format!("that reported no `{by}`"));
    Ok(())
}

/// Says which candidates had no chance, where there are any.
fn tell_left_out(job: &Job<'_>, names: &[String], why: &str) {
    if !names.is_empty() {
        let candidates = plural(names.len(), "candidate");
        let names = list_of(names);
        job.link
            .warn(&format!("left out {candidates} {why}: {names}"));
    }
}

/// The first of the best; candidates without a score never win.
fn best(scores: &[Option<f64>], largest: bool) -> Option<usize> {
    let mut winner: Option<(usize, f64)> = None;
    for (at, score) in scores.iter().enumerate() {
        let Some(score) = score else { continue };
        // Of scores that rounding alone tells apart the first stays.
        if winner.is_none_or(|(_, so_far)| stats::ahead(*score, so_far, largest)) {
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
    use std::sync::Arc;

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

    fn items_of(cells: &[(&str, i64)]) -> Vec<JobItem> {
        let item = |(size, seed): &(&str, i64)| JobItem {
            stage: "fit".to_owned(),
            cell: crate::plan::Cell(Arc::from([
                ("size".into(), Value::Float(size.parse().expect("a number"))),
                ("seed".into(), Value::Int(*seed)),
            ])),
            outputs: Default::default(),
            diverged: false,
            seconds: None,
        };
        cells.iter().map(item).collect()
    }

    /// Of size 4 the luckiest seed is the best of all, of size 2 the mean.
    #[test]
    fn replicates_are_one_candidate_with_their_mean() {
        let items = items_of(&[("4", 0), ("4", 1), ("2", 0), ("2", 1), ("1", 0), ("1", 1)]);
        let scores =
            [9.0, 1.0, 6.0, 8.0, 7.0, f64::NAN].map(|x: f64| Some(x).filter(|x| x.is_finite()));
        let groups = groups(&items, &scores, Some("seed"), &[]).expect("there are seeds");
        let means: Vec<_> = groups.iter().map(|group| group.mean).collect();
        assert_eq!(means, [Some(5.0), Some(7.0), None]);
        // s = √2, n = 2.
        assert!((groups[1].error.expect("two seeds") - 1.0).abs() < 1e-12);
        assert_eq!(best(&means, true), Some(1));
        assert!(self::groups(&items, &scores, Some("sed"), &[]).is_err());
        assert_eq!(
            self::groups(&items, &scores, None, &[])
                .expect("alone")
                .len(),
            6
        );
    }

    #[test]
    fn the_simplest_within_a_standard_error_of_the_best_is_chosen() {
        let items = items_of(&[("8", 0), ("8", 1), ("4", 0), ("4", 1), ("2", 0), ("2", 1)]);
        let chosen = |scores: [f64; 6], axis| {
            let scores = scores.map(Some);
            let groups = groups(&items, &scores, Some("seed"), &[]).expect("there are seeds");
            let means: Vec<_> = groups.iter().map(|group| group.mean).collect();
            let best = best(&means, true).expect("there are scores");
            simplest_within_error(&items, (&groups, &means), best, true, axis)
        };
        // 10 ± 1 of size 8; 9.5 of size 4; 8 of size 2.
        let scores = [9.0, 11.0, 9.0, 10.0, 8.0, 8.0];
        assert_eq!(chosen(scores, Some("size")).expect("sizes"), 1);
        assert_eq!(chosen(scores, None).expect("the first"), 0);
        assert!(chosen(scores, Some("depth")).is_err());
        // 0.8 ± 0.1 of size 8, and 0.7 but for rounding.
        let scores = [0.9, 0.7, 0.7, 0.7, 0.6, 0.6];
        assert_eq!(chosen(scores, Some("size")).expect("sizes"), 1);
        // Nobody else is near.
        assert_eq!(
            chosen([9.9, 10.1, 9.0, 9.0, 8.0, 8.0], Some("size")).expect("sizes"),
            0
        );
    }

    #[test]
    fn candidates_with_a_part_of_the_budget_are_not_compared_with_those_that_had_all() {
        let items = items_of(&[("1", 0), ("3", 0), ("9", 0), ("9", 1)]);
        let chosen = |scores: [Option<f64>; 4], budget| {
            let groups = groups(&items, &scores, None, &[]).expect("alone");
            best(&with_most(&items, &groups, budget), true)
        };
        let scores = [9.0, 8.0, 1.0, 2.0].map(Some);
        assert_eq!(chosen(scores, None), Some(0));
        assert_eq!(chosen(scores, Some("size")), Some(3));
        // Of those that the most was given to, none has a score.
        let scores = [Some(9.0), Some(8.0), None, None];
        assert_eq!(chosen(scores, Some("size")), Some(1));
    }

    /// A candidate of which a seed is excluded, or failed in its own stage, is not chosen by its others.
    #[test]
    fn a_candidate_without_all_replicates_is_left_out() {
        let mut items = items_of(&[("4", 0), ("4", 1), ("2", 1), ("1", 0), ("1", 1)]);
        let means = |items: &[JobItem], missing: &[(&str, &Cell)]| -> Vec<Option<f64>> {
            let groups = groups(items, &[Some(1.0); 5], Some("seed"), missing);
            let groups = groups.expect("there are seeds");
            groups.iter().map(|group| group.mean).collect()
        };
        assert_eq!(means(&items, &[]), [Some(1.0), None, Some(1.0)]);
        let lost = items[2].cell.clone();
        let missing = without(&lost, Some("seed")).0;
        let seed: (Arc<str>, Value) = ("seed".into(), Value::Int(2));
        let missing = Cell(missing.iter().cloned().chain([seed]).collect());
        // Of the other stage: nothing is missing here.
        assert_eq!(
            means(&items, &[("other", &missing)]),
            [Some(1.0), None, Some(1.0)]
        );
        // Another seed each, of as many.
        let apart = items_of(&[("4", 0), ("4", 1), ("2", 1), ("2", 2)]);
        assert_eq!(means(&apart, &[]), [None, None]);
        items.remove(2);
        let missing = Cell(Arc::from([
            ("size".into(), Value::Float(4.0)),
            ("seed".into(), Value::Int(2)),
        ]));
        assert_eq!(means(&items, &[("fit", &missing)]), [None, None]);
        // Without seeds there is nothing to lack.
        items.truncate(3);
        items[2].cell = without(&items[2].cell, Some("seed"));
        assert_eq!(means(&items, &[]), [Some(1.0), Some(1.0)]);
    }

    #[test]
    fn runners_up_stand_best_first() {
        let mut scores = [Some(1.0), None, Some(3.0)];
        scores.sort_by(|a, b| rank(*a, true).total_cmp(&rank(*b, true)));
        assert_eq!(scores, [Some(3.0), Some(1.0), None]);
    }
}
