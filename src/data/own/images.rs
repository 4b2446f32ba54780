//! `dataset/images`: a folder of pictures, with a folder per class if there are classes.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use rayon::prelude::*;

use super::Channels;
use super::Part;
use super::Parts;
use super::assemble;
use super::assemble::OwnParams;
use super::file;
use super::picture;
use super::picture::Decoded;
use super::picture::Planes;
use super::raw::Elements;
use super::raw::Raw;
use super::split_named;
use super::wrong;
use crate::data::Context;
use crate::data::DataError;
use crate::data::DataSet;
use crate::data::Dataset;
use crate::data::FormatError;
use crate::registry::ArtifactType;
use crate::registry::Entry;
use crate::registry::InvalidParam;
use crate::registry::Param;
use crate::registry::Property;
use crate::registry::Slot;
use crate::registry::Values;
use crate::registry::choices;
use crate::registry::params;

/// `dataset/images`
pub(in crate::data) struct Images;

choices! {
    /// What is kept of colours.
    enum Colours {
        Grey = "grey",
        Rgb = "rgb",
    }
}

params! {
    /// What `dataset/images` may be given.
    struct ImagesParams {
        /// side in pixels that the square around the centre is brought to [default: sizes as they are, which must be one]
        size: Option<usize>, min(1), max(4096);
        /// one channel or three [default: one if no picture has a colour]
        colours: Option<Colours>;
        own: OwnParams;
    }
}

const SLOTS: &[Slot] = &[Slot::new("folder", &[ArtifactType::File], "the folder").single()];

impl Entry for Images {
    fn name(&self) -> &'static str {
        "images"
    }

    fn summary(&self) -> &'static str {
        "your own pictures, from a folder of PNG and JPEG files"
    }

    fn docs(&self) -> &'static str {
        "`in: {folder: {file: data/animals}}` names the folder, in one of these forms:\n\
         \n\
         | files | are |\n\
         | --- | --- |\n\
         | `1.png`, `2.jpg`, … | pictures without classes |\n\
         | `cat/1.png`, `dog/1.png`, … | a folder per class |\n\
         | `train/…`, `valid/…` or `val/…`, `test/…` | either, by split |\n\
         \n\
         Where a folder is called as a split, pictures beside such folders are a mistake, and so are folders\n\
         of splits within those of classes.\n\
         Names that begin with a point are left out, and files that are no `.png`, `.jpg` or `.jpeg` with a\n\
         word about them. With `size` the square around the centre of each picture is brought to that\n\
         side, each pixel the mean of the area that it covers. Grey values are those of ITU-R BT.601; alpha\n\
         channels and orientations that EXIF tells are not applied. `x` is `[n, channels, height, width]`, bytes;\n\
         where a PNG has 16 bits a channel, `x` is of single precision, v/65535 of its pixels and v/255 of\n\
         those of 8 bits in the same folder. `divide` counts white as 255 in either.\n\
         Splits and scaling: as of `dataset/npy`. Closed form: the pixels are taken as they are."
    }

    /// 2: folders called as splits are never classes, and `range` is that of scaled pixels.
    /// 3: ones beside grey values are refused.
    /// 4: pictures of 16 bits keep them, and numbers are scaled from a number of their column.
    fn revision(&self) -> u32 {
        4
    }

    fn params(&self) -> Vec<Param> {
        ImagesParams::params()
    }
}

impl DataSet for Images {
    fn slots(&self) -> &'static [Slot] {
        SLOTS
    }

    fn range(&self, params: &Values) -> Option<(f64, f64)> {
        let own = ImagesParams::read(params).ok()?.own;
        let plain = own.scale.divide.is_none() && own.scale.scale.name() == "none";
        own.range().or(plain.then_some((0.0, 1.0)))
    }

    fn shape(&self, params: &Values) -> Option<Vec<usize>> {
        let params = ImagesParams::read(params).ok()?;
        let channels = match params.colours? {
            Colours::Grey => 1,
            Colours::Rgb => 3,
        };
        let size = params.size?;
        Some(vec![channels, size, size])
    }

    fn scaling(&self, params: &Values) -> Option<String> {
        Some(ImagesParams::read(params).ok()?.own.scaling())
    }

    fn check(&self, params: &Values) -> Result<(), InvalidParam> {
        ImagesParams::read(params).map_or(Ok(()), |params| params.own.check())
    }

    fn lacks(&self, _params: &Values) -> Vec<Property> {
        vec![Property::LogDensity]
    }

    fn load(&self, params: &Values, context: &Context<'_>) -> Result<Dataset, DataError> {
        let params = ImagesParams::read(params)?;
        let Some(given) = file(context, "folder") else {
            unreachable!("BUG: the slot is required")
        };
        let root = PathBuf::from(&given.name);
        let found = pictures(&given.files, context);
        if found.is_empty() {
            let why = "has no `.png`, `.jpg` or `.jpeg` file";
            return Err(wrong("it", why).at(root));
        }
        let read = found.par_iter().map(|(name, path)| {
            let place = root.join(name);
            let bytes = std::fs::read(path).map_err(|source| DataError::Read {
                path: place.clone(),
                source,
            })?;
            let decoded = picture::decode(&bytes).map_err(|error| error.at(&place))?;
            Ok(Decoded {
                picture: match params.size {
                    Some(_) => decoded.picture.square(),
                    None => decoded.picture,
                },
                grey: decoded.grey,
            })
        });
        let decoded: Vec<Decoded> = read.collect::<Result<_, DataError>>()?;
        let grey = match params.colours {
            Some(colours) => colours == Colours::Grey,
            None => decoded.iter().all(|picture| picture.grey),
        };
        let [channels, height, width] =
            one_size(&found, &decoded, grey, &params).map_err(|error| error.at(&root))?;
        let pixels: Vec<Planes> = decoded
            .par_iter()
            .map(|one| one.picture.planes(params.size, grey))
            .collect();
        let names: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
        let is_deep = |planes: &Planes| matches!(planes, Planes::Sixteen(_));
        let deep = pixels.iter().position(is_deep);
        if let Some(first) = deep {
            let (count, all) = (
                pixels.iter().filter(|own| is_deep(own)).count(),
                names.len(),
            );
            (context.log)(&format!(
                "{count} of {all} pictures have 16 bits a channel, as `{}`: `x` is of single precision, with 1 for \
                 65535 of them and for 255 of those of 8 bits",
                names[first]
            ));
        }
        let parts = by_split(&root, &names)
            .map_err(|error| error.at(&root))?
            .into_iter()
            .map(|(split, rows)| {
                let part = Part {
                    path: root.clone(),
                    x: Raw {
                        shape: vec![rows.len(), channels, height, width],
                        elements: elements(
                            rows.iter().map(|(row, _)| &pixels[*row]),
                            deep.is_some(),
                        ),
                    },
                    label: classes(&rows).map(|raw| (root.clone(), raw)),
                    channels: Some(Channels::First),
                    pictures: true,
                    ..Part::default()
                };
                (split, part)
            });
        let mut parts: BTreeMap<&str, Part> = parts.collect();
        let parts = Parts {
            train: parts.remove("train").unwrap_or_default(),
            valid: parts.remove("valid"),
            test: parts.remove("test"),
        };
        assemble::dataset(self.name(), parts, &params.own, context)
    }
}

/// The picture files, by name.
fn pictures<'g>(files: &'g [(String, PathBuf)], context: &Context<'_>) -> Vec<(&'g str, &'g Path)> {
    let shown = files
        .iter()
        .filter(|(name, _)| !name.split('/').any(|part| part.starts_with('.')));
    let (pictures, others): (Vec<_>, Vec<_>) = shown.partition(|(name, _)| {
        let ending = Path::new(name).extension();
        let ending = ending.map(|ending| ending.to_string_lossy().to_lowercase());
        matches!(ending.as_deref(), Some("png" | "jpg" | "jpeg"))
    });
    if let Some((first, _)) = others.first() {
        let count = others.len();
        (context.log)(&format!(
            "left out {count} files that are no PNG or JPEG, as `{first}`"
        ));
    }
    pictures
        .into_iter()
        .map(|(name, path)| (name.as_str(), path.as_path()))
        .collect()
}

/// Channels, height and width of all pictures.
fn one_size(
    found: &[(&str, &Path)],
    decoded: &[Decoded],
    grey: bool,
    params: &ImagesParams,
) -> Result<[usize; 3], FormatError> {
    let channels = if grey { 1 } else { 3 };
    if let Some(size) = params.size {
        return Ok([channels, size, size]);
    }
    let size = |one: &Decoded| one.picture.size();
    let first = size(&decoded[0]);
    match decoded.iter().position(|one| size(one) != first) {
        None => Ok([channels, first.1, first.0]),
        Some(at) => {
            let (w, h) = size(&decoded[at]);
            Err(wrong(
                "its pictures",
                format!(
                    "differ in size: `{}` is {} × {}, `{}` {w} × {h}; `size: 64` brings all to 64 × 64",
                    found[0].0, first.0, first.1, found[at].0
                ),
            ))
        }
    }
}

/// The pixels of pictures one after another: bytes, or where a picture of the folder has more bits, numbers
/// that count as bytes do.
fn elements<'p>(pictures: impl Iterator<Item = &'p Planes>, deep: bool) -> Elements {
    if !deep {
        let bytes = pictures.flat_map(|planes| match planes {
            Planes::Eight(levels) => levels.clone(),
            Planes::Sixteen(_) => unreachable!("BUG: no picture has 16 bits"),
        });
        return Elements::Bytes(bytes.collect());
    }
    // 65535 = 257 · 255
    let levels = pictures.flat_map(|planes| -> Vec<f64> {
        match planes {
            Planes::Eight(levels) => levels.iter().map(|level| f64::from(*level)).collect(),
            Planes::Sixteen(levels) => {
                let levels = levels.iter();
                levels.map(|level| f64::from(*level) / 257.0).collect()
            }
        }
    });
    Elements::Double(levels.collect())
}

/// A picture's number, and the folder of its class.
type Row<'n> = (usize, Option<&'n str>);

/// A folder of a split below that of a class, whose pictures would be those of the class in every split.
fn split_within(rest: &str) -> Option<&str> {
    let (folders, _) = rest.rsplit_once('/')?;
    let mut below = folders.split('/').skip(1);
    below.find(|folder| split_named(folder).is_some())
}

/// The pictures of each split.
fn by_split<'n>(
    root: &Path,
    names: &[&'n str],
) -> Result<BTreeMap<&'static str, Vec<Row<'n>>>, FormatError> {
    let own = |name: &'n str| {
        let (folder, rest) = name.split_once('/')?;
        Some((split_named(folder)?, folder, rest))
    };
    let by_name = names.iter().find_map(|name| own(name));
    let mut splits: BTreeMap<&'static str, Vec<Row<'n>>> = BTreeMap::new();
    for (row, name) in names.iter().enumerate() {
        let (split, rest) = match (own(name), by_name) {
            (Some((split, _, rest)), _) => (split, rest),
            (None, None) => ("train", *name),
            (None, Some((_, known, _))) => {
                let beside = name.split('/').next().unwrap_or(name);
                let why = format!(
                    "lies beside `{known}`, a folder of a split: with such, all pictures are in `train`, \
                     `valid` or `test`; take it away, or call `{known}` otherwise if it is a class"
                );
                return Err(wrong(format!("`{beside}`"), why));
            }
        };
        let class = rest.split_once('/').map(|(class, _)| class);
        if let Some(folder) = split_within(rest) {
            let why = format!(
                "is in a folder that is called as a split and lies within others: `{folder}` is to be the \
                 topmost, with folders of classes in it"
            );
            return Err(wrong(format!("`{name}`"), why));
        }
        splits.entry(split).or_default().push((row, class));
    }
    for (split, rows) in &splits {
        let (with, without): (Vec<&Row<'n>>, Vec<&Row<'n>>) =
            rows.iter().partition(|(_, class)| class.is_some());
        if let (Some((a, _)), Some((b, _))) = (with.first(), without.first()) {
            let of = by_name.map_or_else(String::new, |_| format!(" of {split}"));
            return Err(wrong(
                format!("its pictures{of}"),
                format!(
                    "are in folders of classes and beside them: `{}` and `{}`",
                    names[*a], names[*b]
                ),
            ));
        }
    }
    if !splits.contains_key("train") {
        let named = root.display();
        return Err(FormatError::Lacks {
            what: format!("folder `{named}/train` beside that of another split"),
        });
    }
    Ok(splits)
}

/// The classes of pictures by the folders that they are in.
fn classes(rows: &[Row<'_>]) -> Option<Raw> {
    let classes: Option<Vec<String>> = rows
        .iter()
        .map(|(_, class)| class.map(str::to_owned))
        .collect();
    let classes = classes?;
    Some(Raw {
        shape: vec![classes.len()],
        elements: Elements::Text(classes),
    })
}
