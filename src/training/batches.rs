//! A cursor of batches: which rows of a split an iteration takes, epoch after epoch.
//!
//! The order of an epoch is a function of the seed and its number, so that the place of the cursor
//! is all that a checkpoint needs.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::random::Seed;
use crate::random::Stream;

/// Batches without end, each row of the split once an epoch.
#[derive(Clone, Debug)]
pub struct Batches {
    source: Source,
    /// Rows of a batch; the last one of an epoch, or of a length, may have fewer.
    batch: usize,
    seed: Seed,
    /// Batches drawn so far.
    drawn: u64,
    epoch: Option<Epoch>,
}

#[derive(Clone, Debug)]
enum Source {
    /// All rows alike.
    Rows(usize),
    /// Rows of sequences: those of one length stand together.
    OneLength(Vec<Vec<usize>>),
}

/// The batches of one epoch: each a range of the order.
#[derive(Clone, Debug)]
struct Epoch {
    number: u64,
    order: Vec<usize>,
    batches: Vec<Range<usize>>,
}

impl Batches {
    /// Of `rows` rows in a new order every epoch.
    pub fn of_rows(rows: usize, batch: usize, seed: Seed) -> Self {
        Self::new(Source::Rows(rows), batch, seed)
    }

    /// Of sequences, a batch holding those of one length only; row i has `lengths[i]`. Rows within
    /// a length and the order of the batches are new every epoch.
    pub fn of_one_length(lengths: &[usize], batch: usize, seed: Seed) -> Self {
        let mut rows: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (row, length) in lengths.iter().enumerate() {
            rows.entry(*length).or_default().push(row);
        }
        Self::new(Source::OneLength(rows.into_values().collect()), batch, seed)
    }

    /// For algorithms that make what they learn from: there is nothing to draw.
    pub fn none() -> Self {
        Self::new(Source::Rows(0), 1, Seed::new(0))
    }

    fn new(source: Source, batch: usize, seed: Seed) -> Self {
        Batches {
            source,
            batch: batch.max(1),
            seed,
            drawn: 0,
            epoch: None,
        }
    }

    /// Batches of an epoch.
    pub fn per_epoch(&self) -> u64 {
        let batches = |rows: usize| rows.div_ceil(self.batch) as u64;
        match &self.source {
            Source::Rows(rows) => batches(*rows),
            Source::OneLength(groups) => groups.iter().map(|rows| batches(rows.len())).sum(),
        }
    }

    /// Batches drawn so far: the place of the cursor.
    pub fn drawn(&self) -> u64 {
        self.drawn
    }

    /// Epochs that were drawn whole.
    pub fn epochs(&self) -> u64 {
        self.drawn.checked_div(self.per_epoch()).unwrap_or(0)
    }

    /// Rows drawn since the last epoch was whole.
    pub(super) fn rows_within(&self) -> usize {
        let within = self.drawn.checked_rem(self.per_epoch()).unwrap_or(0) as usize;
        let epoch = self.order(self.epochs());
        epoch.batches[..within].iter().map(Range::len).sum()
    }

    /// Puts the cursor behind so many batches.
    pub(super) fn seek(&mut self, drawn: u64) {
        self.drawn = drawn;
    }

    /// The rows of the next batch.
    ///
    /// # Panics
    /// Where there are none to draw: a bug of the algorithm.
    pub(super) fn draw(&mut self) -> &[usize] {
        let per_epoch = self.per_epoch();
        assert!(per_epoch > 0, "BUG: a batch was drawn where there is none");
        let (number, within) = (self.drawn / per_epoch, self.drawn % per_epoch);
        self.drawn += 1;
        let kept = self.epoch.take().filter(|epoch| epoch.number == number);
        let epoch = kept.unwrap_or_else(|| self.order(number));
        let epoch = self.epoch.insert(epoch);
        &epoch.order[epoch.batches[within as usize].clone()]
    }

    fn order(&self, number: u64) -> Epoch {
        let mut stream = self.seed.stream(number);
        let mut order = Vec::new();
        let mut batches = Vec::new();
        match &self.source {
            Source::Rows(rows) => self.append(&stream.permutation(*rows), &mut order, &mut batches),
            Source::OneLength(groups) => {
                for rows in groups {
                    let rows = shuffled(rows, &mut stream);
                    self.append(&rows, &mut order, &mut batches);
                }
                batches = shuffled(&batches, &mut stream);
            }
        }
        Epoch {
            number,
            order,
            batches,
        }
    }

    /// Appends rows, cut into batches.
    fn append(&self, rows: &[usize], order: &mut Vec<usize>, batches: &mut Vec<Range<usize>>) {
        for batch in rows.chunks(self.batch) {
            let start = order.len();
            order.extend(batch);
            batches.push(start..order.len());
        }
    }
}

fn shuffled<T: Clone>(all: &[T], stream: &mut Stream) -> Vec<T> {
    let order = stream.permutation(all.len()).into_iter();
    order.map(|at| all[at].clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(batches: &mut Batches) -> Vec<Vec<usize>> {
        (0..batches.per_epoch())
            .map(|_| batches.draw().to_vec())
            .collect()
    }

    #[test]
    fn every_row_comes_once_an_epoch_in_another_order() {
        let mut batches = Batches::of_rows(10, 4, Seed::new(1));
        let [first, second] = [0, 1].map(|_| epoch(&mut batches));
        assert_eq!(first.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 2]);
        assert_ne!(first, second);
        assert_eq!((batches.drawn(), batches.epochs()), (6, 2));
        for epoch in [first, second] {
            let mut rows = epoch.concat();
            rows.sort_unstable();
            assert_eq!(rows, Vec::from_iter(0..10));
        }
    }

    #[test]
    fn a_batch_of_sequences_has_one_length() {
        let lengths = [3, 5, 3, 3, 5, 9, 3, 3];
        let mut batches = Batches::of_one_length(&lengths, 2, Seed::new(1));
        assert_eq!(batches.per_epoch(), 5);
        let drawn = epoch(&mut batches);
        for batch in &drawn {
            assert!(batch.iter().all(|row| lengths[*row] == lengths[batch[0]]));
        }
        let mut rows = drawn.concat();
        rows.sort_unstable();
        assert_eq!(rows, Vec::from_iter(0..8));
        assert_ne!(epoch(&mut batches), drawn);
    }

    #[test]
    fn a_cursor_goes_on_from_any_place() {
        let lengths: Vec<usize> = (0..23).map(|row| row % 4).collect();
        for batches in [
            Batches::of_rows(23, 4, Seed::new(2)),
            Batches::of_one_length(&lengths, 4, Seed::new(2)),
        ] {
            let mut whole = batches.clone();
            let all: Vec<_> = (0..20).map(|_| whole.draw().to_vec()).collect();
            for place in [1, 6, 7, 13] {
                let mut resumed = batches.clone();
                resumed.seek(place);
                assert_eq!(resumed.draw(), all[place as usize], "{place}");
            }
        }
    }
}
