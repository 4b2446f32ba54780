//! What trainings report: scores along the curve, and numbers that are known at the end.

use crate::registry::Measure;

pub(super) const TRAIN_LOSS: Measure = Measure::new("train_loss", "training loss")
    .unit("nats")
    .down();
pub(super) const VALID_ELBO: Measure = Measure::new("valid_elbo", "validation ELBO")
    .unit("nats")
    .up();
pub(super) const VALID_IWAE: Measure =
    Measure::new("valid_iwae", "validation importance-weighted bound")
        .unit("nats")
        .up();
pub(super) const VALID_EMPIRICAL_LL: Measure = Measure::new(
    "valid_empirical_ll",
    "validation log-likelihood, empiricalised",
)
.unit("nats")
.up();
pub(super) const VALID_LL: Measure = Measure::new("valid_ll", "validation log-likelihood")
    .unit("nats")
    .up();
pub(super) const DECODER_PASSES: Measure =
    Measure::new("decoder_passes", "decoder passes per observation").down();
pub(super) const NETWORK_PASSES: Measure =
    Measure::new("network_passes", "network passes per observation").down();
pub(super) const RECOVERY_COST: Measure = Measure::new(
    "recovery_cost",
    "validation log-likelihood lost by recovering the prior",
)
.unit("nats")
.down();
pub(super) const RECOVERY_COST_SE: Measure = Measure::new(
    "recovery_cost_se",
    "standard error of what recovering the prior costs",
)
.unit("nats");
pub(super) const RECOVERY_LOSS: Measure =
    Measure::new("recovery_loss", "mean squared error of the recovered prior").down();
