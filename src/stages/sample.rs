//! `sample/…`: pictures from a fitted model, and of the data beside them.

use super::Stage;
use super::artifacts;
use super::artifacts::Images;
use super::capabilities;
use super::fitted;
use crate::data::Dataset;
use crate::data::SplitName;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::models::Rows;
use crate::models::params;
use crate::nn::device::DeviceChoice;
use crate::random::Seed;
use crate::registry::ArtifactType;
use crate::registry::Capability;
use crate::registry::Entry;
use crate::registry::Facts;
use crate::registry::Misfit;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::Property;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Values;
use crate::registry::params;

/// `sample/prior`
pub(super) struct Prior;

params! {
    /// What `sample/prior` may be given.
    struct PriorParams {
        /// how many pictures
        count: usize = 64, min(1);
        /// which draws
        seed: Seed;
    }
}

impl Entry for Prior {
    fn name(&self) -> &'static str {
        "sample/prior"
    }

    fn summary(&self) -> &'static str {
        "pictures decoded from draws of the prior"
    }

    fn docs(&self) -> &'static str {
        "Draws z from N(0, I) and leaves the means of p(x|z) as pictures. Models of different latent\n\
         sizes draw from the same seed."
    }

    fn revision(&self) -> u32 {
        2
    }

    fn params(&self) -> Vec<Param> {
        PriorParams::params()
    }
}

impl StageKind for Prior {
    fn inputs(&self) -> Vec<Slot> {
        vec![MODEL]
    }

    fn outputs(&self) -> Outputs {
        IMAGES
    }

    fn foresee(&self, _params: &Values, reads: &dyn Fn(&str) -> Facts) -> Result<Facts, Misfit> {
        capabilities::check(&[Capability::Samples], reads)?;
        capabilities::check_data("model", PICTURES, reads)?;
        Ok(Facts::default())
    }

    fn uses_numerics(&self) -> bool {
        true
    }
}

impl Stage for Prior {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let PriorParams { count, seed } = PriorParams::read(&job.step.params)?;
        fitted::unless_diverged(no_images, || {
            let model = fitted::open(job, DeviceChoice::Cpu)?;
            let mut stream = seed.derive("sample/prior").stream(0);
            Ok(images(
                model.shape(),
                model.sample(count, &mut stream)?.into_rows(),
            )?)
        })
    }
}

/// `sample/reconstructions`
pub(super) struct Reconstructions;

params! {
    /// What `sample/reconstructions` may be given.
    struct ReconstructionsParams {
        /// how many pictures
        count: usize = 10, min(1);
        /// where they come from
        split: SplitName = SplitName::Test;
    }
}

impl Entry for Reconstructions {
    fn name(&self) -> &'static str {
        "sample/reconstructions"
    }

    fn summary(&self) -> &'static str {
        "held-out pictures, each beside its reconstruction"
    }

    fn docs(&self) -> &'static str {
        "Takes the first pictures of a split, encodes them, and decodes the means of q(z|x), or their\n\
         codes; the mean of a flow is one over 64 draws with the same noise for every x. Leaves\n\
         the originals, then their reconstructions in the same order, as `figure/images` with\n\
         `layout: pairs` draws them."
    }

    fn revision(&self) -> u32 {
        3
    }

    fn params(&self) -> Vec<Param> {
        ReconstructionsParams::params()
    }
}

impl StageKind for Reconstructions {
    fn inputs(&self) -> Vec<Slot> {
        vec![MODEL, DATA]
    }

    fn outputs(&self) -> Outputs {
        IMAGES
    }

    fn foresee(&self, _params: &Values, reads: &dyn Fn(&str) -> Facts) -> Result<Facts, Misfit> {
        capabilities::check(&[Capability::Codes, Capability::Decoder], reads)?;
        capabilities::check_data("data", PICTURES, reads)?;
        reads("model").is_of_data_like(&reads("data"))?;
        Ok(Facts::default())
    }

    fn uses_numerics(&self) -> bool {
        true
    }
}

impl Stage for Reconstructions {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = ReconstructionsParams::read(&job.step.params)?;
        fitted::unless_diverged(no_images, || {
            let (model, data) = fitted::with_data(job, DeviceChoice::Cpu)?;
            let x = first(&data, params.split, params.count)?;
            let means = model.means(&model.encode(&x)?.codes())?.into_rows();
            Ok(images(model.shape(), means.appended_to(x))?)
        })
    }
}

/// `sample/data`
pub(super) struct Data;

params! {
    /// What `sample/data` may be given.
    struct DataParams {
        /// how many pictures
        count: usize = 64, min(1);
        /// where they come from
        split: SplitName = SplitName::Train;
    }
}

impl Entry for Data {
    fn name(&self) -> &'static str {
        "sample/data"
    }

    fn summary(&self) -> &'static str {
        "pictures of a data set"
    }

    fn docs(&self) -> &'static str {
        "Takes the first pictures of a split: beside samples they show what is to be learnt, and as\n\
         the `reference` of `figure/images` with `layout: neighbours` they show whether samples are\n\
         copies of training data."
    }

    fn revision(&self) -> u32 {
        1
    }

    fn params(&self) -> Vec<Param> {
        DataParams::params()
    }
}

impl StageKind for Data {
    fn inputs(&self) -> Vec<Slot> {
        vec![DATA]
    }

    fn outputs(&self) -> Outputs {
        IMAGES
    }

    fn foresee(&self, _params: &Values, reads: &dyn Fn(&str) -> Facts) -> Result<Facts, Misfit> {
        capabilities::check_data("data", PICTURES, reads)?;
        Ok(Facts::default())
    }
}

impl Stage for Data {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = DataParams::read(&job.step.params)?;
        let data = artifacts::dataset(job, "data")?;
        let x = first(&data, params.split, params.count)?;
        images(&data.shape(), x)
    }
}

const DATA: Slot = Slot::new(
    "data",
    &[ArtifactType::Dataset],
    "where the originals come from",
)
.single();

/// The first observations of the split, as many as are wanted and there are.
fn first(data: &Dataset, split: SplitName, count: usize) -> Result<Rows, JobError> {
    let x = params::observations(data, split.name())?;
    let first: Vec<usize> = (0..count.min(x.len())).collect();
    Ok(Rows::new(x.columns, x.gather(&first)))
}

const MODEL: Slot = Slot::new("model", &[ArtifactType::Model], "the fitted model").single();
const PICTURES: &[Property] = &[Property::Pictures];
const IMAGES: Outputs = Outputs::Fixed(&[("images", ArtifactType::Images)]);

/// Of a diverged model.
fn no_images() -> StepOutput {
    let none = Images {
        shape: [0; 4],
        values: Vec::new(),
    };
    let bytes = none.to_bytes().unwrap_or_default();
    let mut produced = StepOutput::default();
    produced.file("images", artifacts::IMAGES, bytes);
    produced
}

/// Observations as pictures, if that is what they are.
fn images(shape: &[usize], x: Rows) -> Result<StepOutput, JobError> {
    let &[channels, height, width] = shape else {
        return Err(JobError::failed(format!(
            "the observations have shape {shape:?}; pictures have [channels, height, width]"
        )));
    };
    let images = Images {
        shape: [x.len(), channels, height, width],
        values: x.values,
    };
    let mut produced = StepOutput::default();
    produced.file("images", artifacts::IMAGES, images.to_bytes()?);
    Ok(produced)
}
