//! What reads what: DVC says it by paths, here a stage names an output and the cells that it is of.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::sources::has_sources;
use crate::sources::is_source;
use crate::text::Diagnostics;

use super::conditions;
use super::draft::DraftStage;
use super::draft::From;
use super::draft::Slot;
use super::draft::Source;
use super::entries::Text;
use super::entries::remark;
use super::located::Located;
use super::located::bare;
use super::loops::Axis;
use super::paths;
use super::planned::Planned;
use super::planned::Project;

/// An output of a cell.
pub(super) struct Made {
    pub stage: usize,
    pub cell: usize,
    pub out: usize,
    pub path: String,
}

/// All that stages leave, by path.
pub(super) struct Wiring<'w> {
    project: &'w Project<'w>,
    pub stages: &'w [Planned<'w>],
    pub axes: &'w [Axis],
    made: Vec<Made>,
    /// Stages and outputs that others read.
    read: BTreeSet<(usize, String)>,
}

/// Cells of a stage that read the same output in the same way.
pub(super) struct Group {
    /// None for a file of the project.
    pub from: Option<(usize, usize)>,
    /// Axes whose value is held: those that the reader does not follow.
    pub at: BTreeMap<usize, usize>,
    /// Axes of which it reads all values.
    pub over: BTreeSet<usize>,
    /// The path, by cell of the reader; of one of its values, where it reads all.
    pub paths: BTreeMap<usize, String>,
    /// The cells that make it.
    pub made: BTreeSet<usize>,
}

impl Group {
    /// Whether this is what a dependency names, and not something in it or around it.
    fn is_exact(&self, dep: &Located) -> bool {
        let mut paths = self.paths.iter();
        paths.all(|(cell, path)| dep.cells[*cell] == *path)
    }
}

impl<'w> Wiring<'w> {
    pub(super) fn new(
        project: &'w Project<'w>,
        stages: &'w [Planned<'w>],
        axes: &'w [Axis],
    ) -> Self {
        let mut made = Vec::new();
        for (number, stage) in stages.iter().enumerate().filter(|(_, one)| !one.frozen) {
            for (out, planned) in stage.outs.iter().enumerate() {
                for (cell, path) in planned.path.cells.iter().enumerate() {
                    made.push(Made {
                        stage: number,
                        cell,
                        out,
                        path: path.clone(),
                    });
                }
            }
        }
        let mut wiring = Wiring {
            project,
            stages,
            axes,
            made,
            read: BTreeSet::new(),
        };
        wiring.read = wiring.all_read();
        wiring
    }

    /// By text alone, which errs towards what is read.
    fn all_read(&self) -> BTreeSet<(usize, String)> {
        let mut read = BTreeSet::new();
        for (number, stage) in self.stages.iter().enumerate() {
            for out in &stage.outs {
                let others = self.stages.iter().enumerate();
                let mut deps = others
                    .filter(|(other, _)| *other != number)
                    .flat_map(|(_, other)| &other.entry.deps);
                // A folder that it is in is read with all that is in it.
                let own: BTreeSet<&str> = out
                    .path
                    .cells
                    .iter()
                    .flat_map(|path| path.split('/'))
                    .collect();
                let reads = |dep: &str| {
                    let last = dep
                        .trim_end_matches('/')
                        .rsplit('/')
                        .next()
                        .unwrap_or_default();
                    dep.contains("${") || [".", ".."].contains(&last) || own.contains(last)
                };
                if deps.any(|dep| reads(&dep.text)) {
                    read.insert((number, out.name.clone()));
                }
            }
        }
        read
    }

    /// Whether a stage is called so.
    pub(super) fn has_stage(&self, name: &str) -> bool {
        self.stages.iter().any(|stage| stage.name == name)
    }

    /// Whether any stage may read this output.
    pub(super) fn is_read(&self, stage: usize, out: &str) -> bool {
        self.read.contains(&(stage, out.to_owned()))
    }

    /// Whether a stage makes this, or something around it.
    pub(super) fn is_made(&self, path: &str) -> bool {
        let mut made = self.made.iter();
        made.any(|made| made.path == path || paths::is_in(path, &made.path))
    }

    /// Whether a stage makes something in this folder.
    pub(super) fn is_around(&self, path: &str) -> bool {
        self.made.iter().any(|made| paths::is_in(&made.path, path))
    }

    /// Has a stage read what a dependency names.
    pub(super) fn read(
        &self,
        stage: usize,
        dep: &Text,
        path: &Located,
        own: &mut DraftStage,
        found: &mut Diagnostics,
    ) {
        let groups = self.groups(stage, path);
        self.note_axes(stage, &groups, dep, path, own, found);
        let exact = |group: &Group| group.is_exact(path);
        if groups.iter().any(|group| group.from.is_some()) && !groups.iter().all(exact) {
            self.rest_of_folder(dep, path, own, found);
        }
        if let [Group { from: None, .. }] = &groups[..]
            && self.as_code(path, own)
        {
            return;
        }
        // What different cells read is one input: a cell without one of its inputs does not run.
        let mut inputs: Vec<Vec<Group>> = Vec::new();
        for group in groups {
            let apart = |other: &Group| {
                group
                    .paths
                    .keys()
                    .all(|cell| !other.paths.contains_key(cell))
            };
            match inputs.iter_mut().find(|input| input.iter().all(apart)) {
                Some(input) => input.push(group),
                None => inputs.push(vec![group]),
            }
        }
        for input in inputs {
            let cells: usize = input.iter().map(|group| group.paths.len()).sum();
            if cells < path.cells.len() {
                let from = input[0].from.map(|(stage, _)| &self.stages[stage].name);
                remark(
                    found,
                    &dep.place,
                    format!(
                        "`{}` runs in {cells} of its {} cells",
                        own.name,
                        path.cells.len()
                    ),
                    format!(
                        "`{}` makes nothing there for the others",
                        from.unwrap_or(&own.name)
                    ),
                    "split the stage into those that read one and those that do not",
                );
            }
            let Some(template) = self.template(stage, &input, path) else {
                let title = format!("`{}` is left out", dep.text);
                let label = "each cell has it at another path";
                remark(found, &dep.place, title, label, "name the files one by one");
                continue;
            };
            let sources = input.iter().map(|group| self.source(stage, group, path));
            self.slot(dep, sources.collect(), template, own, found);
        }
    }

    /// The path of what the groups of an input read, with names of ours.
    fn template(&self, stage: usize, input: &[Group], dep: &Located) -> Option<String> {
        if input.iter().all(|group| group.is_exact(dep)) {
            return Some(dep.template.clone());
        }
        if let [group] = input
            && let Some(from) = group.from
        {
            let path = self.path_of(from, group);
            if path.is_some() || !group.over.is_empty() {
                return path;
            }
        }
        let reader = &self.stages[stage];
        let cells = input.iter().flat_map(|group| &group.paths);
        let cells = cells.map(|(cell, path)| (&reader.cells[*cell], path.as_str()));
        conditions::path(&reader.loops, self.axes, &cells.collect::<Vec<_>>())
    }

    /// What a dependency is in the cells of its stage.
    fn groups(&self, stage: usize, path: &Located) -> Vec<Group> {
        let mut following: BTreeMap<(usize, usize), Vec<(usize, &Made)>> = BTreeMap::new();
        let mut files = BTreeMap::new();
        for (cell, path) in path.cells.iter().enumerate() {
            let mut any = false;
            for made in self.made.iter().filter(|made| made.stage != stage) {
                let same = made.path == *path
                    || paths::is_in(path, &made.path)
                    || paths::is_in(&made.path, path);
                if same {
                    let key = (made.stage, made.out);
                    following.entry(key).or_default().push((cell, made));
                    any = true;
                }
            }
            if !any {
                files.insert(cell, path.clone());
            }
        }
        let mut groups = Vec::new();
        for (from, reads) in following {
            if let Some(group) = self.reduction(stage, from, &reads, path) {
                groups.push(group);
                continue;
            }
            let cells = path.cells.len();
            let followed = self.grouped(stage, from, &reads, false);
            let whole = |groups: &[Group]| groups.iter().all(|group| group.paths.len() == cells);
            if whole(&followed) {
                groups.extend(followed);
                continue;
            }
            // What all cells read, as the scores of one baseline.
            let held = self.grouped(stage, from, &reads, true);
            groups.extend(if whole(&held) { held } else { followed });
        }
        if !files.is_empty() {
            groups.push(Group {
                from: None,
                at: BTreeMap::new(),
                over: BTreeSet::new(),
                paths: files,
                made: BTreeSet::new(),
            });
        }
        groups
    }

    fn grouped(
        &self,
        stage: usize,
        from: (usize, usize),
        reads: &[(usize, &Made)],
        hold: bool,
    ) -> Vec<Group> {
        let mut groups: BTreeMap<BTreeMap<usize, usize>, Group> = BTreeMap::new();
        let reader = &self.stages[stage];
        let maker = &self.stages[from.0];
        for (cell, made) in reads {
            let mut at = BTreeMap::new();
            for (number, one) in maker.loops.iter().enumerate() {
                let value = maker.cells[made.cell][number];
                let own = reader.loops.iter().position(|own| own.axis == one.axis);
                let own = own.map(|own| reader.cells[*cell][own]);
                if hold || own != Some(value) {
                    at.insert(one.axis, value);
                }
            }
            let group = groups.entry(at).or_insert_with_key(|at| Group {
                from: Some(from),
                at: at.clone(),
                over: BTreeSet::new(),
                paths: BTreeMap::new(),
                made: BTreeSet::new(),
            });
            group.paths.insert(*cell, made.path.clone());
            group.made.insert(made.cell);
        }
        groups.into_values().collect()
    }

    fn source(&self, stage: usize, group: &Group, dep: &Located) -> Source {
        let reader = &self.stages[stage];
        let from = match group.from {
            Some((stage, out)) => {
                let maker = &self.stages[stage];
                From::Stage(format!("{}.{}", maker.name, maker.outs[out].name))
            }
            None => From::File(dep.template.clone()),
        };
        let at = group.at.iter();
        let at = at.map(|(axis, value)| {
            let axis = &self.axes[*axis];
            (axis.name.clone(), axis.labels[*value].clone())
        });
        let every = group.paths.len() == reader.cells.len();
        let cells = group.paths.keys().map(|cell| &reader.cells[*cell]);
        let cells: Vec<&Vec<usize>> = cells.collect();
        Source {
            from,
            at: at.collect(),
            when: (!every).then(|| conditions::of_cells(&reader.loops, self.axes, &cells)),
        }
    }

    fn slot(
        &self,
        dep: &Text,
        sources: Vec<Source>,
        path: String,
        own: &mut DraftStage,
        found: &mut Diagnostics,
    ) {
        let mut known = own.inputs.iter();
        if known.any(|slot| slot.path == path && slot.sources == sources) {
            return;
        }
        for source in &sources {
            if let From::File(file) = &source.from
                && !file.contains("${")
                && !self.project.root.join(file).exists()
            {
                let fetched = self.project.root.join(format!("{file}.dvc")).is_file();
                remark(
                    found,
                    &dep.place,
                    format!("`{file}` is not there"),
                    "no stage makes it",
                    match fetched {
                        true => format!("`dvc pull {file}.dvc` fetches it"),
                        false => "`check` tells it until it is there".to_owned(),
                    },
                );
            }
        }
        let name = match path.contains('{') {
            true => paths::name(&bare(&dep.text)),
            false => paths::name(&path),
        };
        let name = paths::unique(&name, &|name| {
            own.inputs.iter().any(|slot| slot.name == name)
        });
        own.inputs.push(Slot {
            name,
            sources,
            path,
        });
    }

    /// Whether a file of the project, or the files of a folder, are code.
    fn as_code(&self, path: &Located, own: &mut DraftStage) -> bool {
        let root = self.project.root;
        let is_folder = path.cells.iter().all(|path| root.join(path).is_dir());
        let source = match is_folder {
            true => path.cells.iter().all(|path| has_sources(&root.join(path))),
            false => path.cells.iter().all(|path| is_source(path)),
        };
        if source {
            own.code.push(match is_folder {
                true => format!("{}/**", path.template),
                false => path.template.clone(),
            });
        }
        source
    }

    /// Whether a folder of the project holds more than what stages leave there.
    fn holds_others(&self, folder: &str) -> bool {
        let path = self.project.root.join(folder);
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        let mut names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.any(|name| {
            let path = format!("{folder}/{name}");
            let mut around = self.made.iter();
            name != ".gitignore"
                && !name.ends_with(".dvc")
                && !self.is_made(&path)
                && !around.any(|made| paths::is_in(&made.path, &path))
        })
    }

    /// The files of a folder beside what stages leave there.
    fn rest_of_folder(
        &self,
        dep: &Text,
        path: &Located,
        own: &mut DraftStage,
        found: &mut Diagnostics,
    ) {
        let others = path.cells.iter().filter(|path| self.holds_others(path));
        match others.count() {
            0 => return,
            some if some == path.cells.len() => {}
            _ => {
                let title = format!("what is in `{}` already does not come along", dep.text);
                let label = "only some cells have such a folder";
                remark(found, &dep.place, title, label, "name the files one by one");
                return;
            }
        }
        own.code.push(format!("{}/**", path.template));
        let mut away = BTreeSet::new();
        for made in &self.made {
            if path
                .cells
                .iter()
                .any(|folder| paths::is_in(&made.path, folder))
            {
                away.insert(format!("!{}", made.path));
            }
        }
        own.code.extend(away);
    }
}
