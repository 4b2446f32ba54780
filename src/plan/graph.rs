//! The stages of a plan as a drawing, axes collapsed: for Graphviz and for Markdown pages.

use std::collections::HashMap;
use std::fmt::Write;

use crate::text::in_one_line;
use crate::text::plural;

use super::Plan;
use super::StageSummary;

impl Plan {
    /// The graph of stages in Graphviz' language.
    pub fn to_dot(&self) -> String {
        let mut dot = String::from("digraph pipeline {\n    rankdir=LR;\n    node [shape=box];\n");
        for stage in &self.stages {
            let lines: Vec<String> = lines(stage).iter().map(|line| escaped(line)).collect();
            let _ = writeln!(
                dot,
                "    \"{}\" [label=\"{}\"];",
                stage.name,
                lines.join("\\n")
            );
        }
        for stage in &self.stages {
            for (from, slot) in &stage.reads {
                let _ = writeln!(
                    dot,
                    "    \"{from}\" -> \"{}\" [label=\"{}\"];",
                    stage.name,
                    escaped(&label(stage, slot))
                );
            }
        }
        dot.push_str("}\n");
        dot
    }

    /// The graph of stages in Mermaid's language.
    pub fn to_mermaid(&self) -> String {
        let mut text = String::from("flowchart LR\n");
        let stages = self.stages.iter().enumerate();
        let numbers: HashMap<&str, usize> = stages.map(|(at, stage)| (&*stage.name, at)).collect();
        for (index, stage) in self.stages.iter().enumerate() {
            let lines: Vec<String> = lines(stage).iter().map(|line| entities(line)).collect();
            let _ = writeln!(text, "    s{index}[\"{}\"]", lines.join("<br/>"));
        }
        for (index, stage) in self.stages.iter().enumerate() {
            for (from, slot) in &stage.reads {
                let label = entities(&label(stage, slot));
                let _ = writeln!(text, "    s{} -->|\"{label}\"| s{index}", numbers[&**from]);
            }
        }
        text
    }
}

/// What stands in the box of a stage.
fn lines(stage: &StageSummary) -> Vec<String> {
    let mut lines = vec![stage.name.to_string(), stage.kinds.join(", ")];
    if !stage.axes.is_empty() {
        lines.push(stage.axes.join(" × "));
    }
    lines.push(plural(stage.steps.len(), "cell"));
    lines
}

fn label(stage: &StageSummary, slot: &str) -> String {
    if stage.reduces.is_empty() {
        slot.to_owned()
    } else {
        format!("{slot} over {}", stage.reduces.join(", "))
    }
}

fn escaped(text: &str) -> String {
    in_one_line(text).replace('\\', "\\\\").replace('"', "\\\"")
}

fn entities(text: &str) -> String {
    in_one_line(text).replace('"', "#quot;")
}
