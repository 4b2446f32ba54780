//! A data set as one file: safetensors, so that Python reads it too.
//!
//! Arrays are named `train.x`, `test.label`, `generator.weight`; `meta` is JSON text in the header.
//! The same data set always gives the same bytes: arrays are ordered by type and name, and the
//! header has one entry of metadata.

use std::collections::BTreeMap;
use std::collections::HashMap;

use safetensors::Dtype;
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;

use super::Array;
use super::DataError;
use super::Dataset;
use super::Numbers;
use super::Split;

/// The header entry that holds `meta`; its number is the format's version.
const META: &str = "sweepline.dataset.1";

impl Dataset {
    /// The data set as the bytes of a safetensors file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut stored = Vec::new();
        for (split, arrays) in self.splits() {
            for (name, array) in arrays.arrays() {
                stored.push((format!("{split}.{name}"), little_endian(array)));
            }
        }
        for (name, array) in &self.generator {
            stored.push((format!("generator.{name}"), little_endian(array)));
        }
        let views = stored.iter().map(|(name, (dtype, shape, bytes))| {
            let view = TensorView::new(*dtype, shape.clone(), bytes);
            (name, view.expect("an array's numbers fill its shape"))
        });
        let meta = HashMap::from([(META.to_owned(), self.meta.to_string())]);
        safetensors::serialize(views, Some(meta)).expect("names and sizes of a data set fit")
    }

    /// Whether a file says of itself that it is a data set, rightly or not.
    pub(super) fn is_said_by(bytes: &[u8]) -> bool {
        let header = SafeTensors::read_metadata(bytes);
        header.is_ok_and(|(_, header)| {
            let meta = header.metadata().as_ref();
            meta.is_some_and(|meta| meta.contains_key(META))
        })
    }

    /// Reads what [`Dataset::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`DataError::NotADataset`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Dataset, DataError> {
        let wrong = |why: String| DataError::NotADataset { why };
        let (_, header) =
            SafeTensors::read_metadata(bytes).map_err(|error| wrong(error.to_string()))?;
        let meta = header.metadata().as_ref().and_then(|meta| meta.get(META));
        let meta = meta.ok_or_else(|| wrong(format!("its header has no `{META}`; in Python: `save_file(arrays, path, metadata={{\"{META}\": \"{{}}\"}})`")))?;
        let meta: serde_json::Value = serde_json::from_str(meta)
            .map_err(|error| wrong(format!("its `{META}` is no JSON: {error}")))?;
        if !meta.is_object() {
            return Err(wrong(format!("its `{META}` is no JSON object")));
        }
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| wrong(error.to_string()))?;
        let mut splits: BTreeMap<&str, Split> = BTreeMap::new();
        let mut generator = BTreeMap::new();
        for (name, view) in tensors.iter() {
            let array = array(&view).ok_or_else(|| {
                let what = "none that is read, or holds a number that is no index";
                wrong(format!("`{name}` has type {:?}, {what}", view.dtype()))
            })?;
            match name.split_once('.') {
                Some(("generator", name)) => {
                    generator.insert(name.to_owned(), array);
                }
                Some((split @ ("train" | "valid" | "test"), name)) => {
                    let entry = splits.entry(split).or_default();
                    *entry = std::mem::take(entry).with(name, array);
                }
                _ => {
                    let names = "names are `train.x`, `valid.label`, `test.x`, …";
                    return Err(wrong(format!("`{name}` belongs to no split: {names}")));
                }
            }
        }
        for (split, arrays) in &splits {
            consistent(arrays).map_err(|why| wrong(format!("split `{split}`: {why}")))?;
        }
        let of = |splits: &BTreeMap<&str, Split>, name| {
            let x = splits.get(name).and_then(|split: &Split| split.get("x"));
            x.map(|x| x.shape()[1..].to_vec())
        };
        for split in ["valid", "test"] {
            if let (Some(train), Some(other)) = (of(&splits, "train"), of(&splits, split))
                && train != other
            {
                return Err(wrong(format!(
                    "an observation of `{split}` has shape {other:?}, one of `train` {train:?}"
                )));
            }
        }
        let mut take = |name| splits.remove(name).unwrap_or_default();
        Ok(Dataset {
            train: take("train"),
            valid: take("valid"),
            test: take("test"),
            generator,
            meta,
        })
    }
}

/// Named arrays as the bytes of a safetensors file: always the same for the same arrays.
pub fn arrays_to_bytes(arrays: &BTreeMap<String, Array>) -> Vec<u8> {
    let stored: Vec<_> = arrays
        .iter()
        .map(|(name, array)| (name, little_endian(array)))
        .collect();
    let views = stored.iter().map(|(name, (dtype, shape, bytes))| {
        let view = TensorView::new(*dtype, shape.clone(), bytes);
        (name, view.expect("an array's numbers fill its shape"))
    });
    safetensors::serialize(views, None).expect("names and sizes of arrays fit")
}

/// Reads what [`arrays_to_bytes`] wrote.
///
/// # Errors
/// [`DataError::NotArrays`] for anything else.
pub fn arrays_from_bytes(bytes: &[u8]) -> Result<BTreeMap<String, Array>, DataError> {
    let wrong = |why: String| DataError::NotArrays { why };
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| wrong(error.to_string()))?;
    let arrays = tensors.iter().map(|(name, view)| {
        let array = array(&view);
        let array = array.ok_or_else(|| wrong(format!("`{name}` has type {:?}", view.dtype())));
        Ok((name.to_owned(), array?))
    });
    arrays.collect()
}

/// All arrays of a split count the same observations, and the lengths add up.
fn consistent(split: &Split) -> Result<(), String> {
    for (name, array) in split.arrays().filter(|(name, _)| *name != "tokens") {
        if array.shape().is_empty() || array.rows() != split.len() {
            return Err(format!(
                "`{name}` has shape {:?} among {} observations",
                array.shape(),
                split.len()
            ));
        }
    }
    if let Some(tokens) = split.get("tokens") {
        let lengths = split.get("lengths").and_then(Array::to_u32);
        let lengths = lengths.ok_or("`tokens` have no `lengths`")?;
        let total: u64 = lengths.into_iter().map(u64::from).sum();
        if total != tokens.numbers().len() as u64 {
            return Err("`lengths` do not add up to the number of `tokens`".to_owned());
        }
    }
    Ok(())
}

fn little_endian(array: &Array) -> (Dtype, Vec<usize>, Vec<u8>) {
    let (dtype, bytes) = match array.numbers() {
        Numbers::U8(values) => (Dtype::U8, values.clone()),
        Numbers::U32(values) => (
            Dtype::U32,
            values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        ),
        Numbers::F32(values) => (
            Dtype::F32,
            values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        ),
        Numbers::F64(values) => (
            Dtype::F64,
            values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        ),
    };
    (dtype, array.shape().to_vec(), bytes)
}

fn array(view: &TensorView<'_>) -> Option<Array> {
    let bytes = view.data();
    let (four, _) = bytes.as_chunks::<4>();
    let (eight, _) = bytes.as_chunks::<8>();
    let numbers: Numbers = match view.dtype() {
        Dtype::U8 => bytes.to_vec().into(),
        Dtype::U32 => four
            .iter()
            .map(|b| u32::from_le_bytes(*b))
            .collect::<Vec<_>>()
            .into(),
        Dtype::F32 => four
            .iter()
            .map(|b| f32::from_le_bytes(*b))
            .collect::<Vec<_>>()
            .into(),
        Dtype::F64 => eight
            .iter()
            .map(|b| f64::from_le_bytes(*b))
            .collect::<Vec<_>>()
            .into(),
        // What Python writes where nobody thinks of types: indices, and numbers of half precision.
        Dtype::BOOL | Dtype::I8 | Dtype::I16 | Dtype::U16 | Dtype::I32 | Dtype::I64 => {
            whole(view.dtype(), bytes)?.into()
        }
        _ => return None,
    };
    Some(Array::new(view.shape(), numbers))
}

/// Whole numbers as indices; none where one is negative or too large.
fn whole(dtype: Dtype, bytes: &[u8]) -> Option<Vec<u32>> {
    fn all<const N: usize>(bytes: &[u8], of: fn([u8; N]) -> i64) -> Option<Vec<u32>> {
        let numbers = bytes.as_chunks::<N>().0.iter();
        numbers.map(|b| u32::try_from(of(*b)).ok()).collect()
    }
    match dtype {
        Dtype::BOOL => all(bytes, |[b]| i64::from(b != 0)),
        Dtype::I8 => all(bytes, |b| i64::from(i8::from_le_bytes(b))),
        Dtype::I16 => all(bytes, |b| i64::from(i16::from_le_bytes(b))),
        Dtype::U16 => all(bytes, |b| i64::from(u16::from_le_bytes(b))),
        Dtype::I32 => all(bytes, |b| i64::from(i32::from_le_bytes(b))),
        _ => all(bytes, i64::from_le_bytes),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn tiny() -> Dataset {
        let split = |n: u32| {
            Split::new()
                .with("lengths", Array::column(vec![1, n]))
                .with("tokens", Array::column((0..=n).collect::<Vec<u32>>()))
                .with("z", Array::new(&[2, 1], vec![0.5f32, -0.0]))
        };
        let mut data = Dataset::new(split(2), split(1), split(3), json!({"name": "tiny"}));
        let weight = Array::new(&[1, 2], vec![0.1f64, f64::MIN_POSITIVE]);
        data.generator.insert("weight".to_owned(), weight);
        data
    }

    #[test]
    fn arrays_and_sequences_come_back() {
        let read = Dataset::from_bytes(&tiny().to_bytes()).expect("it was just written");
        assert_eq!(read, tiny());
        assert_eq!(read.test.sequences(), [&[0][..], &[1, 2, 3]]);
        assert_eq!(read.test.len(), 2);
    }

    #[test]
    fn files_that_are_no_data_set_are_refused_with_the_reason() {
        let message = |bytes: &[u8]| {
            let error = Dataset::from_bytes(bytes).expect_err("it is no data set");
            error.to_string()
        };
        assert!(message(b"").starts_with("this file is not a data set: "));
        let none: Vec<(String, TensorView<'_>)> = Vec::new();
        let bare = safetensors::serialize(none, None).expect("nothing can be written");
        assert_eq!(
            message(&bare),
            "this file is not a data set: its header has no `sweepline.dataset.1`; in Python: \
             `save_file(arrays, path, metadata={\"sweepline.dataset.1\": \"{}\"})`"
        );
        for (meta, why) in [(json!([1]), "is no JSON object"), (json!({}), "")] {
            let mut odd = tiny();
            odd.meta = meta;
            let read = Dataset::from_bytes(&odd.to_bytes());
            let said = read.map_or_else(|error| error.to_string(), |_| String::new());
            assert!(
                said.ends_with(why) && said.is_empty() == why.is_empty(),
                "{said}"
            );
        }
        let mut uneven = tiny();
        uneven.train = uneven.train.with("label", Array::column(vec![1u8, 2, 3]));
        assert!(message(&uneven.to_bytes()).contains("split `train`: "));
        let mut short = tiny();
        short.test = short.test.with("tokens", Array::column(vec![1u32]));
        assert_eq!(
            message(&short.to_bytes()),
            "this file is not a data set: split `test`: `lengths` do not add up to the number of `tokens`"
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_reading_panic(at in 0usize..700, byte: u8, cut in 0usize..700) {
            let mut bytes = tiny().to_bytes();
            let at = at.min(bytes.len() - 1);
            bytes[at] = byte;
            let _ = Dataset::from_bytes(&bytes);
            bytes.truncate(cut);
            let _ = Dataset::from_bytes(&bytes);
        }
    }
}
