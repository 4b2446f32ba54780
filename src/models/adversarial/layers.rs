//! The networks of the systems: what goes in, what comes out, and what stands between the named
//! networks and the losses.

use super::players::Turn;
use crate::models::networks;
use crate::models::networks::Architecture;
use crate::models::networks::Network;
use crate::models::observation::Emitted;
use crate::models::observation::Head;
use crate::models::observation::ObservationModel;
use crate::models::observation::SigmaScope;
use crate::nn::Activation;
use crate::nn::Backend;
use crate::nn::Builder;
use crate::nn::Matrix;
use crate::nn::Mlp;
use crate::nn::Vector;
use crate::nn::losses;
use crate::registry::choices;
use serde::Deserialize;
use serde::Serialize;

/// Between the layers of discriminators (Rosca et al. 2018, appendix K.1).
const LEAKY: Activation = Activation::LeakyRelu(0.2);

/// Bounds of ln σ² of an encoder that no KL term restrains: σ from 5 · 10⁻⁴ to 1,800.
const LOG_VAR: f32 = 15.0;

choices! {
    /// What ends a generator.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub(super) enum Output {
        /// Any number.
        Identity = "identity",
        /// Numbers from 0 to 1.
        Sigmoid = "sigmoid",
    }
}

/// A generator without a likelihood: x = G(z).
pub(super) struct Generator {
    network: Network,
    output: Output,
}

impl Generator {
    pub(super) fn declare<B: Backend>(
        builder: &mut Builder<'_, B>,
        architecture: &Architecture,
        latent: usize,
        shape: &[usize],
        output: Output,
    ) -> Self {
        Generator {
            network: networks::generator(builder, architecture, latent, shape),
            output,
        }
    }
}

impl<B: Backend> Turn<'_, B, Generator> {
    /// G(z): `[n, latent]` to `[n, dimensions]`.
    pub(super) fn of(&self, z: Matrix<B>) -> Matrix<B> {
        let given = self.layers.network.forward(&self.pass, z, &self.statistics);
        match self.layers.output {
            Output::Identity => given,
            Output::Sigmoid => Activation::Sigmoid.apply(given),
        }
    }
}

/// A decoder: p(x|z).
pub(super) struct Decoder {
    network: Network,
    head: Head,
}

impl Decoder {
    pub(super) fn declare<B: Backend>(
        builder: &mut Builder<'_, B>,
        architecture: &Architecture,
        latent: usize,
        shape: &[usize],
        (visible, sigma_of): (ObservationModel, SigmaScope),
    ) -> Self {
        let head = Head::new(builder, visible, sigma_of, shape);
        let emitted = head.shape(shape);
        Decoder {
            network: networks::generator(builder, architecture, latent, &emitted),
            head,
        }
    }
}

impl<B: Backend> Turn<'_, B, Decoder> {
    /// The parameters of p(x|z), a row for each of `[n, latent]`.
    pub(super) fn of(&self, z: Matrix<B>) -> Emitted<B> {
        let given = self.layers.network.forward(&self.pass, z, &self.statistics);
        self.layers.head.complete(&self.pass, given)
    }
}

/// An encoder with q(z|x) = N(μ(x), σ²(x)).
pub(super) struct Encoder {
    network: Network,
    latent: usize,
}

impl Encoder {
    pub(super) fn declare<B: Backend>(
        builder: &mut Builder<'_, B>,
        architecture: &Architecture,
        shape: &[usize],
        latent: usize,
    ) -> Self {
        Encoder {
            network: networks::encoder(builder, architecture, shape, 2 * latent),
            latent,
        }
    }
}

impl<B: Backend> Turn<'_, B, Encoder> {
    /// μ(x) and ln σ²(x), `[n, latent]` each.
    pub(super) fn moments(&self, x: Matrix<B>) -> (Matrix<B>, Matrix<B>) {
        let given = self.layers.network.forward(&self.pass, x, &self.statistics);
        let (mean, log_var) = losses::split_columns(given, self.layers.latent);
        (mean, log_var.clamp(-LOG_VAR, LOG_VAR))
    }

    /// z = μ(x) + σ(x) ε
    pub(super) fn of(&self, x: Matrix<B>, noise: Matrix<B>) -> Matrix<B> {
        let (mean, log_var) = self.moments(x);
        losses::gaussian_sample(mean, log_var, noise)
    }
}

/// An encoder that is a function: z = F(x).
pub(super) struct Reconstructor {
    network: Network,
}

impl Reconstructor {
    pub(super) fn declare<B: Backend>(
        builder: &mut Builder<'_, B>,
        architecture: &Architecture,
        shape: &[usize],
        latent: usize,
    ) -> Self {
        Reconstructor {
            network: networks::encoder(builder, architecture, shape, latent),
        }
    }
}

impl<B: Backend> Turn<'_, B, Reconstructor> {
    /// F(x): `[n, dimensions]` to `[n, latent]`.
    pub(super) fn of(&self, x: Matrix<B>) -> Matrix<B> {
        self.layers.network.forward(&self.pass, x, &self.statistics)
    }
}

/// An encoder without a density: z = e(x, ε), ε ~ N(0, I) beside features of x.
pub(super) struct ImplicitEncoder {
    features: Network,
    /// From features and noise to z.
    mixes: Mlp,
}

impl ImplicitEncoder {
    pub(super) fn declare<B: Backend>(
        builder: &mut Builder<'_, B>,
        architecture: &Architecture,
        shape: &[usize],
        (features, noise): (usize, usize),
        latent: usize,
    ) -> Self {
        let widths = [features + noise, features, latent];
        ImplicitEncoder {
            features: networks::encoder(
                &mut builder.part("features"),
                architecture,
                shape,
                features,
            ),
            mixes: Mlp::new(&mut builder.part("mix"), &widths, Activation::Relu),
        }
    }
}

impl<B: Backend> Turn<'_, B, ImplicitEncoder> {
    /// h(x), from which z can be drawn any number of times.
    pub(super) fn features(&self, x: Matrix<B>) -> Matrix<B> {
        let network = &self.layers.features;
        Activation::Relu.apply(network.forward(&self.pass, x, &self.statistics))
    }

    /// z from h(x) and noise `[n, noise]`.
    pub(super) fn of(&self, features: Matrix<B>, noise: Matrix<B>) -> Matrix<B> {
        let mixed = B::join_columns(features, noise);
        self.layers.mixes.forward(&self.pass, mixed)
    }
}

/// A discriminator or a critic of one thing: observations or codes.
pub(super) struct Discriminator {
    pub network: Network,
}

impl Discriminator {
    /// Of observations; without batch norm where each has to stand for itself.
    pub(super) fn of_observations<B: Backend>(
        builder: &mut Builder<'_, B>,
        architecture: &Architecture,
        shape: &[usize],
        batch_norm: bool,
    ) -> Self {
        Discriminator {
            network: networks::discriminator(builder, architecture, shape, 1, batch_norm),
        }
    }

    /// Of codes: affine layers of these widths.
    pub(super) fn of_codes<B: Backend>(
        builder: &mut Builder<'_, B>,
        latent: usize,
        hidden: &[usize],
    ) -> Self {
        let widths = [&[latent], hidden, &[1]].concat();
        Discriminator {
            network: Network::Mlp(Mlp::new(builder, &widths, LEAKY)),
        }
    }
}

impl<B: Backend> Turn<'_, B, Discriminator> {
    /// The logits `[n]`, ln D/(1 − D) of each.
    pub(super) fn of(&self, x: Matrix<B>) -> Vector<B> {
        let logits = self.layers.network.forward(&self.pass, x, &self.statistics);
        logits.sum_rows()
    }
}

/// Sizes of a discriminator of pairs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct JointSizes {
    /// Numbers that each side of a pair becomes before they meet.
    pub features: usize,
    /// Widths of the layers behind that.
    pub hidden: Vec<usize>,
}

/// A discriminator of pairs (x, z): Rosca et al. 2018, table 6, whose numbers are lost, in the form of
/// Dumoulin et al. 2017: the discriminator of observations without its last layer, two layers over
/// z, and layers over both together.
pub(super) struct Joint {
    x: Network,
    z: Mlp,
    both: Mlp,
    /// Whether −ln N(z; 0, I), less its constant, is added to the logit, so that the network learns
    /// the rest alone.
    relative: bool,
}

impl Joint {
    pub(super) fn declare<B: Backend>(
        builder: &mut Builder<'_, B>,
        architecture: &Architecture,
        shape: &[usize],
        latent: usize,
        sizes: &JointSizes,
    ) -> Self {
        let features = sizes.features;
        let both = [&[2 * features], sizes.hidden.as_slice(), &[1]].concat();
        Joint {
            x: networks::discriminator(&mut builder.part("x"), architecture, shape, features, true),
            z: Mlp::new(&mut builder.part("z"), &[latent, features, features], LEAKY),
            both: Mlp::new(&mut builder.part("both"), &both, LEAKY),
            relative: false,
        }
    }

    /// The same with ½ ‖z‖² added to its logit.
    pub(super) fn relative_to_prior(mut self) -> Self {
        self.relative = true;
        self
    }
}

impl<B: Backend> Turn<'_, B, Joint> {
    /// The logits `[n]` of pairs.
    pub(super) fn of(&self, x: Matrix<B>, z: Matrix<B>) -> Vector<B> {
        let Joint {
            x: of_x,
            z: of_z,
            both,
            relative,
        } = self.layers;
        let x = LEAKY.apply(of_x.forward(&self.pass, x, &self.statistics));
        let from_z = LEAKY.apply(of_z.forward(&self.pass, z.clone()));
        let logits = both.forward(&self.pass, B::join_columns(x, from_z));
        match relative {
            false => logits.sum_rows(),
            true => logits.sum_rows() + z.square().sum_rows() * 0.5,
        }
    }
}
