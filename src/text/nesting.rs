//! How deep an expression may go, before the evaluator's reader goes there by recursion.

/// Deeper expressions than this would tempt that recursion too far.
pub const DEEPEST: usize = 200;

/// A bracket and a condition go through all of the reader's levels.
const ALL_LEVELS: usize = 5;

/// An upper bound of how deep the evaluator's own reader goes: every sign may open a level.
pub fn nesting(text: &str) -> usize {
    let mut count = 0;
    let mut quote = None;
    let mut word = String::new();
    let mut before = ' ';
    // Of what is no space: `n[0]` and `n [0]` go on with `n`, `in [0]` begins a list.
    let mut last = ' ';
    let mut after_logic = false;
    let (mut open, mut deepest) = (0_usize, 0);
    for c in text.chars().chain([' ']) {
        if let Some(open) = quote {
            quote = Some(open).filter(|open| *open != c);
            (before, last, after_logic) = (c, c, false);
            continue;
        }
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
        } else {
            let logic = ["and", "else", "if", "in", "is", "not", "or"];
            if !word.is_empty() {
                after_logic = logic.contains(&word.as_str());
                count += match word.as_str() {
                    "if" => ALL_LEVELS,
                    _ => usize::from(after_logic),
                };
                word.clear();
            }
            // What is called or looked into is a level of what is made of it.
            let of_word = (last.is_alphanumeric() || last == '_') && !after_logic;
            let goes_on = of_word || matches!(last, ')' | ']' | '}' | '"' | '\'');
            // The point of a number.
            let point = c == '.' && before.is_ascii_digit();
            match c {
                '"' | '\'' => quote = Some(c),
                ')' | ']' | '}' => open = open.saturating_sub(1),
                '(' | '[' | '{' => {
                    count += usize::from(goes_on);
                    open += 1;
                    deepest = deepest.max(open);
                }
                ',' | ':' => {}
                c if c.is_whitespace() || point => {}
                _ => count += 1,
            }
        }
        before = c;
        if !c.is_whitespace() {
            last = c;
        }
    }
    count + ALL_LEVELS * deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_and_words_of_logic_count_and_lists_do_not() {
        assert_eq!(nesting("method in ['a-b', \"c - d\"] and lr < 0.5"), 8);
        assert_eq!(nesting(&"not ".repeat(500)), 500);
        assert_eq!(nesting(&"-".repeat(500)), 500);
        for chain in ["[0]", "()", "[:]", " ['a']"] {
            assert!(
                nesting(&format!("n{}", chain.repeat(500))) >= 500,
                "{chain}"
            );
        }
        let numbers = "1.5, ".repeat(500);
        assert_eq!(nesting(&format!("x in [{numbers}]")), 6);
    }
}
