//! How clear and how varied a classifier finds a model's samples.

mod measure;

pub use measure::{InceptionScore, inception_score};

use super::Asked;
use super::Metric;
use super::Scores;
use super::classifier;
use super::classifier::Classifier;
use super::classifier::ClassifierKind;
use super::classifier::ClassifierParams;
use super::classifier::order_of;
use crate::data::Dataset;
use crate::models::ModelError;
use crate::models::Rows;
use crate::models::params;
use crate::nn::device::DeviceChoice;
use crate::random::Seed;
use crate::registry::ArtifactType;
use crate::registry::Capability;
use crate::registry::Entry;
use crate::registry::Facts;
use crate::registry::InvalidParam;
use crate::registry::Measure;
use crate::registry::Misfit;
use crate::registry::Param;
use crate::registry::Property;
use crate::registry::Slot;
use crate::registry::Values;
use crate::registry::params;
use crate::registry::shape_text;
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
        /// units of each of the two hidden layers of its own classifier
        classifier_hidden: usize = 256, min(1);
        /// passes of its own classifier over the training split
        classifier_epochs: u64 = 5, min(1), max(params::MOST_EPOCHS);
        /// which draws and which classifier
        seed: Seed;
    }
}

/// Where it takes a classifier.
const CLASSIFIER: Slot = Slot::new(
    "classifier",
    &[ArtifactType::Classifier],
    "the classifier, in place of its own",
)
.optional();

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
         low, so compare equal numbers only; the run warns below ten in a part. What stands in which part is decided by `seed` and the\n\
         numbers of each observation, never by the order in a file, which may be sorted by class.\n\
         \n\
         p(y|x) is that of the classifier in the slot `classifier`, which `train/classifier` leaves. Without\n\
         one a small one is trained here on the labels of the training split: affine layers with ReLU between\n\
         them, Adam, as many epochs as `classifier_epochs` says. Neither is the Inception network, so the\n\
         numbers cannot be compared with those of other classifiers. Of probabilities that another program\n\
         computed it is `estimate/inception-score`.\n\
         `classifier_accuracy` is its share of correct answers on the test split, and\n\
         `inception_score_data` the score of test observations in parts of as many, chosen in the same way: in\n\
         fewer parts where there are fewer observations, and missing where there are too few for one.\n\
         \n\
         Source: Salimans et al. 2016, arXiv 1606.03498, section 4."
    }

    fn revision(&self) -> u32 {
        4
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

    fn needs_of_data(&self) -> &'static [Property] {
        &[Property::Labels]
    }

    fn classifier(&self) -> Option<Slot> {
        Some(CLASSIFIER)
    }

    fn check(&self, values: &Values) -> Result<(), InvalidParam> {
        match InceptionScoreParams::read(values) {
            Ok(InceptionScoreParams {
                samples, splits, ..
            }) if samples < splits => Err(InvalidParam {
                param: "samples",
                message: format!("{samples} draws cannot be cut into {splits} parts"),
                help: "give more `samples`, or fewer `splits`".to_owned(),
            }),
            _ => Ok(()),
        }
    }

    fn foresee(&self, _values: &Values, reads: &dyn Fn(&str) -> Facts) -> Result<(), Misfit> {
        let (own, data) = (reads("classifier").shape, reads("data").shape);
        match (own, data) {
            (Some(own), Some(data)) if own != data => Err(Misfit {
                slot: "classifier",
                message: format!("it is of observations of {}", shape_text(&own)),
                beside: Some(("data", format!("of {}", shape_text(&data)))),
                help: "train it on data of the same kind".to_owned(),
            }),
            _ => Ok(()),
        }
    }

    fn score(&self, asked: &Asked<'_>) -> Result<Scores, ModelError> {
        let (model, data, monitor) = (asked.model, asked.data, asked.monitor);
        let params = InceptionScoreParams::read(asked.params)?;
        let own;
        let classifier = match asked.classifier {
            Some(given) => given,
            None => {
                own = own_classifier(data, &params, monitor)?;
                &own
            }
        };
        let InceptionScoreParams {
            samples,
            splits,
            seed,
            ..
        } = params;
        if classifier.shape() != model.shape() {
            return Err(ModelError::Unsupported(format!(
                "the classifier is of observations of {}, the model of {}",
                shape_text(classifier.shape()),
                shape_text(model.shape()),
            )));
        }
        let accuracy = 1.0 - classifier.error(data, "test")?;
        let mut stream = seed.derive("inception-score/samples").stream(0);
        let order = seed.derive("inception-score/order");
        let score = |x: &Rows, samples: usize, splits: usize| {
            let mut chosen = order_of(x, order);
            chosen.truncate(samples);
            let x = Rows::new(x.columns, x.gather(&chosen));
            let probabilities = classifier.probabilities(&x)?;
            inception_score(&probabilities, classifier.classes(), splits).ok_or_else(|| {
                let n = x.len();
                ModelError::Data(format!(
                    "{n} observations cannot be cut into {splits} splits"
                ))
            })
        };
        let drawn = model.sample(samples, &mut stream)?.into_rows();
        let generated = score(&drawn, samples, splits)?;
        let test = params::observations(data, "test")?;
        // Fewer in a part would bias it lower than the model's.
        let part = samples / splits;
        if let Some(few) = few(part) {
            monitor.warn(&few);
        }
        let parts = splits.min(test.len() / part);
        let real = match parts {
            0 => {
                let n = test.len();
                monitor.warn(&format!(
                    "{n} test observations are too few for a part of {part}: the data have no score beside the model's"
                ));
                f64::NAN
            }
            parts => score(&test, parts * part, parts)?.mean,
        };
        Ok(vec![generated.mean, generated.std, real, accuracy].into())
    }
}

/// What is to be said of parts of so many; nothing where they are enough.
pub fn few(part: usize) -> Option<String> {
    (part < FEW).then(|| {
        format!(
            "parts of {part} say little: the score of few samples is biased towards 1, and is 1 in parts of one; give \
             more samples, or fewer `splits`"
        )
    })
}

/// Samples in a part below which its p(y) says more of chance than of the model.
const FEW: usize = 10;

/// A classifier trained on the data for this score alone.
fn own_classifier(
    data: &Dataset,
    params: &InceptionScoreParams,
    monitor: &dyn Monitor,
) -> Result<Classifier, ModelError> {
    let own = ClassifierParams {
        network: ClassifierKind::Mlp,
        hidden: params.classifier_hidden,
        epochs: params.classifier_epochs,
        seed: params.seed.derive("inception-score/classifier"),
        device: DeviceChoice::Cpu,
        ..ClassifierParams::read(&Values::default())?
    };
    let trained = classifier::train(data, &own, monitor)?;
    if let Some(how) = trained.diverged {
        let what = format!("the classifier diverged: {how}");
        return Err(ModelError::Unsupported(what));
    }
    Classifier::open(&trained.weights)
}
