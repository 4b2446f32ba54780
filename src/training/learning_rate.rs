//! The learning rate of a component: a base, a schedule over its updates, and drops on a plateau.

use serde::Deserialize;
use serde::Serialize;

use super::exact;
use crate::nn::Schedule;

/// Which rate the next update takes.
#[derive(Clone, Debug)]
pub struct LearningRate {
    base: f64,
    schedule: Schedule,
    plateau: Option<Plateau>,
    state: PlateauState,
}

/// Drops of the rate when a score of the curve stops to improve.
#[derive(Clone, Debug, PartialEq)]
pub struct Plateau {
    /// The column of the curve, as `valid_elbo`.
    pub of: &'static str,
    pub higher_is_better: bool,
    /// What counts as an improvement: more than this, in units of the score.
    pub gain: f64,
    /// So many rows without improvement are borne; the next one drops the rate.
    pub patience: u64,
    /// What a drop multiplies the rate by.
    pub factor: f64,
    /// The rate falls no lower.
    pub least: f64,
    /// So many first rows never drop it.
    pub from_row: u64,
    /// Whether every row drops it once one has, whatever its score.
    pub lasting: bool,
}

/// What a plateau remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct PlateauState {
    #[serde(with = "exact::option")]
    best: Option<f64>,
    /// Rows since the best one or the last drop.
    waited: u64,
    drops: u64,
    /// Rows that were observed.
    #[serde(default)]
    rows: u64,
}

impl LearningRate {
    /// The same rate for ever.
    pub fn constant(base: f64) -> Self {
        Self::scheduled(base, Schedule::Constant)
    }

    /// A rate that changes with the number of updates.
    pub fn scheduled(base: f64, schedule: Schedule) -> Self {
        LearningRate {
            base,
            schedule,
            plateau: None,
            state: PlateauState::default(),
        }
    }

    /// The same rate, which also drops on a plateau.
    pub fn with_plateau(mut self, plateau: Plateau) -> Self {
        self.plateau = Some(plateau);
        self
    }

    /// The rate of the update after `updates` of them.
    pub fn after(&self, updates: u64) -> f64 {
        let rate = self.schedule.rate(self.base, updates);
        match &self.plateau {
            Some(plateau) if self.state.drops > 0 => {
                let drops = i32::try_from(self.state.drops).unwrap_or(i32::MAX);
                // A schedule may lie below the least rate on its own.
                (rate * plateau.factor.powi(drops)).max(plateau.least.min(rate))
            }
            _ => rate,
        }
    }

    /// What decides the rates beside the past: two that are equal here give equal rates for ever.
    pub(super) fn rule(&self) -> String {
        format!("{} {:?} {:?}", self.base, self.schedule, self.plateau)
    }

    /// How often the rate has dropped on a plateau.
    pub fn drops(&self) -> u64 {
        self.state.drops
    }

    /// Takes note of a row of the curve.
    pub(super) fn observe(&mut self, scores: &[(String, f64)]) {
        let Some(plateau) = &self.plateau else { return };
        let Some((_, score)) = scores.iter().find(|(name, _)| name == plateau.of) else {
            return;
        };
        let state = &mut self.state;
        let better = match (state.best, plateau.higher_is_better) {
            (None, _) => score.is_finite(),
            (Some(best), true) => *score > best + plateau.gain,
            (Some(best), false) => *score < best - plateau.gain,
        };
        state.rows += 1;
        if plateau.lasting && state.drops > 0 {
            state.drops += 1;
            return;
        }
        if better {
            state.best = Some(*score);
            state.waited = 0;
            return;
        }
        state.waited += 1;
        if state.waited > plateau.patience && state.rows > plateau.from_row {
            state.waited = 0;
            state.drops += 1;
        }
    }

    pub(super) fn state(&self) -> &PlateauState {
        &self.state
    }

    pub(super) fn set_state(&mut self, state: PlateauState) {
        self.state = state;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn halved() -> LearningRate {
        LearningRate::constant(0.8).with_plateau(Plateau {
            of: "valid_elbo",
            higher_is_better: true,
            gain: 0.5,
            patience: 1,
            factor: 0.5,
            least: 0.3,
            from_row: 0,
            lasting: false,
        })
    }

    #[test]
    fn a_rate_drops_after_its_patience_and_never_below_the_least() {
        let mut rate = halved();
        let mut seen = |score: f64| {
            rate.observe(&[("valid_elbo".to_owned(), score)]);
            rate.after(7)
        };
        assert_eq!(seen(-100.0), 0.8);
        assert_eq!(seen(-99.0), 0.8);
        // A gain of 0.4 and a NaN are none; the second row in vain is one too many.
        assert_eq!(seen(-98.6), 0.8);
        assert_eq!(seen(f64::NAN), 0.4);
        assert_eq!(seen(-98.4), 0.4);
        assert_eq!((seen(-99.0), seen(-99.0)), (0.4, 0.3));
        assert_eq!(rate.drops(), 2);
        rate.observe(&[("train_loss".to_owned(), 1.0)]);
        assert_eq!(rate.state().waited, 0);
    }

    #[test]
    fn a_lasting_drop_comes_after_its_first_rows_and_goes_on_every_row() {
        let mut rate = LearningRate::constant(1.0).with_plateau(Plateau {
            of: "valid_bound",
            higher_is_better: false,
            gain: 0.0,
            patience: 0,
            factor: 0.5,
            least: 0.0,
            from_row: 2,
            lasting: true,
        });
        let mut seen = |score: f64| {
            rate.observe(&[("valid_bound".to_owned(), score)]);
            rate.after(0)
        };
        // The second row is worse, too early; the third is worse than the first; then every row halves.
        assert_eq!([5.0, 6.0, 5.5].map(&mut seen), [1.0, 1.0, 0.5]);
        assert_eq!([1.0, 0.5].map(&mut seen), [0.25, 0.125]);
    }

    #[test]
    fn a_schedule_and_a_plateau_multiply() {
        let mut rate = LearningRate::scheduled(1.0, Schedule::Warmup { iterations: 4 });
        rate = rate.with_plateau(halved().plateau.expect("it has one"));
        rate.set_state(PlateauState {
            drops: 1,
            ..PlateauState::default()
        });
        assert_eq!((rate.after(0), rate.after(3)), (0.25, 0.5));
    }
}
