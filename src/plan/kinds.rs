//! Stages against their kinds: which kind a stage has, which outputs it leaves, which slots it
//! fills, and whether the types fit.

use std::sync::Arc;

use crate::manifest::Binding;
use crate::manifest::Experiment;
use crate::manifest::Input;
use crate::manifest::Origin;
use crate::manifest::STAGE_KEYS;
use crate::manifest::Stage;
use crate::registry::ArtifactType;
use crate::registry::Catalog;
use crate::registry::Outputs;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::did_you_mean;
use crate::text::list_of;

use super::outputs::Output;
use super::outputs::outputs_of;

/// The output that a source is read by, for each kind of the source.
pub(super) type OutputBySourceKind = Vec<Option<Arc<str>>>;

/// The kinds of a stage; several where `uses` depends on the cell.
pub(super) struct StageKinds {
    pub kinds: Vec<&'static dyn StageKind>,
    /// By kind: what its steps leave.
    pub outputs: Vec<Vec<Output>>,
    /// By kind, by binding, by source, by kind of the source: the output that is read; none
    /// where the whole step is.
    pub reads: Vec<Vec<Vec<OutputBySourceKind>>>,
}

/// What a slot of a stage takes.
pub(super) fn slot_of(kind: &dyn StageKind, name: &str) -> Option<Slot> {
    kind.inputs().into_iter().find(|slot| slot.name == name)
}

/// Whether a kind takes any slot that a stage binds, as commands do.
pub(super) fn open_slots(kind: &dyn StageKind) -> bool {
    kind.inputs().is_empty() && matches!(kind.outputs(), Outputs::Declared)
}

/// The kind of this name, or what to say about it.
pub(super) fn find(
    name: &str,
    stage: &Stage,
    catalog: &Catalog,
) -> Result<&'static dyn StageKind, Diagnostic> {
    catalog.get(name).ok_or_else(|| {
        let family = name.split_once('/').map(|(family, _)| family);
        let all = catalog.iter().map(|kind| kind.name());
        let more = match family.filter(|family| {
            let mut names = catalog.iter().map(|kind| kind.name());
            names.any(|name| {
                name.split_once('/')
                    .is_some_and(|(known, _)| known == *family)
            })
        }) {
            Some(family) => format!("`sweepline list {family}` prints all"),
            None => "`sweepline list` prints all kinds".to_owned(),
        };
        let close = crate::text::closest(name, all);
        let help = match close {
            Some(close) => format!("did you mean `{close}`? {more}"),
            None => more,
        };
        Diagnostic::error(format!("unknown stage kind `{name}`"))
            .at(&stage.uses.place, "no such kind")
            .help(help)
    })
}

/// The kinds that a stage could have: where `uses` depends on the cell also those of the same families
/// that no cell names today. A manifest stays right when an axis is narrowed to some of its values.
fn possible(
    stage: &Stage,
    kinds: &[&'static dyn StageKind],
    catalog: &Catalog,
) -> Vec<&'static dyn StageKind> {
    if stage.uses.literal().is_some() {
        return kinds.to_vec();
    }
    let family = |kind: &dyn StageKind| kind.name().split_once('/').map(|(family, _)| family);
    let families: Vec<_> = kinds.iter().map(|kind| family(*kind)).collect();
    let others = catalog
        .iter()
        .filter(|kind| families.contains(&family(*kind)));
    others.collect()
}

/// Checks a stage against its kinds. `done` has the stages before it.
pub(super) fn check(
    experiment: &Experiment,
    stage: &Stage,
    kinds: Vec<&'static dyn StageKind>,
    catalog: &Catalog,
    done: &[Option<StageKinds>],
    found: &mut Diagnostics,
) -> StageKinds {
    let possible = possible(stage, &kinds, catalog);
    arguments(stage, &kinds, &possible, found);
    let mut outputs = Vec::with_capacity(kinds.len());
    let mut reads = Vec::with_capacity(kinds.len());
    for kind in &kinds {
        required_slots(stage, *kind, found);
        let mut of_kind = Vec::new();
        for binding in &stage.inputs {
            let beside = &possible;
            of_kind.push(read_slot(
                experiment, stage, *kind, beside, binding, done, found,
            ));
        }
        reads.push(of_kind);
        outputs.push(outputs_of(experiment, stage, *kind, done, found));
    }
    StageKinds {
        kinds,
        outputs,
        reads,
    }
}

/// Keys under `with` that no kind which the stage could have has. A kind that others of the stage go
/// beside may lack a key: it is left out there.
fn arguments(
    stage: &Stage,
    kinds: &[&'static dyn StageKind],
    possible: &[&'static dyn StageKind],
    found: &mut Diagnostics,
) {
    if kinds.is_empty() {
        return;
    }
    let params: Vec<_> = kinds.iter().flat_map(|kind| kind.params()).collect();
    for argument in &stage.with {
        let mut possible = possible.iter().flat_map(|kind| kind.params());
        if possible.any(|param| *param.name == *argument.name) {
            continue;
        }
        let kind = list_of(kinds.iter().map(|kind| kind.name()));
        let known = params.iter().map(|param| param.name);
        let help = match STAGE_KEYS.contains(&&*argument.name) {
            true => Some(format!(
                "`{}` stands beside `with`, not in it",
                argument.name
            )),
            // The one that is meant may be behind the end of a long list.
            false => {
                let list = format!("parameters (`sweepline list {}`)", kinds[0].name());
                did_you_mean(&argument.name, known, &list)
            }
        };
        found.push(
            Diagnostic::error(format!("{kind} has no parameter `{}`", argument.name))
                .at(&argument.name_place, "no such parameter")
                .maybe_help(help),
        );
    }
}

fn required_slots(stage: &Stage, kind: &dyn StageKind, found: &mut Diagnostics) {
    for slot in kind.inputs() {
        let bound = stage
            .inputs
            .iter()
            .any(|binding| *binding.slot == *slot.name);
        if !slot.optional && !bound {
            found.push(
                Diagnostic::error(format!(
                    "stage `{}` does not say what `{}` is",
                    stage.name, slot.name
                ))
                .at(&stage.place, format!("`{}` reads it", kind.name()))
                .help(format!(
                    "`in: {{{}: stage}}` binds it ({})",
                    slot.name, slot.doc
                )),
            );
        }
    }
}

/// By source of the binding, by kind of that source: the output that is read. A kind may lack a
/// slot that others of the stage (`beside`) have, as with parameters: it is left out there.
fn read_slot(
    experiment: &Experiment,
    stage: &Stage,
    kind: &dyn StageKind,
    beside: &[&'static dyn StageKind],
    binding: &Binding,
    done: &[Option<StageKinds>],
    found: &mut Diagnostics,
) -> Vec<OutputBySourceKind> {
    let any = Slot::new("", &[ArtifactType::Any], "");
    let slot = match slot_of(kind, &binding.slot) {
        Some(slot) => slot,
        None if open_slots(kind) => any,
        None if beside.iter().any(|k| slot_of(*k, &binding.slot).is_some()) => return Vec::new(),
        None => {
            let slots = kind.inputs();
            let known = slots.iter().map(|slot| slot.name);
            let help = match slots.is_empty() {
                true => Some("it reads nothing".to_owned()),
                false => did_you_mean(&binding.slot, known, "slots"),
            };
            found.push(
                Diagnostic::error(format!("`{}` has no slot `{}`", kind.name(), binding.slot))
                    .at(&binding.slot_place, "no such slot")
                    .maybe_help(help),
            );
            return Vec::new();
        }
    };
    let sources = binding.sources.iter();
    sources
        .map(|input| match &input.from {
            Origin::File(_) => {
                if !accepts(&slot, ArtifactType::File) {
                    found.push(
                        mismatch(stage, &slot, input, "a plain file")
                            .help("a stage has to make the artifact from the file"),
                    );
                }
                Vec::new()
            }
            Origin::Stage {
                stage: name,
                output,
            } => {
                let source = experiment.pipeline.position(name);
                let Some((source, known)) = source.and_then(|index| {
                    Some((&experiment.pipeline.stages[index], done[index].as_ref()?))
                }) else {
                    return Vec::new();
                };
                let kinds = known.kinds.iter().zip(&known.outputs);
                kinds
                    .map(|(kind, outputs)| {
                        let read = Reading {
                            stage,
                            input_slot: &binding.slot,
                            slot: &slot,
                            input,
                            source,
                            kind: *kind,
                            outputs,
                        };
                        read.output(output.as_deref(), found)
                    })
                    .collect()
            }
        })
        .collect()
}

/// One slot that reads one stage of one kind.
struct Reading<'r> {
    stage: &'r Stage,
    /// As the stage binds it: the slots of commands have no name of their own.
    input_slot: &'r str,
    slot: &'r Slot,
    input: &'r Input,
    source: &'r Stage,
    kind: &'static dyn StageKind,
    outputs: &'r [Output],
}

impl Reading<'_> {
    /// The output that is read; none for the whole step, or where nothing fits.
    fn output(&self, wanted: Option<&str>, found: &mut Diagnostics) -> Option<Arc<str>> {
        if let Some(wanted) = wanted {
            let output = self.outputs.iter().find(|(name, _)| **name == *wanted);
            let Some((name, ty)) = output else {
                let known = self.outputs.iter().map(|(name, _)| &**name);
                found.push(
                    Diagnostic::error(format!(
                        "stage `{}` leaves no output `{wanted}`",
                        self.source.name
                    ))
                    .at(&self.input.place, "no such output")
                    .maybe_help(did_you_mean(
                        wanted,
                        known,
                        "its outputs are",
                    )),
                );
                return None;
            };
            if !accepts(self.slot, *ty) {
                found.push(self.wrong(&format!("a {ty}")));
            }
            return Some(Arc::clone(name));
        }
        if self.slot.whole {
            return None;
        }
        let fits = self
            .outputs
            .iter()
            .filter(|(_, ty)| accepts(self.slot, *ty));
        let fits: Vec<&Arc<str>> = fits.map(|(name, _)| name).collect();
        match fits[..] {
            [] => {}
            [only] => return Some(Arc::clone(only)),
            // Any choice of ours would change with what else the stage leaves.
            [first, ..] => {
                found.push(self.ambiguous(&fits));
                return Some(Arc::clone(first));
            }
        }
        let mut types: Vec<String> = self.outputs.iter().map(|(_, ty)| ty.to_string()).collect();
        types.dedup();
        // An unknown kind before this one was reported there.
        if !types.is_empty() {
            found.push(self.wrong(&format!("a {}", types.join(" and a "))));
        }
        None
    }

    /// Several outputs would do, and the manifest does not say which is meant.
    fn ambiguous(&self, fits: &[&Arc<str>]) -> Diagnostic {
        let mut names: Vec<String> = fits
            .iter()
            .map(|output| format!("{}.{output}", self.source.name))
            .collect();
        names.sort();
        Diagnostic::error(format!(
            "slot `{}` of stage `{}` takes one output, and {} of `{}` fit",
            self.input_slot,
            self.stage.name,
            names.len(),
            self.source.name
        ))
        .at(&self.input.place, "which one is meant?")
        .also(
            &self.source.uses.place,
            format!("`{}` leaves several outputs", self.kind.name()),
        )
        .help(format!("name it: {}", list_of(names)))
    }

    fn wrong(&self, what: &str) -> Diagnostic {
        let wrong = mismatch(self.stage, self.slot, self.input, what);
        wrong.also(
            &self.source.uses.place,
            format!("`{}` leaves {what}", self.kind.name()),
        )
    }
}

fn mismatch(stage: &Stage, slot: &Slot, input: &Input, what: &str) -> Diagnostic {
    let wanted: Vec<String> = slot.accepts.iter().map(|ty| format!("a {ty}")).collect();
    Diagnostic::error(format!(
        "slot `{}` of stage `{}` takes {}",
        slot.name,
        stage.name,
        wanted.join(" or ")
    ))
    .at(&input.place, format!("this is {what}"))
}

pub(super) fn accepts(slot: &Slot, ty: ArtifactType) -> bool {
    slot.accepts.iter().any(|accepted| accepted.accepts(ty))
}
