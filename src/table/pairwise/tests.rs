//! Comparisons against published numbers, and what cannot be compared.

use super::*;

/// Hours of sleep gained under two drugs (Student 1908, Biometrika 6).
fn sleep() -> Table {
    let gains = [
        [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0],
        [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4],
    ];
    let mut csv = "drug,patient,gain\n".to_owned();
    for (drug, gains) in ["dextro", "laevo"].iter().zip(gains) {
        for (patient, gain) in gains.iter().enumerate() {
            csv.push_str(&format!("{drug},{patient},{gain}\n"));
        }
    }
    Table::from_csv(&csv, &["drug", "patient"]).unwrap()
}

fn spec(test: PairTest) -> PairwiseSpec {
    PairwiseSpec {
        values: vec!["gain".to_owned()],
        compare: "drug".to_owned(),
        baseline: Some("dextro".to_owned()),
        replicate: vec!["patient".to_owned()],
        test,
        correction: Correction::Holm,
    }
}

/// A value that is printed with so many decimals.
fn close(got: Option<f64>, want: f64, decimals: i32) -> bool {
    got.is_some_and(|got| (got - want).abs() <= 0.5000001 * 10_f64.powi(-decimals))
}

fn sleep_by(test: PairTest) -> Pair {
    let pairwise = Pairwise::new(&sleep(), &spec(test)).unwrap();
    let [row] = &pairwise.rows[..] else {
        panic!("one pair")
    };
    row.clone()
}

/// R 4, `t.test(extra ~ group, data = sleep, paired = TRUE)`, prints t = −4.0621, df = 9,
/// p = 0.002833, interval −2.4598858 to −0.7001142 of group 1 minus group 2, which is dextro minus
/// laevo. SciPy 1.17, `ttest_rel`, has p = 0.002832890197 and t = 4.062127683; d_z is t / √10.
#[test]
fn students_own_example_comes_out_as_everywhere() {
    let row = sleep_by(PairTest::PairedT);
    assert!(close(row.difference, 1.58, 12));
    assert!(close(row.p, 0.002832890197, 12) && row.adjusted == row.p);
    assert!(close(row.effect.map(|d| d * 10_f64.sqrt()), 4.062127683, 9));
    let interval = row.interval.unwrap();
    assert!(close(Some(interval.low), 0.7001142, 7) && close(Some(interval.high), 2.4598858, 7));
}

/// R 4, `t.test(extra ~ group, data = sleep)`, prints t = −1.8608, df = 17.776, p = 0.07939, interval
/// −3.3654832 to 0.2054832. SciPy 1.17, `ttest_ind(…, equal_var=False)`, has p = 0.07939414019.
/// Cohen's d is t √(2 / 10) at equal sizes, 0.8321810814, and g = d (1 − 3 / 71) by Hedges' formula.
#[test]
fn two_samples_of_unequal_variance_come_out_as_everywhere() {
    let row = sleep_by(PairTest::WelchT);
    assert!(close(row.p, 0.07939414019, 11));
    let interval = row.interval.unwrap();
    assert!(close(Some(interval.low), -0.2054832, 7) && close(Some(interval.high), 3.3654832, 7));
    assert!(close(row.effect, 0.797018500, 9));
}

/// R 4, `wilcox.test(extra ~ group, data = sleep, paired = TRUE)`, prints V = 0: the zero is dropped,
/// the tie averaged. R then falls back on the normal approximation; of the 2⁹ sign patterns two are
/// as extreme, as SciPy 1.17, `wilcoxon`, counts them too. All differences but the zero are positive,
/// so the rank-biserial correlation is 1; ranks have no interval of means.
#[test]
fn signed_ranks_come_out_as_everywhere() {
    let row = sleep_by(PairTest::Wilcoxon);
    assert!(close(row.p, 2.0 / 512.0, 12));
    assert_eq!((row.effect, row.interval), (Some(1.0), None));
}

#[test]
fn a_baseline_is_a_number_whatever_its_form() {
    let mut table = sleep();
    for row in &mut table.rows {
        row[0] = if row[0] == "dextro" {
            1.0.into()
        } else {
            2.5.into()
        };
    }
    for form in ["1", "1.0", "1e0"] {
        let mut spec = spec(PairTest::PairedT);
        spec.baseline = Some(form.to_owned());
        let pairwise = Pairwise::new(&table, &spec).unwrap();
        assert_eq!(pairwise.rows[0].value, 2.5, "{form}");
    }
}

#[test]
fn the_tests_of_a_table_are_one_family() {
    let mut csv = "method,seed,kl\n".to_owned();
    for (m, method) in ["vae", "iwae", "mapa"].iter().enumerate() {
        for seed in 0..4 {
            let kl = 5.0 - m as f64 + 0.3 * f64::from((seed * (m as i32 + 2)) % 4);
            csv.push_str(&format!("{method},{seed},{kl}\n"));
        }
    }
    csv.push_str("mapa,9,1\nvae,8,\n");
    let table = Table::from_csv(&csv, &["method", "seed"]).unwrap();
    let spec = PairwiseSpec {
        values: vec!["kl".to_owned()],
        compare: "method".to_owned(),
        baseline: None,
        replicate: vec!["seed".to_owned()],
        test: PairTest::PairedT,
        correction: Correction::Holm,
    };
    let pairwise = Pairwise::new(&table, &spec).unwrap();
    let p: Vec<f64> = pairwise.rows.iter().filter_map(|row| row.p).collect();
    let adjusted: Vec<f64> = pairwise
        .rows
        .iter()
        .filter_map(|row| row.adjusted)
        .collect();
    assert_eq!(p.len(), 3);
    assert_eq!(adjusted, stats::holm(&p));
    // Replicates that only one side has are no pairs.
    assert!(pairwise.rows.iter().all(|row| row.n == (4, 4)));
    assert!(pairwise.note().contains("adjusted for 3 tests after Holm"));
}

/// Patients who are each in one group.
#[test]
fn groups_without_a_common_replicate_have_no_pairs() {
    let csv = "drug,patient,gain\ndextro,0,68\ndextro,1,78\nlaevo,2,88\nlaevo,3,158\n";
    let table = Table::from_csv(csv, &["drug", "patient"]).unwrap();
    let pairwise = Pairwise::new(&table, &spec(PairTest::PairedT)).unwrap();
    let warning = pairwise.without_pairs().unwrap();
    assert!(
        warning.starts_with("no `patient` has both laevo and dextro")
            && warning.contains("`test: welch-t`"),
        "{warning}"
    );
    let note = pairwise.note();
    assert!(
        note.ends_with("; no p: no patient is on both sides"),
        "{note}"
    );
    let welch = Pairwise::new(&table, &spec(PairTest::WelchT)).unwrap();
    assert!(welch.without_pairs().is_none() && welch.rows[0].p.is_some());
}

#[test]
fn what_cannot_be_compared_says_why() {
    let problem = |change: fn(&mut PairwiseSpec)| {
        let mut spec = spec(PairTest::PairedT);
        change(&mut spec);
        Pairwise::new(&sleep(), &spec).unwrap_err().to_string()
    };
    assert_eq!(
        problem(|spec| spec.baseline = Some("none".to_owned())),
        "`drug` never is `none`; it is `dextro`, `laevo`"
    );
    assert_eq!(
        problem(|spec| spec.compare = "dose".to_owned()),
        "the table has no column `dose`; it has `drug`, `patient`, `gain`"
    );
    let mut table = sleep();
    table.rows.truncate(10);
    assert_eq!(
        Pairwise::new(&table, &spec(PairTest::PairedT))
            .unwrap_err()
            .to_string(),
        "`drug` has one value, `dextro`: there is nothing to compare it with"
    );
    let mut table = sleep();
    table.rows[3][1] = 2.into();
    assert_eq!(
        Pairwise::new(&table, &spec(PairTest::PairedT))
            .unwrap_err()
            .to_string(),
        "rows 3 and 4 are the same `drug` at the same replicate: no column tells them apart"
    );
}

/// A baseline without the axis of another variant stands beside each of its values.
#[test]
fn a_baseline_without_an_axis_is_compared_in_all_of_it() {
    let compared = |rows: &str, compare: &str, baseline: Option<&str>| {
        let csv = format!("m,k,j,seed,kl\n{rows}");
        let table = Table::from_csv(&csv, &["m", "k", "j", "seed"]).unwrap();
        let mut spec = spec(PairTest::PairedT);
        spec.values = vec!["kl".to_owned()];
        spec.compare = compare.to_owned();
        spec.baseline = baseline.map(str::to_owned);
        spec.replicate = vec!["seed".to_owned()];
        Pairwise::new(&table, &spec)
    };
    let rows = "a,,,0,1\na,,,1,2\nb,1,,0,2\nb,1,,1,4\nb,2,,0,5\nb,2,,1,5\n";
    for baseline in [Some("a"), None] {
        let pairwise = compared(rows, "m", baseline).unwrap();
        let found = pairwise.rows.iter();
        let found: Vec<_> = found
            .map(|row| (row.at[0].clone(), row.difference))
            .collect();
        let wanted = [(1.into(), Some(1.5)), (2.into(), Some(3.5))];
        assert_eq!(found, wanted);
    }
    let error = compared("a,,3,0,1\nb,1,,0,2\n", "m", Some("a")).unwrap_err();
    let error = error.to_string();
    assert!(error.starts_with("nothing can be compared: values of `m` never agree in `k`, `j`"));
}

#[test]
fn a_row_of_all_replicates_is_none_of_them() {
    let mut table = sleep();
    table.rows.push(vec!["laevo".into(), Json::Null, 9.into()]);
    let error = Pairwise::new(&table, &spec(PairTest::PairedT)).unwrap_err();
    let error = error.to_string();
    assert!(
        error.starts_with("two stages report different `gain` for one place"),
        "{error}"
    );
}

/// One replicate has a difference, and nothing more.
#[test]
fn one_pair_has_no_probability() {
    let mut table = sleep();
    table.rows.retain(|row| row[1] == 5);
    let pairwise = Pairwise::new(&table, &spec(PairTest::PairedT)).unwrap();
    let row = &pairwise.rows[0];
    assert_eq!((row.p, row.interval, row.effect), (None, None, None));
    assert!((row.difference.unwrap() - 1.0).abs() < 1e-12);
    assert!(
        pairwise
            .note()
            .ends_with("no p: too few replicates, or no spread")
    );
}

/// The size of a model has neither the axis that is compared nor a loss; of `c` every training failed.
#[test]
fn what_was_not_measured_is_no_pair() {
    let csv =
        "m,k,z,seed,kl\na,1,,0,1\na,1,,1,2\nb,1,,0,2\nb,1,,1,4\nc,1,,0,\n,1,,,\na,1,5,,\nb,1,5,,\n";
    let table = Table::from_csv(csv, &["m", "k", "z", "seed"]).unwrap();
    let mut spec = spec(PairTest::PairedT);
    spec.values = vec!["kl".to_owned()];
    spec.compare = "m".to_owned();
    spec.baseline = Some("a".to_owned());
    spec.replicate = vec!["seed".to_owned()];
    let pairwise = Pairwise::new(&table, &spec).unwrap();
    let found = pairwise.rows.iter();
    let found: Vec<_> = found.map(|row| (row.value.clone(), row.n.0)).collect();
    assert_eq!(found, [("b".into(), 2), ("c".into(), 0)]);
}

#[test]
fn a_baseline_is_a_whole_number_to_its_last_digit() {
    let mut table = sleep();
    for row in &mut table.rows {
        let last = u64::from(row[0] == "laevo");
        row[0] = (9_007_199_254_740_992 + last).into();
    }
    let mut spec = spec(PairTest::PairedT);
    spec.baseline = Some("9007199254740993".to_owned());
    let pairwise = Pairwise::new(&table, &spec).unwrap();
    assert_eq!(pairwise.rows[0].value, 9_007_199_254_740_992_u64);
    assert!(close(pairwise.rows[0].difference, -1.58, 12));
}

/// The size of a sample is called `n` everywhere.
#[test]
fn an_axis_keeps_its_name_beside_our_numbers() {
    let csv = sleep().to_csv();
    let rows = csv.lines().enumerate().map(|(at, row)| match at {
        0 => format!("n,{row}\n"),
        _ => format!("10,{row}\n"),
    });
    let csv: String = rows.collect();
    let table = Table::from_csv(&csv, &["n", "drug", "patient"]).unwrap();
    let pairwise = Pairwise::new(&table, &spec(PairTest::PairedT)).unwrap();
    let table = pairwise.to_table();
    assert_eq!(table.named_twice(), None);
    for (name, number) in [("n", 10), ("pairwise.n", 10), ("n_baseline", 10)] {
        let at = table.columns.iter().position(|column| column.name == name);
        assert_eq!(
            at.map(|at| &table.rows[0][at]),
            Some(&number.into()),
            "{name}"
        );
    }
}
