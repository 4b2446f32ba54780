//! `dataset/npy`: a file of NumPy for each array.

use super::ArrayParams;
use super::Part;
use super::Parts;
use super::assemble;
use super::content;
use super::npy;
use crate::data::Context;
use crate::data::DataError;
use crate::data::DataSet;
use crate::data::Dataset;
use crate::registry::ArtifactType;
use crate::registry::Entry;
use crate::registry::InvalidParam;
use crate::registry::Param;
use crate::registry::Property;
use crate::registry::Slot;
use crate::registry::Values;

/// `dataset/npy`
pub(in crate::data) struct Npy;

const fn optional(name: &'static str, doc: &'static str) -> Slot {
    Slot::new(name, &[ArtifactType::File], doc)
        .single()
        .optional()
}

const SLOTS: &[Slot] = &[
    Slot::new(
        "x",
        &[ArtifactType::File],
        "the observations, or those to train on",
    )
    .single(),
    optional("label", "their classes"),
    optional(
        "valid",
        "observations to validate on [default: some of `x`]",
    ),
    optional("valid_label", "their classes"),
    optional("test", "observations to test on [default: some of `x`]"),
    optional("test_label", "their classes"),
];

impl Entry for Npy {
    fn name(&self) -> &'static str {
        "npy"
    }

    fn summary(&self) -> &'static str {
        "your own arrays, from files of `numpy.save`"
    }

    fn docs(&self) -> &'static str {
        "`in: {x: {file: data/x.npy}, label: {file: data/y.npy}}` names the files. Whole numbers, booleans and\n\
         numbers of half, single and double precision are read, in either order of bytes and of elements.\n\
         \n\
         | shape of `x` | is |\n\
         | --- | --- |\n\
         | `[n]`, `[n, d]` | numbers: `x` is `[n, 1]` or `[n, d]` |\n\
         | `[n, h, w]` | grey pictures: `x` is `[n, 1, h, w]` |\n\
         | `[n, c, h, w]`, `[n, h, w, c]` with c of 1, 3 or 4 | pictures: `x` is `[n, c, h, w]` |\n\
         \n\
         Pictures of bytes are grey values, 255 is 1, unless there is none above 1. Other bytes above 1 could\n\
         be either, so `divide: 255` or `divide: 1` has to say it. Labels are whole numbers or texts; unless they\n\
         are 0, 1, 2, … they are numbered in their order and keep their names. The splits are drawn at\n\
         random: `valid` and `test` are shares of all observations, or numbers of them, as of\n\
         scikit-learn's `train_test_split`. Splits of files of their own are read alike: beside grey values\n\
         to 255, those that go up to 1 are refused, and pictures of zeros and ones want 255 for 1.\n\
         \n\
         Scaling is of each column, with numbers of the training split, in double precision and counted\n\
         from a number of the column, so that of large ones nothing is rounded before; a column that is\n\
         constant but for rounding is only shifted. `scaled_by` of the metadata has what brings a column\n\
         back: `origin + (x · width + above) · divide`. `x` is of single precision: the log says where different numbers of a column\n\
         become one. `range` of scaled pictures is the least and the greatest number that is in them.\n\
         Closed form: the arrays are taken as they are."
    }

    /// 2: scaling in double precision, and `range` of scaled pictures.
    /// 3: large whole numbers are scaled without rounding, and ones beside grey values refused.
    /// 4: numbers are scaled from a number of their column.
    fn revision(&self) -> u32 {
        4
    }

    fn params(&self) -> Vec<Param> {
        ArrayParams::params()
    }
}

impl DataSet for Npy {
    fn slots(&self) -> &'static [Slot] {
        SLOTS
    }

    fn range(&self, params: &Values) -> Option<(f64, f64)> {
        ArrayParams::read(params).ok()?.own.range()
    }

    fn scaling(&self, params: &Values) -> Option<String> {
        Some(ArrayParams::read(params).ok()?.own.scaling())
    }

    fn check(&self, params: &Values) -> Result<(), InvalidParam> {
        ArrayParams::read(params).map_or(Ok(()), |params| params.own.check())
    }

    fn lacks(&self, _params: &Values) -> Vec<Property> {
        vec![Property::LogDensity]
    }

    fn load(&self, params: &Values, context: &Context<'_>) -> Result<Dataset, DataError> {
        let params = ArrayParams::read(params)?;
        let read = |slot| {
            let Some((path, bytes)) = content(context, slot)? else {
                return Ok(None);
            };
            let array = npy::read(&bytes).map_err(|error| error.at(&path))?;
            Ok::<_, DataError>(Some((path, array)))
        };
        let part = |x, label| {
            let Some((path, x)) = read(x)? else {
                return match read(label)? {
                    Some((path, _)) => {
                        let why =
                            "are of observations that are not given: fill the slot of those too";
                        Err(super::wrong("these classes", why).at(path))
                    }
                    None => Ok(None),
                };
            };
            Ok(Some(Part {
                path,
                x,
                label: read(label)?,
                channels: params.channels,
                ..Part::default()
            }))
        };
        let parts = Parts {
            train: part("x", "label")?.unwrap_or_default(),
            valid: part("valid", "valid_label")?,
            test: part("test", "test_label")?,
        };
        assemble::dataset(self.name(), parts, &params.own, context)
    }
}
