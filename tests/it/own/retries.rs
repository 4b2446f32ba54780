//! Which failures of a program pass.

use super::mistakes;
use super::space;
use super::told;
use crate::support::TestSpace;

/// A stage that fails as `how` says until its third attempt, under these keys.
fn failing(how: &str, keys: &str) -> TestSpace {
    space(&format!(
        r#"experiment: o
stages:
  s:
    uses: command
{keys}
    with:
      run: |
        echo x >> "${{root}}/count"
        if test "$(wc -l < "${{root}}/count")" -lt 3; then {how}; fi
        echo done > "${{out.x}}"
      out: {{x: x}}
"#
    ))
}

/// How often the program was started, and whether it came to its end.
fn attempts(how: &str, keys: &str) -> (usize, bool) {
    let space = failing(how, keys);
    let said = told(&space, &[]);
    (space.read("count").lines().count(), said.contains("1 done"))
}

#[test]
fn every_failure_of_a_program_passes_unless_some_are_named() {
    let retries = "    retries: 2\n    retry: {delay: 10ms}";
    for how in ["exit 1", "exit 75", "exit 137", "kill -9 $$", "exit 0"] {
        assert_eq!(attempts(how, retries), (3, true), "{how}");
    }
    let slow = format!("{retries}\n    timeout: 400ms");
    assert_eq!(attempts("sleep 20", &slow), (3, true));
    assert_eq!(
        attempts("exit 1", "    retries: 1\n    retry: {delay: 10ms}"),
        (2, false)
    );
}

#[test]
fn named_failures_alone_pass() {
    let named = |retry: &str| {
        format!("    retries: 2\n    timeout: 2s\n    retry: {{delay: 10ms, {retry}}}")
    };
    let exits = named("exit: [75, 137]");
    assert_eq!(attempts("exit 75", &exits), (3, true));
    assert_eq!(attempts("kill -9 $$", &exits), (3, true));
    assert_eq!(attempts("exit 1", &exits), (1, false));
    assert_eq!(attempts("exit 0", &exits), (1, false));
    let signals = named("signals: true");
    assert_eq!(attempts("kill -11 $$", &signals), (3, true));
    assert_eq!(attempts("exit 75", &signals), (1, false));
    assert_eq!(attempts("exit 75", &named("exit: 75")), (3, true));
    let slow = "    retries: 2\n    timeout: 400ms\n    retry: {delay: 10ms, timeout: true}";
    assert_eq!(attempts("sleep 20", slow), (3, true));
    let slow = "    retries: 2\n    timeout: 400ms\n    retry: {delay: 10ms, exit: 1}";
    assert_eq!(attempts("sleep 20", slow), (1, false));
}

#[test]
fn mistakes_are_told_at_their_place() {
    let of = |keys: &str| {
        mistakes(&format!(
            "experiment: o\nstages:\n  s:\n    uses: command\n    {keys}\n    with: {{run: [a], out: {{x: x}}}}\n"
        ))
    };
    for (keys, wanted) in [
        (
            "retry: {exit: 75}",
            "says after which failures, not how often",
        ),
        ("retries: 1\n    retry: {exits: 75}", "did you mean `exit`?"),
        ("retries: 1\n    retry: {exit: 0}", "exit status"),
        ("retries: 1\n    retry: {exit: [x]}", "exit status"),
        ("retries: 1\n    retry: {signals: 9}", "`signals`"),
        (
            "retries: 1\n    retry: {delay: soon}",
            "wrong value of `delay`",
        ),
        ("retries: 1\n    retry: {delay: 3d}", "more than a day"),
        (
            "retries: 1\n    retry: {factor: 0.5}",
            "expected a number from 1 to 100",
        ),
        ("retries: 1\n    retry: 3", "`retry` is a map"),
    ] {
        let said = of(keys);
        assert!(said.contains(wanted), "{keys}\n{said}");
    }
}
