//! What a run asks a shared store for.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering;

use super::RemoteSettings;
use crate::cli::project::Project;
use crate::engine::SharedResults;
use crate::remote::Progress;
use crate::remote::Remote;
use crate::remote::RemoteError;
use crate::store::Digest;
use crate::store::Store;

/// Takes results from a shared store. Where that fails once, the run goes on without it.
pub(in crate::cli) struct Supply<'s> {
    store: &'s Store,
    place: String,
    root: std::path::PathBuf,
    /// Opened when the first result is asked for: a run that changes nothing does not wait for a network.
    remote: Mutex<Option<Arc<Remote>>>,
    away: AtomicBool,
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
            place: settings.place.clone(),
            root: project.plan.experiment.root.clone(),
            remote: Mutex::default(),
            away: AtomicBool::new(false),
            stop,
        }
    }

    fn remote(&self) -> Result<Arc<Remote>, RemoteError> {
        let mut known = self.remote.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(remote) = &*known {
            return Ok(Arc::clone(remote));
        }
        let opened = Arc::new(Remote::open(&self.place, &self.root)?);
        *known = Some(Arc::clone(&opened));
        Ok(opened)
    }

    fn fetch(
        &self,
        keys: &[Digest],
        warn: &mut dyn FnMut(String),
    ) -> Result<Vec<Digest>, RemoteError> {
        let remote = self.remote()?;
        let progress = Progress::stopped_by(Arc::clone(&self.stop));
        let answers = remote.fetch(self.store, keys, &progress)?;
        let mut there = Vec::new();
        for (key, answer) in keys.iter().zip(answers) {
            for refusal in answer.refused {
                let (name, place) = (&refusal.name, remote.place());
                warn(format!("`{name}` of `{place}` is refused: {}", refusal.why));
            }
            there.extend(answer.result.map(|_| *key));
        }
        self.store
            .note_shared(remote.place(), remote.id(), &there)?;
        Ok(there)
    }
}

impl SharedResults for Supply<'_> {
    fn bring(&self, keys: &[Digest], warn: &mut dyn FnMut(String)) -> Vec<Digest> {
        if self.away.load(Ordering::Relaxed) {
            return Vec::new();
        }
        match self.fetch(keys, warn) {
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
                Vec::new()
            }
        }
    }

    fn place(&self) -> &str {
        &self.place
    }
}
