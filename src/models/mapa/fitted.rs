//! A trained model with its recovered prior: decoder f∘a, encoder b∘g.

use super::config::Config;
use super::networks::Networks;
use crate::models::Fitted;
use crate::models::ModelError;
use crate::models::Posterior;
use crate::models::Rows;
use crate::models::observation::Decoded;
use crate::models::observation::ObservationModel;
use crate::nn::backend::Backend;
use crate::nn::params::Params;
use crate::nn::tensor::Matrix;

/// Rows that pass the networks at once.
const CHUNK: usize = 1000;

/// A trained model on its device.
pub struct FittedMapa<B: Backend> {
    config: Config,
    networks: Networks,
    weights: Params<B>,
}

impl<B: Backend> FittedMapa<B> {
    pub fn new(config: Config, networks: Networks, weights: Params<B>) -> Self {
        FittedMapa {
            config,
            networks,
            weights,
        }
    }

    fn standardisation(&self) -> [f32; 2] {
        let number = |index: usize| self.weights.values(index)[0];
        let (location, scale) = (self.networks.location, self.networks.scale);
        [number(location.index()), number(scale.index())]
    }

    fn matrix(&self, rows: Rows) -> Matrix<B> {
        let n = rows.len();
        self.weights.device().matrix(rows.values, n, rows.columns)
    }
}

impl<B: Backend> Fitted for FittedMapa<B> {
    fn shape(&self) -> &[usize] {
        &self.config.shape
    }

    fn latent(&self) -> usize {
        1
    }

    fn observation_model(&self) -> ObservationModel {
        self.config.visible
    }

    /// b(g(x)): a function, so q(z|x) has no density.
    fn encode(&self, x: &Rows) -> Result<Posterior, ModelError> {
        let [location, scale] = self.standardisation();
        let pass = self.weights.eval();
        let mut mean = Rows::new(1, Vec::with_capacity(x.len()));
        for x in x.chunks(CHUNK) {
            let code = self.networks.encode(&pass, self.matrix(x));
            let location = pass.device().full(-location, code.shape());
            let w = self.networks.to_prior(&pass, (code + location) / scale);
            mean.values.extend(w.to_vec());
        }
        Ok(Posterior {
            mean,
            log_var: None,
        })
    }

    fn decode(&self, z: &Rows) -> Result<Decoded, ModelError> {
        let [location, scale] = self.standardisation();
        let pass = self.weights.eval();
        let none = Rows::new(self.config.dimensions(), Vec::new());
        let mut all = Decoded::new(self.config.visible, none);
        for w in z.chunks(CHUNK) {
            let code = self.networks.to_code(&pass, self.matrix(w)) * scale;
            let location = pass.device().full(location, code.shape());
            all.append(self.networks.decode(&pass, code + location).to_host());
        }
        Ok(all)
    }
}
