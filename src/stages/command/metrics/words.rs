//! The words `name=value` of a line, whatever else stands in it. What merely looks like one is none: an option
//! `--lr=0.1`, an address `?a=1`, arguments of a call as of `Dropout(p=0.5)`, what is in quotes.

use std::collections::HashSet;

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
struct Pair<'l> {
    name: &'l str,
    value: &'l str,
    /// All of it, for a message.
    written: &'l str,
    /// Of `best loss = 0.5` the name is not `loss`.
    part_of_a_name: bool,
}

impl<'l> Words<'l> {
    pub(in crate::stages::command) fn of(line: &'l str) -> Self {
        let line = line.trim_start_matches('\u{feff}').trim();
        let (words, mut mixed) = split(line);
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
                        written: &line[start..end],
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

    /// What stands before its first pair, without digits: lines of one kind begin alike, as those of a log with their
    /// times. Nothing where a pair is the first.
    pub(super) fn lead(&self) -> String {
        let Some(first) = self.pairs.first() else {
            return String::new();
        };
        let before = first.written.as_ptr() as usize - self.line.as_ptr() as usize;
        let lead = self.line[..before].chars().filter(|c| c.is_alphabetic());
        lead.collect()
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
    pub(in crate::stages::command) fn numbers(&self) -> Vec<(&'l str, &'l str)> {
        let pairs = self.pairs.iter().filter(|pair| self.counts(pair));
        pairs.map(|pair| (pair.name, pair.value)).collect()
    }

    /// Names, and what is written of them, of what is left out and begins as a number; whether it is one.
    pub(super) fn left_out(&self) -> impl Iterator<Item = (&'l str, &'l str, bool)> {
        let pairs = self.pairs.iter().filter(|pair| !self.counts(pair));
        let begins = |value: &str| {
            let digits = value.trim_start_matches(['+', '-', '.']);
            digits.starts_with(|c: char| c.is_ascii_digit())
        };
        pairs
            .filter(move |pair| begins(pair.value))
            .map(|pair| (pair.name, pair.written, pair.is_number()))
    }

    /// What is written of the number of this name.
    pub(super) fn written(&self, name: &str) -> &'l str {
        let pair = self.pairs.iter().find(|pair| pair.name == name);
        pair.map_or("", |pair| pair.written)
    }

    /// Whether this is the number of its name. Among other words a name that comes twice has something before it
    /// that tells the two apart.
    fn counts(&self, pair: &Pair<'_>) -> bool {
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
    fn is_number(&self) -> bool {
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

/// Where the words of a line begin and end, and whether some of it is left out. Brackets behind a letter belong to
/// their word, all others part words; so do commas, but for that of `0,5`.
fn split(line: &str) -> (Vec<(usize, usize)>, bool) {
    let mut words = Vec::new();
    let mut left_out = false;
    let mut start = None;
    let mut quote = None;
    let mut within = 0;
    let mut open = 0;
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
        let parts = c.is_whitespace() || matches!(c, ';' | '|') || (c == ',' && !point);
        if !parts && !opens && !closes {
            start.get_or_insert(at);
            continue;
        }
        words.extend(start.take().map(|start| (start, at)));
        open += usize::from(opens);
        if closes && open > 0 {
            open -= 1;
        } else if closes && !line[..at].ends_with([':', ';', ' ']) {
            // The end of a call that began in a line before.
            left_out |= !words.is_empty();
            words.clear();
        }
    }
    words.extend(start.map(|start| (start, line.len())));
    (words, left_out)
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

/// Whether a word may be the first of a name of several: a word of letters, and no mark behind it.
fn names(line: &str, (start, end): (usize, usize), next: usize) -> bool {
    let word = &line[start..end];
    let apart = line[end..next].contains(|c: char| !c.is_whitespace());
    !apart && name(word).is_some() && word.ends_with(char::is_alphanumeric)
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
            ("2026-01-01 12:00:00,123 INFO loss=0.5", "loss=0.5"),
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
            "    tol=0.1, max_iter=100)",
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
    fn numbers_that_are_left_out_are_known() {
        for (line, wanted) in [
            ("epoch=3 acc=93%", "acc=93%"),
            ("best loss = 0.5", "loss = 0.5"),
            ("python --lr=0.1 name=x", ""),
        ] {
            let words = Words::of(line);
            let left_out: Vec<&str> = words.left_out().map(|(_, written, _)| written).collect();
            assert_eq!(left_out.join(" "), wanted, "{line}");
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
