//! Rows of value numbers, each once.

use std::hash::BuildHasher;
use std::hash::Hasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::manifest::columns::ValueId;

/// Rows of one width in one vector.
#[derive(Debug)]
pub(super) struct Rows {
    width: usize,
    values: Vec<ValueId>,
    len: usize,
    /// The rows by what they hold; made where a row is added that may be there.
    known: HashTable<u32>,
}

impl Rows {
    pub(super) fn new(width: usize) -> Self {
        Rows {
            width,
            values: Vec::new(),
            len: 0,
            known: HashTable::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn get(&self, row: usize) -> &[ValueId] {
        &self.values[row * self.width..(row + 1) * self.width]
    }

    /// Adds a row unless it is there.
    pub(super) fn push(&mut self, row: &[ValueId]) {
        if self.known.len() < self.len {
            self.remember();
        }
        let (values, width) = (&self.values, self.width);
        let at = |index: u32| &values[index as usize * width..(index as usize + 1) * width];
        let hash = hash(row);
        if self.known.find(hash, |index| at(*index) == row).is_none() {
            let index = self.len as u32;
            self.known
                .insert_unique(hash, index, |index| self::hash(at(*index)));
            self.values.extend_from_slice(row);
            self.len += 1;
        }
    }

    /// Keeps these rows, in their order.
    pub(super) fn keep(&mut self, kept: &[usize]) {
        let rows = kept.iter().flat_map(|row| self.get(*row)).copied();
        self.values = rows.collect();
        self.len = kept.len();
        self.forget();
    }

    /// Takes the last row away.
    pub(super) fn pop(&mut self) {
        let Some(last) = self.len.checked_sub(1) else {
            return;
        };
        let is_last = |index: &u32| *index as usize == last;
        if let Ok(entry) = self.known.find_entry(hash(self.get(last)), is_last) {
            entry.remove();
        }
        self.len = last;
        self.values.truncate(last * self.width);
    }

    /// Takes the last rows away.
    pub(super) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
        self.values.truncate(self.len * self.width);
        self.known.retain(|index| (*index as usize) < len);
    }

    /// Frees what finds rows by what they hold.
    pub(super) fn forget(&mut self) {
        self.known = HashTable::new();
        self.values.shrink_to_fit();
    }

    fn remember(&mut self) {
        let mut known = HashTable::with_capacity(self.len + 1);
        for row in 0..self.len {
            let hash_of = |index: &u32| hash(self.get(*index as usize));
            known.insert_unique(hash(self.get(row)), row as u32, hash_of);
        }
        self.known = known;
    }
}

fn hash(row: &[ValueId]) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    row.iter().for_each(|value| hasher.write_u32(*value));
    hasher.finish()
}
