//! Observations as splits are made of them: of one shape, without missing values.

use std::path::Path;

use super::Channels;
use super::Part;
use super::TableNames;
use super::labels;
use super::labels::Class;
use super::raw::Elements;
use super::raw::Raw;
use super::wrong;
use crate::data::Array;
use crate::data::Context;
use crate::data::DataError;
use crate::data::FormatError;
use crate::registry::choices;

choices! {
    /// What becomes of observations with a missing value.
    pub(super) enum Missing {
        Error = "error",
        Drop = "drop",
    }
}

/// Observations without missing values.
pub(super) struct Clean {
    /// `[n, d]` or `[n, channels, height, width]`.
    pub x: Raw,
    pub classes: Option<Vec<Class>>,
    pub others: Vec<(String, Array)>,
    pub pictures: bool,
}

impl Clean {
    pub(super) fn of(part: Part, odd: Missing, context: &Context<'_>) -> Result<Self, DataError> {
        let path = part.path.clone();
        let x = observations(part.x, part.channels).map_err(|error| error.at(&path))?;
        let count = x.rows();
        if count == 0 || x.row_size() == 0 {
            return Err(wrong(
                "it",
                format!("has no observation: its shape is {:?}", x.shape),
            )
            .at(&path));
        }
        let same = |path: &Path, what: &str, array: &Raw| match array.rows() == count {
            true => Ok(()),
            false => {
                let why = format!("are {}, of {count} observations", array.rows());
                Err(wrong(what, why).at(path))
            }
        };
        let classes = match &part.label {
            None => None,
            Some((path, raw)) => {
                same(path, "these classes", raw)?;
                Some(labels::classes(path, raw)?)
            }
        };
        let mut others = Vec::new();
        for (name, (path, raw)) in &part.others {
            same(path, &format!("the rows of `{name}`"), raw)?;
            others.push((name.clone(), further(raw).map_err(|error| error.at(path))?));
        }
        let missing = missing(&x, classes.as_deref());
        let kept = match (odd, missing.first()) {
            (_, None) => None,
            (Missing::Error, Some(&row)) => {
                let error = told(&x, row, missing.len(), part.table.as_ref());
                return Err(error.at(&path));
            }
            (Missing::Drop, Some(_)) => {
                let unknown = classes.iter().flatten().filter(|class| class.is_none());
                let of = match unknown.count() {
                    0 => String::new(),
                    count => format!(", {count} of them without a class"),
                };
                (context.log)(&format!(
                    "{}: left out {} of {count} observations with a missing value{of}",
                    path.display(),
                    missing.len()
                ));
                let mut missing = missing.iter().peekable();
                let kept = (0..count).filter(|row| missing.next_if_eq(&row).is_none());
                Some(kept.collect::<Vec<_>>())
            }
        };
        let classes = classes.map(|classes| {
            let kept = classes.into_iter().enumerate();
            // Those without a class are not kept.
            let kept = kept.filter(|(row, _)| missing.binary_search(row).is_err());
            kept.filter_map(|(_, class)| class).collect()
        });
        let whole = Clean {
            x,
            classes: None,
            others,
            pictures: part.pictures,
        };
        let mut clean = match kept {
            None => whole,
            Some(kept) if kept.is_empty() => {
                return Err(wrong("it", "has a missing value in every observation").at(&path));
            }
            Some(kept) => whole.rows_at(&kept),
        };
        clean.classes = classes;
        Ok(clean)
    }

    pub(super) fn rows_at(&self, rows: &[usize]) -> Clean {
        let classes = self.classes.as_ref();
        let others = self.others.iter();
        Clean {
            x: self.x.rows_at(rows),
            classes: classes.map(|all| rows.iter().map(|row| all[*row].clone()).collect()),
            others: others
                .map(|(name, array)| (name.clone(), rows_of(array, rows)))
                .collect(),
            pictures: self.pictures,
        }
    }

    pub(super) fn has_texts(&self) -> bool {
        let mut classes = self.classes.iter().flatten();
        classes.any(|class| matches!(class, Class::Text(_)))
    }

    pub(super) fn is_picture(&self) -> bool {
        self.x.shape.len() == 4
    }
}

fn rows_of(array: &Array, rows: &[usize]) -> Array {
    let size = array.row_size();
    let values = array.to_f32();
    let values = rows
        .iter()
        .flat_map(|row| &values[row * size..(row + 1) * size]);
    let mut shape = array.shape().to_vec();
    shape[0] = rows.len();
    Array::new(&shape, values.copied().collect::<Vec<f32>>())
}

/// Observations as `[n, d]` or `[n, channels, height, width]`.
fn observations(x: Raw, said: Option<Channels>) -> Result<Raw, FormatError> {
    if let Elements::Text(_) = x.elements {
        return Err(wrong("it", "is of texts, not of numbers"));
    }
    let channels = |size: usize| matches!(size, 1 | 3 | 4);
    let reshaped = |shape: Vec<usize>, elements| Raw { shape, elements };
    match x.shape[..] {
        [n] => Ok(reshaped(vec![n, 1], x.elements)),
        [_, _] => Ok(x),
        [n, h, w] => Ok(reshaped(vec![n, 1, h, w], x.elements)),
        [_, first, _, last] => match (said, channels(first), channels(last)) {
            (Some(Channels::First), ..) | (None, true, false) => Ok(x),
            (Some(Channels::Last), ..) | (None, false, true) => Ok(x.transposed(&[0, 3, 1, 2])),
            (None, true, true) => Err(wrong(
                format!("its shape {:?}", x.shape),
                "may have its channels before or after height and width: `channels: first` or \
                 `channels: last` says it",
            )),
            (None, false, false) => Err(FormatError::Dimensions {
                expected: "[n, c, h, w] or [n, h, w, c] with 1, 3 or 4 channels c",
                found: x.shape.iter().map(|size| *size as u64).collect(),
            }),
        },
        _ => Err(FormatError::Dimensions {
            expected: "[n], [n, d], [n, h, w], [n, c, h, w] or [n, h, w, c]",
            found: x.shape.iter().map(|size| *size as u64).collect(),
        }),
    }
}

/// A further array as it is kept.
fn further(raw: &Raw) -> Result<Array, FormatError> {
    if let Elements::Text(_) = raw.elements {
        return Err(wrong("it", "is of texts, not of numbers"));
    }
    let values = (0..raw.elements.len()).map(|at| raw.elements.number(at) as f32);
    Ok(Array::new(&raw.shape, values.collect::<Vec<f32>>()))
}

/// The observations with a value that is no number, or without a class.
fn missing(x: &Raw, classes: Option<&[Option<Class>]>) -> Vec<usize> {
    let size = x.row_size();
    let exact = matches!(x.elements, Elements::Bytes(_) | Elements::Whole(_));
    let odd = |row: usize| {
        let mut row = (row * size..(row + 1) * size).map(|at| x.elements.number(at) as f32);
        row.any(|x| !x.is_finite())
    };
    let unknown = |row: usize| classes.is_some_and(|classes| classes[row].is_none());
    (0..x.rows())
        .filter(|row| unknown(*row) || (!exact && odd(*row)))
        .collect()
}

/// What is missing in an observation, of so many where something is.
fn told(x: &Raw, row: usize, count: usize, table: Option<&TableNames>) -> FormatError {
    let size = x.row_size();
    let at = (0..size).find(|at| !(x.elements.number(row * size + at) as f32).is_finite());
    let what = match table {
        Some(table) => format!("line {}", table.lines[row]),
        None => format!("observation {row}"),
    };
    let why = match at {
        None => "has no class".to_owned(),
        Some(at) => {
            let value = x.elements.number(row * size + at);
            let place = match table {
                Some(table) => format!("column `{}`", table.columns[at]),
                None => format!("number {at}"),
            };
            match value.is_finite() {
                true => format!("has {value:e} as {place}, more than single precision holds"),
                false => format!("has {value} as {place}"),
            }
        }
    };
    let of = match count {
        1 => String::new(),
        count => format!(", one of {count} such"),
    };
    wrong(what, format!("{why}{of}: `missing: drop` leaves it out"))
}
