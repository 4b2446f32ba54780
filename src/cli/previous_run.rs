//! What earlier runs left: the store as planning asks it.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::project::Project;
use super::project::Stop;
use crate::plan::History;
use crate::plan::StepStatus;
use crate::stages::Results;
use crate::store::Digest;
use crate::store::KeyParts;
use crate::store::Lookup;
use crate::store::Record;
use crate::store::Store;

/// What earlier runs left.
pub struct PreviousRun {
    pub store: Option<Store>,
    /// The last key of each step, by its name.
    last: BTreeMap<String, Digest>,
    experiment: String,
    /// How the last attempts at its steps ended; asked for where one has no result.
    outcomes: OnceCell<BTreeMap<String, String>>,
}

impl PreviousRun {
    pub fn of(project: &Project) -> Result<PreviousRun, Stop> {
        let store = project.read_store()?;
        let mut last = BTreeMap::new();
        if let Some(store) = &store {
            store.preload(project.plan.steps.len())?;
            last = store.keys_of(&project.name())?;
        }
        Ok(PreviousRun {
            store,
            last,
            experiment: project.name(),
            outcomes: OnceCell::new(),
        })
    }

    /// What would become of every step, in the order of the plan.
    pub fn statuses(&self, project: &Project) -> Vec<StepStatus> {
        project
            .plan
            .statuses(&project.rules(self.store.as_ref()), self)
    }

    /// The results of every step that is up to date.
    pub fn results<'p>(&'p self, project: &'p Project) -> Results<'p> {
        let statuses = self.statuses(project).into_iter();
        let result = statuses.map(|status| match status {
            StepStatus::UpToDate { record } => Some(Arc::new(record.result.clone())),
            _ => None,
        });
        Results {
            plan: &project.plan,
            store: self.store.as_ref(),
            result: result.collect(),
        }
    }
}

impl History for PreviousRun {
    fn record(&self, key: &Digest) -> Option<Arc<Record>> {
        // A store that fails to answer knows nothing: the run itself will say why.
        let result = match self.store.as_ref()?.lookup(*key).ok()? {
            Lookup::Hit(result) => result,
            _ => return None,
        };
        Some(Arc::new(Record {
            key: *key,
            parts: KeyParts::new(),
            result: (*result).clone(),
        }))
    }

    fn last(&self, step: &str) -> Option<KeyParts> {
        let key = self.last.get(step)?;
        self.store.as_ref()?.parts(*key).ok()?
    }

    fn file_digest(&self, path: &Path) -> std::io::Result<Digest> {
        match &self.store {
            Some(store) => store
                .file_digest(path)
                .map(|object| object.digest)
                .map_err(std::io::Error::other),
            None => std::fs::read(path).map(|bytes| Digest::of(&bytes)),
        }
    }

    fn unfinished(&self, step: &str) -> Option<String> {
        let store = self.store.as_ref()?;
        let outcomes = self.outcomes.get_or_init(|| {
            // Without them the result is said to be gone: true as well.
            store.last_outcomes(&self.experiment).unwrap_or_default()
        });
        outcomes.get(step).filter(|how| *how != "made").cloned()
    }

    fn intact(&self, _: &Record) -> bool {
        // A lookup that hits has looked at every object.
        true
    }
}
