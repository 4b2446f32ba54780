//! The store itself: opens the parts and offers what they do together.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;

use super::Accepted;
use super::Attempt;
use super::Digest;
use super::Disk;
use super::Durations;
use super::Files;
use super::GoOn;
use super::Holder;
use super::KeyParts;
use super::Maker;
use super::Object;
use super::Outcome;
use super::PartOf;
use super::PastAttempt;
use super::PastRun;
use super::Presence;
use super::ProjectInput;
use super::Record;
use super::RunId;
use super::StepResult;
use super::StoreError;
use super::Watch;
use super::checkpoint;
use super::database;
use super::database::Database;
use super::environment;
use super::folder;
use super::history;
use super::index::Index;
use super::labels;
use super::lock;
use super::lock::Lock;
use super::objects;
use super::objects::Objects;
use super::objects::entries;
use super::plans;
use super::records::Records;
use super::removal::is_mounted;
use super::removal::remove_tree;
use super::sync::Syncer;

/// What a caller wants of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reading works always, beside a writer and on read-only file systems.
    Read,
    /// One process at a time; a second one waits for the first, or fails where it must not.
    Write { wait: bool },
}

/// An experiment of so many steps looks them up for long enough to prepare for it early.
const MANY: usize = 1_000;

/// The file that the one who writes has locked.
const LOCK: &str = "lock";

/// A folder among those that steps worked in, for as long as some that a killed process has started may run still.
const KILLED: &str = "killed";

/// Artifacts by content, records by key, and what was tried.
pub struct Store {
    root: PathBuf,
    pub(super) checkpoints: PathBuf,
    pub(super) files: Arc<dyn Files>,
    pub(super) database: Arc<Database>,
    pub(super) objects: Arc<Objects>,
    pub(super) records: Records,
    index: Index,
    // Dropped in this order: the last sync happens under the lock.
    syncer: Option<Syncer>,
    lock: Option<Lock>,
    /// The run that this process has begun last.
    run: Mutex<Option<RunId>>,
    killed: bool,
    stands_in: bool,
}

/// What a lookup found.
#[derive(Clone, Debug)]
pub enum Lookup {
    Hit(Arc<StepResult>),
    Miss,
    /// There is a record, but an object it names cannot be used: a miss, worth a warning.
    Damaged {
        presence: Presence,
        path: PathBuf,
    },
}

impl Store {
    /// Opens the store in this folder, and makes it there if it is to be written.
    pub fn open(root: &Path, access: Access) -> Result<Store, StoreError> {
        Self::open_telling(root, access, &mut |_| true)
    }

    /// Like [`Store::open`]. While another process writes, `waiting` is called several times a
    /// second with who that is; where it answers false, this gives up.
    pub fn open_telling(
        root: &Path,
        access: Access,
        waiting: &mut dyn FnMut(&Holder) -> bool,
    ) -> Result<Store, StoreError> {
        Self::open_with(root, access, waiting, Arc::new(Disk))
    }

    /// Like [`Store::open_telling`], on other file operations than the disk's.
    pub fn open_with(
        root: &Path,
        access: Access,
        waiting: &mut dyn FnMut(&Holder) -> bool,
        files: Arc<dyn Files>,
    ) -> Result<Store, StoreError> {
        // Programs that are given paths below it work in folders of their own.
        let asked = root;
        let root = &std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
        // The numbers count changes of the folders' format: an older program never sees a newer
        // one's files, and the other way round.
        let objects = root.join("objects-v1");
        let checkpoints = root.join("checkpoints-v1");
        let temporary = root.join("tmp");
        let path = root.join("store.sqlite");
        let writable = access != Access::Read;
        let mut lock = None;
        let mut killed = false;
        if access == Access::Read {
            folder::to_read(asked)?;
        }
        if let Access::Write { wait } = access {
            folder::to_write(asked)?;
            lock = Some(Lock::take(&root.join(LOCK), wait, waiting)?);
            // Whatever lies here was left by a process that died: only the lock's owner writes.
            empty(&temporary)?;
            let scratch = root.join("scratch");
            killed = empty(&scratch)?;
            // Whoever opens it may be another than who ends what runs still.
            let mark = killed.then(|| scratch.join(KILLED));
            for folder in [Some(scratch), mark].iter().flatten() {
                folder::folder(folder, true)
                    .map_err(|error| StoreError::io("create", folder, error))?;
            }
            folder::secret(root)?;
        }
        let (connection, stands_in) = match writable {
            true => (database::open_to_write(&path)?, false),
            false => database::open_to_read(&path)?,
        };
        let database = Arc::new(Database::new(path, connection));
        let objects = Arc::new(Objects::new(
            objects,
            temporary,
            Arc::clone(&files),
            Arc::clone(&database),
            writable,
        ));
        let syncer = if writable {
            let started = Syncer::start(Arc::clone(&objects), Arc::clone(&database));
            Some(started.map_err(|error| StoreError::io("start syncing", root, error))?)
        } else {
            None
        };
        Ok(Store {
            root: root.to_owned(),
            checkpoints,
            index: Index::new(Arc::clone(&files), Arc::clone(&database), writable),
            records: Records::new(Arc::clone(&database)),
            files,
            database,
            objects,
            syncer,
            lock,
            run: Mutex::default(),
            killed,
            stands_in,
        })
    }

    /// The key for digests of what must not be kept itself; none where no store was written yet.
    pub fn secret_in(root: &Path) -> Option<[u8; 32]> {
        folder::known_secret(root)
    }

    /// The process that writes this store now, as far as can be told.
    pub fn writer(&self) -> Option<Holder> {
        lock::writer(&self.root.join(LOCK))
    }

    /// Whether what was opened for reading does not see what others write from now on, since there was no store yet: who
    /// reads on opens it anew.
    pub fn stands_in(&self) -> bool {
        self.stands_in
    }

    /// Whether a process that wrote here died while steps ran, and nobody has ended them since: some may run still.
    pub fn was_killed(&self) -> bool {
        self.killed
    }

    /// They are ended, or cannot be.
    pub fn has_no_leftovers(&self) {
        // Where it stays they are looked for once more.
        let _ = fs::remove_dir(self.scratch().join(KILLED));
    }

    /// The store's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn writable(&self) -> Result<(), StoreError> {
        let path = self.root.clone();
        match self.lock {
            Some(_) => Ok(()),
            None => Err(StoreError::NotWritable { path }),
        }
    }

    /// Sees that what is written still reaches the store: nobody removed or moved its folder since it was opened.
    ///
    /// # Errors
    /// Where somebody did.
    pub fn still_there(&self) -> Result<(), StoreError> {
        let gone = |lock: &Lock| !lock.is_at(&self.root.join(LOCK));
        match self.lock.as_ref().is_some_and(gone) {
            true => Err(StoreError::Gone {
                path: self.root.clone(),
            }),
            false => Ok(()),
        }
    }

    /// Keeps these bytes.
    pub fn put_bytes(&self, bytes: &[u8]) -> Result<Object, StoreError> {
        self.objects.put_bytes(bytes, false)
    }

    /// Takes a plain file over: it is moved where it has no other name and that is possible, else
    /// copied. It stays executable.
    pub fn put_file(&self, path: &Path) -> Result<Object, StoreError> {
        self.put_file_watched(path, &|_| true)
    }

    /// The same of a file that may be large, with somebody who is told of what is read and copied and may end it:
    /// then nothing was taken.
    pub fn put_file_watched(&self, path: &Path, go_on: GoOn<'_>) -> Result<Object, StoreError> {
        self.objects.put_file(path, go_on)
    }

    /// Where the content of an object is, for reading only.
    pub fn path(&self, object: &Object) -> PathBuf {
        self.objects.path(object.name())
    }

    /// The folder that all objects lie in.
    pub fn objects_folder(&self) -> &Path {
        self.objects.folder()
    }

    /// Whether a path ends as that of an object does, be it one of another store.
    pub fn is_like_an_object(&self, path: &Path) -> bool {
        self.objects.is_like_one(path)
    }

    /// The object here that has the name at the end of a path, with the size that it has now.
    pub fn object_like(&self, path: &Path) -> Option<Object> {
        self.objects.like(path)
    }

    /// The content of an object, checked against its digest.
    pub fn read(&self, object: &Object) -> Result<Vec<u8>, StoreError> {
        let path = self.path(object);
        let bytes = fs::read(&path).map_err(|error| StoreError::io("read", &path, error))?;
        if Digest::of(&bytes) != object.digest {
            self.objects.distrust(object.name());
            return Err(StoreError::Damaged { path });
        }
        Ok(bytes)
    }

    /// Whether an object can be used; reads it only where it is not known to be untouched.
    pub fn presence(&self, object: &Object) -> Presence {
        self.objects.presence(object)
    }

    /// Has [`Store::file_digest`] tell of what it reads of large files, and end where it is told to.
    pub fn watch_reading(&self, watch: Option<Watch>) {
        self.index.watch(watch);
    }

    /// The digest of a plain file, read only where it is not known to be untouched.
    pub fn file_digest(&self, path: &Path) -> Result<Object, StoreError> {
        self.index.digest(path)
    }

    /// The file or folder of the project at a path; files are read only where they are not known to be
    /// untouched.
    pub fn project_input(&self, path: &Path) -> Result<ProjectInput, StoreError> {
        ProjectInput::read(path, &|path| self.file_digest(path))
    }

    /// Prepares for as many lookups as an experiment had steps the last time, if there were many.
    pub fn preload_ahead(&self, experiment: &str) -> Result<(), StoreError> {
        match plans::steps(&self.database, experiment)? {
            steps if steps >= MANY => self.preload(steps),
            _ => Ok(()),
        }
    }

    /// Prepares for some `expected` lookups: loads everything at once where that is cheaper.
    pub fn preload(&self, expected: usize) -> Result<(), StoreError> {
        if self.records.are_loaded() && self.objects.are_loaded() {
            return Ok(());
        }
        let limit = expected.saturating_mul(4).saturating_add(1000);
        self.database.with(|connection| {
            self.records.preload(connection, expected, limit)?;
            self.objects.preload(connection, expected, limit)
        })
    }

    /// The result kept under this key, if all of it can be used.
    pub fn lookup(&self, key: Digest) -> Result<Lookup, StoreError> {
        let Some(result) = self.records.result(key)? else {
            return Ok(Lookup::Miss);
        };
        for object in result.objects() {
            let presence = self.presence(object);
            if presence != Presence::Intact {
                let path = self.path(object);
                return Ok(Lookup::Damaged { presence, path });
            }
        }
        Ok(Lookup::Hit(Arc::new(result)))
    }

    /// Whether there is a result under this key, usable or not.
    pub fn has_record(&self, key: Digest) -> Result<bool, StoreError> {
        Ok(self.records.result(key)?.is_some())
    }

    /// The record of this key with its parts, whether or not its objects are there.
    pub fn record(&self, key: Digest) -> Result<Option<Record>, StoreError> {
        self.records.record(key)
    }

    /// What a key was made of; known for failed attempts as well.
    pub fn parts(&self, key: Digest) -> Result<Option<KeyParts>, StoreError> {
        self.records.parts(key)
    }

    /// Begins a run and names it after the time.
    pub fn begin_run(&self, experiment: &str, command: &str) -> Result<RunId, StoreError> {
        self.writable()?;
        let run = history::begin(&self.database, experiment, command)?;
        *objects::lock(&self.run) = Some(run.clone());
        Ok(run)
    }

    /// The run that this process has begun; empty where it has begun none.
    pub(super) fn run_now(&self) -> String {
        let run = objects::lock(&self.run);
        run.as_ref().map(|run| run.0.clone()).unwrap_or_default()
    }

    /// Keeps these attempts, and the results of those that ended well: when this returns, the
    /// death of the process does not lose them.
    pub fn commit(
        &self,
        run: &RunId,
        experiment: &str,
        attempts: &[Attempt],
    ) -> Result<(), StoreError> {
        self.writable()?;
        self.database.write(|connection| {
            environment::prepare(connection)?;
            for attempt in attempts {
                history::keep(connection, run, experiment, attempt)?;
            }
            Ok(())
        })?;
        for attempt in attempts {
            if let Outcome::Made(result) = &attempt.outcome {
                self.records.learn(attempt.key, result);
            }
        }
        Ok(())
    }

    /// Ends a run with its summary in JSON.
    pub fn end_run(&self, run: &RunId, summary: &str) -> Result<(), StoreError> {
        let end = |connection: &rusqlite::Connection| {
            self.index.flush(connection)?;
            history::end(connection, run, summary)
        };
        if self.index.has_fresh() {
            self.database.write(end)
        } else {
            self.database.note(end)
        }
    }

    /// The newest `limit` runs, newest first.
    pub fn runs(&self, limit: usize) -> Result<Vec<PastRun>, StoreError> {
        let mut runs = history::runs(&self.database, limit)?;
        labels::fill(&self.database, &mut runs)?;
        Ok(runs)
    }

    /// The run that somebody named so.
    pub fn run_named(&self, name: &str) -> Result<Option<String>, StoreError> {
        labels::named(&self.database, name)
    }

    /// All names of runs, with the runs.
    pub fn run_names(&self) -> Result<Vec<(String, String)>, StoreError> {
        labels::names(&self.database)
    }

    /// Gives a run a name; takes it from the run that had it.
    pub fn name_run(&self, run: &str, name: &str) -> Result<(), StoreError> {
        self.writable()?;
        labels::name(&self.database, run, name)
    }

    /// Takes a name away; whether there was one.
    pub fn unname_run(&self, name: &str) -> Result<bool, StoreError> {
        self.writable()?;
        labels::unname(&self.database, name)
    }

    /// Adds tags to a run and takes others away.
    pub fn tag_run(&self, run: &str, add: &[String], remove: &[String]) -> Result<(), StoreError> {
        self.writable()?;
        labels::tag(&self.database, run, add, remove)
    }

    /// Keeps the result of another key, `instead`, under a new one, for a reason that is shown with it.
    ///
    /// # Errors
    /// Also where there is no such result.
    pub fn accept(
        &self,
        key: Digest,
        instead: Digest,
        reason: &str,
        kind: &str,
        parts: &KeyParts,
        result: &StepResult,
    ) -> Result<(), StoreError> {
        self.writable()?;
        labels::accept(&self.database, key, instead, reason, kind, parts, result)?;
        self.records.learn(key, result);
        Ok(())
    }

    /// Keeps the result of a former key of a step under its present one, with all that is known of how it came.
    ///
    /// # Errors
    /// Where the store cannot be written.
    pub fn take_over(
        &self,
        key: Digest,
        former: Digest,
        kind: &str,
        parts: &KeyParts,
        result: &StepResult,
    ) -> Result<(), StoreError> {
        self.writable()?;
        self.records.take_over(key, former, kind, parts, result)?;
        self.records.learn(key, result);
        Ok(())
    }

    /// Whether any result here was ever accepted.
    pub fn any_accepted(&self) -> Result<bool, StoreError> {
        labels::any_accepted(&self.database)
    }

    /// How the result under a key came there, if somebody accepted it.
    pub fn accepted(&self, key: Digest) -> Result<Option<Accepted>, StoreError> {
        labels::accepted(&self.database, key)
    }

    /// All attempts at a step, oldest first.
    pub fn attempts(&self, experiment: &str, step: &str) -> Result<Vec<PastAttempt>, StoreError> {
        history::attempts(&self.database, experiment, step)
    }

    /// How the newest attempt at every step ended (`made`, `failed`, `cancelled`), by step name.
    pub fn last_outcomes(&self, experiment: &str) -> Result<BTreeMap<String, String>, StoreError> {
        history::last_outcomes(&self.database, experiment)
    }

    /// How long steps took.
    pub fn durations(&self, experiment: &str) -> Result<Durations, StoreError> {
        history::durations(&self.database, experiment)
    }

    /// The newest attempt at every key.
    pub fn makers(&self) -> Result<BTreeMap<Digest, Maker>, StoreError> {
        history::makers(&self.database)
    }

    /// The histories of experiments that this store has, by name.
    pub fn experiments(&self) -> Result<Vec<String>, StoreError> {
        plans::experiments(&self.database)
    }

    /// The newest key of every step of an experiment, by step name.
    pub fn keys_of(&self, experiment: &str) -> Result<BTreeMap<String, Digest>, StoreError> {
        plans::keys(&self.database, experiment)
    }

    /// Says which steps an experiment has now; those without a key keep the one they had.
    pub fn set_keys(
        &self,
        experiment: &str,
        steps: &[(&str, Option<Digest>)],
    ) -> Result<(), StoreError> {
        self.writable()?;
        plans::set_keys(&self.database, experiment, steps)
    }

    /// The newest whole checkpoint of an unfinished key.
    pub fn checkpoint(&self, key: Digest) -> Result<Option<Vec<u8>>, StoreError> {
        checkpoint::load(&self.checkpoints, key)
    }

    /// Keeps the state of an unfinished key in place of the one before.
    pub fn save_checkpoint(&self, key: Digest, state: &[u8]) -> Result<(), StoreError> {
        self.writable()?;
        let temporary = self.objects.temporary();
        checkpoint::save(&*self.files, &self.checkpoints, &temporary, key, state)
    }

    /// The folder in which a program keeps the state of an unfinished key; at first with what a step
    /// with less of the same budget has left, if one has.
    pub fn checkpoint_folder(
        &self,
        key: Digest,
        part: Option<PartOf>,
    ) -> Result<PathBuf, StoreError> {
        self.writable()?;
        let path = checkpoint::folder_path(&self.checkpoints, key);
        match part {
            Some(part) if !path.exists() => {
                let left = checkpoint::folder_path(&self.checkpoints, part.whole);
                checkpoint::begin_with(&path, &left, part.amount)
                    .map_err(|error| StoreError::io("copy", &left, error))?;
            }
            Some(_) => {}
            // From now on it is the step's own.
            None => {
                checkpoint::own(&path).map_err(|error| StoreError::io("use", &path, error))?;
            }
        }
        folder::folder(&path, false).map_err(|error| StoreError::io("create", &path, error))?;
        Ok(path)
    }

    /// Removes the checkpoint of a key that is finished. The folder of a program that has done a part
    /// of its budget is left to those with more.
    pub fn drop_checkpoint(&self, key: Digest, part: Option<PartOf>) -> Result<(), StoreError> {
        let folder = checkpoint::folder_path(&self.checkpoints, key);
        if let Some(part) = part.filter(|_| folder.is_dir()) {
            let left = checkpoint::folder_path(&self.checkpoints, part.whole);
            checkpoint::leave(&folder, &left, part.amount)
                .map_err(|error| StoreError::io("rename", &folder, error))?;
        }
        if folder.is_dir() {
            remove_tree(&folder).map_err(|error| StoreError::io("remove", &folder, error))?;
        }
        let path = checkpoint::path(&self.checkpoints, key);
        match self.files.remove(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StoreError::io("remove", &path, error))
            }
            _ => Ok(()),
        }
    }

    /// Removes what a step with a part of a budget has left to those with more. The folder of a program
    /// that has begun with all of it stays.
    pub fn drop_part(&self, part: PartOf) -> Result<(), StoreError> {
        let left = checkpoint::folder_path(&self.checkpoints, part.whole);
        match left.is_dir() && !checkpoint::is_part(&left) {
            true => Ok(()),
            false => self.drop_checkpoint(part.whole, None),
        }
    }

    /// Where a run keeps its event log.
    pub fn run_folder(&self, run: &RunId) -> PathBuf {
        self.root.join("runs").join(&run.0)
    }

    /// The same, made: its owner alone may read it.
    pub fn make_run_folder(&self, run: &RunId) -> io::Result<PathBuf> {
        folder::folder(&self.root.join("runs"), true)?;
        let folder = self.run_folder(run);
        folder::folder(&folder, true)?;
        Ok(folder)
    }

    /// Where attempts get their scratch folders: on the store's file system, so that what they
    /// leave can be moved. Emptied when the next writer opens the store.
    pub fn scratch(&self) -> PathBuf {
        self.root.join("scratch")
    }

    /// Makes everything durable now; otherwise that happens within a second.
    pub fn sync(&self) -> Result<(), StoreError> {
        self.objects.sync().map(|_| ())
    }

    /// What went wrong with syncing since the last call: worth a warning each.
    pub fn sync_trouble(&self) -> Vec<StoreError> {
        let syncer = self.syncer.as_ref();
        syncer.map(Syncer::trouble).unwrap_or_default()
    }
}

/// How often something is tried to be removed that another process may still write to.
const TRIES: u32 = 5;

/// Removes all that a folder holds; says whether that was anything.
fn empty(folder: &Path) -> Result<bool, StoreError> {
    let mut any = false;
    for entry in entries(folder)? {
        any = true;
        let path = entry.path();
        let mut removed = Ok(());
        for _ in 0..TRIES {
            removed = remove_tree(&path);
            match &removed {
                Err(error) if error.kind() != io::ErrorKind::NotFound => unlock(&path),
                _ => break,
            }
        }
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::io("remove", &path, error));
            }
            _ => {}
        }
    }
    Ok(any)
}

/// Gives us back the right to change a folder and those in it, which a program may have taken.
fn unlock(folder: &Path) {
    let mut pending = vec![folder.to_owned()];
    while let Some(folder) = pending.pop() {
        let is_folder = fs::symlink_metadata(&folder).is_ok_and(|found| found.is_dir());
        // What is mounted there is not ours.
        if !is_folder || is_mounted(&folder).is_ok_and(|mounted| mounted) {
            continue;
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let _ = fs::set_permissions(&folder, fs::Permissions::from_mode(0o700));
        }
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        pending.extend(entries.map(|entry| entry.path()));
    }
}
