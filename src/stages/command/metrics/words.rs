//! The words `name=value` of a line, whatever else stands in it. What merely looks like one is none: an option
//! `--lr=0.1`, an address `?a=1`, arguments of a call as of `Dropout(p=0.5)`, what is in quotes.

use std::collections::HashSet;

use super::kinds::Front;
use super::kinds::Kind;
use super::kinds::is_level;
use super::read;
use crate::table::records;

/// What stands in one line.
pub(in crate::stages::command) struct Words<'l> {
    line: &'l str,
    pairs: Vec<Pair<'l>>,
    /// Whether anything else stands in it.
    mixed: bool,
    /// Names of several numbers.
    repeated: HashSet<&'l str>,
}

/// `name=value`, also with spaces around `=`.
pub(super) struct Pair<'l> {
    pub name: &'l str,
    pub value: &'l str,
    /// Where all of it begins and ends.
    start: usize,
    end: usize,
    /// Of `best loss = 0.5` the name is not `loss`.
    part_of_a_name: bool,
}

impl<'l> Words<'l> {
    pub(in crate::stages::command) fn of(line: &'l str) -> Self {
        let line = line.trim_start_matches('\u{feff}').trim();
        let (pairs, mixed) = match dictionary(line) {
            Some(pairs) => (pairs, false),
            None => pairs(line),
        };
        let mut seen = HashSet::new();
        let numbers = pairs.iter().filter(|pair| pair.is_number());
        let repeated = numbers.filter(|pair| !seen.insert(pair.name));
        let repeated = repeated.map(|pair| pair.name).collect();
        Words {
            line,
            pairs,
            mixed,
            repeated,
        }
    }

    /// Its pairs, and of what kind the line is to each.
    pub(super) fn heard(&self) -> Vec<(&Pair<'l>, Kind)> {
        let mut front = Front::default();
        let mut end = 0;
        let pairs = self.pairs.iter().map(|pair| {
            front.says(&self.line[end..pair.start]);
            end = pair.end;
            (pair, front.kind())
        });
        pairs.collect()
    }

    /// All of a pair, for a message.
    pub(super) fn written(&self, pair: &Pair<'_>) -> &'l str {
        &self.line[pair.start..pair.end]
    }

    /// Names and values of a line of a file: texts too, where they are all that the line says.
    pub(in crate::stages::command) fn values(&self) -> Vec<(&'l str, &'l str)> {
        if !self.mixed {
            let pairs = self.pairs.iter();
            return pairs.map(|pair| (pair.name, pair.value)).collect();
        }
        let says_more = |(name, _): &(&str, &str)| {
            let first = self.pairs.first();
            first.is_none_or(|first| first.name != *name || !first.is_number())
        };
        match pair(self.line).filter(says_more) {
            Some(text) => vec![text],
            None => self.numbers(),
        }
    }

    /// Names and numbers of a line that may say anything.
    fn numbers(&self) -> Vec<(&'l str, &'l str)> {
        let pairs = self.pairs.iter().filter(|pair| self.counts(pair));
        pairs.map(|pair| (pair.name, pair.value)).collect()
    }

    /// Whether this is the number of its name. Among other words a name that comes twice has something before it
    /// that tells the two apart.
    pub(super) fn counts(&self, pair: &Pair<'_>) -> bool {
        match self.mixed {
            false => pair.is_number() || pair.value.is_empty(),
            true => pair.is_number() && !pair.part_of_a_name && !self.repeated.contains(pair.name),
        }
    }

    /// Whether all of the line is names and values.
    pub(super) fn is_pure(&self) -> bool {
        !self.mixed && !self.pairs.is_empty()
    }
}

impl Pair<'_> {
    pub(super) fn is_number(&self) -> bool {
        let value = so_far(self.name, self.value);
        !value.is_empty() && (read::number(value).is_some() || records::is_too_large(value))
    }
}

/// The number of `epoch=3/10`, which says how far a program is.
pub(super) fn so_far<'v>(name: &str, value: &'v str) -> &'v str {
    match value.split_once('/') {
        Some((done, all)) if records::is_step(name) && all.parse::<f64>().is_ok() => done,
        _ => value,
    }
}

/// The pairs of a line, and whether anything else stands in it.
fn pairs(line: &str) -> (Vec<Pair<'_>>, bool) {
    let words = split(line);
    let mut mixed = false;
    let mut pairs = Vec::new();
    let mut at = 0;
    // The word before, where it is of no pair.
    let mut before = None;
    while at < words.len() {
        match pair_at(line, &words[at..]) {
            Some((name, value, count)) => {
                let (start, _) = words[at];
                let (_, end) = words[at + count - 1];
                pairs.push(Pair {
                    name,
                    value,
                    start,
                    end,
                    part_of_a_name: count > 1
                        && before.is_some_and(|before| names(line, before, start)),
                });
                before = None;
                at += count;
            }
            None => {
                mixed = true;
                before = Some(words[at]);
                at += 1;
            }
        }
    }
    (pairs, mixed)
}

/// The pairs of a dictionary as Python prints it, `{'loss': 0.5, 'epoch': 1.0}`. One that counts nothing is the
/// settings of a program.
fn dictionary(line: &str) -> Option<Vec<Pair<'_>>> {
    let inside = line.strip_prefix('{')?.strip_suffix('}')?;
    if inside.contains(['{', '[', '(']) {
        return None;
    }
    let mut pairs = Vec::new();
    let mut start = 1;
    for item in inside.split(", ") {
        let (key, value) = item.split_once(": ")?;
        let end = start + item.len();
        pairs.push(Pair {
            name: name(key.strip_prefix('\'')?.strip_suffix('\'')?)?,
            value: value.trim_matches('\''),
            start,
            end,
            part_of_a_name: false,
        });
        start = end + ", ".len();
    }
    let counts = pairs.iter().any(|pair| records::is_step(pair.name));
    counts.then_some(pairs)
}

/// Where the words of a line begin and end. Brackets behind a letter belong to their word, all others part words; so
/// do commas, but for that of `0,5`, and colons in front of a name: `INFO:root:loss=0.5`.
fn split(line: &str) -> Vec<(usize, usize)> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut within = 0;
    for (at, c) in line.char_indices() {
        let next = at + c.len_utf8();
        if let Some(end) = quote {
            if c == end {
                quote = None;
            }
            continue;
        }
        let opens = matches!(c, '(' | '[' | '{');
        let closes = matches!(c, ')' | ']' | '}');
        if within > 0 {
            within += usize::from(opens);
            within -= usize::from(closes);
            continue;
        }
        let value_begins = start.is_none() || line[..at].ends_with('=');
        if matches!(c, '"' | '\'') && value_begins && line[next..].contains(c) {
            start.get_or_insert(at);
            quote = Some(c);
            continue;
        }
        let behind_a_word = |c: char| c.is_alphanumeric() || c == '=' || c == '_';
        if opens && start.is_some() && line[..at].ends_with(behind_a_word) {
            within = 1;
            continue;
        }
        let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let point =
            c == ',' && digit(line[..at].chars().next_back()) && digit(line[next..].chars().next());
        let before_a_name = c == ':'
            && line[next..].starts_with(char::is_alphabetic)
            && start.is_some_and(|start| !line[start..at].contains('='));
        let parts = c.is_whitespace() || matches!(c, ';' | '|') || (c == ',' && !point);
        if !parts && !opens && !closes && !before_a_name {
            start.get_or_insert(at);
            continue;
        }
        words.extend(start.take().map(|start| (start, at)));
    }
    words.extend(start.map(|start| (start, line.len())));
    words
}

/// The pair that begins with the first of these words, and of how many it is.
fn pair_at<'l>(line: &'l str, words: &[(usize, usize)]) -> Option<(&'l str, &'l str, usize)> {
    let word = |at: usize| words.get(at).map_or("", |(start, end)| &line[*start..*end]);
    let spaced = |value: &'l str, count| {
        let name = name(word(0)).filter(|_| !value.is_empty() && !value.contains('='))?;
        Some((name, value, count))
    };
    match (word(0), word(1)) {
        (first, second) if first.contains('=') => {
            let (name, value) = pair(first)?;
            let further = value.is_empty() && read::number(second).is_some();
            Some(match further && !second.is_empty() {
                true => (name, plain(second), 2),
                false => (name, plain(value), 1),
            })
        }
        (_, "=") => spaced(plain(word(2)), 3),
        (_, second) => spaced(plain(second.strip_prefix('=')?), 2),
    }
}

/// A number without the mark at the end of its sentence.
fn plain(value: &str) -> &str {
    match value.strip_suffix(['.', ':', '!']) {
        Some(number) if read::number(value).is_none() && read::number(number).is_some() => number,
        _ => value,
    }
}

/// `name=value` with a name that could be a column.
fn pair(text: &str) -> Option<(&str, &str)> {
    let (before, value) = text.split_once('=')?;
    Some((name(before.trim())?, value.trim()))
}

fn name(text: &str) -> Option<&str> {
    let plain = |c: char| c.is_alphanumeric() || "_-./@".contains(c);
    let good = text.starts_with(char::is_alphabetic)
        && text.chars().all(plain)
        && !text.ends_with(['-', '.', '/']);
    good.then_some(text)
}

/// Whether a word may be the first of a name of several: a word of letters, no mark behind it, and no level of a log.
fn names(line: &str, (start, end): (usize, usize), next: usize) -> bool {
    let word = &line[start..end];
    let apart = line[end..next].contains(|c: char| !c.is_whitespace());
    !apart && name(word).is_some() && word.ends_with(char::is_alphanumeric) && !is_level(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(line: &str) -> String {
        let pairs = Words::of(line).numbers().into_iter();
        let pairs: Vec<String> = pairs.map(|(n, v)| format!("{n}={v}")).collect();
        pairs.join(" ")
    }

    #[test]
    fn numbers_are_found_among_other_words() {
        for (line, wanted) in [
            ("epoch=3/10 loss=0.4 *best*", "epoch=3/10 loss=0.4"),
            ("loss=0.9; acc=0.5", "loss=0.9 acc=0.5"),
            ("loss=0.8, acc=0.6;", "loss=0.8 acc=0.6"),
            ("loss=0.8,acc=0.6", "loss=0.8 acc=0.6"),
            ("loss = 0.5  acc= 0.7 f1 =1", "loss=0.5 acc=0.7 f1=1"),
            ("final: loss=0.1", "loss=0.1"),
            ("done, final loss=0.1.", "loss=0.1"),
            ("2026-01-01 12:00:00,123 INFO loss = 0.5", "loss=0.5"),
            ("INFO:root:loss=0.2 acc = 0.9", "loss=0.2 acc=0.9"),
            ("INFO:root:loss = 0.2", "loss=0.2"),
            ("loss=0.5 acc=0.4] done", "loss=0.5 acc=0.4"),
            ("loss=0.6)", "loss=0.6"),
            (
                "{'loss': 0.5, 'rate': 5e-05, 'by': 'sgd', 'epoch': '1.0'}",
                "loss=0.5 rate=5e-05 epoch=1.0",
            ),
            ("loss=0.5 in 3 s", "loss=0.5"),
            (
                "[10/10, loss=0.5, acc=0.7] (best=0.4) :)",
                "loss=0.5 acc=0.7 best=0.4",
            ),
            ("level=info msg=\"lr=0.1 now\" loss=0.5", "loss=0.5"),
            ("| epoch=1 | loss=nan |", "epoch=1 loss=nan"),
            ("it's epoch=1, isn't it", "epoch=1"),
        ] {
            assert_eq!(numbers(line), wanted, "{line}");
        }
    }

    #[test]
    fn what_looks_like_a_number_of_a_name_is_none() {
        for line in [
            "python train.py --lr=0.1 -n=3",
            "GET https://host/x?a=1&b=2",
            "using version x=3.5.2",
            "numpy==1.2 and n == 3, n >= 3",
            "(p): Dropout(p=0.5, inplace=False)",
            "Namespace(lr=0.1, seed=3)",
            "SVC(C=1.0, degree=2,",
            "{'lr': 0.1, 'epochs': 3}",
            "loss=0,125",
            "acc=93% today",
            "set 'lr=0.1' first",
            "best loss = 0.5",
            "train loss=0.5 test loss=0.4",
        ] {
            assert_eq!(numbers(line), "", "{line}");
        }
    }

    #[test]
    fn a_line_of_a_file_may_be_one_text() {
        for (line, wanted) in [
            (
                "note = found by a=1 and more",
                vec![("note", "found by a=1 and more")],
            ),
            (
                "model=cnn loss=0.5",
                vec![("model", "cnn"), ("loss", "0.5")],
            ),
            ("loss=0.5 *best*", vec![("loss", "0.5")]),
            ("loss=0,125", vec![("loss", "0,125")]),
            ("shape=(3, 4)", vec![("shape", "(3, 4)")]),
        ] {
            assert_eq!(Words::of(line).values(), wanted, "{line}");
        }
    }
}
