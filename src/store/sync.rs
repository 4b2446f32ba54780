//! Makes what was written durable once a second, beside the work: the death of the machine costs
//! at most the last second, and no step waits for a disk.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use super::StoreError;
use super::database::Database;
use super::objects::Objects;
use super::objects::lock;

const PERIOD: Duration = Duration::from_secs(1);

/// The thread that syncs; ends, after a last sync, when this is dropped.
pub(super) struct Syncer {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    trouble: Arc<Mutex<Vec<StoreError>>>,
}

impl Syncer {
    pub(super) fn start(objects: Arc<Objects>, database: Arc<Database>) -> std::io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let trouble = Arc::new(Mutex::new(Vec::new()));
        let troubles = Arc::clone(&trouble);
        let thread = std::thread::Builder::new()
            .name("sync".to_owned())
            .spawn(move || {
                let mut wal = Checkpoints::default();
                let mut last = false;
                while !last {
                    let ended = stopped.recv_timeout(PERIOD);
                    last = ended != Err(mpsc::RecvTimeoutError::Timeout);
                    if let Err(error) = objects.sync().and_then(|_| wal.checkpoint(&database, last))
                    {
                        lock(&troubles).push(error);
                    }
                }
            })?;
        Ok(Syncer {
            stop: Some(stop),
            thread: Some(thread),
            trouble,
        })
    }

    /// What went wrong since the last call.
    pub(super) fn trouble(&self) -> Vec<StoreError> {
        std::mem::take(&mut *lock(&self.trouble))
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic in the syncer loses only trust, which the next reader regains by reading.
            let _ = thread.join();
        }
    }
}

/// Moves commits from the log into the database file, which syncs both; on a connection of its
/// own, so that writers go on meanwhile.
#[derive(Default)]
struct Checkpoints {
    connection: Option<Connection>,
    /// How many commits the last checkpoint found.
    commits: u64,
}

impl Checkpoints {
    fn checkpoint(&mut self, database: &Database, last: bool) -> Result<(), StoreError> {
        let commits = database.commits();
        if commits == self.commits && database.log_size() < MANY_BYTES {
            return Ok(());
        }
        let failed = |error| StoreError::database(database.path(), error);
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let connection = Connection::open(database.path()).map_err(failed)?;
                connection
                    .execute_batch("PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 1000;")
                    .map_err(failed)?;
                connection
            }
        };
        // An empty log opens fastest; emptying it would stop writers before the end.
        let how = if last { "TRUNCATE" } else { "PASSIVE" };
        connection
            .query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |_| Ok(()))
            .map_err(failed)?;
        self.connection = Some(connection);
        self.commits = commits;
        Ok(())
    }
}

/// Above this a log that only holds the traces of runs is folded in as well: whoever opens the store reads all of it.
const MANY_BYTES: u64 = 512 << 10;
