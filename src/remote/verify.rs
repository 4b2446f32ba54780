//! Whether a shared store holds what it says: everything in it is read.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::io;

use crate::store::Digest;
use crate::store::Object;
use crate::store::Presence;
use crate::store::Store;

use super::Progress;
use super::Refusal;
use super::Remote;
use super::RemoteError;
use super::fetch::Unusable;
use super::layout;
use super::parallel::each;
use super::storage::Content;
use super::storage::Entry;
use super::storage::Hashed;
use super::storage::Kind;
use super::storage::is_of_the_file;
use super::storage::unreadable;

/// What a look at everything has found.
#[derive(Clone, Debug, Default)]
pub struct Verified {
    pub records: usize,
    pub objects: usize,
    pub bytes: u64,
    /// What nobody can use, and why.
    pub wrong: Vec<Refusal>,
    /// How much of it is right again.
    pub sent: usize,
    /// How much of it was taken away, so that the next push of who has it sends it.
    pub removed: usize,
}

impl Remote {
    /// Reads every record and every object. To repair, what is wrong and whole in the store here is sent again,
    /// and what is damaged otherwise removed: the next push of who has it sends it.
    ///
    /// # Errors
    /// Where it cannot be read, or not be written to.
    pub fn verify(
        &self,
        repair: bool,
        here: Option<&Store>,
        progress: &Progress,
    ) -> Result<Verified, RemoteError> {
        let at_once = self.storage.at_once();
        let mut verified = Verified::default();
        let mut damaged: Vec<Damaged> = Vec::new();
        let mut named: HashMap<Digest, Object> = HashMap::new();
        let (mut files, closed) = self.list_open("records")?;
        verified.wrong.extend(closed.iter().map(Refusal::closed));
        files.sort_by(|a, b| a.name.cmp(&b.name));
        progress.asked(files.len());
        let read = each(&files, at_once, progress, |file| {
            progress.looked();
            let Some(key) = layout::key_of_record(&file.name) else {
                return Ok(None);
            };
            let read = self.read_record(&file.name, key)?;
            let signed = match &read {
                // What lies beside it.
                Some(Ok(_)) => {
                    let beside = layout::records(key);
                    let from = files.partition_point(|other| other.name < beside);
                    let rest = files[from..].iter();
                    let beside = rest.take_while(|other| other.name.starts_with(&beside));
                    let beside: Vec<_> = beside.cloned().collect();
                    self.is_trusted(&file.name, &beside)?
                }
                _ => true,
            };
            Ok(read.map(|read| (read, signed)))
        })?;
        for (file, read) in files.iter().zip(read) {
            let name = || file.name.clone();
            match read {
                None => {}
                Some((Ok(record), signed)) => {
                    verified.records += 1;
                    let objects = record.objects().into_iter();
                    named.extend(objects.map(|object| (object.digest, object)));
                    if !signed {
                        let why = "no key that is trusted has signed it".to_owned();
                        verified.wrong.push(Refusal { name: name(), why });
                    }
                }
                Some((Err(unusable), _)) => {
                    // A whole one is another version's, and one that we may not read may be whole: they stay.
                    if matches!(unusable, Unusable::Damaged) {
                        damaged.push(Damaged {
                            name: name(),
                            object: None,
                            is_useless: true,
                        });
                    }
                    let why = unusable.to_string();
                    verified.wrong.push(Refusal { name: name(), why });
                }
            }
        }
        let (files, closed) = self.list_open("objects")?;
        verified.wrong.extend(closed.iter().map(Refusal::closed));
        let there: BTreeSet<&str> = files.iter().map(|file| &*file.name).collect();
        let hidden = |name: &str| closed.iter().any(|folder| is_below(name, folder));
        for object in named.values() {
            let name = layout::object(object.digest);
            if !there.contains(&*name) && !hidden(&name) {
                let why = "a record names it, and it is not there".to_owned();
                damaged.push(Damaged {
                    name: name.clone(),
                    object: Some(*object),
                    is_useless: true,
                });
                verified.wrong.push(Refusal { name, why });
            }
        }
        for size in files.iter().filter_map(|file| Some(file.stat?.size)) {
            progress.to_move(size);
        }
        let read = each(&files, at_once, progress, |file| {
            let Some(digest) = layout::object_named(&file.name) else {
                return Ok(None);
            };
            let object = named.get(&digest).copied();
            let read = self.reread(&file.name, digest, progress)?;
            progress.done();
            Ok(Some((read, object)))
        })?;
        for (file, (read, object)) in files.iter().zip(read).filter_map(|(f, r)| Some((f, r?))) {
            let wrong = match read {
                Ok((size, right)) => {
                    verified.objects += 1;
                    verified.bytes += size;
                    (!right).then(|| Unusable::Damaged.to_string())
                }
                Err(ref why) => Some(why.clone()),
            };
            if let Some(why) = wrong {
                damaged.push(Damaged {
                    name: file.name.clone(),
                    object,
                    is_useless: read.is_ok(),
                });
                verified.wrong.push(Refusal {
                    name: file.name.clone(),
                    why,
                });
            }
        }
        verified.wrong.sort_by(|a, b| a.name.cmp(&b.name));
        if repair {
            for damaged in damaged {
                self.mend(here, &damaged, &mut verified)?;
            }
            self.settle()?;
        }
        Ok(verified)
    }

    /// The files below a folder, and the folders there that others keep to themselves.
    pub(super) fn list_open(&self, folder: &str) -> Result<(Vec<Entry>, Vec<Entry>), RemoteError> {
        let listed = self.list(folder)?.into_iter();
        Ok(listed.partition(|entry| !entry.closed))
    }

    /// How long a file is, and whether its content has this digest; or why it cannot be read.
    fn reread(
        &self,
        name: &str,
        digest: Digest,
        progress: &Progress,
    ) -> Result<Result<(u64, bool), String>, RemoteError> {
        let mut counted = Counted { bytes: 0, progress };
        let mut hashed = Hashed::new(&mut counted);
        let read = self.storage.read(name, u64::MAX, &mut hashed);
        let found = hashed.digest();
        match read {
            // Removed while others were read.
            Ok(false) => Ok(Ok((0, true))),
            Ok(true) => Ok(Ok((counted.bytes, found == digest))),
            Err(_) if progress.is_stopped() => Err(RemoteError::Stopped),
            Err(error) if is_of_the_file(&error) => Ok(Err(unreadable(&error))),
            Err(error) => Err(RemoteError::io("read", &*self.storage, name, error)),
        }
    }

    fn mend(
        &self,
        here: Option<&Store>,
        damaged: &Damaged,
        verified: &mut Verified,
    ) -> Result<(), RemoteError> {
        let name = &*damaged.name;
        if let Some((object, store)) = damaged.object.zip(here)
            && store.presence(&object) == Presence::Intact
        {
            let path = store.path(&object);
            self.write(name, Content::File(&path, object.digest), Kind::Content)?;
            verified.sent += 1;
            return Ok(());
        }
        if damaged.is_useless && self.stat(name)?.is_some() {
            self.remove(name)?;
            verified.removed += 1;
        }
        Ok(())
    }
}

/// What is to be put right.
struct Damaged {
    name: String,
    /// Where it is one that a record names.
    object: Option<Object>,
    /// Nobody can use it. What we only cannot read stays, if we have none to put in its place.
    is_useless: bool,
}

fn is_below(name: &str, folder: &Entry) -> bool {
    let rest = name.strip_prefix(&*folder.name);
    rest.is_some_and(|rest| rest.starts_with('/'))
}

/// Counts what goes by.
struct Counted<'p> {
    bytes: u64,
    progress: &'p Progress,
}

impl io::Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.progress.is_stopped() {
            return Err(io::Error::other("interrupted"));
        }
        self.bytes += bytes.len() as u64;
        self.progress.moved(bytes.len() as u64);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
