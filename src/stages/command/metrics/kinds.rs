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
        let words = text
            .split(parts)
            .filter(|word| !is_place(word) && !word.contains('='));
        let words = words.flat_map(|word| word.split(':')).filter_map(lasting);
        words.for_each(|word| word.hash(&mut self.0));
    }
}

/// Whether a word says when, how fast or how loudly a line is printed.
pub(super) fn is_passing(word: &str) -> bool {
    lasting(word).is_none()
}

/// `train.py:12`, with whatever brackets are around it.
fn is_place(word: &str) -> bool {
    let word = word.trim_end_matches(|c: char| !c.is_alphanumeric());
    let line = word.rsplit_once(':').map(|(_, line)| line);
    let digits = |line: &str| !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit());
    line.is_some_and(digits)
}

/// The letters of a word that lines of one kind share.
fn lasting(word: &str) -> Option<String> {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    let letters: String = word.chars().filter(|c| c.is_alphabetic()).collect();
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let speed = |word: &str| {
        let parts = word.split_once('/');
        parts.is_some_and(|(of, per)| UNITS.contains(&of) || UNITS.contains(&per))
    };
    let is_number = word.starts_with(|c: char| c.is_ascii_digit()) || digits > letters.len();
    if letters.is_empty() || is_number || speed(word) {
        return None;
    }
    let letters = match letters.len() {
        // `S` and `D` are models, and no seconds and days.
        1 => letters,
        _ => letters.to_lowercase(),
    };
    let known = [UNITS, LEVELS, DATES];
    let passing = known.iter().any(|words| words.contains(&&*letters));
    (!passing).then_some(letters)
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
        ] {
            assert_ne!(kind(one), kind(other), "{one}");
        }
        assert!(kind("[12:00:01] ").is_bare());
        assert!(!kind("Best ( ").is_bare());
    }
}
