//! q(z|x) of a split as the model infers it: at λ_K where it refines, else what its encoder says.

use crate::data::Dataset;
use crate::models::DiagonalGaussians;
use crate::models::Fitted;
use crate::models::ModelError;
use crate::models::Posterior;
use crate::models::Rows;
use crate::models::observation::LogVariances;
use crate::models::params;
use crate::models::semi_amortized::Observed;
use crate::models::semi_amortized::SemiAmortized;
use crate::random::Seed;

/// The part of a model that refines its variational parameters.
///
/// # Errors
/// [`ModelError::Unsupported`] for a model that doesn't.
pub fn refining(model: &dyn Fitted) -> Result<&dyn SemiAmortized, ModelError> {
    model.semi_amortized().ok_or_else(|| {
        let what = "the model's variational parameters are not refined by gradient steps";
        ModelError::Unsupported(what.to_owned())
    })
}

/// The seed of a batch's inner noise.
pub fn noise_of(seed: &Seed, batch: usize) -> Seed {
    seed.derive(&format!("batch {batch}"))
}

/// q at λ_K of a batch.
///
/// # Errors
/// Those of the model.
pub fn last(
    model: &dyn SemiAmortized,
    batch: &Observed,
    noise: Seed,
) -> Result<DiagonalGaussians, ModelError> {
    let mut trajectory = model.infer(&batch.content, &model.refinement(), noise)?;
    Ok(trajectory.pop().expect("λ_0 is always there"))
}

/// Codes of all of a split in its order: means at λ_K where the model refines, else what its encoder
/// says.
///
/// # Errors
/// Those of the model.
pub fn codes(
    model: &dyn Fitted,
    data: &Dataset,
    split: &str,
    seed: &Seed,
) -> Result<Rows, ModelError> {
    Ok(moments(model, data, split, seed)?.0)
}

/// The codes with their log variances, where q(z|x) is a Gaussian of independent dimensions.
///
/// # Errors
/// Those of the model.
pub fn moments(
    model: &dyn Fitted,
    data: &Dataset,
    split: &str,
    seed: &Seed,
) -> Result<(Rows, Option<LogVariances>), ModelError> {
    let gaussians = match model.semi_amortized() {
        Some(model) => posteriors(model, data, split, seed)?,
        None => match model.encode(&params::observations(data, split)?)? {
            Posterior::Gaussians(gaussians) => gaussians,
            other => return Ok((other.codes(), None)),
        },
    };
    let (mean, log_var) = gaussians.into_moments();
    Ok((mean, Some(log_var)))
}

/// q at λ_K of all of a split in its order. Batches are those that the model was trained with, since the
/// effective step of its refinement depends on their size.
///
/// # Errors
/// Those of the model.
pub fn posteriors(
    model: &dyn SemiAmortized,
    data: &Dataset,
    split: &str,
    seed: &Seed,
) -> Result<DiagonalGaussians, ModelError> {
    let batches = model.batches(data, split)?;
    let (latent, n) = (
        model.latent(),
        batches.iter().map(|batch| batch.rows.len()).sum::<usize>(),
    );
    let mut moments = [vec![0.0; n * latent], vec![0.0; n * latent]];
    for (i, batch) in batches.iter().enumerate() {
        let found = last(model, batch, noise_of(seed, i))?;
        let of_batch = [&found.mean().values[..], found.log_var().values()];
        for (all, own) in moments.iter_mut().zip(of_batch) {
            for (row, own) in batch.rows.iter().zip(own.chunks_exact(latent)) {
                all[row * latent..(row + 1) * latent].copy_from_slice(own);
            }
        }
    }
    let [mean, log_var] = moments.map(|values| Rows::new(latent, values));
    Ok(DiagonalGaussians::new(mean, LogVariances::new(log_var)))
}

/// The batch that has an observation, its number, and the place of the observation in it; none where
/// there is no such observation.
pub fn batch_with(batches: &[Observed], observation: usize) -> Option<(usize, &Observed, usize)> {
    let place = |batch: &Observed| batch.rows.iter().position(|row| *row == observation);
    let mut found = batches.iter().enumerate();
    found.find_map(|(i, batch)| Some((i, batch, place(batch)?)))
}

/// One draw of z per observation of a batch: `[n, latent]`.
pub fn draw(posteriors: &DiagonalGaussians, noise: &[f32]) -> Rows {
    let everyone: Vec<usize> = (0..posteriors.len()).collect();
    posteriors.sample(&everyone, noise)
}
