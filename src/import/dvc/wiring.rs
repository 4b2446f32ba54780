//! What reads what: DVC says it by paths, here a stage names an output and the cells that it is of.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::registry::Value;
use crate::text::Diagnostics;

use super::code;
use super::draft::DraftStage;
use super::draft::From;
use super::draft::Slot;
use super::draft::Source;
use super::interpolation::quoted;
use super::interpolation::shown;
use super::located::Located;
use super::located::bare;
use super::loops::Axis;
use super::loops::StageLoop;
use super::paths;
use super::planned::Planned;
use super::planned::Project;
use super::planned::unique;
use super::read::Text;
use super::read::remark;

/// An output of a cell.
struct Made {
    stage: usize,
    cell: usize,
    out: usize,
    path: String,
}

/// All that stages leave, by path.
pub(super) struct Wiring<'w> {
    project: &'w Project<'w>,
    stages: &'w [Planned<'w>],
    axes: &'w [Axis],
    made: Vec<Made>,
    /// Stages and outputs that others read.
    read: BTreeSet<(usize, String)>,
}

/// Cells of a stage that read the same output in the same way.
struct Group {
    /// None for a file of the project.
    from: Option<(usize, usize)>,
    /// Axes whose value is held: those that the reader does not follow.
    at: BTreeMap<usize, usize>,
    /// The path, by cell of the reader.
    paths: BTreeMap<usize, String>,
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
        let several = path.cells.iter().enumerate().any(|(cell, _)| {
            let of_cell = groups
                .iter()
                .filter(|group| group.paths.contains_key(&cell));
            of_cell.count() > 1
        });
        let rest = groups.iter().any(|group| group.from.is_some())
            && path.cells.iter().all(|path| self.holds_others(path));
        if rest && several {
            self.rest_of_folder(path, own);
        }
        let exact = |group: &Group| {
            let mut paths = group.paths.iter();
            paths.all(|(cell, own)| path.cells[*cell] == *own)
        };
        if !several && groups.iter().all(exact) {
            if let [Group { from: None, .. }] = &groups[..]
                && self.as_code(path, own)
            {
                return;
            }
            let sources = groups.iter().map(|group| self.source(stage, group, path));
            let sources = sources.collect();
            self.slot(dep, sources, path.template.clone(), own, found);
            return;
        }
        for group in groups {
            let (constant, template) = self.template(&group, path, exact(&group));
            if let Some(template) = template {
                let source = self.source(stage, &group, path);
                self.slot(dep, vec![source], template, own, found);
                continue;
            }
            debug_assert!(!constant, "a constant path is its own template");
            for (cell, one) in &group.paths {
                let alone = Group {
                    from: group.from,
                    at: group.at.clone(),
                    paths: BTreeMap::from([(*cell, one.clone())]),
                };
                let source = self.source(stage, &alone, path);
                self.slot(dep, vec![source], one.clone(), own, found);
            }
        }
    }

    /// The path of what a group reads, with names of ours.
    fn template(&self, group: &Group, dep: &Located, exact: bool) -> (bool, Option<String>) {
        let mut all = group.paths.values();
        let first = all.next().cloned().unwrap_or_default();
        let constant = all.all(|path| *path == first);
        let template = match (exact, constant, group.from) {
            (true, ..) => Some(dep.template.clone()),
            (_, true, _) => Some(first),
            (_, _, Some((stage, out))) if group.at.is_empty() => {
                Some(self.stages[stage].outs[out].path.template.clone())
            }
            _ => None,
        };
        (constant, template)
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
                paths: files,
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
        let mut groups: BTreeMap<BTreeMap<usize, usize>, BTreeMap<usize, String>> = BTreeMap::new();
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
            let paths = groups.entry(at).or_default();
            paths.insert(*cell, made.path.clone());
        }
        let groups = groups.into_iter();
        let groups = groups.map(|(at, paths)| Group {
            from: Some(from),
            at,
            paths,
        });
        groups.collect()
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
        let cells = (!every).then(|| {
            group
                .paths
                .keys()
                .map(|cell| &reader.cells[*cell])
                .collect()
        });
        Source {
            from,
            at: at.collect(),
            when: cells.and_then(|cells: Vec<_>| self.condition(&reader.loops, Some(&cells))),
        }
    }

    /// When a cell is one of these, or one that a stage has.
    pub(super) fn condition(
        &self,
        loops: &[StageLoop],
        cells: Option<&[&Vec<usize>]>,
    ) -> Option<String> {
        let literal = |value: &Value| match value {
            Value::Str(text) => quoted(text),
            other => shown(other),
        };
        let is_one = |axis: &Axis, values: &BTreeSet<usize>| {
            let texts: Vec<String> = values.iter().map(|at| literal(&axis.labels[*at])).collect();
            match &texts[..] {
                [only] => format!("{} == {only}", axis.name),
                several => format!("{} in [{}]", axis.name, several.join(", ")),
            }
        };
        let Some(cells) = cells else {
            let parts = loops.iter().filter_map(|one| {
                let only = one.only.as_ref()?.iter().copied().collect();
                Some(is_one(&self.axes[one.axis], &only))
            });
            let parts: Vec<String> = parts.collect();
            return (!parts.is_empty()).then(|| parts.join(" and "));
        };
        // All that can be made of the values of each axis: only those axes count that leave some out.
        let sets = loops.iter().enumerate().map(|(number, _)| {
            let values = cells.iter().map(|cell| cell[number]);
            values.collect::<BTreeSet<usize>>()
        });
        let sets: Vec<BTreeSet<usize>> = sets.collect();
        if sets.iter().map(BTreeSet::len).product::<usize>() == cells.len() {
            let parts = loops.iter().zip(&sets).filter_map(|(one, values)| {
                let axis = &self.axes[one.axis];
                let all = one.only.as_ref().map_or(axis.labels.len(), Vec::len);
                (values.len() < all).then(|| is_one(axis, values))
            });
            return Some(parts.collect::<Vec<_>>().join(" and "));
        }
        let cells = cells.iter().map(|cell| {
            let parts = loops.iter().zip(*cell);
            let parts = parts.map(|(one, at)| is_one(&self.axes[one.axis], &BTreeSet::from([*at])));
            format!("({})", parts.collect::<Vec<_>>().join(" and "))
        });
        Some(cells.collect::<Vec<_>>().join(" or "))
    }

    fn slot(
        &self,
        dep: &Text,
        sources: Vec<Source>,
        path: String,
        own: &mut DraftStage,
        found: &mut Diagnostics,
    ) {
        if own.inputs.iter().any(|slot| {
            slot.path == path
                && slot.sources.len() == 1
                && sources.len() == 1
                && slot.sources[0].from == sources[0].from
                && slot.sources[0].at == sources[0].at
        }) {
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
        let name = match path.contains("${") {
            true => paths::name(&bare(&dep.text)),
            false => paths::name(&path),
        };
        let name = unique(&name, &|name| {
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
            true => path
                .cells
                .iter()
                .all(|path| code::has_sources(&root.join(path))),
            false => path.cells.iter().all(|path| code::is_source(path)),
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
    fn rest_of_folder(&self, path: &Located, own: &mut DraftStage) {
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
