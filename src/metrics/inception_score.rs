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
use crate::registry::Capability;
use crate::registry::Entry;
use crate::registry::Measure;
use crate::registry::Param;
use crate::registry::Values;
use crate::training::Monitor;

/// `evaluate/inception-score`
pub struct InceptionScoreOfSamples;

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
         low, so compare equal numbers only.\n\
         \n\
         p(y|x) is not the Inception network but a classifier that is trained here on the labels of the\n\
         training split: affine layers with ReLU between them, Adam, as many epochs as\n\
         `classifier_epochs` says. So the numbers cannot be compared with those of other classifiers.\n\
         `classifier_accuracy` is its share of correct answers on the test split, and\n\
         `inception_score_data` the score of as many test observations.\n\
         \n\
         Source: Salimans et al. 2016, arXiv 1606.03498, section 4."
    }

    fn revision(&self) -> u32 {
        2
    }

    fn params(&self) -> Vec<Param> {
        vec![
            Param::int("samples", "draws from the model")
                .min(1)
                .default(5000),
            Param::int("splits", "parts that are scored apart")
                .min(1)
                .default(10),
            Param::int(
                "classifier_hidden",
                "units of each of its two hidden layers",
            )
            .min(1)
            .default(256),
            Param::int("classifier_epochs", "passes over the training split")
                .min(1)
                .default(5),
            Param::seed("seed", "which draws and which classifier"),
        ]
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
        let seed = params::seed(values);
        let classifier = Classifier::train(
            data,
            params::size(values, "classifier_hidden"),
            params::size(values, "classifier_epochs"),
            seed.derive("inception-score/classifier"),
            monitor,
        )?;
        let accuracy = classifier.accuracy(data, "test")?;
        let mut stream = seed.derive("inception-score/samples").stream(0);
        let samples = params::size(values, "samples");
        let splits = params::size(values, "splits");
        let score = |x: &Rows| {
            let probabilities = classifier.probabilities(x);
            inception_score(&probabilities, classifier.classes(), splits).ok_or_else(|| {
                ModelError::Data(format!("there are fewer observations than {splits} splits"))
            })
        };
        let generated = score(&model.sample(samples, &mut stream)?.into_rows())?;
        let test = params::observations(data, "test")?;
        let first = test.chunks(samples).next();
        let real = score(&first.expect("observations are never empty"))?;
        Ok(vec![generated.mean, generated.std, real.mean, accuracy])
    }
}
