//! Orders (`<`, `>=`, …) of values of one kind: to the evaluator every text is above every number. A filter in place
//! of each order looks at both sides, and only where evaluation comes to it: `x is number and x > 1`.

use std::cmp::Ordering;

/// The orders, the filters in their places, and when they hold.
pub(super) const ORDERS: [(&str, &str, fn(Ordering) -> bool); 4] = [
    ("<", "__lt", Ordering::is_lt),
    ("<=", "__le", Ordering::is_le),
    (">", "__gt", Ordering::is_gt),
    (">=", "__ge", Ordering::is_ge),
];

/// The expression with filters in place of orders, `((a)|__lt(b))` for `a < b`; none where there is no order in it.
pub(super) fn with_filters(text: &str) -> Option<String> {
    let mut rest = Rest {
        tokens: tokens(text),
        at: 0,
    };
    let mut orders = false;
    let mut written = String::new();
    // A bracket that closes nothing is left as it stands: the evaluator has refused it already.
    while rest.at < rest.tokens.len() {
        written.push_str(&level(&mut rest, &mut orders));
        written.push_str(rest.next().unwrap_or_default());
    }
    orders.then_some(written)
}

struct Rest<'t> {
    tokens: Vec<&'t str>,
    at: usize,
}

impl<'t> Rest<'t> {
    fn peek(&self) -> Option<&'t str> {
        self.tokens.get(self.at).copied()
    }

    fn next(&mut self) -> Option<&'t str> {
        let token = self.peek();
        self.at += 1;
        token
    }

    /// Takes white space and the word behind it, whatever it is elsewhere: the name of a test, a filter, a key.
    fn name(&mut self, to: &mut String) -> &'t str {
        while let Some(space) = self.peek().filter(|token| token.trim().is_empty()) {
            to.push_str(space);
            self.at += 1;
        }
        let name = self.next().unwrap_or_default();
        to.push_str(name);
        name
    }

    /// Whether the next word is this one.
    fn comes(&self, word: &str) -> bool {
        let mut words = self.tokens[self.at.min(self.tokens.len())..].iter();
        words.find(|token| !token.trim().is_empty()) == Some(&word)
    }
}

/// A chain of comparisons, `0 < x <= 1`, as far as it was read.
#[derive(Default)]
struct Chain {
    before: Vec<(String, &'static str)>,
    now: String,
}

impl Chain {
    fn compare(&mut self, by: &'static str) {
        self.before.push((std::mem::take(&mut self.now), by));
    }

    fn end(&mut self, written: &mut String, orders: &mut bool) {
        let last = std::mem::take(&mut self.now);
        let before = std::mem::take(&mut self.before);
        let filter = |by: &str| ORDERS.iter().find(|(order, ..)| *order == by);
        if !before.iter().any(|(_, by)| filter(by).is_some()) {
            for (side, by) in before {
                written.push_str(&format!("{side} {by} "));
            }
            written.push_str(&last);
            return;
        }
        *orders = true;
        let right = before.iter().skip(1).map(|(side, _)| side).chain([&last]);
        let parts = before
            .iter()
            .zip(right)
            .map(|((left, by), right)| match filter(by) {
                Some((_, filter, _)) => format!("(({left})|{filter}({right}))"),
                None => format!("(({left}) {by} ({right}))"),
            });
        let parts: Vec<String> = parts.collect();
        written.push_str(&format!(" ({}) ", parts.join(" and ")));
    }
}

/// What stands up to the bracket that closes this level.
fn level(rest: &mut Rest<'_>, orders: &mut bool) -> String {
    const COMPARED: [&str; 7] = ["==", "!=", "<", "<=", ">", ">=", "in"];
    let mut written = String::new();
    let mut chain = Chain::default();
    while let Some(token) = rest.peek().filter(|token| ![")", "]", "}"].contains(token)) {
        rest.at += 1;
        match token {
            "(" | "[" | "{" => {
                chain.now.push_str(token);
                chain.now.push_str(&level(rest, orders));
                chain.now.push_str(rest.next().unwrap_or_default());
            }
            "." | "|" => {
                chain.now.push_str(token);
                rest.name(&mut chain.now);
            }
            "is" => {
                chain.now.push_str(token);
                if rest.name(&mut chain.now) == "not" {
                    rest.name(&mut chain.now);
                }
            }
            "not" if rest.comes("in") => {
                rest.name(&mut String::new());
                chain.compare("not in");
            }
            "and" | "or" | "not" | "if" | "else" | "," | ":" | "=" => {
                chain.end(&mut written, orders);
                written.push_str(token);
            }
            _ => match COMPARED.iter().find(|by| **by == token) {
                Some(by) => chain.compare(by),
                None => chain.now.push_str(token),
            },
        }
    }
    chain.end(&mut written, orders);
    written
}

/// White space, words, texts in quotes, signs.
fn tokens(text: &str) -> Vec<&str> {
    let of_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let run = |of: &dyn Fn(char) -> bool| rest.find(|c| !of(c)).unwrap_or(rest.len());
        let length = match first {
            c if c.is_whitespace() => run(&char::is_whitespace),
            c if of_word(c) => run(&of_word),
            '"' | '\'' => quoted(rest, first),
            c => match rest.get(..2) {
                Some("<=" | ">=" | "==" | "!=") => 2,
                _ => c.len_utf8(),
            },
        };
        tokens.push(&rest[..length]);
        rest = &rest[length..];
    }
    tokens
}

/// The length of the text in quotes that stands in front.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::with_filters;

    #[test]
    fn orders_are_filters_and_all_else_stays() {
        let cases = [
            ("d > 1", " (((d )|__gt( 1))) "),
            ("0 < x <= 1", " (((0 )|__lt( x )) and (( x )|__le( 1))) "),
            ("max([x < 2, 1])", "max([ (((x )|__lt( 2))) , 1])"),
            ("not a.b|abs >= -1", "not (((a.b|abs )|__ge( -1))) "),
            (
                "x is not in(['<']) and y < 2",
                "x is not in(['<']) and (((y )|__lt( 2))) ",
            ),
        ];
        for (text, expected) in cases {
            let words = |text: &str| text.split_whitespace().collect::<String>();
            let written = with_filters(text).expect("it has an order");
            assert_eq!(words(&written), words(expected), "{text}");
        }
        for text in [
            "a == 'x < y'",
            "a not in ['\\'<']",
            "a // 2",
            "a|default(0)",
        ] {
            assert_eq!(with_filters(text), None, "{text}");
        }
    }
}
