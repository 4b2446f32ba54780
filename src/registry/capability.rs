//! What a fitted model can do, and what scores and stages ask of it: said at their entries, so that a
//! mismatch is found when planning.

/// One thing that a fitted model can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Capability {
    /// Observations from its prior.
    Samples,
    /// An observation for any z, whose prior is N(0, I): the mean of p(x|z), or what a generator makes.
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

    /// What an autoencoder can do whose posterior is a flow.
    pub const FLOW_AUTOENCODER: &'static [Capability] = &[
        Capability::Samples,
        Capability::Decoder,
        Capability::Likelihood,
        Capability::Codes,
        Capability::PosteriorSamples,
        Capability::PosteriorDensity,
        Capability::FlowPosterior,
    ];

    /// What an autoencoder can do whose encoder is a function.
    pub const POINT_AUTOENCODER: &'static [Capability] = &[
        Capability::Samples,
        Capability::Decoder,
        Capability::Likelihood,
        Capability::Codes,
    ];

    /// As the end of "the model has no …".
    pub fn noun(self) -> &'static str {
        match self {
            Capability::Samples => "prior to sample from",
            Capability::Decoder => "decoder",
            Capability::Likelihood => "likelihood p(x|z)",
            Capability::Codes => "encoder",
            Capability::PosteriorSamples => "q(z|x) to draw from",
            Capability::PosteriorDensity => "density q(z|x)",
            Capability::DiagonalPosterior => "q(z|x) of independent dimensions",
            Capability::FullPosterior => "Gaussian q(z|x) with all covariances",
            Capability::FlowPosterior => "flow as q(z|x)",
            Capability::PosteriorRefinement => "q(z|x) that can be refined",
            Capability::Sequences => "sequences as observations",
        }
    }
}
