//! Training of any system, and the fitted model.

use super::draws::Draws;
use super::draws::Round;
use super::made::Coded;
use super::made::Made;
use super::params::GameParams;
use super::params::Rates;
use super::system::Config;
use super::system::System;
use crate::data::Dataset;
use crate::models::Fitted;
use crate::models::ModelError;
use crate::models::Posterior;
use crate::models::Rows;
use crate::models::observation::Decoded;
use crate::models::observation::LogVariances;
use crate::models::observation::Means;
use crate::models::observation::ObservationModel;
use crate::models::params;
use crate::nn::Backend;
use crate::nn::Matrix;
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

/// Rows that pass through the networks at once outside training.
const CHUNK: usize = 250;

/// Trains a system on `device`.
pub(super) fn train<B: Backend>(
    device: &B,
    config: &Config,
    data: &Dataset,
    (game, rates): (&GameParams, &Rates),
    monitor: &dyn Monitor,
) -> Result<Trained, ModelError> {
    let mut training = Game::new(device, config, data, (game, rates))?;
    Ok(TrainingLoop::new(config, monitor)?.run(&mut training)?)
}

/// A system in training.
pub(super) struct Game<B: Backend> {
    config: Config,
    device: B,
    pub system: Box<dyn System<B>>,
    phase: Phase,
    train: Rows,
    valid: Rows,
    seed: Seed,
}

impl<B: Backend> Game<B> {
    pub(super) fn new(
        device: &B,
        config: &Config,
        data: &Dataset,
        (game, rates): (&GameParams, &Rates),
    ) -> Result<Self, ModelError> {
        let mut system = config.system(device, game.seed);
        for component in system.components() {
            let rate = rates.of(component.name());
            component.optimise(game.adam(), rate);
        }
        let split = |split| match config.visible() {
            Some(visible) => params::observations_of(visible, data, split),
            None => params::observations(data, split),
        };
        let (train, valid) = (split("train")?, split("valid")?);
        Ok(Game {
            phase: game.phase(train.len(), system.batches_per_iteration()),
            config: config.clone(),
            device: device.clone(),
            system,
            train,
            valid,
            seed: game.seed,
        })
    }

    fn draws(&self, purpose: &str, number: u64) -> Draws<B> {
        let stream = self.seed.derive(purpose).stream(number);
        Draws::new(self.device.clone(), stream, self.config.latent)
    }
}

impl<B: Backend> TrainingAlgorithm<B> for Game<B> {
    fn components(&mut self) -> Vec<&mut Component<B>> {
        self.system.components()
    }

    fn phases(&self) -> Vec<Phase> {
        vec![self.phase.clone()]
    }

    fn iterate(&mut self, at: &mut Iteration<'_>) -> Result<(), TrainingError> {
        let draws = self.draws("fit/noise", at.number);
        let visible = self.config.visible();
        self.system.iterate(&mut Round {
            draws,
            at,
            data: &self.train,
            dequantise: visible == Some(ObservationModel::QuantizedNormal),
        })
    }

    fn validate(&mut self, _phase: usize) -> Result<Vec<(&'static str, f64)>, TrainingError> {
        // The same noise after every epoch: the curve then moves with the networks alone.
        let mut draws = self.draws("fit/validation", 0);
        let mut scores: Vec<(&'static str, f64)> = Vec::new();
        for x in self.valid.chunks(CHUNK) {
            let share = x.len() as f64 / self.valid.len() as f64;
            let found = self.system.validate(matrix(&self.device, x), &mut draws);
            match scores.is_empty() {
                true => {
                    scores = found
                        .iter()
                        .map(|(name, score)| (*name, share * score))
                        .collect()
                }
                false => {
                    for ((_, sum), (_, score)) in scores.iter_mut().zip(found) {
                        *sum += share * score;
                    }
                }
            }
        }
        Ok(scores)
    }
}

fn matrix<B: Backend>(device: &B, x: Rows) -> Matrix<B> {
    let (n, columns) = (x.len(), x.columns);
    device.matrix(x.values, n, columns)
}

/// A trained system on its device.
pub(super) struct FittedSystem<B: Backend> {
    config: Config,
    device: B,
    system: Box<dyn System<B>>,
}

impl<B: Backend> FittedSystem<B> {
    /// With the parameters that a training left.
    pub(super) fn open(
        device: &B,
        config: Config,
        bytes: &[u8],
    ) -> Result<Box<dyn Fitted>, ModelError> {
        let mut system = config.system(device, Seed::new(0));
        weights::open(bytes, &mut system.components())?;
        Ok(Box::new(FittedSystem {
            config,
            device: device.clone(),
            system,
        }))
    }
}

impl<B: Backend> Fitted for FittedSystem<B> {
    fn shape(&self) -> &[usize] {
        &self.config.shape
    }

    fn latent(&self) -> usize {
        self.config.latent
    }

    fn encode(&self, x: &Rows) -> Result<Posterior, ModelError> {
        let rows = || Rows::new(self.config.latent, Vec::new());
        let (mut mean, mut log_var) = (rows(), None);
        for x in x.chunks(CHUNK) {
            let coded = self.system.encode(matrix(&self.device, x));
            match coded
                .ok_or_else(|| ModelError::Unsupported("the model has no encoder".to_owned()))?
            {
                Coded::Point(codes) => mean.values.extend(codes.to_vec()),
                Coded::Gaussian {
                    mean: codes,
                    log_var: spread,
                } => {
                    mean.values.extend(codes.to_vec());
                    let all: &mut Rows = log_var.get_or_insert_with(rows);
                    all.values.extend(spread.to_vec());
                }
            }
        }
        Ok(match log_var {
            None => Posterior::Points(mean),
            Some(log_var) => Posterior::diagonal(mean, LogVariances::new(log_var)),
        })
    }

    fn decode(&self, z: &Rows) -> Result<Decoded, ModelError> {
        let none = || {
            ModelError::Unsupported(
                "the model has no likelihood p(x|z): its generator makes observations".to_owned(),
            )
        };
        let model = self.config.visible().ok_or_else(none)?;
        let emitted = self.config.dimensions() * model.emitted_per_number();
        let mut all = Decoded::new(model, Rows::new(emitted, Vec::new()));
        for z in z.chunks(CHUNK) {
            match self.system.make(matrix(&self.device, z)) {
                Made::Density(emitted) => all.append(emitted.to_host()),
                Made::Values(_) => return Err(none()),
            }
        }
        Ok(all)
    }

    fn means(&self, z: &Rows) -> Result<Means, ModelError> {
        let dimensions = self.config.dimensions();
        let mut all = Means::none(dimensions);
        for z in z.chunks(CHUNK) {
            all.append(match self.system.make(matrix(&self.device, z)) {
                Made::Density(emitted) => emitted.to_host().means(),
                Made::Values(x) => Means::new(Rows::new(dimensions, x.to_vec())),
            });
        }
        Ok(all)
    }
}
