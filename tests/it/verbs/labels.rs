//! Names and tags of runs, forced steps, accepted results, and what is told of names that say nothing.

use serde_json::Value as Json;
use sweepline::store::Access;
use sweepline::store::Store;

use crate::support::TestSpace;
use crate::support::counts;
use crate::support::executed;

const MANIFEST: &str = r#"experiment: l
axes: {n: [1, 2]}
stages:
  first:
    uses: command
    with: {run: 'echo "v=${n}"; date +%N > "${out.x}"', out: {x: x}, metrics: stdout}
  second:
    uses: command
    in: {x: first.x}
    with: {run: 'cp "${in.x}" "${out.y}"', out: {y: y}}
"#;

fn space() -> TestSpace {
    let space = TestSpace::new();
    space.write("manifests/l.yaml", MANIFEST);
    space
}

fn run(space: &TestSpace, more: &[&str]) -> crate::support::Executed {
    let arguments = [&["run", "manifests/l.yaml", "--json"], more].concat();
    executed(&space.stdout(&arguments))
}

/// Exit code and what was said.
fn said(space: &TestSpace, arguments: &[&str]) -> (Option<i32>, String) {
    let output = space.output(arguments);
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8(text).expect("messages are text"),
    )
}

#[test]
fn runs_are_listed_named_and_tagged_and_diff_takes_the_names() {
    let space = space();
    run(&space, &["--name", "before", "--tag", "draft"]);
    space.replace("manifests/l.yaml", "v=${n}", "v=1${n}");
    run(&space, &["--tag", "draft", "--tag", "final"]);
    let named = said(&space, &["runs", "name", "latest", "after"]);
    assert_eq!(named.0, Some(0), "{}", named.1);
    let (_, list) = said(&space, &["runs"]);
    assert!(
        list.contains("after") && list.contains("draft, final"),
        "{list}"
    );
    assert!(list.contains("4 done"), "{list}");
    let (_, only) = said(&space, &["runs", "--tag", "final"]);
    assert!(!only.contains("before"), "{only}");
    let json: Json = serde_json::from_str(&space.stdout(&["runs", "--json"])).expect("JSON");
    assert_eq!(json["version"], 1);
    assert_eq!(json["runs"][1]["names"][0], "before");
    assert_eq!(json["runs"][0]["summary"]["totals"]["done"], 4);
    let diff = space.stdout(&["diff", "manifests/l.yaml", "before", "after"]);
    assert!(diff.contains("param run"), "{diff}");
    let (code, taken) = said(&space, &["run", "manifests/l.yaml", "--name", "before"]);
    assert!(
        code == Some(2) && taken.contains("is the name of run"),
        "{taken}"
    );
    for odd in ["latest", "20261129-x", "a b", ""] {
        let (code, text) = said(&space, &["runs", "name", "latest", odd]);
        assert!(
            code == Some(2) && text.contains("cannot be the name"),
            "{odd}: {text}"
        );
    }
    let (code, unknown) = said(&space, &["runs", "tag", "befor", "x"]);
    assert!(
        code == Some(2) && unknown.contains("did you mean `before`"),
        "{unknown}"
    );
    said(&space, &["runs", "unname", "before"]);
    said(&space, &["runs", "untag", "latest", "draft"]);
    let json: Json = serde_json::from_str(&space.stdout(&["runs", "--json"])).expect("JSON");
    assert_eq!(json["runs"][0]["tags"], serde_json::json!(["final"]));
    assert_eq!(json["runs"][1]["names"], serde_json::json!([]));
}

#[test]
fn latest_and_previous_are_of_one_experiment() {
    let space = space();
    run(&space, &[]);
    let latest = said(&space, &["diff", "manifests/l.yaml", "previous", "latest"]);
    assert!(
        latest.1.contains("the only run of `l` is `"),
        "{}",
        latest.1
    );
    space.write(
        "manifests/m.yaml",
        &MANIFEST.replace("experiment: l", "experiment: m"),
    );
    assert!(space.output(&["run", "manifests/m.yaml"]).status.success());
    for change in [["name", "latest", "x"], ["tag", "previous", "x"]] {
        let (code, text) = said(&space, &[&["runs"], &change[..]].concat());
        assert!(
            code == Some(2) && text.contains("There are runs of `l` and `m`"),
            "{text}"
        );
    }
    let named = [
        "runs",
        "--manifest",
        "manifests/l.yaml",
        "name",
        "latest",
        "mine",
    ];
    let (code, text) = said(&space, &named);
    assert!(
        code == Some(0) && text.contains(" of `l` is `mine`"),
        "{text}"
    );
    let (code, text) = said(&space, &["diff", "manifests/m.yaml", "mine", "latest"]);
    assert!(
        code == Some(2) && text.contains("`mine` is of `l`, not of `m`"),
        "{text}"
    );
    let (_, text) = said(&space, &["runs", "unname", "mine"]);
    assert!(text.contains(" of `l` is not `mine` any more"), "{text}");
}

#[test]
fn a_force_outside_of_the_part_that_runs_is_told() {
    let space = space();
    run(&space, &[]);
    for verb in ["run", "plan"] {
        let part = [
            verb,
            "manifests/l.yaml",
            "--force",
            "first",
            "--stage",
            "second",
        ];
        let (code, text) = said(&space, &part);
        assert!(
            code == Some(0) && text.contains("`--force first` forces nothing"),
            "{text}"
        );
    }
}

#[test]
fn a_named_run_is_kept_by_gc() {
    let space = space();
    run(&space, &["--name", "paper"]);
    space.replace("manifests/l.yaml", "v=${n}", "v=1${n}");
    run(&space, &[]);
    let (_, text) = said(&space, &["gc", "--yes"]);
    assert!(text.contains("keeps run paper: 4 results"), "{text}");
    assert!(text.contains("nothing to remove"), "{text}");
    said(&space, &["runs", "unname", "paper"]);
    let (_, text) = said(&space, &["gc", "--yes"]);
    assert!(text.contains("removed 4 results"), "{text}");
}

#[test]
fn forced_steps_run_again_and_what_follows_runs_by_content() {
    let space = space();
    run(&space, &[]);
    assert_eq!(run(&space, &[]), counts(&[]));
    let forced = run(&space, &["--force", "first[n=1]"]);
    assert_eq!(forced, counts(&[("first", 1), ("second", 1)]));
    let forced = run(&space, &["--force", "second"]);
    assert_eq!(forced, counts(&[("second", 2)]));
    let (code, text) = said(&space, &["run", "manifests/l.yaml", "--force", "frist"]);
    assert!(
        code == Some(2) && text.contains("no step `frist`"),
        "{text}"
    );
}

#[test]
fn a_dry_run_runs_nothing() {
    let space = space();
    let (code, text) = said(&space, &["run", "manifests/l.yaml", "-n"]);
    assert!(
        code == Some(0) && text.contains("4 of 4 steps to run"),
        "{text}"
    );
    assert!(!space.path("outputs/l").exists());
    assert_eq!(run(&space, &[]), counts(&[("first", 2), ("second", 2)]));
    let (_, text) = said(
        &space,
        &["run", "manifests/l.yaml", "--dry-run", "--stage", "first"],
    );
    assert!(text.contains("all 2 steps up to date"), "{text}");
    for more in [&["plan"][..], &["run", "-n"]] {
        let forced = ["manifests/l.yaml", "--force", "first[n=1]"];
        let (_, text) = said(&space, &[more, &forced].concat());
        assert!(
            text.contains("2 of 4 steps to run") && text.contains("is asked for (`--force`)"),
            "{text}"
        );
    }
    let (_, text) = said(&space, &["run", "manifests/l.yaml", "-n", "--json"]);
    assert_eq!(text.matches(r#""state":"up to date""#).count(), 4, "{text}");
}

#[test]
fn a_wrong_command_line_is_told_while_another_run_has_the_store() {
    let space = space();
    run(&space, &["--name", "before"]);
    let store = space.path("outputs/store");
    let held = Store::open(&store, Access::Write { wait: false }).expect("nobody has it");
    for (arguments, told) in [
        (["--force", "frist"], "no step `frist`"),
        (["--name", "latest"], "cannot be the name"),
        (["--name", "before"], "is the name of run"),
    ] {
        // If it waited, this would never end.
        let arguments = [&["run", "manifests/l.yaml", "--no-wait"], &arguments[..]].concat();
        let (code, text) = said(&space, &arguments);
        assert!(code == Some(2) && text.contains(told), "{text}");
    }
    drop(held);
}

#[test]
fn accepted_results_stand_and_are_shown_as_such() {
    let space = space();
    run(&space, &[]);
    let before = space.read("outputs/l/cells/second/n=1/y");
    // A comment in the text of both stages.
    space.replace("manifests/l.yaml", "'echo", "': a comment; echo");
    space.replace("manifests/l.yaml", "'cp", "': a comment; cp");
    let accept = |more: &[&str]| {
        let arguments = [&["accept", "manifests/l.yaml"], more].concat();
        said(&space, &arguments)
    };
    let (code, text) = accept(&["second", "--because", "a comment"]);
    assert!(
        code == Some(1) && text.contains("waits for first[n=1]"),
        "{text}"
    );
    let (code, text) = accept(&["first", "--because", " "]);
    assert!(code == Some(2) && text.contains("`--because`"), "{text}");
    let (code, text) = accept(&["first", "second[n=1]", "--because", "only a comment"]);
    assert!(
        code == Some(0) && text.contains("accepted 3 results"),
        "{text}"
    );
    assert_eq!(run(&space, &[]), counts(&[("second", 1)]));
    assert_eq!(space.read("outputs/l/cells/second/n=1/y"), before);
    for verb in ["why", "show"] {
        let (_, text) = said(&space, &[verb, "manifests/l.yaml", "first[n=1]"]);
        assert!(text.contains("only a comment"), "{verb}: {text}");
        let (_, text) = said(&space, &[verb, "manifests/l.yaml", "second[n=2]"]);
        assert!(!text.contains("only a comment"), "{verb}: {text}");
    }
    let (_, status) = said(&space, &["status", "manifests/l.yaml"]);
    assert_eq!(status.matches("only a comment").count(), 3, "{status}");
    let shown = space.stdout(&["show", "manifests/l.yaml", "first[n=1]", "--json"]);
    let shown: Json = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(shown["accepted"]["reason"], "only a comment");
    // The page says so at its head, of each step, and of no other.
    let out = space.path("page.html");
    let (code, text) = said(
        &space,
        &[
            "report",
            "manifests/l.yaml",
            "--out",
            &out.display().to_string(),
        ],
    );
    assert_eq!(code, Some(0), "{text}");
    let page = space.read("page.html");
    assert!(page.contains("Complete: 4 steps, 3 accepted"), "{page}");
    let section = page.split("id=\"accepted\"").nth(1).expect("a section");
    let section = section.split("</section>").next().expect("its end");
    assert_eq!(section.matches("only a comment").count(), 3, "{section}");
    assert!(!section.contains("second[n=2]"), "{section}");
    let (_, again) = accept(&["first", "--because", "twice"]);
    assert!(
        again.contains("accepted 0 results; 2 up to date already"),
        "{again}"
    );
    // Computed under its key, it is no longer accepted.
    run(&space, &["--force", "first"]);
    let (_, text) = said(&space, &["why", "manifests/l.yaml", "first[n=1]"]);
    assert!(!text.contains("only a comment"), "{text}");
}

#[test]
fn what_several_runs_or_steps_could_be_called_is_told() {
    let space = TestSpace::new();
    let manifest = MANIFEST.replace("axes: {n: [1, 2]}", "params: {n: 1}");
    space.write("manifests/l.yaml", &manifest);
    run(&space, &["--name", "v1"]);
    space.replace("manifests/l.yaml", "v=${n}", "v=1${n}");
    run(&space, &["--name", "v2"]);
    let json: Json = serde_json::from_str(&space.stdout(&["runs", "--json"])).expect("JSON");
    let id = json["runs"][0]["run"].as_str().expect("an id");
    let day = &id[..8];
    for (first, second, told) in [
        (day, "v1", format!("2 runs begin with `{day}`")),
        ("v1", "nope", "there is no run `nope`".to_owned()),
        ("nope", "v1", "there is no run `nope`".to_owned()),
        (
            "v1",
            "first",
            "`first` is a step, and `v1` is a run".to_owned(),
        ),
    ] {
        let (code, text) = said(&space, &["diff", "manifests/l.yaml", first, second]);
        assert!(code == Some(2) && text.contains(&told), "{text}");
    }
    space.stdout(&["diff", "manifests/l.yaml", id, "v1"]);
    for name in [
        &["runs", "name", "v2", "first"][..],
        &["run", "manifests/l.yaml", "--name", "second"],
    ] {
        let (code, text) = said(&space, name);
        assert!(
            code == Some(2) && text.contains("is the name of a step"),
            "{text}"
        );
    }
}

#[test]
fn a_result_without_an_output_that_is_declared_now_is_not_accepted() {
    let space = space();
    run(&space, &[]);
    let more = "out: {x: x, z: z}, metrics";
    space.replace("manifests/l.yaml", "out: {x: x}, metrics", more);
    space.replace("manifests/l.yaml", "date +%N", "echo > z; date +%N");
    let accept = ["accept", "manifests/l.yaml", "first", "--because", "x"];
    let (code, text) = said(&space, &accept);
    assert!(
        code == Some(1) && text.contains("`first[n=1]` is not accepted: its result has no `z`"),
        "{text}"
    );
    assert!(text.contains("accepted 0 results"), "{text}");
    assert_eq!(run(&space, &["--stage", "first"]), counts(&[("first", 2)]));
    // One fewer is no obstacle.
    space.replace("manifests/l.yaml", more, "out: {x: x}, metrics");
    let (code, text) = said(&space, &accept);
    assert!(
        code == Some(0) && text.contains("accepted 2 results"),
        "{text}"
    );
}

#[test]
fn nothing_is_accepted_that_is_not_there() {
    let space = space();
    let (code, text) = said(
        &space,
        &["accept", "manifests/l.yaml", "first", "--because", "x"],
    );
    assert!(
        code == Some(1) && text.contains("no result from before"),
        "{text}"
    );
}

#[test]
fn names_that_say_nothing_are_told() {
    let space = space();
    space.replace("manifests/l.yaml", "axes:", "params: {epohcs: 3}\naxes:");
    let (code, text) = said(&space, &["check", "manifests/l.yaml"]);
    assert!(
        text.contains("no stage uses the parameter `epohcs`"),
        "{text}"
    );
    assert!(code == Some(0) && text.contains("l.yaml:2:"), "{text}");
    let (code, text) = said(&space, &["check", "manifests/l.yaml", "-p", "typo=3"]);
    assert!(
        code == Some(2) && text.contains("no parameter `typo`"),
        "{text}"
    );
    space.write("manifests/m.yaml", MANIFEST);
    let (_, text) = said(&space, &["check", "manifests/m.yaml"]);
    assert!(
        text.contains("`manifests/l.yaml` has `experiment: l` as well"),
        "{text}"
    );
    run(&space, &[]);
    let (code, text) = said(&space, &["check", "manifests/m.yaml"]);
    assert!(
        code == Some(2) && text.contains("results of another manifest"),
        "{text}"
    );
}

#[cfg(unix)]
#[test]
fn gc_leaves_no_links_to_nothing_and_no_folders_of_nobody() {
    let space = space();
    run(&space, &[]);
    run(&space, &["--axis", "n=3"]);
    let folders = || {
        let entries = std::fs::read_dir(space.path("outputs")).expect("outputs");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        names
            .filter(|name| name.to_string_lossy().contains('@'))
            .count()
    };
    assert_eq!(folders(), 1);
    let other = MANIFEST.replace("experiment: l", "experiment: other");
    space.write("manifests/other.yaml", &other);
    std::fs::remove_file(space.path("manifests/l.yaml")).expect("it is there");
    space.write("outputs/l/mine.txt", "mine");
    let (code, text) = said(&space, &["gc", "--yes"]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(folders(), 0, "{text}");
    assert_eq!(space.read("outputs/l/mine.txt"), "mine");
    let dangling = |folder: std::path::PathBuf| {
        let mut left = vec![folder];
        let mut found = Vec::new();
        while let Some(folder) = left.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                match path.is_symlink() {
                    true if !path.exists() => found.push(path),
                    false if path.is_dir() => left.push(path),
                    _ => {}
                }
            }
        }
        found
    };
    assert_eq!(
        dangling(space.path("outputs/l")),
        Vec::<std::path::PathBuf>::new()
    );
}
