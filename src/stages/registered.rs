//! Entries of other registries as stage kinds: `train/vae` is the model `vae`.

use crate::registry::Entry;
use crate::registry::Param;

/// An entry of another registry as a stage kind.
pub(super) struct Registered<T: ?Sized + 'static> {
    /// `train/vae`
    name: &'static str,
    pub(super) entry: &'static T,
    /// How many changes there were that all entries of this sort share.
    shared: u32,
}

impl<T: Entry + ?Sized> Registered<T> {
    /// The entry as `<sort>/<name>`.
    pub(super) fn new(sort: &str, entry: &'static T, shared: u32) -> Self {
        let name = format!("{sort}/{}", entry.name());
        Registered {
            // Lives as long as the program, as everything in a registry does.
            name: Box::leak(name.into_boxed_str()),
            entry,
            shared,
        }
    }
}

impl<T: Entry + ?Sized> Entry for Registered<T> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn summary(&self) -> &'static str {
        self.entry.summary()
    }

    fn docs(&self) -> &'static str {
        self.entry.docs()
    }

    fn revision(&self) -> u32 {
        self.entry.revision() + self.shared
    }

    fn params(&self) -> Vec<Param> {
        self.entry.params()
    }
}
