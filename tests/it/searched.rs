//! What a search keeps, and what it hands on to those who read its trials.

use crate::searches::rows;
use crate::sharing::Lab;
use crate::sharing::READ;
use crate::support::TestSpace;

fn of(manifest: &str) -> TestSpace {
    let space = TestSpace::new();
    space.write("manifests/s.yaml", manifest);
    space
}

/// What a command said, with its exit code.
fn said(space: &TestSpace, verb: &str) -> (Option<i32>, String) {
    let output = space.output(&match verb {
        "run" => vec!["run", "manifests/s.yaml", "--progress", "none"],
        verb => vec![verb, "manifests/s.yaml"],
    });
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (output.status.code(), text)
}

fn trials(space: &TestSpace) -> String {
    rows(space, "fit")
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
    let (code, told) = said(&space, "run");
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
    let (_, told) = said(&space, "check");
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
    let (code, told) = said(&space, "run");
    assert!(code == Some(1) && told.contains("no `error`"), "{told}");
}

/// Successive halving in which more of the budget costs more, and the best fail with some of it.
const RUNGS: &str = r#"experiment: s
axes:
  trial: {asha: {space: {x: [1, 2, 3, 4, 5, 6, 7, 8, 9]}, budget: n, min: 1, max: 9, factor: 3, trials: 9, minimize: fit.loss}}
stages:
  fit:
    uses: command
    with: {values: {x: "${x}", n: "${n}"}, run: 'echo "loss=$((x + n))"', metrics: stdout}
  best: {uses: select, over: [trial], in: {candidates: fit}, with: {by: loss}}
  rungs: {uses: figure/rungs, missing: allow, in: {rows: fit}, with: {x: n, y: loss}}
"#;

#[test]
fn a_selection_of_a_search_with_a_budget_is_of_those_that_had_it() {
    let space = of(RUNGS);
    let (_, told) = said(&space, "run");
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
    let (_, told) = said(&space, "run");
    assert!(told.contains("best so far fit.loss=4 "), "{told}");
    let caption = space.read("outputs/s/figures/rungs.caption.txt");
    assert!(caption.contains("of which 0 came"), "{caption}");
}

const LINE: &str = r#"experiment: s
axes:
  trial: {tpe: {space: {x: {uniform: [0, 1]}}, startup: 3, parallel: 1, trials: 6, minimize: fit.loss}}
stages:
  fit: {uses: command, with: {values: {x: "${x}"}, run: 'echo "loss=$x"', metrics: stdout}}
"#;

#[test]
fn fewer_trials_and_as_many_again_are_the_same() {
    let space = of(LINE);
    said(&space, "run");
    // Trials that were proposed for another space are found again by nobody else.
    space.replace("manifests/s.yaml", "[0, 1]", "[0.2, 1]");
    said(&space, "run");
    let all = trials(&space);
    space.replace("manifests/s.yaml", "trials: 6", "trials: 2");
    said(&space, "run");
    assert_eq!(trials(&space).lines().count(), 3);
    space.replace("manifests/s.yaml", "trials: 2", "trials: 6");
    assert_eq!(trials(&space), all);
}

#[test]
fn a_trial_that_has_a_result_by_now_has_not_failed() {
    let run = r#"'[ -e "${root}/ok" ] || [ "$x" != "$(cat "${root}/bad")" ] || exit 1; echo "loss=0.$x" | tr -d . | sed "s/=0/=0./"'"#;
    let space = of(&LINE.replace(r#"'echo "loss=$x"'"#, run));
    space.write("bad", "");
    let first = space.stdout(&["plan", "manifests/s.yaml", "--json"]);
    let step = first.lines().next().expect("a trial is known");
    let step: serde_json::Value = serde_json::from_str(step).expect("JSON");
    space.write("bad", &step["cell"]["x"].to_string());
    let (code, told) = said(&space, "run");
    assert!(
        code == Some(1) && told.contains("5 ended, 1 failed"),
        "{told}"
    );
    space.write("ok", "");
    let (_, told) = said(&space, "run");
    assert!(told.contains("6 ended"), "{told}");
    let known = trials(&space);
    space.replace("manifests/s.yaml", "trials: 6", "trials: 7");
    let (_, told) = said(&space, "run");
    assert!(told.contains("7 ended"), "{told}");
    let more = trials(&space);
    assert!(more.starts_with(known.trim_end()), "{known}\n{more}");
    // Fewer are the first of them, and as many again those that there were.
    space.replace("manifests/s.yaml", "trials: 7", "trials: 5");
    let (_, told) = said(&space, "run");
    assert!(told.contains("up to date"), "{told}");
    assert!(more.starts_with(trials(&space).trim_end()), "{more}");
    space.replace("manifests/s.yaml", "trials: 5", "trials: 7");
    assert_eq!(trials(&space), more);
}

#[test]
fn an_edit_that_is_taken_back_leaves_the_search_as_it_was() {
    let edits = r##"code: [f.sh], run: 'if [ -e "${root}/edit" ]; then rm "${root}/edit"; echo "#" >> "${root}/f.sh"; fi; . "${root}/f.sh"'"##;
    let space = of(&LINE.replace(r#"run: 'echo "loss=$x"'"#, edits));
    let code = "echo \"loss=$x\"\n";
    space.write("f.sh", code);
    said(&space, "run");
    let undisturbed = trials(&space);
    std::fs::remove_dir_all(space.path("outputs")).expect("results");
    space.write("edit", "");
    let run = ["run", "manifests/s.yaml", "--jobs", "1"];
    let output = space.output(&[&run[..], &["--progress", "none"]].concat());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("`f.sh` changed while the step ran"), "{told}");
    space.write("f.sh", code);
    let (_, told) = said(&space, "run");
    assert!(told.contains("; 6 ended\n"), "{told}");
    assert_eq!(trials(&space), undisturbed);
}

#[test]
fn what_promoted_trials_go_on_from_is_kept_while_they_are_to_come() {
    let run = r#"'s="${checkpoint}/s"; [ -e "$s" ] || { echo "$n" >> "${root}/anew"; touch "$s"; }; echo "loss=$((x + n))"'"#;
    let space = of(&RUNGS.replace(r#"'echo "loss=$((x + n))"'"#, run));
    let first = ["run", "manifests/s.yaml", "--only", "n=1", "--stage", "fit"];
    let output = space.output(&first);
    assert!(output.status.success(), "{output:?}");
    space.stdout(&["gc", "--yes"]);
    said(&space, "run");
    assert_eq!(space.read("anew"), "1\n".repeat(9));
    // Nobody goes on once it has ended.
    let output = space.output(&["gc", "--yes"]);
    assert!(output.status.success(), "{output:?}");
    let left = space.files("outputs/store/checkpoints");
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_is_made_of_all_trials_waits_for_them_under_a_filter_too() {
    let best = "  best: {uses: select, over: [trial], missing: allow, in: {candidates: fit}, with: {by: loss}}\n";
    let space = of(&[LINE, best].concat());
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
    let (code, told) = said(&space, "run");
    assert!(code == Some(0) && told.contains("6 ended"), "{told}");
    assert!(!run("best").contains("waits"));
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
    let (code, told) = said(&space, "run");
    let best = "(x=2); 2 ended, 1 without all replicates";
    assert!(code == Some(0) && told.contains(best), "{told}");
    let choice = space.read("outputs/s/cells/best/choice.json");
    let chosen = choice.split("runners_up").next().unwrap();
    assert!(chosen.contains("\"x\": 2"), "{choice}");
}

#[test]
fn a_choice_that_no_trial_has_yet_is_one() {
    let space = of(r#"experiment: s
axes:
  trial: {random: {space: {o: [p, q, r, s, t, u, v], b: {uniform: [0, 1], when: o == 'v'}, z: {uniform: [0, 1]}}, trials: 3, seed: 9, minimize: fit.loss}}
exclude: [{o: t}]
stages:
  fit:
    uses: command
    with: {values: {o: "${o}", b: "${b}", z: "${z}"}, run: 'echo "loss=$z"', metrics: stdout}
  slices: {uses: figure/slices, in: {rows: fit}, with: {parameters: [b, z], y: loss}}
claims:
  - {name: c, source: me, says: "min(loss, o=v) < 1", table: fit}
"#);
    let (code, told) = said(&space, "check");
    assert!(code == Some(0) && !told.contains("never"), "{told}");
}

#[test]
fn a_number_that_no_trial_has_yet_is_one() {
    let space = of(&LINE
        .replace(
            "x: {uniform: [0, 1]}",
            "x: {uniform: [0, 1]}, k: {int: [1, 600]}",
        )
        .replace(
            "stages:",
            "exclude: [{k: [3, 4], x: 0.25}, \"k == 7\", \"k > 599\"]\nstages:",
        )
        .replace("values: {", "values: {k: \"${k}\", "));
    let claim = "claims:\n  - {name: c, source: me, says: \"min(loss, k=5) < 1\", table: fit}\n";
    let manifest = space.read("manifests/s.yaml");
    space.write("manifests/s.yaml", &[manifest.as_str(), claim].concat());
    let (code, told) = said(&space, "check");
    let complains = told.contains("never") || told.contains("excludes nothing");
    assert!(code == Some(0) && !complains, "{told}");
    let plan = |only: &str| {
        let output = space.output(&["plan", "manifests/s.yaml", "--only", only]);
        String::from_utf8(output.stderr).expect("text")
    };
    for only in ["k=5", "k<2", "x=0.125"] {
        let told = plan(only);
        assert!(told.contains("no trial has such values yet"), "{told}");
    }
    assert!(plan("k=601").contains("`k` is never `601`"));
    // Beyond its ends it is none.
    space.replace("manifests/s.yaml", "k: [3, 4]", "k: [3, 601]");
    space.replace("manifests/s.yaml", "k=5", "k=0");
    space.replace("manifests/s.yaml", "k > 599", "k > 600");
    let (_, told) = said(&space, "check");
    for never in [
        "`k` is never `601`",
        "`k` is never `0`",
        "`exclude` matches no cell",
    ] {
        assert!(told.contains(never), "{told}");
    }
}

#[test]
fn a_search_that_has_ended_has_the_values_of_its_trials() {
    let space = of(LINE);
    let plan = |only: &str| {
        let output = space.output(&["plan", "manifests/s.yaml", "--only", only]);
        String::from_utf8(output.stderr).expect("text")
    };
    assert!(plan("x=0.125").contains("no trial has such values yet"));
    let (code, told) = said(&space, "run");
    assert!(code == Some(0), "{told}");
    let told = plan("x=0.125");
    let never = told.contains("`x` is never `0.125`") && told.contains("its values are");
    assert!(never && !told.contains("goes on"), "{told}");
}

/// A stage that takes no 0, which `SPACE` has.
const MODEL: &str = r#"experiment: s
axes:
  trial: {random: {space: {k: SPACE, lr: {uniform: [0.001, 0.01]}}, trials: 8, maximize: fit.valid_elbo}}
stages:
  data: {uses: dataset/synthetic, with: {name: clusters, points: 50, valid: 20}}
  fit:
    uses: train/vae
    in: {data: data}
    with: {latent: "LATENT", hidden: [4], visible: gaussian, epochs: 1, lr: "${lr}"}
"#;

#[test]
fn what_a_space_has_that_no_stage_takes_is_told_before_anything_runs() {
    let space = of(&MODEL
        .replace("SPACE", "{int: [0, 9]}")
        .replace("LATENT", "${k}"));
    for verb in ["check", "run", "plan"] {
        let (code, told) = said(&space, verb);
        assert!(
            code == Some(2) && told.contains("`0` is less than 1"),
            "{verb}: {told}"
        );
        let end = "an end of the space of `trial`, which trials may come to: k=0,lr=";
        assert!(told.contains(end), "{verb}: {told}");
    }
    let equal = of(r#"experiment: s
axes:
  trial: {tpe: {space: {o: [p, q, r, s, t, u, v], b: {uniform: [0, 1]}}, trials: 12, startup: 3, minimize: fit.loss}}
stages:
  fit: {uses: command, with: {values: {o: "${o}", b: "${b}"}, run: 'echo "loss=$b"', metrics: stdout}}
  table: {uses: table/summary, in: {rows: fit}, with: {values: [loss], by: [o]}}
"#);
    let (code, told) = said(&equal, "check");
    assert!(
        code == Some(2) && told.contains("the axis `b` is not told apart"),
        "{told}"
    );
}

#[test]
fn a_point_that_no_stage_takes_fails_its_trial_and_nothing_else() {
    let space = of(&MODEL
        .replace("SPACE", "{int: [5, 7]}")
        .replace("LATENT", "${abs(k - 6)}"));
    let (code, told) = said(&space, "run");
    assert!(code == Some(0) && told.contains(" failed\n"), "{told}");
    assert!(
        told.contains("k=6,") && told.contains("cannot be planned"),
        "{told}"
    );
    for verb in ["plan", "ls", "status"] {
        assert_eq!(said(&space, verb).0, Some(0), "{verb}");
    }
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
    let (code, told) = said(&space, "check");
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
    let (code, told) = said(&space, "check");
    assert_eq!(code, Some(0), "{told}");
}

/// The points of a search's trials, as the table of rows has them.
fn values(space: &TestSpace, name: &str) -> Vec<String> {
    let text = trials(space);
    let mut lines = text.lines().map(|line| line.split(','));
    let at = lines
        .next()
        .and_then(|mut head| head.position(|cell| cell == name));
    let at = at.unwrap_or_else(|| panic!("no `{name}` in {text}"));
    lines
        .filter_map(|mut line| Some(line.nth(at)?.to_owned()))
        .collect()
}

#[test]
fn what_is_excluded_is_not_proposed() {
    let with = |shaping: &str| {
        LINE.replace("space: {", "space: {o: [p, q], ")
            .replace("stages:", shaping)
            .replace("values: {", "values: {o: \"${o}\", ")
    };
    for shaping in [
        "exclude: [{o: q}]\nstages:",
        "exclude: [\"o == 'q'\"]\nstages:",
        "when: o == 'p'\nstages:",
    ] {
        let space = of(&with(shaping));
        let (code, told) = said(&space, "run");
        assert!(code == Some(0) && told.contains(" 6 ended\n"), "{told}");
        assert_eq!(values(&space, "o"), ["p"; 6], "{shaping}");
    }
    // The same points as with a stage that is there for some of them only.
    let space = of(&with("exclude: [{o: q}]\nstages:"));
    let other = of(&with("stages:").replace("  fit: {", "  fit: {when: o == 'p', "));
    for space in [&space, &other] {
        said(space, "run");
    }
    assert_eq!(values(&space, "x"), values(&other, "x"));
    let (_, told) = said(&of(&with("exclude: [{o: [p, q]}]\nstages:")), "check");
    assert!(
        told.contains("no point of the search `trial` is left"),
        "{told}"
    );
}

#[test]
fn a_trial_that_is_excluded_later_falls_out() {
    let space = of(&LINE
        .replace("space: {", "space: {o: [p, q], ")
        .replace("values: {", "values: {o: \"${o}\", "));
    said(&space, "run");
    let out = values(&space, "o").iter().filter(|o| *o == "q").count();
    let kept: Vec<String> = values(&space, "x")
        .into_iter()
        .zip(values(&space, "o"))
        .filter(|(_, o)| o == "p")
        .map(|(x, _)| x)
        .collect();
    assert!(out > 0 && !kept.is_empty());
    space.replace("manifests/s.yaml", "stages:", "exclude: [{o: q}]\nstages:");
    let (_, told) = said(&space, "run");
    assert_eq!(
        told.matches("conditions leave it out").count(),
        out,
        "{told}"
    );
    assert_eq!(values(&space, "o"), ["p"; 6]);
    assert_eq!(values(&space, "x")[..kept.len()], kept[..]);
}

#[test]
fn what_a_program_has_proposed_is_shared_with_the_results() {
    let lab = Lab::new();
    let method = "{command: {run: [sh, propose.sh], space: {x: {uniform: [0, 1]}}, startup: 2";
    let manifest = LINE.replace("{tpe: {space: {x: {uniform: [0, 1]}}, startup: 3", method);
    let users = ["1", "2"].map(|digit| {
        let user = lab.user(READ);
        user.write("manifests/s.yaml", &manifest);
        let program = "echo asked >> asked.log\nn=$(wc -l)\necho \"{\\\"point\\\": {\\\"x\\\": 0.${n}DIGIT}}\"\n";
        user.write("propose.sh", &program.replace("DIGIT", digit));
        user
    });
    let [anna, ben] = users;
    for (user, verb) in [(&anna, "run"), (&anna, "push"), (&ben, "pull")] {
        let (code, told) = said(user, verb);
        assert_eq!(code, Some(0), "{verb}: {told}");
    }
    assert_eq!(trials(&ben), trials(&anna));
    assert_eq!(values(&ben, "x").len(), 6);
    let (_, told) = said(&ben, "run");
    assert!(!ben.path("asked.log").exists(), "{told}");
    // Who has gone on with other points keeps them.
    let carl = lab.user(READ);
    carl.write("manifests/s.yaml", &manifest);
    carl.write(
        "propose.sh",
        "n=$(wc -l)\necho \"{\\\"point\\\": {\\\"x\\\": 0.9${n}}}\"\n",
    );
    said(&carl, "run");
    let own = trials(&carl);
    assert_eq!(said(&carl, "pull").0, Some(0));
    assert_eq!(trials(&carl), own);
}

#[test]
fn figures_draw_a_trial_once_unless_its_budget_is_drawn() {
    let space = of(&format!(
        "{RUNGS}  once: {{uses: figure/parallel, in: {{rows: fit}}, with: {{parameters: [x], value: loss}}}}\n  \
         all: {{uses: figure/parallel, in: {{rows: fit}}, with: {{parameters: [x, n], value: loss}}}}\n  \
         slices: {{uses: figure/slices, in: {{rows: fit}}, with: {{parameters: x, y: loss}}}}\n  \
         coloured: {{uses: figure/slices, in: {{rows: fit}}, with: {{parameters: x, y: loss, color: n}}}}\n"
    ));
    let (code, told) = said(&space, "run");
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

#[test]
fn who_promotes_nobody_to_all_of_the_budget_is_told() {
    let space = of(&RUNGS.replace("trials: 9", "trials: 18, group: 3"));
    let (code, told) = said(&space, "check");
    let none = "no trial comes to all of the budget, `n` = 9";
    assert!(code == Some(0) && told.contains(none), "{told}");
    assert!(told.contains("`group: 9` leaves one"), "{told}");
    let (_, told) = said(&of(RUNGS), "check");
    assert!(!told.contains("no trial comes"), "{told}");
}

/// The program asks whoever asks it to stop.
#[cfg(unix)]
#[test]
fn who_stops_a_run_while_a_program_proposes_is_heard() {
    let method = "{command: {run: [sh, propose.sh], space: {x: {uniform: [0, 1]}}, startup: 2";
    let space = of(&LINE.replace("{tpe: {space: {x: {uniform: [0, 1]}}, startup: 3", method));
    space.write("propose.sh", "kill -TERM $PPID\nsleep 600\n");
    let (code, told) = said(&space, "run");
    assert!(code == Some(130) && told.contains("stopped"), "{told}");
    assert_eq!(trials(&space).lines().count(), 3);
    space.write("propose.sh", "echo '{\"point\": {\"x\": 0.1234567}}'\n");
    let (_, told) = said(&space, "run");
    assert!(trials(&space).contains("0.1234567"), "{told}");
    assert!(told.contains("with the point of an earlier one"), "{told}");
}
