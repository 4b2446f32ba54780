//! Why a training or a fitted model failed.

use crate::training::TrainingError;

/// What can go wrong with a model.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The data set lacks something or has the wrong shape.
    #[error("the data set does not fit the model: {0}")]
    Data(String),
    /// The weights are not of this model or are damaged.
    #[error("the weights cannot be opened: {0}")]
    Weights(String),
    /// The model cannot answer what was asked of it.
    #[error("{0}")]
    Unsupported(String),
    /// The model left the finite numbers: nothing can be computed from it.
    #[error("the model diverged: {0}")]
    Diverged(String),
    /// Stopped from outside; a checkpoint was kept.
    #[error("cancelled")]
    Cancelled,
    #[error(transparent)]
    Parameter(#[from] crate::registry::ParamError),
    #[error(transparent)]
    Nn(#[from] crate::nn::Error),
}

impl From<TrainingError> for ModelError {
    fn from(error: TrainingError) -> Self {
        match error {
            TrainingError::Cancelled => ModelError::Cancelled,
            TrainingError::Nn(error) => ModelError::Nn(error),
            TrainingError::Budget(message) => ModelError::Unsupported(message),
            TrainingError::Algorithm(error) => match error.downcast() {
                Ok(own) => *own,
                Err(other) => ModelError::Unsupported(other.to_string()),
            },
        }
    }
}

impl From<ModelError> for TrainingError {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::Cancelled => TrainingError::Cancelled,
            ModelError::Nn(error) => TrainingError::Nn(error),
            other => TrainingError::algorithm(other),
        }
    }
}

impl ModelError {
    pub(super) fn state(error: serde_json::Error) -> Self {
        ModelError::Weights(error.to_string())
    }
}
