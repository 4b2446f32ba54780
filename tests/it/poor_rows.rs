//! Rows of steps that failed where they may, that diverged, or that others stand for: counted as what they are.

use crate::support::TestSpace;

fn run(manifest: &str) -> (TestSpace, String) {
    let space = TestSpace::new();
    space.write("manifests/e.yaml", manifest);
    let output = space.output(&["run", "manifests/e.yaml", "--progress", "none"]);
    (space, String::from_utf8_lossy(&output.stderr).into_owned())
}

/// One of three seeds of `a` failed, and all of `c`.
#[test]
fn a_cell_that_failed_is_a_row_without_numbers() {
    let (space, said) = run(r#"experiment: e
axes: {m: [a, b, c], seed: [0, 1, 2]}
stages:
  fit:
    uses: command
    with:
      run: 'case ${m},${seed} in a,2|c,*) exit 1;; a,*) l=1.${seed};; b,*) l=2.${seed};; esac; echo "loss=$l"'
      metrics: {file: stdout, better: {loss: lower}}
  s: {uses: table/summary, in: {rows: fit}, missing: allow, with: {values: [loss], replicate: seed}}
  p: {uses: table/pairwise, in: {rows: fit}, missing: allow, with: {values: [loss], compare: m, baseline: b, replicate: seed}}
  b: {uses: table/best, in: {rows: fit}, missing: allow, with: {values: [loss], by: [], replicate: seed}}
  f: {uses: figure/bar, in: {rows: fit}, missing: allow, with: {x: m, y: loss, replicate: seed}}
"#);
    let table = |name: &str| space.read(&format!("outputs/e/tables/{name}.csv"));
    let summary = table("s");
    for (row, counts) in [("a,", ",2,1"), ("b,", ",3,0"), ("c,", ",0,3")] {
        let found = summary.lines().find(|line| line.starts_with(row));
        assert!(
            found.is_some_and(|line| line.ends_with(counts)),
            "{summary}"
        );
    }
    let pairs = table("p");
    let counts = pairs.lines().skip(1).map(|row| row.ends_with(",0,0"));
    assert_eq!(counts.collect::<Vec<_>>(), [false, true], "{pairs}");
    assert!(
        said.contains(
            "left out 2 settings without all replicates that others have: `m=a` and `m=c`"
        ),
        "{said}"
    );
    let caption = space.read("outputs/e/figures/f.caption.txt");
    assert!(caption.contains("4 values are missing"), "{caption}");
}

/// `a` diverged at seed 2: the numbers of its table count as little as its metrics do.
#[test]
fn a_table_of_a_step_that_diverged_counts_nowhere() {
    let (space, said) = run(r#"experiment: e
axes: {m: [a, b], seed: [0, 1, 2]}
stages:
  fit:
    uses: command
    with:
      run: |
        case ${m},${seed} in a,2) l=nan; acc=0.01;; a,*) l=1; acc=0.8;; *) l=2; acc=0.7;; esac
        echo "loss=$l"
        printf "split,f1,diverged\ntrain,$acc,\ntest,$acc,\nown,9,true\n" > "${out.rows}"
      metrics: stdout
      out: {rows: {file: rows.csv, type: table}}
  s: {uses: table/summary, in: {rows: fit.rows}, with: {values: [f1], replicate: seed}}
claims:
  - {name: x, source: s, table: fit.rows, says: "mean(f1, m=a) > 0.79"}
  - {name: y, source: s, table: fit.rows, says: "max(f1) < 0.9"}
"#);
    assert!(said.contains("2 claims: 2 hold"), "{said}");
    let summary = space.read("outputs/e/tables/s.csv");
    for (row, counts) in [
        ("a,test,0.8,", ",2,1"),
        ("b,test,0.7,", ",3,0"),
        ("b,own,,", ",0,3"),
    ] {
        let found = summary.lines().find(|line| line.starts_with(row));
        assert!(
            found.is_some_and(|line| line.ends_with(counts)),
            "{summary}"
        );
    }
}

/// The size of a model has no seed and is none of its replicates, and two stages may write one number in two ways.
#[test]
fn a_stage_without_the_replicates_is_none_of_them() {
    let (space, said) = run(r#"experiment: e
axes: {k: [1, 2], seed: {seeds: 2}}
stages:
  fit:
    uses: command
    with:
      run: 'echo "loss=$((${k}+${seed}))"; echo "acc=$((${k} * 2 + ${seed}))"; echo "epochs=3"'
      metrics: {file: stdout, better: {loss: lower, acc: higher}}
  again: {uses: command, with: {run: 'echo "epochs=3.0"; : ${k} ${seed}', metrics: stdout}}
  size: {uses: command, with: {run: 'echo "params=$((${k}*100))"', metrics: stdout}}
  front: {uses: table/pareto, in: {rows: [fit, size]}, with: {values: [loss, acc], replicate: seed}}
  s: {uses: table/summary, in: {rows: [fit, again, size]}, with: {values: [loss, epochs], replicate: seed}}
"#);
    let front = space.read("outputs/e/tables/front.csv");
    assert_eq!(front.lines().count(), 3, "{front}\n{said}");
    let summary = space.read("outputs/e/tables/s.csv");
    assert!(
        summary.lines().skip(1).all(|row| row.ends_with(",2,0")),
        "{summary}"
    );
}
