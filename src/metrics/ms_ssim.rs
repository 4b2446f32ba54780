//! How unlike each other a model's samples are: 1 − MS-SSIM over pairs of them.

mod measure;

pub use measure::{MsSsim, MsSsimError, Similarity, Window};

use super::Asked;
use super::Estimate;
use super::Metric;
use super::Scores;
use crate::data::Dataset;
use crate::models::ModelError;
use crate::models::Rows;
use crate::models::params;
use crate::random::Seed;
use crate::random::Stream;
use crate::registry::Capability;
use crate::registry::Entry;
use crate::registry::Facts;
use crate::registry::Measure;
use crate::registry::Misfit;
use crate::registry::Param;
use crate::registry::Property;
use crate::registry::Values;
use crate::registry::params;

/// `evaluate/ms-ssim`
pub struct MsSsimScore;

params! {
    /// What `evaluate/ms-ssim` may be given.
    struct MsSsimParams {
        /// pairs of pictures
        pairs: usize = 1000, min(2);
        /// which pairs
        seed: Seed;
    }
}

impl Entry for MsSsimScore {
    fn name(&self) -> &'static str {
        "ms-ssim"
    }

    fn summary(&self) -> &'static str {
        "diversity of samples: 1 − multi-scale structural similarity of random pairs"
    }

    fn docs(&self) -> &'static str {
        "Draws `pairs` independent pairs of pictures from the model and averages 1 − MS-SSIM over them:\n\
         0 for a model that always draws the same picture. `diversity_data` is the same over random\n\
         pairs of test pictures, what a perfect model would have; more than that is no merit.\n\
         \n\
         Five scales with the weights 0.0448, 0.2856, 0.3001, 0.2363, 0.1333; a Gaussian window of 11\n\
         pixels with σ = 1.5, which shrinks with the picture where a scale is smaller; per channel,\n\
         then averaged. Contrast terms below 0 count as 0. Pixels are mapped to [0, 1] by the range\n\
         that the data set states and cut there; where it states none, by the least and the greatest pixel of\n\
         the test pictures. Five scales need pictures of 16 × 16 pixels.\n\
         \n\
         Source: Wang, Simoncelli and Bovik 2003, *Multi-scale structural similarity*; Rosca,\n\
         Lakshminarayanan and Mohamed 2018, arXiv 1802.06847, for its use."
    }

    fn revision(&self) -> u32 {
        3
    }

    fn params(&self) -> Vec<Param> {
        MsSsimParams::params()
    }
}

impl Metric for MsSsimScore {
    fn measures(&self) -> &'static [Measure] {
        const MEASURES: &[Measure] = &[
            Measure::new("diversity", "1 − MS-SSIM").up(),
            Measure::new("diversity_se", "standard error of 1 − MS-SSIM"),
            Measure::new("diversity_data", "1 − MS-SSIM of test data"),
        ];
        MEASURES
    }

    fn needs(&self) -> &'static [Capability] {
        &[Capability::Samples]
    }

    fn needs_of_data(&self) -> &'static [Property] {
        &[Property::Pictures]
    }

    fn foresee(&self, _values: &Values, reads: &dyn Fn(&str) -> Facts) -> Result<(), Misfit> {
        match reads("data").shape.as_deref() {
            Some([_, height, width]) if *height.min(width) < MsSsim::LEAST => Err(Misfit {
                slot: "data",
                message: format!("its pictures have {height} × {width} pixels"),
                beside: None,
                help: format!("five scales need {0} × {0}", MsSsim::LEAST),
            }),
            _ => Ok(()),
        }
    }

    fn score(&self, asked: &Asked<'_>) -> Result<Scores, ModelError> {
        let (model, data) = (asked.model, asked.data);
        let params = MsSsimParams::read(asked.params)?;
        let &[channels, height, width] = model.shape() else {
            return Err(ModelError::Data(format!(
                "observations have shape {:?}; pictures have [channels, height, width]",
                model.shape()
            )));
        };
        let image = [channels, height, width];
        let MsSsimParams { pairs, seed } = params;
        let samples = |name: &str| {
            let mut stream = seed.derive(name).stream(0);
            let samples = model.sample(pairs, &mut stream)?;
            Ok::<Rows, ModelError>(samples.into_rows())
        };
        let (x, y) = (samples("ms-ssim/first")?, samples("ms-ssim/second")?);
        let test = params::observations(data, "test")?;
        let range = stated_range(data).unwrap_or_else(|| range_of(&test));
        let generated = diversity(&x, &y, image, range)?;
        let mut stream = seed.derive("ms-ssim/data").stream(0);
        let (x, y) = different(&test, pairs, &mut stream)?;
        let real = diversity(&x, &y, image, range)?;
        Ok(vec![
            generated.mean,
            generated.standard_error.unwrap_or(f64::NAN),
            real.mean,
        ]
        .into())
    }
}

/// Mean of 1 − MS-SSIM over pairs of rows.
fn diversity(
    x: &Rows,
    y: &Rows,
    image: [usize; 3],
    [low, high]: [f32; 2],
) -> Result<Estimate, ModelError> {
    let measure = MsSsim {
        data_range: 1.0,
        ..MsSsim::default()
    };
    let [x, y] = [x, y].map(|rows| -> Vec<f32> {
        let scaled = rows.values.iter().map(|v| (v - low) / (high - low));
        scaled.map(|v| v.clamp(0.0, 1.0)).collect()
    });
    let similar = measure.of_pairs(&x, &y, image);
    let similar = similar.map_err(|error| ModelError::Data(error.to_string()))?;
    let unlike: Vec<f64> = similar.iter().map(|s| 1.0 - s).collect();
    Ok(Estimate::of(&unlike))
}

/// Pairs of rows, never a row with itself.
fn different(rows: &Rows, pairs: usize, stream: &mut Stream) -> Result<(Rows, Rows), ModelError> {
    let n = rows.len();
    if n < 2 {
        return Err(ModelError::Data("pairs need two observations".into()));
    }
    let first: Vec<usize> = (0..pairs).map(|_| stream.below(n)).collect();
    let second: Vec<usize> = first
        .iter()
        .map(|i| (i + 1 + stream.below(n - 1)) % n)
        .collect();
    let of = |chosen: &[usize]| Rows::new(rows.columns, rows.gather(chosen));
    Ok((of(&first), of(&second)))
}

/// The least and the greatest value that a pixel can have, where the data say it.
fn stated_range(data: &Dataset) -> Option<[f32; 2]> {
    let end = |i: usize| data.meta["range"][i].as_f64().map(|v| v as f32);
    let (low, high) = end(0).zip(end(1))?;
    (high > low).then_some([low, high])
}

/// The least and the greatest value that a pixel has.
fn range_of(pictures: &Rows) -> [f32; 2] {
    let pixels = || pictures.values.iter().copied();
    let (low, high) = (
        pixels().fold(f32::MAX, f32::min),
        pixels().fold(f32::MIN, f32::max),
    );
    match high > low {
        true => [low, high],
        false => [low, low + 1.0],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Seed;

    #[test]
    fn copies_have_no_diversity_and_noise_has_nearly_all() {
        let image = [1, 16, 16];
        let noise = |seed| {
            let values = Seed::new(seed).stream(0).uniform(3 * 256, 0.0, 1.0);
            Rows::new(256, values)
        };
        let of = |x: &Rows, y: &Rows| diversity(x, y, image, [0.0, 1.0]).expect("pictures").mean;
        assert!(of(&noise(1), &noise(1)).abs() < 1e-12);
        assert!(of(&noise(1), &noise(2)) > 0.5);
    }

    #[test]
    fn pictures_without_a_stated_range_have_their_own() {
        let pictures = Rows::new(2, vec![-1.0, 0.5, 0.25, 1.0]);
        assert_eq!(range_of(&pictures), [-1.0, 1.0]);
        assert_eq!(range_of(&Rows::new(2, vec![0.5, 0.5])), [0.5, 1.5]);
    }

    #[test]
    fn no_row_is_paired_with_itself_and_all_others_are_met() {
        let rows = Rows::new(1, vec![0.0, 1.0, 2.0]);
        let mut stream = Seed::new(1).stream(0);
        let (x, y) = different(&rows, 100, &mut stream).expect("three rows");
        let mut met: Vec<(u8, u8)> = x
            .values
            .iter()
            .zip(&y.values)
            .map(|(a, b)| (*a as u8, *b as u8))
            .collect();
        met.sort_unstable();
        met.dedup();
        assert_eq!(met, [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)]);
    }
}
