//! An array as a file has it: numbers of any type, or texts, row-major.

use serde_json::Value as Json;

use super::wrong;
use crate::data::FormatError;

/// What is in an array, by what can be done with it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Elements {
    /// Whole numbers of eight bits without a sign: grey values, perhaps.
    Bytes(Vec<u8>),
    Whole(Vec<i64>),
    Single(Vec<f32>),
    Double(Vec<f64>),
    /// Of tables with whole numbers that double precision does not tell apart.
    Mixed(Vec<Number>),
    Text(Vec<String>),
}

/// A number of a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    /// Of up to 64 bits, with or without a sign.
    Whole(i128),
    Double(f64),
}

impl Number {
    pub(super) fn as_double(self) -> f64 {
        match self {
            Number::Whole(number) => number as f64,
            Number::Double(number) => number,
        }
    }

    /// As JSON, with all of its digits where they are of 64 bits.
    pub(super) fn told(self) -> Json {
        match self {
            Number::Whole(number) => match (i64::try_from(number), u64::try_from(number)) {
                (Ok(number), _) => Json::from(number),
                (_, Ok(number)) => Json::from(number),
                _ => Json::from(number as f64),
            },
            Number::Double(number) => Json::from(number),
        }
    }
}

/// From here on not every whole number is a double.
pub(super) const FIRST_INEXACT: f64 = (1_u64 << 53) as f64;

/// Elements with a shape, row-major; the first dimension counts observations.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Raw {
    pub shape: Vec<usize>,
    pub elements: Elements,
}

impl Default for Raw {
    fn default() -> Self {
        Raw {
            shape: vec![0],
            elements: Elements::Bytes(Vec::new()),
        }
    }
}

impl Elements {
    pub(super) fn len(&self) -> usize {
        match self {
            Elements::Bytes(all) => all.len(),
            Elements::Whole(all) => all.len(),
            Elements::Single(all) => all.len(),
            Elements::Double(all) => all.len(),
            Elements::Mixed(all) => all.len(),
            Elements::Text(all) => all.len(),
        }
    }

    /// The elements at these places, in this order.
    fn at(&self, places: impl Iterator<Item = usize>) -> Elements {
        match self {
            Elements::Bytes(all) => Elements::Bytes(places.map(|at| all[at]).collect()),
            Elements::Whole(all) => Elements::Whole(places.map(|at| all[at]).collect()),
            Elements::Single(all) => Elements::Single(places.map(|at| all[at]).collect()),
            Elements::Double(all) => Elements::Double(places.map(|at| all[at]).collect()),
            Elements::Mixed(all) => Elements::Mixed(places.map(|at| all[at]).collect()),
            Elements::Text(all) => Elements::Text(places.map(|at| all[at].clone()).collect()),
        }
    }

    /// The number at a place; text is none.
    pub(super) fn number(&self, at: usize) -> f64 {
        match self {
            Elements::Bytes(all) => f64::from(all[at]),
            Elements::Whole(all) => all[at] as f64,
            Elements::Single(all) => f64::from(all[at]),
            Elements::Double(all) => all[at],
            Elements::Mixed(all) => all[at].as_double(),
            Elements::Text(_) => f64::NAN,
        }
    }

    /// The number at a place, if it is whole and nothing of it was rounded away.
    pub(super) fn whole(&self, at: usize) -> Option<i128> {
        let number = match self {
            Elements::Bytes(all) => return Some(all[at].into()),
            Elements::Whole(all) => return Some(all[at].into()),
            Elements::Mixed(all) => all[at],
            others => Number::Double(others.number(at)),
        };
        match number {
            Number::Whole(number) => Some(number),
            Number::Double(number) => {
                let exact = number.fract() == 0.0 && number.abs() < FIRST_INEXACT;
                exact.then_some(number as i128)
            }
        }
    }

    /// How far the number at a place is above `origin`; of whole numbers neither is rounded before.
    pub(super) fn above(&self, origin: Number, at: usize) -> f64 {
        match (origin, self.whole(at)) {
            (Number::Double(origin), _) => self.number(at) - origin,
            (Number::Whole(origin), Some(number)) => (number - origin) as f64,
            (Number::Whole(origin), None) => {
                let near = origin as f64;
                (self.number(at) - near) - (origin - near as i128) as f64
            }
        }
    }

    /// Whether single precision may make one of different numbers.
    pub(super) fn are_beyond_single(&self) -> bool {
        matches!(
            self,
            Elements::Whole(_) | Elements::Double(_) | Elements::Mixed(_)
        )
    }
}

impl Raw {
    /// An array of this shape.
    ///
    /// # Errors
    /// Where there are more or fewer elements.
    pub(super) fn new(shape: Vec<usize>, elements: Elements) -> Result<Self, FormatError> {
        let size = shape
            .iter()
            .try_fold(1_usize, |size, n| size.checked_mul(*n));
        match size == Some(elements.len()) {
            true => Ok(Raw { shape, elements }),
            false => Err(wrong(
                format!("an array of shape {shape:?}"),
                format!("has {} elements", elements.len()),
            )),
        }
    }

    /// Observations.
    pub(super) fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(0)
    }

    /// Elements of an observation.
    pub(super) fn row_size(&self) -> usize {
        self.shape.iter().skip(1).product()
    }

    /// The observations of these indices, in this order.
    pub(super) fn rows_at(&self, rows: &[usize]) -> Raw {
        let size = self.row_size();
        let mut shape = self.shape.clone();
        if let Some(count) = shape.first_mut() {
            *count = rows.len();
        }
        let places = rows.iter().flat_map(|row| row * size..(row + 1) * size);
        Raw {
            shape,
            elements: self.elements.at(places),
        }
    }

    /// The array with its dimensions in another order: dimension `i` of the result is `order[i]`.
    pub(super) fn transposed(&self, order: &[usize]) -> Raw {
        let shape: Vec<usize> = order.iter().map(|from| self.shape[*from]).collect();
        let mut strides = vec![1; self.shape.len()];
        for i in (1..self.shape.len()).rev() {
            strides[i - 1] = strides[i] * self.shape[i];
        }
        let strides: Vec<usize> = order.iter().map(|from| strides[*from]).collect();
        let places = (0..self.elements.len()).map(|mut at| {
            let mut place = 0;
            for (size, stride) in shape.iter().zip(&strides).rev() {
                place += (at % size) * stride;
                at /= size;
            }
            place
        });
        let elements = self.elements.at(places);
        Raw { shape, elements }
    }
}
