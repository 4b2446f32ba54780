//! Steps whose results others may have: they are asked for together, and nothing waits meanwhile but them.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::thread::Scope;

use crate::engine::Event;
use crate::engine::State;
use crate::engine::link::Message;
use crate::plan::Resolution;
use crate::plan::StepId;
use crate::store::Digest;
use crate::store::Lookup;
use crate::store::Wanted;

use super::Coordinator;

impl<'a> Coordinator<'a, '_> {
    /// Whether others are to be asked for the result of a step first. If so, it waits for their answer.
    pub(super) fn ask_for(&mut self, id: StepId, resolution: &Resolution) -> bool {
        let Resolution::Keyed { key, lookup, .. } = resolution else {
            return false;
        };
        let node = &self.nodes[id];
        let asks = self.engine.shared.is_some()
            && !matches!(lookup, Lookup::Hit(_))
            && node.reached
            && node.step.policy.cache
            && !node.force
            && !node.asked
            && !self.flow.stopping
            // An attempt at it may be under way in a queue.
            && self.executors.has_saved(*key).is_none();
        if asks {
            self.nodes[id].asked = true;
            self.nodes[id].key = Some(*key);
            self.nodes.set(id, State::Fetching);
            self.flow.wanted.push(id);
        }
        asks
    }

    /// Asks for what is wanted, on a thread of its own.
    pub(super) fn fetch<'scope>(&mut self, scope: &'scope Scope<'scope, '_>)
    where
        'a: 'scope,
    {
        let wanted = std::mem::take(&mut self.flow.wanted);
        let Some(shared) = self.engine.shared.filter(|_| !wanted.is_empty()) else {
            return;
        };
        let steps = wanted.iter().map(|id| &self.nodes[*id]);
        let keyed = steps.filter_map(|node| Some((node.key?, node.step.outputs())));
        // Equal steps leave the same: they are asked for once.
        let keyed: BTreeMap<Digest, _> = keyed.collect();
        let asked = keyed.into_iter().map(|(key, outputs)| Wanted {
            key,
            outputs: outputs.into_iter().map(|(name, _)| name.into()).collect(),
        });
        let asked: Vec<Wanted> = asked.collect();
        let sender = self.flow.sender.clone();
        self.flow.fetching += wanted.len();
        self.journal.emit(Event::Fetching {
            results: asked.len(),
            from: shared.place().to_owned(),
        });
        let ids = wanted.clone();
        let ask = move || {
            let mut warn = |message| {
                // Nobody listens where the run has ended.
                let _ = sender.send(Message::Warning { id: None, message });
            };
            let there = shared.bring(&asked, &mut warn);
            let _ = sender.send(Message::Fetched { ids, there });
        };
        if std::thread::Builder::new()
            .spawn_scoped(scope, ask)
            .is_err()
        {
            // Without a thread for it they are made here.
            self.fetched(wanted, &[]);
        }
    }

    /// Others have answered: these steps are resolved once more.
    pub(super) fn fetched(&mut self, ids: Vec<StepId>, there: &[Digest]) {
        self.flow.fetching -= ids.len();
        let there: HashSet<Digest> = there.iter().copied().collect();
        for id in &ids {
            let node = &mut self.nodes[*id];
            node.fetched = node.key.is_some_and(|key| there.contains(&key));
        }
        self.flow.answered.extend(ids);
    }
}
