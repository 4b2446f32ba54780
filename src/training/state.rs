//! What a checkpoint holds, and the way back from it.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value as Json;

use super::Component;
use super::Curve;
use super::Monitor;
use super::Phase;
use super::TrainingAlgorithm;
use super::TrainingError;
use super::learning_rate::PlateauState;
use super::scalars::Scalars;
use crate::nn::Backend;
use crate::nn::Error;
use crate::nn::Header;
use crate::nn::Optimizer;
use crate::nn::checkpoint;
use crate::nn::checkpoint::Part;
use crate::nn::checkpoint::Saved;

/// Where a training is, beside its components. Random numbers are functions of seeds and of the
/// number of the iteration, so these counters are all the random state there is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct State {
    /// The configuration that it belongs to.
    model: Json,
    /// Iterations done in every phase that was entered; the last one goes on.
    pub iterations: Vec<u64>,
    /// Batches drawn in that phase.
    pub drawn: u64,
    /// Of every phase that was entered.
    pub curves: Vec<Curve>,
    /// Since the last row of the curve.
    pub scalars: Scalars,
    /// By component.
    plateaus: BTreeMap<String, PlateauState>,
    notes: Json,
    /// What a training depends on beside its configuration, up to where it is: a budget has a say in
    /// schedules of the learning rate, for example. Empty in files of before.
    #[serde(default)]
    course: String,
    /// Seconds that went into it.
    #[serde(default)]
    spent: f64,
    #[serde(skip)]
    attempt: Spent,
}

/// What went into a state before this attempt, in seconds, and when that began.
#[derive(Clone, Copy, Debug)]
struct Spent {
    before: f64,
    since: Instant,
}

impl Default for Spent {
    fn default() -> Self {
        Spent {
            before: 0.0,
            since: Instant::now(),
        }
    }
}

/// See [`State::course`]; phases before this one are done.
fn course<B: Backend>(components: &[&mut Component<B>], phases: &[Phase], phase: usize) -> String {
    let rates = components.iter().map(|c| c.rate().rule());
    let done = phases[..phase]
        .iter()
        .map(|phase| format!("{:?}", phase.budget));
    rates.chain(done).collect::<Vec<_>>().join("; ")
}

impl State {
    pub(super) fn fresh(config: &Json) -> Self {
        State {
            model: config.clone(),
            iterations: vec![0],
            drawn: 0,
            curves: vec![Curve::default()],
            scalars: Scalars::default(),
            plateaus: BTreeMap::new(),
            notes: Json::Null,
            course: String::new(),
            spent: 0.0,
            attempt: Spent::default(),
        }
    }

    /// Seconds that went into the checkpoint that this went on from.
    pub(super) fn spent_before(&self) -> f64 {
        self.attempt.before
    }

    /// The phase that goes on.
    pub(super) fn phase(&self) -> usize {
        self.iterations.len() - 1
    }

    /// Iterations of that phase.
    pub(super) fn iteration(&mut self) -> &mut u64 {
        let last = self.iterations.len() - 1;
        &mut self.iterations[last]
    }

    pub(super) fn curve(&mut self) -> &mut Curve {
        let last = self.curves.len() - 1;
        &mut self.curves[last]
    }

    pub(super) fn enter_next_phase(&mut self) {
        self.iterations.push(0);
        self.curves.push(Curve::default());
        self.scalars = Scalars::default();
        self.drawn = 0;
    }

    /// This and all components with their optimisers.
    pub(super) fn pack<B: Backend>(
        &mut self,
        algorithm: &mut dyn TrainingAlgorithm<B>,
    ) -> Result<Vec<u8>, TrainingError> {
        self.spent = self.attempt.before + self.attempt.since.elapsed().as_secs_f64();
        self.notes = algorithm.notes();
        let phases = algorithm.phases();
        let components = algorithm.components();
        self.course = course(&components, &phases, self.phase());
        self.plateaus = components
            .iter()
            .map(|c| (c.name().to_owned(), c.rate().state().clone()))
            .collect();
        let header = Header {
            iteration: *self.iteration(),
            config: serde_json::to_value(&*self).map_err(unreadable)?,
        };
        let optimizers: Vec<Option<(&str, &Optimizer<B>)>> = components
            .iter()
            .map(|c| c.optimizer().map(|optimizer| (c.name(), optimizer)))
            .collect();
        let parts: Vec<Part<'_, B>> = components
            .iter()
            .zip(&optimizers)
            .map(|(component, optimizer)| Part {
                params: component.params(),
                optimizers: optimizer.as_slice(),
            })
            .collect();
        Ok(checkpoint::parts_to_bytes(&header, &parts)?)
    }

    /// Goes on from the newest checkpoint; one that cannot be used is as good as none.
    pub(super) fn resume<B: Backend>(
        algorithm: &mut dyn TrainingAlgorithm<B>,
        phases: &[Phase],
        config: &Json,
        monitor: &dyn Monitor,
    ) -> Self {
        let Some(bytes) = monitor.checkpoint() else {
            return State::fresh(config);
        };
        match State::read(&bytes, algorithm, phases, config) {
            Ok(Some(mut state)) => {
                state.attempt.before = state.spent;
                let iteration = *state.iteration();
                let phase = match state.phase() {
                    0 => String::new(),
                    phase => format!(" of `{}`", phases[phase].name),
                };
                monitor.log(&format!("going on after iteration {iteration}{phase}"));
                state
            }
            Ok(None) => {
                monitor.log("the checkpoint is of another training: starting afresh");
                State::fresh(config)
            }
            Err(error) => {
                monitor.log(&format!(
                    "the checkpoint cannot be used ({error}): starting afresh"
                ));
                State::fresh(config)
            }
        }
    }

    /// Sets the algorithm back to a checkpoint; none, and nothing is changed, where it is of
    /// another training.
    fn read<B: Backend>(
        bytes: &[u8],
        algorithm: &mut dyn TrainingAlgorithm<B>,
        phases: &[Phase],
        config: &Json,
    ) -> Result<Option<Self>, Error> {
        let saved = Saved::read(bytes)?;
        let written = serde_json::from_value(saved.header.config.clone());
        let single = || SingleLoss::read(&saved.header, phases);
        let Some(state) = written.ok().or_else(single) else {
            return Ok(None);
        };
        let known = (1..=phases.len()).contains(&state.iterations.len())
            && state.curves.len() == state.iterations.len();
        if state.model != *config || !known {
            return Ok(None);
        }
        let phase = &phases[state.phase()];
        let iterations = state.iterations.last().copied().unwrap_or_default();
        let beyond = phase
            .total()
            .is_ok_and(|all| phase.done(iterations, state.drawn) > all);
        // Everything is read before anything is changed.
        let mut components = algorithm.components();
        let other = state.course != course(&components, phases, state.phase());
        if beyond || (other && !state.course.is_empty()) {
            return Ok(None);
        }
        let mut read = Vec::new();
        let mut first = 0;
        for component in &components {
            let params = component.params();
            let optimizer = match component.optimizer() {
                None => None,
                Some(own) if saved.has_optimizer(component.name()) => {
                    Some(saved.optimizer(component.name(), params, own.algorithm(), 0)?)
                }
                Some(own) => {
                    let rule = own.algorithm();
                    let of_all = saved.optimizer(SingleLoss::OPTIMIZER, params, rule, first)?;
                    let updates = of_all.updates();
                    Some(of_all.counting(updates))
                }
            };
            first += params.len();
            read.push((saved.values(params)?, optimizer));
        }
        for (component, (values, optimizer)) in components.iter_mut().zip(read) {
            if let Some(plateau) = state.plateaus.get(component.name()) {
                component.rate_mut().set_state(plateau.clone());
            }
            let (params, own) = component.parts_mut();
            values.set(params)?;
            if let (Some(saved), Some(own)) = (optimizer, own) {
                saved.restore(params, own)?;
            }
        }
        drop(components);
        algorithm.take_up(&state.notes);
        Ok(Some(state))
    }
}

/// The checkpoints of before there were components: one loss, one optimiser over all parameters.
#[derive(Deserialize)]
struct SingleLoss {
    model: Json,
    curve: Curve,
    loss_sum: f64,
}

impl SingleLoss {
    /// What the optimiser is called.
    const OPTIMIZER: &'static str = "adam";

    fn read(header: &Header, phases: &[Phase]) -> Option<State> {
        let old: SingleLoss = serde_json::from_value(header.config.clone()).ok()?;
        let mut batches = phases.first()?.batches.clone();
        batches.seek(header.iteration);
        let rows = batches.rows_within() as u64;
        Some(State {
            model: old.model,
            iterations: vec![header.iteration],
            drawn: header.iteration,
            curves: vec![old.curve],
            scalars: Scalars::summed("loss", old.loss_sum, rows),
            plateaus: BTreeMap::new(),
            // Counters of an algorithm stood beside these.
            notes: header.config.clone(),
            course: String::new(),
            spent: 0.0,
            attempt: Spent::default(),
        })
    }
}

fn unreadable(error: serde_json::Error) -> TrainingError {
    TrainingError::algorithm(error)
}

/// The components of an algorithm, for the loop.
pub(super) fn observe<B: Backend>(components: Vec<&mut Component<B>>, scores: &[(String, f64)]) {
    for component in components {
        component.rate_mut().observe(scores);
    }
}
