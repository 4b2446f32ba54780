//! The observations as they are kept: scaled, and of single precision.

use std::path::Path;

use rayon::prelude::*;

use super::SPLITS;
use super::clean::Clean;
use super::grey::Grey;
use super::grey::WHITE;
use super::raw::Elements;
use super::scale::Columns;
use super::scale::ScaleParams;
use super::scale::Scaling;
use super::scale::is_rounding;
use super::wrong;
use crate::data::Array;
use crate::data::DataError;
use crate::data::FormatError;

/// The observations as they are kept, and what they were scaled by.
pub(super) struct Scaled {
    pub x: Vec<Array>,
    pub by: Option<Columns>,
    pub merged: Vec<Merged>,
}

impl Scaled {
    pub(super) fn of(
        splits: &mut [Clean; 3],
        grey: Grey,
        params: &ScaleParams,
        path: &Path,
    ) -> Result<Self, DataError> {
        let scaling = params.scale;
        let as_bytes = grey == Grey::Yes && scaling.name() == "none";
        let divide = match grey {
            Grey::Yes => WHITE,
            Grey::No => params.divide.unwrap_or(1.0),
        };
        let mut by = None;
        let mut merged = Vec::new();
        let mut x = Vec::new();
        for (number, split) in splits.iter_mut().enumerate() {
            let raw = std::mem::take(&mut split.x);
            let array = match raw.elements {
                Elements::Bytes(bytes) if as_bytes => Array::new(&raw.shape, bytes),
                _ => {
                    let columns: usize = raw.shape[1..].iter().product();
                    if number == 0 {
                        by = Columns::of(scaling, divide, &raw);
                    }
                    // Single precision comes last: a mean that is large beside the deviation would take it all.
                    let kept = |at: usize| match &by {
                        Some(by) => by.apply(at % columns, &raw.elements, at) as f32,
                        None => (raw.elements.number(at) / divide) as f32,
                    };
                    if number == 0 && raw.elements.are_beyond_single() {
                        merged = Merged::all(&raw.elements, raw.shape[0], columns, kept);
                    }
                    let numbers = (0..raw.elements.len()).map(kept);
                    Array::new(&raw.shape, numbers.collect::<Vec<f32>>())
                }
            };
            within(&array, params, SPLITS[number]).map_err(|error| error.at(path))?;
            x.push(array);
        }
        Ok(Scaled { x, by, merged })
    }
}

/// A column of which single precision makes fewer different numbers.
pub(super) struct Merged {
    column: usize,
    before: usize,
    after: usize,
}

impl Merged {
    /// The columns that lose a quarter of their numbers or more: a few coincide in any large table.
    fn all(
        x: &Elements,
        rows: usize,
        columns: usize,
        kept: impl Fn(usize) -> f32 + Sync,
    ) -> Vec<Merged> {
        let merged = (0..columns).into_par_iter().filter_map(|column| {
            let places = (0..rows).map(|row| row * columns + column);
            let different = different(x, places);
            let mut after: Vec<f32> = different.iter().map(|at| kept(*at)).collect();
            after.dedup();
            let (before, after) = (different.len(), after.len());
            (after < before - before / 4).then_some(Merged {
                column,
                before,
                after,
            })
        });
        merged.collect()
    }

    /// What is said of the first of so many.
    pub(super) fn told(&self, names: Option<&[String]>, count: usize, scaling: Scaling) -> String {
        let column = match names {
            Some(names) => format!("column `{}`", names[self.column]),
            None => format!("number {}", self.column),
        };
        let of = match count {
            1 => String::new(),
            count => format!(", one of {count} such,"),
        };
        let remedy = match scaling {
            Scaling::None => "`scale: standard` takes off the mean before",
            Scaling::Standard | Scaling::MinMax => "an observation far from all others may be why",
        };
        format!(
            "{column}{of} has {} different numbers, of which single precision leaves {}: {remedy}",
            self.before, self.after
        )
    }
}

/// A place of each different number among these, by their order. Whole numbers differ by what they are,
/// others by more than rounding.
fn different(x: &Elements, places: impl Iterator<Item = usize> + Clone) -> Vec<usize> {
    let whole = places.clone().map(|at| Some((x.whole(at)?, at)));
    if let Some(mut whole) = whole.collect::<Option<Vec<(i128, usize)>>>() {
        whole.sort_unstable();
        whole.dedup_by_key(|(number, _)| *number);
        return whole.into_iter().map(|(_, at)| at).collect();
    }
    let mut numbers: Vec<(f64, usize)> = places.map(|at| (x.number(at), at)).collect();
    numbers.sort_unstable_by(|(x, _), (y, _)| x.total_cmp(y));
    numbers.dedup_by(|(x, _), (last, _)| is_rounding(*x - *last, x.abs()));
    numbers.into_iter().map(|(_, at)| at).collect()
}

/// Least and greatest number of all splits.
pub(super) fn extent(splits: &[Array]) -> [f64; 2] {
    let numbers = splits.iter().flat_map(Array::to_f32).map(f64::from);
    numbers.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], x| {
        [low.min(x), high.max(x)]
    })
}

/// No number is outside of what the manifest says.
fn within(x: &Array, params: &ScaleParams, split: &str) -> Result<(), FormatError> {
    let Some((low, high)) = params.range() else {
        return Ok(());
    };
    // As the numbers are kept: 0.3 in single precision is above 0.3.
    let within = low as f32..=high as f32;
    let size = x.row_size().max(1);
    let values = x.to_f32();
    let mut values = values.iter().enumerate();
    match values.find(|(_, x)| !within.contains(*x)) {
        None => Ok(()),
        Some((at, x)) => Err(wrong(
            format!("observation {} of {split}", at / size),
            format!(
                "has {x} as number {}, outside of `range: [{low}, {high}]`",
                at % size
            ),
        )),
    }
}
