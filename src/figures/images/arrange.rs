//! Which picture stands where: grids, rows, pairs, and neighbours.

use super::super::FigureError;
use super::super::ImageBatch;
use super::picture;

/// Pictures that stand together under one name.
pub(super) struct Block {
    pub title: String,
    pub rows: Vec<Row>,
}

pub(super) struct Row {
    pub label: String,
    /// Batch and position in it.
    pub pictures: Vec<(usize, usize)>,
    /// More room above: a new pair.
    pub opens: bool,
}

pub(super) struct Arrangement<'a> {
    /// Those of the cells, then the reference.
    pub batches: &'a [&'a ImageBatch],
    pub count: usize,
    pub reference: Option<usize>,
    /// Where each comes from.
    pub titles: &'a [String],
    /// As blocks and rows are called.
    pub block_titles: &'a [String],
    pub columns: usize,
    pub rows: Option<usize>,
    pub row_labels: &'a [String],
}

impl Arrangement<'_> {
    pub(super) fn grids(&self) -> Vec<Block> {
        let block = |b: usize| {
            let limit = self.rows.unwrap_or(8) * self.columns;
            let pictures: Vec<usize> = (0..self.batches[b].n.min(limit)).collect();
            let rows = pictures.chunks(self.columns).map(|row| Row {
                label: String::new(),
                pictures: row.iter().map(|&i| (b, i)).collect(),
                opens: false,
            });
            Block {
                title: self.block_titles[b].clone(),
                rows: rows.collect(),
            }
        };
        (0..self.count).map(block).collect()
    }

    pub(super) fn one_row_each(&self) -> Vec<Block> {
        let row = |b: usize| Row {
            label: self.block_titles[b].clone(),
            pictures: (0..self.batches[b].n.min(self.columns))
                .map(|i| (b, i))
                .collect(),
            opens: false,
        };
        vec![Block {
            title: String::new(),
            rows: (0..self.count).map(row).collect(),
        }]
    }

    pub(super) fn pairs(&self) -> Result<Vec<Block>, FigureError> {
        let pair = |b: usize| {
            let n = self.batches[b].n;
            let (original, partner): ((usize, usize), usize) = match self.reference {
                Some(reference) if self.batches[reference].n < n => {
                    return Err(FigureError::Pictures(format!(
                        "{n} reconstructions have {} originals",
                        self.batches[reference].n
                    )));
                }
                Some(reference) => ((reference, 0), 0),
                None if n % 2 == 1 => {
                    return Err(FigureError::Pictures(format!(
                        "{n} pictures are no pairs of originals and reconstructions"
                    )));
                }
                None => ((b, 0), n / 2),
            };
            let count = n - partner;
            Ok(self.paired(b, count, |i| original_of(original, i), |i| (b, partner + i)))
        };
        (0..self.count).map(pair).collect()
    }

    pub(super) fn neighbours(&self) -> Result<Vec<Block>, FigureError> {
        let reference = self.reference.ok_or_else(|| {
            FigureError::Pictures("neighbours are sought in a reference, and none came in".into())
        })?;
        let block = |b: usize| {
            let n = self.batches[b].n.min(self.rows.unwrap_or(2) * self.columns);
            let nearest: Vec<usize> = (0..n)
                .map(|i| nearest(self.batches[b], i, self.batches[reference]))
                .collect();
            self.paired(b, n, |i| (b, i), |i| (reference, nearest[i]))
        };
        if self.batches[reference].n == 0 {
            return Err(FigureError::Empty(
                "the reference has no pictures".to_owned(),
            ));
        }
        Ok((0..self.count).map(block).collect())
    }

    /// Rows of upper pictures over rows of lower ones.
    fn paired(
        &self,
        b: usize,
        count: usize,
        upper: impl Fn(usize) -> (usize, usize),
        lower: impl Fn(usize) -> (usize, usize),
    ) -> Block {
        let shown: Vec<usize> = (0..count.min(self.rows.unwrap_or(2) * self.columns)).collect();
        let label = |i: usize| self.row_labels.get(i).cloned().unwrap_or_default();
        let mut rows = Vec::new();
        for (r, row) in shown.chunks(self.columns).enumerate() {
            rows.push(Row {
                label: label(0),
                pictures: row.iter().map(|&i| upper(i)).collect(),
                opens: r > 0,
            });
            rows.push(Row {
                label: label(1),
                pictures: row.iter().map(|&i| lower(i)).collect(),
                opens: false,
            });
        }
        Block {
            title: self.block_titles[b].clone(),
            rows,
        }
    }
}

fn original_of(first: (usize, usize), i: usize) -> (usize, usize) {
    (first.0, first.1 + i)
}

/// The picture of `among` at the least squared distance; the first of equals.
fn nearest(batch: &ImageBatch, i: usize, among: &ImageBatch) -> usize {
    let own = picture(batch, i);
    let distance = |j: usize| -> f64 {
        let pairs = own.iter().zip(picture(among, j));
        pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum()
    };
    let distances: Vec<f64> = (0..among.n).map(distance).collect();
    let order = (0..among.n).min_by(|&a, &b| distances[a].total_cmp(&distances[b]));
    order.unwrap_or(0)
}
