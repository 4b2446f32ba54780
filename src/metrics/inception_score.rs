//! How clear and how varied a classifier finds a model's samples.

mod classifier;
mod measure;

pub use classifier::Classifier;
pub use measure::{InceptionScore, inception_score};

use super::Metric;
use crate::data::Dataset;
use crate::models::Fitted;
use crate::models::ModelError;
use crate::models::Rows;
use crate::models::params;
use crate::random::Seed;
use crate::registry::Capability;
use crate::registry::Entry;
use crate::registry::Measure;
use crate::registry::Param;
use crate::registry::Values;
use crate::registry::params;
use crate::training::Monitor;

/// `evaluate/inception-score`
pub struct InceptionScoreOfSamples;

params! {
    /// What `evaluate/inception-score` may be given.
    struct InceptionScoreParams {
        /// draws from the model
        samples: usize = 5000, min(1);
        /// parts that are scored apart
        splits: usize = 10, min(1);
        /// units of each of its two hidden layers
        classifier_hidden: usize = 256, min(1);
        /// passes over the training split
        classifier_epochs: usize = 5, min(1), max(params::MOST_EPOCHS);
        /// which draws and which classifier
        seed: Seed;
    }
}

impl Entry for InceptionScoreOfSamples {
    fn name(&self) -> &'static str {
        "inception-score"
    }

    fn summary(&self) -> &'static str {
        "exp E KL(p(y|x) || p(y)) of samples, by a classifier of the data's own labels"
    }

    fn docs(&self) -> &'static str {
        "```text\n\
         exp(E_x KL(p(y|x) || p(y))),   x from the model,   p(y) = E_x p(y|x)\n\
         ```\n\
         \n\
         Between 1 and the number of classes: high when every sample has a clear class and all classes\n\
         occur. Mean and standard deviation over `splits` parts of `samples` draws; few samples bias it\n\
         low, so compare equal numbers only. What stands in which part is decided by `seed` and the\n\
         numbers of each observation, never by the order in a file, which may be sorted by class.\n\
         \n\
         p(y|x) is not the Inception network but a classifier that is trained here on the labels of the\n\
         training split: affine layers with ReLU between them, Adam, as many epochs as\n\
         `classifier_epochs` says. So the numbers cannot be compared with those of other classifiers.\n\
         `classifier_accuracy` is its share of correct answers on the test split, and\n\
         `inception_score_data` the score of as many test observations, chosen in the same way.\n\
         \n\
         Source: Salimans et al. 2016, arXiv 1606.03498, section 4."
    }

    fn revision(&self) -> u32 {
        2
    }

    fn params(&self) -> Vec<Param> {
        InceptionScoreParams::params()
    }
}

impl Metric for InceptionScoreOfSamples {
    fn measures(&self) -> &'static [Measure] {
        const MEASURES: &[Measure] = &[
            Measure::new("inception_score", "inception score").up(),
            Measure::new(
                "inception_score_std",
                "std of the inception score over splits",
            ),
            Measure::new("inception_score_data", "inception score of test data"),
            Measure::new("classifier_accuracy", "test accuracy of the classifier"),
        ];
        MEASURES
    }

    fn needs(&self) -> &'static [Capability] {
        &[Capability::Samples]
    }

    fn score(
        &self,
        model: &dyn Fitted,
        data: &Dataset,
        values: &Values,
        monitor: &dyn Monitor,
    ) -> Result<Vec<f64>, ModelError> {
        let params = InceptionScoreParams::read(values)?;
        let InceptionScoreParams {
            samples,
            splits,
            seed,
            ..
        } = params;
        let classifier = Classifier::train(
            data,
            params.classifier_hidden,
            params.classifier_epochs,
            seed.derive("inception-score/classifier"),
            monitor,
        )?;
        let accuracy = classifier.accuracy(data, "test")?;
        let mut stream = seed.derive("inception-score/samples").stream(0);
        let order = seed.derive("inception-score/order");
        let score = |x: &Rows| {
            let mut chosen = order_of(x, order);
            chosen.truncate(samples);
            let x = Rows::new(x.columns, x.gather(&chosen));
            let probabilities = classifier.probabilities(&x);
            if probabilities.iter().any(|p| !p.is_finite()) {
                let what = "the classifier gives probabilities that are not finite".to_owned();
                return Err(ModelError::Unsupported(what));
            }
            inception_score(&probabilities, classifier.classes(), splits).ok_or_else(|| {
                let n = x.len();
                ModelError::Data(format!(
                    "{n} observations cannot be cut into {splits} splits"
                ))
            })
        };
        let generated = score(&model.sample(samples, &mut stream)?.into_rows())?;
        let real = score(&params::observations(data, "test")?)?;
        Ok(vec![generated.mean, generated.std, real.mean, accuracy])
    }
}

/// An order of the rows that the seed and their numbers decide, not the order in which they come.
fn order_of(x: &Rows, seed: Seed) -> Vec<usize> {
    let of = |row: &[f32]| {
        let bytes: Vec<u8> = row.iter().flat_map(|value| value.to_le_bytes()).collect();
        seed.digest(&bytes)
    };
    let digests: Vec<[u8; 32]> = x.values.chunks_exact(x.columns).map(of).collect();
    let mut order: Vec<usize> = (0..digests.len()).collect();
    order.sort_by_key(|row| digests[*row]);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_the_numbers_and_the_seed() {
        let x = Rows::new(2, Seed::new(1).stream(0).normal(2 * 50));
        let moved = Seed::new(2).stream(0).permutation(50);
        let other = Rows::new(2, x.gather(&moved));
        let seen = |x: &Rows, seed| x.gather(&order_of(x, Seed::new(seed)));
        assert_eq!(seen(&x, 3), seen(&other, 3));
        assert_ne!(seen(&x, 3), seen(&x, 4));
    }
}
