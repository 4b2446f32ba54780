//! What planning knows of an artifact that does not exist yet, from the kind and the parameters of the
//! step that will leave it.

use super::Capability;
use super::Property;
use super::shape_text;
use crate::text::plural;

/// What is known of what a step will leave. Nothing is known by default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Of a data set: least and greatest number that an observation can have.
    pub range: Option<(f64, f64)>,
    /// Of a model: least and greatest number that its p(x|z) is a density over.
    pub support: Option<(f64, f64)>,
    /// Of a model: all that it can do.
    pub capabilities: Option<&'static [Capability]>,
    /// Of a data set or of a model: the shape of one observation.
    pub shape: Option<Vec<usize>>,
    /// Of a data set or of a model: whether an observation is a sequence, which has no shape.
    pub sequences: Option<bool>,
    /// Of a data set, and of a model the data that it learns from: how their numbers are scaled, in the words
    /// of the manifest.
    pub scaled: Option<String>,
    /// Of a model: how many latent dimensions it has.
    pub latent: Option<usize>,
    /// Of a data set, and of a model as far as its observations go: what it certainly has not.
    pub lacking: Vec<Property>,
}

impl Facts {
    /// What holds of both: for slots that read several artifacts.
    pub fn common(&self, other: &Facts) -> Facts {
        fn agreed<T: PartialEq + Copy>(a: Option<T>, b: Option<T>) -> Option<T> {
            a.filter(|_| a == b)
        }
        let shape = self.shape.as_ref().filter(|_| self.shape == other.shape);
        let scaled = self.scaled.as_ref().filter(|_| self.scaled == other.scaled);
        let lacking = self.lacking.iter().copied();
        let lacking = lacking.filter(|property| other.lacking.contains(property));
        Facts {
            shape: shape.cloned(),
            scaled: scaled.cloned(),
            range: agreed(self.range, other.range),
            support: agreed(self.support, other.support),
            capabilities: agreed(self.capabilities, other.capabilities),
            sequences: agreed(self.sequences, other.sequences),
            latent: agreed(self.latent, other.latent),
            lacking: lacking.collect(),
        }
    }

    /// What of this a model lacks, as far as its capabilities are known.
    pub fn lacks(&self, needs: &[Capability]) -> Option<Capability> {
        let has = self.capabilities?;
        needs.iter().copied().find(|need| !has.contains(need))
    }

    /// Whether a model is of sequences where `data` has such, and of arrays where it has those.
    ///
    /// # Errors
    /// Where both are known and differ.
    pub fn is_of_the_form_of(&self, data: &Facts) -> Result<(), Misfit> {
        let (Some(own), Some(given)) = (self.sequences, data.sequences) else {
            return Ok(());
        };
        if own == given {
            return Ok(());
        }
        let (message, help) = match given {
            true => (
                "these are sequences, and the model is of arrays of numbers",
                "`train/lstm-vae` is a model of sequences",
            ),
            false => (
                "these are arrays of numbers, and the model is of sequences",
                "`dataset/text` and `dataset/oracle-lstm` are data sets of sequences",
            ),
        };
        Err(Misfit {
            slot: "data",
            message: message.to_owned(),
            beside: None,
            help: help.to_owned(),
        })
    }

    /// Whether a model is of observations of the form, the shape and the scale of `data`; both are read by
    /// slots of those names.
    ///
    /// # Errors
    /// Where they are known and differ.
    pub fn is_of_data_like(&self, data: &Facts) -> Result<(), Misfit> {
        self.is_of_the_form_of(data)?;
        match (&self.shape, &data.shape) {
            (Some(own), Some(given)) if own != given => Err(Misfit {
                slot: "data",
                message: format!("these are observations of {}", shape_text(given)),
                beside: Some((
                    "model",
                    format!("the model is of observations of {}", shape_text(own)),
                )),
                help: "give it the data that the model was trained on, or others of their shape"
                    .to_owned(),
            }),
            _ => self.learns_of_the_scale_of(data, "model"),
        }
    }

    /// Whether what is in a slot learns from numbers that are scaled as those in the slot `data`.
    ///
    /// # Errors
    /// Where it is known how they are, and they differ.
    pub fn learns_of_the_scale_of(&self, data: &Facts, slot: &'static str) -> Result<(), Misfit> {
        match (&self.scaled, &data.scaled) {
            (Some(own), Some(given)) if own != given => Err(Misfit {
                slot: "data",
                message: format!("these numbers are scaled by {given}"),
                beside: Some((
                    slot,
                    format!("the {slot} learns from numbers that are scaled by {own}"),
                )),
                help: format!(
                    "give it the data that the {slot} was trained on; numbers of further files are scaled as \
                     those where one data set reads both"
                ),
            }),
            _ => Ok(()),
        }
    }

    /// Whether the model in the slot `model` has as many latent dimensions as `what` needs.
    ///
    /// # Errors
    /// Where it is known to have others.
    pub fn has_latents(&self, needed: usize, what: &str) -> Result<(), Misfit> {
        match self.latent {
            Some(latent) if latent != needed => Err(Misfit {
                slot: "model",
                message: format!("it has {}", plural(latent, "latent dimension")),
                beside: None,
                help: format!("{what} needs `latent: {needed}`"),
            }),
            _ => Ok(()),
        }
    }

    /// Whether a model of this support has a likelihood of data such as `data`.
    ///
    /// # Errors
    /// Where data have numbers that its p(x|z) is no density over.
    pub fn has_likelihood_of(&self, data: &Facts) -> Result<(), Misfit> {
        let (Some((least, greatest)), Some((low, high))) = (data.range, self.support) else {
            return Ok(());
        };
        if least >= low && greatest <= high {
            return Ok(());
        }
        let given = numbers_text(least, greatest);
        Err(Misfit {
            slot: "data",
            beside: None,
            message: format!(
                "observations can be {given}, and p(x|z) is a density over [{low}, {high}]"
            ),
            help: "`visible: gaussian` is for any number, `visible: bernoulli` for [0, 1]"
                .to_owned(),
        })
    }
}

/// `numbers from 0 to 1`, or `any number` where there is no end on both sides.
pub fn numbers_text(least: f64, greatest: f64) -> String {
    match (least.is_finite(), greatest.is_finite()) {
        (true, true) => format!("numbers from {least} to {greatest}"),
        _ => "any number".to_owned(),
    }
}

/// An artifact of the right type that a stage kind cannot work with.
#[derive(Clone, Debug, PartialEq)]
pub struct Misfit {
    pub slot: &'static str,
    /// What is wrong, in a few words that stand under the source of the slot.
    pub message: String,
    /// Another slot that has to do with it, and what is said under its source.
    pub beside: Option<(&'static str, String)>,
    /// What to do about it.
    pub help: String,
}

impl Misfit {
    /// Of the slot `data`: what is wrong with it, and what to do.
    pub fn of_data((message, help): (String, String)) -> Self {
        Misfit {
            slot: "data",
            message,
            beside: None,
            help,
        }
    }
}
