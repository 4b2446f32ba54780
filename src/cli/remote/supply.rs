//! What a run asks a shared store for.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering;

use super::RemoteSettings;
use super::line_of_others;
use super::lines_of_refused;
use crate::cli::project::Project;
use crate::engine::SharedResults;
use crate::remote::Progress;
use crate::remote::Remote;
use crate::remote::RemoteError;
use crate::store::Digest;
use crate::store::Lookup;
use crate::store::Store;
use crate::store::Wanted;

/// Takes results from a shared store. Where that fails once, the run goes on without it.
pub(in crate::cli) struct Supply<'s> {
    store: &'s Store,
    root: std::path::PathBuf,
    /// Opened when the first result is asked for: a run that changes nothing does not wait for a network.
    remote: Mutex<Option<Arc<Remote>>>,
    away: AtomicBool,
    /// What was refused, by name: said once.
    told: Mutex<HashSet<String>>,
    settings: RemoteSettings,
    stop: Arc<AtomicU8>,
}

impl<'s> Supply<'s> {
    pub(in crate::cli) fn new(
        project: &Project,
        settings: &RemoteSettings,
        store: &'s Store,
        stop: Arc<AtomicU8>,
    ) -> Self {
        Supply {
            store,
            root: project.plan.experiment.root.clone(),
            remote: Mutex::default(),
            away: AtomicBool::new(false),
            told: Mutex::default(),
            settings: settings.clone(),
            stop,
        }
    }

    fn remote(&self) -> Result<Arc<Remote>, RemoteError> {
        let mut known = self.remote.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(remote) = &*known {
            return Ok(Arc::clone(remote));
        }
        let opened = Remote::open(&self.settings.place, &self.root)?;
        let opened = opened.of_same_numerics(self.settings.same_numerics);
        let opened = Arc::new(opened.trusting(&self.settings.trusted));
        *known = Some(Arc::clone(&opened));
        Ok(opened)
    }

    fn fetch(
        &self,
        wanted: &[Wanted],
        warn: &mut dyn FnMut(String),
    ) -> Result<Vec<Digest>, RemoteError> {
        let remote = self.remote()?;
        let progress = Progress::stopped_by(Arc::clone(&self.stop));
        let answers = remote.fetch(self.store, wanted, &progress)?;
        let mut there = Vec::new();
        let mut refused = Vec::new();
        let mut others = 0;
        for (wanted, answer) in wanted.iter().zip(answers) {
            refused.extend(answer.refused);
            others += usize::from(answer.others);
            there.extend(answer.result.map(|_| wanted.key));
        }
        {
            // A folder that cannot be read is in the way again and again.
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            refused.retain(|refusal| told.insert(refusal.name.clone()));
        }
        for line in lines_of_refused(remote.place(), &refused) {
            warn(line);
        }
        if let Some(line) = line_of_others(remote.place(), others) {
            warn(line);
        }
        self.store
            .note_shared(remote.place(), remote.id(), &there)?;
        Ok(there)
    }
}

impl SharedResults for Supply<'_> {
    fn bring(&self, wanted: &[Wanted], warn: &mut dyn FnMut(String)) -> Vec<Digest> {
        if self.away.load(Ordering::Relaxed) {
            return Vec::new();
        }
        match self.fetch(wanted, warn) {
            Ok(there) => there,
            Err(RemoteError::Stopped) => Vec::new(),
            // A shared store that nobody has pushed to yet has nothing.
            Err(RemoteError::NotThere { place }) => {
                self.away.store(true, Ordering::Relaxed);
                warn(format!(
                    "there is no shared store in `{place}`: this run goes on without it"
                ));
                Vec::new()
            }
            Err(error) => {
                if !self.away.swap(true, Ordering::Relaxed) {
                    warn(format!(
                        "this run goes on without the shared store: {error}"
                    ));
                }
                // What came before that is here.
                let mut here: Vec<Digest> = wanted.iter().map(|wanted| wanted.key).collect();
                here.retain(|key| matches!(self.store.lookup(*key), Ok(Lookup::Hit(_))));
                here
            }
        }
    }

    fn place(&self) -> &str {
        &self.settings.place
    }
}
