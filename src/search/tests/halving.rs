//! Who is promoted, and when.

use super::super::*;

fn finished(cost: f64) -> Outcome {
    Outcome::Finished(vec![cost])
}

/// Budgets and trials of Hyperband's brackets for R = 81 and η = 3: Table 1 of the paper.
#[test]
fn hyperband_has_the_brackets_of_its_paper() {
    let halving = Halving::hyperband(1, 81, 3).expect("it is right");
    assert_eq!(halving.budgets(), [1, 3, 9, 27, 81]);
    let table: [(usize, &[usize]); 5] = [
        (0, &[81, 27, 9, 3, 1]),
        (1, &[34, 11, 3, 1]),
        (2, &[15, 5, 1]),
        (3, &[8, 2]),
        (4, &[5]),
    ];
    let trials = 81 + 34 + 15 + 8 + 5;
    let rungs = halving.climb(2 * trials, |trial, _| finished(trial as f64));
    for turn in 0..2 {
        for (bracket, sizes) in table {
            let group = turn * 5 + bracket;
            let of_group = rungs.iter().filter(|rung| rung.group == group);
            let found: Vec<(usize, usize)> = of_group
                .map(|rung| (rung.rung, rung.members.len()))
                .collect();
            let expected: Vec<(usize, usize)> = sizes
                .iter()
                .enumerate()
                .map(|(i, size)| (bracket + i, *size))
                .collect();
            assert_eq!(found, expected, "bracket {bracket}");
        }
    }
}

#[test]
fn one_in_eta_is_promoted_by_cost_and_then_by_number() {
    let halving = Halving::asha(10, 90, 3, None).expect("it is right");
    assert_eq!(halving.budgets(), [10, 30, 90]);
    let costs = [5.0, 1.0, 4.0, 1.0, 9.0, 2.0, 2.0, 8.0, 7.0];
    let rungs = halving.climb(9, |trial, _| finished(costs[trial]));
    let promoted: Vec<_> = rungs.iter().map(|rung| rung.promoted.clone()).collect();
    assert_eq!(promoted, [Some(vec![1, 3, 5]), Some(vec![1]), Some(vec![])]);
    assert_eq!(rungs[1].members, [1, 3, 5]);
    assert_eq!(rungs[2].members, [1]);
}

#[test]
fn nothing_is_decided_while_one_of_the_group_runs() {
    let halving = Halving::asha(1, 3, 3, None).expect("it is right");
    let rungs = halving.climb(6, |trial, rung| match (trial, rung) {
        (1, 0) => Outcome::Running,
        _ => finished(trial as f64),
    });
    let of = |group: usize| rungs.iter().filter(move |rung| rung.group == group);
    assert_eq!(
        of(0).map(|rung| rung.promoted.clone()).collect::<Vec<_>>(),
        [None]
    );
    assert_eq!(of(1).next().expect("it is there").promoted, Some(vec![3]));
}

#[test]
fn what_gave_no_number_is_never_promoted() {
    let halving = Halving::asha(1, 2, 2, Some(4)).expect("it is right");
    let outcomes = [
        Outcome::Worst,
        Outcome::Finished(vec![f64::NAN]),
        Outcome::Finished(vec![f64::NEG_INFINITY]),
        finished(1e9),
    ];
    let rungs = halving.climb(4, |trial, _| outcomes[trial].clone());
    assert_eq!(rungs[0].promoted, Some(vec![3]));
    let rungs = halving.climb(4, |_, _| Outcome::Worst);
    assert_eq!(rungs.len(), 1);
    assert_eq!(rungs[0].promoted, Some(vec![]));
}

/// A group that few trials fill has someone at the top, as long as it is the only one.
#[test]
fn few_trials_have_a_winner_with_the_whole_budget() {
    let halving = Halving::asha(1, 27, 3, None).expect("it is right");
    for trials in 1..8 {
        let rungs = halving.climb(trials, |trial, _| finished(-(trial as f64)));
        let last = rungs.last().expect("there are rungs");
        assert_eq!(
            (last.rung, last.members.clone()),
            (3, vec![trials - 1]),
            "{trials}"
        );
    }
    let rungs = halving.climb(28, |trial, _| finished(-(trial as f64)));
    let second: Vec<_> = rungs.iter().filter(|rung| rung.group == 1).collect();
    assert_eq!(second.len(), 1);
}

/// More trials change nothing in groups that were full.
#[test]
fn full_groups_stay_as_they_were_when_trials_are_added() {
    let halving = Halving::asha(1, 9, 3, None).expect("it is right");
    let cost = |trial: usize, rung: usize| finished(((trial * 7919 + rung * 31) % 101) as f64);
    let before = halving.climb(18, cost);
    let after = halving.climb(40, cost);
    assert_eq!(before[..], after[..before.len()]);
    assert_eq!(halving.place(17), (1, 0));
}

#[test]
fn a_group_is_full_with_its_last_trial() {
    let asha = Halving::asha(1, 9, 3, None).expect("it is right");
    let hyperband = Halving::hyperband(1, 9, 3).expect("it is right");
    // Groups of nine; brackets of 9, 5 and 3.
    for (halving, ends) in [(asha, [9, 18, 27]), (hyperband, [9, 14, 17])] {
        let mut first = 0;
        for end in ends {
            for trial in first..end {
                assert!(!halving.is_full(trial, end - 1), "{trial} of {end}");
                assert!(halving.is_full(trial, end), "{trial} of {end}");
                assert!(halving.is_full(trial, end + 5), "{trial} of {end}");
            }
            first = end;
        }
    }
}

#[test]
fn budgets_that_make_no_rungs_are_refused() {
    let refused = |min, max, eta, group| Halving::asha(min, max, eta, group).unwrap_err().0;
    assert_eq!(refused(0, 9, 3, None), "min");
    assert_eq!(refused(10, 9, 3, None), "min");
    assert_eq!(refused(1, 9, 1, None), "factor");
    assert_eq!(refused(1, 9, 3, Some(2)), "group");
    assert_eq!(
        Halving::asha(9, 9, 3, None).expect("one rung").budgets(),
        [9]
    );
    assert_eq!(
        Halving::asha(4, 20, 2, None)
            .expect("it is right")
            .budgets(),
        [4, 8, 16, 20]
    );
    let large = Halving::asha(1, u64::MAX, 2, None).expect("it is right");
    assert_eq!(large.budgets().len(), 65);
}
