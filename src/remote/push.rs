//! From a store here to a shared one: only what is missing there.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::time::Duration;

use crate::store::Digest;
use crate::store::Object;
use crate::store::Presence;
use crate::store::SharedRecord;
use crate::store::Store;

use super::Progress;
use super::Refusal;
use super::Remote;
use super::RemoteError;
use super::Root;
use super::layout;
use super::listing::Known;
use super::parallel::each;
use super::sign;
use super::sign::Signature;
use super::storage::Content;
use super::storage::Entry;
use super::storage::Kind;
use super::storage::unreadable;

/// What is there and was not written for this long is written again: whoever cleans up leaves alone what is
/// younger than twice that.
const OLD: Duration = Duration::from_secs(12 * 3600);

/// So many results are completed at a time: what was sent before an interruption counts.
const BATCH: usize = 256;

/// What a push did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pushed {
    pub results: usize,
    /// Those that were there already.
    pub known: usize,
    /// Those that were accepted, not computed: they are not given to others.
    pub accepted: usize,
    /// What is there now: these and those that were sent.
    pub there: Vec<Digest>,
    pub objects: usize,
    pub bytes: u64,
    /// Those that stand there beside other results of their keys that no other machine explains, and of which none
    /// replaces the others.
    pub differing: Vec<Digest>,
    /// Those that were not sent as an object of theirs, which is not there, is damaged or gone here.
    pub damaged: Vec<Digest>,
    /// Those that were not sent, with what is in their way there.
    pub refused: Vec<(Digest, Refusal)>,
}

/// A result that is not there yet, or not signed by us.
struct Missing {
    key: Digest,
    name: String,
    bytes: Vec<u8>,
    objects: Vec<Object>,
    /// It is there as it should be, but for our signature.
    lacks_signature: bool,
    differs: bool,
}

/// What is to become of the record of a key.
enum Found {
    Known {
        key: Digest,
        objects: Vec<Object>,
        differs: bool,
    },
    Missing(Missing),
    Accepted,
    /// Its place is a folder that others keep to themselves.
    Closed(Digest, Refusal),
    /// There is no such record here any more.
    Nothing,
}

/// How an object stands in the shared store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    /// It is not there, or half there.
    Not,
    /// It is there, and is sent again.
    Old,
    Young,
}

impl Remote {
    /// Sends the results of these keys, then says with each of `roots` that they are reached.
    ///
    /// # Errors
    /// What was sent before is kept.
    pub fn push(
        &self,
        store: &Store,
        keys: &[Digest],
        roots: &[Root],
        progress: &Progress,
    ) -> Result<Pushed, RemoteError> {
        let sweeps = self.sweeps()?;
        let mut pushed = self.push_once(store, keys, roots, progress)?;
        // What somebody removes meanwhile, they do not know to be reached: now they do.
        let mut before = sweeps;
        while self.swept_since(&before, progress)? {
            before = self.sweeps()?;
            let again = self.push_once(store, keys, roots, progress)?;
            pushed.objects += again.objects;
            pushed.bytes += again.bytes;
            pushed.there = again.there;
            pushed.damaged = again.damaged;
        }
        Ok(pushed)
    }

    fn push_once(
        &self,
        store: &Store,
        keys: &[Digest],
        roots: &[Root],
        progress: &Progress,
    ) -> Result<Pushed, RemoteError> {
        let at_once = self.storage.at_once();
        progress.asked(keys.len());
        let keys = self.with_records(keys, progress)?;
        let found = each(&keys, at_once, progress, |(key, listed)| {
            let found = self.look_for(store, *key, listed.as_deref());
            progress.looked();
            found
        })?;
        let mut pushed = Pushed::default();
        let mut objects: BTreeMap<Digest, Object> = BTreeMap::new();
        let mut missing = Vec::new();
        let mut known = Vec::new();
        for found in found {
            let needs = match found {
                Found::Known {
                    key,
                    objects: needs,
                    differs,
                } => {
                    pushed.differing.extend(differs.then_some(key));
                    known.push((key, needs.clone()));
                    needs
                }
                Found::Missing(record) => {
                    let needs = record.objects.clone();
                    pushed
                        .differing
                        .extend(record.differs.then_some(record.key));
                    missing.push(record);
                    needs
                }
                Found::Accepted => {
                    pushed.accepted += 1;
                    continue;
                }
                Found::Closed(key, refusal) => {
                    pushed.refused.push((key, refusal));
                    continue;
                }
                Found::Nothing => continue,
            };
            objects.extend(needs.iter().map(|object| (object.digest, *object)));
        }
        let all: Vec<Object> = objects.into_values().collect();
        let looked = self.with_stats(&all, progress)?;
        let stand = each(&looked, at_once, progress, |(object, stat)| {
            let stands = self.stands(object, *stat)?;
            // Nothing that is damaged here gets a name there.
            let goes = matches!(stands, Ok(Stands::Not | Stands::Old))
                && store.presence(object) == Presence::Intact;
            if goes {
                progress.to_move(object.size);
            }
            Ok((stands, goes))
        })?;
        let mut hidden: BTreeMap<Digest, String> = BTreeMap::new();
        let mut absent: BTreeMap<Digest, Object> = BTreeMap::new();
        let mut damaged: BTreeSet<Digest> = BTreeSet::new();
        for (object, (stands, goes)) in all.iter().zip(stand) {
            match stands {
                _ if goes => {
                    absent.insert(object.digest, *object);
                }
                Ok(Stands::Not) => {
                    damaged.insert(object.digest);
                }
                // Of what is damaged here that may be the last whole copy, and a root keeps it.
                Ok(Stands::Old | Stands::Young) => {}
                Err(why) => {
                    hidden.insert(object.digest, why);
                }
            }
        }
        let mut is_whole = |key: Digest, objects: &[Object]| {
            let mut objects = objects.iter();
            let is_damaged = objects.any(|object| damaged.contains(&object.digest));
            pushed.damaged.extend(is_damaged.then_some(key));
            !is_damaged
        };
        // No record without its objects.
        known.retain(|(key, objects)| is_whole(*key, objects));
        missing.retain(|record| is_whole(record.key, &record.objects));
        pushed.known = known.len();
        pushed.there.extend(known.iter().map(|(key, _)| *key));
        missing.retain(|record| {
            let mut objects = record.objects.iter();
            let found = objects.find_map(|object| Some((object, hidden.get(&object.digest)?)));
            if let Some((object, why)) = found {
                let (name, why) = (layout::object(object.digest), why.clone());
                pushed.refused.push((record.key, Refusal { name, why }));
            }
            found.is_none()
        });
        // What somebody lost there comes back first; then what is new, a batch after the other.
        let mut take = |objects: &[Object]| -> Vec<Object> {
            let digests = objects.iter().map(|object| object.digest);
            digests
                .filter_map(|digest| absent.remove(&digest))
                .collect()
        };
        let known: Vec<Object> = known.into_iter().flat_map(|(_, objects)| objects).collect();
        let lost = take(&known);
        self.send(store, &lost, progress, &mut pushed)?;
        for batch in missing.chunks(BATCH) {
            let needs: Vec<Object> = batch.iter().flat_map(|one| one.objects.clone()).collect();
            let needs = take(&needs);
            self.send(store, &needs, progress, &mut pushed)?;
            each(batch, at_once, progress, |record| {
                if let Some(key) = &self.signing {
                    let signature = key.sign(Digest::of(&record.bytes)).bytes();
                    let file = Signature::file(&record.name, &key.public());
                    self.write(&file, Content::Bytes(&signature), Kind::Content)?;
                }
                if !record.lacks_signature {
                    self.write(&record.name, Content::Bytes(&record.bytes), Kind::Content)?;
                }
                Ok(())
            })?;
            pushed.results += batch.len();
            pushed.there.extend(batch.iter().map(|record| record.key));
        }
        for root in roots {
            self.write(&root.file(), Content::Bytes(&root.bytes()), Kind::Changing)?;
        }
        self.settle()?;
        Ok(pushed)
    }

    fn send(
        &self,
        store: &Store,
        objects: &[Object],
        progress: &Progress,
        pushed: &mut Pushed,
    ) -> Result<(), RemoteError> {
        if objects.is_empty() {
            return Ok(());
        }
        each(objects, self.storage.at_once(), progress, |object| {
            // Since it was looked at.
            if store.presence(object) != Presence::Intact {
                let digest = object.digest;
                return Err(RemoteError::DamagedHere { digest });
            }
            let path = store.path(object);
            let name = layout::object(object.digest);
            self.write(&name, Content::File(&path, object.digest), Kind::Content)?;
            progress.moved(object.size);
            progress.done();
            Ok(())
        })?;
        pushed.objects += objects.len();
        pushed.bytes += objects.iter().map(|object| object.size).sum::<u64>();
        // Before a record says that they are there.
        self.settle()
    }

    /// Whether the record of a key is there already.
    fn look_for(
        &self,
        store: &Store,
        key: Digest,
        listed: Option<&[Entry]>,
    ) -> Result<Found, RemoteError> {
        let Some(record) = store.shared_record(key)? else {
            return Ok(Found::Nothing);
        };
        if record.accepted.is_some() {
            return Ok(Found::Accepted);
        }
        let bytes = record.bytes();
        let name = layout::record(key, Digest::of(&bytes));
        let objects = record.objects();
        let listed = self.records_of(key, listed)?;
        let mut others = Vec::new();
        let mut found = None;
        for entry in &*listed {
            if entry.closed && found.is_none() {
                return Ok(Found::Closed(key, Refusal::closed(entry)));
            }
            let ours = entry.name == name;
            let theirs = match ours || entry.closed {
                true => None,
                false => self.read_record(&entry.name, key)?.and_then(Result::ok),
            };
            let says_the_same = |theirs: &SharedRecord| {
                let mut replaces = record.replaces.iter();
                theirs.outputs == record.outputs
                    && theirs.replaces.len() >= record.replaces.len()
                    && replaces.all(|one| theirs.replaces.contains(one))
            };
            if found.is_none() && (ours || theirs.as_ref().is_some_and(says_the_same)) {
                found = Some((entry, ours));
            }
            others.extend(theirs);
        }
        let all = || others.iter().chain([&record]);
        let differs = others
            .iter()
            .any(|theirs| theirs.contradicts(&record) && !theirs.is_replaced(all()))
            && !record.is_replaced(&others);
        let mut lacks_signature = false;
        if let Some((entry, ours)) = found {
            // What is read has the content that its name says; of our own its length tells.
            let size = ours.then_some(bytes.len() as u64);
            if self.is_whole_and_young(entry, size)? {
                if self.is_signed_by_us(&entry.name, &listed)? {
                    return Ok(Found::Known {
                        key,
                        objects,
                        differs,
                    });
                }
                lacks_signature = ours;
            }
        }
        Ok(Found::Missing(Missing {
            key,
            name,
            bytes,
            objects,
            lacks_signature,
            differs,
        }))
    }

    /// Whether our signature stands beside a record, or we have none to give.
    fn is_signed_by_us(&self, name: &str, listed: &[Entry]) -> Result<bool, RemoteError> {
        let (Some(key), Some(record)) = (&self.signing, layout::record_named(name)) else {
            return Ok(true);
        };
        let key = key.public();
        let file = Signature::file(name, &key);
        if !listed.iter().any(|entry| entry.name == file) {
            return Ok(false);
        }
        let text = self.read_open(&file, layout::SIGNATURE)?;
        let text = text.ok().flatten().unwrap_or_default();
        Ok(sign::is_signed(&text, record, &[key]))
    }

    fn is_whole_and_young(&self, entry: &Entry, size: Option<u64>) -> Result<bool, RemoteError> {
        let stat = match entry.stat {
            Some(stat) => Some(stat),
            None => self.stat(&entry.name)?,
        };
        Ok(stat.is_some_and(|stat| stat.age <= OLD && size.is_none_or(|size| stat.size == size)))
    }

    /// How an object stands there. Or why nobody knows.
    fn stands(&self, object: &Object, known: Known) -> Result<Result<Stands, String>, RemoteError> {
        let stat = match known {
            Known::Listed(stat) => stat,
            Known::Not => match self.stat(&layout::object(object.digest)) {
                Err(RemoteError::Io { source, .. })
                    if source.kind() == ErrorKind::PermissionDenied =>
                {
                    return Ok(Err(unreadable(&source)));
                }
                stat => stat?,
            },
        };
        Ok(Ok(match stat {
            Some(stat) if stat.size != object.size => Stands::Not,
            Some(stat) if stat.age > OLD => Stands::Old,
            Some(_) => Stands::Young,
            None => Stands::Not,
        }))
    }
}
