//! Text: the shipped sentences, the layouts in a folder, and mistakes.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::support::complaint;
use super::support::get;
use super::support::gzip;
use super::support::load;
use super::support::load_in;
use super::support::project;
use super::support::put;
use super::support::values;
use crate::data::Context;
use crate::data::Dataset;
use crate::registry::Value;

fn in_folder(layout: &'static str) -> [(&'static str, Value); 2] {
    [("folder", "lines".into()), ("layout", layout.into())]
}

fn sentence(data: &Dataset, split: &str, row: usize) -> String {
    let split = data.split(split).expect("it is one of the three");
    let words = data.vocabulary();
    let tokens = split.sequences()[row].iter();
    let words: Vec<&str> = tokens.map(|token| words[*token as usize]).collect();
    words.join(" ")
}

/// Counts and words as Python's `gzip` and `collections.Counter` give them.
#[test]
fn the_shipped_sentences_are_words_of_shakespeare() {
    let data = load("text", &[]);
    let counts = data.splits().map(|(_, split)| split.len());
    assert_eq!(counts, [20_000, 2000, 2000]);
    assert_eq!(
        sentence(&data, "train", 0),
        "<s> yonder comes paris , yonder comes paris . </s>"
    );
    let words = data.vocabulary();
    assert_eq!(words[..8], FIRST_WORDS);
    assert_eq!(words.len(), VOCABULARY);
    let predicted = data.meta["mean_predicted"].as_f64().unwrap_or_default();
    assert!((predicted - PREDICTED).abs() < 1e-9, "{predicted}");
}

#[test]
fn rare_words_are_unknown() {
    let data = load("text", &[("max_vocabulary", 10.into())]);
    assert_eq!(data.vocabulary().len(), 14);
    let first = "<s> <unk> <unk> <unk> , <unk> <unk> <unk> . </s>";
    assert_eq!(sentence(&data, "train", 0), first);
}

#[test]
fn empty_and_long_sentences_are_dropped_and_counted() {
    let space = project();
    let root = space.path();
    put(root, "lines/train.txt", b"a b\n\nc d e f\na\n");
    put(root, "lines/val.txt", b"b\n");
    put(root, "lines/test.txt.gz", &gzip(b"z a\n"));
    let mut given = in_folder("plain").to_vec();
    given.push(("max_length", 3.into()));
    let data = load_in(root, "text", &given).expect("the files are well formed");
    assert_eq!(data.splits().map(|(_, split)| split.len()), [2, 1, 1]);
    assert_eq!(data.meta["dropped"], 2);
    // Two words and an end, one and one, one and one, two and one.
    assert_eq!(data.meta["mean_predicted"], 2.5);
    assert_eq!(
        data.vocabulary(),
        ["<pad>", "<unk>", "<s>", "</s>", "a", "b"]
    );
    assert_eq!(sentence(&data, "test", 0), "<s> <unk> a </s>");
}

#[test]
fn marks_among_the_words_are_told() {
    let space = project();
    let root = space.path();
    put(root, "lines/train.txt", b"a <s> b\nc </s>\na <unk>\n");
    put(root, "lines/val.txt", b"<pad>\n");
    put(root, "lines/test.txt", b"b\n");
    let log = RefCell::new(String::new());
    let context = Context {
        root,
        log: &|line| log.borrow_mut().push_str(line),
        given: &BTreeMap::new(),
        files: &BTreeMap::new(),
    };
    let given = values("text", &in_folder("plain"));
    let data = get("text").load(&given, &context).expect("sentences");
    assert_eq!(sentence(&data, "train", 0), "<s> a <s> b </s>");
    let log = log.into_inner();
    assert!(log.starts_with("3 sentences have `<s>`"), "{log}");
}

#[test]
fn classes_are_kept_with_their_names() {
    let space = project();
    let root = space.path();
    put(root, "lines/train.txt", b"0\ta b\n2\tc\n");
    put(root, "lines/val.txt", b"1\tb\n");
    put(root, "lines/test.txt", b"1\tc\n");
    put(root, "lines/classes.txt", b"act\nanimal\nbody\n");
    let data = load_in(root, "text", &in_folder("labelled")).expect("the files are well formed");
    assert_eq!(data.train.labels(), Some(vec![0, 2]));
    assert_eq!(data.classes(), Some(3));
    assert_eq!(data.meta["class_names"][2], "body");
}

#[test]
fn yahoo_files_count_classes_from_one_and_validate_on_the_end() {
    let space = project();
    let root = space.path();
    let lines: String = (1..=5)
        .map(|i| format!("\"{i}\",\"what {i}?\",\"\",\"so.\"\n"))
        .collect();
    put(root, "lines/train.csv", lines.as_bytes());
    put(
        root,
        "lines/test.csv",
        b"\"1\",\"why?\",\"\",\"so\"\n\"2\",\"how?\",\"\",\"so\"\n",
    );
    let data = load_in(root, "text", &in_folder("yahoo")).expect("the files are well formed");
    assert_eq!(data.train.labels(), Some(vec![0, 1, 2]));
    assert_eq!(data.valid.labels(), Some(vec![3, 4]));
    assert_eq!(sentence(&data, "train", 1), "<s> what 2 ? so . </s>");
}

#[test]
fn missing_empty_and_malformed_files_are_named() {
    let space = project();
    let root = space.path();
    assert_eq!(
        complaint(root, "text", &in_folder("plain")),
        "data set `text` needs `lines/train.txt`, which is not there: put it there, gzipped \
         (`.gz`) or plain, or choose another `layout`"
    );
    put(root, "lines/train.txt", b"1\ta\nb\n");
    assert_eq!(
        complaint(root, "text", &in_folder("labelled")),
        "`lines/train.txt`: line 2: there is no tab between a class and a sentence"
    );
    put(root, "lines/train.txt", b"");
    assert_eq!(
        complaint(root, "text", &in_folder("plain")),
        "`lines/train.txt`: it has no sentence"
    );
}

const FIRST_WORDS: [&str; 8] = ["<pad>", "<unk>", "<s>", "</s>", ",", ".", "the", "i"];
const VOCABULARY: usize = 14510;
const PREDICTED: f64 = 384222.0 / 24000.0;
