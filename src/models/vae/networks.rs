//! Encoder, decoder and flow, and the terms of the bound.

use super::config::Config;
use super::config::FlowSizes;
use crate::models::networks;
use crate::models::networks::Network;
use crate::models::observation::Emitted;
use crate::models::observation::Head;
use crate::models::params::TrainingParams;
use crate::nn::backend::Backend;
use crate::nn::layers::Activation;
use crate::nn::layers::CouplingSizes;
use crate::nn::layers::RealNvp;
use crate::nn::layers::Statistics;
use crate::nn::losses;
use crate::nn::losses::Scale;
use crate::nn::params::Pass;
use crate::nn::tensor::Matrix;
use crate::nn::tensor::Vector;
use crate::random::Seed;
use crate::training::Component;

/// The networks of a VAE, each a component.
pub(crate) struct Networks<B: Backend> {
    pub encoder: Component<B>,
    pub decoder: Component<B>,
    /// Where q(z|x) is a flow.
    pub flow: Option<Flow<B>>,
    encodes: Network,
    decodes: Network,
    head: Head,
    latent: usize,
}

/// The couplings of a RealNVP posterior.
pub(crate) struct Flow<B: Backend> {
    pub component: Component<B>,
    pub couplings: RealNvp,
}

/// Largest |s| of a coupling: scales stay below e².
const LARGEST_LOG_SCALE: f32 = 2.0;

/// What an encoder gives, `[n, …]` each.
pub(crate) struct Encoded<B: Backend> {
    /// μ(x)
    pub mean: Matrix<B>,
    /// ln σ²(x)
    pub log_var: Matrix<B>,
    /// h(x), where there is a flow.
    pub features: Option<Matrix<B>>,
}

/// The terms of the bound, one number per observation, in nats.
pub(crate) struct Bound<B: Backend> {
    /// −log p(x|z) at one sample z ~ q(z|x).
    pub nll: Vector<B>,
    /// KL(q(z|x) || N(0, I)): in closed form for a Gaussian, for a flow log q(z|x) − log p(z) at
    /// the sample.
    pub kl: Vector<B>,
}

/// A pass of every network, with the statistics that batch norm uses in it.
pub(crate) struct Passes<'a, B: Backend> {
    pub encoder: Pass<'a, B>,
    pub decoder: Pass<'a, B>,
    pub flow: Option<Pass<'a, B>>,
    pub encoder_statistics: Statistics<B>,
    pub decoder_statistics: Statistics<B>,
}

impl<B: Backend> Networks<B> {
    /// Declares all parameters; first values come from `seed`.
    pub(crate) fn new(config: &Config, device: &B, seed: Seed) -> Self {
        let (shape, latent) = (&config.shape, config.latent);
        let features = config.flow.as_ref().map_or(0, |flow| flow.features);
        let seed = seed.derive("fit/init");
        let (encoder, encodes) = Component::declare("encoder", device, seed, |builder| {
            networks::encoder(builder, &config.network, shape, 2 * latent + features)
        });
        let (decoder, (decodes, head)) = Component::declare("decoder", device, seed, |builder| {
            let head = Head::new(builder, config.visible, config.sigma_of, shape);
            let emitted = head.shape(shape);
            let network = networks::generator(builder, &config.network, latent, &emitted);
            (network, head)
        });
        let flow = config.flow.as_ref();
        Networks {
            encoder,
            decoder,
            flow: flow.map(|sizes| Flow::new(sizes, latent, device, seed)),
            encodes,
            decodes,
            head,
            latent,
        }
    }

    /// With the optimiser that the parameters describe, for so many observations.
    pub(crate) fn optimised(mut self, training: &TrainingParams, observations: usize) -> Self {
        for network in self.components() {
            network.optimise(training.adam(), training.rate(observations));
        }
        self
    }

    pub(crate) fn components(&mut self) -> Vec<&mut Component<B>> {
        let flow = self.flow.iter_mut().map(|flow| &mut flow.component);
        [&mut self.encoder, &mut self.decoder]
            .into_iter()
            .chain(flow)
            .collect()
    }

    /// Passes in which the weights are learned, by the statistics of the batch.
    pub(crate) fn record(&self) -> Passes<'_, B> {
        Passes {
            encoder: self.encoder.record(),
            decoder: self.decoder.record(),
            flow: self.flow.as_ref().map(|flow| flow.component.record()),
            encoder_statistics: Statistics::noted(),
            decoder_statistics: Statistics::noted(),
        }
    }

    /// Passes in which the weights are constants, by the running statistics.
    pub(crate) fn constant(&self) -> Passes<'_, B> {
        Passes {
            encoder: self.encoder.constant(),
            decoder: self.decoder.constant(),
            flow: self.flow.as_ref().map(|flow| flow.component.constant()),
            encoder_statistics: Statistics::Running,
            decoder_statistics: Statistics::Running,
        }
    }

    /// μ and ln σ² of q(z|x): `[n, dimensions]` to twice `[n, latent]`, in a pass of the encoder, by
    /// the running statistics.
    pub(crate) fn encode(&self, encoder: &Pass<'_, B>, x: Matrix<B>) -> (Matrix<B>, Matrix<B>) {
        let encoded = self.encode_by(encoder, x, &Statistics::Running);
        (encoded.mean, encoded.log_var)
    }

    /// What the encoder says of `x`, in a pass of it.
    pub(crate) fn encode_by(
        &self,
        encoder: &Pass<'_, B>,
        x: Matrix<B>,
        statistics: &Statistics<B>,
    ) -> Encoded<B> {
        let all = self.encodes.forward(encoder, x, statistics);
        let (moments, features) = match &self.flow {
            None => (all, None),
            Some(_) => {
                let (moments, features) = losses::split_columns(all, 2 * self.latent);
                (moments, Some(features))
            }
        };
        let (mean, log_var) = losses::split_columns(moments, self.latent);
        Encoded {
            mean,
            log_var,
            features,
        }
    }

    /// The parameters of p(x|z), a row for each of `[n, latent]`, in a pass of the decoder, by the
    /// running statistics.
    pub(crate) fn decode(&self, decoder: &Pass<'_, B>, z: Matrix<B>) -> Emitted<B> {
        self.decode_by(decoder, z, &Statistics::Running)
    }

    /// The same, by these statistics.
    pub(crate) fn decode_by(
        &self,
        decoder: &Pass<'_, B>,
        z: Matrix<B>,
        statistics: &Statistics<B>,
    ) -> Emitted<B> {
        let given = self.decodes.forward(decoder, z, statistics);
        self.head.complete(decoder, given)
    }

    /// The bound at the reparameterised sample of this noise (`[n, latent]`). `observed` is what p(x|z)
    /// is trained at: `x`, or `x` under the noise of a quantized normal. Without it `x` is scored.
    pub(crate) fn bound(
        &self,
        passes: &Passes<'_, B>,
        x: Matrix<B>,
        observed: Option<Matrix<B>>,
        noise: Matrix<B>,
    ) -> Bound<B> {
        let encoded = self.encode_by(&passes.encoder, x.clone(), &passes.encoder_statistics);
        let (mean, log_var) = (encoded.mean, encoded.log_var);
        let base = losses::gaussian_sample(mean.clone(), log_var.clone(), noise);
        let (z, kl) = match (&self.flow, &passes.flow) {
            (Some(flow), Some(pass)) => {
                let context = encoded.features.as_ref();
                let mapped = flow.couplings.forward(pass, base.clone(), context);
                // log q(z|x) − log p(z), with log q(z|x) = log N(z₀; μ, σ²) − log |det|.
                let (n, l) = base.shape();
                let (zero, device) = ((n, l), base.device().clone());
                let [location, scale] = [0, 1].map(|_| device.full(0.0, zero));
                let minus_log_p =
                    losses::gaussian_nll(mapped.z.clone(), location, scale, Scale::LogVar);
                let minus_log_q = losses::gaussian_nll(base, mean, log_var, Scale::LogVar);
                (mapped.z, minus_log_p - minus_log_q - mapped.log_det)
            }
            _ => (base, losses::kl_standard(mean, log_var)),
        };
        let emitted = self.decode_by(&passes.decoder, z, &passes.decoder_statistics);
        Bound {
            nll: match observed {
                Some(observed) => emitted.nll(observed),
                None => emitted.score(x),
            },
            kl,
        }
    }
}

impl<B: Backend> Flow<B> {
    fn new(sizes: &FlowSizes, latent: usize, device: &B, seed: Seed) -> Self {
        let sizes_of_each = CouplingSizes {
            dimension: latent,
            context: sizes.features,
            hidden: sizes.hidden.clone(),
            activation: Activation::LeakyRelu(0.2),
            s_max: LARGEST_LOG_SCALE,
        };
        let (component, couplings) = Component::declare("flow", device, seed, |builder| {
            RealNvp::new(builder, sizes.couplings, &sizes_of_each)
        });
        Flow {
            component,
            couplings,
        }
    }
}
