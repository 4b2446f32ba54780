//! What a search hands on to those who read its trials: selections, figures.

use super::kit::RUNGS;
use super::kit::SHORT;
use super::kit::asked;
use super::kit::of;
use super::kit::run;
use super::kit::said;

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

/// A search that makes `err` small, and a selection that says nothing of it.
const CHOSEN: &str = r#"experiment: s
axes:
  trial: {random: {space: {x: [5, 1, 3, 9]}, trials: 4, minimize: fit.err}}
stages:
  fit: {uses: command, with: {values: {x: "${x}"}, run: 'printf "err=$x\nother=$x\n"', metrics: stdout}}
  best: {uses: select, over: [trial], in: {candidates: fit}, with: {by: err}}
  table: {uses: table/best, in: {rows: fit}, with: {values: err, by: []}}
"#;

#[test]
fn what_a_search_minimises_is_smaller_where_it_is_better() {
    let space = of(CHOSEN);
    let (code, told) = asked(&space, "run");
    assert!(code == Some(0) && !told.contains("warning"), "{told}");
    let choice = space.read("outputs/s/cells/best/choice.json");
    assert!(choice.contains("\"order\": \"min\""), "{choice}");
    let table = space.read("outputs/s/tables/table.table.csv");
    assert!(
        table.lines().nth(1).unwrap().starts_with("err,1,"),
        "{table}"
    );
    // What it does not optimise has no direction.
    space.replace("manifests/s.yaml", "{by: err}", "{by: other}");
    let (_, told) = asked(&space, "check");
    assert!(
        told.contains("it is not known which `other` is better"),
        "{told}"
    );
    // A slip in what is optimised is one all the same.
    space.replace(
        "manifests/s.yaml",
        "minimize: fit.err",
        "minimize: fit.error",
    );
    space.replace("manifests/s.yaml", "values: err", "values: [error]");
    let (code, told) = asked(&space, "run");
    assert!(code == Some(1) && told.contains("no `error`"), "{told}");
}

#[test]
fn a_selection_of_a_search_with_a_budget_is_of_those_that_had_it() {
    let space = of(RUNGS);
    let (_, told) = asked(&space, "run");
    let choice = space.read("outputs/s/cells/best/choice.json");
    let chosen = choice.split("runners_up").next().unwrap();
    assert!(
        chosen.contains("\"n\": 9") && chosen.contains("\"x\": 1"),
        "{told}\n{choice}"
    );
}

#[test]
fn a_trial_that_fails_with_more_of_the_budget_is_not_the_best() {
    let run = r#"'[ "$n" -lt 3 ] || exit 1; echo "loss=$x"'"#;
    let space = of(&RUNGS.replace(r#"'echo "loss=$((x + n))"'"#, run));
    let (_, told) = asked(&space, "run");
    assert!(told.contains("best so far fit.loss=4 "), "{told}");
    let caption = space.read("outputs/s/figures/rungs.caption.txt");
    assert!(caption.contains("of which 0 came"), "{caption}");
}

#[test]
fn what_is_made_of_all_trials_waits_for_them_under_a_filter_too() {
    let best = "  best: {uses: select, over: [trial], missing: allow, in: {candidates: fit}, with: {by: loss}}\n";
    let space = of(&[SHORT, best].concat());
    let run = |stage: &str| {
        let run = ["run", "manifests/s.yaml", "--progress", "none"];
        let output = space.output(&[&run[..], &["--stage", stage]].concat());
        String::from_utf8(output.stderr).expect("text")
    };
    run("fit");
    let told = run("best");
    let wait = "`best` waits for the last trial: 2 trials known, up to 4 more";
    assert!(told.contains(wait), "{told}");
    let plan = space.stdout(&["plan", "manifests/s.yaml", "--stage", "best"]);
    assert!(
        plan.contains("best: pending, waits for the last trial"),
        "{plan}"
    );
    assert!(!space.path("outputs/s/cells/best").exists());
    let (code, told) = asked(&space, "run");
    assert!(code == Some(0) && told.contains("6 ended"), "{told}");
    assert!(!run("best").contains("waits"));
}

#[test]
fn figures_of_trials_refuse_an_axis_that_is_not_searched() {
    let space = of(&RUNGS
        .replace("axes:\n", "axes:\n  dataset: [a, b]\n")
        .replace("minimize: fit.loss", "minimize: all.loss")
        .replace(r#"n: "${n}"}"#, r#"n: "${n}", d: "${dataset}"}"#)
        .replace(
            "  best: {uses: select, over: [trial], in: {candidates: fit}, with: {by: loss}}\n",
            "  all: {uses: command, over: [dataset], in: {rows: fit}, with: {run: 'echo loss=1', metrics: stdout}}\n  \
             best: {uses: figure/best-so-far, in: {rows: fit}, with: {y: loss}}\n",
        ));
    let (code, told) = asked(&space, "check");
    let apart = "the axis `dataset` is not told apart";
    assert!(
        code == Some(2) && told.matches(apart).count() == 2,
        "{told}"
    );
    space.replace(
        "manifests/s.yaml",
        "{x: n, y: loss}",
        "{x: n, y: loss, color: dataset}",
    );
    space.replace(
        "manifests/s.yaml",
        "with: {y: loss}",
        "with: {y: loss, facet: dataset}",
    );
    let (code, told) = asked(&space, "check");
    assert_eq!(code, Some(0), "{told}");
}

#[test]
fn figures_draw_a_trial_once_unless_its_budget_is_drawn() {
    let space = of(&format!(
        "{RUNGS}  once: {{uses: figure/parallel, in: {{rows: fit}}, with: {{parameters: [x], value: loss}}}}\n  \
         all: {{uses: figure/parallel, in: {{rows: fit}}, with: {{parameters: [x, n], value: loss}}}}\n  \
         slices: {{uses: figure/slices, in: {{rows: fit}}, with: {{parameters: x, y: loss}}}}\n  \
         coloured: {{uses: figure/slices, in: {{rows: fit}}, with: {{parameters: x, y: loss, color: n}}}}\n"
    ));
    let (code, told) = asked(&space, "run");
    assert_eq!(code, Some(0), "{told}");
    for (figure, n) in [
        ("once", "n = 9, each with the most n that it had."),
        ("slices", "n = 9, each with the most n that it had."),
        ("all", "n = 13."),
        ("coloured", "n = 13."),
    ] {
        let caption = space.read(&format!("outputs/s/figures/{figure}.caption.txt"));
        assert!(caption.contains(n), "{figure}: {caption}");
    }
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

#[test]
fn a_candidate_of_which_the_score_failed_may_be_left_out() {
    let manifest = |fails: &str| {
        format!(
            r#"experiment: s
axes: {{x: [1, 2, 3]}}
stages:
  fit: {{uses: command, with: {{values: {{x: "${{x}}"}}, run: 'echo "loss=$x"', metrics: stdout}}}}
  score: {{uses: command, in: {{m: fit}}, with: {{values: {{x: "${{x}}"}}, run: 'if [ $x -lt {fails} ]; then exit 3; fi; echo "loss=$x"', metrics: stdout}}}}
  best: {{uses: select, over: x, missing: allow, in: {{candidates: fit, scores: score}}, with: {{by: loss, order: min}}}}
"#
        )
    };
    let space = of(&manifest("2"));
    let (_, told) = asked(&space, "run");
    assert!(
        told.contains("left out 1 candidate of which the score is missing"),
        "{told}"
    );
    let choice = space.read("outputs/s/cells/best/choice.json");
    let chosen = choice.split("runners_up").next().unwrap();
    assert!(chosen.contains("\"x\": 2"), "{choice}");
    // Their own numbers are no scores.
    let (_, told) = asked(&of(&manifest("9")), "run");
    assert!(told.contains("3 failed, 1 skipped"), "{told}");
}
