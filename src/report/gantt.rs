//! Steps over time: lanes filled greedily, so that the number of lanes is the number of steps that
//! ran at once.

use super::Report;
use super::Step;
use super::drawing::c;
use super::html::Html;
use super::numbers::duration;
use super::numbers::ticks;

const WIDTH: f64 = 960.0;
const LANE: f64 = 16.0;
const AXIS: f64 = 22.0;
/// Bars above this are left out, shortest first: they would be thinner than a pixel.
const SHOWN: usize = 4000;
/// Colours in the page's style.
const COLOURS: usize = 8;

/// Seconds from the start of the run to the end of its last step.
pub(super) fn end(steps: &[Step]) -> f64 {
    steps
        .iter()
        .filter_map(|step| Some(step.start? + step.seconds.unwrap_or(0.0)))
        .fold(0.0, f64::max)
}

/// The colour of a stage, as a class.
pub(super) fn colour(report: &Report, stage: &str) -> String {
    let position = report.stages.iter().position(|known| known.name == stage);
    format!("c{}", position.unwrap_or(0) % COLOURS)
}

pub(super) fn write(report: &Report, path: &[usize], html: &mut Html) {
    let end = end(&report.steps);
    let (lanes, count) = lanes(&report.steps);
    let height = count as f64 * LANE + AXIS;
    let scale = if end > 0.0 { (WIDTH - 2.0) / end } else { 0.0 };
    let label = format!("Steps over {}; outlined: the critical path", duration(end));
    html.open(
        "div",
        &[
            ("class", "scroll wide"),
            ("tabindex", "0"),
            ("role", "region"),
            ("aria-label", "Steps over time"),
        ],
    );
    html.open(
        "svg",
        &[
            ("class", "gantt"),
            ("viewBox", &format!("0 0 {} {}", c(WIDTH), c(height))),
            ("role", "img"),
            ("aria-label", &label),
        ],
    );
    for tick in ticks(end) {
        let x = 1.0 + tick * scale;
        let bottom = height - AXIS;
        html.open(
            "path",
            &[
                ("class", "tick"),
                ("d", &format!("M{} 0V{}", c(x), c(bottom + 4.0))),
            ],
        )
        .close("path");
        // The last mark may stand at the edge: its text ends there.
        let anchor = match tick {
            0.0 => "start",
            _ if x > WIDTH - 40.0 => "end",
            _ => "middle",
        };
        let (x, y) = (c(x), c(height - 5.0));
        let text = if tick == 0.0 {
            "0".to_owned()
        } else {
            duration(tick)
        };
        html.leaf(
            "text",
            &[("x", &x), ("y", &y), ("text-anchor", anchor)],
            &text,
        );
    }
    for (i, lane) in lanes {
        let step = &report.steps[i];
        let (start, seconds) = (step.start.unwrap_or(0.0), step.seconds.unwrap_or(0.0));
        let mut class = format!("{} {}", colour(report, &step.stage), step.state.name());
        if path.contains(&i) {
            class.push_str(" critical");
        }
        html.open(
            "rect",
            &[
                ("class", &class),
                ("x", &c(1.0 + start * scale)),
                ("y", &c(lane as f64 * LANE + 1.0)),
                ("width", &c((seconds * scale).max(0.8))),
                ("height", &c(LANE - 3.0)),
            ],
        );
        let words = format!(
            "{}, {}, {}",
            step.name,
            step.state.name(),
            duration(seconds)
        );
        html.leaf("title", &[], &words).close("rect");
    }
    html.close("svg").close("div");
    let ran = report
        .steps
        .iter()
        .filter(|step| step.start.is_some())
        .count();
    html.open("p", &[("class", "note legend")]);
    for stage in &report.stages {
        let colour = colour(report, &stage.name);
        html.open("span", &[]);
        html.leaf("i", &[("class", &colour), ("aria-hidden", "true")], "");
        html.text(&stage.name).close("span").text(" ");
    }
    html.text("Outlined: the critical path.");
    if ran > SHOWN {
        html.text(&format!(" The {SHOWN} longest of {ran} steps."));
    }
    html.close("p");
}

/// The lane of each step that ran, and how many lanes there are.
fn lanes(steps: &[Step]) -> (Vec<(usize, usize)>, usize) {
    let mut ran: Vec<usize> = (0..steps.len())
        .filter(|&i| steps[i].start.is_some())
        .collect();
    let seconds = |i: usize| steps[i].seconds.unwrap_or(0.0);
    if ran.len() > SHOWN {
        ran.sort_by(|&a, &b| seconds(b).total_cmp(&seconds(a)).then(a.cmp(&b)));
        ran.truncate(SHOWN);
    }
    let start = |i: usize| steps[i].start.unwrap_or(0.0);
    ran.sort_by(|&a, &b| start(a).total_cmp(&start(b)).then(a.cmp(&b)));
    let mut free_at: Vec<f64> = Vec::new();
    let mut placed = Vec::with_capacity(ran.len());
    for i in ran {
        // Clocks are read just before and after: an overlap below a microsecond is none.
        let lane = free_at.iter().position(|&free| free <= start(i) + 1e-6);
        let lane = lane.unwrap_or_else(|| {
            free_at.push(0.0);
            free_at.len() - 1
        });
        free_at[lane] = start(i) + seconds(i);
        placed.push((i, lane));
    }
    (placed, free_at.len())
}
