//! What a fitted model can do, and what scores and stages ask of it: said at their entries, so that a
//! mismatch is found when planning.

use std::fmt;

/// One thing that a fitted model can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Capability {
    /// Observations from its prior.
    Samples,
    /// The parameters of p(x|z) for any z, whose prior is N(0, I).
    Decoder,
    /// log p(x|z) of data.
    Likelihood,
    /// One latent variable for an observation: a mean or a point.
    Codes,
    /// Draws of z for an observation.
    PosteriorSamples,
    /// A density q(z|x) of any form.
    PosteriorDensity,
    /// q(z|x) is a Gaussian of independent dimensions.
    DiagonalPosterior,
    /// q(z|x) is a Gaussian with all covariances.
    FullPosterior,
    /// q(z|x) is a flow: density and draws, no moments.
    FlowPosterior,
    /// q(z|x) of an observation can be improved by further steps.
    PosteriorRefinement,
    /// It reads and writes sequences.
    Sequences,
}

impl Capability {
    /// What an autoencoder with a Gaussian posterior of independent dimensions can do.
    pub const DIAGONAL_AUTOENCODER: &'static [Capability] = &[
        Capability::Samples,
        Capability::Decoder,
        Capability::Likelihood,
        Capability::Codes,
        Capability::PosteriorSamples,
        Capability::PosteriorDensity,
        Capability::DiagonalPosterior,
    ];

    /// What an autoencoder can do whose encoder is a function.
    pub const POINT_AUTOENCODER: &'static [Capability] = &[
        Capability::Samples,
        Capability::Decoder,
        Capability::Likelihood,
        Capability::Codes,
    ];
}

/// As the end of "the model has …".
impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Capability::Samples => "a prior to sample from",
            Capability::Decoder => "a decoder",
            Capability::Likelihood => "a likelihood p(x|z)",
            Capability::Codes => "an encoder",
            Capability::PosteriorSamples => "draws from q(z|x)",
            Capability::PosteriorDensity => "a density q(z|x)",
            Capability::DiagonalPosterior => "a diagonal Gaussian q(z|x)",
            Capability::FullPosterior => "a Gaussian q(z|x) with all covariances",
            Capability::FlowPosterior => "a flow as q(z|x)",
            Capability::PosteriorRefinement => "a q(z|x) that can be refined",
            Capability::Sequences => "sequences as observations",
        })
    }
}
