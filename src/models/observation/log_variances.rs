//! The spread of diagonal Gaussians.

use crate::models::Rows;

/// ln σ² of diagonal Gaussians, a row per observation: no mean, no σ and no logit.
#[derive(Clone, Debug, PartialEq)]
pub struct LogVariances(Rows);

impl LogVariances {
    /// Numbers that are ln σ².
    pub fn new(rows: Rows) -> Self {
        LogVariances(rows)
    }

    /// The numbers themselves, row-major.
    pub fn values(&self) -> &[f32] {
        &self.0.values
    }

    /// σ of the number at this place.
    pub fn sigma(&self, at: usize) -> f32 {
        (0.5 * self.0.values[at]).exp()
    }
}
