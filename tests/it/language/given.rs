//! Which value a name has where several places give one, and what is said where one of them would be passed over.

use sweepline::manifest::Overrides;

use super::kit::Project;
use super::kit::names;
use super::kit::plan;
use super::kit::planned;
use super::kit::planned_with;
use super::kit::steps;
use super::kit::unwrap;

fn manifest(head: &str, lr: &str) -> String {
    format!(
        "experiment: test\n{head}\nstages:\n  fit:\n    uses: train/vae\n    with: {{lr: \"{lr}\", epochs: \"${{epochs if epochs is defined else 1}}\"}}\n"
    )
}

/// What is said of a manifest with an axis of that name, and options of the command line.
fn said(text: &str, params: &[(&str, &str)], profile: Option<&str>) -> String {
    let params = params
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()));
    let overrides = Overrides {
        params: params.collect(),
        profile: profile.map(str::to_owned),
        ..Overrides::default()
    };
    planned_with(text, &overrides).found.render(false)
}

#[test]
fn a_value_of_the_command_line_that_axes_would_pass_over_is_refused() {
    let head = |axes: &str| format!("params: {{epochs: 1, optim: {{lr: 1, wd: 1}}}}\naxes: {axes}");
    let text = |axes: &str| manifest(&head(axes), "${optim.lr}");
    let whole = text("{m: {a: {optim: {lr: 0.1}}, b: {}}}");
    assert!(said(&whole, &[("optim.lr", "5")], None).contains("variants of `m` set `optim`"));
    let part = text("{m: {a: {optim.lr: 0.1}, b: {}}}");
    assert!(said(&part, &[("optim", "{lr: 5}")], None).contains("variants of `m` set `optim.lr`"));
    let axis = text("{optim.lr: [0.1, 0.2]}");
    assert!(said(&axis, &[("optim", "{lr: 5}")], None).contains("`optim.lr` is an axis"));
    // What they leave as it is can be given.
    let given = Overrides {
        params: vec![("optim".into(), "{wd: 5}".into())],
        ..Overrides::default()
    };
    assert_eq!(names(&unwrap(planned_with(&axis, &given)), "fit").len(), 2);
}

#[test]
fn a_value_of_a_profile_within_what_an_axis_gives_is_told() {
    let text = |of_profile: &str, axis: &str| {
        let head = format!(
            "params: {{epochs: 1, optim: {{lr: 1}}}}\nprofiles: {{q: {{params: {of_profile}}}}}\naxes: {axis}"
        );
        manifest(&head, "${optim.lr}")
    };
    for (of_profile, axis) in [
        ("{optim.lr: 5}", "{optim.lr: [0.1, 0.2]}"),
        ("{optim: {lr: 5}}", "{optim.lr: [0.1, 0.2]}"),
        ("{optim.lr: 5}", "{optim: [{lr: 1}, {lr: 2}]}"),
    ] {
        let said = said(&text(of_profile, axis), &[], Some("q"));
        assert!(
            said.contains("is never used"),
            "{of_profile} {axis}: {said}"
        );
    }
}

#[test]
fn a_profile_may_name_a_file_of_parameters() {
    let text = manifest(
        "params: {file: a.yaml}\nprofiles: {q: {params: {file: b.yaml}}}",
        "${lr}",
    );
    let project = Project::new()
        .with("manifests/test.yaml", &text)
        .with("manifests/a.yaml", "lr: 0.1\nepochs: 2\n")
        .with("manifests/b.yaml", "lr: 0.2\n");
    let given = |profile: Option<&str>| {
        let overrides = Overrides {
            profile: profile.map(str::to_owned),
            ..Overrides::default()
        };
        let plan = unwrap(project.plan("manifests/test.yaml", &overrides));
        let params = &steps(&plan, "fit")[0].params;
        (params["lr"].as_float(), params["epochs"].as_int())
    };
    assert_eq!(given(None), (Some(0.1), Some(2)));
    assert_eq!(given(Some("q")), (Some(0.2), Some(2)));
}

#[test]
fn keys_of_a_search_that_a_profile_gives_stay_where_the_command_line_gives_others() {
    let text = manifest(
        "params: {epochs: 1}\naxes: {hp: {random: {space: {lr: {uniform: [0, 1]}}, trials: 6}}}\nprofiles: {q: {axes: {hp: {trials: 2}}}}",
        "${lr}",
    );
    let overrides = Overrides {
        profile: Some("q".to_owned()),
        axes: vec![("hp".into(), "{seed: 3}".into())],
        ..Overrides::default()
    };
    let plan = unwrap(planned_with(&text, &overrides));
    let search = plan.experiment.search.as_ref().expect("it has one");
    assert_eq!((search.trials, search.seed), (2, 3));
}

#[test]
fn of_two_values_of_one_name_the_last_one_names_the_folder() {
    let text = manifest("params: {epochs: 1, lr: 1, o: {a: 1, b: 1}}", "${lr}");
    let folder = |params: &[(&str, &str)]| {
        let params = params
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        let overrides = Overrides {
            params: params.collect(),
            ..Overrides::default()
        };
        unwrap(planned_with(&text, &overrides)).experiment.folder()
    };
    assert_eq!(folder(&[("lr", "2"), ("lr", "3")]), folder(&[("lr", "3")]));
    assert_ne!(
        folder(&[("lr", "2"), ("lr", "3")]),
        folder(&[("lr", "3"), ("lr", "2")])
    );
    let (part, whole) = (("o.a", "2"), ("o", "{a: 3}"));
    assert_ne!(folder(&[part, whole]), folder(&[whole, part]));
    let other = ("o.b", "2");
    assert_eq!(folder(&[part, other]), folder(&[other, part]));
}

#[test]
fn two_cells_have_two_names() {
    let stage = |axes: &str, value: &str| {
        format!(
            "experiment: test\naxes: {axes}\nstages:\n  s: {{uses: command, with: {{run: 'echo', values: {{a: \"{value}\"}}}}}}\n"
        )
    };
    let list = stage("{a: [[\"x, y\"], [x, y]]}", "${a}");
    let said = planned(&list).found.render(false);
    assert!(
        said.contains("two cells of `s` are called `a=[x, y]`"),
        "{said}"
    );
    let nested = stage(
        "{a: {\"x,k=1\": {}, x: {axes: {k: [1]}}}}",
        "${a}${k if k is defined else ''}",
    );
    let said = planned(&nested).found.render(false);
    assert!(
        said.contains("two cells of `s` are called `a=x,k=1`"),
        "{said}"
    );
    let search = stage(
        "{hp: {random: {space: {a: [\"1\", 1]}, trials: 2}}}",
        "${a}",
    );
    assert!(planned(&search).plan.is_none());
    // A comma alone is no harm.
    assert_eq!(
        names(&plan(&stage("{a: [\"x,y\", x]}", "${a}")), "s").len(),
        2
    );
}

#[test]
fn an_input_that_a_condition_takes_away_is_told() {
    let text = |when: &str| {
        format!(
            "experiment: test\naxes: {{m: [x, y]}}\nstages:\n  o: {{uses: command, with: {{run: 'echo ${{m}} > ${{out.o}}', out: {{o: o}}}}}}\n  u: {{uses: command, {when} in: {{d: {{from: o, when: \"m == 'x'\"}}, e: o}}, with: {{run: 'cat ${{in.e}} > ${{out.o}}', out: {{o: o}}}}}}\n"
        )
    };
    let planned = planned(&text(""));
    let said = planned.found.render(false);
    assert!(
        said.contains("stage `u` does not exist in 1 cell"),
        "{said}"
    );
    assert_eq!(names(&unwrap(planned), "u"), ["u[m=x]"]);
    let meant = super::kit::planned(&text("when: \"m == 'x'\","));
    assert!(meant.found.is_empty(), "{}", meant.found.render(false));
}

#[test]
fn other_values_in_a_condition_make_another_space() {
    let space = |mode: &str| {
        let head = format!(
            "params: {{epochs: 1, mode: {mode}}}\naxes: {{hp: {{random: {{space: {{lr: [1, 2], beta: {{uniform: [0, 1], when: \"mode == 'a'\"}}}}, trials: 3}}}}}}"
        );
        let plan = plan(&manifest(&head, "${lr}"));
        let search = plan.experiment.search.as_ref().expect("it has one");
        search.space_text.clone()
    };
    assert_ne!(space("a"), space("b"));
}
