//! Searches: which points are proposed, and what they may depend on.

use std::thread;
use std::time::Duration;

use crate::support::TestSpace;

/// A search of a function of two numbers and a choice. Trials take unequal times.
const MANIFEST: &str = r#"experiment: s
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

fn space(method: &str) -> TestSpace {
    of(&MANIFEST
        .replace("METHOD", method)
        .replace("FAILS", "20")
        .replace("NANS", "-20"))
}

fn of(manifest: &str) -> TestSpace {
    let space = TestSpace::new();
    space.write("manifests/s.yaml", manifest);
    space
}

/// Runs the search to its end; what it said.
fn run(space: &TestSpace, more: &[&str]) -> String {
    let arguments = [&["run", "manifests/s.yaml", "--progress", "lines"], more].concat();
    let output = space.output(&arguments);
    String::from_utf8(output.stderr).expect("text")
}

/// The points with their results, in the order of the trials.
fn trials(space: &TestSpace) -> String {
    rows(space, "score")
}

/// What `ls` says of a stage, as CSV.
pub(crate) fn rows(space: &TestSpace, stage: &str) -> String {
    let ls = ["ls", "manifests/s.yaml", "--stage", stage];
    space.stdout(&[&ls[..], &["--format", "csv"]].concat())
}

fn executed(space: &TestSpace) -> usize {
    let events = space.stdout(&["run", "manifests/s.yaml", "--json"]);
    crate::support::executed(&events).values().sum()
}

#[test]
fn points_are_the_same_with_any_number_of_jobs() {
    let one = space("tpe");
    let said = run(&one, &["--jobs", "1"]);
    assert!(said.contains("going on to 14, best so far"), "{said}");
    let expected = trials(&one);
    assert_eq!(expected.lines().count(), 1 + 14 * 2, "{expected}");
    assert_eq!(executed(&one), 0, "a rerun makes nothing");
    for jobs in ["2", "8"] {
        let other = space("tpe");
        run(&other, &["--jobs", jobs]);
        assert_eq!(trials(&other), expected, "{jobs} jobs");
    }
    // The record only saves time.
    std::fs::remove_file(one.path("outputs/store/searches.json")).expect("a record");
    assert_eq!(trials(&one), expected);
    assert_eq!(executed(&one), 0, "nor without the record");
}

/// Trial 1 ends when a third one has begun: trial 2, of two at once, which depends on trial 0 alone.
#[test]
fn a_trial_begins_once_what_it_depends_on_is_known() {
    let space = of(r#"experiment: s
axes:
  best: {tpe: {space: {x: {uniform: [-5, 10]}}, trials: 6, parallel: 2, minimize: score.loss}}
stages:
  score:
    uses: command
    with:
      values: {x: "${x}"}
      run: |
        echo "$x" >> "${root}/begun"
        n=0
        while [ "$x" = "$(cat "${root}/waits")" ] && [ "$(wc -l < "${root}/begun")" -lt 3 ]; do
          n=$((n + 1)); if [ "$n" -gt 600 ]; then exit 3; fi
          sleep 0.05
        done
        echo "loss=$x"
      metrics: stdout
"#);
    let plan = space.stdout(&["plan", "manifests/s.yaml", "--json"]);
    let step = plan.lines().nth(1).expect("two trials are known");
    let step: serde_json::Value = serde_json::from_str(step).expect("JSON");
    space.write("waits", &step["cell"]["x"].to_string());
    let said = run(&space, &["--jobs", "2"]);
    assert!(
        said.contains("6 done") && !said.contains("failed"),
        "{said}"
    );
    // All trials in one run, and another for what is made of all of them.
    let runs = space.stdout(&["runs"]);
    assert_eq!(runs.lines().count(), 1 + 2, "{runs}");
}

/// The program of the first trial edits the manifest, so that all trials are others.
#[test]
fn a_search_whose_manifest_is_edited_meanwhile_is_done_anew() {
    let space = of(r#"experiment: s
axes:
  best: {tpe: {space: {x: {uniform: [-5, 10]}}, trials: 5, parallel: 2, minimize: score.loss}}
stages:
  score:
    uses: command
    with:
      values: {x: "${x}"}
      run: |
        if mkdir "${root}/once" 2>/dev/null; then sed -i 's/ v1$/ v2/' "${root}/manifests/s.yaml"; fi
        : v1
        echo "loss=$x"
      metrics: stdout
  table: {uses: table/summary, in: {rows: score}, with: {values: [loss], by: [x]}}
"#);
    run(&space, &["--jobs", "2"]);
    let said = run(&space, &["--jobs", "2"]);
    assert!(said.contains("all up to date: 6 steps"), "{said}");
    assert_eq!(trials(&space).lines().count(), 1 + 5);
}

/// Starts the search and kills it, so many times.
fn kill_often(space: &TestSpace, rounds: u64) {
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

#[test]
fn points_are_the_same_after_kills() {
    let undisturbed = space("tpe");
    run(&undisturbed, &[]);
    let killed = space("tpe");
    kill_often(&killed, 50);
    run(&killed, &[]);
    assert_eq!(trials(&killed), trials(&undisturbed));
}

#[test]
fn a_search_that_grew_is_one_that_was_planned_so() {
    let whole = space("tpe");
    run(&whole, &[]);
    let grown = space("tpe");
    grown.replace("manifests/s.yaml", "trials: 14", "trials: 5");
    run(&grown, &[]);
    let plan = grown.output(&["plan", "manifests/s.yaml"]);
    let said = String::from_utf8_lossy(&plan.stderr).into_owned();
    assert!(said.contains("\n5 trials known\n"), "{said}");
    grown.replace("manifests/s.yaml", "trials: 5", "trials: 14");
    let plan = grown.output(&["plan", "manifests/s.yaml"]);
    let said = String::from_utf8_lossy(&plan.stderr).into_owned();
    assert!(said.contains("8 trials known, up to 6 more"), "{said}");
    run(&grown, &[]);
    assert_eq!(trials(&grown), trials(&whole));
}

#[test]
fn failed_trials_and_those_without_a_number_count_and_never_win() {
    let manifest = MANIFEST
        .replace("METHOD", "tpe")
        .replace("FAILS", "4")
        .replace("NANS", "-3");
    let space = of(&manifest);
    let said = run(&space, &[]);
    assert!(
        said.contains("going on to 14, best so far") && said.contains("failed"),
        "{said}"
    );
    let points = |space: &TestSpace| {
        let plan = space.stdout(&["plan", "manifests/s.yaml", "--json", "--stage", "score"]);
        let steps = plan.lines().map(|line| {
            let step: serde_json::Value = serde_json::from_str(line).expect("JSON");
            step["step"].as_str().expect("a name").to_owned()
        });
        steps.collect::<Vec<_>>()
    };
    let first = points(&space);
    assert_eq!(first.len(), 14 * 2, "{first:?}");
    // Failed steps are tried again; the points stay.
    run(&space, &[]);
    assert_eq!(points(&space), first);
    let other = of(&manifest);
    assert!(run(&other, &["--jobs", "8"]).contains("failed"));
    assert_eq!(points(&other), first);
}

#[test]
fn methods_that_do_not_learn_know_all_their_points_at_once() {
    for method in ["random", "sobol", "halton"] {
        let space = space(method);
        let plan = space.output(&["plan", "manifests/s.yaml"]);
        let said = String::from_utf8_lossy(&plan.stderr).into_owned();
        assert!(said.ends_with("14 trials known\n"), "{said}");
    }
}

#[test]
fn a_space_of_few_points_is_exhausted() {
    let space = space("tpe");
    space.replace("manifests/s.yaml", "{uniform: [-5, 10]}", "[1]");
    space.replace("manifests/s.yaml", "{log-int: [1, 100]}", "{int: [3, 3]}");
    let said = run(&space, &[]);
    // Without z, and five values of it.
    assert!(
        said.contains("6 trials, which is all that the space has"),
        "{said}"
    );
    assert_eq!(trials(&space).lines().count(), 1 + 6 * 2);
    assert_eq!(executed(&space), 0);
    space.replace("manifests/s.yaml", "[a, b]", "[a]");
    space.replace("manifests/s.yaml", "trials: 14", "trials: 2");
    let plan = space.output(&["plan", "manifests/s.yaml"]);
    let said = String::from_utf8_lossy(&plan.stderr).into_owned();
    assert!(
        said.contains("\n1 trial known, which is all that the space has\n"),
        "{said}"
    );
}

#[test]
fn a_search_goes_on_where_conditions_leave_out_its_first_trials() {
    // On one of the two sides the first trial is left out.
    for side in ["x > 0.5", "x <= 0.5"] {
        let manifest = r#"experiment: s
axes:
  hp: {tpe: {startup: 4, space: {x: {uniform: [0, 1]}}, trials: 12, minimize: score.loss, parallel: 1}}
when: SIDE
stages:
  score: {uses: command, with: {run: 'echo "loss=${x}"', metrics: stdout}}
"#;
        let space = of(&manifest.replace("SIDE", side));
        let said = run(&space, &[]);
        assert!(trials(&space).lines().count() > 1, "{side}: {said}");
    }
}

#[test]
fn another_space_keeps_the_trials_that_lie_in_it() {
    let space = space("tpe");
    run(&space, &[]);
    let before = trials(&space);
    space.replace("manifests/s.yaml", "[-5, 10]", "[0, 10]");
    let plan = space.output(&["plan", "manifests/s.yaml"]);
    let said = String::from_utf8_lossy(&plan.stderr).into_owned();
    let kept: Vec<&str> = before
        .lines()
        .skip(1)
        .filter(|line| !line.contains(",-"))
        .collect();
    let fell_out = (28 - kept.len()) / 2;
    assert!(
        fell_out > 0 && said.contains("which is below 0"),
        "{said}\n{before}"
    );
    assert!(
        said.contains(&format!("{} known trials of it", kept.len() / 2)),
        "{said}\n{before}"
    );
    run(&space, &[]);
    let after = trials(&space);
    for line in kept {
        assert!(after.contains(line), "{line}\n{after}");
    }
    assert_eq!(after.lines().count(), 1 + 14 * 2, "{after}");
    assert_eq!(executed(&space), 0);
}

#[test]
fn a_profile_and_the_command_line_change_single_keys() {
    let space = space("random");
    let plan = space.stdout(&["plan", "manifests/s.yaml", "--axis", "best={trials: 5}"]);
    assert!(plan.starts_with("score  10 runs"), "{plan}");
    let plan = space.stdout(&["plan", "manifests/s.yaml", "-p", "x=1.5", "--only", "x=1.5"]);
    assert!(plan.starts_with("score  28 runs"), "{plan}");
}

/// The score in a file, in which text and what is no number can stand.
fn in_json(method: &str, loss: &str) -> TestSpace {
    let space = space(method);
    let path = "manifests/s.yaml";
    space.replace(path, "metrics: stdout", "metrics: {file: m.json}");
    space.replace(
        path,
        "printf \"loss=%.9f\\n\", ",
        &format!("{loss} printf \"{{\\\"loss\\\": %.9f}}\\n\", "),
    );
    space.replace(path, "s / 10 }'", "s / 10 }' > m.json");
    space
}

#[test]
fn numbers_that_are_not_there_are_said_at_the_objective() {
    let los = space("tpe");
    los.replace("manifests/s.yaml", "score.loss", "score.los");
    let text = in_json(
        "tpe",
        r#"if (1) print "{\"loss\": \"good\", \"m\": 1}"; else"#,
    );
    let random = in_json(
        "random",
        r#"if (1) print "{\"loss\": \"good\", \"m\": 1}"; else"#,
    );
    for (space, parts) in [
        (los, ["`score` left no `los`", "did you mean `loss`"]),
        (
            text,
            ["`score` left text as `loss`, `good`", "asked of `score["],
        ),
        (
            random,
            ["`score` left text as `loss`, `good`", "asked of `score["],
        ),
    ] {
        let output = space.output(&["run", "manifests/s.yaml", "--progress", "none"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            parts.iter().all(|part| said.contains(part)) && said.contains("manifests/s.yaml:12:17"),
            "{parts:?}: {said}"
        );
        // It can still be looked at, and mended.
        let plan = space.output(&["plan", "manifests/s.yaml"]);
        assert!(plan.status.success());
    }
}

#[test]
fn a_trial_without_the_number_that_others_have_counts_as_failed() {
    for bad in [r#""loss\": \"far"#, r#""other\": \"1"#] {
        let loss = format!(r#"if (x > 4) print "{{\{bad}\", \"m\": 1}}"; else"#);
        let space = in_json("tpe", &loss);
        let said = run(&space, &[]);
        assert!(
            said.contains("warning: ")
                && said.contains("such a trial counts as failed")
                && said.contains("manifests/s.yaml:12:17"),
            "{said}"
        );
        let steps = trials(&space);
        assert_eq!(steps.lines().count(), 1 + 14 * 2, "{steps}");
        let far = steps.lines().skip(1).filter(|line| {
            let x = line.split(',').nth(1).and_then(|x| x.parse::<f64>().ok());
            x.is_some_and(|x| x > 4.0)
        });
        let plan = self::said(&space, &["plan", "manifests/s.yaml"]);
        assert!(
            plan.contains(&format!(", {} failed", far.count() / 2)),
            "{plan}\n{steps}"
        );
        // Of what was made earlier nothing is said again.
        assert!(!run(&space, &[]).contains("warning"));
    }
}

#[test]
fn an_objective_that_is_an_axis_is_refused() {
    for (name, part) in [
        ("x", "`x` is searched, and no result"),
        ("k", "`k` is searched, and no result"),
        ("seed", "`seed` is an axis, and no result"),
    ] {
        let space = space("tpe");
        space.replace("manifests/s.yaml", "score.loss", &format!("score.{name}"));
        let output = space.output(&["check", "manifests/s.yaml"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains(part) && said.contains("manifests/s.yaml:12:17"),
            "{said}"
        );
    }
}

#[test]
fn the_last_line_counts_all_rounds_and_says_the_best() {
    let space = space("tpe");
    let said = run(&space, &[]);
    let mut last = said.lines().rev();
    assert_eq!(last.next(), Some("results in outputs/s"), "{said}");
    let best = last.next().expect("a line");
    assert!(
        best.starts_with("best so far score.loss=") && best.ends_with("; 14 ended"),
        "{said}"
    );
    let counts = last.next().expect("a line");
    assert!(counts.starts_with("29 done in "), "{said}");
    space.replace("manifests/s.yaml", "trials: 14", "trials: 20");
    let said = run(&space, &["--metrics-file", "m.prom"]);
    assert!(said.contains("13 done, 28 up to date in "), "{said}");
    let metrics = space.read("m.prom");
    for line in [
        "sweepline_steps{experiment=\"s\",stage=\"score\",state=\"done\"} 12",
        "sweepline_steps{experiment=\"s\",stage=\"score\",state=\"up_to_date\"} 28",
        "sweepline_steps{experiment=\"s\",stage=\"score\",state=\"waiting\"} 0",
        "sweepline_step_duration_seconds_count{experiment=\"s\",stage=\"score\"} 12",
        "sweepline_steps{experiment=\"s\",stage=\"table\",state=\"done\"} 1",
    ] {
        assert!(
            metrics.lines().any(|known| known == line),
            "{line}\n{metrics}"
        );
    }
    // The last round of a search without a table makes nothing.
    let (bare, manifest) = (self::space("tpe"), "manifests/s.yaml");
    let text = bare.read(manifest);
    let without = text.split("  table:").next().expect("a part");
    bare.write(manifest, without);
    let said = run(&bare, &[]);
    assert!(
        said.contains("28 done in ") && !said.contains("all up to date"),
        "{said}"
    );
    let said = run(&bare, &[]);
    assert!(said.contains("all up to date: 28 steps"), "{said}");
}

#[test]
fn a_damaged_record_is_told_and_kept() {
    let space = space("tpe");
    run(&space, &[]);
    let expected = trials(&space);
    let record = space.read("outputs/store/searches.json");
    let half = &record[..record.len() / 2];
    space.write("outputs/store/searches.json", half);
    let plan = said(&space, &["plan", "manifests/s.yaml"]);
    assert!(
        plan.contains("searches.json` is damaged: ") && plan.contains("`searches.json.kept-1`"),
        "{plan}"
    );
    let told = run(&space, &[]);
    assert_eq!(told.matches("is damaged").count(), 1, "{told}");
    assert_eq!(space.read("outputs/store/searches.json.kept-1"), half);
    assert_eq!(trials(&space), expected);
    assert_eq!(space.read("outputs/store/searches.json"), record);
    assert!(!run(&space, &[]).contains("damaged"));
}

#[test]
fn mistakes_are_said_at_their_place() {
    for (from, to, part, line) in [
        ("score.loss", "scores.loss", "no stage `scores`", 12),
        (
            "score.loss",
            "table.loss",
            "stage `table` leaves no numbers",
            12,
        ),
        ("score.loss", "loss", "`loss` is not `stage.column`", 12),
        (
            "minimize: score.loss",
            "startup: 3",
            "`tpe` has nothing to optimise",
            5,
        ),
        ("trials: 14", "trials: 0", "`trials`", 10),
        ("      trials: 14\n", "", "`tpe` has no `trials`", 5),
        (
            "trials: 14",
            "tials: 14",
            "unknown key `tials` of `tpe`",
            10,
        ),
        ("[-5, 10]", "[10, -5]", "`low` is above `high`", 6),
        ("[-5, 10]", "[10]", "`uniform` is `[low, high]`", 6),
        (
            "{log-int: [1, 100]}",
            "{log-int: [0, 100]}",
            "on a logarithm `low` must be above 0",
            7,
        ),
        (
            "{log-int: [1, 100]}",
            "{log: [1, 100]}",
            "unknown key `log`",
            7,
        ),
        (
            "{log-int: [1, 100]}",
            "{int: [1, 9], uniform: [1, 2]}",
            "`n` has two spaces",
            7,
        ),
        ("[a, b]", "[]", "there is nothing to choose from", 8),
        ("[a, b]", "[a, a]", "is there twice", 8),
        ("k == 'b'", "kk == 'b'", "`kk` says nothing about `z`", 9),
        ("k == 'b'", "k ==", "is not an expression", 9),
        ("parallel: 3", "parallel: 0", "`parallel`", 11),
        (
            "seed: {seeds: 2}",
            "seed: [1, 2]",
            "`score` is several numbers in each trial",
            12,
        ),
        (
            "seed: {seeds: 2}",
            "other: {random: {space: {q: [1, 2]}, trials: 2}}",
            "two searches",
            13,
        ),
        ("    tpe:", "    tpee:", "no form of an axis", 4),
        ("    tpe:", "    bayes:", "no form of an axis", 4),
    ] {
        let space = space("tpe");
        space.replace("manifests/s.yaml", from, to);
        let output = space.output(&["check", "manifests/s.yaml"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{to}: {said}");
        assert!(
            said.contains(part) && said.contains(&format!("manifests/s.yaml:{line}:")),
            "{to}: {said}"
        );
    }
}

#[test]
fn an_objective_that_the_search_does_not_reach_is_refused() {
    let space = space("tpe");
    space.replace("manifests/s.yaml", "score.loss", "other.loss");
    space.replace(
        "manifests/s.yaml",
        "stages:\n",
        "stages:\n  other: {uses: command, with: {run: 'echo loss=1', metrics: stdout}}\n",
    );
    let output = space.output(&["check", "manifests/s.yaml"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("no parameter of the search reaches `other`"),
        "{said}"
    );
    assert!(said.contains("manifests/s.yaml:12:"), "{said}");
}

#[test]
fn a_named_run_is_one_run_and_forces_once() {
    let space = space("tpe");
    run(&space, &[]);
    space.replace("manifests/s.yaml", "trials: 14", "trials: 20");
    let stage = ["--force", "table", "--name", "longer"];
    let said = run(&space, &stage);
    assert!(said.contains("going on to 20"), "{said}");
    let runs = space.stdout(&["runs"]);
    let named = runs.lines().filter(|line| line.contains("longer"));
    assert_eq!(named.count(), 1, "{runs}");
    // The name is taken now.
    let again = space.output(&["run", "manifests/s.yaml", "--name", "longer"]);
    assert!(!again.status.success());
}

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

fn halving(method: &str) -> TestSpace {
    of(&HALVING
        .replace("METHOD", method)
        .replace("FAILS", "20")
        .replace("NANS", "-20"))
}

fn cells(space: &TestSpace) -> String {
    rows(space, "fit")
}

/// How many lines have this number of epochs.
fn at(cells: &str, epochs: usize) -> usize {
    let of = |line: &&str| line.contains(&format!(",{epochs},"));
    cells.lines().skip(1).filter(of).count()
}

/// How many trials have something in the store from which one with more of the budget would go on.
fn states(space: &TestSpace) -> usize {
    let kept = std::fs::read_dir(space.path("outputs/store/checkpoints-v1"));
    kept.expect("a store").count()
}

fn said(space: &TestSpace, arguments: &[&str]) -> String {
    let output = space.output(arguments);
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn one_in_three_is_promoted_and_goes_on_where_it_was() {
    let space = halving("asha");
    let plan = said(&space, &["plan", "manifests/s.yaml"]);
    assert!(
        plan.contains(
            "18 trials known: 18 at epochs=1, 0 at epochs=3 (up to 6 more), 0 at epochs=9 (up to 2 more)"
        ),
        "{plan}"
    );
    let told = run(&space, &[]);
    assert!(
        told.contains(" on to epochs=3, best so far fit.loss="),
        "{told}"
    );
    assert!(
        told.contains(" on to epochs=9, best so far fit.loss="),
        "{told}"
    );
    let cells = cells(&space);
    assert_eq!(
        [1, 3, 9].map(|epochs| at(&cells, epochs)),
        [18, 6, 2],
        "{cells}"
    );
    // The best of each group of nine at every rung.
    let log = space.read("epochs.log");
    assert_eq!(log.lines().count(), 18 + 6 * 2 + 2 * 6, "{log}");
    let line = cells
        .lines()
        .find(|line| line.contains(",9,"))
        .expect("one came so far");
    let coordinates: Vec<&str> = line.split(',').collect();
    let step = format!("fit[x={},k={},epochs=9]", coordinates[1], coordinates[2]);
    let why = space.stdout(&["why", "manifests/s.yaml", &step]);
    assert!(why.contains(", promoted from epochs=3, in group "), "{why}");
    let plan = said(&space, &["plan", "manifests/s.yaml"]);
    assert!(
        plan.contains("all 27 steps up to date")
            && plan.contains("18 trials known: 18 at epochs=1, 6 at epochs=3, 2 at epochs=9"),
        "{plan}"
    );
    assert_eq!(executed(&space), 0);
    std::fs::remove_file(space.path("outputs/store/searches.json")).expect("a record");
    assert_eq!(executed(&space), 0, "nor without the record");
    assert_eq!(self::cells(&space), cells);
    assert_eq!(
        states(&space),
        0,
        "nobody goes on from a trial that was stopped"
    );
    // All rungs at once: none begins with what one further has left.
    for jobs in ["1", "8"] {
        run(&space, &["--force", "fit", "--jobs", jobs]);
        assert_eq!(self::cells(&space), cells, "forced, {jobs} jobs");
    }
}

#[test]
fn promotions_are_the_same_with_any_number_of_jobs_and_after_kills() {
    for method in ["asha", "hyperband"] {
        let one = halving(method);
        run(&one, &["--jobs", "1"]);
        let expected = cells(&one);
        for jobs in ["2", "8"] {
            let other = halving(method);
            run(&other, &["--jobs", jobs]);
            assert_eq!(cells(&other), expected, "{method}, {jobs} jobs");
        }
        let killed = halving(method);
        kill_often(&killed, 15);
        run(&killed, &[]);
        assert_eq!(cells(&killed), expected, "{method}");
    }
}

#[test]
fn points_may_be_proposed_from_what_earlier_rungs_gave() {
    let with = |space: &TestSpace| {
        space.replace(
            "manifests/s.yaml",
            "factor: 3",
            "factor: 3\n      sampler: tpe",
        );
    };
    let one = halving("asha");
    with(&one);
    run(&one, &["--jobs", "1"]);
    let expected = cells(&one);
    assert_eq!([1, 3, 9].map(|epochs| at(&expected, epochs)), [18, 6, 2]);
    let other = halving("asha");
    with(&other);
    kill_often(&other, 10);
    run(&other, &["--jobs", "8"]);
    assert_eq!(cells(&other), expected);
    assert_ne!(cells(&other), {
        let random = halving("asha");
        run(&random, &[]);
        cells(&random)
    });
}

#[test]
fn more_trials_of_a_search_with_rungs_are_those_it_would_have_had() {
    let whole = halving("asha");
    run(&whole, &[]);
    let grown = halving("asha");
    grown.replace("manifests/s.yaml", "trials: 18", "trials: 12");
    run(&grown, &[]);
    // In the group that is not full any trial may go on yet.
    assert_eq!(states(&grown), 3, "{}", cells(&grown));
    let before = grown.read("epochs.log");
    grown.replace("manifests/s.yaml", "trials: 12", "trials: 18");
    run(&grown, &[]);
    assert_eq!(cells(&grown), cells(&whole));
    let log = grown.read("epochs.log");
    let further = log.strip_prefix(&before).expect("it goes on");
    let anew = before.lines().filter(|line| further.contains(*line));
    assert_eq!(anew.collect::<Vec<_>>(), [""; 0], "no epoch is done twice");
}

#[test]
fn what_failed_or_gave_no_number_is_never_promoted() {
    let manifest = HALVING
        .replace("METHOD", "asha")
        .replace("FAILS", "3")
        .replace("NANS", "1");
    let space = of(&manifest);
    run(&space, &[]);
    let cells = cells(&space);
    let further = cells
        .lines()
        .filter(|line| line.contains(",3,") || line.contains(",9,"));
    for line in further {
        let x: f64 = line
            .split(',')
            .nth(1)
            .expect("x")
            .parse()
            .expect("a number");
        assert!((1.0..=3.0).contains(&x), "{line}\n{cells}");
    }
    let other = of(&manifest);
    run(&other, &["--jobs", "8"]);
    assert_eq!(self::cells(&other), cells);
}

#[test]
fn the_command_line_gives_one_budget_to_all() {
    let space = halving("asha");
    let plan = space.output(&["plan", "manifests/s.yaml", "-p", "epochs=2"]);
    let said = String::from_utf8_lossy(&plan.stderr).into_owned();
    assert!(said.contains("18 trials known: 18 at epochs=2"), "{said}");
}

#[test]
fn a_training_goes_on_with_the_bytes_of_one_that_was_never_cut() {
    const SEARCH: &str = r#"experiment: s
axes:
  best:
    AXIS
stages:
  data: {uses: dataset/synthetic, with: {name: circle, points: 60}}
  fit:
    uses: train/vae
    in: {data: data}
    with: {latent: 1, hidden: [8], visible: gaussian, lr: "${lr}", epochs: "${epochs}", seed: 0, batch: 25}
"#;
    let searched = of(&SEARCH.replace(
        "AXIS",
        "asha: {space: {lr: {log-uniform: [1e-4, 1e-1]}}, budget: epochs, min: 1, max: 4, \
         factor: 2, trials: 8, group: 4, maximize: fit.valid_elbo}",
    ));
    run(&searched, &[]);
    let cells = cells(&searched);
    let whole: Vec<&str> = cells.lines().filter(|line| line.contains(",4,")).collect();
    assert_eq!(whole.len(), 2, "{cells}");
    for line in whole {
        let lr = line.split(',').nth(1).expect("lr");
        let step = format!("fit[lr={lr},epochs=4]");
        let log = searched.stdout(&["log", "manifests/s.yaml", &step]);
        assert!(log.contains("going on after iteration"), "{log}");
        let plain =
            of(&SEARCH.replace("  best:\n    AXIS", &format!("  lr: [{lr}]\n  epochs: [4]")));
        run(&plain, &[]);
        let log = plain.stdout(&["log", "manifests/s.yaml", &step]);
        assert!(!log.contains("going on after"), "{log}");
        let leaves = |space: &TestSpace| {
            let why = space.stdout(&["why", "manifests/s.yaml", &step]);
            let lines = why.lines().filter(|line| line.contains("leaves "));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(leaves(&searched).len(), 3);
        assert_eq!(leaves(&searched), leaves(&plain));
    }
}

#[test]
fn mistakes_about_budgets_are_said_at_their_place() {
    for (from, to, part, line) in [
        ("      budget: epochs\n", "", "`asha` has no `budget`", 5),
        (
            "budget: epochs",
            "budget: x",
            "`x` is the budget, and it is searched",
            5,
        ),
        ("budget: epochs", "budget: 3", "`budget`", 6),
        ("min: 1", "min: 10", "wrong value of `min`", 7),
        ("min: 1", "min: 0", "`min`", 7),
        ("      max: 9\n", "", "`asha` has no `max`", 5),
        ("factor: 3", "factor: 1", "`factor`", 9),
        ("factor: 3", "eta: 3", "unknown key `eta` of `asha`", 9),
        (
            "factor: 3",
            "factor: 3\n      group: 2",
            "wrong value of `group`",
            10,
        ),
        (
            "minimize: fit.loss",
            "minimize: [fit.loss, fit.other]",
            "several objectives",
            11,
        ),
        (
            "budget: epochs",
            "budget: passes",
            "unknown name `epochs`",
            16,
        ),
        ("    asha:", "    tpe:", "unknown key `budget` of `tpe`", 6),
    ] {
        let space = halving("asha");
        space.replace("manifests/s.yaml", from, to);
        let output = space.output(&["check", "manifests/s.yaml"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{to}: {said}");
        assert!(
            said.contains(part) && said.contains(&format!("manifests/s.yaml:{line}:")),
            "{to}: {said}"
        );
    }
}

#[test]
fn a_budget_that_does_not_reach_the_objective_is_refused() {
    let space = halving("asha");
    space.replace("manifests/s.yaml", "budget: epochs", "budget: passes");
    space.replace(
        "manifests/s.yaml",
        "experiment: s\n",
        "experiment: s\nparams: {epochs: 2}\n",
    );
    let output = space.output(&["check", "manifests/s.yaml"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("the budget `passes` does not reach `fit`")
            && said.contains("manifests/s.yaml:12:"),
        "{said}"
    );
}

/// A search by a program, which notes when it was asked.
fn outside(program: &str) -> TestSpace {
    let space = TestSpace::new();
    let manifest = MANIFEST
        .replace("METHOD", "command")
        .replace("      parallel: 3", "      run: [bash, propose.sh]\n      startup: 3\n      timeout: 0.5\n      parallel: 2")
        .replace("trials: 14", "trials: 8")
        .replace("FAILS", "20")
        .replace("NANS", "-20");
    space.write("manifests/s.yaml", &manifest);
    space.write("propose.sh", &format!("echo asked >> asked.log\n{program}"));
    space
}

/// The point follows from how many trials it reads.
const PROGRAM: &str = r#"n=$(wc -l); z=', "z": 0.5'
echo "{\"point\": {\"x\": $(awk -v n="$n" 'BEGIN { print n / 4 }'), \"n\": 7, \"k\": \"b\"$z}}""#;

#[test]
fn a_program_proposes_once_for_each_trial() {
    let space = outside(PROGRAM);
    let plan = said(&space, &["plan", "manifests/s.yaml"]);
    assert!(plan.contains("3 trials known, up to 5 more"), "{plan}");
    assert!(!space.path("asked.log").exists(), "a plan asks nobody");
    run(&space, &["--jobs", "1"]);
    let found = trials(&space);
    for x in ["1,7,b", "1.25,", "1.5,", "1.75,", "2,7"] {
        assert!(found.contains(&format!("score,{x}")), "{x}\n{found}");
    }
    assert_eq!(space.read("asked.log").lines().count(), 5);
    assert_eq!(executed(&space), 0);
    space.replace("manifests/s.yaml", "trials: 8", "trials: 9");
    run(&space, &[]);
    assert_eq!(
        space.read("asked.log").lines().count(),
        6,
        "only for the new one"
    );
    let killed = outside(PROGRAM);
    killed.replace("manifests/s.yaml", "trials: 8", "trials: 9");
    kill_often(&killed, 10);
    run(&killed, &["--jobs", "8"]);
    assert_eq!(trials(&killed), trials(&space));
}

#[test]
fn what_is_wrong_with_a_program_that_proposes_is_said() {
    for (program, part) in [
        (
            "echo no memory >&2; exit 3",
            "it ended with exit status: 3, and said: no memory",
        ),
        ("kill -9 $$", "it ended with signal: 9"),
        (
            "echo loading; echo 'Traceback'",
            "its last line is no answer",
        ),
        (
            "echo '{\"point\": {\"x\": 1e999}}'",
            "its last line is no answer",
        ),
        ("true", "it printed no line"),
        ("sleep 20", "it took longer than 0.5 s"),
        (
            "echo '{\"point\": {\"x\": 11, \"n\": 7, \"k\": \"a\"}}'",
            "its point does not lie in the space: `x` is 11, which is above 10",
        ),
        (
            "echo '{\"point\": {\"x\": 1, \"k\": \"a\"}}'",
            "`n` has no value",
        ),
        (
            "echo '{\"point\": {\"x\": 1, \"n\": 7, \"k\": \"a\", \"w\": 1}}'",
            "`w` is not searched",
        ),
    ] {
        let space = outside(program);
        let output = space.output(&["run", "manifests/s.yaml", "--progress", "none"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{program}: {said}");
        assert!(
            said.contains(part) && said.contains("manifests/s.yaml:3:"),
            "{program}: {said}"
        );
        // What was tried is there, and a mended program goes on.
        assert_eq!(trials(&space).lines().count(), 1 + 3 * 2, "{program}");
        space.write("propose.sh", PROGRAM);
        run(&space, &[]);
        assert_eq!(trials(&space).lines().count(), 1 + 8 * 2, "{program}");
    }
    let space = outside(PROGRAM);
    space.replace(
        "manifests/s.yaml",
        "[bash, propose.sh]",
        "[no-such-program]",
    );
    let told = run(&space, &[]);
    assert!(
        told.contains("`no-such-program` cannot be started"),
        "{told}"
    );
}

#[test]
fn where_a_search_stands_is_said() {
    let space = space("tpe");
    let none = said(&space, &["plan", "manifests/s.yaml"]);
    assert!(!none.contains("best so far"), "{none}");
    let told = run(&space, &[]);
    assert!(told.contains("3 trials known: going on to "), "{told}");
    let plan = said(&space, &["plan", "manifests/s.yaml"]);
    let best = plan
        .lines()
        .find(|line| line.starts_with("best so far"))
        .expect("a line");
    assert!(best.ends_with("; 14 ended"), "{best}");
    // The mean over the seeds of the smallest.
    let rows = trials(&space);
    let loss = |line: &str| {
        line.rsplit(',')
            .next()
            .and_then(|loss| loss.parse::<f64>().ok())
    };
    let losses: Vec<f64> = rows.lines().skip(1).filter_map(loss).collect();
    let means = losses.chunks(2).map(|pair| (pair[0] + pair[1]) / 2.0);
    let smallest = means.fold(f64::INFINITY, f64::min);
    let shown = best["best so far score.loss=".len()..]
        .split(' ')
        .next()
        .expect("a number");
    let shown: f64 = shown.parse().expect("a number");
    assert!(
        (shown - smallest).abs() < 1e-5 * smallest.abs(),
        "{best}\n{rows}"
    );
    let status = space.stdout(&["status", "manifests/s.yaml"]);
    assert!(
        status.contains("14 trials known") && status.contains(best),
        "{status}"
    );
}

#[test]
fn several_objectives_have_a_front() {
    let space = space("tpe");
    space.replace(
        "manifests/s.yaml",
        "minimize: score.loss",
        "minimize: score.loss\n      maximize: score.gain",
    );
    space.replace(
        "manifests/s.yaml",
        "printf \"loss=%.9f\\n\"",
        "printf \"gain=%.9f\\nloss=%.9f\\n\", x",
    );
    space.replace(
        "manifests/s.yaml",
        "  table:",
        "  front:\n    uses: table/pareto\n    in: {rows: score}\n    missing: allow\n  table:",
    );
    run(&space, &[]);
    let plan = said(&space, &["plan", "manifests/s.yaml"]);
    let line = plan
        .lines()
        .find(|line| line.starts_with("the front so far has"))
        .expect("a line");
    assert!(line.ends_with("; 14 ended"), "{plan}");
    // By brute force over the means of the seeds.
    let rows = trials(&space);
    let head: Vec<&str> = rows.lines().next().expect("a head").split(',').collect();
    let column = |name: &str| {
        head.iter()
            .position(|other| *other == name)
            .expect("it is there")
    };
    let number = |line: &str, name: &str| -> f64 {
        line.split(',')
            .nth(column(name))
            .expect("a cell")
            .parse()
            .expect("a number")
    };
    let lines: Vec<&str> = rows.lines().skip(1).collect();
    let points: Vec<(f64, f64)> = lines
        .chunks(2)
        .map(|pair| {
            let mean = |name| (number(pair[0], name) + number(pair[1], name)) / 2.0;
            (mean("loss"), -mean("gain"))
        })
        .collect();
    let dominated = |a: &(f64, f64)| points.iter().any(|b| b != a && b.0 <= a.0 && b.1 <= a.1);
    let front = points.iter().filter(|point| !dominated(point)).count();
    assert!(
        line.contains(&format!("the front so far has {front} trial")),
        "{line}\n{rows}"
    );
    // As a table, over the means of the seeds, without naming the objectives again.
    let table = space.read("outputs/s/tables/front.csv");
    assert!(table.starts_with("x,n,k,z,loss,gain,rank\n"), "{table}");
    let found: Vec<(f64, f64)> = table
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let number = |at: usize| cells[at].parse::<f64>().expect("a number");
            (number(4), -number(5))
        })
        .collect();
    let mut expected: Vec<(f64, f64)> = points.iter().filter(|p| !dominated(p)).copied().collect();
    expected.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
    assert_eq!(found, expected, "{table}\n{rows}");
    for (from, to, part) in [
        (
            "\n      maximize: score.gain",
            "",
            "a front is of two objectives at least",
        ),
        (
            "{rows: score}\n    missing: allow\n  table",
            "{rows: score}\n    with: {values: [loss]}\n  table",
            "a front is of two numbers at least",
        ),
    ] {
        let other = of(&space.read("manifests/s.yaml").replace(from, to));
        let output = other.output(&["check", "manifests/s.yaml"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(part), "{said}");
    }
}

const SELECTED: &str = r#"experiment: s
axes:
  size: [4, 2, 1]
  seed: {seeds: 2}
stages:
  fit:
    uses: command
    with: {values: {size: "${size}", seed: "${seed}"}, metrics: stdout, run: 'echo "loss=$(( (size - 2) * (size - 2) + seed * size ))"; echo "test=$size"'}
  best:
    uses: select
    in: {candidates: fit}
    over: [size, seed]
    with: {by: loss, order: min, replicate: seed}
  told:
    uses: table/summary
    in: {rows: best.metrics}
    with: {values: [loss]}
"#;

#[test]
fn a_winner_that_is_reported_by_the_score_that_chose_it_is_warned_of() {
    let space = of(SELECTED);
    let told = said(&space, &["check", "manifests/s.yaml"]);
    assert!(
        told.contains("warning: `told` reports nothing but the score by which `best` was chosen")
            && told.contains("manifests/s.yaml:14:"),
        "{told}"
    );
    for values in ["[test]", "[loss, test]"] {
        let other = of(&SELECTED.replace("[loss]", values));
        let told = said(&other, &["check", "manifests/s.yaml"]);
        assert!(!told.contains("warning"), "{told}");
    }
    // Losses are 4 and 8 of size 4, 0 and 2 of size 2, 1 and 2 of size 1.
    run(&space, &[]);
    let choice = space.read("outputs/s/cells/best/choice.json");
    let choice: serde_json::Value = serde_json::from_str(&choice).expect("JSON");
    assert_eq!(choice["chosen"]["loss"], 1.0, "{choice}");
    assert_eq!(choice["chosen"]["cell"]["size"], 2, "{choice}");
    let rule = "replicate: seed, rule: one-standard-error, simplest: size";
    let simple = of(&SELECTED.replace("replicate: seed", rule));
    run(&simple, &[]);
    let choice = simple.read("outputs/s/cells/best/choice.json");
    let choice: serde_json::Value = serde_json::from_str(&choice).expect("JSON");
    // 1 ± 1 reaches 1.5 of size 1.
    assert_eq!(choice["chosen"]["cell"]["size"], 1, "{choice}");
    for (with, part) in [
        (
            "rule: one-standard-error",
            "a standard error is one over replicates",
        ),
        ("simplest: size", "the best is chosen, however simple"),
    ] {
        let space = of(&SELECTED.replace("replicate: seed", with));
        let told = said(&space, &["check", "manifests/s.yaml"]);
        assert!(
            told.contains(part) && told.contains("manifests/s.yaml:13:"),
            "{told}"
        );
    }
}

#[test]
fn a_warning_is_said_once_and_not_in_every_round() {
    let space = space("tpe");
    space.replace(
        "manifests/s.yaml",
        "minimize: score.loss",
        "maximize: score.loss",
    );
    space.replace(
        "manifests/s.yaml",
        "metrics: stdout",
        "metrics: {file: stdout, better: {loss: lower}}",
    );
    space.replace(
        "manifests/s.yaml",
        "parallel: 3",
        "parallel: 3\n      statistic: min",
    );
    space.replace(
        "manifests/s.yaml",
        "n: {log-int: [1, 100]}",
        "n: {log-int: [1, 100]}\n        unused: {int: [1, 9]}",
    );
    let told = run(&space, &[]);
    assert!(told.contains("going on to 14"), "{told}");
    let warnings = told
        .matches("`unused` does not change what is optimised")
        .count();
    assert_eq!(warnings, 1, "{told}");
}

/// Under four minutes, as a check of every change may take.
#[test]
fn the_searches_that_ship_run_in_their_quick_profile() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, last) in [
        ("search", "8 trials known\n"),
        (
            "search-asha",
            "9 trials known: 9 at epochs=1, 3 at epochs=3\n",
        ),
    ] {
        let sweepline = |verb: &[&str]| {
            let output = std::process::Command::new(env!("CARGO_BIN_EXE_sweepline"))
                .args(verb)
                .arg(format!("manifests/{name}.yaml"))
                .args(["--profile", "quick", "--outputs"])
                .arg(folder.path())
                .arg("--store")
                .arg(folder.path().join("store"))
                .env("NO_COLOR", "1")
                .output()
                .expect("the program starts");
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            String::from_utf8_lossy(&output.stderr).into_owned()
        };
        sweepline(&["run", "--progress", "none"]);
        let plan = sweepline(&["plan"]);
        assert!(plan.contains("up to date") && plan.contains(last), "{plan}");
    }
}

/// A size that only one parameter changes, beside a loss that all change, over seeds.
#[test]
fn a_front_has_objectives_of_unequal_axes() {
    let space = of(r#"experiment: s
axes:
  trial:
    random:
      space: {x: {uniform: [0, 1]}, n: {int: [1, 6]}}
      trials: 12
      minimize: fit.loss
      maximize: size.speed
  seed: {seeds: 2}
stages:
  fit:
    uses: command
    with: {values: {x: "${x}", n: "${n}", seed: "${seed}"}, run: 'awk -v x=$x -v n=$n -v s=$seed "BEGIN {print \"loss=\" x/10 + 1/n + s}"', metrics: stdout}
  size:
    uses: command
    with: {values: {n: "${n}"}, run: 'echo "speed=$((9 - $n))"', metrics: stdout}
  front: {uses: table/pareto, in: {rows: [fit, size]}}
  drawn: {uses: figure/pareto, in: {rows: [fit, size]}, with: {x: loss, y: speed, x_direction: minimize, y_direction: maximize}}
"#);
    let said = said(&space, &["check", "manifests/s.yaml"]);
    assert!(!said.contains("warning"), "{said}");
    let said = run(&space, &[]);
    let line = said
        .lines()
        .find(|line| line.starts_with("the front so far has "));
    let words: Vec<&str> = line.expect("a front").split(' ').collect();
    let front = space.read("outputs/s/tables/front.csv");
    assert_eq!(
        front.lines().count() - 1,
        words[5].parse::<usize>().unwrap(),
        "{said}{front}"
    );
    assert!(
        front.lines().skip(1).all(|row| !row.contains(",,")),
        "{front}"
    );
    let drawn = space.read("outputs/s/figures/drawn.csv");
    // A trial is one point, with the mean over its seeds.
    assert_eq!(drawn.lines().count(), 1 + 12, "{drawn}");
    assert_eq!(
        drawn.matches(",true").count(),
        front.lines().count() - 1,
        "{drawn}{front}"
    );
    let caption = space.read("outputs/s/figures/drawn.caption.txt");
    assert!(!caption.contains("without"), "{caption}");
}

/// One number, best at 0.3.
const LINE: &str = r#"experiment: s
axes:
  trial:
    tpe: {space: {x: {uniform: [0, 1]}}, trials: 12, minimize: fit.loss}
stages:
  fit:
    uses: command
    with: {values: {x: "${x}"}, run: 'awk -v x=$x "BEGIN { print \"loss=\" (x - 0.3) ^ 2 }"', metrics: stdout}
  table: {uses: table/summary, in: {rows: fit}, with: {values: [loss]}}
"#;

#[test]
fn a_space_that_is_changed_back_has_its_trials_again() {
    let space = of(LINE);
    run(&space, &[]);
    let first = space.read("outputs/s/tables/table.csv");
    space.write("manifests/s.yaml", &LINE.replace("[0, 1]", "[0, 0.5]"));
    run(&space, &[]);
    let narrow = space.read("outputs/s/tables/table.csv");
    assert_ne!(first, narrow);
    space.write("manifests/s.yaml", LINE);
    let said = run(&space, &[]);
    assert!(said.contains("all up to date"), "{said}");
    assert_eq!(space.read("outputs/s/tables/table.csv"), first);
    space.write("manifests/s.yaml", &LINE.replace("[0, 1]", "[0, 0.5]"));
    run(&space, &[]);
    assert_eq!(space.read("outputs/s/tables/table.csv"), narrow);
}

#[test]
fn a_space_with_fewer_points_than_trials_says_so() {
    let space = of(&LINE.replace("{uniform: [0, 1]}", "[0.1, 0.2, 0.4]"));
    run(&space, &[]);
    for verb in ["plan", "status"] {
        let output = space.output(&[verb, "manifests/s.yaml"]);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(
            said.contains("3 trials known, which is all that the space has"),
            "{said}"
        );
    }
}

/// Ten trials of three seeds, whose luckiest is far from the mean.
const SEEDED: &str = r#"experiment: s
axes:
  trial: {random: {space: {x: {uniform: [0, 1]}}, trials: 10, minimize: [fit.loss, fit.size]}}
  seed: {seeds: 3}
stages:
  fit:
    uses: command
    with:
      values: {x: "${x}", seed: "${seed}"}
      run: |
        awk -v x="$x" -v s="$seed" 'BEGIN { printf "loss=%.9f\nsize=%s\n", (x * 7.3 * (s + 1) + s * 0.37) % 1, x }'
      metrics: stdout
  front: {uses: table/pareto, in: {rows: fit}}
  drawn: {uses: figure/pareto, in: {rows: fit}, with: {x: size, y: loss}}
  best: {uses: figure/best-so-far, in: {rows: fit}, with: {y: loss}}
  lines: {uses: figure/parallel, in: {rows: fit}, with: {parameters: [x], value: loss}}
  both: {uses: figure/composite, in: {rows: fit}, with: {panels: {a: {figure: best-so-far, y: loss}}}}
"#;

#[test]
fn figures_take_seeds_and_directions_as_the_search_does() {
    let space = of(SEEDED);
    let output = space.output(&["run", "manifests/s.yaml", "--progress", "none"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    let rows = space.stdout(&[
        "ls",
        "manifests/s.yaml",
        "--stage",
        "fit",
        "--format",
        "csv",
    ]);
    let head: Vec<&str> = rows.lines().next().expect("a head").split(',').collect();
    let at = |name: &str| head.iter().position(|known| *known == name).expect(name);
    let mut sums: std::collections::BTreeMap<&str, f64> = std::collections::BTreeMap::new();
    for line in rows.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        *sums.entry(cells[at("x")]).or_default() += cells[at("loss")].parse::<f64>().expect("one");
    }
    let mean = sums.values().fold(f64::INFINITY, |a, b| a.min(b / 3.0));
    let best = space.read("outputs/s/figures/best.csv");
    assert_eq!(best.lines().count(), 11, "{best}");
    let last = best.lines().last().and_then(|line| line.split(',').nth(1));
    let last: f64 = last.expect("a cell").parse().expect("a number");
    assert!((last - mean).abs() < 1e-9, "{mean}: {best}");
    let drawn = space.read("outputs/s/figures/drawn.csv");
    let on = drawn.lines().filter(|line| line.ends_with(",true")).count();
    assert_eq!(drawn.lines().count(), 11, "{drawn}");
    let front = space.read("outputs/s/tables/front.csv");
    assert_eq!(on, front.lines().count() - 1, "{front}\n{drawn}");
    // Seeds that the figure names are what it says they are.
    space.replace(
        "manifests/s.yaml",
        "with: {y: loss}",
        "with: {y: loss, color: seed}",
    );
    let told = run(&space, &[]);
    let coloured = space.read("outputs/s/figures/best.csv");
    assert_eq!(coloured.lines().count(), 31, "{told}\n{coloured}");
}

#[test]
fn a_rung_is_a_value_before_any_trial_is_there() {
    let says = |epochs: &str| {
        let claim = format!("mean(loss, epochs={epochs}) < mean(loss, epochs=1)");
        let claims = format!("claims: [{{name: c, source: me, says: \"{claim}\"}}]\n");
        let space = halving("asha");
        let manifest = space.read("manifests/s.yaml");
        space.write("manifests/s.yaml", &format!("{manifest}{claims}"));
        space
    };
    let wrong = said(&says("8"), &["check", "manifests/s.yaml"]);
    assert!(wrong.contains("`epochs` is never `8`"), "{wrong}");
    let space = says("9");
    let output = space.output(&["check", "manifests/s.yaml"]);
    assert!(output.status.success(), "{output:?}");
    let only = |value: &str| said(&space, &["plan", "manifests/s.yaml", "--only", value]);
    let ahead = only("epochs=9");
    assert!(
        ahead.contains("no trial has come to this `epochs` yet"),
        "{ahead}"
    );
    let never = only("epochs=8");
    assert!(never.contains("`epochs` is never `8`"), "{never}");
    run(&space, &[]);
    let there = only("epochs=9");
    assert!(!there.contains("error"), "{there}");
}

#[test]
fn an_archive_has_the_program_of_the_search() {
    let manifest = "experiment: s\naxes:\n  trial: {command: {run: [sh, -c, 'sh tools/propose.sh'], space: {x: \
                    {uniform: [0, 1]}}, startup: 2, trials: 2, minimize: fit.loss}}\nstages:\n  fit: {uses: command, \
                    with: {values: {x: \"${x}\"}, run: 'echo loss=$x', metrics: stdout}}\n";
    let space = of(manifest);
    space.write("tools/propose.sh", "echo nothing\n");
    let told = run(&space, &[]);
    let packed = said(&space, &["pack", "manifests/s.yaml"]);
    assert!(
        packed.contains("2 files of the project"),
        "{told}\n{packed}"
    );
    let unpacked = said(&space, &["unpack", "s.sweepline.zip", "elsewhere"]);
    assert!(
        space.path("elsewhere/tools/propose.sh").is_file(),
        "{unpacked}"
    );
}

#[test]
fn a_text_that_is_to_be_minimised_is_told() {
    let manifest = "experiment: s\naxes: {trial: {random: {space: {x: {uniform: [0, 1]}}, trials: 2, minimize: \
                    fit.word}}}\nstages:\n  fit: {uses: command, with: {values: {x: \"${x}\"}, run: 'echo loss=$x; \
                    echo word=abc', metrics: stdout}}\n";
    let told = run(&of(manifest), &[]);
    assert!(
        told.contains("left no `word`") && told.contains("numbers are taken, and no text"),
        "{told}"
    );
}
