//! The marginal posterior q(z) = 1/N Σ_n q(z|x_n): draws and densities, in parts that fit into memory.

use std::borrow::Cow;

use rayon::prelude::*;

use super::LogSum;
use super::inferred;
use crate::data::Dataset;
use crate::models::DiagonalGaussians;
use crate::models::Draws;
use crate::models::Fitted;
use crate::models::ModelError;
use crate::models::Posteriors;
use crate::models::Rows;
use crate::models::params;
use crate::random::Seed;
use crate::registry::choices;

/// Numbers of a part of the posteriors' means: 64 MiB.
const PART: usize = 1 << 24;

/// Means of posteriors up to which all parts are kept: 512 MiB. Beyond, a part is encoded again
/// whenever it is needed.
const KEPT: usize = 1 << 27;

/// Latent variables whose densities are computed at once.
const BLOCK: usize = 512;

choices! {
    /// Splits whose posteriors make up q(z).
    pub enum Observations {
        TrainAndValid = "train+valid",
        Train = "train",
        Valid = "valid",
        Test = "test",
    }
}

impl Observations {
    fn splits(self) -> impl Iterator<Item = &'static str> {
        self.name().split('+')
    }
}

/// The observations of these splits, one after another.
pub(crate) fn observations_of(data: &Dataset, of: Observations) -> Result<Rows, ModelError> {
    let parts = of.splits().map(|split| params::observations(data, split));
    joined(parts, |all, part| part.appended_to(all))
}

/// The parts of the splits as one.
fn joined<T>(
    mut parts: impl Iterator<Item = Result<T, ModelError>>,
    join: impl Fn(T, T) -> T,
) -> Result<T, ModelError> {
    let first = parts
        .next()
        .expect("splitting text gives at least one part")?;
    parts.try_fold(first, |all, part| Ok(join(all, part?)))
}

/// The mixture of the posteriors of all observations, each with the weight 1/N.
pub struct Marginal<'a> {
    source: Source<'a>,
    /// Observations of every part but the last.
    part: usize,
    observations: usize,
    dimension: usize,
}

enum Source<'a> {
    Kept(Vec<Box<dyn Posteriors + 'a>>),
    Encoded(&'a dyn Fitted, Cow<'a, Rows>),
}

impl<'a> Marginal<'a> {
    /// Of a model's posteriors of the observations of these splits, at λ_K where it refines them with
    /// noise from `inference`.
    ///
    /// # Errors
    /// Where the model has no density q(z|x), or the data set nothing for it.
    pub fn over(
        model: &'a dyn Fitted,
        data: &Dataset,
        of: Observations,
        inference: &Seed,
    ) -> Result<Self, ModelError> {
        let Some(refining) = model.semi_amortized() else {
            return Self::encoded(model, Cow::Owned(observations_of(data, of)?));
        };
        let parts = of
            .splits()
            .map(|split| inferred::posteriors(refining, data, split, &inference.derive(split)));
        Ok(Self::of_posteriors(joined(
            parts,
            DiagonalGaussians::followed_by,
        )?))
    }

    /// Of a model's posteriors of the observations `x`.
    ///
    /// # Errors
    /// Where the model has no density q(z|x).
    pub fn of(model: &'a dyn Fitted, x: &'a Rows) -> Result<Self, ModelError> {
        Self::encoded(model, Cow::Borrowed(x))
    }

    fn encoded(model: &'a dyn Fitted, x: Cow<'a, Rows>) -> Result<Self, ModelError> {
        let (d, observations) = (model.latent(), x.len());
        let part = (PART / d.max(1)).clamp(64, 4096);
        let source = match x.len().saturating_mul(d) <= KEPT {
            true => {
                let parts = x.chunks(part).map(|x| model.posteriors(&x));
                Source::Kept(parts.collect::<Result<_, _>>()?)
            }
            false => Source::Encoded(model, x),
        };
        Ok(Marginal {
            source,
            part,
            observations,
            dimension: d,
        })
    }

    /// Of given posteriors.
    pub fn of_posteriors(posteriors: impl Posteriors + 'a) -> Self {
        Marginal {
            part: posteriors.len().max(1),
            observations: posteriors.len(),
            dimension: posteriors.dimension(),
            source: Source::Kept(vec![Box::new(posteriors)]),
        }
    }

    /// N.
    pub fn observations(&self) -> usize {
        self.observations
    }

    /// Dimension of z.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    fn with_part<T>(
        &self,
        part: usize,
        work: impl FnOnce(&dyn Posteriors) -> Result<T, ModelError>,
    ) -> Result<T, ModelError> {
        match &self.source {
            Source::Kept(parts) => work(&*parts[part]),
            Source::Encoded(model, x) => {
                let start = part * self.part;
                let rows: Vec<usize> = (start..(start + self.part).min(x.len())).collect();
                let x = Rows::new(x.columns, x.gather(&rows));
                work(&*model.posteriors(&x)?)
            }
        }
    }

    fn parts(&self) -> usize {
        self.observations.div_ceil(self.part)
    }

    /// `count` draws z ~ q(z): n uniform over the observations, then z ~ q(z|x_n). Draw m depends on
    /// the seed and m alone.
    ///
    /// # Errors
    /// What the model says.
    pub fn sample(&self, count: usize, seed: Seed) -> Result<Draws, ModelError> {
        let mut stream = seed.derive("observation").stream(0);
        let index: Vec<usize> = (0..count)
            .map(|_| stream.below(self.observations))
            .collect();
        self.draw(&index, seed.derive("noise"))
    }

    /// The same with every n as often as every other, but for once: posteriors that differ much add
    /// less to the error of a mean over the draws.
    ///
    /// # Errors
    /// What the model says.
    pub fn sample_evenly(&self, count: usize, seed: Seed) -> Result<Draws, ModelError> {
        let order = seed.derive("observation");
        let rounds = count.div_ceil(self.observations.max(1)) as u64;
        let index =
            (0..rounds).flat_map(|round| order.stream(round).permutation(self.observations));
        let index: Vec<usize> = index.take(count).collect();
        self.draw(&index, seed.derive("noise"))
    }

    /// A draw of q(z|x_n) for each n of `index`; the noise of the m-th is the m-th stream of `noise`.
    ///
    /// # Errors
    /// What the model says.
    pub fn draw(&self, index: &[usize], noise: Seed) -> Result<Draws, ModelError> {
        let d = self.dimension;
        let mut z = Rows::new(d, vec![0.0; index.len() * d]);
        let mut log_density = vec![0.0; index.len()];
        let mut of_part = vec![Vec::new(); self.parts()];
        for (m, n) in index.iter().enumerate() {
            of_part[n / self.part].push(m);
        }
        for (part, draws) in of_part.iter().enumerate() {
            if draws.is_empty() {
                continue;
            }
            let within: Vec<usize> = draws.iter().map(|m| index[*m] % self.part).collect();
            let noise = draws.iter().map(|m| noise.stream(*m as u64).normal(d));
            let noise: Vec<f32> = noise.flatten().collect();
            let drawn = self.with_part(part, |posteriors| posteriors.draw(&within, &noise))?;
            for (row, m) in draws.iter().enumerate() {
                let from = &drawn.z.values[row * d..][..d];
                z.values[m * d..][..d].copy_from_slice(from);
                log_density[*m] = drawn.log_density[row];
            }
        }
        Ok(Draws { z, log_density })
    }

    /// log q(z) = logsumexp_n log q(z|x_n) − ln N for each row, over all N, in nats.
    ///
    /// # Errors
    /// What the model says.
    pub fn log_density(&self, z: &Rows) -> Result<Vec<f64>, ModelError> {
        let mut sums = vec![LogSum::default(); z.len()];
        for part in 0..self.parts() {
            self.with_part(part, |posteriors| {
                for (block, sums) in z.chunks(BLOCK).zip(sums.chunks_mut(BLOCK)) {
                    let logs = posteriors.log_densities(&block)?;
                    let rows = logs.par_chunks_exact(posteriors.len());
                    sums.par_iter_mut()
                        .zip(rows)
                        .for_each(|(sum, logs)| sum.add_all(logs));
                }
                Ok(())
            })?;
        }
        let ln_n = (self.observations as f64).ln();
        Ok(sums.iter().map(|sum| sum.value() - ln_n).collect())
    }

    /// KL(q(z|x_n) || N(0, I)) per observation, in nats, where it has a closed form.
    ///
    /// # Errors
    /// What the model says.
    pub fn kl_to_prior(&self) -> Result<Option<Vec<f64>>, ModelError> {
        let mut all = Vec::with_capacity(self.observations);
        for part in 0..self.parts() {
            match self.with_part(part, |posteriors| Ok(posteriors.kl_to_prior()))? {
                Some(kls) => all.extend(kls),
                None => return Ok(None),
            }
        }
        Ok(Some(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::DiagonalGaussians;
    use crate::models::observation::LogVariances;

    #[test]
    fn parts_change_nothing() {
        let (n, d) = (300, 2);
        let means = Seed::new(1).stream(0).normal(n * d);
        let log_var = Seed::new(2).stream(0).uniform(n * d, -8.0, 1.0);
        let of = |rows: std::ops::Range<usize>| -> Box<dyn Posteriors> {
            let rows = rows.start * d..rows.end * d;
            let log_var = LogVariances::new(Rows::new(d, log_var[rows.clone()].to_vec()));
            Box::new(DiagonalGaussians::new(
                Rows::new(d, means[rows].to_vec()),
                log_var,
            ))
        };
        let of_parts = |part: usize| {
            let starts = (0..n).step_by(part);
            Marginal {
                source: Source::Kept(starts.map(|a| of(a..(a + part).min(n))).collect()),
                part,
                observations: n,
                dimension: d,
            }
        };
        let (whole, parts) = (of_parts(n), of_parts(64));
        let draws = whole.sample(700, Seed::new(3)).expect("finite");
        let again = parts.sample(700, Seed::new(3)).expect("finite");
        assert_eq!(draws.z, again.z);
        assert_eq!(draws.log_density, again.log_density);
        let one = whole.log_density(&draws.z).expect("finite");
        let other = parts.log_density(&draws.z).expect("finite");
        for (a, b) in one.iter().zip(other) {
            // Parts may take the other of two ways to the densities.
            assert!((a - b).abs() < 1e-4, "{a} {b}");
        }
        let own = draws.log_density.iter().zip(&one);
        // q(z) is at least the share of the posterior that z came from.
        assert!(
            own.into_iter()
                .all(|(own, all)| own - all < (n as f64).ln() + 1e-4)
        );
    }
}
