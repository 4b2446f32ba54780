//! Where a claim is judged, and at which level.

use super::*;

/// Groups of six pairs, of which the first leans against `a < b`: t = 2.75 at five degrees of freedom, whose
/// one-sided p is 0.0202 (SciPy 1.17, `ttest_1samp`); the others lean nowhere.
fn leaning(groups: usize) -> Table {
    let against = [1.0, 1.0, 1.0, 1.0, 1.0, -0.6];
    let open = [1.0, -1.0, 2.0, -2.0, 0.5, -0.6];
    let mut rows = "dataset,method,samples,draw,kl\n".to_owned();
    for group in 0..groups {
        let differences = if group == 0 { against } else { open };
        for (draw, difference) in differences.iter().enumerate() {
            rows += &format!(
                "{group},a,5,{draw},{}\n{group},b,5,{draw},9\n",
                9.0 + difference
            );
        }
    }
    table(&rows)
}

/// One statement in two ways is judged alike: of four parts one that fails has a quarter of the level.
#[test]
fn a_group_fails_at_its_share_of_the_level() {
    let part = |at: &str| format!("mean(kl, method=a{at}) < mean(kl, method=b{at})");
    let judged = |says: &str, more: &str, groups| {
        let fields = format!("says: {says}\n{more}test: paired-t\nreplicate: draw");
        judged_over(&fields, &leaning(groups))
    };
    let for_each = |groups| judged(&part(""), "for_each: dataset\n", groups);
    assert_eq!(for_each(1).verdict, Verdict::Fails);
    let four = for_each(4);
    assert_eq!(verdicts(&four), ["undecided"; 4]);
    let parts: Vec<String> = (0..4).map(|at| part(&format!(", dataset={at}"))).collect();
    let all = judged(&format!("all({})", parts.join(", ")), "", 4);
    assert_eq!(all.verdict, four.verdict);
    // What is said to be needed is at that share too.
    let reason = &four.groups[0].comparisons[0].reason;
    assert!(
        reason.starts_with("p = 0.020 against it is above the level; about "),
        "{reason}"
    );
    assert_eq!(*reason, all.groups[0].comparisons[0].reason);
}

#[test]
fn what_no_source_has_as_an_axis_counts_at_each_of_its_values() {
    let sizes = Table::from_csv("m,size\na,1\nb,2\n", &["m"]).unwrap();
    let sizes = Source::from(sizes);
    let losses = Table::from_csv("m,seed,loss\na,0,3\na,1,9\nb,0,3\nb,1,4\n", &["m", "seed"]);
    let losses = Source::from(losses.unwrap());
    let known = KnownNames::default()
        .with_axis("m", ["a", "b"].map(Json::from))
        .with_axis("seed", [0, 1].map(Json::from));
    let judged = |fields: &str, sources: [&Source; 2]| {
        judge(&claim(fields).unwrap(), &sources, &known).unwrap()
    };
    let size = "says: mean(size, m=a) < mean(size, m=b)";
    for more in ["where: {seed: [0, 1]}", "for_each: seed"] {
        let judgement = judged(&format!("{size}\n{more}"), [&sizes, &sizes]);
        assert_eq!(verdicts(&judgement), ["holds"], "{more}");
    }
    // At each seed of the other side, and of one seed alone.
    let both = "says: mean(size, m=a) < mean(loss, m=b)";
    let each = judged(&format!("{both}\nfor_each: seed"), [&sizes, &losses]);
    assert_eq!(verdicts(&each), ["holds", "holds"]);
    let one = judged(&format!("{both}\nwhere: {{seed: 1}}"), [&sizes, &losses]);
    assert_eq!(one.groups[0].comparisons[0].right.value, Some(4.0));
    // A name is listed once, whichever sides have it.
    let folds = "says: mean(loss, m=a) < mean(loss, m=b)\ntest: welch-t\nreplicate: fold";
    let known = known.clone().with_axis("fold", [Json::from(0)]);
    let errors = judge(&claim(folds).unwrap(), &[&losses, &losses], &known).unwrap_err();
    let [ClaimError::Unknown { name, known, .. }] = &errors[..] else {
        panic!("{errors:?}")
    };
    assert_eq!(
        (name.as_str(), &known[..]),
        ("fold", &["m", "seed", "loss"].map(str::to_owned)[..])
    );
}

/// Means of a: 2 and 4 at k of 1 and 2; of b, which has no k: 3, with which each of them is compared.
#[test]
fn a_baseline_without_an_axis_is_compared_at_each_of_its_values() {
    let rows = "m,k,seed,loss\na,1,0,1.5\na,1,1,2.5\na,2,0,3.5\na,2,1,4.5\nb,,0,2.5\nb,,1,3.5\n";
    let rows = Table::from_csv(rows, &["m", "k", "seed"]).unwrap();
    let less = "says: mean(loss, m=a) < mean(loss, m=b)";
    let each = judged_over(&format!("{less}\nfor_each: k"), &rows);
    assert_eq!(verdicts(&each), ["holds", "fails"]);
    assert_eq!(each.groups[1].comparisons[0].right.value, Some(3.0));
    // Pairs have their partners there.
    let paired = format!("{less}\nfor_each: k\ntolerance: 5\ntest: paired-t\nreplicate: seed");
    let reason = &judged_over(&paired, &rows).groups[1].comparisons[0].reason;
    assert!(
        reason.contains("no spread among the replicates"),
        "{reason}"
    );
    // Of all rows those without it are a place of their own, as they are where no side has it.
    let all = judged_over("says: mean(loss) < 9\nfor_each: k", &rows);
    assert_eq!(verdicts(&all), ["holds"; 3]);
    let alone = judged_over("says: mean(loss, m=b) < 9\nfor_each: k", &rows);
    assert_eq!(verdicts(&alone), ["holds"]);
    // A step of the baseline that is not there is missing at each.
    let mut source = Source::from(rows.clone());
    source.absent = Table::from_csv("m,k,seed\nb,,2\n", &["m", "k", "seed"]).unwrap();
    let claim = claim(&format!("{less}\nfor_each: k")).unwrap();
    let judged = judge(&claim, &[&source, &source], &KnownNames::of(&rows)).unwrap();
    assert_eq!(verdicts(&judged), ["undecided"; 2]);
}

#[test]
fn whole_numbers_are_told_apart_to_their_last_digit() {
    let csv =
        "dataset,method,samples,draw,kl\n9007199254740992,a,1,0,1\n9007199254740993,a,1,0,5\n";
    let large = "says: mean(kl, dataset=9007199254740993) > 4";
    assert_eq!(judged_over(large, &table(csv)).verdict, Verdict::Holds);
}

#[test]
fn a_side_without_rows_at_a_place_is_refused() {
    let fields = "says: mean(kl, method=mapa) < mean(kl)\nfor_each: method";
    assert_eq!(
        refused(fields),
        "`mean(kl, method=mapa)` has no row where `method` is `iwae`, and `for_each` asks for all of its values: \
         leave `method` out of one of them"
    );
    // Counted is nothing too, another part may be enough, and the claim may be about that value alone.
    for fine in [
        "says: count(kl, method=mapa) < 100\nfor_each: method",
        "says: any(mean(kl, method=mapa) < 0, mean(kl) < 9)\nfor_each: method",
        "says: mean(kl, method=mapa) < 9\nfor_each: method\nwhere: {method: mapa}",
        "says: mean(kl, method=[mapa, iwae]) < 9\nfor_each: method",
    ] {
        assert_eq!(judged(fine).verdict, Verdict::Holds, "{fine}");
    }
}
