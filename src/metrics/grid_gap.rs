//! How far the inferred posteriors of two dimensions are from the best Gaussian.

use super::Asked;
use super::BestGaussian as Best;
use super::Estimate;
use super::LikelihoodOverPlane;
use super::Metric;
use super::Scores;
use super::inferred;
use crate::data::SplitName;
use crate::models::DiagonalGaussians;
use crate::models::ModelError;
use crate::models::agreement::is_negative;
use crate::models::semi_amortized::Content;
use crate::models::semi_amortized::SemiAmortized;
use crate::random::Seed;
use crate::registry::Capability;
use crate::registry::Entry;
use crate::registry::Facts;
use crate::registry::Measure;
use crate::registry::Misfit;
use crate::registry::Param;
use crate::registry::Values;
use crate::registry::params;

/// `evaluate/grid-gap`
pub(super) struct GridGap;

params! {
    /// What `evaluate/grid-gap` may be given.
    struct GridGapParams {
        /// which observations
        split: SplitName = SplitName::Test;
        /// how many, from the first of the model's batches
        observations: usize = 20, min(1);
        /// which noise
        seed: Seed;
    }
}

impl Entry for GridGap {
    fn name(&self) -> &'static str {
        "grid-gap"
    }

    fn summary(&self) -> &'static str {
        "distance of q(z|x) at λ_0 and at λ_K from the best Gaussian, found by grid search"
    }

    fn docs(&self) -> &'static str {
        "For two latent dimensions. The best Gaussian of independent dimensions is sought on a grid of\n\
         both means and both standard deviations, and from its best and from the mode of log p(x, z) by\n\
         steps that follow mean and curvature, at any mean and however narrow, until a step brings less than 1e-5 nats.\n\
         Bounds are from log p(x|z) on grids of z instead of from draws: one over [−6.4, 6.4]², and one around\n\
         a posterior that is too narrow for that or lies at its edge. `mean_gap` is the mean distance of the means\n\
         at λ_K from the best, `grid_gap` what the bound at λ_K lacks, both over the first `observations` of\n\
         the model's batches; `mean_gap_start` and `grid_gap_start` are the same at λ_0. The run warns where a gap\n\
         is below 0 by more than its error, or where the search did not come to rest.\n\
         \n\
         Source: the optimum by grid search of figure 1 of Kim et al. 2018, arXiv 1802.02550."
    }

    /// Narrow posteriors have their bound, and the best may be narrow, since the second.
    fn revision(&self) -> u32 {
        2
    }

    fn params(&self) -> Vec<Param> {
        GridGapParams::params()
    }
}

impl Metric for GridGap {
    fn measures(&self) -> &'static [Measure] {
        const MEASURES: &[Measure] = &[
            Measure::new("mean_gap", "distance of μ at λ_K from the best").down(),
            Measure::new("mean_gap_se", "standard error of the distance of μ at λ_K"),
            Measure::new("grid_gap", "ELBO of the best Gaussian less that at λ_K")
                .unit("nats")
                .down(),
            Measure::new("grid_gap_se", "standard error of the gap at λ_K").unit("nats"),
            Measure::new("mean_gap_start", "distance of μ at λ_0 from the best").down(),
            Measure::new(
                "grid_gap_start",
                "ELBO of the best Gaussian less that at λ_0",
            )
            .unit("nats")
            .down(),
        ];
        MEASURES
    }

    fn contradictions(&self, numbers: &[f64]) -> Vec<String> {
        let &[_, _, end, end_se, _, start] = numbers else {
            return Vec::new();
        };
        // The start has no error of its own in the table; that at the end says how far chance goes.
        let gaps = [("grid_gap", end), ("grid_gap_start", start)];
        let error = if end_se.is_nan() { 0.0 } else { end_se };
        let below = gaps.into_iter().filter(|(_, gap)| is_negative(*gap, error));
        let said = below.map(|(name, gap)| {
            format!(
                "`{name}` = {gap:.4} nats lies below 0 by more than its error: a posterior of the model has \
                 a larger bound than the best Gaussian that was found, so both gaps are too small"
            )
        });
        said.collect()
    }

    fn needs(&self) -> &'static [Capability] {
        &[
            Capability::PosteriorRefinement,
            Capability::PosteriorDensity,
        ]
    }

    fn foresee(&self, _params: &Values, reads: &dyn Fn(&str) -> Facts) -> Result<(), Misfit> {
        reads("model").has_latents(2, "the grid search")
    }

    fn score(&self, asked: &Asked<'_>) -> Result<Scores, ModelError> {
        let (model, data, monitor) = (asked.model, asked.data, asked.monitor);
        let params = GridGapParams::read(asked.params)?;
        let model = inferred::refining(model)?;
        of_two_dimensions(model)?;
        let seed = params.seed.derive("grid-gap");
        let mut gaps: [Vec<f64>; 4] = Default::default();
        let mut unsettled = 0;
        let total = params.observations as u64;
        'batches: for (i, batch) in model.batches(data, params.split.name())?.iter().enumerate() {
            let noise = inferred::noise_of(&seed, i);
            let trajectory = model.infer(&batch.content, &model.refinement(), noise)?;
            for row in 0..batch.content.len() {
                if gaps[0].len() == params.observations {
                    break 'batches;
                }
                if monitor.cancelled() {
                    return Err(ModelError::Cancelled);
                }
                let plane = over_plane(model, batch.content.gather(&[row]))?;
                let Best {
                    gaussian: best,
                    settled,
                } = plane.best()?;
                unsettled += usize::from(!settled);
                let ends = [&trajectory[trajectory.len() - 1], &trajectory[0]];
                for (k, posteriors) in ends.into_iter().enumerate() {
                    let (mean, sigma) = moments(posteriors, row);
                    let [dx, dy] = [0, 1].map(|j| mean[j] - best.mean[j]);
                    gaps[2 * k].push(dx.hypot(dy));
                    gaps[2 * k + 1].push(best.elbo - plane.at(mean, sigma)?.elbo);
                }
                monitor.progress(gaps[0].len() as u64, total, &[]);
            }
        }
        if unsettled > 0 {
            monitor.warn(&format!(
                "the search for the best Gaussian did not come to rest for {unsettled} of {} observations: \
                 their gaps are at least what is said",
                gaps[0].len()
            ));
        }
        let [mean, elbo, mean_start, elbo_start] = gaps.map(|gap| Estimate::of(&gap));
        let error = |estimate: Estimate| estimate.standard_error.unwrap_or(f64::NAN);
        Ok(vec![
            mean.mean,
            error(mean),
            elbo.mean,
            error(elbo),
            mean_start.mean,
            elbo_start.mean,
        ]
        .into())
    }
}

/// # Errors
/// Where z is of other than two dimensions: a grid over more has too many places.
pub fn of_two_dimensions(model: &dyn SemiAmortized) -> Result<(), ModelError> {
    match model.latent() {
        2 => Ok(()),
        d => Err(ModelError::Unsupported(format!(
            "a grid search is for two latent dimensions, the model has {d}"
        ))),
    }
}

/// Mean and standard deviations of one of many posteriors of two dimensions.
pub fn moments(posteriors: &DiagonalGaussians, row: usize) -> ([f64; 2], [f64; 2]) {
    let at = |j: usize| 2 * row + j;
    (
        [0, 1].map(|j| f64::from(posteriors.mean().values[at(j)])),
        [0, 1].map(|j| f64::from(posteriors.log_var().sigma(at(j)))),
    )
}

/// Rows of z that pass the decoder at once.
const CHUNK: usize = 2000;

/// log p(x|z) of one observation over the plane.
///
/// # Errors
/// Those of the model.
pub fn over_plane(
    model: &dyn SemiAmortized,
    x: Content,
) -> Result<LikelihoodOverPlane<'_>, ModelError> {
    LikelihoodOverPlane::new(move |z| {
        let mut values = Vec::with_capacity(z.len());
        for z in z.chunks(CHUNK) {
            let repeated = x.gather(&vec![0; z.len()]);
            values.extend(model.log_likelihood(&repeated, &z)?);
        }
        Ok(values)
    })
}
