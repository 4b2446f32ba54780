//! Any program is a stage: what it is given, what is taken from it, when it runs again.

use crate::support::TestSpace;
use crate::support::counts;
use crate::support::eventually;
use crate::support::executed;

/// A project with this manifest, whose stages stand in it.
fn space(stages: &str) -> TestSpace {
    let space = TestSpace::new();
    space.write("manifests/c.yaml", stages);
    space
}

fn run(space: &TestSpace) -> crate::support::Executed {
    executed(&space.stdout(&["run", "manifests/c.yaml", "--json"]))
}

/// What is said of a run that must fail.
fn fails(space: &TestSpace) -> String {
    let output = space.output(&["run", "manifests/c.yaml", "--progress", "lines"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).expect("messages are text")
}

/// The mistakes in a manifest.
fn mistakes(stages: &str) -> String {
    let output = space(stages).output(&["check", "manifests/c.yaml"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    String::from_utf8(output.stderr).expect("messages are text")
}

const NASTY: [&str; 6] = [
    "two words",
    "it's \"quoted\"",
    "$(touch pwned) `touch pwned`",
    "a;b|c&d>e\\n*?[x]~#!",
    "${HOME} ${in.x} ${root} $${y} $HOME",
    "-n",
];

/// The nasty texts as an axis, quoted for YAML by JSON, its subset; `$${` is a literal `${`.
fn nasty_axis() -> String {
    let values = NASTY.map(|text| text.replace("${", "$${"));
    serde_json::to_string(&values).expect("texts are JSON")
}

#[test]
fn arguments_reach_the_program_as_they_are() {
    let axis = nasty_axis();
    let space = space(&format!(
        "experiment: c\naxes: {{text: {axis}}}\nstages:\n  say:\n    uses: command\n    with:\n      \
         run: [/bin/sh, -c, 'printf %s \"$1\" > \"$2\"', x, \"${{text}}\", \"${{out.said}}\"]\n      \
         out: {{said: said.txt}}\n"
    ));
    assert_eq!(run(&space), counts(&[("say", NASTY.len())]));
    let said: Vec<String> = texts(&space, "say");
    let mut wanted: Vec<String> = NASTY.map(str::to_owned).to_vec();
    wanted.sort();
    assert_eq!(said, wanted);
}

#[test]
fn shell_texts_read_values_as_variables_and_never_as_code() {
    let axis = nasty_axis();
    let space = space(&format!(
        "experiment: c\naxes: {{text: {axis}}}\nstages:\n  say:\n    uses: command\n    with:\n      \
         run: 'printf %s \"${{text}}$${{more:-}}\" > \"${{out.said}}\"'\n      out: {{said: said.txt}}\n"
    ));
    assert_eq!(run(&space), counts(&[("say", NASTY.len())]));
    let mut wanted: Vec<String> = NASTY.map(str::to_owned).to_vec();
    wanted.sort();
    assert_eq!(texts(&space, "say"), wanted);
}

/// The texts that the steps of a stage left, sorted.
fn texts(space: &TestSpace, stage: &str) -> Vec<String> {
    let files = space.files("outputs/c/cells");
    let of_stage = files
        .iter()
        .filter(|path| path.to_string_lossy().contains(&format!("cells/{stage}")));
    let mut texts: Vec<String> = of_stage
        .map(|path| std::fs::read_to_string(path).expect("outputs are text"))
        .collect();
    texts.sort();
    texts
}

/// Counts the characters of a text under `${in.text}`, in upper case where `shout` says so.
const CHAIN: &str = r#"experiment: c
axes: {n: [1, 2]}
stages:
  made:
    uses: command
    in: {text: {file: data.txt}}
    with:
      run: ["${root}/make.sh", "${in.text}", "${out.made}", "${n}"]
      code: ["*.sh"]
      env: [SHOUT]
      out: {made: made.txt}
  measured:
    uses: command
    in: {made: made}
    with:
      run: 'wc -c < "${in.made}" | sed "s/^ */size=/"'
      metrics: stdout
  best:
    uses: select
    in: {candidates: measured}
    over: [n]
    with: {by: size, order: max}
  table:
    uses: table/summary
    in: {rows: measured}
    with: {values: [size]}
  plot:
    uses: figure/line
    in: {rows: measured}
    with: {x: n, y: size}
"#;

fn chain() -> TestSpace {
    let space = space(CHAIN);
    space.write("data.txt", "abc\n");
    script(
        &space,
        "make.sh",
        "#!/bin/sh\n{ cat \"$1\"; echo \"$3${SHOUT:-}\"; } > \"$2\"\n",
    );
    space
}

/// A program of the project.
fn script(space: &TestSpace, file: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    space.write(file, text);
    let path = space.path(file);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
}

const ALL: [(&str, usize); 5] = [
    ("best", 1),
    ("made", 2),
    ("measured", 2),
    ("plot", 1),
    ("table", 1),
];

#[test]
fn metrics_of_commands_feed_tables_figures_and_selections() {
    let space = chain();
    assert_eq!(run(&space), counts(&ALL));
    assert_eq!(run(&space), counts(&[]));
    let table = space.read("outputs/c/tables/table.csv");
    assert!(table.contains("size") && table.contains("6.0"), "{table}");
    let figures = space.files("outputs/c/figures");
    assert!(
        figures.iter().any(|path| path.ends_with("plot.svg")),
        "{figures:?}"
    );
}

#[test]
fn code_counts_by_content_and_the_environment_by_value() {
    let space = chain();
    assert_eq!(run(&space), counts(&ALL));
    // Other code, the same bytes: nothing after it runs.
    script(
        &space,
        "make.sh",
        "#!/bin/sh\n# Shorter.\n{ cat \"$1\"; echo \"$3${SHOUT:-}\"; } > \"$2\"\n",
    );
    assert_eq!(run(&space), counts(&[("made", 2)]));
    space.write("README", "not among the code");
    let with = |name: &str, value: &str| {
        let mut command = space.command(&["run", "manifests/c.yaml", "--json"]);
        let output = command
            .env(name, value)
            .output()
            .expect("the program starts");
        executed(&String::from_utf8(output.stdout).expect("events are text"))
    };
    assert_eq!(with("OTHER", "x"), counts(&[]));
    assert_eq!(with("SHOUT", "!"), counts(&ALL));
    assert_eq!(with("SHOUT", "!"), counts(&[]));
    // A plain file counts by content as well.
    space.write("data.txt", "abcdef\n");
    assert_eq!(run(&space), counts(&ALL));
}

#[test]
fn a_reduced_slot_is_a_folder_of_items_with_their_coordinates() {
    let space = space(
        r#"experiment: c
axes: {n: [3, 1, 2]}
stages:
  one:
    uses: command
    with: {run: 'printf %s "${n}" > "${out.x}"', out: {x: n.txt}}
  all:
    uses: command
    in: {ones: one}
    over: all
    with:
      run: 'cat "${in.ones}"/*/n.txt "${in.ones}/items.json" > "${out.x}"'
      out: {x: all.txt}
"#,
    );
    assert_eq!(run(&space), counts(&[("all", 1), ("one", 3)]));
    let said = &texts(&space, "all")[0];
    let json = said.strip_prefix("312").expect("items come in axis order");
    let items: serde_json::Value = serde_json::from_str(json).expect("a list");
    assert_eq!(items[1]["cell"]["n"], 1);
    assert_eq!(items[2]["files"][0], "2/n.txt");
}

#[test]
fn folders_are_taken_whole_and_other_files_named() {
    let space = space(
        "experiment: c\nstages:\n  s:\n    uses: command\n    with: {run: 'mkdir -p d/e; echo 1 > d/a; echo 2 > d/e/b; echo > stray', out: {x: d/}}\n",
    );
    let output = space.output(&["run", "manifests/c.yaml", "--progress", "lines"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("warning: s: `stray`: not under `out`, so not kept"),
        "{said}"
    );
    assert_eq!(texts(&space, "s"), ["1\n", "2\n"]);
}

#[test]
fn failures_name_the_status_and_the_last_words() {
    let space = space(
        "experiment: c\nstages:\n  s:\n    uses: command\n    with: {run: 'echo begun; echo \"no such key: x\" >&2; exit 3', out: {x: x}}\n",
    );
    let said = fails(&space);
    assert!(
        said.contains("failed s: `sh` ended with exit status 3: no such key: x"),
        "{said}"
    );
    assert!(said.contains("manifests/c.yaml:3:3"), "{said}");
    let log = space.stdout(&["log", "manifests/c.yaml", "s"]);
    assert!(
        log.contains("begun\n") && log.contains("no such key: x\n"),
        "{log}"
    );
    space.replace("manifests/c.yaml", "exit 3", "kill -9 $$");
    assert!(fails(&space).contains("ended with signal 9 (SIGKILL)"));
    space.replace("manifests/c.yaml", "kill -9 $$", "true");
    let said = fails(&space);
    assert!(
        said.contains("the program left no `x`, its output `x`"),
        "{said}"
    );
}

#[test]
fn programs_that_are_not_there_are_said_to_be_so() {
    let space = space(
        "experiment: c\nstages:\n  s:\n    uses: command\n    with: {run: [no-such-program], out: {x: x}}\n",
    );
    let said = fails(&space);
    assert!(
        said.contains("there is no program `no-such-program`"),
        "{said}"
    );
    assert!(said.contains("looked for in PATH, which is /"), "{said}");
    space.write("train.py", "");
    space.replace("manifests/c.yaml", "no-such-program", "./train.py");
    assert!(fails(&space).contains("write `${root}/train.py`"));
    space.replace("manifests/c.yaml", "./train.py", "\"${root}/train.py\"");
    assert!(fails(&space).contains("may not be executed"));
}

#[test]
fn broken_metrics_say_what_is_wrong_with_them() {
    let space = space(
        "experiment: c\nstages:\n  s:\n    uses: command\n    with: {run: 'echo \"{\\\"a\\\": NaN}\" > \"${out.metrics}\"', metrics: m.json}\n",
    );
    let said = fails(&space);
    assert!(said.contains("the metrics in `m.json`: not JSON"), "{said}");
    assert!(said.contains("written `null` in JSON"), "{said}");
}

#[test]
fn mistakes_are_found_before_anything_runs() {
    let of = |with: &str| {
        mistakes(&format!(
            "experiment: c\naxes: {{lr: [0.1, 0.2]}}\nstages:\n  s:\n    uses: command\n    with: {with}\n"
        ))
    };
    let said = of("{run: [], out: {x: \"${lr}\"}}");
    assert!(
        said.contains("nothing to run") && said.contains("c.yaml:6:17"),
        "{said}"
    );
    assert!(of("{run: [a, \"${lr}\"]}").contains("the program leaves nothing"));
    assert!(of("{run: [a, \"${rate}\"], out: {x: \"${lr}\"}}").contains("`rate`"));
    let said = of("{run: 'a ${lr * 2} ${lr}', out: {x: x}}");
    assert!(said.contains("an expression in a shell text"), "{said}");
    assert!(of("{run: 'a ${out.y} ${lr}', out: {x: x}}").contains("`out.y` is not declared"));
    assert!(
        of("{run: [a, \"${lr}\"], out: {x: ../x}}").contains("not inside the program's folder")
    );
}

/// Whether a process runs; one that nobody has waited for yet does not.
fn alive(pid: &str) -> bool {
    if !std::path::Path::new("/proc/self/stat").exists() {
        let kill = std::process::Command::new("kill")
            .args(["-0", pid])
            .output();
        return kill.is_ok_and(|output| output.status.success());
    }
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(") ").next().unwrap_or_default();
    !state.is_empty() && !state.starts_with(['Z', 'X'])
}

/// A shell whose child ignores the request to end; both leave their numbers.
const STUBBORN: &str = "experiment: c\nstages:\n  s:\n    uses: command\n    timeout: 300ms\n    with:\n      run: |\n        echo $$ > \"${root}/shell\"\n        sh -c 'trap \"\" TERM; echo $$ > \"${root}/child\"; while :; do sleep 0.1; done' &\n        wait\n      out: {x: x}\n";

fn pid(space: &TestSpace, file: &str) -> Option<String> {
    let text = std::fs::read_to_string(space.path(file)).ok()?;
    text.ends_with('\n').then(|| text.trim().to_owned())
}

#[test]
fn a_timeout_stops_also_what_the_program_has_started() {
    let space = space(STUBBORN);
    space.replace("manifests/c.yaml", "300ms", "1s");
    let said = fails(&space);
    assert!(
        said.contains("took longer than its timeout of 1 s"),
        "{said}"
    );
    for file in ["shell", "child"] {
        let pid = pid(&space, file).expect("it has begun");
        assert!(eventually(|| !alive(&pid)), "the {file} lives");
    }
}

#[test]
fn nothing_outlives_a_killed_run() {
    let space = space(STUBBORN);
    space.replace("manifests/c.yaml", "    timeout: 300ms\n", "");
    let mut run = space.command(&["run", "manifests/c.yaml", "--progress", "none"]);
    let mut run = run.spawn().expect("the program starts");
    assert!(eventually(|| pid(&space, "child").is_some()));
    let pids = ["shell", "child"].map(|file| pid(&space, file).expect("both have begun"));
    assert!(pids.iter().all(|pid| alive(pid)));
    run.kill().expect("it is ours");
    run.wait().expect("it is ours");
    assert!(eventually(|| !pids.iter().any(|pid| alive(pid))));
}

/// A daemon is in no group that anybody was told of; it is known by what started it.
#[test]
#[cfg(target_os = "linux")]
fn also_a_daemon_does_not_outlive_a_killed_run() {
    let space = space(STUBBORN);
    space.replace("manifests/c.yaml", "    timeout: 300ms\n", "");
    space.replace("manifests/c.yaml", "        sh -c", "        setsid sh -c");
    let mut run = space.command(&["run", "manifests/c.yaml", "--progress", "none"]);
    let mut run = run.spawn().expect("the program starts");
    assert!(eventually(|| pid(&space, "child").is_some()));
    let child = pid(&space, "child").expect("it has begun");
    assert!(alive(&child));
    run.kill().expect("it is ours");
    run.wait().expect("it is ours");
    assert!(eventually(|| !alive(&child)));
}

/// What a step leaves running works in a folder that no later step has.
#[test]
#[cfg(target_os = "linux")]
fn what_outlives_a_step_writes_into_no_other() {
    let space = space(
        "experiment: c\naxes: {i: [1, 2, 3]}\nstages:\n  s:\n    uses: command\n    with:\n      \
         values: {i: \"${i}\"}\n      out: {x: x}\n      run: |\n        \
         if [ $i = 1 ]; then setsid sh -c 'sleep 0.3; echo of-1 > x' > /dev/null 2>&1 & fi\n        \
         echo $i > x; mkdir ../seen; [ $i = 1 ] || sleep 0.5\n",
    );
    let output = space
        .command(&["run", "manifests/c.yaml", "--jobs", "1"])
        .output();
    let output = output.expect("the program starts");
    assert!(output.status.success(), "{output:?}");
    for i in 1..=3 {
        let kept = space.read(&format!("outputs/c/cells/s/i={i}/x"));
        assert_eq!(kept, format!("{i}\n"));
    }
}

/// The system looks for programs where PATH names folders below the program's own.
#[test]
fn a_relative_folder_in_path_hides_no_program() {
    let space = space(
        "experiment: c\nstages:\n  s: {uses: command, with: {run: [touch, x], out: {x: x}}}\n",
    );
    std::fs::create_dir_all(space.path("bin")).expect("it is ours");
    std::fs::copy("/bin/false", space.path("bin/touch")).expect("it is ours");
    let path = std::env::var("PATH").expect("there is one");
    let mut run = space.command(&["run", "manifests/c.yaml"]);
    let output = run.env("PATH", format!("bin:{path}")).output();
    assert!(output.expect("the program starts").status.success());
}

#[test]
fn isolated_trainings_leave_the_same_bytes() {
    let here = TestSpace::new();
    here.run(&[]);
    let apart = TestSpace::new();
    apart.replace(
        "pipelines/digits.yaml",
        "uses: train/vae",
        "uses: train/vae\n    isolate: process",
    );
    apart.replace(
        "pipelines/digits.yaml",
        "uses: table/summary",
        "uses: table/summary\n    timeout: 10m",
    );
    apart.run(&[]);
    let csv = "outputs/small/tables/summary.csv";
    assert_eq!(here.read(csv), apart.read(csv));
}
