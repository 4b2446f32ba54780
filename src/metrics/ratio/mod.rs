//! KL divergences by the density ratio trick: a classifier that tells draws of q from draws of p, whose
//! logit estimates ln q/p (Sugiyama et al. 2012).
//!
//! [`RatioClassifier`] is the network, [`RatioTraining`] learns it from streams of draws;
//! `evaluate/density-ratio-kl` applies it to the marginal posterior, `estimate/gaussian-ratio` to
//! Gaussians whose divergence is known.

mod classifier;
mod gaussians;
mod metric;
mod training;

#[cfg(test)]
mod tests;

pub use classifier::RatioClassifier;
pub use classifier::RatioParams;
pub use classifier::Regularisation;
pub use gaussians::Divergence;
pub use gaussians::GaussianRatio;
pub use gaussians::Task;
pub use metric::DensityRatioKl;
pub use training::Pairs;
pub use training::RatioTraining;
pub use training::logits;
