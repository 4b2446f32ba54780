//! Tests of significance behind a claim: which, over which replicates, at which level.

use super::Claim;
use super::ClaimError;
use super::power::replicates_needed;
use crate::table::stats;

/// A test as a claim asks for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Significance {
    pub test: &'static Test,
    /// Axes whose values are repetitions of one another.
    pub replicate: Vec<String>,
    /// Probability of error allowed.
    pub level: f64,
}

/// A test of one sample against another.
#[derive(Debug)]
pub struct Test {
    pub name: &'static str,
    /// Whether replicates are paired: the same seed on both sides.
    pub paired: bool,
    /// None where the samples are too small or have no spread.
    pub run: fn(&[f64], &[f64]) -> Option<Probabilities>,
}

/// What a test says of samples `a` and `b`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probabilities {
    /// t, or the smaller rank sum.
    pub statistic: f64,
    /// Small where `a` lies below `b`.
    pub less: f64,
    /// Small where `a` lies above `b`.
    pub greater: f64,
}

/// Every test, sorted by name.
pub static TESTS: [Test; 4] = [
    Test {
        name: "paired-t",
        paired: true,
        run: |a, b| stats::paired_t(a, b).map(Probabilities::from),
    },
    Test {
        name: "sequential-t",
        paired: true,
        run: |a, b| stats::sequential_t(a, b).map(Probabilities::from),
    },
    Test {
        name: "welch-t",
        paired: false,
        run: |a, b| stats::welch_t(a, b).map(Probabilities::from),
    },
    Test {
        name: "wilcoxon",
        paired: true,
        run: |a, b| stats::signed_rank(a, b).map(Probabilities::from),
    },
];

impl PartialEq for Test {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl From<stats::TTest> for Probabilities {
    fn from(test: stats::TTest) -> Self {
        Probabilities {
            statistic: test.t,
            less: test.p_less,
            greater: test.p_greater,
        }
    }
}

impl From<stats::SequentialT> for Probabilities {
    fn from(test: stats::SequentialT) -> Self {
        Probabilities {
            statistic: test.t,
            less: test.p_less,
            greater: test.p_greater,
        }
    }
}

impl From<stats::SignedRank> for Probabilities {
    fn from(test: stats::SignedRank) -> Self {
        let (less, greater) = match test.exact {
            Some(exact) => (exact.p_less, exact.p_greater),
            // Without an exact distribution, half of the two-sided probability lies on the side
            // of the smaller rank sum.
            None => {
                let half = test.p_normal_corrected / 2.0;
                if test.w_plus < test.w_minus {
                    (half, 1.0 - half)
                } else {
                    (1.0 - half, half)
                }
            }
        };
        Probabilities {
            statistic: test.statistic(),
            less,
            greater,
        }
    }
}

impl Significance {
    pub(super) fn new(
        test: Option<&str>,
        replicate: Vec<String>,
        level: Option<f64>,
    ) -> Result<Option<Self>, ClaimError> {
        let Some(name) = test else {
            let idle = [
                ("level", level.is_some()),
                ("replicate", !replicate.is_empty()),
            ];
            return match idle.into_iter().find(|(_, given)| *given) {
                None => Ok(None),
                Some(_) => Err(ClaimError::Missing {
                    field: "test",
                    hint: "`level` and `replicate` mean something only to a test",
                }),
            };
        };
        let test =
            TESTS
                .iter()
                .find(|test| test.name == name)
                .ok_or_else(|| ClaimError::Unknown {
                    what: "test".to_owned(),
                    name: name.to_owned(),
                    known: TESTS.iter().map(|test| test.name.to_owned()).collect(),
                })?;
        if replicate.is_empty() {
            return Err(ClaimError::Missing {
                field: "replicate",
                hint: "a test needs the axis whose values are repetitions, such as a seed",
            });
        }
        let level = level.unwrap_or(0.05);
        if !(level > 0.0 && level < 1.0) {
            return Err(ClaimError::Value {
                field: "level",
                given: level.to_string(),
                expected: "a probability between 0 and 1, such as 0.05",
            });
        }
        Ok(Some(Significance {
            test,
            replicate,
            level,
        }))
    }

    /// How many replicates in all would likely decide at a level, were the effect what this statistic of `n` says.
    pub(super) fn replicates_needed(&self, statistic: f64, n: usize, level: f64) -> Option<usize> {
        match self.test.name {
            "paired-t" => replicates_needed(statistic, n, level, 1),
            // About, where the two are not of one size.
            "welch-t" => replicates_needed(statistic, n, level, 2),
            // Looking every time costs a second error of the other direction, at least.
            "sequential-t" => replicates_needed(statistic, n, level / 4.0, 1),
            _ => None,
        }
    }

    /// As manifests write it.
    pub fn name(&self) -> &'static str {
        self.test.name
    }
}

impl Claim {
    /// A test needs samples: each side is a mean or median, or a multiple of one, or one of them is a number.
    pub(super) fn check_testable(&self) -> Result<(), ClaimError> {
        let Some(significance) = &self.test else {
            return Ok(());
        };
        let samples = |side: &super::Arithmetic| match side.of_one() {
            Some(name) => self.quantity(name).is_some_and(|q| q.take.is_centre()),
            None => false,
        };
        for comparison in self.statement.comparisons() {
            let sides = [&comparison.left, &comparison.right];
            let numbers = sides.iter().filter(|side| side.names().is_empty()).count();
            let fine = sides
                .iter()
                .all(|side| side.names().is_empty() || samples(side));
            if numbers == 2 || !fine {
                let odd = sides.iter().find(|side| !samples(side));
                return Err(ClaimError::NotTestable {
                    test: significance.name().to_owned(),
                    text: odd.map_or_else(String::new, |side| self.display(side)),
                });
            }
        }
        Ok(())
    }

    /// The quantity of this name.
    pub(super) fn quantity(&self, name: &str) -> Option<&super::Quantity> {
        let found = self.quantities.iter().find(|(known, _)| known == name);
        found.map(|(_, quantity)| quantity)
    }

    /// A side with quantities from the short form written out.
    pub(super) fn display(&self, side: &super::Arithmetic) -> String {
        side.display(|name| match self.quantity(name) {
            Some(quantity) if name.starts_with('_') => quantity.to_string(),
            _ => name.to_owned(),
        })
    }
}
