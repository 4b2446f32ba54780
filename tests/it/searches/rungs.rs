//! A part of the budget first: who is promoted, and what goes on from where it was.

use super::kit::HALVING;
use super::kit::RUNGS;
use super::kit::asked;
use super::kit::at;
use super::kit::cells;
use super::kit::executed;
use super::kit::halving;
use super::kit::kill_often;
use super::kit::of;
use super::kit::run;
use super::kit::said;
use super::kit::states;
use crate::support::TestSpace;

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
fn what_promoted_trials_go_on_from_is_kept_while_they_are_to_come() {
    let run = r#"'s="${checkpoint}/s"; [ -e "$s" ] || { echo "$n" >> "${root}/anew"; touch "$s"; }; echo "loss=$((x + n))"'"#;
    let space = of(&RUNGS.replace(r#"'echo "loss=$((x + n))"'"#, run));
    let first = ["run", "manifests/s.yaml", "--only", "n=1", "--stage", "fit"];
    let output = space.output(&first);
    assert!(output.status.success(), "{output:?}");
    space.stdout(&["gc", "--yes"]);
    asked(&space, "run");
    assert_eq!(space.read("anew"), "1\n".repeat(9));
    // Nobody goes on once it has ended.
    let output = space.output(&["gc", "--yes"]);
    assert!(output.status.success(), "{output:?}");
    let left = space.files("outputs/store/checkpoints");
    assert!(left.is_empty(), "{left:?}");
}
