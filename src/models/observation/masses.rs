//! The mass of a normal over a grey level, where differences of its distribution function would leave nothing.

use std::f64::consts::FRAC_1_SQRT_2;
use std::f64::consts::LN_2;
use std::f64::consts::PI;
use std::f64::consts::TAU;

use statrs::function::erf::erf;
use statrs::function::erf::erfc;

/// Largest half width, in standard deviations and times the distance of the middle, that has the series.
const NARROW: f64 = 0.25;
/// From here on e^(x²) erfc(x) is its asymptotic series; before, erfc does not underflow.
const FAR: f64 = 25.0;

/// ln [Φ(high) − Φ(low)] of the standard normal, for `low` below `high`.
pub(super) fn log_mass(low: f64, high: f64) -> f64 {
    // Both tails are alike, and the upper one has the functions.
    let (low, high) = match low + high < 0.0 {
        true => (-high, -low),
        false => (low, high),
    };
    let (middle, half) = (0.5 * (low + high), 0.5 * (high - low));
    if half * middle.max(1.0) < NARROW {
        return log_density(middle)
            + (2.0 * half).ln()
            + narrow(middle * middle, half * half).ln_1p();
    }
    if low < 0.0 {
        let inner = erf(high * FRAC_1_SQRT_2) + erf(-low * FRAC_1_SQRT_2);
        return inner.ln() - LN_2;
    }
    // ½ e^(−low²/2) [g(low) − e^(−(high² − low²)/2) g(high)], g(x) = e^(x²/2) erfc(x/√2)
    let decay = (-2.0 * middle * half).exp();
    let rest = scaled_erfc(low * FRAC_1_SQRT_2) - decay * scaled_erfc(high * FRAC_1_SQRT_2);
    rest.ln() - LN_2 - 0.5 * low * low
}

/// ln of the standard normal density.
pub(super) fn log_density(x: f64) -> f64 {
    -0.5 * (x * x + TAU.ln())
}

/// Mass over density times width, less one: Σ_k He_2k(m) h^2k / (2k + 1)!, from the Taylor series of the density
/// around the middle. The next term is below 1e-10.
fn narrow(m2: f64, h2: f64) -> f64 {
    let second = m2 - 1.0;
    let fourth = (m2 - 6.0) * m2 + 3.0;
    let sixth = ((m2 - 15.0) * m2 + 45.0) * m2 - 15.0;
    h2 * (second / 6.0 + h2 * (fourth / 120.0 + h2 * sixth / 5040.0))
}

/// e^(x²) erfc(x), for x from 0 on.
fn scaled_erfc(x: f64) -> f64 {
    if x < FAR {
        return (x * x).exp() * erfc(x);
    }
    let t = 0.5 / (x * x);
    (1.0 - t * (1.0 - 3.0 * t * (1.0 - 5.0 * t))) / (x * PI.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By Simpson's rule over the density relative to its largest value, which never underflows.
    fn integral(low: f64, high: f64) -> f64 {
        let peak = log_density(if low > 0.0 { low } else { high.min(0.0) });
        let n = 200_000;
        let step = (high - low) / f64::from(n);
        let at = |i: i32| (log_density(low + step * f64::from(i)) - peak).exp();
        let weight = |i: i32| match i {
            0 => 1.0,
            i if i == n => 1.0,
            i if i % 2 == 1 => 4.0,
            _ => 2.0,
        };
        let sum: f64 = (0..=n).map(|i| weight(i) * at(i)).sum();
        (sum * step / 3.0).ln() + peak
    }

    #[test]
    fn masses_are_integrals_of_the_density_in_the_middle_and_far_out() {
        for width in [1e-4, 0.1, 0.49, 0.51, 2.0] {
            for low in [
                -1000.0, -40.0, -6.0, -1.0, -0.3, 0.0, 0.4, 3.0, 12.0, 36.0, 500.0,
            ] {
                let (found, expected) = (log_mass(low, low + width), integral(low, low + width));
                let error = (found - expected).abs();
                assert!(
                    error < 1e-8 * (1.0 + expected.abs()),
                    "{low} {width}: {found} {expected}"
                );
                let mirrored = log_mass(-low - width, -low);
                assert!((mirrored - found).abs() < 1e-12 * (1.0 + found.abs()));
            }
        }
    }
}
