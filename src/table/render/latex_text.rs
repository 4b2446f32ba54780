//! Text as LaTeX takes it: every character outside ASCII that the program itself writes becomes a command.

use std::fmt::Write;

use crate::text::as_prose;
use crate::text::math;

/// A name in which `\\beta`, `z_1` and `10^{3}` are mathematics, as they are in figures.
pub fn mathematics(text: &str) -> String {
    math::latex(text, escape)
}

/// A caption: as names are, and with what stands between dollars as it is. A dollar that opens has no space after it,
/// one that closes none before it and no digit after it: `$5 and $6` are prices.
pub(super) fn caption_in_latex(text: &str) -> String {
    let Some((before, rest)) = text.split_once('$') else {
        return mathematics(text);
    };
    let closes = |(at, _): &(usize, &str)| {
        let (inside, after) = (&rest[..*at], &rest[at + 1..]);
        !inside.starts_with(char::is_whitespace)
            && !inside.ends_with(|c: char| c.is_whitespace() || c == '\\')
            && !inside.is_empty()
            && !after.starts_with(|c: char| c.is_ascii_digit())
    };
    match rest.match_indices('$').find(closes) {
        Some((at, _)) => format!(
            "{}${}${}",
            mathematics(before),
            &rest[..at],
            caption_in_latex(&rest[at + 1..])
        ),
        None => format!("{}\\${}", mathematics(before), caption_in_latex(rest)),
    }
}

/// Text that LaTeX prints as it stands.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let prose = as_prose(text);
    let mut chars = prose.chars().peekable();
    while let Some(c) = chars.next() {
        if let Some((raised, plain)) = script(c) {
            let mut inner = plain.to_string();
            while let Some((_, plain)) = chars
                .peek()
                .and_then(|c| script(*c))
                .filter(|(next, _)| *next == raised)
            {
                inner.push(plain);
                chars.next();
            }
            let mark = if raised { '^' } else { '_' };
            let _ = match inner.len() {
                1 => write!(escaped, "${mark}{inner}$"),
                _ => write!(escaped, "${mark}{{{inner}}}$"),
            };
            continue;
        }
        match c {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                escaped.push('\\');
                escaped.push(c);
            }
            '~' => escaped.push_str("\\textasciitilde{}"),
            '^' => escaped.push_str("\\textasciicircum{}"),
            '\\' => escaped.push_str("\\textbackslash{}"),
            '<' => escaped.push_str("$<$"),
            '>' => escaped.push_str("$>$"),
            '|' => escaped.push_str("$|$"),
            '−' => escaped.push_str("$-$"),
            '–' => escaped.push_str("--"),
            '±' => escaped.push_str("$\\pm$"),
            '×' => escaped.push_str("$\\times$"),
            '·' => escaped.push_str("$\\cdot$"),
            '≤' => escaped.push_str("$\\le$"),
            '≥' => escaped.push_str("$\\ge$"),
            '∞' => escaped.push_str("$\\infty$"),
            '→' => escaped.push_str("$\\to$"),
            '‖' | '∥' => escaped.push_str("$\\|$"),
            '↑' => escaped.push_str("$\\uparrow$"),
            '↓' => escaped.push_str("$\\downarrow$"),
            '≈' => escaped.push_str("$\\approx$"),
            '≠' => escaped.push_str("$\\ne$"),
            '∈' => escaped.push_str("$\\in$"),
            '⟨' => escaped.push_str("$\\langle$"),
            '⟩' => escaped.push_str("$\\rangle$"),
            '…' => escaped.push_str("\\dots{}"),
            '°' => escaped.push_str("$^\\circ$"),
            '‘' => escaped.push('`'),
            '’' => escaped.push('\''),
            '“' => escaped.push_str("``"),
            '”' => escaped.push_str("\'\'"),
            '—' => escaped.push_str("---"),
            '\u{a0}' => escaped.push('~'),
            c => match math::greek(c) {
                Some(name) => {
                    let _ = write!(escaped, "$\\{name}$");
                }
                None => escaped.push(c),
            },
        }
    }
    escaped
}

/// The sign that stands above or below the line as a letter of its own: whether above, and as a plain one.
fn script(c: char) -> Option<(bool, char)> {
    const RAISED: &str = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ";
    const LOWERED: &str = "₀₁₂₃₄₅₆₇₈₉₊₋ₙ";
    let plain = |at: usize| "0123456789+-n".chars().nth(at);
    let place = |list: &str| list.chars().position(|known| known == c).and_then(plain);
    let raised = place(RAISED).map(|plain| (true, plain));
    raised.or_else(|| place(LOWERED).map(|plain| (false, plain)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_that_are_letters_are_scripts() {
        assert_eq!(mathematics("10⁻³ m², x₁₀"), "10$^{-3}$ m$^2$, x$_{10}$");
        assert_eq!(mathematics("loss at β_2"), r"loss at $\beta_{2}$");
    }

    #[test]
    fn captions_have_mathematics() {
        assert_eq!(
            caption_in_latex(r"By $\beta$, \beta & x"),
            r"By $\beta$, $\beta$ \& x"
        );
        assert_eq!(caption_in_latex("$5 and $6 of 7"), r"\$5 and \$6 of 7");
    }

    #[test]
    fn every_special_character_is_escaped() {
        assert_eq!(
            escape(r"50% & a_b #1 {x} ~^\ β ≤ $"),
            r"50\% \& a\_b \#1 \{x\} \textasciitilde{}\textasciicircum{}\textbackslash{} $\beta$ $\le$ \$"
        );
    }
}
