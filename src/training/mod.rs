//! The loop around every training, whatever learns in it: models, and metrics that train.
//!
//! A [`TrainingAlgorithm`] owns [`Component`]s and says what one iteration does; [`TrainingLoop`]
//! does all the rest: phases, batches, curves, checkpoints, resumption, progress, stopping, and the
//! judgement whether a training diverged. `docs/design/training.md` tells how they work together.

mod algorithm;
mod batches;
mod component;
mod curve;
mod error;
mod exact;
mod learning_rate;
mod monitor;
mod phase;
mod scalars;
mod state;
mod stepped;
#[cfg(test)]
pub mod tests;
mod training_loop;
pub mod weights;

pub use algorithm::Iteration;
pub use algorithm::TrainingAlgorithm;
pub use batches::Batches;
pub use component::Component;
pub use curve::Curve;
pub use curve::CurveRow;
pub use error::TrainingError;
pub use learning_rate::LearningRate;
pub use learning_rate::Plateau;
pub use monitor::Monitor;
pub use phase::Budget;
pub use phase::Phase;
pub use phase::Rows;
#[doc(hidden)]
pub use stepped::Stepped;
pub use training_loop::Trained;
pub use training_loop::TrainingLoop;
