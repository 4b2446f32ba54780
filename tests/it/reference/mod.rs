//! Which function computes which kind of reference case: one file per family of kinds.

pub(crate) mod case;
mod cases;
mod divergences;
mod estimators;
mod flows;
mod images;
mod layers;
mod losses;
mod metrics;
mod optimisers;
mod penalty;
mod sequences;
mod statistics;
mod vae;

use case::{Answers, Case};

type Compute = fn(&Case) -> Answers;

/// Every kind that is served, sorted.
pub(crate) const KINDS: &[(&str, Compute)] = &[
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
    ("gated_pixelcnn_layer", images::gated_pixelcnn_layer),
    ("inception_score", metrics::inception),
    ("iwae", estimators::iwae),
    ("kl_diagonal_gaussians", divergences::kl_diagonal_gaussians),
    ("kl_full_gaussians", divergences::kl_full_gaussians),
    ("linear", layers::linear),
    ("log_softmax", losses::log_softmax),
    ("logsumexp", losses::logsumexp),
    ("lstm", sequences::lstm),
    ("lstm_language_model", sequences::lstm_language_model),
    ("maf", flows::maf),
    ("masked_conv2d", images::masked_conv2d),
    ("marginal_kl", metrics::marginal_kl),
    (
        "masked_sequence_cross_entropy",
        losses::masked_sequence_cross_entropy,
    ),
    ("mog_importance", estimators::mog_importance),
    ("ms_ssim", metrics::ms_ssim),
    ("optimizer", optimisers::optimizer),
    ("quantized_normal_nll", losses::quantized_normal_nll),
    ("realnvp", flows::realnvp),
    ("savae", estimators::savae),
    ("stat_bootstrap", statistics::bootstrap),
    ("stat_paired_t", statistics::paired_t),
    ("stat_spearman", statistics::spearman),
    ("stat_student_t", statistics::student_t),
    ("stat_summary", statistics::summary),
    ("stat_welch", statistics::welch),
    ("stat_wilcoxon", statistics::wilcoxon),
    ("vae_elbo", vae::vae_elbo),
    ("wgan_gp", penalty::wgan_gp),
];
