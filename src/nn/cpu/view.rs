//! How CPU operations reach the numbers and gradients of dfdx tensors without copying them.
//!
//! dfdx 0.13 does not lend out a tensor's storage. A tensor made here remembers where its numbers
//! lie ([`View`]) and keeps them alive and unchanged by holding a second reference: dfdx writes
//! to storage only through `Arc::make_mut`, which copies while a second reference exists. Gradients need
//! no such care: dfdx lends them mutably.

use dfdx::prelude::*;
use dfdx::tensor::{Gradients, Tensor as Dfdx};

use crate::nn::tape::Tape;
use crate::nn::tensor::Tensor;

/// The numbers of a tensor, row-major, if they are known.
#[derive(Clone, Default)]
pub struct View(Option<Numbers>);

/// Shared read-only numbers.
#[derive(Clone)]
pub(crate) struct Numbers {
    start: *const f32,
    len: usize,
    _storage: Dfdx<(usize,), f32, Cpu>,
}

impl Numbers {
    /// Hands `values` to a dfdx tensor and remembers where they lie.
    fn share(device: &Cpu, values: Vec<f32>) -> Self {
        let (start, len) = (values.as_ptr(), values.len());
        // dfdx wraps the vector as it is; its heap block does not move.
        let storage = device.tensor_from_vec(values, (len,));
        Numbers {
            start,
            len,
            _storage: storage,
        }
    }
}

impl std::ops::Deref for Numbers {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        // SAFETY: `start..start + len` is the heap block of the vector inside `_storage`, which
        // is alive as long as `self` and, being shared with `self`, is never written to: every
        // mutable access of dfdx goes through `Arc::make_mut`, which copies shared storage.
        unsafe { std::slice::from_raw_parts(self.start, self.len) }
    }
}

/// A tensor from numbers, on `tape`.
pub(crate) fn output<S: Shape>(
    device: &Cpu,
    values: Vec<f32>,
    shape: S,
    tape: Tape<Cpu>,
) -> Tensor<S, Cpu> {
    assert_eq!(values.len(), shape.num_elements(), "numbers for {shape:?}");
    let numbers = Numbers::share(device, values);
    let inner = numbers._storage.clone().reshape_like(&shape);
    Tensor {
        inner: inner.put_tape(tape),
        view: View(Some(numbers)),
    }
}

/// An operand of a CPU operation: numbers, tape, and where its gradient goes.
pub(crate) struct Input {
    pub numbers: Numbers,
    pub tape: Tape<Cpu>,
    pub device: Cpu,
    pub slot: Slot,
}

impl Input {
    /// Reads a tensor; copies it only if its numbers come from a dfdx operation.
    pub(crate) fn of<S: Shape>(tensor: Tensor<S, Cpu>) -> Self {
        let Tensor { inner, view } = tensor;
        let device = inner.device().clone();
        let (inner, numbers) = match view.0 {
            Some(numbers) => (inner, numbers),
            None => {
                // The storage may be strided or broadcast; reshaping makes it plain.
                let inner = inner.contiguous();
                let mut values = vec![0.0; inner.shape().num_elements()];
                inner.copy_into(&mut values);
                let numbers = Numbers::share(&device, values);
                (inner, numbers)
            }
        };
        let (inner, tape) = inner.split_tape();
        Input {
            slot: Slot::of(&inner),
            numbers,
            tape,
            device,
        }
    }

    /// Whether a gradient is wanted.
    pub(crate) fn is_tracked(&self) -> bool {
        self.tape.is_recording()
    }
}

type Access =
    Box<dyn for<'g> Fn(&'g mut Gradients<f32, Cpu>) -> Result<&'g mut Vec<f32>, CpuError>>;

/// Where the gradient of a tensor accumulates.
pub(crate) struct Slot(Access);

impl Slot {
    /// The slot of a tensor; does not keep its numbers alive.
    pub(crate) fn of<S: Shape, T: 'static>(tensor: &Dfdx<S, f32, Cpu, T>) -> Self {
        let ghost = tensor.ghost();
        Slot(Box::new(move |gradients| {
            Ok(&mut **gradients.get_or_alloc_mut(&ghost)?)
        }))
    }

    /// Takes the gradient of an operation's output: nothing needs it afterwards.
    pub(crate) fn take(&self, gradients: &mut Gradients<f32, Cpu>) -> Result<Vec<f32>, CpuError> {
        Ok(std::mem::take((self.0)(gradients)?))
    }

    /// The accumulated gradient so far, zeros at first, to add to.
    pub(crate) fn add<'g>(
        &self,
        gradients: &'g mut Gradients<f32, Cpu>,
    ) -> Result<&'g mut Vec<f32>, CpuError> {
        (self.0)(gradients)
    }
}
