//! Two Gaussians with a known divergence, to judge its estimators by.

use std::collections::BTreeMap;

use serde_json::json;

use super::Array;
use super::Context;
use super::DataError;
use super::DataSet;
use super::Dataset;
use super::Numbers;
use super::Split;
use crate::random::Seed;
use crate::registry::Entry;
use crate::registry::Param;
use crate::registry::Property;
use crate::registry::Values;
use crate::registry::choices;
use crate::registry::params;

/// `dataset/gaussian-pair`
pub(super) struct GaussianPair;

choices! {
    /// How the factor of a covariance is drawn.
    enum Factor {
        NearIdentity = "near-identity",
        Normal = "normal",
    }
}

params! {
    /// What `dataset/gaussian-pair` may be given.
    struct GaussianPairParams {
        /// dimension of both Gaussians
        dimension: usize = 10, min(1), max(4096);
        /// training observations of each
        points: usize = 10_000, min(1);
        /// validation observations of each
        valid: usize = 2000, min(0);
        /// test observations of each
        test: usize = 2000, min(1);
        /// how A is drawn
        factor: Factor = Factor::NearIdentity;
        /// size of what `near-identity` adds to I
        spread: f64 = 0.3, min(0.0), only_with("factor", &["near-identity"]);
        /// standard deviation of the entries of b
        shift: f64 = 1.0, min(0.0);
        /// which Gaussians and which draw
        seed: Seed;
    }
}

impl Entry for GaussianPair {
    fn name(&self) -> &'static str {
        "gaussian-pair"
    }

    fn summary(&self) -> &'static str {
        "draws from two Gaussians of any dimension, with their KL divergence in closed form"
    }

    fn docs(&self) -> &'static str {
        "`x` = A₁ ξ + b₁ and `y` = A₂ ξ + b₂ with ξ ~ N(0, I), each `[n, d]`. Entries of b are\n\
         N(0, `shift`²); A is a matrix of standard normal entries (`factor: normal`), or\n\
         I + `spread` · normal/√d (`factor: near-identity`), which keeps the divergence modest.\n\
         `meta` has `kl`, KL(x‖y), and `kl_reverse`, KL(y‖x), in nats:\n\
         \n\
         ```text\n\
         ½ [tr(Σ₂⁻¹ Σ₁) + Δᵀ Σ₂⁻¹ Δ − d + ln |Σ₂| − ln |Σ₁|],   Σ = A Aᵀ,   Δ = b₂ − b₁\n\
         ```\n\
         \n\
         The matrices and means are kept as `generator` arrays.\n\
         \n\
         Source: the density-ratio study of Rosca, Lakshminarayanan and Mohamed 2018, *Distribution\n\
         matching in variational inference*, arXiv 1802.06847, appendix D."
    }

    fn params(&self) -> Vec<Param> {
        GaussianPairParams::params()
    }
}

impl DataSet for GaussianPair {
    fn range(&self, _params: &Values) -> Option<(f64, f64)> {
        Some((f64::NEG_INFINITY, f64::INFINITY))
    }

    fn shape(&self, params: &Values) -> Option<Vec<usize>> {
        Some(vec![GaussianPairParams::read(params).ok()?.dimension])
    }

    fn lacks(&self, _params: &Values) -> Vec<Property> {
        vec![Property::Pictures, Property::Labels, Property::LogDensity]
    }

    fn load(&self, params: &Values, _context: &Context<'_>) -> Result<Dataset, DataError> {
        let params = GaussianPairParams::read(params)?;
        let seed = params.seed.derive("data/gaussian-pair");
        let first = Gaussian::draw(&params, seed.derive("first"));
        let second = Gaussian::draw(&params, seed.derive("second"));
        let (kl, kl_reverse) = match (kl(&first, &second), kl(&second, &first)) {
            (Some(there), Some(back)) => (there, back),
            _ => return Err(DataError::Singular),
        };
        let split = |count: usize, purpose: &str| {
            let seed = seed.derive(purpose);
            Split::new()
                .with("x", first.sample(count, seed.derive("first")))
                .with("y", second.sample(count, seed.derive("second")))
        };
        let mut data = Dataset::new(
            split(params.points, "train"),
            split(params.valid, "valid"),
            split(params.test, "test"),
            json!({
                "name": self.name(),
                "shape": [first.mean.len()],
                "kl": kl,
                "kl_reverse": kl_reverse,
                "origin": "drawn; Rosca, Lakshminarayanan and Mohamed 2018, arXiv 1802.06847, appendix D",
                "licence": "none needed",
            }),
        );
        data.generator = BTreeMap::new();
        for (name, gaussian) in [("first", first), ("second", second)] {
            let d = gaussian.mean.len();
            let factor = Array::new(&[d, d], gaussian.factor);
            data.generator.insert(format!("{name}_factor"), factor);
            let mean = Array::column(gaussian.mean);
            data.generator.insert(format!("{name}_mean"), mean);
        }
        Ok(data)
    }
}

/// N(mean, factor factorᵀ), the factor row-major.
#[derive(Clone, Debug)]
pub struct Gaussian {
    pub mean: Vec<f64>,
    pub factor: Vec<f64>,
}

impl Gaussian {
    /// The two that a data set of this kind was drawn from; none of another.
    pub fn pair(data: &Dataset) -> Option<[Gaussian; 2]> {
        let of = |name: &str| {
            let get = |what: &str| match data.generator.get(&format!("{name}_{what}"))?.numbers() {
                Numbers::F64(numbers) => Some(numbers.clone()),
                _ => None,
            };
            let (mean, factor) = (get("mean")?, get("factor")?);
            (factor.len() == mean.len() * mean.len()).then_some(Gaussian { mean, factor })
        };
        Some([of("first")?, of("second")?])
    }

    fn draw(params: &GaussianPairParams, seed: Seed) -> Self {
        let d = params.dimension;
        let shift = params.shift;
        let mean = seed.derive("mean").stream(0).normal_f64(d);
        let mut factor = seed.derive("factor").stream(0).normal_f64(d * d);
        if params.factor == Factor::NearIdentity {
            let scale = params.spread / (d as f64).sqrt();
            for (i, entry) in factor.iter_mut().enumerate() {
                let identity = if i / d == i % d { 1.0 } else { 0.0 };
                *entry = identity + scale * *entry;
            }
        }
        Gaussian {
            mean: mean.into_iter().map(|entry| shift * entry).collect(),
            factor,
        }
    }

    /// `[count, d]`; row `i` is the same for every count.
    fn sample(&self, count: usize, seed: Seed) -> Array {
        let d = self.mean.len();
        let mut x = Vec::with_capacity(count * d);
        let mut stream = seed.stream(0);
        // Pairs of normal numbers end with each row, so that a row depends on nothing after it.
        for _ in 0..count {
            let noise = stream.normal_f64(d);
            let rows = self.factor.chunks(d).zip(&self.mean);
            x.extend(rows.map(|(row, mean)| {
                let product: f64 = row.iter().zip(&noise).map(|(a, e)| a * e).sum();
                (mean + product) as f32
            }));
        }
        Array::new(&[count, d], x)
    }
}

/// KL(first‖second) in nats; nothing where a factor is singular.
///
/// With M = A₂⁻¹ A₁ and u = A₂⁻¹ Δ, tr(Σ₂⁻¹ Σ₁) is the squared Frobenius norm of M, Δᵀ Σ₂⁻¹ Δ that
/// of u, and ln |Σ| = 2 ln |det A|: no covariance is formed, which would square the condition.
pub(crate) fn kl(first: &Gaussian, second: &Gaussian) -> Option<f64> {
    let d = first.mean.len();
    let columns = d + 1;
    let mut right = Vec::with_capacity(d * columns);
    for (i, row) in first.factor.chunks(d).enumerate() {
        right.extend(row);
        right.push(second.mean[i] - first.mean[i]);
    }
    let log_det_second = solve(&mut second.factor.clone(), &mut right, columns)?;
    let log_det_first = solve(&mut first.factor.clone(), &mut [], 0)?;
    let squares: f64 = right.iter().map(|entry| entry * entry).sum();
    Some(0.5 * (squares - d as f64) + log_det_second - log_det_first)
}

/// Replaces `right`, of `columns` columns, by `matrix⁻¹ right`, and returns ln |det matrix|:
/// elimination with partial pivoting. Nothing where a pivot vanishes.
fn solve(matrix: &mut [f64], right: &mut [f64], columns: usize) -> Option<f64> {
    let d = matrix.len().isqrt();
    let mut log_det = 0.0;
    for k in 0..d {
        let size = |row: &usize| matrix[row * d + k].abs();
        let pivot = (k..d).max_by(|a, b| size(a).total_cmp(&size(b)))?;
        swap_rows(matrix, d, k, pivot);
        swap_rows(right, columns, k, pivot);
        let diagonal = matrix[k * d + k];
        if diagonal == 0.0 || !diagonal.is_finite() {
            return None;
        }
        log_det += diagonal.abs().ln();
        for row in (0..d).filter(|row| *row != k) {
            let factor = matrix[row * d + k] / diagonal;
            if factor != 0.0 {
                subtract(matrix, d, row, k, factor, k);
                subtract(right, columns, row, k, factor, 0);
            }
        }
    }
    for k in 0..d {
        let diagonal = matrix[k * d + k];
        for entry in &mut right[k * columns..(k + 1) * columns] {
            *entry /= diagonal;
        }
    }
    Some(log_det)
}

fn swap_rows(matrix: &mut [f64], columns: usize, a: usize, b: usize) {
    if a != b {
        for column in 0..columns {
            matrix.swap(a * columns + column, b * columns + column);
        }
    }
}

/// Row `to` less `factor` times row `from`, from column `start` on.
fn subtract(matrix: &mut [f64], columns: usize, to: usize, from: usize, factor: f64, start: usize) {
    if columns == 0 {
        return;
    }
    let (low, high) = (to.min(from), to.max(from));
    let (head, tail) = matrix.split_at_mut(high * columns);
    let lower = &mut head[low * columns..(low + 1) * columns];
    let upper = &mut tail[..columns];
    let (to, from) = if to < from {
        (lower, upper)
    } else {
        (upper, lower)
    };
    for (to, from) in to[start..].iter_mut().zip(&from[start..]) {
        *to -= factor * *from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With diagonal factors the KL is a sum over dimensions.
    #[test]
    fn the_divergence_of_independent_dimensions_is_their_sum() {
        let first = Gaussian {
            mean: vec![0.5, -1.0],
            factor: vec![2.0, 0.0, 0.0, 0.5],
        };
        let second = Gaussian {
            mean: vec![-0.5, 0.0],
            factor: vec![1.0, 0.0, 0.0, -3.0],
        };
        let one = |m1: f64, s1: f64, m2: f64, s2: f64| {
            (s2 / s1).ln() + (s1 * s1 + (m1 - m2).powi(2)) / (2.0 * s2 * s2) - 0.5
        };
        let expected = one(0.5, 2.0, -0.5, 1.0) + one(-1.0, 0.5, 0.0, 3.0);
        let found = kl(&first, &second).expect("both have full rank");
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }

    /// NumPy's `solve` and `slogdet` on covariances, to ten digits.
    #[test]
    fn the_divergence_of_full_matrices_agrees_with_an_independent_computation() {
        let first = Gaussian {
            mean: vec![1.0, 2.0, -1.0],
            factor: vec![0.0, 1.0, 0.5, 2.0, -1.0, 0.3, 0.7, 0.2, 1.1],
        };
        let second = Gaussian {
            mean: vec![0.0, 1.5, 0.5],
            factor: vec![1.0, 0.2, -0.4, 0.1, 0.9, 0.6, -0.3, 0.8, 1.4],
        };
        let found = kl(&first, &second).expect("both have full rank");
        assert!((found - KL).abs() < 1e-9, "{found}");
        let back = kl(&second, &first).expect("both have full rank");
        assert!((back - KL_REVERSE).abs() < 1e-9, "{back}");
    }

    const KL: f64 = 25.8040763230;
    const KL_REVERSE: f64 = 15.3016676127;

    #[test]
    fn a_singular_factor_has_no_divergence() {
        let singular = Gaussian {
            mean: vec![0.0, 0.0],
            factor: vec![1.0, 2.0, 2.0, 4.0],
        };
        assert_eq!(kl(&singular, &singular), None);
    }
}
