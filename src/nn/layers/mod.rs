//! Layers: plain data that holds parameter handles; the numbers come with the pass.

mod activation;
mod linear;
mod mlp;

pub use activation::Activation;
pub use linear::Linear;
pub use mlp::Mlp;
