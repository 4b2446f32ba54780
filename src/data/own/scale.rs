//! What is done to the numbers of own data before anything learns from them.

use serde_json::Value as Json;
use serde_json::json;

use super::raw::Elements;
use super::raw::Number;
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

    /// How columns are scaled, in the words of the manifest. What numbers are divided by is left out: the
    /// grey values of one file may be bytes and those of another not.
    pub(super) fn words(&self) -> String {
        format!("`scale: {}`", self.scale.name())
    }

    /// What `x` is within, where that is said.
    pub(super) fn range(&self) -> Option<(f64, f64)> {
        match self.range.as_deref() {
            Some([low, high]) => Some((*low, *high)),
            _ => None,
        }
    }
}

/// A linear map of each column: `((x - origin) / divide - shift) / width`. The origin is a number of the
/// column, so that what is rounded after it is small beside how far its numbers are apart, however large
/// they are: a mean of times would be rounded by as much as many a deviation.
#[derive(Debug)]
pub(super) struct Columns {
    divide: f64,
    maps: Vec<Map>,
}

/// What is done to the numbers of a column.
#[derive(Debug)]
struct Map {
    /// Of whole numbers the least, taken off while they are whole: double precision does not tell those of
    /// times in nanoseconds apart. Of others the first.
    origin: Number,
    /// Of what is left.
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
            let whole = places.clone().map(|at| x.elements.whole(at));
            let least = whole.reduce(|least, number| Some(least?.min(number?)));
            let (origin, largest) = match least.flatten() {
                Some(least) => (Number::Whole(least), 0.0),
                None => {
                    let sizes = places
                        .clone()
                        .map(|at| (x.elements.number(at) / divide).abs());
                    let first = places.clone().next().map(|at| x.elements.number(at));
                    (
                        Number::Double(first.unwrap_or(0.0)),
                        sizes.fold(0.0, f64::max),
                    )
                }
            };
            let numbers: Vec<f64> = places
                .map(|at| x.elements.above(origin, at) / divide)
                .collect();
            let (shift, width) = map(&numbers);
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

    /// What was taken off each column and what it was divided by then, for those who want its numbers back:
    /// `(scaled · width + shift) · divide`. Of large numbers that sum is rounded, and
    /// `origin + (scaled · width + above) · divide` is not.
    pub(super) fn told(&self) -> Json {
        let all = self.maps.iter();
        let shift = |map: &Map| map.origin.as_double() / self.divide + map.shift;
        let shifts: Vec<f64> = all.clone().map(shift).collect();
        let origins: Vec<Json> = all.clone().map(|map| map.origin.told()).collect();
        let above: Vec<f64> = all.clone().map(|map| map.shift).collect();
        let widths: Vec<f64> = all.map(|map| map.width).collect();
        json!({"shift": shifts, "origin": origins, "above": above, "width": widths, "divide": self.divide})
    }
}

/// Mean and deviation.
fn standard(column: &[f64]) -> (f64, f64) {
    let count = column.len() as f64;
    let mean = column.iter().sum::<f64>() / count;
    let squares = column.iter().map(|x| (x - mean) * (x - mean));
    (mean, (squares.sum::<f64>() / count).sqrt())
}

/// Least number, and how far the greatest is from it.
fn minmax(column: &[f64]) -> (f64, f64) {
    let low = column.iter().copied().fold(f64::INFINITY, f64::min);
    let high = column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (low, high - low)
}
