//! Optimisers: one [`Optimizer`] over the parameters of a model, with state that is saved exactly.

mod rules;
mod schedule;

pub use rules::AdamHyper;
pub use schedule::Schedule;

use super::backend::Backend;
use super::error::Error;
use super::gradients::ParamGradients;
use super::params::Params;
use super::tensor::Vector;

/// Which rule turns gradients into updates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Algorithm {
    /// Adam (Kingma & Ba 2015).
    Adam {
        /// Decay rates of the two moments.
        betas: [f64; 2],
        /// Added to the root of the second moment.
        eps: f64,
    },
    /// Stochastic gradient descent with momentum as in Sutskever et al. 2013 (PyTorch's form).
    Sgd {
        /// Fraction of the last velocity that is kept.
        momentum: f64,
        /// Whether the update looks ahead.
        nesterov: bool,
    },
    /// RMSprop (Tieleman & Hinton 2012; centred: Graves 2013), PyTorch's form.
    RmsProp {
        /// Decay rate of the mean square.
        alpha: f64,
        /// Added to the root.
        eps: f64,
        /// Fraction of the last update that is kept.
        momentum: f64,
        /// Whether the mean gradient is subtracted from the mean square.
        centered: bool,
    },
}

impl Algorithm {
    /// Adam with these decay rates and eps 1e-8.
    pub fn adam(beta1: f64, beta2: f64) -> Self {
        Algorithm::Adam {
            betas: [beta1, beta2],
            eps: 1e-8,
        }
    }

    /// Names of the state tensors kept per parameter, in order.
    pub fn state_names(&self) -> &'static [&'static str] {
        match self {
            Algorithm::Adam { .. } => &["m", "v"],
            Algorithm::Sgd { momentum: 0.0, .. } => &[],
            Algorithm::Sgd { .. } => &["v"],
            Algorithm::RmsProp { .. } => &["s", "b", "a"],
        }
    }
}

/// State of one parameter.
enum State<B: Backend> {
    Moments([B::Moment; 2]),
    Tensors(Vec<Vector<B>>),
}

/// An optimiser over all parameters of a model, in their order. Parameters that received no
/// gradient keep their values and their state.
pub struct Optimizer<B: Backend> {
    algorithm: Algorithm,
    /// The learning rate of the next update.
    pub lr: f64,
    iteration: u64,
    /// Updates of each parameter, which Adam's bias correction counts.
    updates: Vec<u64>,
    state: Vec<State<B>>,
}

impl<B: Backend> Optimizer<B> {
    /// A fresh optimiser for `params`.
    pub fn new(params: &Params<B>, algorithm: Algorithm, lr: f64) -> Self {
        let state = params.flat_tensors().map(|p| {
            let zeros = || vec![0.0; p.len()];
            let device = params.device();
            match algorithm {
                Algorithm::Adam { .. } => {
                    State::Moments([device.moment(zeros()), device.moment(zeros())])
                }
                _ => State::Tensors(
                    algorithm
                        .state_names()
                        .iter()
                        .map(|_| device.vector(zeros()))
                        .collect(),
                ),
            }
        });
        Optimizer {
            algorithm,
            lr,
            iteration: 0,
            updates: vec![0; params.len()],
            state: state.collect(),
        }
    }

    /// How many updates were made.
    pub fn iteration(&self) -> u64 {
        self.iteration
    }

    /// Which rule it follows.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// One update of every parameter that has a gradient.
    pub fn update(&mut self, params: &mut Params<B>, gradients: &ParamGradients<B>) {
        self.iteration += 1;
        for (index, gradient) in gradients.flat.iter().enumerate() {
            let Some(gradient) = gradient else { continue };
            self.updates[index] += 1;
            let parameter = params.flat_mut(index);
            match (&mut self.state[index], self.algorithm) {
                (State::Moments([first, second]), Algorithm::Adam { betas, eps }) => {
                    let hyper = AdamHyper {
                        lr: self.lr,
                        betas,
                        eps,
                    };
                    let t = self.updates[index];
                    B::adam(&hyper, t, parameter, first, second, gradient);
                }
                (State::Tensors(state), Algorithm::Sgd { momentum, nesterov }) => {
                    rules::sgd(self.lr, momentum, nesterov, parameter, state, gradient);
                }
                (
                    State::Tensors(state),
                    Algorithm::RmsProp {
                        alpha,
                        eps,
                        momentum,
                        centered,
                    },
                ) => {
                    let hyper = rules::RmsHyper {
                        lr: self.lr,
                        alpha,
                        eps,
                        momentum,
                        centered,
                    };
                    rules::rmsprop(&hyper, parameter, state, gradient);
                }
                _ => unreachable!("BUG: the state was built for another algorithm"),
            }
        }
    }

    /// The state of parameter `index`: names as in [`Algorithm::state_names`], row-major values.
    pub fn state(&self, index: usize) -> Vec<(&'static str, Vec<f32>)> {
        let values = match &self.state[index] {
            State::Moments(moments) => moments.iter().map(B::moment_to_host).collect(),
            State::Tensors(tensors) => tensors.iter().map(Vector::to_vec).collect::<Vec<_>>(),
        };
        let names = self.algorithm.state_names().iter().copied();
        names.zip(values).collect()
    }

    /// Updates made per parameter.
    pub(super) fn updates(&self) -> &[u64] {
        &self.updates
    }

    /// Sets counters and state back to saved ones.
    pub(super) fn restore(
        &mut self,
        params: &Params<B>,
        iteration: u64,
        updates: Vec<u64>,
        states: Vec<Vec<Vec<f32>>>,
    ) -> Result<(), Error> {
        let fits = |(i, values): (usize, &Vec<Vec<f32>>)| {
            let len = params.shape(i).iter().product::<usize>();
            values.len() == self.algorithm.state_names().len()
                && values.iter().all(|v| v.len() == len)
        };
        let all = states.len() == self.state.len() && updates.len() == self.state.len();
        if !all || !states.iter().enumerate().all(fits) {
            let message = "its optimiser state has other sizes than the parameters";
            return Err(Error::Checkpoint(message.into()));
        }
        let device = params.device();
        for (state, values) in self.state.iter_mut().zip(states) {
            let mut values = values.into_iter();
            *state = match state {
                State::Moments(_) => {
                    let mut next = || device.moment(values.next().unwrap_or_default());
                    State::Moments([next(), next()])
                }
                State::Tensors(_) => State::Tensors(values.map(|v| device.vector(v)).collect()),
            };
        }
        self.iteration = iteration;
        self.updates = updates;
        Ok(())
    }
}
