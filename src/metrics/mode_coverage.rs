//! How many modes of the data a model's samples show, and how evenly.

use super::Asked;
use super::Metric;
use super::Scores;
use super::classifier::Classifier;
use crate::models::ModelError;
use crate::models::Rows;
use crate::models::params;
use crate::random::Seed;
use crate::registry::ArtifactType;
use crate::registry::Capability;
use crate::registry::Entry;
use crate::registry::Facts;
use crate::registry::Measure;
use crate::registry::Misfit;
use crate::registry::Param;
use crate::registry::Slot;
use crate::registry::Values;
use crate::registry::params;
use crate::registry::shape_text;

/// `evaluate/mode-coverage`
pub(crate) struct ModeCoverage;

params! {
    /// What `evaluate/mode-coverage` may be given.
    struct ModeCoverageParams {
        /// draws from the model
        samples: usize = 26_000, min(1);
        /// which draws, and which data beside them
        seed: Seed;
    }
}

/// More cannot be counted: six digits, say.
const MOST_MODES: usize = 1_000_000;

impl Entry for ModeCoverage {
    fn name(&self) -> &'static str {
        "mode-coverage"
    }

    fn summary(&self) -> &'static str {
        "number of modes among samples and their KL from an even spread, by a classifier"
    }

    fn docs(&self) -> &'static str {
        "A classifier says of each of `samples` draws which mode it shows. One of pictures with as many\n\
         channels as the model's gives its classes as modes. One of a single channel is asked\n\
         about each channel apart, and what it says of all together is the mode: of `dataset/color-mnist` with\n\
         `variant: stacked`, three digits, a classifier of `dataset/mnist` tells 10³ modes. Then\n\
         \n\
         ```text\n\
         modes   = modes that occur\n\
         mode_kl = Σ_y q(y) ln (q(y) K),   q(y) the share of mode y, K the number of modes\n\
         ```\n\
         \n\
         `mode_kl` is KL(q ‖ even), 0 where all modes occur as often and ln K where one does. Few samples\n\
         miss modes by chance: of 26,000 even draws over 1,000 modes none, of 1,000 some 370. So\n\
         `modes_data` and `mode_kl_data` are the same of as many observations of the training split, drawn\n\
         with replacement: what a perfect model would have, by this classifier.\n\
         \n\
         Source: Metz, Poole, Pfau and Sohl-Dickstein 2017, arXiv 1611.02163, section 3.3.1; Srivastava et al. 2017, arXiv\n\
         1705.07761, section 4.2, for 26,000 samples."
    }

    fn params(&self) -> Vec<Param> {
        ModeCoverageParams::params()
    }
}

impl Metric for ModeCoverage {
    fn measures(&self) -> &'static [Measure] {
        const MEASURES: &[Measure] = &[
            Measure::new("modes", "modes among samples").up(),
            Measure::new("mode_kl", "KL of modes from an even spread")
                .unit("nats")
                .down(),
            Measure::new("modes_data", "modes among as many data"),
            Measure::new("mode_kl_data", "KL of the data's modes from an even spread").unit("nats"),
        ];
        MEASURES
    }

    fn needs(&self) -> &'static [Capability] {
        &[Capability::Samples]
    }

    fn classifier(&self) -> Option<Slot> {
        Some(Slot::new(
            "classifier",
            &[ArtifactType::Classifier],
            "what tells modes apart: of the same observations, or of one channel of them",
        ))
    }

    fn foresee(&self, _values: &Values, reads: &dyn Fn(&str) -> Facts) -> Result<(), Misfit> {
        let (Some(own), Some(data)) = (reads("classifier").shape, reads("data").shape) else {
            return Ok(());
        };
        channels(&own, &data).map(|_| ()).map_err(|message| Misfit {
            slot: "classifier",
            message,
            beside: Some(("data", format!("of {}", shape_text(&data)))),
            help: "train it on such observations, or on ones like one channel of them".to_owned(),
        })
    }

    fn score(&self, asked: &Asked<'_>) -> Result<Scores, ModelError> {
        let (model, data) = (asked.model, asked.data);
        let classifier = asked.classifier.ok_or_else(|| {
            let why = "modes are told apart by a classifier: give one in the slot `classifier`";
            ModelError::Unsupported(why.to_owned())
        })?;
        let ModeCoverageParams { samples, seed } = ModeCoverageParams::read(asked.params)?;
        let per_row = channels(classifier.shape(), model.shape());
        let per_row = per_row.map_err(ModelError::Unsupported)?;
        let seed = seed.derive("mode-coverage");
        let mut stream = seed.derive("samples").stream(0);
        let generated = model.sample(samples, &mut stream)?.into_rows();
        let train = params::observations(data, "train")?;
        let mut stream = seed.derive("data").stream(0);
        let chosen: Vec<usize> = (0..samples).map(|_| stream.below(train.len())).collect();
        let real = Rows::new(train.columns, train.gather(&chosen));
        let [of_model, of_data] = [generated, real].map(|x| spread(classifier, x, per_row));
        let ((modes, kl), (data_modes, data_kl)) = (of_model?, of_data?);
        Ok(vec![modes as f64, kl, data_modes as f64, data_kl].into())
    }
}

/// How often a classifier of observations of `own` is asked about one of `given`.
fn channels(own: &[usize], given: &[usize]) -> Result<usize, String> {
    match (own, given) {
        _ if own == given => Ok(1),
        ([1, h, w], [channels, height, width]) if (h, w) == (height, width) => Ok(*channels),
        _ => Err(format!("it is of observations of {}", shape_text(own))),
    }
}

/// How many modes the rows show, and the KL of their shares from an even spread; a mode is what the
/// classifier says of all `per_row` parts of a row.
fn spread(classifier: &Classifier, x: Rows, per_row: usize) -> Result<(usize, f64), ModelError> {
    let classes = classifier.classes();
    let modes = u32::try_from(per_row)
        .ok()
        .and_then(|parts| classes.checked_pow(parts))
        .filter(|modes| *modes <= MOST_MODES)
        .ok_or_else(|| {
            ModelError::Unsupported(format!(
                "{classes} classes of each of {per_row} channels are more than {MOST_MODES} modes"
            ))
        })?;
    let parts = Rows::new(x.columns / per_row, x.values);
    let answers = classifier.answers(&parts)?;
    let number = |answers: &[usize]| answers.iter().fold(0, |mode, y| mode * classes + y);
    let mut counts = vec![0u64; modes];
    for answers in answers.chunks_exact(per_row) {
        counts[number(answers)] += 1;
    }
    Ok(coverage(&counts))
}

/// The number of modes that occur, and Σ q ln (q K).
fn coverage(counts: &[u64]) -> (usize, f64) {
    let total = counts.iter().sum::<u64>() as f64;
    let occurring = || counts.iter().filter(|count| **count > 0);
    let kl = occurring().map(|count| {
        let share = *count as f64 / total;
        share * (share * counts.len() as f64).ln()
    });
    (occurring().count(), kl.sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_even_spread_has_no_divergence_and_one_mode_the_greatest() {
        assert_eq!(coverage(&[5; 8]), (8, 0.0));
        let (modes, kl) = coverage(&[0, 0, 12, 0]);
        assert!(modes == 1 && (kl - 4.0f64.ln()).abs() < 1e-12);
        let (modes, kl) = coverage(&[1, 3, 0, 0]);
        let exact = 0.25 * 1.0f64.ln() + 0.75 * 3.0f64.ln();
        assert!(modes == 2 && (kl - exact).abs() < 1e-12);
    }

    #[test]
    fn a_classifier_of_one_channel_is_asked_about_each() {
        assert_eq!(channels(&[1, 28, 28], &[3, 28, 28]), Ok(3));
        assert_eq!(channels(&[3, 28, 28], &[3, 28, 28]), Ok(1));
        assert!(channels(&[1, 28, 28], &[3, 32, 32]).is_err());
        assert!(channels(&[2], &[3]).is_err());
    }
}
