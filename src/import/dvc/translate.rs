//! Stages of DVC to stages of ours: paths become inputs and outputs, values variables and files.

use std::collections::BTreeSet;

use crate::text::Diagnostic;
use crate::text::Diagnostics;

use super::conditions;
use super::draft::Draft;
use super::draft::DraftStage;
use super::draft::From;
use super::entries::remark;
use super::interpolation::words;
use super::located::StageNames;
use super::loops;
use super::outputs::frozen;
use super::outputs::outs;
use super::paths;
use super::planned::Planned;
use super::planned::Project;
use super::planned::cells;
use super::planned::count;
use super::read::DvcFile;
use super::read::PARAMS;
use super::read::StageEntry;
use super::scope::Scope;
use super::translation::Translation;
use super::wiring::Wiring;

/// Every path is compared with every output: more stages than this are nobody's pipeline.
const MOST: usize = 5_000;

/// All of a file.
pub(super) fn translate(
    project: &Project<'_>,
    file: &DvcFile,
    scope: &Scope,
    found: &mut Diagnostics,
) -> Draft {
    let loops = loops::read(&file.stages, scope, found);
    if found.has_errors() {
        return Draft::default();
    }
    let (axes, constants) = (loops.axes, loops.constants);
    let mut all = 0_usize;
    for (entry, loops) in file.stages.iter().zip(&loops.stages) {
        all = all.saturating_add(count(loops, &axes));
        if all > MOST {
            let title = format!("more than {MOST} stages with all repetitions");
            let said = Diagnostic::error(title).at(&entry.place, "too many with this one");
            found.push(said.help("split the file, or import a few: axes of the manifest multiply"));
            return Draft::default();
        }
    }
    let mut planned: Vec<Planned<'_>> = Vec::new();
    for (entry, loops) in file.stages.iter().zip(loops.stages) {
        let cells = cells(&loops, &axes);
        let name = stage_name(entry, &planned, found);
        let mut stage = Planned {
            entry,
            name,
            loops,
            cells,
            outs: Vec::new(),
            frozen: false,
        };
        stage.outs = outs(project, &stage, scope, &axes, file, found);
        stage.frozen = frozen(project, &stage, found);
        planned.push(stage);
    }
    for (of, _) in &file.plots {
        let path = paths::join(&project.folder, &of.text);
        let mut outs = planned.iter().flat_map(|stage| &stage.outs);
        if !outs.any(|out| out.path.cells.first() == path.as_ref()) {
            let title = format!("`{}` is not drawn", of.text);
            let label = "no stage leaves it as a file of its own";
            let help = "a file is read by `table/read`: `in: {file: {file: PATH}}`";
            remark(found, &of.place, title, label, help);
        }
    }
    let wiring = Wiring::new(project, &planned, &axes);
    let mut draft = Draft {
        constants,
        ..Draft::default()
    };
    for (number, stage) in planned.iter().enumerate().filter(|(_, one)| !one.frozen) {
        let names = StageNames {
            scope,
            axes: &axes,
            loops: &stage.loops,
            cells: &stage.cells,
        };
        let own = Translation {
            project,
            wiring: &wiring,
            names: &names,
            number,
            stage,
        };
        own.translate(file, &mut draft, found);
    }
    // Values of loops whose stages name nothing of them.
    let used = std::mem::take(&mut draft.constants).into_iter();
    let used = used.filter(|(name, _)| draft.mentioned.contains(name));
    draft.constants = used.collect();
    let mentioned = draft.mentioned.iter().filter_map(|name| {
        // Names of ours, which are those of the file where they could be kept.
        let known = scope.all().find(|(_, known)| known.name == **name)?;
        (!known.1.from_file).then(|| (known.1.name.clone(), known.1.value.clone(), known.0))
    });
    for (name, value, written) in mentioned {
        if scope.in_file.iter().any(|known| known == written) {
            draft.params_copied(&name, written, found, file);
        }
        draft.constants.push((name, value));
    }
    let from_file = draft.mentioned.iter().any(|name| {
        let mut known = scope.all();
        known.any(|(_, known)| known.name == *name && known.from_file)
    });
    draft.params_file = from_file
        .then(|| paths::join(&project.folder, PARAMS))
        .flatten();
    draft.axes = axes;
    draft
}

impl Draft {
    fn params_copied(&self, name: &str, written: &str, found: &mut Diagnostics, file: &DvcFile) {
        let Some(first) = file.stages.first() else {
            return;
        };
        found.push(
            Diagnostic::warning(format!(
                "the manifest does not follow `{written}` of params.yaml"
            ))
            .at(
                &first.place,
                format!("its value stands in the manifest, as `{name}`"),
            )
            .help("names here have letters, digits and underscores, and some have a meaning"),
        );
    }
}

fn stage_name(entry: &StageEntry, others: &[Planned<'_>], found: &mut Diagnostics) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let name = entry.name.chars().map(|c| if plain(c) { c } else { '_' });
    let mut name: String = name.collect();
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        name.insert_str(0, "stage_");
    }
    while others.iter().any(|other| other.name == name) {
        name.push('_');
    }
    if name != entry.name {
        remark(
            found,
            &entry.place,
            format!("`{}` is called `{name}`", entry.name),
            "names of stages have letters, digits, hyphens, and underscores",
            "",
        );
    }
    name
}

impl Translation<'_> {
    fn translate(&self, file: &DvcFile, draft: &mut Draft, found: &mut Diagnostics) {
        let entry = self.stage.entry;
        let mut own = DraftStage {
            name: self.stage.name.clone(),
            never_reused: entry.always_changed,
            ..DraftStage::default()
        };
        let desc = entry.desc.iter().flat_map(|desc| desc.lines());
        own.comments.extend(desc.map(str::to_owned));
        own.when = conditions::of_stage(&self.stage.loops, self.names.axes);
        self.outputs(file, &mut own, draft, found);
        self.deps(&mut own, found);
        let companions = self.code(&mut own, draft, found);
        self.params(&mut own, &companions, found);
        self.run(&mut own, found);
        own.note_names(draft, self.names);
        draft.stages.push(own);
    }
}

impl DraftStage {
    /// Notes which names this stage mentions.
    fn note_names(&self, draft: &mut Draft, names: &StageNames<'_>) {
        let mut texts: Vec<&str> = vec![&self.run];
        let values = self.values.iter();
        texts.extend(values.clone().map(|(_, expression)| expression.as_str()));
        for slot in &self.inputs {
            texts.push(&slot.path);
            texts.extend(slot.sources.iter().filter_map(|source| match &source.from {
                From::File(path) => Some(path.as_str()),
                From::Stage(_) => None,
            }));
        }
        texts.extend(self.outs.iter().map(|out| out.path.as_str()));
        texts.extend(self.metrics.as_deref());
        texts.extend(self.code.iter().map(String::as_str));
        let holes = texts.iter().flat_map(|text| text.split("${").skip(1));
        let holes = holes.filter_map(|hole| hole.split('}').next());
        // An expression stands there without `${…}`.
        let bare = values.filter(|(_, expression)| !expression.contains("${"));
        let mut expressions: Vec<&str> = holes.collect();
        expressions.extend(bare.map(|(_, expression)| expression.as_str()));
        for (_, keys) in &self.files {
            expressions.extend(keys.iter().flat_map(|(_, value)| value.expressions()));
        }
        let words: BTreeSet<&str> = expressions.into_iter().flat_map(words).collect();
        let known = names.scope.all().map(|(_, known)| &known.name);
        let known = known.filter(|name| words.contains(name.as_str()));
        draft.mentioned.extend(known.cloned());
        let constants = draft.constants.iter().map(|(name, _)| name);
        let constants = constants.filter(|name| words.contains(name.as_str()));
        let constants: Vec<String> = constants.cloned().collect();
        draft.mentioned.extend(constants);
    }
}
