//! Spaces: those of few points, and those that are changed.

use super::kit::LINE;
use super::kit::SHORT;
use super::kit::asked;
use super::kit::executed;
use super::kit::of;
use super::kit::run;
use super::kit::space;
use super::kit::trials;

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
    let (code, told) = asked(&space, "check");
    assert!(code == Some(0) && !told.contains("never"), "{told}");
}

#[test]
fn a_number_that_no_trial_has_yet_is_one() {
    let space = of(&SHORT
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
    let (code, told) = asked(&space, "check");
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
    let (_, told) = asked(&space, "check");
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
    let space = of(SHORT);
    let plan = |only: &str| {
        let output = space.output(&["plan", "manifests/s.yaml", "--only", only]);
        String::from_utf8(output.stderr).expect("text")
    };
    assert!(plan("x=0.125").contains("no trial has such values yet"));
    let (code, told) = asked(&space, "run");
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
        let (code, told) = asked(&space, verb);
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
    let (code, told) = asked(&equal, "check");
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
    let (code, told) = asked(&space, "run");
    assert!(code == Some(0) && told.contains(" failed\n"), "{told}");
    assert!(
        told.contains("k=6,") && told.contains("cannot be planned"),
        "{told}"
    );
    for verb in ["plan", "ls", "status"] {
        assert_eq!(asked(&space, verb).0, Some(0), "{verb}");
    }
}

#[test]
fn a_run_of_all_that_a_space_has_says_so_once() {
    for method in ["tpe", "random", "sobol"] {
        let manifest = SHORT.replace("{uniform: [0, 1]}", "[0.1, 0.2]");
        let manifest = manifest.replace("startup: 3, ", "").replace("tpe", method);
        let (_, told) = asked(&of(&manifest), "run");
        let all = "\n2 trials, which is all that the space has\n";
        assert_eq!(told.matches(all).count(), 1, "{method}: {told}");
    }
}
