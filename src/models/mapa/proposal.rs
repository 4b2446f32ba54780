//! Which latent codes enter the bound for an observation: the k likeliest all, of the rest a sample.
//!
//! Yacoby et al. 2024, equations 9, 26 and 31: S_k(n) are the k largest of q(·|xₙ); q̃ is q with
//! those set to zero and normalised again.

use super::posterior::Posterior;
use crate::random::Stream;

/// Parts of equal mass that q̃ of an observation is cut into.
const PARTS: usize = 128;

/// q(i|x) split into the k likeliest and a sampler of the rest.
pub struct Proposal {
    observations: usize,
    /// How many of the likeliest enter for certain.
    nearest: usize,
    /// How many of the rest are drawn, with replacement.
    draws: usize,
    /// `[observations, nearest]`, likeliest first.
    nearest_of: Vec<u32>,
    /// `[observations, observations]`: running sums of q̃, those of S_k adding nothing; empty
    /// without draws.
    running: Vec<f64>,
    /// `[observations, PARTS + 1]`: where in `running` each part of q̃ begins, so that a draw looks
    /// through a few entries instead of a row.
    parts: Vec<u32>,
    /// ln of q̃'s normaliser per observation, so that ln q̃(i|n) = ln q(i|n) − this.
    log_rest: Vec<f64>,
    log: Vec<f32>,
}

/// The terms of the bounds of a batch: whose latent codes, and their log weights in the sum.
pub struct Terms {
    /// All observations whose codes are needed, in increasing order: these pass the networks.
    pub union: Vec<usize>,
    /// `[batch, per_row]`: positions in `union`.
    pub positions: Vec<u32>,
    /// `[batch, per_row]`: what is added to log p(xₙ|f(zᵢ)) before the logsumexp.
    pub log_weights: Vec<f64>,
    /// Terms per observation of the batch.
    pub per_row: usize,
}

impl Proposal {
    /// With `nearest` certain terms and `draws` drawn ones; both are capped by what there is.
    pub fn new(posterior: &Posterior, nearest: usize, draws: usize) -> Self {
        let n = posterior.observations;
        let nearest = nearest.min(n);
        let draws = if nearest == n { 0 } else { draws };
        let mut proposal = Proposal {
            observations: n,
            nearest,
            draws,
            nearest_of: Vec::with_capacity(n * nearest),
            running: Vec::with_capacity(if draws > 0 { n * n } else { 0 }),
            parts: Vec::with_capacity(if draws > 0 { n * (PARTS + 1) } else { 0 }),
            log_rest: Vec::with_capacity(n),
            log: posterior.log.clone(),
        };
        let mut order: Vec<u32> = Vec::with_capacity(n);
        for at in 0..n {
            proposal.add_row(at, posterior.row(at), &mut order);
        }
        proposal
    }

    fn add_row(&mut self, at: usize, log: &[f32], order: &mut Vec<u32>) {
        let n = self.observations;
        order.clear();
        order.extend((0..n).map(index));
        // Among equals the observation itself comes first, then those that follow it in turn: a
        // uniform q then has other neighbours for every observation.
        let turn = |i: u32| (i as usize + n - at) % n;
        let likelier = |a: &u32, b: &u32| {
            let by_weight = log[*b as usize].total_cmp(&log[*a as usize]);
            by_weight.then_with(|| turn(*a).cmp(&turn(*b)))
        };
        if self.nearest < n {
            order.select_nth_unstable_by(self.nearest, likelier);
        }
        order[..self.nearest].sort_unstable_by(likelier);
        self.nearest_of.extend(&order[..self.nearest]);
        if self.draws == 0 {
            self.log_rest.push(0.0);
            return;
        }
        let rest = &order[self.nearest..];
        // Scaled by the likeliest of the rest, which may itself be too unlikely to represent.
        let highest = rest.iter().map(|i| log[*i as usize]);
        let highest = f64::from(highest.fold(f32::NEG_INFINITY, f32::max));
        let start = self.running.len();
        self.running.resize(start + n, 0.0);
        let running = &mut self.running[start..];
        for i in rest {
            running[*i as usize] = (f64::from(log[*i as usize]) - highest).exp();
        }
        let mut sum = 0.0;
        for entry in running.iter_mut() {
            sum += *entry;
            *entry = sum;
        }
        for part in 0..=PARTS {
            let from = part as f64 / PARTS as f64 * sum;
            self.parts.push(index(above(running, from)));
        }
        self.log_rest.push(highest + sum.ln());
    }

    /// S_k(n), likeliest first.
    pub fn nearest_of(&self, n: usize) -> &[u32] {
        &self.nearest_of[n * self.nearest..][..self.nearest]
    }

    /// One draw from q̃(·|xₙ).
    fn draw(&self, n: usize, stream: &mut Stream) -> usize {
        let running = &self.running[n * self.observations..][..self.observations];
        let parts = &self.parts[n * (PARTS + 1)..][..=PARTS];
        let unit = stream.unit_f64();
        let at = unit * running[self.observations - 1];
        // Products keep the order of what is multiplied, so that `at` lies between the bounds.
        let part = (unit * PARTS as f64) as usize;
        let (from, to) = (parts[part] as usize, parts[part + 1] as usize);
        (from + above(&running[from..to], at)).min(self.observations - 1)
    }

    /// ln q̃(i|xₙ) for i outside S_k(n).
    fn log_rest(&self, n: usize, i: usize) -> f64 {
        f64::from(self.log[n * self.observations + i]) - self.log_rest[n]
    }

    /// The terms for the observations of a batch.
    pub fn terms(&self, batch: &[usize], stream: &mut Stream) -> Terms {
        let per_row = self.nearest + self.draws;
        let log_n = (self.observations as f64).ln();
        let log_draws = (self.draws.max(1) as f64).ln();
        let mut indices = Vec::with_capacity(batch.len() * per_row);
        let mut log_weights = Vec::with_capacity(batch.len() * per_row);
        for n in batch {
            for i in self.nearest_of(*n) {
                indices.push(*i as usize);
                log_weights.push(-log_n);
            }
            for _ in 0..self.draws {
                let i = self.draw(*n, stream);
                indices.push(i);
                log_weights.push(-log_n - self.log_rest(*n, i) - log_draws);
            }
        }
        let mut place = vec![u32::MAX; self.observations];
        for i in &indices {
            place[*i] = 0;
        }
        let mut union = Vec::new();
        for (i, place) in place.iter_mut().enumerate() {
            if *place == 0 {
                *place = index(union.len());
                union.push(i);
            }
        }
        Terms {
            positions: indices.into_iter().map(|i| place[i]).collect(),
            union,
            log_weights,
            per_row,
        }
    }
}

/// The first of the running sums above a value, behind them all where none is: entries that add
/// nothing are never it.
fn above(running: &[f64], value: f64) -> usize {
    running.partition_point(|sum| *sum <= value)
}

fn index(i: usize) -> u32 {
    u32::try_from(i).expect("an N×N matrix fits in memory")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Rows;
    use crate::random::Seed;

    fn line(n: usize) -> Posterior {
        let x = Rows::new(1, (0..n).map(|i| i as f32).collect());
        Posterior::gaussian(&x, &x.values, 4.0)
    }

    #[test]
    fn the_nearest_begin_with_the_observation_itself() {
        let proposal = Proposal::new(&line(10), 3, 0);
        assert_eq!(proposal.nearest_of(0), [0, 1, 2]);
        assert_eq!(proposal.nearest_of(5), [5, 6, 4]);
        let uniform = Posterior::from_weights(4, |_, _| 0.0);
        assert_eq!(Proposal::new(&uniform, 2, 0).nearest_of(3), [3, 0]);
    }

    /// 20,000 draws: five standard errors of a share are at most 0.018.
    #[test]
    fn draws_follow_the_rest_and_never_hit_the_nearest() {
        let posterior = line(8);
        let proposal = Proposal::new(&posterior, 3, 20_000);
        let terms = proposal.terms(&[2], &mut Seed::new(1).stream(0));
        let mut counts = [0.0; 8];
        for position in &terms.positions[3..] {
            counts[terms.union[*position as usize]] += 1.0 / 20_000.0;
        }
        let mut total = 0.0;
        for (i, share) in counts.into_iter().enumerate() {
            let expected = match proposal.nearest_of(2).contains(&(i as u32)) {
                true => 0.0,
                false => proposal.log_rest(2, i).exp(),
            };
            total += expected;
            assert!((share - expected).abs() < 0.018, "{i}: {share} {expected}");
        }
        assert!((total - 1.0).abs() < 1e-6, "{total}");
    }

    /// Also where whole parts lie within one entry and many entries add nothing.
    #[test]
    fn a_draw_is_the_entry_that_a_search_through_the_row_finds() {
        let uneven = Posterior::from_weights(300, |n, i| match (n + i) % 7 {
            0 => 40.0 * ((n * i) as f64).sin(),
            _ => -200.0,
        });
        for posterior in [line(300), uneven] {
            let proposal = Proposal::new(&posterior, 3, 1);
            let (mut drawn, mut units) = (Seed::new(4).stream(0), Seed::new(4).stream(0));
            for n in (0..300).cycle().take(30_000) {
                let row = &proposal.running[n * 300..][..300];
                let found = above(row, units.unit_f64() * row[299]);
                assert_eq!(proposal.draw(n, &mut drawn), found.min(299));
            }
        }
    }

    #[test]
    fn one_pass_serves_all_rows_that_share_a_code() {
        let proposal = Proposal::new(&line(10), 3, 0);
        let terms = proposal.terms(&[4, 5], &mut Seed::new(1).stream(0));
        assert_eq!(terms.union, [3, 4, 5, 6]);
        assert_eq!(terms.positions, [1, 2, 0, 2, 3, 1]);
    }
}
