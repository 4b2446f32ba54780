//! Results that others have: asked for before a step is made.

use crate::store::Digest;

/// Where results may come from that the store does not have.
pub trait SharedResults: Sync {
    /// Brings the results of these keys into the store, as far as they are there, and says of which. Called
    /// from several threads.
    fn bring(&self, keys: &[Digest], warn: &mut dyn FnMut(String)) -> Vec<Digest>;

    /// What people call the place.
    fn place(&self) -> &str;
}
