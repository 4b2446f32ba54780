//! Layers: plain data that holds parameter handles; the numbers come with the pass.

mod activation;
mod batch_norm;
mod conv;
mod conv_transpose;
mod coupling;
mod dropout;
mod embedding;
mod linear;
mod lstm;
mod made;
mod masked;
mod mlp;
mod pixel_cnn;
mod residual;
mod stack;
pub(in crate::nn) mod window;

pub use activation::Activation;
pub use batch_norm::{BatchNorm, NormWeights, Normalised, Statistics};
pub use conv::Conv2d;
pub use conv_transpose::ConvTranspose2d;
pub use coupling::{Coupling, CouplingSizes, Mapped, RealNvp};
pub use dropout::dropout;
pub use embedding::Embedding;
pub use linear::Linear;
pub use lstm::{Lstm, LstmOutput, LstmState, LstmWeights, sequence_major, time_major};
pub use made::{Made, Maf, Whitened};
pub use masked::{Mask, MaskedConv2d};
pub use mlp::Mlp;
pub use pixel_cnn::{GatedConv, GatedOutput, PixelCnn};
pub use residual::ResidualBlock;
pub use stack::{Stack, Stage, points, rows};
pub use window::{Padding, Window};
