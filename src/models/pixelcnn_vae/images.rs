//! Batches of binary images.

use super::config::Config;
use crate::data::Dataset;
use crate::models::ModelError;
use crate::models::Rows;
use crate::models::params;
use crate::models::semi_amortized::Content;
use crate::models::semi_amortized::Representation;
use crate::random::Stream;

/// Images of zeros and ones, a row each.
pub(crate) struct Binary(pub Rows);

/// How the model of a configuration reads images.
pub(crate) struct ImageRepresentation(pub Config);

impl Representation<Binary> for ImageRepresentation {
    fn read(&self, data: &Dataset, split: &str) -> Result<Content, ModelError> {
        let rows = params::observations(data, split)?;
        if data.shape() != self.0.shape {
            return Err(ModelError::Data(format!(
                "the model is of images of {}, `{}` has observations of {}",
                crate::registry::shape_text(&self.0.shape),
                data.name(),
                crate::registry::shape_text(&data.shape())
            )));
        }
        let grey = |value: &&f32| !(0.0..=1.0).contains(*value);
        if let Some(value) = rows.values.iter().find(grey) {
            return Err(ModelError::Data(format!(
                "`{split}` of `{}` has the value {value}, which is no probability of a pixel",
                data.name()
            )));
        }
        if split != "train" && rows.values.iter().any(|value| value.fract() != 0.0) {
            return Err(ModelError::Data(format!(
                "the model is of binary images, and `{split}` of `{}` has grey ones: draw them once, the \
                 same for all methods: with `binarize` where the data set has it, and in files of yours \
                 as 0 and 255 beside grey values to train on",
                data.name()
            )));
        }
        Ok(Content::Images(rows))
    }

    /// In training a pixel is one with its grey value as probability, drawn anew for every batch.
    fn batch(&self, content: &Content, noise: Option<&mut Stream>) -> Result<Binary, ModelError> {
        let Content::Images(rows) = content else {
            let what = "the model is of images, and these are sequences";
            return Err(ModelError::Data(what.to_owned()));
        };
        let mut rows = rows.clone();
        if let Some(noise) = noise {
            for value in &mut rows.values {
                *value = f32::from(u8::from(noise.unit() < *value));
            }
        }
        Ok(Binary(rows))
    }

    fn predicted(&self, content: &Content) -> Vec<usize> {
        content.lengths()
    }
}
