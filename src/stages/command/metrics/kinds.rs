//! Of what kind a printed line is: the words in front of a pair, but for those that lines of one kind do not share,
//! such as times, speeds and levels. `Best: loss=0.2` is no further one of the lines `epoch 3: loss=0.4`.

use std::hash::DefaultHasher;
use std::hash::Hash;
use std::hash::Hasher;

/// What lines of one kind have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Kind(u64);

/// The words that stand in front of a pair.
#[derive(Default)]
pub(super) struct Front(DefaultHasher);

impl Kind {
    /// Whether no word is in front.
    pub(super) fn is_bare(self) -> bool {
        self == Front::default().kind()
    }
}

impl Front {
    pub(super) fn kind(&self) -> Kind {
        Kind(self.0.finish())
    }

    /// Goes on with what stands between two pairs, without asides as `(new best)`.
    pub(super) fn says(&mut self, text: &str) {
        let mut rest = text;
        while let Some((before, aside)) = rest.split_once('(') {
            self.words(before);
            let Some((_, after)) = aside.split_once(')') else {
                rest = aside;
                break;
            };
            rest = after;
        }
        self.words(rest);
    }

    fn words(&mut self, text: &str) {
        let parts = |c: char| c.is_whitespace() || "|,;[](){}<>".contains(c);
        let mut words = Vec::new();
        let mut opens = false;
        for piece in text.split_inclusive(parts) {
            let word = piece.trim_end_matches(parts);
            let is_marked = opens && piece.ends_with([']', '>']);
            opens = piece.ends_with(['[', '<']);
            if !word.contains('=') {
                words.extend(Word::of(word, is_marked));
            }
        }
        for (at, word) in words.iter().enumerate() {
            if let Word::Letters(letters) = word
                && !is_passing(&words, at)
            {
                letters.hash(&mut self.0);
            }
        }
    }
}

/// A word in front of a pair.
#[derive(Debug, PartialEq)]
enum Word {
    /// A number, a time, how far a program is.
    Number,
    /// How loudly a line is said.
    Level,
    /// The letters of any other one.
    Letters(String),
}

impl Word {
    fn of(word: &str, is_marked: bool) -> Vec<Word> {
        let read = |word: &str| {
            let word = word.trim_matches(|c: char| !c.is_alphanumeric());
            let letters: String = word.chars().filter(|c| c.is_alphabetic()).collect();
            let digits = word.chars().filter(char::is_ascii_digit).count();
            let begins = word.starts_with(|c: char| c.is_ascii_digit());
            match letters.len() {
                _ if begins || digits > letters.len() => Some(Word::Number),
                0 => None,
                _ if is_level(word) || is_marked && is_level(&word.to_uppercase()) => {
                    Some(Word::Level)
                }
                _ if is_speed(word) => Some(Word::Number),
                // `S` and `D` are models, and no seconds and days.
                1 => Some(Word::Letters(letters)),
                _ => Some(Word::Letters(letters.to_lowercase())),
            }
        };
        match is_place(word) {
            true if word.starts_with(|c: char| c.is_ascii_digit()) => vec![Word::Number],
            true => Vec::new(),
            false => word.split(':').filter_map(read).collect(),
        }
    }

    fn is_one_of(&self, known: &[&str]) -> bool {
        matches!(self, Word::Letters(letters) if known.contains(&&**letters))
    }
}

/// Whether a word says when a line is printed or how long something took: a unit behind its number, days and months
/// beside one. `min loss=0.1` is another kind of line than `loss=0.1`.
fn is_passing(words: &[Word], at: usize) -> bool {
    let number = |word: Option<&Word>| word == Some(&Word::Number);
    if words[at].is_one_of(UNITS) {
        return at > 0 && number(words.get(at - 1));
    }
    let date = |word: &&Word| word.is_one_of(DATES);
    let behind = words[at..].iter().find(|word| !date(word));
    let before = words[..at].iter().rev().find(|word| !date(word));
    date(&&words[at]) && (number(behind) || number(before))
}

/// Whether a word says how loudly a line is printed, as loggers write it.
pub(super) fn is_level(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    let lower = word.to_lowercase();
    word == word.to_uppercase() && LEVELS.contains(&&*lower)
}

fn is_speed(word: &str) -> bool {
    let parts = word.split_once('/');
    parts.is_some_and(|(of, per)| UNITS.contains(&of) || UNITS.contains(&per))
}

/// `train.py:12`, with whatever brackets are around it.
fn is_place(word: &str) -> bool {
    let word = word.trim_end_matches(|c: char| !c.is_alphanumeric());
    let line = word.rsplit_once(':').map(|(_, line)| line);
    let digits = |line: &str| !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit());
    line.is_some_and(digits)
}

const UNITS: &[&str] = &[
    "s", "sec", "secs", "second", "seconds", "ms", "us", "µs", "ns", "m", "min", "mins", "minute",
    "minutes", "h", "hr", "hrs", "hour", "hours", "d", "day", "days", "am", "pm", "it", "kb", "mb",
    "gb", "tb", "kib", "mib", "gib", "tib",
];

const LEVELS: &[&str] = &[
    "trace", "debug", "info", "notice", "success", "warn", "warning", "err", "error", "severe",
    "crit", "critical", "fatal",
];

const DATES: &[&str] = &[
    "mon",
    "tue",
    "wed",
    "thu",
    "fri",
    "sat",
    "sun",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "sept",
    "oct",
    "nov",
    "dec",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(front: &str) -> Kind {
        let mut said = Front::default();
        said.says(front);
        said.kind()
    }

    #[test]
    fn lines_of_one_kind_have_the_same_words_in_front() {
        for (one, other) in [
            (
                "Epoch 0: 100%|###| 9/9 [00:02<00:00, 4.50it/s, ",
                "Epoch 1: 100%|##9| 9/9 [00:12<00:00, 1.20s/it, ",
            ),
            ("Mon Nov 30 23:59:58 2026 ", "Tue Dec  1 00:01:01 2026 "),
            ("11:59:01 AM train ", "1:02:03 PM train "),
            ("[12.3s] ", "[1m 2s] "),
            ("3.5 seconds, ", "2 min 1 s, "),
            ("120 samples/sec ", "?it/s "),
            (
                "2026-11-30 12:00:00,123 INFO ",
                "2026-11-30T12:00:00Z WARNING: ",
            ),
            (
                "12:00 | INFO | __main__:main:12 - ",
                "12:01 | SUCCESS | __main__:evaluate:40 - ",
            ),
            (
                "I1130 12:00:00.1 77 train.py:9] ",
                "W1130 12:00:01.1 77 train.py:12] ",
            ),
            ("INFO:root:", "WARNING:root:"),
            ("train.py:9: ", "[eval.py:12] "),
            ("Epoch 1 (new best) ", "epoch 2: "),
            ("[info] ", "[warning] "),
            ("--lr=0.1 fold1 ", "--lr=0.2 fold2 "),
        ] {
            assert_eq!(kind(one), kind(other), "{one}");
        }
        for (one, other) in [
            ("Best: ", ""),
            ("train: ", "valid: "),
            ("epoch 1 [train] ", "epoch 1 [val] "),
            ("S: ", "D: "),
            ("before training: ", "epoch 1: "),
            ("min ", ""),
            ("error ", ""),
            ("second stage: ", "stage: "),
            ("d: ", "s: "),
            ("sun ", "moon "),
            ("epoch 3, max ", "epoch 3, min "),
        ] {
            assert_ne!(kind(one), kind(other), "{one}");
        }
        assert!(kind("[12:00:01] ").is_bare());
        assert!(!kind("Best ( ").is_bare());
    }
}
