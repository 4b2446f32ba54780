//! What an experiment reaches: what a push sends, and what its roots keep in the shared store.

use std::collections::BTreeSet;
use std::collections::HashSet;
use std::path::Path;
use std::path::PathBuf;

use serde_json::Value as Json;

use super::RemoteSettings;
use crate::cli::project::Project;
use crate::cli::runs;
use crate::remote::Root;
use crate::store::Digest;
use crate::store::PastRun;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::real_path;

/// How many runs are looked through for named ones.
const RUNS: usize = 100_000;

/// What an experiment reaches, and what of it is to be sent.
pub(super) struct Reached {
    who: String,
    pub project: String,
    pub experiment: String,
    /// The root of the project, without links.
    pub folder: PathBuf,
    /// What was found now.
    pub left: Vec<Digest>,
    /// That and what the last run left.
    keys: BTreeSet<Digest>,
    named: Vec<PastRun>,
    /// What a program has proposed for its search.
    search: Option<Json>,
}

impl Reached {
    pub(super) fn of(
        project: &Project,
        store: &Store,
        left: Vec<Digest>,
    ) -> Result<Self, StoreError> {
        let mut keys: BTreeSet<Digest> = left.iter().copied().collect();
        // A manifest that was edited and not run yet reaches none of it, and it is as dear as before; of what is damaged
        // here the shared store may have the last whole copy.
        for key in left_by_last_run(project, store)? {
            if store.has_record(key)? {
                keys.insert(key);
            }
        }
        let experiment = project.name();
        let mut named = store.runs(RUNS)?;
        named.retain(|run| !run.names.is_empty() && run.experiment == experiment);
        let folder = real_path(&project.plan.experiment.root);
        Ok(Reached {
            who: who(project.remote.as_ref()),
            project: project_id(project, &folder, store)?,
            experiment,
            folder,
            left,
            keys,
            named,
            search: project.answers(),
        })
    }

    fn root(&self, name: String, keys: BTreeSet<Digest>) -> Root {
        Root {
            who: self.who.clone(),
            project: self.project.clone(),
            name,
            keys,
            search: None,
        }
    }

    /// Tells whether the roots are those that were sent; what named runs left stays as it was.
    pub(super) fn digest(&self) -> Digest {
        let named = self.named.iter().map(|run| (&run.run, &run.names));
        let root = (&self.who, &self.project, &self.experiment, &self.keys);
        let named = named.collect::<Vec<_>>();
        let text = match &self.search {
            Some(search) => serde_json::to_vec(&(root, named, search)),
            None => serde_json::to_vec(&(root, named)),
        };
        Digest::of(&text.expect("names and digests are plain data"))
    }

    /// What it reaches, as one root, with one for each named run; and the keys of what is to be sent.
    pub(super) fn roots(&self, store: &Store) -> Result<(Vec<Root>, Vec<Digest>), StoreError> {
        let mut send = self.keys.clone();
        let mut roots = vec![Root {
            search: self.search.clone(),
            ..self.root(self.experiment.clone(), self.keys.clone())
        }];
        for run in &self.named {
            let mut keys = BTreeSet::new();
            let left = runs::keys(store, &run.run).map_err(|error| {
                StoreError::io("read", &runs::events_file(store, &run.run), error)
            })?;
            for (_, key) in left {
                if store.has_record(key)? {
                    keys.insert(key);
                }
            }
            send.extend(&keys);
            for name in &run.names {
                roots.push(self.root(format!("{}/{name}", self.experiment), keys.clone()));
            }
        }
        Ok((roots, send.into_iter().collect()))
    }
}

/// The last key of every step, but of those that have no cache: these are nobody else's.
fn left_by_last_run(project: &Project, store: &Store) -> Result<Vec<Digest>, StoreError> {
    let steps = project.plan.steps.iter();
    let uncached = steps.filter(|step| !step.policy.cache);
    let uncached: HashSet<String> = uncached.map(ToString::to_string).collect();
    let left = store.keys_of(&project.name())?.into_iter();
    let left = left.filter(|(step, _)| !uncached.contains(step));
    Ok(left.map(|(_, key)| key).collect())
}

/// Who pushes.
pub(super) fn who(settings: Option<&RemoteSettings>) -> String {
    let set = settings.and_then(|settings| settings.name.clone());
    let variable = |name: &str| std::env::var(name).ok().filter(|name| !name.is_empty());
    set.or_else(|| variable("USER"))
        .or_else(|| variable("LOGNAME"))
        .unwrap_or_else(|| "unknown".to_owned())
}

/// A name for this project that copies of it, here or on another machine, do not have: the one that it was first pushed
/// by, as the machines of a cluster have one disk and a name each.
fn project_id(project: &Project, root: &Path, store: &Store) -> Result<String, StoreError> {
    if let Some(known) = store.pushed_as(root)? {
        return Ok(known);
    }
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let mut text = root.as_os_str().as_encoded_bytes().to_vec();
    text.extend(machine.trim().as_bytes());
    text.extend(Store::secret_in(&project.store).unwrap_or_default());
    let name = root.file_name().unwrap_or_default().to_string_lossy();
    Ok(format!("{name}-{}", &Digest::of(&text).to_hex()[..8]))
}
