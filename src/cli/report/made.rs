//! How a step's results were made, and where they lie beside the page.

use std::collections::BTreeSet;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use crate::cli::project::Project;
use crate::engine::shown_files;
use crate::plan::From;
use crate::plan::Step;
use crate::plan::StepId;
use crate::report::FileLink;
use crate::report::Origin;
use crate::stages::Results;

/// The files of a step's printed outputs, from the folder of the page.
pub(super) struct Beside<'p> {
    project: &'p Project,
    /// From the folder of the page to that of the results; none where the page goes into a pipe, or
    /// no such way is known.
    way: Option<PathBuf>,
}

impl<'p> Beside<'p> {
    /// Of a page that will lie at `page`.
    pub(super) fn of(project: &'p Project, page: &Path) -> Self {
        let folder = page.parent().filter(|folder| *folder != Path::new(""));
        let folder = folder.unwrap_or(Path::new(".")).canonicalize();
        let view = project.view.canonicalize();
        let is_file = page.metadata().map_or(true, |about| about.is_file());
        let way = folder.ok().zip(view.ok()).filter(|_| is_file);
        Beside {
            project,
            way: way.map(|(folder, view)| way_between(&folder, &view)),
        }
    }

    /// Links to the files of these endings that are there, in the order of the endings.
    pub(super) fn links(
        &self,
        results: &Results<'_>,
        step: &Step,
        output: &str,
        formats: &[(&str, &str)],
    ) -> Vec<FileLink> {
        let (Some(way), Some(result)) = (&self.way, results.result(step.id)) else {
            return Vec::new();
        };
        let Some(artifact) = result.outputs.get(output) else {
            return Vec::new();
        };
        let shown = shown_files(step, result);
        let links = formats.iter().filter_map(|(ending, format)| {
            let wanted = artifact.files.iter();
            let mut wanted = wanted.filter(|(name, _)| name.ends_with(ending));
            let (name, object) = wanted.next()?;
            let own_ending = name.split_once('.')?.1;
            // The view gives files other names, and keeps their endings.
            let (path, _) = shown
                .iter()
                .find(|(path, there)| there == object && path.ends_with(own_ending))?;
            self.project.view.join(path).is_file().then(|| FileLink {
                format: (*format).to_owned(),
                path: slashed(&way.join(path)),
            })
        });
        links.collect()
    }
}

/// How a step was made.
pub(super) fn origin(
    project: &Project,
    results: &Results<'_>,
    accepted: &[(StepId, String)],
    step: &Step,
    key: &str,
) -> Origin {
    let mut facts = vec![(
        "kind".to_owned(),
        format!("{}, revision {}", step.kind.name(), step.kind.revision()),
    )];
    let values = step.written.as_ref().unwrap_or(&step.params);
    for (name, value) in values.iter() {
        facts.push((name.to_owned(), value.to_string().trim_end().to_owned()));
    }
    if !key.is_empty() {
        facts.push(("key".to_owned(), key.to_owned()));
    }
    if let Some(result) = results.result(step.id) {
        let seconds = crate::cli::reporter::duration(result.seconds);
        facts.push(("took".to_owned(), seconds));
    }
    let before = upstream(results, step);
    for (id, how) in accepted {
        if *id == step.id {
            facts.push(("result".to_owned(), how.clone()));
        } else if before.contains(id) {
            facts.push((format!("made of {}", results.plan.step(*id)), how.clone()));
        }
    }
    let asked = &project.asked;
    Origin {
        step: step.to_string(),
        place: step.place.to_string(),
        facts,
        chain: chain(results, &before),
        commands: ["show", "why", "log"]
            .map(|verb| format!("sweepline {verb} {asked} '{step}'"))
            .to_vec(),
    }
}

/// All steps that a step came from.
fn upstream(results: &Results<'_>, step: &Step) -> BTreeSet<StepId> {
    let mut seen: BTreeSet<StepId> = BTreeSet::new();
    let mut open = vec![step.id];
    while let Some(id) = open.pop() {
        let step = results.plan.step(id);
        let items = step.inputs.iter().flat_map(|input| &input.items);
        for item in items {
            if let From::Step { step, .. } = &item.from
                && seen.insert(*step)
            {
                open.push(*step);
            }
        }
    }
    seen
}

/// The stages of these steps in plan order, with the number of their steps.
fn chain(results: &Results<'_>, steps: &BTreeSet<StepId>) -> Vec<(String, usize)> {
    let mut chain: Vec<(String, usize)> = Vec::new();
    for id in steps {
        let stage = &results.plan.step(*id).stage;
        match chain.iter_mut().find(|(known, _)| **known == **stage) {
            Some((_, count)) => *count += 1,
            None => chain.push((stage.to_string(), 1)),
        }
    }
    chain
}

/// The way from one folder to another, both whole.
fn way_between(from: &Path, to: &Path) -> PathBuf {
    let (mut from, mut to) = (from.components().peekable(), to.components().peekable());
    while from.peek().is_some() && from.peek() == to.peek() {
        from.next();
        to.next();
    }
    let up = from.map(|_| Component::ParentDir);
    up.chain(to).collect()
}

fn slashed(path: &Path) -> String {
    let parts = path
        .components()
        .map(|part| part.as_os_str().to_string_lossy());
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_go_up_as_far_as_they_must() {
        let way = |from: &str, to: &str| slashed(&way_between(Path::new(from), Path::new(to)));
        assert_eq!(way("/p/outputs/small", "/p/outputs/small"), "");
        assert_eq!(way("/p", "/p/outputs/small"), "outputs/small");
        assert_eq!(way("/tmp/x", "/p/outputs"), "../../p/outputs");
    }
}
