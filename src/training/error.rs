//! Why a training ended before its time.

/// What can go wrong in a training.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// Stopped from outside; the state was kept.
    #[error("cancelled")]
    Cancelled,
    /// The budget cannot be spent.
    #[error("{0}")]
    Budget(String),
    /// What the algorithm itself says.
    #[error("{0}")]
    Algorithm(Box<dyn std::error::Error + Send + Sync>),
    /// Weights that are not of these components, or a device that failed.
    #[error(transparent)]
    Nn(#[from] crate::nn::Error),
}

impl TrainingError {
    /// An error of the algorithm's own.
    pub fn algorithm(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        TrainingError::Algorithm(Box::new(error))
    }
}
