//! Which observations are held out.

use crate::data::DataError;
use crate::random::Seed;
use crate::registry::InvalidParam;
use crate::registry::params;

params! {
    /// What is held out of observations that lie together.
    pub(super) struct SplitParams {
        /// share of the observations to validate on if below 1, else how many [default: a tenth, or those given]
        valid: Option<f64>, min(0.0);
        /// share of the observations to test on if below 1, else how many [default: a tenth, or those given]
        test: Option<f64>, min(0.0);
        /// hold out at random; else the last ones, those to test on at the end
        shuffle: bool = true;
        /// which observations are held out
        seed: Seed;
    }
}

/// Without a word.
const USUAL: f64 = 0.1;

impl SplitParams {
    pub(super) fn check(&self) -> Result<(), InvalidParam> {
        for (param, given) in [("valid", self.valid), ("test", self.test)] {
            let given = given.unwrap_or(0.0);
            if given >= 1.0 && given.fract() != 0.0 {
                return Err(InvalidParam {
                    param,
                    message: format!("{given} is neither a share nor a number of observations"),
                    help: "0.1 is a tenth of them, 500 are 500".to_owned(),
                });
            }
        }
        let shares: f64 = [self.valid, self.test]
            .into_iter()
            .flatten()
            .filter(|v| *v < 1.0)
            .sum();
        if shares >= 1.0 {
            return Err(InvalidParam {
                param: if self.valid.is_some() {
                    "valid"
                } else {
                    "test"
                },
                message: "nothing is left to train on".to_owned(),
                help: "`valid` and `test` together have to be less than 1".to_owned(),
            });
        }
        Ok(())
    }

    /// The indices of train, valid and test among `count` observations; `own` says for which of the
    /// last two there are files.
    ///
    /// # Errors
    /// Where more is asked for than there is, or than can be meant.
    pub(super) fn cut(&self, count: usize, own: [bool; 2]) -> Result<[Vec<usize>; 3], DataError> {
        let mut held = [0, 0];
        let asked = [("valid", self.valid), ("test", self.test)];
        for ((held, own), (parameter, given)) in held.iter_mut().zip(own).zip(asked) {
            *held = match (given, own) {
                (Some(given), true) if given > 0.0 => {
                    return Err(DataError::Needs {
                        parameter,
                        other: "0",
                        why: "the observations of this split are given as such",
                    });
                }
                (_, true) => 0,
                (given, false) => number(given.unwrap_or(USUAL), count),
            };
        }
        let [valid, test] = held;
        let left = count.saturating_sub(valid.saturating_add(test));
        if left == 0 {
            let asked = asked.iter().zip(own).filter(|(_, own)| !own);
            let asked = asked.map(|((name, given), _)| {
                let given = given.unwrap_or(USUAL);
                match given < 1e9 {
                    true => format!("`{name}: {given}`"),
                    false => format!("`{name}: {given:e}`"),
                }
            });
            return Err(DataError::AllHeldOut {
                asked: asked.collect::<Vec<_>>().join(" and "),
                available: count,
            });
        }
        let mut order: Vec<usize> = match self.shuffle {
            true => self
                .seed
                .derive("data/own/split")
                .stream(0)
                .permutation(count),
            false => (0..count).collect(),
        };
        let mut tests = order.split_off(left + valid);
        let mut valids = order.split_off(left);
        // In the order of the file, so that a split is found in it again.
        for split in [&mut order, &mut valids, &mut tests] {
            split.sort_unstable();
        }
        Ok([order, valids, tests])
    }
}

/// How many of `count` observations these are: a share, rounded but never to none, or a number.
fn number(given: f64, count: usize) -> usize {
    match given {
        0.0 => 0,
        share if share < 1.0 => ((share * count as f64).round() as usize).max(1),
        number => number as usize,
    }
}
