//! What happens to a project over its months: programs that fail in between, stages that are renamed, exports that
//! are made again.

use super::mistakes;
use super::run;
use super::space;
use super::told;
use crate::support::TestSpace;
use crate::support::counts;

const SWEPT: &str = r#"experiment: o
axes: {lr: [0.1, 0.5], seed: {seeds: 3}}
stages:
  train:
    uses: command
    with: {values: {lr: "${lr}", seed: "${seed}"}, run: 'echo "loss=$lr$seed"', metrics: stdout}
"#;

fn files(space: &TestSpace, folder: &str, ending: &str) -> Vec<String> {
    let root = space.path("");
    let files = space.files(folder).into_iter();
    let files = files.map(|path| {
        let path = path.strip_prefix(&root).expect("it is below");
        path.to_string_lossy().into_owned()
    });
    files.filter(|path| path.ends_with(ending)).collect()
}

/// Cells that are no more, that fail now, and stages of another name are in no folder after a second export.
#[test]
fn a_second_export_leaves_nothing_of_the_first() {
    let space = space(SWEPT);
    run(&space, &[]);
    let export = || {
        for form in ["csv", "tensorboard", "mlflow"] {
            space.stdout(&["export", "manifests/o.yaml", "--to", form, form]);
        }
    };
    export();
    let runs = |space: &TestSpace| files(space, "mlflow", "/meta.yaml").len() - 1;
    assert_eq!(runs(&space), 6);
    let renamed = SWEPT
        .replace("seeds: 3", "seeds: 2")
        .replace("train:", "fit:")
        .replace("echo", r#"[ "$lr$seed" != 0.50 ]; echo"#);
    space.write("manifests/o.yaml", &renamed);
    assert!(told(&space, &[]).contains("1 failed"));
    export();
    assert_eq!(files(&space, "csv", ".csv"), ["csv/fit.csv"]);
    assert_eq!(
        files(&space, "tensorboard", ".0.sweepline").len(),
        3,
        "{:?}",
        files(&space, "tensorboard", "")
    );
    assert_eq!(runs(&space), 3);
    assert_eq!(files(&space, "mlflow", "/metrics/fit/loss").len(), 3);
    assert_eq!(files(&space, "mlflow", "/metrics/train/loss").len(), 0);
    // Nothing hollow is left of the others.
    let experiment = files(&space, "mlflow", "/meta.yaml");
    let experiment = experiment.iter().map(|path| path.split('/').nth(1));
    let experiment = experiment.flatten().next().expect("an experiment");
    let below = std::fs::read_dir(space.path("mlflow").join(experiment)).expect("a folder");
    assert_eq!(below.count(), 1 + 3);
}

/// What others wrote into a run is theirs, and so is the export of another experiment.
#[test]
fn an_export_removes_only_what_it_wrote() {
    let space = space(SWEPT);
    run(&space, &[]);
    let export =
        |manifest: &str, form: &str| space.output(&["export", manifest, "--to", form, "x"]);
    assert!(export("manifests/o.yaml", "tensorboard").status.success());
    space.write("x/o/lr=0.5,seed=2/notes.txt", "mine");
    space.write(
        "manifests/p.yaml",
        &SWEPT
            .replace("experiment: o", "experiment: p")
            .replace("loss=", "loss=1"),
    );
    space.stdout(&["run", "manifests/p.yaml"]);
    assert!(export("manifests/p.yaml", "tensorboard").status.success());
    assert!(export("manifests/o.yaml", "csv").status.success());
    space.replace("manifests/o.yaml", "seeds: 3", "seeds: 2");
    run(&space, &[]);
    let output = export("manifests/o.yaml", "tensorboard");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("others have written there"), "{said}");
    let left = files(&space, "x/o", "");
    assert_eq!(left.len(), 4 + 2, "{left:?}");
    assert_eq!(space.read("x/o/lr=0.5,seed=2/notes.txt"), "mine");
    assert_eq!(files(&space, "x/p", ".sweepline").len(), 6);
    assert_eq!(files(&space, "x", ".csv"), ["x/train.csv"]);
    // Its table would take the place of that of the other.
    let refused = export("manifests/p.yaml", "csv");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(
        said.contains("no export of this experiment wrote it"),
        "{said}"
    );
}

/// An attempt that failed, or that was stopped, is no result: what was there before is the last one.
#[test]
fn an_accepted_result_is_the_last_one_that_there_is() {
    let space = space(
        "experiment: o
axes: {n: [1, 2]}
stages:
  s: {uses: command, with: {code: [a.sh], run: 'bash \"${root}/a.sh\" \"${n}\"', metrics: stdout}}
",
    );
    space.write("a.sh", "echo \"v=$1\"\n");
    run(&space, &[]);
    space.write("a.sh", "echo \"v=$1\"\n/ no comment\n");
    assert!(told(&space, &[]).contains("2 failed"));
    space.write("a.sh", "echo \"v=$1\"\n# a comment\n");
    space.stdout(&["accept", "manifests/o.yaml", "s", "--because", "a comment"]);
    assert_eq!(run(&space, &[]), counts(&[]));
}

/// A table that was asked for and waits for what was not is none.
#[test]
fn a_run_of_what_stays_pending_has_failed() {
    let space = space(&format!(
        "{SWEPT}  tab: {{uses: table/summary, in: {{rows: train}}, with: {{values: loss, replicate: seed}}}}\n"
    ));
    let code = |more: &[&str]| {
        let output = space.output(&[&["run", "manifests/o.yaml"], more].concat());
        output.status.code()
    };
    assert_eq!(code(&["--stage", "tab"]), Some(1));
    assert_eq!(code(&["--only", "lr=0.1"]), Some(0), "a part was made");
    assert_eq!(code(&[]), Some(0));
    assert_eq!(code(&["--stage", "tab"]), Some(0));
}

#[test]
fn a_text_that_changed_is_told_where_it_stands_and_not_where_its_values_do() {
    let space = space(
        "experiment: o
params: {file: params.yaml}
stages:
  s:
    uses: command
    with:
      run: [echo, 'loss=1', \"${ridge.alpha}\"]
      metrics: stdout
",
    );
    space.write("params.yaml", "other: 1\nridge: {alpha: 0.1}\n");
    run(&space, &[]);
    let why = || space.stdout(&["why", "manifests/o.yaml", "s"]);
    space.replace("manifests/o.yaml", "loss=1", "loss=2");
    assert!(why().contains("--> manifests/o.yaml:7:"), "{}", why());
    run(&space, &[]);
    space.write("params.yaml", "other: 1\nridge: {alpha: 0.3}\n");
    assert!(why().contains("params.yaml:2:"), "{}", why());
}

#[test]
fn what_is_compared_does_not_tell_methods_apart() {
    let best = |by: &str| {
        format!(
            "{}  top: {{uses: table/best, in: {{rows: train}}, with: {{values: loss, by: {by}, replicate: seed}}}}\n",
            SWEPT.replace("loss=", "acc=$seed.5 loss=")
        )
    };
    let text = mistakes(&best("loss"));
    assert!(text.contains("`loss` is what is compared"), "{text}");
    let said = told(&space(&best("acc")), &[]);
    assert!(said.contains("`acc` is a number that differs"), "{said}");
}

/// An edit that is taken back runs nothing, and shows nothing either before the next run.
#[test]
fn what_shows_another_result_than_that_of_now_is_told() {
    let space = space(&format!(
        "{SWEPT}  tab: {{uses: table/summary, in: {{rows: train}}, with: {{values: loss, replicate: seed}}}}\n"
    ));
    let told = |verb: &str| {
        let output = space.output(&[verb, "manifests/o.yaml"]);
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    run(&space, &[]);
    assert!(!told("plan").contains("another result") && !told("status").contains("another result"));
    space.replace("manifests/o.yaml", "loss=", "loss=1");
    run(&space, &[]);
    space.replace("manifests/o.yaml", "loss=1", "loss=");
    for verb in ["plan", "status"] {
        let said = told(verb);
        assert!(
            said.contains("show another result than is up to date"),
            "{said}"
        );
    }
    assert_eq!(run(&space, &[]), counts(&[]));
    assert_eq!(told("status"), "");
}

#[test]
fn a_step_is_known_by_its_coordinates_in_any_order() {
    let space = space(SWEPT);
    run(&space, &[]);
    let show = |step: &str| space.stdout(&["show", "manifests/o.yaml", step]);
    assert_eq!(show("train[seed=2, lr=0.5]"), show("train[lr=0.5,seed=2]"));
    let output = space.output(&["show", "manifests/o.yaml", "train[seed=2]"]);
    assert_eq!(output.status.code(), Some(2));
}
