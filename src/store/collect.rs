//! `gc` and `verify`: what the store can do without, and whether the rest is what it says.

use std::collections::HashSet;
use std::path::Path;

use rusqlite::Connection;
use serde::Serialize;

use super::Digest;
use super::Object;
use super::Presence;
use super::Store;
use super::StoreError;
use super::before;
use super::checkpoint;
use super::database::digest;
use super::environment;
use super::objects::entries;
use super::remotes;
use super::remove_tree;
use super::replaced;

/// What a collection removed, or would remove.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Collected {
    pub records: usize,
    pub objects: usize,
    pub checkpoints: usize,
    /// Of objects and checkpoints together.
    pub bytes: u64,
    pub kept_records: usize,
    pub kept_objects: usize,
    pub kept_bytes: u64,
}

/// What a full reading found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    pub objects: usize,
    pub bytes: u64,
    /// Objects whose content is not what their name says. The steps that need them run again.
    pub damaged: Vec<Digest>,
    /// The same of which no record has them, as where a step that ran again left something else.
    pub unneeded: Vec<Digest>,
    /// Objects that records name and that are not there.
    pub missing: Vec<Digest>,
}

impl Store {
    /// Takes back results of this process that are under keys which do not say what they are of: what stood there before
    /// stands there again. Their objects stay until the next collection.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn forget_results<'k>(
        &self,
        keys: impl Iterator<Item = &'k Digest>,
    ) -> Result<(), StoreError> {
        self.writable()?;
        let keys: Vec<Digest> = keys.copied().collect();
        let back = self.database.write(|connection| {
            let mut back = Vec::new();
            for key in &keys {
                match before::put_back(connection, *key)? {
                    Some(result) => back.push((*key, result)),
                    // What runs had before under this key stays.
                    None => forget(connection, &[*key])?,
                }
            }
            remotes::changed(connection, &keys)?;
            Ok(back)
        })?;
        self.records.forget(&keys);
        for (key, result) in back {
            self.records.learn(key, &result);
        }
        Ok(())
    }

    /// Removes records whose key is not in `keep`, then objects that no record names, and
    /// checkpoints of other keys. With `pretend`, only says what that would free. What somebody wrote in the place of
    /// such an object is there for [`Store::take_damaged`].
    pub fn gc(&self, keep: &HashSet<Digest>, pretend: bool) -> Result<Collected, StoreError> {
        self.gc_holding(keep, &HashSet::new(), pretend)
    }

    /// The same, but for results that others have replaced and that are held, by key and [`StepResult::digest`].
    ///
    /// [`StepResult::digest`]: super::StepResult::digest
    pub fn gc_holding(
        &self,
        keep: &HashSet<Digest>,
        held: &HashSet<(Digest, Digest)>,
        pretend: bool,
    ) -> Result<Collected, StoreError> {
        let mut collected = Collected::default();
        let mut dropped = Vec::new();
        let mut reached = HashSet::new();
        for key in self.record_keys()? {
            if !keep.contains(&key) {
                dropped.push(key);
            } else if let Some(result) = self.records.result(key)? {
                collected.kept_records += 1;
                reached.extend(result.objects().map(Object::name));
            }
        }
        for result in self
            .database
            .with(|connection| replaced::held(connection, held))?
        {
            collected.kept_records += usize::from(self.has_objects_of(&result));
            reached.extend(result.objects().map(Object::name));
        }
        collected.records = dropped.len();
        if !pretend {
            self.writable()?;
            // Records go first: if this stops half way, no record names a removed object.
            self.database.write(|connection| {
                forget(connection, &dropped)?;
                replaced::forget(connection, held, &dropped)?;
                remotes::changed(connection, &dropped)
            })?;
            self.records.forget(&dropped);
            self.objects.remove_unfinished()?;
        }
        for object in self.objects.on_disk()? {
            if reached.contains(&object.name()) {
                collected.kept_objects += 1;
                collected.kept_bytes += object.size;
                continue;
            }
            collected.objects += 1;
            collected.bytes += object.size;
            if !pretend {
                self.objects.put_away(&object)?;
            }
        }
        for entry in entries(&self.checkpoints)? {
            let name = entry.file_name();
            let name = name.to_str().unwrap_or_default();
            let unfinished = name.strip_suffix(checkpoint::UNFINISHED);
            let folder = unfinished.or_else(|| name.strip_suffix(".d"));
            let key = folder.unwrap_or(name).parse().ok();
            // Only who writes the store copies a folder, and now nobody else does.
            let is_needed = |key| unfinished.is_none() && keep.contains(&key);
            if key.is_none_or(is_needed) {
                continue;
            }
            collected.checkpoints += 1;
            if folder.is_some() {
                let path = entry.path();
                collected.bytes += size_of(&path);
                if !pretend {
                    remove_tree(&path).map_err(|error| StoreError::io("remove", &path, error))?;
                }
                continue;
            }
            collected.bytes += entry.metadata().map_or(0, |metadata| metadata.len());
            if !pretend && let Some(key) = key {
                let path = checkpoint::path(&self.checkpoints, key);
                self.files
                    .remove(&path)
                    .map_err(|error| StoreError::io("remove", &path, error))?;
            }
        }
        Ok(collected)
    }

    /// Reads every object again. Damaged ones lose their trust, so that the next run heals them.
    pub fn verify(&self) -> Result<Verified, StoreError> {
        self.verify_holding(&HashSet::new())
    }

    /// The same, where results are held that others have replaced, by key and [`StepResult::digest`]: what they need is
    /// not unneeded. Whether they are whole, they say themselves.
    ///
    /// [`StepResult::digest`]: super::StepResult::digest
    pub fn verify_holding(&self, held: &HashSet<(Digest, Digest)>) -> Result<Verified, StoreError> {
        let mut verified = Verified::default();
        let mut there = HashSet::new();
        let mut needed = HashSet::new();
        let held = self
            .database
            .with(|connection| replaced::held(connection, held))?;
        let held: HashSet<_> = held
            .iter()
            .flat_map(|result| result.objects().map(Object::name))
            .collect();
        for key in self.record_keys()? {
            if let Some(result) = self.records.result(key)? {
                needed.extend(result.objects().map(Object::name));
            }
        }
        for object in self.objects.on_disk()? {
            there.insert(object.name());
            verified.objects += 1;
            verified.bytes += object.size;
            if self.objects.reread(object.name()) != Presence::Intact {
                match needed.contains(&object.name()) {
                    true => verified.damaged.push(object.digest),
                    false if held.contains(&object.name()) => {}
                    false => verified.unneeded.push(object.digest),
                }
            }
        }
        let missing: HashSet<Digest> = needed
            .difference(&there)
            .map(|(digest, _)| *digest)
            .collect();
        verified.missing.extend(missing);
        verified.missing.sort_unstable();
        Ok(verified)
    }

    fn record_keys(&self) -> Result<Vec<Digest>, StoreError> {
        self.database.with(|connection| {
            let mut statement = connection.prepare_cached("SELECT key FROM records")?;
            let mut rows = statement.query([])?;
            let mut keys = Vec::new();
            while let Some(row) = rows.next()? {
                keys.extend(digest(row.get_ref(0)?.as_blob()?));
            }
            Ok(keys)
        })
    }
}

/// Forgets what stands under these keys.
fn forget(connection: &Connection, keys: &[Digest]) -> rusqlite::Result<()> {
    let mut delete = connection.prepare_cached("DELETE FROM records WHERE key = ?")?;
    let mut parts = connection.prepare_cached("DELETE FROM parts WHERE key = ?")?;
    for key in keys {
        delete.execute([key.as_bytes()])?;
        parts.execute([key.as_bytes()])?;
    }
    environment::forget(connection, keys)
}

/// All bytes below a folder.
fn size_of(folder: &Path) -> u64 {
    let mut size = 0;
    let mut pending = vec![folder.to_owned()];
    while let Some(folder) = pending.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(about) if about.is_dir() => pending.push(entry.path()),
                Ok(about) => size += about.len(),
                Err(_) => {}
            }
        }
    }
    size
}
