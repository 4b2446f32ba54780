//! Objects that are handed to a step: whoever works as root, or owns the files, can write to them
//! whatever their permissions say. So they are looked at again when the step ends.

use super::Object;
use super::Presence;
use super::Store;
use super::StoreError;
use super::files::Stat;

/// Objects up to this size can be kept in memory while a program has them.
const SMALL: u64 = 256 << 10;

/// What a small one costs as well: thousands of them are not read for that.
const LEAST: u64 = 16 << 10;

/// An object that a step reads, as it was when the step began.
#[derive(Debug)]
pub struct ObjectSnapshot {
    object: Object,
    stat: Stat,
    /// Whether a change right after could leave the same stat.
    uncertain: bool,
    /// The content, where it was to be kept.
    kept: Option<Vec<u8>>,
}

/// What became of an object while a step had it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotState {
    Untouched,
    /// It was changed, and is now what it was.
    Restored,
    /// It was changed or removed, and the step that makes it must run again.
    Damaged,
}

impl Store {
    /// Notes how an object is that a step is to read. `keep` bytes of memory may be spent on being
    /// able to restore it; what was spent is taken from that.
    ///
    /// # Errors
    /// Where it is damaged or missing already.
    pub fn hand_out(&self, object: &Object, keep: &mut u64) -> Result<ObjectSnapshot, StoreError> {
        let path = self.objects.path(object.name());
        let damaged = || StoreError::Damaged { path: path.clone() };
        let known = self.objects.trusted(object.name());
        let stat = match known {
            Some(stat) => stat,
            None if self.presence(object) == Presence::Intact => {
                let stat = self.objects.trusted(object.name());
                stat.ok_or_else(damaged)?
            }
            None => return Err(damaged()),
        };
        let kept = if object.size <= SMALL.min(*keep) {
            *keep = keep.saturating_sub(object.size.max(LEAST));
            Some(self.read(object)?)
        } else {
            None
        };
        Ok(ObjectSnapshot {
            object: *object,
            stat,
            uncertain: stat.is_recent(),
            kept,
        })
    }

    /// Looks at an object again that a step had. One that is damaged is restored where its content
    /// was kept, and else never trusted again.
    pub fn take_back(&self, handed: &ObjectSnapshot) -> SnapshotState {
        let name = handed.object.name();
        let path = self.objects.path(name);
        let stat = self.files.stat(&path).ok();
        let same = stat.is_some_and(|stat| stat.same_file(&handed.stat));
        if same && !handed.uncertain {
            return SnapshotState::Untouched;
        }
        if self.objects.reread(name) == Presence::Intact {
            // Permissions and further names are no content. Whatever else changed may have been
            // something else in between.
            let touched = stat.is_none_or(|stat| {
                let changed = handed.stat.changed;
                !Stat { changed, ..stat }.same_file(&handed.stat)
            });
            return if touched {
                SnapshotState::Restored
            } else {
                SnapshotState::Untouched
            };
        }
        let restored = handed.kept.as_deref().is_some_and(|bytes| {
            let restored = self.objects.put_bytes(bytes, handed.object.executable);
            restored.is_ok_and(|object| object == handed.object)
        });
        if restored {
            SnapshotState::Restored
        } else {
            SnapshotState::Damaged
        }
    }
}
