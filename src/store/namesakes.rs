//! Whose history a name is, where several manifests that call their experiments alike use one store.
//!
//! What was tried, the last key of each step and the runs belong to a manifest and its experiment. The first manifest
//! has them under the experiment's own name, as stores of earlier versions do, others under `name#2`, `name#3`.
//! A manifest that nobody knows here goes on with what one of its project has left that is gone: it was renamed.

use std::path::Path;
use std::path::PathBuf;

use super::Store;
use super::StoreError;
use super::database;
use super::database::Database;
use super::database::has_table;
use super::names::name_of;
use super::names::text_of;
use super::plans;
use super::ways;

/// Made with the first manifest that is noted, so that a store without is as programs before know it.
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS histories(
  name TEXT PRIMARY KEY, experiment TEXT NOT NULL, manifest TEXT NOT NULL, root TEXT NOT NULL) WITHOUT ROWID;
";

/// An experiment without its changes by the command line or a profile (`m@0d050c99`), and these.
fn parted(experiment: &str) -> (&str, &str) {
    experiment.split_at(experiment.find('@').unwrap_or(experiment.len()))
}

/// The name of an experiment, or of a history, under any profile and changes of the command line: `m` of `m@0d050c99`.
pub fn without_changes(name: &str) -> &str {
    parted(name).0
}

/// The experiment that a history is of: `m@0d050c99` of `m#2@0d050c99`.
pub fn experiment_of(history: &str) -> String {
    let (name, changes) = parted(history);
    let own = name.split_once('#').map_or(name, |(own, _)| own);
    format!("{own}{changes}")
}

/// A manifest whose history is asked for.
struct Asked<'a> {
    store: &'a Path,
    experiment: &'a str,
    manifest: &'a Path,
    root: &'a Path,
}

struct Row {
    name: String,
    manifest: PathBuf,
    root: PathBuf,
}

impl Asked<'_> {
    fn manifest(&self) -> PathBuf {
        ways::way(self.store, self.manifest, self.root)
    }

    fn root(&self) -> PathBuf {
        ways::way(self.store, self.root, self.root)
    }

    /// The name of the history, and whether it is noted so.
    fn resolve(&self, database: &Database) -> Result<(String, bool), StoreError> {
        let rows = rows(database, self.experiment)?;
        let (manifest, root) = (self.manifest(), self.root());
        if let Some(row) = rows.iter().find(|row| row.manifest == manifest) {
            return Ok((row.name.clone(), true));
        }
        let there = |way: &Path| ways::place(self.store, way).exists();
        // A project that is gone may be back tomorrow, as with a disk that is not there: nobody takes what is its own.
        let mut gone = rows.iter().filter(|row| !there(&row.manifest));
        if let Some(renamed) = gone.find(|row| row.root == root) {
            return Ok((renamed.name.clone(), false));
        }
        let is_free = |name: &str| rows.iter().all(|row| row.name != name);
        if is_free(self.experiment) && self.is_its_own(database)? {
            return Ok((self.experiment.to_owned(), false));
        }
        let mut names = (2..).map(|number: u32| format!("{}#{number}", self.experiment));
        let name = names.find(|name| is_free(name));
        Ok((name.unwrap_or_default(), false))
    }

    /// Whether a history that an earlier version left may be that of this manifest, and not only that of others.
    fn is_its_own(&self, database: &Database) -> Result<bool, StoreError> {
        let (manifest, root) = (ways::real_path(self.manifest), ways::real_path(self.root));
        let known = plans::manifests(database)?.into_iter();
        let known = known.filter(|(experiment, _)| without_changes(experiment) == self.experiment);
        let known: Vec<String> = known.map(|(_, way)| way).collect();
        let may_be = |way: &String| {
            let way = PathBuf::from(name_of(way));
            let place = ways::place(self.store, &way);
            match place.exists() {
                true => ways::real_path(&place) == manifest,
                // What is gone was renamed where it lay in this project, and may be away where it did not.
                false => place.starts_with(&root) || !ways::is_sure(self.store, &way, self.root),
            }
        };
        Ok(known.is_empty() || known.iter().any(may_be))
    }
}

fn rows(database: &Database, experiment: &str) -> Result<Vec<Row>, StoreError> {
    database.with(|connection| {
        if !has_table(connection, "histories")? {
            return Ok(Vec::new());
        }
        let path = |text: String| PathBuf::from(name_of(&text));
        connection
            .prepare_cached(
                "SELECT name, manifest, root FROM histories WHERE experiment = ? ORDER BY name",
            )?
            .query_map([experiment], |row| {
                Ok(Row {
                    name: row.get(0)?,
                    manifest: path(row.get(1)?),
                    root: path(row.get(2)?),
                })
            })?
            .collect()
    })
}

fn history(
    store: &Path,
    database: &Database,
    experiment: &str,
    manifest: &Path,
    root: &Path,
) -> Result<String, StoreError> {
    let (name, changes) = parted(experiment);
    let asked = Asked {
        store,
        experiment: name,
        manifest,
        root,
    };
    let (name, _) = asked.resolve(database)?;
    Ok(name + changes)
}

impl Store {
    /// The name under which the store in this folder knows the experiment of a manifest in the project at `root`.
    ///
    /// # Errors
    /// Where there is a store that cannot be read.
    pub fn history_in(
        folder: &Path,
        experiment: &str,
        manifest: &Path,
        root: &Path,
    ) -> Result<String, StoreError> {
        let path = folder.join("store.sqlite");
        if !path.exists() {
            return Ok(experiment.to_owned());
        }
        let (connection, _) = database::open_to_read(&path)?;
        history(
            folder,
            &Database::new(path, connection),
            experiment,
            manifest,
            root,
        )
    }

    /// The same of this store.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn history(
        &self,
        experiment: &str,
        manifest: &Path,
        root: &Path,
    ) -> Result<String, StoreError> {
        history(self.root(), &self.database, experiment, manifest, root)
    }

    /// Keeps that this history is that of an experiment of the manifest, an absolute path: by its way from here where
    /// both lie in the project at `root`, which may be moved as a whole.
    ///
    /// # Errors
    /// Where another manifest has got the name meanwhile.
    pub fn remember_manifest(
        &self,
        history: &str,
        manifest: &Path,
        root: &Path,
    ) -> Result<(), StoreError> {
        self.writable()?;
        let own = experiment_of(history);
        let asked = Asked {
            store: self.root(),
            experiment: without_changes(&own),
            manifest,
            root,
        };
        let (name, noted) = asked.resolve(&self.database)?;
        if name != without_changes(history) {
            return Err(StoreError::NameTaken {
                name: without_changes(history).to_owned(),
                path: self.root().to_owned(),
            });
        }
        let way = asked.manifest();
        if !noted {
            let root = asked.root();
            let (way, root) = (text_of(way.as_os_str()), text_of(root.as_os_str()));
            self.database.write(|connection| {
                connection.execute_batch(SCHEMA)?;
                connection.execute(
                    "INSERT OR REPLACE INTO histories VALUES (?, ?, ?, ?)",
                    (&name, asked.experiment, way, root),
                )
            })?;
        }
        plans::remember(&self.database, history, &text_of(way.as_os_str()))
    }

    /// Histories with the manifests that they are of, which may be gone.
    pub fn manifests(&self) -> Result<Vec<(String, PathBuf)>, StoreError> {
        let known = plans::manifests(&self.database)?.into_iter();
        let place = |way: String| ways::place(self.root(), Path::new(&name_of(&way)));
        Ok(known.map(|(history, way)| (history, place(way))).collect())
    }

    /// Histories of which nobody knows any more where their manifests are: an earlier version noted a way that does not
    /// lead there. `root` is that of a project whose ways are known.
    pub fn of_unknown_manifests(&self, root: &Path) -> Result<Vec<String>, StoreError> {
        let known = plans::manifests(&self.database)?.into_iter();
        let unknown = known.filter(|(_, way)| {
            let way = PathBuf::from(name_of(way));
            !ways::is_sure(self.root(), &way, root) && !ways::place(self.root(), &way).exists()
        });
        Ok(unknown.map(|(history, _)| history).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::Access;
    use super::*;

    #[test]
    fn every_manifest_has_a_history_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path();
        let manifest = |project: &str, name: &str| {
            let path = top.join(project).join(name);
            fs::create_dir_all(top.join(project)).unwrap();
            fs::write(&path, "").unwrap();
            path
        };
        let (a, b) = (manifest("a", "m.yaml"), manifest("b", "m.yaml"));
        let place = top.join("store");
        let history = |experiment: &str, manifest: &Path| {
            let root = manifest.parent().unwrap();
            Store::history_in(&place, experiment, manifest, root).unwrap()
        };
        let remember = |name: &str, manifest: &Path| {
            let store = Store::open(&place, Access::Write { wait: false }).unwrap();
            store.remember_manifest(name, manifest, manifest.parent().unwrap())
        };
        assert_eq!(history("m@1", &a), "m@1");
        remember("m@1", &a).unwrap();
        assert_eq!((&*history("m", &a), &*history("m@2", &b)), ("m", "m#2@2"));
        assert_eq!(experiment_of("m#2@2"), "m@2");
        // It was another's while this one waited.
        assert!(matches!(
            remember("m", &b),
            Err(StoreError::NameTaken { .. })
        ));
        remember("m#2", &b).unwrap();
        assert_eq!((&*history("m", &a), &*history("m", &b)), ("m", "m#2"));
        assert_eq!(history("n", &b), "n");
        // Renamed in its project it goes on.
        let renamed = top.join("b/n.yaml");
        fs::rename(&b, &renamed).unwrap();
        assert_eq!(history("m", &renamed), "m#2");
        remember("m#2", &renamed).unwrap();
        // One of another project does not, though this one is away; which is back then with what is its own.
        fs::rename(top.join("b"), top.join("c")).unwrap();
        let other = manifest("d", "m.yaml");
        assert_eq!(history("m", &other), "m#3");
        remember("m#3", &other).unwrap();
        fs::rename(top.join("c"), top.join("b")).unwrap();
        assert_eq!(history("m", &renamed), "m#2");
    }
}
