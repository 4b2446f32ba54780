//! Scores and estimators by name, each with its unit and which way is better.

mod estimate;
mod marginal_kl;

pub use estimate::Estimate;
pub use marginal_kl::{MarginalKl, Posteriors};
