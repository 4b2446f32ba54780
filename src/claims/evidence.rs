//! How a test of two samples bears on each relation, with and without a tolerance.

use super::Relation;
use super::significance::Probabilities;

/// What the data say for and against a comparison.
pub(super) struct Evidence {
    pub(super) statistic: f64,
    pub(super) p: f64,
    pub(super) p_against: f64,
}

/// The evidence for and against a relation. With a tolerance `<` must be won by more than it and
/// `<=` may be lost by less (superiority and non-inferiority by a margin), and `==` is shown by two
/// one-sided tests (Schuirmann 1987); without one, no data can show that two means are equal.
pub(super) fn evidence(
    relation: Relation,
    tolerance: f64,
    run: impl Fn(f64) -> Option<Probabilities>,
) -> Option<Evidence> {
    let one_sided = |shift: f64, less: bool| {
        let found = run(shift)?;
        let (p, p_against) = match less {
            true => (found.less, found.greater),
            false => (found.greater, found.less),
        };
        Some(Evidence {
            statistic: found.statistic,
            p,
            p_against,
        })
    };
    match relation {
        Relation::Less => one_sided(tolerance, true),
        Relation::AtMost => one_sided(-tolerance, true),
        Relation::Greater => one_sided(-tolerance, false),
        Relation::AtLeast => one_sided(tolerance, false),
        Relation::Equal | Relation::Unequal => {
            let (low, high) = (run(-tolerance)?, run(tolerance)?);
            let within = match tolerance > 0.0 {
                true => low.less.max(high.greater),
                false => 1.0,
            };
            let outside = (2.0 * low.greater.min(high.less)).min(1.0);
            let (p, p_against) = match relation {
                Relation::Equal => (within, outside),
                _ => (outside, within),
            };
            Some(Evidence {
                statistic: run(0.0)?.statistic,
                p,
                p_against,
            })
        }
    }
}
