//! Words to numbers: the most frequent words of the training text, after four special ones.

use std::collections::BTreeMap;

/// Every word outside the vocabulary.
pub(crate) const UNKNOWN: u32 = 1;
/// Opens a sequence.
pub(crate) const BEGIN: u32 = 2;
/// Closes a sequence.
pub(crate) const END: u32 = 3;

/// By index; `<pad>` fills batches up and is never part of a stored sequence.
const SPECIAL: [&str; 4] = ["<pad>", "<unk>", "<s>", "</s>"];

/// Whether a word of a text is one that stands for something else than a word: for an end or for nothing. Not
/// `<unk>`, which texts have for unknown words as the data set has.
pub(super) fn is_mark(word: &str) -> bool {
    SPECIAL.contains(&word) && word != SPECIAL[UNKNOWN as usize]
}

/// Words with their indices.
pub(super) struct Vocabulary {
    words: Vec<String>,
    indices: BTreeMap<String, u32>,
}

impl Vocabulary {
    /// The `most` most frequent words of these sentences, after the special ones; among equally
    /// frequent ones those first in the alphabet.
    pub(super) fn of<'a>(sentences: impl Iterator<Item = &'a [String]>, most: usize) -> Self {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for word in sentences.flatten() {
            *counts.entry(word).or_default() += 1;
        }
        for special in SPECIAL {
            counts.remove(special);
        }
        let mut ranked: Vec<(&str, u64)> = counts.into_iter().collect();
        // Stable, so that equal counts keep the order of the alphabet.
        ranked.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let frequent = ranked.into_iter().take(most).map(|(word, _)| word);
        let words: Vec<String> = SPECIAL
            .into_iter()
            .chain(frequent)
            .map(str::to_owned)
            .collect();
        let indices = words.iter().cloned().zip(0..).collect();
        Vocabulary { words, indices }
    }

    /// All words, by index.
    pub(super) fn words(&self) -> &[String] {
        &self.words
    }

    /// The sentence between [`BEGIN`] and [`END`].
    pub(super) fn encode(&self, sentence: &[String]) -> Vec<u32> {
        let index = |word: &String| self.indices.get(word).copied().unwrap_or(UNKNOWN);
        let mut tokens = vec![BEGIN];
        tokens.extend(sentence.iter().map(index));
        tokens.push(END);
        tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn frequent_words_come_first_and_ties_by_the_alphabet() {
        let sentences = [sentence("b a c a"), sentence("c <unk> d")];
        let vocabulary = Vocabulary::of(sentences.iter().map(Vec::as_slice), 3);
        assert_eq!(
            vocabulary.words(),
            ["<pad>", "<unk>", "<s>", "</s>", "a", "c", "b"]
        );
        assert_eq!(
            vocabulary.encode(&sentence("a d <unk> b")),
            [BEGIN, 4, UNKNOWN, UNKNOWN, 6, END]
        );
    }
}
