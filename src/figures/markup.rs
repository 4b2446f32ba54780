//! Text markup in labels: `E_q`, `10^3`, `x_{max}`, `\beta` and Greek names after a backslash.
//!
//! An underscore lowers only after a single letter or a Greek name, so that `test_kl` stays a name;
//! braces lower or raise anything.

use super::font;
use super::font::Weight;

/// Size of sub- and superscripts against the text, and their shift in em of the text.
const SMALL: f64 = 0.7;
const RAISED: f64 = 0.36;
const LOWERED: f64 = -0.16;

/// A piece of text on one baseline.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Run {
    pub text: String,
    /// Size against that of the text.
    pub scale: f64,
    /// Of the baseline, upwards, in em of the text.
    pub shift: f64,
}

impl Run {
    /// Text as it is.
    pub(super) fn plain(text: String) -> Self {
        Run {
            text,
            scale: 1.0,
            shift: 0.0,
        }
    }
}

/// Splits a label into runs.
pub(super) fn parse(label: &str) -> Vec<Run> {
    let chars: Vec<char> = label.chars().collect();
    let mut runs = Vec::new();
    let mut plain = String::new();
    let mut i = 0;
    while i < chars.len() {
        let c = chars[i];
        match c {
            '\\' => {
                let name: String = chars[i + 1..]
                    .iter()
                    .take_while(|c| c.is_ascii_alphabetic())
                    .collect();
                match greek(&name) {
                    Some(letter) => {
                        plain.push(letter);
                        i += 1 + name.len();
                    }
                    None => {
                        plain.push(c);
                        i += 1;
                    }
                }
            }
            '_' | '^' => match script(&chars, i, &plain, !runs.is_empty()) {
                Some((text, next)) => {
                    push(&mut runs, &mut plain);
                    runs.push(Run {
                        text,
                        scale: SMALL,
                        shift: if c == '^' { RAISED } else { LOWERED },
                    });
                    i = next;
                }
                None => {
                    plain.push(c);
                    i += 1;
                }
            },
            _ => {
                plain.push(c);
                i += 1;
            }
        }
    }
    push(&mut runs, &mut plain);
    runs
}

fn push(runs: &mut Vec<Run>, plain: &mut String) {
    if !plain.is_empty() {
        runs.push(Run::plain(std::mem::take(plain)));
    }
}

/// The text of the script that starts at `i`, and where reading goes on.
///
/// `stacked`: a script may stand right before.
fn script(chars: &[char], i: usize, before: &str, stacked: bool) -> Option<(String, usize)> {
    if chars.get(i + 1) == Some(&'{') {
        let end = i + 2 + chars[i + 2..].iter().position(|c| *c == '}')?;
        let inner: String = chars[i + 2..end].iter().collect();
        let inner: String = parse(&inner).into_iter().map(|run| run.text).collect();
        return Some((inner, end + 1));
    }
    let word_before: String = before
        .chars()
        .rev()
        .take_while(|c| c.is_alphanumeric())
        .collect();
    let follows = |c: &char| match chars[i] {
        '^' => c.is_ascii_digit() || matches!(c, '-' | '−' | '+' | '*'),
        _ => c.is_alphanumeric(),
    };
    let raised: String = chars[i + 1..].iter().copied().take_while(follows).collect();
    let length = raised.chars().count();
    let applies = match chars[i] {
        '^' => length > 0 && (!word_before.is_empty() || (before.is_empty() && stacked)),
        _ => word_before.chars().count() == 1 && length > 0,
    };
    applies.then(|| (raised.replace('-', "−"), i + 1 + length))
}

/// The letter of a Greek name.
fn greek(name: &str) -> Option<char> {
    const LOWER: [(&str, char); 24] = [
        ("alpha", 'α'),
        ("beta", 'β'),
        ("gamma", 'γ'),
        ("delta", 'δ'),
        ("epsilon", 'ε'),
        ("zeta", 'ζ'),
        ("eta", 'η'),
        ("theta", 'θ'),
        ("iota", 'ι'),
        ("kappa", 'κ'),
        ("lambda", 'λ'),
        ("mu", 'μ'),
        ("nu", 'ν'),
        ("xi", 'ξ'),
        ("omicron", 'ο'),
        ("pi", 'π'),
        ("rho", 'ρ'),
        ("sigma", 'σ'),
        ("tau", 'τ'),
        ("upsilon", 'υ'),
        ("phi", 'φ'),
        ("chi", 'χ'),
        ("psi", 'ψ'),
        ("omega", 'ω'),
    ];
    let lower = name.to_ascii_lowercase();
    let (_, letter) = LOWER.iter().find(|(known, _)| *known == lower)?;
    let capital = name.starts_with(|c: char| c.is_ascii_uppercase());
    Some(if capital {
        letter.to_uppercase().next().unwrap_or(*letter)
    } else {
        *letter
    })
}

/// Width in points of a label at a size in points.
pub(super) fn width(label: &str, weight: Weight, size: f64) -> f64 {
    width_of(&parse(label), weight, size)
}

/// Width in points of runs at a size in points.
pub(super) fn width_of(runs: &[Run], weight: Weight, size: f64) -> f64 {
    let widths = runs
        .iter()
        .map(|run| font::width(&run.text, weight, size * run.scale));
    widths.sum()
}

/// The label with its Greek letters and scripts written in one line, for captions.
pub(super) fn in_line(label: &str) -> String {
    let runs = parse(label).into_iter().map(|run| match run.shift {
        shift if shift > 0.0 => format!("^{}", run.text),
        shift if shift < 0.0 => format!("_{}", run.text),
        _ => run.text,
    });
    runs.collect()
}

/// The label without its markup, for screen readers.
pub(super) fn plain(label: &str) -> String {
    parse(label).into_iter().map(|run| run.text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(label: &str) -> String {
        let runs = parse(label).into_iter().map(|run| match run.shift {
            shift if shift > 0.0 => format!("^({})", run.text),
            shift if shift < 0.0 => format!("_({})", run.text),
            _ => run.text,
        });
        runs.collect()
    }

    #[test]
    fn letters_and_numbers_take_scripts() {
        assert_eq!(shown("E_q[log p]"), "E_(q)[log p]");
        assert_eq!(shown("10^-3"), "10^(−3)");
        assert_eq!(shown("x_{max}^2"), "x_(max)^(2)");
        assert_eq!(shown(r"\beta-VAE, \Sigma_0"), "β-VAE, Σ_(0)");
    }

    #[test]
    fn names_stay_names() {
        assert_eq!(shown("test_kl"), "test_kl");
        assert_eq!(shown(r"a\b"), r"a\b");
        assert_eq!(shown("x_"), "x_");
        assert_eq!(shown("x_{a"), "x_{a");
        assert_eq!(plain("10^3"), "103");
        assert_eq!(in_line(r"\beta by z_1"), "β by z_1");
    }
}
