//! `outs`, `metrics` and `plots` as they are written: paths, and what of them is drawn.

use crate::manifest::Entry;
use crate::manifest::Node;
use crate::text::Diagnostics;

use super::entries::Text;
use super::entries::remark;
use super::entries::text;
use super::entries::truth;

/// What a stage leaves.
#[derive(Debug)]
pub(super) struct Out {
    pub path: Text,
    pub kind: OutKind,
    pub plot: Plot,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutKind {
    Plain,
    Metrics,
    Plots,
}

/// What of a file is drawn.
#[derive(Clone, Debug, Default)]
pub(super) struct Plot {
    pub x: Option<String>,
    pub y: Vec<String>,
    pub template: Option<String>,
    /// `x_label`, `y_label`, `title`.
    pub texts: Vec<(&'static str, String)>,
}

/// Options of an output that change nothing here: every output is kept by content, and nothing is pushed.
const SILENT: [&str; 6] = ["cache", "desc", "labels", "meta", "push", "type"];

/// What stands under one of the three keys of a stage.
pub(super) fn outs(entry: &Entry, kind: OutKind, stage: &str, found: &mut Diagnostics) -> Vec<Out> {
    let mut outs = Vec::new();
    let single = std::slice::from_ref(&entry.value);
    let all = entry
        .value
        .as_list()
        .unwrap_or(match entry.value.is_null() {
            true => &[],
            false => single,
        });
    for item in all {
        if let Some(path) = text(item) {
            let plot = Plot::default();
            outs.push(Out { path, kind, plot });
            continue;
        }
        if item.as_map().is_none() {
            let title = format!("an output of `{stage}` is left out");
            remark(found, &item.place, title, "not a path", "");
        }
        for one in item.as_map().unwrap_or_default() {
            let path = Text {
                text: one.key.clone(),
                place: one.key_place.clone(),
            };
            let mut plot = Plot::default();
            for option in one.value.as_map().unwrap_or_default() {
                let name = option.key.as_str();
                if plot.take(option) || SILENT.contains(&name) {
                    continue;
                }
                let label = match name {
                    "persist" if !truth(option, found) => continue,
                    "persist" | "checkpoint" => {
                        "a program starts in an empty folder: it does not find its earlier output"
                    }
                    "remote" => "nothing is pushed",
                    "header" => "a table has a header",
                    _ => "no option that is known here",
                };
                let help = match name {
                    "persist" | "checkpoint" => {
                        "`${checkpoint}` is a folder that a program finds again until it has its result"
                    }
                    _ => "",
                };
                let title = format!("`{name}` of `{}` is left out", one.key);
                remark(found, &option.key_place, title, label, help);
            }
            outs.push(Out { path, kind, plot });
        }
    }
    outs
}

impl Plot {
    /// Why a file with this ending is not drawn, where it is not: a figure is a line of two columns.
    pub(super) fn undrawn(&self, ending: &str) -> Option<String> {
        const LINES: [&str; 5] = ["linear", "scatter", "scatter_jitter", "simple", "smooth"];
        match self.template.as_deref() {
            _ if !["csv", "tsv"].contains(&ending) => Some("only pictures and CSV are".to_owned()),
            Some(other) if !LINES.contains(&other) => Some(format!("`{other}` is no line")),
            _ if self.x.is_none() => Some("no column is its `x`".to_owned()),
            _ if self.y.is_empty() => Some("no column is its `y`".to_owned()),
            _ => None,
        }
    }

    /// Whether this says what is drawn.
    fn take(&mut self, option: &Entry) -> bool {
        let texts = [
            ("x_label", "x_label"),
            ("y_label", "y_label"),
            ("title", "title"),
        ];
        match (option.key.as_str(), text(&option.value)) {
            ("x", Some(x)) => self.x = Some(x.text),
            ("template", Some(template)) => self.template = Some(template.text),
            ("y", Some(y)) => self.y.push(y.text),
            ("y", None) => {
                let several = option.value.as_list().unwrap_or_default();
                self.y
                    .extend(several.iter().filter_map(text).map(|y| y.text));
            }
            (name, Some(value)) => match texts.iter().find(|(known, _)| *known == name) {
                Some((known, _)) => self.texts.push((known, value.text)),
                None => return false,
            },
            (_, None) => return false,
        }
        true
    }
}

/// Plots outside of stages: paths, or maps of a name to what is drawn.
pub(super) fn top_plots(node: &Node, plots: &mut Vec<(Text, Plot)>, found: &mut Diagnostics) {
    if let Some(items) = node.as_list() {
        for item in items {
            match text(item) {
                Some(path) => plots.push((path, Plot::default())),
                None => top_plots(item, plots, found),
            }
        }
        return;
    }
    for entry in node.as_map().unwrap_or_default() {
        let mut plot = Plot::default();
        let mut path = Text {
            text: entry.key.clone(),
            place: entry.key_place.clone(),
        };
        for option in entry.value.as_map().unwrap_or_default() {
            // `y: {file: column}`, `x: {file: column}` name the file that is drawn.
            match option.value.as_map() {
                Some([of, others @ ..]) if option.key == "y" || option.key == "x" => {
                    if option.key == "y" {
                        path.text.clone_from(&of.key);
                        for other in others {
                            let title = format!("`{}` is not drawn", other.key);
                            let label = format!("a figure is of one file, `{}`", of.key);
                            remark(found, &other.key_place, title, label, "");
                        }
                    }
                    let columns = of
                        .value
                        .as_list()
                        .unwrap_or(std::slice::from_ref(&of.value));
                    let mut columns = columns.iter().filter_map(text).map(|column| column.text);
                    match option.key.as_str() {
                        "y" => plot.y.extend(columns),
                        _ => plot.x = columns.next_back(),
                    }
                }
                _ => _ = plot.take(option),
            }
        }
        plots.push((path, plot));
    }
}
