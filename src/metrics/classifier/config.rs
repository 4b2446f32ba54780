//! What a manifest says of a classifier, and what its weights keep of that.

use serde::Deserialize;
use serde::Serialize;

use crate::models::networks::Network;
use crate::models::networks::classifier;
use crate::models::params::MOST_EPOCHS;
use crate::models::params::RateSchedule;
use crate::nn::Activation;
use crate::nn::Backend;
use crate::nn::Mlp;
use crate::nn::device::DeviceChoice;
use crate::random::Seed;
use crate::registry::choices;
use crate::registry::params;
use crate::registry::shape_text;
use crate::training::Component;

choices! {
    /// Which network.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum ClassifierKind {
        /// Two hidden affine layers.
        Mlp = "mlp",
        /// Two convolutions.
        Digits = "digits",
        /// Thirteen convolutions.
        Vgg = "vgg",
    }
}

params! {
    /// A classifier and how it is trained.
    pub struct ClassifierParams {
        /// which network: affine layers, two convolutions for pictures as small as digits, or the
        /// thirteen of a VGG
        network: ClassifierKind = ClassifierKind::Digits;
        /// units of each of two hidden layers, for `mlp`
        hidden: usize = 256, min(1), only_with("network", &["mlp"]);
        /// feature maps of the first convolution; a VGG has 64
        maps: usize = 32, min(1), only_with("network", &["digits", "vgg"]);
        /// passes over the training split
        epochs: u64 = 10, min(1), max(MOST_EPOCHS);
        /// observations per update
        batch: usize = 100, min(1);
        /// learning rate of Adam
        lr: f64 = 1e-3, min(0.0);
        /// how the learning rate changes: `linear` and `cosine` fall to nothing at the end
        schedule: RateSchedule = RateSchedule::Constant;
        /// whether training pictures are mirrored, each with a probability of one half
        flip: bool = false;
        /// training pictures are moved at random by up to so many pixels, with zeros where they
        /// were
        shift: usize = 0, max(64);
        /// which initialisation, order and changes of pictures
        seed: Seed;
        /// where to train
        device: DeviceChoice = "auto";
    }
}

/// All that opens the weights of a classifier again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Config {
    /// Of one observation.
    pub shape: Vec<usize>,
    pub classes: usize,
    pub classifier: ClassifierKind,
    pub hidden: usize,
    pub maps: usize,
    /// What the classes are called, where the data say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_names: Option<Vec<String>>,
}

impl ClassifierParams {
    /// Whether there is such a classifier of observations of `shape`.
    ///
    /// # Errors
    /// What is wrong, and what to do about it.
    pub fn check(&self, shape: &[usize]) -> Result<(), (String, String)> {
        let pictures = shape.len() == 3;
        let wants = match (self.network, self.flip || self.shift > 0) {
            (ClassifierKind::Digits | ClassifierKind::Vgg, _) => "`network: digits` and `vgg` are",
            (ClassifierKind::Mlp, true) => "`flip` and `shift` are",
            (ClassifierKind::Mlp, false) => return Ok(()),
        };
        match pictures {
            true => Ok(()),
            false => Err((
                format!(
                    "{wants} for pictures, these are observations of {}",
                    shape_text(shape)
                ),
                "give pictures, or `network: mlp` without `flip` and `shift`".to_owned(),
            )),
        }
    }
}

impl Config {
    /// The network with first values from `seed`.
    pub(super) fn declare<B: Backend>(&self, device: &B, seed: Seed) -> (Component<B>, Network) {
        let Config {
            shape,
            classes,
            classifier,
            hidden,
            maps,
            class_names: _,
        } = self;
        let (classes, maps) = (*classes, *maps);
        Component::declare("classifier", device, seed, |builder| match classifier {
            ClassifierKind::Mlp => {
                let widths = [shape.iter().product(), *hidden, *hidden, classes];
                Network::Mlp(Mlp::new(builder, &widths, Activation::Relu))
            }
            ClassifierKind::Digits => classifier::digits(builder, maps, shape, classes),
            ClassifierKind::Vgg => classifier::vgg(builder, maps, shape, classes),
        })
    }
}
