//! `train/classifier`: what tells the classes of a data set apart, for scores that ask it.

use super::Stage;
use super::artifacts;
use super::capabilities;
use super::train::LinkMonitor;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::metrics::classifier;
use crate::metrics::classifier::Classifier;
use crate::metrics::classifier::ClassifierParams;
use crate::registry::ArtifactType;
use crate::registry::Columns;
use crate::registry::Entry;
use crate::registry::Facts;
use crate::registry::Measure;
use crate::registry::Misfit;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::Property;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Values;

/// `train/classifier`
pub(super) struct TrainClassifier;

const TEST_ERROR: Measure =
    Measure::new("test_error", "share of wrong answers on the test split").down();
const TRAIN_ERROR: Measure = Measure::new(
    "train_error",
    "share of wrong answers on the training split",
)
.down();
const VALID_ERROR: Measure = Measure::new(
    "valid_error",
    "share of wrong answers on the validation split",
)
.down();

impl Entry for TrainClassifier {
    fn name(&self) -> &'static str {
        "train/classifier"
    }

    fn summary(&self) -> &'static str {
        "classifier of the data's labels, with its test error, for inception score and mode coverage"
    }

    fn docs(&self) -> &'static str {
        "Learns `label` of the training split by cross-entropy with Adam. After each epoch the curve has\n\
         `valid_error`, the share of wrong answers on the validation split; at the end it stands beside\n\
         `test_error` and `train_error`, those on the other two.\n\
         \n\
         | `network` | layers |\n\
         | --- | --- |\n\
         | `mlp` | two hidden layers of `hidden` units, ReLU |\n\
         | `digits` | convolutions 5×5 of stride 2 with `maps` and twice as many maps, batch norm, ReLU; affine |\n\
         | `vgg` | VGG-16 for small pictures: convolutions 3×3 in blocks of 2, 2, 3, 3, 3 with 1, 2, 4, 8, 8 times `maps`, batch norm, ReLU; affine |\n\
         \n\
         The last convolution of each block of the VGG has a stride of 2 in place of a pooling layer. For\n\
         CIFAR-10: `network: vgg, maps: 64, flip: true, shift: 4, schedule: cosine`, some 100 epochs.\n\
         \n\
         Source: Simonyan and Zisserman 2015, arXiv 1409.1556, configuration D; Springenberg et al.\n\
         2015, arXiv 1412.6806, for the strides; Rosca et al. 2018, arXiv 1802.06847, section 5, whose VGG has\n\
         5.5 % errors on CIFAR-10 and whose training is lost."
    }

    fn revision(&self) -> u32 {
        2
    }

    fn params(&self) -> Vec<Param> {
        ClassifierParams::params()
    }
}

impl StageKind for TrainClassifier {
    fn inputs(&self) -> Vec<Slot> {
        vec![Slot::new("data", &[ArtifactType::Dataset], "observations with labels").single()]
    }

    fn outputs(&self) -> Outputs {
        Outputs::Fixed(&[
            ("classifier", ArtifactType::Classifier),
            ("curve", ArtifactType::Curve),
            ("metrics", ArtifactType::Metrics),
        ])
    }

    fn columns(&self, output: &str, _params: &Values, _rows: &dyn Fn(&str) -> Columns) -> Columns {
        match output {
            "metrics" => Columns::measured(&self.measures()),
            _ => Columns::measured(&self.measures()).and_others(),
        }
    }

    fn measures(&self) -> Vec<Measure> {
        vec![TEST_ERROR, TRAIN_ERROR, VALID_ERROR]
    }

    fn foresee(&self, params: &Values, reads: &dyn Fn(&str) -> Facts) -> Result<Facts, Misfit> {
        capabilities::check_data("data", &[Property::Labels], reads)?;
        let shape = reads("data").shape;
        // The types of the parameters say what is wrong with single ones.
        if let (Ok(params), Some(shape)) = (ClassifierParams::read(params), &shape) {
            params.check(shape).map_err(Misfit::of_data)?;
        }
        Ok(Facts {
            shape,
            scaled: reads("data").scaled,
            ..Facts::default()
        })
    }

    fn uses_device(&self) -> bool {
        true
    }
}

impl Stage for TrainClassifier {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let data = artifacts::dataset(job, "data")?;
        let params = ClassifierParams::read(&job.step.params)?;
        let trained = classifier::train(&data, &params, &LinkMonitor(job.link))?;
        let names = [TEST_ERROR.name, TRAIN_ERROR.name, VALID_ERROR.name];
        let metrics = match &trained.diverged {
            Some(_) => artifacts::no_metrics(names),
            None => {
                let classifier = Classifier::open(&trained.weights)?;
                let errors = [
                    classifier.error(&data, "test")?,
                    classifier.error(&data, "train")?,
                    // A validation split need not have labels.
                    classifier.error(&data, "valid").unwrap_or(f64::NAN),
                ];
                artifacts::metrics_json(names.into_iter().zip(errors))
            }
        };
        let mut produced = StepOutput {
            diverged: trained.diverged,
            ..StepOutput::default()
        };
        produced
            .file("classifier", artifacts::CLASSIFIER, trained.weights)
            .file("curve", artifacts::CURVE, trained.curve.to_csv())
            .file("metrics", artifacts::METRICS, metrics);
        Ok(produced)
    }
}

/// The classifier in the slot `classifier`, where a kind has one and it is filled.
pub(super) fn given(job: &Job<'_>) -> Result<Option<Classifier>, JobError> {
    let items = job.items("classifier");
    if items.is_empty() {
        return Ok(None);
    }
    if let Some(item) = items.iter().find(|item| item.diverged) {
        let name = super::fitted::name(item);
        return Err(JobError::failed(format!("the classifier diverged: {name}")));
    }
    let weights = artifacts::read(artifacts::only(job, "classifier")?, artifacts::CLASSIFIER)?;
    Ok(Some(Classifier::open(&weights)?))
}
