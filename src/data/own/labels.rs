//! Classes: whole numbers from 0 stay, everything else is numbered in its order.

use std::collections::BTreeMap;
use std::path::Path;

use super::raw::Elements;
use super::raw::Raw;
use super::wrong;
use crate::data::DataError;

/// The class of an observation as its file has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    Number(i64),
    Text(String),
}

/// More classes than this are a quantity, not classes.
const MOST: usize = 100_000;

/// The classes of observations; `None` for those that have none.
///
/// # Errors
/// Where they are no classes.
pub(super) fn classes(path: &Path, raw: &Raw) -> Result<Vec<Option<Class>>, DataError> {
    if raw.row_size() != 1 {
        let shape = &raw.shape;
        let why = format!(
            "have shape {shape:?}, not one a row: `.argmax(axis=1)` makes classes of indicators"
        );
        return Err(wrong("these classes", why).at(path));
    }
    let whole = |(row, value): (usize, f64)| match value {
        value if value.is_nan() => Ok(None),
        value if value.fract() == 0.0 && value.abs() < 2_f64.powi(53) => {
            Ok(Some(Class::Number(value as i64)))
        }
        value => Err(wrong(
            format!("class {row}"),
            format!("is {value}: classes are whole numbers or texts"),
        )
        .at(path)),
    };
    match &raw.elements {
        Elements::Text(all) => Ok(all
            .iter()
            .map(|text| match text.as_str() {
                "" => None,
                text => Some(Class::Text(text.to_owned())),
            })
            .collect()),
        Elements::Whole(all) => Ok(all.iter().map(|n| Some(Class::Number(*n))).collect()),
        elements => (0..elements.len())
            .map(|row| whole((row, elements.number(row))))
            .collect(),
    }
}

/// Classes with their numbers from 0 and, where those are not their own, their names.
#[derive(Debug)]
pub(super) struct Numbered {
    pub count: usize,
    pub names: Option<Vec<String>>,
    numbers: BTreeMap<Class, u32>,
}

impl Numbered {
    /// Numbers all classes that occur in any split.
    ///
    /// # Errors
    /// Where there are too many.
    pub(super) fn of<'c>(
        path: &Path,
        all: impl Iterator<Item = &'c Class>,
    ) -> Result<Self, DataError> {
        let mut numbers: BTreeMap<Class, u32> = all.map(|class| (class.clone(), 0)).collect();
        if numbers.len() > MOST {
            let why = format!(
                "are {} different ones: a quantity is no class",
                numbers.len()
            );
            return Err(wrong("these classes", why).at(path));
        }
        for (number, place) in (0..).zip(numbers.values_mut()) {
            *place = number;
        }
        let from_zero = (0..).zip(numbers.keys());
        let from_zero = from_zero
            .into_iter()
            .all(|(number, class)| *class == Class::Number(number));
        let names = numbers.keys().map(|class| match class {
            Class::Number(number) => number.to_string(),
            Class::Text(text) => text.clone(),
        });
        Ok(Numbered {
            count: numbers.len(),
            names: (!from_zero).then(|| names.collect()),
            numbers,
        })
    }

    pub(super) fn number(&self, class: &Class) -> u32 {
        self.numbers[class]
    }
}
