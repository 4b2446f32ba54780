//! Latent-variable models whose variational parameters λ = (μ, ln σ²) are amortised, refined, or both:
//! VAE, SVI, VAE+SVI, VAE+SVI+KL and SA-VAE over any encoder and any decoder.
//!
//! Kim, Wiseman, Miller, Sontag and Rush 2018, *Semi-amortized variational autoencoders*,
//! arXiv 1802.02550; see `docs/design/sa-vae.md`. A model brings an [`Encoder`], a [`Decoder`] and a [`Representation`] of its
//! observations; all else is here:
//!
//! | file | what |
//! | --- | --- |
//! | `inference` | the methods by name, and how λ is refined |
//! | `networks` | the two traits, the networks with their components, the objective f(λ, θ, x; k) |
//! | `gradients` | what each method's encoder and decoder learn from (the paper's algorithm 1) |
//! | `training` | β, dropout, validation by the bound at λ_K, the best epoch's weights |
//! | `answers`, `fitted` | what a fitted model answers, and the answers |
//! | `content` | observations on the host, and batches of them |

mod answers;
#[cfg(test)]
pub(crate) mod brute_force;
mod content;
mod fitted;
mod gradients;
mod inference;
mod networks;
mod params;
#[cfg(test)]
mod tests;
mod training;

pub use answers::SemiAmortized;
pub use content::Content;
pub use content::Observed;
pub use content::Representation;
pub use fitted::FittedSemiAmortized;
pub use inference::Inference;
pub use inference::Refinement;
pub use inference::Start;
pub use networks::Decoder;
pub use networks::Decoding;
pub use networks::Encoder;
pub use networks::Encoding;
pub use networks::Lambda;
pub use networks::Networks;
pub use params::InferenceParams;
pub use params::Settings;
pub use params::SgdParams;
pub use training::MEASURES;
pub use training::Recipe;
pub use training::train;
