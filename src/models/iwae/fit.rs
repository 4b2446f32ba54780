//! Training with the importance-weighted bound: two backward passes, decoder first.

use super::Estimator;
use super::estimator;
use super::estimator::Posteriors;
use crate::data::Dataset;
use crate::models::Learner;
use crate::models::ModelError;
use crate::models::Rows;
use crate::models::Schedule;
use crate::models::Trained;
use crate::models::Watch;
use crate::models::observation::Decoded;
use crate::models::observation::LogVariances;
use crate::models::params;
use crate::models::quadrature;
use crate::models::vae::FittedVae;
use crate::models::vae::config::Config;
use crate::models::vae::networks::Networks;
use crate::nn::backend::Backend;
use crate::nn::checkpoint;
use crate::nn::checkpoint::Header;
use crate::nn::optim::Algorithm;
use crate::nn::optim::Optimizer;
use crate::nn::params::Params;
use crate::nn::params::Pass;
use crate::random::Seed;
use crate::random::Stream;
use crate::registry::Values;

/// Rows of x that are validated at once.
const CHUNK: usize = 100;

/// Trains on `device`.
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
    let adam = Algorithm::adam(
        params::number(values, "beta1"),
        params::number(values, "beta2"),
    );
    let schedule = Schedule {
        epochs: params::size(values, "epochs") as u64,
        batch: params::size(values, "batch"),
        observations: train.len(),
        seed,
    };
    let samples = params::size(values, "samples");
    let mut learner = IwaeLearner {
        estimator: Estimator::named(params::text(values, "estimator")),
        optimizer: Optimizer::new(&weights, adam, params::number(values, "lr")),
        latent: config.latent,
        samples,
        networks,
        weights,
        train,
        valid,
        seed,
    };
    let json = serde_json::to_value(config).map_err(ModelError::state)?;
    let mut trained = schedule.run(&mut learner, &json, watch)?;
    let IwaeLearner {
        networks,
        weights,
        valid,
        ..
    } = learner;
    // Every observation passes the encoder once and the decoder with each of its samples.
    trained.numbers = vec![
        ("decoder_passes", samples as f64),
        ("network_passes", samples as f64 + 1.0),
    ];
    let fitted = FittedVae::new(config.clone(), networks, weights);
    trained
        .numbers
        .extend(quadrature::valid_ll(&fitted, &valid, watch)?);
    Ok(trained)
}

struct IwaeLearner<B: Backend> {
    estimator: Estimator,
    latent: usize,
    samples: usize,
    networks: Networks,
    weights: Params<B>,
    optimizer: Optimizer<B>,
    train: Rows,
    valid: Rows,
    seed: Seed,
}

/// What the encoder says of a batch, with samples of z, on the host.
struct Draw {
    mean: Vec<f32>,
    log_var: LogVariances,
    noise: Vec<f32>,
    z: Vec<f32>,
}

impl<B: Backend> IwaeLearner<B> {
    fn draw(&self, mean: Vec<f32>, log_var: Vec<f32>, stream: &mut Stream) -> Draw {
        let log_var = LogVariances::new(Rows::new(self.latent, log_var));
        let noise = stream.normal(mean.len() * self.samples);
        let posteriors = Posteriors {
            mean: &mean,
            log_var: &log_var,
            latent: self.latent,
        };
        let z = posteriors.sample(&noise, self.samples);
        Draw {
            mean,
            log_var,
            noise,
            z,
        }
    }

    /// The sum of the bounds of a batch.
    fn bound(&self, pass: &Pass<B>, x: Rows, stream: &mut Stream) -> f64 {
        let (n, d, values) = (x.len(), x.columns, x.values);
        let matrix = pass.device().matrix(values.clone(), n, d);
        let (mean, log_var) = self.networks.encode(pass, matrix);
        let draw = self.draw(mean.to_vec(), log_var.to_vec(), stream);
        let z = pass.device();
        let z = z.matrix(draw.z.clone(), n * self.samples, self.latent);
        let decoded = self.networks.decode(pass, z).to_host();
        let weighed = self.weigh(&draw, &values, &decoded);
        weighed.bounds.iter().sum()
    }

    fn weigh(&self, draw: &Draw, x: &[f32], decoded: &Decoded) -> estimator::Weighed {
        let (noise, z) = (&draw.noise, &draw.z);
        let posteriors = draw.posteriors(self.latent);
        estimator::weigh(&posteriors, noise, z, x, decoded, self.samples)
    }
}

impl Draw {
    fn posteriors(&self, latent: usize) -> Posteriors<'_> {
        Posteriors {
            mean: &self.mean,
            log_var: &self.log_var,
            latent,
        }
    }
}

impl<B: Backend> Learner for IwaeLearner<B> {
    fn summary(&self) -> String {
        self.weights.summary()
    }

    fn iteration(&mut self, rows: &[usize], iteration: u64) -> f64 {
        let (n, d, l) = (rows.len(), self.train.columns, self.latent);
        let total = n * self.samples;
        let x = self.train.gather(rows);
        let mut stream = self.seed.derive("fit/noise").stream(iteration);
        let device = self.weights.device().clone();

        let encoding = self.weights.record_only("encoder.");
        let (mean, log_var) = self
            .networks
            .encode(&encoding, device.matrix(x.clone(), n, d));
        let draw = self.draw(mean.to_vec(), log_var.to_vec(), &mut stream);

        let decoding = self.weights.record_only("decoder.");
        let z = device.matrix(draw.z.clone(), total, l);
        let z = z.watched(decoding.tape());
        let decoded = self.networks.decode(&decoding, z.clone());
        let values = decoded.to_host();
        let weighed = self.weigh(&draw, &x, &values);
        let gradient = estimator::decoder_gradient(&weighed, &x, &values, self.samples);
        // The value of this loss means nothing, as that of the encoder's; their gradients are the bound's.
        let loss = decoded.with_gradient(gradient);
        let mut back = loss.backward();
        let by_z = back.of(&z).to_vec();
        let mut gradients = decoding.gradients(back);

        let posteriors = draw.posteriors(l);
        let (noise, z) = (&draw.noise, &draw.z);
        let by_encoded =
            estimator::encoder_gradient(self.estimator, &posteriors, &weighed, noise, z, &by_z);
        let columns = |from: usize| {
            let parts = by_encoded.chunks_exact(2 * l);
            let parts = parts.flat_map(|row| row[from..from + l].iter().copied());
            device.matrix(parts.collect(), n, l)
        };
        let loss = (mean * columns(0)).sum() + (log_var * columns(l)).sum();
        gradients.accumulate(encoding.backward(loss));
        self.optimizer.update(&mut self.weights, &gradients);
        -weighed.bounds.iter().sum::<f64>() / n as f64
    }

    fn validate(&mut self, _epoch: u64) -> Vec<(&'static str, f64)> {
        // The same noise after every epoch: the curve then moves with the model alone.
        let mut stream = self.seed.derive("fit/validation").stream(0);
        let pass = self.weights.eval();
        let parts = self.valid.chunks(CHUNK);
        let sum: f64 = parts.map(|x| self.bound(&pass, x, &mut stream)).sum();
        vec![("valid_iwae", sum / self.valid.len() as f64)]
    }

    fn save(&self, header: &Header, optimisers: bool) -> Result<Vec<u8>, ModelError> {
        let adam = [("adam", &self.optimizer)];
        let optimisers = if optimisers { &adam[..] } else { &[] };
        Ok(checkpoint::to_bytes(header, &self.weights, optimisers)?)
    }

    fn load(&mut self, state: &[u8]) -> Result<Header, ModelError> {
        let optimisers = &mut [("adam", &mut self.optimizer)];
        let weights = &mut self.weights;
        Ok(checkpoint::from_bytes(state, weights, optimisers)?)
    }
}
