//! One recording of a forward pass, shared by every tensor that takes part in it.
//!
//! dfdx moves its tape from operand to result, so that a tensor used twice must be re-taped by
//! hand. A [`Tape`] here is a shared handle instead: cloning a tensor keeps it on the tape, and
//! whether anything is recorded is decided when the program runs, not by a type parameter. It
//! implements dfdx's own `Tape` trait, so all dfdx operations record themselves on it.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use dfdx::tensor::{Gradients, HasErr, Merge, NoneTape};

use super::backend::Backend;

type BackwardOp<B> =
    Box<dyn FnOnce(&mut Gradients<f32, B>) -> std::result::Result<(), <B as HasErr>::Err>>;

/// Orders operations of recordings that are merged later.
static CLOCK: AtomicU64 = AtomicU64::new(0);

enum Recording<B: Backend> {
    Operations(Vec<(u64, BackwardOp<B>)>),
    /// Merged into another recording, which takes further operations.
    Merged(Rc<RefCell<Recording<B>>>),
}

/// A handle on the recording of one forward pass, or on none: see [`Tape::constant`].
pub struct Tape<B: Backend>(Option<Rc<RefCell<Recording<B>>>>);

impl<B: Backend> Clone for Tape<B> {
    fn clone(&self) -> Self {
        Tape(self.0.clone())
    }
}

/// A fresh recording. dfdx asks for one inside composite operations and merges it back later.
impl<B: Backend> Default for Tape<B> {
    fn default() -> Self {
        Tape::recording()
    }
}

impl<B: Backend> std::fmt::Debug for Tape<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.is_recording() {
            "Tape(recording)"
        } else {
            "Tape(constant)"
        })
    }
}

impl<B: Backend> Tape<B> {
    /// Starts an empty recording.
    pub fn recording() -> Self {
        Tape(Some(Rc::new(RefCell::new(Recording::Operations(
            Vec::new(),
        )))))
    }

    /// The tape of constants: nothing is recorded, no gradient is computed.
    pub fn constant() -> Self {
        Tape(None)
    }

    /// Whether operations on this tape are recorded.
    pub fn is_recording(&self) -> bool {
        self.0.is_some()
    }

    /// The recording at the end of the chain of merges.
    fn root(&self) -> Option<Rc<RefCell<Recording<B>>>> {
        let mut at = self.0.clone()?;
        loop {
            let next = match &*at.borrow() {
                Recording::Operations(_) => None,
                Recording::Merged(next) => Some(next.clone()),
            };
            match next {
                Some(next) => at = next,
                None => return Some(at),
            }
        }
    }

    /// The tape of a result of two operands: recording if either is.
    pub fn joined(&self, other: &Self) -> Self {
        let (Some(a), Some(b)) = (self.root(), other.root()) else {
            return Tape(self.0.clone().or_else(|| other.0.clone()));
        };
        if !Rc::ptr_eq(&a, &b) {
            let moved = std::mem::replace(&mut *b.borrow_mut(), Recording::Merged(a.clone()));
            if let (Recording::Operations(into), Recording::Operations(from)) =
                (&mut *a.borrow_mut(), moved)
            {
                into.extend(from);
            }
        }
        Tape(Some(a))
    }

    /// Records what the backward pass has to do for one operation.
    pub fn record<F>(&self, operation: F)
    where
        F: 'static + FnOnce(&mut Gradients<f32, B>) -> std::result::Result<(), B::Err>,
    {
        let Some(root) = self.root() else { return };
        if let Recording::Operations(operations) = &mut *root.borrow_mut() {
            let now = CLOCK.fetch_add(1, Ordering::Relaxed);
            operations.push((now, Box::new(operation)));
        }
    }

    /// Runs the recording backwards over `gradients` and empties it.
    pub(super) fn play_back(
        &self,
        gradients: &mut Gradients<f32, B>,
    ) -> std::result::Result<(), B::Err> {
        let Some(root) = self.root() else {
            return Ok(());
        };
        let mut operations = match &mut *root.borrow_mut() {
            Recording::Operations(operations) => std::mem::take(operations),
            Recording::Merged(_) => Vec::new(),
        };
        operations.sort_by_key(|(time, _)| *time); // sorted already unless recordings were merged
        while let Some((_, operation)) = operations.pop() {
            operation(gradients)?;
        }
        Ok(())
    }
}

impl<B: Backend> dfdx::tensor::Tape<f32, B> for Tape<B> {
    const OWNS_TAPE: bool = true;
    fn add_backward_op<F>(&mut self, operation: F)
    where
        F: 'static + FnOnce(&mut Gradients<f32, B>) -> std::result::Result<(), B::Err>,
    {
        self.record(operation);
    }
}

impl<B: Backend> Merge<NoneTape> for Tape<B> {
    fn merge(self, _: NoneTape) -> Self {
        self
    }
}

impl<B: Backend> Merge<Tape<B>> for Tape<B> {
    fn merge(self, other: Self) -> Self {
        self.joined(&other)
    }
}
