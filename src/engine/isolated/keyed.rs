//! What a key has of the machine that made it: where a step runs elsewhere it has to be the same there.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::path::absolute;

use serde::Deserialize;
use serde::Serialize;

use crate::engine::JobError;
use crate::plan::Keys;
use crate::plan::Step;
use crate::plan::variable_digest;
use crate::store::Digest;
use crate::store::Store;
use crate::text::ShowPath;

/// Variables of the environment and the shell, as the key of a step has them.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::engine) struct KeyedMachine {
    /// The store whose secret the digests are made with.
    store: PathBuf,
    /// By name; none where it is not set.
    variables: BTreeMap<String, Option<Digest>>,
    shell: Option<String>,
}

impl KeyedMachine {
    /// None where the key of a step has nothing of it.
    pub(in crate::engine) fn of(step: &Step, keys: &dyn Keys, store: &Store) -> Option<Self> {
        let variables = keys.variables(step);
        let shell = step.kind.interpreter(&step.params).map(str::to_owned);
        (!variables.is_empty() || shell.is_some()).then(|| KeyedMachine {
            store: absolute(store.root()).unwrap_or_else(|_| store.root().to_owned()),
            variables,
            shell,
        })
    }

    /// Why a step may not run here under its key.
    ///
    /// # Errors
    /// Where the store cannot be asked.
    pub(super) fn differs(&self, step: &Step) -> io::Result<Option<JobError>> {
        let shell = step.kind.interpreter(&step.params);
        if shell != self.shell.as_deref() {
            let [ours, theirs] = [self.shell.as_deref(), shell].map(Option::unwrap_or_default);
            let message = format!(
                "the shell is not what the key says where the step runs: `{theirs}`, not `{ours}`"
            );
            return Ok(Some(JobError::failed(message).hint(
                "it belongs to the key: have the same there, or write `run` as a list",
            )));
        }
        if self.variables.is_empty() {
            return Ok(None);
        }
        let secret = Store::secret_in(&self.store).ok_or_else(|| {
            let path = self.store.join("secret");
            io::Error::other(format!("{} cannot be read", path.shown()))
        })?;
        for (name, keyed) in &self.variables {
            let here = variable_digest(&secret, name);
            if here == *keyed {
                continue;
            }
            // Their values may be secrets.
            let how = match (keyed, here) {
                (Some(_), None) => "it is not set there",
                (None, _) => "it is set there",
                _ => "it has another value there",
            };
            let message =
                format!("`env` {name} is not what the key says where the step runs: {how}");
            return Ok(Some(JobError::failed(message).hint(
                "it belongs to the key: have the same there (modules, a prologue or `--export` may change it), \
                 or name it under `pass_env`",
            )));
        }
        Ok(None)
    }
}
