//! A number is one value however it is written; a program is given the text of the manifest.

use std::io;
use std::path::Path;
use std::sync::Arc;

use sweepline::manifest::Overrides;
use sweepline::plan::Contents;
use sweepline::plan::InputItem;
use sweepline::plan::KeyRules;
use sweepline::plan::Keys;
use sweepline::plan::Plan;
use sweepline::plan::Step;
use sweepline::registry::Value;
use sweepline::stages;
use sweepline::store::Digest;

use super::run;
use super::space;
use crate::support::TestSpace;
use crate::support::counts;

const MANIFEST: &str = r#"experiment: o
params: {momentum: 9e-1}
axes: {C: [0.1, 1, 1e1]}
stages:
  s:
    uses: command
    with:
      run: [sh, -c, 'echo "$0 $1 $2 $3" > "$4"', "${C}", "--c=${C}", "${momentum}", 1e-3, "${out.x}"]
      out: {x: x}
  shell:
    uses: command
    with: {run: 'echo "${C}" > "${out.x}"', out: {x: x}}
"#;

/// A number is written as the place has it that gives it, whatever other places have.
#[test]
fn a_number_is_written_as_the_place_that_gives_it_has_it() {
    let stage = |values: &str| {
        format!(
            "stages:\n  s:\n    uses: command\n    with: {{files: {{p.json: {{x: \"${{x}}\"}}}}, run: 'tr -d \" \\n\" < p.json > \"${{out.x}}\"; printf \" %s\" \"${{x}}\" >> \"${{out.x}}\"', values: {{{values}}}, out: {{x: x}}}}\n"
        )
    };
    let variants = "experiment: o\nparams: {x: 1.0}\naxes: {m: {a: {x: 1}, b: {}, c: {x: 1e0}}}\n";
    let space = space(&format!("{variants}{}", stage("m: \"${m}\"")));
    run(&space, &[]);
    assert_eq!(said(&space, "s/m=a"), r#"{"x":1} 1"#);
    assert_eq!(said(&space, "s/m=b"), r#"{"x":1.0} 1.0"#);
    assert_eq!(said(&space, "s/m=c"), r#"{"x":1.0} 1e0"#);
    let declared = "experiment: o\nparams: {x: {type: int, default: 2}}\naxes: {x: [1.0, 2e0]}\n";
    space.write("manifests/o.yaml", &format!("{declared}{}", stage("")));
    run(&space, &[]);
    assert!(said(&space, "s/x=2").starts_with(r#"{"x":2}"#));
}

fn said(space: &TestSpace, cell: &str) -> String {
    space
        .read(&format!("outputs/o/cells/{cell}/x"))
        .trim()
        .to_owned()
}

const ONE: &str = r#"experiment: o
axes:
  C: AXIS
stages:
  s:
    uses: command
    with: {run: [sh, -c, 'echo "score=$0" > "$1"', "${C}", "${out.metrics}"], metrics: m.txt}
  shell:
    uses: command
    with: {run: 'printf %s "${C}" > "${out.x}"', out: {x: x}}
  typed:
    uses: command
    with: {files: {p.json: {C: "${C}"}}, run: 'tr -d " \n" < p.json > "${out.x}"', out: {x: x}}
  all: {uses: table/summary, in: {rows: s}, with: {values: [score]}}
"#;

/// What a form computes and what is declared `float` is the number that a list has: in keys, in names of steps, and on
/// the command line. Programs and their files see it as the fraction that it is there.
#[test]
fn a_whole_number_is_one_whatever_gives_it() {
    let with = |axis: &str| ONE.replace("AXIS", axis);
    let space = space(&with("{linspace: [0, 2, 5]}"));
    let first = counts(&[("s", 5), ("shell", 5), ("typed", 5), ("all", 1)]);
    assert_eq!(run(&space, &[]), first);
    assert_eq!(said(&space, "shell/C=1"), "1.0");
    assert_eq!(said(&space, "typed/C=1"), r#"{"C":1.0}"#);
    let changed = &["--axis", "C=[1.0, 1.5]"];
    assert_eq!(run(&space, changed), counts(&[("all", 1)]));
    let none = counts(&[]);
    assert_eq!(run(&space, &["--axis", "C=[1e0, 1.50]"]), none);
    for other in [
        "{range: [0, 2, 0.5]}",
        "[0.0, 0.5, 1.0, 1.5, 2.0]\nparams: {C: {type: float}}",
        "[0, 0.5, 1, 1.5, 2]\nparams: {C: {type: float}}",
        "{linspace: [0, 2, 5]}\nparams: {C: {type: float, default: 1}}",
    ] {
        space.write("manifests/o.yaml", &with(other));
        assert_eq!(run(&space, &[]), none, "{other}");
    }
    // A list without fractions: its numbers are whole in files, and in nothing else.
    space.write("manifests/o.yaml", &with("[0, 0.5, 1, 1.5, 2]"));
    assert_eq!(run(&space, &[]), counts(&[("typed", 3)]));
}

/// Such numbers had keys of their own: what stands under these is taken, kept under the keys of now, and no garbage.
#[test]
fn results_under_former_keys_are_taken() {
    let space = space(&ONE.replace("AXIS", "{linspace: [0, 2, 3]}"));
    run(&space, &[]);
    let path = space.path("manifests/o.yaml");
    let planned = Plan::read(&path, &stages::catalog(), &Overrides::default());
    let plan = planned.plan.expect("it has just run");
    let rules = KeyRules::new(space.path(""), "cpu");
    let database = rusqlite::Connection::open(space.path("outputs/store/store.sqlite"));
    let database = database.expect("the run has made it");
    for step in plan.steps.iter().filter(|step| &*step.stage == "s") {
        let mut former = (**step).clone();
        let mut params = (*former.params).clone();
        let mut words = params
            .get("run")
            .and_then(Value::as_list)
            .expect("a list")
            .to_vec();
        let whole = words[3].as_float().expect("a number");
        words[3] = Value::Float(whole);
        params.insert("run".to_owned(), Value::List(words));
        former.params = Arc::new(params);
        let key = |step: &Step| rules.key(step, &mut NoFile).expect("it reads nothing");
        for table in ["records", "parts"] {
            let rename = format!("UPDATE {table} SET key = ? WHERE key = ?");
            let of = (key(&former), key(step));
            let renamed = database.execute(&rename, (of.0.as_bytes(), of.1.as_bytes()));
            assert_eq!(renamed, Ok(1), "{step}");
        }
    }
    drop(database);
    let none = counts(&[]);
    space.stdout(&["gc", "--yes"]);
    let plan = space.output(&["plan", "manifests/o.yaml"]).stderr;
    let plan = String::from_utf8_lossy(&plan);
    assert!(plan.starts_with("all 10 steps up to date"), "{plan}");
    assert_eq!(run(&space, &[]), none);
    let of_two = run(&space, &["--axis", "C=[1.0, 2.0]"]);
    assert_eq!(of_two, counts(&[("all", 1)]));
    space.stdout(&["gc", "--yes"]);
    assert_eq!(run(&space, &[]), none);
}

struct NoFile;

impl Contents for NoFile {
    fn input(&mut self, _: &InputItem) -> Option<Digest> {
        None
    }
    fn file(&mut self, _: &Path) -> io::Result<Digest> {
        unreachable!("no file belongs to the key")
    }
}

#[test]
fn a_program_is_given_the_text_of_the_manifest() {
    let space = space(MANIFEST);
    assert_eq!(run(&space, &[]), counts(&[("s", 3), ("shell", 3)]));
    assert_eq!(said(&space, "s/C=0.1"), "0.1 --c=0.1 9e-1 1e-3");
    assert_eq!(said(&space, "s/C=1"), "1 --c=1 9e-1 1e-3");
    assert_eq!(said(&space, "s/C=10"), "1e1 --c=1e1 9e-1 1e-3");
    assert_eq!(said(&space, "shell/C=10"), "1e1");
}

#[test]
fn a_number_is_one_value_however_it_is_written() {
    let space = space(MANIFEST);
    assert_eq!(run(&space, &[]), counts(&[("s", 3), ("shell", 3)]));
    for (from, to) in [
        ("[0.1, 1, 1e1]", "[1, 10]"),
        ("[1, 10]", "[1.0, 10.0, 1e0]"),
        ("[1.0, 10.0, 1e0]", "[1e0]"),
        ("9e-1", "0.90"),
    ] {
        space.replace("manifests/o.yaml", from, to);
        assert_eq!(run(&space, &[]), counts(&[]), "{to}");
    }
    for axis in ["C=1", "C=1.0", "C=[1e0]"] {
        assert_eq!(run(&space, &["--axis", axis]), counts(&[]), "{axis}");
    }
    assert_eq!(run(&space, &["-p", "momentum=0.9"]), counts(&[]));
    assert_eq!(run(&space, &["-p", "C=1.0"]), counts(&[]));
    space.replace(
        "manifests/o.yaml",
        "params: {",
        "params: {C: {type: float}, ",
    );
    assert_eq!(run(&space, &[]), counts(&[]));
}

#[test]
fn a_step_is_named_by_its_values_however_they_are_written() {
    let space = space(MANIFEST);
    run(&space, &[]);
    for name in ["s[C=1]", "s[C=1.0]", "s[C=1e0]"] {
        for verb in ["log", "show", "why"] {
            space.stdout(&[verb, "manifests/o.yaml", name]);
        }
        assert_eq!(
            run(&space, &["--force", name]),
            counts(&[("s", 1)]),
            "{name}"
        );
    }
    for name in ["s[C=1.5]", "s[C=1", "s[C=1,k=1]", "s[c=1]", "s"] {
        let output = space.output(&["log", "manifests/o.yaml", name]);
        assert!(!output.status.success(), "{name}");
    }
}

/// So is one that another name leads to, also in the path of a file.
#[test]
fn a_number_within_a_map_is_given_as_it_is_written() {
    let space = space(
        r#"experiment: o
params: {exps: {a: {version: 1.0, sizes: [1e1]}, b: {version: 2.5, sizes: [3]}}}
axes: {exp: [a, b], n: [1.0]}
stages:
  s:
    uses: command
    in: {data: {file: "data/v${exps[exp].version}/${n}.csv"}}
    with:
      files: {p.json: {v: "${exps[exp]['version']}"}}
      values: {size: "${exps[exp].sizes[0]}"}
      run: 'tr -d " \n" < p.json > "${out.x}"; echo " $(cat ${in.data}) ${size}" >> "${out.x}"'
      out: {x: "x-${exps[exp].version}"}
"#,
    );
    space.write("data/v1.0/1.0.csv", "one");
    space.write("data/v2.5/1.0.csv", "two");
    assert_eq!(run(&space, &[]), counts(&[("s", 2)]));
    let said = |path: &str| space.read(&format!("outputs/o/cells/s/{path}"));
    assert_eq!(said("exp=a,n=1/x-1.0"), "{\"v\":1.0} one 1e1\n");
    assert_eq!(said("exp=b,n=1/x-2.5"), "{\"v\":2.5} two 3\n");
}

/// Numbers within a parameter are given as they are written where they are written last.
#[test]
fn a_number_within_a_parameter_is_given_as_it_is_written() {
    let space = space(
        r#"experiment: o
params: {optim: {lr: 1e-3, beta: 0.90, sched: {warm: 1_000, rates: [1e-2, 5e-1]}}}
stages:
  s:
    uses: command
    with:
      run: [sh, -c, 'echo "$0 $1 $2 $3" > "$4"', "${optim.lr}", "b=${optim.beta}", "${optim.sched.warm}", "${optim.sched.rates[0]}", "${out.x}"]
      out: {x: x}
  shell:
    uses: command
    with: {run: 'echo "${optim.lr} ${optim.sched.warm}" > "${out.x}"', out: {x: x}}
"#,
    );
    run(&space, &[]);
    assert_eq!(said(&space, "s"), "1e-3 b=0.90 1_000 1e-2");
    assert_eq!(said(&space, "shell"), "1e-3 1_000");
    // The same numbers are the same keys, another is another.
    space.replace("manifests/o.yaml", "lr: 1e-3", "lr: 0.0010");
    assert_eq!(run(&space, &[]), counts(&[]));
    space.replace("manifests/o.yaml", "lr: 0.0010", "lr: 2.0e-3");
    run(&space, &[]);
    assert_eq!(said(&space, "s"), "2.0e-3 b=0.90 1_000 1e-2");
    let changed = run(&space, &["-p", "optim.lr=5E-1", "--outputs", "other"]);
    assert_eq!(changed, counts(&[("s", 1), ("shell", 1)]));
    let folder = std::fs::read_dir(space.path("other")).expect("it is there");
    let folder = folder
        .flatten()
        .find(|entry| entry.file_name().to_string_lossy().starts_with("o@"));
    let folder = folder.expect("results of a changed run").path();
    let text = std::fs::read_to_string(folder.join("cells/shell/x")).expect("an output");
    assert_eq!(text, "5E-1 1_000\n");
}

/// What YAML passes over, or takes for more, is told.
#[test]
fn a_value_of_the_command_line_is_what_stands_there_or_a_mistake() {
    let text = "experiment: o\nparams: {note: none, n: 1}\nstages:\n  s: {uses: command, with: {run: [sh, -c, 'printf %s \"$0\" > \"$1\"', \"${note}\", \"${out.x}\"], out: {x: x}}}\n  t: {uses: command, with: {run: [echo, \"m=${n}\"], metrics: stdout}}\n";
    let space = space(text);
    for value in [
        "note=fix #3 now",
        "note=&x rest",
        "note=a: b",
        "note=- x",
        "note=? a",
        "note=a\nb",
        "n=nan",
        "n=yes",
        "n=1x",
    ] {
        let output = space.output(&["run", "manifests/o.yaml", "-p", value]);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{value}: {told}");
        let help = if value == "n=nan" { "finite" } else { "quotes" };
        assert!(told.contains(help), "{value}: {told}");
    }
    let right = [
        ("fix#3", "fix#3"),
        ("\"fix #3 now\"", "fix #3 now"),
        ("'a: b'", "a: b"),
        (" plain words ", "plain words"),
        ("ü", "ü"),
    ];
    for (n, (given, found)) in right.into_iter().enumerate() {
        let (note, outputs) = (format!("note={given}"), format!("out-{n}"));
        run(&space, &["-p", &note, "--outputs", &outputs]);
        let files = space.files(&outputs);
        let file = files.iter().find(|file| file.ends_with("cells/s/x"));
        let file = file.expect("the step has an output");
        assert_eq!(std::fs::read_to_string(file).expect("it is text"), found);
    }
}

/// A slip of the keyboard in place of numbers is not an axis of texts.
#[test]
fn no_text_takes_the_place_of_an_axis_of_numbers() {
    let space = space(MANIFEST);
    for (axis, said) in [
        ("C=0.l", "axis `C` is of numbers"),
        ("C=1_000", "write `1000`"),
        ("C=2,1_000", "axis `C` has text beside numbers"),
    ] {
        let output = space.output(&["run", "manifests/o.yaml", "--axis", axis]);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{axis}: {told}");
        assert_eq!(told.matches(said).count(), 1, "{axis}: {told}");
        assert!(told.contains("\n1 mistake "), "{axis}: {told}");
    }
    assert!(!space.path("outputs").exists());
}
