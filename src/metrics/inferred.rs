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
) -> Result<Posterior, ModelError> {
    let mut trajectory = model.infer(&batch.content, &model.refinement(), noise)?;
    Ok(trajectory.pop().expect("λ_0 is always there"))
}

/// q(z|x) of all of a split in its order. Batches are those that the model was trained with, since the
/// effective step of its refinement depends on their size.
///
/// # Errors
/// Those of the model, and where q(z|x) has no density.
pub fn posteriors(
    model: &dyn Fitted,
    data: &Dataset,
    split: &str,
    seed: &Seed,
) -> Result<DiagonalGaussians, ModelError> {
    DiagonalGaussians::of(posterior(model, data, split, seed)?)
}

/// The same, also where q(z|x) is a point.
///
/// # Errors
/// Those of the model.
pub fn posterior(
    model: &dyn Fitted,
    data: &Dataset,
    split: &str,
    seed: &Seed,
) -> Result<Posterior, ModelError> {
    let Some(refining) = model.semi_amortized() else {
        return model.encode(&params::observations(data, split)?);
    };
    let batches = refining.batches(data, split)?;
    let mut found = Vec::with_capacity(batches.len());
    for (i, batch) in batches.iter().enumerate() {
        let posterior = last(refining, batch, noise_of(seed, i))?;
        found.push((batch.rows.as_slice(), posterior));
    }
    Ok(in_order(refining.latent(), found))
}

/// Posteriors of batches as one of the split.
fn in_order(latent: usize, found: Vec<(&[usize], Posterior)>) -> Posterior {
    let n: usize = found.iter().map(|(rows, _)| rows.len()).sum();
    let mut mean = vec![0.0; n * latent];
    let mut log_var = vec![0.0; n * latent];
    let mut is_density = true;
    for (rows, posterior) in found {
        for (from, row) in rows.iter().enumerate() {
            let place = row * latent..(row + 1) * latent;
            let own = from * latent..(from + 1) * latent;
            mean[place.clone()].copy_from_slice(&posterior.mean.values[own.clone()]);
            match &posterior.log_var {
                Some(log) => log_var[place].copy_from_slice(&log.values()[own]),
                None => is_density = false,
            }
        }
    }
    Posterior {
        mean: Rows::new(latent, mean),
        log_var: is_density.then(|| LogVariances::new(Rows::new(latent, log_var))),
        flow: None,
    }
}

/// One draw of z per observation of a batch: `[n, latent]`.
pub fn draw(posteriors: &DiagonalGaussians, noise: &[f32]) -> Rows {
    let everyone: Vec<usize> = (0..posteriors.len()).collect();
    posteriors.sample(&everyone, noise)
}
