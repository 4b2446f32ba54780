//! The loop around every training: epochs, batches, curve, checkpoints, and stopping.
//!
//! A run that was interrupted and goes on ends with the same bytes as one that was not: the order
//! of an epoch and the noise of an iteration are functions of the seed and their number, so the
//! state is the parameters, the optimisers, the iteration and the curve so far.

use serde::Deserialize;
use serde::Serialize;

use super::ModelError;
use super::Watch;
use crate::nn::checkpoint::Header;
use crate::random::Seed;

/// What differs between models: one iteration, one validation, and their state.
pub trait Learner {
    /// Its layers with their shapes and counts: [`Params::summary`](crate::nn::Params::summary).
    fn summary(&self) -> String;

    /// One pass over one batch with its updates; returns the batch's training loss.
    /// `rows` index the training split.
    fn iteration(&mut self, rows: &[usize], iteration: u64) -> f64;

    /// Whether the training may end before its budget; asked after every epoch.
    fn finished(&self) -> bool {
        false
    }

    /// Scores on the validation split, by name, after `epoch` epochs.
    fn validate(&mut self, epoch: u64) -> Vec<(&'static str, f64)>;

    /// Parameters, and with `optimisers` all that further iterations depend on.
    fn save(&self, header: &Header, optimisers: bool) -> Result<Vec<u8>, ModelError>;

    /// Takes up a state that `save` wrote with optimisers.
    fn load(&mut self, state: &[u8]) -> Result<Header, ModelError>;
}

/// How long and in which order.
#[derive(Clone, Debug)]
pub struct Schedule {
    pub epochs: u64,
    /// Observations per iteration; the last batch of an epoch may be smaller.
    pub batch: usize,
    /// Observations of the training split.
    pub observations: usize,
    pub seed: Seed,
}

/// Scores by epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Names of the scores; every row has as many.
    pub names: Vec<String>,
    pub rows: Vec<CurveRow>,
}

/// One epoch of a curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurveRow {
    pub epoch: u64,
    pub iteration: u64,
    pub scores: Vec<f64>,
}

/// What a training leaves.
#[derive(Debug)]
pub struct Trained {
    /// The parameters with the model's configuration: a safetensors file.
    pub weights: Vec<u8>,
    pub curve: Curve,
    /// What is known only at the end, by name.
    pub numbers: Vec<(&'static str, f64)>,
    /// Set where the loss left the finite numbers.
    pub diverged: Option<String>,
}

/// What a checkpoint keeps beside the learner's own state.
#[derive(Serialize, Deserialize)]
struct Progress {
    model: serde_json::Value,
    curve: Curve,
    /// Of the batches of the unfinished epoch.
    loss_sum: f64,
}

impl Schedule {
    /// Iterations of one epoch.
    pub fn iterations_per_epoch(&self) -> u64 {
        self.observations.div_ceil(self.batch) as u64
    }

    /// Trains to the end, from the newest checkpoint if there is one. `config` is stored with the
    /// weights, so that they can be opened again.
    ///
    /// # Errors
    /// [`ModelError::Cancelled`] when stopped from outside; the state is kept then.
    pub fn run(
        &self,
        learner: &mut dyn Learner,
        config: &serde_json::Value,
        watch: &dyn Watch,
    ) -> Result<Trained, ModelError> {
        let per_epoch = self.iterations_per_epoch();
        let total = self.epochs * per_epoch;
        for line in learner.summary().lines() {
            watch.log(line);
        }
        let (mut iteration, mut state) = self.resume(learner, config, watch);
        let mut diverged = None;
        let mut order = self.order(iteration / per_epoch);
        while iteration < total {
            let within = (iteration % per_epoch) as usize;
            let rows =
                &order[within * self.batch..self.observations.min((within + 1) * self.batch)];
            let loss = learner.iteration(rows, iteration);
            iteration += 1;
            if !loss.is_finite() {
                let message = format!("the training loss became {loss} in iteration {iteration}");
                watch.log(&message);
                diverged = Some(message);
                break;
            }
            state.loss_sum += loss * rows.len() as f64;
            if iteration % per_epoch == 0 {
                let epoch = iteration / per_epoch;
                self.close_epoch(learner, epoch, iteration, &mut state);
                if learner.finished() {
                    break;
                }
                if epoch < self.epochs {
                    order = self.order(epoch);
                }
            }
            watch.progress(iteration, total, &[("loss", loss)]);
            let stop = watch.cancelled();
            if iteration < total && (stop || watch.checkpoint_due()) {
                watch.save_checkpoint(&self.pack(learner, iteration, &state)?);
            }
            if stop && iteration < total {
                return Err(ModelError::Cancelled);
            }
        }
        let header = Header {
            iteration,
            config: config.clone(),
        };
        Ok(Trained {
            weights: learner.save(&header, false)?,
            curve: state.curve,
            numbers: Vec::new(),
            diverged,
        })
    }

    /// The order of the observations in an epoch.
    fn order(&self, epoch: u64) -> Vec<usize> {
        let mut stream = self.seed.derive("fit/order").stream(epoch);
        stream.permutation(self.observations)
    }

    fn close_epoch(
        &self,
        learner: &mut dyn Learner,
        epoch: u64,
        iteration: u64,
        state: &mut Progress,
    ) {
        let validation = learner.validate(epoch);
        if state.curve.names.is_empty() {
            let names = validation.iter().map(|(name, _)| (*name).to_owned());
            state.curve.names = std::iter::once("train_loss".to_owned())
                .chain(names)
                .collect();
        }
        let mean = state.loss_sum / self.observations as f64;
        let scores = validation.iter().map(|(_, score)| *score);
        state.curve.rows.push(CurveRow {
            epoch,
            iteration,
            scores: std::iter::once(mean).chain(scores).collect(),
        });
        state.loss_sum = 0.0;
    }

    fn pack(
        &self,
        learner: &dyn Learner,
        iteration: u64,
        state: &Progress,
    ) -> Result<Vec<u8>, ModelError> {
        let config = serde_json::to_value(state).map_err(ModelError::state)?;
        learner.save(&Header { iteration, config }, true)
    }

    /// Goes on from the newest checkpoint; an unreadable one is as good as none.
    fn resume(
        &self,
        learner: &mut dyn Learner,
        config: &serde_json::Value,
        watch: &dyn Watch,
    ) -> (u64, Progress) {
        let fresh = Progress {
            model: config.clone(),
            curve: Curve::default(),
            loss_sum: 0.0,
        };
        let Some(bytes) = watch.checkpoint() else {
            return (0, fresh);
        };
        // The header is read and judged before the learner is changed.
        let state = crate::nn::checkpoint::header(&bytes)
            .ok()
            .and_then(|header| serde_json::from_value::<Progress>(header.config).ok())
            .filter(|state| state.model == *config);
        let Some(state) = state else {
            watch.log("the checkpoint is of another training: starting afresh");
            return (0, fresh);
        };
        match learner.load(&bytes) {
            Ok(header) => {
                watch.log(&format!("going on after iteration {}", header.iteration));
                (header.iteration, state)
            }
            Err(error) => {
                watch.log(&format!(
                    "the checkpoint cannot be used ({error}): starting afresh"
                ));
                (0, fresh)
            }
        }
    }
}

impl Curve {
    /// `epoch,iteration,train_loss,…`: one line per epoch, numbers that read back exactly.
    pub fn to_csv(&self) -> String {
        let mut text = format!("epoch,iteration,{}\n", self.names.join(","));
        for row in &self.rows {
            text += &format!("{},{}", row.epoch, row.iteration);
            for score in &row.scores {
                text += &format!(",{score:?}");
            }
            text.push('\n');
        }
        text
    }

    /// The last value of a score; none before the first epoch ended.
    pub fn last(&self, name: &str) -> Option<f64> {
        let at = self.names.iter().position(|other| other == name)?;
        self.rows.last().map(|row| row.scores[at])
    }
}
