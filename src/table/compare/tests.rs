//! Ours beside theirs, and what cannot be put there.

use super::*;
use crate::table::IntervalKind;
use crate::table::SummarySpec;

fn compared(reported: &str) -> Result<Comparison, CompareError> {
    let csv = "model,latent,seed,elbo,kl\n\
               vae,2,0,-140,6\nvae,2,1,-142,6.5\nvae,8,0,-110,9\nvae,8,1,-112,9.5\n\
               iwae,8,0,-108,9\niwae,8,1,-109,9.5\n";
    let mut ours = Table::from_csv(csv, &["model", "latent", "seed"]).unwrap();
    ours.columns[3].higher_is_better = Some(true);
    let reported = Reported::new(&Table::read(reported, None)?)?;
    let metric = reported.rows.iter().any(|row| row.metric.is_some());
    let values: &[&str] = if metric { &["elbo", "kl"] } else { &["elbo"] };
    let spec = SummarySpec {
        values: values.iter().map(|name| name.to_string()).collect(),
        by: Some(reported.axes()),
        replicate: vec!["seed".to_owned()],
        interval: IntervalKind::Sd,
    };
    Comparison::new(Summary::new(&ours, &spec)?, &reported)
}

const REPORTED: &str = "# Table 1\nmodel,latent,value,spread,source\n\
                        vae,2.0,-141.5,0.3,\"Someone, 2014\"\nvae,8,-100,,A & B\n\
                        flow,8,-90,,A & B\n";

#[test]
fn every_reported_number_stands_beside_ours() {
    let comparison = compared(REPORTED).unwrap();
    let shown: Vec<_> = comparison
        .rows
        .iter()
        .map(|row| (row.difference(), row.inside()))
        .collect();
    // Ours: −141 ± √2 and −111 ± √2; of `flow` there is no result.
    assert_eq!(
        shown,
        [
            (Some(0.5), Some(true)),
            (Some(-11.0), Some(false)),
            (None, None)
        ]
    );
    assert_eq!(comparison.unreported, 1);
    assert_eq!(
        comparison.note(),
        "ours: mean ± standard deviation over seed, n = 2; difference: ours minus theirs, in \
         brackets where theirs lies inside our interval; for 1 result of ours nothing is \
         reported"
    );
}

#[test]
fn a_metric_column_says_which_number_is_meant() {
    let csv = "model,latent,metric,value,source\nvae,2,kl ,6,A\nvae,2,fid,50,A\nvae,2,elbo,-140,A\n\
               vae,8,KL,6,A\nvae,8,fid,40,A\n";
    let comparison = compared(csv).unwrap();
    let metrics: Vec<usize> = comparison.rows.iter().map(|row| row.metric).collect();
    // Nothing of ours is called `fid` or `KL`: those numbers are left out, and counted.
    assert_eq!(metrics, [1, 0]);
    let note = comparison.note();
    assert!(
        note.ends_with("; reported and not compared: 1 of KL, 2 of fid"),
        "{note}"
    );
}

#[test]
fn what_cannot_be_compared_says_why() {
    let problem = |csv: &str| compared(csv).unwrap_err().to_string();
    assert_eq!(
        problem("model,latent,value,source\nvae,2,-1,\n"),
        "row 1 of the reported numbers names no source"
    );
    assert_eq!(
        problem("model,latent,value,source\nvae,2,n/a,A\n"),
        "row 1 of the reported numbers has no number under `value`"
    );
    assert_eq!(
        problem("model,latent,value\nvae,2,1\n"),
        "the reported numbers: the table has no column `source`; it has `model`, `latent`, `value`"
    );
    assert_eq!(
        problem("model,latent,value,source\nvae,2,1,A\nvae,2,2,A\n"),
        "rows 1 and 2 of the reported numbers are two of one source for one result"
    );
    assert_eq!(
        problem("model,latent,value,source\nflow,2,1,A\n"),
        "none of the reported numbers belongs to a result: they are matched by `model`, \
         `latent` and metric `elbo`"
    );
    assert_eq!(
        problem("model,dim,value,source\nvae,2,1,A\n"),
        "the table has no column `dim`; it has `model`, `latent`, `seed`, `elbo`, `kl`"
    );
    assert_eq!(
        problem("model,value,source\nvae,1,A\n"),
        "axis `latent` takes several values within one group: name it under `by` to keep it, \
         or under `replicate` to reduce over it; which columns of a file are axes, `axes` of `table/read` says"
    );
}

/// The numbers of one data set beside what was measured on two that stand in for it.
#[test]
fn reported_numbers_may_stand_beside_every_value_of_an_axis() {
    let csv = "data,model,elbo\nplays,vae,-10\nplays,lm,-12\nnotes,vae,-20\n";
    let ours = Table::from_csv(csv, &["data", "model"]).unwrap();
    let theirs = "model,value,source\nvae,-15,A\nlm,-11,A\n";
    let reported = || Reported::new(&Table::read(theirs, None).unwrap()).unwrap();
    let beside = |by: &[&str]| {
        let by: Vec<String> = by.iter().map(|name| (*name).to_owned()).collect();
        reported().beside_every(&by, &ours)
    };
    let reported = beside(&["data"]).unwrap();
    assert_eq!(reported.axes(), ["data", "model"]);
    let spec = SummarySpec {
        values: vec!["elbo".to_owned()],
        by: Some(reported.axes()),
        replicate: Vec::new(),
        interval: IntervalKind::Sd,
    };
    let comparison = Comparison::new(Summary::new(&ours, &spec).unwrap(), &reported).unwrap();
    let rows = comparison.rows.iter();
    let rows: Vec<_> = rows.map(|row| (row.at.clone(), row.difference())).collect();
    let at = |data: &str, model: &str| vec![Json::from(data), Json::from(model)];
    assert_eq!(
        rows,
        [
            (at("plays", "vae"), Some(5.0)),
            (at("plays", "lm"), Some(-1.0)),
            (at("notes", "vae"), Some(-5.0)),
            (at("notes", "lm"), None),
        ]
    );
    let problem = |by: &[&str]| beside(by).unwrap_err().to_string();
    assert!(problem(&["model"]).contains("a column `model` of their own"));
    assert!(problem(&["dta"]).contains("no column `dta`"));
}
