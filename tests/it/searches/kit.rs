//! What the tests of searches have in common.

use std::thread;
use std::time::Duration;

use crate::support::TestSpace;

/// A search of a function of two numbers and a choice. Trials take unequal times.
pub(super) const MANIFEST: &str = r#"experiment: s
axes:
  best:
    METHOD:
      space:
        x: {uniform: [-5, 10]}
        n: {log-int: [1, 100]}
        k: [a, b]
        z: {uniform: [0, 1], step: 0.25, when: k == 'b'}
      trials: 14
      parallel: 3
      minimize: score.loss
  seed: {seeds: 2}
stages:
  score:
    uses: command
    with:
      values: {x: "${x}", n: "${n}", k: "${k}", z: "${z}", seed: "${seed}"}
      run: |
        sleep 0.0$((RANDOM % 8))
        awk -v x="$x" -v n="$n" -v k="$k" -v z="$${z:-0}" -v s="$seed" 'BEGIN {
          if (x > FAILS) exit 3
          if (x < NANS) print "loss=nan"; else
          printf "loss=%.9f\n", (x - 2) ^ 2 + (log(n) - 2) ^ 2 + (k == "b") * z + s / 10 }'
      metrics: stdout
  table:
    uses: table/summary
    in: {rows: score}
    missing: allow
    with: {values: [loss], replicate: seed}
"#;

pub(super) fn space(method: &str) -> TestSpace {
    of(&MANIFEST
        .replace("METHOD", method)
        .replace("FAILS", "20")
        .replace("NANS", "-20"))
}

pub(super) fn of(manifest: &str) -> TestSpace {
    let space = TestSpace::new();
    space.write("manifests/s.yaml", manifest);
    space
}

/// Runs the search to its end; what it said.
pub(super) fn run(space: &TestSpace, more: &[&str]) -> String {
    let arguments = [&["run", "manifests/s.yaml", "--progress", "lines"], more].concat();
    let output = space.output(&arguments);
    String::from_utf8(output.stderr).expect("text")
}

pub(super) fn said(space: &TestSpace, arguments: &[&str]) -> String {
    let output = space.output(arguments);
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What a command said, with its exit code.
pub(super) fn asked(space: &TestSpace, verb: &str) -> (Option<i32>, String) {
    let output = space.output(&match verb {
        "run" => vec!["run", "manifests/s.yaml", "--progress", "none"],
        verb => vec![verb, "manifests/s.yaml"],
    });
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (output.status.code(), text)
}

/// The points with their results, in the order of the trials.
pub(super) fn trials(space: &TestSpace) -> String {
    rows(space, "score")
}

pub(super) fn fits(space: &TestSpace) -> String {
    rows(space, "fit")
}

/// What `ls` says of a stage, as CSV.
pub(crate) fn rows(space: &TestSpace, stage: &str) -> String {
    let ls = ["ls", "manifests/s.yaml", "--stage", stage];
    space.stdout(&[&ls[..], &["--format", "csv"]].concat())
}

/// The points of a search's trials, as the table of rows has them.
pub(super) fn values(space: &TestSpace, name: &str) -> Vec<String> {
    let text = fits(space);
    let mut lines = text.lines().map(|line| line.split(','));
    let at = lines
        .next()
        .and_then(|mut head| head.position(|cell| cell == name));
    let at = at.unwrap_or_else(|| panic!("no `{name}` in {text}"));
    lines
        .filter_map(|mut line| Some(line.nth(at)?.to_owned()))
        .collect()
}

pub(super) fn executed(space: &TestSpace) -> usize {
    let events = space.stdout(&["run", "manifests/s.yaml", "--json"]);
    crate::support::executed(&events).values().sum()
}

/// Starts the search and kills it, so many times.
pub(super) fn kill_often(space: &TestSpace, rounds: u64) {
    for round in 0..rounds {
        let mut child = space
            .command(&[
                "run",
                "manifests/s.yaml",
                "--progress",
                "none",
                "--jobs",
                "4",
            ])
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("it starts");
        thread::sleep(Duration::from_millis(20 + 37 * round % 90));
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
    }
}

/// One number, best at 0.3.
pub(super) const LINE: &str = r#"experiment: s
axes:
  trial:
    tpe: {space: {x: {uniform: [0, 1]}}, trials: 12, minimize: fit.loss}
stages:
  fit:
    uses: command
    with: {values: {x: "${x}"}, run: 'awk -v x=$x "BEGIN { print \"loss=\" (x - 0.3) ^ 2 }"', metrics: stdout}
  table: {uses: table/summary, in: {rows: fit}, with: {values: [loss]}}
"#;

pub(super) const SHORT: &str = r#"experiment: s
axes:
  trial: {tpe: {space: {x: {uniform: [0, 1]}}, startup: 3, parallel: 1, trials: 6, minimize: fit.loss}}
stages:
  fit: {uses: command, with: {values: {x: "${x}"}, run: 'echo "loss=$x"', metrics: stdout}}
"#;

/// Successive halving of a program that keeps its state: every epoch that it trains is a line of a log.
pub(crate) const HALVING: &str = r#"experiment: s
axes:
  best:
    METHOD:
      space: {x: {uniform: [-5, 10]}, k: [a, b]}
      budget: epochs
      min: 1
      max: 9
      factor: 3
      trials: 18
      minimize: fit.loss
stages:
  fit:
    uses: command
    with:
      values: {x: "${x}", k: "${k}", epochs: "${epochs}"}
      run: |
        sleep 0.0$((RANDOM % 5))
        state="${checkpoint}/epochs"
        n=0; if [ -e "$state" ]; then n=$(cat "$state"); fi
        while [ "$n" -lt "$epochs" ]; do
          n=$((n + 1)); echo $n > "$state.new"; mv "$state.new" "$state"
          echo "$x $k $n" >> "${root}/epochs.log"
        done
        awk -v x="$x" -v k="$k" -v n="$n" 'BEGIN {
          if (x > FAILS) exit 3
          if (x < NANS) print "loss=nan"; else printf "loss=%.9f\n", (x - 2) ^ 2 + (k == "b") + 1 / n }'
      metrics: stdout
  table:
    uses: table/summary
    in: {rows: fit}
    missing: allow
    with: {values: [loss]}
"#;

pub(super) fn halving(method: &str) -> TestSpace {
    of(&HALVING
        .replace("METHOD", method)
        .replace("FAILS", "20")
        .replace("NANS", "-20"))
}

pub(super) fn cells(space: &TestSpace) -> String {
    rows(space, "fit")
}

/// How many lines have this number of epochs.
pub(super) fn at(cells: &str, epochs: usize) -> usize {
    let of = |line: &&str| line.contains(&format!(",{epochs},"));
    cells.lines().skip(1).filter(of).count()
}

/// How many trials have something in the store from which one with more of the budget would go on.
pub(super) fn states(space: &TestSpace) -> usize {
    let kept = std::fs::read_dir(space.path("outputs/store/checkpoints-v1"));
    kept.expect("a store").count()
}

/// Successive halving in which more of the budget costs more, and the best fail with some of it.
pub(super) const RUNGS: &str = r#"experiment: s
axes:
  trial: {asha: {space: {x: [1, 2, 3, 4, 5, 6, 7, 8, 9]}, budget: n, min: 1, max: 9, factor: 3, trials: 9, minimize: fit.loss}}
stages:
  fit:
    uses: command
    with: {values: {x: "${x}", n: "${n}"}, run: 'echo "loss=$((x + n))"', metrics: stdout}
  best: {uses: select, over: [trial], in: {candidates: fit}, with: {by: loss}}
  rungs: {uses: figure/rungs, missing: allow, in: {rows: fit}, with: {x: n, y: loss}}
"#;
