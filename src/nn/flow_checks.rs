//! What the tests of flows share: numeric Jacobians, and parameters that are not the identity.

use dfdx::prelude::Cpu;

use super::params::Params;
use super::random::Seed;

/// Gives every parameter random values of standard deviation 0.5.
pub(super) fn scrambled(params: &mut Params<Cpu>) {
    for index in 0..params.len() {
        let n = params.values(index).len();
        let values = Seed::new(8).stream(index as u64).normal(n);
        let values = values.iter().map(|v| 0.5 * v).collect();
        params.set(index, values).expect("as many numbers");
    }
}

/// ln |det| of the Jacobian of `map` at `point`, by central differences of two widths that cancel
/// the third derivative: a flow of scales up to e² bends too much for a single one.
pub(super) fn numeric_log_det(map: impl Fn(Vec<f32>) -> Vec<f32>, point: &[f32]) -> f64 {
    let slope = |j: usize, step: f32| -> Vec<f64> {
        let at = |step: f32| {
            let mut x = point.to_vec();
            x[j] += step;
            (map(x.clone()), x[j])
        };
        let ((above, high), (below, low)) = (at(step), at(-step));
        let width = f64::from(high) - f64::from(low);
        let difference = |(a, b): (&f32, &f32)| (f64::from(*a) - f64::from(*b)) / width;
        above.iter().zip(&below).map(difference).collect()
    };
    let column = |j: usize| {
        // Rounding / step and step⁴ are both about 1e-5 of a smooth map.
        let (narrow, wide) = (slope(j, 0.02), slope(j, 0.04));
        let pairs = narrow.iter().zip(&wide);
        pairs.map(|(n, w)| (4.0 * n - w) / 3.0).collect()
    };
    log_abs_det((0..point.len()).map(column).collect())
}

/// Gaussian elimination with partial pivoting.
fn log_abs_det(mut rows: Vec<Vec<f64>>) -> f64 {
    let n = rows.len();
    let mut total = 0.0;
    for k in 0..n {
        let pivot = (k..n)
            .max_by(|a, b| rows[*a][k].abs().total_cmp(&rows[*b][k].abs()))
            .expect("at least one row is left");
        rows.swap(k, pivot);
        total += rows[k][k].abs().ln();
        let (done, below) = rows.split_at_mut(k + 1);
        let pivot = &done[k];
        for row in below {
            let factor = row[k] / pivot[k];
            for (value, above) in row.iter_mut().zip(pivot).skip(k) {
                *value -= factor * above;
            }
        }
    }
    total
}
