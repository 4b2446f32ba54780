//! From what was read to a data set: shapes, missing values, splits, scaling, classes.

use std::path::Path;

use serde_json::Value as Json;
use serde_json::json;

use super::Channels;
use super::Part;
use super::Parts;
use super::grey::Grey;
use super::labels;
use super::labels::Class;
use super::labels::Numbered;
use super::raw::Elements;
use super::raw::Raw;
use super::scale::ScaleParams;
use super::scaled::Scaled;
use super::scaled::extent;
use super::splits::SplitParams;
use super::wrong;
use crate::data::Array;
use crate::data::Context;
use crate::data::DataError;
use crate::data::Dataset;
use crate::data::FormatError;
use crate::data::Split;
use crate::registry::InvalidParam;
use crate::registry::choices;
use crate::registry::params;

choices! {
    /// What becomes of observations with a missing value.
    pub(super) enum Missing {
        Error = "error",
        Drop = "drop",
    }
}

params! {
    /// What every reader of own data may be given.
    pub(super) struct OwnParams {
        splits: SplitParams;
        scale: ScaleParams;
        /// of observations with NaN, an infinity or no class: refuse them, or leave them out
        missing: Missing = Missing::Error;
    }
}

impl OwnParams {
    pub(super) fn check(&self) -> Result<(), InvalidParam> {
        self.splits.check()?;
        self.scale.check()
    }

    pub(super) fn range(&self) -> Option<(f64, f64)> {
        self.scale.range()
    }
}

/// The data set of what was read.
pub(super) fn dataset(
    name: &'static str,
    parts: Parts,
    params: &OwnParams,
    context: &Context<'_>,
) -> Result<Dataset, DataError> {
    let origin = parts.train.path.display().to_string();
    let columns = parts
        .train
        .table
        .as_ref()
        .map(|table| table.columns.clone());
    let path = parts.train.path.clone();
    let train = Clean::of(parts.train, params, context)?;
    let own = |part: Option<Part>| {
        part.map(|part| Clean::of(part, params, context))
            .transpose()
    };
    let (valid, test) = (own(parts.valid)?, own(parts.test)?);
    for (split, part) in [("valid", &valid), ("test", &test)] {
        let Some(part) = part else { continue };
        if part.x.shape[1..] != train.x.shape[1..] {
            let why = format!(
                "have shape {:?}, those of train {:?}",
                &part.x.shape[1..],
                &train.x.shape[1..]
            );
            return Err(wrong(format!("the observations of {split}"), why).at(&path));
        }
        if part.classes.is_some() != train.classes.is_some() {
            let why = "have classes and those of the other do not, or the other way round";
            return Err(wrong(format!("the observations of {split} or of train"), why).at(&path));
        }
        // One class would be two.
        if part.has_texts() != train.has_texts() {
            let why = "are texts and those of the other numbers: write both alike";
            return Err(wrong(format!("the classes of {split} or of train"), why).at(&path));
        }
    }
    let held_out = [("valid", &valid), ("test", &test)];
    let given = held_out
        .iter()
        .filter_map(|(name, part)| Some((*name, part.as_ref()?)));
    let given: Vec<(&str, &Clean)> = [("train", &train)].into_iter().chain(given).collect();
    let grey = Grey::of(&given, params).map_err(|error| error.at(&path))?;
    let held = [valid.is_some(), test.is_some()];
    let cut = params.splits.cut(train.x.rows(), held)?;
    let valid = valid.unwrap_or_else(|| train.rows_at(&cut[1]));
    let test = test.unwrap_or_else(|| train.rows_at(&cut[2]));
    let train = train.rows_at(&cut[0]);
    let mut splits = [train, valid, test];
    let all = splits
        .iter()
        .flat_map(|split| split.classes.iter().flatten());
    let numbered = Numbered::of(&path, all)?;
    let labelled = splits[0].classes.is_some();
    let shape = splits[0].x.shape[1..].to_vec();
    let scaled = Scaled::of(&mut splits, grey, params, &path)?;
    if let Some(merged) = scaled.merged.first() {
        let told = merged.told(columns.as_deref(), scaled.merged.len(), params);
        (context.log)(&format!("{}: {told}", path.display()));
    }
    let range = match (params.range(), grey, &scaled.by) {
        (Some((low, high)), ..) => Some([low, high]),
        (None, Grey::Yes, None) => Some([0.0, 1.0]),
        // What was black or white is another number in every pixel.
        (None, _, Some(_)) if shape.len() == 3 => Some(extent(&scaled.x)),
        (None, ..) => None,
    };
    let arrays = splits.into_iter().zip(scaled.x).map(|(split, x)| {
        let mut arrays = Split::new().with("x", x);
        if let Some(classes) = split.classes {
            let classes = classes.iter().map(|class| numbered.number(class));
            arrays = arrays.with("label", Array::column(classes.collect::<Vec<u32>>()));
        }
        for (name, array) in split.others {
            arrays = arrays.with(&name, array);
        }
        arrays
    });
    let arrays: Vec<Split> = arrays.collect();
    let [train, valid, test] = <[Split; 3]>::try_from(arrays)
        .unwrap_or_else(|_| unreachable!("BUG: there are three splits"));
    let mut meta = json!({
        "name": name,
        "shape": shape,
        "origin": format!("of the project: {origin}"),
        "licence": "of the files: not stated",
    });
    let mut known = |name: &str, value: Json| meta[name] = value;
    if let Some(range) = range {
        known("range", json!(range));
    }
    if labelled {
        known("classes", json!(numbered.count));
    }
    if let Some(names) = &numbered.names {
        known("class_names", json!(names));
    }
    if let Some(columns) = columns {
        known("columns", json!(columns));
    }
    if let Some(by) = &scaled.by {
        known("scaled_by", by.told());
    }
    Ok(Dataset::new(train, valid, test, meta))
}

/// Observations without missing values.
pub(super) struct Clean {
    /// `[n, d]` or `[n, channels, height, width]`.
    pub x: Raw,
    classes: Option<Vec<Class>>,
    others: Vec<(String, Array)>,
    pub pictures: bool,
}

impl Clean {
    fn of(part: Part, params: &OwnParams, context: &Context<'_>) -> Result<Self, DataError> {
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
        let kept = match (params.missing, missing.first()) {
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

    fn rows_at(&self, rows: &[usize]) -> Clean {
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

    fn has_texts(&self) -> bool {
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
fn told(x: &Raw, row: usize, count: usize, table: Option<&super::TableNames>) -> FormatError {
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
