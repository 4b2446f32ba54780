//! What came of trials: those that failed, those without a number, and what is said of all.

use super::kit::MANIFEST;
use super::kit::SHORT;
use super::kit::asked;
use super::kit::fits;
use super::kit::of;
use super::kit::run;
use super::kit::said;
use super::kit::space;
use super::kit::trials;
use crate::support::TestSpace;

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

#[test]
fn a_trial_that_has_a_result_by_now_has_not_failed() {
    let run = r#"'[ -e "${root}/ok" ] || [ "$x" != "$(cat "${root}/bad")" ] || exit 1; echo "loss=0.$x" | tr -d . | sed "s/=0/=0./"'"#;
    let space = of(&SHORT.replace(r#"'echo "loss=$x"'"#, run));
    space.write("bad", "");
    let first = space.stdout(&["plan", "manifests/s.yaml", "--json"]);
    let step = first.lines().next().expect("a trial is known");
    let step: serde_json::Value = serde_json::from_str(step).expect("JSON");
    space.write("bad", &step["cell"]["x"].to_string());
    let (code, told) = asked(&space, "run");
    assert!(
        code == Some(1) && told.contains("5 ended, 1 failed"),
        "{told}"
    );
    space.write("ok", "");
    let (_, told) = asked(&space, "run");
    assert!(told.contains("6 ended"), "{told}");
    let known = fits(&space);
    space.replace("manifests/s.yaml", "trials: 6", "trials: 7");
    let (_, told) = asked(&space, "run");
    assert!(told.contains("7 ended"), "{told}");
    let more = fits(&space);
    assert!(more.starts_with(known.trim_end()), "{known}\n{more}");
    // Fewer are the first of them, and as many again those that there were.
    space.replace("manifests/s.yaml", "trials: 7", "trials: 5");
    let (_, told) = asked(&space, "run");
    assert!(told.contains("up to date"), "{told}");
    assert!(more.starts_with(fits(&space).trim_end()), "{more}");
    space.replace("manifests/s.yaml", "trials: 5", "trials: 7");
    assert_eq!(fits(&space), more);
}

#[test]
fn a_trial_without_all_replicates_is_not_the_best() {
    let space = of(r#"experiment: s
axes:
  trial: {random: {space: {x: [1, 2, 3]}, trials: 3, minimize: fit.loss}}
  seed: {seeds: 2}
exclude: [{x: 1, seed: 1}]
stages:
  fit: {uses: command, with: {values: {x: "${x}", seed: "${seed}"}, run: 'echo "loss=$((x + 10 * seed))"', metrics: stdout}}
  best: {uses: select, over: [trial, seed], in: {candidates: fit}, with: {by: loss, replicate: seed}}
"#);
    let (code, told) = asked(&space, "run");
    let best = "(x=2); 2 ended, 1 without all replicates";
    assert!(code == Some(0) && told.contains(best), "{told}");
    let choice = space.read("outputs/s/cells/best/choice.json");
    let chosen = choice.split("runners_up").next().unwrap();
    assert!(chosen.contains("\"x\": 2"), "{choice}");
}

#[test]
fn what_waits_for_failed_trials_is_told_how_to_go_on_without_them() {
    let run = r#"'[ "$x" != 1 ] || exit 3; echo "loss=$x"'"#;
    let manifest = SHORT
        .replace("{uniform: [0, 1]}", "[1, 2, 3]")
        .replace(r#"'echo "loss=$x"'"#, run);
    let best = "  best: {uses: select, over: trial, in: {candidates: fit}, with: {by: loss}}\n";
    let space = of(&(manifest + best));
    let (code, told) = asked(&space, "run");
    let help = "`best` is of all trials: with `missing: allow` it is of those that have results";
    assert!(code == Some(1) && told.contains(help), "{told}");
    space.replace(
        "manifests/s.yaml",
        "{uses: select, ",
        "{uses: select, missing: allow, ",
    );
    let (_, told) = asked(&space, "run");
    assert!(!told.contains("is of all trials"), "{told}");
    assert!(
        space
            .read("outputs/s/cells/best/choice.json")
            .contains("\"x\": 2")
    );
}
