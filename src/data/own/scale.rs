//! What is done to the numbers of own data before anything learns from them.

use crate::registry::InvalidParam;
use crate::registry::choices;
use crate::registry::params;

choices! {
    /// How columns are scaled.
    pub(super) enum Scaling {
        None = "none",
        Standard = "standard",
        MinMax = "minmax",
    }
}

params! {
    /// How numbers are scaled.
    pub(super) struct ScaleParams {
        /// what all numbers are divided by first
        divide: Option<f64>;
        /// each column to mean 0 and deviation 1, or from 0 to 1, of the training split
        scale: Scaling = Scaling::None;
        /// least and greatest number that `x` may have after that; others are mistakes
        range: Option<Vec<f64>>;
    }
}

impl ScaleParams {
    pub(super) fn check(&self) -> Result<(), InvalidParam> {
        let wrong = |param, message: &str, help: &str| {
            Err(InvalidParam {
                param,
                message: message.to_owned(),
                help: help.to_owned(),
            })
        };
        if self.divide.is_some_and(|by| by == 0.0) {
            return wrong(
                "divide",
                "nothing can be divided by 0",
                "255 makes grey values of bytes",
            );
        }
        match self.range.as_deref() {
            None => Ok(()),
            Some([low, high]) if low < high => Ok(()),
            Some(_) => wrong(
                "range",
                "this is no least and greatest number",
                "`range: [0, 1]` is what a `visible: bernoulli` wants",
            ),
        }
    }

    /// What `x` is within, where that is said.
    pub(super) fn range(&self) -> Option<(f64, f64)> {
        match self.range.as_deref() {
            Some([low, high]) => Some((*low, *high)),
            _ => None,
        }
    }
}

/// A linear map of each column: `(x - shift) / width`.
#[derive(Debug)]
pub(super) struct Columns {
    pub shift: Vec<f64>,
    pub width: Vec<f64>,
}

/// Whether a difference among numbers of this size comes of rounding alone: of one number, calculated in
/// different ways, in double precision.
pub(super) fn is_rounding(difference: f64, largest: f64) -> bool {
    difference.abs() <= 4.0 * f64::EPSILON * largest
}

impl Columns {
    /// What brings the columns of these rows to the form that is asked for; `number` is that of a place, row
    /// by row. A column that is constant but for rounding is only shifted.
    pub(super) fn of(
        scaling: Scaling,
        rows: usize,
        columns: usize,
        number: impl Fn(usize) -> f64,
    ) -> Option<Columns> {
        let column = |at: usize| {
            let numbers = (0..rows).map(|row| number(row * columns + at));
            numbers.collect::<Vec<f64>>()
        };
        let map = match scaling {
            Scaling::None => return None,
            Scaling::Standard => standard,
            Scaling::MinMax => minmax,
        };
        let maps = (0..columns).map(|at| {
            let numbers = column(at);
            let (shift, width) = map(&numbers);
            let largest = numbers.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
            match is_rounding(width, largest) {
                true => (shift, 1.0),
                false => (shift, width),
            }
        });
        let (shift, width) = maps.unzip();
        Some(Columns { shift, width })
    }

    /// A number of a column, scaled.
    pub(super) fn apply(&self, column: usize, x: f64) -> f64 {
        (x - self.shift[column]) / self.width[column]
    }
}

/// Mean and deviation.
fn standard(column: &[f64]) -> (f64, f64) {
    let count = column.len() as f64;
    // Of differences: those of large numbers, such as times, are exact and their sum is not.
    let first = column.first().copied().unwrap_or(0.0);
    let mean = first + column.iter().map(|x| x - first).sum::<f64>() / count;
    let squares = column.iter().map(|x| (x - mean) * (x - mean));
    (mean, (squares.sum::<f64>() / count).sqrt())
}

/// Least number, and how far the greatest is from it.
fn minmax(column: &[f64]) -> (f64, f64) {
    let low = column.iter().copied().fold(f64::INFINITY, f64::min);
    let high = column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (low, high - low)
}
