//! What a program tells while it runs, and what it keeps for its next attempt.

use std::process::Stdio;

use super::run;
use super::space;
use super::told;
use crate::support::counts;
use crate::support::eventually;

const TRAINING: &str = r#"experiment: o
stages:
  s:
    uses: command
    with:
      run: |
        for epoch in 1 2; do echo "epoch=$epoch/3 loss=0.$epoch"; done
        echo '{"epoch": 2, "accuracy": 0.75}' > "${out.metrics}"
        while ! test -f "${root}/go"; do sleep 0.05; done
        echo "epoch=3/3 loss=0.05"
      metrics: m.jsonl
      out: {curve: {file: stdout, type: curve}}
"#;

#[test]
fn numbers_are_seen_while_a_program_runs_and_its_log_is_followed() {
    let space = space(TRAINING);
    let mut running = space
        .command(&["run", "manifests/o.yaml", "--progress", "none"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let status = || {
        let output = space.output(&["status", "manifests/o.yaml"]);
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let seen = eventually(|| {
        let said = status();
        said.contains("67 %") && said.contains("loss 0.2") && said.contains("accuracy 0.75")
    });
    assert!(seen, "{}", status());
    let so_far = space.stdout(&["log", "manifests/o.yaml", "s", "--no-follow"]);
    assert_eq!(so_far, "epoch=1/3 loss=0.1\nepoch=2/3 loss=0.2\n");
    let log = space
        .command(&["log", "manifests/o.yaml", "s"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    std::thread::sleep(std::time::Duration::from_millis(300));
    space.write("go", "");
    let followed = log.wait_with_output().expect("it ends with the step");
    let followed = String::from_utf8_lossy(&followed.stdout);
    assert!(followed.ends_with("epoch=3/3 loss=0.05\n"), "{followed}");
    assert!(running.wait().expect("it ends").success());
    let curve = space.read("outputs/o/cells/s/curve.csv");
    assert_eq!(curve, "epoch,loss\n1,0.1\n2,0.2\n3,0.05\n");
}

/// Counts to five, one number an attempt, in the folder that is kept.
const RESUMED: &str = r#"experiment: o
stages:
  s:
    uses: command
    retries: 2
    retry: {delay: 10ms}
    timeout: 1s
    with:
      run: |
        at=$(cat "${checkpoint}/epoch" 2>/dev/null || echo 0)
        echo "begins after $at" >> "${root}/begun"
        echo $((at + 1)) > "${checkpoint}/epoch"
        case $at in 0) exit 1;; 1) kill -9 $$;; 2) sleep 20;; 3) exit 1;; esac
        echo "$at" > "${out.x}"
      out: {x: x}
"#;

#[test]
fn a_kept_folder_survives_failures_timeouts_and_runs() {
    let space = space(RESUMED);
    let said = told(&space, &[]);
    assert!(said.contains("1 failed"), "{said}");
    assert_eq!(run(&space, &[]), counts(&[("s", 1)]));
    assert_eq!(
        space.read("begun"),
        "begins after 0\nbegins after 1\nbegins after 2\nbegins after 3\nbegins after 4\n"
    );
    // With the result it goes.
    assert!(space.files("outputs/store/checkpoints-v1").is_empty());
    space.replace("manifests/o.yaml", "begins after", "starts after");
    told(&space, &[]);
    assert!(space.read("begun").contains("starts after 0"));
}

#[test]
fn a_curve_that_begins_in_the_middle_is_told() {
    let space = space(
        r#"experiment: o
stages:
  s:
    uses: command
    retries: 1
    retry: {delay: 10ms}
    with:
      run: |
        if [ -f "${checkpoint}/epoch" ]; then echo "epoch=2 loss=0.5"; exit 0; fi
        echo "epoch=1 loss=0.9"
        echo 1 > "${checkpoint}/epoch"
        exit 1
      out: {history: {file: stdout, type: curve}}
"#,
    );
    let said = told(&space, &[]);
    assert!(
        said.contains("`history` holds what this attempt printed"),
        "{said}"
    );
    // An attempt that begins anew prints all there is.
    space.replace("manifests/o.yaml", "echo 1 > \"${checkpoint}/epoch\"", ":");
    space.replace("manifests/o.yaml", "exit 1", "echo \"epoch=2 loss=0.4\"");
    let said = told(&space, &[]);
    assert!(!said.contains("attempt printed"), "{said}");
    let curve = space.read("outputs/o/cells/s/curve.csv");
    assert_eq!(curve, "epoch,loss\n1,0.9\n2,0.4\n");
}
