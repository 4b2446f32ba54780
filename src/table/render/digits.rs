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

/// Numbers of a column that differ by more than this factor share no power.
const DECADES: f64 = 1e6;

/// Nor do they beyond this one where an uncertainty would read as zero beside them.
const HIDING: f64 = 1e3;

/// Digits that numbers which are there twice over get at most; doubles have no more.
const ALL: usize = 17;

/// From here on doubles have no ones: whole numbers are not held to theirs.
const WHOLE: f64 = 9_007_199_254_740_992.0;

/// How the numbers of one column are cut: all to one place, under one power of ten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Precision {
    places: usize,
    pub times: i32,
    /// Whether whole numbers have spaces between their thousands.
    grouped: bool,
    /// Where numbers are too far apart for one power, each has its own, and so many digits beyond the usual ones.
    each: Option<usize>,
}

impl Precision {
    /// Of one number alone.
    fn alone(estimate: &Estimate) -> Option<Self> {
        let largest = largest(estimate)?;
        if is_whole(estimate) {
            return Some(Precision::whole(largest));
        }
        let times = power(largest);
        Some(Precision {
            places: places(estimate, times)?,
            times,
            grouped: false,
            each: None,
        })
    }

    fn whole(largest: f64) -> Self {
        Precision {
            places: 0,
            times: 0,
            grouped: largest >= 1e6,
            each: None,
        }
    }

    /// Of a column: what half of its numbers need, and more where that would make different numbers
    /// read the same or one of them read as zero, up to what the most precise of them warrants; numbers without
    /// uncertainty warrant what tells them apart. `decimals` if it is given.
    pub(super) fn of_column<'a>(
        estimates: impl Iterator<Item = &'a Estimate> + Clone,
        decimals: Option<usize>,
    ) -> Self {
        let plain = |places, times| Precision {
            places,
            times,
            grouped: false,
            each: None,
        };
        if let Some(places) = decimals {
            return plain(places, 0);
        }
        let there = estimates.clone().filter(|e| e.centre.is_some());
        let most = there.clone().filter_map(largest).fold(0.0, f64::max);
        if there.clone().all(is_whole) {
            return Precision::whole(most);
        }
        let mut exact: Vec<f64> = distinct(there.clone().filter(|e| !has_spread(e)));
        // Rounding of single precision tells nothing apart.
        exact.dedup_by(|a, b| (*a - *b).abs() <= 1e-6 * a.abs().max(b.abs()));
        let sizes = there.clone().filter_map(|e| e.centre);
        let sizes = sizes.map(f64::abs).filter(|size| *size > 0.0);
        let (least, largest) = sizes.fold((f64::INFINITY, 0.0), |(a, b): (f64, f64), size| {
            (a.min(size), b.max(size))
        });
        if largest / least > DECADES {
            return Precision::of_each(&exact);
        }
        let times = power(most);
        let own = there.clone().filter_map(|e| places(e, times));
        let mut own: Vec<usize> = own.collect();
        own.sort_unstable();
        let mut precision = plain(own.get(own.len() / 2).copied().unwrap_or(0), times);
        let most = own.last().copied().unwrap_or(0);
        let most = most.min(LONGEST.max(precision.places));
        let merged = |precision: &Precision, centres: &[f64]| {
            let mut pairs = centres.windows(2);
            pairs.any(|pair| precision.print(pair[0]) == precision.print(pair[1]))
        };
        let centres = distinct(there.clone());
        while precision.places < most && merged(&precision, &centres) {
            precision.places += 1;
        }
        let vanish = |precision: &Precision| there.clone().any(|e| precision.vanishes(e));
        while precision.places < most && vanish(&precision) {
            precision.places += 1;
        }
        while precision.places < ALL && merged(&precision, &exact) {
            precision.places += 1;
        }
        let hidden = |e: &Estimate| {
            let half = half(e).filter(|half| *half > 0.0);
            half.is_some_and(|half| precision.rounded(half) == 0.0)
        };
        if largest / least > HIDING && there.clone().any(hidden) {
            return Precision::of_each(&exact);
        }
        precision
    }

    /// Of numbers that share no power, of which `exact` have no uncertainty.
    fn of_each(exact: &[f64]) -> Self {
        let mut more = 0;
        let text = |value: &f64, more| printed_alone(*value, more);
        while more < ALL - 4
            && exact
                .windows(2)
                .any(|pair| text(&pair[0], more) == text(&pair[1], more))
        {
            more += 1;
        }
        Precision {
            places: 0,
            times: 0,
            grouped: false,
            each: Some(more),
        }
    }

    /// Whether a number that is not zero, or its uncertainty, would be printed as zero.
    fn vanishes(&self, estimate: &Estimate) -> bool {
        let parts = [estimate.centre, half(estimate)].into_iter().flatten();
        let mut small = parts.filter(|part| *part != 0.0);
        small.any(|part| self.rounded(part) == 0.0)
    }

    fn print(&self, value: f64) -> String {
        let text = minus(format!("{:.*}", self.places, scaled(value, self.times)));
        match self.grouped {
            true => in_thousands(&text),
            false => text,
        }
    }

    /// The number that is printed.
    fn rounded(&self, value: f64) -> f64 {
        let value = scaled(value, self.times);
        let text = format!("{value:.*}", self.places);
        // No `-0` beside `0`.
        text.parse::<f64>().unwrap_or(value) + 0.0
    }

    /// Whether a number is so small beside the others of its column that it has digits of its own.
    fn stands_alone(&self, centre: f64) -> bool {
        self.places >= LONGEST && centre != 0.0 && self.rounded(centre) == 0.0
    }

    /// A number as far as print tells it from others.
    pub(super) fn shown(&self, estimate: &Estimate) -> Option<f64> {
        let centre = estimate.centre?;
        if self.each.is_some() {
            let own = self.own(estimate)?;
            let text = format!("{:.*}e{}", own.places, scaled(centre, own.times), own.times);
            return Some(text.parse::<f64>().unwrap_or(centre) + 0.0);
        }
        Some(match self.stands_alone(centre) {
            true => scaled(centre, self.times),
            false => self.rounded(centre),
        })
    }

    /// Of a number that is too far from the others of its column.
    fn own(&self, estimate: &Estimate) -> Option<Self> {
        let mut own = Precision::alone(estimate)?;
        if !has_spread(estimate) && !is_whole(estimate) {
            own.places += self.each.unwrap_or(0);
        }
        Some(own)
    }

    /// The digits of an estimate; none without a value. One that is so small beside the others of its column
    /// that it would read as zero has digits and a power of its own.
    pub(super) fn digits(&self, estimate: &Estimate, kind: IntervalKind) -> Option<Digits> {
        let alone = |centre: f64| self.each.is_some() || self.stands_alone(centre);
        if estimate.centre.is_some_and(alone) {
            let own = self.own(estimate)?;
            if own != *self {
                return own.digits(estimate, kind);
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
    let centre = estimate.centre?;
    Some(match half(estimate) {
        Some(half) if half > 0.0 => places_of_uncertainty(scaled(half, times)),
        _ => places_of_value(scaled(centre, times)),
    })
}

fn has_spread(estimate: &Estimate) -> bool {
    half(estimate).is_some_and(|half| half > 0.0)
}

/// Whether it is a whole number without uncertainty: none of its digits is too many.
fn is_whole(estimate: &Estimate) -> bool {
    let whole = |value: f64| value.fract() == 0.0 && value.abs() < WHOLE;
    estimate.centre.is_some_and(whole) && !has_spread(estimate)
}

/// The middles that are not the same, in order.
fn distinct<'a>(estimates: impl Iterator<Item = &'a Estimate>) -> Vec<f64> {
    let mut centres: Vec<f64> = estimates.filter_map(|e| e.centre).collect();
    centres.sort_by(f64::total_cmp);
    centres.dedup_by(|a, b| same(*a, *b));
    centres
}

/// A number without its power of ten. Powers below 1e-300 have no double to divide by.
fn scaled(value: f64, times: i32) -> f64 {
    match times {
        ..-300 => value * 1e300 * 10f64.powi(-300 - times),
        _ => value / 10f64.powi(times),
    }
}

/// What tells numbers of a column that share no power apart.
fn printed_alone(value: f64, more: usize) -> String {
    format!("{value:.*e}", 3 + more)
}

/// Digits that two numbers are printed with, so that they do not read the same where they are not: four, or more.
pub fn digits_to_tell(a: f64, b: f64) -> usize {
    let alike = |digits: &usize| format!("{a:.*e}", digits - 1) == format!("{b:.*e}", digits - 1);
    match a.is_finite() && b.is_finite() && !same(a, b) {
        true => (4..ALL).find(|digits| !alike(digits)).unwrap_or(ALL),
        false => 4,
    }
}

/// Places after the point for so many digits of a number, as it is when it is rounded to them.
pub fn places_for(value: f64, digits: usize) -> usize {
    let text = format!("{value:.*e}", digits - 1);
    let power = text
        .split_once('e')
        .and_then(|(_, power)| power.parse::<i64>().ok());
    let places = digits as i64 - 1 - power.unwrap_or(0);
    places.clamp(0, digits as i64 + 8) as usize
}

/// A space that breaks no line between thousands.
pub(super) const THIN: char = '\u{202f}';

fn in_thousands(number: &str) -> String {
    let digits = number.trim_start_matches('−');
    let mut text = number[..number.len() - digits.len()].to_owned();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && digits.len() > 4 && (digits.len() - at).is_multiple_of(3) {
            text.push(THIN);
        }
        text.push(digit);
    }
    text
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
    let whole = most == 0 && value.abs() >= 1e6;
    Digits {
        centre: match whole {
            true => in_thousands(&print(value)),
            false => print(value),
        },
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
    let first_three = (scaled(half, exponent) * 100.0).round();
    let digits = if first_three < 355.0 { 2 } else { 1 };
    (digits - 1 - exponent).clamp(0, 12) as usize
}

/// Four digits of a value without uncertainty; a whole number as it is.
fn places_of_value(value: f64) -> usize {
    match same(value, value.round()) {
        true => 0,
        // 0.2 − 0.1 is 0.1000.
        false => places_for(value, 4),
    }
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
mod tests;
