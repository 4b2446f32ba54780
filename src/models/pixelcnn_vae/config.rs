//! What makes one of these models differ from another: saved with its weights.

use serde::Deserialize;
use serde::Serialize;

use crate::data::Dataset;
use crate::models::ModelError;
use crate::models::params::TrainingParams;
use crate::models::semi_amortized::InferenceParams;
use crate::models::semi_amortized::Recipe;
use crate::models::semi_amortized::Settings;
use crate::registry::InvalidParam;
use crate::registry::params;

params! {
    /// What `train/pixelcnn-vae` may be given.
    pub(crate) struct PixelCnnVaeParams {
        inference: InferenceParams;
        /// maps of every convolution of the encoder
        maps: usize = 64, min(1);
        /// residual blocks of the encoder, each followed by a convolution that halves the image
        blocks: usize = 3, min(1);
        /// maps of the size of the image that z becomes, beside the image
        z_maps: usize = 4, min(1);
        /// maps of every layer of the PixelCNN
        channels: usize = 32, min(1);
        /// sizes of its kernels, a layer each; odd
        kernels: Vec<usize> = [9, 9, 9, 7, 7, 7, 5, 5, 5, 3, 3, 3], each_min(1);
        /// largest norm of all gradients together; 0 for none
        clip: f64 = 5.0, min(0.0);
        training: TrainingParams;
    }
}

/// The architecture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Config {
    /// The name of the model: opening weights looks it up by this.
    pub model: String,
    pub inference: Settings,
    /// `[1, height, width]`
    pub shape: Vec<usize>,
    pub maps: usize,
    pub blocks: usize,
    pub z_maps: usize,
    pub channels: usize,
    pub kernels: Vec<usize>,
}

impl Config {
    /// # Errors
    /// Where the data set is not of images with one channel, or of images too small to be halved.
    pub(crate) fn new(
        name: &str,
        data: &Dataset,
        params: &PixelCnnVaeParams,
    ) -> Result<Self, ModelError> {
        let shape = data.shape();
        if let Err((message, help)) = params.takes(&shape) {
            let name = data.name();
            return Err(ModelError::Data(format!("`{name}`: {message}: {help}")));
        }
        if let Some(wrong) = params.conflict() {
            return Err(ModelError::Data(wrong.message));
        }
        Ok(Config {
            model: name.to_owned(),
            inference: Settings::new(&params.inference, params.training.batch),
            shape,
            maps: params.maps,
            blocks: params.blocks,
            z_maps: params.z_maps,
            channels: params.channels,
            kernels: params.kernels.clone(),
        })
    }

    /// Height and width.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.shape[1], self.shape[2])
    }

    pub(crate) fn pixels(&self) -> usize {
        self.shape.iter().product()
    }
}

impl PixelCnnVaeParams {
    /// Whether observations have a shape that the networks take.
    ///
    /// # Errors
    /// What is wrong, and what to do.
    pub(crate) fn takes(&self, shape: &[usize]) -> Result<(), (String, String)> {
        let &[1, height, width] = shape else {
            let shape = crate::registry::shape_text(shape);
            return Err((
                format!(
                    "the model is of images with one channel, and these are observations of {shape}"
                ),
                "`train/vae` takes observations of any shape".to_owned(),
            ));
        };
        if self.inference.inference.has_encoder() && height.min(width) >> self.blocks == 0 {
            let blocks = self.blocks;
            return Err((
                format!("images of {height} × {width} cannot be halved {blocks} times"),
                "give fewer `blocks`".to_owned(),
            ));
        }
        Ok(())
    }

    /// What of them does not go together.
    pub(crate) fn conflict(&self) -> Option<InvalidParam> {
        let even = self.kernels.iter().find(|kernel| **kernel % 2 == 0)?;
        Some(InvalidParam {
            param: "kernels",
            message: format!("a kernel of {even} has no centre"),
            help: "sizes of kernels are odd".to_owned(),
        })
    }

    /// How it is trained, over so many observations.
    pub(crate) fn recipe(&self, observations: usize) -> Recipe {
        let training = &self.training;
        Recipe {
            algorithm: training.adam(),
            rate: training.rate(observations),
            least_rate: 0.0,
            clip: self.clip,
            epochs: training.epochs,
            batch: training.batch,
            seed: training.seed,
        }
    }
}
