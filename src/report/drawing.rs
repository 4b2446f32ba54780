//! Coordinates in SVG: two decimals are finer than any screen and keep the bytes few.

/// A coordinate or length.
pub(super) fn c(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    match text {
        "-0" => "0".to_owned(),
        text => text.to_owned(),
    }
}
