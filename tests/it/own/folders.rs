//! A folder of the project as an input: all that is in it, by content.

use std::fs;
use std::os::unix::fs::symlink;

use super::run;
use super::space;
use crate::support::TestSpace;
use crate::support::counts;

const MANIFEST: &str = r#"experiment: o
stages:
  s:
    uses: command
    in: {data: {file: data/animals}}
    with:
      run: 'cd "${in.data}"; find . -type f | sort > "${out.x}"; cat cats/1.txt >> "${out.x}"; rm -r cats'
      out: {x: x}
"#;

/// What `check` says of a manifest that is wrong.
fn refused(space: &TestSpace) -> String {
    let output = space.output(&["check", "manifests/o.yaml"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    String::from_utf8(output.stderr).expect("messages are text")
}

#[test]
fn a_folder_is_an_input_and_everything_in_it_counts() {
    let space = space(MANIFEST);
    space.write("data/animals/cats/1.txt", "mew\n");
    space.write("data/animals/dogs/1.txt", "woof\n");
    assert_eq!(run(&space, &[]), counts(&[("s", 1)]));
    assert_eq!(
        space.read("outputs/o/cells/s/x"),
        "./cats/1.txt\n./dogs/1.txt\nmew\n"
    );
    // What the program removed was a copy.
    assert_eq!(space.read("data/animals/cats/1.txt"), "mew\n");
    assert_eq!(run(&space, &[]), counts(&[]));
    space.write("data/animals/dogs/2.txt", "woof\n");
    assert_eq!(run(&space, &[]), counts(&[("s", 1)]));
    space.write("data/animals/cats/1.txt", "meow\n");
    let why = space.stdout(&["why", "manifests/o.yaml", "s"]);
    assert!(why.contains("input data: "), "{why}");
    assert_eq!(run(&space, &[]), counts(&[("s", 1)]));
    // The same content in another place, by a link.
    fs::rename(space.path("data/animals"), space.path("elsewhere")).unwrap();
    symlink(space.path("elsewhere"), space.path("data/animals")).unwrap();
    assert_eq!(run(&space, &[]), counts(&[]));
    let shown = space.stdout(&["show", "manifests/o.yaml", "s"]);
    assert!(shown.contains("data/animals"), "{shown}");
}

#[test]
fn a_folder_may_be_named_by_an_axis_and_must_be_there() {
    let space = space(
        &MANIFEST
            .replace("experiment: o\n", "experiment: o\naxes: {who: [a, b]}\n")
            .replace("data/animals", "'data/${who}'"),
    );
    space.write("data/a/cats/1.txt", "1\n");
    let said = refused(&space);
    assert!(
        said.contains("there is no file or folder `data/b`"),
        "{said}"
    );
    space.write("data/b/cats/1.txt", "2\n");
    assert_eq!(run(&space, &[]), counts(&[("s", 2)]));
}

#[test]
fn what_runs_write_is_no_input() {
    for folder in [".", "outputs", "outputs/"] {
        let space = space(&MANIFEST.replace("data/animals", folder));
        space.write("outputs/README.md", "");
        let said = refused(&space);
        assert!(said.contains("holds what runs write"), "{folder}: {said}");
        assert!(said.contains("o.yaml:5:"), "{said}");
    }
}

#[test]
fn a_folder_where_a_file_is_read_is_told() {
    let space =
        space("experiment: o\nstages:\n  s:\n    uses: table/read\n    in: {file: {file: data}}\n");
    space.write("data/a.csv", "x\n1\n");
    space.write("data/b.csv", "x\n2\n");
    let output = space.output(&["run", "manifests/o.yaml", "--progress", "none"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("a table is read from one file"), "{said}");
}

#[test]
fn no_file_of_a_step_is_shown_in_the_place_of_another() {
    let space = space(
        "experiment: o\nstages:\n  s:\n    uses: command\n    with:\n      run: 'mkdir -p y a b; echo folder > y/m; echo x > a/m; \
         echo other > b/m'\n      out: {f: y/, x: a/m, y: b/m}\n",
    );
    assert_eq!(run(&space, &[]), counts(&[("s", 1)]));
    for (path, content) in [("y/m", "folder\n"), ("m", "x\n"), ("y~2/m", "other\n")] {
        assert_eq!(space.read(&format!("outputs/o/cells/s/{path}")), content);
    }
}
