//! Steps that are added while the run goes on.

use std::sync::Arc;

use crate::engine::Event;
use crate::engine::growth::EndedStep;
use crate::engine::nodes::Node;
use crate::engine::run::count_by_stage;
use crate::engine::run::plain_files;
use crate::plan::Step;
use crate::plan::StepId;

use super::Coordinator;

impl Coordinator<'_, '_> {
    /// Asks what there is to add after the steps that ended, and says which of it can be resolved.
    pub(super) fn grow(&mut self) -> Vec<StepId> {
        let Some(growth) = &mut self.growth else {
            return Vec::new();
        };
        if self.flow.stopping || self.ended.is_empty() && !growth.is_finding_out() {
            return Vec::new();
        }
        let ended = std::mem::take(&mut self.ended);
        let ended = ended.iter().map(|id| {
            let node = &self.nodes[*id];
            EndedStep {
                id: *id,
                state: node.state(),
                failed_itself: node.failed_itself,
                key: node.key,
                result: node.result.as_deref(),
            }
        });
        let added = growth.grow(&ended.collect::<Vec<_>>());
        let from = self.nodes.len();
        if added.is_empty() {
            return Vec::new();
        }
        self.files
            .extend(plain_files(self.engine.store, &added, &self.files));
        self.add(added);
        // What most depends on may be another step now.
        self.flow.priorities.clear();
        let added = || self.nodes.iter().skip(from);
        let free = added().filter(|node| node.waits == 0);
        let free = free.map(|node| node.step.id).collect();
        let grew = Event::PlanGrew {
            steps: self.nodes.len(),
            stages: count_by_stage(added()),
        };
        self.journal.emit(grew);
        free
    }

    /// Adds steps to the plan.
    pub(in crate::engine) fn add(&mut self, steps: Vec<Arc<Step>>) {
        for step in steps {
            self.graph.add(&step);
            let mut node = Node::new(step, true);
            if !self.executors.devices.is_empty() {
                node.executor = (self.engine.route)(&node.step);
            }
            let needs = self.graph.needs(node.step.id);
            node.waits = needs
                .filter(|id| !self.nodes[*id].state().is_final())
                .count() as u32;
            self.nodes.push(node);
        }
    }
}
