//! Dates and times as coordinates: text in ISO 8601 to seconds, and ticks at whole years to seconds.

use chrono::DateTime;
use chrono::Datelike;
use chrono::Months;
use chrono::NaiveDate;
use chrono::NaiveDateTime;
use chrono::TimeDelta;
use chrono::Timelike;
use serde_json::Value as Json;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A moment that a text names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moment {
    /// Since 1970 in UTC; of a text without a zone, as if that were its zone.
    seconds: f64,
    /// East of UTC, in seconds; none without a zone.
    offset: Option<i32>,
}

impl Moment {
    /// A date (`2026-03-05`, `2026-03`) or a date with a time (`2026-03-05T14:30:00.5+02:00`, with a
    /// space for the `T`, without seconds or zone).
    pub(super) fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        let bytes = text.as_bytes();
        // Quick: most texts are no dates.
        let begins =
            bytes.len() >= 7 && bytes[..4].iter().all(u8::is_ascii_digit) && bytes[4] == b'-';
        if !begins {
            return None;
        }
        if bytes.len() <= 10 {
            let whole = if bytes.len() == 7 {
                format!("{text}-01")
            } else {
                text.to_owned()
            };
            let date = NaiveDate::parse_from_str(&whole, "%Y-%m-%d").ok()?;
            return Some(Moment::local(date.and_hms_opt(0, 0, 0)?));
        }
        let text = text.replacen(' ', "T", 1);
        let zoned = ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z"];
        let with_zone = |form: &&str| DateTime::parse_from_str(text.trim(), form).ok();
        if let Some(moment) = zoned.iter().find_map(with_zone) {
            return Some(Moment {
                seconds: seconds(moment.naive_utc()),
                offset: Some(moment.offset().local_minus_utc()),
            });
        }
        let plain = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
        let without = |form: &&str| NaiveDateTime::parse_from_str(&text, form).ok();
        plain.iter().find_map(without).map(Moment::local)
    }

    fn local(moment: NaiveDateTime) -> Self {
        Moment {
            seconds: seconds(moment),
            offset: None,
        }
    }
}

fn seconds(moment: NaiveDateTime) -> f64 {
    let utc = moment.and_utc();
    utc.timestamp() as f64 + f64::from(utc.timestamp_subsec_nanos()) * 1e-9
}

/// Whose clock the moments of an axis are read from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Clock {
    /// No text has a zone.
    Local,
    /// All texts have this one, in seconds east of UTC.
    Zone(i32),
    /// Zones differ, or some texts have none and are taken for UTC.
    Utc { some_without: bool },
}

impl Clock {
    /// The clock of all coordinates that are not null; none where one is no date, or there are none.
    pub(super) fn of<'a>(values: impl IntoIterator<Item = &'a Json>) -> Option<Self> {
        let mut clock: Option<Clock> = None;
        for value in values.into_iter().filter(|value| !value.is_null()) {
            let own = match Moment::of(value.as_str()?)?.offset {
                None => Clock::Local,
                Some(offset) => Clock::Zone(offset),
            };
            clock = Some(match clock {
                None => own,
                Some(known) if known == own => known,
                Some(known) => Clock::Utc {
                    some_without: [known, own].iter().any(|clock| {
                        matches!(clock, Clock::Local | Clock::Utc { some_without: true })
                    }),
                },
            });
        }
        clock
    }

    /// Seconds since 1970 on this clock.
    pub(super) fn seconds(self, moment: Moment) -> f64 {
        match (self, moment.offset) {
            (Clock::Zone(offset), Some(_)) => moment.seconds + f64::from(offset),
            _ => moment.seconds,
        }
    }

    /// ` (UTC+02:00)`, for the caption.
    fn named(self) -> String {
        match self {
            Clock::Local => String::new(),
            Clock::Zone(0) => " (UTC)".to_owned(),
            Clock::Zone(offset) => {
                let sign = if offset < 0 { '−' } else { '+' };
                let minutes = offset.unsigned_abs() / 60;
                format!(" (UTC{sign}{:02}:{:02})", minutes / 60, minutes % 60)
            }
            Clock::Utc {
                some_without: false,
            } => " (UTC; the zones of the data differ)".to_owned(),
            Clock::Utc { some_without: true } => {
                " (UTC, for which those without a zone are taken)".to_owned()
            }
        }
    }

    /// From when to when, for the caption.
    pub(super) fn said(self, low: f64, high: f64) -> String {
        let whole = |seconds: f64| seconds.rem_euclid(DAY as f64) < 0.5;
        let form = match whole(low) && whole(high) {
            true => "%Y-%m-%d",
            false if high - low < HOUR as f64 => "%Y-%m-%d %H:%M:%S",
            false => "%Y-%m-%d %H:%M",
        };
        let text = |seconds| moment(seconds).map(|moment| moment.format(form).to_string());
        match (text(low), text(high)) {
            (Some(low), Some(high)) if low == high => format!(" Date: {low}{}.", self.named()),
            (Some(low), Some(high)) => {
                format!(" Dates: {low} to {high}{}.", self.named())
            }
            _ => String::new(),
        }
    }
}

fn moment(seconds: f64) -> Option<NaiveDateTime> {
    let whole = seconds.floor();
    let nanos = ((seconds - whole) * 1e9).min(999_999_999.0) as u32;
    DateTime::from_timestamp(whole as i64, nanos).map(|moment| moment.naive_utc())
}

/// From one tick to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Seconds(i64),
    Days(i64),
    Months(u32),
    Years(i32),
}

/// What people count time in, the least first.
const STEPS: [Step; 28] = [
    Step::Seconds(1),
    Step::Seconds(5),
    Step::Seconds(15),
    Step::Seconds(30),
    Step::Seconds(MINUTE),
    Step::Seconds(5 * MINUTE),
    Step::Seconds(15 * MINUTE),
    Step::Seconds(30 * MINUTE),
    Step::Seconds(HOUR),
    Step::Seconds(3 * HOUR),
    Step::Seconds(6 * HOUR),
    Step::Seconds(12 * HOUR),
    Step::Days(1),
    Step::Days(2),
    Step::Days(7),
    Step::Days(14),
    Step::Months(1),
    Step::Months(2),
    Step::Months(3),
    Step::Months(6),
    Step::Years(1),
    Step::Years(2),
    Step::Years(5),
    Step::Years(10),
    Step::Years(20),
    Step::Years(50),
    Step::Years(100),
    Step::Years(1000),
];

impl Step {
    /// About how many seconds it has.
    fn length(self) -> f64 {
        match self {
            Step::Seconds(seconds) => seconds as f64,
            Step::Days(days) => (days * DAY) as f64,
            Step::Months(months) => f64::from(months) * 30.44 * DAY as f64,
            Step::Years(years) => f64::from(years) * 365.25 * DAY as f64,
        }
    }

    /// The ticks at and after `low`, until `high`.
    fn between(self, low: f64, high: f64) -> Option<Vec<f64>> {
        let first = moment(low)?;
        let date = first.date();
        let start = match self {
            Step::Seconds(step) => {
                let since = first.and_utc().timestamp();
                moment((since.div_euclid(step) * step) as f64)?
            }
            // Counted from the first of the month, so that each month begins with a tick.
            Step::Days(_) => date.with_day(1)?.and_hms_opt(0, 0, 0)?,
            Step::Months(_) => NaiveDate::from_ymd_opt(date.year(), 1, 1)?.and_hms_opt(0, 0, 0)?,
            Step::Years(step) => {
                let year = date.year().div_euclid(step) * step;
                NaiveDate::from_ymd_opt(year, 1, 1)?.and_hms_opt(0, 0, 0)?
            }
        };
        let mut ticks = Vec::new();
        let mut at = start;
        while seconds(at) <= high && ticks.len() < 200 {
            if seconds(at) >= low {
                ticks.push(seconds(at));
            }
            at = self.after(at)?;
        }
        Some(ticks)
    }

    fn after(self, at: NaiveDateTime) -> Option<NaiveDateTime> {
        match self {
            Step::Seconds(seconds) => at.checked_add_signed(TimeDelta::seconds(seconds)),
            Step::Days(days) => {
                let next = at.checked_add_signed(TimeDelta::days(days))?;
                let first = at.date().with_day(1)?.checked_add_months(Months::new(1))?;
                let first = first.and_hms_opt(0, 0, 0)?;
                // The last stretch of a month is a little longer or shorter.
                let close = TimeDelta::hours(12 * days);
                Some(match next + close > first {
                    true => first,
                    false => next,
                })
            }
            Step::Months(months) => at.checked_add_months(Months::new(months)),
            Step::Years(years) => at.checked_add_months(Months::new(12 * years as u32)),
        }
    }

    /// The label of a tick: what changes from one to the next, and where a larger unit begins, that.
    fn label(self, at: NaiveDateTime) -> String {
        let midnight = at.num_seconds_from_midnight() == 0;
        let form = match self {
            Step::Years(_) => "%Y",
            Step::Months(_) if at.month() == 1 => "%Y",
            Step::Months(_) => "%b",
            Step::Days(_) if at.ordinal() == 1 => "%Y",
            Step::Days(_) => "%-d %b",
            Step::Seconds(_) if midnight => "%-d %b",
            Step::Seconds(step) if step < MINUTE => "%H:%M:%S",
            Step::Seconds(_) => "%H:%M",
        };
        at.format(form).to_string()
    }
}

/// About `room` ticks with their labels.
pub(super) fn ticks(low: f64, high: f64, room: usize) -> Vec<(f64, String)> {
    let span = high - low;
    let enough = |step: &&Step| step.length() * room as f64 >= span;
    let from = STEPS.iter().position(|step| enough(&step));
    let from = from.unwrap_or(STEPS.len() - 1);
    // A step too long for two ticks is followed by shorter ones.
    for step in STEPS[..=from].iter().rev().take(3) {
        let Some(at) = step.between(low, high) else {
            continue;
        };
        if at.len() >= 2 || *step == STEPS[0] {
            let label = |at: f64| Some((at, step.label(moment(at)?)));
            return at.into_iter().filter_map(label).collect();
        }
    }
    Vec::new()
}

/// In all digits.
pub(super) fn whole(seconds: f64) -> String {
    match moment(seconds) {
        Some(moment) => moment.format("%Y-%m-%d %H:%M:%S%.f").to_string(),
        None => String::new(),
    }
}

/// A stretch of time in its largest unit, for the caption: `2.5 hours`.
pub(super) fn long(seconds: f64) -> String {
    let units = [
        (DAY as f64, "day"),
        (HOUR as f64, "hour"),
        (MINUTE as f64, "minute"),
    ];
    let found = units.into_iter().find(|(size, _)| seconds >= *size);
    let (size, unit) = found.unwrap_or((1.0, "second"));
    let count = super::markup::plain(&super::numbers::brief(seconds / size));
    let count = match count.contains('.') {
        true => count.trim_end_matches('0').trim_end_matches('.'),
        false => &count,
    };
    let plural = if count == "1" { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> f64 {
        Moment::of(text).unwrap().seconds
    }

    /// Seconds of GNU date: `date -u -d '…' +%s`.
    #[test]
    fn texts_are_moments() {
        for (text, want) in [
            ("2026-03-05", 1_772_668_800.0),
            ("2026-03", 1_772_323_200.0),
            ("2026-03-05 14:30", 1_772_721_000.0),
            ("2026-03-05T14:30:00.5Z", 1_772_721_000.5),
            ("2026-03-05T14:30:00+02:00", 1_772_713_800.0),
            ("2026-03-05 14:30:00 -0530", 1_772_740_800.0),
            ("1969-12-31", -86_400.0),
        ] {
            assert_eq!(Moment::of(text).map(|m| m.seconds), Some(want), "{text}");
        }
        for text in [
            "2026",
            "2026-13-01",
            "task-01",
            "2026-02-30",
            "1234-567890",
            "",
        ] {
            assert_eq!(Moment::of(text), None, "{text}");
        }
    }

    #[test]
    fn one_zone_is_kept_and_several_become_utc() {
        let clock = |texts: &[&str]| {
            let values: Vec<Json> = texts.iter().map(|text| Json::from(*text)).collect();
            Clock::of(&values)
        };
        assert_eq!(
            clock(&["2026-03-05", "2026-03-06T10:00"]),
            Some(Clock::Local)
        );
        let zone = Clock::Zone(7200);
        let texts = ["2026-03-05T14:30:00+02:00", "2026-03-06T14:30:00+02:00"];
        assert_eq!(clock(&texts), Some(zone));
        let local = zone.seconds(Moment::of(texts[0]).unwrap());
        assert_eq!(local, at("2026-03-05T14:30"));
        let mixed = clock(&["2026-03-05T14:30Z", "2026-03-05T14:30+01:00"]);
        assert_eq!(
            mixed,
            Some(Clock::Utc {
                some_without: false
            })
        );
        let without = clock(&[
            "2026-03-05T14:30+01:00",
            "2026-03-05",
            "2026-03-05T14:30+01:00",
        ]);
        assert_eq!(without, Some(Clock::Utc { some_without: true }));
        assert_eq!(clock(&["2026-03-05", "later"]), None);
        assert_eq!(clock(&[]), None);
    }

    #[test]
    fn ticks_are_whole_units_of_time() {
        let labels = |low: &str, high: &str, room| -> Vec<String> {
            let ticks = ticks(at(low), at(high), room);
            ticks.into_iter().map(|(_, label)| label).collect()
        };
        assert_eq!(
            labels("2025-11-15", "2026-04-15", 6),
            ["Dec", "2026", "Feb", "Mar", "Apr"]
        );
        assert_eq!(
            labels("2026-03-03", "2026-03-31", 6),
            ["8 Mar", "15 Mar", "22 Mar"]
        );
        assert_eq!(
            labels("2026-03-05 22:00", "2026-03-06 04:00", 4),
            ["6 Mar", "03:00"]
        );
        assert_eq!(
            labels("1990-01-01", "2026-01-01", 5),
            ["1990", "2000", "2010", "2020"]
        );
        assert!(labels("2026-03-05 22:00:00", "2026-03-05 22:00:09", 5).len() >= 2);
    }
}
