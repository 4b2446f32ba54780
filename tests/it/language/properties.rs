//! What holds for all manifests: sizes of grids, and that no text makes the program panic.

use proptest::prelude::*;

use super::kit::planned;
use super::kit::steps;
use super::kit::unwrap;

/// A piece of what manifests are made of.
fn scrap() -> impl Strategy<Value = String> {
    let words = [
        "experiment: a",
        "axes:",
        "stages:",
        "  fit:",
        "    uses: train/vae",
        "    with:",
        "    in: {data: fit}",
        "  lr: [0.1, 1]",
        "  seed: {seeds: 2}",
        "{zip: {lr: [1], b: [2]}}",
        "exclude:",
        "- {lr: 0.1}",
        "when: lr > ",
        "\"${lr}\"",
        "${",
        "}",
        "[",
        "]",
        "{",
        ": ",
        "- ",
        "&a ",
        "*a",
        "!t ",
        "'",
        "\"",
        "|",
        ">",
        "#",
        "\t",
        "ü",
        "\u{feff}",
        "<<: ",
        "---",
        "? ",
        "null",
        "1e999",
        "-0.0",
        ".nan",
        "over: all",
        "claims:\n- {name: a, says: 1 < 2}",
        "{range: [0, 1, 0]}",
        "{seeds: -1}",
        "{logspace: [0, 1, 3]}",
        "params:",
        "profiles:",
        "${lr | x}",
        "\"${'a' * 3}\"",
        "pipeline: {stages: {}}",
    ];
    prop_oneof![
        4 => proptest::sample::select(words.to_vec()).prop_map(str::to_owned),
        1 => "\\PC{0,6}",
    ]
}

fn text() -> impl Strategy<Value = String> {
    let scrap = (
        scrap(),
        prop_oneof![Just("\n"), Just(" "), Just(""), Just("\n  ")],
    );
    proptest::collection::vec(scrap, 0..24).prop_map(|scraps| {
        let scraps = scraps.into_iter();
        scraps.map(|(scrap, end)| scrap + end).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_text_makes_a_panic(text in text()) {
        let planned = planned(&text);
        prop_assert!(planned.plan.is_some() || planned.found.has_errors());
        let _ = planned.found.render(true);
    }

    #[test]
    fn a_change_of_one_character_makes_no_panic(at in 0_usize..700, with in "\\PC") {
        let text = include_str!("small.yaml");
        let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
        let (before, after) = text.split_at(at.unwrap_or(0));
        let after: String = after.chars().skip(1).collect();
        let planned = planned(&format!("{before}{with}{after}"));
        prop_assert!(planned.plan.is_some() || planned.found.has_errors());
    }

    #[test]
    fn grids_multiply_and_reductions_divide(a in 1_usize..5, b in 1_usize..5, seeds in 1_usize..5) {
        let list = |count: usize| format!("{:?}", (1..=count).collect::<Vec<_>>());
        let text = format!(
            "experiment: sizes\naxes:\n  epochs: {}\n  beta: {}\n  seed: {{seeds: {seeds}}}\n{}",
            list(a),
            list(b),
            r#"
stages:
  data: {uses: dataset/synthetic, with: {name: x, seed: "${seed}"}}
  fit:
    uses: train/vae
    in: {data: data}
    with: {epochs: "${epochs}", beta: "${beta}"}
  best: {uses: select, in: {candidates: fit}, over: [beta], with: {by: x}}
  summary: {uses: table/summary, in: {rows: best.metrics}, with: {value: x}}
"#
        );
        let plan = unwrap(planned(&text));
        prop_assert_eq!(steps(&plan, "data").len(), seeds);
        prop_assert_eq!(steps(&plan, "fit").len(), a * b * seeds);
        prop_assert_eq!(steps(&plan, "best").len(), a * seeds);
        for best in steps(&plan, "best") {
            prop_assert_eq!(best.inputs[0].items.len(), b);
        }
        let summary = steps(&plan, "summary")[0];
        prop_assert_eq!(summary.inputs[0].items.len(), a * seeds);
        // Axis order: the first axis turns slowest.
        let cells: Vec<String> = steps(&plan, "fit").iter().map(|step| step.cell.to_string()).collect();
        let mut expected = Vec::new();
        for epochs in 1..=a {
            for beta in 1..=b {
                for seed in 0..seeds {
                    expected.push(format!("epochs={epochs},beta={beta},seed={seed}"));
                }
            }
        }
        prop_assert_eq!(cells, expected);
    }
}
