//! How many digits are worth printing.
//!
//! The half-width is rounded to one or two digits as the Particle Data Group does (Review of
//! Particle Physics, introduction, section 5.3), and the middle to the same place.

use crate::table::Estimate;
use crate::table::IntervalKind;
use crate::table::stats::Interval;

/// An estimate cut to sensible digits; `times` is a common power of ten, 0 for none.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Digits {
    pub centre: String,
    pub spread: Spread,
    pub times: i32,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Spread {
    None,
    PlusMinus(String),
    FromTo(String, String),
}

/// The digits of an estimate; none without a value.
pub(super) fn digits(estimate: &Estimate, kind: IntervalKind) -> Option<Digits> {
    let centre = estimate.centre?;
    let half = estimate
        .interval
        .map(|interval| (interval.high - interval.low) / 2.0)
        .filter(|half| half.is_finite());
    let largest = estimate.interval.map_or(centre.abs(), |interval| {
        let ends = interval.low.abs().max(interval.high.abs());
        ends.max(centre.abs())
    });
    let times = power(largest);
    let scale = 10f64.powi(times);
    let places = match half {
        Some(half) if half > 0.0 => places_of_uncertainty(half / scale),
        _ => places_of_value(centre / scale),
    };
    let print = |value: f64| minus(format!("{:.places$}", value / scale));
    let spread = match (estimate.interval, half) {
        (Some(_), Some(half)) if kind.symmetric() => Spread::PlusMinus(print(half)),
        (Some(interval), _) => Spread::FromTo(print(interval.low), print(interval.high)),
        (None, _) => Spread::None,
    };
    Some(Digits {
        centre: print(centre),
        spread,
        times,
    })
}

/// A difference to a number without uncertainty, cut where the estimate is.
pub(super) fn difference(estimate: &Estimate, from: f64, kind: IntervalKind) -> Option<Digits> {
    let moved = Estimate {
        centre: Some(estimate.centre? - from),
        interval: estimate.interval.map(|interval| Interval {
            low: interval.low - from,
            high: interval.high - from,
        }),
        ..estimate.clone()
    };
    Some(Digits {
        spread: Spread::None,
        ..digits(&moved, kind)?
    })
}

/// A number as it was printed, with what stood after its ±.
pub(super) fn printed(value: f64, spread: Option<f64>) -> Digits {
    let places = |number: f64| {
        let text = number.to_string();
        text.find('.').map_or(0, |point| text.len() - point - 1)
    };
    let most = places(value).max(spread.map_or(0, places));
    let print = |number: f64| minus(format!("{number:.most$}"));
    Digits {
        centre: print(value),
        spread: spread.map_or(Spread::None, |spread| Spread::PlusMinus(print(spread))),
        times: 0,
    }
}

/// The common power of ten: none for numbers people read as they are.
fn power(largest: f64) -> i32 {
    if largest == 0.0 || (1e-3..1e6).contains(&largest) {
        0
    } else {
        largest.log10().floor() as i32
    }
}

/// Two digits of the uncertainty below 355, one from there (of its three first digits).
fn places_of_uncertainty(half: f64) -> usize {
    let exponent = half.log10().floor() as i32;
    let first_three = (half / 10f64.powi(exponent) * 100.0).round();
    let digits = if first_three < 355.0 { 2 } else { 1 };
    (digits - 1 - exponent).clamp(0, 12) as usize
}

/// Four digits of a value without uncertainty; a whole number as it is.
fn places_of_value(value: f64) -> usize {
    if value == value.trunc() {
        return 0;
    }
    (3 - value.abs().log10().floor() as i32).clamp(0, 12) as usize
}

/// A true minus sign, and no `-0.00`.
fn minus(text: String) -> String {
    let zero = text.chars().all(|c| matches!(c, '-' | '0' | '.'));
    match text.strip_prefix('-') {
        Some(rest) if zero => rest.to_owned(),
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(centre: f64, half: f64) -> String {
        let estimate = Estimate {
            values: vec![centre; 3],
            missing: 0,
            centre: Some(centre),
            interval: Some(Interval {
                low: centre - half,
                high: centre + half,
            }),
        };
        let digits = digits(&estimate, IntervalKind::Sd).unwrap();
        let Spread::PlusMinus(half) = digits.spread else {
            panic!("symmetric");
        };
        format!("{} ± {half} e{}", digits.centre, digits.times)
    }

    #[test]
    fn the_uncertainty_rules_the_digits() {
        assert_eq!(shown(0.827, 0.119), "0.83 ± 0.12 e0");
        assert_eq!(shown(0.827, 0.367), "0.8 ± 0.4 e0");
        assert_eq!(shown(0.827, 0.0963), "0.83 ± 0.10 e0");
        assert_eq!(shown(-89.1234, 0.2), "−89.12 ± 0.20 e0");
    }

    #[test]
    fn very_small_and_large_numbers_share_a_power() {
        assert_eq!(shown(1.234e-5, 2.1e-6), "1.23 ± 0.21 e-5");
        assert_eq!(shown(3.2e8, 4.4e7), "3.2 ± 0.4 e8");
    }

    #[test]
    fn a_value_alone_keeps_four_digits() {
        let estimate = Estimate::new(vec![Some(0.123456)], IntervalKind::Sd);
        let digits = digits(&estimate, IntervalKind::Sd).unwrap();
        assert_eq!(digits.centre, "0.1235");
        assert_eq!(digits.spread, Spread::None);
    }

    #[test]
    fn printed_numbers_keep_the_digits_of_their_spread() {
        let digits = printed(-86.6, Some(0.25));
        assert_eq!(digits.centre, "−86.60");
        assert_eq!(digits.spread, Spread::PlusMinus("0.25".to_owned()));
        assert_eq!(printed(3.0, None).centre, "3");
    }

    #[test]
    fn a_difference_is_cut_where_the_estimate_is() {
        let estimate = Estimate::new(vec![Some(-86.0), Some(-87.0)], IntervalKind::Sd);
        let digits = difference(&estimate, -88.123, IntervalKind::Sd).unwrap();
        assert_eq!(
            (digits.centre.as_str(), digits.spread),
            ("1.6", Spread::None)
        );
    }

    #[test]
    fn zero_has_no_sign() {
        assert_eq!(shown(-0.0001, 0.2), "0.00 ± 0.20 e0");
    }
}
