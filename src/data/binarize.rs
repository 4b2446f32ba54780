//! Grey values to black and white.

use super::Array;
use super::Numbers;
use crate::random::Seed;
use crate::registry::choices;

choices! {
    /// How grey values become 0 or 1.
    pub enum Binarize {
        /// They stay.
        None = "none",
        /// White from one half on.
        Threshold = "threshold",
        /// White with the probability that the grey value is, drawn once (Salakhutdinov & Murray 2008).
        Stochastic = "stochastic",
    }
}

impl Binarize {
    /// Applies it to an array of bytes; others stay as they are. Row `i` draws from
    /// `seed.stream(i)`, whatever rows there are beside it.
    pub fn apply(self, images: Array, seed: Seed) -> Array {
        let Numbers::U8(values) = images.numbers() else {
            return images;
        };
        let size = images.row_size().max(1);
        let bits: Vec<u8> = match self {
            Binarize::None => return images,
            Binarize::Threshold => values.iter().map(|v| white(*v >= 128)).collect(),
            Binarize::Stochastic => {
                let rows = values.chunks(size).enumerate();
                rows.flat_map(|(i, row)| {
                    let mut stream = seed.stream(i as u64);
                    let bits: Vec<u8> = row
                        .iter()
                        .map(|v| white(stream.unit() < f32::from(*v) / 255.0))
                        .collect();
                    bits
                })
                .collect()
            }
        };
        Array::new(images.shape(), bits)
    }
}

fn white(yes: bool) -> u8 {
    if yes { 255 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_is_one_half() {
        let images = Array::new(&[1, 4], vec![0u8, 127, 128, 255]);
        let cut = Binarize::Threshold.apply(images, Seed::new(0));
        assert_eq!(cut.numbers(), &Numbers::U8(vec![0, 0, 255, 255]));
    }

    #[test]
    fn grey_values_are_probabilities() {
        let n = 40_000;
        let images = Array::new(&[4, n / 4], vec![51u8; n]);
        let drawn = Binarize::Stochastic.apply(images, Seed::new(0)).to_f32();
        let mean = drawn.iter().sum::<f32>() / n as f32;
        // Five standard errors of a fraction of 0.2.
        assert!((mean - 0.2).abs() < 0.01, "{mean}");
        let sure = Array::new(&[1, 1000], [0u8, 255].repeat(500));
        let same = Binarize::Stochastic.apply(sure.clone(), Seed::new(0));
        assert_eq!(same, sure);
    }
}
