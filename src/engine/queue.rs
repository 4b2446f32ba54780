//! Steps that could start, ordered by critical path, one heap for every distinct share of the
//! resources: finding the next one that fits costs one look per share, not per step.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::BinaryHeap;

use crate::plan::StepId;

use super::Resources;
use super::pools::Pools;

/// How often steps behind may overtake the first one that does not fit, before what is free is
/// kept for it: a wide step must not starve among narrow ones.
const OVERTAKEN: u32 = 64;

#[derive(Default)]
pub(super) struct Queue {
    shares: BTreeMap<Resources, BinaryHeap<Entry>>,
    /// The step that should be next but does not fit, and how often it was overtaken.
    blocked: Option<(StepId, u32)>,
}

/// The first of a stage before all others: it tells early whether the stage works and how long it takes.
/// Then the longest remaining path, then plan order.
type Entry = (bool, u64, Reverse<StepId>);

impl Queue {
    pub(super) fn push(&mut self, id: StepId, first: bool, priority: f64, share: Resources) {
        // The bits of non-negative floats are ordered as the floats are.
        let priority = priority.max(0.0).to_bits();
        let heap = self.shares.entry(share).or_default();
        heap.push((first, priority, Reverse(id)));
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
