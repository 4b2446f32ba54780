//! Judgements as lines for a terminal: the count first, then every claim with its numbers.

use super::Compared;
use super::GroupJudgement;
use super::Judgement;
use super::Verdict;
use super::print::at;
use super::print::shown;
use super::print::sides;

/// Groups shown of a claim that holds everywhere; of others all that do not hold are.
const GROUPS: usize = 3;

/// `2 claims: 1 holds, 1 fails`, and a few lines for each of them.
pub fn to_lines(judgements: &[Judgement]) -> Vec<String> {
    let mut lines = vec![count(judgements)];
    for judgement in judgements {
        lines.push(format!(
            "  {:<9}  {}: {}",
            judgement.verdict.name(),
            judgement.name,
            judgement.says
        ));
        if !judgement.reason.is_empty() {
            lines.push(format!("             {}", judgement.reason));
        }
        lines.extend(groups(judgement));
    }
    lines
}

fn count(judgements: &[Judgement]) -> String {
    let counted = |verdict| judgements.iter().filter(|j| j.verdict == verdict).count();
    let parts = [
        (counted(Verdict::Holds), "holds", "hold"),
        (counted(Verdict::Fails), "fails", "fail"),
        (counted(Verdict::Undecided), "undecided", "undecided"),
    ];
    let parts = parts.iter().filter(|(n, _, _)| *n > 0);
    let parts: Vec<String> = parts
        .map(|(n, one, many)| format!("{n} {}", if *n == 1 { one } else { many }))
        .collect();
    format!(
        "{}: {}",
        crate::text::plural(judgements.len(), "claim"),
        parts.join(", ")
    )
}

/// What decides is shown in full; what merely agrees is cut short.
fn groups(judgement: &Judgement) -> Vec<String> {
    let others: Vec<&GroupJudgement> = judgement
        .groups
        .iter()
        .filter(|group| group.verdict != Verdict::Holds)
        .collect();
    let holding = judgement.groups.len() - others.len();
    let mut lines = Vec::new();
    if others.is_empty() {
        lines.extend(judgement.groups.iter().take(GROUPS).flat_map(group));
        if holding > GROUPS {
            lines.push(format!("             and at {} more", holding - GROUPS));
        }
        return lines;
    }
    lines.extend(others.into_iter().flat_map(group));
    if holding > 0 {
        let groups = judgement.groups.len();
        lines.push(format!("             holds at {holding} of {groups}"));
    }
    lines
}

fn group(group: &GroupJudgement) -> Vec<String> {
    let at = match at(group) {
        at if at.is_empty() => String::new(),
        at => format!("{at}: "),
    };
    let compared = group.comparisons.iter();
    compared
        .map(|compared| format!("             {at}{}", numbers(compared, group)))
        .collect()
}

/// `-101.2 > -150.9 (n = 3, 3; p = 0.012)`, with the reason where there is one.
fn numbers(compared: &Compared, group: &GroupJudgement) -> String {
    let mut behind = Vec::new();
    if !group.quantities.is_empty() {
        let counts = group.counted(compared);
        behind.push(format!("n = {counts}"));
    }
    if compared.tolerance > 0.0 {
        behind.push(format!("tolerance {}", shown(Some(compared.tolerance))));
    }
    if let Some(test) = &compared.test {
        behind.push(format!("{}, p = {}", test.test, shown(Some(test.p))));
    }
    if !compared.reason.is_empty() {
        behind.push(compared.reason.clone());
    }
    // A comparison that does not hold is not written as if it did.
    let relation = match compared.verdict {
        Verdict::Holds => compared.relation.sign().to_owned(),
        Verdict::Fails => format!("is not {}", compared.relation.sign()),
        Verdict::Undecided => format!("{}?", compared.relation.sign()),
    };
    let [left, right] = sides(compared);
    let numbers = format!("{left} {relation} {right}");
    match behind.is_empty() {
        true => numbers,
        false => format!("{numbers} ({})", behind.join("; ")),
    }
}
