//! ColorMNIST: digits in three channels, in the three constructions that go by this name.

use serde_json::json;

use super::Array;
use super::Context;
use super::DataError;
use super::DataSet;
use super::Dataset;
use super::Split;
use super::mnist;
use super::mnist::Files;
use super::mnist::SIDE;
use crate::random::Seed;
use crate::random::Stream;
use crate::registry::Entry;
use crate::registry::Param;
use crate::registry::Property;
use crate::registry::Values;
use crate::registry::choices;
use crate::registry::params;

/// `dataset/color-mnist`
pub(super) struct ColorMnist;

choices! {
    /// One of the constructions.
    enum Variant {
        Metz = "metz",
        Seven = "seven",
        Stacked = "stacked",
    }
}

params! {
    /// What `dataset/color-mnist` may be given.
    struct ColorMnistParams {
        /// which construction
        variant: Variant = Variant::Metz;
        files: Files;
        /// which colours, noise or triples
        seed: Seed;
    }
}

/// Pixels of a channel.
const PIXELS: usize = SIDE * SIDE;

impl Entry for ColorMnist {
    fn name(&self) -> &'static str {
        "color-mnist"
    }

    fn summary(&self) -> &'static str {
        "handwritten digits in colour, 3 × 28 × 28, three constructions"
    }

    fn docs(&self) -> &'static str {
        "Made from the digits of `mnist`, with the same `folder`, `download` and `mirror`.\n\
         \n\
         | `variant` | construction |\n\
         | --- | --- |\n\
         | `metz` | digit I in [0, 1], colour C ~ N(0, 0.5²)³ per image, X = I C + (I − 1) + N(0, 0.2²) per pixel and channel, cut to [−1, 1], then (X + 1)/2 |\n\
         | `seven` | the digit in one of the seven on-off combinations of red, green and blue |\n\
         | `stacked` | three random digits of the split, one per channel: 1,000 classes |\n\
         \n\
         `x` is `[n, 3, 28, 28]`, stored in 256 levels; `label` is the digit, for `stacked` the number\n\
         that the three digits write. Colours are drawn per split and row.\n\
         \n\
         Source: `metz` and `stacked`: Metz, Poole, Pfau and Sohl-Dickstein 2017, *Unrolled generative\n\
         adversarial networks*, arXiv 1611.02163; `seven`: the ColorMNIST of DeepMind's published\n\
         `avae` code."
    }

    fn params(&self) -> Vec<Param> {
        ColorMnistParams::params()
    }
}

impl DataSet for ColorMnist {
    fn range(&self, _params: &Values) -> Option<(f64, f64)> {
        Some((0.0, 1.0))
    }

    fn shape(&self, _params: &Values) -> Option<Vec<usize>> {
        Some(vec![3, SIDE, SIDE])
    }

    fn lacks(&self, _params: &Values) -> Vec<Property> {
        vec![Property::LogDensity]
    }

    fn load(&self, params: &Values, context: &Context<'_>) -> Result<Dataset, DataError> {
        let params = ColorMnistParams::read(params)?;
        let variant = params.variant;
        let (train, test) = mnist::MNIST.read(&params.files, context)?;
        let split = |(images, labels)| Split::new().with("x", images).with("label", labels);
        let (train, test) = (split(train), split(test));
        let [train, valid, test] = params.files.cut(&train, &test)?;
        let seed = params.seed.derive("data/color-mnist");
        let paint = |grey: &Split, purpose: &str| colored(variant, grey, seed.derive(purpose));
        let (classes, origin) = match variant {
            Variant::Stacked => (1000, "three digits of MNIST per image"),
            Variant::Metz | Variant::Seven => (10, "digits of MNIST, coloured"),
        };
        let meta = json!({
            "name": self.name(),
            "variant": variant.name(),
            "shape": [3, SIDE, SIDE],
            "range": [0, 1],
            "classes": classes,
            "origin": format!("{origin}: LeCun, Cortes and Burges, The MNIST database of handwritten digits"),
            "licence": "CC BY-SA 3.0",
        });
        Ok(Dataset::new(
            paint(&train, "train"),
            paint(&valid, "valid"),
            paint(&test, "test"),
            meta,
        ))
    }
}

fn colored(variant: Variant, grey: &Split, seed: Seed) -> Split {
    let digits = grey.x_f32().unwrap_or_default();
    let labels = grey.labels().unwrap_or_default();
    let digit = |row: usize| &digits[row * PIXELS..(row + 1) * PIXELS];
    let mut pixels: Vec<u8> = Vec::with_capacity(3 * digits.len());
    let mut classes: Vec<u32> = Vec::with_capacity(labels.len());
    for (row, label) in labels.iter().enumerate() {
        let mut stream = seed.stream(row as u64);
        match variant {
            Variant::Stacked => {
                let rows = [(); 3].map(|()| stream.below(labels.len()));
                for row in rows {
                    pixels.extend(digit(row).iter().map(|grey| level(*grey)));
                }
                classes.push(
                    rows.iter()
                        .fold(0, |number, row| 10 * number + labels[*row]),
                );
            }
            Variant::Seven => {
                let on = 1 + stream.below(7);
                for channel in 0..3 {
                    let light = if on >> channel & 1 == 1 { 1.0 } else { 0.0 };
                    pixels.extend(digit(row).iter().map(|grey| level(light * grey)));
                }
                classes.push(*label);
            }
            Variant::Metz => {
                pixels.extend(metz(digit(row), &mut stream));
                classes.push(*label);
            }
        }
    }
    Split::new()
        .with("x", Array::new(&[labels.len(), 3, SIDE, SIDE], pixels))
        .with("label", Array::column(classes))
}

/// The background is at −1, the digit at its colour, both under noise.
fn metz(digit: &[f32], stream: &mut Stream) -> Vec<u8> {
    let color = stream.normal(3);
    let noise = stream.normal(3 * digit.len());
    let channels = noise.chunks(digit.len()).zip(color);
    channels
        .flat_map(|(noise, color)| {
            let pixels = digit.iter().zip(noise);
            pixels.map(move |(grey, noise)| {
                let x = grey * (0.5 * color) + (grey - 1.0) + 0.2 * noise;
                level((x.clamp(-1.0, 1.0) + 1.0) / 2.0)
            })
        })
        .collect()
}

fn level(value: f32) -> u8 {
    (value * 255.0).round() as u8
}
