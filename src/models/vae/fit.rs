//! Training, and the fitted model.

use super::config::Config;
use super::networks::Networks;
use crate::data::Dataset;
use crate::models::Fitted;
use crate::models::ModelError;
use crate::models::Posterior;
use crate::models::Rows;
use crate::models::observation::Decoded;
use crate::models::observation::LogVariances;
use crate::models::observation::ObservationModel;
use crate::models::params;
use crate::models::params::TrainingParams;
use crate::models::quadrature;
use crate::nn::backend::Backend;
use crate::random::Seed;
use crate::training::Component;
use crate::training::Iteration;
use crate::training::Monitor;
use crate::training::Phase;
use crate::training::Trained;
use crate::training::TrainingAlgorithm;
use crate::training::TrainingError;
use crate::training::TrainingLoop;
use crate::training::weights;

/// Rows that pass through the networks at once outside training: enough to keep the matrix
/// products large, few enough to stay in the cache.
const CHUNK: usize = 250;

/// Trains a VAE on `device`.
pub(super) fn train<B: Backend>(
    device: &B,
    config: &Config,
    data: &Dataset,
    params: &TrainingParams,
    monitor: &dyn Monitor,
) -> Result<Trained, ModelError> {
    let seed = params.seed;
    let train = params::observations_of(config.visible, data, "train")?;
    let mut training = VaeTraining {
        config,
        networks: Networks::new(config, device, seed).optimised(params),
        phase: params.phase(train.len()),
        train,
        valid: params::observations_of(config.visible, data, "valid")?,
        seed,
    };
    let mut trained = TrainingLoop::new(config, monitor)?.run(&mut training)?;
    let fitted = FittedVae::new(config.clone(), training.networks);
    trained.numbers = quadrature::valid_ll(&fitted, &training.valid, monitor)?;
    Ok(trained)
}

/// Kingma and Welling 2014: the bound of equation 3 by the estimator of equation 7 with one sample,
/// its KL term in closed form (appendix B), weighted by β.
struct VaeTraining<'a, B: Backend> {
    config: &'a Config,
    networks: Networks<B>,
    phase: Phase,
    train: Rows,
    valid: Rows,
    seed: Seed,
}

impl<B: Backend> TrainingAlgorithm<B> for VaeTraining<'_, B> {
    fn components(&mut self) -> Vec<&mut Component<B>> {
        self.networks.components()
    }

    fn phases(&self) -> Vec<Phase> {
        vec![self.phase.clone()]
    }

    fn iterate(&mut self, at: &mut Iteration<'_>) -> Result<(), TrainingError> {
        let rows = at.draw();
        let (n, d, l) = (rows.len(), self.train.columns, self.config.latent);
        let (encoder, decoder) = (
            self.networks.encoder.record(),
            self.networks.decoder.record(),
        );
        let x = encoder.device().matrix(self.train.gather(&rows), n, d);
        let noise = self
            .seed
            .derive("fit/noise")
            .stream(at.number)
            .normal(n * l);
        let noise = encoder.device().matrix(noise, n, l);
        let bound = self.networks.bound([&encoder, &decoder], x, noise);
        let loss = (bound.nll + bound.kl * self.config.beta).mean();
        at.report("loss", f64::from(loss.value()), n);
        let mut gradients = loss.backward();
        let by_encoder = encoder.take_gradients(&mut gradients);
        let by_decoder = decoder.take_gradients(&mut gradients);
        self.networks.encoder.update(by_encoder);
        self.networks.decoder.update(by_decoder);
        Ok(())
    }

    fn validate(&mut self, _phase: usize) -> Result<Vec<(&'static str, f64)>, TrainingError> {
        // The same noise after every epoch: the curve then moves with the model alone.
        let mut stream = self.seed.derive("fit/validation").stream(0);
        let (encoder, decoder) = (
            self.networks.encoder.constant(),
            self.networks.decoder.constant(),
        );
        let mut elbo = 0.0;
        for x in self.valid.chunks(CHUNK) {
            let n = x.len();
            let noise = stream.normal(n * self.config.latent);
            let noise = encoder.device().matrix(noise, n, self.config.latent);
            let x = encoder.device().matrix(x.values, n, x.columns);
            let bound = self.networks.bound([&encoder, &decoder], x, noise);
            elbo -= f64::from((bound.nll + bound.kl).sum().value());
        }
        Ok(vec![("valid_elbo", elbo / self.valid.len() as f64)])
    }
}

/// A trained VAE on its device.
pub(crate) struct FittedVae<B: Backend> {
    config: Config,
    networks: Networks<B>,
}

impl<B: Backend> FittedVae<B> {
    pub(crate) fn new(config: Config, networks: Networks<B>) -> Self {
        FittedVae { config, networks }
    }

    /// With the parameters that a training left.
    pub(crate) fn open(
        device: &B,
        config: Config,
        bytes: &[u8],
    ) -> Result<Box<dyn Fitted>, ModelError> {
        let mut networks = Networks::new(&config, device, Seed::new(0));
        weights::open(bytes, &mut networks.components())?;
        Ok(Box::new(Self::new(config, networks)))
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
        let encoder = self.networks.encoder.constant();
        let mut mean = Rows::new(self.config.latent, Vec::new());
        let mut log_var = mean.clone();
        for x in x.chunks(CHUNK) {
            let (n, d) = (x.len(), x.columns);
            let x = encoder.device().matrix(x.values, n, d);
            let (m, s) = self.networks.encode(&encoder, x);
            mean.values.extend(m.to_vec());
            log_var.values.extend(s.to_vec());
        }
        let log_var = Some(LogVariances::new(log_var));
        Ok(Posterior { mean, log_var })
    }

    fn decode(&self, z: &Rows) -> Result<Decoded, ModelError> {
        let decoder = self.networks.decoder.constant();
        let none = Rows::new(self.config.dimensions(), Vec::new());
        let mut all = Decoded::new(self.config.visible, none);
        for z in z.chunks(CHUNK) {
            let (n, d) = (z.len(), z.columns);
            let z = decoder.device().matrix(z.values, n, d);
            all.append(self.networks.decode(&decoder, z).to_host());
        }
        Ok(all)
    }
}
