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

/// The inputs of the step of a new cell; none where something it cannot do without does not exist.
pub(super) fn gather(
    stage: &Stage,
    order: &[usize],
    reads: &mut [Vec<Read>],
    cell: usize,
    kind: &dyn StageKind,
) -> Option<Vec<Input>> {
    let mut inputs = Vec::with_capacity(order.len());
    for at in order {
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
                false => return None,
            }
        }
        inputs.push(Input {
            slot: Arc::clone(&binding.slot),
            items,
            reduced,
            missing_allowed: stage.missing_allowed,
        });
    }
    Some(inputs)
}
