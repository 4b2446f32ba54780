//! Folders of results beside their store: what somebody wrote through a link is never out of sight, and a clean-up takes
//! what is of its own store and of no use.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;

use super::support::TestSpace;
use super::support::eventually;

const MANIFEST: &str = "experiment: e
params: {x: 1}
stages:
  a: {uses: command, with: {run: 'echo \"${x}\" > x.txt; echo v=1', out: {x: x.txt}, metrics: stdout}}
  t: {uses: table/summary, in: {rows: a.metrics}, with: {values: [v]}}
";

fn project(manifest: &str) -> TestSpace {
    let space = TestSpace::new();
    space.write("manifests/e.yaml", manifest);
    space
}

/// Everything said.
fn ends(space: &TestSpace, arguments: &str, code: i32) -> String {
    let arguments: Vec<&str> = arguments.split_whitespace().collect();
    let output = space.output(&arguments);
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
    text
}

const RUN: &str = "run manifests/e.yaml --progress lines";

fn write_through(link: &Path, text: &str) {
    let object = fs::canonicalize(link).expect("it leads to an object");
    fs::set_permissions(&object, fs::Permissions::from_mode(0o644)).expect("ours");
    fs::write(link, text).expect("ours");
}

/// What was kept beside a file, which is removed.
fn take_kept(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy().into_owned() + ".kept-";
    let entries = fs::read_dir(path.parent()?).ok()?.flatten();
    let mut paths = entries.map(|entry| entry.path());
    let found = paths.find(|path| {
        let found = path.file_name().unwrap_or_default();
        found.to_string_lossy().starts_with(&name)
    })?;
    let text = fs::read_to_string(&found).ok()?;
    fs::remove_file(found).ok()?;
    Some(text)
}

#[test]
fn what_was_written_through_a_link_is_kept_beside_it_where_the_result_is_fetched() {
    let shared = tempfile::tempdir().expect("a temporary folder");
    let space = project(MANIFEST);
    let settings = format!("remote = \"{}/lab\"\n", shared.path().display());
    space.write("sweepline.toml", &settings);
    let link = space.path("outputs/e/cells/a/x.txt");
    ends(&space, RUN, 0);
    ends(&space, "push manifests/e.yaml", 0);
    for verb in [RUN, "pull manifests/e.yaml"] {
        write_through(&link, "mine");
        let text = ends(&space, verb, 0);
        assert!(text.contains("it is kept as `x.txt.kept-"), "{text}");
        assert_eq!(take_kept(&link).as_deref(), Some("mine"), "{verb}");
        assert_eq!(fs::read_to_string(&link).expect("put right"), "1\n");
    }
    // Of one that nothing shows, the clean-up says where it is, and so does the check.
    space.write("outputs/store/damaged/0123", "of another folder of results");
    for verb in ["gc --yes", "verify"] {
        let text = ends(&space, verb, 0);
        assert!(text.contains("store/damaged` has 1 file"), "{text}");
    }
    assert!(space.path("outputs/store/damaged/0123").is_file());
}

#[test]
fn what_was_written_while_a_step_read_it_is_kept_beside_it() {
    let space = project(
        "experiment: e
stages:
  a: {uses: command, with: {run: 'echo 1 > x.txt', out: {x: x.txt}}}
  b:
    uses: command
    in: {x: a}
    with:
      run: 'f=$(readlink -f \"${in.x}\"); chmod u+w \"$f\"; echo mine > \"$f\"; echo 1 > y.txt'
      out: {y: y.txt}
",
    );
    ends(&space, RUN, 1);
    let link = space.path("outputs/e/cells/a/x.txt");
    assert_eq!(take_kept(&link).as_deref(), Some("mine\n"));
}

/// As a process leaves it that died before it showed anything.
#[test]
fn what_lies_aside_in_the_store_is_shown_by_a_run_that_changes_nothing() {
    let space = project(MANIFEST);
    ends(&space, RUN, 0);
    let link = space.path("outputs/e/cells/a/x.txt");
    let object = fs::canonicalize(&link).expect("it leads to an object");
    let name = object.file_name().expect("its digest").to_string_lossy();
    space.write(&format!("outputs/store/damaged/{name}"), "mine");
    ends(&space, RUN, 0);
    assert_eq!(take_kept(&link).as_deref(), Some("mine"));
}

fn variants(space: &TestSpace) -> Vec<PathBuf> {
    space
        .files("outputs")
        .into_iter()
        .filter(|path| path.to_string_lossy().contains("e@"))
        .collect()
}

#[test]
fn a_clean_up_of_another_store_leaves_the_folders_of_this_one() {
    let space = project(MANIFEST);
    ends(&space, &format!("{RUN} -p x=2"), 0);
    ends(
        &space,
        &format!("{RUN} --store other --outputs elsewhere"),
        0,
    );
    let before = variants(&space);
    assert!(!before.is_empty());
    ends(&space, "gc --yes --store other", 0);
    assert_eq!(variants(&space), before);
    // Nor does it take links for dead whose disk is not mounted.
    let (store, away) = (space.path("outputs/store"), space.path("away"));
    fs::rename(&store, &away).expect("ours");
    ends(&space, "gc --yes --store other", 0);
    fs::rename(&away, &store).expect("ours");
    assert_eq!(variants(&space), before);
    let text = ends(&space, "verify --store other", 0);
    assert!(!text.contains("not the result"), "{text}");
}

#[test]
fn a_link_that_a_step_left_leading_nowhere_goes_with_its_step_alone() {
    let manifest = "experiment: e
stages:
  a: {uses: command, with: {run: 'mkdir d; echo 1 > d/x; ln -s gone d/latest', out: {d: d/}}}
";
    let space = project(manifest);
    ends(&space, RUN, 0);
    let link = space.path("outputs/e/cells/a/d/latest");
    // What a run that was killed was about to put there is nobody's.
    let half = space.path("outputs/e/cells/a/d/.new-20260730-142530-2");
    fs::write(&half, "half").expect("ours");
    let mine = space.path("outputs/e/cells/a/d/.new-ideas");
    fs::write(&mine, "mine").expect("ours");
    ends(&space, "gc --yes", 0);
    assert!(link.is_symlink() && !half.exists() && mine.exists());
    fs::rename(space.path("manifests/e.yaml"), space.path("e.txt")).expect("ours");
    ends(&space, "gc --yes", 0);
    assert!(!link.is_symlink() && mine.exists());
}

#[test]
fn a_link_to_a_manifest_is_that_manifest() {
    let space = project(MANIFEST);
    ends(&space, RUN, 0);
    symlink("e.yaml", space.path("manifests/current.yaml")).expect("ours");
    let text = ends(&space, "run manifests/current.yaml", 0);
    assert!(text.contains("all up to date"), "{text}");
    ends(&space, RUN, 0);
    let text = ends(&space, "check manifests/e.yaml", 0);
    assert!(!text.contains("as well"), "{text}");
    let text = ends(&space, "gc", 0);
    let kept = text.lines().filter(|line| line.starts_with("keeps e "));
    assert_eq!(kept.count(), 1, "{text}");
}

#[test]
fn what_git_and_desktops_leave_in_a_folder_of_results_is_no_hindrance() {
    let space = project(MANIFEST);
    for name in [".gitignore", ".gitkeep", ".gitattributes", ".DS_Store"] {
        space.write(&format!("outputs/e/{name}"), "cells/");
    }
    ends(&space, RUN, 0);
    assert_eq!(space.read("outputs/e/.gitignore"), "cells/");
}

/// As `gc` of a version leaves it that knows nothing of replaced results.
#[test]
fn what_a_named_run_has_lost_is_told() {
    let space = project(
        "experiment: e
stages:
  a: {uses: command, with: {run: 'cat \"${root}/n\" > x', out: {x: x}, code: [\"!n\"]}}
",
    );
    space.write("n", "11");
    ends(&space, &format!("{RUN} --name paper"), 0);
    let link = space.path("outputs/e/cells/a/x");
    let object = fs::canonicalize(&link).expect("it leads to an object");
    space.write("n", "22");
    ends(&space, &format!("{RUN} --force a"), 0);
    let text = ends(&space, "gc", 0);
    assert!(text.contains("keeps run paper: 1 result"), "{text}");
    ends(&space, "verify", 0);
    fs::remove_file(object).expect("ours");
    let text = ends(&space, "gc --yes", 0);
    assert!(text.contains("keeps run paper: 0 results"), "{text}");
    assert!(text.contains("run paper has lost 1 result"), "{text}");
    let text = ends(&space, "verify", 1);
    assert!(text.contains("run paper has lost 1 result"), "{text}");
    ends(&space, "runs unname paper", 0);
    ends(&space, "verify", 0);
}

/// A run has shown its results before it remembers that, and one that is killed never does.
#[test]
fn what_a_run_has_just_shown_is_told_by_nobody_as_changed() {
    let space = TestSpace::new();
    let manifest = |value: u32, wait: &str| {
        space.write(
            "manifests/k.yaml",
            &format!(
                "experiment: k\nstages:\n  a: {{uses: command, with: {{run: 'echo x={value}', metrics: stdout}}}}\n  \
                 b: {{uses: command, in: {{a: a}}, with: {{run: '{wait}; echo y={value}', metrics: stdout}}}}\n"
            ),
        );
    };
    let told = |verb: &str| {
        let output = space.output(&[verb, "manifests/k.yaml"]);
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    manifest(1, "true");
    space.stdout(&["run", "manifests/k.yaml"]);
    manifest(2, "sleep 600");
    let mut run = space.command(&["run", "manifests/k.yaml", "--progress", "none"]);
    let mut run = run.spawn().expect("the program starts");
    let shown = || {
        let text = fs::read_to_string(space.path("outputs/k/cells/a/metrics.json"));
        text.is_ok_and(|text| text.contains('2'))
    };
    assert!(eventually(shown), "the first result is shown at once");
    for verb in ["status", "plan"] {
        let said = told(verb);
        assert!(!said.contains("is not the result"), "{verb}: {said}");
    }
    run.kill().expect("it is ours");
    run.wait().expect("it ends");
    for verb in ["status", "plan"] {
        let said = told(verb);
        assert!(
            !said.contains("is not the result") && !said.contains("another result"),
            "{verb}: {said}"
        );
    }
    // The link of one result in the place of another is none.
    manifest(2, "true");
    space.stdout(&["run", "manifests/k.yaml"]);
    let place = |step: &str| space.path(&format!("outputs/k/cells/{step}/metrics.json"));
    let other = fs::read_link(place("b")).expect("a link");
    fs::remove_file(place("a")).expect("it is there");
    symlink(other, place("a")).expect("a link");
    let said = told("status");
    assert!(
        said.contains("`outputs/k/cells/a/metrics.json` is not the result"),
        "{said}"
    );
}
