//! Scales: from values to places along an axis.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::table::display;

use super::dates::Clock;
use super::dates::Moment;
use super::markup;
use super::numbers;

/// Numbers that differ by a smaller share than this are one number, computed in two ways.
const ROUNDING: f64 = 1e-12;

/// The largest number on an axis: beyond, differences are infinite.
pub(super) const LARGEST: f64 = 1e300;

/// How values spread along an axis, as manifests name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScaleKind {
    /// Date for dates, category for other text; for an axis whose values are spaced by ratios, log;
    /// else linear.
    Auto,
    Linear,
    Log,
    /// Linear around zero, logarithmic beyond.
    Symlog,
    /// Values evenly spaced in their order.
    Category,
    /// Dates and times, as ISO 8601 writes them.
    Date,
}

impl ScaleKind {
    /// In the order of the kinds.
    pub(super) const NAMES: [&'static str; 6] =
        ["auto", "linear", "log", "symlog", "category", "date"];

    pub(super) fn name(self) -> &'static str {
        ScaleKind::NAMES[self as usize]
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "auto" => ScaleKind::Auto,
            "linear" => ScaleKind::Linear,
            "log" => ScaleKind::Log,
            "symlog" => ScaleKind::Symlog,
            "category" => ScaleKind::Category,
            "date" => ScaleKind::Date,
            _ => return None,
        })
    }
}

/// A scale over its range.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scale {
    Linear {
        low: f64,
        high: f64,
    },
    /// Both ends above zero.
    Log {
        low: f64,
        high: f64,
    },
    Symlog {
        low: f64,
        high: f64,
        /// Linear between −`linear` and `linear`.
        linear: f64,
    },
    /// One place per value, at its middle.
    Category {
        values: Vec<Json>,
    },
    /// Seconds since 1970 on a clock.
    Date {
        low: f64,
        high: f64,
        /// The first and the last of the data that are shown.
        data: (f64, f64),
        clock: Clock,
    },
}

impl Scale {
    /// Where a number lies: 0 at the low end, 1 at the high end. None where a logarithm is not
    /// defined. For categories the number is the position in their list.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        let share = match self {
            Scale::Linear { low, high } | Scale::Date { low, high, .. } => {
                (value - low) / (high - low)
            }
            Scale::Log { low, high } => {
                if value <= 0.0 {
                    return None;
                }
                (value.ln() - low.ln()) / (high.ln() - low.ln())
            }
            Scale::Symlog { low, high, linear } => {
                let bend = |value: f64| bend(value, *linear);
                (bend(value) - bend(*low)) / (bend(*high) - bend(*low))
            }
            Scale::Category { values } => (value + 0.5) / values.len().max(1) as f64,
        };
        share.is_finite().then_some(share)
    }

    /// The number at a share of the axis: the inverse of [`Scale::place`] for numeric scales.
    pub(super) fn value(&self, share: f64) -> Option<f64> {
        match self {
            Scale::Linear { low, high } | Scale::Date { low, high, .. } => {
                Some(low + share * (high - low))
            }
            Scale::Log { low, high } => Some((low.ln() + share * (high.ln() - low.ln())).exp()),
            Scale::Symlog { low, high, linear } => {
                let (from, to) = (bend(*low, *linear), bend(*high, *linear));
                Some(unbend(from + share * (to - from), *linear))
            }
            Scale::Category { .. } => None,
        }
    }

    /// A number in units that are even along the axis: itself, or its decades on a logarithm. None
    /// where a logarithm is not defined.
    pub(super) fn even(&self, value: f64) -> Option<f64> {
        match self {
            Scale::Log { .. } => (value > 0.0).then(|| value.log10()),
            Scale::Symlog { linear, .. } => Some(bend(value, *linear)),
            _ => Some(value),
        }
    }

    /// The number of so many even units: the inverse of [`Scale::even`].
    pub(super) fn uneven(&self, even: f64) -> f64 {
        match self {
            Scale::Log { .. } => 10f64.powf(even),
            Scale::Symlog { linear, .. } => unbend(even, *linear),
            _ => even,
        }
    }

    /// The length of a linear scale.
    pub(super) fn span(&self) -> Option<f64> {
        match self {
            Scale::Linear { low, high } => Some(high - low),
            _ => None,
        }
    }

    /// The number a coordinate stands for on this scale.
    pub(super) fn number(&self, value: &Json) -> Option<f64> {
        match self {
            Scale::Category { values } => {
                let position = values.iter().position(|known| known == value)?;
                Some(position as f64)
            }
            Scale::Date { clock, .. } => {
                let moment = Moment::of(value.as_str()?)?;
                Some(clock.seconds(moment))
            }
            _ => value.as_f64().filter(|value| value.is_finite()),
        }
    }

    /// A scale that holds all coordinates: from sorted numbers, or in order of appearance; null only on one of
    /// categories that is asked for.
    pub(super) fn of_coordinates(
        kind: ScaleKind,
        values: &[Json],
        range: Option<(f64, f64)>,
    ) -> Scale {
        let mut distinct: Vec<Json> = Vec::new();
        // Among names, none is one.
        let has_place = |value: &&Json| kind == ScaleKind::Category || !value.is_null();
        for value in values.iter().filter(has_place) {
            if !distinct.contains(value) {
                distinct.push(value.clone());
            }
        }
        let numbers: Vec<f64> = distinct.iter().filter_map(Json::as_f64).collect();
        let numeric = numbers.len() == distinct.len();
        match kind {
            ScaleKind::Category => return Scale::Category { values: distinct },
            _ if !numeric => return Scale::Category { values: distinct },
            _ => {}
        }
        let kind = match kind {
            ScaleKind::Auto if spaced_by_ratios(&numbers) => ScaleKind::Log,
            other => other,
        };
        Scale::of_numbers(kind, &numbers, range, 0.04)
    }

    /// A scale that holds all dates, in seconds on their clock.
    pub(super) fn of_dates(clock: Clock, values: &[Json], range: Option<(f64, f64)>) -> Scale {
        let moments = values.iter().filter_map(|v| Moment::of(v.as_str()?));
        let seconds: Vec<f64> = moments.map(|moment| clock.seconds(moment)).collect();
        let ends = |shown: (f64, f64)| {
            let shown = seconds.iter().filter(|s| (shown.0..=shown.1).contains(*s));
            shown.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), s| {
                (low.min(*s), high.max(*s))
            })
        };
        let (low, high) = ends((f64::NEG_INFINITY, f64::INFINITY));
        let data = ends(range.unwrap_or((low, high)));
        let (low, high) = match (range, high - low) {
            (Some(range), _) => range,
            // One date stands in the middle of its day.
            (None, span) if span <= 0.0 => (low - 43_200.0, high + 43_200.0),
            (None, span) => (low - 0.04 * span, high + 0.04 * span),
        };
        Scale::Date {
            low,
            high,
            data,
            clock,
        }
    }

    /// A scale that holds all numbers, with `margin` of its length left at both ends.
    pub(super) fn of_numbers(
        kind: ScaleKind,
        numbers: &[f64],
        range: Option<(f64, f64)>,
        margin: f64,
    ) -> Scale {
        let usable = |value: &&f64| match kind {
            ScaleKind::Log => **value > 0.0 && **value <= LARGEST,
            _ => value.abs() <= LARGEST,
        };
        let mut low = f64::INFINITY;
        let mut high = f64::NEG_INFINITY;
        for value in numbers.iter().filter(usable) {
            low = low.min(*value);
            high = high.max(*value);
        }
        if low > high {
            // Nothing to show: a frame with plain numbers.
            (low, high) = if kind == ScaleKind::Log {
                (1.0, 10.0)
            } else {
                (0.0, 1.0)
            };
        }
        match kind {
            ScaleKind::Log => {
                if high <= low * (1.0 + ROUNDING) {
                    (low, high) = ((low / 2.0).max(f64::from_bits(1)), high * 2.0);
                }
                // By logarithms: the quotient itself may be infinite.
                let ratio = (margin * (high.ln() - low.ln())).exp();
                let (low, high) = match range {
                    Some((from, to)) if from > 0.0 => (from, to),
                    _ => (
                        (low / ratio).max(f64::from_bits(1)),
                        (high * ratio).min(1e305),
                    ),
                };
                Scale::Log { low, high }
            }
            _ => {
                // Rounding is no spread.
                if high - low <= low.abs().max(high.abs()) * ROUNDING {
                    let room = if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
                    (low, high) = (low - room, high + room);
                }
                if kind == ScaleKind::Symlog {
                    return symlog(low, high, numbers, range, margin);
                }
                let room = (high - low) * margin;
                let (low, high) = range.unwrap_or((low - room, high + room));
                Scale::Linear { low, high }
            }
        }
    }
}

/// The linear part reaches to the smallest magnitude that is not zero, at most five decades below
/// the largest.
fn symlog(low: f64, high: f64, numbers: &[f64], range: Option<(f64, f64)>, margin: f64) -> Scale {
    let (low, high) = range.unwrap_or((low, high));
    let largest = low.abs().max(high.abs());
    let smallest = numbers
        .iter()
        .map(|value| value.abs())
        .filter(|value| *value > 0.0 && value.is_finite())
        .fold(largest, f64::min);
    let linear = 10f64.powf(smallest.max(largest * 1e-5).max(1e-300).log10().floor());
    let room = margin * (bend(high, linear) - bend(low, linear));
    let (low, high) = match range {
        Some(range) => range,
        None => (
            unbend(bend(low, linear) - room, linear),
            unbend(bend(high, linear) + room, linear),
        ),
    };
    Scale::Symlog { low, high, linear }
}

/// Identity up to `linear`, then a decade for every `linear`.
fn bend(value: f64, linear: f64) -> f64 {
    let size = value.abs() / linear;
    let bent = if size <= 1.0 {
        size
    } else {
        1.0 + size.log10()
    };
    bent.copysign(value)
}

fn unbend(value: f64, linear: f64) -> f64 {
    let size = value.abs();
    let straight = if size <= 1.0 {
        size
    } else {
        10f64.powf(size - 1.0)
    };
    (straight * linear).copysign(value)
}

/// Whether positive values span a decade and have more even ratios than differences.
fn spaced_by_ratios(values: &[f64]) -> bool {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else {
        return false;
    };
    if *first <= 0.0 || last / first < 10.0 || sorted.len() < 3 || sorted.len() > 40 {
        return false;
    }
    let uneven = |steps: Vec<f64>| {
        let largest = steps.iter().copied().fold(0.0, f64::max);
        largest / steps.iter().copied().fold(f64::INFINITY, f64::min)
    };
    let differences = sorted.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let ratios = sorted.windows(2).map(|pair| (pair[1] / pair[0]).ln());
    uneven(ratios.collect()) < uneven(differences)
}

/// The text of a coordinate at a tick, in a legend or over a panel: whole numbers have all their digits.
pub(super) fn coordinate(value: &Json) -> String {
    match value {
        Json::Null => "none".to_owned(),
        Json::Number(number) => match number.as_f64() {
            Some(_) if !number.is_f64() => numbers::minus(&number.to_string()),
            Some(whole) if whole.fract() == 0.0 && whole.abs() < numbers::EXACT => {
                numbers::minus(&format!("{:.0}", whole + 0.0))
            }
            Some(value) => numbers::number(value),
            None => number.to_string(),
        },
        Json::String(text) => markup::value(text),
        other => display(other),
    }
}

/// The texts of coordinates that stand side by side: those that would read the same have all their digits.
pub(super) fn coordinates(values: &[Json]) -> Vec<String> {
    let short: Vec<String> = values.iter().map(coordinate).collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for text in &short {
        *counts.entry(text).or_default() += 1;
    }
    let text = |(value, text): (&Json, &String)| match counts[text.as_str()] {
        2.. if value.is_number() => numbers::minus(&value.to_string()),
        _ => text.clone(),
    };
    values.iter().zip(&short).map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(numbers: &[f64]) -> Vec<Json> {
        numbers.iter().map(|number| Json::from(*number)).collect()
    }

    #[test]
    fn sweeps_spaced_by_ratios_are_logarithmic() {
        let auto = |numbers: &[f64]| Scale::of_coordinates(ScaleKind::Auto, &values(numbers), None);
        assert!(matches!(
            auto(&[5.0, 10.0, 20.0, 50.0, 100.0]),
            Scale::Log { .. }
        ));
        assert!(matches!(auto(&[1e-4, 1e-3, 1e-2]), Scale::Log { .. }));
        assert!(matches!(
            auto(&[1.0, 5.0, 10.0, 15.0, 20.0]),
            Scale::Linear { .. }
        ));
        assert!(matches!(auto(&[0.0, 1.0, 100.0]), Scale::Linear { .. }));
    }

    #[test]
    fn text_is_evenly_spaced_in_its_order() {
        let values = [Json::from("b"), Json::Null, Json::from("a")];
        let scale = Scale::of_coordinates(ScaleKind::Auto, &values, None);
        assert_eq!(scale.number(&Json::from("a")), Some(1.0));
        assert_eq!(scale.place(1.0), Some(0.75));
        assert_eq!(scale.number(&Json::from("c")), None);
    }

    #[test]
    fn one_value_stands_in_the_middle() {
        let scale = Scale::of_numbers(ScaleKind::Linear, &[3.0], None, 0.04);
        assert!((scale.place(3.0).unwrap() - 0.5).abs() < 1e-12);
        let scale = Scale::of_numbers(ScaleKind::Log, &[3.0], None, 0.04);
        assert!((scale.place(3.0).unwrap() - 0.5).abs() < 1e-12);
    }

    #[test]
    fn even_units_and_numbers_are_inverse() {
        for kind in [ScaleKind::Linear, ScaleKind::Log, ScaleKind::Symlog] {
            let scale = Scale::of_numbers(kind, &[0.5, 3.0, 4000.0], None, 0.04);
            for number in [0.5, 3.0, 4000.0] {
                let even = scale.even(number).unwrap();
                assert!((scale.uneven(even) / number - 1.0).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn a_logarithm_of_zero_has_no_place() {
        let scale = Scale::of_numbers(ScaleKind::Log, &[0.0, 1.0, 10.0], None, 0.0);
        assert_eq!(scale.place(0.0), None);
        assert_eq!(scale.place(1.0), Some(0.0));
    }

    #[test]
    fn symlog_goes_through_zero() {
        let scale = Scale::of_numbers(ScaleKind::Symlog, &[-100.0, 0.0, 100.0], None, 0.04);
        assert!((scale.place(0.0).unwrap() - 0.5).abs() < 1e-12);
        assert!(scale.place(100.0).unwrap() < 1.0);
    }

    #[test]
    fn names_of_numbers_are_told_apart() {
        let ids = [1_700_000_000_123_i64, 1_700_000_000_124].map(Json::from);
        assert_eq!(coordinates(&ids), ["1700000000123", "1700000000124"]);
        let floats = values(&[0.123_456_789_01, 0.123_456_789_02, 0.5]);
        assert_eq!(
            coordinates(&floats),
            ["0.12345678901", "0.12345678902", "0.5"]
        );
        assert_eq!(coordinate(&1e15.into()), "1000000000000000");
        assert_eq!(coordinate(&2.5e-7.into()), "2.5·10^{−7}");
    }
}
