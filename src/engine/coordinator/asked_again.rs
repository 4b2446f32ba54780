//! What programs say of themselves once all has ended. They are asked now and then, not for every step: one that was
//! made after the last answer of which its key is may have run with another version.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use crate::engine::Event;
use crate::engine::JobError;
use crate::engine::nodes::Node;
use crate::plan::Step;
use crate::plan::StepId;
use crate::plan::first_difference;
use crate::store::Digest;
use crate::store::StoreError;

use super::Coordinator;
use super::updates::AttemptEnd;

impl Coordinator<'_, '_> {
    /// Takes back the results of steps whose programs say another thing by now and were not asked meanwhile. Of one
    /// that cannot be asked nothing is known: its steps keep what they have, and the run says so.
    ///
    /// # Errors
    /// Where the store fails.
    pub(in crate::engine) fn ask_again(&mut self) -> Result<(), StoreError> {
        let mut silent = BTreeSet::new();
        let made = self.nodes.iter().filter_map(|node| {
            let root = &self.engine.options.root;
            let why = changed(&node.step, node.made_at?, root, &mut silent)?;
            Some((node.key?, why))
        });
        let doubtful: BTreeMap<Digest, String> = made.collect();
        for message in silent {
            self.journal.emit(Event::Warning {
                step: None,
                message,
            });
        }
        if doubtful.is_empty() {
            return Ok(());
        }
        self.engine.store.forget_results(doubtful.keys())?;
        // With those that were spared a run of their own by the same key.
        let why = |node: &Node| Some((node.step.id, doubtful.get(&node.key?)?.clone()));
        let taken_back: Vec<(StepId, String)> = self.nodes.iter().filter_map(why).collect();
        for (id, why) in taken_back {
            let error = JobError::failed(why)
                .hint("it may have run with either version, so there is no result: run again")
                .disturbed();
            if self.nodes[id].made_at.is_some() {
                let end = AttemptEnd {
                    id,
                    number: self.nodes[id].attempts,
                    seconds: 0.0,
                    log: String::new(),
                    checkpointed: false,
                    environment: None,
                };
                let attempt = self.attempt(&end, Err(&error));
                // Where that cannot be kept the next run finds no result all the same.
                let _ = self.record(&[attempt]);
            }
            self.nodes.take_back(id);
            self.tell_failed(id, error, "", 0.0);
        }
        Ok(())
    }
}

/// What a program says now that said another thing when the key of a step was made. `silent` has those that cannot be
/// asked.
fn changed(
    step: &Step,
    made: Instant,
    root: &Path,
    silent: &mut BTreeSet<String>,
) -> Option<String> {
    let keyed = step.kind.programs_in_key(&step.params, root).ok()?;
    if keyed.is_empty() {
        return None;
    }
    let now = step.kind.programs_since(&step.params, root, made);
    let mut differing = None;
    for ((name, before), (_, now)) in keyed.iter().zip(now) {
        match now {
            Ok(now) if now == *before => {}
            Ok(now) => differing = differing.or(Some((name, before, now))),
            Err(message) => {
                silent.insert(message);
            }
        }
    }
    let (name, before, now) = differing?;
    let (before, now) = first_difference(before, &now);
    Some(format!(
        "`environment` {name} changed while the run went on: `{}`, then `{}`",
        before.unwrap_or_default(),
        now.unwrap_or_default()
    ))
}
