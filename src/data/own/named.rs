//! Files of several named arrays: NumPy's `.npz`, and safetensors.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use safetensors::Dtype;
use safetensors::SafeTensors;
use zip::ZipArchive;

use super::ArrayParams;
use super::Part;
use super::Parts;
use super::SPLITS;
use super::assemble;
use super::content;
use super::npy;
use super::raw::Elements;
use super::raw::Raw;
use super::split_named;
use super::wrong;
use crate::data::Context;
use crate::data::DataError;
use crate::data::DataSet;
use crate::data::Dataset;
use crate::data::FormatError;
use crate::map::SortedVecMap;
use crate::registry::ArtifactType;
use crate::registry::Default;
use crate::registry::Entry;
use crate::registry::InvalidParam;
use crate::registry::Param;
use crate::registry::ParamType;
use crate::registry::Property;
use crate::registry::Slot;
use crate::registry::Value;
use crate::registry::Values;
use crate::registry::params;

/// A format of files with named arrays.
pub(in crate::data) struct NamedArrays {
    name: &'static str,
    summary: &'static str,
    docs: &'static str,
    read: fn(&[u8]) -> Result<Content, FormatError>,
}

/// What a file holds.
enum Content {
    Arrays(Arrays),
    /// A data set that another project left.
    Whole(Box<Dataset>),
}

/// `dataset/npz`
pub(in crate::data) static NPZ: NamedArrays = NamedArrays {
    name: "npz",
    summary: "your own arrays, from a file of `numpy.savez`",
    docs: "`in: {file: {file: data/digits.npz}}` names the file. `arrays` says which of its arrays are what;\n\
         without it these names are found: `x`, `X`, `data`, `features`, `images` or the only array for the\n\
         observations, `y`, `label`, `labels`, `target`, `targets` for their classes; of a split, with\n\
         `train`, `valid`, `val` or `test` before or after: `x_train`, `test_labels`, `valid.x`.\n\
         Types, shapes, splits and scaling: as of `dataset/npy`. Closed form: the arrays are taken as they are.",
    read: |bytes| in_archive(bytes).map(Content::Arrays),
};

/// `dataset/safetensors`
pub(in crate::data) static SAFETENSORS: NamedArrays = NamedArrays {
    name: "safetensors",
    summary: "your own arrays, from a safetensors file; or a data set of another project",
    docs: "`in: {file: {file: data/digits.safetensors}}` names the file. Names of arrays, types, shapes, splits\n\
         and scaling: as of `dataset/npz`. A `data.safetensors` that another project left is taken whole,\n\
         with its splits and what is known about it: parameters that would change it are mistakes.\n\
         Closed form: the arrays are taken as they are.",
    read: |bytes| match Dataset::is_said_by(bytes) {
        true => match Dataset::from_bytes(bytes) {
            Ok(data) => Ok(Content::Whole(Box::new(data))),
            Err(error) => Err(wrong(
                "it",
                format!("says that it is a data set, and yet {error}"),
            )),
        },
        false => in_safetensors(bytes).map(Content::Arrays),
    },
};

params! {
    /// What both may be given.
    struct NamedParams {
        /// which array of the file is what, as `{x: features, label: target}`, `test.x` for a split
        arrays: Option<SortedVecMap<String>>;
        array: ArrayParams;
    }
}

const SLOTS: &[Slot] = &[Slot::new("file", &[ArtifactType::File], "the file").single()];

impl Entry for NamedArrays {
    fn name(&self) -> &'static str {
        self.name
    }

    fn summary(&self) -> &'static str {
        self.summary
    }

    fn docs(&self) -> &'static str {
        self.docs
    }

    /// 2: scaling in double precision, `range` of scaled pictures, parameters in vain are mistakes.
    /// 3: large whole numbers are scaled without rounding, and ones beside grey values refused.
    /// 4: numbers are scaled from a number of their column.
    fn revision(&self) -> u32 {
        4
    }

    fn params(&self) -> Vec<Param> {
        NamedParams::params()
    }
}

impl DataSet for NamedArrays {
    fn slots(&self) -> &'static [Slot] {
        SLOTS
    }

    fn range(&self, params: &Values) -> Option<(f64, f64)> {
        NamedParams::read(params).ok()?.array.own.range()
    }

    fn scaling(&self, params: &Values) -> Option<String> {
        Some(NamedParams::read(params).ok()?.array.own.scaling())
    }

    fn check(&self, params: &Values) -> Result<(), InvalidParam> {
        check(params)
    }

    fn lacks(&self, params: &Values) -> Vec<Property> {
        let named = NamedParams::read(params)
            .ok()
            .and_then(|given| given.arrays);
        let Some(named) = named else {
            return Vec::new();
        };
        let is_named = |what: &str| {
            let mut places = named.iter().map(|(place, _)| place.rsplit('.').next());
            places.any(|last| last == Some(what))
        };
        let arrays = [
            (Property::Labels, "label"),
            (Property::LogDensity, "log_density"),
        ];
        let lacking = arrays.into_iter().filter(|(_, what)| !is_named(what));
        lacking.map(|(property, _)| property).collect()
    }

    fn load(&self, params: &Values, context: &Context<'_>) -> Result<Dataset, DataError> {
        let (path, bytes) = given(context)?;
        match (self.read)(&bytes).map_err(|error| error.at(&path))? {
            Content::Arrays(arrays) => {
                let params = NamedParams::read(params)?;
                load(self.name, &params, &path, arrays, context)
            }
            Content::Whole(data) => match in_vain(params)[..] {
                [] => Ok(*data),
                [param, ..] => {
                    let why = format!(
                        "is a data set, which is taken whole: without `{param}`, or write it as arrays \
                         without the metadata `sweepline.dataset.1`"
                    );
                    Err(wrong("it", why).at(path))
                }
            },
        }
    }
}

/// The parameters that were given and do nothing to a data set that is taken whole. Not the seed: it draws
/// nothing either where there are files of all splits.
fn in_vain(given: &Values) -> Vec<&'static str> {
    let is_given = |param: &Param| match given.get(param.name) {
        None | Some(Value::Null) => false,
        Some(value) => Default::Value(value.clone()) != param.default,
    };
    let params = NamedParams::params().into_iter();
    params
        .filter(|param| param.ty != ParamType::Seed && is_given(param))
        .map(|param| param.name)
        .collect()
}

/// What an array may be.
const WHAT: [&str; 6] = ["x", "label", "attributes", "z", "mean", "log_density"];

/// The split and the part that a manifest names: of `train` where it names no split.
fn place(named: &str) -> (&str, &str) {
    named.split_once('.').unwrap_or(("train", named))
}

fn check(params: &Values) -> Result<(), InvalidParam> {
    let Ok(params) = NamedParams::read(params) else {
        return Ok(());
    };
    let mut taken: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for (named, _) in params.arrays.iter().flatten() {
        let (split, what) = place(named);
        if let Some(first) = taken.insert((split, what), named) {
            return Err(InvalidParam {
                param: "arrays",
                message: format!("`{first}` and `{named}` are one part of the data set"),
                help: "an array without a split is of `train`: leave one of them out".to_owned(),
            });
        }
        if !SPLITS.contains(&split) || !WHAT.contains(&what) {
            return Err(InvalidParam {
                param: "arrays",
                message: format!("`{named}` is no part of a data set"),
                help: format!(
                    "the parts are {}, each alone or after `train.`, `valid.` or `test.`",
                    WHAT.map(|what| format!("`{what}`")).join(", ")
                ),
            });
        }
    }
    params.array.own.check()
}

fn given(context: &Context<'_>) -> Result<(PathBuf, Vec<u8>), DataError> {
    let given = content(context, "file")?;
    Ok(given.unwrap_or_else(|| unreachable!("BUG: the slot is required")))
}

type Arrays = BTreeMap<String, Raw>;

fn load(
    name: &'static str,
    params: &NamedParams,
    path: &Path,
    arrays: Arrays,
    context: &Context<'_>,
) -> Result<Dataset, DataError> {
    let parts = match &params.arrays {
        Some(named) => as_named(named, path, arrays),
        None => as_found(path, arrays),
    };
    let mut parts = parts.map_err(|error| error.at(path))?;
    let held = [&mut parts.valid, &mut parts.test].into_iter().flatten();
    for part in held.chain([&mut parts.train]) {
        part.channels = params.array.channels;
    }
    assemble::dataset(name, parts, &params.array.own, context)
}

/// The parts by the names that the manifest gives.
fn as_named(
    named: &SortedVecMap<String>,
    path: &Path,
    arrays: Arrays,
) -> Result<Parts, FormatError> {
    let mut found = BTreeMap::new();
    for (named, name) in named {
        let array = arrays
            .get(name)
            .cloned()
            .ok_or_else(|| FormatError::Lacks {
                what: format!("array `{name}`: it has {}", listed(&arrays)),
            })?;
        let (split, what) = place(named);
        found.insert((split.to_owned(), what.to_owned()), array);
    }
    parts(path, found, &arrays)
}

/// The parts by the names that people use.
fn as_found(path: &Path, arrays: Arrays) -> Result<Parts, FormatError> {
    let mut found = BTreeMap::new();
    let mut unknown = Vec::new();
    for (name, array) in &arrays {
        let Some((split, what)) = known_as(name) else {
            unknown.push(name);
            continue;
        };
        if found
            .insert((split.to_owned(), what.to_owned()), array.clone())
            .is_some()
        {
            return Err(wrong(
                format!("its arrays {}", listed(&arrays)),
                format!("have two for `{what}` of {split}: `arrays: {{x: …}}` says which"),
            ));
        }
    }
    let has_x = found.keys().any(|(_, what)| what == "x");
    if let ([only], false) = (&unknown[..], has_x) {
        found.insert(("train".to_owned(), "x".to_owned()), arrays[*only].clone());
    }
    parts(path, found, &arrays)
}

/// Which split and part a name stands for.
fn known_as(name: &str) -> Option<(&'static str, &'static str)> {
    let lower = name.to_lowercase();
    let mut words: Vec<&str> = lower.split(['_', '.', '/', '-']).collect();
    let at = words.iter().position(|word| split_named(word).is_some());
    let of = at.and_then(|at| split_named(words.remove(at)));
    let what = match words.join("_").as_str() {
        "x" | "data" | "features" | "images" | "inputs" => "x",
        "y" | "label" | "labels" | "target" | "targets" => "label",
        "attributes" => "attributes",
        "z" => "z",
        "mean" => "mean",
        "log_density" => "log_density",
        _ => return None,
    };
    Some((of.unwrap_or("train"), what))
}

fn parts(
    path: &Path,
    found: BTreeMap<(String, String), Raw>,
    arrays: &Arrays,
) -> Result<Parts, FormatError> {
    let mut by_split: BTreeMap<String, Part> = BTreeMap::new();
    let mut with_x = Vec::new();
    for ((split, what), array) in found {
        let part = by_split.entry(split.clone()).or_default();
        part.path = path.to_owned();
        match what.as_str() {
            "x" => {
                part.x = array;
                with_x.push(split);
            }
            "label" => part.label = Some((path.to_owned(), array)),
            _ => {
                part.others.insert(what, (path.to_owned(), array));
            }
        }
    }
    let missing = match by_split.contains_key("train") {
        true => by_split
            .keys()
            .find(|split| !with_x.contains(split))
            .cloned(),
        false => Some("train".to_owned()),
    };
    if let Some(split) = missing {
        return Err(FormatError::Lacks {
            what: format!(
                "array that is known as the observations of {split}: it has {}; \
                 `arrays: {{x: NAME, label: NAME}}` says which is what",
                listed(arrays)
            ),
        });
    }
    Ok(Parts {
        train: by_split.remove("train").unwrap_or_default(),
        valid: by_split.remove("valid"),
        test: by_split.remove("test"),
    })
}

fn listed(arrays: &Arrays) -> String {
    let names: Vec<String> = arrays.keys().map(|name| format!("`{name}`")).collect();
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", "),
    }
}

/// The arrays of a zip archive of `.npy` files.
fn in_archive(bytes: &[u8]) -> Result<Arrays, FormatError> {
    let damaged = |error: &dyn std::fmt::Display| {
        wrong(
            "it",
            format!("is no archive of `numpy.savez` that can be read: {error}"),
        )
    };
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
    let mut arrays = Arrays::new();
    for number in 0..archive.len() {
        let mut member = archive.by_index(number).map_err(|error| damaged(&error))?;
        let name = member.name().map_err(|error| damaged(&error))?.into_owned();
        let Some(name) = name.strip_suffix(".npy").map(str::to_owned) else {
            continue;
        };
        let mut content = Vec::new();
        member
            .read_to_end(&mut content)
            .map_err(|error| damaged(&error))?;
        let array = npy::read(&content)
            .map_err(|error| wrong(format!("its array `{name}`:"), error.to_string()))?;
        arrays.insert(name, array);
    }
    Ok(arrays)
}

fn in_safetensors(bytes: &[u8]) -> Result<Arrays, FormatError> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| {
        wrong(
            "it",
            format!("is no safetensors file that can be read: {error}"),
        )
    })?;
    let mut arrays = Arrays::new();
    for (name, view) in file.tensors() {
        let data = view.data();
        let elements = match view.dtype() {
            Dtype::BOOL => Elements::Whole(data.iter().map(|b| i64::from(*b != 0)).collect()),
            Dtype::U8 => Elements::Bytes(data.to_vec()),
            Dtype::I8 => Elements::Whole(data.iter().map(|b| i64::from(*b as i8)).collect()),
            Dtype::U16 => whole(data, |b| i64::from(u16::from_le_bytes(b))),
            Dtype::I16 => whole(data, |b| i64::from(i16::from_le_bytes(b))),
            Dtype::U32 => whole(data, |b| i64::from(u32::from_le_bytes(b))),
            Dtype::I32 => whole(data, |b| i64::from(i32::from_le_bytes(b))),
            Dtype::I64 => whole(data, i64::from_le_bytes),
            Dtype::F16 => Elements::Single(each(data, |b| npy::half(u16::from_le_bytes(b)))),
            // The upper half of a single.
            Dtype::BF16 => Elements::Single(each(data, |b| {
                f32::from_bits(u32::from(u16::from_le_bytes(b)) << 16)
            })),
            Dtype::F32 => Elements::Single(each(data, f32::from_le_bytes)),
            Dtype::F64 => Elements::Double(each(data, f64::from_le_bytes)),
            other => {
                return Err(wrong(
                    format!("its array `{name}`"),
                    format!("has type {other:?}, none that is read: save it as F32"),
                ));
            }
        };
        arrays.insert(name, Raw::new(view.shape().to_vec(), elements)?);
    }
    Ok(arrays)
}

fn whole<const N: usize>(data: &[u8], of: fn([u8; N]) -> i64) -> Elements {
    Elements::Whole(each(data, of))
}

fn each<const N: usize, T>(data: &[u8], of: fn([u8; N]) -> T) -> Vec<T> {
    data.as_chunks::<N>()
        .0
        .iter()
        .map(|bytes| of(*bytes))
        .collect()
}
