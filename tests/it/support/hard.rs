//! A small project of everything that is hard to keep right: files of the project, code, a pipe,
//! folders with links, empty folders and programs, several outputs, an environment variable, and
//! trainings with checkpoints. Its code, its input and what a pattern of code finds have two versions each.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::TestSpace;

const MANIFEST: &str = r#"experiment: hard
axes: {v: [a, b]}
stages:
  tree:
    uses: command
    in: {data: {file: data/input.txt}}
    with:
      run: |
        mkdir -p "${out.tree}/sub/empty"
        { sh "${root}/code/make.sh" "${in.data}" "${v}"; cat "${root}"/words/*; } | sort > "${out.tree}/sub/rows.txt"
        ln -s sub/rows.txt "${out.tree}/link"
        printf '#!/bin/sh\ncat "$(dirname "$0")/link"\n' > "${out.tree}/tool"
        chmod +x "${out.tree}/tool"
        printf '%s\n' "$HARD_WORD" > "${out.note}"
        sleep 0.02
      code: ["code/*.sh", "words/**"]
      env: [HARD_WORD]
      out: {tree: tree/, note: note.txt}
  read:
    uses: command
    in: {tree: tree.tree, note: tree.note}
    with:
      run: |
        "${in.tree}/tool" | sh "${root}/code/use.sh" "${in.note}" > "${out.told}"
        sleep 0.02
        echo "lines=$(wc -l < "${out.told}")"
      code: ["code/use.sh"]
      out: {told: told.txt}
      metrics: stdout
  all:
    uses: command
    in: {told: read.told, tree: tree.tree}
    over: [v]
    with:
      run: |
        cat "${in.told}"/*/* "${in.tree}"/*/link "${in.tree}"/*/*/link 2>/dev/null | sort > "${out.all}" || true
        sleep 0.02
      out: {all: all.txt}
"#;

/// What takes its time between two points at which it can be cut off.
const TRAINING: &str = r#"  points:
    uses: dataset/synthetic
    with: {name: circle, points: 40}
  fit:
    uses: train/iwae
    in: {data: points}
    with: {samples: 2, epochs: 3, seed: 1, latent: 1, hidden: [4], batch: 10}
  score:
    uses: evaluate/test-kl
    in: {model: fit, data: points}
"#;

/// The versions of `code/make.sh` and `code/use.sh`.
const CODE: [(&str, &str); 2] = [
    ("cat \"$1\"; sleep 0.01; echo \"$2\"\n", "cat - \"$1\"\n"),
    (
        "sleep 0.01; echo \"$2 again\"; cat \"$1\"\n",
        "cat \"$1\" -; echo end\n",
    ),
];

const INPUT: [&str; 2] = ["3\n1\n2\n", "three\none\n"];

/// Which code, which input, and how many files a pattern of code finds beside the first.
pub(crate) type Version = (usize, usize, usize);

pub(crate) const VERSIONS: [Version; 8] = [
    (0, 0, 0),
    (0, 1, 0),
    (1, 0, 0),
    (1, 1, 0),
    (0, 0, 1),
    (0, 1, 1),
    (1, 0, 1),
    (1, 1, 1),
];

/// The project with its first versions, with or without trainings.
pub(crate) fn project(training: bool) -> TestSpace {
    let space = TestSpace::new();
    let training = if training { TRAINING } else { "" };
    space.write("manifests/hard.yaml", &format!("{MANIFEST}{training}"));
    put_code(&space, 0);
    put_input(&space, 0);
    space.write("words/first", "first\n");
    space
}

pub(crate) fn put_code(space: &TestSpace, version: usize) {
    let (make, used) = CODE[version];
    space.write("code/make.sh", make);
    space.write("code/use.sh", used);
}

pub(crate) fn put_input(space: &TestSpace, version: usize) {
    space.write("data/input.txt", INPUT[version]);
}

/// Adds a file below a pattern of code, or removes it.
pub(crate) fn put_words(space: &TestSpace, more: usize) {
    match more {
        0 => drop(fs::remove_file(space.path("words/more"))),
        _ => space.write("words/more", "more\n"),
    }
}

/// A verb over the experiment, in a store of its own.
pub(crate) fn command(space: &TestSpace, verb: &str, place: &str) -> Command {
    let mut command = space.command(&[verb, "manifests/hard.yaml", "--outputs", place]);
    command.env("HARD_WORD", "word");
    command
}

/// Step → output → digest, of the steps that are up to date.
pub(crate) fn digests(space: &TestSpace, place: &str) -> BTreeMap<String, serde_json::Value> {
    let output = command(space, "plan", place).arg("--json").output();
    let output = output.expect("the program starts");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let text = String::from_utf8(output.stdout).expect("output is text");
    let steps = text.lines().map(|line| {
        serde_json::from_str::<serde_json::Value>(line).expect("a line is a JSON object")
    });
    steps
        .filter(|step| step["state"] == "up to date")
        .map(|step| {
            let name = step["step"].as_str().expect("steps have names");
            (name.to_owned(), step["digests"].clone())
        })
        .collect()
}

/// Every file of the view by its path: what it says, where it leads, whether it is a program.
pub(crate) fn view(space: &TestSpace, place: &str) -> BTreeMap<String, String> {
    let mut seen = BTreeMap::new();
    let root = space.path(place).join("hard/cells");
    walk(&root, &root, &mut seen);
    seen
}

fn walk(root: &Path, folder: &Path, seen: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("the view is readable") {
        let path = entry.expect("the view is readable").path();
        let name = path.strip_prefix(root).expect("it is below the root");
        // What was damaged there and is no result is kept aside.
        if name.to_string_lossy().contains(".kept-") {
            continue;
        }
        // Links of the view lead into the store.
        let what = match fs::metadata(&path) {
            Ok(about) if about.is_dir() => {
                walk(root, &path, seen);
                "a folder".to_owned()
            }
            Ok(_) => String::from_utf8_lossy(&fs::read(&path).expect("a file")).into_owned(),
            Err(error) => error.to_string(),
        };
        seen.insert(name.to_string_lossy().into_owned(), what);
    }
}
