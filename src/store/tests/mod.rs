//! The store on a disk that works, on one that does not, and under processes that die.

mod access;
mod killed;
mod objects;
mod replacing;
mod trouble;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::map::SortedVecMap;

use super::*;

fn open(root: &Path) -> Store {
    Store::open(root, Access::Write { wait: false }).expect("nobody else uses the store")
}

/// An attempt that left these files as output `out`.
fn attempt(step: &str, objects: &[Object]) -> Attempt {
    let files = objects.iter().enumerate();
    let files = files.map(|(index, object)| (format!("file-{index}"), *object));
    let artifact = Artifact::from(files.collect::<SortedVecMap<_>>());
    Attempt {
        step: step.to_owned(),
        place: "pipelines/test.yaml:1:1".to_owned(),
        kind: "test".to_owned(),
        key: Digest::of(step.as_bytes()),
        parts: BTreeMap::from([("param.name".to_owned(), step.to_owned())]),
        number: 1,
        seconds: 0.5,
        log: format!("log of {step}\n"),
        environment: None,
        outcome: Outcome::Made(Arc::new(StepResult {
            outputs: SortedVecMap::from([("out".to_owned(), artifact)]),
            diverged: None,
            seconds: 0.5,
        })),
    }
}
