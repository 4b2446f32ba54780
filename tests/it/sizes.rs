//! Stages that ask for more memory than there is: refused before anything runs where their parameters say so,
//! and else the failure of that step alone.

use std::process::Command;

use crate::support::TestSpace;

/// Four billion bytes of address space for the run.
const LIMIT: &str = "ulimit -v 4000000; exec \"$0\" run manifests/sizes.yaml --progress lines";

fn run(points: &str) -> (Option<i32>, String) {
    let space = TestSpace::new();
    space.write(
        "manifests/sizes.yaml",
        &format!(
            "experiment: sizes
stages:
  small: {{uses: command, with: {{run: 'echo m=1', metrics: stdout}}}}
  large: {{uses: dataset/synthetic, with: {{name: circle, points: {points}}}}}
"
        ),
    );
    let output = Command::new("sh")
        .args(["-c", LIMIT, env!("CARGO_BIN_EXE_sweepline")])
        .current_dir(space.path(""))
        .output()
        .expect("there is a shell");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), text)
}

#[test]
fn what_asks_for_more_memory_than_there_is_is_refused_with_both_numbers() {
    let (code, text) = run("600000000");
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("manifests/sizes.yaml:4"), "{text}");
    assert!(text.contains("4.8 GB") && text.contains("4.1 GB"), "{text}");
}

#[test]
fn an_allocation_that_fails_is_the_failure_of_its_step_alone() {
    // 4.0 GB at least, in truth much more.
    let (code, text) = run("500000000");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("large"), "{text}");
    assert!(
        text.contains("1 failed") && text.contains("1 done"),
        "{text}"
    );
}
