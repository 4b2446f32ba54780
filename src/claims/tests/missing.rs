//! Sides that do not have the same rows, and numbers that rounding tells apart.

use super::*;

/// Two data sets, of which the easy one has far higher numbers; `other` is below `ours` in all that both have. The
/// easy one of `other` has in each draw a value, none (`none`) or no row (an empty text).
fn uneven(easy: impl Fn(usize) -> Option<&'static str>) -> Table {
    let mut rows = "dataset,method,samples,draw,kl\n".to_owned();
    for draw in 0..6 {
        for (dataset, kl) in [("easy", 1000), ("hard", 100)] {
            let kl = kl + draw;
            rows += &format!("{dataset},ours,5,{draw},{kl}\n");
            let lower = (kl - 2 - draw % 3).to_string();
            match easy(draw).filter(|_| dataset == "easy") {
                Some("") => {}
                cell => {
                    let cell = cell.unwrap_or(&lower).replace("none", "");
                    rows += &format!("{dataset},other,5,{draw},{cell}\n");
                }
            }
        }
    }
    table(&rows)
}

/// The mean of `other` over the hard data set alone is far below that over both, whatever `ours` has.
#[test]
fn a_pair_is_made_of_the_places_that_both_sides_have() {
    let fields =
        "says: mean(kl, method=ours) > mean(kl, method=other)\ntest: paired-t\nreplicate: draw";
    for cell in ["none", ""] {
        let table = uneven(|draw| (draw > 1).then_some(cell));
        assert_eq!(judged_over(fields, &table).verdict, Verdict::Undecided);
        let allowed = judged_over(&format!("{fields}\nmissing: allow"), &table);
        let compared = &allowed.groups[0].comparisons[0];
        // Of both in draws 0 and 1, of the hard one in the others: at most 4 apart.
        assert!(compared.difference.unwrap() < 4.0, "{compared:?}");
        let test = compared.test.as_ref().unwrap();
        assert_eq!(
            (&test.n[..], test.left_out, test.values_left_out),
            (&[6][..], 0, 4)
        );
        let lines = to_lines(&[allowed]).join("\n");
        let missing = if cell.is_empty() { "" } else { " (4 missing)" };
        let counts = format!("(n = 6, 6{missing} in 6 pairs, 4 values left out; paired-t");
        assert!(lines.contains(&counts), "{lines}");
    }
    // Without pairs a replicate counts whole or not at all.
    let table = uneven(|draw| (draw > 2).then_some("none"));
    let fields = fields.replace("paired-t", "welch-t") + "\nmissing: allow";
    let welch = judged_over(&fields, &table);
    let compared = &welch.groups[0].comparisons[0];
    assert_eq!(compared.test.as_ref().unwrap().n, [6, 3]);
    assert!(compared.right.value.unwrap() > 500.0);
}

/// A step that left no rows may have had one at its data set, also where no other draw has it.
#[test]
fn a_step_without_its_rows_leaves_out_its_place() {
    let source = Source {
        table: uneven(|_| Some("")),
        absent: Table::from_csv(
            "dataset,method,draw\neasy,other,0\neasy,other,1\n",
            &["dataset", "method", "draw"],
        )
        .unwrap(),
    };
    let known = KnownNames::of(&source.table);
    let fields = "says: mean(kl, method=ours) > mean(kl, method=other)\ntest: paired-t\n\
                  replicate: draw\nmissing: allow";
    let claim = claim(fields).unwrap();
    let judgement = judge(&claim, &[&source, &source], &known).unwrap();
    let compared = &judgement.groups[0].comparisons[0];
    assert!(compared.difference.unwrap() < 4.0, "{compared:?}");
    assert_eq!(compared.test.as_ref().unwrap().values_left_out, 6);
}

/// An axis that follows from the others, as a setting that is chosen for each draw and data set, is no place.
#[test]
fn a_chosen_setting_parts_no_pairs() {
    let mut rows = "dataset,method,samples,draw,kl\n".to_owned();
    for draw in 0..6 {
        for (at, dataset) in ["easy", "hard"].into_iter().enumerate() {
            let chosen = [5, 50][(draw + at * (draw / 2)) % 2];
            rows += &format!("{dataset},mapa,{chosen},{draw},{}\n", 1 + draw % 3);
            rows += &format!("{dataset},iwae,{},{draw},{}\n", 55 - chosen, 3 + draw);
        }
    }
    let fields =
        "says: mean(kl, method=mapa) < mean(kl, method=iwae)\ntest: wilcoxon\nreplicate: draw";
    let judgement = judged_over(fields, &table(&rows));
    assert_eq!(judgement.verdict, Verdict::Holds);
    let test = judgement.groups[0].comparisons[0].test.as_ref().unwrap();
    assert_eq!(test.n, [6]);
}

#[test]
fn numbers_that_rounding_tells_apart_are_equal() {
    let rows = "dataset,method,samples,draw,kl,ll\n\
                a,m,5,0,99.9,0.1\na,m,5,1,99.9,0.2\na,m,5,2,99.9,0.3\n\
                a,n,5,0,99.9,0.3\na,n,5,1,99.9,0.2\na,n,5,2,99.9,0.1\na,n,5,3,99.9,0.2\n";
    let verdict = |says: &str| judged_over(&format!("says: {says}"), &table(rows)).verdict;
    for says in [
        "mean(kl, method=m) <= 99.9",
        "mean(kl, method=m) == mean(kl, method=n)",
        "std(kl, method=m) <= 0",
        "mean(ll, method=m) == mean(ll, method=n)",
        "mean(ll) <= 0.2",
        "mean(ll) < 0.2000000001",
    ] {
        assert_eq!(verdict(says), Verdict::Holds, "{says}");
    }
    for says in ["mean(kl, method=n) < mean(kl, method=m)", "mean(ll) != 0.2"] {
        assert_eq!(verdict(says), Verdict::Fails, "{says}");
    }
}
