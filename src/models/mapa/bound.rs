//! The stochastic lower bound of the empiricalised model and its gradient.
//!
//! Yacoby et al. 2024, equations 9, 10 and 30, as one logsumexp over the k + M terms of an
//! observation. The proposal has no parameters, so no estimator of its gradient is needed.

use super::proposal::Terms;
use crate::models::Rows;
use crate::models::observation::Decoded;
use crate::models::observation::normalise;

/// The bound of each observation of a batch, in nats, and the gradient of minus their mean.
pub(super) struct Bound {
    pub per_row: Vec<f64>,
    /// By the decoder's output: `[union, dimensions]`.
    pub gradient: Vec<f32>,
}

/// Evaluates the bound at what the decoder made of the union's codes, a row each.
pub(super) fn bound(terms: &Terms, decoded: &Decoded, x: &Rows) -> Bound {
    let d = x.columns;
    let batch = x.len();
    let mut gradient = vec![0.0; decoded.len() * d];
    let mut per_row = Vec::with_capacity(batch);
    let mut logs = vec![0.0; terms.per_row];
    for n in 0..batch {
        let x = &x.values[n * d..][..d];
        let positions = &terms.positions[n * terms.per_row..][..terms.per_row];
        let log_weights = &terms.log_weights[n * terms.per_row..][..terms.per_row];
        for ((log, at), weight) in logs.iter_mut().zip(positions).zip(log_weights) {
            *log = weight + decoded.log(*at as usize, x);
        }
        per_row.push(normalise(&mut logs));
        for (share, at) in logs.iter().zip(positions) {
            let at = *at as usize;
            let weight = -share / batch as f64;
            decoded.add_gradient(at, weight, x, &mut gradient[at * d..][..d]);
        }
    }
    Bound { per_row, gradient }
}

/// log (1/N) Σᵢ p(x|f(zᵢ)) over all N decoded codes: the exact log marginal likelihood of the
/// empiricalised model, summed over the rows of `x`.
pub(super) fn exact(decoded: &Decoded, x: &Rows) -> f64 {
    let d = x.columns;
    let log_n = (decoded.len() as f64).ln();
    let mut logs = vec![0.0; decoded.len()];
    let mut sum = 0.0;
    for x in x.values.chunks_exact(d) {
        decoded.log_all(x, &mut logs);
        // A maximum passes over what is no number; a score must not.
        if logs.iter().any(|log| log.is_nan()) {
            return f64::NAN;
        }
        let highest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let near = logs
            .iter()
            .map(|log| log - highest)
            .filter(|log| *log > -40.0);
        sum += highest + near.map(f64::exp).sum::<f64>().ln() - log_n;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::mapa::posterior::Posterior;
    use crate::models::mapa::proposal::Proposal;
    use crate::models::observation::ObservationModel;
    use crate::random::Seed;

    const N: usize = 60;
    const SIGMA: f32 = 0.3;

    struct Case {
        x: Rows,
        /// What a decoder makes of each observation's code.
        emitted: Rows,
    }

    fn case() -> Case {
        let mut stream = Seed::new(5).derive("bound").stream(0);
        let x = stream.normal(2 * N);
        let noise = stream.normal(2 * N);
        let emitted = x.iter().zip(noise).map(|(x, e)| x + 0.2 * e).collect();
        Case {
            x: Rows::new(2, x),
            emitted: Rows::new(2, emitted),
        }
    }

    fn decoded(emitted: Vec<f32>) -> Decoded {
        let model = ObservationModel::Gaussian { sigma: SIGMA };
        Decoded::new(model, Rows::new(2, emitted))
    }

    impl Case {
        fn posterior(&self) -> Posterior {
            let variance = f64::from(SIGMA * SIGMA);
            Posterior::gaussian(&self.x, &self.x.values, variance)
        }

        /// The bound of all observations as one batch.
        fn bound(&self, proposal: &Proposal, number: u64) -> Vec<f64> {
            let batch: Vec<usize> = (0..N).collect();
            let terms = proposal.terms(&batch, &mut Seed::new(9).stream(number));
            let decoded = decoded(self.emitted.gather(&terms.union));
            bound(&terms, &decoded, &self.x).per_row
        }

        fn mean(&self, proposal: &Proposal, repeats: u64) -> f64 {
            let all = (0..repeats).flat_map(|number| self.bound(proposal, number));
            all.sum::<f64>() / (repeats as usize * N) as f64
        }

        fn exact(&self) -> f64 {
            exact(&decoded(self.emitted.values.clone()), &self.x) / N as f64
        }
    }

    #[test]
    fn all_codes_give_the_exact_log_marginal_likelihood() {
        let case = case();
        let found = case.mean(&Proposal::new(&case.posterior(), N, 7), 1);
        assert!((found - case.exact()).abs() < 1e-10, "{found}");
    }

    #[test]
    fn the_nearest_code_alone_gives_the_autoencoder_loss_minus_ln_n() {
        let case = case();
        let bounds = case.bound(&Proposal::new(&case.posterior(), 1, 0), 0);
        for (n, found) in bounds.into_iter().enumerate() {
            let x = &case.x.values[2 * n..][..2];
            let own = decoded(case.emitted.values.clone()).log(n, x);
            assert!((found - (own - (N as f64).ln())).abs() < 1e-12);
        }
    }

    /// The bound is a mean over 200 batches of 60; its standard error is below 0.002 throughout,
    /// while the steps below are above 0.01.
    #[test]
    fn the_bound_grows_with_the_samples_up_to_the_exact_value() {
        let case = case();
        let mean = |k, m| case.mean(&Proposal::new(&case.posterior(), k, m), 200);
        let bounds = [mean(1, 0), mean(1, 1), mean(1, 4), mean(1, 16)];
        for pair in bounds.windows(2) {
            assert!(pair[0] < pair[1], "{bounds:?}");
        }
        assert!(bounds[3] < case.exact() + 1e-3, "{bounds:?}");
        assert!(
            case.exact() - mean(10, 200) < 0.01,
            "{bounds:?} {}",
            case.exact()
        );
    }

    /// With q(i|x) equal to the model's own posterior all terms that are drawn are equal.
    #[test]
    fn the_true_posterior_has_weights_without_variance() {
        let case = case();
        let variance = f64::from(SIGMA) * f64::from(SIGMA);
        let exact_posterior = Posterior::gaussian(&case.x, &case.emitted.values, variance);
        for (nearest, draws) in [(0, 1), (0, 5), (4, 3)] {
            let proposal = Proposal::new(&exact_posterior, nearest, draws);
            let found = case.bound(&proposal, 3).iter().sum::<f64>() / N as f64;
            // ln q is kept in single precision: a relative 6e-8 of up to 100 nats.
            assert!((found - case.exact()).abs() < 1e-5, "{nearest} {draws}");
        }
    }

    /// Central differences of the mean bound by what was decoded.
    #[test]
    fn the_gradient_agrees_with_finite_differences() {
        let case = case();
        let batch: Vec<usize> = (10..20).collect();
        let x = Rows::new(2, case.x.gather(&batch));
        let proposal = Proposal::new(&case.posterior(), 3, 4);
        let terms = proposal.terms(&batch, &mut Seed::new(2).stream(0));
        let emitted = case.emitted.gather(&terms.union);
        let bound = |emitted: &[f32]| bound(&terms, &decoded(emitted.to_vec()), &x);
        let loss = |emitted: &[f32]| -bound(emitted).per_row.iter().sum::<f64>() / 10.0;
        let gradient = bound(&emitted).gradient;
        for at in [0, 1, 5, emitted.len() - 1] {
            let moved = |by: f32| {
                let mut moved = emitted.clone();
                moved[at] += by;
                loss(&moved)
            };
            let slope = (moved(1e-3) - moved(-1e-3)) / 2e-3;
            let found = f64::from(gradient[at]);
            // The step itself is rounded to single precision: a relative error up to 1e-4.
            assert!((found - slope).abs() < 1e-3 * (1.0 + slope.abs()), "{at}");
        }
    }
}
