//! The importance-weighted bound of a fitted model with a mixture of Gaussians as proposal.

use super::Measure;
use super::Metric;
use super::mixture_proposal::MixtureProposal;
use super::mixture_proposal::narrowest;
use super::test_kl::truth;
use crate::data::Dataset;
use crate::models::Fitted;
use crate::models::ModelError;
use crate::models::Rows;
use crate::models::likelihood::normalise;
use crate::models::params;
use crate::models::quadrature::NODES;
use crate::models::quadrature::Quadrature;
use crate::random::Stream;
use crate::registry::Entry;
use crate::registry::Param;
use crate::registry::Values;

/// `evaluate/iwae-bound`
pub struct IwaeBound;

impl Entry for IwaeBound {
    fn name(&self) -> &'static str {
        "iwae-bound"
    }

    fn summary(&self) -> &'static str {
        "divergence of the true density from a model's, by an importance-weighted bound"
    }

    fn docs(&self) -> &'static str {
        "```text\n\
         L = ln Σ_c π_c/S_c Σ_s p(x, z_cs) / q(z_cs|x),   z_cs ~ N(μ_c, σ_c²),   Σ S_c ≈ `samples`\n\
         ```\n\
         \n\
         The proposal q(z|x) is a mixture of `components` Gaussians and the prior, fitted for each\n\
         observation by `rounds` rounds of adaptive importance sampling, sampled by strata; the model\n\
         stays as it is. L is a lower bound of log p(x) in the mean, so `iwae_kl`, the mean of\n\
         log p_true(x) − L over the first `observations` of the test split, is an upper one of the\n\
         test KL. `iwae_gap` is the quadrature's mean log p(x) less the mean L on the same\n\
         observations, for one latent dimension: how far the two agree; `iwae_gap_worst` is the\n\
         largest difference at one observation.\n\
         \n\
         Sources: Burda, Grosse and Salakhutdinov 2016, arXiv 1509.00519; Yacoby, Pan and Doshi-Velez\n\
         2024, arXiv 2403.08941, appendix D.1, where an encoder network gives the mixture; the fit is\n\
         Cappé et al. 2008, *Adaptive importance sampling in general mixture classes*."
    }

    fn params(&self) -> Vec<Param> {
        vec![
            Param::int("observations", "how many of the test split")
                .min(2)
                .default(100),
            Param::int("components", "Gaussians in the mixture")
                .min(1)
                .default(10),
            Param::int("rounds", "of fitting the mixture")
                .min(0)
                .default(10),
            Param::int("fit_samples", "samples per round")
                .min(10)
                .default(200),
            Param::int("samples", "samples of the final bound")
                .min(10)
                .default(1000),
            Param::seed("seed", "which noise"),
        ]
    }
}

/// Rows that pass the decoder at once.
const CHUNK: usize = 5000;

impl Metric for IwaeBound {
    fn measures(&self) -> &'static [Measure] {
        const fn nats(name: &'static str, label: &'static str, up: Option<bool>) -> Measure {
            Measure {
                name,
                label,
                unit: "nats",
                higher_is_better: up,
            }
        }
        const MEASURES: &[Measure] = &[
            nats(
                "iwae_kl",
                "test KL by the importance-weighted bound",
                Some(false),
            ),
            nats("iwae_ll", "importance-weighted bound", Some(true)),
            nats(
                "iwae_gap",
                "quadrature less importance-weighted bound",
                None,
            ),
            nats(
                "iwae_gap_worst",
                "largest difference at one observation",
                None,
            ),
        ];
        MEASURES
    }

    fn score(
        &self,
        model: &dyn Fitted,
        data: &Dataset,
        values: &Values,
    ) -> Result<Vec<f64>, ModelError> {
        let x = params::observations(data, "test")?;
        let count = params::size(values, "observations").min(x.len());
        let first: Vec<usize> = (0..count).collect();
        let x = Rows::new(x.columns, x.gather(&first));
        let mut stream = params::seed(values).derive("iwae-bound").stream(0);
        let bounds = bounds(model, &x, values, &mut stream)?;
        let mean = |logs: &[f64]| logs.iter().sum::<f64>() / logs.len() as f64;
        let (gap, worst) = match model.latent() {
            1 => {
                let exact = Quadrature::new(model, NODES)?.log_density(&x);
                let gaps: Vec<f64> = exact.iter().zip(&bounds).map(|(e, b)| e - b).collect();
                let worst = gaps
                    .iter()
                    .fold(0.0, |worst: f64, gap| worst.max(gap.abs()));
                (mean(&gaps), worst)
            }
            _ => (f64::NAN, f64::NAN),
        };
        let truth = truth(data)?;
        Ok(vec![
            mean(&truth[..count]) - mean(&bounds),
            mean(&bounds),
            gap,
            worst,
        ])
    }
}

/// The bound of each row of `x`.
fn bounds(
    model: &dyn Fitted,
    x: &Rows,
    values: &Values,
    stream: &mut Stream,
) -> Result<Vec<f64>, ModelError> {
    let components = params::size(values, "components");
    let cover = |_| MixtureProposal::covering(components, model.latent(), stream);
    let mut proposals: Vec<MixtureProposal> = (0..x.len()).map(cover).collect();
    for round in 0..params::size(values, "rounds") {
        let samples = params::size(values, "fit_samples");
        each(
            model,
            x,
            &mut proposals,
            samples,
            stream,
            |proposal, z, terms| {
                normalise(terms);
                proposal.improve(z, terms, narrowest(round));
            },
        )?;
    }
    let mut bounds = Vec::with_capacity(x.len());
    let samples = params::size(values, "samples");
    each(model, x, &mut proposals, samples, stream, |_, _, terms| {
        bounds.push(normalise(terms));
    })?;
    Ok(bounds)
}

/// Samples every proposal and hands on its samples with the terms of its bound, in order.
fn each(
    model: &dyn Fitted,
    x: &Rows,
    proposals: &mut [MixtureProposal],
    samples: usize,
    stream: &mut Stream,
    mut use_terms: impl FnMut(&mut MixtureProposal, &[f32], &mut [f64]),
) -> Result<(), ModelError> {
    let latent = model.latent();
    let together = (CHUNK / samples).max(1);
    for (part, proposals) in proposals.chunks_mut(together).enumerate() {
        let mut repeated = Vec::new();
        let mut z = Vec::new();
        let mut terms = Vec::new();
        let mut counts = Vec::with_capacity(proposals.len());
        for (row, proposal) in proposals.iter().enumerate() {
            let drawn = proposal.draw(samples, stream);
            let at = part * together + row;
            let own = &x.values[at * x.columns..][..x.columns];
            for _ in &drawn.log_weights {
                repeated.extend_from_slice(own);
            }
            counts.push(drawn.log_weights.len());
            z.extend(drawn.z);
            terms.extend(drawn.log_weights);
        }
        let repeated = Rows::new(x.columns, repeated);
        let z = Rows::new(latent, z);
        for (term, log) in terms.iter_mut().zip(model.log_likelihood(&repeated, &z)?) {
            *term += log;
        }
        let mut start = 0;
        for (proposal, count) in proposals.iter_mut().zip(counts) {
            let z = &z.values[start * latent..][..count * latent];
            use_terms(proposal, z, &mut terms[start..][..count]);
            start += count;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Encoded;
    use crate::models::likelihood::Likelihood;
    use crate::models::likelihood::Visible;
    use crate::random::Seed;
    use crate::registry::Default;

    /// x = |z| + 0.05 ε: two separate modes for every x.
    struct Fold;

    impl Fitted for Fold {
        fn shape(&self) -> &[usize] {
            &[1]
        }

        fn latent(&self) -> usize {
            1
        }

        fn visible(&self) -> Visible {
            Visible::Gaussian { sigma: 0.05 }
        }

        fn encode(&self, _x: &Rows) -> Result<Encoded, ModelError> {
            Err(ModelError::Unsupported("it has no encoder".to_owned()))
        }

        fn decode(&self, z: &Rows) -> Result<Rows, ModelError> {
            Ok(Rows::new(1, z.values.iter().map(|z| z.abs()).collect()))
        }

        fn log_likelihood(&self, x: &Rows, z: &Rows) -> Result<Vec<f64>, ModelError> {
            let likelihood = Likelihood::new(self.visible(), 1);
            let pairs = x.values.iter().zip(&z.values);
            Ok(pairs
                .map(|(x, z)| likelihood.log(&[*x], &[z.abs()]))
                .collect())
        }
    }

    /// A missing mode would cost ln 2; 1,000 samples of a mixture that fits leave an error near 0.01.
    #[test]
    fn the_bound_meets_the_quadrature_where_the_posterior_has_two_modes() {
        let values: Values = IwaeBound
            .params()
            .into_iter()
            .filter_map(|param| match param.default {
                Default::Value(value) => Some((param.name.to_owned(), value)),
                _ => None,
            })
            .collect();
        let x = Rows::new(1, vec![0.02, 0.4, 1.0, 2.2]);
        let mut stream = Seed::new(1).stream(0);
        let found = bounds(&Fold, &x, &values, &mut stream).expect("the model answers");
        let exact = Quadrature::new(&Fold, NODES).expect("one latent dimension");
        for (found, exact) in found.iter().zip(exact.log_density(&x)) {
            assert!((found - exact).abs() < 0.05, "{found} {exact}");
        }
    }
}
