//! The layouts in which collections of sentences are passed around.

use super::FormatError;
use super::source;
use crate::registry::choices;
use crate::table::delimited;

choices! {
    /// How a file writes its sentences.
    pub enum Layout {
        /// A sentence a line, words between blanks.
        Plain = "plain",
        /// The same after a class and a tab.
        Labelled = "labelled",
        /// CSV: class from 1, title, question, answer.
        Yahoo = "yahoo",
    }
}

impl Layout {
    /// Names of the training, validation and test file, without `.gz`.
    pub fn names(self) -> [&'static str; 3] {
        match self {
            Layout::Plain | Layout::Labelled => ["train.txt", "val.txt", "test.txt"],
            Layout::Yahoo => ["train.csv", "val.csv", "test.csv"],
        }
    }
}

/// Words in order, with their class if there is one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sentence {
    pub label: Option<u32>,
    pub words: Vec<String>,
}

/// A class number above this is a mistake, not a class.
const MOST_CLASSES: u32 = 100_000;

/// Reads the sentences of a file, empty ones too.
pub(super) fn parse(content: &[u8], layout: Layout) -> Result<Vec<Sentence>, FormatError> {
    // A mark of byte order is no letter; files that were joined have them within.
    let text = &source::text(content)?.replace('\u{feff}', "");
    match layout {
        Layout::Plain => Ok(text.lines().map(plain).collect()),
        Layout::Labelled => (1..).zip(text.lines()).map(labelled).collect(),
        Layout::Yahoo => yahoo(text),
    }
}

fn plain(line: &str) -> Sentence {
    Sentence {
        label: None,
        words: line.split_whitespace().map(str::to_owned).collect(),
    }
}

fn labelled((line, text): (usize, &str)) -> Result<Sentence, FormatError> {
    let (class, sentence) = text.split_once('\t').ok_or_else(|| FormatError::Line {
        line,
        why: "there is no tab between a class and a sentence".to_owned(),
    })?;
    Ok(Sentence {
        label: Some(label(class, line)?),
        ..plain(sentence)
    })
}

fn label(class: &str, line: usize) -> Result<u32, FormatError> {
    let parsed: Option<u32> = class.trim().parse().ok();
    let label = parsed.filter(|label| *label < MOST_CLASSES);
    label.ok_or_else(|| FormatError::Line {
        line,
        why: format!("`{}` is not a class number", class.trim()),
    })
}

fn yahoo(text: &str) -> Result<Vec<Sentence>, FormatError> {
    if let Some(at) = delimited::unclosed(text, b',') {
        return Err(FormatError::Line {
            line: 1 + delimited::line_ends(&text[..at]),
            why: "quotes open here that are not closed".to_owned(),
        });
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut sentences = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| FormatError::Line {
            line: error.position().map_or(0, |place| place.line() as usize),
            why: error.to_string(),
        })?;
        let line = record.position().map_or(0, |place| place.line() as usize);
        if record.len() < 2 {
            let why = "there are no fields after the class".to_owned();
            return Err(FormatError::Line { line, why });
        }
        let class = label(&record[0], line)?.checked_sub(1);
        let class = class.ok_or_else(|| FormatError::Line {
            line,
            why: "classes count from 1 here".to_owned(),
        })?;
        let fields = record.iter().skip(1);
        sentences.push(Sentence {
            label: Some(class),
            words: fields.flat_map(words).collect(),
        });
    }
    Ok(sentences)
}

/// Lower-case words; every punctuation mark but the apostrophe is a word of its own. The files
/// write line breaks as `\n`.
fn words(field: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in field.replace("\\n", " ").to_lowercase().chars() {
        if c.is_alphanumeric() || c == '\'' {
            words.last_mut().expect("there is always a word").push(c);
        } else {
            words.push(c.to_string());
            words.push(String::new());
        }
    }
    words.retain(|word| !word.trim().is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, layout: Layout) -> Vec<(Option<u32>, String)> {
        let sentences = parse(text.as_bytes(), layout).expect("the text is well formed");
        let joined = |sentence: Sentence| (sentence.label, sentence.words.join(" "));
        sentences.into_iter().map(joined).collect()
    }

    #[test]
    fn each_layout_is_read() {
        let plain = read("a  b c\n\nd\n", Layout::Plain);
        assert_eq!(
            plain,
            [
                (None, "a b c".into()),
                (None, "".into()),
                (None, "d".into())
            ]
        );
        let marked = read("\u{feff}a b\n\u{feff}c\n", Layout::Plain);
        assert_eq!(marked, [(None, "a b".into()), (None, "c".into())]);
        let labelled = read("\u{feff}3\ta b\n0\tc\n", Layout::Labelled);
        assert_eq!(labelled, [(Some(3), "a b".into()), (Some(0), "c".into())]);
        let yahoo = read(
            "\"6\",\"What's a Yam?\",\"\",\"a root\\n(\"\"tuber\"\")\"\n",
            Layout::Yahoo,
        );
        assert_eq!(
            yahoo,
            [(Some(5), "what's a yam ? a root ( \" tuber \" )".into())]
        );
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        let message = |text: &[u8], layout| {
            parse(text, layout)
                .expect_err("it is malformed")
                .to_string()
        };
        assert_eq!(
            message(b"a\nb\xff\n", Layout::Plain),
            "line 2: it is not UTF-8 text: save the file in that encoding"
        );
        assert_eq!(
            message(b"1\ta\nb\n", Layout::Labelled),
            "line 2: there is no tab between a class and a sentence"
        );
        assert_eq!(
            message(b"x\ta\n", Layout::Labelled),
            "line 1: `x` is not a class number"
        );
        assert_eq!(
            message(b"\"0\",\"a\"\n", Layout::Yahoo),
            "line 1: classes count from 1 here"
        );
        assert_eq!(
            message(b"1,a\n2\n", Layout::Yahoo),
            "line 2: there are no fields after the class"
        );
    }
}
