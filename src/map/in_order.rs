//! Maps in the order in which they are written, which whoever reads them may go by.

use std::hash::Hash;
use std::hash::Hasher;
use std::marker::PhantomData;
use std::ops::Deref;
use std::ops::DerefMut;

use foldhash::fast::FixedState;
use indexmap::IndexMap;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

use super::Entries;

/// A map from names, as it is written: two are equal where their order is, too.
#[derive(Clone, Debug)]
// Boxed, so that a value of any kind takes no more room than a text.
pub struct WrittenMap<V>(Box<IndexMap<String, V, FixedState>>);

impl<V> WrittenMap<V> {
    pub fn new() -> Self {
        WrittenMap(Box::default())
    }

    /// The same in the order of the names.
    pub fn sorted(mut self) -> Self {
        self.0.sort_unstable_keys();
        self
    }
}

impl<V> Default for WrittenMap<V> {
    fn default() -> Self {
        WrittenMap::new()
    }
}

impl<V> Deref for WrittenMap<V> {
    type Target = IndexMap<String, V, FixedState>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<V> DerefMut for WrittenMap<V> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<V: PartialEq> PartialEq for WrittenMap<V> {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_slice() == other.0.as_slice()
    }
}

impl<V: Eq> Eq for WrittenMap<V> {}

impl<V: PartialOrd> PartialOrd for WrittenMap<V> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        self.0.as_slice().partial_cmp(other.0.as_slice())
    }
}

impl<V: Hash> Hash for WrittenMap<V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_slice().hash(state);
    }
}

impl<V, const N: usize> From<[(String, V); N]> for WrittenMap<V> {
    fn from(entries: [(String, V); N]) -> Self {
        WrittenMap::from_iter(entries)
    }
}

impl<V> FromIterator<(String, V)> for WrittenMap<V> {
    fn from_iter<I: IntoIterator<Item = (String, V)>>(entries: I) -> Self {
        WrittenMap(Box::new(IndexMap::from_iter(entries)))
    }
}

impl<V> IntoIterator for WrittenMap<V> {
    type Item = (String, V);
    type IntoIter = indexmap::map::IntoIter<String, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, V> IntoIterator for &'a WrittenMap<V> {
    type Item = (&'a String, &'a V);
    type IntoIter = indexmap::map::Iter<'a, String, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<V: Serialize> Serialize for WrittenMap<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for WrittenMap<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries(PhantomData))
    }
}
