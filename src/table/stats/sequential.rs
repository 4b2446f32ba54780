//! A t test of pairs that may be looked at after every pair.

use super::TTest;
use super::paired_t;

/// The prior variance of the standardised difference under the alternative: an effect of about one
/// standard deviation.
const SPREAD: f64 = 1.0;

/// What the pairs so far say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SequentialT {
    pub t: f64,
    /// Evidence against no difference: if there is none, it ever reaches 1/α with probability α at most.
    pub e: f64,
    /// Small where `a` lies below `b`.
    pub p_less: f64,
    /// Small where `a` lies above `b`.
    pub p_greater: f64,
}

/// The Bayes factor of t with a normal prior on δ = μ/σ,
///
/// ```text
/// e = (1 + ng)^(−1/2) [(1 + t²/ν) / (1 + t²/(ν(1 + ng)))]^(n/2),   ν = n − 1, g = 1
/// ```
///
/// which is a martingale without a difference, whatever σ: so 1/e is a probability of error that
/// holds however often one looks, and whenever one stops (Ville). As there is one for both directions,
/// the probability to be wrong in a given one is smaller yet. None for unequal lengths, below two pairs,
/// and without spread.
///
/// Source: Wang and Ramdas 2023, *Anytime-valid t-tests and confidence sequences for Gaussian means
/// with unknown variance*, arXiv 2310.03722, after Lai 1976.
pub fn sequential_t(a: &[f64], b: &[f64]) -> Option<SequentialT> {
    let TTest { t, df, .. } = paired_t(a, b)?;
    let n = df + 1.0;
    let widened = 1.0 + n * SPREAD;
    let share = t * t / df;
    let log_e = 0.5 * (n * (share.ln_1p() - (share / widened).ln_1p()) - widened.ln());
    let p = (-log_e).exp().min(1.0);
    Some(SequentialT {
        t,
        e: log_e.exp(),
        p_less: if t < 0.0 { p } else { 1.0 },
        p_greater: if t > 0.0 { p } else { 1.0 },
    })
}

#[cfg(test)]
mod tests {
    use statrs::distribution::ContinuousCDF;
    use statrs::distribution::Normal;
    use statrs::function::gamma::ln_gamma;

    use super::*;

    /// Pairs with this standardised difference; experiments are far apart in one stream.
    fn differences(experiment: u64, n: usize, effect: f64) -> Vec<f64> {
        let mut state = experiment.wrapping_mul(0xd134_2543_de82_ef95);
        // SplitMix64 (Steele et al. 2014), and the quantiles of the normal distribution at its numbers.
        let mut uniform = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (((mixed ^ (mixed >> 31)) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
        };
        let normal = Normal::standard();
        (0..n)
            .map(|_| effect + normal.inverse_cdf(uniform()))
            .collect()
    }

    fn of(d: &[f64]) -> SequentialT {
        sequential_t(d, &vec![0.0; d.len()]).expect("they vary")
    }

    /// The Bayes factor as an integral: the density of t given δ over that of t at δ = 0, averaged over
    /// N(0, 1); the noncentral density as an integral over the scale.
    #[test]
    fn evidence_is_the_bayes_factor_of_t() {
        let noncentral = |t: f64, nu: f64, mean: f64| {
            // s = chi/√ν has density ∝ s^(ν−1) exp(−νs²/2); t | s is N(mean/s, 1/s²).
            let step = 1e-3;
            let terms = (1..6000).map(|k| {
                let s = step * f64::from(k);
                (nu * s.ln() - nu * s * s / 2.0 - (t * s - mean).powi(2) / 2.0).exp()
            });
            let log_scale = nu / 2.0 * nu.ln() - (nu / 2.0 - 1.0) * 2_f64.ln() - ln_gamma(nu / 2.0);
            terms.sum::<f64>() * step * log_scale.exp()
        };
        for n in [3, 8, 20] {
            let d = differences(1, n, 0.7);
            let found = of(&d);
            let nu = n as f64 - 1.0;
            let mixed: f64 = (-600..=600)
                .map(|k| {
                    let delta = f64::from(k) * 0.01;
                    let prior = (-delta * delta / 2.0).exp() / std::f64::consts::TAU.sqrt();
                    0.01 * prior * noncentral(found.t, nu, delta * (n as f64).sqrt())
                })
                .sum();
            let expected = mixed / noncentral(found.t, nu, 0.0);
            // Rectangles of 0.01 and 0.001 over smooth functions that vanish at their ends.
            assert!(
                (found.e / expected - 1.0).abs() < 1e-3,
                "{} {expected}",
                found.e
            );
        }
    }

    /// A look after every 5 pairs up to 30, in 1,000 experiments of each size of effect.
    #[test]
    fn looking_again_and_again_does_no_harm() {
        let decide = |effect: f64| {
            let mut decided = 0;
            let mut pairs = 0;
            for experiment in 0..1000 {
                let d = differences(experiment, 30, effect);
                let stop = (5..=30).step_by(5).find(|n| {
                    let found = of(&d[..*n]);
                    found.p_less.min(found.p_greater) <= 0.05
                });
                decided += usize::from(stop.is_some());
                pairs += stop.unwrap_or(30);
            }
            (decided, pairs as f64 / 1000.0)
        };
        let (wrong, _) = decide(0.0);
        assert!(wrong <= 50, "{wrong} false decisions of 1000");
        // An effect of one standard deviation is decided nearly always, after half of the pairs.
        let (right, pairs) = decide(1.0);
        assert!(right >= 950 && pairs < 17.0, "{right} {pairs}");
        let fixed = |effect: f64| {
            let looks = |experiment| {
                let d = differences(experiment, 30, effect);
                (5..=30).step_by(5).any(|n| {
                    let found = paired_t(&d[..n], &vec![0.0; n]).expect("they vary");
                    found.p_less.min(found.p_greater) <= 0.025
                })
            };
            (0..1000).filter(|experiment| looks(*experiment)).count()
        };
        // What it is for: the same looks at a t test decide wrongly more than twice as often as they say.
        assert!(fixed(0.0) > 100, "{} {wrong} {right} {pairs}", fixed(0.0));
    }
}
