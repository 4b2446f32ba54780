//! `dvc.yaml` as it is written: its stages key by key, with places. Nothing is filled in here.

use crate::manifest::Entry;
use crate::manifest::Node;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;

use super::entries::Text;
use super::entries::items;
use super::entries::map;
use super::entries::remark;
use super::entries::text;
use super::entries::truth;
use super::entries::unknown;
use super::entries::wrong;
use super::plots::Out;
use super::plots::OutKind;
use super::plots::Plot;
use super::plots::outs;
use super::plots::top_plots;

/// The file whose values are known without being named.
pub(super) const PARAMS: &str = "params.yaml";

/// The file.
#[derive(Debug, Default)]
pub(super) struct DvcFile {
    /// Files and maps under `vars`.
    pub vars: Vec<Node>,
    pub stages: Vec<StageEntry>,
    /// Files with numbers that stand outside of stages.
    pub metrics: Vec<Text>,
    /// Plots that stand outside of stages, with what is drawn.
    pub plots: Vec<(Text, Plot)>,
}

/// A stage, before `foreach` and `matrix` make several of it.
#[derive(Debug)]
pub(super) struct StageEntry {
    pub name: String,
    pub place: Place,
    pub desc: Option<String>,
    pub repeat: Repeat,
    pub cmd: Vec<Text>,
    pub wdir: Option<Text>,
    pub deps: Vec<Text>,
    pub outs: Vec<Out>,
    pub params: Vec<ParamsOf>,
    pub frozen: Option<Place>,
    pub always_changed: bool,
}

impl StageEntry {
    /// Whether its commands or paths have this in them.
    pub(super) fn mentions(&self, what: &str) -> bool {
        let outs = self.outs.iter().map(|out| &out.path);
        let all = self.cmd.iter().chain(&self.deps).chain(&self.wdir);
        let mut all = all.chain(outs);
        all.any(|text| text.text.contains(what))
    }
}

/// What a stage is repeated for.
#[derive(Debug)]
pub(super) enum Repeat {
    Once,
    /// A list, a map, or `${…}` that stands for one.
    Foreach(Node),
    /// By name of an axis.
    Matrix(Vec<Entry>),
}

/// Parameters that a stage tracks: of `params.yaml` or of another file; no keys stand for all.
#[derive(Debug)]
pub(super) struct ParamsOf {
    pub file: Text,
    pub keys: Vec<Text>,
    pub place: Place,
}

const STAGE_KEYS: [&str; 13] = [
    "always_changed",
    "cmd",
    "deps",
    "desc",
    "frozen",
    "matrix",
    "meta",
    "metrics",
    "outs",
    "params",
    "plots",
    "vars",
    "wdir",
];

/// Reads the file. What is no dvc.yaml is an error, what has no counterpart a warning.
pub(super) fn file(node: &Node, found: &mut Diagnostics) -> DvcFile {
    let mut file = DvcFile::default();
    let Some(entries) = node.as_map() else {
        let what = node.type_name();
        found.push(
            Diagnostic::error("this is no dvc.yaml")
                .at(&node.place, format!("{what}, not a map with `stages`")),
        );
        return file;
    };
    for entry in entries {
        match entry.key.as_str() {
            "vars" => file.vars.extend(items(entry, found).iter().cloned()),
            "stages" => {
                for stage in map(entry, found) {
                    file.stages.extend(stage_entry(stage, found));
                }
            }
            "metrics" => file
                .metrics
                .extend(items(entry, found).iter().filter_map(text)),
            "plots" => top_plots(&entry.value, &mut file.plots, found),
            // Every parameter that is used counts anyway.
            "params" => {}
            "artifacts" => remark(
                found,
                &entry.key_place,
                "`artifacts` is left out",
                "a model registry has no counterpart",
                "`sweepline runs` names and tags runs",
            ),
            "datasets" => remark(
                found,
                &entry.key_place,
                "`datasets` is left out",
                "data that others keep are not fetched",
                "fetch them into the project, and name them as files: `in: {data: {file: …}}`",
            ),
            key => unknown(key, &entry.key_place, &["stages", "vars", "plots"], found),
        }
    }
    if file.stages.is_empty() && !found.has_errors() {
        found.push(
            Diagnostic::error("there are no stages")
                .at(&node.place, "nothing that could be run stands here")
                .help("`dvc.yaml` lists them under `stages`"),
        );
    }
    file
}

/// The commands of a text: to DVC each line is one, in a shell of its own.
fn lines(text: &Text) -> Vec<Text> {
    let lines = text.text.lines().filter(|line| !line.trim().is_empty());
    let line = |line: &str| Text {
        text: line.to_owned(),
        place: text.place.clone(),
    };
    lines.map(line).collect()
}

/// A command that YAML took for something else: it would not be run.
fn no_command(node: &Node, stage: &str, found: &mut Diagnostics) {
    let what = node.type_name();
    let said = Diagnostic::error(format!("a command of `{stage}` is no text"))
        .at(&node.place, format!("YAML reads {what} here"));
    found.push(match node.as_map() {
        Some(_) => said.help("a text with `: ` in it needs quotes, or stands under `|`"),
        None => said,
    });
}

fn stage_entry(entry: &Entry, found: &mut Diagnostics) -> Option<StageEntry> {
    let mut stage = StageEntry {
        name: entry.key.clone(),
        place: entry.key_place.clone(),
        desc: None,
        repeat: Repeat::Once,
        cmd: Vec::new(),
        wdir: None,
        deps: Vec::new(),
        outs: Vec::new(),
        params: Vec::new(),
        frozen: None,
        always_changed: false,
    };
    let mut body = map(entry, found);
    if let Some(foreach) = body.iter().find(|entry| entry.key == "foreach") {
        stage.repeat = Repeat::Foreach(foreach.value.clone());
        for other in body {
            if !["foreach", "do"].contains(&other.key.as_str()) {
                unknown(&other.key, &other.key_place, &["foreach", "do"], found);
            }
        }
        body = match body.iter().find(|entry| entry.key == "do") {
            Some(inner) => map(inner, found),
            None => {
                found.push(
                    Diagnostic::error("`foreach` without `do`")
                        .at(&foreach.key_place, "what is to be done for each?"),
                );
                return None;
            }
        };
    }
    let told = found.errors();
    for entry in body {
        key_of_stage(entry, &mut stage, found);
    }
    if stage.cmd.is_empty() && found.errors() > told {
        return None;
    }
    if stage.cmd.is_empty() {
        found.push(
            Diagnostic::error(format!("stage `{}` has no `cmd`", stage.name))
                .at(&stage.place, "nothing to run"),
        );
        return None;
    }
    Some(stage)
}

fn key_of_stage(entry: &Entry, stage: &mut StageEntry, found: &mut Diagnostics) {
    match entry.key.as_str() {
        "cmd" => {
            let single = std::slice::from_ref(&entry.value);
            for command in entry.value.as_list().unwrap_or(single) {
                match (text(command), entry.value.as_list()) {
                    (Some(command), Some(_)) => stage.cmd.push(command),
                    (Some(text), None) => stage.cmd.extend(lines(&text)),
                    (None, _) => no_command(command, &stage.name, found),
                }
            }
        }
        "wdir" => match text(&entry.value) {
            Some(folder) => stage.wdir = Some(folder),
            None => wrong(entry, "a text", found),
        },
        "desc" => stage.desc = text(&entry.value).map(|text| text.text),
        "frozen" => stage.frozen = truth(entry, found).then(|| entry.key_place.clone()),
        "always_changed" => stage.always_changed = truth(entry, found),
        "matrix" => match stage.repeat {
            Repeat::Once => stage.repeat = Repeat::Matrix(map(entry, found).to_vec()),
            _ => remark(
                found,
                &entry.key_place,
                format!(
                    "`matrix` within the `foreach` of `{}` is left out",
                    stage.name
                ),
                "only one of the two is read",
                "`axes` of the manifest multiply: add those of the matrix there",
            ),
        },
        "deps" => {
            for item in items(entry, found) {
                match (text(item), item.as_map()) {
                    (Some(path), _) => stage.deps.push(path),
                    (None, Some([only])) => stage.deps.push(Text {
                        text: only.key.clone(),
                        place: only.key_place.clone(),
                    }),
                    _ => remark(
                        found,
                        &item.place,
                        format!("a dependency of `{}` is left out", stage.name),
                        "not a path",
                        "",
                    ),
                }
            }
        }
        "outs" => stage
            .outs
            .extend(outs(entry, OutKind::Plain, &stage.name, found)),
        "metrics" => stage
            .outs
            .extend(outs(entry, OutKind::Metrics, &stage.name, found)),
        "plots" => stage
            .outs
            .extend(outs(entry, OutKind::Plots, &stage.name, found)),
        "params" => params(entry, stage, found),
        "vars" => remark(
            found,
            &entry.key_place,
            format!("`vars` of `{}` alone is left out", stage.name),
            "names here are the same for all stages",
            "put them under `vars` of the file",
        ),
        // Nobody but people reads it.
        "meta" => {}
        key => unknown(key, &entry.key_place, &STAGE_KEYS, found),
    }
}

/// `params: [a.b, other.json: [c], whole.yaml:]`
fn params(entry: &Entry, stage: &mut StageEntry, found: &mut Diagnostics) {
    let mut own = ParamsOf {
        // In the folder that the stage runs in.
        file: Text {
            text: PARAMS.to_owned(),
            place: entry.key_place.clone(),
        },
        keys: Vec::new(),
        place: entry.key_place.clone(),
    };
    for item in items(entry, found) {
        if let Some(key) = text(item) {
            own.keys.push(key);
            continue;
        }
        for file in item.as_map().unwrap_or_default() {
            let keys = file.value.as_list().unwrap_or_default();
            stage.params.push(ParamsOf {
                file: Text {
                    text: file.key.clone(),
                    place: file.key_place.clone(),
                },
                keys: keys.iter().filter_map(text).collect(),
                place: file.key_place.clone(),
            });
        }
    }
    if !own.keys.is_empty() {
        stage.params.push(own);
    }
}
