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
use super::layout;
use super::parallel::each;
use super::storage::Content;
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
        let mut damaged = Vec::new();
        let mut named: HashMap<Digest, Object> = HashMap::new();
        let mut files = self.list("records")?;
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
                Some((Err(why), _)) => {
                    let named = layout::record_named(&file.name);
                    let named = named.map(|digest| self.reread(&file.name, digest, progress));
                    // A whole one that cannot be read is another version's, and stays.
                    if !named.transpose()?.is_some_and(|(_, right)| right) {
                        damaged.push((name(), None));
                    }
                    verified.wrong.push(Refusal { name: name(), why });
                }
            }
        }
        let files = self.list("objects")?;
        let there: BTreeSet<&str> = files.iter().map(|file| &*file.name).collect();
        for object in named.values() {
            let name = layout::object(object.digest);
            if !there.contains(&*name) {
                let why = "a record names it, and it is not there".to_owned();
                damaged.push((name.clone(), Some(*object)));
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
            let (size, right) = self.reread(&file.name, digest, progress)?;
            progress.done();
            Ok(Some((size, right, object)))
        })?;
        for (file, (size, right, object)) in
            files.iter().zip(read).filter_map(|(f, r)| Some((f, r?)))
        {
            verified.objects += 1;
            verified.bytes += size;
            if !right {
                let why = "its content is not what its name says".to_owned();
                damaged.push((file.name.clone(), object));
                verified.wrong.push(Refusal {
                    name: file.name.clone(),
                    why,
                });
            }
        }
        verified.wrong.sort_by(|a, b| a.name.cmp(&b.name));
        if repair {
            for (name, object) in damaged {
                self.mend(here, &name, object, &mut verified)?;
            }
            self.settle()?;
        }
        Ok(verified)
    }

    /// How long a file is, and whether its content has this digest.
    fn reread(
        &self,
        name: &str,
        digest: Digest,
        progress: &Progress,
    ) -> Result<(u64, bool), RemoteError> {
        let mut counted = Counted { bytes: 0, progress };
        let mut hashed = Hashed::new(&mut counted);
        let read = self.storage.read(name, u64::MAX, &mut hashed);
        let found = hashed.digest();
        match read {
            // Removed while others were read.
            Ok(false) => Ok((0, true)),
            Ok(true) => Ok((counted.bytes, found == digest)),
            Err(_) if progress.is_stopped() => Err(RemoteError::Stopped),
            Err(error) => Err(RemoteError::io("read", &*self.storage, name, error)),
        }
    }

    fn mend(
        &self,
        here: Option<&Store>,
        name: &str,
        object: Option<Object>,
        verified: &mut Verified,
    ) -> Result<(), RemoteError> {
        if let Some((object, store)) = object.zip(here)
            && store.presence(&object) == Presence::Intact
        {
            let path = store.path(&object);
            self.write(name, Content::File(&path, object.digest), Kind::Content)?;
            verified.sent += 1;
            return Ok(());
        }
        if self.stat(name)?.is_some() {
            self.remove(name)?;
            verified.removed += 1;
        }
        Ok(())
    }
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
