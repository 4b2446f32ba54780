//! Exact t-SNE (van der Maaten and Hinton 2008): the affinities of all pairs, by gradient descent.

use rayon::prelude::*;

/// Points of the plane, and how far their affinities are from those of the rows.
pub(super) struct Embedding {
    pub(super) points: Vec<[f64; 2]>,
    /// KL(P‖Q), in nats.
    pub(super) divergence: f64,
}

/// By how much affinities are exaggerated in the first steps.
const EXAGGERATION: f64 = 12.0;
/// At most how many steps with them.
const EXAGGERATED: usize = 250;
/// Affinities are never below.
const LEAST: f64 = 1e-12;
/// Spread of the points at the start, so small that no pair is apart.
const START: f64 = 1e-4;

impl Embedding {
    /// Of `[n, d]` numbers, row by row.
    pub(super) fn of(rows: &[f64], d: usize, perplexity: f64, iterations: usize) -> Self {
        let n = rows.len() / d;
        let affinities = affinities(rows, d, perplexity);
        let mut points = principal_plane(rows, d);
        let exaggerated = EXAGGERATED.min(iterations / 4);
        // The rate of Belkina et al. 2019 (n / exaggeration), over the 4 of this gradient.
        let rate = (n as f64 / EXAGGERATION / 4.0).max(50.0);
        let mut velocity = vec![[0.0; 2]; n];
        let mut gains = vec![[1.0f64; 2]; n];
        for step in 0..iterations {
            let early = step < exaggerated;
            let (factor, momentum) = match early {
                true => (EXAGGERATION, 0.5),
                false => (1.0, 0.8),
            };
            let gradient = gradient(&affinities, &points, factor);
            for i in 0..n {
                for axis in 0..2 {
                    let against = velocity[i][axis] * gradient[i][axis] < 0.0;
                    let gain = &mut gains[i][axis];
                    *gain = match against {
                        true => *gain + 0.2,
                        false => (*gain * 0.8).max(0.01),
                    };
                    velocity[i][axis] =
                        momentum * velocity[i][axis] - rate * *gain * gradient[i][axis];
                    points[i][axis] += velocity[i][axis];
                }
            }
            centre(&mut points);
        }
        let divergence = divergence(&affinities, &points);
        Embedding { points, divergence }
    }
}

fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// p_ij = (p_j|i + p_i|j) / 2n, `[n, n]`, where p_j|i is a Gaussian around i with the perplexity.
fn affinities(rows: &[f64], d: usize, perplexity: f64) -> Vec<f64> {
    let n = rows.len() / d;
    let mut conditional = vec![0.0; n * n];
    conditional
        .par_chunks_exact_mut(n)
        .enumerate()
        .for_each(|(i, row)| {
            let own = &rows[i * d..][..d];
            for (j, value) in row.iter_mut().enumerate() {
                *value = squared_distance(own, &rows[j * d..][..d]);
            }
            around(row, i, perplexity.ln());
        });
    let mut symmetric = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..n {
            let both = conditional[i * n + j] + conditional[j * n + i];
            symmetric[i * n + j] = (both / (2.0 * n as f64)).max(LEAST);
        }
    }
    symmetric
}

/// Squared distances from `own` become p_j|i with this entropy, by bisection of the precision.
fn around(row: &mut [f64], own: usize, entropy: f64) {
    let others = row.iter().enumerate().filter(|(j, _)| *j != own);
    let least = others.map(|(_, d)| *d).fold(f64::INFINITY, f64::min);
    row.iter_mut().for_each(|distance| *distance -= least);
    let spread = row.iter().sum::<f64>() / row.len() as f64;
    let (mut low, mut high) = (0.0, f64::INFINITY);
    let mut precision = 1.0 / spread.max(f64::MIN_POSITIVE);
    for _ in 0..100 {
        let (mut sum, mut weighted) = (0.0, 0.0);
        for (j, distance) in row.iter().enumerate() {
            if j != own {
                let weight = (-precision * distance).exp();
                sum += weight;
                weighted += weight * distance;
            }
        }
        let found = sum.ln() + precision * weighted / sum;
        if (found - entropy).abs() < 1e-6 {
            break;
        }
        match found > entropy {
            true => low = precision,
            false => high = precision,
        }
        precision = match high.is_finite() {
            true => 0.5 * (low + high),
            false => 2.0 * precision,
        };
    }
    let mut sum = 0.0;
    for (j, value) in row.iter_mut().enumerate() {
        *value = match j == own {
            true => 0.0,
            false => (-precision * *value).exp(),
        };
        sum += *value;
    }
    row.iter_mut().for_each(|value| *value /= sum);
}

/// 1 / (1 + ‖y_i − y_j‖²)
fn kernel(a: [f64; 2], b: [f64; 2]) -> f64 {
    let [x, y] = [a[0] - b[0], a[1] - b[1]];
    1.0 / (1.0 + x * x + y * y)
}

/// Σ_j≠i of the kernel, per point: their sum over all is the same on any number of threads.
fn kernel_sums(points: &[[f64; 2]]) -> f64 {
    let sums: Vec<f64> = points
        .par_iter()
        .map(|a| points.iter().map(|b| kernel(*a, *b)).sum::<f64>() - 1.0)
        .collect();
    sums.iter().sum()
}

/// 4 Σ_j (p_ij − q_ij) (y_i − y_j) / (1 + ‖y_i − y_j‖²)
fn gradient(affinities: &[f64], points: &[[f64; 2]], factor: f64) -> Vec<[f64; 2]> {
    let total = kernel_sums(points);
    affinities
        .par_chunks_exact(points.len())
        .zip(points)
        .map(|(p, a)| {
            let mut sum = [0.0; 2];
            for (p, b) in p.iter().zip(points) {
                let kernel = kernel(*a, *b);
                let pull = (factor * p - kernel / total) * kernel;
                sum[0] += pull * (a[0] - b[0]);
                sum[1] += pull * (a[1] - b[1]);
            }
            sum.map(|sum| 4.0 * sum)
        })
        .collect()
}

fn divergence(affinities: &[f64], points: &[[f64; 2]]) -> f64 {
    let total = kernel_sums(points);
    let n = points.len();
    let pairs = (0..n * n).filter(|pair| pair / n != pair % n);
    let terms = pairs.map(|pair| {
        let q = kernel(points[pair / n], points[pair % n]) / total;
        affinities[pair] * (affinities[pair] / q.max(LEAST)).ln()
    });
    terms.sum()
}

fn centre(points: &mut [[f64; 2]]) {
    for axis in 0..2 {
        let mean = points.iter().map(|p| p[axis]).sum::<f64>() / points.len() as f64;
        points.iter_mut().for_each(|p| p[axis] -= mean);
    }
}

/// The rows on their first two principal components, scaled to a small spread.
fn principal_plane(rows: &[f64], d: usize) -> Vec<[f64; 2]> {
    let n = rows.len() / d;
    let mut centred = rows.to_vec();
    for j in 0..d {
        let mean = rows.iter().skip(j).step_by(d).sum::<f64>() / n as f64;
        centred
            .iter_mut()
            .skip(j)
            .step_by(d)
            .for_each(|v| *v -= mean);
    }
    let project = |direction: &[f64]| -> Vec<f64> {
        let rows = centred.chunks_exact(d);
        rows.map(|row| row.iter().zip(direction).map(|(a, b)| a * b).sum())
            .collect()
    };
    let unit = |direction: &mut [f64]| {
        let norm = direction.iter().map(|v| v * v).sum::<f64>().sqrt();
        direction
            .iter_mut()
            .for_each(|v| *v /= norm.max(f64::MIN_POSITIVE));
    };
    let mut directions: Vec<Vec<f64>> = Vec::new();
    for axis in 0..2 {
        // Power iteration from a start that no symmetry of the data favours.
        let start = (0..d).map(|j| ((j * (axis + 2)) as f64 * 0.7 + 1.0).sin());
        let mut direction: Vec<f64> = start.collect();
        for _ in 0..100 {
            let along = project(&direction);
            direction.fill(0.0);
            for (row, along) in centred.chunks_exact(d).zip(&along) {
                for (sum, value) in direction.iter_mut().zip(row) {
                    *sum += along * value;
                }
            }
            for other in &directions {
                let shared: f64 = direction.iter().zip(other).map(|(a, b)| a * b).sum();
                let pairs = direction.iter_mut().zip(other);
                pairs.for_each(|(value, other)| *value -= shared * other);
            }
            unit(&mut direction);
        }
        directions.push(direction);
    }
    let [x, y] = [project(&directions[0]), project(&directions[1])];
    let spread = (x.iter().map(|v| v * v).sum::<f64>() / n as f64).sqrt();
    let scale = START / spread.max(f64::MIN_POSITIVE);
    x.iter()
        .zip(y)
        .map(|(x, y)| [x * scale, y * scale])
        .collect()
}

/// Share of the `k` nearest points that were near as rows (Venna and Kaski 2001):
/// 1 − 2 / (n k (2n − 3k − 1)) Σ_i Σ_j∈U_k(i) (r(i, j) − k), where U_k(i) are the points among the k
/// nearest of i that as rows are not, and r their rank as rows.
pub(super) fn trustworthiness(rows: &[f64], d: usize, points: &[[f64; 2]], k: usize) -> f64 {
    let n = points.len();
    let order = |distance: &dyn Fn(usize) -> f64, own: usize| -> Vec<usize> {
        let distances: Vec<f64> = (0..n).map(distance).collect();
        let mut others: Vec<usize> = (0..n).filter(|j| *j != own).collect();
        others.sort_by(|a, b| distances[*a].total_cmp(&distances[*b]));
        others
    };
    let penalties: Vec<usize> = (0..n)
        .into_par_iter()
        .map(|i| {
            let before = |j: usize| squared_distance(&rows[i * d..][..d], &rows[j * d..][..d]);
            let mut rank = vec![0; n];
            for (place, j) in order(&before, i).into_iter().enumerate() {
                rank[j] = place + 1;
            }
            let now = |j: usize| -kernel(points[i], points[j]);
            let near = order(&now, i);
            near.iter()
                .take(k)
                .map(|j| rank[*j].saturating_sub(k))
                .sum()
        })
        .collect();
    let total: usize = penalties.iter().sum();
    let most = n as f64 * k as f64 * (2.0 * n as f64 - 3.0 * k as f64 - 1.0) / 2.0;
    1.0 - total as f64 / most
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tests::support;
    use crate::random::Seed;

    #[test]
    fn digits_keep_their_neighbours() {
        let digits = support::load("mnist", &[]);
        let x = digits.split("train").and_then(|split| split.x_f32());
        let x = x.expect("pictures");
        let d = 784;
        let rows: Vec<f64> = x[..400 * d].iter().map(|v| f64::from(*v)).collect();
        let plane = principal_plane(&rows, d);
        let found = Embedding::of(&rows, d, 20.0, 400);
        let trust = trustworthiness(&rows, d, &found.points, 5);
        assert!(trust >= 0.9, "{trust}");
        // Better than the components that it starts from.
        let start = trustworthiness(&rows, d, &plane, 5);
        assert!(trust > start + 0.1, "{trust} {start}");
        assert!(found.divergence < divergence(&affinities(&rows, d, 20.0), &plane));
    }

    #[test]
    fn groups_far_apart_stay_apart() {
        let d = 10;
        let mut rows = Seed::new(1).stream(0).normal_f64(90 * d);
        for (i, value) in rows.iter_mut().enumerate() {
            *value += 30.0 * (i / (30 * d)) as f64 * ((i % 3) as f64 - 1.0);
        }
        let points = Embedding::of(&rows, d, 10.0, 500).points;
        let apart = |i: usize, j: usize| kernel(points[i], points[j]).recip() - 1.0;
        for i in 0..90 {
            let nearest = (0..90)
                .filter(|j| *j != i)
                .min_by(|a, b| apart(i, *a).total_cmp(&apart(i, *b)));
            assert_eq!(nearest.expect("others") / 30, i / 30, "{i}");
        }
    }

    #[test]
    fn affinities_have_the_perplexity_that_was_asked() {
        let distances = Seed::new(2).stream(0).uniform(50, 0.5, 9.0);
        let mut row: Vec<f64> = distances.into_iter().map(f64::from).collect();
        row[7] = 0.0;
        around(&mut row, 7, 12f64.ln());
        let others = row.iter().filter(|p| **p > 0.0);
        let entropy: f64 = others.map(|p| -p * p.ln()).sum();
        assert!((entropy.exp() - 12.0).abs() < 1e-3, "{}", entropy.exp());
        assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12 && row[7] == 0.0);
    }

    #[test]
    fn the_gradient_is_that_of_the_divergence() {
        let rows = Seed::new(3).stream(0).normal_f64(20 * 3);
        let p = affinities(&rows, 3, 5.0);
        // Affinities of a point with itself stand at the floor and pull nothing.
        let place = Seed::new(4).stream(0).normal_f64(40);
        let points: Vec<[f64; 2]> = place.chunks_exact(2).map(|c| [c[0], c[1]]).collect();
        let found = gradient(&p, &points, 1.0);
        for (i, axis) in [(0, 0), (7, 1), (19, 0)] {
            let at = |step: f64| {
                let mut points = points.clone();
                points[i][axis] += step;
                divergence(&p, &points)
            };
            let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!(
                (slope - found[i][axis]).abs() < 1e-8,
                "{slope} {}",
                found[i][axis]
            );
        }
    }

    /// By hand: three points in a line, two of which change places.
    #[test]
    fn trust_counts_strangers_by_their_rank() {
        let rows: Vec<f64> = (0..10).map(f64::from).collect();
        let line: Vec<[f64; 2]> = rows.iter().map(|x| [*x, 0.0]).collect();
        assert_eq!(trustworthiness(&rows, 1, &line, 2), 1.0);
        let mut moved = line.clone();
        moved[0] = [20.0, 0.0];
        // The nearest of 0 are now 9 and 8, of ranks 9 and 8; 1 has 2, 3 (of rank 3 or 4) instead of
        // 0, 2; nobody else had 0 but 1 within two, and 2 has 1, 3 as before.
        let trust = trustworthiness(&rows, 1, &moved, 2);
        let penalty = (9 - 2) + (8 - 2) + (3 - 2);
        let most = 10.0 * 2.0 * (20.0 - 6.0 - 1.0) / 2.0;
        assert!(
            (trust - (1.0 - f64::from(penalty) / most)).abs() < 1e-12,
            "{trust}"
        );
    }
}
