//! Points that conditions leave out.

use super::kit::SHORT;
use super::kit::asked;
use super::kit::of;
use super::kit::run;
use super::kit::trials;
use super::kit::values;

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
fn what_is_excluded_is_not_proposed() {
    let with = |shaping: &str| {
        SHORT
            .replace("space: {", "space: {o: [p, q], ")
            .replace("stages:", shaping)
            .replace("values: {", "values: {o: \"${o}\", ")
    };
    for shaping in [
        "exclude: [{o: q}]\nstages:",
        "exclude: [\"o == 'q'\"]\nstages:",
        "when: o == 'p'\nstages:",
    ] {
        let space = of(&with(shaping));
        let (code, told) = asked(&space, "run");
        assert!(code == Some(0) && told.contains(" 6 ended\n"), "{told}");
        assert_eq!(values(&space, "o"), ["p"; 6], "{shaping}");
    }
    // The same points as with a stage that is there for some of them only.
    let space = of(&with("exclude: [{o: q}]\nstages:"));
    let other = of(&with("stages:").replace("  fit: {", "  fit: {when: o == 'p', "));
    for space in [&space, &other] {
        asked(space, "run");
    }
    assert_eq!(values(&space, "x"), values(&other, "x"));
    let (_, told) = asked(&of(&with("exclude: [{o: [p, q]}]\nstages:")), "check");
    assert!(
        told.contains("no point of the search `trial` is left"),
        "{told}"
    );
}

#[test]
fn a_trial_that_is_excluded_later_falls_out() {
    let space = of(&SHORT
        .replace("space: {", "space: {o: [p, q], ")
        .replace("values: {", "values: {o: \"${o}\", "));
    asked(&space, "run");
    let out = values(&space, "o").iter().filter(|o| *o == "q").count();
    let kept: Vec<String> = values(&space, "x")
        .into_iter()
        .zip(values(&space, "o"))
        .filter(|(_, o)| o == "p")
        .map(|(x, _)| x)
        .collect();
    assert!(out > 0 && !kept.is_empty());
    space.replace("manifests/s.yaml", "stages:", "exclude: [{o: q}]\nstages:");
    let (_, told) = asked(&space, "run");
    assert_eq!(
        told.matches("conditions leave it out").count(),
        out,
        "{told}"
    );
    assert_eq!(values(&space, "o"), ["p"; 6]);
    assert_eq!(values(&space, "x")[..kept.len()], kept[..]);
}

#[test]
fn a_point_at_which_a_stage_lacks_an_input_is_not_proposed() {
    let with = |input: &str| {
        SHORT
            .replace("space: {", "space: {o: [p, q, r], ")
            .replace("values: {", "values: {o: \"${o}\", ")
            .replace("stages:\n", &format!("stages:\n{MADE}"))
            .replace("fit: {", &format!("fit: {{in: {{made: {input}}}, "))
    };
    for (input, left) in [
        ("{from: a, when: o == 'p'}", vec!["p"]),
        (
            "[{from: a, when: o == 'p'}, {from: b, when: o != 'q'}]",
            vec!["p", "r"],
        ),
        ("[{from: a, when: o == 'p'}, c]", vec!["p", "q"]),
        ("[c, b]", vec!["p", "q", "r"]),
    ] {
        let space = of(&with(input));
        let (code, told) = asked(&space, "run");
        assert!(
            code == Some(0) && told.contains(" 6 ended\n"),
            "{input}: {told}"
        );
        let mut found = values(&space, "o");
        assert!(
            found.iter().all(|o| left.contains(&o.as_str())),
            "{input}: {found:?}"
        );
        found.sort();
        found.dedup();
        assert!(found.len() > 1 || left.len() == 1, "{input}: {found:?}");
    }
}

/// Three stages that a step may read, of which one is there for two values only.
const MADE: &str = r#"  a: {uses: command, with: {run: 'echo "n=1"', metrics: stdout}}
  b: {uses: command, with: {run: 'echo "n=2"', metrics: stdout}}
  c: {uses: command, when: "o in ['p', 'q']", with: {run: 'echo "n=3${o}"; echo "m=3"', metrics: stdout}}
"#;
