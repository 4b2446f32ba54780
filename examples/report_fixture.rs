//! Writes a report with invented numbers, for looking at the page and testing it in a browser:
//! `cargo run --example report_fixture -- page.html`. Every number in it says so in its caption.

use std::error::Error;

use sweepline::claims;
use sweepline::claims::Claim;
use sweepline::claims::KnownNames;
use sweepline::figures;
use sweepline::figures::FigureInput;
use sweepline::registry::Values;
use sweepline::report;
use sweepline::report::Artifact;
use sweepline::report::Edge;
use sweepline::report::Failure;
use sweepline::report::Figure;
use sweepline::report::Provenance;
use sweepline::report::Report;
use sweepline::report::ReportTable;
use sweepline::report::SourceFile;
use sweepline::report::Stage;
use sweepline::report::State;
use sweepline::report::Step;
use sweepline::table::Column;
use sweepline::table::Table;

const DATASETS: [&str; 3] = ["circle", "clusters", "figure-8"];
const SAMPLES: [u64; 4] = [5, 10, 20, 50];
const DRAWS: u64 = 3;

const CLAIMS: &str = r#"
- name: mapa-beats-iwae
  source: "Invented for this page, section 6.1"
  says: median(test_kl, method=mapa) < median(test_kl, method=iwae)
  for_each: dataset
- name: more-samples-help
  source: "Invented for this page, figure 2"
  says: all(spearman(samples, test_kl) < -0.5, mean(test_kl, samples=50) < 0.9 * mean(test_kl, samples=5))
  where: {method: mapa}
- name: iwae-matches-vae
  source: "Invented for this page, table 1"
  values:
    iwae: {take: mean, value: test_kl, where: {method: iwae, samples: 5}}
    vae: {take: mean, value: test_kl, where: {method: vae}}
  says: iwae < vae
  for_each: dataset
  test: paired-t
  replicate: draw
- name: clusters-are-easy
  source: "Invented for this page, section 7"
  says: mean(test_kl, dataset=clusters) < 0.2
"#;

const MANIFEST: &str = "\
experiment: fixture
title: Density estimation on three synthetic data sets
pipeline: ../pipelines/density.yaml
axes:
  dataset: [circle, clusters, figure-8]
  draw: {seeds: 3}
  method:
    vae:  {}
    iwae: {axes: {samples: [5, 10, 20, 50]}}
    mapa: {axes: {samples: [5, 10, 20, 50]}}
";

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("name the file to write")?;
    std::fs::write(&path, report::render(&fixture()?))?;
    Ok(())
}

fn fixture() -> Result<Report, Box<dyn Error>> {
    let scores = scores();
    let claims: Vec<Claim> = serde_yaml::from_str(CLAIMS)?;
    let mut judged = Vec::new();
    for claim in &claims {
        let source = claims::Source::from(scores.clone());
        // Every quantity is taken from the one table.
        let sources = vec![&source; claim.quantities.len()];
        let judgement = claims::judge(claim, &sources, &KnownNames::of(&scores));
        judged.push(judgement.map_err(|errors| format!("{errors:?}"))?);
    }
    let (steps, failures) = steps();
    Ok(Report {
        title: "Density estimation on three synthetic data sets".to_owned(),
        experiment: "fixture".to_owned(),
        summary: "An invented experiment that shows every part of the page: three methods on \
                  three data sets, with repeated draws, one step that failed and claims of each \
                  verdict."
            .to_owned(),
        claims: judged,
        figures: vec![
            figure(
                "kl-by-samples",
                "line",
                &scores,
                "{x: samples, y: test_kl, color: method, facet: dataset, replicate: draw, band: ci95}",
            )?,
            figure(
                "kl-by-method",
                "bar",
                &scores,
                "{x: dataset, y: test_kl, color: method, replicate: [draw, samples], band: sd}",
            )?,
        ],
        tables: vec![
            ReportTable {
                name: "scores".to_owned(),
                caption: "Test KL and time of every cell (invented numbers).".to_owned(),
                table: scores.clone(),
                ..ReportTable::default()
            },
            ReportTable {
                name: "odd-text".to_owned(),
                caption: "Text that HTML would read as its own: <b>&amp; 'quotes' \"too\"."
                    .to_owned(),
                table: Table::from_csv(
                    "name,value\n<script>throw 1</script>,1e-9\n\"a, \"\"b\"\"\",\nµ ≤ β₂,123456.789\n",
                    &["name"],
                )?,
                ..ReportTable::default()
            },
        ],
        stages: stages(),
        edges: [
            ("data", "fit"),
            ("fit", "best"),
            ("best", "score"),
            ("data", "score"),
            ("score", "summary"),
            ("score", "figure"),
            ("best", "samples"),
        ]
        .map(|(from, to)| Edge {
            from: from.to_owned(),
            to: to.to_owned(),
        })
        .to_vec(),
        steps,
        failures,
        provenance: provenance(),
        ..Report::default()
    })
}

/// Numbers in `[0, 1)` that look random and are always the same.
fn noise(i: u64) -> f64 {
    (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f64 / (1u64 << 24) as f64
}

fn scores() -> Table {
    let mut columns = ["dataset", "method", "samples", "draw"]
        .map(Column::axis)
        .to_vec();
    columns.push(Column::metric("test_kl", "nats", Some(false)));
    columns.push(Column::metric("train_seconds", "s", Some(false)));
    let mut rows = Vec::new();
    for (d, dataset) in DATASETS.iter().enumerate() {
        for (method, level) in [("vae", 0.9), ("iwae", 0.62), ("mapa", 0.5)] {
            let samples: Vec<Option<u64>> = match method {
                "vae" => vec![None],
                _ => SAMPLES.map(Some).to_vec(),
            };
            for samples in samples {
                for draw in 0..DRAWS {
                    let i = rows.len() as u64 + 1;
                    let gain = samples.map_or(1.0, |s| 1.35 - 0.17 * (s as f64).ln());
                    let harder = 0.7 + 0.3 * d as f64;
                    let kl = level * gain * harder * (0.9 + 0.2 * noise(i));
                    let missing = *dataset == "clusters" && method == "vae" && draw == 2;
                    rows.push(vec![
                        (*dataset).into(),
                        method.into(),
                        samples.into(),
                        draw.into(),
                        if missing { None } else { Some(kl) }.into(),
                        (samples.unwrap_or(1) as f64 * 0.31 + noise(i + 500)).into(),
                    ]);
                }
            }
        }
    }
    Table { columns, rows }
}

fn figure(name: &str, kind: &str, table: &Table, params: &str) -> Result<Figure, Box<dyn Error>> {
    let params: Values = serde_yaml::from_str(params)?;
    let input = FigureInput {
        table: table.clone(),
        ..FigureInput::default()
    };
    let kind = figures::find(kind).ok_or("the kind exists")?;
    let drawn = kind.draw(&input, &params)?;
    Ok(Figure {
        name: name.to_owned(),
        caption: format!("Invented numbers. {}", drawn.caption.trim()),
        svg: drawn.svg,
        csv: drawn.csv,
        ..Figure::default()
    })
}

fn stages() -> Vec<Stage> {
    [
        ("data", "dataset/synthetic", &["dataset", "draw"][..], 9),
        (
            "fit",
            "train/{vae, iwae, mapa}",
            &["dataset", "draw", "method", "samples"],
            81,
        ),
        ("best", "select", &["dataset", "method", "samples"], 27),
        (
            "score",
            "evaluate/test-kl",
            &["dataset", "method", "samples"],
            27,
        ),
        ("samples", "sample/grid", &["dataset", "method"], 9),
        ("summary", "table/summary", &[], 1),
        ("figure", "figure/line", &[], 1),
    ]
    .map(|(name, kind, axes, steps)| Stage {
        name: name.to_owned(),
        kind: kind.to_owned(),
        axes: axes.iter().map(ToString::to_string).collect(),
        steps,
    })
    .to_vec()
}

/// A schedule on four lanes.
fn steps() -> (Vec<Step>, Vec<Failure>) {
    let mut steps: Vec<Step> = Vec::new();
    let mut lanes = [0.0f64; 4];
    let mut add =
        |steps: &mut Vec<Step>, stage: &str, cell: String, seconds: f64, after: Vec<usize>| {
            let i = steps.len();
            let ready = after.iter().map(|&a: &usize| match steps[a].start {
                Some(start) => start + steps[a].seconds.unwrap_or(0.0),
                None => 0.0,
            });
            let ready = ready.fold(0.0, f64::max);
            let failed = i == 31;
            let skipped = after
                .iter()
                .any(|&a| matches!(steps[a].state, State::Failed | State::Skipped));
            let reused = stage == "data" && i < 3;
            let lane = lanes
                .iter_mut()
                .min_by(|a, b| a.total_cmp(b))
                .expect("there are lanes");
            let start = lane.max(ready);
            let runs = !reused && !skipped;
            if runs {
                *lane = start + seconds;
            }
            steps.push(Step {
                name: if cell.is_empty() {
                    stage.to_owned()
                } else {
                    format!("{stage}{{{cell}}}")
                },
                stage: stage.to_owned(),
                cell,
                state: match (failed, skipped, reused) {
                    (true, ..) => State::Failed,
                    (_, true, _) => State::Skipped,
                    (.., true) => State::Reused,
                    _ => State::Ran,
                },
                start: runs.then_some(start),
                seconds: (!skipped).then_some(seconds),
                key: format!(
                    "{:016x}{:016x}",
                    (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15),
                    i
                ),
                after,
            });
            i
        };
    let mut scores = Vec::new();
    for dataset in DATASETS {
        let draws: Vec<usize> = (0..DRAWS)
            .map(|draw| {
                let cell = format!("dataset: {dataset}, draw: {draw}");
                add(
                    &mut steps,
                    "data",
                    cell,
                    0.2 + 0.1 * noise(draw + 7),
                    Vec::new(),
                )
            })
            .collect();
        for method in ["vae", "iwae", "mapa"] {
            for samples in SAMPLES.iter().take(if method == "vae" { 1 } else { 4 }) {
                let cell = format!("dataset: {dataset}, method: {method}, samples: {samples}");
                let fits: Vec<usize> = draws
                    .iter()
                    .map(|&data| {
                        let seconds = 1.0 + *samples as f64 * 0.12 + noise(steps.len() as u64);
                        add(
                            &mut steps,
                            "fit",
                            format!("{cell}, draw: {data}"),
                            seconds,
                            vec![data],
                        )
                    })
                    .collect();
                let best = add(&mut steps, "best", cell.clone(), 0.05, fits);
                scores.push(add(&mut steps, "score", cell, 0.9, vec![best, draws[0]]));
            }
        }
    }
    add(&mut steps, "summary", String::new(), 0.1, Vec::new());
    add(&mut steps, "figure", String::new(), 0.7, scores);
    let failures = steps
        .iter()
        .filter(|step| step.state == State::Failed)
        .map(|step| Failure {
            step: step.name.clone(),
            place: "pipelines/density.yaml:18:5".to_owned(),
            message: "training diverged: the loss is not finite at iteration 412".to_owned(),
            log: "iteration 400  loss 1.82\niteration 410  loss 9.1e12\n\u{1b}[31miteration 412  loss nan\u{1b}[0m\n"
                .to_owned(),
        })
        .collect();
    (steps, failures)
}

fn provenance() -> Provenance {
    let facts = [
        ("sweepline", "0.1.0"),
        ("git", "4f1d2c9 on main, clean"),
        ("seeds", "root 0; draw 0, 1, 2"),
        ("backend", "cpu"),
        ("machine", "x86-64, 4 cores, Linux 6.1"),
        ("started", "2026-01-02 03:04:05 UTC"),
    ];
    Provenance {
        facts: facts
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        reproduce: vec![
            "git checkout 4f1d2c9".to_owned(),
            "cargo run --release -- run manifests/fixture.yaml".to_owned(),
        ],
        files: vec![SourceFile {
            path: "manifests/fixture.yaml".to_owned(),
            digest: "5c3d7f0a9be14d6288aa0f3d1c2b4e5f".to_owned(),
            text: MANIFEST.to_owned(),
        }],
        artifacts: ["figures/kl-by-samples.svg", "tables/scores.csv"]
            .iter()
            .zip([48_211, 5_120])
            .map(|(path, bytes)| Artifact {
                path: (*path).to_owned(),
                digest: "9be14d6288aa0f3d1c2b4e5f5c3d7f0a".to_owned(),
                bytes,
            })
            .collect(),
    }
}
