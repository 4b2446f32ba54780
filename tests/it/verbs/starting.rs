//! `init`, `check`, `list` and the help of every verb: where people start.

use snapbox::assert_data_eq;
use snapbox::str;

use super::kit::*;

#[test]
fn every_template_is_well_formed() {
    let space = toy();
    for (template, manifest) in [("command", "first"), ("sweep", "first"), ("paper", "paper")] {
        let made = said(&space, &format!("init {template} --template {template}"));
        assert!(
            made.contains(&format!("{template}/manifests/{manifest}.yaml")),
            "{made}"
        );
        let checked = said(
            &space,
            &format!("check {template}/manifests/{manifest}.yaml"),
        );
        assert!(checked.contains("is well formed"), "{checked}");
        assert!(!checked.contains("warning"), "{checked}");
    }
}

/// The script of the template for programs does what its README says.
#[test]
fn the_template_of_a_program_runs_and_its_claim_holds() {
    let space = toy();
    said(&space, "init own --template command");
    let run = said(
        &space,
        "run own/manifests/first.yaml --progress none --require-claims",
    );
    assert!(
        run.contains("26 done") && run.contains("1 claim: 1 holds"),
        "{run}"
    );
    let ignored = said(&space, "init report --template paper");
    assert!(ignored.contains(".gitignore"), "{ignored}");
}

#[test]
fn a_starter_project_checks_and_plans_at_once() {
    let space = toy();
    assert_data_eq!(
        said(&space, "init new"),
        str![[r#"
new/manifests/first.yaml
new/pipelines/density.yaml
new/README.md
new/.gitignore
new/sweepline.toml
-- stderr

next: sweepline run new/manifests/first.yaml

"#]]
    );
    assert_data_eq!(
        said(&space, "check new/manifests/first.yaml"),
        str![[r#"
-- stderr
`new/manifests/first.yaml` is well formed: 28 steps in 5 stages

"#]]
    );
    assert_data_eq!(
        said(&space, "plan new/manifests/first.yaml"),
        str![[r#"
data           2 runs  (dataset/synthetic)
fit            12 may run  (train/vae, train/iwae)
score          12 may run  (evaluate/test-kl)
summary        1 may run  (table/summary)
kl-by-samples  1 may run  (figure/line)

data[dataset=circle] and 1 more: has not run before
-- stderr
28 of 28 steps to run

"#]]
    );
    assert_data_eq!(
        said(&space, "init new"),
        str![[r#"
-- stderr
error: `new/manifests/first.yaml` is there already
  = help: `sweepline init DIR` starts elsewhere
-- exit code 2

"#]]
    );
}

#[test]
fn a_starter_project_runs() {
    let space = toy();
    said(&space, "init new");
    let said = said(
        &space,
        "run new/manifests/first.yaml -p epochs=1 --seeds 1 --progress none",
    );
    assert_data_eq!(
        said,
        str![[r#"
-- stderr
16 done in [TIME]
results in outputs/first@8ff7a678

"#]]
    );
}

#[test]
fn a_count_of_nothing_is_refused() {
    let space = toy();
    for option in ["--jobs", "--seeds"] {
        let refused = said(&space, &format!("run toy {option} 0"));
        let first = refused.lines().nth(1).unwrap_or_default();
        let name = format!("{option} <N>");
        assert_eq!(
            first,
            format!("error: invalid value '0' for '{name}': 0 is not in 1..=4294967295"),
            "{refused}"
        );
        assert!(refused.contains("-- exit code 2"), "{refused}");
    }
}

#[test]
fn the_help_of_every_verb() {
    let space = toy();
    assert_data_eq!(
        said(&space, "--help"),
        str![[r#"
From a YAML experiment manifest to a paper's tables and figures

Usage: sweepline <COMMAND>

Commands:
  run          Run what is not up to date, and leave tables and figures under outputs/
  plan         Say what `run` would do and why, without doing it
  check        Read a manifest and its pipeline, and report every mistake with its place
  why          Explain why a step is up to date or not, part by part
  list         List what a manifest can name: stage kinds, data sets, models, metrics, figures
  claims       Judge the claims of a manifest over the results that are there, without running
  status       Say what is done, stale, failed and running, by stage
  show         Everything that is known of one step
  runs         List the runs that the store knows, name and tag them
  accept       Take a result that is there for the current one, and say so with it for ever
  diff         Compare two cells or two runs: which parts of their keys and which metrics differ
  report       Write one self-contained HTML page of everything an experiment left
  view         Show the report in a browser of this machine, while the experiment runs and after
  export       Write metrics and curves for TensorBoard, MLflow, pandas or polars
  ls           Print the results of an experiment as a table
  graph        Draw the DAG of stages, with axes collapsed
  log          Print the log of a step's last attempt
  events       Print the events of a run as JSON lines, also while it happens
  trace        Print a run as a Chrome trace, for Perfetto or chrome://tracing
  init         Make a small project that runs, to start from
  import       Make a manifest and a pipeline of another tool's file, once: of DVC's dvc.yaml
  schema       Print the JSON schema of manifests or pipelines, for editors
  gc           Remove results that no manifest of the project needs; first say which
  push         Send an experiment's results to the shared store, as far as they are not there
  pull         Fetch an experiment's results from the shared store, as far as they are there
  pack         Write an experiment with its results into one file
  unpack       Make a project that is up to date from an archive
  verify       Reread every object and compare it with its digest
  completions  Print a completion script for a shell
  man          Write the manual pages, for `man sweepline` and `man sweepline-run`
  help         Print this message or the help of the given subcommand(s)

Options:
  -h, --help     Print help
  -V, --version  Print version

Exit codes:
  0  done, and everything asked for is up to date
  1  some step failed, all that was asked for is pending, or a result is damaged
  2  the command line, a manifest or a pipeline is wrong; nothing was run
  3  the store cannot be used: locked, not writable, or of a newer version
  4  `--require-claims`: a claim fails or is undecided
  130  interrupted; finished steps are kept and `run` goes on from there

Examples:
  sweepline run manifests/quickstart.yaml
  sweepline plan manifests/quickstart.yaml --explain
  sweepline why manifests/quickstart.yaml 'fit[latent=8,seed=0]'

"#]]
    );
    for verb in [
        "run",
        "plan",
        "check",
        "why",
        "list",
        "ls",
        "graph",
        "log",
        "gc",
        "push",
        "pull",
        "pack",
        "unpack",
        "verify",
        "status",
        "show",
        "diff",
        "events",
        "trace",
        "init",
        "import",
        "schema",
        "claims",
        "accept",
        "runs",
        "report",
        "view",
        "export",
        "completions",
        "man",
    ] {
        let help = said(&space, &format!("{verb} --help"));
        let path = format!("tests/it/verbs/help/{verb}.txt");
        assert_data_eq!(help, snapbox::Data::read_from(path.as_ref(), None));
    }
}

#[test]
fn a_command_line_that_is_wrong_says_how_it_is_right() {
    let space = toy();
    assert_data_eq!(
        said(&space, "rum toy"),
        str![[r#"
-- stderr
error: unrecognized subcommand 'rum'

  tip: a similar subcommand exists: 'run'

Usage: sweepline <COMMAND>

For more information, try '--help'.
-- exit code 2

"#]]
    );
    assert_data_eq!(
        said(&space, "run toy -p epochs"),
        str![[r#"
-- stderr
error: `-p epochs` has no `=`
 |
 = help: write `-p NAME=VALUE`
-- exit code 2

"#]]
    );
    assert_data_eq!(
        said(&space, "run toy -p epoch=2"),
        str![[r#"
-- stderr
error: unknown parameter `epoch`
 --> -p epoch:1:1
  |
1 | epoch=2
  | ^^^^^ the experiment declares no parameter `epoch`
  |
  = help: did you mean `epochs`?


1 mistake in `manifests/toy.yaml`: nothing was run
-- exit code 2

"#]]
    );
    assert_data_eq!(
        said(&space, "run toy -p wobble=2"),
        str![[r#"
-- stderr
error: unknown parameter `wobble`
 --> -p wobble:1:1
  |
1 | wobble=2
  | ^^^^^^ the experiment declares no parameter `wobble`
  |
  = help: it declares: `epochs`, `name`, `restart`, and `samples`; declare it under `params:`


1 mistake in `manifests/toy.yaml`: nothing was run
-- exit code 2

"#]]
    );
    assert_data_eq!(
        said(&space, "run toy --axis sample=[5,10]"),
        str![[r#"
-- stderr
error: unknown parameter `sample`
 --> --axis sample:1:1
  |
1 | sample=[5,10]
  | ^^^^^^ the experiment declares no parameter `sample`
  |
  = help: did you mean `samples`?


1 mistake in `manifests/toy.yaml`: nothing was run
-- exit code 2

"#]]
    );
    assert_data_eq!(
        said(&space, "run toy --profile quick"),
        str![[r#"
-- stderr
error: unknown profile `quick`
 |
 = help: the manifest has no profiles


1 mistake in `manifests/toy.yaml`: nothing was run
-- exit code 2

"#]]
    );
    assert_data_eq!(
        said(&space, "check manifests/toi.yaml"),
        str![[r#"
-- stderr
error: there is no file `manifests/toi.yaml`
 |
 = help: did you mean `manifests/toy.yaml`?


1 mistake in `manifests/toi.yaml`: nothing was run
-- exit code 2

"#]]
    );
    for asked in ["toy.yaml", "manifests/nowhere/toy"] {
        let said = said(&space, &format!("check {asked}"));
        assert!(
            said.contains("did you mean `manifests/toy.yaml`?"),
            "{said}"
        );
    }
    assert_data_eq!(
        said(&space, "check manifests"),
        str![[r#"
-- stderr
error: `manifests` is a folder


1 mistake in `manifests`: nothing was run
-- exit code 2

"#]]
    );
    assert_data_eq!(
        said(&space, "list train/vea"),
        str![[r#"
-- stderr
error: no stage kind `train/vea`
  = help: did you mean `train/vae`?
-- exit code 2

"#]]
    );
}

#[test]
fn every_mistyped_verb_gets_the_verb_that_was_meant() {
    let space = toy();
    for (given, meant) in [
        ("rnu", "'run'"),
        ("lst", "'list'"),
        ("statsu", "'status'"),
        ("repro", "'run'"),
        ("clean", "'gc'"),
    ] {
        let said = said(&space, given);
        assert!(
            said.contains("similar subcommand") && said.contains(meant),
            "{given}: {said}"
        );
    }
    assert!(!said(&space, "xyzzy").contains("similar"));
}
