//! Ticks that read well: round numbers, few enough for the length of the axis.

use super::scale::Scale;
use super::scale::coordinate;

/// A tick; one without a label is minor.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    /// Share of the axis from its low end.
    pub place: f64,
    /// With markup; empty for a minor tick.
    pub label: String,
}

/// The ticks of a scale on an axis where about `room` labels fit. `at`: the values that occur, for
/// axes of few values: those then carry the labels.
pub(super) fn ticks(scale: &Scale, room: usize, at: &[f64]) -> Vec<Tick> {
    let room = room.max(2);
    let ticks = match scale {
        Scale::Category { values } => values
            .iter()
            .enumerate()
            .filter_map(|(i, value)| labelled(scale, i as f64, coordinate(value)))
            .collect(),
        _ if !at.is_empty() && at.len() <= room && apart(scale, at, room) => at
            .iter()
            .filter_map(|value| labelled(scale, *value, number(*value)))
            .collect(),
        Scale::Linear { low, high } => linear(scale, *low, *high, room),
        Scale::Log { low, high } => log(scale, *low, *high, room),
        Scale::Symlog { low, high, linear } => symlog(scale, *low, *high, *linear, room),
    };
    let inside = |tick: &Tick| (-1e-9..=1.0 + 1e-9).contains(&tick.place);
    ticks.into_iter().filter(inside).collect()
}

fn labelled(scale: &Scale, value: f64, label: String) -> Option<Tick> {
    let place = scale.place(value)?;
    Some(Tick { place, label })
}

/// Whether labels at these values would stand clear of one another.
fn apart(scale: &Scale, at: &[f64], room: usize) -> bool {
    let mut places: Vec<f64> = at.iter().filter_map(|v| scale.place(*v)).collect();
    places.sort_by(f64::total_cmp);
    let close = 0.55 / room as f64;
    places.windows(2).all(|pair| pair[1] - pair[0] > close)
}

/// The largest step of 1, 2, 2.5 or 5 times a power of ten that fills the room.
fn round_step(span: f64, room: usize) -> f64 {
    let rough = span / room as f64;
    let power = 10f64.powf(rough.log10().floor());
    [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= rough * 0.999)
        .unwrap_or(10.0 * power)
}

fn linear(scale: &Scale, low: f64, high: f64, room: usize) -> Vec<Tick> {
    let step = round_step(high - low, room);
    if !(step.is_finite() && step > 0.0) {
        return Vec::new();
    }
    // Beside large numbers a small range has no round numbers that can be told apart.
    let (first, last) = ((low / step).ceil(), (high / step).floor());
    if !(first.abs() < 1e12 && last.abs() < 1e12 && last - first < 100.0) {
        return Vec::new();
    }
    let (first, last) = (first as i64, last as i64);
    // Half a step between labels, so that eyes can count.
    let minors = (2 * first - 1..=2 * last + 1).filter(|k| k % 2 != 0);
    let minors = minors.filter_map(|k| labelled(scale, k as f64 * step / 2.0, String::new()));
    let values: Vec<f64> = (first..=last).map(|k| k as f64 * step).collect();
    let labels = uniform(&values, step);
    let majors = values
        .iter()
        .zip(labels)
        .filter_map(|(value, label)| labelled(scale, *value, label));
    majors.chain(minors).collect()
}

/// Labels of one axis with the same number of decimals.
fn uniform(values: &[f64], step: f64) -> Vec<String> {
    let largest = values.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    if (1e5..1e9).contains(&largest) {
        // One unit for all: `50k` beside `100k`.
        let (factor, suffix) = if largest >= 1e6 {
            (1e6, "M")
        } else {
            (1e3, "k")
        };
        let write = |value: &f64| match *value {
            0.0 => "0".to_owned(),
            value => format!("{}{suffix}", short(value / factor)),
        };
        return values.iter().map(write).collect();
    }
    if largest >= 1e9 || (largest > 0.0 && largest < 1e-3) {
        return values.iter().map(|value| number(*value)).collect();
    }
    // 2.5 needs one place more than its power of ten says.
    let power = step.log10().floor();
    let exact = (step / 10f64.powf(power)).fract().abs() < 1e-6;
    let places = (-power + if exact { 0.0 } else { 1.0 }).max(0.0) as usize;
    let write = |value: &f64| minus(&format!("{:.places$}", value + 0.0));
    values.iter().map(write).collect()
}

fn log(scale: &Scale, low: f64, high: f64, room: usize) -> Vec<Tick> {
    if !(low > 0.0 && high.is_finite()) {
        return Vec::new();
    }
    let first = low.log10().floor() as i32;
    let last = high.log10().ceil() as i32;
    let decades: Vec<i32> = (first..=last)
        .filter(|k| (low * 0.999..=high * 1.001).contains(&10f64.powi(*k)))
        .collect();
    let mut ticks = Vec::new();
    if decades.len() >= 2 {
        let every = decades.len().div_ceil(room).max(1) as i32;
        let plain = decades.iter().all(|k| (-2..=3).contains(k));
        for k in &decades {
            let shown = (k - decades[0]) % every == 0;
            let label = match (shown, plain) {
                (false, _) => String::new(),
                (true, true) => number(10f64.powi(*k)),
                (true, false) => format!("10^{{{}}}", minus(&k.to_string())),
            };
            ticks.extend(labelled(scale, 10f64.powi(*k), label));
        }
        if every == 1 && decades.len() <= 8 {
            let minors =
                (first..=last).flat_map(|k| (2..10).map(move |d| f64::from(d) * 10f64.powi(k)));
            ticks.extend(minors.filter_map(|value| labelled(scale, value, String::new())));
        }
        return ticks;
    }
    // Less than two decades: 1, 2 and 5, or round numbers where even those are too few.
    let few: Vec<f64> = (first - 1..=last)
        .flat_map(|k| [1.0, 2.0, 5.0].map(|d| d * 10f64.powi(k)))
        .filter(|value| (low..=high).contains(value))
        .collect();
    if few.len() >= 2 {
        ticks.extend(few.iter().filter_map(|v| labelled(scale, *v, number(*v))));
        let minors =
            (first - 1..=last).flat_map(|k| (1..10).map(move |d| f64::from(d) * 10f64.powi(k)));
        let minors = minors.filter(|v| !few.iter().any(|f| (f / v - 1.0).abs() < 1e-9));
        ticks.extend(minors.filter_map(|value| labelled(scale, value, String::new())));
        return ticks;
    }
    linear(scale, low, high, room.min(4))
}

fn symlog(scale: &Scale, low: f64, high: f64, threshold: f64, room: usize) -> Vec<Tick> {
    let reach = low.abs().max(high.abs());
    if !(threshold > 0.0 && reach.is_finite()) {
        return linear(scale, low, high, room);
    }
    let first = threshold.log10().round() as i32;
    let last = reach.log10().floor() as i32;
    let plain = first >= -2 && last <= 3;
    let both = low < 0.0 && high > 0.0;
    let decades = (last - first + 1).max(1) as usize * if both { 2 } else { 1 } + 1;
    let every = decades.div_ceil(room).max(1) as i32;
    let mut ticks: Vec<Tick> = labelled(scale, 0.0, "0".to_owned()).into_iter().collect();
    for k in first..=last {
        let value = 10f64.powi(k);
        let shown = (last - k) % every == 0;
        for sign in [1.0, -1.0] {
            let label = match (shown, plain) {
                (false, _) => String::new(),
                (true, true) => number(sign * value),
                (true, false) => {
                    let minus_sign = if sign < 0.0 { "−" } else { "" };
                    format!("{minus_sign}10^{{{}}}", minus(&k.to_string()))
                }
            };
            ticks.extend(labelled(scale, sign * value, label));
        }
    }
    ticks
}

/// A number as short as it can be read: `0.01`, `20`, `100k`, `2·10^{−6}`.
pub(super) fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let size = value.abs();
    if !(1e-3..1e5).contains(&size) {
        for (factor, suffix) in [(1e6, "M"), (1e3, "k")] {
            let scaled = value / factor;
            if (1.0..1000.0).contains(&scaled.abs()) {
                return format!("{}{suffix}", short(scaled));
            }
        }
        let exponent = size.log10().floor() as i32;
        let mantissa = short(value / 10f64.powi(exponent));
        let power = format!("10^{{{}}}", minus(&exponent.to_string()));
        return match mantissa.as_str() {
            "1" => power,
            "−1" => format!("−{power}"),
            _ => format!("{mantissa}·{power}"),
        };
    }
    short(value)
}

/// Three digits at most: for cells.
pub(super) fn brief(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || !(1e-3..1e5).contains(&size) {
        return number(value);
    }
    let places = (2 - size.log10().floor() as i32).clamp(0, 6) as usize;
    minus(&format!("{value:.places$}"))
}

/// Round heights strictly inside a scale, about so many.
pub(super) fn levels(scale: &Scale, count: usize) -> Vec<f64> {
    match scale {
        Scale::Log { low, high } => {
            let even = |i: usize| low * (high / low).powf((i + 1) as f64 / (count + 1) as f64);
            (0..count).map(even).collect()
        }
        Scale::Linear { low, high } => {
            let step = round_step(high - low, count);
            let (first, last) = ((low / step).floor(), (high / step).ceil());
            if !(first.abs() < 1e12 && last.abs() < 1e12 && last - first < 100.0) {
                return Vec::new();
            }
            let levels = (first as i64..=last as i64).map(|k| k as f64 * step);
            levels.filter(|level| level > low && level < high).collect()
        }
        _ => Vec::new(),
    }
}

/// Four digits at most, without trailing zeros.
fn short(value: f64) -> String {
    let exponent = value.abs().log10().floor() as i32;
    let places = (3 - exponent).clamp(0, 6) as usize;
    let text = format!("{value:.places$}");
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    minus(text)
}

/// A true minus sign.
fn minus(text: &str) -> String {
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::scale::ScaleKind;

    fn labels(scale: &Scale, room: usize) -> Vec<String> {
        let ticks = ticks(scale, room, &[]).into_iter();
        let labels = ticks.map(|tick| tick.label);
        labels.filter(|label| !label.is_empty()).collect()
    }

    #[test]
    fn linear_ticks_are_round_and_equally_precise() {
        let scale = Scale::Linear {
            low: -0.1,
            high: 1.1,
        };
        assert_eq!(
            labels(&scale, 6),
            ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
        );
        let scale = Scale::Linear {
            low: 0.0,
            high: 10.0,
        };
        assert_eq!(labels(&scale, 4), ["0.0", "2.5", "5.0", "7.5", "10.0"]);
    }

    #[test]
    fn thousands_are_short() {
        let scale = Scale::Linear {
            low: 0.0,
            high: 200_000.0,
        };
        assert_eq!(labels(&scale, 4), ["0", "50k", "100k", "150k", "200k"]);
    }

    #[test]
    fn decades_are_powers_when_they_are_far() {
        let scale = Scale::Log {
            low: 1e-5,
            high: 1e1,
        };
        assert_eq!(
            labels(&scale, 4),
            ["10^{−5}", "10^{−3}", "10^{−1}", "10^{1}"]
        );
        let scale = Scale::Log {
            low: 0.05,
            high: 200.0,
        };
        assert_eq!(labels(&scale, 6), ["0.1", "1", "10", "100"]);
    }

    #[test]
    fn half_a_decade_still_has_labels() {
        let scale = Scale::Log {
            low: 3.0,
            high: 12.0,
        };
        assert_eq!(labels(&scale, 6), ["5", "10"]);
        let scale = Scale::Log {
            low: 6.0,
            high: 9.0,
        };
        assert!(labels(&scale, 6).len() >= 2);
    }

    #[test]
    fn the_values_of_a_sweep_are_its_ticks() {
        let scale = Scale::of_numbers(ScaleKind::Log, &[5.0, 100.0], None, 0.04);
        let ticks = ticks(&scale, 6, &[5.0, 10.0, 20.0, 50.0, 100.0]);
        let labels: Vec<_> = ticks.iter().map(|tick| tick.label.as_str()).collect();
        assert_eq!(labels, ["5", "10", "20", "50", "100"]);
    }

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (0.01, "0.01"),
            (-2.5, "−2.5"),
            (1e5, "100k"),
            (2.5e6, "2.5M"),
            (2e-6, "2·10^{−6}"),
            (1e-4, "10^{−4}"),
            (12345.0, "12345"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
