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
        raster: None,
        csv: evil(),
    });
    report.failures.push(Failure {
        step: evil(),
        place: evil(),
        message: evil(),
        log: evil(),
    });
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
        raster: None,
        csv: String::new(),
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
    assert!(page.contains("data-value=\"0.123456\" title=\"0.123456\">0.1235</td>"));
    assert!(page.contains("data-value=\"\" title=\"\">–</td>"));
}

#[test]
fn an_empty_report_is_a_page_too() {
    let page = render(&Report {
        experiment: "nothing".into(),
        ..Report::default()
    });
    assert!(page.contains("<title>nothing</title>") && page.ends_with("</html>\n"));
    assert!(!page.contains("id=\"claims\"") && !page.contains("NaN"));
}

#[test]
fn only_sections_with_something_in_them_are_on_the_page() {
    let page = render(&small());
    for (anchor, present) in [
        ("tables", true),
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
