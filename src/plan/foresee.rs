//! Steps against what the steps before them will leave, as far as that is known before they run.

use std::sync::Arc;

use std::collections::HashSet;

use crate::manifest::Experiment;
use crate::registry::Facts;
use crate::registry::Misfit;
use crate::registry::memory;
use crate::registry::shape_text;
use crate::text::Diagnostic;
use crate::text::Diagnostics;

use super::From;
use super::Step;

/// What is known of the results of steps before they run, by step.
#[derive(Default)]
pub(super) struct Foreseen {
    /// Most steps have nothing known of them.
    known: Vec<Option<Box<Facts>>>,
}

impl Foreseen {
    /// Says what cannot work in the steps that it has not seen, once for every slot of a stage. `steps` are
    /// in topological order, those that it has seen first.
    pub(super) fn check(
        &mut self,
        steps: &[Arc<Step>],
        experiment: &Experiment,
        found: &mut Diagnostics,
    ) {
        let from = self.known.len();
        self.known.reserve(steps.len() - from);
        let mut said = HashSet::new();
        for step in &steps[from..] {
            let reads = |slot: &str| facts(step, slot, &self.known);
            let facts = step.kind.foresee(&step.params, &reads);
            let facts = facts.and_then(|facts| match too_large(step, &reads("data")) {
                Some(misfit) => Err(misfit),
                None => Ok(facts),
            });
            let facts = facts.unwrap_or_else(|misfit| {
                if said.insert((&step.stage, misfit.slot)) {
                    found.push(diagnostic(step, &misfit, steps, experiment));
                }
                Facts::default()
            });
            self.known
                .push((facts != Facts::default()).then(|| Box::new(facts)));
        }
    }

    /// Forgets the last steps, so that so many are left.
    pub(super) fn truncate(&mut self, steps: usize) {
        self.known.truncate(steps);
    }
}

/// What is known of all that a slot reads.
fn facts(step: &Step, slot: &str, known: &[Option<Box<Facts>>]) -> Facts {
    let items = step.inputs.iter().filter(|input| *input.slot == *slot);
    let mut all = items
        .flat_map(|input| &input.items)
        .map(|item| match &item.from {
            From::Step { step, .. } => known[step.index()].as_deref(),
            From::File { .. } => None,
        });
    let first = all.next().flatten().cloned().unwrap_or_default();
    all.fold(first, |common, facts| match facts {
        Some(facts) => common.common(facts),
        None => Facts::default(),
    })
}

/// A training whose networks alone, over these observations, are larger than this machine.
fn too_large(step: &Step, data: &Facts) -> Option<Misfit> {
    let shape = data.shape.as_deref()?;
    if !step.kind.name().starts_with("train/") {
        return None;
    }
    let (param, bytes) = memory::at_least_over(&step.params, shape.iter().product())?;
    let all = memory::of_this_machine();
    (bytes > all).then(|| Misfit {
        slot: "data",
        message: format!(
            "with this `{param}`, over {}, it takes {} of memory or more",
            shape_text(shape),
            memory::shown(bytes)
        ),
        beside: None,
        help: format!("this machine has {}", memory::shown(all)),
    })
}

fn diagnostic(
    step: &Step,
    misfit: &Misfit,
    steps: &[Arc<Step>],
    experiment: &Experiment,
) -> Diagnostic {
    let stages = &experiment.pipeline.stages;
    let stage = stages.iter().find(|stage| stage.name == step.stage);
    let place_of = |slot: &str| {
        let binding = stage.and_then(|stage| {
            let mut bindings = stage.inputs.iter();
            bindings.find(|binding| *binding.slot == *slot)
        });
        let source = binding.and_then(|binding| binding.sources.first());
        source.map_or(&step.place, |source| &source.place)
    };
    let place = place_of(misfit.slot);
    let kind = step.kind.name();
    let mut said = Diagnostic::error(format!("`{kind}` cannot work with this `{}`", misfit.slot))
        .at(place, &misfit.message);
    if let Some((slot, label)) = &misfit.beside {
        said = said.also(place_of(slot), label);
    }
    // The step behind it shows which of several kinds it is.
    let inputs = step
        .inputs
        .iter()
        .filter(|input| *input.slot == *misfit.slot);
    let mut items = inputs.flat_map(|input| &input.items);
    if let Some(From::Step { step: made, .. }) = items.next().map(|item| &item.from) {
        let made = &steps[made.index()];
        let label = format!("`{}` of `{step}`", made.kind.name());
        said = said.also(&made.place, label);
    }
    said.help(&misfit.help)
}
