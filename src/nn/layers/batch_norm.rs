//! Batch normalisation (Ioffe & Szegedy 2015) over the rows of a matrix or the pixels of images.
//!
//! Which statistics a pass uses is said by a [`Statistics`], not guessed from the pass: a GAN runs
//! its generator in training mode without recording, and normalises real and generated images
//! as two batches. A pass borrows the parameters, so what it saw is noted and entered afterwards.

use std::cell::RefCell;

use crate::nn::backend::Backend;
use crate::nn::error::Error;
use crate::nn::init::Init;
use crate::nn::layers::Activation;
use crate::nn::params::{Builder, Param, Params, Pass};
use crate::nn::tensor::{Cube, Images, Matrix, Vector};

/// Which mean and variance a pass normalises by.
#[derive(Debug)]
pub enum Statistics<B: Backend> {
    /// The running ones: evaluation.
    Running,
    /// The batch's, which the running ones forget: a pass through a network that is not the one
    /// being trained.
    Batch,
    /// The batch's, noted for [`Statistics::keep`]: training.
    Noted(RefCell<Vec<Note<B>>>),
}

/// What one layer saw in one batch.
#[derive(Debug)]
pub struct Note<B: Backend> {
    layer: BatchNorm,
    mean: Vector<B>,
    variance: Vector<B>,
    count: usize,
}

impl<B: Backend> Statistics<B> {
    /// For training: the batch's statistics, noted in the order of the layers' passes.
    pub fn noted() -> Self {
        Statistics::Noted(RefCell::new(Vec::new()))
    }

    /// Moves the running statistics towards what was noted, in order:
    /// `running ← (1 − momentum) running + momentum batch`, the variance unbiased (÷ n − 1).
    pub fn keep(self, params: &mut Params<B>) -> Result<(), Error> {
        let Statistics::Noted(notes) = self else {
            return Ok(());
        };
        for note in notes.into_inner() {
            let BatchNorm { momentum, .. } = note.layer;
            let unbias = note.count as f32 / (note.count.max(2) - 1) as f32;
            let mut towards = |index: usize, batch: Vec<f32>, factor: f32| {
                let mix = |(old, new): (f32, f32)| (1.0 - momentum) * old + momentum * new * factor;
                let old = params.values(index);
                params.set(index, old.into_iter().zip(batch).map(mix).collect())
            };
            towards(note.layer.running_mean.index(), note.mean.to_vec(), 1.0)?;
            towards(
                note.layer.running_var.index(),
                note.variance.to_vec(),
                unbias,
            )?;
        }
        Ok(())
    }
}

/// What [`Backend::batch_norm`] takes beside the images.
#[derive(Debug)]
pub struct NormWeights<B: Backend> {
    /// Scale `[C]`.
    pub gamma: Vector<B>,
    /// Shift `[C]`.
    pub beta: Vector<B>,
    /// Added to the variance.
    pub eps: f32,
}

/// What [`Backend::batch_norm`] gives.
#[derive(Debug)]
pub struct Normalised<B: Backend> {
    /// The shape of the input.
    pub y: Cube<B>,
    /// Mean and biased (÷ n) variance of the batch, as constants `[C]`; none if they were given.
    pub statistics: Option<(Vector<B>, Vector<B>)>,
}

/// Batch normalisation of `channels` channels: `gamma (x − m) / √(v + eps) + beta`.
#[derive(Debug, Clone, Copy)]
pub struct BatchNorm {
    /// Scale `[C]`, parameter `weight`.
    pub gamma: Param<(usize,)>,
    /// Shift `[C]`, parameter `bias`.
    pub beta: Param<(usize,)>,
    /// Buffer `[C]`.
    pub running_mean: Param<(usize,)>,
    /// Buffer `[C]`.
    pub running_var: Param<(usize,)>,
    /// Weight of a new batch in the running statistics.
    pub momentum: f32,
    /// Added to the variance.
    pub eps: f32,
}

impl BatchNorm {
    /// With PyTorch's first values: scale 1, shift 0, running mean 0 and variance 1, momentum 0.1,
    /// eps 1e-5.
    pub fn new<B: Backend>(builder: &mut Builder<B>, channels: usize) -> Self {
        Self::with_init(builder, channels, Init::Constant(1.0))
    }

    /// With chosen first scales.
    pub fn with_init<B: Backend>(builder: &mut Builder<B>, channels: usize, scale: Init) -> Self {
        let (zero, one) = (Init::Constant(0.0), Init::Constant(1.0));
        BatchNorm {
            gamma: builder.weight("weight", (channels,), scale),
            beta: builder.weight("bias", (channels,), zero),
            running_mean: builder.buffer("running_mean", (channels,), zero),
            running_var: builder.buffer("running_var", (channels,), one),
            momentum: 0.1,
            eps: 1e-5,
        }
    }

    /// Normalises images `[N, C, H, W]` over N, H and W, then applies an activation.
    pub fn images<B: Backend>(
        &self,
        pass: &Pass<B>,
        x: Images<B>,
        statistics: &Statistics<B>,
        activation: Activation,
    ) -> Images<B> {
        let (n, c, h, w) = x.shape();
        self.cube(pass, x.reshape((n, c, h * w)), statistics, activation)
            .reshape((n, c, h, w))
    }

    /// Normalises the columns of a matrix `[N, C]` over N, then applies an activation.
    pub fn rows<B: Backend>(
        &self,
        pass: &Pass<B>,
        x: Matrix<B>,
        statistics: &Statistics<B>,
        activation: Activation,
    ) -> Matrix<B> {
        let (n, c) = x.shape();
        self.cube(pass, x.reshape((n, c, 1)), statistics, activation)
            .reshape((n, c))
    }

    fn cube<B: Backend>(
        &self,
        pass: &Pass<B>,
        x: Cube<B>,
        statistics: &Statistics<B>,
        activation: Activation,
    ) -> Cube<B> {
        let (n, _, pixels) = x.shape();
        let weights = NormWeights {
            gamma: pass.get(self.gamma),
            beta: pass.get(self.beta),
            eps: self.eps,
        };
        let running = || (pass.get(self.running_mean), pass.get(self.running_var));
        let given = matches!(statistics, Statistics::Running).then(running);
        let Normalised { y, statistics: saw } = B::batch_norm(x, weights, given, activation);
        if let (Statistics::Noted(notes), Some((mean, variance))) = (statistics, saw) {
            notes.borrow_mut().push(Note {
                layer: *self,
                mean,
                variance,
                count: n * pixels,
            });
        }
        y
    }
}
