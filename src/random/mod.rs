//! Randomness by name: a counter-based generator per seed, purpose and number.
//!
//! `Seed::new(7).derive("fit/noise").stream(12)` is always the same sequence, whatever ran before,
//! on any backend and any number of threads: numbers are drawn on the host and copied. So a run that
//! was interrupted goes on with the numbers it would have had, and nothing random needs saving but
//! the iteration. Distributions are our own few lines rather than a crate's, because a crate may
//! change its algorithm, and with it every result, in a minor version.

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::Rng;
use rand_chacha::rand_core::SeedableRng;

/// A root of random streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed([u8; 32]);

impl Seed {
    /// From a number, as manifests give it.
    pub fn new(number: u64) -> Self {
        Seed(blake3::derive_key(
            "sweepline 2026 root seed",
            &number.to_le_bytes(),
        ))
    }

    /// The seed for a named purpose.
    pub fn derive(&self, purpose: &str) -> Seed {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(purpose.as_bytes());
        Seed(*hasher.finalize().as_bytes())
    }

    /// A digest of these bytes that nobody has without the seed: for an order that only content and
    /// seed decide.
    pub fn digest(&self, bytes: &[u8]) -> [u8; 32] {
        *blake3::keyed_hash(&self.0, bytes).as_bytes()
    }

    /// The numbers of one iteration (or batch, row, attempt).
    pub fn stream(&self, number: u64) -> Stream {
        let mut generator = ChaCha12Rng::from_seed(self.0);
        generator.set_stream(number);
        Stream { generator }
    }
}

/// One sequence of random numbers.
pub struct Stream {
    generator: ChaCha12Rng,
}

impl Stream {
    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// Uniform in `[0, 1)`, 24 random bits.
    pub fn unit(&mut self) -> f32 {
        (self.generator.next_u32() >> 8) as f32 * (1.0 / 16_777_216.0)
    }

    /// Uniform in `[0, 1)`, 53 random bits.
    pub fn unit_f64(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Uniform in `0..n`, without bias (rejection). Panics if `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        assert!(n > 0, "a number below 0 was asked for");
        let n = n as u64;
        let limit = u64::MAX - u64::MAX % n;
        loop {
            let bits = self.bits();
            if bits < limit {
                return (bits % n) as usize;
            }
        }
    }

    /// `n` numbers uniform in `[low, high)`.
    pub fn uniform(&mut self, n: usize, low: f32, high: f32) -> Vec<f32> {
        (0..n).map(|_| low + (high - low) * self.unit()).collect()
    }

    /// `n` standard normal numbers (Box & Muller 1958, in pairs, 24 bits a number: none is
    /// farther out than 5.77).
    pub fn normal(&mut self, n: usize) -> Vec<f32> {
        let mut values = Vec::with_capacity(n + 1);
        while values.len() < n {
            let (first, second) = box_muller(self.unit().into(), self.unit().into());
            values.extend([first as f32, second as f32]);
        }
        values.truncate(n);
        values
    }

    /// `n` standard normal numbers in double precision (53 bits a number).
    pub fn normal_f64(&mut self, n: usize) -> Vec<f64> {
        let mut values = Vec::with_capacity(n + 1);
        while values.len() < n {
            let (first, second) = box_muller(self.unit_f64(), self.unit_f64());
            values.extend([first, second]);
        }
        values.truncate(n);
        values
    }

    /// `n` numbers that are 1 with probability `p`, else 0.
    pub fn bernoulli(&mut self, n: usize, p: f32) -> Vec<f32> {
        let draw = |_| if self.unit() < p { 1.0 } else { 0.0 };
        (0..n).map(draw).collect()
    }

    /// A random order of `0..n` (Fisher & Yates).
    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for i in (1..n).rev() {
            order.swap(i, self.below(i + 1));
        }
        order
    }
}

/// Two standard normal numbers from two uniform ones in `[0, 1)`.
fn box_muller(first: f64, second: f64) -> (f64, f64) {
    // 1 − u lies in (0, 1]: no logarithm of zero.
    let radius = (-2.0 * (1.0 - first).ln()).sqrt();
    let (sin, cos) = (std::f64::consts::TAU * second).sin_cos();
    (radius * cos, radius * sin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_depends_on_seed_purpose_and_number_alone() {
        let draw = |seed, purpose: &str, i| Seed::new(seed).derive(purpose).stream(i).normal(5);
        let first = draw(1, "fit/noise", 3);
        Seed::new(1).derive("fit/noise").stream(2).normal(100);
        assert_eq!(first, draw(1, "fit/noise", 3));
        assert_ne!(first, draw(2, "fit/noise", 3));
        assert_ne!(first, draw(1, "fit/init", 3));
        assert_ne!(first, draw(1, "fit/noise", 4));
    }

    #[test]
    fn a_longer_draw_begins_with_a_shorter_one() {
        let stream = || Seed::new(3).derive("prefix").stream(0);
        assert_eq!(stream().normal(5), stream().normal(8)[..5]);
        assert_eq!(stream().normal_f64(5), stream().normal_f64(8)[..5]);
    }

    /// Five standard errors of the mean and of the variance at this n.
    #[test]
    fn draws_have_the_moments_of_their_distribution() {
        let mut stream = Seed::new(0).derive("moments").stream(0);
        let n = 100_000;
        let moments = |values: Vec<f64>| {
            let mean = values.iter().sum::<f64>() / n as f64;
            let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
            (mean, squares / n as f64)
        };
        let wide = |values: Vec<f32>| values.into_iter().map(f64::from).collect();
        for values in [wide(stream.normal(n)), stream.normal_f64(n)] {
            let (mean, var) = moments(values);
            assert!(mean.abs() < 0.016, "{mean}");
            assert!((var - 1.0).abs() < 0.023, "{var}");
        }
        let (mean, var) = moments(wide(stream.uniform(n, -1.0, 3.0)));
        assert!((mean - 1.0).abs() < 0.019, "{mean}");
        assert!((var - 4.0 / 3.0).abs() < 0.02, "{var}");
        let (mean, _) = moments(wide(stream.bernoulli(n, 0.3)));
        assert!((mean - 0.3).abs() < 0.0073, "{mean}");
    }

    #[test]
    fn a_permutation_holds_every_index_once() {
        let mut order = Seed::new(4).stream(0).permutation(1000);
        assert_ne!(order, (0..1000).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..1000).collect::<Vec<_>>());
    }
}
