//! How far a model's samples are from data by a critic that the model has never met.
//!
//! [`Critics`] learns one critic for each of several sets of observations, all against the same
//! samples; `evaluate/wasserstein-critic` does so for the validation split and for training observations.

mod critics;
mod metric;

#[cfg(test)]
mod tests;

use critics::CriticParams;
use critics::Critics;
pub(super) use metric::WassersteinCritic;
