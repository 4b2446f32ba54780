//! Ticks that read well: round numbers, few enough for the length of the axis.

use std::collections::HashSet;

use super::dates;
use super::numbers;
use super::numbers::Format;
use super::numbers::minus;
use super::numbers::number;
use super::numbers::power_of_ten;
use super::scale::Scale;
use super::scale::coordinates;

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
pub(super) fn ticks(scale: &Scale, room: usize, at: &[f64], format: Format) -> Vec<Tick> {
    let room = room.max(2);
    let ticks: Vec<Tick> = match scale {
        Scale::Category { values } => coordinates(values)
            .into_iter()
            .enumerate()
            .filter_map(|(i, label)| labelled(scale, i as f64, label))
            .collect(),
        _ if !at.is_empty() && at.len() <= room && apart(scale, at, room) && read(at, format) => {
            let labels = alone(at, format);
            let labels = at.iter().zip(labels);
            labels
                .filter_map(|(value, label)| labelled(scale, *value, label))
                .collect()
        }
        Scale::Linear { low, high } => linear(scale, *low, *high, room, format),
        Scale::Date { low, high, .. } => dates::ticks(*low, *high, room)
            .into_iter()
            .filter_map(|(at, label)| labelled(scale, at, label))
            .collect(),
        Scale::Log { low, high } => log(scale, *low, *high, room, format),
        Scale::Symlog { low, high, linear } => symlog(scale, (*low, *high), *linear, room, format),
    };
    let mut ticks: Vec<Tick> = ticks.into_iter().filter(is_on).collect();
    if ticks.iter().all(|tick| tick.label.is_empty()) {
        ticks.extend(ends(scale, format));
    }
    ticks
}

/// Values that each have a text of their own.
fn alone(values: &[f64], format: Format) -> Vec<String> {
    match format {
        Format::Auto => values.iter().map(|value| number(*value)).collect(),
        format => numbers::uniform(values, 1.0, format),
    }
}

/// Whether these values read differently in the format, and are whole where it writes whole numbers.
fn read(values: &[f64], format: Format) -> bool {
    let mut seen = HashSet::new();
    let whole = format.unit() == Some(1.0);
    let mut read = values.iter().zip(alone(values, format));
    read.all(|(value, label)| seen.insert(label) && (!whole || format.is_exact(*value)))
}

/// The ends of an axis too short for round numbers, in all digits.
fn ends(scale: &Scale, format: Format) -> Vec<Tick> {
    let ends = [0.0, 1.0].map(|share| (share, scale.value(share)));
    let tick = |(place, value): (f64, Option<f64>)| {
        let value = value?;
        let label = match format {
            _ if matches!(scale, Scale::Date { .. }) => dates::whole(value),
            Format::Auto => minus(&format!("{value:?}")),
            format if format.is_exact(value) => alone(&[value], format).concat(),
            // Nothing on the axis can be written as asked for: better so than a wrong number.
            _ => number(value),
        };
        Some(Tick { place, label })
    };
    ends.into_iter().filter_map(tick).collect()
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

/// The largest step of 1, 2, 2.5 or 5 times a power of ten that fills the room, and that the format need not round.
fn round_step(span: f64, room: usize, format: Format) -> f64 {
    let rough = (span / room as f64).max(format.unit().unwrap_or(0.0));
    let power = 10f64.powf(rough.log10().floor());
    [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= rough * 0.999 && format.is_exact(*step))
        .unwrap_or(10.0 * power)
}

fn linear(scale: &Scale, low: f64, high: f64, room: usize, format: Format) -> Vec<Tick> {
    let step = round_step(high - low, room, format);
    if !(step.is_finite() && step > 0.0) {
        return Vec::new();
    }
    // Beside large numbers a small range has no round numbers that can be told apart.
    let (first, last) = ((low / step).ceil(), (high / step).floor());
    if !(first.abs() < 1e15 && last.abs() < 1e15 && last - first < 100.0) {
        return Vec::new();
    }
    let (first, last) = (first as i64, last as i64);
    if first >= last {
        return finer(scale, (low, high), room, format);
    }
    // Half a step between labels, so that eyes can count.
    let minors = (2 * first - 1..=2 * last + 1).filter(|k| k % 2 != 0);
    let minors = minors.map(|k| k as f64 * step / 2.0);
    let minors = minors.filter(|value| format.is_exact(*value));
    let minors = minors.filter_map(|value| labelled(scale, value, String::new()));
    let values: Vec<f64> = (first..=last).map(|k| k as f64 * step).collect();
    let labels = numbers::uniform(&values, step, format);
    let majors = values
        .iter()
        .zip(labels)
        .filter_map(|(value, label)| labelled(scale, *value, label));
    majors.chain(minors).collect()
}

/// Where one label alone would say nothing of the scale: of a finer step as many labels as there is room for.
fn finer(scale: &Scale, (low, high): (f64, f64), room: usize, format: Format) -> Vec<Tick> {
    let step = round_step(high - low, 3 * room, format);
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    let every = ((last - first + 1).max(1) as usize).div_ceil(room) as i64;
    // Zero is among them where it is on the axis.
    let from = if first <= 0 && last >= 0 { 0 } else { first };
    let is_labelled = |k: &i64| (k - from) % every == 0;
    let values: Vec<f64> = (first..=last)
        .filter(is_labelled)
        .map(|k| k as f64 * step)
        .collect();
    let mut labels = numbers::uniform(&values, step, format).into_iter();
    let tick = |k: i64| {
        let label = match is_labelled(&k) {
            true => labels.next().unwrap_or_default(),
            false => String::new(),
        };
        labelled(scale, k as f64 * step, label)
    };
    (first..=last).filter_map(tick).collect()
}

fn log(scale: &Scale, low: f64, high: f64, room: usize, format: Format) -> Vec<Tick> {
    if !(low > 0.0 && high.is_finite()) {
        return Vec::new();
    }
    let first = low.log10().floor() as i32;
    let last = high.log10().ceil() as i32;
    let decades: Vec<i32> = (first..=last)
        .filter(|k| (low * 0.999..=high * 1.001).contains(&power_of_ten(*k)))
        .filter(|k| format.is_exact(power_of_ten(*k)))
        .collect();
    let mut ticks = Vec::new();
    if decades.len() >= 2 {
        let every = decades.len().div_ceil(room).max(1) as i32;
        // Counted from 10⁰, or from the first where one alone would be left.
        let count = |from: i32| {
            let labelled = decades.iter().filter(|k| (*k - from) % every == 0);
            labelled.count()
        };
        let from = if count(0) >= 2 { 0 } else { decades[0] };
        for k in &decades {
            let label = match (k - from) % every == 0 {
                false => String::new(),
                true => decade(1.0, *k, &decades, format),
            };
            ticks.extend(labelled(scale, power_of_ten(*k), label));
        }
        if every == 1 && decades.len() <= 8 {
            let minors =
                (first..=last).flat_map(|k| (2..10).map(move |d| f64::from(d) * power_of_ten(k)));
            let minors = minors.filter(|value| format.is_exact(*value));
            ticks.extend(minors.filter_map(|value| labelled(scale, value, String::new())));
        }
        return ticks;
    }
    // Less than two decades: 1, 2 and 5, or round numbers where even those are too few.
    let few: Vec<f64> = (first - 1..=last)
        .flat_map(|k| [1.0, 2.0, 5.0].map(|d| d * power_of_ten(k)))
        .filter(|value| (low..=high).contains(value) && format.is_exact(*value))
        .collect();
    if few.len() >= 2 {
        let labels = few.iter().zip(alone(&few, format));
        ticks.extend(labels.filter_map(|(v, label)| labelled(scale, *v, label)));
        let minors =
            (first - 1..=last).flat_map(|k| (1..10).map(move |d| f64::from(d) * power_of_ten(k)));
        let minors = minors.filter(|v| !few.iter().any(|f| (f / v - 1.0).abs() < 1e-9));
        let minors = minors.filter(|value| format.is_exact(*value));
        ticks.extend(minors.filter_map(|value| labelled(scale, value, String::new())));
        return ticks;
    }
    linear(scale, low, high, room.min(4), format)
}

/// The label of so many times a power of ten, among others.
fn decade(times: f64, k: i32, decades: &[i32], format: Format) -> String {
    let plain = decades.iter().all(|k| (-2..=3).contains(k));
    match (format, plain) {
        (Format::Auto, false) => {
            let sign = if times < 0.0 { "−" } else { "" };
            let times = match times.abs() {
                1.0 => String::new(),
                times => format!("{times}·"),
            };
            format!("{sign}{times}10^{{{}}}", minus(&k.to_string()))
        }
        _ => alone(&[times * power_of_ten(k)], format).concat(),
    }
}

/// Zero and powers of ten of both signs, as far apart on either side.
fn symlog(
    scale: &Scale,
    (low, high): (f64, f64),
    threshold: f64,
    room: usize,
    format: Format,
) -> Vec<Tick> {
    let reach = low.abs().max(high.abs());
    if !(threshold > 0.0 && reach.is_finite()) {
        return linear(scale, low, high, room, format);
    }
    // Where the axis is of one sign it begins with a decade of its own.
    let nearest = low.max(-high).max(0.0);
    let first = threshold.log10().round().max(nearest.log10().floor()) as i32;
    let last = reach.log10().floor() as i32;
    let decades: Vec<i32> = (first..=last.max(first))
        .filter(|k| format.is_exact(power_of_ten(*k)))
        .collect();
    if decades.is_empty() {
        return linear(scale, low, high, room, format);
    }
    let both = low < 0.0 && high > 0.0;
    let count = decades.len() * if both { 2 } else { 1 } + 1;
    let every = count.div_ceil(room).max(1) as i32;
    let zero = scale.place(0.0).unwrap_or(-1.0);
    let with = |factors: &[f64]| {
        let mut ticks: Vec<Tick> = labelled(scale, 0.0, "0".to_owned()).into_iter().collect();
        for (&k, factor) in decades
            .iter()
            .flat_map(|k| factors.iter().map(move |f| (k, f)))
        {
            for times in [*factor, -factor] {
                let value = times * power_of_ten(k);
                let place = scale.place(value).unwrap_or(-1.0);
                // Beside zero there is room for zero only.
                let clear = (place - zero).abs() > 0.6 / room as f64;
                let label = match (last - k) % every == 0 && clear && format.is_exact(value) {
                    true => decade(times, k, &decades, format),
                    false => String::new(),
                };
                ticks.extend(labelled(scale, value, label));
            }
        }
        ticks.retain(is_on);
        ticks
    };
    let ticks = with(&[1.0]);
    let labels = |ticks: &[Tick]| ticks.iter().filter(|tick| !tick.label.is_empty()).count();
    // Three powers of a sign say how the axis runs; of fewer, more is labelled where it has room.
    let powers = ticks
        .iter()
        .filter(|tick| !matches!(&*tick.label, "" | "0"));
    if every > 1 || powers.count() >= if both { 6 } else { 3 } {
        return ticks;
    }
    let finer = [&[1.0, 2.0, 5.0][..], &[1.0, 5.0]].map(with).into_iter();
    // One label alone says neither the scale nor the range.
    let mut finer = finer.filter(|ticks| (2..=room.max(2)).contains(&labels(ticks)));
    match finer.next() {
        Some(finer) => finer,
        None if labels(&ticks) > 1 => ticks,
        None => linear(scale, low, high, room, format),
    }
}

/// Whether it stands on its axis.
fn is_on(tick: &Tick) -> bool {
    (-1e-9..=1.0 + 1e-9).contains(&tick.place)
}

/// Round heights strictly inside a scale, about so many.
pub(super) fn levels(scale: &Scale, count: usize) -> Vec<f64> {
    match scale {
        Scale::Log { low, high } => {
            let even = |i: usize| low * (high / low).powf((i + 1) as f64 / (count + 1) as f64);
            (0..count).map(even).collect()
        }
        Scale::Linear { low, high } => {
            let step = round_step(high - low, count, Format::Auto);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::scale::ScaleKind;

    fn labels(scale: &Scale, room: usize) -> Vec<String> {
        let ticks = ticks(scale, room, &[], Format::Auto).into_iter();
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
    fn there_are_two_labels_where_one_would_say_nothing() {
        for (low, high) in [(-8.6, -1.4), (-2.6, 4.4), (0.3, 0.9), (12.0, 19.0)] {
            let scale = Scale::Linear { low, high };
            let found = labels(&scale, 2);
            assert!(found.len() == 2, "{low} {high}: {found:?}");
        }
    }

    #[test]
    fn thousands_are_short_on_request() {
        let scale = Scale::Linear {
            low: 0.0,
            high: 200_000.0,
        };
        let plain = ["0", "50000", "100000", "150000", "200000"];
        assert_eq!(labels(&scale, 4), plain);
        let short = ticks(&scale, 4, &[], Format::Si);
        assert!(short.iter().any(|tick| tick.label == "150k"));
    }

    #[test]
    fn ticks_are_what_their_format_can_write() {
        let labels = |(low, high): (f64, f64), at: &[f64], format: &str| -> Vec<String> {
            let format = Format::parse(format).expect("a format");
            let ticks = ticks(&Scale::Linear { low, high }, 6, at, format).into_iter();
            let labels = ticks.map(|tick| tick.label);
            labels.filter(|label| !label.is_empty()).collect()
        };
        assert_eq!(labels((-0.08, 2.08), &[], "d"), ["0", "1", "2"]);
        assert_eq!(
            labels((0.0, 10.0), &[], ".0f"),
            ["0", "2", "4", "6", "8", "10"]
        );
        assert_eq!(labels((0.0, 0.021), &[], ".0%"), ["0%", "1%", "2%"]);
        // The values themselves where they are whole, and round numbers where they are not.
        assert_eq!(labels((0.0, 4.0), &[0.0, 1.0, 3.0], "d"), ["0", "1", "3"]);
        assert_eq!(labels((0.0, 2.0), &[0.0, 0.5, 1.5], "d"), ["0", "1", "2"]);
        assert_eq!(labels((0.2, 0.8), &[], "d"), ["0.2", "0.8"]);
        let scale = Scale::Log {
            low: 0.02,
            high: 200.0,
        };
        let ticks = ticks(&scale, 6, &[], Format::Fixed(0)).into_iter();
        let labels: Vec<String> = ticks.map(|tick| tick.label).collect();
        let labels = labels.iter().filter(|label| !label.is_empty());
        assert!(labels.eq(["1", "10", "100"]));
    }

    #[test]
    fn decades_are_powers_when_they_are_far() {
        let scale = Scale::Log {
            low: 1e-5,
            high: 1e1,
        };
        assert_eq!(labels(&scale, 4), ["10^{−4}", "10^{−2}", "10^{0}"]);
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
    fn no_axis_is_without_labels() {
        for (low, high) in [
            (1e6, 1e6 + 1e-9),
            (1.0, 1.0 + 1e-15),
            (1e-320, 9e-320),
            (-1e300, 1e300),
        ] {
            let texts = labels(&Scale::Linear { low, high }, 6);
            assert!(texts.len() >= 2, "{low} {high}: {texts:?}");
            let mut different = texts.clone();
            different.dedup();
            assert_eq!(texts, different);
        }
        let scale = Scale::Log {
            low: 1e-320,
            high: 1e-310,
        };
        assert!(labels(&scale, 6).len() >= 2);
    }

    #[test]
    fn signs_of_a_symmetric_logarithm_have_the_same_powers() {
        let scale = Scale::of_numbers(
            ScaleKind::Symlog,
            &[-300.0, -0.002, 0.01, 200.0],
            None,
            0.04,
        );
        for room in 3..9 {
            let texts = labels(&scale, room);
            let negative = texts.iter().filter(|t| t.starts_with('−')).count();
            assert_eq!(negative * 2 + 1, texts.len(), "{texts:?}");
        }
    }

    #[test]
    fn a_short_symmetric_logarithm_has_labels_within_its_decade() {
        let scale = |numbers: &[f64]| Scale::of_numbers(ScaleKind::Symlog, numbers, None, 0.05);
        assert_eq!(labels(&scale(&[1.0, 8.0]), 8), ["1", "2", "5"]);
        assert_eq!(labels(&scale(&[0.0, 1.0, 8.0]), 6), ["0", "1", "2", "5"]);
        for room in 2..9 {
            let texts = labels(&scale(&[1.0, 8.0]), room);
            assert!((2..=room).contains(&texts.len()), "{texts:?}");
        }
    }

    #[test]
    fn the_values_of_a_sweep_are_its_ticks() {
        let scale = Scale::of_numbers(ScaleKind::Log, &[5.0, 100.0], None, 0.04);
        let ticks = ticks(&scale, 6, &[5.0, 10.0, 20.0, 50.0, 100.0], Format::Auto);
        let labels: Vec<_> = ticks.iter().map(|tick| tick.label.as_str()).collect();
        assert_eq!(labels, ["5", "10", "20", "50", "100"]);
    }

    #[test]
    fn a_symmetric_logarithm_of_less_than_a_decade_says_its_scale() {
        for (low, high) in [
            (3e3, 9e3),
            (30.0, 45.0),
            (6.0, 9.0),
            (-8.0, -3.0),
            (2.1, 4.9),
            (1e5, 4e5),
        ] {
            let scale = Scale::Symlog {
                low,
                high,
                linear: 1.0,
            };
            let ticks = ticks(&scale, 6, &[], Format::Auto);
            let labels: Vec<&str> = ticks
                .iter()
                .map(|tick| &*tick.label)
                .filter(|label| !label.is_empty())
                .collect();
            assert!(labels.len() > 1, "{low} {high}: {labels:?}");
            assert!(
                labels.iter().all(|label| label.chars().count() < 9),
                "{labels:?}"
            );
        }
    }
}
