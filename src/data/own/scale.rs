//! What is done to the numbers of own data before anything learns from them.

use serde_json::Value as Json;
use serde_json::json;

use super::raw::Elements;
use super::raw::FIRST_INEXACT;
use super::raw::Raw;
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

/// A linear map of each column: `((x - origin) / divide - shift) / width`.
#[derive(Debug)]
pub(super) struct Columns {
    divide: f64,
    maps: Vec<Map>,
}

/// What is done to the numbers of a column.
#[derive(Debug)]
struct Map {
    /// Of large whole numbers, such as times in nanoseconds, the least, taken off while they are whole: double
    /// precision does not tell them apart.
    origin: i128,
    shift: f64,
    width: f64,
}

/// Whether a difference among numbers of this size comes of rounding alone: of one number, calculated in
/// different ways, in double precision.
pub(super) fn is_rounding(difference: f64, largest: f64) -> bool {
    difference.abs() <= 4.0 * f64::EPSILON * largest
}

impl Columns {
    /// What brings the columns of these rows to the form that is asked for, once they are divided. A column
    /// that is constant but for rounding is only shifted; whole numbers have none.
    pub(super) fn of(scaling: Scaling, divide: f64, x: &Raw) -> Option<Columns> {
        let map = match scaling {
            Scaling::None => return None,
            Scaling::Standard => standard,
            Scaling::MinMax => minmax,
        };
        let (rows, columns) = (x.rows(), x.row_size());
        let maps = (0..columns).map(|column| {
            let places = (0..rows).map(|row| row * columns + column);
            let mut whole = places.clone().map(|at| x.elements.whole(at));
            let extent = whole.try_fold((i128::MAX, i128::MIN), |(low, high), number| {
                let number = number?;
                Some((low.min(number), high.max(number)))
            });
            let origin = match extent {
                Some((low, high)) if low.abs().max(high) as f64 >= FIRST_INEXACT => low,
                _ => 0,
            };
            let numbers = places.map(|at| x.elements.above(origin, at) / divide);
            let numbers: Vec<f64> = numbers.collect();
            let (shift, width) = map(&numbers);
            let largest = match extent {
                Some(_) => 0.0,
                None => numbers.iter().fold(0.0, |most: f64, x| most.max(x.abs())),
            };
            let width = match is_rounding(width, largest) {
                true => 1.0,
                false => width,
            };
            Map {
                origin,
                shift,
                width,
            }
        });
        let maps = maps.collect();
        Some(Columns { divide, maps })
    }

    /// The number at a place of a column, scaled.
    pub(super) fn apply(&self, column: usize, x: &Elements, at: usize) -> f64 {
        let map = &self.maps[column];
        (x.above(map.origin, at) / self.divide - map.shift) / map.width
    }

    /// What was taken off each column and what it was divided by then, for those who want its numbers back.
    pub(super) fn told(&self) -> Json {
        let shift = |map: &Map| map.origin as f64 / self.divide + map.shift;
        let shifts: Vec<f64> = self.maps.iter().map(shift).collect();
        let widths: Vec<f64> = self.maps.iter().map(|map| map.width).collect();
        json!({"shift": shifts, "width": widths})
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
