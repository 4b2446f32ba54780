//! Training, and the fitted model.

use super::config::Config;
use super::networks::Networks;
use crate::data::Dataset;
use crate::models::Fitted;
use crate::models::Learner;
use crate::models::ModelError;
use crate::models::Posterior;
use crate::models::Rows;
use crate::models::Schedule;
use crate::models::Trained;
use crate::models::Watch;
use crate::models::observation::Decoded;
use crate::models::observation::LogVariances;
use crate::models::observation::ObservationModel;
use crate::models::params;
use crate::models::quadrature;
use crate::nn::backend::Backend;
use crate::nn::checkpoint;
use crate::nn::checkpoint::Header;
use crate::nn::optim::Algorithm;
use crate::nn::optim::Optimizer;
use crate::nn::params::Params;
use crate::nn::tensor::Matrix;
use crate::random::Seed;
use crate::registry::Values;

/// Rows that pass through the networks at once outside training: enough to keep the matrix
/// products large, few enough to stay in the cache.
const CHUNK: usize = 250;

/// Trains a VAE on `device`.
pub fn train<B: Backend>(
    device: &B,
    config: &Config,
    data: &Dataset,
    values: &Values,
    watch: &dyn Watch,
) -> Result<Trained, ModelError> {
    let seed = params::seed(values);
    let train = params::observations_of(config.visible, data, "train")?;
    let valid = params::observations_of(config.visible, data, "valid")?;
    let mut weights = Params::new(device);
    let networks = Networks::new(config, &mut weights, seed);
    let optimizer = Optimizer::new(
        &weights,
        Algorithm::adam(
            params::number(values, "beta1"),
            params::number(values, "beta2"),
        ),
        params::number(values, "lr"),
    );
    let schedule = Schedule {
        epochs: params::size(values, "epochs") as u64,
        batch: params::size(values, "batch"),
        observations: train.len(),
        seed,
    };
    let mut learner = VaeLearner {
        config,
        networks,
        weights,
        optimizer,
        train,
        valid,
        seed,
    };
    let json = serde_json::to_value(config).map_err(ModelError::state)?;
    let mut trained = schedule.run(&mut learner, &json, watch)?;
    let VaeLearner {
        networks,
        weights,
        valid,
        ..
    } = learner;
    let fitted = FittedVae::new(config.clone(), networks, weights);
    trained.numbers = quadrature::valid_ll(&fitted, &valid, watch)?;
    Ok(trained)
}

struct VaeLearner<'a, B: Backend> {
    config: &'a Config,
    networks: Networks,
    weights: Params<B>,
    optimizer: Optimizer<B>,
    train: Rows,
    valid: Rows,
    seed: Seed,
}

impl<B: Backend> Learner for VaeLearner<'_, B> {
    fn summary(&self) -> String {
        self.weights.summary()
    }

    fn iteration(&mut self, rows: &[usize], iteration: u64) -> f64 {
        let device = self.weights.device();
        let x = device.matrix(self.train.gather(rows), rows.len(), self.train.columns);
        let noise = self.seed.derive("fit/noise").stream(iteration);
        let noise = noise_matrix(device, noise, rows.len(), self.config.latent);
        let pass = self.weights.record();
        let bound = self.networks.bound(&pass, x, noise);
        let loss = (bound.nll + bound.kl * self.config.beta).mean();
        let value = f64::from(loss.value());
        let gradients = pass.backward(loss);
        self.optimizer.update(&mut self.weights, &gradients);
        value
    }

    fn validate(&mut self, _epoch: u64) -> Vec<(&'static str, f64)> {
        // The same noise after every epoch: the curve then moves with the model alone.
        let mut stream = self.seed.derive("fit/validation").stream(0);
        let pass = self.weights.eval();
        let mut elbo = 0.0;
        for x in self.valid.chunks(CHUNK) {
            let n = x.len();
            let noise = stream.normal(n * self.config.latent);
            let noise = pass.device().matrix(noise, n, self.config.latent);
            let x = pass.device().matrix(x.values, n, x.columns);
            let bound = self.networks.bound(&pass, x, noise);
            elbo -= f64::from((bound.nll + bound.kl).sum().value());
        }
        vec![("valid_elbo", elbo / self.valid.len() as f64)]
    }

    fn save(&self, header: &Header, optimisers: bool) -> Result<Vec<u8>, ModelError> {
        let adam = [("adam", &self.optimizer)];
        let optimisers = if optimisers { &adam[..] } else { &[] };
        Ok(checkpoint::to_bytes(header, &self.weights, optimisers)?)
    }

    fn load(&mut self, state: &[u8]) -> Result<Header, ModelError> {
        let optimisers = &mut [("adam", &mut self.optimizer)];
        Ok(checkpoint::from_bytes(
            state,
            &mut self.weights,
            optimisers,
        )?)
    }
}

fn noise_matrix<B: Backend>(
    device: &B,
    mut stream: crate::random::Stream,
    rows: usize,
    columns: usize,
) -> Matrix<B> {
    device.matrix(stream.normal(rows * columns), rows, columns)
}

/// A trained VAE on its device.
pub struct FittedVae<B: Backend> {
    config: Config,
    networks: Networks,
    weights: Params<B>,
}

impl<B: Backend> FittedVae<B> {
    pub fn new(config: Config, networks: Networks, weights: Params<B>) -> Self {
        FittedVae {
            config,
            networks,
            weights,
        }
    }

    fn matrix(&self, rows: Rows) -> Matrix<B> {
        let n = rows.len();
        self.weights.device().matrix(rows.values, n, rows.columns)
    }
}

impl<B: Backend> Fitted for FittedVae<B> {
    fn shape(&self) -> &[usize] {
        &self.config.shape
    }

    fn latent(&self) -> usize {
        self.config.latent
    }

    fn observation_model(&self) -> ObservationModel {
        self.config.visible
    }

    fn encode(&self, x: &Rows) -> Result<Posterior, ModelError> {
        let pass = self.weights.eval();
        let mut mean = Rows::new(self.config.latent, Vec::new());
        let mut log_var = mean.clone();
        for x in x.chunks(CHUNK) {
            let (m, s) = self.networks.encode(&pass, self.matrix(x));
            mean.values.extend(m.to_vec());
            log_var.values.extend(s.to_vec());
        }
        let log_var = Some(LogVariances::new(log_var));
        Ok(Posterior { mean, log_var })
    }

    fn decode(&self, z: &Rows) -> Result<Decoded, ModelError> {
        let pass = self.weights.eval();
        let none = Rows::new(self.config.dimensions(), Vec::new());
        let mut all = Decoded::new(self.config.visible, none);
        for z in z.chunks(CHUNK) {
            all.append(self.networks.decode(&pass, self.matrix(z)).to_host());
        }
        Ok(all)
    }
}
