//! How many digits are worth printing.
//!
//! The half-width is rounded to one or two digits as the Particle Data Group does (Review of
//! Particle Physics, introduction, section 5.3), and the middle to the same place.

use crate::table::Estimate;
use crate::table::IntervalKind;
use crate::table::stats::Interval;
use crate::table::stats::same;

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

/// The most decimals that a column takes for the sake of its smallest number.
const LONGEST: usize = 6;

/// How the numbers of one column are cut: all to one place, under one power of ten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Precision {
    places: usize,
    pub times: i32,
}

impl Precision {
    /// Of one number alone.
    fn alone(estimate: &Estimate) -> Option<Self> {
        let times = power(largest(estimate)?);
        let places = places(estimate, times)?;
        Some(Precision { places, times })
    }

    /// Of a column: what half of its numbers need, and more where that would make different numbers
    /// read the same or one of them read as zero, up to what the most precise of them warrants. `decimals`
    /// if it is given.
    pub(super) fn of_column<'a>(
        estimates: impl Iterator<Item = &'a Estimate> + Clone,
        decimals: Option<usize>,
    ) -> Self {
        let times = match decimals {
            Some(_) => 0,
            None => power(estimates.clone().filter_map(largest).fold(0.0, f64::max)),
        };
        let own = estimates.clone().filter_map(|e| places(e, times));
        let mut own: Vec<usize> = own.collect();
        own.sort_unstable();
        let mut precision = Precision {
            places: decimals.or(own.get(own.len() / 2).copied()).unwrap_or(0),
            times,
        };
        let mut centres: Vec<f64> = estimates.clone().filter_map(|e| e.centre).collect();
        centres.sort_by(f64::total_cmp);
        centres.dedup_by(|a, b| same(*a, *b));
        let most = own.last().copied().unwrap_or(0);
        let most = most.min(LONGEST.max(precision.places));
        let merged = |precision: &Precision| {
            let mut pairs = centres.windows(2);
            pairs.any(|pair| precision.print(pair[0]) == precision.print(pair[1]))
        };
        while decimals.is_none() && precision.places < most && merged(&precision) {
            precision.places += 1;
        }
        let vanish = |precision: &Precision| estimates.clone().any(|e| precision.vanishes(e));
        while decimals.is_none() && precision.places < most && vanish(&precision) {
            precision.places += 1;
        }
        precision
    }

    /// Whether a number that is not zero, or its uncertainty, would be printed as zero.
    fn vanishes(&self, estimate: &Estimate) -> bool {
        let parts = [estimate.centre, half(estimate)].into_iter().flatten();
        let mut small = parts.filter(|part| *part != 0.0);
        small.any(|part| self.rounded(part) == 0.0)
    }

    fn print(&self, value: f64) -> String {
        let value = value / 10f64.powi(self.times);
        minus(format!("{value:.*}", self.places))
    }

    /// The number that is printed.
    pub(super) fn rounded(&self, value: f64) -> f64 {
        let value = value / 10f64.powi(self.times);
        let text = format!("{value:.*}", self.places);
        // No `-0` beside `0`.
        text.parse::<f64>().unwrap_or(value) + 0.0
    }

    /// Whether a number is so small beside the others of its column that it has digits of its own.
    fn stands_alone(&self, centre: f64) -> bool {
        self.places >= LONGEST && centre != 0.0 && self.rounded(centre) == 0.0
    }

    /// A number as far as print tells it from others.
    pub(super) fn shown(&self, centre: f64) -> f64 {
        match self.stands_alone(centre) {
            true => centre / 10f64.powi(self.times),
            false => self.rounded(centre),
        }
    }

    /// The digits of an estimate; none without a value. One that is so small beside the others of its column
    /// that it would read as zero has digits and a power of its own.
    pub(super) fn digits(&self, estimate: &Estimate, kind: IntervalKind) -> Option<Digits> {
        if estimate
            .centre
            .is_some_and(|centre| self.stands_alone(centre))
        {
            let alone = Precision::alone(estimate)?;
            if alone.places != self.places || alone.times != self.times {
                return alone.digits(estimate, kind);
            }
        }
        let print = |value: f64| self.print(value);
        let spread = match (estimate.interval, half(estimate)) {
            (Some(_), Some(half)) if kind.symmetric() => Spread::PlusMinus(print(half)),
            (Some(interval), _) => Spread::FromTo(print(interval.low), print(interval.high)),
            (None, _) => Spread::None,
        };
        Some(Digits {
            centre: print(estimate.centre?),
            spread,
            times: self.times,
        })
    }
}

/// The digits of an estimate alone; none without a value.
pub(super) fn digits(estimate: &Estimate, kind: IntervalKind) -> Option<Digits> {
    Precision::alone(estimate)?.digits(estimate, kind)
}

/// Half the width of the interval; zero where rounding can be all of it.
fn half(estimate: &Estimate) -> Option<f64> {
    let width = estimate.interval.map(|i| match same(i.low, i.high) {
        true => 0.0,
        false => (i.high - i.low) / 2.0,
    });
    width.filter(|half| half.is_finite())
}

fn largest(estimate: &Estimate) -> Option<f64> {
    let centre = estimate.centre?.abs();
    let ends = estimate
        .interval
        .map_or(0.0, |i| i.low.abs().max(i.high.abs()));
    Some(centre.max(ends))
}

fn places(estimate: &Estimate, times: i32) -> Option<usize> {
    let scale = 10f64.powi(times);
    let centre = estimate.centre?;
    Some(match half(estimate) {
        Some(half) if half > 0.0 => places_of_uncertainty(half / scale),
        _ => places_of_value(centre / scale),
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

    fn column(numbers: &[(f64, f64)]) -> Vec<String> {
        let estimate = |(centre, half): &(f64, f64)| Estimate {
            values: vec![*centre; 3],
            missing: 0,
            centre: Some(*centre),
            interval: Some(Interval {
                low: centre - half,
                high: centre + half,
            }),
        };
        let estimates: Vec<Estimate> = numbers.iter().map(estimate).collect();
        let precision = Precision::of_column(estimates.iter(), None);
        let digits = estimates
            .iter()
            .map(|e| precision.digits(e, IntervalKind::Sd));
        digits.map(|digits| digits.unwrap().centre).collect()
    }

    #[test]
    fn a_spread_of_rounding_rules_nothing() {
        assert_eq!(shown(99.9, 1.7e-14), "99.90 ± 0.00 e0");
        // 0.1 + 0.2 beside 0.3 is no other number.
        assert_eq!(column(&[(0.1 + 0.2, 0.0), (0.3, 0.0)]), ["0.3000"; 2]);
    }

    #[test]
    fn a_column_has_one_precision() {
        let wide = column(&[(95.123, 0.2), (91.0, 2.0), (80.41, 0.3), (70.2, 0.21)]);
        assert_eq!(wide, ["95.12", "91.00", "80.41", "70.20"]);
        // The typical spread warrants one decimal, which tells them apart.
        let coarse = column(&[(95.123, 2.0), (91.0, 2.0), (80.41, 0.3)]);
        assert_eq!(coarse, ["95.1", "91.0", "80.4"]);
        // The precise one may be told from its neighbour.
        let close = column(&[(95.12, 2.0), (95.13, 2.0), (80.41, 0.01)]);
        assert_eq!(close, ["95.12", "95.13", "80.41"]);
    }

    #[test]
    fn no_number_reads_as_zero_that_is_none() {
        let decades = column(&[(2.79, 0.27), (0.157, 0.015), (0.00273, 0.00027)]);
        assert_eq!(decades, ["2.7900", "0.1570", "0.0027"]);
        let far = column(&[(2.79, 0.27), (1.35e-18, 2e-19), (0.0, 0.0)]);
        assert_eq!(far, ["2.790000", "1.35", "0.000000"]);
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
