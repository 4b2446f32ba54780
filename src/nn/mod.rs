//! The wall around dfdx: tensors with run-time shapes, layers, losses, optimisers, checkpoints.
//!
//! Only this module names dfdx. Models are written against [`Backend`], so that one source runs on
//! the CPU and, with the feature `cuda`, on an NVIDIA GPU.
//!
//! | file | what |
//! | --- | --- |
//! | [`tensor`], [`tape`], [`gradients`] | tensors, the shared recording, what a backward pass leaves |
//! | [`backend`], [`compose`], [`cpu`] | fused operations, their twins of dfdx operations, their CPU versions |
//! | [`params`], [`init`] | named parameters in order, first values, passes |
//! | [`layers`], [`losses`], [`gaussians`] | what models are built from |
//! | [`penalty`] | the exact gradient penalty of WGAN-GP |
//! | [`importance`], [`svi`] | importance-weighted bounds and their gradients; derivatives through inner steps |
//! | [`optim`], [`checkpoint`], [`random`] | updates, saved state, randomness by name |
//! | [`device`], [`error`] | `auto`, `cpu`, `cuda`; what can go wrong |
//!
//! # A model from first values to a checkpoint
//!
//! ```
//! use sweepline::nn::*;
//!
//! let (device, seed) = (Cpu::default(), Seed::new(1));
//! let mut params = Params::new(&device);
//! let mut builder = params.builder(seed.derive("fit/init"));
//! let encoder = Mlp::new(&mut builder.part("encoder"), &[4, 16, 2 * 2], Activation::Relu);
//! let decoder = Mlp::new(&mut builder.part("decoder"), &[2, 16, 4], Activation::Relu);
//! let mut optimizer = Optimizer::new(&params, Algorithm::adam(0.9, 0.999), 1e-2);
//!
//! let x = device.matrix(seed.derive("data").stream(0).bernoulli(32 * 4, 0.3), 32, 4);
//! let negative_elbo = |pass: &Pass<Cpu>, iteration: u64| {
//!     let (mean, log_var) = losses::split_columns(encoder.forward(pass, x.clone()), 2);
//!     let noise = seed.derive("fit/noise").stream(iteration).normal(32 * 2);
//!     let z = losses::gaussian_sample(mean.clone(), log_var.clone(), device.matrix(noise, 32, 2));
//!     let nll = losses::bernoulli_nll(decoder.forward(pass, z), x.clone());
//!     (nll + losses::kl_standard(mean, log_var)).mean()
//! };
//!
//! let first = negative_elbo(&params.eval(), 0).value(); // nothing is recorded
//! for iteration in 0..100 {
//!     let pass = params.record();
//!     let loss = negative_elbo(&pass, iteration);
//!     let mut gradients = pass.backward(loss);
//!     gradients.clip_global_norm(5.0);
//!     optimizer.update(&mut params, &gradients);
//! }
//! assert!(negative_elbo(&params.eval(), 0).value() < first);
//!
//! let header = Header { iteration: 100, config: serde_json::json!({"latent": 2}) };
//! let bytes = checkpoint::to_bytes(&header, &params, &[("main", &optimizer)])?;
//! checkpoint::from_bytes(&bytes, &mut params, &mut [("main", &mut optimizer)])?;
//! # Ok::<(), Error>(())
//! ```
//!
//! # Conventions
//!
//! - Rows are observations; images are `[N, C, H, W]`; affine weights `[out, in]`.
//! - A tensor is tracked if a gradient must reach it. Data are constants; parameters are tracked by
//!   `params.record()`, and not by `params.eval()`: networks that learn apart have a [`Params`] each,
//!   and passes of several may meet in one loss. `x.watched(pass.tape())` tracks an input, and `loss.backward().of(&x)` is then its gradient; `t.detach()` stops gradients.
//!   Fused operations do no work for constants, dfdx operations do.
//! - Gradients of intermediate results are used up by the backward pass: to get one, detach and
//!   watch the tensor.
//! - dfdx operations refuse one tensor as both operands: write `x.square()` and `x * 2.0`.
//! - Several losses over one pass: add them, or make one pass each. A recording is used up by `backward`.
//! - Layers are plain data with handles; a new one takes `&mut Builder` and `&Pass`, as
//!   [`Linear`] does. Running statistics are buffers (`Builder::buffer`, `Params::set`).
//! - The same bytes come out at any number of threads. Random numbers are drawn on the host.
//! - How to add a fused operation and its twin: [`backend`].
//! - Reference numbers of other libraries: `tests/it/reference/`, explained in `docs/reference-numbers.md`.

pub mod backend;
pub mod checkpoint;
pub mod compose;
pub mod cpu;
#[cfg(feature = "cuda")]
mod cuda;
pub mod device;
pub mod error;
#[cfg(test)]
mod flow_checks;
pub mod gaussians;
pub mod gradients;
#[cfg(test)]
mod image_checks;
pub mod importance;
pub mod init;
pub mod layers;
pub mod losses;
pub mod optim;
pub mod params;
pub mod penalty;
#[cfg(test)]
mod same_bytes;
pub mod svi;
pub mod tape;
pub mod tensor;
#[cfg(test)]
mod tests;

pub use crate::random;
pub use crate::random::{Seed, Stream};
pub use backend::Backend;
pub use checkpoint::Header;
pub use device::{AnyDevice, DeviceChoice};
pub use dfdx::shapes::Shape;
pub use dfdx::tensor::Cpu;
#[cfg(feature = "cuda")]
pub use dfdx::tensor::Cuda;
pub use error::Error;
pub use gaussians::FullGaussian;
pub use gradients::{Gradients, ParamGradients};
pub use importance::Estimator;
pub use init::Init;
pub use layers::{
    Activation, BatchNorm, Conv2d, ConvTranspose2d, Coupling, CouplingSizes, Embedding, Linear,
    Lstm, LstmState, Maf, Mlp, Padding, RealNvp, Statistics, Window,
};
pub use losses::Scale;
pub use optim::{Algorithm, Optimizer, Schedule};
pub use params::{Builder, Param, Params, Pass, Role};
pub use svi::{ClippedStep, Differences, InnerLoop, Order};
pub use tape::Tape;
pub use tensor::{Cube, Images, Matrix, Scalar, Tensor, Vector};
