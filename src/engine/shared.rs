//! Results that others have: asked for before a step is made.

use crate::store::Digest;
use crate::store::Wanted;

/// Where results may come from that the store does not have.
pub trait SharedResults: Sync {
    /// Brings these results into the store, as far as they are there, and says of which. Called
    /// from several threads.
    fn bring(&self, wanted: &[Wanted], warn: &mut dyn FnMut(String)) -> Vec<Digest>;

    /// What people call the place.
    fn place(&self) -> &str;
}
