//! One result table in all its printed forms.

use snapbox::IntoData;
use snapbox::assert_data_eq;
use snapbox::str;
use sweepline::table::Column;
use sweepline::table::IntervalKind;
use sweepline::table::Layout;
use sweepline::table::NamedAxes;
use sweepline::table::Naming;
use sweepline::table::Summary;
use sweepline::table::SummarySpec;
use sweepline::table::Table;

fn results() -> Table {
    let csv = "\
dataset,method,seed,test_kl,seconds
circle,vae,0,0.91,10
circle,vae,1,0.99,11
circle,vae,2,0.95,12
circle,iwae_5%,0,0.41,30
circle,iwae_5%,1,0.52,31
circle,iwae_5%,2,,32
circle,mapa,0,0.40,20
circle,mapa,1,0.44,21
circle,mapa,2,0.42,25
figure-8,vae,0,1.5,10
figure-8,vae,1,1.9,11
figure-8,vae,2,1.8,12
figure-8,iwae_5%,0,1.2,30
figure-8,iwae_5%,1,1.3,31
figure-8,iwae_5%,2,1.1,32
figure-8,mapa,0,1.4,20
figure-8,mapa,1,1.6,21
figure-8,mapa,2,1.5,25
";
    let mut table = Table::from_csv(csv, &["dataset", "method", "seed"]).expect("a table");
    table.columns[3] = Column::metric("test_kl", "nats", Some(false));
    table.columns[3].label = "test KL".to_owned();
    table.columns[4] = Column::metric("seconds", "", None);
    table
}

fn summary(values: &[&str]) -> Summary {
    let spec = SummarySpec {
        values: values.iter().map(|name| name.to_string()).collect(),
        by: None,
        replicate: vec!["seed".to_owned()],
        interval: IntervalKind::Sd,
    };
    Summary::new(&results(), &spec).expect("columns exist")
}

#[test]
fn markdown_marks_the_best_within_a_data_set() {
    let text = summary(&["test_kl", "seconds"]).to_markdown(&Layout::default());
    assert_data_eq!(text.unwrap(), str![[r#"
| dataset | method | test KL (nats) ↓ | seconds |
| --- | --- | ---: | ---: |
| circle | vae | 0.95 ± 0.04 | 11.0 ± 1.0 |
| circle | iwae\_5% | 0.46 ± 0.08 (n = 2) | 31.0 ± 1.0 |
| circle | mapa | **0.42 ± 0.02** | 22.0 ± 2.6 |
| figure-8 | vae | 1.73 ± 0.21 | 11.0 ± 1.0 |
| figure-8 | iwae\_5% | **1.20 ± 0.10** | 31.0 ± 1.0 |
| figure-8 | mapa | <u>1.50 ± 0.10</u> | 22.0 ± 2.6 |

mean ± standard deviation over seed, n = 3 where not stated otherwise; bold: best of each dataset, of rows whose replicates all have a number; underlined: second

"#]].raw());
}

#[test]
fn latex_has_values_of_an_axis_as_columns() {
    let layout = Layout {
        columns: Some("dataset".to_owned()),
        compare: Vec::new(),
        ..Layout::default()
    };
    assert_data_eq!(summary(&["test_kl"]).to_latex(&layout).unwrap(), str![[r#"
% needs \usepackage{booktabs}
\begingroup
\small
\setlength{\tabcolsep}{4pt}%
\noindent\begin{tabular}{lr@{\,}lr@{\,}l}
\toprule
 & \multicolumn{4}{c}{\shortstack{test KL (nats)~$\downarrow$\\by dataset}} \\
\cmidrule(lr){2-5}
method & \multicolumn{2}{c}{circle} & \multicolumn{2}{c}{figure-8} \\
\midrule
vae & $0.95$ & $\pm\,0.04$ & $1.73$ & $\pm\,0.21$ \\
iwae\_5\% & $0.46$ & $\pm\,0.08$ \small($n = 2$) & {\boldmath$1.20$} & {\boldmath$\pm\,0.10$} \\
mapa & {\boldmath$0.42$} & {\boldmath$\pm\,0.02$} & \underline{$1.50$} & \underline{$\pm\,0.10$} \\
\bottomrule
\end{tabular}
\par\smallskip
{\footnotesize\noindent mean $\pm$ standard deviation over seed, n = 3 where not stated otherwise; bold: best of each dataset, of rows whose replicates all have a number; underlined: second\par}
\endgroup

"#]].raw());
}

#[test]
fn latex_groups_rows_by_the_first_axis() {
    let text = summary(&["test_kl"]).to_latex(&Layout::default());
    assert_data_eq!(text.unwrap(), str![[r#"
% needs \usepackage{booktabs}
\begingroup
\small
\setlength{\tabcolsep}{4pt}%
\noindent\begin{tabular}{llr@{\,}l}
\toprule
dataset & method & \multicolumn{2}{c}{test KL (nats)~$\downarrow$} \\
\midrule
circle & vae & $0.95$ & $\pm\,0.04$ \\
 & iwae\_5\% & $0.46$ & $\pm\,0.08$ \small($n = 2$) \\
 & mapa & {\boldmath$0.42$} & {\boldmath$\pm\,0.02$} \\
\addlinespace
figure-8 & vae & $1.73$ & $\pm\,0.21$ \\
 & iwae\_5\% & {\boldmath$1.20$} & {\boldmath$\pm\,0.10$} \\
 & mapa & \underline{$1.50$} & \underline{$\pm\,0.10$} \\
\bottomrule
\end{tabular}
\par\smallskip
{\footnotesize\noindent mean $\pm$ standard deviation over seed, n = 3 where not stated otherwise; bold: best of each dataset, of rows whose replicates all have a number; underlined: second\par}
\endgroup

"#]].raw());
}

#[test]
fn csv_has_full_precision_and_counts() {
    assert_data_eq!(
        summary(&["test_kl"]).to_csv(),
        str![[r#"
dataset,method,test_kl,test_kl_low,test_kl_high,test_kl_sd,test_kl_n,test_kl_missing
circle,vae,0.9499999999999998,0.9099999999999999,0.9899999999999998,0.03999999999999998,3,0
circle,iwae_5%,0.46499999999999997,0.38721825406947974,0.5427817459305202,0.07778174593052026,2,1
circle,mapa,0.42,0.4,0.43999999999999995,0.01999999999999999,3,0
figure-8,vae,1.7333333333333334,1.5251667333867203,1.9414999332799465,0.20816659994661324,3,0
figure-8,iwae_5%,1.2,1.1,1.2999999999999998,0.09999999999999998,3,0
figure-8,mapa,1.5,1.4,1.6,0.10000000000000009,3,0

"#]]
        .raw()
    );
}

#[test]
fn json_says_what_the_interval_is() {
    let text = summary(&["test_kl"]).to_json();
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(json["interval"], "standard deviation");
    assert_eq!(json["rows"].as_array().map(Vec::len), Some(6));
    assert_eq!(json["columns"][2]["unit"], "nats");
    assert!(Table::from_json(&text).is_ok());
}

#[test]
fn an_unknown_pivot_names_the_axes_there_are() {
    let layout = Layout {
        columns: Some("model".to_owned()),
        compare: Vec::new(),
        ..Layout::default()
    };
    let error = summary(&["test_kl"]).to_latex(&layout).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the table has no column `model`; it has `dataset`, `method`"
    );
}

/// Numbers that read the same are equally good, whatever their further digits say.
#[test]
fn what_is_printed_alike_shares_its_place() {
    let mut csv = "method,seed,loss\n".to_owned();
    for (method, centre) in [
        ("vae", 1.2001),
        ("iwae", 1.2002),
        ("mapa", 1.5),
        ("wgan", 1.9),
    ] {
        for seed in 0..3 {
            csv.push_str(&format!(
                "{method},{seed},{}\n",
                centre + 0.1 * f64::from(seed)
            ));
        }
    }
    let mut table = Table::from_csv(&csv, &["method", "seed"]).expect("a table");
    table.columns[2] = Column::metric("loss", "", Some(false));
    let spec = SummarySpec {
        values: vec!["loss".to_owned()],
        by: None,
        replicate: vec!["seed".to_owned()],
        interval: IntervalKind::Sd,
    };
    let summary = Summary::new(&table, &spec).expect("columns exist");
    let text = summary.to_markdown(&Layout::default()).expect("it prints");
    assert!(text.contains("| vae | **1.30 ± 0.10** |"), "{text}");
    assert!(text.contains("| iwae | **1.30 ± 0.10** |"), "{text}");
    assert!(text.contains("| mapa | <u>1.60 ± 0.10</u> |"), "{text}");
    let layout = Layout {
        digits: Some(4),
        ..Layout::default()
    };
    let text = summary.to_markdown(&layout).expect("it prints");
    assert!(text.contains("| iwae | <u>1.3002 ± 0.1000</u> |"), "{text}");
}

#[test]
fn every_number_is_a_macro_for_the_text() {
    let text = summary(&["test_kl"]).to_values("scores", &Layout::default());
    let text = text.expect("it prints");
    let define = r"\expandafter\def\csname sweepline/scores/circle/iwae_5-/test_kl";
    for line in [
        format!(r"{define}\endcsname{{\ensuremath{{0.46 \pm 0.08}}}}"),
        format!(r"{define}/mean\endcsname{{\ensuremath{{0.46}}}}"),
        format!(r"{define}/n\endcsname{{\ensuremath{{2}}}}"),
    ] {
        assert!(text.lines().any(|other| other == line), "{line}\n{text}");
    }
}

/// A narrow column takes the columns of a table under one another, each after the names of the rows.
#[test]
fn a_wide_table_is_broken_into_several() {
    let count = |width| {
        let layout = Layout {
            width: Some(width),
            ..Layout::default()
        };
        let text = summary(&["test_kl", "seconds"]).to_latex(&layout);
        text.expect("it prints").matches("\\begin{tabular}").count()
    };
    assert_eq!(count(500.0), 1);
    assert_eq!(count(160.0), 2);
}

/// A name is mathematics, and what data say is text, whatever it looks like.
#[test]
fn values_of_data_are_text() {
    let csv = "x,seed,y\nq_12,0,1\n\\alpha,0,2\n[x^2],0,3\nbase,0,4\n";
    let mut table = Table::from_csv(csv, &["x", "seed"]).expect("a table");
    let mut axes = NamedAxes::default();
    axes.add_table(&table, &["seed".to_owned()]);
    let names = [("base".to_owned(), "z_1".to_owned())].into();
    let naming = Naming::new(&names, &Default::default(), &axes).expect("one name each");
    naming.apply(&mut table);
    let spec = SummarySpec {
        values: vec!["y".to_owned()],
        by: None,
        replicate: vec!["seed".to_owned()],
        interval: IntervalKind::Sd,
    };
    let summary = Summary::new(&table, &spec).expect("columns exist");
    let tex = summary.to_latex(&Layout::default()).expect("a table");
    for row in [
        "q\\_12 & $1$",
        "\\textbackslash{}alpha & $2$",
        "{}[x\\textasciicircum{}2] & $3$",
        "$z_{1}$ & $4$",
    ] {
        assert!(tex.contains(row), "{row}: {tex}");
    }
    let layout = Layout {
        columns: Some("x".to_owned()),
        ..Layout::default()
    };
    let tex = summary.to_latex(&layout).expect("a table");
    assert!(tex.contains("q\\_12 & \\textbackslash{}alpha & "), "{tex}");
    let markdown = summary.to_markdown(&Layout::default()).expect("a table");
    assert!(markdown.contains(r"| \[x^2\] | 3 |"), "{markdown}");
}

#[test]
fn names_of_values_have_mathematics() {
    let mut table = results();
    let mut axes = NamedAxes::default();
    axes.add_table(&table, &[]);
    let names = [("mapa".to_owned(), r"\mathcal{L}_\beta".to_owned())].into();
    let naming = Naming::new(&names, &Default::default(), &axes).expect("one name each");
    naming.apply(&mut table);
    let spec = SummarySpec {
        values: vec!["test_kl".to_owned()],
        by: None,
        replicate: vec!["seed".to_owned()],
        interval: IntervalKind::Sd,
    };
    let summary = Summary::new(&table, &spec).expect("columns exist");
    for columns in [None, Some("method".to_owned())] {
        let layout = Layout {
            columns,
            ..Layout::default()
        };
        let tex = summary.to_latex(&layout).expect("a table");
        assert!(
            tex.contains(r"$\mathcal{L}_{\beta}$") && !tex.contains("textbackslash"),
            "{tex}"
        );
        let markdown = summary.to_markdown(&layout).expect("a table");
        assert!(
            markdown.contains(r"L\_β") && !markdown.contains("mathcal"),
            "{markdown}"
        );
    }
}
