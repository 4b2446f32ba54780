//! From a shared store to the one here: what is asked for by key, taken only where it is what its name says.

use std::io;
use std::io::Write;
use std::sync::Arc;
use std::sync::Mutex;

use crate::store::Digest;
use crate::store::Environment;
use crate::store::Incoming;
use crate::store::Object;
use crate::store::SharedRecord;
use crate::store::StepResult;
use crate::store::Store;
use crate::store::UnfitRecord;
use crate::store::Wanted;

use super::Progress;
use super::Remote;
use super::RemoteError;
use super::layout;
use super::parallel::each;
use super::parallel::lock;
use super::sign;
use super::sign::Signature;
use super::storage::Entry;
use super::storage::unreadable;

/// What a shared store has under a key.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The result, which is in the store here now.
    pub result: Option<Arc<StepResult>>,
    /// What was there and was not taken.
    pub refused: Vec<Refusal>,
    /// Whether there are other results of the key that no other machine explains, and none replaces the others: one of
    /// them was taken.
    pub others: bool,
}

/// Something in a shared store that cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The file there.
    pub name: String,
    pub why: String,
}

impl Refusal {
    pub(super) fn of(name: String, why: &Unusable) -> Self {
        let why = why.to_string();
        Refusal { name, why }
    }

    /// Of a folder that others keep to themselves.
    pub(super) fn closed(folder: &Entry) -> Self {
        Refusal {
            name: folder.name.clone(),
            why: "you may not read this folder, nor what is in it".to_owned(),
        }
    }
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    /// By us: others may be able to.
    #[error("{}", unreadable(.0))]
    Unreadable(io::Error),
    #[error("its content is not what its name says")]
    Damaged,
    #[error("a record names it, and it is not there")]
    Missing,
    #[error("no key that is trusted has signed it")]
    Unsigned,
    /// The object of this name is not as long as the record says.
    #[error("it says another size of `{0}` than that has")]
    OtherSize(String),
    /// It is whole.
    #[error(transparent)]
    Unfit(UnfitRecord),
}

impl Unusable {
    /// Whether a record may name objects all the same: to somebody else, to a newer program, or read once more.
    pub(super) fn may_name_objects(&self) -> bool {
        matches!(
            self,
            Unusable::Unreadable(_)
                | Unusable::Damaged
                | Unusable::Unfit(UnfitRecord::Unreadable(_) | UnfitRecord::Newer(_))
        )
    }
}

/// Downloads of different objects run at once, those of one never do.
pub(super) type Stripes = [Mutex<()>; 64];

impl Remote {
    /// Brings these results into the store here; an answer for each.
    ///
    /// # Errors
    /// Where either store fails. What came before is kept.
    pub fn fetch(
        &self,
        store: &Store,
        wanted: &[Wanted],
        progress: &Progress,
    ) -> Result<Vec<Answer>, RemoteError> {
        let stripes: Stripes = std::array::from_fn(|_| Mutex::default());
        progress.asked(wanted.len());
        let keys: Vec<Digest> = wanted.iter().map(|wanted| wanted.key).collect();
        let listed = self.with_records(&keys, progress)?.into_iter();
        let asked: Vec<_> = wanted
            .iter()
            .zip(listed.map(|(_, listed)| listed))
            .collect();
        each(
            &asked,
            self.storage.at_once(),
            progress,
            |(wanted, listed)| {
                let answer = self.fetch_one(store, wanted, listed.as_deref(), &stripes, progress);
                progress.looked();
                answer
            },
        )
    }

    fn fetch_one(
        &self,
        store: &Store,
        wanted: &Wanted,
        listed: Option<&[Entry]>,
        stripes: &Stripes,
        progress: &Progress,
    ) -> Result<Answer, RemoteError> {
        let mut answer = Answer::default();
        let mut records = Vec::new();
        let listed = self.records_of(wanted.key, listed)?;
        for entry in &*listed {
            if entry.closed {
                answer.refused.push(Refusal::closed(entry));
                continue;
            }
            let name = entry.name.clone();
            let Some(read) = self.read_record(&name, wanted.key)? else {
                continue;
            };
            let read = read.and_then(|record| {
                record.leaves(&wanted.outputs).map_err(Unusable::Unfit)?;
                Ok(record)
            });
            match read {
                Ok(_) if !self.is_trusted(&name, &listed)? => {
                    answer.refused.push(Refusal::of(name, &Unusable::Unsigned));
                }
                Ok(record) => records.push((name, record)),
                Err(unusable) => answer.refused.push(Refusal::of(name, &unusable)),
            }
        }
        // What was made again since, nobody wants any more, whoever made it again.
        if records.len() > 1 {
            let all: Vec<SharedRecord> = records.iter().map(|(_, record)| record.clone()).collect();
            records.retain(|(_, record)| !record.is_replaced(&all));
        }
        if self.same_numerics {
            records.retain(|(_, record)| {
                let environment = record.environment.as_ref();
                environment.is_some_and(Environment::is_of_this_class)
            });
        }
        if let Some((_, first)) = records.first() {
            answer.others = records.iter().any(|(_, other)| first.contradicts(other));
        }
        // In the order of their names: whoever asks gets the same.
        for (_, record) in records {
            match self.fetch_objects(store, &record, stripes, progress)? {
                Ok(()) => {
                    answer.result = Some(store.import(&record, self.place())?);
                    break;
                }
                Err(refusal) => answer.refused.push(refusal),
            }
        }
        Ok(answer)
    }

    /// Whether the record of this name may be taken, by the signatures that lie beside it.
    pub(super) fn is_trusted(&self, name: &str, listed: &[Entry]) -> Result<bool, RemoteError> {
        if self.trusted.is_empty() {
            return Ok(true);
        }
        let Some(digest) = layout::record_named(name) else {
            return Ok(false);
        };
        for key in &self.trusted {
            let file = Signature::file(name, key);
            if !listed.iter().any(|entry| entry.name == file) {
                continue;
            }
            if let Ok(Some(text)) = self.read_open(&file, layout::SIGNATURE)?
                && sign::is_signed(&text, digest, &self.trusted)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn fetch_objects(
        &self,
        store: &Store,
        record: &SharedRecord,
        stripes: &Stripes,
        progress: &Progress,
    ) -> Result<Result<(), Refusal>, RemoteError> {
        for object in record.objects() {
            if progress.is_stopped() {
                return Err(RemoteError::Stopped);
            }
            let stripe = usize::from(object.digest.as_bytes()[0]) % stripes.len();
            let _one = lock(&stripes[stripe]);
            let Some(incoming) = store.receive(object)? else {
                continue;
            };
            progress.to_move(object.size);
            if let Err(why) = self.fetch_object(object, incoming, progress)? {
                return Ok(Err(Refusal::of(layout::object(object.digest), &why)));
            }
            progress.done();
        }
        Ok(Ok(()))
    }

    fn fetch_object(
        &self,
        object: Object,
        incoming: Incoming<'_>,
        progress: &Progress,
    ) -> Result<Result<(), Unusable>, RemoteError> {
        let name = layout::object(object.digest);
        let mut tap = Tap {
            incoming,
            progress,
            failed: None,
        };
        // A byte more than there should be is one too many.
        let read = self.read_to(&name, object.size.saturating_add(1), &mut tap);
        if let Some(error) = tap.failed {
            return match progress.is_stopped() {
                true => Err(RemoteError::Stopped),
                false => Err(tap.incoming.failed(error).into()),
            };
        }
        Ok(match read? {
            Ok(true) => match tap.incoming.finish()? {
                true => Ok(()),
                false => Err(Unusable::Damaged),
            },
            Ok(false) => Err(Unusable::Missing),
            Err(error) => Err(Unusable::Unreadable(error)),
        })
    }

    /// A record, or why it cannot be used; none where it is gone.
    pub(super) fn read_record(
        &self,
        name: &str,
        key: Digest,
    ) -> Result<Option<Result<SharedRecord, Unusable>>, RemoteError> {
        let Some(digest) = layout::record_named(name) else {
            return Ok(None);
        };
        let bytes = match self.read_open(name, layout::RECORD)? {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(None),
            Err(error) => return Ok(Some(Err(Unusable::Unreadable(error)))),
        };
        if Digest::of(&bytes) != digest {
            return Ok(Some(Err(Unusable::Damaged)));
        }
        let record = SharedRecord::read(&bytes, key);
        Ok(Some(record.map_err(Unusable::Unfit)))
    }
}

/// Counts what comes in, and knows whether it was the writing here that failed.
struct Tap<'a, 's> {
    incoming: Incoming<'s>,
    progress: &'a Progress,
    failed: Option<io::Error>,
}

impl Write for Tap<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.progress.is_stopped() {
            self.failed = Some(io::ErrorKind::Interrupted.into());
            return Err(io::Error::other("interrupted"));
        }
        match self.incoming.write(bytes) {
            Ok(count) => {
                self.progress.moved(count as u64);
                Ok(count)
            }
            Err(error) => {
                let kind = error.kind();
                self.failed = Some(error);
                Err(kind.into())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
