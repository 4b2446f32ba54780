//! Incremental reruns: change one thing, and exactly these steps run.

use std::fs;
use std::io::Write;
use std::time::Duration;

use crate::support::TestSpace;
use crate::support::counts;

/// A project whose manifest was run once.
fn finished() -> TestSpace {
    let space = TestSpace::new();
    let first = space.run(&[]);
    let all = [
        ("best", 2),
        ("by-latent", 1),
        ("data", 1),
        ("drawn", 2),
        ("elbo", 4),
        ("fit", 4),
        ("samples", 1),
        ("summary", 1),
    ];
    assert_eq!(first, counts(&all));
    space
}

#[test]
fn a_second_run_executes_nothing() {
    let space = finished();
    assert_eq!(space.run(&[]), counts(&[]));
    let output = space.output(&["run", "manifests/small.yaml"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("up to date"), "{said}");
}

#[test]
fn a_new_axis_value_executes_its_own_steps_and_what_shares_them() {
    let space = finished();
    space.replace("manifests/small.yaml", "[2, 4]", "[2, 4, 8]");
    let want = [
        ("best", 1),
        ("by-latent", 1),
        ("drawn", 1),
        ("elbo", 2),
        ("fit", 2),
        ("samples", 1),
        ("summary", 1),
    ];
    assert_eq!(space.run(&[]), counts(&want));
    space.replace("manifests/small.yaml", "[2, 4, 8]", "[2, 4]");
    assert_eq!(space.run(&[]), counts(&[]));
}

#[test]
fn comments_order_and_white_space_execute_nothing() {
    let space = finished();
    space.replace(
        "pipelines/digits.yaml",
        "    with: {train: 200, valid: 50, test: 50}\n",
        "    # only a few\n\n    with:\n      test: 50\n      valid: 50\n      train:   200\n",
    );
    assert_eq!(space.run(&[]), counts(&[]));
}

#[test]
fn a_renamed_stage_executes_nothing() {
    let space = finished();
    space.replace(
        "pipelines/digits.yaml",
        "data:\n    uses",
        "digits:\n    uses",
    );
    space.replace("pipelines/digits.yaml", "data: data", "data: digits");
    assert_eq!(space.run(&[]), counts(&[]));
}

#[test]
fn a_title_executes_its_figure_only() {
    let space = finished();
    space.replace(
        "pipelines/digits.yaml",
        "{columns: 4}",
        "{columns: 4, title: Samples}",
    );
    assert_eq!(space.run(&[]), counts(&[("samples", 1)]));
}

#[test]
fn a_deleted_object_heals_by_running_what_it_must() {
    let space = finished();
    let gone = object_of(&space, "samples.svg");
    fs::remove_file(gone).unwrap();
    assert_eq!(space.run(&[]), counts(&[("samples", 1)]));
    assert_eq!(space.run(&[]), counts(&[]));
}

#[test]
fn a_corrupted_object_heals_by_running_what_it_must() {
    let space = finished();
    let broken = object_of(&space, "samples.svg");
    let mut permissions = fs::metadata(&broken).unwrap().permissions();
    #[expect(
        clippy::permissions_set_readonly_false,
        reason = "a file of this test alone"
    )]
    permissions.set_readonly(false);
    fs::set_permissions(&broken, permissions).unwrap();
    let mut file = fs::OpenOptions::new().write(true).open(&broken).unwrap();
    file.write_all(b"<!-- another drawing -->").unwrap();
    drop(file);
    assert_eq!(space.run(&[]), counts(&[("samples", 1)]));
    let healed = fs::read(space.path("outputs/small/figures/samples.svg")).unwrap();
    assert!(!healed.starts_with(b"<!-- another"));
}

/// The object in the store with the content of a figure.
fn object_of(space: &TestSpace, figure: &str) -> std::path::PathBuf {
    let content = fs::read(space.path(&format!("outputs/small/figures/{figure}")))
        .expect("the figure is drawn");
    let mut objects = space.files("outputs/store").into_iter();
    let found = objects.find(|path| fs::read(path).is_ok_and(|found| found == content));
    found.expect("figures are copies of objects")
}

#[test]
fn two_stores_and_different_jobs_end_in_the_same_digests() {
    let space = TestSpace::new();
    space.run(&["--store", "one", "--jobs", "1"]);
    space.run(&["--store", "two", "--jobs", "4"]);
    let one = space.digests(&["--store", "one"]);
    assert_eq!(one, space.digests(&["--store", "two"]));
    assert!(one.contains("digest"), "{one}");
}

#[test]
fn a_kill_loses_no_finished_step_and_leaves_the_same_bytes() {
    let undisturbed = finished().digests(&[]);
    for milliseconds in [50, 150, 300, 600, 1200] {
        let space = TestSpace::new();
        let mut child = space
            .command(&["run", "manifests/small.yaml", "--progress", "none"])
            .spawn()
            .expect("the program starts");
        std::thread::sleep(Duration::from_millis(milliseconds));
        // It may have ended before.
        let _ = child.kill();
        child.wait().unwrap();
        space.run(&[]);
        assert_eq!(
            space.digests(&[]),
            undisturbed,
            "killed after {milliseconds} ms"
        );
        assert_eq!(space.run(&[]), counts(&[]));
    }
}
