//! A trained model with its recovered prior: decoder f∘a, encoder b∘g.

use super::config::Config;
use super::networks::Networks;
use super::recovery::Quantiles;
use crate::models::Fitted;
use crate::models::ModelError;
use crate::models::Posterior;
use crate::models::Rows;
use crate::models::observation::Decoded;
use crate::nn::backend::Backend;
use crate::random::Seed;
use crate::training::weights;

/// Rows that pass the networks at once.
const CHUNK: usize = 1000;

/// A trained model on its device.
pub(super) struct FittedMapa<B: Backend> {
    config: Config,
    networks: Networks<B>,
    /// Stands in for the network a where what that costs is measured.
    quantiles: Option<Quantiles>,
}

impl<B: Backend> FittedMapa<B> {
    pub(super) fn new(config: Config, networks: Networks<B>) -> Self {
        FittedMapa {
            config,
            networks,
            quantiles: None,
        }
    }

    /// The same with the quantile function of its codes in place of the network a.
    pub(super) fn with_quantiles(self, quantiles: Quantiles) -> Self {
        FittedMapa {
            quantiles: Some(quantiles),
            ..self
        }
    }

    /// With the parameters that a training left.
    pub(super) fn open(
        device: &B,
        config: Config,
        bytes: &[u8],
    ) -> Result<Box<dyn Fitted>, ModelError> {
        let mut networks = Networks::new(&config, device, Seed::new(0));
        weights::open(bytes, &mut networks.components())?;
        Ok(Box::new(Self::new(config, networks)))
    }
}

impl<B: Backend> Fitted for FittedMapa<B> {
    fn shape(&self) -> &[usize] {
        &self.config.shape
    }

    fn latent(&self) -> usize {
        1
    }

    /// b(g(x)): a function, so q(z|x) has no density.
    fn encode(&self, x: &Rows) -> Result<Posterior, ModelError> {
        let networks = &self.networks;
        let [location, scale] = networks.standardisation();
        let (encoder, recovery) = (networks.encoder.constant(), networks.recovery.constant());
        let mut mean = Rows::new(1, Vec::with_capacity(x.len()));
        for x in x.chunks(CHUNK) {
            let (n, d) = (x.len(), x.columns);
            let code = networks.encode(&encoder, encoder.device().matrix(x.values, n, d));
            let location = encoder.device().full(-location, code.shape());
            let w = networks.to_prior(&recovery, (code + location) / scale);
            mean.values.extend(w.to_vec());
        }
        Ok(Posterior::Points(mean))
    }

    fn decode(&self, z: &Rows) -> Result<Decoded, ModelError> {
        let networks = &self.networks;
        let [location, scale] = networks.standardisation();
        let (decoder, recovery) = (networks.decoder.constant(), networks.recovery.constant());
        let none = Rows::new(self.config.dimensions(), Vec::new());
        let mut all = Decoded::new(self.config.visible, none);
        for w in z.chunks(CHUNK) {
            let n = w.len();
            let code = match &self.quantiles {
                Some(quantiles) => {
                    let z = w.values.iter().map(|w| quantiles.at(*w)).collect();
                    recovery.device().matrix(z, n, 1)
                }
                None => networks.to_code(&recovery, recovery.device().matrix(w.values, n, 1)),
            } * scale;
            let location = recovery.device().full(location, code.shape());
            all.append(networks.decode(&decoder, code + location).to_host());
        }
        Ok(all)
    }
}
