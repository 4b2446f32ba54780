//! Points drawn independently.

use crate::registry::Entry;
use crate::registry::ParamError;

use super::Ask;
use super::Method;
use super::Proposal;
use super::history::fresh;

/// `random`.
pub(super) struct Random;

impl Entry for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn summary(&self) -> &'static str {
        "points drawn independently and uniformly"
    }

    fn docs(&self) -> &'static str {
        "Each point is drawn uniformly from the space, on the logarithm for parameters with `log`, \
         and independently of all others (Bergstra & Bengio, JMLR 2012). A point that is there \
         already, or that conditions leave out, is drawn again."
    }
}

impl Method for Random {
    fn propose(&self, ask: &Ask<'_>) -> Result<Proposal, ParamError> {
        Ok(fresh(ask, None))
    }

    fn learns(&self) -> bool {
        false
    }
}
