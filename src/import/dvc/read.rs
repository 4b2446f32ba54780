//! `dvc.yaml` as it is written: its stages key by key, with places. Nothing is filled in here.

use crate::manifest::Entry;
use crate::manifest::Node;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;
use crate::text::closest;

/// A text with its place.
#[derive(Clone, Debug)]
pub(super) struct Text {
    pub text: String,
    pub place: Place,
}

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

/// Parameters that a stage tracks: of `params.yaml` or of another file; no keys stand for all.
#[derive(Debug)]
pub(super) struct ParamsOf {
    pub file: Option<Text>,
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

/// What cannot be done here, at its place.
pub(super) fn remark(
    found: &mut Diagnostics,
    place: &Place,
    title: impl Into<String>,
    label: impl Into<String>,
    help: impl Into<String>,
) {
    let help = help.into();
    let help = (!help.is_empty()).then_some(help);
    found.push(Diagnostic::warning(title).at(place, label).maybe_help(help));
}

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

fn unknown(key: &str, place: &Place, known: &[&str], found: &mut Diagnostics) {
    let meant = closest(key, known.iter().copied());
    let help = meant.map(|meant| format!("did you mean `{meant}`?"));
    remark(
        found,
        place,
        format!("`{key}` is left out"),
        "no key of dvc.yaml that is known here",
        help.unwrap_or_default(),
    );
}

fn items<'n>(entry: &'n Entry, found: &mut Diagnostics) -> &'n [Node] {
    match entry.value.as_list() {
        Some(items) => items,
        None if entry.value.is_null() => &[],
        None => {
            wrong(entry, "a list", found);
            &[]
        }
    }
}

fn map<'n>(entry: &'n Entry, found: &mut Diagnostics) -> &'n [Entry] {
    match entry.value.as_map() {
        Some(entries) => entries,
        None if entry.value.is_null() => &[],
        None => {
            wrong(entry, "a map", found);
            &[]
        }
    }
}

fn wrong(entry: &Entry, wanted: &str, found: &mut Diagnostics) {
    let what = entry.value.type_name();
    found.push(
        Diagnostic::error(format!("`{}` is {wanted}", entry.key))
            .at(&entry.value.place, format!("this is {what}")),
    );
}

/// A scalar as text: a name such as `2020` is one.
pub(super) fn text(node: &Node) -> Option<Text> {
    let text = match node.to_value() {
        Value::Null | Value::List(_) | Value::Map(_) => return None,
        Value::Str(text) => text,
        other => other.to_string(),
    };
    let place = node.place.clone();
    Some(Text { text, place })
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

fn truth(entry: &Entry, found: &mut Diagnostics) -> bool {
    entry.value.to_value().as_bool().unwrap_or_else(|| {
        wrong(entry, "`true` or `false`", found);
        false
    })
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
        "outs" => outs(entry, OutKind::Plain, stage, found),
        "metrics" => outs(entry, OutKind::Metrics, stage, found),
        "plots" => outs(entry, OutKind::Plots, stage, found),
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

/// Options of an output that change nothing here: every output is kept by content, and nothing is pushed.
const SILENT: [&str; 6] = ["cache", "desc", "labels", "meta", "push", "type"];

fn outs(entry: &Entry, kind: OutKind, stage: &mut StageEntry, found: &mut Diagnostics) {
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
            stage.outs.push(Out { path, kind, plot });
            continue;
        }
        if item.as_map().is_none() {
            let title = format!("an output of `{}` is left out", stage.name);
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
            stage.outs.push(Out { path, kind, plot });
        }
    }
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

/// `params: [a.b, other.json: [c], whole.yaml:]`
fn params(entry: &Entry, stage: &mut StageEntry, found: &mut Diagnostics) {
    let mut own = ParamsOf {
        file: None,
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
                file: Some(Text {
                    text: file.key.clone(),
                    place: file.key_place.clone(),
                }),
                keys: keys.iter().filter_map(text).collect(),
                place: file.key_place.clone(),
            });
        }
    }
    if !own.keys.is_empty() {
        stage.params.push(own);
    }
}

/// Plots outside of stages: paths, or maps of a name to what is drawn.
fn top_plots(node: &Node, plots: &mut Vec<(Text, Plot)>, found: &mut Diagnostics) {
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
