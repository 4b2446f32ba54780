//! Which scores of other steps are those of a candidate.

use std::collections::BTreeSet;
use std::collections::HashMap;

use super::CANDIDATES;
use super::SCORES;
use crate::engine::JobError;
use crate::engine::JobItem;
use crate::plan::Cell;
use crate::registry::Value;
use crate::stages::fitted;
use crate::text::list_of;

/// For every candidate the one of the scores that is its own; none where that is among the `missing`.
pub(super) fn scored_by<'a>(
    candidates: &[JobItem],
    scores: &'a [JobItem],
    missing: &[&Cell],
) -> Result<Vec<Option<&'a JobItem>>, JobError> {
    let cells = |items: &'a [JobItem]| items.iter().map(|item| &item.cell).collect::<Vec<&Cell>>();
    let candidate_cells: Vec<&Cell> = candidates.iter().map(|item| &item.cell).collect();
    let own = scores_of(&candidate_cells, &cells(scores));
    let lost = scores_of(&candidate_cells, missing);
    let of = |(candidate, (own, lost)): (&JobItem, (Vec<usize>, Vec<usize>))| match own[..] {
        [score] => Ok(Some(&scores[score])),
        [] if !lost.is_empty() => Ok(None),
        _ => {
            let (title, help) = unscored(&fitted::name(candidate), &own, &cells(scores));
            Err(JobError::failed(title).hint(help))
        }
    };
    let own = own.into_iter().zip(lost);
    candidates.iter().zip(own).map(of).collect()
}

/// For every candidate the scores that agree with it in all axes that both have: one may have fewer axes than
/// what it scores, and belongs to all that share them, or others, as a split of the data.
pub(super) fn scores_of(candidates: &[&Cell], scores: &[&Cell]) -> Vec<Vec<usize>> {
    // Of a few stages, so that few sets of axes occur.
    let mut by_axes: HashMap<Vec<&str>, Vec<usize>> = HashMap::new();
    for (at, cell) in scores.iter().enumerate() {
        let axes = cell.iter().map(|(axis, _)| axis);
        by_axes.entry(axes.collect()).or_default().push(at);
    }
    fn place<'c>(cell: &'c Cell, axes: &[&str]) -> Vec<Option<&'c Value>> {
        axes.iter().map(|axis| cell.get(axis)).collect()
    }
    // By the axes of scores and those that candidates share: at a place, the scores.
    let mut known: HashMap<(&[&str], Vec<&str>), HashMap<Vec<Option<&Value>>, Vec<usize>>> =
        HashMap::new();
    let mut of = |candidate: &&Cell| {
        let mut own = Vec::new();
        for (axes, of_axes) in &by_axes {
            let shared = axes.iter().copied();
            let shared: Vec<&str> = shared
                .filter(|axis| candidate.get(axis).is_some())
                .collect();
            let at = place(candidate, &shared);
            let places = known
                .entry((axes, shared))
                .or_insert_with_key(|(_, shared)| {
                    let mut places: HashMap<_, Vec<usize>> = HashMap::new();
                    for score in of_axes {
                        let of_place = places.entry(place(scores[*score], shared)).or_default();
                        of_place.push(*score);
                    }
                    places
                });
            own.extend(places.get(&at).into_iter().flatten());
        }
        own.sort_unstable();
        own
    };
    candidates.iter().map(&mut of).collect()
}

/// What to say of a candidate without one score of its own, and what to do.
pub(super) fn unscored(candidate: &str, own: &[usize], scores: &[&Cell]) -> (String, String) {
    let Some((first, others)) = own.split_first() else {
        let help = format!("the stages in `{CANDIDATES}` and `{SCORES}` run in the same cells");
        return (format!("{candidate} has no score in `{SCORES}`"), help);
    };
    let differs = |axis: &&str| {
        let mut others = others.iter().map(|other| scores[*other].get(axis));
        others.any(|value| value != scores[*first].get(axis))
    };
    let axes = own.iter().flat_map(|score| scores[*score].iter());
    let axes: BTreeSet<&str> = axes.map(|(axis, _)| axis).filter(differs).collect();
    let help = match axes.first() {
        None => format!("one stage in `{SCORES}` scores a candidate"),
        Some(axis) => format!(
            "they differ in {}: `{SCORES}: {{from: …, at: {{{axis}: …}}}}` takes those of one value",
            list_of(&axes)
        ),
    };
    let title = format!("{candidate} has several scores in `{SCORES}`");
    (title, help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_agrees_in_the_axes_that_both_have() {
        let cell = |pairs: &[(&str, i64)]| {
            let pairs = pairs.iter();
            Cell(
                pairs
                    .map(|(axis, value)| ((*axis).into(), Value::Int(*value)))
                    .collect(),
            )
        };
        let candidates = [cell(&[("lr", 1)]), cell(&[("lr", 2), ("k", 1)])];
        let scores = [
            cell(&[("lr", 1), ("split", 0)]),
            cell(&[("lr", 2), ("split", 0)]),
            cell(&[("lr", 2), ("split", 1)]),
            cell(&[("lr", 3)]),
        ];
        let candidates: Vec<&Cell> = candidates.iter().collect();
        let scores: Vec<&Cell> = scores.iter().collect();
        assert_eq!(scores_of(&candidates, &scores), [vec![0], vec![1, 2]]);
        let (title, help) = unscored("fit[lr=2]", &[1, 2], &scores);
        assert_eq!(title, "fit[lr=2] has several scores in `scores`");
        assert!(help.contains("they differ in `split`") && help.contains("at: {split: …}"));
    }
}
