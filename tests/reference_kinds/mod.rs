//! Which function computes which kind of reference case: one file per family of kinds.

pub mod case;
mod divergences;
mod flows;
mod images;
mod importance;
mod layers;
mod losses;
mod optimisers;
mod sequences;
mod vae;

use case::{Answers, Case};

type Compute = fn(&Case) -> Answers;

/// Every kind that is served, sorted.
pub const KINDS: &[(&str, Compute)] = &[
    ("activation", layers::activation),
    ("batchnorm1d", images::batch_norm),
    ("batchnorm2d", images::batch_norm),
    ("bce_with_logits", losses::bce_with_logits),
    ("clip_global_norm", optimisers::clip_global_norm),
    ("conv2d", images::conv2d),
    ("conv_transpose2d", images::conv_transpose2d),
    ("cross_entropy", losses::cross_entropy),
    ("embedding", sequences::embedding),
    ("gaussian_nll", losses::gaussian_nll),
    ("iwae", importance::iwae),
    ("kl_diagonal_gaussians", divergences::kl_diagonal_gaussians),
    ("kl_full_gaussians", divergences::kl_full_gaussians),
    ("linear", layers::linear),
    ("log_softmax", losses::log_softmax),
    ("logsumexp", losses::logsumexp),
    ("lstm", sequences::lstm),
    ("lstm_language_model", sequences::lstm_language_model),
    ("maf", flows::maf),
    (
        "masked_sequence_cross_entropy",
        losses::masked_sequence_cross_entropy,
    ),
    ("mog_importance", importance::mog_importance),
    ("optimizer", optimisers::optimizer),
    ("quantized_normal_nll", losses::quantized_normal_nll),
    ("realnvp", flows::realnvp),
    ("vae_elbo", vae::vae_elbo),
];

/// Kinds whose layers and estimators do not exist yet.
pub const NOT_YET: &[&str] = &[
    "gated_pixelcnn_layer",
    "inception_score",
    "marginal_kl",
    "masked_conv2d",
    "ms_ssim",
    "savae",
    "stat_bootstrap",
    "stat_paired_t",
    "stat_spearman",
    "stat_student_t",
    "stat_summary",
    "stat_welch",
    "stat_wilcoxon",
    "wgan_gp",
];
