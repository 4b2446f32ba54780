//! A trained model with its recovered prior: decoder f∘a, encoder b∘g.

use super::config::Config;
use super::networks::Networks;
use crate::models::Encoded;
use crate::models::Fitted;
use crate::models::ModelError;
use crate::models::Rows;
use crate::models::likelihood::Likelihood;
use crate::models::likelihood::Visible;
use crate::nn::backend::Backend;
use crate::nn::layers::Activation;
use crate::nn::params::Params;
use crate::nn::params::Pass;
use crate::nn::tensor::Matrix;

/// Rows that pass the networks at once.
const CHUNK: usize = 1000;

/// ln σ² of the encoder as a Gaussian: it is a function, and a score that wants a density gets a
/// very narrow one.
const LOG_VAR: f32 = -15.0;

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

    /// What parametrises p(x|z), for rows of latent variables under N(0, 1).
    fn emitted(&self, z: &Rows) -> Rows {
        let [location, scale] = self.standardisation();
        let pass = self.weights.eval();
        map(&pass, z, self.config.dimensions(), |w| {
            let code = self.networks.to_code(&pass, w) * scale;
            let location = pass.device().full(location, code.shape());
            self.networks.decode(&pass, code + location)
        })
    }

    fn standardisation(&self) -> [f32; 2] {
        let number = |index: usize| self.weights.values(index)[0];
        let (location, scale) = (self.networks.location, self.networks.scale);
        [number(location.index()), number(scale.index())]
    }
}

fn map<B: Backend>(
    pass: &Pass<B>,
    rows: &Rows,
    columns: usize,
    function: impl Fn(Matrix<B>) -> Matrix<B>,
) -> Rows {
    let mut all = Rows::new(columns, Vec::with_capacity(rows.len() * columns));
    for part in rows.chunks(CHUNK) {
        let n = part.len();
        let result = function(pass.device().matrix(part.values, n, part.columns));
        all.values.extend(result.to_vec());
    }
    all
}

impl<B: Backend> Fitted for FittedMapa<B> {
    fn shape(&self) -> &[usize] {
        &self.config.shape
    }

    fn latent(&self) -> usize {
        1
    }

    fn visible(&self) -> Visible {
        self.config.visible
    }

    /// b(g(x)), with a variance that is nearly none.
    fn encode(&self, x: &Rows) -> Result<Encoded, ModelError> {
        let [location, scale] = self.standardisation();
        let pass = self.weights.eval();
        let mean = map(&pass, x, 1, |x| {
            let code = self.networks.encode(&pass, x);
            let location = pass.device().full(-location, code.shape());
            self.networks.to_prior(&pass, (code + location) / scale)
        });
        let log_var = Rows::new(1, vec![LOG_VAR; mean.len()]);
        Ok(Encoded { mean, log_var })
    }

    fn decode(&self, z: &Rows) -> Result<Rows, ModelError> {
        let mut decoded = self.emitted(z);
        if self.config.visible == Visible::Bernoulli {
            let pass = self.weights.eval();
            decoded = map(&pass, &decoded, decoded.columns, |logits| {
                Activation::Sigmoid.apply(logits)
            });
        }
        Ok(decoded)
    }

    fn log_likelihood(&self, x: &Rows, z: &Rows) -> Result<Vec<f64>, ModelError> {
        let likelihood = Likelihood::new(self.config.visible, x.columns);
        let emitted = self.emitted(z);
        let pairs = x.values.chunks_exact(x.columns);
        Ok(pairs
            .zip(emitted.values.chunks_exact(x.columns))
            .map(|(x, emitted)| likelihood.log(x, emitted))
            .collect())
    }
}
