//! A manifest key by key: its name, its pipeline, its profile, then its values and cells.

use std::path::Path;
use std::sync::Arc;

use crate::manifest::axes::Axis;
use crate::manifest::axes::Reader;
use crate::manifest::axes::settle_coordinates;
use crate::manifest::claims;
use crate::manifest::fields;
use crate::manifest::fields::Fields;
use crate::manifest::grid;
use crate::manifest::grid::Shaping;
use crate::manifest::node::Entry;
use crate::manifest::node::Node;
use crate::manifest::overrides;
use crate::manifest::overrides::Overrides;
use crate::manifest::pipeline::Pipeline;
use crate::manifest::project;
use crate::manifest::project::Files;
use crate::manifest::yaml;
use crate::registry::Catalog;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;
use crate::text::Source;
use crate::text::did_you_mean;

use super::Experiment;
use super::KEYS;
use super::nested;
use super::overlaps;
use super::params_file;
use super::searched::without_what_is_left_out;
use super::values::collisions;
use super::values::constant;
use super::values::declarations;
use super::values::declared;
use super::values::infos;
use super::values::shadowed;

pub(super) fn read(
    source: &Arc<Source>,
    files: &Files<'_>,
    path: &Path,
    catalog: &Catalog,
    changes: &Overrides,
    found: &mut Diagnostics,
) -> Option<Experiment> {
    let node = match yaml::read(source) {
        Ok(node) => node,
        Err(problems) => {
            found.extend(problems);
            return None;
        }
    };
    if node.is_null() {
        found.push(
            Diagnostic::error("the manifest is empty")
                .at(&Place::start_of(source), "nothing here")
                .help("it needs `experiment`, and `stages` or a `pipeline`; `sweepline init` makes one that runs"),
        );
        return None;
    }
    let manifest = Fields::of(&node, "a manifest", &KEYS, found)?;
    let name = experiment_name(&manifest, &node, path, found);
    let title = manifest
        .get("title")
        .and_then(|node| fields::text(node, "`title`", found));
    if let Some(doc) = manifest.get("doc") {
        fields::text(doc, "`doc`", found);
    }
    let mut pipeline = pipeline(&manifest, &node, &name, files, path, catalog, found)?;
    let params = manifest.get("params").filter(|_| pipeline.inline);
    let own = params.map(|params| declarations(params, &mut pipeline, found));
    let profile = profile(&manifest, changes, found);
    let forced = overrides::entries(&changes.params, "-p", found);
    let chosen = overrides::entries(&changes.axes, "--axis", found);
    let profile_axes = profile.as_ref().and_then(|fields| fields.get("axes"));
    let profile_axes = profile_axes.and_then(|node| fields::map(node, "`axes`", found));
    let mut columns = declared(&pipeline);
    columns.beside = !pipeline.inline && manifest.entry("stages").is_some();
    let layers = [
        manifest.get("params"),
        profile.as_ref().and_then(|fields| fields.get("params")),
    ];
    let layers = layers.map(|node| {
        let entries = node.and_then(|node| fields::map(node, "`params`", found));
        entries.unwrap_or_default()
    });
    // A declared parameter may be called `file`.
    let may_name_a_file = columns.index("file").is_none();
    let mut mandatory = Vec::new();
    for (at, layer) in layers.iter().enumerate() {
        let mut from_file = Vec::new();
        if may_name_a_file {
            params_file::refuse_several(layer, found);
            from_file = params_file::read(layer, files, path, found);
        }
        params_file::mandatory(&from_file, "", &mut mandatory);
        for entry in &from_file {
            // What nobody uses need not be known, nor be named as parameters are, nor be a value of ours.
            let known = columns.index(&entry.key).is_some();
            let unfilled = || fields::unfilled(&entry.value, &format!("`{}`", entry.key));
            match yaml::unheld(&entry.value).or_else(unfilled) {
                Some(wrong) => match taken(&entry.key, known, &layers[at..]) {
                    Some(true) => found.push(wrong),
                    Some(false) => columns.refused.push((entry.key.clone(), wrong)),
                    None => {}
                },
                None if known || (pipeline.inline && fields::is_name(&entry.key)) => {
                    constant(entry, fields::taken, pipeline.inline, &mut columns, found);
                }
                None => {}
            }
        }
        for entry in *layer {
            if may_name_a_file && params_file::is_file(entry) {
                continue;
            }
            // A declaration has given its default already.
            let mut declared = own.iter().flatten();
            if declared.any(|place| place.same(&entry.key_place)) {
                continue;
            }
            constant(entry, fields::given, pipeline.inline, &mut columns, found);
        }
    }
    let mut reader = Reader {
        columns: &mut columns,
        files,
        inline: pipeline.inline,
        closed: !pipeline.inline,
        profile: profile_axes.unwrap_or_default(),
        chosen: &chosen,
        forced: forced
            .iter()
            .map(|entry| (entry.key.as_str(), &entry.value))
            .collect(),
        seeds: changes.seeds,
        replicates: changes.replicates.as_ref().map(|so_far| so_far.count),
        proposed: changes.proposed.as_ref(),
        search: None,
        deciding: Vec::new(),
        seen: Vec::new(),
        own: Vec::new(),
        parts: Vec::new(),
        set: Vec::new(),
        replaced: Vec::new(),
        found,
    };
    let mut axes = reader.read(manifest.get("axes"));
    let mut search = reader.search.take();
    let seen = std::mem::take(&mut reader.seen);
    let set = std::mem::take(&mut reader.set);
    for entry in &forced {
        if let Some(wrong) = overlaps::passed_over(entry, &columns) {
            found.push(wrong);
            continue;
        }
        let only_axis = seen.contains(&entry.key) && !set.contains(&entry.key);
        if only_axis || nested::within(entry, fields::given, &mut columns, found) {
            continue;
        }
        match columns.index(&entry.key) {
            Some(_) => constant(entry, fields::given, false, &mut columns, found),
            // A new name declares itself in a manifest only: here it is a slip of the keyboard.
            None => {
                found.push(columns.undeclared(&entry.key, &entry.key_place, pipeline.inline));
            }
        }
    }
    settle_coordinates(&mut axes, &mut columns);
    collisions(&axes, &columns, found);
    let top: Vec<&Axis> = axes.iter().collect();
    let [params, of_profile] = layers;
    for entry in params {
        // A declaration says what values are, and has none to be used.
        let mut declared = own.iter().flatten();
        if !declared.any(|place| place.same(&entry.key_place)) {
            shadowed(entry, &top, found);
        }
    }
    for entry in of_profile {
        overlaps::never_taken(entry, &top, &columns, &chosen, found);
    }
    let shaping = Shaping {
        exclude: manifest.get("exclude"),
        include: manifest.get("include"),
        when: manifest.get("when"),
    };
    let place = manifest
        .entry("axes")
        .map_or(&node.place, |entry| &entry.key_place);
    let infos = infos(&axes);
    if let Some(seeds) = changes
        .seeds
        .filter(|_| !infos.iter().any(|axis| axis.seeds))
    {
        found.push(
            Diagnostic::error(format!(
                "`--seeds {seeds}` changes nothing: no axis has seeds"
            ))
            .help(format!(
                "`seed: {{seeds: {seeds}}}` under `axes` is one, where stages take `${{seed}}`"
            )),
        );
    }
    let more = search
        .as_ref()
        .is_some_and(|search| search.points.len() < search.trials);
    let mut grid = grid::build(columns, &axes, &shaping, (place, more), found)?;
    if let Some(search) = &mut search {
        without_what_is_left_out(search, &axes, (&pipeline, catalog), &grid);
    }
    let as_written = changes.profile.is_none() && changes.text().is_empty();
    let context = claims::Context {
        columns: grid.columns(),
        search: search.as_ref(),
        pipeline: &pipeline,
        as_written,
    };
    let claims = manifest.get("claims");
    let claims = claims.map(|node| claims::read(node, &context, found));
    let claims = claims.unwrap_or_default();
    let on_demand = infos.iter().find(|axis| axis.on_demand.is_some());
    if let (Some(axis), Some(so_far)) = (on_demand, &changes.replicates) {
        let told = |axis: &str| claims::all_tell(&claims, axis);
        grid.keep_replicates(axis.columns[0], &so_far.parts, told);
    }
    Some(Experiment {
        name,
        title: title.map(str::to_owned),
        root: files.root.to_owned(),
        source: Arc::clone(source),
        pipeline,
        grid,
        axes: infos,
        search,
        claims,
        profile: changes.profile.clone(),
        overrides: changes.text(),
        as_written,
        files: files.noted(),
        mandatory,
    })
}

/// Whether the value of a file is taken for sure, or where a stage uses it; none where the manifest gives
/// another in its place.
fn taken(name: &str, known: bool, layers: &[&[Entry]]) -> Option<bool> {
    let own = |entry: &&Entry| entry.key.split('.').next() == Some(name);
    let mut given = layers.iter().copied().flatten().filter(own).peekable();
    let merged = given.peek().is_some();
    let whole = |entry: &Entry| entry.key == name && entry.value.as_map().is_none();
    (!given.any(whole)).then_some(known || merged)
}

fn experiment_name(
    manifest: &Fields<'_>,
    node: &Node,
    path: &Path,
    found: &mut Diagnostics,
) -> String {
    let stem = path
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or("experiment");
    let Some(given) = manifest.get("experiment") else {
        found.push(
            Diagnostic::error("a manifest has no `experiment`")
                .at(&node.place, "which name do its results have?")
                .help(format!("write `experiment: {stem}`")),
        );
        return stem.to_owned();
    };
    let Some(name) = fields::text(given, "`experiment`", found) else {
        return stem.to_owned();
    };
    // It names a folder, on every file system.
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.';
    if name.is_empty()
        || !name.chars().all(good)
        || name.starts_with(['.', '-'])
        || name.len() > 100
    {
        found.push(
            Diagnostic::error(format!("`{name}` cannot name an experiment")).at(
                &given.place,
                "names a folder: letters, digits, `-`, `_`, and `.`",
            ),
        );
    }
    name.to_owned()
}

fn pipeline(
    manifest: &Fields<'_>,
    node: &Node,
    name: &str,
    files: &Files<'_>,
    path: &Path,
    catalog: &Catalog,
    found: &mut Diagnostics,
) -> Option<Pipeline> {
    let stages = manifest.entry("stages");
    match (manifest.get("pipeline"), stages) {
        // Stages of its own beside those of the pipeline.
        (Some(node), Some(stages)) => {
            let mut pipeline = from(node, name, files, path, catalog, found)?;
            let mut own = Pipeline::new(name, true);
            own.read_stages(&stages.value, catalog, found);
            pipeline.add(own, found);
            Some(pipeline)
        }
        (None, None) => {
            found.push(
                Diagnostic::error("a manifest has neither `pipeline` nor `stages`")
                    .at(&node.place, "what is to be run?")
                    .help("for example `pipeline: ../pipelines/name.yaml`"),
            );
            None
        }
        (None, Some(stages)) => {
            let mut pipeline = Pipeline::new(name, true);
            pipeline.read_stages(&stages.value, catalog, found);
            Some(pipeline)
        }
        (Some(node), None) => from(node, name, files, path, catalog, found),
    }
}

/// What `pipeline` says: a file, several whose stages may read each other's, or a pipeline as it stands.
fn from(
    node: &Node,
    name: &str,
    files: &Files<'_>,
    path: &Path,
    catalog: &Catalog,
    found: &mut Diagnostics,
) -> Option<Pipeline> {
    if node.as_map().is_some() {
        return Pipeline::read(node, false, name, catalog, found);
    }
    let Some(items) = node.as_list() else {
        return from_file(node, name, files, path, catalog, found);
    };
    if items.is_empty() {
        found.push(
            Diagnostic::error("`pipeline` names no pipeline").at(&node.place, "an empty list"),
        );
    }
    let mut all: Option<Pipeline> = None;
    for item in items {
        let pipeline = from_file(item, name, files, path, catalog, found)?;
        match &mut all {
            None => all = Some(pipeline),
            Some(all) => all.add(pipeline, found),
        }
    }
    all
}

fn from_file(
    node: &Node,
    name: &str,
    files: &Files<'_>,
    path: &Path,
    catalog: &Catalog,
    found: &mut Diagnostics,
) -> Option<Pipeline> {
    let text = fields::text(node, "`pipeline`", found)?;
    let folder = path.parent().unwrap_or(files.root);
    let file = project::normal(&folder.join(text));
    match files.read(&file, Some(&node.place)) {
        Ok(source) => match yaml::read(&source) {
            Ok(tree) => {
                let stem = file.file_stem().and_then(|stem| stem.to_str());
                Pipeline::read(&tree, true, stem.unwrap_or(name), catalog, found)
            }
            Err(problems) => {
                found.extend(problems);
                None
            }
        },
        Err(diagnostic) => {
            found.push(diagnostic);
            None
        }
    }
}

/// The profile that is asked for. Of all profiles it is checked what may stand there, the values of that one alone.
fn profile<'n>(
    manifest: &Fields<'n>,
    changes: &Overrides,
    found: &mut Diagnostics,
) -> Option<Fields<'n>> {
    let mut chosen = None;
    let mut names = Vec::new();
    if let Some(node) = manifest.get("profiles") {
        for entry in fields::map(node, "`profiles`", found).unwrap_or_default() {
            names.push(entry.key.as_str());
            let what = format!("profile `{}`", entry.key);
            let fields = Fields::of(&entry.value, &what, &["doc", "params", "axes"], found);
            if let Some(doc) = fields.as_ref().and_then(|fields| fields.get("doc")) {
                fields::text(doc, "`doc`", found);
            }
            if changes.profile.as_deref() == Some(&entry.key) {
                chosen = fields;
                continue;
            }
            for part in ["params", "axes"] {
                if let Some(node) = fields.as_ref().and_then(|fields| fields.get(part)) {
                    fields::map(node, &format!("`{part}` of {what}"), found);
                }
            }
        }
    }
    if let Some(wanted) = &changes.profile
        && !names.contains(&wanted.as_str())
    {
        let help = match names.is_empty() {
            true => Some("the manifest has no profiles".to_owned()),
            false => did_you_mean(wanted, names, "profiles"),
        };
        found.push(Diagnostic::error(format!("unknown profile `{wanted}`")).maybe_help(help));
    }
    chosen
}
