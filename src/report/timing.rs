//! Where the time went: per stage, over time, along the critical path, and per step.

use serde_json::Value as Json;

use super::Report;
use super::State;
use super::critical::critical_path;
use super::drawing::c;
use super::gantt;
use super::grid::grid;
use super::html::Html;
use super::numbers::duration;
use super::provenance::short;
use crate::table::Column;
use crate::table::Table;
use crate::text::plural;

pub(super) fn write(report: &Report, html: &mut Html) {
    let path = critical_path(&report.steps);
    html.open("section", &[("id", "time")]);
    html.leaf("h2", &[], "Time");
    html.leaf("p", &[("class", "lead")], &summary(report, &path));
    stages(report, html);
    if report.steps.iter().any(|step| step.start.is_some()) {
        html.leaf("h3", &[], "Over time");
        gantt::write(report, &path, html);
        html.leaf("h3", &[], "Critical path");
        critical(report, &path, html);
    }
    html.leaf("h3", &[], "Steps");
    grid(&steps(report), "steps", html);
    html.close("section");
}

fn summary(report: &Report, path: &[usize]) -> String {
    let count = |state| {
        report
            .steps
            .iter()
            .filter(|step| step.state == state)
            .count()
    };
    let mut parts = Vec::new();
    for state in [
        State::Ran,
        State::Reused,
        State::Failed,
        State::Skipped,
        State::Pending,
    ] {
        match count(state) {
            0 => {}
            n => parts.push(format!("{n} {}", state.name())),
        }
    }
    let steps = plural(report.steps.len(), "step");
    let mut text = format!("{steps}: {}.", parts.join(", "));
    let ran = || report.steps.iter().filter(|step| step.start.is_some());
    let total: f64 = ran().filter_map(|step| step.seconds).sum();
    let wall = gantt::end(&report.steps);
    if wall > 0.0 {
        let along: f64 = path.iter().filter_map(|&i| report.steps[i].seconds).sum();
        text.push_str(&format!(
            " {} of work took {}, {:.1} steps at a time; the critical path is {} long.",
            duration(total),
            duration(wall),
            total / wall,
            duration(along)
        ));
    }
    text
}

/// A bar per stage: its share of the time worked.
fn stages(report: &Report, html: &mut Html) {
    let mut rows: Vec<(&str, usize, f64, f64)> = Vec::new();
    for step in &report.steps {
        let Some(seconds) = step.seconds.filter(|_| step.start.is_some()) else {
            continue;
        };
        match rows.iter_mut().find(|row| row.0 == step.stage) {
            Some(row) => {
                row.1 += 1;
                row.2 += seconds;
                row.3 = row.3.max(seconds);
            }
            None => rows.push((&step.stage, 1, seconds, seconds)),
        }
    }
    if rows.is_empty() {
        return;
    }
    let most = rows.iter().map(|row| row.2).fold(0.0, f64::max);
    html.open(
        "div",
        &[
            ("class", "scroll"),
            ("tabindex", "0"),
            ("role", "region"),
            ("aria-label", "Time per stage"),
        ],
    );
    html.open("table", &[("class", "bars")]);
    html.open("thead", &[]).open("tr", &[]);
    for (class, head) in [
        ("text", "stage"),
        ("text", ""),
        ("number", "total"),
        ("number", "ran"),
        ("number", "mean"),
        ("number", "longest"),
    ] {
        html.leaf("th", &[("scope", "col"), ("class", class)], head);
    }
    html.close("tr").close("thead").open("tbody", &[]);
    for (stage, ran, total, longest) in rows {
        let share = if most > 0.0 {
            100.0 * total / most
        } else {
            0.0
        };
        let colour = gantt::colour(report, stage);
        html.open("tr", &[]);
        html.leaf("th", &[("scope", "row"), ("class", "text")], stage);
        html.open("td", &[("class", "bar")]);
        let width = format!("width:{}%", c(share));
        html.leaf("span", &[("class", &colour), ("style", &width)], "");
        html.close("td");
        for text in [
            duration(total),
            ran.to_string(),
            duration(total / ran as f64),
            duration(longest),
        ] {
            html.leaf("td", &[("class", "number")], &text);
        }
        html.close("tr");
    }
    html.close("tbody").close("table").close("div");
}

fn critical(report: &Report, path: &[usize], html: &mut Html) {
    html.open("ol", &[("class", "path")]);
    for &i in path {
        let step = &report.steps[i];
        html.open("li", &[]).leaf("code", &[], &step.name).text(" ");
        let seconds = duration(step.seconds.unwrap_or(0.0));
        html.leaf("span", &[("class", "unit")], &seconds);
        html.close("li");
    }
    html.close("ol");
}

fn steps(report: &Report) -> Table {
    let number = |value: Option<f64>| {
        let rounded = value.map(|value| (value * 1e6).round() / 1e6);
        rounded.map_or(Json::Null, Json::from)
    };
    let rows = report.steps.iter().map(|step| {
        vec![
            Json::from(step.stage.clone()),
            step.cell.clone().into(),
            step.state.name().into(),
            number(step.start),
            number(step.seconds),
            short(&step.key).into(),
        ]
    });
    Table {
        columns: vec![
            Column::axis("stage"),
            Column::metric("cell", "", None),
            Column::axis("state"),
            Column::metric("start", "s", None),
            Column::metric("took", "s", None),
            Column::metric("key", "", None),
        ],
        rows: rows.collect(),
    }
}
