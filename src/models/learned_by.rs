//! What a trained model is made of: its networks, and the loss by which each of them learned.

use crate::nn::Backend;
use crate::training::Component;

/// How a network learns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LearnsBy {
    /// The loss as the documentation of the model writes it.
    pub loss: &'static str,
    /// Updates in an iteration.
    pub updates: u64,
}

impl LearnsBy {
    /// One update in an iteration by this loss.
    pub(super) fn of(loss: &'static str) -> Self {
        LearnsBy { loss, updates: 1 }
    }
}

/// A network of a trained model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkFacts {
    pub name: &'static str,
    /// Numbers that were learned.
    pub parameters: usize,
    pub learns: LearnsBy,
}

/// The components with what each of them learns by, in the same order.
pub(super) fn facts<B: Backend>(
    components: &[&mut Component<B>],
    learns: Vec<LearnsBy>,
) -> Vec<NetworkFacts> {
    assert_eq!(components.len(), learns.len(), "a loss for each network");
    let both = components.iter().zip(learns);
    both.map(|(component, learns)| NetworkFacts {
        name: component.name(),
        parameters: component.params().count(),
        learns,
    })
    .collect()
}
