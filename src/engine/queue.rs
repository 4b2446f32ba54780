//! Steps that could start, ordered by critical path, one heap for every distinct share of the
//! resources: finding the next one that fits costs one look per share, not per step.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::BinaryHeap;
use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use crate::plan::Cell;
use crate::plan::StepId;
use crate::registry::Value;

use super::Resources;
use super::pools::Pools;

/// How often steps behind may overtake the first one that does not fit, before what is free is
/// kept for it: a wide step must not starve among narrow ones.
const OVERTAKEN: u32 = 64;

#[derive(Default)]
pub(super) struct Queue {
    shares: BTreeMap<Resources, BinaryHeap<Waiting>>,
    /// The step that should be next but does not fit, and how often it was overtaken.
    blocked: Option<(StepId, u32)>,
}

/// What tells most before all others, then the longest remaining path, then plan order.
type Waiting = (Tells, u64, Reverse<StepId>);

/// What the end of a step tells early: whether others like it work, and how long they take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tells {
    Nothing,
    /// It is the first of its stage with this system, this data set: with a text that one of its axes has.
    Value,
    Stage,
}

/// The stages of which a step was queued, and the texts that their axes had.
#[derive(Default)]
pub(super) struct Begun(HashMap<Arc<str>, HashSet<String>>);

impl Begun {
    /// A step is queued.
    pub(super) fn add(&mut self, stage: &Arc<str>, cell: &Cell) -> Tells {
        let texts = || {
            let values = cell.iter().map(|(_, value)| value);
            values.filter_map(|value| match value {
                Value::Str(text) => Some(text),
                _ => None,
            })
        };
        match self.0.entry(Arc::clone(stage)) {
            Entry::Vacant(stage) => {
                stage.insert(texts().cloned().collect());
                Tells::Stage
            }
            Entry::Occupied(mut stage) => {
                let known = stage.get_mut();
                let mut tells = Tells::Nothing;
                for text in texts() {
                    if !known.contains(text) {
                        known.insert(text.clone());
                        tells = Tells::Value;
                    }
                }
                tells
            }
        }
    }
}

impl Queue {
    pub(super) fn push(&mut self, id: StepId, tells: Tells, priority: f64, share: Resources) {
        // The bits of non-negative floats are ordered as the floats are.
        let priority = priority.max(0.0).to_bits();
        let heap = self.shares.entry(share).or_default();
        heap.push((tells, priority, Reverse(id)));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.shares.is_empty()
    }

    /// Takes out the next step that fits.
    pub(super) fn pop(&mut self, pools: &Pools) -> Option<(StepId, Resources)> {
        if !pools.any_job_free() {
            return None;
        }
        let heads = || {
            let heads = self.shares.iter();
            heads.filter_map(|(share, heap)| heap.peek().map(|head| (*head, share)))
        };
        let (first, _) = heads().max()?;
        let ((head, share), first) = (
            heads().filter(|(_, share)| pools.fits(share)).max()?,
            first.2.0,
        );
        if head.2.0 == first {
            self.blocked = None;
        } else {
            let overtaken = match self.blocked {
                Some((id, overtaken)) if id == first => overtaken + 1,
                _ => 1,
            };
            self.blocked = Some((first, overtaken));
            if overtaken > OVERTAKEN {
                return None;
            }
        }
        let share = share.clone();
        let heap = self.shares.get_mut(&share)?;
        heap.pop();
        if heap.is_empty() {
            self.shares.remove(&share);
        }
        Some((head.2.0, share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_with_a_text_tells_of_others_with_it() {
        let mut begun = Begun::default();
        let mut add = |stage: &str, system: &str, seed: i64| {
            let cell = [
                ("system".into(), Value::Str(system.to_owned())),
                ("seed".into(), Value::Int(seed)),
            ];
            begun.add(&stage.into(), &Cell(cell.into()))
        };
        assert_eq!(add("fit", "vae", 0), Tells::Stage);
        assert_eq!(add("fit", "vae", 1), Tells::Nothing);
        assert_eq!(add("fit", "sa-vae", 0), Tells::Value);
        assert_eq!(add("score", "sa-vae", 0), Tells::Stage);
        assert_eq!(add("score", "vae", 1), Tells::Value);
        assert!(Tells::Stage > Tells::Value && Tells::Value > Tells::Nothing);
    }
}
