//! What `exclude`, `include`, conditions and `at` mean of nested variants, of values within parameters, and of lists.

use super::kit::names;
use super::kit::plan;
use super::kit::planned;

fn stage(head: &str, values: &str) -> String {
    format!(
        "experiment: test\n{head}\nstages:\n  s: {{uses: command, with: {{run: 'echo', values: {{{values}}}}}}}\n"
    )
}

#[test]
fn an_entry_of_include_adds_to_the_cells_that_have_its_axes() {
    let head = "axes:\n  m: {a: {axes: {sub: {p: {axes: {k: [1]}}, q: {}}}}, b: {}}\n  seed: [0]\ninclude: [{k: 1, seed: 9}]";
    let values = r#"m: "${m}", sub: "${sub}", k: "${k}", seed: "${seed}""#;
    assert_eq!(
        names(&plan(&stage(head, values)), "s"),
        [
            "s[m=a,sub=p,k=1,seed=0]",
            "s[m=a,sub=q,seed=0]",
            "s[m=b,seed=0]",
            "s[m=a,sub=p,k=1,seed=9]"
        ]
    );
}

#[test]
fn cells_without_an_axis_within_a_parameter_have_the_value_of_the_parameter() {
    let of = |exclude: &str| {
        let head = format!(
            "params: {{optim: {{lr: 0.1}}}}\naxes: {{m: {{a: {{axes: {{optim.lr: [0.1, 0.2]}}}}, b: {{}}}}}}\nexclude: [{exclude}]"
        );
        let text = stage(&head, r#"m: "${m}", lr: "${optim.lr}""#);
        names(&plan(&text), "s")
    };
    let left = ["s[m=a,optim.lr=0.2]"];
    assert_eq!(of("optim.lr == 0.1"), left);
    assert_eq!(of("{optim.lr: 0.1}"), left);
}

#[test]
fn lists_and_maps_are_excluded_as_the_axis_writes_them() {
    let of = |head: &str| names(&plan(&stage(head, r#"a: "${a}""#)), "s").len();
    assert_eq!(of("axes: {a: [[64, 64], [128]]}\nexclude: [{a: [128]}]"), 1);
    assert_eq!(
        of(
            "axes: {a: [[64, 64], [128]]}\nexclude: [{a: [[128], [64, 64]]}, {a: [1]}]\ninclude: [{a: [32]}]"
        ),
        1
    );
    assert_eq!(
        of("axes: {a: [{lr: 1.0, wd: 2}, {lr: 3, wd: 2}]}\nexclude: [{a: {lr: 1.0, wd: 2}}]"),
        1
    );
    assert_eq!(of("axes: {a: [1, 2, 3]}\nexclude: [{a: [1.0, 2]}]"), 1);
}

#[test]
fn two_axes_of_which_one_holds_the_other_are_refused() {
    let head = "params: {o: {a: {b: 1, c: 2}}}\naxes: {o.a.b: [10, 20], o.a: [{b: 5, c: 6}]}";
    let said = planned(&stage(head, r#"b: "${o.a.b}""#))
        .found
        .render(false);
    assert!(said.contains("of which one holds the other"), "{said}");
    // A variant gives a part over the whole, in whatever order it names them.
    let head = "params: {o: {a: {b: 1, c: 2}}}\naxes: {m: {x: {o.a.b: 10, o.a: {b: 5, c: 6}}}}";
    let plan = plan(&stage(head, r#"b: "${o.a.b}", c: "${o.a.c}""#));
    assert_eq!(plan.steps[0].params["values"].to_string(), "{b: 10, c: 6}");
}

#[test]
fn at_names_the_axes_of_a_zip_and_not_the_zip() {
    let text = "experiment: test\naxes: {z: {zip: {w: [1, 2], d: [3, 4]}}}\nstages:\n  one: {uses: command, with: {run: 'echo ${w}${d} > ${out.o}', out: {o: o}}}\n  two: {uses: command, in: {x: {from: one, at: {z: 1}}}, with: {run: 'cat ${in.x}'}}\n";
    let said = planned(text).found.render(false);
    assert!(said.contains("`at` holds nothing of `z`"), "{said}");
}

#[test]
fn ends_and_large_values_of_ranges_are_as_they_are_written() {
    let of = |axis: &str| {
        let text = stage(&format!("axes: {{a: {{{axis}}}}}"), r#"a: "${a}""#);
        names(&plan(&text), "s")
    };
    assert_eq!(
        of("linspace: [0, 1234567890123.5, 2]")[1],
        "s[a=1234567890123.5]"
    );
    assert_eq!(
        of("range: [1700000000.125, 1700000000.5, 0.125]"),
        [
            "s[a=1700000000.125]",
            "s[a=1700000000.25]",
            "s[a=1700000000.375]",
            "s[a=1700000000.5]"
        ]
    );
    assert_eq!(of("linspace: [0, 1, 4]")[1], "s[a=0.333333333333]");
    let range = of("range: [-1, 1, 0.01]");
    assert_eq!(
        (range[99].as_str(), range[103].as_str()),
        ("s[a=-0.01]", "s[a=0.03]")
    );
}
