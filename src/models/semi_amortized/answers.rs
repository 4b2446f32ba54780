//! What a fitted model with refinable λ answers: plain numbers on the host.

use super::Content;
use super::Inference;
use super::Observed;
use super::Refinement;
use crate::data::Dataset;
use crate::models::DiagonalGaussians;
use crate::models::ModelError;
use crate::models::Rows;
use crate::random::Seed;
use crate::random::Stream;

/// A fitted model of this family, of sequences or images. [`crate::models::Fitted::semi_amortized`]
/// gives it. All that it says of a batch depends on that batch alone and on what is given.
///
/// `z` has one row per observation; of a model without z it is `Rows::new(0, vec![])`.
pub trait SemiAmortized {
    /// How it was trained.
    fn method(&self) -> Inference;

    /// Dimension of z; 0 without one.
    fn latent(&self) -> usize;

    /// Whether λ can start at an encoder.
    fn has_encoder(&self) -> bool;

    /// How λ is inferred unless a score asks for something else: with the steps that the manifest gave
    /// for tests.
    fn refinement(&self) -> Refinement;

    /// All of a split in the batches that refinement sees, of the size that the model was trained with.
    ///
    /// # Errors
    /// [`ModelError::Data`] where the data set has others than the model is of.
    fn batches(&self, data: &Dataset, split: &str) -> Result<Vec<Observed>, ModelError>;

    /// Predicted tokens (with `</s>`), or pixels, of each observation.
    fn predicted(&self, x: &Content) -> Vec<usize>;

    /// q at λ_0, …, λ_K: K + 1 of them. Step k draws its noise from `noise`, numbered by k.
    ///
    /// # Errors
    /// [`ModelError::Unsupported`] without z, or where it is to start at an encoder that is not there.
    fn infer(
        &self,
        x: &Content,
        how: &Refinement,
        noise: Seed,
    ) -> Result<Vec<DiagonalGaussians>, ModelError>;

    /// log p(x|z) of each pair, in nats; log p(x) of a model without z.
    ///
    /// # Errors
    /// Where x or z do not fit.
    fn log_likelihood(&self, x: &Content, z: &Rows) -> Result<Vec<f64>, ModelError>;

    /// log p(x_t | x_<t, z) of every predicted token or pixel, a row per observation, in nats.
    ///
    /// # Errors
    /// As above.
    fn log_likelihood_by_part(&self, x: &Content, z: &Rows) -> Result<Rows, ModelError>;

    /// ∂ log p(x_t | x_<t, z) / ∂z: for every t the rows `[n, latent]`. The norm of its mean over draws
    /// of z is the output saliency of token t.
    ///
    /// # Errors
    /// As above; without z.
    fn output_gradients(&self, x: &Content, z: &Rows) -> Result<Vec<Rows>, ModelError>;

    /// ∂‖z‖₂ / ∂w_t at z = μ(x) + σ(x) ε, w_t being what the encoder reads at t: for every t the rows
    /// `[n, width]`. The norm of its mean over draws of `noise` `[n, latent]` is the input saliency of
    /// token t; the tokens are those of the stored sequence, `<s>` and `</s>` among them.
    ///
    /// # Errors
    /// As above; without an encoder.
    fn input_gradients(&self, x: &Content, noise: &Rows) -> Result<Vec<Rows>, ModelError>;

    /// Draws from p(x|z), one per row of `z`; of a model without z, `count` of them. Sequences are as a
    /// data set stores them, with at most as many predicted tokens as the longest it was trained on.
    ///
    /// # Errors
    /// Where z does not fit.
    fn generate(&self, z: &Rows, count: usize, stream: &mut Stream) -> Result<Content, ModelError>;
}
