//! Whatever values, logs, names and messages hold, no control character of theirs is printed, and
//! figures and tables stay what they are.

use std::fs;
use std::process::Command;

use crate::support::TestSpace;

/// Everything that a terminal obeys, in a value, a log, a message and a metric's name.
const MANIFEST: &str = r#"experiment: esc
title: "t\e]0;title\a"
axes: {v: ["a\e[2J\u009b31m\x7f\u202e\u2028\r\nb|c", "plain"]}
stages:
  a:
    uses: command
    with:
      run: 'printf "\033]0;pwn\007\033[31mred\033[0m\t\342\200\256%s\n" "${v}"; printf "{\"x\\\\u001b[2J\": 1, \"y\": 2}" > metrics.json; printf "\033[2Jwrong\n" >&2; [ "${w}" = right ]'
      metrics: metrics.json
  table:
    uses: table/summary
    in: {rows: a}
    with: {values: [y]}
  drawn:
    uses: figure/bar
    in: {rows: a}
    with: {x: v, y: y, title: "\e[31mred\u202e"}
params: {w: right}
claims:
  - {name: "c\e[2J", source: "s\u202e", table: a, says: "max(y) < 3"}
"#;

/// Whether nothing but tabs and line feeds of the control characters, and nothing that turns the
/// direction of writing, is there.
fn assert_harmless(bytes: &[u8], of: &str) {
    let text = str::from_utf8(bytes).unwrap_or_else(|_| panic!("{of}: not UTF-8"));
    let odd = |c: char| {
        c.is_control() && c != '\n' && c != '\t'
            || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!text.contains(odd), "{of}: {text:?}");
}

fn space() -> TestSpace {
    let space = TestSpace::new();
    space.write("manifests/esc.yaml", MANIFEST);
    space
}

#[test]
fn no_verb_prints_a_control_character() {
    let space = space();
    let step = r"a[v=a\u001b[2J\u009b31m\u007f\u202e\u2028\r\nb|c]";
    let failed = "run manifests/esc.yaml -p w=wrong\u{1b}[2J";
    let mut calls: Vec<Vec<&str>> = [
        failed,
        "run manifests/esc.yaml --json --no-wait",
        "run manifests/esc.yaml --progress lines",
        "plan manifests/esc.yaml",
        "plan manifests/esc.yaml -p w=\u{1b}",
        "plan manifests/esc.yaml --json",
        "check manifests/esc.yaml -p w=\u{1b}",
        "check manifests/esc.yaml -p w\u{1b}[2J",
        "check manifests/\u{1b}[2J.yaml",
        "status manifests/esc.yaml",
        "status manifests/esc.yaml --json",
        "ls manifests/esc.yaml",
        "ls manifests/esc.yaml --format md",
        "ls manifests/esc.yaml --format csv",
        "ls manifests/esc.yaml --format json",
        "ls manifests/esc.yaml --sort \u{1b}[2J",
        "ls manifests/esc.yaml --only v=\u{1b}[2J",
        "claims manifests/esc.yaml",
        "claims manifests/esc.yaml --format md",
        "graph manifests/esc.yaml",
        "graph manifests/esc.yaml --format mermaid",
        "diff manifests/esc.yaml a[v=plain] a[v=\u{1b}]",
        "export manifests/esc.yaml",
        "events",
        "trace",
        "gc",
        "gc \u{1b}[2J",
        "list \u{1b}[2J",
        "r\u{1b}[2Jun",
        "run --\u{1b}[2J",
        "report manifests/esc.yaml",
        "verify",
    ]
    .map(|call| call.split(' ').collect())
    .into();
    for verb in ["show", "why", "log"] {
        calls.push(vec![verb, "manifests/esc.yaml", step]);
        calls.push(vec![verb, "manifests/esc.yaml", "a[v=\u{1b}[2J]"]);
    }
    calls.push(vec!["show", "manifests/esc.yaml", step, "--json"]);
    for call in calls {
        let output = space.output(&call);
        assert!(
            output.status.code().is_some_and(|code| code < 100),
            "{call:?}"
        );
        assert_harmless(&output.stdout, &format!("{call:?}"));
        assert_harmless(&output.stderr, &format!("{call:?}"));
    }
    let page = fs::read(space.path("outputs/esc/report.html")).expect("a report was written");
    assert_harmless(&page, "report.html");
    let help = space
        .command(&["run", "--help"])
        .env("SWEEPLINE_STORE", "\u{1b}[2J")
        .output();
    assert_harmless(&help.expect("the program starts").stdout, "--help");
}

#[test]
fn json_keeps_its_values_and_a_log_its_bytes_where_asked_for() {
    let space = space();
    let step = r"a[v=a\u001b[2J\u009b31m\u007f\u202e\u2028\r\nb|c]";
    space.stdout(&["run", "manifests/esc.yaml", "--progress", "none"]);
    let shown = space.stdout(&["show", "manifests/esc.yaml", step, "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown).expect("it is JSON");
    let value = "a\u{1b}[2J\u{9b}31m\u{7f}\u{202e}\u{2028}\r\nb|c";
    assert_eq!(shown["cell"]["v"], value);
    let log = space.stdout(&["log", "manifests/esc.yaml", step]);
    assert!(log.starts_with("red\t\\u202ea"), "{log}");
    let raw = space.stdout(&["log", "manifests/esc.yaml", step, "--raw"]);
    assert!(
        raw.starts_with("\u{1b}]0;pwn\u{7}\u{1b}[31mred\u{1b}[0m\t\u{202e}a\u{1b}[2J"),
        "{raw:?}"
    );
}

/// In a terminal only our own colours are left.
#[test]
fn a_terminal_gets_no_control_character_either() {
    let space = space();
    for progress in ["bars", "lines"] {
        let program = env!("CARGO_BIN_EXE_sweepline");
        let call = format!("{program} run manifests/esc.yaml -p w=wrong --progress {progress}");
        let output = Command::new("script")
            .args(["-qec", &call, "/dev/null"])
            .current_dir(space.path(""))
            .env("TERM", "xterm")
            .output();
        // The tool is part of util-linux, which not every machine has.
        let Ok(output) = output else { return };
        let text = String::from_utf8(output.stdout).expect("a terminal gets text");
        assert!(text.contains("wrong"), "{text}");
        for odd in [
            "\u{1b}]0",
            "\u{1b}[2Jw",
            "\u{1b}[2J\u{9b}",
            "\u{9b}",
            "\u{7f}",
            "\u{202e}",
            "\u{2028}",
            "\u{7}",
        ] {
            assert!(!text.contains(odd), "{odd:?} in {text:?}");
        }
    }
}

#[test]
fn figures_and_tables_stay_readable() {
    let space = space();
    space.stdout(&["run", "manifests/esc.yaml", "--progress", "none"]);
    let files = space.files("outputs/esc");
    for file in &files {
        let name = file
            .file_name()
            .expect("files have names")
            .to_string_lossy();
        assert_harmless(name.as_bytes(), "a name");
        let bytes = fs::read(file).expect("the view is readable");
        match file.extension().and_then(|ending| ending.to_str()) {
            Some("svg") => {
                let text = String::from_utf8(bytes).expect("it is text");
                assert_harmless(text.as_bytes(), &name);
                let tree = resvg::usvg::Tree::from_str(&text, &Default::default());
                assert!(tree.is_ok(), "{name}");
                assert!(text.contains(r"a\u001b[2J"), "{name}");
            }
            Some("tex" | "md") => assert_harmless(&bytes, &name),
            Some("csv") if name.starts_with("table") => {
                let mut rows = csv::Reader::from_reader(bytes.as_slice());
                let rows: Vec<_> = rows.records().map(|row| row.expect("it is CSV")).collect();
                assert_eq!(
                    &rows[0][0],
                    "a\u{1b}[2J\u{9b}31m\u{7f}\u{202e}\u{2028}\r\nb|c"
                );
            }
            _ => {}
        }
    }
    let kinds = |ending: &str| {
        files
            .iter()
            .any(|f| f.extension().is_some_and(|e| e == ending))
    };
    assert!(
        ["svg", "tex", "md", "csv", "pdf"].into_iter().all(kinds),
        "{files:?}"
    );
}
