//! Programs that look for code, inputs and parameters at paths of their own.

use super::mistakes;
use super::run;
use super::space;
use super::told;
use crate::support::counts;

/// A program that knows its files by their paths in the project, as most do that another tool has run.
const MANIFEST: &str = r#"experiment: o
axes: {name: [a, b]}
params: {train: {lr: 1e-5, deep: false}}
stages:
  prepare:
    uses: command
    in: {raw: {file: "data/raw/${name}.txt"}}
    with:
      code: [src/prepare.sh, src/lib/**]
      copy_code: true
      place: {raw: "data/raw/${name}.txt"}
      run: sh src/prepare.sh "${name}"
      out: {prepared: data/prepared/}
  train:
    uses: command
    in: {prepared: prepare}
    with:
      place: {prepared: data/prepared}
      files:
        params.yaml: {train: "${train}", input: "${in.prepared}"}
        note.txt: "the text $${x} of ${name}"
      run: |
        cat data/prepared/*.txt params.yaml note.txt > said.txt
        mkdir eval
        echo '{"length": 3}' > eval/scores.json
      out: {said: said.txt, eval: eval/}
      metrics: eval/scores.json
"#;

fn project() -> crate::support::TestSpace {
    let space = space(MANIFEST);
    space.write("data/raw/a.txt", "alpha\n");
    space.write("data/raw/b.txt", "beta\n");
    space.write("src/lib/greeting", "hello");
    space.write(
        "src/prepare.sh",
        "mkdir -p data/prepared\necho \"$(cat src/lib/greeting) $(cat data/raw/$1.txt)\" > data/prepared/$1.txt\n",
    );
    space
}

#[test]
fn a_program_finds_code_inputs_and_values_at_its_own_paths() {
    let space = project();
    assert_eq!(run(&space, &[]), counts(&[("prepare", 2), ("train", 2)]));
    let said = space.read("outputs/o/cells/train/name=a/said.txt");
    assert!(said.starts_with("hello alpha\n{\n"), "{said}");
    assert!(said.contains("\"lr\": 1.0e-5"), "{said}");
    assert!(said.contains("\"deep\": false"), "{said}");
    assert!(said.ends_with("the text ${x} of a"), "{said}");
    let numbers = space.read("outputs/o/cells/train/name=a/metrics.json");
    assert!(numbers.contains("\"length\": 3"), "{numbers}");
    assert!(
        space
            .path("outputs/o/cells/train/name=a/eval/scores.json")
            .is_file()
    );
    // Nothing came to the project, and nothing is named that the program was given.
    assert!(!space.path("data/prepared").exists());
    assert_eq!(run(&space, &[]), counts(&[]));
    // What is copied and what is written count.
    space.write("src/lib/greeting", "good day");
    assert_eq!(run(&space, &[]), counts(&[("prepare", 2), ("train", 2)]));
    let once = run(&space, &["-p", "train.lr=0.1"]);
    assert_eq!(once, counts(&[("train", 2)]));
}

#[test]
fn what_is_laid_out_is_no_undeclared_output() {
    let space = project();
    let output = space.output(&["run", "manifests/o.yaml", "--progress", "lines"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success() && !said.contains("not under `out`"),
        "{said}"
    );
    // A result of an earlier run by hand in the place of an input is nothing that was forgotten.
    space.write("data/prepared/a.txt", "old\n");
    let output = space.output(&["check", "manifests/o.yaml"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success() && !said.contains("in no key"),
        "{said}"
    );
}

#[test]
fn a_slot_without_input_has_no_place() {
    let said = mistakes(&MANIFEST.replace("place: {prepared:", "place: {prepard:"));
    assert!(said.contains("`prepard` is not declared"), "{said}");
    assert!(said.contains("did you mean `prepared`?"), "{said}");
    let said = mistakes(&MANIFEST.replace(
        "place: {prepared: data/prepared}",
        "place: {prepared: said.txt}",
    ));
    assert!(said.contains("are both `said.txt`"), "{said}");
}

/// As after a run by hand, in the project itself.
#[test]
fn an_old_result_among_the_code_is_not_what_the_program_left() {
    let said = |run: &str, out: &str| {
        let space = space(&format!(
            "experiment: o\nstages:\n  s:\n    uses: command\n    with: {{run: 'cd exp; {run}', code: [\"exp/**\"], copy_code: \
             true, {out}}}\n"
        ));
        space.write("exp/train.py", "");
        space.write("exp/results.json", "{\"loss\": 1}\n");
        space.write("exp/runs/1.txt", "old\n");
        told(&space, &[])
    };
    let metrics = "metrics: exp/results.json";
    let all = said("ls", metrics);
    for wanted in [
        "`exp/results.json`, which `s` is to leave, is code as well",
        "the program left no `exp/results.json`, its metrics: what is there is a copy",
        "`\"!exp/results.json\"` behind the patterns of `code` takes an old one out",
    ] {
        assert!(all.contains(wanted), "{wanted}\n{all}");
    }
    for (out, what) in [
        (
            "out: {x: exp/results.json}",
            "`exp/results.json`, its output `x`",
        ),
        ("out: {x: exp/runs/}", "`exp/runs/`, its output `x`"),
    ] {
        let all = said("ls", out);
        assert!(all.contains(&format!("left no {what}")), "{all}");
    }
    // The same once more is its own, and so is a folder to which it added.
    let again = "cat results.json > ../kept; cat ../kept > results.json; rm ../kept";
    for (run, out) in [
        (again, metrics),
        ("echo new > runs/2.txt", "out: {x: exp/runs/}"),
    ] {
        let all = said(run, out);
        assert!(all.contains("1 done"), "{all}");
    }
}

#[test]
fn an_item_is_not_placed_where_something_else_is_to_be() {
    let said = mistakes(
        "experiment: o\naxes: {k: [best, b]}\nstages:\n  a: {uses: command, with: {run: 'echo ${k} > x', out: {x: x}}}\n  c:\n    \
         uses: command\n    over: [k]\n    in: {d: a.x}\n    with: {run: ls, place: {d: '{k}.txt'}, out: {best: best.txt}}\n",
    );
    assert!(said.contains("`d` cannot be placed at `{k}.txt`"), "{said}");
    assert!(
        said.contains("`best.txt` is declared as the path of an output"),
        "{said}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn code_whose_names_are_no_text_is_copied_too() {
    use std::os::unix::ffi::OsStrExt;
    let space = space(
        "experiment: o
stages:
  s:
    uses: command
    with: {code: ['src/**'], copy_code: true, run: 'ls -b src > names', out: {names: names}}
",
    );
    space.write("src/a", "");
    for name in [&b"src/\xfe"[..], b"src/\xff"] {
        let path = space.path("").join(std::ffi::OsStr::from_bytes(name));
        std::fs::write(path, name).expect("written");
    }
    assert_eq!(run(&space, &[]), counts(&[("s", 1)]));
    let names = space.read("outputs/o/cells/s/names");
    assert_eq!(names, "a\n\\376\n\\377\n");
}

#[test]
fn a_link_among_the_code_is_there_with_what_is_behind_it() {
    let space = space(
        "experiment: o\nstages:\n  a:\n    uses: command\n    with: {run: 'sh $root/r.sh', code: [r.sh], metrics: stdout}\n",
    );
    space.write("run.sh", "echo loss=1\n");
    std::os::unix::fs::symlink("run.sh", space.path("r.sh")).unwrap();
    let output = space.output(&["check", "manifests/o.yaml"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success() && !said.contains("in no key"),
        "{said}"
    );
}

/// Neither the module of a script nor what that reads is in the key unless it is declared.
#[test]
fn programs_that_code_reads_and_that_are_in_no_key_are_told() {
    let said = |code: &str| {
        let space = space(&format!(
            "experiment: o\nstages:\n  a:\n    uses: command\n    with: {{run: 'python3 $root/t.py', code: {code}, metrics: \
             stdout}}\n"
        ));
        space.write("t.py", "import os, helper\nprint('loss=1')\n");
        space.write("helper.py", "from pkg import deep\n# not 'other.py'\n");
        space.write("pkg/__init__.py", "");
        space.write("pkg/deep.py", "run('../lib.sh', 'data.csv')\n");
        space.write("lib.sh", "echo\n");
        space.write("other.py", "x = 1\n");
        space.write("data.csv", "1\n");
        let output = space.output(&["check", "manifests/o.yaml"]);
        assert!(output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let all = said("[t.py]");
    assert!(
        all.contains("`helper.py` and 2 more are in no key")
            && all.contains("`t.py` imports it: an edit of it would go unnoticed")
            && all.contains("\"helper.py\", \"lib.sh\", \"pkg/deep.py\""),
        "{all}"
    );
    let some = said("[t.py, helper.py, pkg, '!lib.sh']");
    assert!(!some.contains("in no key"), "{some}");
}

/// Named by the text itself, or read by `make` without being named.
#[test]
fn files_that_a_text_names_are_told_unless_somebody_has_said_that_they_need_not_count() {
    let said = |run: &str, code: &str| {
        let space = space(&format!(
            "experiment: o\nstages:\n  a:\n    uses: command\n    with: {{run: '{run}', code: {code}, metrics: stdout}}\n"
        ));
        space.write("n.txt", "1\n");
        space.write("Makefile", "train:\n\techo loss=1\n");
        space.write("other.mk", "train:\n\techo loss=1\n");
        let output = space.output(&["check", "manifests/o.yaml"]);
        assert!(output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let named = "is named here and is in no key";
    let read = "cat \"${root}/n.txt\"";
    assert!(said(read, "[]").contains(named));
    assert!(!said(read, "[\"!n.txt\"]").contains(named));
    let make = "make -C \"${root}\" train";
    assert!(said(make, "[]").contains("`Makefile` is named here"));
    assert!(!said(make, "[Makefile]").contains(named));
    let other = said(&format!("{make} -f other.mk"), "[]");
    assert!(!other.contains("`Makefile`"), "{other}");
    assert!(!said("make train", "[]").contains(named));
}

/// The first thing that a script of one's own runs into: its step runs in an empty folder.
#[test]
fn a_file_that_is_not_where_its_step_runs_is_told() {
    let said = |with: &str| {
        let space = space(&format!(
            "experiment: o\nstages:\n  a:\n    uses: command\n    with: {{{with}, metrics: stdout}}\n"
        ));
        space.write("t.py", "print('loss=1')\n");
        let output = space.output(&["check", "manifests/o.yaml"]);
        assert!(output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    for with in [
        "run: [python3, t.py], code: [t.py]",
        "run: 'python3 t.py --lr 1', code: [t.py]",
        "run: 'python3 ./t.py'",
    ] {
        let text = said(with);
        assert!(
            text.contains("`t.py` is not where `a` runs")
                && text
                    .contains("`${root}/t.py`, or have `code` copied there by `copy_code: true`"),
            "{with}: {text}"
        );
    }
    for with in [
        "run: [python3, '${root}/t.py'], code: [t.py]",
        "run: [python3, t.py], code: [t.py], copy_code: true",
        "run: 'cd \"${root}\" && python3 t.py', code: [t.py]",
        "run: 'echo \"print(1)\" > t.py; python3 t.py', code: [t.py]",
        "run: 'python3 t.py', files: {t.py: {loss: 1}}",
    ] {
        let text = said(with);
        assert!(!text.contains("is not where"), "{with}: {text}");
    }
}

#[test]
fn what_is_copied_is_what_the_key_has_as_code() {
    let space = space(
        r#"experiment: o
stages:
  one:
    uses: command
    with: {run: 'echo x > "${out.o}"', out: {o: o.txt}}
  s:
    uses: command
    in: {x: one}
    with:
      code: ["**/*.txt"]
      copy_code: true
      run: 'find . -name "*.txt" > found.csv'
      out: {found: found.csv}
"#,
    );
    space.write("a.txt", "1");
    run(&space, &["--outputs", "results"]);
    assert_eq!(space.read("results/o/cells/s/found.csv"), "./a.txt\n");
}
