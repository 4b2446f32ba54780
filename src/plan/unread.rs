//! Parameters that a manifest gives to a stage none of whose steps reads them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::manifest::Argument;
use crate::manifest::Experiment;
use crate::manifest::Stage;
use crate::registry::OnlyWith;
use crate::registry::Param;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;

use super::StageSummary;
use super::Step;

/// Says it once for each parameter of a stage. A value that one cell reads may be given to all: a manifest has one
/// place for the parameters of several variants. Of a search nothing is said, as trials are to come.
pub(super) fn check(
    experiment: &Experiment,
    steps: &[Arc<Step>],
    stages: &[StageSummary],
    found: &mut Diagnostics,
) {
    if experiment.search.is_some() {
        return;
    }
    let mut declared: BTreeMap<&str, Vec<Param>> = BTreeMap::new();
    for summary in stages {
        let name = &*summary.name;
        let Some(stage) = experiment
            .pipeline
            .stages
            .iter()
            .find(|stage| *stage.name == *name)
        else {
            continue;
        };
        let own = || summary.steps.iter().map(|id| &steps[id.index()]);
        for step in own() {
            let kind = step.kind;
            declared.entry(kind.name()).or_insert_with(|| kind.params());
        }
        for argument in &stage.with {
            let unmet = |step: &Arc<Step>| {
                OnlyWith::unmet(&declared[step.kind.name()], &argument.name, &step.params)
            };
            let mut all = own().map(unmet);
            let Some(first) = all.next().flatten() else {
                continue;
            };
            if all.all(|unmet| unmet.is_some()) && is_meant(experiment, stage, argument, first) {
                found.push(diagnostic(experiment, name, argument, first));
            }
        }
    }
}

/// Whether it is this manifest that gives the value. What a pipeline gives by itself is for other manifests too, and
/// beside a profile what the manifest gives to all of them.
fn is_meant(experiment: &Experiment, stage: &Stage, argument: &Argument, unmet: OnlyWith) -> bool {
    let names = argument.value.names();
    let path = &experiment.source.path;
    let own = |place: &Place| experiment.profile.is_none() && place.source.path == *path;
    if names.is_empty() {
        let decides = stage.with.iter().find(|other| &*other.name == unmet.param);
        let decided_here = decides.is_none_or(|other| other.value.names().is_empty());
        return decided_here || own(&argument.name_place);
    }
    let columns = experiment.grid.columns();
    let constant = |name: &Arc<str>| {
        let column = columns.get(columns.index(name)?);
        column.place_of(column.constant())
    };
    !axes(experiment, argument).is_empty() || names.iter().filter_map(constant).any(own)
}

fn diagnostic(
    experiment: &Experiment,
    stage: &str,
    argument: &Argument,
    unmet: OnlyWith,
) -> Diagnostic {
    let name = &argument.name;
    let mut help = format!("leave it out, or set `{}`", unmet.param);
    if let Some(axis) = axes(experiment, argument).first() {
        help += &format!(": cells that differ in the axis `{axis}` alone have one result here");
    }
    Diagnostic::warning(format!(
        "`{name}` of `{stage}` has no effect: it counts with {unmet} only"
    ))
    .at(&argument.name_place, "nothing reads it in any cell")
    .help(help)
}

/// The axes that decide the value.
fn axes(experiment: &Experiment, argument: &Argument) -> Vec<String> {
    let ways = argument.value.ways();
    let deciding = experiment.grid.axes_of(ways.iter().map(|way| &**way));
    let columns = experiment.grid.columns();
    let axes = deciding
        .iter()
        .map(|column| columns.get(*column).name.to_string());
    axes.collect()
}
