//! What judging a claim found: a verdict with every number behind it, as plain data.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value as Json;

use super::Relation;
use crate::text::plural;

/// Whether a claim is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The numbers say what the claim says.
    Holds,
    /// The numbers say otherwise.
    Fails,
    /// Values are missing, or a test cannot tell.
    Undecided,
}

impl Verdict {
    /// `holds`
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Holds => "holds",
            Verdict::Fails => "fails",
            Verdict::Undecided => "undecided",
        }
    }

    /// Holds where all do, fails where one does; nothing at all is undecided.
    pub fn all(verdicts: impl IntoIterator<Item = Verdict>) -> Verdict {
        Self::joined(verdicts, Verdict::Fails, Verdict::Holds)
    }

    /// Holds where one does, fails where all do; nothing at all is undecided.
    pub fn any(verdicts: impl IntoIterator<Item = Verdict>) -> Verdict {
        Self::joined(verdicts, Verdict::Holds, Verdict::Fails)
    }

    /// `strong` where one is; `weak` where all are.
    fn joined(
        verdicts: impl IntoIterator<Item = Verdict>,
        strong: Verdict,
        weak: Verdict,
    ) -> Verdict {
        let verdicts: Vec<Verdict> = verdicts.into_iter().collect();
        if verdicts.contains(&strong) {
            strong
        } else if verdicts.is_empty() || verdicts.contains(&Verdict::Undecided) {
            Verdict::Undecided
        } else {
            weak
        }
    }
}

/// A claim and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    pub name: String,
    /// The statement as written.
    pub says: String,
    pub source: String,
    pub verdict: Verdict,
    /// Why nothing could be judged at all; else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// One per value of `for_each`, in row order; a single one without it.
    pub groups: Vec<GroupJudgement>,
}

/// The verdict at one value of `for_each`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupJudgement {
    /// Axes of `for_each` with their values here.
    pub at: Vec<(String, Json)>,
    pub verdict: Verdict,
    pub quantities: Vec<Measured>,
    pub comparisons: Vec<Compared>,
}

/// A quantity, measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Its name in the statement, or the call itself.
    pub quantity: String,
    /// None where there is nothing to measure.
    pub value: Option<f64>,
    /// Values behind it; replicates, where the claim has a test.
    pub n: usize,
    /// Values that should be there and are not.
    pub missing: usize,
    /// Values that are left out: of trainings that diverged.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub diverged: usize,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Measured {
    /// `5`, `4 (1 diverged, 2 missing)`: how many values it is taken from, and how many are not there.
    fn counted(&self) -> String {
        let others = [(self.diverged, "diverged"), (self.missing, "missing")];
        let others = others.iter().filter(|(count, _)| *count > 0);
        let others: Vec<String> = others
            .map(|(count, why)| format!("{count} {why}"))
            .collect();
        match others.is_empty() {
            true => self.n.to_string(),
            false => format!("{} ({})", self.n, others.join(", ")),
        }
    }
}

impl GroupJudgement {
    /// `6, 5 in 5 pairs`: the values behind each quantity, and what a test left of them.
    pub fn counted(&self, compared: &Compared) -> String {
        let counts: Vec<String> = self.quantities.iter().map(Measured::counted).collect();
        let counts = counts.join(", ");
        let left = |test: &&Tested| test.left_out + test.values_left_out > 0;
        let Some(test) = compared.test.as_ref().filter(left) else {
            return counts;
        };
        let of = match test.n[..] {
            [left, right] => format!("{left} and {}", plural(right, "replicate")),
            _ => plural(test.n.first().copied().unwrap_or(0), "pair"),
        };
        match test.values_left_out {
            0 => format!("{counts} in {of}"),
            some => format!("{counts} in {of}, {} left out", plural(some, "value")),
        }
    }
}

/// One comparison of the statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    pub left: Side,
    pub relation: Relation,
    pub right: Side,
    /// Left − right.
    pub difference: Option<f64>,
    /// Differences up to this counted as none.
    pub tolerance: f64,
    pub test: Option<Tested>,
    pub verdict: Verdict,
    /// Why it is undecided; else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Side {
    pub text: String,
    pub value: Option<f64>,
}

/// What a test said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tested {
    pub test: String,
    /// Replicates: pairs, or values on the left and on the right.
    pub n: Vec<usize>,
    /// Replicates of either side that have no partner, or of which a part is missing.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: usize,
    /// Values of the replicates that are compared which have no partner.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub values_left_out: usize,
    /// t, or the smaller rank sum; of the sides shifted by the tolerance.
    pub statistic: f64,
    /// The probability of such data if the claim were false; compared with the level.
    pub p: f64,
    /// The probability of such data if the claim were true.
    pub p_against: f64,
    /// What `p` was compared with; `p_against`, where the two sides say otherwise than the claim.
    pub level: f64,
}
