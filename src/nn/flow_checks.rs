//! What the tests of flows share: numeric Jacobians, and parameters that are not the identity.

use dfdx::prelude::Cpu;

use super::params::Params;
use super::random::Seed;

/// Gives every parameter random values of standard deviation 0.5.
pub fn scrambled(params: &mut Params<Cpu>) {
    for index in 0..params.len() {
        let n = params.values(index).len();
        let values = Seed::new(8).stream(index as u64).normal(n);
        let values = values.iter().map(|v| 0.5 * v).collect();
        params.set(index, values).expect("as many numbers");
    }
}

/// ln |det| of the Jacobian of `map` at `point` by central differences.
pub fn numeric_log_det(map: impl Fn(Vec<f32>) -> Vec<f32>, point: &[f32]) -> f64 {
    let step = 1e-2_f32; // rounding / step and step² are both about 1e-5 of a smooth map
    let n = point.len();
    let mut columns: Vec<Vec<f64>> = Vec::new();
    for j in 0..n {
        let at = |sign: f32| {
            let mut x = point.to_vec();
            x[j] += sign * step;
            (map(x.clone()), x[j])
        };
        let ((above, high), (below, low)) = (at(1.0), at(-1.0));
        let width = f64::from(high) - f64::from(low);
        let difference = |(a, b): (&f32, &f32)| (f64::from(*a) - f64::from(*b)) / width;
        columns.push(above.iter().zip(&below).map(difference).collect());
    }
    log_abs_det(columns)
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
        for r in k + 1..n {
            let factor = rows[r][k] / rows[k][k];
            for c in k..n {
                rows[r][c] -= factor * rows[k][c];
            }
        }
    }
    total
}
