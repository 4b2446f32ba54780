//! Which numbers a text can stand for: those that become another one are refused, or handed on as what they became.

use crate::text::Diagnostic;

/// From here on not every whole number is a double.
const WHOLE: f64 = 9_007_199_254_740_992.0;

/// A plain number that would become another one, or text.
pub(super) fn unholdable(text: &str) -> Option<Diagnostic> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let all = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // Text for both readers, as telephone numbers are.
    if digits.len() > 1 && digits.starts_with('0') && all(digits) {
        return None;
    }
    if all(digits) && text.parse::<i64>().is_err() {
        return Some(
            Diagnostic::error(format!("`{text}` is too large a whole number")).help(format!(
                "quote it where text is meant; whole numbers end at {}",
                i64::MAX
            )),
        );
    }
    let float = text.parse::<f64>().ok()?;
    if !float.is_finite() {
        return Some(
            Diagnostic::error(format!("`{text}` is too large a number")).help(format!(
                "quote it where text is meant; numbers end at {:e}",
                f64::MAX
            )),
        );
    }
    if float == 0.0 && !significant(digits).is_empty() {
        return Some(
            Diagnostic::error(format!("`{text}` is too small a number")).help(format!(
                "it would be 0, quote it where text is meant; numbers begin at {:e}",
                f64::from_bits(1)
            )),
        );
    }
    let exact = || significant(text) == significant(&format!("{float:.0}"));
    let is_held = || is_own_text(text, float) || exact();
    if !all(digits) && float.abs() >= WHOLE && is_whole(digits) && !is_held() {
        return Some(
            Diagnostic::error(format!("`{text}` has more digits than a number holds"))
                .help(format!("it would be {float:?}; write it without a fraction, or quote it where text is meant")),
        );
    }
    None
}

/// Whether a text that is read as a number has no other digits than the number: no second text with other digits is
/// the same number then.
pub(super) fn is_own_text(text: &str, number: f64) -> bool {
    significant(text) == significant(&format!("{number:e}"))
}

/// The digits of a number without zeros at either end, which its exponent says as well.
fn significant(text: &str) -> String {
    let mantissa = text.split(['e', 'E']).next().unwrap_or(text);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').to_owned()
}

/// Whether the decimal that is written has no fraction.
fn is_whole(text: &str) -> bool {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let fraction = mantissa
        .split_once('.')
        .map_or("", |(_, fraction)| fraction);
    let places = fraction.trim_end_matches('0').len();
    let exponent: i64 = exponent.trim_start_matches('+').parse().unwrap_or(0);
    i64::try_from(places).is_ok_and(|places| places <= exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_become_another_number_is_refused() {
        for text in [
            "1e-400",
            "-0.1e-400",
            "1e400",
            "9007199254740993.0",
            "9.007199254740993e15",
            "9223372036854775808",
        ] {
            assert!(unholdable(text).is_some(), "{text}");
        }
        for text in [
            "0.0",
            "0e-400",
            "5e-324",
            "9007199254740992.0",
            "6.02214076e23",
            "1e23",
            "3.14159265358979323846",
            "007",
            "1.2.3",
        ] {
            assert!(unholdable(text).is_none(), "{text}");
        }
    }

    #[test]
    fn digits_that_are_lost_are_told_from_those_that_are_held() {
        for text in ["0.1", "1e-3", "0.90", "+2.50E+3", "1e23", "100", "-0"] {
            let number = text.parse().expect("a number");
            assert!(is_own_text(text, number), "{text}");
        }
        for text in [
            "0.12345678901234567891",
            "0.10000000000000001",
            "9007199254740993.0",
        ] {
            let number = text.parse().expect("a number");
            assert!(!is_own_text(text, number), "{text}");
        }
    }
}
