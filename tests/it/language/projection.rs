//! Which steps a manifest makes: grid, then project.

use sweepline::manifest::Overrides;

use super::kit::Project;
use super::kit::names;
use super::kit::plan;
use super::kit::planned_with;
use super::kit::steps;
use super::kit::unwrap;

const DENSITY: &str = include_str!("density.yaml");
const MAPA: &str = include_str!("mapa.yaml");

#[test]
fn the_density_example_has_the_steps_that_a_hand_counts() {
    let project = Project::new()
        .with("pipelines/density.yaml", DENSITY)
        .with("manifests/mapa.yaml", MAPA);
    let plan = unwrap(project.plan("manifests/mapa.yaml", &Overrides::default()));
    let count = |stage: &str| steps(&plan, stage).len();
    // 5 data sets × 3 draws.
    assert_eq!(count("data"), 15);
    // vae 1 + iwae 5 + mapa 5 × 2 = 16 ways to train; 5 × 3 × 3 × 16 = 720 cells, without
    // `clusters, mapa, samples=5`: 2 ways × 3 draws × 3 restarts.
    assert_eq!(count("fit"), 702);
    // One of three restarts.
    assert_eq!(count("best"), 234);
    assert_eq!(count("score"), 234);
    assert_eq!(count("summary"), 1);
    assert_eq!(count("figure"), 1);
    assert_eq!(plan.steps.len(), 1187);
}

#[test]
fn the_quick_profile_is_smaller() {
    let project = Project::new()
        .with("pipelines/density.yaml", DENSITY)
        .with("manifests/mapa.yaml", MAPA);
    let overrides = Overrides {
        profile: Some("quick".to_owned()),
        ..Overrides::default()
    };
    let plan = unwrap(project.plan("manifests/mapa.yaml", &overrides));
    assert_eq!(steps(&plan, "data").len(), 5);
    assert_eq!(steps(&plan, "fit").len(), 78);
    let epochs = steps(&plan, "fit")[0].params["epochs"].clone();
    assert_eq!(epochs.as_int(), Some(20));
}

const SMALL: &str = r#"
experiment: small
axes:
  dataset: [circle, clusters]
  lr: [0.1, 0.01]
  seed: {seeds: 2}
stages:
  data:
    uses: dataset/synthetic
    with: {name: "${dataset}"}
  fit:
    uses: train/vae
    in: {data: data}
    with: {lr: "${lr}", seed: "${seed}"}
  best:
    uses: select
    in: {candidates: fit}
    over: [seed]
    with: {by: valid_ll}
  score:
    uses: evaluate/test-kl
    in: {model: best, data: data}
  summary:
    uses: table/summary
    in: {rows: score}
    with: {value: test_kl}
"#;

#[test]
fn a_stage_has_the_axes_that_it_mentions_and_those_of_its_inputs() {
    let plan = plan(SMALL);
    assert_eq!(
        names(&plan, "data"),
        ["data[dataset=circle]", "data[dataset=clusters]"]
    );
    assert_eq!(steps(&plan, "fit").len(), 8);
    assert_eq!(
        names(&plan, "best"),
        [
            "best[dataset=circle,lr=0.1]",
            "best[dataset=circle,lr=0.01]",
            "best[dataset=clusters,lr=0.1]",
            "best[dataset=clusters,lr=0.01]",
        ]
    );
    assert_eq!(names(&plan, "summary"), ["summary"]);
}

#[test]
fn a_reduction_receives_its_group_with_coordinates_in_axis_order() {
    let plan = plan(SMALL);
    let best = steps(&plan, "best")[0];
    let cells: Vec<String> = best.inputs[0]
        .items
        .iter()
        .map(|item| item.cell.to_string())
        .collect();
    assert!(best.inputs[0].reduced);
    assert_eq!(
        cells,
        [
            "dataset=circle,lr=0.1,seed=0",
            "dataset=circle,lr=0.1,seed=1"
        ]
    );
    let summary = steps(&plan, "summary")[0];
    assert_eq!(summary.inputs[0].items.len(), 4);
}

#[test]
fn inputs_come_before_what_reads_them() {
    let plan = plan(SMALL);
    for (index, step) in plan.steps.iter().enumerate() {
        assert_eq!(step.id.index(), index);
        for item in step.inputs.iter().flat_map(|input| &input.items) {
            if let sweepline::plan::From::Step { step: need, .. } = &item.from {
                assert!(need.index() < index);
            }
        }
    }
}

#[test]
fn fewer_seeds_are_the_first_of_more() {
    let overrides = Overrides {
        seeds: Some(1),
        ..Overrides::default()
    };
    let fewer = unwrap(planned_with(SMALL, &overrides));
    assert_eq!(steps(&fewer, "fit").len(), 4);
    assert!(names(&plan(SMALL), "fit").contains(&names(&fewer, "fit")[0]));
}

#[test]
fn seeds_that_no_axis_takes_are_told() {
    let overrides = Overrides {
        seeds: Some(5),
        ..Overrides::default()
    };
    let manifest = "experiment: e\naxes: {lr: [1, 2]}\nstages:\n  a: {uses: command, with: {run: 'echo ${lr}'}}\n";
    let said = planned_with(manifest, &overrides).found.render(false);
    assert!(said.contains("`--seeds 5` changes nothing"), "{said}");
}
