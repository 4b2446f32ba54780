//! `docs/json.md` has the fields that the program prints, and no others.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;

use serde_json::Value as Json;
use sweepline::engine::Event;

use crate::support::TestSpace;

const PAGE: &str = "docs/json.md";

/// A section of the page, without its heading.
fn section(heading: &str) -> String {
    let page = fs::read_to_string(PAGE).expect("the page is there");
    let found = page
        .split("\n## ")
        .find(|section| section.starts_with(heading));
    let found = found.unwrap_or_else(|| panic!("{PAGE} has no section {heading}"));
    found.to_owned()
}

/// What stands in code in a text.
fn coded(text: &str) -> Vec<String> {
    let parts = text.split('`').skip(1).step_by(2);
    parts.map(str::to_owned).collect()
}

/// The rows of a table as cells.
fn rows(section: &str) -> Vec<Vec<&str>> {
    let lines = section.lines().filter(|line| line.starts_with("| "));
    let rows = lines.map(|line| line.trim_matches('|').split(" | ").collect());
    rows.skip(2).collect()
}

/// The paths of all fields; lists count as their elements.
fn paths(json: &Json, at: &str, found: &mut BTreeSet<String>) {
    match json {
        Json::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                let dot = if at.is_empty() { "" } else { "." };
                paths(
                    value,
                    &format!("{at}{dot}{}", name.replace('.', "_")),
                    found,
                );
            }
        }
        Json::Array(elements) if !elements.is_empty() => {
            elements
                .iter()
                .for_each(|element| paths(element, at, found));
        }
        _ => {
            found.insert(at.to_owned());
        }
    }
}

fn fits(path: &str, pattern: &str) -> bool {
    let (path, pattern): (Vec<&str>, Vec<&str>) =
        (path.split('.').collect(), pattern.split('.').collect());
    // Below any name, anything may stand; an empty one stands for itself.
    let open = pattern.last() == Some(&"*");
    let long = path.len() == pattern.len()
        || (open && (path.len() > pattern.len() || path.len() + 1 == pattern.len()));
    let same = |(a, b): (&&str, &&str)| *b == "*" || a == b;
    long && path.iter().zip(&pattern).all(same)
}

/// Holds a section to what was printed: every field is in it, and what is not marked was seen.
fn holds(heading: &str, printed: &[String]) {
    let section = section(heading);
    let documented: Vec<String> = rows(&section)
        .iter()
        .flat_map(|row| coded(row[0]))
        .collect();
    let mut seen = BTreeSet::new();
    for line in printed {
        let json: Json = serde_json::from_str(line).expect("it is JSON");
        paths(&json, "", &mut seen);
    }
    for path in &seen {
        let known = |pattern: &String| fits(path, pattern.trim_end_matches('?'));
        assert!(
            documented.iter().any(known),
            "{heading}: {path} is not on the page"
        );
    }
    for pattern in documented.iter().filter(|pattern| !pattern.ends_with('?')) {
        let seen = seen
            .iter()
            .any(|path| fits(path, pattern) || path.starts_with(&format!("{pattern}.")));
        assert!(seen, "{heading}: nothing printed has {pattern}");
    }
}

const MANIFEST: &str = "experiment: l
axes: {n: [1, 2]}
stages:
  one: {uses: command, with: {run: 'echo x=${n}', metrics: stdout}}
  two: {uses: command, in: {x: one}, with: {run: 'cat ${in.x}; echo y=1', metrics: stdout}}
";

const SEARCH: &str = "experiment: NAME
axes:
  trial: {asha: {space: {k: {int: [1, 9]}}, budget: n, min: 1, max: 2, factor: 2, trials: 2, minimize: OBJECTIVES}}
stages:
  t: {uses: command, with: {values: {k: \"${k}\"}, run: 'echo x=$k y=2 # ${n}', metrics: stdout}}
";

const BUDGET: &str = " budget: n, min: 1, max: 2, factor: 2,";

#[test]
fn the_page_has_what_verbs_print() {
    let space = TestSpace::new();
    space.write("manifests/l.yaml", MANIFEST);
    let said = |line: &str| space.stdout(&line.split(' ').collect::<Vec<_>>());
    said("run manifests/l.yaml --progress none --name before");
    let mut plans = said("plan manifests/l.yaml --json");
    space.replace("manifests/l.yaml", "x=${n}", "x=1${n}");
    plans += &said("plan manifests/l.yaml --json");
    let mut shown = said("show manifests/l.yaml one[n=1] --json");
    let mut why = said("why manifests/l.yaml one[n=1] --json");
    why += &said("why manifests/l.yaml two[n=1] --json");
    said("run manifests/l.yaml --progress none --tag t");
    why += &said("why manifests/l.yaml two[n=1] --json");
    shown += &said("show manifests/l.yaml two[n=1] --json");
    let diffs = said("diff manifests/l.yaml one[n=1] one[n=2] --json")
        + &said("diff manifests/l.yaml before latest --json");
    let mut statuses = said("status manifests/l.yaml --json");
    for (name, objectives) in [("a", "t.x"), ("b", "[t.x, t.y]")] {
        let search = SEARCH
            .replace("NAME", name)
            .replace("OBJECTIVES", objectives);
        let search = match name {
            "a" => search,
            _ => search
                .replace("asha", "tpe")
                .replace(BUDGET, "")
                .replace(" # ${n}", ""),
        };
        space.write(&format!("manifests/{name}.yaml"), &search);
        said(&format!("run manifests/{name}.yaml --progress none"));
        statuses += &said(&format!("status manifests/{name}.yaml --json"));
    }
    for (heading, printed) in [
        ("`plan --json`", plans),
        ("`status --json`", statuses),
        ("`why --json`", why.clone()),
        ("`show --json`", shown),
        ("`diff --json`", diffs.clone()),
        ("`runs --json`", said("runs --json")),
    ] {
        let lines: Vec<String> = printed.lines().map(str::to_owned).collect();
        for line in &lines {
            let json: Json = serde_json::from_str(line).expect("it is JSON");
            assert_eq!(json["version"], 1, "{line}");
        }
        holds(heading, &lines);
    }
    // What runs says what changed; what may run, because of which step; what is there, what it is made of.
    let why: Vec<Json> = why
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(why[0]["changes"][0]["name"], "run");
    assert_eq!(
        (&why[0]["state"], &why[1]["state"]),
        (&"runs".into(), &"may run".into())
    );
    assert_eq!(why[1]["causes"][0]["step"], "one[n=1]");
    assert_eq!(why[1]["causes"][0]["changes"], why[0]["changes"]);
    assert_eq!(
        (&why[2]["state"], &why[2]["parts"]["kind.name"]),
        (&"up to date".into(), &"command".into())
    );
    // Differences are data, not lines for people.
    let of_steps: Json =
        serde_json::from_str(diffs.lines().next().expect("two lines")).expect("JSON");
    let change = &of_steps["changes"][0];
    assert_eq!(
        (&change["change"], &change["name"]),
        (&"param".into(), &"values".into())
    );
    let of_runs: Json =
        serde_json::from_str(diffs.lines().nth(1).expect("two lines")).expect("JSON");
    assert_eq!(of_runs["differ"][0]["changes"][0]["name"], "run");
    assert_eq!(of_runs["metrics"][0]["difference"], 10.0);
}

/// One event of each sort with all its fields, as JSON; the match misses a sort that is new.
fn events() -> Vec<Json> {
    let texts = [
        r#"{"event":"run-started","version":1,"run":"r","experiment":"e","command":"c"}"#,
        r#"{"event":"plan-known","steps":2,"selected":1,"stages":{"a":1},"jobs":1}"#,
        r#"{"event":"plan-grew","steps":2,"stages":{"a":1}}"#,
        r#"{"event":"inputs-read","bytes":1,"total":2}"#,
        r#"{"event":"step-cached","id":1,"step":"a","same_as":"b","key":"K","from":"f"}"#,
        r#"{"event":"fetching","results":1,"from":"f"}"#,
        r#"{"event":"step-queued","id":1,"step":"a","executor":"slurm","job":"1","state":"PENDING","why":"w"}"#,
        r#"{"event":"step-started","id":1,"step":"a","attempt":1,"threads":1,"takes":{"gpus":1},"place":"p"}"#,
        r#"{"event":"step-progress","id":1,"step":"a","done":1,"total":2,"numbers":{"x":1.0}}"#,
        r#"{"event":"step-log","id":1,"step":"a","line":"l"}"#,
        r#"{"event":"step-finished","id":1,"step":"a","seconds":1.0,"bytes":1,"diverged":"d","key":"K"}"#,
        r#"{"event":"step-failed","id":1,"step":"a","attempt":1,"place":"p","message":"m","hints":["h"],"log":["l"],"seconds":1.0}"#,
        r#"{"event":"step-retrying","id":1,"step":"a","attempt":1,"message":"m","wait_seconds":1.0}"#,
        r#"{"event":"step-skipped","id":1,"step":"a","because":"b"}"#,
        r#"{"event":"step-pending","id":1,"step":"a","needs":"b","count":1}"#,
        r#"{"event":"step-cancelled","id":1,"step":"a"}"#,
        r#"{"event":"stopping","running":1}"#,
        r#"{"event":"warning","step":"a","message":"m"}"#,
        r#"{"event":"run-finished","totals":{"up_to_date":1,"done":1,"failed":0,"skipped":0,"cancelled":0,"unselected":0,"diverged":0}}"#,
    ];
    let events = texts.map(|text| {
        let event: Event =
            serde_json::from_str(&text.replace("\"K\"", &format!("{:?}", "0".repeat(64))))
                .unwrap_or_else(|error| panic!("{text}: {error}"));
        // Whoever adds a sort adds it above and to the page.
        match event {
            Event::RunStarted { .. }
            | Event::PlanKnown { .. }
            | Event::PlanGrew { .. }
            | Event::InputsRead { .. }
            | Event::StepCached { .. }
            | Event::Fetching { .. }
            | Event::StepQueued { .. }
            | Event::StepStarted { .. }
            | Event::StepProgress { .. }
            | Event::StepLog { .. }
            | Event::StepFinished { .. }
            | Event::StepFailed { .. }
            | Event::StepRetrying { .. }
            | Event::StepSkipped { .. }
            | Event::StepPending { .. }
            | Event::StepCancelled { .. }
            | Event::Stopping { .. }
            | Event::Warning { .. }
            | Event::RunFinished { .. } => {}
        }
        serde_json::to_value(event).expect("events are JSON")
    });
    events.to_vec()
}

#[test]
fn the_page_has_every_event_with_its_fields() {
    let section = section("Events");
    let mut documented: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in rows(&section) {
        let name = coded(row[0]).remove(0);
        let fields = coded(row[2]).into_iter();
        documented.insert(
            name,
            fields
                .map(|field| field.trim_end_matches('?').to_owned())
                .collect(),
        );
    }
    let mut printed = BTreeMap::new();
    for event in events() {
        let fields = event.as_object().expect("an event is an object").keys();
        let fields: BTreeSet<String> = fields.filter(|name| *name != "event").cloned().collect();
        printed.insert(event["event"].as_str().expect("a name").to_owned(), fields);
        if let Some(totals) = event.get("totals").and_then(Json::as_object) {
            let text = section.rsplit("`totals` counts").next().expect("a text");
            let named: BTreeSet<String> = coded(text).into_iter().collect();
            assert_eq!(named, totals.keys().cloned().collect());
        }
    }
    assert_eq!(printed, documented);
}
