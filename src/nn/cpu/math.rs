//! Elementary functions as straight-line float32 code that compilers turn into vector instructions.
//!
//! The C library's `expf` is called once per number; these polynomials run on 8 or 16 numbers at a
//! time. Only plain additions, multiplications and bit operations occur, never fused ones, so the
//! results are the same bytes at any vector width. Coefficients: S. Moshier's Cephes library
//! (public), functions `expf` and `tanhf`.

/// Runs `f` compiled for the widest vector instructions of this machine.
///
/// Two things keep the compiler from going number by number, which is four to eight times slower:
/// - Only code that is inlined is compiled for these instructions: write `#[inline(always)]` before the
///   closure, and before every closure it calls.
/// - What a loop reads must be plain to be unchanged by what it writes: make these closures `move`, so that
///   numbers and slices do not hide behind references, and write to few slices in one loop.
///
/// [`sum_over`] and [`add_over`] do the second for their callers.
#[inline(always)]
pub(crate) fn wide<R>(f: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(f)
}

/// `eˣ`, relative error below 2e-7; 0 below −87.3, constant (1.7e38) above 88.02.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    let clamped = x.clamp(-87.336, 88.02);
    // Adding 1.5·2²³ rounds to a whole number, which then sits in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let shifted = clamped * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    // ln 2 in two parts, so that n·ln 2 is subtracted without rounding error.
    let r = clamped - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let p = 1.987_569_2e-4_f32;
    let p = p * r + 1.398_199_9e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.500_000_06;
    let y = p * r * r + r + 1.0;
    let power = f32::from_bits(((shifted.to_bits() as i32).wrapping_add(127) << 23) as u32);
    let result = y * power;
    if x < -87.336 { 0.0 } else { result }
}

/// `ln(1 + u)` for `u` in `[0, 1]`, relative error below 3e-7: `2 artanh(u / (2 + u))`.
#[inline(always)]
pub(crate) fn ln_1p_unit(u: f32) -> f32 {
    let s = u / (2.0 + u);
    let z = s * s;
    let p = 1.0 / 15.0;
    let p = p * z + 1.0 / 13.0;
    let p = p * z + 1.0 / 11.0;
    let p = p * z + 1.0 / 9.0;
    let p = p * z + 1.0 / 7.0;
    let p = p * z + 1.0 / 5.0;
    let p = p * z + 1.0 / 3.0;
    2.0 * (s + s * z * p)
}

/// `ln(1 + eˣ)`.
#[inline(always)]
pub(crate) fn softplus(x: f32) -> f32 {
    x.max(0.0) + ln_1p_unit(exp(-x.abs()))
}

/// `1 / (1 + e⁻ˣ)`, relatively exact at both ends.
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    let e = exp(-x.abs());
    let numerator = if x < 0.0 { e } else { 1.0 };
    numerator / (1.0 + e)
}

/// Hyperbolic tangent.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    let z = x * x;
    let p = -5.704_988_7e-3_f32;
    let p = p * z + 2.063_909e-2;
    let p = p * z - 5.373_971_5e-2;
    let p = p * z + 1.333_144_2e-1;
    let p = p * z - 3.333_328e-1;
    let small = p * z * x + x;
    let e = exp(-2.0 * x.abs());
    let large = ((1.0 - e) / (1.0 + e)).copysign(x);
    if x.abs() < 0.625 { small } else { large }
}

/// `Σ f(inputs at j)` over all places, as sixteen interleaved partial sums, then these in
/// pairs: a fixed order that vector instructions follow. Compiled as by [`wide`].
///
/// Panics if an input is shorter than the first.
#[inline(always)]
pub(crate) fn sum_over<const N: usize>(inputs: [&[f32]; N], f: impl Fn([f32; N]) -> f32) -> f32 {
    wide(
        #[inline(always)]
        move || {
            let n = inputs[0].len();
            let mut lanes = [0.0f32; LANES];
            let mut first = 0;
            while first + LANES <= n {
                // Slices of known length: no check is left in the inner loop.
                let mut parts = inputs;
                for part in &mut parts {
                    *part = &part[first..][..LANES];
                }
                for (lane, total) in lanes.iter_mut().enumerate() {
                    *total += f(place(&parts, lane));
                }
                first += LANES;
            }
            for (lane, total) in lanes[..n - first].iter_mut().enumerate() {
                *total += f(place(&inputs, first + lane));
            }
            fold(lanes)
        },
    )
}

/// Adds `f(inputs at j)` to every number of `target`. Compiled as by [`wide`].
///
/// Panics if an input is shorter than `target`.
#[inline(always)]
pub(crate) fn add_over<const N: usize>(
    target: &mut [f32],
    inputs: [&[f32]; N],
    f: impl Fn([f32; N]) -> f32,
) {
    wide(
        #[inline(always)]
        move || {
            let n = target.len();
            let mut cut = inputs;
            for input in &mut cut {
                *input = &input[..n];
            }
            for (j, t) in target.iter_mut().enumerate() {
                *t += f(place(&cut, j));
            }
        },
    );
}

/// The numbers of all inputs at one place.
#[inline(always)]
fn place<const N: usize>(inputs: &[&[f32]; N], j: usize) -> [f32; N] {
    let mut numbers = [0.0; N];
    for (number, input) in numbers.iter_mut().zip(inputs) {
        *number = input[j];
    }
    numbers
}

/// Partial sums of [`sum_over`].
const LANES: usize = 16;

#[inline(always)]
fn fold(lanes: [f32; LANES]) -> f32 {
    let mut partial = lanes;
    for width in [8, 4, 2, 1] {
        for i in 0..width {
            partial[i] += partial[i + width];
        }
    }
    partial[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares with float64 over a grid and extremes.
    fn close(name: &str, f: fn(f32) -> f32, exact: fn(f64) -> f64, relative: f64, absolute: f64) {
        let grid = (-20_000..=20_000).map(|i| i as f32 * 0.005);
        for x in grid.chain([-1e4, -104.0, 1e-20, -1e-20, 0.0, 1e4]) {
            let (got, want) = (f64::from(f(x)), exact(f64::from(x)));
            if want.is_finite() && want.abs() < 1.6e38 {
                let error = (got - want).abs();
                assert!(
                    error <= absolute + relative * want.abs(),
                    "{name}({x}) = {got}, not {want}"
                );
            }
            assert!(!got.is_nan());
        }
    }

    #[test]
    fn elementary_functions_agree_with_double_precision() {
        // 5e-7 is four units in the last place of float32; below 1e-37 results may be flushed.
        close("exp", exp, f64::exp, 5e-7, 2e-38);
        close("tanh", tanh, f64::tanh, 5e-7, 1e-38);
        close(
            "sigmoid",
            sigmoid,
            |x| 1.0 / (1.0 + (-x).exp()),
            5e-7,
            2e-38,
        );
        let exact = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
        close("softplus", softplus, exact, 5e-7, 2e-38);
    }
}
