//! Text as LaTeX takes it: every character outside ASCII that the program itself writes becomes a command.

use std::fmt::Write;

use crate::text::as_prose;
use crate::text::math;

/// A name in which `\\beta`, `z_1` and `10^{3}` are mathematics, as they are in figures.
pub(super) fn mathematics(text: &str) -> String {
    math::latex(text, &escape)
}

/// A caption: as names are, and with what stands between dollars as it is. A dollar that opens has no space after it,
/// one that closes none before it and no digit after it: `$5 and $6` are prices.
pub(super) fn caption_in_latex(text: &str) -> String {
    let Some((before, rest)) = text.split_once('$') else {
        return mathematics(text);
    };
    // A formula holds no dollar: the next one closes it, or none does.
    let mut dollars = rest.match_indices('$').map(|(at, _)| at);
    let next = dollars.find(|at| !rest[..*at].ends_with('\\'));
    let closes = |at: &usize| {
        let (inside, after) = (&rest[..*at], &rest[at + 1..]);
        !inside.starts_with(char::is_whitespace)
            && !inside.ends_with(char::is_whitespace)
            && !inside.is_empty()
            && !after.starts_with(|c: char| c.is_ascii_digit())
            && has_its_braces(inside)
    };
    match next.filter(closes) {
        Some(at) => format!(
            "{}${}${}",
            mathematics(before),
            math::in_formula(&rest[..at]),
            caption_in_latex(&rest[at + 1..])
        ),
        None => format!("{}\\${}", mathematics(before), caption_in_latex(rest)),
    }
}

fn has_its_braces(tex: &str) -> bool {
    let mut open = 0;
    let mut before = ' ';
    for c in tex.chars() {
        match c {
            '{' if before != '\\' => open += 1,
            '}' if before != '\\' => open -= 1,
            _ => {}
        }
        if open < 0 {
            return false;
        }
        // What stands after two is none of a command.
        before = if before == '\\' { ' ' } else { c };
    }
    open == 0 && before != '\\'
}

/// Text that LaTeX prints as it stands.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let prose = as_prose(text);
    let mut before = None;
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
            before = None;
            continue;
        }
        // Letters of a file system may come in two parts.
        let accent = chars.peek().and_then(|next| accent(*next));
        if let Some(accent) = accent.filter(|_| c.is_ascii_alphabetic()) {
            chars.next();
            let _ = write!(escaped, "\\{accent}{{{c}}}");
            before = None;
            continue;
        }
        // Two of them are another sign to LaTeX.
        let joins = match c {
            '-' | '\'' | ',' => before == Some(c),
            '`' => matches!(before, Some('`' | '?' | '!')),
            _ => false,
        };
        if joins {
            escaped.push_str("{}");
        }
        before = Some(c);
        push(c, &mut escaped);
    }
    escaped
}

fn push(c: char, escaped: &mut String) {
    match c {
        '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
            escaped.push('\\');
            escaped.push(c);
        }
        '~' => escaped.push_str("\\textasciitilde{}"),
        '^' => escaped.push_str("\\textasciicircum{}"),
        '\\' => escaped.push_str("\\textbackslash{}"),
        // German of babel takes it for its own.
        '"' => escaped.push_str("{\\char34}"),
        '<' => escaped.push_str("$<$"),
        '>' => escaped.push_str("$>$"),
        '|' => escaped.push_str("$|$"),
        '…' => escaped.push_str("\\dots{}"),
        '‘' => escaped.push('`'),
        '’' => escaped.push('\''),
        '‚' => escaped.push(','),
        '“' => escaped.push_str("``"),
        '”' => escaped.push_str("\'\'"),
        '„' => escaped.push_str(",,"),
        '–' | '‒' => escaped.push_str("--"),
        '—' | '―' => escaped.push_str("---"),
        '‐' | '\u{2011}' => escaped.push('-'),
        '\u{ad}' => escaped.push_str("\\-"),
        '\u{a0}' => escaped.push('~'),
        '\u{2009}' | '\u{200a}' | '\u{202f}' => escaped.push_str("\\,"),
        '\u{2000}'..='\u{2008}' | '\u{205f}' | '\u{3000}' => escaped.push(' '),
        // Joiners and selectors, which nobody sees.
        '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{fe0e}' | '\u{fe0f}' | '\u{feff}' => {}
        c => match math::sign(c) {
            Some(tex) => {
                let _ = write!(escaped, "${tex}$");
            }
            None => escaped.push(c),
        },
    }
}

/// The text under lines that name the package it needs beyond its own, and the letters that pdfLaTeX has no font for.
pub fn with_needs(tex: &str) -> String {
    let mut lines = String::new();
    if tex.contains("\\mathbb") || tex.contains("\\checkmark") {
        lines.push_str("% needs \\usepackage{amssymb}\n");
    }
    let mut foreign: Vec<char> = tex.chars().filter(|c| is_foreign(*c)).collect();
    foreign.sort_unstable();
    foreign.dedup();
    if !foreign.is_empty() {
        let named: Vec<String> = foreign.iter().take(8).map(char::to_string).collect();
        let more = if foreign.len() > 8 { " …" } else { "" };
        let encoding = match foreign
            .iter()
            .all(|c| matches!(c, '\u{400}'..='\u{45f}' | 'Ґ' | 'ґ'))
        {
            true => "\\usepackage[T2A]{fontenc}, or ",
            false => "",
        };
        let _ = writeln!(
            lines,
            "% needs {encoding}LuaLaTeX or XeLaTeX and a font that has {}{more}",
            named.join(" ")
        );
    }
    lines + tex
}

/// Whether pdfLaTeX stops at a letter unless a package or a font of the document brings it.
fn is_foreign(c: char) -> bool {
    !matches!(
        c,
        '\0'..='\u{17f}' | '€' | '™' | '‰' | '†' | '‡' | '※' | '№' | '‽'
    )
}

/// The command of LaTeX for an accent that is a character of its own, after its letter.
fn accent(c: char) -> Option<char> {
    let known = "`'^~=u.\"rvHckd";
    let all = "\u{300}\u{301}\u{302}\u{303}\u{304}\u{306}\u{307}\u{308}\u{30a}\u{30c}\u{30b}\u{327}\u{328}\u{323}";
    let at = all.chars().position(|accent| accent == c)?;
    known.chars().nth(at)
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
        assert_eq!(
            caption_in_latex(r"$5 of x, $β\gamma_{5%}$ and $x_{$"),
            r"\$5 of x, $\beta\gamma_{5\%}$ and \$x\_\{\$"
        );
    }

    #[test]
    fn signs_that_latex_joins_or_lacks_stand_as_they_are() {
        assert_eq!(escape("--lr a''b ?`"), "-{}-lr a'{}'b ?{}`");
        assert_eq!(escape("„x“ \"y\""), ",,x`` {\\char34}y{\\char34}");
        assert_eq!(escape("e\u{301}, \u{200b}a\u{2011}b"), r"\'{e}, a-b");
        assert_eq!(
            escape("∇f ∀x √2 ✓ 5°"),
            r"$\nabla$f $\forall$x $\surd$2 $\checkmark$ 5${}^{\circ}$"
        );
    }

    #[test]
    fn what_a_text_needs_stands_over_it() {
        assert_eq!(
            with_needs("é β"),
            "% needs LuaLaTeX or XeLaTeX and a font that has β\né β"
        );
        assert_eq!(
            with_needs("да"),
            "% needs \\usepackage[T2A]{fontenc}, or LuaLaTeX or XeLaTeX and a font that has а д\nда"
        );
        let names = with_needs(&mathematics(r"\mathbb{R} é β"));
        assert_eq!(
            names,
            "% needs \\usepackage{amssymb}\n$\\mathbb{R}$ é $\\beta$"
        );
    }

    #[test]
    fn every_special_character_is_escaped() {
        assert_eq!(
            escape(r"50% & a_b #1 {x} ~^\ β ≤ $"),
            r"50\% \& a\_b \#1 \{x\} \textasciitilde{}\textasciicircum{}\textbackslash{} $\beta$ $\le$ \$"
        );
    }
}
