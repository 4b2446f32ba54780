//! Folders that lie one in the other thousands of times: more than there are descriptors, than a path may be long,
//! and than recursion may go.

use std::fs;
use std::path::Path;

use rustix::fs::Mode;
use rustix::fs::OFlags;

use sweepline::store::remove_tree;

use super::run;
use super::space;
use super::told;
use crate::support::counts;

const LEVELS: usize = 2500;

/// Makes a deep folder with a file on the way.
fn make_deep(folder: &Path) {
    fs::create_dir_all(folder).expect("it is ours");
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    let mut at = rustix::fs::open(folder, flags, Mode::empty()).expect("it is there");
    for _ in 0..LEVELS {
        rustix::fs::mkdirat(&at, "d", Mode::RWXU).expect("it is ours");
        at = rustix::fs::openat(&at, "d", flags, Mode::empty()).expect("it is there");
    }
    fs::write(folder.join("d/a.csv"), "").expect("it is ours");
}

#[test]
fn deep_folders_are_no_output_and_go_with_the_step() {
    let deep = format!("p=; for i in $(seq {LEVELS}); do p=d/$p; done; mkdir -p \"$p\"");
    let manifest = |deep: &str| {
        format!(
            r#"experiment: o
stages:
  beside: {{uses: command, with: {{run: '{deep}; echo 1 > "${{out.x}}"', out: {{x: x}}}}}}
  within: {{uses: command, with: {{run: 'mkdir -p "${{out.f}}"; cd "${{out.f}}"; {deep}; echo 1 > x', out: {{f: f/}}}}}}
"#
        )
    };
    let space = space(&manifest(&deep));
    let output = space.output(&["run", "manifests/o.yaml", "--progress", "lines"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("`f/`, in the output `f`, holds folders more than 200 deep"),
        "{said}"
    );
    assert!(space.path("outputs/o/cells/beside/x").exists(), "{said}");
    space.write("manifests/o.yaml", &manifest(":"));
    assert_eq!(run(&space, &[]), counts(&[("beside", 1), ("within", 1)]));
    assert!(space.output(&["verify"]).status.success());
}

#[test]
fn deep_folders_of_the_project_are_told() {
    let stage = |with: &str| format!("experiment: o\nstages: {{s: {{uses: command, {with}}}}}\n");
    let space = space("");
    make_deep(&space.path("data"));
    for (with, wanted) in [
        (
            "in: {x: {file: data}}, with: {run: [echo, a=1], metrics: stdout}",
            "holds folders more than 200 deep",
        ),
        (
            "with: {run: [echo, a=1], metrics: stdout, code: [data]}",
            "data/d/d",
        ),
        (
            "with: {run: [echo, a=1], metrics: stdout, code: ['data/**/*.py']}",
            "data/d/d",
        ),
    ] {
        space.write("manifests/o.yaml", &stage(with));
        let said = told(&space, &[]);
        assert!(said.contains(wanted), "{with}: {said}");
    }
    space.write(
        "manifests/o.yaml",
        "experiment: o\naxes: {x: {glob: 'data/**/*.csv'}}\nstages: {s: {uses: command, with: {run: [echo, a=1], metrics: stdout}}}\n",
    );
    let said = told(&space, &[]);
    assert!(said.contains("data/d/d"), "{said}");
    remove_tree(&space.path("data")).expect("it is ours");
}
