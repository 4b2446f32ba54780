//! What shells complete, asked as bash asks it; and the manual pages.

use std::process::Command;

use super::kit::*;
use crate::support::TestSpace;

/// What bash is offered at the end of a line, a candidate each, as they replace what it takes for the word.
fn offered(space: &TestSpace, line: &str) -> Vec<String> {
    // As bash takes a line apart: at spaces, and at `=` and `:` outside of quotes.
    let mut words: Vec<String> = Vec::new();
    for word in line.split(' ') {
        if word.starts_with('\'') {
            words.push(word.to_owned());
            continue;
        }
        let mut rest = word;
        while let Some(at) = rest.find(['=', ':']) {
            words.extend([&rest[..at], &rest[at..=at]].map(str::to_owned));
            rest = &rest[at + 1..];
        }
        words.push(rest.to_owned());
    }
    let typed = words.last().expect("a line has words");
    let typed = typed.trim_start_matches('\'').to_owned();
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_sweepline"));
    let folder = program.parent().expect("programs lie in folders");
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("bash")
        .args(["--norc", "-uc"])
        .arg(
            "eval \"$(sweepline completions bash)\"; line=$1; typed=$2; shift 2; COMP_WORDS=(\"$@\"); \
             COMP_CWORD=$(($# - 1)); COMP_LINE=$line; COMP_POINT=${#line}; \
             _sweepline sweepline \"$typed\" before; printf '%s\\n' \"${COMPREPLY[@]-}\"",
        )
        .args(["bash", line, &typed])
        .args(&words)
        .env("PATH", format!("{}:{path}", folder.display()))
        .env_remove("SWEEPLINE_STORE")
        .current_dir(space.path(""))
        .output()
        .expect("bash is there: commands run in it");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(stderr, "", "{line}");
    let stdout = String::from_utf8(output.stdout).expect("names are text");
    stdout
        .lines()
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn shells_complete_what_the_manifest_names() {
    let space = finished();
    space.write(
        "manifests/toy.yaml",
        &(TOY.to_owned() + "profiles: {quick: {params: {epochs: 1}}, long: {}}\n"),
    );
    let space = &space;
    for (line, expected) in [
        ("sweepline wh", vec!["why"]),
        ("sweepline plan mani", vec!["manifests/"]),
        ("sweepline plan manifests/to", vec!["manifests/toy.yaml"]),
        (
            "sweepline plan manifests/toy.yaml --profile ",
            vec!["quick", "long"],
        ),
        (
            "sweepline plan manifests/toy.yaml --stage s",
            vec!["score", "summary"],
        ),
        (
            "sweepline run manifests/toy.yaml --axis sam",
            vec!["samples="],
        ),
        (
            "sweepline run manifests/toy.yaml --axis samples=",
            vec!["5", "50"],
        ),
        (
            "sweepline run manifests/toy.yaml --axis samples=5,",
            vec!["5,50"],
        ),
        (
            "sweepline run manifests/toy.yaml --only 'samples=5,name=c",
            vec!["samples=5,name=circle", "samples=5,name=clusters"],
        ),
        // Bash would end the quotes behind `samples=`.
        (
            "sweepline run manifests/toy.yaml --only 'sam",
            vec!["samples=5", "samples=50"],
        ),
        (
            "sweepline why manifests/toy.yaml best",
            vec![
                "best",
                "best[name=circle,samples=5]",
                "best[name=circle,samples=50]",
                "best[name=clusters,samples=5]",
                "best[name=clusters,samples=50]",
            ],
        ),
        // From the last `=` on.
        (
            "sweepline log manifests/toy.yaml best[name=circle,samples=",
            vec!["5]", "50]"],
        ),
        (
            "sweepline log manifests/toy.yaml 'best[name=circle,samples=",
            vec![
                "best[name=circle,samples=5]",
                "best[name=circle,samples=50]",
            ],
        ),
        // With the changes of the same line.
        (
            "sweepline show manifests/toy.yaml --axis samples=7 'best[name=circle",
            vec!["best[name=circle,samples=7]"],
        ),
        ("sweepline list evaluate/test", vec!["evaluate/test-kl"]),
        ("sweepline list posteri", vec!["posterior"]),
        (
            "sweepline ls manifests/toy.yaml --sort -test",
            vec!["-test_kl", "-test_kl_se"],
        ),
        ("sweepline events prev", vec!["previous"]),
        ("sweepline runs --experiment ", vec!["toy"]),
        (
            "sweepline export manifests/toy.yaml --to te",
            vec!["tensorboard"],
        ),
    ] {
        let mut found = offered(space, line);
        let groups = |name: &String| name.starts_with("posterior/");
        found.retain(|name| !groups(name));
        assert_eq!(found, expected, "{line}");
    }
}

#[test]
fn a_manifest_that_is_wrong_or_absent_completes_nothing_and_says_nothing() {
    let space = toy();
    space.write("manifests/bad.yaml", "experiment: [\n");
    for manifest in ["bad", "none"] {
        for option in ["--stage ", "--profile ", "--axis ", "--force "] {
            let line = format!("sweepline run manifests/{manifest}.yaml {option}");
            assert_eq!(offered(&space, &line), Vec::<String>::new(), "{line}");
        }
    }
    assert_eq!(
        offered(&space, "sweepline log manifests/toy.yaml nothing"),
        Vec::<String>::new()
    );
}

/// A shell prints what is offered, and a line is a name.
#[test]
fn nothing_is_offered_that_a_terminal_obeys() {
    let space = toy();
    space.write(
        "manifests/odd.yaml",
        "experiment: odd\naxes: {v: [\"a\\e[31m\", \"b\\nc\", d]}\nstages:\n  try:\n    uses: command\n    with: \
         {run: 'echo x=1', values: {v: \"${v}\"}, metrics: stdout}\n",
    );
    let values = offered(&space, "sweepline run manifests/odd.yaml --axis v=");
    assert_eq!(values, ["d"]);
    let steps = offered(&space, "sweepline log manifests/odd.yaml try[");
    assert_eq!(steps.len(), 3);
    space.write("few/a\u{1b}[31m.yaml", "");
    space.write("few/b.yaml", "");
    let files = offered(&space, "sweepline check few/");
    for name in steps.iter().chain(&files) {
        assert!(!name.contains(char::is_control), "{name:?}");
    }
    assert_eq!(files, ["few/b.yaml"]);
}

/// A sweep of thousands is completed axis by axis.
#[test]
fn many_steps_are_completed_axis_by_axis() {
    let space = toy();
    space.write(
        "manifests/large.yaml",
        "experiment: large\naxes: {a: {seeds: 30}, b: {seeds: 30}}\nstages:\n  try:\n    uses: command\n    with: \
         {run: 'echo x=${a}${b}', metrics: stdout}\n",
    );
    assert_eq!(
        offered(&space, "sweepline show manifests/large.yaml t"),
        ["try["]
    );
    let axis = offered(&space, "sweepline show manifests/large.yaml 'try[");
    assert_eq!((axis.len(), axis[0].as_str()), (30, "try[a=0,"));
    let steps = offered(&space, "sweepline show manifests/large.yaml 'try[a=3,");
    assert_eq!((steps.len(), steps[0].as_str()), (30, "try[a=3,b=0]"));
}

#[test]
fn every_verb_has_a_manual_page() {
    let space = toy();
    said(&space, "man share/man");
    let help = said(&space, "--help");
    let verbs = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let verbs = verbs.take_while(|line| !line.is_empty());
    let verbs = verbs.filter_map(|line| line.split_whitespace().next());
    let mut count = 0;
    for verb in verbs.filter(|verb| *verb != "help") {
        let page = space.read(&format!("share/man/man1/sweepline-{verb}.1"));
        assert!(page.contains(".SH SYNOPSIS"), "{verb}");
        count += 1;
    }
    assert!(count > 25, "{help}");
    let main = space.read("share/man/man1/sweepline.1");
    assert!(main.contains("sweepline\\-run(1)"), "{main}");
}
