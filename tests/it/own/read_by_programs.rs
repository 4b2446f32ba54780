//! What a program reads of numbers, names and arguments, and what it prints.

use sweepline::manifest::Overrides;
use sweepline::plan::Plan;
use sweepline::registry::Value;
use sweepline::stages;

use super::mistakes;
use super::run;
use super::space;
use super::told;
use crate::support::counts;

const NUMBERS: &str = r#"experiment: o
axes: {lr: [1e-3]}
stages:
  s:
    uses: command
    with:
      files: {p.json: {lr: "${lr}", own: 1e-3, more: +5, list: [1.0, 1e1]}}
      values: {plain: 1e-3, map: {lr: "${lr}", own: 1e-3, whole: 1.0}}
      run: 'cat p.json > "${out.o}"; echo "$plain $map" >> "${out.o}"'
      out: {o: o}
  list:
    uses: command
    with: {run: [sh, -c, 'echo "$0 $1" > "$2"', 1.0, [1e-3, "${lr}"], "${out.o}"], out: {o: o}}
"#;

#[test]
fn numbers_in_files_and_json_are_numbers_and_texts_elsewhere() {
    let space = space(NUMBERS);
    assert_eq!(run(&space, &[]), counts(&[("list", 1), ("s", 1)]));
    let said = space.read("outputs/o/cells/s/lr=0.001/o");
    let said = said.split_whitespace().collect::<String>();
    assert_eq!(
        said,
        r#"{"lr":0.001,"own":0.001,"more":5,"list":[1.0,10.0]}1e-3{"lr":0.001,"own":0.001,"whole":1.0}"#
    );
    let said = space.read("outputs/o/cells/list/lr=0.001/o");
    assert_eq!(said, "1.0 [0.001,0.001]\n");
    // Written in another way they are the same numbers, but for whole ones in files.
    type Change = (&'static str, &'static str, &'static [(&'static str, usize)]);
    let changes: [Change; 5] = [
        ("plain: 1e-3", "plain: 0.001", &[]),
        ("whole: 1.0", "whole: 1", &[]),
        ("1.0, [1e-3", "1, [0.0010", &[]),
        ("more: +5", "more: 5", &[]),
        ("[1.0, 1e1]", "[1, 1e1]", &[("s", 1)]),
    ];
    for (from, to, again) in changes {
        space.replace("manifests/o.yaml", from, to);
        assert_eq!(run(&space, &[]), counts(again), "{to}");
    }
}

/// A job elsewhere is given what is written, and has the files of a step that runs here.
#[test]
fn files_are_by_value_wherever_a_step_runs() {
    let space = space(NUMBERS);
    let path = space.path("manifests/o.yaml");
    let planned = Plan::read(&path, &stages::catalog(), &Overrides::default());
    let plan = planned.plan.expect("there is no mistake in it");
    let step = plan.steps.iter().find(|step| *step.stage == *"s");
    let step = step.expect("it is planned");
    let written = step
        .written
        .as_ref()
        .expect("a number is written otherwise");
    assert_eq!(written.get("files"), step.params.get("files"));
    let Some(Value::Map(values)) = written.get("values") else {
        panic!("{written:?}");
    };
    assert_eq!(values.get("plain"), Some(&Value::from("1e-3")));
}

#[test]
fn an_argument_that_is_an_expression_may_be_none() {
    let space = space(
        r#"experiment: o
axes: {amp: [true, false]}
stages:
  s:
    uses: command
    with:
      run: [sh, -c, 'printf "%s;" "$@" > "$0"', "${out.x}", "${'--amp' if amp else none}", ["${1 if amp else none}"], last]
      out: {x: x}
"#,
    );
    assert_eq!(run(&space, &[]), counts(&[("s", 2)]));
    let said = |cell: &str| space.read(&format!("outputs/o/cells/s/{cell}/x"));
    assert_eq!(said("amp=true"), "--amp;[1];last;");
    assert_eq!(said("amp=false"), "[null];last;");
}

#[test]
fn names_that_would_be_one_variable_or_the_shells_own_are_refused() {
    let of = |stage: &str| format!("experiment: o\naxes: {{RANDOM: [3]}}\nstages:\n  s: {stage}\n");
    let said = mistakes(&of(
        "{uses: command, in: {my-d: {file: a}, my_d: {file: b}}, with: {run: [a], out: {o: o}}}",
    ));
    assert!(
        said.contains("`my-d` and `my_d` are one variable"),
        "{said}"
    );
    let said = mistakes(&of(
        "{uses: command, with: {run: 'echo ${RANDOM}', out: {o: o}}}",
    ));
    assert!(said.contains("the shell sets itself"), "{said}");
}

#[test]
fn a_timeout_of_nothing_is_refused() {
    let said = mistakes(
        "experiment: o\nstages:\n  s: {uses: command, timeout: 0, with: {run: [a], out: {o: o}}}\n",
    );
    assert!(said.contains("no step ends in no time"), "{said}");
}

#[test]
fn numbers_at_the_end_of_a_long_line_count() {
    let space = space(
        r#"experiment: o
stages:
  long:
    uses: command
    with:
      run: 'echo loss=9; for i in $(seq 1 700); do printf "metric$i=$i "; done; echo loss=1 acc=3/4'
      metrics: stdout
  huge:
    uses: command
    with:
      run: 'echo loss=9; head -c 9000000 /dev/zero | tr "\0" " "; echo loss=1'
      metrics: stdout
"#,
    );
    let said = told(&space, &[]);
    assert!(said.contains("printed lines of more than 8 MiB"), "{said}");
    let numbers = |stage: &str| space.read(&format!("outputs/o/cells/{stage}/metrics.json"));
    assert!(numbers("long").contains("\"loss\": 1"));
    // Only what counts steps goes on with how many there are.
    assert!(!numbers("long").contains("\"acc\""));
    assert!(numbers("huge").contains("\"loss\": 9"));
}

#[test]
fn files_of_one_content_and_two_names_are_two_inputs_of_a_program() {
    let space = space(
        r#"experiment: o
axes: {f: {glob: "a*.txt"}}
stages:
  s:
    uses: command
    in: {x: {file: "${f}"}}
    with: {run: 'basename "${in.x}" > "${out.o}"', out: {o: o}}
"#,
    );
    space.write("a1.txt", "x\n");
    space.write("a2.txt", "x\n");
    run(&space, &[]);
    assert_eq!(space.read("outputs/o/cells/s/f=a1.txt/o"), "a1.txt\n");
    assert_eq!(space.read("outputs/o/cells/s/f=a2.txt/o"), "a2.txt\n");
}
