//! Sentences as sequences of word indices.
//!
//! Twenty thousand sentences of Shakespeare travel in the program; the Yahoo set, and any text of
//! one sentence a line, is read from a folder of the project.

use std::path::Path;
use std::path::PathBuf;

use serde_json::Value as Json;
use serde_json::json;

use super::Array;
use super::Context;
use super::DataError;
use super::DataSet;
use super::Dataset;
use super::FormatError;
use super::Split;
use super::sentences;
use super::sentences::Layout;
use super::sentences::Sentence;
use super::source;
use super::split_sizes;
use super::vocabulary::Vocabulary;
use super::vocabulary::is_mark;
use crate::registry::Entry;
use crate::registry::Param;
use crate::registry::Property;
use crate::registry::Values;
use crate::registry::params;

/// `dataset/text`
pub(super) struct Text;

/// Uncompressed files are never larger: ten times the full Yahoo Answers set.
const LARGEST: u64 = 8 << 30;

/// Names of the classes, one a line; optional.
const CLASSES: &str = "classes.txt";

const SHIPPED: [&[u8]; 3] = [
    include_bytes!("files/shakespeare/train.txt.gz"),
    include_bytes!("files/shakespeare/val.txt.gz"),
    include_bytes!("files/shakespeare/test.txt.gz"),
];

params! {
    /// What `dataset/text` may be given.
    struct TextParams {
        /// folder of the project with the files [default: what travels in the program]
        folder: Option<PathBuf>;
        /// layout of the files
        layout: Layout = Layout::Plain;
        /// words beside the four special ones
        max_vocabulary: usize = 70_000, min(1);
        /// words of the longest sentence to keep
        max_length: usize = 200, min(1);
        /// sentences to train on, from the first [default: all]
        train: Option<usize>, min(1);
        /// sentences to validate on, from the first [default: all]
        valid: Option<usize>, min(1);
        /// sentences to test on, from the first [default: all]
        test: Option<usize>, min(1);
    }
}

impl Entry for Text {
    fn name(&self) -> &'static str {
        "text"
    }

    fn summary(&self) -> &'static str {
        "sentences as sequences of words: Shakespeare, or text of yours"
    }

    fn docs(&self) -> &'static str {
        "Without `folder`: 20,000 / 2,000 / 2,000 sentences of Shakespeare's plays, lower case. With\n\
         `folder`, in one of these layouts, gzipped (`.gz`) or plain:\n\
         \n\
         | `layout` | files |\n\
         | --- | --- |\n\
         | `plain` | `train.txt`, `val.txt`, `test.txt`: a sentence a line, words between blanks |\n\
         | `labelled` | the same, with a class from 0 and a tab before the sentence |\n\
         | `yahoo` | `train.csv`, `test.csv`: class from 1, title, question, answer; put in lower case, punctuation cut off; `val.csv`, or else the end of `train.csv`, for validation |\n\
         \n\
         `<pad>`, `<unk>`, `<s>`, `</s>` have indices 0 to 3; then come the most frequent words of the\n\
         training sentences. `tokens` are the sentences one after another, each between `<s>` and\n\
         `</s>`; `lengths` count both. Files should have neither: where `<s>`, `</s>` or `<pad>` is a word,\n\
         it is that mark in mid-sentence, and the log says so. Empty and too long sentences are dropped; `meta` says how many.\n\
         A split of which nothing is left is a mistake.\n\
         `mean_predicted` is the mean number of tokens that a model predicts: words and `</s>`.\n\
         \n\
         Source: the preprocessing of Kim et al. 2018, *Semi-amortized variational autoencoders*,\n\
         arXiv 1802.02550; Yahoo Answers: Zhang, Zhao and LeCun 2015, arXiv 1509.01626, and the sample\n\
         of Yang et al. 2017, arXiv 1702.08139, which its authors pass on."
    }

    fn params(&self) -> Vec<Param> {
        TextParams::params()
    }
}

impl DataSet for Text {
    fn has_sequences(&self) -> bool {
        true
    }

    fn range(&self, _params: &Values) -> Option<(f64, f64)> {
        None
    }

    fn lacks(&self, _params: &Values) -> Vec<Property> {
        vec![Property::Pictures, Property::LogDensity]
    }

    fn load(&self, params: &Values, context: &Context<'_>) -> Result<Dataset, DataError> {
        let params = TextParams::read(params)?;
        let folder = params.folder.as_deref();
        let raw = match folder {
            Some(folder) => in_folder(&context.root.join(folder), params.layout)?,
            None => in_program()?,
        };
        let longest = params.max_length;
        let limits = [
            ("train", params.train),
            ("valid", params.valid),
            ("test", params.test),
        ];
        let mut dropped = 0;
        let mut kept = Vec::new();
        for ((name, limit), sentences) in limits.into_iter().zip(raw) {
            let all = sentences.len();
            let fitting = |sentence: &Sentence| (1..=longest).contains(&sentence.words.len());
            let mut sentences: Vec<Sentence> = sentences.into_iter().filter(fitting).collect();
            dropped += all - sentences.len();
            let count = split_sizes::limit(name, limit, sentences.len(), "sentences in that file")?;
            sentences.truncate(count);
            if sentences.is_empty() {
                return Err(DataError::NothingLeft {
                    split: name,
                    all,
                    longest,
                });
            }
            kept.push(sentences);
        }
        let marked = kept.iter().flatten();
        let marked = marked.filter(|sentence| sentence.words.iter().any(|word| is_mark(word)));
        match marked.count() {
            0 => (),
            count => (context.log)(&format!(
                "{} `<s>`, `</s>` or `<pad>` among the words: in mid-sentence these are the marks of its \
                 beginning, its end and of nothing, so take them out of the files",
                match count {
                    1 => "1 sentence has".to_owned(),
                    count => format!("{count} sentences have"),
                }
            )),
        }
        let training = kept[0].iter().map(|sentence| sentence.words.as_slice());
        let vocabulary = Vocabulary::of(training, params.max_vocabulary);
        let classes = classes(&kept);
        let tokens: usize = kept.iter().flatten().map(|s| s.words.len() + 1).sum();
        let count: usize = kept.iter().map(Vec::len).sum();
        let mut meta = json!({
            "name": self.name(),
            "dropped": dropped,
            "mean_predicted": tokens as f64 / count.max(1) as f64,
            "vocabulary": vocabulary.words(),
            "origin": match folder {
                Some(_) => "files of the user",
                None => "sentences of Shakespeare's plays",
            },
            "licence": match folder {
                Some(_) => "of the files: not stated",
                None => "public domain",
            },
        });
        if let Some(classes) = classes {
            meta["classes"] = json!(classes);
            if let Some(folder) = folder {
                meta["class_names"] = class_names(&context.root.join(folder))?;
            }
        }
        let mut splits = kept.iter().map(|sentences| split(sentences, &vocabulary));
        let mut next = || splits.next().unwrap_or_default();
        Ok(Dataset::new(next(), next(), next(), meta))
    }
}

fn in_program() -> Result<[Vec<Sentence>; 3], DataError> {
    let mut splits = Vec::new();
    for (name, bytes) in Layout::Plain.names().into_iter().zip(SHIPPED) {
        let read = || {
            let content = source::content(bytes.to_vec(), true, LARGEST)?;
            sentences::parse(&content, Layout::Plain)
        };
        splits.push(read().map_err(|error| error.at(format!("(in the program)/{name}.gz")))?);
    }
    Ok(three(splits))
}

fn in_folder(folder: &Path, layout: Layout) -> Result<[Vec<Sentence>; 3], DataError> {
    let [train, valid, test] = layout.names();
    let mut first = read(folder, train, layout)?;
    let last = read(folder, test, layout)?;
    let middle = match source::find(folder, valid) {
        // Yahoo has no file for it: as many as there are to test on, from the end.
        None if layout == Layout::Yahoo => {
            let left = first
                .len()
                .saturating_sub(last.len())
                .max(first.len().div_ceil(2));
            first.split_off(left)
        }
        _ => read(folder, valid, layout)?,
    };
    Ok([first, middle, last])
}

fn three(splits: Vec<Vec<Sentence>>) -> [Vec<Sentence>; 3] {
    let three = <[Vec<Sentence>; 3]>::try_from(splits);
    three.unwrap_or_else(|_| unreachable!("BUG: there are three files"))
}

fn read(folder: &Path, name: &str, layout: Layout) -> Result<Vec<Sentence>, DataError> {
    let path = source::find(folder, name).ok_or_else(|| DataError::Missing {
        name: Text.name(),
        path: folder.join(name),
        instead: "put it there, gzipped (`.gz`) or plain, or choose another `layout`".to_owned(),
        sha256: "",
    })?;
    let content = source::read(&path, LARGEST)?;
    let sentences = sentences::parse(&content, layout).map_err(|error| error.at(&path))?;
    if sentences.is_empty() {
        let what = "sentence".to_owned();
        return Err(FormatError::Lacks { what }.at(path));
    }
    Ok(sentences)
}

/// One more than the largest class, if there are classes.
fn classes(splits: &[Vec<Sentence>]) -> Option<u32> {
    let labels = splits
        .iter()
        .flatten()
        .filter_map(|sentence| sentence.label);
    labels.max().map(|largest| largest + 1)
}

fn class_names(folder: &Path) -> Result<Json, DataError> {
    let Some(path) = source::find(folder, CLASSES) else {
        return Ok(Json::Null);
    };
    let names = source::read(&path, 1 << 20)?;
    let names = source::text(&names).map_err(|error| error.at(&path))?;
    Ok(names
        .lines()
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect())
}

fn split(sentences: &[Sentence], vocabulary: &Vocabulary) -> Split {
    let mut tokens: Vec<u32> = Vec::new();
    let mut lengths: Vec<u32> = Vec::with_capacity(sentences.len());
    for sentence in sentences {
        let sequence = vocabulary.encode(&sentence.words);
        lengths.push(sequence.len() as u32);
        tokens.extend(sequence);
    }
    let labels: Option<Vec<u32>> = sentences.iter().map(|sentence| sentence.label).collect();
    let split = Split::new()
        .with("lengths", Array::column(lengths))
        .with("tokens", Array::column(tokens));
    match labels {
        Some(labels) => split.with("label", Array::column(labels)),
        None => split,
    }
}
