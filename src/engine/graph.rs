//! Who waits for whom, as lists in flat arrays to which steps can be added, and how long the longest
//! way to the end is.

use crate::plan::From;
use crate::plan::Step;
use crate::plan::StepId;

/// The edges of a plan, both ways, each once.
#[derive(Default)]
pub(super) struct Graph {
    needs: Lists,
    needed_by: Lists,
    /// The step that last listed a step: tells repeated edges without sorting.
    seen: Vec<u32>,
}

/// A list of steps for each step, in the order in which they were added.
#[derive(Default)]
struct Lists {
    /// By step: its first and last entry.
    ends: Vec<(u32, u32)>,
    /// A step, and where the list goes on.
    entries: Vec<(StepId, u32)>,
}

/// No entry.
const NONE: u32 = u32::MAX;

impl Lists {
    fn push(&mut self, of: StepId, step: StepId) {
        let entry = self.entries.len() as u32;
        self.entries.push((step, NONE));
        let (first, last) = &mut self.ends[of.index()];
        match *last {
            NONE => *first = entry,
            last => self.entries[last as usize].1 = entry,
        }
        *last = entry;
    }

    fn of(&self, id: StepId) -> impl Iterator<Item = StepId> + '_ {
        let mut at = self.ends[id.index()].0;
        std::iter::from_fn(move || {
            let (step, next) = *self.entries.get(at as usize)?;
            at = next;
            Some(step)
        })
    }
}

impl Graph {
    /// Adds the next step of the plan. Panics where it reads one that comes after it.
    pub(super) fn add(&mut self, step: &Step) {
        let id = step.id;
        for lists in [&mut self.needs, &mut self.needed_by] {
            lists.ends.push((NONE, NONE));
        }
        self.seen.push(NONE);
        for item in step.inputs.iter().flat_map(|input| &input.items) {
            let From::Step { step: need, .. } = item.from else {
                continue;
            };
            assert!(need < id, "BUG: the plan is not in order");
            if self.seen[need.index()] != id.0 {
                self.seen[need.index()] = id.0;
                self.needs.push(id, need);
                self.needed_by.push(need, id);
            }
        }
    }

    /// The steps whose results this one reads.
    pub(super) fn needs(&self, id: StepId) -> impl Iterator<Item = StepId> + '_ {
        self.needs.of(id)
    }

    /// The steps that read this one's result.
    pub(super) fn needed_by(&self, id: StepId) -> impl Iterator<Item = StepId> + '_ {
        self.needed_by.of(id)
    }

    /// For every step the time from its start to the end of the run if nothing had to wait: what
    /// most depends on starts first.
    pub(super) fn critical_path(&self, durations: &[f64]) -> Vec<f64> {
        let mut longest = durations.to_vec();
        for index in (0..durations.len()).rev() {
            let after = self.needed_by(StepId(index as u32));
            let after = after.map(|id| longest[id.index()]).fold(0.0, f64::max);
            longest[index] += after;
        }
        longest
    }
}
