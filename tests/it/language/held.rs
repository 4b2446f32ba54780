//! What `include`, `exclude` and conditions mean where the command line or a profile gives axes other values.

use sweepline::manifest::Overrides;

use super::kit::names;
use super::kit::planned_with;
use super::kit::unwrap;

const VALUES: &str = r#"m: "${m}", k: "${k}", lr: "${lr}", wd: "${wd}", seed: "${seed}""#;

fn text(head: &str, values: &str) -> String {
    format!(
        "experiment: test\n{head}\nstages:\n  s: {{uses: command, with: {{run: 'echo', values: {{{values}}}}}}}\n"
    )
}

/// The cells of changes, `--seeds 2` and `--profile q` as such, `lr=1` as `-p`, `--axis lr=[1]`.
fn changed(changes: &[&str]) -> Overrides {
    let mut overrides = Overrides::default();
    for change in changes {
        let pair = |text: &str| {
            let (name, value) = text.split_once('=').expect("NAME=VALUE");
            (name.to_owned(), value.to_owned())
        };
        match change.split_once(' ') {
            Some(("--seeds", count)) => overrides.seeds = count.parse().ok(),
            Some(("--profile", name)) => overrides.profile = Some(name.to_owned()),
            Some(("--axis", axis)) => overrides.axes.push(pair(axis)),
            _ => overrides.params.push(pair(change)),
        }
    }
    overrides
}

fn cells(head: &str, values: &[&str], changes: &[&str]) -> Vec<String> {
    let values = VALUES.split(", ").filter(|value| {
        let name = value.split(':').next();
        values.iter().any(|wanted| Some(*wanted) == name)
    });
    let values: Vec<&str> = values.collect();
    let text = text(head, &values.join(", "));
    let plan = unwrap(planned_with(&text, &changed(changes)));
    let names = names(&plan, "s");
    names
        .iter()
        .map(|name| name[2..name.len() - 1].to_owned())
        .collect()
}

#[test]
fn include_brings_no_values_beside_those_of_the_command_line_or_a_profile() {
    let head = "axes: {lr: [1, 2], seed: {seeds: 2}}\ninclude: [{lr: 5, seed: [0, 1, 2]}]\nprofiles: {q: {axes: {lr: [1], seed: {seeds: 1}}}}";
    let of = |changes: &[&str]| cells(head, &["lr", "seed"], changes);
    assert_eq!(of(&["lr=1"]), ["lr=1,seed=0", "lr=1,seed=1"]);
    assert_eq!(of(&["--profile q"]), ["lr=1,seed=0"]);
    assert_eq!(of(&["--axis lr=[1]", "--seeds 1"]), ["lr=1,seed=0"]);
    let one_seed = ["lr=1,seed=0", "lr=2,seed=0", "lr=5,seed=0"];
    assert_eq!(of(&["--seeds 1"]), one_seed);
    // A value that it gives is held with the others of the entry, also where it is added.
    let held = ["lr=5,seed=0", "lr=5,seed=1", "lr=5,seed=2"];
    assert_eq!(of(&["lr=5"]), held);
    assert_eq!(of(&["--seeds 9"]).len(), 9 * 2 + 3);
    let said = planned_with(
        &text(head, VALUES.rsplit(", ").next().unwrap_or("")),
        &changed(&["lr=1"]),
    );
    let said = said.found.render(false);
    assert_eq!(
        said.matches("not among the values of this run").count(),
        1,
        "{said}"
    );
}

#[test]
fn a_row_of_a_zip_is_held_as_a_whole() {
    let head = "axes: {z: {zip: {lr: [1, 2], wd: [3, 4]}}}\ninclude: [{lr: 1, wd: 4}]";
    let of = |changes: &[&str]| cells(head, &["lr", "wd"], changes);
    assert_eq!(of(&[]), ["lr=1,wd=3", "lr=2,wd=4", "lr=1,wd=4"]);
    let zip = "--axis z={zip: {lr: [1, 2], wd: [9, 4]}}";
    assert_eq!(of(&[zip]), ["lr=1,wd=9", "lr=2,wd=4"]);
    assert_eq!(of(&["lr=2"]), ["lr=2,wd=3", "lr=2,wd=4"]);
}

#[test]
fn what_is_said_of_variants_that_were_taken_away_adds_nothing_and_is_no_mistake() {
    let head = "axes: {m: {a: {axes: {k: [1, 2]}}, b: {}}}\ninclude: [{m: a, k: 9}]\nexclude: [{k: 1}]\nwhen: k is none or k > 1\nprofiles: {b: {axes: {m: [b]}}, a: {axes: {m: [a]}}, c: {axes: {m: {c: {}}}}}";
    let of = |changes: &[&str]| cells(head, &["m", "k"], changes);
    assert_eq!(of(&["--profile a"]), ["m=a,k=2", "m=a,k=9"]);
    assert_eq!(of(&["--axis k=[2]"]), ["m=a,k=2", "m=b"]);
    for change in ["--profile b", "--axis m=b", "m=b"] {
        assert_eq!(of(&[change]), ["m=b"], "{change}");
    }
    // Other variants in place of all.
    assert_eq!(of(&["--profile c"]), ["m=c"]);
}
