//! What a manifest says of networks, and what weights keep of it.

use serde::Deserialize;
use serde::Serialize;

use super::Network;
use crate::nn::Backend;
use crate::nn::Builder;
use crate::nn::layers::Activation;
use crate::nn::layers::Mlp;
use crate::registry::choices;
use crate::registry::params;
use crate::registry::shape_text;

choices! {
    /// Which kind of network.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum NetworkKind {
        /// Affine layers.
        Mlp = "mlp",
        /// Convolutions of 5 × 5 for pictures as small as digits.
        ColorMnist = "color-mnist",
        /// Convolutions of 4 × 4 and stride 2 down to 4 × 4 pixels.
        Dcgan = "dcgan",
    }
}

choices! {
    /// What can stand between the layers: names of [`crate::nn::layers::Activation`].
    pub enum HiddenActivation {
        Elu = "elu",
        LeakyRelu = "leaky-relu",
        Relu = "relu",
        Softplus = "softplus",
        Tanh = "tanh",
    }
}

/// The slope of [`HiddenActivation::LeakyRelu`] below zero, unless another one is given.
pub(crate) const SLOPE: f64 = 0.2;

impl HiddenActivation {
    /// The name by which [`Activation::named`] finds it, a leaky ReLU with this slope.
    ///
    /// [`Activation::named`]: crate::nn::layers::Activation::named
    pub(crate) fn with_slope(self, slope: f64) -> String {
        match self {
            HiddenActivation::LeakyRelu if slope != SLOPE => format!("leaky-relu {slope}"),
            other => other.name().to_owned(),
        }
    }
}

params! {
    /// The networks of a model of pictures.
    pub(crate) struct NetworkParams {
        /// which networks: affine layers, or those of Rosca et al. 2018 for pictures
        network: NetworkKind = NetworkKind::Mlp;
        /// widths of the encoder's hidden layers, for `mlp`; the decoder has them in reverse
        hidden: Vec<usize> = [400], each_min(1), only_with("network", &["mlp"]);
        /// between the layers, for `mlp`
        activation: HiddenActivation = HiddenActivation::Relu, only_with("network", &["mlp"]);
        /// of `leaky-relu` below zero
        slope: f64 = SLOPE, min(0.0), max(1.0), only_with("activation", &["leaky-relu"]);
        /// feature maps: of the widest layer for `color-mnist`, of the layer next to the pixels for
        /// `dcgan`
        maps: usize = 64, min(2), only_with("network", &["color-mnist", "dcgan"]);
        /// convolutions [default: 3 for `color-mnist`; for `dcgan` as many as lead to less than 8 × 8
        /// pixels]
        depth: Option<usize>, min(1), max(16), only_with("network", &["color-mnist", "dcgan"]);
    }
}

/// Everything that decides the networks but what goes in and comes out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Architecture {
    pub kind: NetworkKind,
    /// Widths of the hidden layers of an MLP's encoder.
    pub hidden: Vec<usize>,
    /// A name of [`Activation`], for an MLP.
    pub activation: String,
    /// Feature maps of convolutions.
    pub maps: usize,
    /// How many convolutions; none for the usual number.
    pub depth: Option<usize>,
}

impl Architecture {
    /// Affine layers of these widths.
    pub fn mlp_of(hidden: Vec<usize>, activation: HiddenActivation) -> Self {
        Architecture {
            kind: NetworkKind::Mlp,
            hidden,
            activation: activation.name().to_owned(),
            maps: 64,
            depth: None,
        }
    }

    pub(crate) fn of(params: &NetworkParams) -> Self {
        Architecture {
            kind: params.network,
            maps: params.maps,
            depth: params.depth,
            activation: params.activation.with_slope(params.slope),
            ..Self::mlp_of(params.hidden.clone(), params.activation)
        }
    }

    /// Whether there are such networks for observations of `shape`.
    ///
    /// # Errors
    /// What is wrong, and what to do about it.
    pub fn check(&self, shape: &[usize]) -> Result<(), (String, String)> {
        let name = self.kind.name();
        let (least, halvings) = match self.kind {
            NetworkKind::Mlp => return Ok(()),
            NetworkKind::ColorMnist => (4, 0),
            NetworkKind::Dcgan => (8, self.dcgan_depth(shape)),
        };
        let &[_, height, width] = shape else {
            return Err((
                format!(
                    "`network: {name}` is for pictures, these are observations of {}",
                    shape_text(shape)
                ),
                "give pictures, or `network: mlp`, which takes any observations".to_owned(),
            ));
        };
        if self.kind == NetworkKind::ColorMnist && self.depth == Some(1) {
            return Err((
                "`network: color-mnist` halves a picture in its first and in its last convolution"
                    .to_owned(),
                "give a `depth` of 2 or more; 3 is the paper's".to_owned(),
            ));
        }
        if height < least || width < least {
            return Err((
                format!(
                    "`network: {name}` is for pictures of at least {least} × {least} pixels, these \
                     have {height} × {width}"
                ),
                "give larger pictures, or `network: mlp`".to_owned(),
            ));
        }
        let step = 1usize << halvings;
        if height % step > 0 || width % step > 0 {
            return Err((
                format!(
                    "`network: {name}` halves a picture {halvings} times, and {height} × {width} \
                     pixels cannot be"
                ),
                format!(
                    "give pictures whose sides are multiples of {step}, a smaller `depth`, or \
                     `network: color-mnist`, which takes any size"
                ),
            ));
        }
        Ok(())
    }

    /// Convolutions of stride 2 of a DCGAN: as many as leave less than 8 pixels.
    pub(super) fn dcgan_depth(&self, shape: &[usize]) -> usize {
        let side = shape[1.min(shape.len() - 1)..].iter().min();
        let side = side.copied().unwrap_or(1).max(1);
        self.depth
            .unwrap_or_else(|| (side.ilog2() as usize).saturating_sub(2).max(1))
    }

    /// Affine layers; the widths in reverse for a decoder.
    pub(super) fn mlp<B: Backend>(
        &self,
        builder: &mut Builder<'_, B>,
        reverse: bool,
        inputs: usize,
        outputs: usize,
    ) -> Network {
        let mut hidden = self.hidden.clone();
        if reverse {
            hidden.reverse();
        }
        let widths = [&[inputs], hidden.as_slice(), &[outputs]].concat();
        let activation = Activation::named(&self.activation).unwrap_or(Activation::Relu);
        Network::Mlp(Mlp::new(builder, &widths, activation))
    }
}
