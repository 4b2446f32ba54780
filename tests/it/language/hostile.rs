//! Manifests made to hurt: bounded in time, memory, stack and the length of the answer.

use std::time::Duration;
use std::time::Instant;

use sweepline::manifest::Overrides;
use sweepline::text::nesting::DEEPEST;

use super::kit::names;
use super::kit::plan;
use super::kit::planned;
use super::kit::planned_with;
use super::kit::unwrap;

/// What is said, soon and in few words; from a small stack.
fn said(manifest: String) -> String {
    let start = Instant::now();
    let thread = std::thread::Builder::new().stack_size(2 << 20);
    let said = thread.spawn(move || planned(&manifest).found.render(false));
    let said = said.expect("a thread starts").join().expect("no panic");
    assert!(said.len() < 20_000, "{} bytes are said", said.len());
    assert!(start.elapsed() < Duration::from_secs(60));
    said
}

fn with_condition(condition: &str) -> String {
    format!(
        "experiment: t\naxes: {{n: [1]}}\nwhen: \"{condition}\"\nstages: {{fit: {{uses: train/vae, with: {{lr: \"${{n}}\"}}}}}}\n"
    )
}

#[test]
fn expressions_end_before_the_stack_does() {
    let deep = [
        "not ",
        "-",
        "1+",
        "(",
        "[",
        "n if n else ",
        "abs(",
        "n.",
        "n|abs|",
        "1 is even and ",
        "n ** ",
        "{1:",
        "1 in ",
        "n ~ ",
        "not (",
    ];
    for word in deep {
        let said = said(with_condition(&(word.repeat(100_000) + "1")));
        assert!(said.contains("an expression is too long"), "{word}: {said}");
        // As long as it may be: read by recursion, or refused by the evaluator's own reader.
        let most =
            (1..).find(|count| sweepline::text::nesting::nesting(&word.repeat(*count)) > DEEPEST);
        said_of_any(with_condition(
            &(word.repeat(most.expect("an end") - 1) + "1"),
        ));
    }
}

fn said_of_any(manifest: String) {
    said(manifest);
}

#[test]
fn lists_in_conditions_may_be_long() {
    let numbers: Vec<String> = (0..2000).map(|n| format!("{n}.5")).collect();
    plan(&with_condition(&format!(
        "n not in [{}]",
        numbers.join(", ")
    )));
}

#[test]
fn nesting_and_aliases_are_bounded() {
    for open in ["[", "{a: ", "- ", "? "] {
        let said = said(open.repeat(100_000));
        assert!(said.contains("error"), "{said}");
    }
    let numbers = "1, ".repeat(10_000);
    let aliases = "*a, ".repeat(10_000);
    let bomb =
        format!("experiment: t\nstages: {{}}\nparams:\n  a: &a [{numbers}]\n  b: [{aliases}]\n");
    assert!(said(bomb).contains("aliases that stand for too much"));
    assert!(said("experiment: t\na: &a [*a]\n".to_owned()).contains("error"));
    let mut layers = String::from("experiment: t\na0: &a0 [1]\n");
    for layer in 1..70 {
        layers += &format!("a{layer}: &a{layer} [*a{}]\n", layer - 1);
    }
    assert!(said(layers).contains("nested too deeply"));
}

#[test]
fn thousands_of_mistakes_are_a_screen_of_them() {
    let keys: String = (0..20_000).map(|n| format!("key{n}: 1\n")).collect();
    let said_of_keys = said(format!("experiment: t\nstages: {{}}\n{keys}"));
    assert!(said_of_keys.contains("and 19980 more"), "{said_of_keys}");
    let long = "k".repeat(1_000_000);
    said(format!("experiment: t\nstages: {{}}\n{long}: 1\n"));
}

#[test]
fn a_long_cycle_is_named_in_brief() {
    let stage = |n: usize| {
        format!(
            "  s{n}: {{uses: select, in: {{candidates: s{}}}, with: {{by: x}}}}\n",
            (n + 1) % 5000
        )
    };
    let stages: String = (0..5000).map(stage).collect();
    let said = said(format!("experiment: t\nstages:\n{stages}"));
    assert!(said.contains("a cycle: s"), "{said}");
}

#[test]
fn large_grids_are_refused_with_their_number() {
    let fit = "stages: {fit: {uses: train/vae}}\n";
    let axes: String = (0..10)
        .map(|n| format!("  n{n}: {{seeds: 1000}}\n"))
        .collect();
    let said_of_axes = said(format!("experiment: t\naxes:\n{axes}{fit}"));
    assert!(said_of_axes.contains("about 1e30"), "{said_of_axes}");
    let range = said(format!(
        "experiment: t\naxes: {{n: {{range: [0, 1e18]}}}}\n{fit}"
    ));
    assert!(range.contains("about 1.0e18 values"), "{range}");
}

#[test]
fn a_value_does_not_depend_on_its_neighbours() {
    let of = |axis: &str, more: &str| {
        names(
            &plan(&format!(
                "experiment: t\naxes: {{n: {axis}}}\n{more}\nstages: {{fit: {{uses: train/vae, with: {{lr: \"${{n}}\"}}}}}}\n"
            )),
            "fit",
        )
    };
    assert_eq!(of("[1, 5, 1e1]", ""), ["fit[n=1]", "fit[n=5]", "fit[n=10]"]);
    // The number that is meant, however it is written.
    assert_eq!(
        of("[1, 5, 1e1]", "exclude: [{n: 10}]"),
        ["fit[n=1]", "fit[n=5]"]
    );
    assert_eq!(of("[1, 1e1]", "exclude: [{n: 1.0}]"), ["fit[n=10]"]);
}

#[test]
fn a_declaration_in_a_manifest_declares() {
    let text = "experiment: t\nparams: {lr: {type: float, default: 1}}\nstages: {fit: {uses: train/vae, with: {lr: \"${lr}\"}}}\n";
    let value = plan(text).steps[0]
        .params
        .get("lr")
        .map(ToString::to_string);
    assert_eq!(value.as_deref(), Some("1.0"));
}

#[test]
fn a_number_does_not_become_text_in_passing() {
    let text = "experiment: t
params: {n: 1, b: true, m: {k: 2}}
stages: {s: {uses: command, with: {run: [a], values: {n: \"${n}\", b: \"${b}\", k: \"${m.k}\"}, out: {x: x}}}}
profiles: {p: {params: {n: 1_000}}}
";
    let with = |name: &str, value: &str| {
        let overrides = Overrides {
            params: vec![(name.to_owned(), value.to_owned())],
            ..Overrides::default()
        };
        planned_with(text, &overrides).found.render(false)
    };
    for (name, value, meant) in [
        ("n", "1_000", "write `1000`"),
        ("n", "'7'", "write `7`"),
        ("b", "yes", "write `true`"),
        ("m.k", "1_0", "write `10`"),
    ] {
        let found = with(name, value);
        assert!(
            found.contains("becomes text") && found.contains(meant),
            "{found}"
        );
    }
    for (name, value) in [("n", "auto"), ("n", "2.5"), ("b", "maybe"), ("m.k", "3")] {
        assert_eq!(with(name, value), "");
    }
    let profile = Overrides {
        profile: Some("p".to_owned()),
        ..Overrides::default()
    };
    let found = planned_with(text, &profile).found.render(false);
    assert!(found.contains("becomes text"), "{found}");
    // What is wrong with a value is said, not only that something is.
    let found = with("n", "99999999999999999999");
    assert!(
        found.contains("too large") || found.contains("more than a number"),
        "{found}"
    );
}

#[test]
fn a_slip_within_a_declared_map_is_no_new_name() {
    let text = "experiment: t
params:
  m: {type: map, default: {lr: 0.1, mom: 0.9}}
  n: {type: map, of: float, default: {k: 2}}
stages: {s: {uses: command, with: {run: [a], values: {v: \"${m.lr}\", w: \"${n}\"}, out: {x: x}}}}
";
    let with = |name: &str| {
        let overrides = Overrides {
            params: vec![(name.to_owned(), "0.5".to_owned())],
            ..Overrides::default()
        };
        planned_with(text, &overrides)
    };
    let found = with("m.lrr").found.render(false);
    assert!(
        found.contains("unknown parameter `m.lrr`") && found.contains("did you mean `lr`?"),
        "{found}"
    );
    unwrap(with("m.lr"));
    // Declared for names that nobody knows before.
    unwrap(with("n.other"));
}

/// Names that an axis of another name gives values: `--axis` and profiles change nothing of it silently.
#[test]
fn a_part_of_an_axis_is_no_axis_to_be_replaced() {
    let text = "experiment: t
axes:
  z: {zip: {warm: [1, 2], width: [16, 32]}}
  m: {a: {lr: 1}, b: {lr: 2, axes: {beta: [1, 2]}}}
  t: {random: {space: {rate: {uniform: [0, 1]}}, trials: 2}}
  seed: {seeds: 2}
stages: {s: {uses: command, with: {run: [a], values: {v: \"${warm} ${width} ${lr} ${rate} ${seed}\"}, out: {x: x}}}}
profiles:
  axis: {axes: {width: [8]}}
  rate: {params: {rate: 1}}
  lr: {params: {lr: 9}}
  m: {params: {m: a}}
  seed: {params: {seed: 1}}
  chosen: {axes: {m: [b], seed: {seeds: 1}}}
";
    let with = |params: &[(&str, &str)], axes: &[(&str, &str)], profile: Option<&str>| {
        let pairs = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter();
            pairs
                .map(|(name, value)| (name.to_string(), value.to_string()))
                .collect()
        };
        let overrides = Overrides {
            params: pairs(params),
            axes: pairs(axes),
            profile: profile.map(str::to_owned),
            ..Overrides::default()
        };
        planned_with(text, &overrides)
    };
    for name in ["warm", "lr", "rate"] {
        let planned = with(&[], &[(name, "[5]")], None);
        let found = planned.found.render(false);
        let title = format!("`{name}` has no axis of its own");
        assert!(planned.plan.is_none(), "{found}");
        assert!(
            found.contains(&title) && found.contains("part of another axis"),
            "{found}"
        );
        assert!(found.contains(&format!("-p {name}=")), "{found}");
        unwrap(with(&[(name, "5")], &[], None));
    }
    for (profile, title) in [
        ("axis", "`width` has no axis of its own"),
        ("rate", "the value of `rate` is never used"),
        ("lr", "the value of `lr` is never used"),
        ("m", "the value of `m` is never used"),
        ("seed", "the value of `seed` is never used"),
    ] {
        let planned = with(&[], &[], Some(profile));
        let found = planned.found.render(false);
        assert!(
            planned.plan.is_none() && found.contains(title),
            "{profile}: {found}"
        );
    }
    // Whole axes, those within variants, and variants that are chosen.
    let whole = "{zip: {warm: [5], width: [8]}}";
    unwrap(with(&[], &[("z", whole), ("beta", "[3]")], None));
    unwrap(with(&[], &[("m", "[a]")], Some("chosen")));
}

#[test]
fn an_option_without_a_value_is_a_mistake() {
    let text =
        "experiment: t\nparams: {lr: 1}\nstages: {fit: {uses: train/vae, with: {lr: \"${lr}\"}}}\n";
    let with = |value: &str| Overrides {
        params: vec![("lr".to_owned(), value.to_owned())],
        ..Overrides::default()
    };
    for value in ["", " ", "#1"] {
        let found = planned_with(text, &with(value)).found.render(false);
        assert!(found.contains("gives no value"), "{found}");
    }
    unwrap(planned_with(text, &with("null")));
}
