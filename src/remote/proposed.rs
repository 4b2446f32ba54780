//! What programs have proposed for the searches of others: results say nothing of it.

use serde_json::Value as Json;

use super::Remote;
use super::RemoteError;
use super::Root;
use super::layout;

impl Remote {
    /// What searches of experiments of this name had come to when they were sent, whoever sent them. Where only what is
    /// signed counts there is none, as nobody signs it.
    ///
    /// # Errors
    /// Where the shared store cannot be read.
    pub fn searches(&self, experiment: &str) -> Result<Vec<Json>, RemoteError> {
        if !self.trusted.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for entry in self
            .list("roots")?
            .into_iter()
            .filter(|entry| !entry.closed)
        {
            let Some(text) = self.read(&entry.name, layout::ROOT)? else {
                continue;
            };
            // What is not understood here is nobody's loss.
            let root = serde_json::from_slice::<Root>(&text).ok();
            let root = root.filter(|root| root.name == experiment);
            found.extend(root.and_then(|root| root.search));
        }
        Ok(found)
    }
}
