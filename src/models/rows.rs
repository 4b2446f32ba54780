//! Observations and codes on the host.

/// A matrix on the host, row-major; rows are observations.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    pub columns: usize,
    pub values: Vec<f32>,
}

impl Rows {
    pub fn new(columns: usize, values: Vec<f32>) -> Self {
        Rows { columns, values }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.values.len() / self.columns.max(1)
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The rows of `first`, then these.
    pub fn appended_to(self, mut first: Rows) -> Rows {
        first.values.extend(self.values);
        first
    }

    /// The rows of these indices, one after another.
    pub fn gather(&self, rows: &[usize]) -> Vec<f32> {
        let mut values = Vec::with_capacity(rows.len() * self.columns);
        for row in rows {
            values.extend_from_slice(&self.values[row * self.columns..][..self.columns]);
        }
        values
    }

    /// Parts of at most `rows` rows, in order.
    pub fn chunks(&self, rows: usize) -> impl Iterator<Item = Rows> {
        self.values
            .chunks(rows * self.columns)
            .map(|values| Rows::new(self.columns, values.to_vec()))
    }
}
