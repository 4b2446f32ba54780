//! MNIST and Fashion-MNIST: IDX files of 28 × 28 grey images with ten classes.
//!
//! The first 10,000 training and 2,000 test digits travel in the program, so that a first
//! experiment needs no file and no network. The full sets are read from a folder of the project.

use std::path::Path;
use std::path::PathBuf;

use serde_json::json;

use super::Array;
use super::Context;
use super::DataError;
use super::DataSet;
use super::Dataset;
use super::FormatError;
use super::Split;
use super::binarize::Binarize;
use super::download;
use super::idx;
use super::source;
use super::source::Published;
use super::split_sizes;
use super::split_sizes::SplitSizes;
use crate::random::Seed;
use crate::registry::Entry;
use crate::registry::Param;
use crate::registry::Property;
use crate::registry::Values;
use crate::registry::params;

/// Uncompressed files are never larger: twenty times the training images.
const LARGEST: u64 = 1 << 30;

/// A distribution in the MNIST layout.
pub(super) struct Images {
    name: &'static str,
    summary: &'static str,
    docs: &'static str,
    /// Training images and labels, test images and labels.
    files: [Published; 4],
    mirror: &'static str,
    /// The same four files, smaller, inside the program.
    shipped: Option<[&'static [u8]; 4]>,
    classes: [&'static str; 10],
    origin: &'static str,
    licence: &'static str,
}

/// `dataset/mnist`
pub(super) static MNIST: Images = Images {
    name: "mnist",
    summary: "handwritten digits, 28 × 28 grey",
    docs: "Without `folder`: the first 10,000 training and 2,000 test digits, which travel in the\n\
           program. With `folder`: the four IDX files `train-images-idx3-ubyte`,\n\
           `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`, gzipped\n\
           (`.gz`) or plain. `x` is `[n, 1, 28, 28]`, grey values; `label` is the digit.\n\
           \n\
           Source: LeCun, Cortes and Burges, *The MNIST database of handwritten digits*.\n\
           Licence: CC BY-SA 3.0.",
    files: [
        Published {
            name: TRAIN_IMAGES,
            sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        },
        Published {
            name: TRAIN_LABELS,
            sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        },
        Published {
            name: TEST_IMAGES,
            sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        },
        Published {
            name: TEST_LABELS,
            sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        },
    ],
    mirror: "https://ossci-datasets.s3.amazonaws.com/mnist",
    shipped: Some([
        include_bytes!("files/mnist-small/train-images-idx3-ubyte.gz"),
        include_bytes!("files/mnist-small/train-labels-idx1-ubyte.gz"),
        include_bytes!("files/mnist-small/t10k-images-idx3-ubyte.gz"),
        include_bytes!("files/mnist-small/t10k-labels-idx1-ubyte.gz"),
    ]),
    classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
    origin: "LeCun, Cortes and Burges, The MNIST database of handwritten digits",
    licence: "CC BY-SA 3.0",
};

/// `dataset/fashion-mnist`
pub(super) static FASHION_MNIST: Images = Images {
    name: "fashion-mnist",
    summary: "articles of clothing, 28 × 28 grey, in the layout of MNIST",
    docs: "Four IDX files of the names that MNIST has, in `folder`, gzipped or plain; Debian's\n\
           package `dataset-fashion-mnist` has them. `x` is `[n, 1, 28, 28]`, grey values; `label` is\n\
           one of ten articles.\n\
           \n\
           Source: Xiao, Rasul and Vollgraf 2017, *Fashion-MNIST*, arXiv 1708.07747. Licence: MIT.",
    files: [
        Published {
            name: TRAIN_IMAGES,
            sha256: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        },
        Published {
            name: TRAIN_LABELS,
            sha256: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        },
        Published {
            name: TEST_IMAGES,
            sha256: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        },
        Published {
            name: TEST_LABELS,
            sha256: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        },
    ],
    mirror: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    shipped: None,
    classes: [
        "T-shirt",
        "trouser",
        "pullover",
        "dress",
        "coat",
        "sandal",
        "shirt",
        "sneaker",
        "bag",
        "ankle boot",
    ],
    origin: "Xiao, Rasul and Vollgraf 2017, Fashion-MNIST, arXiv 1708.07747",
    licence: "MIT",
};

const TRAIN_IMAGES: &str = "train-images-idx3-ubyte";
const TRAIN_LABELS: &str = "train-labels-idx1-ubyte";
const TEST_IMAGES: &str = "t10k-images-idx3-ubyte";
const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";

impl Entry for Images {
    fn name(&self) -> &'static str {
        self.name
    }

    fn summary(&self) -> &'static str {
        self.summary
    }

    fn docs(&self) -> &'static str {
        self.docs
    }

    fn params(&self) -> Vec<Param> {
        ImagesParams::params()
    }
}

impl DataSet for Images {
    fn range(&self, _params: &Values) -> Option<(f64, f64)> {
        Some((0.0, 1.0))
    }

    fn shape(&self, _params: &Values) -> Option<Vec<usize>> {
        Some(vec![1, SIDE, SIDE])
    }

    fn lacks(&self, _params: &Values) -> Vec<Property> {
        vec![Property::LogDensity]
    }

    fn load(&self, params: &Values, context: &Context<'_>) -> Result<Dataset, DataError> {
        let params = ImagesParams::read(params)?;
        let (train, test) = self.read(&params.files, context)?;
        let seed = params.seed.derive("data/binarize");
        let split = |(images, labels): Labelled, purpose: &str| {
            let images = params.binarize.apply(images, seed.derive(purpose));
            Split::new().with("x", images).with("label", labels)
        };
        let (train, test) = (split(train, "train"), split(test, "test"));
        let [train, valid, test] = params.files.cut(&train, &test)?;
        let meta = json!({
            "name": self.name,
            "shape": [1, SIDE, SIDE],
            "range": [0, 1],
            "classes": self.classes.len(),
            "class_names": self.classes,
            "binarized": params.binarize.name(),
            "origin": self.origin,
            "licence": self.licence,
        });
        Ok(Dataset::new(train, valid, test, meta))
    }
}

/// Images `[n, 1, 28, 28]` and their labels `[n]`, as bytes.
pub(super) type Labelled = (Array, Array);

/// Height and width of an image.
pub(super) const SIDE: usize = 28;

params! {
    /// Where the files come from, and what is taken of them.
    pub(super) struct Files {
        /// folder of the project with the four files [default: what travels in the program]
        folder: Option<PathBuf>;
        /// fetch what `folder` lacks, and compare all four files with the published checksums
        download: bool = false;
        /// address to download from [default: a public mirror]
        mirror: Option<String>;
        /// observations taken from the end of the training file for validation [default: a sixth]
        valid: Option<usize>, min(0);
        kept: SplitSizes;
    }
}

impl Files {
    /// Train, valid and test of a training and a test file.
    pub(super) fn cut(&self, train: &Split, test: &Split) -> Result<[Split; 3], DataError> {
        // The usual 10,000 of 60,000.
        let valid = self.valid.unwrap_or(train.len() / 6);
        split_sizes::cut(train, test, valid, &self.kept)
    }
}

params! {
    /// What `dataset/mnist` and `dataset/fashion-mnist` may be given.
    struct ImagesParams {
        files: Files;
        /// keep grey values, cut at one half, or draw each pixel once with its grey value as probability
        binarize: Binarize = Binarize::None;
        /// draws of `binarize: stochastic`
        seed: Seed;
    }
}

impl Images {
    /// The whole training and test files.
    pub(super) fn read(
        &self,
        params: &Files,
        context: &Context<'_>,
    ) -> Result<(Labelled, Labelled), DataError> {
        let download = params.download;
        let files = match (&params.folder, self.shipped) {
            (Some(folder), _) => {
                let folder = context.root.join(folder);
                if download {
                    let mirror = params.mirror.as_deref().unwrap_or(self.mirror);
                    download::fetch(mirror, &folder, &self.files, context)?;
                }
                self.in_folder(&folder, download)?
            }
            (None, _) if download => {
                return Err(DataError::Needs {
                    parameter: "download",
                    other: "folder",
                    why: "the files are kept there",
                });
            }
            (None, Some(shipped)) => self.in_program(shipped)?,
            (None, None) => {
                return Err(DataError::Missing {
                    name: self.name,
                    path: PathBuf::from(format!("{TRAIN_IMAGES}.gz")),
                    instead: format!(
                        "give `folder` with the four files, or `folder` and `download: true` to \
                         fetch them from {}",
                        self.mirror
                    ),
                    sha256: self.files[0].sha256,
                });
            }
        };
        let [train_images, train_labels, test_images, test_labels] = files;
        Ok((
            labelled(train_images, train_labels)?,
            labelled(test_images, test_labels)?,
        ))
    }

    /// The images that travel in the program, to train on and to test on: `[n, 1, 28, 28]` each.
    pub(super) fn shipped_images(&self) -> Result<[Array; 2], DataError> {
        let shipped = self
            .shipped
            .unwrap_or_else(|| unreachable!("BUG: {} does not travel", self.name));
        let [train, train_labels, test, test_labels] = self.in_program(shipped)?;
        Ok([
            labelled(train, train_labels)?.0,
            labelled(test, test_labels)?.0,
        ])
    }

    fn in_folder(&self, folder: &Path, checked: bool) -> Result<[Content; 4], DataError> {
        let mut contents = Vec::new();
        for file in &self.files {
            let path = source::find(folder, file.name).ok_or_else(|| DataError::Missing {
                name: self.name,
                path: folder.join(format!("{}.gz", file.name)),
                instead: "put it there, gzipped or plain, or set `download: true`".to_owned(),
                sha256: file.sha256,
            })?;
            let bytes = source::read(&path, LARGEST)?;
            if checked {
                source::check(&path, &bytes, file)?;
            }
            contents.push(Content { path, bytes });
        }
        Ok(four(contents))
    }

    fn in_program(&self, shipped: [&[u8]; 4]) -> Result<[Content; 4], DataError> {
        let mut contents = Vec::new();
        for (file, bytes) in self.files.iter().zip(shipped) {
            let path = PathBuf::from(format!("(in the program)/{}.gz", file.name));
            let bytes =
                source::content(bytes.to_vec(), true, LARGEST).map_err(|error| error.at(&path))?;
            contents.push(Content { path, bytes });
        }
        Ok(four(contents))
    }
}

/// A file's uncompressed content, and where it was.
struct Content {
    path: PathBuf,
    bytes: Vec<u8>,
}

fn four(contents: Vec<Content>) -> [Content; 4] {
    let four = <[Content; 4]>::try_from(contents);
    four.unwrap_or_else(|_| unreachable!("BUG: a distribution has four files"))
}

fn labelled(images: Content, labels: Content) -> Result<Labelled, DataError> {
    let pixels = idx::parse(&images.bytes, 3).map_err(|error| error.at(&images.path))?;
    let classes = idx::parse(&labels.bytes, 1).map_err(|error| error.at(&labels.path))?;
    let [count, SIDE, SIDE] = pixels.dimensions[..] else {
        let error = FormatError::Dimensions {
            expected: "[n, 28, 28]",
            found: pixels.dimensions.iter().map(|size| *size as u64).collect(),
        };
        return Err(error.at(images.path));
    };
    if count != classes.values.len() {
        return Err(DataError::Counts {
            images_path: images.path,
            images: count,
            labels_path: labels.path,
            labels: classes.values.len(),
        });
    }
    if let Some(row) = classes.values.iter().position(|label| *label > 9) {
        let error = FormatError::Content {
            what: format!("label {row}"),
            why: format!("is {}, not a class from 0 to 9", classes.values[row]),
        };
        return Err(error.at(labels.path));
    }
    Ok((
        Array::new(&[count, 1, SIDE, SIDE], pixels.values),
        Array::column(classes.values),
    ))
}
