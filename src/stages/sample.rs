//! `sample/…`: pictures from a fitted model.

use super::Stage;
use super::artifacts;
use super::artifacts::Images;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::Produced;
use crate::models;
use crate::models::Fitted;
use crate::models::Rows;
use crate::models::params;
use crate::nn::device::DeviceChoice;
use crate::registry::ArtifactType;
use crate::registry::Entry;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::Slot;
use crate::registry::StageKind;

/// `sample/prior`
pub struct Prior;

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

    fn params(&self) -> Vec<Param> {
        vec![
            Param::int("count", "how many pictures").min(1).default(64),
            Param::seed("seed", "which draws"),
        ]
    }
}

impl StageKind for Prior {
    fn inputs(&self) -> Vec<Slot> {
        vec![MODEL]
    }

    fn outputs(&self) -> Outputs {
        IMAGES
    }

    fn uses_numerics(&self) -> bool {
        true
    }
}

impl Stage for Prior {
    fn run(&self, job: &Job<'_>) -> Result<Produced, JobError> {
        let model = open(job)?;
        let count = params::size(&job.step.params, "count");
        let seed = params::seed(&job.step.params);
        let mut stream = seed.derive("sample/prior").stream(0);
        images(&*model, model.sample(count, &mut stream)?)
    }
}

/// `sample/reconstructions`
pub struct Reconstructions;

impl Entry for Reconstructions {
    fn name(&self) -> &'static str {
        "sample/reconstructions"
    }

    fn summary(&self) -> &'static str {
        "held-out pictures, each beside its reconstruction"
    }

    fn docs(&self) -> &'static str {
        "Takes the first pictures of a split, encodes them, and decodes the means of q(z|x). Leaves\n\
         the originals, then their reconstructions in the same order, as `figure/images` with\n\
         `layout: pairs` draws them."
    }

    fn params(&self) -> Vec<Param> {
        vec![
            Param::int("count", "how many pictures").min(1).default(10),
            Param::choice("split", &["train", "valid", "test"], "where they come from")
                .default("test"),
        ]
    }
}

impl StageKind for Reconstructions {
    fn inputs(&self) -> Vec<Slot> {
        vec![
            MODEL,
            Slot::new(
                "data",
                &[ArtifactType::Dataset],
                "where the originals come from",
            ),
        ]
    }

    fn outputs(&self) -> Outputs {
        IMAGES
    }

    fn uses_numerics(&self) -> bool {
        true
    }
}

impl Stage for Reconstructions {
    fn run(&self, job: &Job<'_>) -> Result<Produced, JobError> {
        let model = open(job)?;
        let data = artifacts::dataset(job, "data")?;
        let x = params::observations(&data, params::text(&job.step.params, "split"))?;
        let count = params::size(&job.step.params, "count").min(x.len());
        let first: Vec<usize> = (0..count).collect();
        let x = Rows::new(x.columns, x.gather(&first));
        let decoded = model.decode(&model.encode(&x)?.mean)?;
        images(&*model, decoded.appended_to(x))
    }
}

const MODEL: Slot = Slot::new("model", &[ArtifactType::Model], "the fitted model");
const IMAGES: Outputs = Outputs::Fixed(&[("images", ArtifactType::Images)]);

fn open(job: &Job<'_>) -> Result<Box<dyn Fitted>, JobError> {
    let weights = artifacts::read(artifacts::only(job, "model")?, artifacts::MODEL)?;
    Ok(models::open(&weights, DeviceChoice::Cpu)?)
}

/// Observations as pictures, if that is what they are.
fn images(model: &dyn Fitted, x: Rows) -> Result<Produced, JobError> {
    let &[channels, height, width] = model.shape() else {
        return Err(JobError::failed(format!(
            "the model's observations have shape {:?}; pictures have [channels, height, width]",
            model.shape()
        )));
    };
    let images = Images {
        shape: [x.len(), channels, height, width],
        values: x.values,
    };
    let mut produced = Produced::default();
    produced.file("images", artifacts::IMAGES, images.to_bytes()?);
    Ok(produced)
}
