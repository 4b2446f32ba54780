//! Summaries say what they leave out.

use super::*;

fn table() -> Table {
    let csv = "dataset,method,seed,kl\n\
               circle,vae,0,1.0\ncircle,vae,1,2.0\ncircle,vae,2,3.0\n\
               circle,iwae,0,0.5\ncircle,iwae,1,\ncircle,iwae,2,0.7\n";
    Table::from_csv(csv, &["dataset", "method", "seed"]).unwrap()
}

fn spec(replicate: &[&str]) -> SummarySpec {
    SummarySpec {
        values: vec!["kl".to_owned()],
        by: None,
        replicate: replicate.iter().map(|name| name.to_string()).collect(),
        interval: IntervalKind::Sd,
    }
}

#[test]
fn replicates_become_a_mean_with_an_interval() {
    let summary = Summary::new(&table(), &spec(&["seed"])).unwrap();
    assert_eq!(summary.groups.len(), 2);
    let vae = &summary.groups[0].estimates[0];
    assert_eq!((vae.n(), vae.centre), (3, Some(2.0)));
    assert_eq!(
        vae.interval,
        Some(Interval {
            low: 1.0,
            high: 3.0
        })
    );
}

#[test]
fn a_missing_replicate_is_counted_and_said() {
    let summary = Summary::new(&table(), &spec(&["seed"])).unwrap();
    let iwae = &summary.groups[1].estimates[0];
    assert_eq!((iwae.n(), iwae.missing), (2, 1));
    assert_eq!(
        summary.note(),
        "mean ± standard deviation over seed, n = 3 where not stated otherwise"
    );
}

/// The size of a model stands beside losses in few rows.
#[test]
fn what_most_rows_lack_is_no_number_of_replicates() {
    let csv = "model,lr,seed,kl,size\n\
               s,1,0,1,\ns,1,1,2,\ns,2,0,1,\ns,2,1,3,\n\
               l,1,0,1,\nl,1,1,2,\ns,,,,5\nl,,,,6\n";
    let table = Table::from_csv(csv, &["model", "lr", "seed"]).unwrap();
    let mut spec = spec(&["seed"]);
    spec.values.push("size".to_owned());
    let note = Summary::new(&table, &spec).unwrap().note();
    assert!(note.ends_with("n = 2 where not stated otherwise"), "{note}");
}

#[test]
fn one_replicate_gives_no_interval_and_says_so() {
    let summary = Summary::new(&table(), &spec(&[])).unwrap();
    assert_eq!(summary.groups.len(), 6);
    assert_eq!(summary.groups[0].estimates[0].interval, None);
    assert_eq!(
        summary.note(),
        "mean, n = 1: no interval from one replicate"
    );
}

#[test]
fn an_axis_is_never_averaged_in_silence() {
    let mut spec = spec(&["seed"]);
    spec.by = Some(vec!["dataset".to_owned()]);
    let error = Summary::new(&table(), &spec).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("axis `method` takes several values")
    );
}

#[test]
fn text_is_no_measurement() {
    let mut spec = spec(&["seed"]);
    spec.values = vec!["method".to_owned()];
    let error = Summary::new(&table(), &spec).unwrap_err();
    assert_eq!(
        error.to_string(),
        "row 1 of column `method` holds `vae`, which is no number"
    );
    for (text, said) in [
        (
            "12.5%",
            "which is no number: write a share, 0.5 for 50 %, which figures print in percent by `y_format: .1%`",
        ),
        // Thousands, or decimals.
        ("1,234", "holds `1,234`, which is no number"),
        (
            "3,5",
            "which is no number: write a point before decimals, 3.5",
        ),
    ] {
        let table = Table::from_csv(&format!("seed,kl\n0,\"{text}\"\n"), &["seed"]).unwrap();
        let spec = SummarySpec {
            values: vec!["kl".to_owned()],
            ..spec.clone()
        };
        let error = Summary::new(&table, &spec).unwrap_err().to_string();
        assert!(error.ends_with(said), "{error}");
    }
}

#[test]
fn no_rows_are_no_groups() {
    let mut table = table();
    table.rows.clear();
    let summary = Summary::new(&table, &spec(&["seed"])).unwrap();
    assert!(summary.groups.is_empty());
    assert_eq!(summary.note(), "no rows");
}

#[test]
fn a_row_of_all_replicates_is_none_of_them() {
    let mut table = table();
    table
        .rows
        .push(["circle".into(), "vae".into(), Json::Null, 9.into()].into());
    let error = Summary::new(&table, &spec(&["seed"])).unwrap_err();
    let error = error.to_string();
    assert!(
        error.starts_with(
            "two stages report different `kl` for one place (dataset=circle, method=vae): rows 7 and 1, of \
             which row 7 has no `seed`"
        ),
        "{error}"
    );
}

#[test]
fn rows_of_one_replicate_are_no_repetitions() {
    let csv = "method,seed,fold,kl\nvae,0,0,1\nvae,0,1,2\nvae,1,0,3\nvae,1,1,3\n";
    let table = Table::from_csv(csv, &["method"]).unwrap();
    let averaged = Summary::new(&table, &spec(&["seed"])).unwrap();
    assert_eq!(averaged.groups[0].estimates[0].values, [1.5, 3.0]);
    let error = Summary::of_single_rows(&table, &spec(&["seed"])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "rows 1 and 2 have different `kl` for one place (method=vae, seed=0): they differ in `fold`; name what \
         tells them apart under `replicate` to reduce over it, or under `by` to keep it"
    );
    let told = Summary::of_single_rows(&table, &spec(&["seed", "fold"])).unwrap();
    assert_eq!(told.groups[0].estimates[0].n(), 4);
}

#[test]
fn a_row_that_stands_for_several_is_no_missing_replicate() {
    // `size` has no seed and no loss; of `c` the one training failed, which has no seed.
    let csv = "method,seed,kl,size\nvae,0,1,\nvae,1,,\nvae,,,5\nc,,,\n";
    let table = Table::from_csv(csv, &["method", "seed"]).unwrap();
    let summary = Summary::new(&table, &spec(&["seed"])).unwrap();
    let counts = summary.groups.iter().map(|group| &group.estimates[0]);
    let counts: Vec<_> = counts.map(|kl| (kl.n(), kl.missing)).collect();
    assert_eq!(counts, [(1, 1), (0, 1)]);
}
