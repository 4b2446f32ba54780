//! From the first iteration, or a checkpoint, to the end of the last phase.

use serde::Serialize;
use serde_json::Value as Json;

use super::Curve;
use super::Iteration;
use super::Monitor;
use super::Phase;
use super::Rows;
use super::TrainingAlgorithm;
use super::TrainingError;
use super::state;
use super::state::State;
use super::weights;
use crate::nn::Backend;
use crate::nn::device;

/// Runs algorithms.
pub struct TrainingLoop<'a> {
    /// What makes this training differ from others: stored with the weights, so that they can be
    /// opened again, and compared with that of a checkpoint.
    config: Json,
    monitor: &'a dyn Monitor,
}

/// What a training leaves.
#[derive(Debug)]
pub struct Trained {
    /// The parameters with the configuration: a safetensors file.
    pub weights: Vec<u8>,
    /// Of the first phase.
    pub curve: Curve,
    /// Of the phases after it, as far as the training came.
    pub later: Vec<Curve>,
    /// What is known only at the end, by name; the names are there of a diverged training too.
    pub numbers: Vec<(&'static str, f64)>,
    /// How a number or a weight left the finite numbers, where one did.
    pub diverged: Option<String>,
    /// Seconds that went into the checkpoint that it went on from.
    pub spent_before: f64,
}

/// How a phase ended.
enum End {
    Done,
    Diverged(String),
}

impl<'a> TrainingLoop<'a> {
    /// Of a training with this configuration.
    ///
    /// # Errors
    /// Where the configuration cannot be written as JSON.
    pub fn new(config: &impl Serialize, monitor: &'a dyn Monitor) -> Result<Self, TrainingError> {
        let config = serde_json::to_value(config).map_err(TrainingError::algorithm)?;
        Ok(TrainingLoop { config, monitor })
    }

    /// Trains to the end, from the newest checkpoint if there is one.
    ///
    /// # Errors
    /// [`TrainingError::Cancelled`] when stopped from outside; the state is kept then. Else what
    /// the algorithm or the device says.
    pub fn run<B: Backend>(
        &self,
        algorithm: &mut dyn TrainingAlgorithm<B>,
    ) -> Result<Trained, TrainingError> {
        device::caught(|| self.drive(algorithm))?
    }

    fn drive<B: Backend>(
        &self,
        algorithm: &mut dyn TrainingAlgorithm<B>,
    ) -> Result<Trained, TrainingError> {
        let phases = algorithm.phases();
        let mut total = 0u64;
        for phase in &phases {
            total = total.saturating_add(phase.total()?);
        }
        for line in weights::summary(&algorithm.components()).lines() {
            self.monitor.log(line);
        }
        let mut state = State::resume(algorithm, &phases, &self.config, self.monitor);
        let mut diverged = None;
        let mut before = 0;
        for (index, phase) in phases.iter().enumerate() {
            let own = phase.total()?;
            if index >= state.phase() {
                algorithm.enter(index)?;
                let span = Span { before, own, total };
                if let End::Diverged(how) = self.phase(algorithm, phase, span, &mut state)? {
                    diverged = Some(match index {
                        0 => how,
                        _ => format!("in the phase `{}`, {how}", phase.name),
                    });
                    break;
                }
                if index + 1 < phases.len() {
                    state.enter_next_phase();
                }
            }
            before += own;
        }
        self.finish(algorithm, state, diverged)
    }

    /// Does what is left of a phase.
    fn phase<B: Backend>(
        &self,
        algorithm: &mut dyn TrainingAlgorithm<B>,
        phase: &Phase,
        span: Span,
        state: &mut State,
    ) -> Result<End, TrainingError> {
        let index = state.phase();
        let mut batches = phase.batches.clone();
        batches.seek(state.drawn);
        loop {
            let done = phase.done(*state.iteration(), state.drawn);
            if done >= span.own {
                return Ok(End::Done);
            }
            let epochs = batches.epochs();
            let mut iteration = Iteration {
                phase: index,
                number: *state.iteration(),
                batches: &mut batches,
                scalars: &mut state.scalars,
                not_finite: None,
            };
            algorithm.iterate(&mut iteration)?;
            let not_finite = iteration.not_finite;
            let number = *state.iteration() + 1;
            *state.iteration() = number;
            state.drawn = batches.drawn();
            if let Some((name, value)) = not_finite {
                return Ok(End::Diverged(format!(
                    "the training {name} became {value} in iteration {number}"
                )));
            }
            let done = phase.done(number, state.drawn);
            let ends = done >= span.own;
            let due = match phase.rows {
                Rows::EveryEpoch => batches.epochs() > epochs,
                Rows::Every(every) => number.is_multiple_of(every),
            };
            // A training with more budget has no row here that only the end makes due.
            if ends && !due {
                self.hand_on(algorithm, state)?;
            }
            let row = match phase.rows {
                Rows::EveryEpoch => due,
                Rows::Every(_) => due || ends,
            };
            if row {
                self.write_row(algorithm, batches.epochs(), state)?;
                if algorithm.finished(index) {
                    let (epochs, iterations) = (batches.epochs(), *state.iteration());
                    self.monitor.log(&format!(
                        "ended before its budget, after {epochs} epochs and {iterations} iterations"
                    ));
                    return Ok(End::Done);
                }
            }
            if ends && due {
                self.hand_on(algorithm, state)?;
            }
            let all = span.before.saturating_add(done.min(span.own));
            let latest = state.scalars.latest();
            self.monitor.progress(all, span.total, &latest);
            let stop = self.monitor.cancelled();
            if all < span.total && (stop || self.monitor.checkpoint_due()) {
                let bytes = state.pack(algorithm)?;
                self.monitor.save_checkpoint(&bytes);
            }
            if stop && all < span.total {
                return Err(TrainingError::Cancelled);
            }
        }
    }

    /// At the end of the budget: leaves the state to trainings with a larger one. The budget is that of
    /// the first phase.
    fn hand_on<B: Backend>(
        &self,
        algorithm: &mut dyn TrainingAlgorithm<B>,
        state: &mut State,
    ) -> Result<(), TrainingError> {
        if state.phase() == 0 && self.monitor.goes_on() {
            let bytes = state.pack(algorithm)?;
            self.monitor.hand_on(&bytes);
        }
        Ok(())
    }

    fn write_row<B: Backend>(
        &self,
        algorithm: &mut dyn TrainingAlgorithm<B>,
        epoch: u64,
        state: &mut State,
    ) -> Result<(), TrainingError> {
        let scores = self.scores(algorithm, state.phase(), state)?;
        state::observe(algorithm.components(), &scores);
        let iteration = *state.iteration();
        state.curve().push(epoch, iteration, &scores);
        Ok(())
    }

    /// Means of what iterations reported, then the validation.
    fn scores<B: Backend>(
        &self,
        algorithm: &mut dyn TrainingAlgorithm<B>,
        phase: usize,
        state: &mut State,
    ) -> Result<Vec<(String, f64)>, TrainingError> {
        let mut scores = state.scalars.take_means();
        let validation = algorithm.validate(phase)?.into_iter();
        scores.extend(validation.map(|(name, score)| (name.to_owned(), score)));
        Ok(scores)
    }

    fn finish<B: Backend>(
        &self,
        algorithm: &mut dyn TrainingAlgorithm<B>,
        mut state: State,
        diverged: Option<String>,
    ) -> Result<Trained, TrainingError> {
        if state.curves[0].names.is_empty() {
            // Who reads the scores of several trainings finds those of this one by name, as none.
            let names = self.scores(algorithm, 0, &mut state)?.into_iter();
            state.curves[0].names = names.map(|(name, _)| name).collect();
        }
        algorithm.conclude();
        let components = algorithm.components();
        let diverged = diverged
            .or_else(|| {
                let name = weights::not_finite(&components)?;
                Some(format!(
                    "the weights `{name}` were not all finite after the last update"
                ))
            })
            .or_else(|| state.curves[0].last_not_finite());
        if let Some(how) = &diverged {
            self.monitor.log(&format!("diverged: {how}"));
        }
        let spent_before = state.spent_before();
        let mut curves = state.curves.into_iter();
        Ok(Trained {
            weights: weights::to_bytes(state.iterations[0], &self.config, &components)?,
            curve: curves.next().unwrap_or_default(),
            later: curves.collect(),
            numbers: Vec::new(),
            diverged,
            spent_before,
        })
    }
}

/// Where a phase lies in the whole.
#[derive(Clone, Copy)]
struct Span {
    before: u64,
    own: u64,
    total: u64,
}
