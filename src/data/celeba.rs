//! CelebA: aligned photographs of faces with attributes, from the archive as it is distributed.

use std::path::Path;
use std::path::PathBuf;

use rayon::prelude::*;
use serde_json::json;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::Array;
use super::Context;
use super::DataError;
use super::DataSet;
use super::Dataset;
use super::FormatError;
use super::Split;
use super::face_lists;
use super::face_lists::Attributes;
use super::pictures::Pictures;
use super::pictures::missing;
use super::resize::Picture;
use super::source;
use super::split_sizes;
use crate::registry::Entry;
use crate::registry::Param;
use crate::registry::Property;
use crate::registry::Values;
use crate::registry::params;

/// `dataset/celeba`
pub(super) struct CelebA;

const ATTRIBUTES: &str = "list_attr_celeba.txt";
const PARTITION: &str = "list_eval_partition.txt";
/// Lists are never larger: three times the published ones.
const LARGEST: u64 = 128 << 20;

params! {
    /// What `dataset/celeba` may be given.
    struct CelebAParams {
        /// folder of the project with the archive and the lists
        folder: PathBuf;
        /// side of the square that is kept, in pixels
        crop: usize = 148, min(1), max(178);
        /// side that it is shrunk to, in pixels
        size: usize = 64, min(1), max(178);
        /// pictures to train on, from the first [default: all]
        train: Option<usize>, min(1);
        /// pictures to validate on, from the first [default: all]
        valid: Option<usize>, min(1);
        /// pictures to test on, from the first [default: all]
        test: Option<usize>, min(1);
    }
}

impl CelebAParams {
    /// Side of a picture as it is kept.
    fn side(&self) -> usize {
        self.size.min(self.crop)
    }
}

impl Entry for CelebA {
    fn name(&self) -> &'static str {
        "celeba"
    }

    fn summary(&self) -> &'static str {
        "photographs of faces with attributes, cropped and shrunk, from files of yours"
    }

    fn docs(&self) -> &'static str {
        "In `folder`: `img_align_celeba.zip` or the unpacked folder `img_align_celeba`,\n\
         `list_attr_celeba.txt` and `list_eval_partition.txt`. Of each picture of 178 × 218 pixels the\n\
         square of side `crop` around the centre is shrunk to `size` pixels by averaging areas.\n\
         Usual crops: 148; 108 (the tradition of DCGAN); 128. The splits are those of the partition\n\
         file: 162,770 / 19,867 / 19,962. `x` is `[n, 3, size, size]`; `attributes` is `[n, a]`, 0 or 1,\n\
         named in `meta.attribute_names`.\n\
         \n\
         Source: Liu, Luo, Wang and Tang 2015, *Deep learning face attributes in the wild*."
    }

    fn params(&self) -> Vec<Param> {
        CelebAParams::params()
    }
}

impl DataSet for CelebA {
    fn range(&self, _params: &Values) -> Option<(f64, f64)> {
        Some((0.0, 1.0))
    }

    fn shape(&self, params: &Values) -> Option<Vec<usize>> {
        let size = CelebAParams::read(params).ok()?.side();
        Some(vec![3, size, size])
    }

    fn lacks(&self, _params: &Values) -> Vec<Property> {
        vec![Property::Labels, Property::LogDensity]
    }

    fn load(&self, params: &Values, context: &Context<'_>) -> Result<Dataset, DataError> {
        let params = CelebAParams::read(params)?;
        let folder = context.root.join(&params.folder);
        let attributes = list(&folder, ATTRIBUTES, face_lists::attributes)?;
        let partition = list(&folder, PARTITION, face_lists::partition)?;
        let mut pictures = Pictures::open(&folder)?;
        let (crop, size) = (params.crop, params.side());
        let wanted = [
            ("train", params.train),
            ("valid", params.valid),
            ("test", params.test),
        ];
        let mut splits = Vec::new();
        for (number, (split, count)) in (0..).zip(wanted) {
            let names = partition.iter().filter(|(_, part)| *part == number);
            let mut names: Vec<&str> = names.map(|(name, _)| name.as_str()).collect();
            let of = "pictures of that part";
            names.truncate(split_sizes::limit(split, count, names.len(), of)?);
            (context.log)(&format!("reading {} pictures for {split}", names.len()));
            let x = pixels(&mut pictures, &names, crop, size)?;
            let known = known(&attributes, &names).map_err(|e| e.at(folder.join(ATTRIBUTES)))?;
            let split = Split::new()
                .with("x", Array::new(&[names.len(), 3, size, size], x))
                .with("attributes", known);
            splits.push(split);
        }
        let meta = json!({
            "name": self.name(),
            "shape": [3, size, size],
            "range": [0, 1],
            "crop": crop,
            "attribute_names": attributes.names,
            "origin": "Liu, Luo, Wang and Tang 2015, Deep learning face attributes in the wild",
            "licence": "of the files: for research that is not commercial",
        });
        let mut splits = splits.into_iter();
        let mut next = || splits.next().unwrap_or_default();
        Ok(Dataset::new(next(), next(), next(), meta))
    }
}

fn list<T>(
    folder: &Path,
    name: &str,
    parse: fn(&str) -> Result<T, FormatError>,
) -> Result<T, DataError> {
    let path = source::find(folder, name).ok_or_else(|| missing(folder.join(name)))?;
    let content = source::read(&path, LARGEST)?;
    let read = source::text(&content).and_then(parse);
    read.map_err(|error| error.at(path))
}

/// The attributes of these pictures, `[n, a]`.
fn known(attributes: &Attributes, names: &[&str]) -> Result<Array, FormatError> {
    let mut values: Vec<u8> = Vec::new();
    for name in names {
        let row = attributes
            .rows
            .get(*name)
            .ok_or_else(|| FormatError::Lacks {
                what: format!("line for `{name}`"),
            })?;
        values.extend(row);
    }
    Ok(Array::new(&[names.len(), attributes.names.len()], values))
}

/// Pictures that are decoded before the next are read: enough for all cores, little memory.
const CHUNK: usize = 512;

fn pixels(
    pictures: &mut Pictures,
    names: &[&str],
    crop: usize,
    size: usize,
) -> Result<Vec<u8>, DataError> {
    let mut x = Vec::with_capacity(names.len() * 3 * size * size);
    for names in names.chunks(CHUNK) {
        let files = pictures.read(names)?;
        let pictures = &*pictures;
        let shrunk: Vec<Vec<u8>> = files
            .par_iter()
            .zip(names)
            .map(|(bytes, name)| {
                let picture = decode(bytes).and_then(|picture| square(&picture, crop));
                let picture = picture.map_err(|error| error.at(pictures.path(name)))?;
                Ok(picture.planes(size))
            })
            .collect::<Result<_, DataError>>()?;
        x.extend(shrunk.concat());
    }
    Ok(x)
}

fn square(picture: &Picture, crop: usize) -> Result<Picture, FormatError> {
    picture
        .center_crop(crop)
        .ok_or_else(|| FormatError::Dimensions {
            expected: "at least `crop` in both directions",
            found: vec![picture.width as u64, picture.height as u64],
        })
}

/// A larger picture is none of CelebA's, and is refused before memory is taken for it.
const LARGEST_SIDE: usize = 4096;

/// Reads a JPEG as red, green and blue. Scalar arithmetic only: the vector units of another
/// machine must not give other pixels.
fn decode(bytes: &[u8]) -> Result<Picture, FormatError> {
    let options = DecoderOptions::default()
        .set_use_unsafe(false)
        .set_strict_mode(true)
        .set_max_width(LARGEST_SIDE)
        .set_max_height(LARGEST_SIDE)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let damaged = |why: String| FormatError::Content {
        what: "this picture".to_owned(),
        why: format!("is no JPEG that can be read: {why}"),
    };
    let pixels = decoder
        .decode()
        .map_err(|error| damaged(error.to_string()))?;
    let info = decoder
        .info()
        .ok_or_else(|| damaged("it has no size".to_owned()))?;
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    if pixels.len() != 3 * width * height {
        return Err(damaged("it is not in colour".to_owned()));
    }
    Ok(Picture {
        width,
        height,
        pixels,
    })
}
