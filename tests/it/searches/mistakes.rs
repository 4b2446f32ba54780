//! Mistakes in a search are said at their place.

use super::kit::RUNGS;
use super::kit::asked;
use super::kit::halving;
use super::kit::of;
use super::kit::space;

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

#[test]
fn who_promotes_nobody_to_all_of_the_budget_is_told() {
    let space = of(&RUNGS.replace("trials: 9", "trials: 18, group: 3"));
    let (code, told) = asked(&space, "check");
    let none = "no trial comes to all of the budget, `n` = 9";
    assert!(code == Some(0) && told.contains(none), "{told}");
    assert!(told.contains("`group: 9` leaves one"), "{told}");
    let (_, told) = asked(&of(RUNGS), "check");
    assert!(!told.contains("no trial comes"), "{told}");
}
