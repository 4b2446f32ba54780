//! The page as text; `tests/browser/run.sh` looks at it in a browser.

use super::*;
use crate::table::Table;

fn step(stage: &str, start: Option<f64>, seconds: f64, after: &[usize]) -> Step {
    Step {
        name: format!("{stage}{{dataset: circle}}"),
        stage: stage.to_owned(),
        cell: "dataset: circle".to_owned(),
        state: if start.is_some() {
            State::Ran
        } else {
            State::Reused
        },
        start,
        seconds: Some(seconds),
        key: "0123456789abcdef".to_owned(),
        after: after.to_vec(),
    }
}

fn small() -> Report {
    let table = Table::from_csv("method,kl\nvae,0.123456\niwae,\n", &["method"]).unwrap();
    Report {
        title: "Two methods".to_owned(),
        experiment: "small".to_owned(),
        tables: vec![ReportTable {
            name: "summary".to_owned(),
            caption: "Both.".to_owned(),
            table,
            ..ReportTable::default()
        }],
        stages: vec![
            Stage {
                name: "data".into(),
                kind: "dataset/synthetic".into(),
                axes: vec!["dataset".into()],
                steps: 1,
            },
            Stage {
                name: "fit".into(),
                kind: "train/vae".into(),
                axes: vec!["dataset".into()],
                steps: 1,
            },
        ],
        edges: vec![Edge {
            from: "data".into(),
            to: "fit".into(),
        }],
        steps: vec![
            step("data", None, 1.0, &[]),
            step("fit", Some(0.5), 2.0, &[0]),
        ],
        ..Report::default()
    }
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    assert_eq!(render(&small()), render(&small()));
}

#[test]
fn a_report_saved_as_json_renders_to_the_same_page() {
    let text = serde_json::to_string(&small()).unwrap();
    let again: Report = serde_json::from_str(&text).unwrap();
    assert_eq!(again, small());
    assert_eq!(render(&again), render(&small()));
}

#[test]
fn whatever_text_a_report_holds_is_escaped() {
    const EVIL: &str = "</script><script>alert('x')</script>\"'&<img src=x onerror=y>\u{1b}[31m";
    let evil = || EVIL.to_owned();
    let mut report = small();
    report.title = evil();
    report.experiment = evil();
    report.summary = evil();
    report.stages[0].name = evil();
    report.steps[1].name = evil();
    report.tables[0].table.columns[0].name = evil();
    report.tables[0].table.rows[0][0] = EVIL.into();
    report.figures.push(Figure {
        name: evil(),
        caption: evil(),
        svg: evil(),
        csv: evil(),
        files: vec![FileLink {
            format: evil(),
            path: evil(),
        }],
        origin: Some(Origin {
            step: evil(),
            place: evil(),
            facts: vec![(evil(), evil())],
            chain: vec![(evil(), 1)],
            commands: vec![evil()],
        }),
        raster: None,
    });
    report.failures.push(Failure {
        step: evil(),
        place: evil(),
        message: evil(),
        log: evil(),
    });
    report.tables[0].printed = format!("| {EVIL} |\n|---|\n| {EVIL} |\n{EVIL}");
    report.diverged.push(Diverged {
        step: evil(),
        how: evil(),
    });
    let result = RunResult {
        step: evil(),
        parts: [(evil(), evil())].into(),
        ..RunResult::default()
    };
    report.runs.results.push(result);
    let run = Run {
        run: evil(),
        command: evil(),
        results: vec![0],
    };
    report.runs.runs = vec![run.clone(), run];
    report.provenance.facts.push((evil(), evil()));
    report.provenance.reproduce.push(evil());
    report.provenance.files.push(SourceFile {
        path: evil(),
        digest: evil(),
        text: evil(),
    });
    let page = render(&report);
    assert_eq!(page.matches("<script>").count(), 1);
    assert!(!page.contains("<img src=x") && !page.contains('\u{1b}'));
    assert!(page.contains("&lt;img src=x onerror=y&gt;"));
}

#[test]
fn the_page_names_no_address_to_load_from() {
    let mut report = small();
    report.figures.push(Figure {
        name: "f".into(),
        caption: "c".into(),
        svg: "<svg xmlns=\"http://www.w3.org/2000/svg\"/>".into(),
        ..Figure::default()
    });
    let page = render(&report);
    // Inside data the address of the SVG namespace is a name, and percent signs stand in it.
    for loads in [
        "src=\"http",
        "href=\"http",
        "url(http",
        "@import",
        "fetch(",
        "XMLHttpRequest",
    ] {
        assert!(!page.contains(loads), "{loads}");
    }
    assert!(page.contains("default-src &#39;none&#39;") || page.contains("default-src 'none'"));
}

#[test]
fn numbers_are_rounded_for_the_eye_and_exact_for_sorting() {
    let page = render(&small());
    assert!(page.contains("data-value=\"0.123456\">0.1235</td>"));
    assert!(page.contains("data-value=\"\">–</td>"));
}

#[test]
fn an_empty_report_is_a_page_too() {
    let page = render(&Report {
        experiment: "nothing".into(),
        ..Report::default()
    });
    assert!(page.contains("<title>nothing</title>") && page.contains("</html>\n"));
    assert!(!is_edited(page.as_bytes()) && is_edited(page.replace("nothing", "all").as_bytes()));
    let (page, _) = page.split_once("<script>").expect("the script is last");
    assert!(!page.contains("id=\"claims\"") && !page.contains("NaN"));
}

#[test]
fn only_sections_with_something_in_them_are_on_the_page() {
    let page = render(&small());
    for (anchor, present) in [
        ("data", true),
        ("tables", false),
        ("pipeline", true),
        ("time", true),
        ("figures", false),
        ("failures", false),
    ] {
        assert_eq!(
            page.contains(&format!("href=\"#{anchor}\"")),
            present,
            "{anchor}"
        );
    }
}

#[test]
fn long_tables_are_whole_and_nothing_is_there_twice() {
    let mut report = small();
    let row = |i: u32| vec![format!("m{i}").into(), (f64::from(i) + 0.123_456).into()];
    report.tables[0].table.rows = (0..1000).map(row).collect();
    report.figures.push(Figure {
        name: "f".into(),
        caption: "c".into(),
        svg: "<svg xmlns=\"http://www.w3.org/2000/svg\"/>".into(),
        ..Figure::default()
    });
    let page = render(&report);
    for once in ["0.123456", "7.123456", "999.123456", "data:image/svg+xml"] {
        assert_eq!(
            page.matches(&format!("\"{once}")).count() + page.matches(&format!(",{once}")).count(),
            1,
            "{once}"
        );
    }
}

#[test]
fn the_page_starts_with_where_the_experiment_stands() {
    let mut report = small();
    let place = |page: &str, text: &str| page.find(text).unwrap_or_else(|| panic!("no {text}"));
    let page = render(&report);
    assert!(place(&page, "Complete: 2 steps") < place(&page, "<main"));
    report.steps[1].state = State::Failed;
    report.failures.push(Failure::default());
    report.diverged.push(Diverged {
        step: "fit[a=1]".into(),
        how: "the loss is NaN".into(),
    });
    let page = render(&report);
    assert!(place(&page, "1 step failed, 1 diverged") < place(&page, "<main"));
    assert!(page.contains("fit[a=1]</code> <span class=\"unit\">the loss is NaN"));
}

/// Numbers of a browser have fewer digits, and no `1.0`.
#[test]
fn rows_for_the_script_are_the_texts_of_the_results() {
    let mut report = small();
    let table = &mut report.tables[0].table;
    table.columns[0] = crate::table::Column::axis("lr");
    let row = |i: u64| vec![1.0.into(), (12_345_678_901_234_000 + i).into()];
    table.rows = (0..60).map(row).collect();
    let page = render(&report);
    assert!(page.contains(r#"["1.0","12345678901234059"]"#), "{page}");
}
