//! Who waits for whom, as flat arrays, and how long the longest way to the end is.

use crate::plan::From;
use crate::plan::Step;
use crate::plan::StepId;

/// The edges of a plan, both ways, each once.
pub(super) struct Graph {
    needs: Edges,
    needed_by: Edges,
}

/// Lists of steps, one per step, end to end in one array.
struct Edges {
    starts: Vec<u32>,
    ends: Vec<StepId>,
}

impl Edges {
    fn of(&self, id: StepId) -> &[StepId] {
        let from = self.starts[id.index()] as usize;
        let to = self.starts[id.index() + 1] as usize;
        &self.ends[from..to]
    }
}

impl Graph {
    pub(super) fn new(steps: &[Step]) -> Self {
        let mut starts = Vec::with_capacity(steps.len() + 1);
        let mut ends = Vec::new();
        let mut counts = vec![0_u32; steps.len() + 1];
        // The step that last listed a step: tells repeated edges without sorting.
        let mut seen = vec![u32::MAX; steps.len()];
        for (index, step) in steps.iter().enumerate() {
            starts.push(ends.len() as u32);
            for item in step.inputs.iter().flat_map(|input| &input.items) {
                let From::Step { step: need, .. } = item.from else {
                    continue;
                };
                assert!(need.index() < index, "BUG: the plan is not in order");
                if seen[need.index()] != index as u32 {
                    seen[need.index()] = index as u32;
                    ends.push(need);
                    counts[need.index() + 1] += 1;
                }
            }
        }
        starts.push(ends.len() as u32);
        let needs = Edges { starts, ends };
        for index in 0..steps.len() {
            counts[index + 1] += counts[index];
        }
        let mut next = counts.clone();
        let mut back = vec![StepId(0); needs.ends.len()];
        for index in 0..steps.len() {
            let id = StepId(index as u32);
            for need in needs.of(id) {
                let slot = &mut next[need.index()];
                back[*slot as usize] = id;
                *slot += 1;
            }
        }
        Graph {
            needs,
            needed_by: Edges {
                starts: counts,
                ends: back,
            },
        }
    }

    /// The steps whose results this one reads.
    pub(super) fn needs(&self, id: StepId) -> &[StepId] {
        self.needs.of(id)
    }

    /// The steps that read this one's result.
    pub(super) fn needed_by(&self, id: StepId) -> &[StepId] {
        self.needed_by.of(id)
    }

    /// For every step the time from its start to the end of the run if nothing had to wait: what
    /// most depends on starts first.
    pub(super) fn critical_path(&self, durations: &[f64]) -> Vec<f64> {
        let mut longest = durations.to_vec();
        for index in (0..durations.len()).rev() {
            let after = self.needed_by(StepId(index as u32)).iter();
            let after = after.map(|id| longest[id.index()]).fold(0.0, f64::max);
            longest[index] += after;
        }
        longest
    }
}
