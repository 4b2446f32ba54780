//! Numbers and times as people read them.

use crate::table::places_for;

/// Four digits; whole numbers as they are, very small and large ones with a power of ten.
pub(super) fn shown(value: f64) -> String {
    shown_to(value, 4)
}

/// The same with so many digits.
pub(super) fn shown_to(value: f64, digits: usize) -> String {
    if value == value.trunc() && value.abs() < 1e9 {
        return minus(format!("{value}"));
    }
    if (1e-3..1e6).contains(&value.abs()) {
        return minus(format!("{value:.*}", places_for(value, digits)));
    }
    let text = format!("{value:.*e}", digits - 1);
    match text.split_once('e') {
        Some((digits, power)) => minus(format!("{digits}·10{}", superscript(power))),
        None => text,
    }
}

/// `0.42 s`, `3 min 12 s`, `2 h 05 min`.
pub(super) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "–".to_owned();
    }
    if seconds < 0.0995 {
        return format!("{:.1} ms", seconds * 1e3);
    }
    if seconds < 9.95 {
        return format!("{seconds:.2} s");
    }
    if seconds < 59.95 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    if whole < 3600 {
        return format!("{} min {:02} s", whole / 60, whole % 60);
    }
    let minutes = (seconds / 60.0).round() as u64;
    format!("{} h {:02} min", minutes / 60, minutes % 60)
}

/// `1.4 MiB`
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    match unit {
        0 => format!("{bytes} B"),
        _ => format!("{value:.1} {}", UNITS[unit]),
    }
}

/// About five round marks between 0 and `end`.
pub(super) fn ticks(end: f64) -> Vec<f64> {
    if !(end.is_finite() && end > 0.0) {
        return vec![0.0];
    }
    let power = 10f64.powf((end / 5.0).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|step| step * power)
        .find(|step| end / step <= 6.0)
        .unwrap_or(10.0 * power);
    // Between the smallest doubles there is no step.
    let count = (end / step).floor().min(12.0) as usize;
    (0..=count).map(|i| i as f64 * step).collect()
}

fn minus(text: String) -> String {
    match text.strip_prefix('-') {
        Some("0") => "0".to_owned(),
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

fn superscript(power: &str) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    power
        .chars()
        .filter_map(|c| match c {
            '-' => Some('⁻'),
            c => DIGITS.get(c.to_digit(10)? as usize).copied(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(shown(0.123456), "0.1235");
        assert_eq!(shown(-12.0), "−12");
        assert_eq!(shown(-0.0), "0");
        assert_eq!(shown(1.5e-7), "1.500·10⁻⁷");
        assert_eq!(shown(98765.4321), "98765");
        assert_eq!(shown(0.2 - 0.1), "0.1000");
        assert_eq!(shown_to(0.912345, 5), "0.91234");
    }

    #[test]
    fn times_read_well() {
        assert_eq!(duration(0.0123), "12.3 ms");
        assert_eq!(duration(59.96), "1 min 00 s");
        assert_eq!(duration(7199.9), "2 h 00 min");
    }

    #[test]
    fn marks_are_round_and_few() {
        assert_eq!(ticks(10.0), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ticks(0.0), [0.0]);
        assert!(ticks(1e-323).len() <= 13);
        assert!((3..=7).contains(&ticks(7.3e4).len()));
    }
}
