//! Judging a claim over result tables: groups, quantities, comparisons, verdict.
//!
//! Without a test the numbers are compared as they are. With one, a comparison holds where the
//! data would be improbable if it were false, fails where they would be improbable if it were
//! true, and is undecided between; what is compared then, and shown, is one number per replicate.
//! A claim `for_each` of several groups holds only where every group does; such an intersection
//! needs no correction for many comparisons (Berger 1982). It fails where one of them does, for which
//! each has its share of the level.

use std::collections::BTreeMap;

use super::Arithmetic;
use super::Claim;
use super::ClaimError;
use super::Compared;
use super::Comparison;
use super::GroupJudgement;
use super::Judgement;
use super::KnownNames;
use super::Measured;
use super::Relation;
use super::Side;
use super::Significance;
use super::Statement;
use super::Tested;
use super::Verdict;
use super::evidence::evidence;
use super::replicates;
use super::replicates::Replicates;
use super::sample::Sample;
use super::source::At;
use super::source::Placed;
use super::source::Source;
use super::source::places;
use super::source::rows_at;
use super::source::unknown_names;
use crate::text::plural;

/// Judges a claim over what its quantities are taken from, one source for each of them in their order. Names are
/// checked first: against `known`, which may hold more values than there are rows for; all unknown ones are
/// returned together.
pub fn judge(
    claim: &Claim,
    sources: &[&Source],
    known: &KnownNames,
) -> Result<Judgement, Vec<ClaimError>> {
    let mut errors = known.check(claim);
    if errors.is_empty() {
        errors = unknown_names(claim, sources);
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let quantities = claim.quantities.iter().zip(sources);
    let placed = quantities.map(|((_, quantity), source)| source.placed(claim, quantity));
    let placed: Vec<[Placed; 2]> = placed.collect();
    let places = places(&placed);
    let levels = Levels::of(claim).of_all(places.len());
    let groups: Vec<GroupJudgement> = places
        .into_iter()
        .map(|at| {
            let quantities = claim.quantities.iter().zip(sources).zip(&placed);
            let samples = quantities.map(|(((name, quantity), source), placed)| {
                let rows = placed.each_ref().map(|placed| rows_at(placed, &at));
                let sample = Sample::of(quantity, source, rows, claim.test.as_ref());
                (name.as_str(), sample)
            });
            let samples = samples.collect();
            Group { claim, samples }.judge(at, levels)
        })
        .collect();
    let reason = match groups.is_empty() {
        true => "no row of the table is what the claim is about".to_owned(),
        false => String::new(),
    };
    Ok(Judgement {
        name: claim.name.clone(),
        says: claim.says.clone(),
        source: claim.source.clone(),
        verdict: Verdict::all(groups.iter().map(|group| group.verdict)),
        reason,
        groups,
    })
}

/// The probabilities of error with which a part of a statement may be said to hold, and to fail.
///
/// Where one part of several is enough, each has a share, so that the whole is wrong no more often than it may
/// be (Bonferroni). Where all are needed each has the whole of it (Berger 1982).
#[derive(Clone, Copy)]
struct Levels {
    holds: f64,
    fails: f64,
}

impl Levels {
    fn of(claim: &Claim) -> Self {
        let level = claim.test.as_ref().map_or(f64::NAN, |test| test.level);
        Levels {
            holds: level,
            fails: level,
        }
    }

    /// Of the parts of `all`, and of groups: one is enough to fail.
    fn of_all(self, parts: usize) -> Self {
        Levels {
            fails: self.fails / parts as f64,
            ..self
        }
    }

    /// Of the parts of `any`: one is enough to hold.
    fn of_any(self, parts: usize) -> Self {
        Levels {
            holds: self.holds / parts as f64,
            ..self
        }
    }
}

struct Group<'a> {
    claim: &'a Claim,
    samples: BTreeMap<&'a str, Sample<'a>>,
}

impl Group<'_> {
    fn judge(&self, at: At, levels: Levels) -> GroupJudgement {
        let mut comparisons = Vec::new();
        let verdict = self.statement(&self.claim.statement, levels, &mut comparisons);
        let quantities = self.claim.quantities.iter().map(|(name, quantity)| {
            let sample = &self.samples[name.as_str()];
            Measured {
                quantity: match name.starts_with('_') {
                    true => quantity.to_string(),
                    false => name.clone(),
                },
                value: sample.value,
                n: sample.n,
                missing: sample.missing.len() + sample.absent.len(),
                diverged: sample.diverged.len(),
            }
        });
        GroupJudgement {
            at,
            verdict,
            quantities: quantities.collect(),
            comparisons,
        }
    }

    fn statement(
        &self,
        statement: &Statement,
        levels: Levels,
        compared: &mut Vec<Compared>,
    ) -> Verdict {
        let mut judged = |parts: &[Statement], levels| -> Vec<Verdict> {
            let parts = parts.iter();
            parts
                .map(|part| self.statement(part, levels, compared))
                .collect()
        };
        match statement {
            Statement::Compare(comparison) => {
                let outcome = self.compare(comparison, levels);
                let verdict = outcome.verdict;
                compared.push(outcome);
                verdict
            }
            // Every part is judged, also after the verdict is clear: a report shows all numbers.
            Statement::All(parts) => Verdict::all(judged(parts, levels.of_all(parts.len()))),
            Statement::Any(parts) => Verdict::any(judged(parts, levels.of_any(parts.len()))),
        }
    }

    fn compare(&self, comparison: &Comparison, levels: Levels) -> Compared {
        let left = self.side(&comparison.left);
        let right = self.side(&comparison.right);
        let mut compared = Compared {
            relation: comparison.relation,
            difference: None,
            tolerance: 0.0,
            test: None,
            verdict: Verdict::Undecided,
            reason: String::new(),
            left,
            right,
        };
        let missing = self.missing(comparison);
        let (Some(left), Some(right)) = (compared.left.value, compared.right.value) else {
            compared.reason = missing.unwrap_or_else(|| "a side has no finite value".to_owned());
            return compared;
        };
        self.set_sides(&mut compared, left, right);
        if let Some(reason) = missing {
            compared.reason = reason;
            return compared;
        }
        match &self.claim.test {
            None => {
                let holds = comparison.relation.holds(left, right, compared.tolerance);
                compared.verdict = if holds {
                    Verdict::Holds
                } else {
                    Verdict::Fails
                };
            }
            Some(test) => self.test(test, comparison, levels, &mut compared),
        }
        compared
    }

    /// Puts the values of the two sides into a comparison.
    fn set_sides(&self, compared: &mut Compared, left: f64, right: f64) {
        compared.left.value = Some(left);
        compared.right.value = Some(right);
        compared.difference = Some(left - right);
        compared.tolerance = self.claim.tolerance.around(right);
    }

    fn side(&self, side: &Arithmetic) -> Side {
        let values: Option<BTreeMap<String, f64>> = side
            .names()
            .iter()
            .map(|name| Some((name.clone(), self.samples.get(name.as_str())?.value?)))
            .collect();
        let value = values.and_then(|values| side.evaluate(&values).ok());
        Side {
            text: self.claim.display(side),
            value: value.filter(|value| value.is_finite()),
        }
    }

    /// Why the data behind a comparison are not enough.
    fn missing(&self, comparison: &Comparison) -> Option<String> {
        let names = comparison
            .left
            .names()
            .iter()
            .chain(comparison.right.names());
        for name in names {
            let sample = self.samples.get(name.as_str())?;
            let shown = match self.claim.quantity(name) {
                Some(quantity) if name.starts_with('_') => quantity.to_string(),
                _ => name.clone(),
            };
            if !sample.missing.is_empty() && !self.claim.allow_missing {
                let values = plural(sample.missing.len(), "value");
                return Some(format!("{values} of `{shown}` missing"));
            }
            if !sample.absent.is_empty() && !self.claim.allow_missing {
                let steps = plural(sample.absent.len(), "step");
                return Some(format!("{steps} without a result, for `{shown}`"));
            }
            if sample.value.is_none() {
                let values = plural(sample.n, "value");
                let left_out = match sample.diverged.len() {
                    0 => String::new(),
                    some => format!(", {some} left out that diverged"),
                };
                return Some(format!("{values} for `{shown}`: not enough{left_out}"));
            }
        }
        None
    }

    fn test(
        &self,
        significance: &Significance,
        comparison: &Comparison,
        levels: Levels,
        compared: &mut Compared,
    ) {
        let Some(samples) = self.replicates(significance, comparison) else {
            compared.reason = "the replicates of the two sides are not the same".to_owned();
            return;
        };
        let Replicates {
            left,
            right,
            left_out,
            values_left_out,
        } = &samples;
        // What stands beside the verdict is what was compared, also where some of it was left out.
        let value = |side: &Arithmetic, replicates: &[f64]| match side.of_one() {
            Some(name) => self.samples.get(name)?.middle(replicates),
            None => side.evaluate(&BTreeMap::new()).ok(),
        };
        let sides = (
            value(&comparison.left, left),
            value(&comparison.right, right),
        );
        let (Some(of_left), Some(of_right)) = sides else {
            compared.reason = "no replicate has a partner on the other side".to_owned();
            return;
        };
        self.set_sides(compared, of_left, of_right);
        let n = match significance.test.paired {
            true => vec![left.len()],
            false => vec![left.len(), right.len()],
        };
        let run = |shift: f64| {
            let shifted: Vec<f64> = left.iter().map(|value| value + shift).collect();
            (significance.test.run)(&shifted, right)
        };
        let Some(found) = evidence(comparison.relation, compared.tolerance, run) else {
            let counts: Vec<String> = n.iter().map(usize::to_string).collect();
            compared.reason = format!(
                "{} cannot answer: n = {}, or no spread among the replicates",
                significance.name(),
                counts.join(" and ")
            );
            return;
        };
        let relation = comparison.relation;
        let says = relation.holds(of_left, of_right, compared.tolerance);
        let (p, level, against) = match says {
            true => (found.p, levels.holds, ""),
            false => (found.p_against, levels.fails, " against it"),
        };
        compared.verdict = if found.p <= levels.holds && says {
            Verdict::Holds
        } else if found.p_against <= levels.fails && !says {
            Verdict::Fails
        } else if found.p <= levels.holds || found.p_against <= levels.fails {
            // A t test is of means, also where medians are shown; Wilcoxon's is of differences.
            compared.reason = "the test tells otherwise than the two sides".to_owned();
            Verdict::Undecided
        } else {
            let least = n.iter().copied().min().unwrap_or(0);
            let needed = significance.replicates_needed(found.statistic, least, level);
            let ordered = !matches!(relation, Relation::Equal | Relation::Unequal);
            // An approximation may say that there are enough.
            let needed = needed.filter(|_| ordered);
            let above = format!("p = {p:.3}{against} is above the level");
            compared.reason = match needed.map(|needed| needed.max(least + 1)) {
                Some(needed) => format!(
                    "{above}; about {needed} replicates would decide, were the difference as measured"
                ),
                None => above,
            };
            Verdict::Undecided
        };
        compared.test = Some(Tested {
            test: significance.name().to_owned(),
            n,
            left_out: *left_out,
            values_left_out: *values_left_out,
            statistic: found.statistic,
            p: found.p,
            p_against: found.p_against,
            level,
        });
    }

    /// The two samples as the sides have them, in one order where they are paired. A number stands for itself at
    /// every replicate of the other side. None where pairs have no partner and should have one.
    fn replicates(
        &self,
        significance: &Significance,
        comparison: &Comparison,
    ) -> Option<Replicates> {
        let axes = &significance.replicate;
        let sample = |side: &Arithmetic| self.samples.get(side.of_one()?);
        let constant = |side: &Arithmetic, n: usize| {
            let value = side.evaluate(&BTreeMap::new()).ok()?;
            Some(vec![value; n])
        };
        let (left, right) = (sample(&comparison.left), sample(&comparison.right));
        if let (Some(left), Some(right)) = (left, right)
            && significance.test.paired
        {
            let mut pairs = replicates::pairs([left, right], axes, self.claim.allow_missing)?;
            pairs.left = comparison.left.of_each(pairs.left)?;
            pairs.right = comparison.right.of_each(pairs.right)?;
            return Some(pairs);
        }
        let whole = |side: &Sample<'_>| replicates::whole(side, axes);
        let (left, right) = match (left.map(whole), right.map(whole)) {
            (Some(left), Some(right)) => (left, right),
            (Some(left), None) => {
                let right = constant(&comparison.right, left.0.len())?;
                (left, (right, 0))
            }
            (None, Some(right)) => ((constant(&comparison.left, right.0.len())?, 0), right),
            (None, None) => return None,
        };
        Some(Replicates {
            left: comparison.left.of_each(left.0)?,
            right: comparison.right.of_each(right.0)?,
            left_out: left.1 + right.1,
            values_left_out: 0,
        })
    }
}
