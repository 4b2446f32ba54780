//! The normal distribution, also far out.

use std::f64::consts::SQRT_2;

use statrs::function::erf::erfc;
use statrs::function::erf::erfc_inv;

/// ln √(2π)
const LOG_ROOT: f64 = 0.918_938_533_204_672_8;

/// The probability below `x`.
pub(super) fn cdf(x: f64) -> f64 {
    0.5 * erfc(-x / SQRT_2)
}

/// Its logarithm.
fn log_cdf(x: f64) -> f64 {
    if x > 6.0 {
        return -cdf(-x);
    }
    if x > -20.0 {
        return cdf(x).ln();
    }
    // φ(x)/|x| · (1 − 1/x² + 3/x⁴ − …): from 20 on, eight terms are exact.
    let per_square = 1.0 / (x * x);
    let mut term = 1.0;
    let mut sum = 1.0;
    for i in 1..=8 {
        term *= -f64::from(2 * i - 1) * per_square;
        sum += term;
    }
    -0.5 * x * x - (-x).ln() - LOG_ROOT + f64::ln(sum)
}

/// The logarithm of the probability between `a` and `b`.
pub(super) fn log_mass(a: f64, b: f64) -> f64 {
    if b <= 0.0 {
        log_difference(log_cdf(b), log_cdf(a))
    } else if a > 0.0 {
        // The upper tail is the lower one seen from the other side, where digits remain.
        log_difference(log_cdf(-a), log_cdf(-b))
    } else {
        f64::ln_1p(-cdf(a) - cdf(-b))
    }
}

/// ln(eᵖ − e𐞥) for p ≥ q
fn log_difference(p: f64, q: f64) -> f64 {
    p + f64::ln_1p(-(q - p).exp())
}

/// The density's logarithm without the constant of the interval: −x²/2 − ln √(2π).
pub(super) const LOG_DENSITY_AT_0: f64 = -LOG_ROOT;

/// The place in `[a, b]`, which holds 0, below which is the part `unit` of the probability between.
pub(super) fn quantile(unit: f64, a: f64, b: f64) -> f64 {
    let (below, above) = (cdf(a), cdf(-b));
    let between = 1.0 - below - above;
    let lower = below + unit * between;
    let upper = above + (1.0 - unit) * between;
    // The smaller of the two has more digits.
    let x = if lower < upper {
        -SQRT_2 * erfc_inv(2.0 * lower)
    } else {
        SQRT_2 * erfc_inv(2.0 * upper)
    };
    x.clamp(a, b)
}
