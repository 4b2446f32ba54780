//! The best Gaussian posterior of one observation in two latent dimensions.
//!
//! The bound of a Gaussian of independent dimensions is a function of its means and standard deviations once
//! log p(x|z) is known on a product grid of z: the expectation is a sum with weights along either axis. The
//! trapezoid rule of a Gaussian is exact to `exp(−2π² σ² / h²)` for a step `h`. One grid over the prior's reach serves
//! all Gaussians that are wide enough for its step and lie inside; each other has a grid around its own mean, as
//! wide as itself.

use std::f64::consts::SQRT_2;

use crate::models::ModelError;
use crate::models::Rows;

/// log p(x|z) of one observation at rows of z, `[n, 2]`.
type LogLikelihood<'a> = dyn Fn(&Rows) -> Result<Vec<f64>, ModelError> + 'a;

/// log p(x|z) of one observation over the plane of z.
pub struct Likelihood<'a> {
    log: Box<LogLikelihood<'a>>,
    /// Over the square around the origin that the prior reaches.
    square: Grid,
}

/// log p(x|z) over a product of values of z.
struct Grid {
    axes: [Vec<f64>; 2],
    /// Row-major: the first axis is z_1.
    values: Vec<f64>,
}

/// A Gaussian of two independent dimensions with its bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gaussian {
    pub mean: [f64; 2],
    pub sigma: [f64; 2],
    /// E_q log p(x|z) − KL(q || N(0, I)), in nats.
    pub elbo: f64,
}

/// The best Gaussian, and whether the search for it came to rest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Best {
    pub gaussian: Gaussian,
    pub settled: bool,
}

/// Half the side of the square: no prior mass that counts lies beyond.
const REACH: f64 = 6.4;
/// Between values of z in the square, and the least standard deviation that is searched there.
const STEP: f64 = 0.08;
/// Means in the square are searched up to here, so that their Gaussians lie inside.
const FARTHEST: f64 = 4.0;
/// Standard deviations in the square are searched up to that of the prior, with room.
const WIDEST: f64 = 1.2;
/// Standard deviations on either side of a mean: beyond lie 6e-7 of the mass in the square, and 2e-9 around a mean.
const INSIDE: f64 = 5.0;
const AROUND: f64 = 6.0;
/// Values of z along an axis around a mean, at most.
const MOST: usize = 161;
/// Means, pairs of them, that have a grid each.
const FEW: usize = 9;
/// Values of z along an axis for many means, from which on each mean has three of its own.
const MANY: usize = 400;
/// What those three give: Gauss and Hermite's weights.
const THREE: [f64; 3] = [1.0 / 6.0, 2.0 / 3.0, 1.0 / 6.0];
/// Steps of the search around the best of the square, and the nats that a step has to bring.
const STEPS: usize = 60;
const GAIN: f64 = 1e-5;

impl<'a> Likelihood<'a> {
    /// Asks for log p(x|z) over the square.
    ///
    /// # Errors
    /// Those of `log`.
    pub fn new(
        log: impl Fn(&Rows) -> Result<Vec<f64>, ModelError> + 'a,
    ) -> Result<Self, ModelError> {
        let nodes = || even(-REACH, STEP, (2.0 * REACH / STEP).round() as usize + 1);
        let square = Grid::of(&log, [nodes(), nodes()])?;
        Ok(Likelihood {
            log: Box::new(log),
            square,
        })
    }

    /// The bound at every pair of these means, with the standard deviations `sigma`: row-major, the
    /// first axis is that of the first mean.
    ///
    /// # Errors
    /// Those of the model.
    pub fn elbos(
        &self,
        first: &[f64],
        second: &[f64],
        sigma: [f64; 2],
    ) -> Result<Vec<f64>, ModelError> {
        let means = [first, second];
        if [0, 1].iter().all(|j| covered(means[*j], sigma[*j])) {
            return Ok(self.square.elbos(means, sigma));
        }
        if first.len() * second.len() <= FEW {
            let pairs = first
                .iter()
                .flat_map(|a| second.iter().map(move |b| [*a, *b]));
            return pairs.map(|mean| Ok(self.at(mean, sigma)?.elbo)).collect();
        }
        let axes = [0, 1].map(|j| shared(means[j], sigma[j]));
        if let [Some(a), Some(b)] = axes {
            return Ok(Grid::of(&*self.log, [a, b])?.elbos(means, sigma));
        }
        // So narrow beside the distances between means that log p(x|z) bends little across.
        let three =
            |mean: &f64, sigma: f64| [-1.0, 0.0, 1.0].map(|k| mean + k * 3f64.sqrt() * sigma);
        let axes = [0, 1].map(|j| -> Vec<f64> {
            means[j]
                .iter()
                .flat_map(|mean| three(mean, sigma[j]))
                .collect()
        });
        let columns = axes[1].len();
        let grid = Grid::of(&*self.log, axes)?;
        let mut elbos = Vec::with_capacity(first.len() * second.len());
        for (i, a) in first.iter().enumerate() {
            for (j, b) in second.iter().enumerate() {
                let mut expected = 0.0;
                for (k, of_first) in THREE.iter().enumerate() {
                    let row = &grid.values[(3 * i + k) * columns + 3 * j..][..3];
                    let along: f64 = row.iter().zip(THREE).map(|(value, w)| value * w).sum();
                    expected += of_first * along;
                }
                elbos.push(expected - kl([*a, *b], sigma));
            }
        }
        Ok(elbos)
    }

    /// The Gaussian of these moments with its bound; none that is a number where a moment is none.
    ///
    /// # Errors
    /// Those of the model.
    pub fn at(&self, mean: [f64; 2], sigma: [f64; 2]) -> Result<Gaussian, ModelError> {
        let elbo = self
            .local(mean, sigma)?
            .map_or(f64::NAN, |local| local.elbo);
        Ok(Gaussian { mean, sigma, elbo })
    }

    /// The Gaussian with the largest bound: a grid over both means and both standard deviations, then
    /// steps from its best to where no step brings a nat's 1e-5, at any mean and however narrow.
    ///
    /// Also from the mode of log p(x, z), since what is narrower than the grid's step hides between its means.
    ///
    /// # Errors
    /// Those of the model.
    pub fn best(&self) -> Result<Best, ModelError> {
        let from_grid = self.climbed(self.best_of_square())?;
        let from_mode = self.climbed(self.around_the_mode())?;
        Ok(match from_mode.gaussian.elbo > from_grid.gaussian.elbo {
            true => from_mode,
            false => from_grid,
        })
    }

    /// The best within the square, roughly: a mean to a quarter, a standard deviation to a factor 1.5.
    fn best_of_square(&self) -> Gaussian {
        let (step, ratio) = (0.25, 1.5f64);
        let means = even(-FARTHEST, step, (2.0 * FARTHEST / step) as usize + 1);
        let count = ((WIDEST / STEP).ln() / ratio.ln()) as i32 + 1;
        let sigmas: Vec<f64> = (0..count).map(|k| WIDEST / ratio.powi(k)).collect();
        let mut best = Gaussian {
            mean: [0.0; 2],
            sigma: [1.0; 2],
            elbo: f64::NEG_INFINITY,
        };
        for a in &sigmas {
            for b in &sigmas {
                let sigma = [*a, *b];
                let elbos = self.square.elbos([&means, &means], sigma);
                for (i, elbo) in elbos.into_iter().enumerate() {
                    if elbo > best.elbo {
                        let mean = [means[i / means.len()], means[i % means.len()]];
                        best = Gaussian { mean, sigma, elbo };
                    }
                }
            }
        }
        best
    }

    /// A Gaussian at the highest log p(x, z) of the square, as wide as its curvature there says.
    fn around_the_mode(&self) -> Gaussian {
        let [first, second] = &self.square.axes;
        let n = second.len();
        let joint = |i: usize, j: usize| {
            self.square.values[i * n + j] - 0.5 * (first[i].powi(2) + second[j].powi(2))
        };
        let inner = (1..first.len() - 1).flat_map(|i| (1..n - 1).map(move |j| (i, j)));
        let higher =
            |a: &(usize, usize), b: &(usize, usize)| joint(a.0, a.1).total_cmp(&joint(b.0, b.1));
        let (i, j) = inner.max_by(higher).unwrap_or((n / 2, n / 2));
        let bend = |before: f64, after: f64| (2.0 * joint(i, j) - before - after) / (STEP * STEP);
        let bends = [
            bend(joint(i - 1, j), joint(i + 1, j)),
            bend(joint(i, j - 1), joint(i, j + 1)),
        ];
        Gaussian {
            mean: [first[i], second[j]],
            sigma: bends.map(|bend| bend.max(1.0).sqrt().recip()),
            elbo: f64::NEG_INFINITY,
        }
    }

    /// Up from a Gaussian, by Newton's steps of the means and the fixed point of the variances.
    fn climbed(&self, start: Gaussian) -> Result<Best, ModelError> {
        let Gaussian { mean, sigma, .. } = start;
        let none = Best {
            gaussian: Gaussian {
                elbo: f64::NEG_INFINITY,
                ..start
            },
            settled: false,
        };
        let Some(mut here) = self.local(mean, sigma)? else {
            return Ok(none);
        };
        let mut best = Best {
            gaussian: Gaussian {
                elbo: here.elbo,
                ..start
            },
            settled: false,
        };
        for _ in 0..STEPS {
            let Gaussian { mean, sigma, elbo } = best.gaussian;
            let (toward, variances) = (here.step(), here.variances(sigma));
            let mut better = None;
            for share in (0..12).map(|k| 0.5f64.powi(k)) {
                let mean = [0, 1].map(|j| mean[j] + share * toward[j]);
                let sigma = [0, 1].map(|j| {
                    let ratio = variances[j].sqrt() / sigma[j];
                    sigma[j] * ratio.powf(share)
                });
                match self.local(mean, sigma)? {
                    Some(local) if local.elbo > elbo => {
                        better = Some((mean, sigma, local));
                        break;
                    }
                    _ => {}
                }
            }
            let Some((mean, sigma, local)) = better else {
                best.settled = true;
                break;
            };
            best.gaussian = Gaussian {
                mean,
                sigma,
                elbo: local.elbo,
            };
            best.settled = local.elbo - elbo < GAIN;
            here = local;
            if best.settled {
                break;
            }
        }
        Ok(best)
    }

    /// The bound of a Gaussian and how it changes; none where a number is not finite.
    fn local(&self, mean: [f64; 2], sigma: [f64; 2]) -> Result<Option<Local>, ModelError> {
        let finite = mean.iter().chain(&sigma).all(|number| number.is_finite());
        if !finite || sigma.iter().any(|sigma| *sigma <= 0.0) {
            return Ok(None);
        }
        let inside = [0, 1].iter().all(|j| covered(&[mean[*j]], sigma[*j]));
        let own;
        let grid = match inside {
            true => &self.square,
            false => {
                let axes = [0, 1].map(|j| around(mean[j], sigma[j]));
                own = Grid::of(&*self.log, axes)?;
                &own
            }
        };
        Ok(Some(grid.local(mean, sigma)))
    }
}

/// The bound of a Gaussian with the expectations of what its log p(x, z) changes by.
struct Local {
    elbo: f64,
    /// E_q of the gradient of log p(x, z).
    gradient: [f64; 2],
    /// E_q of its negative second derivatives (xx, xy, yy).
    curvature: [f64; 3],
}

impl Local {
    /// Newton's step of the means; where the bound is not concave, along the gradient.
    fn step(&self) -> [f64; 2] {
        let [gx, gy] = self.gradient;
        let [a, b, c] = self.curvature;
        let det = a * c - b * b;
        match a > 0.0 && c > 0.0 && det > 0.0 {
            true => [(c * gx - b * gy) / det, (a * gy - b * gx) / det],
            false => [gx / a.abs().max(1.0), gy / c.abs().max(1.0)],
        }
    }

    /// Where the derivative by the standard deviations vanishes, if the curvature stays (Opper and Archambeau
    /// 2009, *The variational Gaussian approximation revisited*). Where it is none of a maximum, twice as wide.
    fn variances(&self, sigma: [f64; 2]) -> [f64; 2] {
        let [a, _, c] = self.curvature;
        let of = |bend: f64, sigma: f64| match bend > 0.0 {
            true => bend.recip(),
            false => 4.0 * sigma * sigma,
        };
        [of(a, sigma[0]), of(c, sigma[1])]
    }
}

impl Grid {
    fn of(log: &LogLikelihood<'_>, axes: [Vec<f64>; 2]) -> Result<Self, ModelError> {
        let pairs = axes[0]
            .iter()
            .flat_map(|a| axes[1].iter().map(move |b| [*a as f32, *b as f32]));
        let values = log(&Rows::new(2, pairs.flatten().collect()))?;
        Ok(Grid { axes, values })
    }

    /// Σ over z_1 with these weights, for each z_2.
    fn given_second(&self, weights: &[f64]) -> Vec<f64> {
        let n = self.axes[1].len();
        let mut sums = vec![0.0; n];
        for (weight, values) in weights.iter().zip(self.values.chunks_exact(n)) {
            // Most values of z are far from the mean.
            if *weight != 0.0 {
                let pairs = sums.iter_mut().zip(values);
                pairs.for_each(|(sum, value)| *sum += weight * value);
            }
        }
        sums
    }

    fn elbos(&self, means: [&[f64]; 2], sigma: [f64; 2]) -> Vec<f64> {
        let along = |j: usize| -> Vec<Vec<f64>> {
            let of = |mean: &f64| weights(&self.axes[j], *mean, sigma[j]);
            means[j].iter().map(of).collect()
        };
        let (rows, columns) = (along(0), along(1));
        let mut elbos = Vec::with_capacity(rows.len() * columns.len());
        for (a, weights) in means[0].iter().zip(&rows) {
            let given_second = self.given_second(weights);
            for (b, weights) in means[1].iter().zip(&columns) {
                elbos.push(dot(weights, &given_second) - kl([*a, *b], sigma));
            }
        }
        elbos
    }

    /// By integration by parts: E_q ∂f = E_q f e / σ and E_q ∂²f = E_q f (e² − 1) / σ², with e = (z − μ) / σ.
    fn local(&self, mean: [f64; 2], sigma: [f64; 2]) -> Local {
        let [first, second] = [0, 1].map(|j| {
            let plain = weights(&self.axes[j], mean[j], sigma[j]);
            let e = |z: &f64| (z - mean[j]) / sigma[j];
            let pairs = || plain.iter().zip(&self.axes[j]);
            let slope: Vec<f64> = pairs().map(|(w, z)| w * e(z) / sigma[j]).collect();
            let bend = |(w, z): (&f64, &f64)| w * (e(z).powi(2) - 1.0) / sigma[j].powi(2);
            let bend: Vec<f64> = pairs().map(bend).collect();
            [plain, slope, bend]
        });
        let [plain, slope, bend] = first.map(|weights| self.given_second(&weights));
        let [p, s, b] = &second;
        Local {
            elbo: dot(p, &plain) - kl(mean, sigma),
            gradient: [dot(p, &slope) - mean[0], dot(s, &plain) - mean[1]],
            curvature: [1.0 - dot(p, &bend), -dot(s, &slope), 1.0 - dot(b, &plain)],
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Whether the square serves Gaussians of these means.
fn covered(means: &[f64], sigma: f64) -> bool {
    let inside = |mean: &f64| mean.abs() + INSIDE * sigma <= REACH;
    // A step of half a standard deviation leaves its derivatives exact as well.
    sigma >= 2.0 * STEP && means.iter().all(inside)
}

/// Values of z around a mean, as fine as half a standard deviation and as the square where they are not too many.
fn around(mean: f64, sigma: f64) -> Vec<f64> {
    let half = AROUND * sigma;
    let steps = (2.0 * half / STEP.min(sigma / 2.0)).ceil() as usize;
    let count = steps.min(MOST - 1) + 1;
    even(mean - half, 2.0 * half / (count - 1) as f64, count)
}

/// Values of z for all of these means; none where they are too many.
fn shared(means: &[f64], sigma: f64) -> Option<Vec<f64>> {
    let low = means.iter().copied().fold(f64::INFINITY, f64::min) - AROUND * sigma;
    let high = means.iter().copied().fold(f64::NEG_INFINITY, f64::max) + AROUND * sigma;
    let step = STEP.min(sigma / SQRT_2);
    let count = ((high - low) / step).ceil() as usize + 1;
    (count <= MANY).then(|| even(low, step, count))
}

fn even(low: f64, step: f64, count: usize) -> Vec<f64> {
    (0..count).map(|i| low + step * i as f64).collect()
}

/// What a Gaussian gives to each value of z along one axis.
fn weights(nodes: &[f64], mean: f64, sigma: f64) -> Vec<f64> {
    let density = |z: &f64| (-0.5 * ((z - mean) / sigma).powi(2)).exp();
    let mut weights: Vec<f64> = nodes.iter().map(density).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|weight| *weight /= sum);
    weights
}

/// KL(N(mean, σ²) || N(0, I)), in nats.
pub(super) fn kl(mean: [f64; 2], sigma: [f64; 2]) -> f64 {
    let terms = mean.into_iter().zip(sigma);
    terms
        .map(|(mean, sigma)| 0.5 * (mean * mean + sigma * sigma - 1.0) - sigma.ln())
        .sum()
}

#[cfg(test)]
mod tests;
