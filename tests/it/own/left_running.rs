//! What a program has left running when it ends, and what runs beside it that it has not started.

use std::process::Command;
use std::process::Stdio;

use super::space;
use crate::support::TestSpace;

/// A step whose text begins with this, and ends when there is something in its output.
fn project(begins: &str) -> TestSpace {
    space(&format!(
        r#"experiment: o
stages:
  s:
    uses: command
    with:
      run: |
        {begins}
        while [ ! -s "${{out.x}}" ]; do sleep 0.02; done
      out: {{x: x}}
"#
    ))
}

/// Whether the run came to its end, and what it said.
fn told(begins: &str) -> (bool, String) {
    let output = project(begins).output(&["run", "manifests/o.yaml", "--progress", "lines"]);
    let said = String::from_utf8(output.stderr).expect("messages are text");
    (output.status.success(), said)
}

/// Half of an output is none.
#[test]
fn what_still_writes_to_an_output_when_its_program_ends_fails_the_step() {
    for start in ["", "setsid "] {
        let (good, said) = told(&format!(
            "{start}sh -c 'echo 1; exec sleep 1000' > \"${{out.x}}\" &"
        ));
        assert!(!good, "{said}");
        let wanted = "`x`, its output `x`, was still open for writing when the program ended, by `";
        assert!(said.contains(wanted), "{said}");
        assert!(said.contains("wait for what it starts"), "{said}");
        assert!(said.contains("had left running: `"), "{said}");
    }
}

#[test]
fn what_writes_to_nothing_that_is_kept_is_ended_and_named() {
    let (good, said) = told("sleep 1000 > other &\n        echo 1 > \"${out.x}\"");
    assert!(good, "{said}");
    assert!(
        said.contains("ended what the program had left running: `sleep 1000` ("),
        "{said}"
    );
}

/// A script that begins with `exec > >(tee log) 2>&1` and ends with `exec sweepline run …`.
#[test]
fn what_a_script_had_started_before_it_became_this_program_goes_on() {
    let space = project("echo 1 > \"${out.x}\"");
    let script = "sleep 1000 > /dev/null 2>&1 & echo $! > pid; exec \"$0\" run manifests/o.yaml";
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", script, env!("CARGO_BIN_EXE_sweepline")]);
    let ran = shell
        .current_dir(space.path(""))
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .status();
    assert!(ran.expect("there is a shell").success());
    let pid = space.read("pid");
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    let kill = Command::new("kill").arg(pid.trim()).status();
    assert!(kill.expect("there is kill").success(), "it was ended");
    assert!(stat.contains("(sleep) S"), "{stat}");
}
