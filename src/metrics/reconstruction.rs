//! How far reconstructions are from what they reconstruct, and how sharp they are.

use super::Asked;
use super::Estimate;
use super::Metric;
use super::Scores;
use super::inferred;
use crate::data::SplitName;
use crate::models::ModelError;
use crate::models::Rows;
use crate::models::params;
use crate::random::Seed;
use crate::registry::Capability;
use crate::registry::Entry;
use crate::registry::Measure;
use crate::registry::Param;
use crate::registry::params;

/// `evaluate/reconstruction`
pub(super) struct Reconstruction;

params! {
    /// What `evaluate/reconstruction` may be given.
    struct ReconstructionParams {
        /// which observations
        split: SplitName = SplitName::Test;
        /// which noise of a refinement by gradient steps
        seed: Seed;
    }
}

impl Entry for Reconstruction {
    fn name(&self) -> &'static str {
        "reconstruction"
    }

    fn summary(&self) -> &'static str {
        "squared error and sharpness of reconstructions"
    }

    fn docs(&self) -> &'static str {
        "An observation x is encoded to the mean of q(z|x), or to its code, and that is decoded to the mean\n\
         of p(x|z), or to what the generator makes of it: x'. The mean of a flow is one over 64 draws with the\n\
         same noise for every x. The code of MAPA models is w of their recovered prior, so that what\n\
         the recovery loses on the way there and back counts. Then\n\
         \n\
         ```text\n\
         squared_error = E ‖x − x'‖² / dimensions\n\
         sharpness = E TV(x') / E TV(x)\n\
         ```\n\
         \n\
         where TV, the total variation, is the sum of the absolute differences of pixels that are next to\n\
         each other in a row or a column: 1 means as much fine detail as the originals have, noise\n\
         included, less means blur. Only pictures have a `sharpness`. Squared errors reward blur, and\n\
         sharpness does not ask whether the detail is the right one, so that the two belong together.\n\
         \n\
         Source: Rosca, Lakshminarayanan and Mohamed 2018, arXiv 1802.06847, appendix L, which shows\n\
         pictures; the measure of sharpness is ours (total variation: Rudin, Osher and Fatemi 1992)."
    }

    /// Since the second codes of flows are their means.
    fn revision(&self) -> u32 {
        2
    }

    fn params(&self) -> Vec<Param> {
        ReconstructionParams::params()
    }
}

impl Metric for Reconstruction {
    fn measures(&self) -> &'static [Measure] {
        const MEASURES: &[Measure] = &[
            Measure::new("squared_error", "squared error of reconstructions").down(),
            Measure::new("squared_error_se", "standard error of the squared error"),
            Measure::new("sharpness", "sharpness of reconstructions"),
        ];
        MEASURES
    }

    fn needs(&self) -> &'static [Capability] {
        &[Capability::Codes, Capability::Decoder]
    }

    fn score(&self, asked: &Asked<'_>) -> Result<Scores, ModelError> {
        let params = ReconstructionParams::read(asked.params)?;
        let seed = params.seed.derive("reconstruction");
        let split = params.split.name();
        let x = params::observations(asked.data, split)?;
        let codes = inferred::codes(asked.model, asked.data, split, &seed)?;
        let made = asked.model.means(&codes)?.into_rows();
        let error = squared_error(&x, &made);
        let sharpness = match *asked.model.shape() {
            [_, height, width] => {
                let of = |rows: &Rows| total_variation(rows, (height, width));
                of(&made) / of(&x)
            }
            _ => f64::NAN,
        };
        let error_se = error.standard_error.unwrap_or(f64::NAN);
        Ok(vec![error.mean, error_se, sharpness].into())
    }
}

/// ‖x − y‖² over the number of dimensions, as a mean over rows.
fn squared_error(x: &Rows, y: &Rows) -> Estimate {
    let pairs = x
        .values
        .chunks_exact(x.columns)
        .zip(y.values.chunks_exact(y.columns));
    let of_pair = |(x, y): (&[f32], &[f32])| {
        let squares = x.iter().zip(y).map(|(x, y)| f64::from(x - y).powi(2));
        squares.sum::<f64>() / x.len() as f64
    };
    Estimate::of(&pairs.map(of_pair).collect::<Vec<_>>())
}

/// Σ |differences of neighbours| over all rows, which are planes of these sides.
fn total_variation(rows: &Rows, (height, width): (usize, usize)) -> f64 {
    let of_plane = |plane: &[f32]| {
        let at = |r: usize, c: usize| f64::from(plane[r * width + c]);
        let mut sum = 0.0;
        for r in 0..height {
            for c in 0..width {
                if c + 1 < width {
                    sum += (at(r, c + 1) - at(r, c)).abs();
                }
                if r + 1 < height {
                    sum += (at(r + 1, c) - at(r, c)).abs();
                }
            }
        }
        sum
    };
    rows.values.chunks_exact(height * width).map(of_plane).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_means_over_all_numbers() {
        let x = Rows::new(2, vec![0.0, 0.0, 1.0, 1.0]);
        let y = Rows::new(2, vec![1.0, 1.0, 1.0, 3.0]);
        // Rows: (1 + 1)/2 and (0 + 4)/2.
        assert_eq!(squared_error(&x, &y).mean, 1.5);
        assert_eq!(squared_error(&x, &x).mean, 0.0);
    }

    #[test]
    fn total_variation_counts_every_pair_of_neighbours_once_and_blur_lowers_it() {
        // Two rows of three: along rows 1 + 1 and 0 + 2, down columns 1 + 2 + 3.
        let plane = Rows::new(6, vec![0.0, 1.0, 2.0, 1.0, -1.0, -1.0]);
        assert_eq!(
            total_variation(&plane, (2, 3)),
            1.0 + 1.0 + 2.0 + 0.0 + 1.0 + 2.0 + 3.0
        );
        let board = |contrast: f32| {
            let pixels = (0..16).map(|i| contrast * ((i / 4 + i % 4) % 2) as f32);
            total_variation(&Rows::new(16, pixels.collect()), (4, 4))
        };
        assert_eq!(board(0.5) / board(1.0), 0.5);
        assert_eq!(board(0.0), 0.0);
    }
}
