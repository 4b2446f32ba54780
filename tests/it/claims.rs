//! Claims of a manifest, judged by the program over what its steps left.

use std::process::Output;

use crate::support::TestSpace;

fn with_claims(claims: &str) -> TestSpace {
    let space = TestSpace::new();
    let manifest = space.read("manifests/small.yaml");
    space.write(
        "manifests/small.yaml",
        &format!("{manifest}claims:\n{claims}"),
    );
    space
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const TRUE: &str = "
  - name: an-elbo-is-negative
    source: binary pixels have no density
    says: max(elbo) < 0
    for_each: latent
";

const FALSE: &str = "
  - name: it-is-perfect
    source: nobody
    says: mean(elbo, latent=4) > -1
";

const UNDECIDED: &str = "
  - name: one-pair-decides
    source: nobody
    says: mean(elbo, latent=4) > mean(elbo, latent=2)
    where: {seed: 0}
    test: paired-t
    replicate: seed
";

#[test]
fn a_run_judges_its_claims_and_writes_them_down() {
    let space = with_claims(&format!("{TRUE}{FALSE}{UNDECIDED}"));
    let output = space.output(&["run", "manifests/small.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let said_first = said(&output);
    for line in [
        "3 claims: 1 holds, 1 fails, 1 undecided",
        "  holds      an-elbo-is-negative: max(elbo) < 0",
        "latent=2: ",
        "  fails      it-is-perfect",
        " is not > -1 (n = 2)",
        "  undecided  one-pair-decides",
        "paired-t cannot answer: n = 1",
    ] {
        assert!(said_first.contains(line), "no `{line}` in\n{said_first}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&space.read("outputs/small/claims.json")).unwrap();
    assert_eq!(json["claims"][0]["verdict"], "holds");
    assert_eq!(json["claims"][0]["groups"][1]["at"][0][1], 4);
    assert_eq!(json["claims"][1]["verdict"], "fails");
    assert_eq!(json["claims"][2]["verdict"], "undecided");
    assert!(space.read("outputs/small/claims.md").contains("| holds |"));
    assert!(
        space
            .read("outputs/small/claims.csv")
            .contains("it-is-perfect")
    );

    // The same numbers, and the exit code only on request.
    let output = space.output(&["run", "manifests/small.yaml", "--require-claims"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(said(&output).contains("3 claims: 1 holds, 1 fails, 1 undecided"));

    // Without running, in every form; a claim that is gone is no longer said.
    let printed = space.stdout(&["claims", "manifests/small.yaml", "--format", "csv"]);
    assert_eq!(printed, space.read("outputs/small/claims.csv"));
    space.write(
        "manifests/small.yaml",
        &space
            .read("manifests/small.yaml")
            .replace(FALSE, "\n")
            .replace(UNDECIDED, "\n"),
    );
    let output = space.output(&["claims", "manifests/small.yaml", "--require-claims"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.starts_with("1 claim: 1 holds\n"), "{printed}");
    space.run(&[]);
    assert!(!space.read("outputs/small/claims.md").contains("perfect"));
}

#[test]
fn a_claim_about_cells_without_results_is_undecided() {
    let space = with_claims(&format!("{TRUE}{FALSE}"));
    let output = space.output(&["claims", "manifests/small.yaml"]);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.contains("2 claims: 2 undecided"), "{printed}");
    assert!(printed.contains("no result has `elbo` yet"), "{printed}");
    assert!(!space.path("outputs").exists(), "asking writes nothing");

    space.run(&[]);
    space.replace("manifests/small.yaml", "[2, 4]", "[2, 4, 8]");
    let output = space.output(&["claims", "manifests/small.yaml"]);
    let printed = String::from_utf8_lossy(&output.stdout);
    // It cannot hold for each while one is not known; the other needs nothing new.
    assert!(
        printed.contains("  undecided  an-elbo-is-negative"),
        "{printed}"
    );
    assert!(printed.contains("latent=8: "), "{printed}");
    assert!(
        printed.contains("2 values of `max(elbo)` missing"),
        "{printed}"
    );
    assert!(printed.contains("holds at 2 of 3"), "{printed}");
    assert!(printed.contains("  fails      it-is-perfect"), "{printed}");
}

#[test]
fn a_claim_can_name_its_table() {
    let about = |table: &str| {
        format!(
            "
  - name: about-{table}
    source: nobody
    table: {table}
    says: max(elbo) < 0
"
        )
    };
    let space = with_claims(&format!("{}{}", about("elbo"), about("summary")));
    let output = space.output(&["run", "manifests/small.yaml", "--require-claims"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(
        said(&output).contains("2 claims: 2 hold"),
        "{}",
        said(&output)
    );
}

#[test]
fn mistakes_in_claims_are_found_before_anything_runs() {
    let space = with_claims(
        "
  - name: no-numbers
    source: nobody
    table: by-latent
    says: mean(elbo) < 0
  - name: mistyped
    source: nobody
    says: mean(ebo) < 0
",
    );
    let output = space.output(&["check", "manifests/small.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    let said = said(&output);
    assert!(
        said.contains("stage `by-latent` leaves no numbers"),
        "{said}"
    );
    assert!(
        said.contains("no stage is known to measure `ebo`"),
        "{said}"
    );
    assert!(said.contains("did you mean `elbo`?"), "{said}");
}

#[test]
fn what_the_command_line_takes_away_leaves_a_claim_undecided() {
    let space = with_claims(FALSE);
    let run = [
        "run",
        "manifests/small.yaml",
        "--axis",
        "latent=2",
        "--seeds",
        "1",
    ];
    let output = space.output(&run);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let said = said(&output);
    assert!(said.contains("1 claim: 1 undecided"), "{said}");
    assert!(said.contains("`latent` is never `4`"), "{said}");
}

/// `table/refinement` leaves a table and metrics: which is meant is never guessed.
#[test]
fn a_claim_about_a_stage_with_several_outputs_names_one() {
    let stages = "experiment: several
stages:
  data: {uses: dataset/oracle-lstm, with: {train: 40, valid: 20, test: 20, vocabulary: 9, hidden: 6, length: 4}}
  fit:
    uses: train/lstm-vae
    in: {data: data}
    with: {latent: 2, hidden: 6, embedding: 5, inference: vae, epochs: 1, batch: 10}
  steps: {uses: table/refinement, in: {model: fit, data: data}, with: {steps: [0, 2]}}
claims:
";
    let run = |claim: &str| {
        let space = TestSpace::new();
        let claim = format!("  - {{name: c, source: s, says: {claim}}}\n");
        space.write("manifests/several.yaml", &format!("{stages}{claim}"));
        (space.output(&["run", "manifests/several.yaml"]), space)
    };
    let (refused, _) = run("mean(refinement_gain) > -1, table: steps");
    let told = said(&refused);
    assert!(!refused.status.success(), "{told}");
    assert!(
        told.contains("`steps` leaves numbers in several outputs"),
        "{told}"
    );
    assert!(told.contains("`steps.table` and `steps.metrics`"), "{told}");
    let (refused, _) = run("mean(refinement_gain) > -1, table: steps.metric");
    let told = said(&refused);
    assert!(told.contains("leaves no numbers in `metric`"), "{told}");
    let judged = |claim: &str| {
        let (output, space) = run(claim);
        assert!(output.status.success(), "{}", said(&output));
        let claims = space.read("outputs/several/claims.json");
        assert!(claims.contains("\"holds\""), "{claims}");
    };
    judged("mean(refinement_gain) > -1, table: steps.metrics");
    judged("mean(refinement_gain) > -1");
    judged("count(nll_bound) == 4, table: steps.table");
    // Its rows are told apart by columns that are no axes of the manifest.
    judged("'count(nll_bound, start=random) == 1', table: steps.table, for_each: inner_steps");
    let (refused, _) = run("'count(nll_bound, stat=random) == 2', table: steps.table");
    let told = said(&refused);
    assert!(!refused.status.success(), "{told}");
    assert!(
        told.contains("`steps.table` has no column `stat`"),
        "{told}"
    );
    assert!(told.contains("did you mean `start`?"), "{told}");
}

/// Differences of the pairs: 1, 2 and 3, so that t = 2 · √3 with two degrees of freedom and p = 0.037 on one side.
#[test]
fn a_claim_about_a_file_goes_by_its_columns() {
    let space = TestSpace::new();
    space.write(
        "scores.csv",
        "method,fold,auc\nours,1,5\nours,2,7\nours,3,9\ntheirs,1,4\ntheirs,2,5\ntheirs,3,6\n",
    );
    let state = |claim: &str| {
        let manifest = format!(
            "experiment: own\nstages:\n  scores: {{uses: table/read, in: {{file: {{file: scores.csv}}}}, with: {{axes: [method, fold]}}}}\n\
             claims:\n  - {{name: c, source: s, table: scores, says: {claim}}}\n"
        );
        space.write("manifests/own.yaml", &manifest);
        said(&space.output(&["run", "manifests/own.yaml"]))
    };
    let judged = |claim: &str| {
        let run = state(claim);
        (space.stdout(&["claims", "manifests/own.yaml"]), run)
    };
    let better = "'mean(auc, method=ours) > mean(auc, method=theirs)'";
    let (told, _) = judged(&format!("{better}, test: paired-t, replicate: fold"));
    assert!(told.contains("1 hold") && told.contains("0.037"), "{told}");
    let (told, _) = judged(&format!("{better}, for_each: fold"));
    assert!(told.contains("1 hold"), "{told}");
    let (told, run) = judged("'mean(auc, method=our) > 0'");
    assert!(told.contains("1 undecided"), "{told}");
    assert!(run.contains("`method` is never `our`"), "{run}");
    let refused = state("'mean(auc, methd=ours) > 0'");
    assert!(refused.contains("has no column `methd`"), "{refused}");
}

#[test]
fn a_verdict_that_somebody_changed_is_judged_again_and_edits_are_kept() {
    let space = with_claims(&format!("{TRUE}{FALSE}"));
    let judged = |args: &[&str]| {
        let output = space.output(&[&["run", "manifests/small.yaml"], args].concat());
        assert!(said(&output).contains("2 claims: 1 holds, 1 fails"));
        said(&output)
    };
    let results = |name: &str| format!("outputs/small/{name}");
    judged(&[]);
    let written = space.read(&results("claims.json"));
    // Every verdict of the file, and a number of it.
    for (from, to) in [("\"fails\"", "\"holds\""), ("\"n\": 2", "\"n\": 20")] {
        let forged = written.replace(from, to);
        assert_ne!(forged, written);
        space.write(&results("claims.json"), &forged);
        let printed = space.stdout(&["claims", "manifests/small.yaml"]);
        assert!(printed.contains("1 holds, 1 fails"), "{printed}");
        let told = judged(&[]);
        assert!(told.contains("claims.json.kept-"), "{told}");
        assert_eq!(space.read(&results("claims.json")), written);
    }
    assert!(space.read(&results("claims.json.kept-1")).contains("holds"));
    assert!(space.read(&results("claims.json.kept-2")).contains("20"));
    // Somebody's own words are not lost, also where the results change or nothing is claimed any more.
    let notes = "my notes on these claims\n";
    space.write(&results("claims.md"), notes);
    assert!(judged(&[]).contains("claims.md.kept-1"));
    assert_eq!(space.read(&results("claims.md.kept-1")), notes);
    assert!(!judged(&[]).contains("kept"), "once is enough");
    space.write(&results("claims.tex"), notes);
    let manifest = space.read("manifests/small.yaml");
    let without = manifest.split("claims:\n").next().expect("it is there");
    space.write("manifests/small.yaml", without);
    space.run(&[]);
    assert_eq!(space.read(&results("claims.tex")), notes);
    assert!(!space.path(&results("claims.md")).exists());
    assert!(!space.path(&results("claims.json")).exists());
}

#[test]
fn cells_and_stages_that_come_out_alike_count_each() {
    let space = TestSpace::new();
    space.write(
        "manifests/e.yaml",
        r#"experiment: e
axes: {width: [1, 2, 16]}
stages:
  a: {uses: command, with: {run: [echo, "v=${1 if width < 10 else 2}"], metrics: {file: stdout, better: {v: lower}}}}
  one: {uses: table/summary, in: {rows: a}, with: {values: [v]}}
  other: {uses: table/summary, in: {rows: a}, with: {values: [v]}}
claims:
  - {name: mean, source: me, table: a, says: "mean(v) < 1.4"}
  - {name: second, source: me, table: a, says: "mean(v, width=2) < 1.5"}
"#,
    );
    let output = space.output(&["run", "manifests/e.yaml", "--progress", "none"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(said.matches("holds ").count(), 2, "{said}");
    // Both of width below 10 are one computation.
    assert!(said.contains("3 done, 2 up to date"), "{said}");
    let rows = space.stdout(&["ls", "manifests/e.yaml", "--stage", "a"]);
    assert_eq!(rows.lines().count(), 4, "{rows}");
    let tables = ["one", "other"].map(|name| space.read(&format!("outputs/e/tables/{name}.csv")));
    assert_eq!(tables[0], tables[1]);
    space.stdout(&["show", "manifests/e.yaml", "a[width=2]"]);
}

/// Cells, failures and divergence of one stage are no business of a quantity of another.
#[test]
fn each_quantity_is_of_its_own_stage_and_what_is_not_there_is_not_decided() {
    let space = TestSpace::new();
    space.write(
        "manifests/e.yaml",
        r#"experiment: e
axes: {m: [a, b], seed: [0, 1, 2]}
stages:
  fit:
    uses: command
    with: {run: 'if [ "${m}${seed}" = b2 ]; then echo loss=nan; else echo "loss=${seed}"; fi', metrics: stdout}
  cost: {uses: command, with: {run: 'echo "time=$(( ${seed} * 10 ))"; : "${m}"', metrics: stdout}}
  ensemble: {uses: command, in: {f: cost}, over: seed, with: {run: 'echo "joint=-1"', metrics: stdout}}
  broken: {uses: command, with: {run: 'exit 1; echo "gain=${seed}"', metrics: stdout}}
  scan:
    uses: command
    with:
      run: |
        if [ "${m}" = b ]; then exit 1; fi
        echo "how,score" > "${out.t}"; echo "ours,1" >> "${out.t}"
      out: {t: {file: t.csv, type: table}}
claims:
  - {name: ensemble, source: s, says: "mean(joint, m=a) < mean(loss, m=a)"}
  - {name: other, source: s, says: "all(mean(time, m=b) == 10, mean(loss, m=a) < 5)"}
  - {name: tables, source: s, table: scan, says: "mean(score) < 9"}
  - {name: at-each, source: s, table: scan, says: "mean(score) < 9", for_each: m}
  - {name: counted, source: s, table: broken, says: "count(gain) < 3"}
  - {name: no-axis, source: s, table: ensemble, says: "mean(joint, seed=null) < 0"}
"#,
    );
    let output = space.output(&["run", "manifests/e.yaml", "--progress", "none"]);
    let told = said(&output);
    for line in [
        "holds      ensemble:",
        "holds      other:",
        "undecided  tables:",
        "1 step without a result, for `mean(score)`",
        "undecided  at-each:",
        "holds at 1 of 2",
        "undecided  counted:",
        "no result has `gain` yet; 3 steps without a result",
        "holds      no-axis:",
    ] {
        assert!(told.contains(line), "no `{line}` in\n{told}");
    }
    // Afterwards all is the same.
    let printed = space.stdout(&["claims", "manifests/e.yaml"]);
    assert!(told.contains(&printed), "{printed}\nis not in\n{told}");
}

/// `missing: allow` after a failure, and a stage that runs each time.
#[test]
fn a_run_is_judged_the_same_when_it_is_over() {
    let space = TestSpace::new();
    space.write(
        "manifests/e.yaml",
        r#"experiment: e
axes: {m: [a, b], seed: [0, 1, 2]}
stages:
  start: {uses: command, cache: false, with: {run: 'echo 1 > ${out.d}', out: {d: d.txt}}}
  fit:
    uses: command
    in: {d: start}
    with: {run: 'if [ "${m}${seed}" = a1 ]; then exit 1; fi; echo "loss=${seed}"', metrics: stdout}
  ensemble:
    uses: command
    in: {x: fit}
    over: seed
    missing: allow
    with: {run: 'echo "joint=$(ls -d ${in.x}/[0-9]* | wc -l)"', metrics: stdout}
claims:
  - {name: c, source: s, says: "mean(joint, m=a) < mean(joint, m=b)"}
"#,
    );
    let run = space.output(&["run", "manifests/e.yaml", "--progress", "none"]);
    let told = said(&run);
    assert!(told.contains("holds      c:"), "{told}");
    let printed = space.stdout(&["claims", "manifests/e.yaml"]);
    assert!(told.contains(&printed), "{printed}\nis not in\n{told}");
    let listed = space.stdout(&[
        "ls",
        "manifests/e.yaml",
        "--stage",
        "ensemble",
        "--format",
        "csv",
    ]);
    assert!(listed.contains("ensemble,a,2"), "{listed}");
    let part = space.output(&[
        "run",
        "manifests/e.yaml",
        "--progress",
        "none",
        "--stage",
        "start",
    ]);
    assert!(said(&part).contains("holds      c:"), "{}", said(&part));
}
