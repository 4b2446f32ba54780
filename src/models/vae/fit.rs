//! Training, and the fitted model.

use std::fmt;
use std::rc::Rc;

use super::config::Config;
use super::networks::Networks;
use crate::data::Dataset;
use crate::models::DiagonalGaussians;
use crate::models::Fitted;
use crate::models::ModelError;
use crate::models::Posterior;
use crate::models::Rows;
use crate::models::observation;
use crate::models::observation::Decoded;
use crate::models::observation::LogVariances;
use crate::models::params;
use crate::models::params::TrainingParams;
use crate::models::posterior::FlowMap;
use crate::models::posterior::FlowPosterior;
use crate::models::quadrature;
use crate::nn::backend::Backend;
use crate::nn::layers::Statistics;
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

/// Pairs of z and observation that pass through a flow at once.
const PAIRS: usize = 4096;

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
        networks: Networks::new(config, device, seed).optimised(params, train.len()),
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
        let passes = self.networks.record();
        let device = self.networks.encoder.device().clone();
        let x = self.train.gather(&rows);
        let observed = match self.config.visible {
            observation::ObservationModel::QuantizedNormal => {
                let mut stream = self.seed.derive("fit/dequantise").stream(at.number);
                observation::dequantised(x.clone(), &mut stream)
            }
            _ => x.clone(),
        };
        let (x, observed) = (device.matrix(x, n, d), device.matrix(observed, n, d));
        let noise = self
            .seed
            .derive("fit/noise")
            .stream(at.number)
            .normal(n * l);
        let noise = device.matrix(noise, n, l);
        let bound = self.networks.bound(&passes, x, Some(observed), noise);
        let loss = (bound.nll + bound.kl * self.config.beta).mean();
        at.report("loss", f64::from(loss.value()), n);
        let mut gradients = loss.backward();
        let by_encoder = passes.encoder.take_gradients(&mut gradients);
        let by_decoder = passes.decoder.take_gradients(&mut gradients);
        let by_flow = passes.flow.map(|flow| flow.take_gradients(&mut gradients));
        let (of_encoder, of_decoder) = (passes.encoder_statistics, passes.decoder_statistics);
        self.networks.encoder.update(by_encoder);
        self.networks.decoder.update(by_decoder);
        if let (Some(flow), Some(by_flow)) = (&mut self.networks.flow, by_flow) {
            flow.component.update(by_flow);
        }
        of_encoder.keep(self.networks.encoder.params_mut())?;
        of_decoder.keep(self.networks.decoder.params_mut())?;
        Ok(())
    }

    fn validate(&mut self, _phase: usize) -> Result<Vec<(&'static str, f64)>, TrainingError> {
        // The same noise after every epoch: the curve then moves with the model alone.
        let mut stream = self.seed.derive("fit/validation").stream(0);
        let passes = self.networks.constant();
        let mut elbo = 0.0;
        for x in self.valid.chunks(CHUNK) {
            let n = x.len();
            let noise = stream.normal(n * self.config.latent);
            let noise = passes.encoder.device().matrix(noise, n, self.config.latent);
            let x = passes.encoder.device().matrix(x.values, n, x.columns);
            let bound = self.networks.bound(&passes, x, None, noise);
            elbo -= f64::from((bound.nll + bound.kl).sum().value());
        }
        Ok(vec![("valid_elbo", elbo / self.valid.len() as f64)])
    }
}

/// A trained VAE on its device.
pub(crate) struct FittedVae<B: Backend> {
    config: Config,
    networks: Rc<Networks<B>>,
}

impl<B: Backend> FittedVae<B> {
    pub(crate) fn new(config: Config, networks: Networks<B>) -> Self {
        FittedVae {
            config,
            networks: Rc::new(networks),
        }
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

    fn encode(&self, x: &Rows) -> Result<Posterior, ModelError> {
        let encoder = self.networks.encoder.constant();
        let rows = |columns| Rows::new(columns, Vec::new());
        let (mut mean, mut log_var) = (rows(self.config.latent), rows(self.config.latent));
        let mut features = self.config.flow.as_ref().map(|flow| rows(flow.features));
        for x in x.chunks(CHUNK) {
            let (n, d) = (x.len(), x.columns);
            let x = encoder.device().matrix(x.values, n, d);
            let encoded = self.networks.encode_by(&encoder, x, &Statistics::Running);
            mean.values.extend(encoded.mean.to_vec());
            log_var.values.extend(encoded.log_var.to_vec());
            if let (Some(all), Some(some)) = (&mut features, encoded.features) {
                all.values.extend(some.to_vec());
            }
        }
        let gaussians = DiagonalGaussians::new(mean, LogVariances::new(log_var));
        Ok(match features {
            None => Posterior::Gaussians(gaussians),
            Some(features) => Posterior::Flow(FlowPosterior {
                base: gaussians,
                features,
                map: Rc::new(Couplings(Rc::clone(&self.networks))),
            }),
        })
    }

    fn decode(&self, z: &Rows) -> Result<Decoded, ModelError> {
        let decoder = self.networks.decoder.constant();
        let model = self.config.visible;
        let emitted = self.config.dimensions() * model.emitted_per_number();
        let mut all = Decoded::new(model, Rows::new(emitted, Vec::new()));
        for z in z.chunks(CHUNK) {
            let (n, d) = (z.len(), z.columns);
            let z = decoder.device().matrix(z.values, n, d);
            all.append(self.networks.decode(&decoder, z).to_host());
        }
        Ok(all)
    }
}

/// The flow of a fitted VAE, as its posteriors use it.
struct Couplings<B: Backend>(Rc<Networks<B>>);

impl<B: Backend> fmt::Debug for Couplings<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Couplings").finish_non_exhaustive()
    }
}

impl<B: Backend> Couplings<B> {
    fn mapped(&self, z: &Rows, features: &Rows, inverse: bool) -> (Rows, Vec<f64>) {
        let Some(flow) = &self.0.flow else {
            unreachable!("BUG: a flow posterior of a model without a flow");
        };
        let pass = flow.component.constant();
        let mut mapped = Rows::new(z.columns, Vec::with_capacity(z.values.len()));
        let mut log_det = Vec::with_capacity(z.len());
        for (z, h) in z.chunks(PAIRS).zip(features.chunks(PAIRS)) {
            let matrix = |rows: Rows| {
                let (n, columns) = (rows.len(), rows.columns);
                pass.device().matrix(rows.values, n, columns)
            };
            let (z, h) = (matrix(z), matrix(h));
            let found = match inverse {
                true => flow.couplings.inverse(&pass, z, Some(&h)),
                false => flow.couplings.forward(&pass, z, Some(&h)),
            };
            mapped.values.extend(found.z.to_vec());
            log_det.extend(found.log_det.to_vec().into_iter().map(f64::from));
        }
        (mapped, log_det)
    }
}

impl<B: Backend> FlowMap for Couplings<B> {
    fn forward(&self, z: &Rows, features: &Rows) -> (Rows, Vec<f64>) {
        self.mapped(z, features, false)
    }

    fn inverse(&self, z: &Rows, features: &Rows) -> (Rows, Vec<f64>) {
        self.mapped(z, features, true)
    }
}
