//! How a training reports to the outside, and is steered from there.

/// Who watches a training.
pub trait Monitor {
    /// How much is done of how much, with the latest numbers.
    fn progress(&self, done: u64, total: u64, numbers: &[(&str, f64)]);
    /// Whether to stop after this iteration.
    fn cancelled(&self) -> bool;
    /// The newest state of an earlier attempt.
    fn checkpoint(&self) -> Option<Vec<u8>>;
    /// Whether it is time to keep the state.
    fn checkpoint_due(&self) -> bool;
    /// Keeps the state, replacing the one before.
    fn save_checkpoint(&self, state: &[u8]);
    /// Whether a training like this one, with a larger budget, may go on from where this one ends.
    fn goes_on(&self) -> bool {
        false
    }
    /// Keeps the state at the end of the budget for such a training.
    fn hand_on(&self, _state: &[u8]) {}
    /// A line of the log.
    fn log(&self, line: &str);
    /// Something that the user should know although the training goes on.
    fn warn(&self, message: &str);
}
