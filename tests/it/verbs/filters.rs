//! `run`, `plan` and `ls` on a part of the cells.

use snapbox::assert_data_eq;
use snapbox::str;

use super::kit::*;

#[test]
fn a_filtered_run_leaves_reductions_pending_and_says_so() {
    let space = toy();
    let run = "run toy --jobs 1 --progress lines --only name=circle,restart=0,samples<50";
    assert_data_eq!(
        said(&space, run),
        str![[r#"
-- stderr
[1/5] data[name=circle]  [TIME]
[2/5] fit[name=circle,restart=0,samples=5]  [TIME]
[3/5] best[name=circle,samples=5]  pending: needs fit[name=circle,restart=1,samples=5], left out of this run
[4/5] score[name=circle,restart=0,samples=5]  [TIME]
[5/5] summary  pending: needs score[name=circle,restart=0,samples=50] and 6 more, left out of this run
3 done, 2 pending in [TIME]
pending steps need what this run leaves out; `run` without a filter makes all
results in outputs/toy

"#]]
    );
    assert_data_eq!(
        said(&space, "plan toy --only restart=0 --explain"),
        str![[r#"
data     1 runs, 1 up to date  (dataset/synthetic)
fit      1 runs, 2 may run, 1 up to date  (train/iwae)
score    3 may run, 1 up to date  (evaluate/test-kl)
best     4 pending  (select)
summary  1 pending  (table/summary)

data[name=clusters]: runs
  has not run before
    --> manifests/toy.yaml:8:3

fit[name=circle,restart=0,samples=50]: runs
  has not run before
    --> manifests/toy.yaml:11:3

fit: 2 may run
  fit[name=clusters,restart=0,samples=5], fit[name=clusters,restart=0,samples=50]
  waits for data

score[name=circle,restart=0,samples=50]: may run
  waits for fit

score: 2 may run
  score[name=clusters,restart=0,samples=5], score[name=clusters,restart=0,samples=50]
  waits for fit, data

best: 4 pending
  best[name=circle,samples=5], best[name=circle,samples=50], best[name=clusters,samples=5], and 1 more
  needs steps of fit that the filters leave out

summary: pending
  needs steps of score that the filters leave out
-- stderr
7 of 15 steps to run, 5 pending

"#]]
    );
    // Once the other members are known, the reduction is: whatever the filter.
    said(&space, "run toy --upto best");
    assert_data_eq!(
        said(&space, run),
        str![[r#"
-- stderr
[5/5] summary  pending: needs score[name=circle,restart=0,samples=50] and 6 more, left out of this run
4 up to date, 1 pending in [TIME]
pending steps need what this run leaves out; `run` without a filter makes all
results in outputs/toy

"#]]
    );
}

#[test]
fn a_filter_that_means_nothing_is_refused_with_suggestions() {
    let space = toy();
    assert_data_eq!(
        said(&space, "run toy --only nam=circle,samples=7"),
        str![[r#"
-- stderr
error: there is no axis `nam`
 --> --only:1:1
  |
1 | nam=circle,samples=7
  | ^^^ no such axis
  |
  = help: did you mean `name`?

error: `samples` is never `7`
 --> --only:1:20
  |
1 | nam=circle,samples=7
  |                    ^ no such value
  |
  = help: its values are: `5` and `50`

2 mistakes on the command line: nothing was run
-- exit code 2

"#]]
    );
    assert_data_eq!(
        said(&space, "run toy --stage fits,score"),
        str![[r#"
-- stderr
error: no stage `fits` in `toy`
 |
 = help: did you mean `fit`?

1 mistake on the command line: nothing was run
-- exit code 2

"#]]
    );
    assert_data_eq!(
        said(&space, "plan toy --only circle"),
        str![[r#"
-- stderr
error: `circle` compares nothing
 --> --only:1:1
  |
1 | circle
  | ^^^^^^ expected `AXIS=VALUE`
  |
  = help: terms are joined by commas: `method=mapa,samples=20|50`

1 mistake on the command line: nothing was run
-- exit code 2

"#]]
    );
}

#[test]
fn only_what_failed_is_tried_again_with_what_waits_for_it() {
    let space = toy();
    let run = "run toy --jobs 1 --progress lines";
    said(&space, "run toy --upto fit");
    assert_data_eq!(
        said(&space, &format!("{run} --failed")),
        str![[r#"
-- stderr
nothing of this failed the last time

"#]]
    );
    space.replace("manifests/toy.yaml", "by: valid_ll", "by: valid_lll");
    assert_data_eq!(
        said(&space, &format!("{run} --only name=circle --stage best")),
        str![[r#"
-- stderr
warning: it is not known which `valid_lll` is better
  --> manifests/toy.yaml:22:16
   |
22 |     with: {by: valid_lll}
   |                ^^^^^^^^^ the largest is chosen
   |
   = help: say it: `order: max` or `order: min`

[1/2] failed best[name=circle,samples=5]: stage `fit` reports no `valid_lll`
  --> manifests/toy.yaml:18:3
  = help: it reports train_loss, valid_iwae, decoder_passes, network_passes, valid_ll
[2/2] failed best[name=circle,samples=50]: stage `fit` reports no `valid_lll`
  --> manifests/toy.yaml:18:3
  = help: it reports train_loss, valid_iwae, decoder_passes, network_passes, valid_ll

failed 2 steps: stage `fit` reports no `valid_lll`
  best[name=circle,samples=5], best[name=circle,samples=50]
  --> manifests/toy.yaml:18:3
  = help: it reports train_loss, valid_iwae, decoder_passes, network_passes, valid_ll
2 failed in [TIME]
`sweepline log manifests/toy.yaml 'best[name=circle,samples=5]'` prints a log, `run --failed` tries again
results in outputs/toy
-- exit code 1

"#]]
    );
    space.replace("manifests/toy.yaml", "by: valid_lll", "by: valid_ll");
    assert_data_eq!(
        said(&space, &format!("{run} --failed")),
        str![[r#"
-- stderr
[1/2] best[name=circle,samples=5]  [TIME]
[2/2] best[name=circle,samples=50]  [TIME]
2 done in [TIME]
results in outputs/toy

"#]]
    );
}

#[test]
fn results_are_filtered_sorted_and_cut_to_columns() {
    let space = finished();
    let ls = |more: &str| {
        let ls = "ls toy --stage score --columns name,restart,samples";
        said(&space, &format!("{ls} {more}"))
    };
    assert_data_eq!(
        ls("--only name=circle --sort -samples,restart"),
        str![[r#"
name    restart  samples
circle        0       50
circle        1       50
circle        0        5
circle        1        5

"#]]
    );
    assert_data_eq!(
        ls("--only test_kl<-5 --format csv"),
        str![[r#"
name,restart,samples
-- stderr
no result is left by the filters

"#]]
    );
    assert_data_eq!(
        ls("--only restart=1,samples=5 --format md"),
        str![[r#"
| name | restart | samples |
| --- | --- | --- |
| circle | 1 | 5 |
| clusters | 1 | 5 |

"#]]
    );
    assert_data_eq!(
        ls("--only restart=1,samples=5 --format json"),
        str![[r#"
[
  {
    "name": "circle",
    "restart": 1,
    "samples": 5
  },
  {
    "name": "clusters",
    "restart": 1,
    "samples": 5
  }
]

"#]]
    );
    assert_data_eq!(
        ls("--sort test_lk"),
        str![[r#"
-- stderr
error: the results have no column `test_lk`
  = help: did you mean `test_kl`?
-- exit code 2

"#]]
    );
}
