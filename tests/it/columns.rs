//! Names of columns that tables and figures are given: slips are told before anything runs.

use crate::support::TestSpace;

const MANIFEST: &str = r#"experiment: c
axes:
  lr: [0.1, 0.2]
  seed: {seeds: 2}
stages:
  fit:
    uses: command
    with:
      values: {lr: "${lr}", seed: "${seed}"}
      run: 'echo "loss=$lr"; echo group=3; printf "epoch,loss\n1,2\n2,1\n" > "$out_curve"'
      metrics: {file: stdout, better: {loss: lower}}
      out: {curve: {file: curve.csv, type: curve}}
  data: {uses: dataset/synthetic, with: {name: circle, points: 40}}
  train: {uses: train/vae, in: {data: data}, with: {epochs: 1, latent: 1, hidden: [4], visible: gaussian, seed: "${seed}"}}
  score: {uses: evaluate/test-kl, in: {model: train, data: data}}
  told: STAGE
"#;

fn space(stage: &str) -> TestSpace {
    let space = TestSpace::new();
    space.write("manifests/c.yaml", &MANIFEST.replace("STAGE", stage));
    space
}

fn check(stage: &str) -> (Option<i32>, String) {
    let output = space(stage).output(&["check", "manifests/c.yaml"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), said)
}

#[test]
fn a_column_that_there_will_not_be_is_an_error() {
    for (stage, parts) in [
        (
            "{uses: table/summary, in: {rows: fit.metrics}, with: {values: [loss], replicate: sed}}",
            ["`sed` is no axis of these rows", "did you mean `seed`?"],
        ),
        (
            "{uses: figure/line, in: {rows: fit.metrics}, with: {x: lr, y: loss, replicate: [seed, draw]}}",
            [
                "`draw` is no axis of these rows",
                "the axes are: `lr` and `seed`",
            ],
        ),
        (
            "{uses: table/summary, in: {rows: score}, with: {values: [test_k], replicate: seed}}",
            [
                "these rows have no column `test_k`",
                "did you mean `test_kl`?",
            ],
        ),
        (
            "{uses: figure/dots, in: {rows: score}, with: {x: test_kl, y: lr, replicate: seed}}",
            [
                "these rows have no column `lr`",
                "that nothing before these rows uses",
            ],
        ),
        (
            "{uses: table/summary, in: {rows: score}, with: {values: [test_kl], by: [method], replicate: seed}}",
            ["these rows have no column `method`", "they have "],
        ),
    ] {
        let (code, said) = check(stage);
        assert_eq!(code, Some(2), "{said}");
        let at = said.contains("manifests/c.yaml:16:");
        assert!(
            at && parts.iter().all(|part| said.contains(part)),
            "{stage}: {said}"
        );
    }
}

#[test]
fn what_a_program_may_report_is_told_where_it_looks_like_a_slip() {
    let stage =
        "{uses: table/summary, in: {rows: fit.metrics}, with: {values: [los], replicate: seed}}";
    let (code, said) = check(stage);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("warning: these rows are not known to have a column `los`")
            && said.contains("did you mean `loss`?"),
        "{said}"
    );
    for stage in [
        "{uses: table/summary, in: {rows: fit.metrics}, with: {values: [accuracy], by: [group], replicate: [lr, seed]}}",
        "{uses: figure/line, in: {rows: fit.metrics}, with: {x: lr, y: [loss, group], color: metric, replicate: seed}}",
        "{uses: figure/best-so-far, in: {rows: fit.metrics}, with: {x: trial, y: loss, replicate: seed, direction: minimize}}",
    ] {
        let (code, said) = check(stage);
        assert_eq!(code, Some(0), "{stage}: {said}");
        assert!(!said.contains("warning"), "{stage}: {said}");
    }
}

const TOLD: [&str; 6] = [
    "run",
    "manifests/c.yaml",
    "--progress",
    "none",
    "--upto",
    "told",
];

/// Pipelines name what is an axis in some profiles only.
#[test]
fn a_parameter_with_one_value_tells_nothing_apart() {
    let stage = "{uses: table/summary, in: {rows: fit.metrics}, with: {values: [loss], by: [lr, width], replicate: [seed, draw]}}";
    let space = space(stage);
    space.replace(
        "manifests/c.yaml",
        "experiment: c\n",
        "experiment: c\nparams: {width: 3, draw: 0}\n",
    );
    space.replace(
        "manifests/c.yaml",
        "values: {lr: \"${lr}\"",
        "values: {width: \"${width}\", draw: \"${draw}\", lr: \"${lr}\"",
    );
    space.stdout(&TOLD);
    let table = space.read("outputs/c/tables/told.md");
    assert!(
        table.contains("over seed, n = 2") && table.contains("| 0.2"),
        "{table}"
    );
}

#[test]
fn curves_are_drawn_along_what_they_have() {
    let stage = "{uses: figure/curves, in: {curves: fit.curve}, with: {y: loss, color: lr, replicate: seed}}";
    let space = space(stage);
    space.stdout(&TOLD);
    let csv = space.read("outputs/c/figures/told.csv");
    assert!(
        csv.lines()
            .next()
            .is_some_and(|head| head.contains("epoch")),
        "{csv}"
    );
    space.replace("manifests/c.yaml", "epoch,loss", "pass,loss");
    let output = space.output(&TOLD);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("with: {x: …}") && said.contains("`pass`, `loss`"),
        "{said}"
    );
}
