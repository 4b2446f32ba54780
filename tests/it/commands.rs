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

#[test]
fn values_within_parameters_have_variables_of_their_own() {
    let space = space(
        r#"experiment: c
params: {m: {lr: 1}, m_lr: 2, m_: {x: 3}, in_x: {y: 4}, n: {a_b: 5}, n_a: {b: 6}, o: {p: 7}}
stages:
  say:
    uses: command
    with:
      run: 'echo "${m.lr} ${m_lr} ${m.lr} ${m_.x} ${in_x.y} ${n.a_b} ${n_a.b} ${o.p} $o_p" > "${out.said}"'
      values: {o_p: 8}
      out: {said: said.txt}
"#,
    );
    assert_eq!(run(&space), counts(&[("say", 1)]));
    assert_eq!(texts(&space, "say"), ["1 2 1 3 4 5 6 7 8\n"]);
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
fn whether_a_file_may_be_executed_counts_as_well() {
    use std::os::unix::fs::PermissionsExt;
    let space = space(
        r#"experiment: c
stages:
  file:
    uses: command
    in: {tool: {file: tool}, folder: {file: folder}}
    with: {run: '{ [ -x "${in.tool}" ] && echo yes; find -L "${in.folder}" -type f -executable; } | wc -l > "${out.x}"', out: {x: x}}
  code:
    uses: command
    with: {run: '"${root}/tool" > "${out.x}"', code: [tool], out: {x: x}}
"#,
    );
    let allow = |mode: u32| {
        for file in ["tool", "folder/x"] {
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(space.path(file), mode).expect("it is ours");
        }
    };
    for file in ["tool", "folder/x"] {
        space.write(file, "#!/bin/sh\necho hi\n");
    }
    allow(0o755);
    let both = counts(&[("code", 1), ("file", 1)]);
    assert_eq!(run(&space), both);
    assert_eq!(texts(&space, "file"), ["2\n"]);
    allow(0o644);
    fails(&space);
    assert_eq!(texts(&space, "file"), ["0\n"]);
    let why = space.stdout(&["why", "manifests/c.yaml", "code"]);
    assert!(why.contains("failed the last time"), "{why}");
    allow(0o755);
    assert_eq!(run(&space), counts(&[]));
}

#[test]
fn a_file_of_the_project_stays_as_it_is_whatever_a_program_does_to_it() {
    let space = space(
        "experiment: c\nstages:\n  a:\n    uses: command\n    in: {data: {file: data.txt}}\n    with:\n      \
         run: 'chmod u+w \"${in.data}\"; echo other >> \"${in.data}\"; echo \"lines=$(wc -l < \"${in.data}\")\"'\n      \
         metrics: stdout\n",
    );
    space.write("data.txt", "mine\n");
    assert_eq!(run(&space), counts(&[("a", 1)]));
    assert_eq!(space.read("data.txt"), "mine\n");
    // The next step in the same folder has the file as it is, not what was left of the copy.
    space.write("data.txt", "mine\nnew\n");
    assert_eq!(run(&space), counts(&[("a", 1)]));
    let numbers = space.read("outputs/c/cells/a/metrics.json");
    assert!(numbers.contains("\"lines\": 3"), "{numbers}");
    assert_eq!(run(&space), counts(&[]));
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
        said.contains("sh` ended with exit status 3: no such key: x"),
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
        "experiment: c\nstages:\n  s:\n    uses: command\n    with: {run: 'echo \"{a: 1}\" > \"${out.metrics}\"', metrics: m.json}\n",
    );
    let said = fails(&space);
    assert!(said.contains("the metrics in `m.json`: not JSON"), "{said}");
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

/// Whether this machine has the shell that sees failures everywhere.
fn has_bash() -> bool {
    let bash = std::process::Command::new("bash").arg("--version").output();
    bash.is_ok_and(|output| output.status.success())
}

#[test]
fn whatever_fails_in_a_text_fails_the_step() {
    if !has_bash() {
        return;
    }
    let space = space(
        r#"experiment: c
stages:
  member: {uses: command, with: {run: '(echo a; exit 3) | sort > "${out.x}"', out: {x: x}}}
  missing: {uses: command, with: {run: 'nosuchprogram | gzip -c > "${out.x}"', out: {x: x}}}
  within: {uses: command, with: {run: 'echo "rows=$(wc -l < nothing)"; echo "b=1"', metrics: stdout}}
  exported: {uses: command, with: {run: 'export n=$(false); echo 1 > "${out.x}"', out: {x: x}}}
  endless: {uses: command, with: {run: 'yes | head -n 1 > "${out.x}"', out: {x: x}}}
  meant: {uses: command, with: {run: '(set +o pipefail; yes | head -n 1) > "${out.x}"; echo "$(false || :)"', out: {x: x}}}
  unread: {uses: command, with: {run: 'head -n 1 <(yes) > "${out.x}"; sleep 0.2', out: {x: x}}}
"#,
    );
    let said = fails(&space);
    for step in ["member", "missing", "within", "exported", "endless"] {
        assert!(said.contains(&format!("failed {step}: ")), "{step}: {said}");
    }
    assert!(said.contains("2 done, 5 failed"), "{said}");
    assert!(said.contains("line 1: `wc -l < nothing`"), "{said}");
    assert!(said.contains("141 is SIGPIPE"), "{said}");
    let why = space.stdout(&["why", "manifests/c.yaml", "meant"]);
    assert!(why.contains("shell.run: bash -eu -o pipefail"), "{why}");
}

/// A machine without bash is one whose PATH has none.
#[test]
fn where_no_shell_sees_a_pipe_it_is_said_when_checking() {
    let space = space(
        "experiment: c\nstages:\n  s: {uses: command, with: {run: 'echo 1 | sort > \"${out.x}\"', out: {x: x}}}\n",
    );
    std::fs::create_dir(space.path("bin")).expect("it is ours");
    let mut check = space.command(&["check", "manifests/c.yaml"]);
    let output = check.env("PATH", space.path("bin")).output();
    let said = String::from_utf8(output.expect("the program starts").stderr).expect("text");
    let strict = std::process::Command::new("/bin/sh")
        .args(["-o", "pipefail", "-c", "(exit 3) | :"])
        .output();
    let strict = strict.is_ok_and(|output| output.status.code() == Some(3));
    let warned = said.contains("only the last member of a pipe counts");
    assert_eq!(warned, !strict, "{said}");
}

/// The value of an axis would be a name in the text that the program gets.
#[test]
fn values_that_quotes_keep_from_the_shell_are_said_when_checking() {
    let space = space(
        r#"experiment: c
axes: {lr: [1, 2]}
stages:
  single: {uses: command, with: {run: 'echo ''lr=${lr}'' > "${out.x}"', out: {x: x}}}
  document:
    uses: command
    with:
      out: {x: x}
      run: |
        cat > "${out.x}" <<'END'
        lr = ${lr}
        END
  meant: {uses: command, with: {run: 'sh -c ''echo $${lr}'' > "${out.x}"; echo "${lr}"', out: {x: x}, values: {lr: "${lr}"}}}
"#,
    );
    let output = space.command(&["check", "manifests/c.yaml"]).output();
    let said = String::from_utf8(output.expect("the program starts").stderr).expect("text");
    assert_eq!(
        said.matches("`${lr}` stays as it is in").count(),
        2,
        "{said}"
    );
    assert!(
        said.contains("in `single`") && said.contains("in `document`"),
        "{said}"
    );
}

#[test]
fn a_program_that_fails_is_tried_again() {
    let space = space(
        r#"experiment: c
stages:
  s:
    uses: command
    retries: 2
    with: {run: 'echo x >> "${root}/count"; [ "$(wc -l < "${root}/count")" -ge 3 ]; echo full > "${out.x}"', out: {x: x}}
"#,
    );
    assert_eq!(run(&space), counts(&[("s", 1)]));
    assert_eq!(space.read("count"), "x\nx\nx\n");
}

#[test]
fn what_changes_while_a_step_reads_it_leaves_no_result() {
    let space = space(
        r#"experiment: c
stages:
  s:
    uses: command
    in: {data: {file: data.txt}}
    with:
      run: 'echo begun > begun; cp begun "${root}/begun"; while [ ! -e "${root}/go" ]; do sleep 0.02; done; . "${root}/code/a.sh" > "${out.x}"; cat "${in.data}" >> "${out.x}"'
      code: ["code/*.sh"]
      out: {x: x}
"#,
    );
    let edits: [(&str, &str, &str); 4] = [
        ("code/a.sh", "echo 2", "echo 1"),
        ("data.txt", "b", "a"),
        ("code/b.sh", "echo", ""),
        ("code/a.sh", "", "echo 1"),
    ];
    for (file, changed, before) in edits {
        space.write("code/a.sh", "echo 1");
        space.write("code/other.sh", "");
        space.write("data.txt", "a");
        let _ = std::fs::remove_file(space.path("go"));
        let _ = std::fs::remove_file(space.path("begun"));
        let run = space
            .command(&["run", "manifests/c.yaml", "--progress", "lines"])
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("the program starts");
        assert!(eventually(|| space.path("begun").exists()));
        match changed {
            "" => std::fs::remove_file(space.path(file)).expect("it is ours"),
            text => space.write(file, text),
        }
        space.write("go", "");
        let output = run.wait_with_output().expect("it ends");
        let said = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(1), "{said}");
        let wanted = format!("`{file}` changed while the step ran");
        assert!(said.contains(&wanted), "{said}");
        // Why it runs is true after the edit, and after the edit back.
        let why = space.stdout(&["why", "manifests/c.yaml", "s"]);
        let reason = match file {
            "data.txt" => "input data: ".to_owned(),
            file => format!("file {file}: "),
        };
        assert!(why.contains(&reason), "{why}");
        match before {
            "" => std::fs::remove_file(space.path(file)).expect("it is ours"),
            text => space.write(file, text),
        }
        let why = space.stdout(&["why", "manifests/c.yaml", "s"]);
        assert!(why.contains("failed the last time"), "{why}");
    }
    space.write("go", "");
    assert_eq!(run(&space), counts(&[("s", 1)]));
    assert_eq!(texts(&space, "s"), ["1\na"]);
}

#[test]
fn what_leads_to_a_file_while_a_step_reads_it_counts_as_well() {
    use std::fs::rename;
    use std::os::unix::fs::symlink;
    let space = space(
        r#"experiment: c
stages:
  s:
    uses: command
    in: {data: {file: data/a.txt}}
    with:
      run: 'on() { touch "${root}/$1"; while [ ! -e "${root}/$2" ]; do sleep 0.02; done; }; on begun go; cat "${root}/code/deep/a.sh" "${root}/turned/a.sh" "${in.data}" > "${out.x}"; on read end'
      code: ["code/**/*.sh", turned/a.sh]
      out: {x: x}
"#,
    );
    for file in ["code/deep/a.sh", "v1/a.sh", "data/a.txt"] {
        space.write(file, "right\n");
    }
    for file in ["other/a.sh", "other/deep/a.sh", "other/a.txt"] {
        space.write(file, "wrong\n");
    }
    let at = |file: &str| space.path(file);
    let move_away = |folder: &str| {
        rename(at(folder), at("away")).expect("it is ours");
        rename(at("other"), at(folder)).expect("it is ours");
    };
    let move_back = |folder: &str| {
        rename(at(folder), at("other")).expect("it is ours");
        rename(at("away"), at(folder)).expect("it is ours");
    };
    let turn = |target: &str| {
        let _ = std::fs::remove_file(at("turned"));
        symlink(target, at("turned")).expect("it is ours");
    };
    turn("v1");
    let harmless = || {
        for file in [".code.swp", "code/.a.sh.swp", "data/new.txt", "v1/a.pyc"] {
            space.write(file, "");
        }
    };
    let no_more = || {
        for file in [".code.swp", "code/.a.sh.swp"] {
            std::fs::remove_file(at(file)).expect("it is ours");
        }
    };
    let cases: [(&str, &dyn Fn(), &dyn Fn()); 5] = [
        ("code", &|| move_away("code"), &|| move_back("code")),
        ("turned", &|| turn("other"), &|| turn("v1")),
        ("v1", &|| move_away("v1"), &|| move_back("v1")),
        ("data", &|| move_away("data"), &|| move_back("data")),
        ("", &harmless, &no_more),
    ];
    for (place, away, back) in cases {
        for file in ["begun", "go", "read", "end"] {
            let _ = std::fs::remove_file(at(file));
        }
        let run = space
            .command(&["run", "manifests/c.yaml", "--progress", "lines"])
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("the program starts");
        assert!(eventually(|| at("begun").exists()));
        away();
        space.write("go", "");
        assert!(eventually(|| at("read").exists()));
        back();
        space.write("end", "");
        let output = run.wait_with_output().expect("it ends");
        let said = String::from_utf8(output.stderr).expect("text");
        if place.is_empty() {
            assert_eq!(output.status.code(), Some(0), "{said}");
            continue;
        }
        assert_eq!(output.status.code(), Some(1), "{said}");
        let wanted = format!("`{place}` changed while the step ran");
        assert!(said.contains(&wanted), "{said}");
    }
    assert_eq!(texts(&space, "s"), ["right\nright\nright\n"]);
}

#[test]
fn patterns_of_code_settle_after_one_run() {
    let space = space(
        r#"experiment: c
stages:
  s:
    uses: command
    with:
      run: 'mkdir -p "${root}/src/__pycache__"; echo x > "${root}/src/__pycache__/a.pyc"; echo 1 > "${out.x}"'
      code: ["**/*", "!notes"]
      out: {x: x}
"#,
    );
    space.write("src/a.py", "");
    space.write("notes/todo", "");
    assert_eq!(run(&space), counts(&[("s", 1)]));
    space.write("src/.a.py.swp", "");
    space.write("src/a.py~", "");
    space.write(".git/index", "");
    space.write("notes/todo", "more");
    assert_eq!(run(&space), counts(&[]));
    space.write("src/b.py", "");
    let why = space.stdout(&["why", "manifests/c.yaml", "s"]);
    assert!(why.contains("file src/b.py: new"), "{why}");
}

#[test]
fn code_that_is_forgotten_or_not_there_is_told() {
    let of = |with: &str| {
        let space = space(&format!(
            "experiment: c\nstages:\n  s:\n    uses: command\n    with: {{{with}, out: {{x: x}}}}\n"
        ));
        space.write("src/main.sh", "");
        space.write("src/lib/a.py", "");
        space.write("src/a[1].sh", "");
        let output = space.output(&["check", "manifests/c.yaml"]);
        String::from_utf8(output.stderr).expect("text")
    };
    let said = of(r#"run: [sh, "${root}/src/main.sh"], code: ["scr/**/*.sh"]"#);
    assert!(
        said.contains("`scr/**/*.sh` matches no file") && said.contains("c.yaml:5:54"),
        "{said}"
    );
    assert!(said.contains("did you mean `src`?"), "{said}");
    let said = of(r#"run: [a], code: ["src/*.sh", "!src"]"#);
    assert!(said.contains("all that it matches is taken away"), "{said}");
    assert!(of(r#"run: [a], code: ["../*.sh"]"#).contains("is no pattern of project files"));
    for run in [
        r#"[sh, "${root}/src/main.sh"]"#,
        r#"[sh, "--file=${root}/src/main.sh"]"#,
        r#"'sh "${root}/src/main.sh"'"#,
        r#"'cd "${root}/src" && sh main.sh'"#,
        r#"'cd "$root"; ./src/main.sh'"#,
        r#"[sh, -c, '. "${root}/src/main.sh"']"#,
        r#"'s="${root}"; sh "$s/src/main.sh"'"#,
        r#"'export src="${root}/src"; d=$src; sh "$d/main.sh"'"#,
        r#"'sh "$s/main.sh"', values: {s: "${root}/src"}"#,
        r#"'pushd "${root}/src"; ./main.sh'"#,
    ] {
        let said = of(&format!("run: {run}"));
        assert!(
            said.contains("`src/main.sh` is named here"),
            "{run}: {said}"
        );
        let said = of(&format!("run: {run}, code: [src]"));
        assert!(!said.contains("is named here"), "{run}: {said}");
    }
    let said = of(r#"run: 'PYTHONPATH="${root}/src" python3 -m lib.a'"#);
    assert!(said.contains("`src/lib/a.py` is named here"), "{said}");
    let said = of(r#"run: [a], code: ["!src/main.sh", src]"#);
    assert!(said.contains("`!src/main.sh` takes nothing away"), "{said}");
    let said = of(r#"run: [a], code: ["src/a[1].sh"]"#);
    assert!(said.contains("is `src/a[[]1[]].sh`"), "{said}");
    let said = of(r#"run: 'PYTHONPATH="${root}/src/lib" python3 -c "import a, sys"'"#);
    assert!(said.contains("`src/lib/a.py` is named here"), "{said}");
    assert!(!of(r#"run: 'echo > "${root}/src/main.sh"'"#).contains("is named here"));
}

/// A terminal that closes is a request to end, but not under `nohup`.
#[test]
#[cfg(target_os = "linux")]
fn a_hangup_ends_a_run_as_a_request_to_end_does() {
    let manifest = "experiment: c\nstages:\n  s: {uses: command, with: {run: 'trap \"echo term > \\\"${root}/got\\\"; exit 1\" TERM; echo > \"${root}/begun\"; for i in $(seq 100); do sleep 0.05; done; echo 1 > \"${out.x}\"', out: {x: x}}}\n";
    for ignored in [false, true] {
        let space = space(manifest);
        let program = env!("CARGO_BIN_EXE_sweepline");
        let before = if ignored { "trap '' HUP; " } else { "" };
        let mut shell = std::process::Command::new("/bin/sh");
        shell.args([
            "-c",
            &format!("{before}exec {program} run manifests/c.yaml"),
        ]);
        let run = shell
            .current_dir(space.path(""))
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("the program starts");
        assert!(eventually(|| space.path("begun").exists()));
        let kill = std::process::Command::new("kill")
            .args(["-s", "HUP", &run.id().to_string()])
            .status();
        assert!(kill.expect("there is kill").success());
        let output = run.wait_with_output().expect("it ends");
        let said = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.success(), ignored, "{said}");
        assert_eq!(space.path("got").exists(), !ignored, "{said}");
        assert!(said.contains("stopped") != ignored, "{said}");
    }
}

/// Daemons, with and without the environment that they were started in.
#[test]
#[cfg(target_os = "linux")]
fn what_leaves_the_group_of_a_step_ends_with_it() {
    for start in ["setsid sh", "env -i setsid /bin/sh"] {
        let space = space(&format!(
            "experiment: c\nstages:\n  s:\n    uses: command\n    with:\n      out: {{x: x}}\n      run: |\n        \
             ({start} -c 'echo $$ > \"$0\"; while :; do sleep 0.1; done' \"${{root}}/daemon\" > /dev/null 2>&1 &)\n        \
             while [ ! -s \"${{root}}/daemon\" ]; do sleep 0.02; done\n        echo 1 > \"${{out.x}}\"\n"
        ));
        let output = space.output(&["run", "manifests/c.yaml", "--progress", "lines"]);
        let said = String::from_utf8(output.stderr).expect("text");
        assert!(output.status.success(), "{said}");
        assert!(
            said.contains("ended what the program had left running: `"),
            "{said}"
        );
        let daemon = pid(&space, "daemon").expect("it has begun");
        assert!(eventually(|| !alive(&daemon)));
    }
}

/// What usually ends the programs of a killed run may have been killed with it.
#[test]
#[cfg(target_os = "linux")]
fn what_a_killed_run_has_left_is_cleaned_by_the_next() {
    use std::os::unix::fs::PermissionsExt;
    let space = space(
        "experiment: c\nstages:\n  s: {uses: command, with: {run: [sh, -c, 'echo > $out_x'], out: {x: x}}}\n",
    );
    assert_eq!(run(&space), counts(&[("s", 1)]));
    space.write("outputs/store/scratch/old/1/tmp/shut/file", "");
    let shut = space.path("outputs/store/scratch/old/1/tmp/shut");
    std::fs::set_permissions(shut, std::fs::Permissions::from_mode(0o500)).expect("it is ours");
    let scratch = space.path("outputs/store/scratch").canonicalize();
    let scratch = scratch.expect("it is there");
    let mut left = std::process::Command::new("sleep")
        .arg("1000")
        .env("TMPDIR", scratch.join("old/1/tmp"))
        .spawn()
        .expect("there is sleep");
    // Whoever comes in between empties folders, and ends nothing.
    assert!(space.output(&["gc", "--yes"]).status.success());
    let output = space.output(&["run", "manifests/c.yaml"]);
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("ended what a killed run had left running: `sleep 1000`"),
        "{said}"
    );
    assert!(!left.wait().expect("it is ours").success());
    assert!(!space.path("outputs/store/scratch/old").exists());
}

/// A file of holes is large without taking space.
#[test]
#[cfg(target_os = "linux")]
fn an_interrupt_is_heard_while_inputs_are_read() {
    use std::io::BufRead;
    let space = space(
        "experiment: c\nstages:\n  s: {uses: command, in: {d: {file: big}}, with: {run: 'echo > \"${out.x}\"', out: {x: x}}}\n",
    );
    space.write("big", "");
    let big = std::fs::OpenOptions::new()
        .write(true)
        .open(space.path("big"));
    let big = big.expect("it is ours");
    big.set_len(1 << 40).expect("holes take no space");
    let mut run = space
        .command(&["run", "manifests/c.yaml", "--progress", "lines"])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program starts");
    let said = run.stderr.take().expect("it is piped");
    let mut lines = std::io::BufReader::new(said).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.starts_with("reading input files: ")));
    let kill = std::process::Command::new("kill")
        .args(["-s", "INT", &run.id().to_string()])
        .status();
    assert!(kill.expect("there is kill").success());
    assert!(lines.any(|line| line.contains("stopped")));
    assert!(!run.wait().expect("it ends").success());
}

/// Nobody knows who wrote it: it may be what somebody added while the program read what is there.
#[test]
fn what_appears_below_a_pattern_while_a_step_runs_is_told_with_what_takes_it_out() {
    let space = space(
        r#"experiment: c
stages:
  s: {uses: command, with: {run: 'date +%N >> "${root}/log.txt"; echo 1 > "${out.x}"', code: ["**/*"], out: {x: x}}}
"#,
    );
    space.write("a.py", "");
    let said = fails(&space);
    assert!(
        said.contains("`log.txt` changed while the step ran"),
        "{said}"
    );
    let taken = r#"if a program writes it, it is no code: `"!log.txt"` under `code` takes it out"#;
    assert!(said.contains(taken), "{said}");
    space.replace("manifests/c.yaml", r#""**/*""#, r#""**/*", "!log.txt""#);
    assert_eq!(run(&space), counts(&[("s", 1)]));
    assert_eq!(run(&space), counts(&[]));
    space.write("a.py", "1");
    assert_eq!(run(&space), counts(&[("s", 1)]));
    assert_eq!(run(&space), counts(&[]));
}

#[test]
fn what_is_written_once_below_a_pattern_counts_from_the_next_run_on() {
    let space = space(
        r#"experiment: c
stages:
  s: {uses: command, with: {run: 'test -e "${root}/built" || echo 1 > "${root}/built"; echo 1 > "${out.x}"', code: ["**/*"], out: {x: x}}}
"#,
    );
    assert!(fails(&space).contains("`built` changed while the step ran"));
    assert_eq!(run(&space), counts(&[("s", 1)]));
    assert_eq!(run(&space), counts(&[]));
}

#[test]
fn a_file_added_below_a_pattern_of_code_during_a_run_counts() {
    let reads = r#"with: {run: 'cat "${root}"/prompts/* > seen; echo 1 > "${out.x}"; mv seen "${out.y}"', code: ["prompts/**"], out: {x: x, y: y}}"#;
    let space = space(&format!(
        r#"experiment: c
stages:
  early: {{uses: command, {reads}}}
  adds: {{uses: command, in: {{x: early.x}}, with: {{run: 'if [ -e "${{root}}/go" ]; then echo two > "${{root}}/prompts/b.txt"; fi; echo 1 > "${{out.x}}"', out: {{x: x}}}}}}
  late: {{uses: command, in: {{x: adds}}, {reads}}}
"#
    ));
    space.write("prompts/a.txt", "one\n");
    space.write("go", "");
    // The keys of a run are of one version.
    let said = fails(&space);
    assert!(
        said.contains("`prompts/b.txt` changed since the run first read it"),
        "{said}"
    );
    assert_eq!(run(&space), counts(&[("early", 1), ("late", 1)]));
    let seen = |text: &str| {
        for stage in ["early", "late"] {
            assert!(texts(&space, stage).contains(&text.to_owned()), "{stage}");
        }
    };
    seen("one\ntwo\n");
    std::fs::remove_file(space.path("prompts/b.txt")).expect("it is ours");
    run(&space);
    seen("one\n");
}

#[test]
fn a_project_that_was_moved_is_as_up_to_date_as_before() {
    let space = TestSpace::new();
    space.write("old/sweepline.toml", "");
    space.write("old/a.py", "");
    space.write(
        "old/manifests/c.yaml",
        r#"experiment: c
stages:
  s: {uses: command, with: {run: 'date >> "${root}/log.txt"; echo 1 > "${out.x}"', code: ["**/*", "!log.txt"], out: {x: x}}}
"#,
    );
    let run = |folder: &str| {
        let mut command = space.command(&["run", "manifests/c.yaml", "--json"]);
        let output = command.current_dir(space.path(folder)).output();
        let output = output.expect("the program starts");
        executed(&String::from_utf8(output.stdout).expect("events are text"))
    };
    assert_eq!(run("old"), counts(&[("s", 1)]));
    assert_eq!(run("old"), counts(&[]));
    std::fs::rename(space.path("old"), space.path("new")).expect("it is ours");
    assert_eq!(run("new"), counts(&[]));
}

/// The environment of a step's result, as data.
fn environment(space: &TestSpace) -> serde_json::Value {
    let shown = space.stdout(&["show", "manifests/c.yaml", "say", "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown).expect("it is JSON");
    shown["environment"].clone()
}

#[test]
fn what_programs_say_of_themselves_is_kept_and_may_belong_to_the_key() {
    let space = space(
        "experiment: c\nstages:\n  say:\n    uses: command\n    with:\n      run: echo n=1\n      metrics: stdout\n      \
         environment:\n        free: cat \"$root/free\" >&2\n        keyed: {run: 'cat \"${root}/keyed\"', key: true}\n",
    );
    let plan = || space.stdout(&["plan", "manifests/c.yaml", "--explain"]);
    space.write("free", "tool 1.0\n");
    space.write("keyed", "lib 1\nother 7\n");
    assert_eq!(run(&space), counts(&[("say", 1)]));
    let programs = &environment(&space)["programs"];
    assert_eq!(programs["free"], "tool 1.0");
    assert_eq!(programs["keyed"], "lib 1\nother 7");
    let why = space.stdout(&["why", "manifests/c.yaml", "say"]);
    assert!(why.contains("ran with free: tool 1.0"), "{why}");
    assert!(why.contains("ran with keyed: lib 1, and 1 line"), "{why}");
    // Outside of the key it is what it was when the step ran.
    space.write("free", "tool 2.0\n");
    assert!(plan().contains("say  1 up to date"), "{}", plan());
    assert_eq!(environment(&space)["programs"]["free"], "tool 1.0");
    // So is how it is asked.
    space.replace(
        "manifests/c.yaml",
        "cat \"$root/free\" >&2",
        "echo asked otherwise",
    );
    assert!(plan().contains("say  1 up to date"), "{}", plan());
    space.write("keyed", "lib 1\nother 8\n");
    let text = plan();
    assert!(text.contains("program keyed: other 7 → other 8"), "{text}");
    assert_eq!(run(&space), counts(&[("say", 1)]));
    assert_eq!(environment(&space)["programs"]["free"], "asked otherwise");
    space.write("keyed", "lib 1\nother 7\n");
    assert!(plan().contains("say  1 up to date"), "{}", plan());
}

/// An upgrade while a run goes on: what may have run with the new version is under no key of the old one.
#[test]
fn what_a_program_is_is_asked_again_when_all_has_ended() {
    let space = space(
        "experiment: c\naxes: {k: [1, 2]}\nstages:\n  say:\n    uses: command\n    with:\n      \
         run: 'echo \"n=$(cat \"${root}/version\")\"; if [ \"${k}\" = 1 ]; then echo 9 > \"${root}/new\"; \
         mv \"${root}/new\" \"${root}/version\"; fi'\n      metrics: stdout\n      \
         environment: {lib: {run: 'cat \"${root}/version\"', key: true}}\n",
    );
    space.write("version", "7\n");
    let text = fails(&space);
    assert!(
        text.contains("`environment` lib changed while the run went on: `7`, then `9`"),
        "{text}"
    );
    assert!(
        text.contains("2 failed") && !text.contains("done"),
        "{text}"
    );
    for version in ["7\n", "9\n"] {
        space.write("version", version);
        let plan = space.stdout(&["plan", "manifests/c.yaml"]);
        assert!(plan.contains("say  2 runs"), "{plan}");
    }
    assert_eq!(run(&space), counts(&[("say", 2)]));
}

/// A program that fails to say what it is has not changed: a share that is away for a moment costs no results.
#[test]
fn what_cannot_be_asked_at_the_end_is_told_and_takes_nothing_back() {
    let space = space(
        "experiment: c\naxes: {k: [1, 2]}\nstages:\n  say:\n    uses: command\n    with:\n      \
         run: 'echo n=${k}; if [ \"${k}\" = 2 ]; then mv \"${root}/version\" \"${root}/away\"; fi'\n      \
         metrics: stdout\n      environment:\n        lib: {run: 'cat \"${root}/version\"', key: true}\n        \
         other: {run: 'cat \"${root}/other\"', key: true}\n",
    );
    space.write("version", "7\n");
    space.write("other", "1\n");
    let call = [
        "run",
        "manifests/c.yaml",
        "--progress",
        "lines",
        "--jobs",
        "1",
    ];
    let output = space.output(&call);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("2 done"), "{text}");
    assert_eq!(
        text.matches("whether it changed meanwhile is not known")
            .count(),
        1,
        "{text}"
    );
    std::fs::rename(space.path("away"), space.path("version")).unwrap();
    let plan = space.stdout(&["plan", "manifests/c.yaml"]);
    assert!(plan.contains("say  2 up to date"), "{plan}");
    // Another that has changed is noticed all the same.
    let changing = space
        .read("manifests/c.yaml")
        .replace("; fi", "; echo 2 > \"${root}/other\"; fi");
    space.write("manifests/c.yaml", &changing);
    let text = fails(&space);
    assert!(
        text.contains("`environment` other changed while the run went on: `1`, then `2`"),
        "{text}"
    );
}

/// Cells whose texts and variables alone differ are looked at once for all that does not depend on them.
#[test]
fn a_text_or_a_variable_that_is_wrong_in_a_later_cell_is_found() {
    for (axis, said) in [
        ("{in_x: 1}", "`in_x` is the name of a path"),
        ("{a b: 1}", "`a b` cannot name a variable"),
        (
            "{PATH: 1, BASH_ENV: 2}",
            "`BASH_ENV` is a variable that the shell sets itself",
        ),
    ] {
        let space = space(&format!(
            "experiment: c\naxes: {{given: [{{a: 1}}, {{b: 2}}, {axis}, {{c: 3}}]}}\nstages:\n  say:\n    uses: command\n    \
             with: {{run: echo n=1, values: \"${{given}}\", metrics: stdout}}\n"
        ));
        let output = space.output(&["check", "manifests/c.yaml"]);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && text.contains(said), "{text}");
    }
    for (axis, said) in [
        ("'  '", "nothing to run"),
        (
            "'echo \"$${checkpoint}\"'",
            "`checkpoint` is the name of a path",
        ),
    ] {
        let space = space(&format!(
            "experiment: c\naxes: {{text: [a, b, {axis}, c]}}\nstages:\n  say:\n    uses: command\n    with:\n      \
             run: \"${{text}}\"\n      values: {{checkpoint: 1}}\n      metrics: stdout\n"
        ));
        let output = space.output(&["check", "manifests/c.yaml"]);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && text.contains(said), "{text}");
    }
}

/// At a terminal a program that asks there would be stopped for ever.
#[test]
fn programs_find_no_terminal() {
    let space = space(
        "experiment: c\nstages:\n  ask:\n    uses: command\n    with:\n      \
         run: 'if ( : < /dev/tty ) 2> /dev/null; then echo n=1; else echo n=0; fi'\n      metrics: stdout\n",
    );
    let program = env!("CARGO_BIN_EXE_sweepline");
    let call = format!("{program} run manifests/c.yaml --progress lines");
    let output = std::process::Command::new("script")
        .args(["-qec", &call, "/dev/null"])
        .current_dir(space.path(""))
        .output();
    // The tool is part of util-linux, which not every machine has.
    let Ok(output) = output else { return };
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("1 done"), "{said}");
    let log = space.stdout(&["log", "manifests/c.yaml", "ask"]);
    assert!(log.contains("n=0"), "{log}");
}

#[test]
fn a_program_that_says_nothing_is_a_warning_or_where_it_is_in_the_key_a_failure() {
    let manifest = |value: &str| {
        format!(
            "experiment: c\nstages:\n  say:\n    uses: command\n    with:\n      run: echo n=1\n      metrics: stdout\n      \
             environment: {{what: {value}}}\n"
        )
    };
    let lines = ["run", "manifests/c.yaml", "--progress", "lines"];
    let free = space(&manifest("no-such-program --version"));
    let output = free.output(&lines);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(
        text.contains("`environment` what: `no-such-program --version` ended with exit status 127")
            && text.contains("not recorded"),
        "{text}"
    );
    let keyed = space(&manifest("{run: 'exit 3', key: true}"));
    let text = fails(&keyed);
    assert!(
        text.contains("`environment` what: `exit 3` ended with exit status 3"),
        "{text}"
    );
    let silent = space(&manifest("{run: 'true', key: true}"));
    let text = fails(&silent);
    assert!(text.contains("said nothing"), "{text}");
    // No value of a variable that may be a secret is kept.
    let secret = space(&manifest("echo \"v1 $API_TOKEN\"").replace(
        "metrics: stdout\n",
        "metrics: stdout\n      pass_env: [API_TOKEN]\n",
    ));
    let mut command = secret.command(&lines);
    let output = command.env("API_TOKEN", "abcdefgh").output();
    assert!(output.expect("the program starts").status.success());
    assert_eq!(environment(&secret)["programs"]["what"], "v1 ${API_TOKEN}");
    let text = manifest("'echo ${lr}'").replace("stages:", "axes: {lr: [1]}\nstages:");
    let text = mistakes(&text);
    assert!(
        text.contains("`${lr}` in a text under `environment`"),
        "{text}"
    );
    for wrong in [
        "3",
        "{key: true}",
        "{run: ls, keyed: true}",
        "{run: ls, key: 1}",
        "''",
    ] {
        let text = mistakes(&manifest(wrong));
        assert!(
            text.contains("`what` is nothing that can be asked"),
            "{wrong}: {text}"
        );
        assert!(
            text.contains("packages: {run: pip freeze, key: true}"),
            "{text}"
        );
    }
}
