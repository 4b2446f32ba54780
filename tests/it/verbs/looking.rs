//! `show`, `status`, `why`, `plan --explain` and `diff` of cells: what is known, in words.

use snapbox::assert_data_eq;
use snapbox::str;

use super::kit::*;

#[test]
fn a_step_is_shown_with_all_that_is_known_of_it() {
    let space = finished();
    let step = "score[name=circle,restart=0,samples=5]";
    let shown = said(&space, &format!("show toy {step}"));
    assert_data_eq!(
        without_numbers(&shown),
        str![[r#"
score[name=circle,restart=0,samples=5]: up to date
--> manifests/toy.yaml:15:3
kind evaluate/test-kl, revision 4
key [DIGEST]
parameters
nodes 8001
inputs
model fit[name=circle,restart=0,samples=5].model [DIGEST]
data data[name=circle].data [DIGEST]
outputs
metrics [DIGEST] [SIZE]
outputs/toy/cells/score/name=circle,restart=0,samples=5/metrics.json
metrics
test_kl [N]
test_kl_se [N]
ll [N]
quadrature_error [N]
elbo_gap [N]
elbo_gap_se [N]
attempts
[RUN] made [TIME]

"#]]
    );
    let shown: serde_json::Value =
        serde_json::from_str(&space.stdout(&["show", "manifests/toy.yaml", step, "--json"]))
            .expect("it is JSON");
    for output in shown["outputs"].as_array().expect("it has outputs") {
        let path = output["path"].as_str().expect("it has a path");
        assert!(space.path(path).is_file(), "{path}");
    }
    // `why` and `show` name an output by one digest.
    let word_after = |verb: &str, before: &str| {
        let text = space.stdout(&[verb, "manifests/toy.yaml", step]);
        let line = text
            .lines()
            .find_map(|line| line.trim().strip_prefix(before));
        let word = line.and_then(|rest| rest.split_whitespace().next());
        word.unwrap_or_else(|| panic!("{text}")).to_owned()
    };
    assert_eq!(
        word_after("why", "leaves metrics: "),
        word_after("show", "metrics  ")
    );
    assert_eq!(shown["cell"]["samples"], 5);
    assert!(shown["metrics"]["test_kl"].is_number());
}

#[test]
fn a_step_that_never_ran_is_shown_as_far_as_it_is_known() {
    let space = toy();
    assert_data_eq!(
        said(&space, "show toy summary"),
        str![[r#"
summary: may run
  --> manifests/toy.yaml:23:3
  waits for score
kind  table/summary, revision 11
parameters
  align      plain
  interval   ci95
  long       false
  replicate  restart
  values     [test_kl]
  width      single
inputs
  rows  score[name=circle,restart=0,samples=5].metrics  not known yet
  rows  score[name=circle,restart=0,samples=50].metrics  not known yet
  rows  score[name=circle,restart=1,samples=5].metrics  not known yet
  rows  score[name=circle,restart=1,samples=50].metrics  not known yet
  rows  score[name=clusters,restart=0,samples=5].metrics  not known yet
  rows  score[name=clusters,restart=0,samples=50].metrics  not known yet
  rows  and 2 more
attempts
  none

"#]]
    );
    assert_data_eq!(
        said(&space, "show toy sumary"),
        str![[r#"
-- stderr
error: no step `sumary` in `toy`
  = help: did you mean `summary`?
-- exit code 2

"#]]
    );
}

#[test]
fn status_counts_what_is_done_stale_new_and_failed() {
    let space = toy();
    assert_data_eq!(
        said(&space, "status toy"),
        str![[r#"
stage        new
data           2
fit            8
score          8
best           4
summary        1

"#]]
    );
    said(&space, "run toy --only name=circle --jobs 1");
    space.replace("manifests/toy.yaml", "epochs: 1", "epochs: 2");
    space.replace("manifests/toy.yaml", "by: valid_ll", "by: valid_lll");
    said(&space, "run toy --only name=circle,samples=5 --upto best");
    assert_data_eq!(
        said(&space, "status toy"),
        str![[r#"
stage       done    stale      new   failed
data           1        ·        1        ·
fit            2        2        4        ·
score          ·        4        4        ·
best           ·        1        2        1
summary        ·        ·        1        ·
failed best[name=circle,samples=5]

last run [RUN]: 2 done, 1 up to date, 1 failed in [TIME]
-- stderr
warning: it is not known which `valid_lll` is better
  --> manifests/toy.yaml:22:16
   |
22 |     with: {by: valid_lll}
   |                ^^^^^^^^^ the largest is chosen
   |
   = help: say it: `order: max` or `order: min`


"#]]
    );
}

#[test]
fn ten_changed_cells_are_one_paragraph() {
    let space = finished();
    space.replace("manifests/toy.yaml", "epochs: 1", "epochs: 2");
    assert_data_eq!(
        said(&space, "plan toy"),
        str![[r#"
data     2 up to date  (dataset/synthetic)
fit      8 runs  (train/iwae)
score    8 may run  (evaluate/test-kl)
best     4 may run  (select)
summary  1 may run  (table/summary)

fit[name=circle,restart=0,samples=5] and 7 more: param epochs: 1 → 2
-- stderr
21 of 23 steps to run

"#]]
    );
    assert_data_eq!(
        said(&space, "plan toy --explain"),
        str![[r#"
data     2 up to date  (dataset/synthetic)
fit      8 runs  (train/iwae)
score    8 may run  (evaluate/test-kl)
best     4 may run  (select)
summary  1 may run  (table/summary)

fit: 8 run
  fit[name=circle,restart=0,samples=5], fit[name=circle,restart=0,samples=50], fit[name=circle,restart=1,samples=5], and 5 more
  param epochs: 1 → 2
    --> manifests/toy.yaml:2:18

score: 8 may run
  score[name=circle,restart=0,samples=5], score[name=circle,restart=0,samples=50], score[name=circle,restart=1,samples=5], and 5 more
  waits for fit

best: 4 may run
  best[name=circle,samples=5], best[name=circle,samples=50], best[name=clusters,samples=5], and 1 more
  waits for fit

summary: may run
  waits for score
-- stderr
21 of 23 steps to run

"#]]
    );
    assert_data_eq!(
        said(&space, "why toy summary"),
        str![[r#"
summary: may run
  --> manifests/toy.yaml:23:3 (table/summary)
  waits for score
  fit[name=circle,restart=0,samples=5] and 7 more run
    param epochs: 1 → 2
      --> manifests/toy.yaml:2:18

"#]]
    );
    assert_data_eq!(
        said(&space, "why toy fit[name=circle,restart=0,samples=5]"),
        str![[r#"
fit[name=circle,restart=0,samples=5]: runs
  --> manifests/toy.yaml:11:3 (train/iwae)
  param epochs: 1 → 2
    --> manifests/toy.yaml:2:18
  22 parts of its key unchanged

"#]]
    );
}

#[test]
fn a_step_that_is_up_to_date_says_what_its_key_is_made_of() {
    let space = finished();
    assert_data_eq!(
        said(&space, "why toy data[name=circle]"),
        str![[r#"
data[name=circle]: up to date
  --> manifests/toy.yaml:8:3 (dataset/synthetic)
  key [DIGEST]
  key.format: 1
  kind.name: dataset/synthetic
  kind.revision: 1
  param.name: "circle"
  param.points: 40
  param.seed: 0
  leaves data: [DIGEST] ([SIZE])

"#]]
    );
    assert_data_eq!(
        said(&space, "why toy fit"),
        str![[r#"
-- stderr
error: no step `fit` in `toy`
  = help: did you mean `fit[name=circle,restart=0,samples=5]`?
-- exit code 2

"#]]
    );
}

#[test]
fn members_of_a_reduction_are_counted() {
    let space = finished();
    space.replace("manifests/toy.yaml", "{seeds: 2}", "{seeds: 3}");
    said(&space, "run toy --upto score");
    assert_data_eq!(
        said(&space, "plan toy --explain"),
        str![[r#"
data     2 up to date  (dataset/synthetic)
fit      12 up to date  (train/iwae)
score    12 up to date  (evaluate/test-kl)
best     4 runs  (select)
summary  1 runs  (table/summary)

best: 4 run
  best[name=circle,samples=5], best[name=circle,samples=50], best[name=clusters,samples=5], and 1 more
  input candidates: 1 member changed (1 new)
    --> manifests/toy.yaml:20:10

summary: runs
  input rows: 4 members changed (4 new)
    --> manifests/toy.yaml:25:10
-- stderr
5 of 31 steps to run

"#]]
    );
    assert_data_eq!(
        said(&space, "why toy best[name=circle,samples=5]"),
        str![[r#"
best[name=circle,samples=5]: runs
  --> manifests/toy.yaml:18:3 (select)
  input candidates[name=circle,restart=2,samples=5]: new
    --> manifests/toy.yaml:20:10
  7 parts of its key unchanged

"#]]
    );
}

#[test]
fn two_cells_differ_in_their_parts_and_numbers() {
    let space = finished();
    let cells = "fit[name=circle,restart=0,samples=5] fit[name=circle,restart=0,samples=50]";
    let said_of_cells = said(&space, &format!("diff toy {cells}"));
    assert_data_eq!(
        without_numbers(&said_of_cells),
        str![[r#"
fit[name=circle,restart=0,samples=5] → fit[name=circle,restart=0,samples=50]
param samples: 5 → 50
22 parts of the keys the same

metric first second difference
train_loss [N] [N] [N]
valid_iwae [N] [N] [N]
decoder_passes [N] [N] [N]
network_passes [N] [N] [N]
valid_ll [N] [N] [N]

"#]]
    );
    let other = toy();
    assert_data_eq!(
        said(&other, &format!("diff toy {cells}")),
        str![[r#"
-- stderr
error: nothing was run yet, so there is nothing to compare
-- exit code 2

"#]]
    );
}

/// Numbers that belong to trainings, which the processor decides in the last digits.
fn without_numbers(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let words = line.split(' ').map(|word| match word.parse::<f64>() {
            Ok(_) if word.contains('.') => "[N]",
            _ => word,
        });
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        words.join(" ") + "\n"
    });
    lines.collect()
}

#[test]
fn what_failed_the_last_time_is_said_to_have_failed() {
    let space = toy();
    space.write(
        "manifests/toy.yaml",
        "experiment: toy\naxes: {n: [1, 2]}\nstages:\n  even:\n    uses: command\n    \
         with:\n      run: |\n        test \"${n}\" = 2\n        echo \"n=${n}\"\n      metrics: stdout\n",
    );
    said(&space, "run toy --progress none");
    assert_data_eq!(
        said(&space, "plan toy"),
        str![[r#"
even  1 runs, 1 up to date  (command)

even[n=1]: failed the last time
-- stderr
1 of 2 steps to run

"#]]
    );
    assert_data_eq!(
        said(&space, "show toy even[n=1]"),
        str![[r#"
even[n=1]: runs
  --> manifests/toy.yaml:4:3
  failed the last time
kind  command, revision 6
shell bash -eu -o pipefail -O inherit_errexit
key   [DIGEST]
parameters
  metrics  stdout
  run      test "${n}" = 2
           echo "n=${n}"
  values   {n: 1}
attempts
  [RUN]  failed  [TIME]
    `bash` ended with exit status 1

"#]]
    );
}
