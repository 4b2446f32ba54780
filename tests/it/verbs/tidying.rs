//! `gc` and `verify`: what the store can do without, and whether the rest is whole.

use snapbox::assert_data_eq;
use snapbox::str;

use super::kit::*;
use crate::support::TestSpace;

#[test]
fn gc_keeps_what_manifests_and_named_runs_reach_and_says_what_it_would_free() {
    let space = finished();
    let first = said(&space, "run toy --progress none");
    assert!(first.contains("up to date"), "{first}");
    // Another manifest of the project is small.yaml, which has not run.
    assert_data_eq!(
        said(&space, "gc"),
        str![[r#"
-- stderr
keeps small (manifests/small.yaml): 0 results
keeps toy (manifests/toy.yaml): 23 results
nothing to remove; keeps [SIZE]

"#]]
    );
    // One restart less: its results are of no use to any manifest.
    space.replace("manifests/toy.yaml", "{seeds: 2}", "{seeds: 1}");
    said(&space, "run toy --progress none");
    assert_data_eq!(
        said(&space, "gc"),
        str![[r#"
-- stderr
keeps small (manifests/small.yaml): 0 results
keeps toy (manifests/toy.yaml): 15 results
would remove 13 results, 25 objects and 0 checkpoints, [SIZE] ; keeps [SIZE]
  = help: `--yes` does it

"#]]
    );
    assert_data_eq!(
        said(&space, "gc previous"),
        str![[r#"
-- stderr
keeps run [RUN]: 23 results
keeps small (manifests/small.yaml): 0 results
keeps toy (manifests/toy.yaml): 15 results
nothing to remove; keeps [SIZE]

"#]]
    );
    assert_data_eq!(
        said(&space, "gc --yes"),
        str![[r#"
-- stderr
keeps small (manifests/small.yaml): 0 results
keeps toy (manifests/toy.yaml): 15 results
removed 13 results, 25 objects and 0 checkpoints, [SIZE] ; keeps [SIZE]

"#]]
    );
    assert_data_eq!(
        said(&space, "gc"),
        str![[r#"
-- stderr
keeps small (manifests/small.yaml): 0 results
keeps toy (manifests/toy.yaml): 15 results
nothing to remove; keeps [SIZE]

"#]]
    );
    assert_data_eq!(
        said(&space, "run toy"),
        str![[r#"
-- stderr
all up to date: 15 steps, checked in [TIME]

"#]]
    );
    assert_data_eq!(
        said(&space, "verify"),
        str![[r#"
-- stderr
27 objects read, [SIZE]

"#]]
    );
}

#[test]
fn gc_names_experiments_without_a_manifest_and_keeps_them_on_request() {
    let space = toy();
    space.replace("manifests/toy.yaml", "experiment: toy", "experiment: old");
    said(&space, "run toy --progress none");
    // What a manifest left under a former name is its own for as long as it is there.
    let (before, now) = ("manifests/toy.yaml", "manifests/next.yaml");
    std::fs::rename(space.path(before), space.path(now)).expect("it is ours");
    space.replace(now, "experiment: old", "experiment: new");
    space.replace(now, "epochs: 1", "epochs: 2");
    assert_data_eq!(
        said(&space, "gc"),
        str![[r#"
-- stderr
keeps new (manifests/next.yaml): 2 results
keeps small (manifests/small.yaml): 0 results
no manifest has old: 23 results, unless others need them
would remove 21 results, 41 objects and 0 checkpoints, [SIZE] ; keeps [SIZE]
  = help: `--yes` does it

"#]]
    );
    assert_data_eq!(
        said(&space, "gc old"),
        str![[r#"
-- stderr
keeps experiment old: 23 results
keeps new (manifests/next.yaml): 2 results
keeps small (manifests/small.yaml): 0 results
nothing to remove; keeps [SIZE]

"#]]
    );
    assert_data_eq!(
        said(&space, "gc odl"),
        str![[r#"
-- stderr
error: `odl` is no manifest, experiment or run
  = help: did you mean `old`?
-- exit code 2

"#]]
    );
}

#[test]
fn gc_removes_folders_of_overrides_whose_manifest_is_gone() {
    let space = TestSpace::new();
    space.write(
        "manifests/g.yaml",
        "experiment: g
axes: {x: [1, 2]}
stages:
  t: {uses: command, with: {run: 'echo acc=${x}', metrics: stdout}}
  tab: {uses: table/summary, in: {rows: t}, with: {values: [acc]}}
claims:
  - {name: c, source: me, says: \"mean(acc) > 0\"}
",
    );
    let folders = || {
        let entries = std::fs::read_dir(space.path("outputs")).expect("there are results");
        let names = entries.map(|entry| entry.expect("it is readable").file_name());
        let names = names.map(|name| name.to_string_lossy().into_owned());
        let mut changed: Vec<String> = names.filter(|name| name.contains('@')).collect();
        changed.sort();
        changed
    };
    for x in ["7", "8"] {
        let axis = format!("x={x}");
        space.stdout(&[
            "run",
            "manifests/g.yaml",
            "--progress",
            "none",
            "--axis",
            &axis,
        ]);
    }
    let kept = folders().remove(0);
    assert_eq!(folders().len(), 2);
    space.write(&format!("outputs/{kept}/notes.txt"), "mine");
    std::fs::rename(
        space.path("manifests/g.yaml"),
        space.path("manifests/h.yaml"),
    )
    .expect("ours");
    space.replace("manifests/h.yaml", "experiment: g", "experiment: h");
    space.stdout(&["gc", "--yes"]);
    assert_eq!(folders(), std::slice::from_ref(&kept));
    assert_eq!(space.read(&format!("outputs/{kept}/notes.txt")), "mine");
}

#[test]
fn gc_keeps_what_a_manifest_left_that_cannot_be_read() {
    let space = finished();
    space.replace("manifests/toy.yaml", "uses: select", "uses: selekt");
    assert_data_eq!(
        said(&space, "gc --yes"),
        str![[r#"
-- stderr
error: unknown stage kind `selekt`
  --> manifests/toy.yaml:19:11
   |
19 |     uses: selekt
   |           ^^^^^^ no such kind
   |
   = help: did you mean `select`? `sweepline list` prints all kinds


1 mistake in `manifests/toy.yaml`: nothing was run
`manifests/toy.yaml` cannot be read: what its last runs left is kept
keeps small (manifests/small.yaml): 0 results
keeps toy (manifests/toy.yaml): 23 results
nothing to remove; keeps [SIZE]

"#]]
    );
}
