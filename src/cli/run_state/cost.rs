//! What a step of a stage will take, learnt from those that ended: time goes with the system, the
//! number of samples, the width of a net, and with what else the machine does.

use std::collections::HashMap;
use std::collections::VecDeque;

/// As so many steps that are like all others a value counts beside those that have it: one that was
/// seen once tells little.
const SHRINK: f64 = 0.5;
/// The same of what sets this run apart, where every step counts more.
const SHRINK_NOW: f64 = 0.1;
/// Over the effects; later ones change nothing that shows.
const SWEEPS: usize = 8;
/// Of more, the oldest are forgotten.
const REMEMBERED: usize = 2000;
/// The least that counts, in seconds.
const SHORTEST: f64 = 1e-3;

/// A ridge regression of the logarithm of the seconds on the values of the axes, on their pairs, and on
/// whether the step ran in this run.
#[derive(Clone, Debug, Default)]
pub(super) struct Cost {
    seen: VecDeque<Seen>,
    /// By value, or by a pair of values.
    effects: HashMap<(u32, u32), Effect>,
    mean: f64,
    now: f64,
    /// Between the mean of seconds and the exponential of their mean logarithm.
    smear: f64,
    /// Observations that came since the last fit.
    new: usize,
    /// Whether steps of this run are among them.
    pub this_run: bool,
}

#[derive(Clone, Debug)]
struct Seen {
    /// The values of the axes, ascending.
    values: Vec<u32>,
    ln_seconds: f64,
    now: bool,
}

#[derive(Clone, Debug, Default)]
struct Effect {
    size: f64,
    /// Which observations have it.
    of: Vec<usize>,
}

/// Each value, and each pair of them.
fn effects_of(values: &[u32]) -> impl Iterator<Item = (u32, u32)> {
    let pairs = |(i, a): (usize, &u32)| {
        values[i..]
            .iter()
            .map(move |b| (*a, *b))
            .collect::<Vec<_>>()
    };
    values.iter().enumerate().flat_map(pairs)
}

impl Cost {
    /// A step with these values of its axes took so long, in this run or in an earlier one.
    pub(super) fn learn(&mut self, values: &[u32], seconds: f64, now: bool) {
        if self.seen.len() == REMEMBERED {
            self.seen.pop_front();
        }
        let mut values = values.to_vec();
        values.sort_unstable();
        self.seen.push_back(Seen {
            values,
            ln_seconds: seconds.max(SHORTEST).ln(),
            now,
        });
        self.this_run |= now;
        self.new += 1;
        // Again once they have grown by a tenth.
        if self.new * 10 > self.seen.len() {
            self.fit();
            self.new = 0;
        }
    }

    fn fit(&mut self) {
        self.effects.clear();
        for (index, seen) in self.seen.iter().enumerate() {
            for effect in effects_of(&seen.values) {
                self.effects.entry(effect).or_default().of.push(index);
            }
        }
        let mut order: Vec<(u32, u32)> = self.effects.keys().copied().collect();
        // Values before pairs: what a value explains no pair has to.
        order.sort_unstable_by_key(|(a, b)| (a != b, *a, *b));
        let mut rest: Vec<f64> = self.seen.iter().map(|seen| seen.ln_seconds).collect();
        let in_this_run: Vec<usize> = (0..rest.len()).filter(|i| self.seen[*i].now).collect();
        let everyone: Vec<usize> = (0..rest.len()).collect();
        (self.mean, self.now) = (0.0, 0.0);
        for _ in 0..SWEEPS {
            step(&mut self.mean, &everyone, 0.0, &mut rest);
            step(&mut self.now, &in_this_run, SHRINK_NOW, &mut rest);
            for effect in &order {
                let effect = self.effects.get_mut(effect).expect("it is from the map");
                step(&mut effect.size, &effect.of, SHRINK, &mut rest);
            }
        }
        let total: f64 = self.seen.iter().map(|seen| seen.ln_seconds.exp()).sum();
        let fitted = self
            .seen
            .iter()
            .zip(&rest)
            .map(|(seen, rest)| seen.ln_seconds - rest);
        self.smear = total / fitted.map(f64::exp).sum::<f64>();
    }

    /// Whether it was seen in earlier runs alone.
    pub(super) fn is_of_earlier_runs(&self) -> bool {
        !self.this_run && !self.seen.is_empty()
    }

    /// By how much the logarithm of the seconds is larger in this run than it was in earlier ones; none where
    /// one of the two is not known.
    pub(super) fn pace(&self) -> Option<f64> {
        let earlier = self.seen.iter().any(|seen| !seen.now);
        (self.this_run && earlier).then_some(self.now)
    }

    /// Seconds that a step with these values will take; none before one of the stage was seen.
    pub(super) fn of(&self, values: &[u32]) -> Option<f64> {
        if self.seen.is_empty() {
            return None;
        }
        let mut values = values.to_vec();
        values.sort_unstable();
        let sizes = effects_of(&values).filter_map(|effect| self.effects.get(&effect));
        let sum: f64 = sizes.map(|effect| effect.size).sum();
        Some((self.mean + self.now + sum).exp() * self.smear)
    }
}

/// Sets one size to what fits what is left of those that have it, by Gauss and Seidel.
fn step(size: &mut f64, of: &[usize], shrink: f64, rest: &mut [f64]) {
    let count = of.len() as f64 + shrink;
    if of.is_empty() {
        return;
    }
    let left: f64 = of.iter().map(|index| rest[*index]).sum();
    let change = (left - shrink * *size) / count;
    *size += change;
    for index in of {
        rest[*index] -= change;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learnt(seen: &[(&[u32], f64, bool)]) -> Cost {
        let mut cost = Cost::default();
        for (values, seconds, now) in seen {
            cost.learn(values, *seconds, *now);
        }
        cost
    }

    /// Within a factor.
    fn near(got: Option<f64>, want: f64, factor: f64) {
        let got = got.expect("something was seen");
        assert!(
            got < want * factor && got > want / factor,
            "{got} for {want}"
        );
    }

    #[test]
    fn a_stage_that_nobody_saw_has_no_cost() {
        assert_eq!(Cost::default().of(&[0]), None);
    }

    #[test]
    fn values_that_come_together_share_what_they_cost() {
        // The slow system is always seen with many samples: one factor of nine, not two.
        let mut seen: Vec<(&[u32], f64, bool)> = Vec::new();
        for _ in 0..10 {
            seen.push((&[0, 2], 1.0, true));
            seen.push((&[1, 3], 9.0, true));
        }
        let cost = learnt(&seen);
        near(cost.of(&[1, 3]), 9.0, 1.1);
        near(cost.of(&[0, 2]), 1.0, 1.1);
    }

    #[test]
    fn what_a_pair_costs_is_more_than_its_values_say() {
        // Samples cost one system much and the other nothing.
        let mut seen: Vec<(&[u32], f64, bool)> = Vec::new();
        for _ in 0..10 {
            seen.push((&[0, 2], 1.0, true));
            seen.push((&[0, 3], 1.0, true));
            seen.push((&[1, 2], 1.0, true));
            seen.push((&[1, 3], 16.0, true));
        }
        let cost = learnt(&seen);
        near(cost.of(&[1, 3]), 16.0, 1.2);
        near(cost.of(&[0, 3]), 1.0, 1.2);
    }

    #[test]
    fn a_quicker_machine_is_quicker_at_what_it_has_not_done_yet() {
        // Earlier runs knew both values; this one, ten times as quick, has ended the first only.
        let mut seen: Vec<(&[u32], f64, bool)> = Vec::new();
        for _ in 0..10 {
            seen.push((&[0], 10.0, false));
            seen.push((&[1], 100.0, false));
        }
        for _ in 0..3 {
            seen.push((&[0], 1.0, true));
        }
        near(learnt(&seen).of(&[1]), 10.0, 1.5);
    }
}
