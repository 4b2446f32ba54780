//! Filters choose full cells; reductions are never narrowed.

use sweepline::manifest::Overrides;
use sweepline::plan::Filter;
use sweepline::plan::Plan;
use sweepline::plan::Selection;

use super::kit;

const MANIFEST: &str = r#"
experiment: test
axes:
  name: [circle, blob]
  restart: {seeds: 3}
  method:
    vae: {}
    iwae: {axes: {samples: [5, 50]}}
stages:
  data: {uses: dataset/synthetic, with: {name: "${name}"}}
  fit:
    uses: "train/${method}"
    in: {data: data}
    with: {samples: "${samples}", seed: "${restart}"}
  best: {uses: select, in: {candidates: fit}, over: [restart], with: {by: x}}
  summary: {uses: table/summary, in: {rows: best.metrics}, with: {value: x}}
"#;

fn chosen(plan: &Plan, selection: &Selection) -> Vec<String> {
    let selection = plan
        .select(selection)
        .unwrap_or_else(|found| panic!("{}", found.render(false)));
    let ids = selection.ids().into_iter();
    ids.map(|id| plan.step(id).to_string()).collect()
}

fn only(text: &str) -> Selection {
    Selection {
        only: vec![Filter::read("--only", text).expect("the filter is well formed")],
        ..Selection::default()
    }
}

#[test]
fn a_filter_chooses_the_steps_that_its_cells_fall_on() {
    let plan = kit::plan(MANIFEST);
    assert_eq!(
        chosen(&plan, &only("method=iwae,samples=50,name=circle,restart<2")),
        [
            "data[name=circle]",
            "fit[name=circle,restart=0,method=iwae,samples=50]",
            "fit[name=circle,restart=1,method=iwae,samples=50]",
            "best[name=circle,method=iwae,samples=50]",
            "summary",
        ]
    );
}

#[test]
fn a_manifest_stays_right_when_an_axis_is_narrowed() {
    let narrowed = |manifest: &str| {
        let overrides = Overrides {
            axes: vec![("method".into(), "vae".into())],
            ..Overrides::default()
        };
        kit::planned_with(manifest, &overrides)
    };
    // `samples` is a parameter of the kind that is left out alone.
    let plan = kit::unwrap(narrowed(MANIFEST));
    assert_eq!(kit::steps(&plan, "fit").len(), 6);
    // What no kind of the family has is a mistake all the same.
    let found = narrowed(&MANIFEST.replace("{samples:", "{smaples:")).found;
    let text = found.render(false);
    assert!(
        text.contains("`train/vae` has no parameter `smaples`"),
        "{text}"
    );
}

#[test]
fn a_cell_without_the_axis_is_none() {
    let plan = kit::plan(MANIFEST);
    let fits = |text| {
        let chosen = chosen(&plan, &only(text)).into_iter();
        chosen.filter(|step| step.starts_with("fit")).count()
    };
    assert_eq!(fits("samples=none"), 6);
    assert_eq!(fits("samples=5|50"), 12);
    assert_eq!(fits("samples!=5"), 12);
    assert_eq!(fits("name=c*"), 9);
}

#[test]
fn a_stage_alone_brings_nothing_along_and_upto_brings_all() {
    let plan = kit::plan(MANIFEST);
    let stage = Selection {
        stages: vec!["best".to_owned()],
        ..only("name=blob,method=vae")
    };
    assert_eq!(chosen(&plan, &stage), ["best[name=blob,method=vae]"]);
    let upto = Selection {
        upto: vec!["best".to_owned()],
        ..Selection::default()
    };
    assert_eq!(chosen(&plan, &upto).len(), 2 + 18 + 6);
}

#[test]
fn steps_by_name_bring_what_comes_after_them() {
    let plan = kit::plan(MANIFEST);
    let failed = "fit[name=blob,restart=0,method=vae]".to_owned();
    let selection = Selection {
        steps: Some([failed].into()),
        ..Selection::default()
    };
    assert_eq!(
        chosen(&plan, &selection),
        [
            "data[name=blob]",
            "fit[name=blob,restart=0,method=vae]",
            "best[name=blob,method=vae]",
            "summary"
        ]
    );
}

fn refused(selection: &Selection) -> String {
    let found = kit::plan(MANIFEST)
        .select(selection)
        .expect_err("it is refused");
    found.render(false)
}

#[test]
fn unknown_axes_values_and_stages_are_mistakes_with_suggestions() {
    let said = refused(&only("metod=vae,samples=500,name=circel,restart>7"));
    snapbox::assert_data_eq!(
        said,
        snapbox::str![[r#"
error: there is no axis `metod`
 --> --only:1:1
  |
1 | metod=vae,samples=500,name=circel,restart>7
  | ^^^^^ no such axis
  |
  = help: did you mean `method`?

error: `samples` is never `500`
 --> --only:1:19
  |
1 | metod=vae,samples=500,name=circel,restart>7
  |                   ^^^ no such value
  |
  = help: its values are: `5` and `50`

error: `name` is never `circel`
 --> --only:1:28
  |
1 | metod=vae,samples=500,name=circel,restart>7
  |                            ^^^^^^ no such value
  |
  = help: did you mean `circle`?

error: no value of `restart` is in this range
 --> --only:1:43
  |
1 | metod=vae,samples=500,name=circel,restart>7
  |                                           ^ leaves nothing
  |
  = help: its values are: `0`, `1`, and `2`


"#]]
    );
    let stage = Selection {
        stages: vec!["fits".to_owned()],
        ..Selection::default()
    };
    assert!(refused(&stage).contains("did you mean `fit`?"));
    let nothing = refused(&only("method=vae,samples=5"));
    assert!(nothing.contains("no step is left"), "{nothing}");
}
