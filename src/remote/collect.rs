//! What a shared store can do without: what no root reaches, and nobody has written for long.
//!
//! One at a time does this, by a lease. Whoever pushes meanwhile is safe for three reasons: what is younger than
//! `older` stays; who meets something of half that age sends it again; and who finds that somebody has cleaned
//! up while they pushed looks whether all is still there.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashSet;
use std::time::Duration;

use crate::store::Digest;

use super::Progress;
use super::Refusal;
use super::Remote;
use super::RemoteError;
use super::Root;
use super::files::or_refused;
use super::layout;
use super::lease::Held;
use super::parallel::each;
use super::storage::Content;
use super::storage::Kind;

/// Nothing younger is ever removed.
pub const LEAST: Duration = Duration::from_secs(24 * 3600);

/// Changed by every clean-up.
const LAST: &str = "leases/last";

/// What a clean-up removed, or would remove.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    pub records: usize,
    pub objects: usize,
    pub bytes: u64,
    pub kept_records: usize,
    pub kept_objects: usize,
    /// What keeps results, with how many.
    pub roots: BTreeMap<String, usize>,
    /// What could not be read, or not be removed: it stays.
    pub refused: Vec<Refusal>,
    /// Whether a record is among it that somebody may need: all objects stay, as it may name any.
    pub keeps_objects: bool,
}

impl Remote {
    /// Removes what no root reaches and nobody has written for longer than `older`, at least [`LEAST`]. With
    /// `pretend`, only says what that would free. The roots of `forget`, of `who`, go first.
    ///
    /// # Errors
    /// Where somebody else does the same, a root cannot be read or one of `forget` is not there or somebody else's, or
    /// the store ignores conditions.
    pub fn collect(
        &self,
        who: &str,
        older: Duration,
        forget: &[String],
        pretend: bool,
        progress: &Progress,
    ) -> Result<Swept, RemoteError> {
        if !self.conditions {
            return Err(RemoteError::NoConditions {
                place: self.place().to_owned(),
            });
        }
        let older = older.max(LEAST);
        if pretend {
            return self.sweep(who, older, forget, None, progress);
        }
        let nonce = layout::nonce()?;
        self.leased(who, &nonce, |held| {
            // Also where this is killed: what was removed until then is removed.
            self.note_sweep(&format!("{nonce} begun"))?;
            let swept = self.sweep(who, older, forget, Some(held), progress);
            self.note_sweep(&nonce)?;
            swept
        })
    }

    fn note_sweep(&self, text: &str) -> Result<(), RemoteError> {
        self.write(LAST, Content::Bytes(text.as_bytes()), Kind::Changing)?;
        Ok(())
    }

    /// Without a lease it only says what would go.
    fn sweep(
        &self,
        who: &str,
        older: Duration,
        forget: &[String],
        held: Option<&Held>,
        progress: &Progress,
    ) -> Result<Swept, RemoteError> {
        let at_once = self.storage.at_once();
        let mut swept = Swept::default();
        let mut live: HashSet<Digest> = HashSet::new();
        let mut forgotten = BTreeMap::new();
        let mut yours = Vec::new();
        for entry in self.list("roots")? {
            let Some(text) = self.read(&entry.name, layout::ROOT)? else {
                continue;
            };
            // Whoever cannot be understood must not lose anything.
            let root: Root = serde_json::from_slice(&text).map_err(|error| {
                let error = std::io::Error::other(error.to_string());
                RemoteError::io("understand", &*self.storage, &entry.name, error)
            })?;
            let (title, mine) = (root.title(), root.who == who);
            yours.extend(mine.then(|| title.clone()));
            if forget.contains(&title) {
                if !mine {
                    return Err(RemoteError::NotYours { root: title });
                }
                forgotten.insert(title, entry.name);
                continue;
            }
            swept.roots.insert(root.title(), root.keys.len());
            live.extend(root.keys);
        }
        let mut forget = forget.iter();
        if let Some(root) = forget.find(|title| !forgotten.contains_key(*title)) {
            return Err(RemoteError::NoRoot {
                place: self.place().to_owned(),
                root: root.clone(),
                yours,
            });
        }
        for name in forgotten.values().filter(|_| held.is_some()) {
            self.remove(name)?;
        }
        let (records, closed) = self.list_open("records")?;
        swept.keeps_objects = !closed.is_empty();
        swept.refused.extend(closed.iter().map(Refusal::closed));
        progress.asked(records.len());
        let found = each(&records, at_once, progress, |entry| {
            progress.looked();
            let key = layout::key_of_record(&entry.name);
            match key.filter(|key| live.contains(key)) {
                Some(key) => Ok(Some(match self.read_record(&entry.name, key)? {
                    Some(Ok(record)) => Ok(record.objects()),
                    Some(Err(unusable)) if unusable.may_name_objects() => Err(unusable.to_string()),
                    _ => Ok(Vec::new()),
                })),
                None => Ok(None),
            }
        })?;
        let mut reached: BTreeSet<String> = BTreeSet::new();
        let mut dead = Vec::new();
        for (entry, objects) in records.iter().zip(found) {
            match objects {
                Some(Err(why)) => {
                    let name = entry.name.clone();
                    swept.refused.push(Refusal { name, why });
                    swept.keeps_objects = true;
                }
                Some(Ok(objects)) => {
                    let names = objects.iter().map(|object| layout::object(object.digest));
                    reached.extend(names);
                }
                None => dead.push(entry.name.clone()),
            }
        }
        // Records go first: if this stops half way, no record names a removed object.
        let removed = each(&dead, at_once, progress, |name| {
            self.remove_old(name, older, held)
        })?;
        let removed = swept.without_refused(removed);
        let gone = dead.iter().zip(&removed).filter(|(_, size)| size.is_some());
        swept.records = gone.filter(|(name, _)| is_record(name)).count();
        // A record that is too young to go keeps its objects by their own age: they are as young.
        let (objects, closed) = self.list_open("objects")?;
        swept.refused.extend(closed.iter().map(Refusal::closed));
        let (kept, dead): (Vec<_>, Vec<_>) = objects
            .into_iter()
            .partition(|entry| swept.keeps_objects || reached.contains(&entry.name));
        swept.kept_objects = kept.len();
        let removed = each(&dead, at_once, progress, |entry| {
            self.remove_old(&entry.name, older, held)
        })?;
        let removed = swept.without_refused(removed);
        swept.objects = removed.iter().flatten().count();
        swept.bytes = removed.iter().flatten().sum();
        swept.kept_objects += dead.len() - swept.objects;
        let all = records
            .iter()
            .filter(|entry| is_record(&entry.name))
            .count();
        // With those that nothing reaches and that are too young to go.
        swept.kept_records = all - swept.records;
        let (unfinished, _) = self.list_open("tmp")?;
        each(&unfinished, at_once, progress, |entry| {
            self.remove_old(&entry.name, older, held).map(|_| ())
        })?;
        Ok(swept)
    }

    /// Removes a file that nobody has written for so long; its size, if it goes, or why it cannot.
    fn remove_old(
        &self,
        name: &str,
        older: Duration,
        held: Option<&Held>,
    ) -> Result<Result<Option<u64>, Refusal>, RemoteError> {
        let remove = || {
            // Just before it goes: somebody may have sent it again meanwhile.
            let stat = self.stat(name)?.filter(|stat| stat.age > older);
            if let (Some(_), Some(held)) = (stat, held) {
                self.holds(held)?;
                self.remove(name)?;
            }
            Ok(stat.map(|stat| stat.size))
        };
        // The folder may be another's.
        or_refused(name, remove())
    }

    /// What changes with every clean-up.
    pub(super) fn sweeps(&self) -> Result<Vec<u8>, RemoteError> {
        Ok(self.read(LAST, layout::SMALL)?.unwrap_or_default())
    }

    /// Waits until nobody cleans up; whether somebody has, since `before`.
    pub(super) fn swept_since(
        &self,
        before: &[u8],
        progress: &Progress,
    ) -> Result<bool, RemoteError> {
        Ok(self.wait_for_lease(progress)? || self.sweeps()? != before)
    }
}

impl Swept {
    /// The sizes of what went; what did not go is noted.
    fn without_refused(&mut self, removed: Vec<Result<Option<u64>, Refusal>>) -> Vec<Option<u64>> {
        let removed = removed.into_iter();
        let sizes = removed.map(|removed| {
            removed.unwrap_or_else(|refusal| {
                self.refused.push(refusal);
                None
            })
        });
        sizes.collect()
    }
}

/// Whether this is a record, and no signature of one.
fn is_record(name: &str) -> bool {
    layout::record_named(name).is_some()
}
