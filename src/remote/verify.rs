//! Whether a shared store holds what it says: everything in it is read.

use std::collections::BTreeMap;
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
use super::files::or_refused;
use super::layout;
use super::parallel::each;
use super::sign;
use super::storage::Content;
use super::storage::Entry;
use super::storage::Hashed;
use super::storage::Kind;

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
    /// Reads every record, every signature and every object. To repair, what is wrong and whole in the store here is
    /// sent again, and what is damaged otherwise removed: the next push of who has it sends it.
    ///
    /// # Errors
    /// Where it cannot be read, or not be written to.
    pub fn verify(
        &self,
        repair: bool,
        here: Option<&Store>,
        progress: &Progress,
    ) -> Result<Verified, RemoteError> {
        let mut found = Found::default();
        let named = self.verify_records(&mut found, progress)?;
        self.verify_objects(&named, &mut found, progress)?;
        let Found {
            mut verified,
            damaged,
        } = found;
        verified.wrong.sort_by(|a, b| a.name.cmp(&b.name));
        if repair {
            for damaged in damaged {
                let mended = self.mend(here, &damaged, &mut verified);
                // Another's file: the rest is put right.
                if let Err(refusal) = or_refused(&damaged.name, mended)? {
                    let mut wrong = verified.wrong.iter_mut();
                    if let Some(wrong) = wrong.find(|wrong| wrong.name == refusal.name) {
                        wrong.why = format!("{}; {}", wrong.why, refusal.why);
                    }
                }
            }
            self.settle()?;
        }
        Ok(verified)
    }

    /// Reads the records and what is signed of them; what they name.
    fn verify_records(
        &self,
        found: &mut Found,
        progress: &Progress,
    ) -> Result<Vec<Named>, RemoteError> {
        let (mut files, closed) = self.list_open("records")?;
        found
            .verified
            .wrong
            .extend(closed.iter().map(Refusal::closed));
        files.sort_by(|a, b| a.name.cmp(&b.name));
        progress.asked(files.len());
        let read = each(&files, self.storage.at_once(), progress, |file| {
            progress.looked();
            if let Some(record) = layout::record_signed(&file.name) {
                let damaged = self.is_no_signature(&file.name, &record)?;
                return Ok(damaged.map(|why| (Err(why), true)));
            }
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
        let mut named = Vec::new();
        for (file, read) in files.iter().zip(read) {
            match read {
                None => {}
                Some((Ok(record), signed)) => {
                    found.verified.records += 1;
                    if !signed {
                        found.note_wrong(&file.name, &Unusable::Unsigned);
                    }
                    named.push(Named {
                        record: file.name.clone(),
                        objects: record.objects(),
                    });
                }
                // A whole one is another version's, and one that we may not read may be whole: they stay.
                Some((Err(unusable), _)) => match unusable {
                    Unusable::Damaged => found.note_useless(&file.name, &unusable),
                    _ => found.note_wrong(&file.name, &unusable),
                },
            }
        }
        Ok(named)
    }

    /// Why a file is no signature of the record of this name, if it is none.
    fn is_no_signature(&self, file: &str, record: &str) -> Result<Option<Unusable>, RemoteError> {
        Ok(match self.read_open(file, layout::SIGNATURE)? {
            Ok(Some(text)) => sign::is_damaged(&text, file, record).then_some(Unusable::Damaged),
            Ok(None) => None,
            Err(error) => Some(Unusable::Unreadable(error)),
        })
    }

    /// Reads the objects, and compares them with what the records say of them.
    fn verify_objects(
        &self,
        named: &[Named],
        found: &mut Found,
        progress: &Progress,
    ) -> Result<(), RemoteError> {
        // One may be there with several sizes, of which one is right, or with and without being executable.
        let mut by_digest: BTreeMap<Digest, BTreeSet<Object>> = BTreeMap::new();
        for object in named.iter().flat_map(|named| &named.objects) {
            by_digest.entry(object.digest).or_default().insert(*object);
        }
        let said = |digest: Digest| -> Vec<Object> {
            let objects = by_digest.get(&digest).into_iter().flatten();
            objects.copied().collect()
        };
        let (files, closed) = self.list_open("objects")?;
        found
            .verified
            .wrong
            .extend(closed.iter().map(Refusal::closed));
        let there: BTreeSet<&str> = files.iter().map(|file| &*file.name).collect();
        let hidden = |name: &str| closed.iter().any(|folder| is_below(name, folder));
        for digest in by_digest.keys() {
            let name = layout::object(*digest);
            if !there.contains(&*name) && !hidden(&name) {
                found.note_damaged(&name, said(*digest), true, &Unusable::Missing);
            }
        }
        for size in files.iter().filter_map(|file| Some(file.stat?.size)) {
            progress.to_move(size);
        }
        let read = each(&files, self.storage.at_once(), progress, |file| {
            let Some(digest) = layout::object_named(&file.name) else {
                return Ok(None);
            };
            let read = self.reread(&file.name, digest, progress)?;
            progress.done();
            Ok(read.map(|read| (digest, read)))
        })?;
        let mut sizes: HashMap<Digest, u64> = HashMap::new();
        for (file, read) in files.iter().zip(read) {
            let Some((digest, (size, right))) = read else {
                continue;
            };
            let is_read = !matches!(right, Err(Unusable::Unreadable(_)));
            found.verified.objects += usize::from(is_read);
            found.verified.bytes += size;
            match right {
                Ok(()) => {
                    sizes.insert(digest, size);
                }
                Err(why) => found.note_damaged(&file.name, said(digest), is_read, &why),
            }
        }
        for Named { record, objects } in named {
            let is_other = |object: &&Object| {
                let size = sizes.get(&object.digest);
                size.is_some_and(|size| *size != object.size)
            };
            if let Some(object) = objects.iter().find(is_other) {
                let why = Unusable::OtherSize(layout::object(object.digest));
                found.note_useless(record, &why);
            }
        }
        Ok(())
    }

    /// How long an object is, and what is wrong with it; none where it is gone.
    fn reread(
        &self,
        name: &str,
        digest: Digest,
        progress: &Progress,
    ) -> Result<Option<(u64, Result<(), Unusable>)>, RemoteError> {
        let mut counted = Counted { bytes: 0, progress };
        let mut hashed = Hashed::new(&mut counted);
        let read = self.read_to(name, u64::MAX, &mut hashed);
        let is_it = hashed.digest() == digest;
        if progress.is_stopped() {
            return Err(RemoteError::Stopped);
        }
        let right = match read? {
            // Removed while others were read.
            Ok(false) => return Ok(None),
            Ok(true) if is_it => Ok(()),
            Ok(true) => Err(Unusable::Damaged),
            Err(error) => Err(Unusable::Unreadable(error)),
        };
        Ok(Some((counted.bytes, right)))
    }

    fn mend(
        &self,
        here: Option<&Store>,
        damaged: &Damaged,
        verified: &mut Verified,
    ) -> Result<(), RemoteError> {
        let name = &*damaged.name;
        if let Some(store) = here
            && let Some(object) = damaged
                .objects
                .iter()
                .find(|object| store.presence(object) == Presence::Intact)
        {
            let path = store.path(object);
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

/// A record that can be read.
struct Named {
    record: String,
    objects: Vec<Object>,
}

#[derive(Default)]
struct Found {
    verified: Verified,
    damaged: Vec<Damaged>,
}

/// What is to be put right.
struct Damaged {
    name: String,
    /// What records say of it, where it is an object.
    objects: Vec<Object>,
    /// Nobody can use it. What we only cannot read stays, if we have none to put in its place.
    is_useless: bool,
}

impl Found {
    /// Tells of a file that stays as it is.
    fn note_wrong(&mut self, name: &str, why: &Unusable) {
        self.verified.wrong.push(Refusal::of(name.to_owned(), why));
    }

    /// Tells of a file that nobody can use, and that comes back with a push.
    fn note_useless(&mut self, name: &str, why: &Unusable) {
        self.note_damaged(name, Vec::new(), true, why);
    }

    fn note_damaged(&mut self, name: &str, objects: Vec<Object>, useless: bool, why: &Unusable) {
        self.note_wrong(name, why);
        self.damaged.push(Damaged {
            name: name.to_owned(),
            objects,
            is_useless: useless,
        });
    }
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
