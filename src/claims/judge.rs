//! Judging a claim over a table: groups, quantities, comparisons, verdict.
//!
//! Without a test the numbers are compared as they are. With one, a comparison holds where the
//! data would be improbable if it were false, fails where they would be improbable if it were
//! true, and is undecided between. A claim `for_each` of several groups holds only where every
//! group does; such an intersection needs no correction for many comparisons (Berger 1982).

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Value as Json;

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
use super::sample::Sample;
use super::sample::passes;
use super::sample::replicate;
use crate::table::Table;
use crate::text::plural;

/// Judges a claim over the rows of a table. Names are checked first: against `known`, which may
/// hold more values than the table has rows for; all unknown ones are returned together.
pub fn judge(
    claim: &Claim,
    table: &Table,
    known: &KnownNames,
) -> Result<Judgement, Vec<ClaimError>> {
    let mut errors = known.check(claim);
    // Evaluation indexes columns: a name that only the manifest knows is missing here.
    errors.extend(absent_columns(claim, table));
    if !errors.is_empty() {
        return Err(errors);
    }
    let groups: Vec<GroupJudgement> = groups(claim, table)
        .into_iter()
        .map(|(at, rows)| judge_group(claim, table, at, &rows))
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

fn absent_columns(claim: &Claim, table: &Table) -> Vec<ClaimError> {
    let quantities = claim.quantities.iter().map(|(_, quantity)| quantity);
    let filtered = claim.filters.keys().chain(
        quantities
            .clone()
            .flat_map(|quantity| quantity.filters.keys()),
    );
    let replicates = claim.test.iter().flat_map(|test| &test.replicate);
    let mut names: Vec<&String> = quantities
        .clone()
        .flat_map(|quantity| &quantity.value)
        .chain(filtered)
        .chain(&claim.for_each)
        .chain(replicates)
        .collect();
    names.sort();
    names.dedup();
    let checked = KnownNames::of(table).check(claim);
    names
        .into_iter()
        .filter(|name| table.column(name).is_none())
        .map(|name| ClaimError::Unknown {
            what: "column".to_owned(),
            name: name.clone(),
            known: table.columns.iter().map(|c| c.name.clone()).collect(),
        })
        // What the table alone would refuse for its values is the business of `known`.
        .filter(|error| !checked.contains(error))
        .collect()
}

/// Axes of `for_each` with their values.
type At = Vec<(String, Json)>;

/// Rows by the values of `for_each`, in order of first appearance.
fn groups(claim: &Claim, table: &Table) -> Vec<(At, Vec<usize>)> {
    let axes: Vec<(&String, usize)> = claim
        .for_each
        .iter()
        .filter_map(|axis| Some((axis, table.column(axis)?)))
        .collect();
    let mut groups: Vec<(At, Vec<usize>)> = Vec::new();
    for row in 0..table.rows.len() {
        if !passes(table, row, &claim.filters) {
            continue;
        }
        let at =
            |&(axis, column): &(&String, usize)| (axis.clone(), table.rows[row][column].clone());
        let at: At = axes.iter().map(at).collect();
        match groups.iter_mut().find(|(known, _)| *known == at) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((at, vec![row])),
        }
    }
    groups
}

fn judge_group(claim: &Claim, table: &Table, at: At, rows: &[usize]) -> GroupJudgement {
    let samples: BTreeMap<&str, Sample> = claim
        .quantities
        .iter()
        .map(|(name, quantity)| (name.as_str(), Sample::of(quantity, table, rows)))
        .collect();
    let group = Group {
        claim,
        table,
        samples,
    };
    let mut comparisons = Vec::new();
    let levels = Levels::of(claim);
    let verdict = group.statement(&claim.statement, levels, &mut comparisons);
    let quantities = claim.quantities.iter().map(|(name, quantity)| {
        let sample = &group.samples[name.as_str()];
        Measured {
            quantity: match name.starts_with('_') {
                true => quantity.to_string(),
                false => name.clone(),
            },
            value: sample.value,
            n: sample.rows.len(),
            missing: sample.missing,
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

    /// Of the parts of `all`: one is enough to fail.
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
    table: &'a Table,
    samples: BTreeMap<&'a str, Sample>,
}

impl Group<'_> {
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
        compared.difference = Some(left - right);
        compared.tolerance = self.claim.tolerance.around(right);
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
            if sample.missing > 0 && !self.claim.allow_missing {
                let values = plural(sample.missing, "value");
                return Some(format!("{values} of `{shown}` missing"));
            }
            if sample.value.is_none() {
                let values = plural(sample.rows.len(), "value");
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
        let Some((left, right)) = self.replicates(significance, comparison) else {
            compared.reason = "the replicates of the two sides are not the same".to_owned();
            return;
        };
        let n = match significance.test.paired {
            true => vec![left.len()],
            false => vec![left.len(), right.len()],
        };
        let run = |shift: f64| {
            let shifted: Vec<f64> = left.iter().map(|value| value + shift).collect();
            (significance.test.run)(&shifted, &right)
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
        compared.verdict = if found.p <= levels.holds {
            Verdict::Holds
        } else if found.p_against <= levels.fails {
            Verdict::Fails
        } else {
            let least = n.iter().copied().min().unwrap_or(0);
            let needed = significance.replicates_needed(found.statistic, least, levels.holds);
            let ordered = !matches!(comparison.relation, Relation::Equal | Relation::Unequal);
            compared.reason = match needed.filter(|needed| *needed > least && ordered) {
                Some(needed) => format!(
                    "p = {:.3} is above the level; about {needed} replicates would decide, were the \
                     difference as measured",
                    found.p
                ),
                None => format!("p = {:.3} is above the level", found.p),
            };
            Verdict::Undecided
        };
        compared.test = Some(Tested {
            test: significance.name().to_owned(),
            n,
            statistic: found.statistic,
            p: found.p,
            p_against: found.p_against,
            level: levels.holds,
        });
    }

    /// The two samples, in one order where they are paired. A number stands for itself at every
    /// replicate of the other side. None where pairs have no partner.
    fn replicates(
        &self,
        significance: &Significance,
        comparison: &Comparison,
    ) -> Option<(Vec<f64>, Vec<f64>)> {
        let side = |side: &Arithmetic| {
            let sample = self.samples.get(side.as_name()?)?;
            Some(sample.by_replicate(self.table, &significance.replicate))
        };
        // The partner of a training that diverged has nothing to stand beside.
        let sides = [&comparison.left, &comparison.right].into_iter();
        let samples = sides.filter_map(|side| self.samples.get(side.as_name()?));
        let diverged: BTreeSet<String> = samples
            .flat_map(|sample| &sample.diverged)
            .map(|row| replicate(self.table, &significance.replicate, *row))
            .collect();
        let constant = |side: &Arithmetic, n: usize| {
            let value = side.evaluate(&BTreeMap::new()).ok()?;
            Some(vec![value; n])
        };
        match (side(&comparison.left), side(&comparison.right)) {
            (Some(mut left), Some(mut right)) => {
                if significance.test.paired {
                    left.retain(|at, _| !diverged.contains(at));
                    right.retain(|at, _| !diverged.contains(at));
                }
                if significance.test.paired && !left.keys().eq(right.keys()) {
                    return None;
                }
                Some((left.into_values().collect(), right.into_values().collect()))
            }
            (Some(left), None) => {
                let right = constant(&comparison.right, left.len())?;
                Some((left.into_values().collect(), right))
            }
            (None, Some(right)) => {
                let left = constant(&comparison.left, right.len())?;
                Some((left, right.into_values().collect()))
            }
            (None, None) => None,
        }
    }
}
