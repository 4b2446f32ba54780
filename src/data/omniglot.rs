//! Omniglot at 28 × 28, from the file that the literature on likelihoods shares.

use std::path::Path;
use std::path::PathBuf;

use serde_json::json;

use super::Array;
use super::Context;
use super::DataError;
use super::DataSet;
use super::Dataset;
use super::FormatError;
use super::Numbers;
use super::Split;
use super::binarize::Binarize;
use super::mat;
use super::mnist::MNIST;
use super::source;
use super::split_sizes;
use super::split_sizes::SplitSizes;
use crate::random::Seed;
use crate::registry::Entry;
use crate::registry::Param;
use crate::registry::Property;
use crate::registry::Values;
use crate::registry::choices;
use crate::registry::params;

/// `dataset/omniglot`
pub(super) struct Omniglot;

const SIDE: usize = 28;
const PIXELS: usize = SIDE * SIDE;
const FILE: &str = "chardata.mat";
/// What stands on everything that is made of the digits.
const STAND_IN: &str = "omniglot-stand-in-digits";
/// The file is never larger: the published one has some tens of megabytes.
const LARGEST: u64 = 1 << 30;

choices! {
    /// What is drawn once.
    enum Drawn {
        Evaluation = "evaluation",
        None = "none",
    }
}

params! {
    /// What `dataset/omniglot` may be given.
    struct OmniglotParams {
        /// folder of the project with `chardata.mat` [default: handwritten digits in its place]
        folder: Option<PathBuf>;
        /// training images kept for validation
        valid: usize = 2000, min(0);
        /// images to train on, from the first [default: all that are left]
        train: Option<usize>, min(1);
        /// images to test on, from the first [default: all]
        test: Option<usize>, min(1);
        /// draw validation and test images once, or keep all grey
        binarize: Drawn = Drawn::Evaluation;
        /// which order of the training images, and which binary images
        seed: Seed;
    }
}

impl Entry for Omniglot {
    fn name(&self) -> &'static str {
        "omniglot"
    }

    fn summary(&self) -> &'static str {
        "handwritten characters of fifty alphabets, 28 × 28 grey, from a file of yours; or a stand-in"
    }

    fn docs(&self) -> &'static str {
        "`chardata.mat` in `folder`: variables `data` (784 × 24,345) and `testdata` (784 × 8,070),\n\
         grey values in [0, 1], each column an image stored column by column. The training images\n\
         are put in a random order, and the last `valid` of them are for validation. With `binarize:\n\
         evaluation` validation and test images are drawn once with their grey values as\n\
         probabilities, the same for every method, and training images stay grey, to be drawn anew\n\
         for every batch. `x` is `[n, 1, 28, 28]`, stored in 256 levels.\n\
         \n\
         Without `folder` the 10,000 and 2,000 digits of MNIST that travel in the program stand in for\n\
         the characters, treated in the same way: no substitute for results. The name of the data set\n\
         is then `omniglot-stand-in-digits`.\n\
         \n\
         Source: Lake, Salakhutdinov and Tenenbaum 2015, *Human-level concept learning through\n\
         probabilistic program induction*; the file: Burda, Grosse and Salakhutdinov 2016,\n\
         *Importance weighted autoencoders*, arXiv 1509.00519; the split: Kim et al. 2018,\n\
         arXiv 1802.02550."
    }

    fn params(&self) -> Vec<Param> {
        OmniglotParams::params()
    }
}

impl DataSet for Omniglot {
    fn range(&self, _params: &Values) -> Option<(f64, f64)> {
        Some((0.0, 1.0))
    }

    fn shape(&self, _params: &Values) -> Option<Vec<usize>> {
        Some(vec![1, SIDE, SIDE])
    }

    fn lacks(&self, _params: &Values) -> Vec<Property> {
        vec![Property::Labels, Property::LogDensity]
    }

    fn load(&self, params: &Values, context: &Context<'_>) -> Result<Dataset, DataError> {
        let params = OmniglotParams::read(params)?;
        let [all, test] = match &params.folder {
            Some(folder) => self.in_folder(&context.root.join(folder))?,
            None => MNIST.shipped_images()?.map(|images| pixels(&images)),
        };
        let seed = params.seed.derive("data/omniglot");
        let order = seed.derive("order").stream(0).permutation(all.len());
        let pixels: Vec<u8> = order.iter().flat_map(|row| all[*row].clone()).collect();
        let train = Split::new().with("x", array(pixels));
        let test = Split::new().with("x", array(test.concat()));
        let kept = SplitSizes {
            train: params.train,
            test: params.test,
        };
        let [train, valid, test] = split_sizes::cut(&train, &test, params.valid, &kept)?;
        let binary = match params.binarize {
            Drawn::Evaluation => Binarize::Stochastic,
            Drawn::None => Binarize::None,
        };
        let drawn = |split: Split, purpose: &str| match split.get("x") {
            Some(x) => Split::new().with("x", binary.apply(x.clone(), seed.derive(purpose))),
            None => split,
        };
        let meta = json!({
            "name": if params.folder.is_some() { self.name() } else { STAND_IN },
            "shape": [1, SIDE, SIDE],
            "range": [0, 1],
            "binarized": params.binarize.name(),
            "origin": match params.folder {
                Some(_) => "Lake, Salakhutdinov and Tenenbaum 2015, as prepared by Burda, Grosse and Salakhutdinov 2016",
                None => "digits of MNIST (LeCun, Cortes and Burges) in the place of Omniglot's characters",
            },
            "licence": match params.folder {
                Some(_) => "of the files: not stated",
                None => "CC BY-SA 3.0",
            },
        });
        let (valid, test) = (drawn(valid, "valid"), drawn(test, "test"));
        Ok(Dataset::new(train, valid, test, meta))
    }
}

impl Omniglot {
    /// Training and test images, upright.
    fn in_folder(&self, folder: &Path) -> Result<[Vec<Vec<u8>>; 2], DataError> {
        let path = source::find(folder, FILE).ok_or_else(|| DataError::Missing {
            name: self.name(),
            path: folder.join(FILE),
            instead:
                "put it there; it is in `datasets/OMNIGLOT` of https://github.com/yburda/iwae; \
                      without `folder` digits stand in for it"
                    .to_owned(),
            sha256: "",
        })?;
        let bytes = source::read(&path, LARGEST)?;
        let images = |name| images(&bytes, name).map_err(|error| error.at(&path));
        Ok([images("data")?, images("testdata")?])
    }
}

/// Images of bytes, one by one.
fn pixels(images: &Array) -> Vec<Vec<u8>> {
    let Numbers::U8(bytes) = images.numbers() else {
        unreachable!("BUG: the digits in the program are no bytes")
    };
    bytes.chunks(PIXELS).map(<[u8]>::to_vec).collect()
}

fn array(pixels: Vec<u8>) -> Array {
    Array::new(&[pixels.len() / PIXELS, 1, SIDE, SIDE], pixels)
}

/// The images of a variable, upright: the file stores each column by column.
fn images(bytes: &[u8], name: &str) -> Result<Vec<Vec<u8>>, FormatError> {
    let matrix = mat::matrix(bytes, name)?;
    if matrix.rows != PIXELS || matrix.columns == 0 {
        return Err(FormatError::Dimensions {
            expected: "[784, n]",
            found: vec![matrix.rows as u64, matrix.columns as u64],
        });
    }
    if let Some(value) = matrix
        .values
        .iter()
        .find(|value| !(0.0..=1.0).contains(*value))
    {
        return Err(FormatError::Content {
            what: format!("variable `{name}`"),
            why: format!("has the value {value}, not a grey value from 0 to 1"),
        });
    }
    let upright = |image: &[f32]| {
        let places = (0..PIXELS).map(|i| (i % SIDE) * SIDE + i / SIDE);
        places
            .map(|place| (image[place] * 255.0).round() as u8)
            .collect()
    };
    Ok(matrix.values.chunks(PIXELS).map(upright).collect())
}
