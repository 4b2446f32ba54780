//! Forms of axes, and what shapes a grid.

use sweepline::manifest::Overrides;
use sweepline::plan::Plan;

use super::kit::names;
use super::kit::plan;
use super::kit::planned_with;
use super::kit::steps;
use super::kit::unwrap;

fn with_axes(axes: &str, with: &str, more: &str) -> String {
    format!(
        "experiment: test\naxes: {axes}\n{more}\nstages:\n  fit:\n    uses: train/vae\n    with: {with}\n"
    )
}

#[test]
fn ranges_and_spaces_include_both_ends_in_plain_numbers() {
    let lr = r#"{lr: "${lr}"}"#;
    let of = |axis: &str| names(&plan(&with_axes(&format!("{{lr: {axis}}}"), lr, "")), "fit");
    assert_eq!(
        of("{logspace: [1.0e-3, 1, 4]}"),
        ["fit[lr=0.001]", "fit[lr=0.01]", "fit[lr=0.1]", "fit[lr=1]"]
    );
    assert_eq!(
        of("{linspace: {from: 0, to: 0.3, count: 4}}"),
        ["fit[lr=0]", "fit[lr=0.1]", "fit[lr=0.2]", "fit[lr=0.3]"]
    );
    assert_eq!(
        of("{range: [1, 3]}"),
        ["fit[lr=1]", "fit[lr=2]", "fit[lr=3]"]
    );
    assert_eq!(of("[1e-3]"), ["fit[lr=0.001]"]);
}

#[test]
fn zipped_names_move_together_and_name_the_cell() {
    let text = with_axes(
        "{schedule: {zip: {lr: [0.1, 0.2], beta: [1, 4]}}}",
        r#"{lr: "${lr}", beta: "${beta}"}"#,
        "",
    );
    assert_eq!(
        names(&plan(&text), "fit"),
        ["fit[lr=0.1,beta=1]", "fit[lr=0.2,beta=4]"]
    );
}

#[test]
fn variants_set_parameters_and_name_the_cell_themselves() {
    let text = with_axes(
        "{objective: {plain: {beta: 1}, heavy: {beta: 4, lr: 0.1}}}",
        r#"{lr: "${lr}", beta: "${beta}"}"#,
        "",
    );
    let plan = plan(&text);
    assert_eq!(
        names(&plan, "fit"),
        ["fit[objective=plain]", "fit[objective=heavy]"]
    );
    let lr = |index: usize| steps(&plan, "fit")[index].params["lr"].as_float();
    // The kind's default where the variant says nothing.
    assert_eq!((lr(0), lr(1)), (Some(1e-3), Some(0.1)));
}

#[test]
fn conditions_and_included_cells_shape_the_grid() {
    let text = with_axes(
        "{lr: [0.1, 0.2], epochs: [1, 2]}",
        r#"{lr: "${lr}", epochs: "${epochs}"}"#,
        "exclude: [{lr: 0.1, epochs: 2}]\ninclude: [{lr: 0.3, epochs: 9}]\nwhen: lr * epochs < 5",
    );
    assert_eq!(
        names(&plan(&text), "fit"),
        [
            "fit[lr=0.1,epochs=1]",
            "fit[lr=0.2,epochs=1]",
            "fit[lr=0.2,epochs=2]",
            "fit[lr=0.3,epochs=9]"
        ]
    );
}

#[test]
fn the_command_line_wins() {
    let text = with_axes(
        "{lr: [0.1, 0.2], seed: {seeds: 3}}",
        r#"{lr: "${lr}", seed: "${seed}", epochs: "${epochs}"}"#,
        "params: {epochs: 5}",
    );
    let overrides = Overrides {
        params: vec![("lr".into(), "0.5".into()), ("epochs".into(), "7".into())],
        seeds: Some(1),
        ..Overrides::default()
    };
    let plan = unwrap(planned_with(&text, &overrides));
    assert_eq!(names(&plan, "fit"), ["fit[lr=0.5,seed=0]"]);
    assert_eq!(steps(&plan, "fit")[0].params["epochs"].as_int(), Some(7));
    assert!(plan.experiment.folder().starts_with("test@"));
}

#[test]
fn the_command_line_wins_where_only_some_variants_set_a_parameter() {
    let text = with_axes(
        "{method: {plain: {}, long: {epochs: 9}}, seed: {seeds: 1}}",
        r#"{lr: 0.1, seed: "${seed}", epochs: "${epochs}", beta: "${4 if method == 'long' else 1}"}"#,
        "params: {epochs: 5}",
    );
    let epochs = |params: &[(&str, &str)]| -> Vec<Option<i64>> {
        let params = params
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        let overrides = Overrides {
            params: params.collect(),
            ..Overrides::default()
        };
        let plan = unwrap(planned_with(&text, &overrides));
        let steps = steps(&plan, "fit");
        steps
            .iter()
            .map(|step| step.params["epochs"].as_int())
            .collect()
    };
    assert_eq!(epochs(&[]), [Some(5), Some(9)]);
    assert_eq!(epochs(&[("epochs", "7")]), [Some(7), Some(7)]);
}

#[test]
fn a_shell_line_stays_as_it_is_and_its_values_go_to_the_environment() {
    let text = "experiment: test\naxes: {lr: [0.1]}\nstages:\n  fit:\n    uses: command\n    with: {run: \"train --lr ${lr} > ${out.log}\", out: {log: log.txt}}\n";
    let plan = plan(text);
    let params = &steps(&plan, "fit")[0].params;
    assert_eq!(
        params["run"].as_str(),
        Some("train --lr ${lr} > ${out.log}")
    );
    assert_eq!(params["values"].to_string(), "{lr: 0.1}");
}

#[test]
fn an_input_may_be_held_at_another_cell() {
    let text = r#"
experiment: test
axes: {dataset: [a, b]}
stages:
  data: {uses: dataset/synthetic, with: {name: "${dataset}"}}
  fit: {uses: train/vae, in: {data: data}}
  transfer:
    uses: evaluate/test-kl
    in: {model: fit, data: {from: data, at: {dataset: b}}}
"#;
    let plan = plan(text);
    let cells: Vec<String> = steps(&plan, "transfer")
        .iter()
        .map(|step| step.inputs[1].items[0].cell.to_string())
        .collect();
    assert_eq!(cells, ["dataset=b", "dataset=b"]);
}

#[test]
fn the_stages_can_be_drawn() {
    let text = with_axes("{lr: [0.1, 0.2]}", r#"{lr: "${lr}"}"#, "");
    let text = format!(
        "{text}  best: {{uses: select, in: {{candidates: fit}}, over: [lr], with: {{by: x}}}}\n"
    );
    let plan = plan(&text);
    assert!(
        plan.to_dot()
            .contains(r#""fit" -> "best" [label="candidates over lr"];"#)
    );
    assert!(
        plan.to_mermaid()
            .contains(r#"s0 -->|"candidates over lr"| s1"#)
    );
}

/// Many cells are filled in by several threads, few by one.
#[test]
fn many_cells_are_filled_in_as_few_are() {
    let trainings = |from: usize, to: usize| {
        let axes = format!("{{epochs: {{range: [{from}, {to}]}}}}");
        with_axes(&axes, r#"{epochs: "${epochs}"}"#, "")
    };
    let told = |plan: &Plan| -> Vec<String> {
        let fits = steps(plan, "fit");
        fits.iter()
            .map(|step| format!("{step} {:?}", step.params))
            .collect()
    };
    let few = (1..=600).step_by(100);
    let few = few.flat_map(|from| told(&plan(&trainings(from, from + 99))));
    assert_eq!(told(&plan(&trainings(1, 600))), few.collect::<Vec<_>>());
    // No epochs at all are refused, once.
    for last in [20, 600] {
        let refused = planned_with(&trainings(0, last), &Overrides::default());
        assert!(refused.plan.is_none());
        assert_eq!(refused.found.errors(), 1, "{}", refused.found.render(false));
    }
}
