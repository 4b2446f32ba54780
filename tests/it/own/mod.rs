//! Programs of people's own: whatever they write is read, and nothing that is odd fails them.

mod composition;
#[cfg(target_os = "linux")]
mod deep;
mod environment;
mod fixed_paths;
mod folders;
#[cfg(target_os = "linux")]
mod left_running;
mod live;
mod metrics;
mod months;
mod numbers;
mod order;
mod pictures;
mod read_by_programs;
mod retries;

use crate::support::Executed;
use crate::support::TestSpace;
use crate::support::executed;

/// A project with this manifest.
fn space(manifest: &str) -> TestSpace {
    let space = TestSpace::new();
    space.write("manifests/o.yaml", manifest);
    space
}

/// Runs the manifest, which must succeed.
fn run(space: &TestSpace, more: &[&str]) -> Executed {
    let arguments = [&["run", "manifests/o.yaml", "--json"], more].concat();
    executed(&space.stdout(&arguments))
}

/// What is said of a run, whatever comes of it.
fn told(space: &TestSpace, more: &[&str]) -> String {
    let arguments = [&["run", "manifests/o.yaml", "--progress", "lines"], more].concat();
    let output = space.output(&arguments);
    String::from_utf8(output.stderr).expect("messages are text")
}

/// The mistakes in a manifest.
fn mistakes(manifest: &str) -> String {
    let output = space(manifest).output(&["check", "manifests/o.yaml"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    String::from_utf8(output.stderr).expect("messages are text")
}
