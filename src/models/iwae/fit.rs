//! Training with the importance-weighted bound: two backward passes, decoder first.

use super::Estimator;
use super::IwaeParams;
use super::estimator;
use super::estimator::Posteriors;
use crate::data::Dataset;
use crate::models::ModelError;
use crate::models::Rows;
use crate::models::observation::Decoded;
use crate::models::observation::LogVariances;
use crate::models::params;
use crate::models::quadrature;
use crate::models::vae::FittedVae;
use crate::models::vae::config::Config;
use crate::models::vae::networks::Networks;
use crate::nn::backend::Backend;
use crate::nn::layers::Statistics;
use crate::random::Seed;
use crate::random::Stream;
use crate::training::Component;
use crate::training::Iteration;
use crate::training::Monitor;
use crate::training::Phase;
use crate::training::Trained;
use crate::training::TrainingAlgorithm;
use crate::training::TrainingError;
use crate::training::TrainingLoop;

/// Rows of x that are validated at once.
const CHUNK: usize = 100;

/// Trains on `device`.
pub(super) fn train<B: Backend>(
    device: &B,
    config: &Config,
    data: &Dataset,
    params: &IwaeParams,
    monitor: &dyn Monitor,
) -> Result<Trained, ModelError> {
    let samples = params.samples;
    let seed = params.training.seed;
    let train = params::observations_of(config.visible, data, "train")?;
    let mut training = IwaeTraining {
        estimator: params.estimator,
        latent: config.latent,
        samples,
        networks: Networks::new(config, device, seed).optimised(&params.training, train.len()),
        phase: params.training.phase(train.len()),
        train,
        valid: params::observations_of(config.visible, data, "valid")?,
        seed,
    };
    let mut trained = TrainingLoop::new(config, monitor)?.run(&mut training)?;
    // Every observation passes the encoder once and the decoder with each of its samples.
    trained.numbers = vec![
        ("decoder_passes", samples as f64),
        ("network_passes", samples as f64 + 1.0),
    ];
    let fitted = FittedVae::new(config.clone(), training.networks);
    let numbers = quadrature::valid_ll(&fitted, &training.valid, monitor)?;
    trained.numbers.extend(numbers);
    Ok(trained)
}

/// Burda, Grosse and Salakhutdinov 2016: the bound of equation 8, its gradient of equations 13 and 14
/// for the decoder; the encoder's is that of the [`Estimator`].
struct IwaeTraining<B: Backend> {
    estimator: Estimator,
    latent: usize,
    samples: usize,
    networks: Networks<B>,
    phase: Phase,
    train: Rows,
    valid: Rows,
    seed: Seed,
}

/// What the encoder says of a batch, with samples of z, on the host.
struct EncodedBatch {
    mean: Vec<f32>,
    log_var: LogVariances,
    noise: Vec<f32>,
    z: Vec<f32>,
}

impl<B: Backend> IwaeTraining<B> {
    fn draw(&self, mean: Vec<f32>, log_var: Vec<f32>, stream: &mut Stream) -> EncodedBatch {
        let log_var = LogVariances::new(Rows::new(self.latent, log_var));
        let noise = stream.normal(mean.len() * self.samples);
        let posteriors = Posteriors {
            mean: &mean,
            log_var: &log_var,
            latent: self.latent,
        };
        let z = posteriors.sample(&noise, self.samples);
        EncodedBatch {
            mean,
            log_var,
            noise,
            z,
        }
    }

    /// The sum of the bounds of a batch.
    fn bound(&self, x: Rows, stream: &mut Stream) -> f64 {
        let encoder = self.networks.encoder.constant();
        let decoder = self.networks.decoder.constant();
        let (n, d, values) = (x.len(), x.columns, x.values);
        let matrix = encoder.device().matrix(values.clone(), n, d);
        let (mean, log_var) = self.networks.encode(&encoder, matrix);
        let draw = self.draw(mean.to_vec(), log_var.to_vec(), stream);
        let z = decoder.device();
        let z = z.matrix(draw.z.clone(), n * self.samples, self.latent);
        let decoded = self.networks.decode(&decoder, z).to_host();
        let weighed = self.weigh(&draw, &values, &decoded);
        weighed.bounds.iter().sum()
    }

    fn weigh(
        &self,
        draw: &EncodedBatch,
        x: &[f32],
        decoded: &Decoded,
    ) -> estimator::WeightedBounds {
        let (noise, z) = (&draw.noise, &draw.z);
        let posteriors = draw.posteriors(self.latent);
        estimator::weigh(&posteriors, noise, z, x, decoded, self.samples)
    }
}

impl EncodedBatch {
    fn posteriors(&self, latent: usize) -> Posteriors<'_> {
        Posteriors {
            mean: &self.mean,
            log_var: &self.log_var,
            latent,
        }
    }
}

impl<B: Backend> TrainingAlgorithm<B> for IwaeTraining<B> {
    fn components(&mut self) -> Vec<&mut Component<B>> {
        self.networks.components()
    }

    fn phases(&self) -> Vec<Phase> {
        vec![self.phase.clone()]
    }

    fn iterate(&mut self, at: &mut Iteration<'_>) -> Result<(), TrainingError> {
        let rows = at.draw();
        let (n, d, l) = (rows.len(), self.train.columns, self.latent);
        let total = n * self.samples;
        let x = self.train.gather(&rows);
        let mut stream = self.seed.derive("fit/noise").stream(at.number);
        let device = self.networks.encoder.device().clone();

        let encoding = self.networks.encoder.record();
        let matrix = device.matrix(x.clone(), n, d);
        let (of_encoder, of_decoder) = (Statistics::noted(), Statistics::noted());
        let encoded = self.networks.encode_by(&encoding, matrix, &of_encoder);
        let (mean, log_var) = (encoded.mean, encoded.log_var);
        let draw = self.draw(mean.to_vec(), log_var.to_vec(), &mut stream);

        let decoding = self.networks.decoder.record();
        let z = device.matrix(draw.z.clone(), total, l);
        let z = z.watched(decoding.tape());
        let decoded = self.networks.decode_by(&decoding, z.clone(), &of_decoder);
        let values = decoded.to_host();
        let weighed = self.weigh(&draw, &x, &values);
        at.report("loss", -weighed.bounds.iter().sum::<f64>() / n as f64, n);
        let gradient = estimator::decoder_gradient(&weighed, &x, &values, self.samples);
        // The value of this loss means nothing, as that of the encoder's; their gradients are the bound's.
        let loss = decoded.with_gradient(gradient);
        let mut back = loss.backward();
        let by_z = back.of(&z).to_vec();
        let by_decoder = decoding.gradients(back);

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
        let by_encoder = encoding.backward(loss);
        self.networks.decoder.update(by_decoder);
        self.networks.encoder.update(by_encoder);
        of_encoder.keep(self.networks.encoder.params_mut())?;
        of_decoder.keep(self.networks.decoder.params_mut())?;
        Ok(())
    }

    fn validate(&mut self, _phase: usize) -> Result<Vec<(&'static str, f64)>, TrainingError> {
        // The same noise after every epoch: the curve then moves with the model alone.
        let mut stream = self.seed.derive("fit/validation").stream(0);
        let parts = self.valid.chunks(CHUNK);
        let sum: f64 = parts.map(|x| self.bound(x, &mut stream)).sum();
        Ok(vec![("valid_iwae", sum / self.valid.len() as f64)])
    }
}
