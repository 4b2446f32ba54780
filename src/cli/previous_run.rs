//! What earlier runs left: the store as planning asks it.

use std::collections::BTreeMap;
use std::io;
use std::io::Write;
use std::path::Path;
use std::sync::OnceLock;

use super::printer::Printer;
use super::project::Project;
use super::stop::Stop;
use crate::plan::History;
use crate::plan::Look;
use crate::plan::StepId;
use crate::plan::StepStatus;
use crate::plan::left_nothing;
use crate::stages::Results;
use crate::store::Access;
use crate::store::Digest;
use crate::store::KeyParts;
use crate::store::Lookup;
use crate::store::Maker;
use crate::store::ProjectInput;
use crate::store::Store;
use crate::store::StoreError;
use crate::text::ShowPath;

/// What earlier runs left.
pub(super) struct PreviousRun {
    pub store: Option<Store>,
    /// The last key of each step, by its name.
    last: BTreeMap<String, Digest>,
    experiment: String,
    /// Steps that are to run also where their results are known.
    forced: Vec<StepId>,
    /// How the last attempts at its steps ended; asked for where one has no result.
    outcomes: OnceLock<BTreeMap<String, String>>,
    /// Who made what is under each key; asked for where a step has no cache.
    makers: OnceLock<BTreeMap<Digest, Maker>>,
}

impl PreviousRun {
    pub(super) fn of(project: &Project) -> Result<PreviousRun, Stop> {
        PreviousRun::in_store(project, project.read_store()?)
    }

    /// The same in a store that is open.
    pub(super) fn in_store(project: &Project, store: Option<Store>) -> Result<PreviousRun, Stop> {
        let mut last = BTreeMap::new();
        if let Some(store) = &store {
            store.preload(project.plan.steps.len())?;
            last = store.keys_of(&project.name())?;
        }
        Ok(PreviousRun {
            store,
            last,
            forced: Vec::new(),
            experiment: project.name(),
            outcomes: OnceLock::new(),
            makers: OnceLock::new(),
        })
    }

    /// The same where these steps run in any case.
    pub(super) fn forcing(self, forced: Vec<StepId>) -> PreviousRun {
        PreviousRun { forced, ..self }
    }

    /// Says that nothing is to be shown, and what makes it: there never was anything, or none of it is current.
    ///
    /// # Errors
    /// Where that cannot be written.
    pub(super) fn tell_none(&self, manifest: &Path, err: &mut Printer) -> io::Result<()> {
        let manifest = manifest.shown();
        if self.last.is_empty() {
            writeln!(err, "no results yet")?;
            return writeln!(err, "  = help: `sweepline run {manifest}` makes them");
        }
        writeln!(err, "no result that is current")?;
        writeln!(
            err,
            "  = help: `sweepline run {manifest}` makes them, `sweepline plan {manifest} --explain` says what changed"
        )
    }

    /// What would become of every step, in the order of the plan.
    pub(super) fn statuses(&self, project: &Project) -> Vec<StepStatus> {
        self.look(project, Look::Ahead)
    }

    /// What the last run left of every step, in the order of the plan.
    pub(super) fn left(&self, project: &Project) -> Vec<StepStatus> {
        self.look(project, Look::Back)
    }

    /// Takes what was found up to date for the last result of its step, as a run that finds it does: after a switch
    /// of branches that is the result of this one. Left out where somebody else writes, or nobody may.
    pub(super) fn note_found(&self, project: &Project, statuses: &[StepStatus]) {
        let steps = project.plan.steps.iter().zip(statuses);
        let found = steps.filter_map(|(step, status)| match status {
            StepStatus::UpToDate { key, .. } => Some((step.to_string(), *key)),
            _ => None,
        });
        let news = found.filter(|(step, key)| self.last.get(step) != Some(key));
        let news: Vec<(String, Digest)> = news.collect();
        // What a run that was killed has left is the next run's to tell.
        let idle = |store: &Store| {
            std::fs::read_dir(store.scratch()).is_ok_and(|mut left| left.next().is_none())
        };
        if news.is_empty() || !self.store.as_ref().is_some_and(idle) {
            return;
        }
        let noted = Store::open(&project.store, Access::Write { wait: false }).and_then(|store| {
            project.remember_manifest(&store)?;
            let mut keys = store.keys_of(&self.experiment)?;
            keys.extend(news);
            let keys = keys.iter().map(|(step, key)| (step.as_str(), Some(*key)));
            store.set_keys(&self.experiment, &keys.collect::<Vec<_>>())?;
            store.sync()
        });
        if let Err(error) = noted {
            tracing::debug!(%error, "what is up to date is not noted");
        }
    }

    fn look(&self, project: &Project, look: Look) -> Vec<StepStatus> {
        let rules = project.rules();
        project.plan.statuses(&rules, self, look)
    }

    /// The results that the last run left, as it judged them itself.
    pub(super) fn results<'p>(&'p self, project: &'p Project) -> Results<'p> {
        let statuses = self.left(project);
        let steps = project.plan.steps.iter().zip(&statuses);
        let open = steps
            .map(|(step, status)| status.result().is_none() && !left_nothing(&statuses, step.id));
        let open = open.collect();
        let results = statuses.into_iter().map(|status| match status {
            StepStatus::UpToDate { result, .. } => Some(result),
            _ => None,
        });
        Results {
            plan: &project.plan,
            store: self.store.as_ref(),
            by_step: results.collect(),
            open,
        }
    }
}

impl History for PreviousRun {
    fn lookup(&self, key: Digest) -> Result<Lookup, StoreError> {
        match &self.store {
            Some(store) => store.lookup(key),
            None => Ok(Lookup::Miss),
        }
    }

    fn is_forced(&self, step: StepId) -> bool {
        self.forced.contains(&step)
    }

    fn last(&self, step: &str) -> Option<KeyParts> {
        let key = self.last.get(step)?;
        self.store.as_ref()?.parts(*key).ok()?
    }

    fn input_digest(&self, path: &Path) -> Result<Digest, StoreError> {
        let input = match &self.store {
            Some(store) => store.project_input(path),
            None => ProjectInput::read_afresh(path),
        };
        input.map(|input| input.digest())
    }

    fn file_digest(&self, path: &Path) -> Result<Digest, StoreError> {
        match &self.store {
            Some(store) => store.file_digest(path).map(|object| object.digest),
            None => {
                let bytes = std::fs::read(path);
                let bytes = bytes.map_err(|error| StoreError::io("read", path, error))?;
                Ok(Digest::of(&bytes))
            }
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

    fn is_of(&self, key: Digest, step: &str) -> Result<bool, StoreError> {
        let Some(store) = &self.store else {
            return Ok(false);
        };
        let makers = match self.makers.get() {
            Some(makers) => makers,
            None => {
                let makers = store.makers()?;
                self.makers.get_or_init(|| makers)
            }
        };
        // Of what came out of an archive there is no attempt.
        Ok(makers.get(&key).is_none_or(|maker| {
            maker.made && maker.experiment == self.experiment && maker.step == step
        }))
    }
}
