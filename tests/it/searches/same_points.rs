//! Which points are proposed, and what they may depend on: never on the number of jobs, on what ends first, or on kills.

use super::kit::SHORT;
use super::kit::asked;
use super::kit::executed;
use super::kit::fits;
use super::kit::kill_often;
use super::kit::of;
use super::kit::run;
use super::kit::space;
use super::kit::trials;

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
    // All in one run.
    let runs = space.stdout(&["runs"]);
    assert_eq!(runs.lines().count(), 1 + 1, "{runs}");
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
fn methods_that_do_not_learn_know_all_their_points_at_once() {
    for method in ["random", "sobol", "halton"] {
        let space = space(method);
        let plan = space.output(&["plan", "manifests/s.yaml"]);
        let said = String::from_utf8_lossy(&plan.stderr).into_owned();
        assert!(said.ends_with("14 trials known\n"), "{said}");
    }
}

#[test]
fn fewer_trials_and_as_many_again_are_the_same() {
    let space = of(SHORT);
    asked(&space, "run");
    // Trials that were proposed for another space are found again by nobody else.
    space.replace("manifests/s.yaml", "[0, 1]", "[0.2, 1]");
    asked(&space, "run");
    let all = fits(&space);
    space.replace("manifests/s.yaml", "trials: 6", "trials: 2");
    asked(&space, "run");
    assert_eq!(fits(&space).lines().count(), 3);
    space.replace("manifests/s.yaml", "trials: 2", "trials: 6");
    assert_eq!(fits(&space), all);
}

#[test]
fn an_edit_that_is_taken_back_leaves_the_search_as_it_was() {
    let edits = r##"code: [f.sh], run: 'if [ -e "${root}/edit" ]; then rm "${root}/edit"; echo "#" >> "${root}/f.sh"; fi; . "${root}/f.sh"'"##;
    let space = of(&SHORT.replace(r#"run: 'echo "loss=$x"'"#, edits));
    let code = "echo \"loss=$x\"\n";
    space.write("f.sh", code);
    asked(&space, "run");
    let undisturbed = fits(&space);
    std::fs::remove_dir_all(space.path("outputs")).expect("results");
    space.write("edit", "");
    let run = ["run", "manifests/s.yaml", "--jobs", "1"];
    let output = space.output(&[&run[..], &["--progress", "none"]].concat());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("`f.sh` changed while the step ran"), "{told}");
    space.write("f.sh", code);
    let (_, told) = asked(&space, "run");
    assert!(told.contains("; 6 ended\n"), "{told}");
    assert_eq!(fits(&space), undisturbed);
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
