//! The values of variables that are passed on: what a step says is kept and shown to others, and so
//! says their names instead.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::lines;
use super::params::CommandParams;
use crate::engine::JobError;
use crate::engine::Link;
use crate::text::said;

/// Shorter values are words and numbers, which stand in a log for other reasons.
const SHORTEST_SECRET: usize = 8;

/// The same of variables whose name says that they hold a secret.
const SHORTEST_NAMED: usize = 4;

/// Parts of such names.
const SECRET_NAMES: [&str; 7] = [
    "TOKEN",
    "SECRET",
    "PASSW",
    "PASSPHRASE",
    "CREDENTIAL",
    "_KEY",
    "APIKEY",
];

/// Lines of the values of variables that `env` and `pass_env` name, also as programs write texts within quotes,
/// the longest first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Secrets(Vec<(String, String)>);

impl Secrets {
    pub(super) fn of(params: &CommandParams) -> Self {
        let mut secrets = Vec::new();
        let keyed = params.passed_on().map(|name| (name.to_owned(), true));
        let others = params.passed_unkeyed().into_iter();
        for (name, keyed) in keyed.chain(others.map(|name| (name, false))) {
            // As lines of a log are read: bytes that are no text stand as what takes their place.
            let value = std::env::var_os(&name).unwrap_or_default();
            let value = value.to_string_lossy();
            let upper = name.to_uppercase();
            let named = SECRET_NAMES.iter().any(|part| upper.contains(part));
            // Where things are on this machine is no secret, and worth reading in a log.
            if !keyed && !named && value.split(':').all(|part| part.starts_with('/')) {
                continue;
            }
            let shortest = if named {
                SHORTEST_NAMED
            } else {
                SHORTEST_SECRET
            };
            let lines = value.lines().map(str::trim);
            let lines = lines.filter(|line| line.len() >= shortest);
            let forms = lines.flat_map(written);
            secrets.extend(forms.map(|line| (name.clone(), line)));
        }
        secrets.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
        Secrets(secrets)
    }

    /// A text without them, also where a long line was cut within one. A colour within a value is not shown, so
    /// the value would be: such a text loses its colours.
    pub(super) fn without(&self, text: &str) -> String {
        if self.0.is_empty() {
            return text.to_owned();
        }
        let text = self.replaced(text);
        let shown = said(&text);
        if *shown == text {
            return text;
        }
        let clean = self.replaced(&shown);
        match clean == *shown {
            true => text,
            false => clean,
        }
    }

    fn replaced(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, value) in &self.0 {
            let name = format!("${{{name}}}");
            let mut from = 0;
            while let Some((at, length)) = found(&text[from..], value) {
                text.replace_range(from + at..from + at + length, &name);
                from += at + name.len();
            }
        }
        text
    }

    /// Why a step failed, without them: a name of a file may hold one, or a line that was read.
    pub(super) fn without_in(&self, mut error: JobError) -> JobError {
        if let JobError::Failed { message, hints, .. } = &mut error {
            for text in std::iter::once(message).chain(hints) {
                *text = self.without(text);
            }
        }
        if let JobError::Transient { message } | JobError::Interrupted { message, .. } = &mut error
        {
            *message = self.without(message);
        }
        error
    }
}

/// A value as it is, and as it stands within quotes: as `repr` of Python and JSON write it, with letters beyond
/// ASCII or their codes.
fn written(value: &str) -> BTreeSet<String> {
    let json = serde_json::to_string(value).expect("a text is JSON");
    let json = json[1..json.len() - 1].to_owned();
    let mut ascii = String::with_capacity(json.len());
    for letter in json.chars() {
        match letter.is_ascii() {
            true => ascii.push(letter),
            false => {
                let codes = letter.encode_utf16(&mut [0; 2]).to_vec();
                ascii.extend(codes.into_iter().map(|code| format!("\\u{code:04x}")));
            }
        }
    }
    let repr = value.replace('\\', r"\\");
    BTreeSet::from([value.to_owned(), repr, json, ascii])
}

/// Where a value, or what a cut left of one, stands first in a text, and its length there.
fn found(text: &str, value: &str) -> Option<(usize, usize)> {
    if let Some(at) = text.find(value) {
        return Some((at, value.len()));
    }
    let end = text.rfind(lines::CUT)?;
    // Half a character may stand there.
    let end = text[..end].trim_end_matches('\u{fffd}').len();
    let starts = (0..end).filter(|at| text.is_char_boundary(*at));
    let mut starts = starts.filter(|at| end - at >= SHORTEST_SECRET);
    let at = starts.find(|at| value.starts_with(&text[*at..end]))?;
    Some((at, end - at))
}

/// The way back to the engine, which no secret goes.
pub(super) struct Discreet<'a> {
    pub link: &'a dyn Link,
    pub secrets: &'a Secrets,
}

impl Link for Discreet<'_> {
    fn progress(&self, done: u64, total: u64, numbers: &[(&str, f64)]) {
        let names: Vec<String> = numbers
            .iter()
            .map(|(name, _)| self.secrets.without(name))
            .collect();
        let said = names
            .iter()
            .zip(numbers)
            .map(|(name, (_, number))| (name.as_str(), *number));
        self.link.progress(done, total, &said.collect::<Vec<_>>());
    }

    fn log(&self, line: &str) {
        self.link.log(&self.secrets.without(line));
    }

    fn warn(&self, message: &str) {
        self.link.warn(&self.secrets.without(message));
    }

    fn cancelled(&self) -> bool {
        self.link.cancelled()
    }

    fn checkpoint(&self) -> Option<Vec<u8>> {
        self.link.checkpoint()
    }

    fn checkpoint_folder(&self) -> Result<Option<PathBuf>, JobError> {
        self.link.checkpoint_folder()
    }

    fn checkpoint_due(&self) -> bool {
        self.link.checkpoint_due()
    }

    fn save_checkpoint(&self, state: &[u8]) {
        self.link.save_checkpoint(state);
    }

    fn goes_on(&self) -> bool {
        self.link.goes_on()
    }

    fn hand_on(&self, state: &[u8]) {
        self.link.hand_on(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(values: &[&str]) -> Secrets {
        let values = values
            .iter()
            .map(|value| ("KEY".to_owned(), (*value).to_owned()));
        Secrets(values.collect())
    }

    #[test]
    fn names_stand_for_values_wherever_they_are() {
        let two = secrets(&["abcdefgh-long", "abcdefgh"]);
        assert_eq!(
            two.without("abcdefgh-long, abcdefgh, x"),
            "${KEY}, ${KEY}, x"
        );
        let failed = JobError::failed("link to `/abcdefgh`").hint("not abcdefgh");
        let JobError::Failed { message, hints, .. } = two.without_in(failed) else {
            panic!("it failed");
        };
        assert_eq!(
            (message.as_str(), hints),
            ("link to `/${KEY}`", vec!["not ${KEY}".to_owned()])
        );
    }

    #[test]
    fn a_colour_within_a_value_hides_it_from_nobody() {
        let one = secrets(&["tokAAAA1234567"]);
        let coloured = "\u{1b}[32mis\u{1b}[0m \u{1b}[1mtok\u{1b}[0mAAAA1234567";
        assert_eq!(one.without(coloured), "is ${KEY}");
        let other = "\u{1b}[32mgood\u{1b}[0m tokAAAA1234567";
        assert_eq!(one.without(other), "\u{1b}[32mgood\u{1b}[0m ${KEY}");
    }

    #[test]
    fn a_value_is_written_within_quotes_as_programs_do() {
        let value = "pä\\w0rd\"😀";
        let forms: Vec<String> = written(value).into_iter().collect();
        for text in [
            value,
            r#"pä\\w0rd"😀"#,
            r#"pä\\w0rd\"😀"#,
            r#"p\u00e4\\w0rd\"\ud83d\ude00"#,
        ] {
            assert!(forms.iter().any(|form| form == text), "{text}: {forms:?}");
        }
        assert_eq!(written("plain").len(), 1);
    }

    #[test]
    fn what_a_cut_left_of_a_value_goes_as_well() {
        let long = "é".repeat(3000);
        let line = format!("key={}{}1904 more bytes)", "é".repeat(2046), lines::CUT);
        let said = secrets(&[&long]).without(&line);
        assert_eq!(said, "key=${KEY} … (1904 more bytes)");
    }
}
