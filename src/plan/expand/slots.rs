//! The inputs of a step, slot by slot, from what every source gives its cell.

use std::sync::Arc;

use crate::manifest::Binding;
use crate::manifest::Stage;
use crate::plan::Input;
use crate::plan::kind_of::KindOf;
use crate::plan::kinds;
use crate::registry::StageKind;

use super::reading::Read;

/// By kind: the bindings in the order of the kind's slots, without those it has no slot for.
pub(super) fn slot_order(stage: &Stage, kind_of: &KindOf) -> Vec<Vec<usize>> {
    kind_of
        .kinds
        .iter()
        .map(|kind| {
            let slots = kind.inputs();
            let mut order: Vec<usize> = (0..stage.inputs.len()).collect();
            order.retain(|at| {
                let name = &*stage.inputs[*at].slot;
                kinds::open_slots(*kind) || slots.iter().any(|slot| slot.name == name)
            });
            // Slots that no kind declares, those of commands, come in the order of their names.
            order.sort_by_key(|at| {
                let name = &*stage.inputs[*at].slot;
                let known = slots.iter().position(|slot| slot.name == name);
                (known.unwrap_or(slots.len()), name.to_owned())
            });
            order
        })
        .collect()
}

/// Why a step does not exist: there is nothing for one of its inputs.
pub(super) struct Missing {
    /// Among those of the stage.
    pub binding: usize,
    /// Whether there is something for others.
    pub others: bool,
}

/// The inputs of the step of a new cell.
///
/// # Errors
/// Where something it cannot do without does not exist.
pub(super) fn gather(
    stage: &Stage,
    order: &[usize],
    reads: &mut [Vec<Read>],
    cell: usize,
    kind: &dyn StageKind,
) -> Result<Vec<Input>, Missing> {
    let mut inputs = Vec::with_capacity(order.len());
    for (place, at) in order.iter().enumerate() {
        let binding: &Binding = &stage.inputs[*at];
        let mut items = Vec::new();
        let mut reduced = false;
        for read in &mut reads[*at] {
            reduced |= read.reduced;
            let given = std::mem::take(&mut read.items[cell]);
            match items.is_empty() {
                true => items = given,
                false => items.extend(given),
            }
        }
        if items.is_empty() {
            let optional = kinds::slot_of(kind, &binding.slot).is_some_and(|slot| slot.optional);
            match optional {
                true => continue,
                false => {
                    let mut later = order[place + 1..].iter().flat_map(|at| &reads[*at]);
                    let others =
                        !inputs.is_empty() || later.any(|read| !read.items[cell].is_empty());
                    return Err(Missing {
                        binding: *at,
                        others,
                    });
                }
            }
        }
        inputs.push(Input {
            slot: Arc::clone(&binding.slot),
            items,
            reduced,
            missing_allowed: stage.missing_allowed,
        });
    }
    Ok(inputs)
}
