//! `run` in lines, `events`, `trace`, `diff` of runs, `log` and `gc`: what runs leave behind.

use serde_json::Value as Json;
use snapbox::assert_data_eq;
use snapbox::str;

use super::kit::*;

#[test]
fn a_run_in_lines_says_what_ended_and_where_results_are() {
    let space = toy();
    let run = "run toy --jobs 1 --progress lines";
    assert_data_eq!(
        said(&space, run),
        str![[r#"
-- stderr
[1/23] data[name=circle]  [TIME]
[2/23] fit[name=circle,restart=0,samples=5]  [TIME]
[3/23] score[name=circle,restart=0,samples=5]  [TIME]
[4/23] data[name=clusters]  [TIME]
[5/23] fit[name=clusters,restart=0,samples=5]  [TIME]
[6/23] score[name=clusters,restart=0,samples=5]  [TIME]
[7/23] fit[name=circle,restart=0,samples=50]  [TIME]
[8/23] fit[name=circle,restart=1,samples=5]  [TIME]
[9/23] best[name=circle,samples=5]  [TIME]
[10/23] fit[name=circle,restart=1,samples=50]  [TIME]
[11/23] fit[name=clusters,restart=0,samples=50]  [TIME]
[12/23] fit[name=clusters,restart=1,samples=5]  [TIME]
[13/23] best[name=clusters,samples=5]  [TIME]
[14/23] fit[name=clusters,restart=1,samples=50]  [TIME]
[15/23] score[name=circle,restart=0,samples=50]  [TIME]
[16/23] score[name=circle,restart=1,samples=5]  [TIME]
[17/23] score[name=circle,restart=1,samples=50]  [TIME]
[18/23] score[name=clusters,restart=0,samples=50]  [TIME]
[19/23] score[name=clusters,restart=1,samples=5]  [TIME]
[20/23] score[name=clusters,restart=1,samples=50]  [TIME]
[21/23] summary  [TIME]
[22/23] best[name=circle,samples=50]  [TIME]
[23/23] best[name=clusters,samples=50]  [TIME]
23 done in [TIME]
results in outputs/toy

"#]]
    );
    assert_data_eq!(
        said(&space, run),
        str![[r#"
-- stderr
all up to date: 23 steps, checked in [TIME]

"#]]
    );
    assert_data_eq!(
        said(&space, "log toy fit[name=circle,restart=0,samples=5]"),
        str![[r#"
parameter                    shape       count
encoder.0.weight               4×2           8
encoder.0.bias                   4           4
encoder.1.weight               2×4           8
encoder.1.bias                   2           2
decoder.0.weight               4×1           4
decoder.0.bias                   4           4
decoder.1.weight               2×4           8
decoder.1.bias                   2           2
total                                       40
-- stderr
attempt 1 of run [RUN]: made after [TIME]

"#]]
    );
}

#[test]
fn the_events_of_a_run_are_what_it_printed() {
    let space = toy();
    let printed = space.stdout(&["run", "manifests/toy.yaml", "--json"]);
    assert_eq!(space.stdout(&["events"]), printed);
    assert_eq!(space.stdout(&["events", "latest", "--follow"]), printed);
    assert_data_eq!(
        said(&space, "events 19700101-000000"),
        str![[r#"
-- stderr
error: there is no run `[RUN]`
  = help: the only run is `[RUN]`
-- exit code 2

"#]]
    );
    assert_data_eq!(
        said(&toy(), "events"),
        str![[r#"
-- stderr
error: there is no store in `outputs/store`
  = help: `sweepline run` makes one; `--manifest` or `--store` names another
-- exit code 2

"#]]
    );
}

#[test]
fn a_trace_has_every_attempt_and_lanes_that_never_overlap() {
    let space = finished();
    let trace: Json = serde_json::from_str(&space.stdout(&["trace"])).expect("it is JSON");
    let events = trace["traceEvents"].as_array().expect("it has events");
    let slices: Vec<&Json> = events.iter().filter(|e| e["ph"] == "X").collect();
    assert_eq!(slices.len(), 23);
    for a in &slices {
        let end = a["ts"].as_u64().unwrap() + a["dur"].as_u64().unwrap();
        let after = slices
            .iter()
            .filter(|b| b["tid"] == a["tid"] && b["ts"].as_u64() > a["ts"].as_u64());
        for b in after {
            assert!(b["ts"].as_u64().unwrap() >= end, "{a} and {b} share a lane");
        }
    }
    let mut counters = events.iter().filter(|event| event["ph"] == "C");
    let last = counters.next_back().expect("cpus are counted");
    assert_eq!(last["args"]["cpus"], 0);
}

#[test]
fn named_pools_are_tracks_of_a_trace() {
    let space = toy();
    space.replace(
        "manifests/toy.yaml",
        "    in: {model: fit, data: data}",
        "    in: {model: fit, data: data}\n    resources: {licence: 1}",
    );
    said(&space, "run toy");
    let trace: Json = serde_json::from_str(&space.stdout(&["trace"])).expect("it is JSON");
    let events = trace["traceEvents"].as_array().expect("it has events");
    let pool = events
        .iter()
        .find(|event| event["args"]["name"] == "licence");
    let process = &pool.expect("the pool is a group of tracks")["pid"];
    let held: Vec<&Json> = events
        .iter()
        .filter(|event| event["ph"] == "X" && event["pid"] == *process)
        .collect();
    assert_eq!(held.len(), 8);
    // There is one licence, so one lane.
    assert!(held.iter().all(|event| event["tid"] == 1));
}

#[test]
fn two_runs_differ_in_the_steps_that_changed() {
    let space = finished();
    space.replace("manifests/toy.yaml", "epochs: 1", "epochs: 2");
    said(&space, "run toy");
    let text = said(&space, "diff toy previous latest");
    let (keys, metrics) = text.split_once("\n\nstep ").expect("it has metrics");
    assert_data_eq!(
        keys,
        str![[r#"
[RUN] → [RUN]
2 steps the same, 21 with another key

fit: 8 steps
  fit[name=circle,restart=0,samples=5], fit[name=circle,restart=0,samples=50], fit[name=circle,restart=1,samples=5], and 5 more
  param epochs: 1 → 2

because what they read differs: score (8), best (4), summary (1)
"#]]
    );
    assert!(metrics.contains("test_kl"), "{metrics}");
    assert_data_eq!(
        said(&space, "diff toy latest latest"),
        str![[r#"
[RUN] → [RUN]
23 steps the same, 0 with another key

"#]]
    );
    assert_data_eq!(
        said(&space, "diff toy latest 19700101"),
        str![[r#"
-- stderr
error: there is no run `19700101`
  = help: the latest run of `toy` is `[RUN]`
-- exit code 2

"#]]
    );
    let other = said(&space, "diff toy latest latest -p epochs=3");
    assert!(
        other.contains("was never run; the latest run is of `toy"),
        "{other}"
    );
}

#[test]
fn a_large_run_is_told_in_parts() {
    let space = toy();
    let many: Vec<String> = (1..=240).map(|points| points.to_string()).collect();
    space.write(
        "manifests/toy.yaml",
        &format!(
            "experiment: toy\naxes: {{points: [{}]}}\nstages:\n  data:\n    uses: dataset/synthetic\n    \
             with: {{name: circle, points: \"${{points}}\", valid: 0, test: 1}}\n",
            many.join(", ")
        ),
    );
    let told = said(&space, "run toy --jobs 1 --progress lines");
    let lines = told.lines().filter(|line| line.starts_with('[')).count();
    assert_eq!(lines, 50, "{told}");
}
