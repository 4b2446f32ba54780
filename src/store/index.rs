//! The digests of plain files, remembered by device, inode, size and times, so that an untouched
//! file is read once.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use rusqlite::Connection;
use rusqlite::OptionalExtension;

use super::Digest;
use super::Object;
use super::StoreError;
use super::database::Database;
use super::database::digest;
use super::files::Files;
use super::files::Stat;
use super::objects::lock;
use super::reading::digest_watched;

/// A file changed this recently could change again without its times showing it: file systems
/// keep time in steps of up to two seconds. Such a file is read again next time.
const SETTLED_NANOSECONDS: i64 = 2_000_000_000;

/// Told how many bytes of a large file were just read; answers whether to go on.
pub type Watch = Arc<dyn Fn(u64) -> bool + Send + Sync>;

pub(super) struct Index {
    files: Arc<dyn Files>,
    database: Arc<Database>,
    writable: bool,
    /// Told of what is read; ends it where it answers false.
    watch: RwLock<Option<Watch>>,
    /// Learnt by this process and not yet written.
    fresh: Mutex<HashMap<(u64, u64), (Stat, Digest)>>,
}

impl Index {
    pub(super) fn new(files: Arc<dyn Files>, database: Arc<Database>, writable: bool) -> Self {
        Index {
            files,
            database,
            writable,
            watch: RwLock::default(),
            fresh: Mutex::default(),
        }
    }

    pub(super) fn watch(&self, watch: Option<Watch>) {
        *self.watch.write().unwrap_or_else(PoisonError::into_inner) = watch;
    }

    pub(super) fn digest(&self, path: &Path) -> Result<Object, StoreError> {
        let stat = self
            .files
            .stat(path)
            .map_err(|error| StoreError::io("read", path, error))?;
        if let Some(digest) = self.known(&stat)? {
            return Ok(Object::plain(digest, stat.size));
        }
        let watch = self.watch.read().unwrap_or_else(PoisonError::into_inner);
        let watch = watch.clone();
        let (digest, stat) = digest_watched(path, watch.as_deref())?;
        if self.writable && settled(&stat) {
            lock(&self.fresh).insert((stat.device, stat.inode), (stat, digest));
        }
        Ok(Object::plain(digest, stat.size))
    }

    fn known(&self, stat: &Stat) -> Result<Option<Digest>, StoreError> {
        let place = (stat.device, stat.inode);
        if let Some((known, digest)) = lock(&self.fresh).get(&place) {
            return Ok((known == stat).then_some(*digest));
        }
        let row = self.database.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT size, modified, changed, digest FROM files
                     WHERE device = ? AND inode = ?",
                )?
                .query_row((stat.device as i64, stat.inode as i64), |row| {
                    let known = Stat {
                        size: row.get::<_, i64>(0)? as u64,
                        modified: row.get(1)?,
                        changed: row.get(2)?,
                        ..*stat
                    };
                    Ok((known, digest(row.get_ref(3)?.as_blob()?)))
                })
                .optional()
        })?;
        Ok(row
            .filter(|(known, _)| known == stat)
            .and_then(|(_, digest)| digest))
    }

    /// Writes what was learnt within the caller's transaction.
    pub(super) fn flush(&self, connection: &Connection) -> rusqlite::Result<()> {
        let fresh = std::mem::take(&mut *lock(&self.fresh));
        let mut statement =
            connection.prepare_cached("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?)")?;
        for (stat, digest) in fresh.values() {
            statement.execute((
                stat.device as i64,
                stat.inode as i64,
                stat.size as i64,
                stat.modified,
                stat.changed,
                digest.as_bytes(),
            ))?;
        }
        Ok(())
    }

    pub(super) fn has_fresh(&self) -> bool {
        !lock(&self.fresh).is_empty()
    }
}

fn settled(stat: &Stat) -> bool {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos() as i64);
    let newest = stat.modified.max(stat.changed);
    now.saturating_sub(newest) > SETTLED_NANOSECONDS
}
