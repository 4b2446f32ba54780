//! Classes of English words that need no parser: what a word is by itself.
//!
//! The closed classes (articles, prepositions, pronouns, …) are lists; what is in none of them is a
//! content word. So `to` is always a preposition, and nouns and verbs are one class. That's coarser than
//! a tagger's parts of speech, and needs no model.

/// The class of a token, for tables and figures.
pub fn token_class(token: &str) -> &'static str {
    if matches!(token, "<pad>" | "<unk>" | "<s>" | "</s>") || token.starts_with("_UNK") {
        return "special";
    }
    let letters = token.chars().any(char::is_alphabetic);
    if !letters {
        return match token.chars().any(|c| c.is_ascii_digit()) {
            true => "number",
            false => "punctuation",
        };
    }
    let lower = token.to_lowercase();
    let found = LISTS
        .iter()
        .find(|(_, words)| words.contains(&lower.as_str()));
    found.map_or("content", |(class, _)| class)
}

/// A word stands in the first list that has it.
const LISTS: [(&str, &[&str]); 6] = [
    (
        "pronoun",
        &[
            "i",
            "me",
            "my",
            "mine",
            "myself",
            "you",
            "your",
            "yours",
            "yourself",
            "he",
            "him",
            "his",
            "himself",
            "she",
            "her",
            "hers",
            "herself",
            "it",
            "its",
            "itself",
            "we",
            "us",
            "our",
            "ours",
            "ourselves",
            "they",
            "them",
            "their",
            "theirs",
            "themselves",
            "thou",
            "thee",
            "thy",
            "thine",
            "thyself",
            "ye",
            "who",
            "whom",
            "whose",
            "what",
            "which",
            "someone",
            "anyone",
            "everyone",
            "something",
            "anything",
            "nothing",
            "everything",
            "none",
            "one",
            "em",
        ],
    ),
    (
        "determiner",
        &[
            "a", "an", "the", "this", "that", "these", "those", "some", "any", "no", "every",
            "each", "all", "both", "such", "another", "many", "much", "few", "more", "most",
        ],
    ),
    (
        "preposition",
        &[
            "of", "in", "to", "for", "with", "on", "at", "by", "from", "about", "as", "into",
            "like", "through", "after", "over", "between", "out", "against", "during", "without",
            "before", "under", "around", "among", "upon", "up", "down", "off", "near", "within",
            "toward", "towards", "above", "below", "behind", "beside", "since", "till", "until",
            "unto",
        ],
    ),
    (
        "conjunction",
        &[
            "and", "or", "but", "nor", "so", "yet", "if", "because", "while", "although", "though",
            "unless", "than", "whether", "when", "where", "why", "how",
        ],
    ),
    (
        "auxiliary",
        &[
            "be", "am", "is", "are", "was", "were", "been", "being", "have", "has", "had",
            "having", "do", "does", "did", "will", "would", "shall", "should", "can", "could",
            "may", "might", "must", "hath", "doth", "art", "wilt", "shalt", "hast", "dost", "wert",
            "ca", "'s", "'re", "'ve", "'ll", "'d", "'m", "'tis",
        ],
    ),
    (
        "adverb",
        &[
            "not",
            "n't",
            "never",
            "now",
            "then",
            "here",
            "there",
            "too",
            "very",
            "just",
            "also",
            "only",
            "ever",
            "again",
            "well",
            "still",
            "even",
            "always",
            "thus",
            "therefore",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_has_a_class() {
        for (token, class) in [
            ("<unk>", "special"),
            ("</s>", "special"),
            ("?", "punctuation"),
            ("''", "punctuation"),
            ("1984", "number"),
            ("3.5", "number"),
            ("The", "determiner"),
            ("of", "preposition"),
            ("because", "conjunction"),
            ("'s", "auxiliary"),
            ("thee", "pronoun"),
            ("never", "adverb"),
            ("computer", "content"),
            ("ümläut", "content"),
            ("", "punctuation"),
        ] {
            assert_eq!(token_class(token), class, "{token}");
        }
    }

    #[test]
    fn no_word_is_in_two_lists() {
        let all: Vec<&str> = LISTS
            .iter()
            .flat_map(|(_, words)| words.iter().copied())
            .collect();
        for (i, word) in all.iter().enumerate() {
            assert!(!all[..i].contains(word), "{word}");
        }
    }
}
