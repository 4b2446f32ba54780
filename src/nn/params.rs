//! Named parameters in the order in which a model declares them.
//!
//! A model is built by asking a [`Builder`] for parameters; it keeps typed handles ([`Param`]) and
//! the numbers live in [`Params`]. So optimisers, checkpoints and summaries see one flat
//! list, and a model's struct is plain data. A forward pass borrows the list as a [`Pass`], which
//! also says what is learned in this pass and whether anything is recorded at all.

use std::marker::PhantomData;

use dfdx::prelude::Shape;

use super::backend::Backend;
use super::error::Error;
use super::gradients::{Gradients, ParamGradients};
use super::init::Init;
use super::random::Seed;
use super::tape::Tape;
use super::tensor::{Scalar, Tensor, Vector};

/// A handle on one parameter of shape `S`.
#[derive(Debug)]
pub struct Param<S> {
    index: usize,
    shape: PhantomData<S>,
}

impl<S> Clone for Param<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Param<S> {}

impl<S> Param<S> {
    /// Position in [`Params`].
    pub fn index(self) -> usize {
        self.index
    }
}

/// Whether an optimiser may change a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Learned by gradient.
    Weight,
    /// State that forward passes keep, like running means: saved, never given a gradient.
    Buffer,
}

#[derive(Clone)]
struct Entry<B: Backend> {
    name: String,
    shape: Vec<usize>,
    role: Role,
    value: Vector<B>,
}

/// The parameters of a model, in order.
#[derive(Clone)]
pub struct Params<B: Backend> {
    device: B,
    entries: Vec<Entry<B>>,
}

impl<B: Backend> Params<B> {
    /// No parameters yet.
    pub fn new(device: &B) -> Self {
        Params {
            device: device.clone(),
            entries: Vec::new(),
        }
    }

    /// Starts declaring parameters, whose first values come from `seed`.
    pub fn builder(&mut self, seed: Seed) -> Builder<'_, B> {
        Builder {
            params: self,
            prefix: String::new(),
            seed,
        }
    }

    /// The device the numbers live on.
    pub fn device(&self) -> &B {
        &self.device
    }

    /// How many parameters (tensors) there are, buffers included.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many numbers are learned (buffers left out).
    pub fn count(&self) -> usize {
        let weights = self.entries.iter().filter(|e| e.role == Role::Weight);
        weights.map(|e| e.value.len()).sum()
    }

    /// Names in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|e| e.name.as_str())
    }

    /// Position of the parameter with this name.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.entries.iter().position(|e| e.name == name)
    }

    /// Shape of the parameter at `index`.
    pub fn shape(&self, index: usize) -> &[usize] {
        &self.entries[index].shape
    }

    /// Role of the parameter at `index`.
    pub fn role(&self, index: usize) -> Role {
        self.entries[index].role
    }

    /// The numbers of the parameter at `index`, row-major.
    pub fn values(&self, index: usize) -> Vec<f32> {
        self.entries[index].value.to_vec()
    }

    /// Replaces the numbers of the parameter at `index`.
    pub fn set(&mut self, index: usize, values: Vec<f32>) -> Result<(), Error> {
        let entry = &mut self.entries[index];
        if values.len() != entry.value.len() {
            return Err(Error::Length {
                name: entry.name.clone(),
                want: entry.value.len(),
                got: values.len(),
            });
        }
        entry.value = self.device.vector(values);
        Ok(())
    }

    /// The same numbers as buffers: nothing of it is learned any more.
    pub fn frozen(mut self) -> Self {
        for entry in &mut self.entries {
            entry.role = Role::Buffer;
        }
        self
    }

    /// A copy whose names begin with `prefix`.
    pub fn copied(&self, prefix: &str) -> Self {
        let mut copy = self.clone();
        for entry in &mut copy.entries {
            entry.name = format!("{prefix}{}", entry.name);
        }
        copy
    }

    /// Takes over the numbers of a copy.
    ///
    /// # Panics
    /// Where `other` is of other parameters.
    pub fn take_numbers(&mut self, other: &Params<B>) {
        assert_eq!(self.len(), other.len(), "parameters of another model");
        for (mine, theirs) in self.entries.iter_mut().zip(&other.entries) {
            assert_eq!(mine.shape, theirs.shape, "the shape of `{}`", mine.name);
            mine.value = theirs.value.clone();
        }
    }

    /// A pass that records: every weight is learned.
    pub fn record(&self) -> Pass<'_, B> {
        Pass {
            params: self,
            tape: Tape::recording(),
            learns: self
                .entries
                .iter()
                .map(|e| e.role == Role::Weight)
                .collect(),
        }
    }

    /// A pass that records, but in which every parameter acts as a constant: for gradients with
    /// respect to inputs ([`Tensor::watched`]) alone.
    pub fn record_inputs(&self) -> Pass<'_, B> {
        Pass {
            params: self,
            tape: Tape::recording(),
            learns: vec![false; self.entries.len()],
        }
    }

    /// A pass that records nothing.
    pub fn eval(&self) -> Pass<'_, B> {
        Pass {
            params: self,
            tape: Tape::constant(),
            learns: vec![false; self.entries.len()],
        }
    }

    /// A table of names, shapes and counts, for people.
    pub fn summary(&self) -> String {
        summary(&[self])
    }

    pub(super) fn flat_tensors(&self) -> impl Iterator<Item = &Vector<B>> {
        self.entries.iter().map(|e| &e.value)
    }

    pub(super) fn flat_mut(&mut self, index: usize) -> &mut Vector<B> {
        &mut self.entries[index].value
    }

    fn push(&mut self, name: String, shape: Vec<usize>, role: Role, values: Vec<f32>) -> usize {
        let value = self.device.vector(values);
        self.entries.push(Entry {
            name,
            shape,
            role,
            value,
        });
        self.entries.len() - 1
    }
}

/// A table of names, shapes and counts of several sets of parameters, for people.
pub fn summary<B: Backend>(all: &[&Params<B>]) -> String {
    let names = all.iter().flat_map(|params| params.names());
    let width = names.map(str::len).max().unwrap_or(0).max(9);
    let mut text = format!("{:width$}  {:>16}  {:>10}\n", "parameter", "shape", "count");
    for entry in all.iter().flat_map(|params| &params.entries) {
        let shape: Vec<_> = entry.shape.iter().map(usize::to_string).collect();
        let note = match entry.role {
            Role::Buffer => "  buffer",
            Role::Weight => "",
        };
        text += &format!(
            "{:width$}  {:>16}  {:>10}{note}\n",
            entry.name,
            shape.join("×"),
            entry.value.len()
        );
    }
    let total: usize = all.iter().map(|params| params.count()).sum();
    text + &format!("{:width$}  {:>16}  {:>10}\n", "total", "", total)
}

/// Declares parameters under a name prefix.
pub struct Builder<'a, B: Backend> {
    params: &'a mut Params<B>,
    prefix: String,
    seed: Seed,
}

impl<B: Backend> Builder<'_, B> {
    /// A builder for the part called `name`: its parameters are `name.…`.
    pub fn part(&mut self, name: impl std::fmt::Display) -> Builder<'_, B> {
        Builder {
            prefix: format!("{}{name}.", self.prefix),
            seed: self.seed,
            params: self.params,
        }
    }

    /// Declares a weight. Its first values depend on the seed and its full name only, so that
    /// adding a layer leaves the others' first values alone.
    pub fn weight<S: Shape>(&mut self, name: &str, shape: S, init: Init) -> Param<S> {
        self.declare(name, shape, init, Role::Weight)
    }

    /// Declares a buffer.
    pub fn buffer<S: Shape>(&mut self, name: &str, shape: S, init: Init) -> Param<S> {
        self.declare(name, shape, init, Role::Buffer)
    }

    fn declare<S: Shape>(&mut self, name: &str, shape: S, init: Init, role: Role) -> Param<S> {
        let name = format!("{}{name}", self.prefix);
        let dims: Vec<usize> = shape.concrete().into_iter().collect();
        let values = init.values(&dims, &mut self.seed.derive(&name).stream(0));
        let index = self.params.push(name, dims, role, values);
        Param {
            index,
            shape: PhantomData,
        }
    }
}

/// One forward pass over some parameters: layers take it by reference.
pub struct Pass<'a, B: Backend> {
    params: &'a Params<B>,
    tape: Tape<B>,
    learns: Vec<bool>,
}

impl<B: Backend> Pass<'_, B> {
    /// The parameter's tensor: tracked if it is learned in this pass, else a constant.
    pub fn get<S: Shape>(&self, param: Param<S>) -> Tensor<S, B> {
        let entry = &self.params.entries[param.index];
        let mut dims = <S as Shape>::Concrete::default();
        for (i, d) in entry.shape.iter().enumerate() {
            dims[i] = *d;
        }
        let shape = S::from_concrete(&dims).expect("run-time dimensions take any size");
        let flat = match self.learns[param.index] {
            true => entry.value.retaped(self.tape.clone()),
            false => entry.value.clone(),
        };
        flat.reshape(shape)
    }

    /// The tape of this pass, to watch inputs with ([`Tensor::watched`]).
    pub fn tape(&self) -> &Tape<B> {
        &self.tape
    }

    /// Whether this pass records: layers that behave differently in training ask this.
    pub fn is_recording(&self) -> bool {
        self.tape.is_recording()
    }

    /// The device of the parameters.
    pub fn device(&self) -> &B {
        &self.params.device
    }

    /// Backpropagates `loss` and keeps the gradients of the learned parameters.
    pub fn backward(self, loss: Scalar<B>) -> ParamGradients<B> {
        let gradients = loss.backward();
        self.gradients(gradients)
    }

    /// Carries given gradients with respect to results of this pass back to the learned parameters:
    /// the second half of a backward pass that was cut at those results.
    pub fn pull_back<S: Shape>(
        self,
        results: impl IntoIterator<Item = (Tensor<S, B>, Tensor<S, B>)>,
    ) -> ParamGradients<B> {
        let products = results.into_iter().map(|(result, gradient)| {
            let n = result.len();
            (result.reshape((n,)) * gradient.detach().reshape((n,))).sum()
        });
        let total = products.reduce(|a, b| a + b);
        let zero = || self.params.device.full(0.0, ());
        self.backward(total.unwrap_or_else(zero))
    }

    /// Picks the learned parameters' gradients out of `gradients`.
    pub fn gradients(self, mut gradients: Gradients<B>) -> ParamGradients<B> {
        self.take_gradients(&mut gradients)
    }

    /// The same of one of several passes that led to a loss; none may be asked twice.
    pub fn take_gradients(self, gradients: &mut Gradients<B>) -> ParamGradients<B> {
        ParamGradients::take(self.params, gradients, &self.learns)
    }
}
