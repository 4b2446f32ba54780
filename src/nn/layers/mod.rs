//! Layers: plain data that holds parameter handles; the numbers come with the pass.

mod activation;
mod coupling;
mod embedding;
mod linear;
mod lstm;
mod made;
mod mlp;

pub use activation::Activation;
pub use coupling::{Coupling, CouplingSizes, Mapped, RealNvp};
pub use embedding::Embedding;
pub use linear::Linear;
pub use lstm::{Lstm, LstmOutput, LstmState, LstmWeights, sequence_major, time_major};
pub use made::{Made, Maf, Whitened};
pub use mlp::Mlp;
