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
        // One letter away from an axis.
        "{uses: table/summary, in: {rows: fit.metrics}, with: {values: [r, lr2], by: [group], replicate: [lr, seed]}}",
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

/// Tables of tables, each read by the next.
const TABLES: &str = r#"experiment: tables
axes:
  method: [a, b]
  lr: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
  seed: {seeds: 3}
stages:
  fit:
    uses: command
    with:
      values: {method: "${method}", lr: "${lr}", seed: "${seed}"}
      run: 'echo "loss=$((1 + seed * 7 % 3))$${lr#0}"; echo "size=$lr"'
      metrics: {file: stdout, better: {loss: lower, size: lower}}
  mine: {uses: command, with: {run: 'printf "dose,effect\n1,2\n" > "${out.rows}"', out: {rows: {file: rows.csv, type: table}}}}
  read: {uses: table/read, in: {file: {file: paper.csv}}, with: {axes: [method]}}
  best: {uses: table/best, in: {rows: fit}, with: {values: [loss], by: method, replicate: seed}}
  compare: {uses: table/compare, in: {rows: fit, reported: read}, with: {values: [loss], replicate: [lr, seed]}}
  importance: {uses: table/importance, in: {rows: fit}, with: {parameters: [lr, seed], value: loss}}
  pairwise: {uses: table/pairwise, in: {rows: fit}, with: {values: [loss], compare: method, replicate: seed}}
  pareto: {uses: table/pareto, in: {rows: fit}, with: {values: [loss, size], replicate: seed}}
  response: {uses: table/response, in: {rows: fit}, with: {x: lr, y: seed, value: loss}}
  settings: {uses: table/settings, in: {rows: fit}, with: {by: method, of: [lr]}}
  summary: {uses: table/summary, in: {rows: fit}, with: {values: [loss, size], replicate: seed}}
  by: {uses: table/summary, in: {rows: fit}, with: {values: [loss], by: [method], replicate: [lr, seed]}, over: [method, lr, seed]}
  each: {uses: table/summary, in: {rows: fit}, with: {values: [loss], replicate: seed}, over: [lr, seed]}
  again: {uses: table/summary, in: {rows: each}, with: {values: [loss], replicate: lr}}
  told: STAGE
"#;

fn tables(stage: &str) -> TestSpace {
    let space = TestSpace::new();
    space.write("manifests/c.yaml", &TABLES.replace("STAGE", stage));
    space.write("paper.csv", "method,value,source\na,0.5,paper\n");
    space
}

/// What kinds say of their tables is what these have.
#[test]
fn tables_have_the_columns_that_their_kinds_say() {
    let space = tables("{uses: table/summary, in: {rows: best.cloud}, with: {values: [value]}}");
    let tables: Vec<&str> = TABLES
        .lines()
        .filter(|line| line.contains("uses: table/"))
        .filter_map(|line| line.trim().split(':').next())
        .collect();
    let upto = [&["run", "manifests/c.yaml"][..], &["--progress", "none"]].concat();
    space.stdout(&upto);
    let path = space.path("manifests/c.yaml");
    let overrides = sweepline::manifest::Overrides::default();
    let catalog = sweepline::stages::catalog();
    let planned = sweepline::plan::Plan::read(&path, &catalog, &overrides);
    let plan = planned.plan.expect("it plans");
    let known = plan.known_columns();
    let mut closed = 0;
    for step in &plan.steps {
        if !tables.contains(&&*step.stage) && &*step.stage != "told" {
            continue;
        }
        for (output, _) in step.outputs() {
            let columns = known.output(step, &output);
            let left = match (step.outputs().len(), &*output) {
                (1, _) => format!("outputs/tables/tables/{}.csv", step.stage),
                (_, output) => format!("outputs/tables/tables/{}/{output}.csv", step.stage),
            };
            if !space.path(&left).exists() {
                continue;
            }
            let csv = space.read(&left);
            let head: Vec<&str> = csv.lines().next().expect("a head").split(',').collect();
            if columns.are_all() {
                closed += 1;
                let strays: Vec<_> = head.iter().filter(|name| !columns.has(name)).collect();
                assert!(
                    strays.is_empty(),
                    "{step}.{output}: {strays:?}\n{columns:?}"
                );
            }
            let names = columns.axes.names.iter().chain(&columns.numbers.names);
            let lost: Vec<_> = names
                .filter(|name| !head.contains(&name.as_str()))
                .collect();
            assert!(lost.is_empty(), "{step}.{output}: {lost:?}\n{csv}");
        }
    }
    assert!(closed >= 6, "{closed} of {tables:?}");
}

#[test]
fn a_column_that_a_table_will_not_have_is_an_error() {
    for (stage, parts) in [
        (
            "{uses: figure/errorbar, in: {rows: summary}, with: {x: lr, y: loss, y_error: loss_std, color: method}}",
            [
                "these rows have no column `loss_std`",
                "did you mean `loss_sd`?",
            ],
        ),
        (
            "{uses: table/summary, in: {rows: again}, with: {values: [losss]}}",
            ["these rows have no column `losss`", "did you mean `loss`?"],
        ),
        (
            "{uses: figure/scatter, in: {rows: pareto}, with: {x: loss, y: size, color: seed}}",
            [
                "these rows have no column `seed`",
                "has `seed`, and they have ",
            ],
        ),
        (
            "{uses: figure/box, in: {rows: best.cloud}, with: {x: method, y: loss, replicate: lr}}",
            ["these rows have no column `loss`", "they have "],
        ),
        (
            "{uses: table/summary, in: {rows: summary}, with: {values: [loss], replicate: seed}}",
            [
                "`seed` is no axis of these rows",
                "has `seed`, and they have ",
            ],
        ),
        (
            "{uses: figure/bar, in: {rows: importance}, with: {x: parameter, y: share}}",
            ["these rows have no column `share`", "they have "],
        ),
        (
            "{uses: figure/scatter, in: {rows: settings}, with: {x: settings, y: rate}}",
            ["these rows have no column `rate`", "they have "],
        ),
    ] {
        let output = tables(stage).output(&["check", "manifests/c.yaml"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{stage}: {said}");
        assert!(
            parts.iter().all(|part| said.contains(part)),
            "{stage}: {said}"
        );
    }
}

#[test]
fn what_a_table_of_ones_own_has_is_not_known() {
    for stage in [
        "{uses: figure/scatter, in: {rows: mine}, with: {x: dose, y: effect, color: lr}}",
        "{uses: table/summary, in: {rows: read}, with: {values: [value], by: [method, cohort]}}",
        "{uses: figure/scatter, in: {rows: compare}, with: {x: ours, y: theirs, color: cohort}}",
        "{uses: figure/errorbar, in: {rows: summary}, with: {x: lr, y: loss, y_error: size_sd, color: method}}",
        "{uses: table/summary, in: {rows: fit}, with: {values: [lss], by: [cohort], replicate: [method, lr, seed]}}",
    ] {
        let output = tables(stage).output(&["check", "manifests/c.yaml"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{stage}: {said}");
        let noisy = said.contains("warning") && !stage.contains("lss");
        assert!(!noisy, "{stage}: {said}");
    }
}

#[test]
fn numbers_that_selections_and_claims_name_are_looked_for() {
    let best = |with: &str| {
        format!(
            "{{uses: select, in: {{candidates: train, scores: score}}, over: [seed], with: {{{with}}}}}"
        )
    };
    for (with, parts) in [
        (
            "by: test_k",
            [
                "the candidates report no `test_k`",
                "did you mean `test_kl`?",
            ],
        ),
        (
            "by: test_kl, replicate: sed",
            ["no candidate has an axis `sed`", "did you mean `seed`?"],
        ),
        (
            "by: test_kl, replicate: seed, rule: one-standard-error, simplest: width",
            ["no candidate has an axis `width`", "their axes are"],
        ),
    ] {
        let (code, said) = check(&best(with));
        assert_eq!(code, Some(2), "{with}: {said}");
        assert!(
            parts.iter().all(|part| said.contains(part)),
            "{with}: {said}"
        );
    }
    let (code, said) = check(&best("by: test_kl, order: min"));
    assert_eq!(code, Some(0), "{said}");

    let claim = |table: &str, column: &str| {
        format!("\nclaims:\n  - {{name: c, source: s, table: {table}, says: mean({column}) > 0}}\n")
    };
    for (table, column, message) in [
        ("summary", "los", Some("`summary` has no column `los`")),
        ("summary", "loss_sd", None),
        (
            "best.cloud",
            "loss",
            Some("`best.cloud` has no column `loss`"),
        ),
        ("best.cloud", "value", None),
        ("mine", "anything", None),
        ("fit", "anything", None),
    ] {
        let space = tables(
            "{uses: table/summary, in: {rows: fit}, with: {values: [loss], replicate: seed}}",
        );
        let manifest = space.read("manifests/c.yaml") + &claim(table, column);
        space.write("manifests/c.yaml", &manifest);
        let output = space.output(&["check", "manifests/c.yaml"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            output.status.success(),
            message.is_none(),
            "{table}: {said}"
        );
        assert!(
            message.is_none_or(|message| said.contains(message)),
            "{said}"
        );
    }
}

/// A method's parameter that no cell of this profile has.
#[test]
fn settings_leave_out_what_is_no_axis_here() {
    let space = tables(
        "{uses: table/settings, in: {rows: fit}, with: {by: [method, width], of: [lr, rate]}}",
    );
    space.replace(
        "manifests/c.yaml",
        "experiment: tables\n",
        "experiment: tables\nparams: {width: 3, rate: {type: float, optional: true}}\n",
    );
    space.replace(
        "manifests/c.yaml",
        "values: {method:",
        "values: {width: \"${width}\", rate: \"${rate}\", method:",
    );
    space.stdout(&TOLD);
    let table = space.read("outputs/tables/tables/told.csv");
    assert!(
        table.starts_with("method,lr,settings\na,\"0.1, 0.2"),
        "{table}"
    );
}

#[test]
fn mathematics_that_is_half_written_is_told() {
    for (name, part) in [
        (r"\sqrt[3]{x}", r"`\sqrt` takes an argument in braces"),
        (r"\frac{x}", r"`\frac` takes two arguments in braces"),
        (r"\alpha_{1", "the brace of `{1` is not closed"),
        (r"\foo", r"`\foo` is no command"),
    ] {
        for stage in [
            "table/summary, in: {rows: fit.metrics}, with: {values: [loss], replicate: seed",
            "figure/line, in: {rows: fit.metrics}, with: {x: lr, y: loss, replicate: seed",
        ] {
            let (code, said) = check(&format!("{{uses: {stage}, names: {{a: '{name}'}}}}}}"));
            assert_eq!(code, Some(2), "{said}");
            assert!(said.contains(part), "{name}: {said}");
        }
    }
}
