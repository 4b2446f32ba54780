//! Which parameters share a density: those that occur together.

use std::collections::BTreeSet;

use super::super::history::Known;
use super::super::space::Space;

/// Parameters of more than one value, in groups that share a density.
///
/// Jointly, each ended trial splits every group into those of its parameters that the trial has and
/// those that it lacks (Optuna's group decomposition); what no trial has had stands alone.
pub(super) fn of(space: &Space, trials: &[Known<'_>], multivariate: bool) -> Vec<Vec<usize>> {
    let parameters = space.parameters();
    let searched = |&i: &usize| !parameters[i].domain.is_single();
    let mut groups: Vec<BTreeSet<usize>> = Vec::new();
    if multivariate && space.is_unconditional() {
        groups.push((0..parameters.len()).collect());
    } else if multivariate {
        let mut patterns = BTreeSet::new();
        for trial in trials.iter().filter(|trial| !trial.outcome.is_running()) {
            let has: Vec<bool> = trial.row.iter().map(Option::is_some).collect();
            patterns.insert(has);
        }
        for has in patterns {
            let present = has.iter().enumerate().filter(|(_, has)| **has);
            split(&mut groups, present.map(|(i, _)| i).collect());
        }
    }
    let grouped: BTreeSet<usize> = groups.iter().flatten().copied().collect();
    let alone = (0..parameters.len()).filter(|i| !grouped.contains(i));
    groups.extend(alone.map(|i| BTreeSet::from([i])));
    let mut groups: Vec<Vec<usize>> = groups
        .into_iter()
        .map(|group| group.into_iter().filter(searched).collect())
        .filter(|group: &Vec<usize>| !group.is_empty())
        .collect();
    groups.sort();
    groups
}

/// Splits each group into what is among these parameters and what is not; the rest of these is a
/// group of its own.
fn split(groups: &mut Vec<BTreeSet<usize>>, mut present: BTreeSet<usize>) {
    let mut next = Vec::new();
    for group in groups.drain(..) {
        next.push(&group & &present);
        next.push(&group - &present);
        present = &present - &group;
    }
    next.push(present);
    next.retain(|group| !group.is_empty());
    *groups = next;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The partition is the one whose classes no trial's parameters cut, however they are ordered.
    #[test]
    fn trials_split_parameters_into_those_that_occur_together() {
        let trials = [vec![0, 1, 2, 5], vec![0, 3, 4, 5], vec![0, 3, 5, 6]];
        let orders = [[0, 1, 2], [2, 1, 0], [1, 0, 2]];
        for order in orders {
            let mut groups = Vec::new();
            for i in order {
                split(&mut groups, trials[i].iter().copied().collect());
            }
            groups.sort();
            let expected = [vec![0, 5], vec![1, 2], vec![3], vec![4], vec![6]];
            let expected = expected.map(|group| group.into_iter().collect::<BTreeSet<usize>>());
            assert_eq!(groups, expected);
        }
    }
}
