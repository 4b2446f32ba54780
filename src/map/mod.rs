//! Maps from names to whatever has a name, in the order of the names or in that in which they are written. The sorted ones
//! are vectors: plans of thousands of steps have several for each, most with an entry or two, for which a tree takes half a
//! kilobyte.

mod in_order;

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::ops::DerefMut;
use std::ops::Index;

pub use in_order::WrittenMap;
use litemap::LiteMap;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use serde::de::MapAccess;
use serde::de::Visitor;

/// A map from names, in their order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Hash)]
pub struct SortedVecMap<V>(LiteMap<String, V>);

impl<V> SortedVecMap<V> {
    pub fn new() -> Self {
        SortedVecMap(LiteMap::new())
    }

    /// A map with room for so many entries.
    pub fn with_capacity(entries: usize) -> Self {
        SortedVecMap(LiteMap::with_capacity(entries))
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&V> {
        // Names of most maps differ in length, which is seen before they are compared.
        match self.0.len() <= 8 {
            true => self
                .0
                .iter()
                .find(|(own, _)| *own == name)
                .map(|(_, value)| value),
            false => self.0.get(name),
        }
    }

    /// The same names with other values, without sorting again.
    pub fn map_values<T>(self, mut value: impl FnMut(V) -> T) -> SortedVecMap<T> {
        let entries = self.0.into_tuple_vec().into_iter();
        let entries = entries.map(|(name, one)| (name, value(one)));
        SortedVecMap(LiteMap::from_sorted_store_unchecked(entries.collect()))
    }
}

impl<V> Default for SortedVecMap<V> {
    fn default() -> Self {
        SortedVecMap::new()
    }
}

impl<V> Deref for SortedVecMap<V> {
    type Target = LiteMap<String, V>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<V> DerefMut for SortedVecMap<V> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<V> Index<&str> for SortedVecMap<V> {
    type Output = V;

    fn index(&self, name: &str) -> &V {
        let found = self.get(name);
        found.unwrap_or_else(|| panic!("BUG: there is no `{name}`"))
    }
}

impl<V, const N: usize> From<[(String, V); N]> for SortedVecMap<V> {
    fn from(entries: [(String, V); N]) -> Self {
        SortedVecMap::from_iter(entries)
    }
}

impl<V> FromIterator<(String, V)> for SortedVecMap<V> {
    fn from_iter<I: IntoIterator<Item = (String, V)>>(entries: I) -> Self {
        SortedVecMap(LiteMap::from_iter(entries))
    }
}

impl<V> IntoIterator for SortedVecMap<V> {
    type Item = (String, V);
    type IntoIter = <LiteMap<String, V> as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, V> IntoIterator for &'a SortedVecMap<V> {
    type Item = (&'a String, &'a V);
    type IntoIter = <&'a LiteMap<String, V> as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        (&self.0).into_iter()
    }
}

// As a map in every format: the vector's own form of an empty one is an empty list.
impl<V: Serialize> Serialize for SortedVecMap<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for SortedVecMap<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// Reads either kind of map.
struct Entries<M, V>(PhantomData<(M, V)>);

impl<'de, M: FromIterator<(String, V)>, V: Deserialize<'de>> Visitor<'de> for Entries<M, V> {
    type Value = M;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<M, A::Error> {
        // One by one: the length that a damaged file claims is not to be believed.
        std::iter::from_fn(|| entries.next_entry().transpose()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_has_maps_as_maps() {
        let some = SortedVecMap::from([
            ("b".to_owned(), SortedVecMap::new()),
            ("a".to_owned(), SortedVecMap::from([("x".to_owned(), 1)])),
        ]);
        let json = serde_json::to_string(&some).expect("text keys");
        assert_eq!(json, r#"{"a":{"x":1},"b":{}}"#);
        assert_eq!(
            serde_json::from_str::<SortedVecMap<SortedVecMap<i32>>>(&json).expect("as written"),
            some
        );
        let bytes = postcard::to_stdvec(&some).expect("memory");
        assert_eq!(
            postcard::from_bytes::<SortedVecMap<SortedVecMap<i32>>>(&bytes).expect("as written"),
            some
        );
    }

    #[test]
    fn a_length_that_is_a_lie_takes_no_memory() {
        // 2⁶³ entries, says the first number.
        let lie = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01];
        assert!(postcard::from_bytes::<SortedVecMap<u8>>(&lie).is_err());
    }
}
