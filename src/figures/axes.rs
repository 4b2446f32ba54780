//! Axes of panels from parameters and data: ranges, scales, sharing, labels.

use std::cmp::Ordering;
use std::collections::HashMap;

use serde_json::Value as Json;

use crate::registry::Value;
use crate::table::Table;
use crate::table::display;
use crate::table::stats;
use crate::text::plural;

use super::FigureError;
use super::dates::Clock;
use super::dates::Moment;
use super::facets::Facets;
use super::grammar::Plot;
use super::legend::Entry;
use super::mapping::Mapping;
use super::numbers::Format;
use super::options;
use super::options::Panels;
use super::options::Shared;
use super::scale::LARGEST;
use super::scale::Scale;
use super::scale::ScaleKind;
use super::sheet::Axis;
use super::sheet::Frame;
use super::sheet::Panel;
use super::sheet::Sheet;
use super::theme::Theme;

/// One axis of the two.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Along {
    X,
    Y,
}
pub(super) use Along::X;
pub(super) use Along::Y;

fn is_free(panels: Panels<'_>, along: Along) -> bool {
    match panels.facets.scales {
        Shared::Both => false,
        Shared::None => true,
        Shared::Y => along == X,
        Shared::X => along == Y,
    }
}

type Asked = (ScaleKind, Option<(f64, f64)>, Format);

/// Scale, range and form of numbers that the manifest asks for.
fn asked(panels: Panels<'_>, along: Along) -> Result<Asked, FigureError> {
    let axes = panels.axes;
    let (kind, name) = match along {
        X => (axes.x_scale, "x_range"),
        Y => (axes.y_scale, "y_range"),
    };
    let format = match along {
        X => Format::read("x_format", &axes.x_format)?,
        Y => Format::read("y_format", &axes.y_format)?,
    };
    let range = match along {
        // Dates are read with the data.
        X if options::of_dates(&axes.x_range) => None,
        X => options::x_range(&axes.x_range)?,
        Y => options::range(name, &axes.y_range)?,
    };
    match range {
        Some((low, _)) if kind == ScaleKind::Log && low <= 0.0 => Err(FigureError::Parameter {
            name,
            got: format!("from {low}"),
            want: "a logarithmic axis begins above 0".to_owned(),
        }),
        _ => Ok((kind, range, format)),
    }
}

/// Whether an axis shows any of its numbers, and all that are not cut off by a range: no frame is
/// empty without a word. A line between two numbers on either side of a range passes through it.
fn shows(along: Along, (kind, range, _): Asked, numbers: &[f64]) -> Result<(), FigureError> {
    let (axis, name) = match along {
        X => ("x", "x_range"),
        Y => ("y", "y_range"),
    };
    let is_log = kind == ScaleKind::Log;
    if is_log && !numbers.is_empty() && numbers.iter().all(|number| *number <= 0.0) {
        return Err(FigureError::Empty(format!(
            "no number along {axis} is above 0, where a logarithmic axis begins; `{axis}_scale: symlog` \
             goes through 0"
        )));
    }
    if let (Some(range), Some(ends)) = (range, ends(numbers)) {
        within(name, range, ends)?;
    }
    let beyond = |number: &&f64| {
        number.is_finite() && (**number > LARGEST || (!is_log && **number < -LARGEST))
    };
    match numbers.iter().find(beyond) {
        Some(number) if range.is_none() => Err(FigureError::Parameter {
            name,
            got: "not given".to_owned(),
            want: format!(
                "{number:e} is beyond ±{LARGEST:e}, where axes end: give a range that leaves it out"
            ),
        }),
        _ => Ok(()),
    }
}

/// The smallest and the largest number.
fn ends(numbers: &[f64]) -> Option<(f64, f64)> {
    stats::min(numbers).zip(stats::max(numbers))
}

/// That a range is not wholly beside the data.
fn within(
    name: &'static str,
    (low, high): (f64, f64),
    (first, last): (f64, f64),
) -> Result<(), FigureError> {
    match last < low || first > high {
        true => Err(FigureError::Parameter {
            name,
            got: format!("`[{low}, {high}]`"),
            want: format!("all data lie beside it, from {first} to {last}"),
        }),
        false => Ok(()),
    }
}

/// Axes of coordinates, per panel; `order`: of all values, for categories. On an `axis` of few values
/// these carry the ticks.
pub(super) fn coordinates(
    panels: Panels<'_>,
    along: Along,
    (per_panel, order): (Vec<Vec<Json>>, &[Json]),
    axis: bool,
) -> Result<Vec<Axis>, FigureError> {
    let (kind, range, format) = asked(panels, along)?;
    let values = || per_panel.iter().flatten().filter(|value| !value.is_null());
    // One clock for all panels.
    let clock = clock(panels, values())?;
    if kind != ScaleKind::Category && clock.is_none() {
        let text = values().find(|value| value.as_f64().is_none());
        if let Some(text) = text {
            no_numbers(panels, text)?;
        } else {
            dates_of_numbers(panels)?;
            let numbers: Vec<f64> = values().filter_map(Json::as_f64).collect();
            shows(along, (kind, range, format), &numbers)?;
        }
    }
    let ranks = order.iter().enumerate();
    let ranks: HashMap<&Json, usize> = ranks.map(|(rank, value)| (value, rank)).collect();
    let dates = clock.map(|clock| date_range(panels, clock)).transpose()?;
    if let (Some(clock), Some(Some((low, high)))) = (clock, dates) {
        let moments = values().filter_map(|value| Moment::of(value.as_str()?));
        let at: Vec<f64> = moments.map(|moment| clock.seconds(moment)).collect();
        if ends(&at).is_some_and(|(first, last)| last < low || first > high) {
            let given = panels.axes.x_range.clone().unwrap_or_default();
            return Err(FigureError::Parameter {
                name: "x_range",
                got: format!("`{}`", Value::List(given)),
                want: "all dates lie beside it".to_owned(),
            });
        }
    }
    let make = |values: &[Json]| {
        let mut values = values.to_vec();
        values.sort_by_cached_key(|value| ranks.get(value).copied());
        let values = &values[..];
        let scale = match (clock, &dates) {
            (Some(clock), Some(dates)) => Scale::of_dates(clock, values, *dates),
            _ => Scale::of_coordinates(kind, values, range),
        };
        let mut at: Vec<f64> = values.iter().filter_map(|v| scale.number(v)).collect();
        at.sort_by(f64::total_cmp);
        at.dedup();
        if !axis || at.len() > 8 || clock.is_some() {
            at.clear();
        }
        Axis { scale, at, format }
    };
    Ok(match is_free(panels, along) {
        true => per_panel.iter().map(|values| make(values)).collect(),
        false => {
            let all = make(&per_panel.concat());
            per_panel.iter().map(|_| all.clone()).collect()
        }
    })
}

/// The clock of the coordinates along x, where they stand on an axis of dates.
///
/// # Errors
/// Where dates are asked for and there are others.
pub(super) fn clock<'a>(
    panels: Panels<'_>,
    values: impl Iterator<Item = &'a Json> + Clone,
) -> Result<Option<Clock>, FigureError> {
    let clock = match panels.axes.x_scale {
        ScaleKind::Auto | ScaleKind::Date => Clock::of(values.clone()),
        _ => None,
    };
    match (panels.axes.x_scale, clock) {
        (ScaleKind::Date, None) => Err(no_dates(values)),
        _ => Ok(clock),
    }
}

/// That a text has no place where a scale or a range of numbers, or of dates, is asked for: as a category it would
/// pass over them.
fn no_numbers(panels: Panels<'_>, text: &Json) -> Result<(), FigureError> {
    let text = display(text);
    match (panels.axes.x_scale, &panels.axes.x_range) {
        (ScaleKind::Auto, None) => Ok(()),
        (ScaleKind::Auto, Some(ends)) => Err(FigureError::Parameter {
            name: "x_range",
            got: format!("`{}`", Value::List(ends.clone())),
            want: format!("`{text}` is neither a number nor a date"),
        }),
        (kind, _) => Err(FigureError::Parameter {
            name: "x_scale",
            got: format!("`{}`", kind.name()),
            want: format!("`{text}` is no number"),
        }),
    }
}

/// That numbers have no range of dates.
fn dates_of_numbers(panels: Panels<'_>) -> Result<(), FigureError> {
    match &panels.axes.x_range {
        Some(ends) if options::of_dates(&panels.axes.x_range) => Err(FigureError::Parameter {
            name: "x_range",
            got: format!("`{}`", Value::List(ends.clone())),
            want: "there are numbers along x".to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Why coordinates are no dates.
fn no_dates<'a>(mut values: impl Iterator<Item = &'a Json>) -> FigureError {
    let is_date = |value: &Json| {
        value
            .as_str()
            .is_some_and(|text| Moment::of(text).is_some())
    };
    let other = values.find(|value| !value.is_null() && !is_date(value));
    FigureError::Parameter {
        name: "x_scale",
        got: "`date`".to_owned(),
        want: match other {
            Some(other) => format!(
                "`{}` is none: dates are as 2026-03-05T14:30",
                display(other)
            ),
            None => "there is none".to_owned(),
        },
    }
}

/// The range that is asked for, in seconds on a clock.
pub(super) fn date_range(
    panels: Panels<'_>,
    clock: Clock,
) -> Result<Option<(f64, f64)>, FigureError> {
    let Some(ends) = &panels.axes.x_range else {
        return Ok(None);
    };
    let seconds = |end: &Value| Moment::of(end.as_str()?).map(|moment| clock.seconds(moment));
    let found: Option<Vec<f64>> = ends.iter().map(seconds).collect();
    match found.as_deref() {
        Some([low, high]) if low < high => Ok(Some((*low, *high))),
        _ => Err(FigureError::Parameter {
            name: "x_range",
            got: format!("`{}`", Value::List(ends.clone())),
            want: "must be a list of two dates, the earlier one first".to_owned(),
        }),
    }
}

/// Whether coordinates along x stand on an axis of dates.
pub(super) fn are_dates<'a>(panels: Panels<'_>, values: impl Iterator<Item = &'a Json>) -> bool {
    match panels.axes.x_scale {
        ScaleKind::Date => true,
        ScaleKind::Auto => Clock::of(values).is_some(),
        _ => false,
    }
}

/// Axes of numbers, per panel; `from`: a value that must be on them, at their very end.
pub(super) fn numbers(
    panels: Panels<'_>,
    along: Along,
    per_panel: Vec<Vec<f64>>,
    from: Option<f64>,
) -> Result<Vec<Axis>, FigureError> {
    let (kind, range, format) = asked(panels, along)?;
    let kind = match kind {
        ScaleKind::Date => {
            return Err(FigureError::Parameter {
                name: if along == X { "x_scale" } else { "y_scale" },
                got: "`date`".to_owned(),
                want: "this figure has numbers there".to_owned(),
            });
        }
        ScaleKind::Auto | ScaleKind::Category => ScaleKind::Linear,
        other => other,
    };
    if along == X {
        dates_of_numbers(panels)?;
    }
    shows(along, (kind, range, format), &per_panel.concat())?;
    let make = |numbers: &[f64]| {
        let mut numbers = numbers.to_vec();
        numbers.extend(from);
        let mut scale = Scale::of_numbers(kind, &numbers, range, 0.05);
        if let (Scale::Linear { low, high }, Some(from), None) = (&mut scale, from, range) {
            if numbers.iter().all(|number| *number >= from) {
                *low = from;
            } else if numbers.iter().all(|number| *number <= from) {
                *high = from;
            }
        }
        Axis {
            format,
            ..Axis::new(scale)
        }
    };
    Ok(match is_free(panels, along) {
        true => per_panel.iter().map(|numbers| make(numbers)).collect(),
        false => {
            let all = make(&per_panel.concat());
            per_panel.iter().map(|_| all.clone()).collect()
        }
    })
}

/// A page with the panels of the facets and these axes.
pub(super) fn sheet(
    look: Panels<'_>,
    theme: &Theme,
    facets: &Facets,
    (x, y): (Vec<Axis>, Vec<Axis>),
    (x_label, y_label): (String, String),
    legend: Vec<Entry>,
) -> Result<Sheet, FigureError> {
    let given = look.axes;
    let panels = facets.panels.iter().zip(x.into_iter().zip(y));
    let panels = panels.map(|(part, (x, y))| Panel {
        row: part.row,
        col: part.col,
        title: part.title.clone(),
        x,
        y,
    });
    Ok(Sheet {
        theme: theme.clone(),
        width: given.common.page_width()?,
        height: given.common.page_height(),
        title: given.common.title.clone().unwrap_or_default(),
        x_label: given.x_label.clone().unwrap_or(x_label),
        y_label: given.y_label.clone().unwrap_or(y_label),
        panels: panels.collect(),
        row_titles: facets.row_titles.clone(),
        legend_title: facets.legend_title(theme),
        legend,
        legend_place: given.legend,
        shared_x: !is_free(look, X),
        shared_y: !is_free(look, Y),
        aspect: if facets.cols > 1 { 0.8 } else { 0.62 },
        square: false,
        line: None,
        equal: false,
        grid_x: false,
        grid_y: true,
        bare: false,
        spines: true,
        colour_bar: facets.colour_bar(&given.common)?,
    })
}

/// What a caption must say of the axes: how far a symmetric logarithm is linear, and how many points
/// a logarithm cannot show.
pub(super) fn said(frames: &[Frame], lost: usize) -> String {
    said_of(frames, lost, "point")
}

/// The same where something other than points is lost.
pub(super) fn said_of(frames: &[Frame], lost: usize, noun: &str) -> String {
    let mut text = said_linear("x", frames.iter().map(|frame| &frame.x));
    text.push_str(&said_linear("y", frames.iter().map(|frame| &frame.y)));
    let of_dates = |frame: &Frame| match frame.x {
        Scale::Date { data, clock, .. } => Some((data.0, data.1, clock)),
        _ => None,
    };
    let dates = frames.iter().filter_map(of_dates).reduce(|a, b| {
        // Free panels have a range each.
        (a.0.min(b.0), a.1.max(b.1), a.2)
    });
    if let Some((low, high, clock)) = dates {
        text.push_str(&clock.said(low, high));
    }
    text + &said_lost(lost, noun)
}

/// How far the symmetric logarithms among the scales of an axis are linear; empty for none.
pub(super) fn said_linear<'s>(name: &str, scales: impl Iterator<Item = &'s Scale>) -> String {
    let parts = scales.filter_map(|scale| match scale {
        Scale::Symlog { linear, .. } => Some(*linear),
        _ => None,
    });
    let (low, high) = parts.fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), part| {
        (low.min(part), high.max(part))
    });
    match low.total_cmp(&high) {
        Ordering::Greater => String::new(),
        Ordering::Equal => format!(" {name} is logarithmic beyond ±{low:e}, linear within."),
        Ordering::Less => {
            format!(" {name} is logarithmic beyond ±{low:e} to ±{high:e}, by panel, linear within.")
        }
    }
}

/// That some points are left: of two logarithms each may show some, and both together none.
pub(super) fn some_left(lost: usize, all: usize) -> Result<(), FigureError> {
    match lost > 0 && lost == all {
        true => Err(FigureError::Empty(
            "each point is at or below 0 along a logarithmic axis".to_owned(),
        )),
        false => Ok(()),
    }
}

/// How many of what a logarithm cannot show; empty for none.
pub(super) fn said_lost(count: usize, noun: &str) -> String {
    match count {
        0 => String::new(),
        lost => format!(
            " {} not above 0 cannot stand on a logarithmic axis.",
            plural(lost, noun)
        ),
    }
}

/// How many panels fit side by side.
fn fitting(width: f64, facets: usize) -> usize {
    let fit = ((width / 115.0) as usize).max(1);
    // Five panels in rows of at most four: three and two.
    facets.div_ceil(facets.div_ceil(fit).max(1)).max(1)
}

/// How many values the wrapped facet has.
fn facet_count(table: &Table, facet: &Option<String>) -> usize {
    let Some(column) = facet.as_ref().and_then(|name| table.column(name)) else {
        return 1;
    };
    let mut values: Vec<&Json> = Vec::new();
    for row in &table.rows {
        if !values.contains(&&row[column]) {
            values.push(&row[column]);
        }
    }
    values.len().max(1)
}

/// The rows of a table, shared out among panels that fit on the page.
pub(super) fn facets(
    panels: Panels<'_>,
    table: &Table,
    mapping: &Mapping,
) -> Result<Facets, FigureError> {
    Facets::new(table, mapping, wrap(panels, table, &mapping.facet)?)
}

/// The same, grouped by x and reduced over the replicates.
pub(super) fn plot(
    panels: Panels<'_>,
    table: &Table,
    mapping: &Mapping,
) -> Result<Plot, FigureError> {
    Plot::new(table, mapping, wrap(panels, table, &mapping.facet)?)
}

/// How many panels of a wrapped facet stand side by side.
pub(super) fn wrap(
    panels: Panels<'_>,
    table: &Table,
    facet: &Option<String>,
) -> Result<usize, FigureError> {
    let width = panels.axes.common.page_width()?;
    Ok(fitting(width, facet_count(table, facet)))
}

#[cfg(test)]
mod tests {
    use crate::figures::FigureInput;
    use crate::figures::find;
    use crate::table::Table;

    #[test]
    fn a_scale_or_range_that_a_figure_has_not_is_refused_when_checked() {
        let checked = |kind: &str, params: &str| {
            let params = serde_yaml::from_str(params).unwrap();
            let wrong = find(kind).unwrap().check(&params);
            wrong.err().map(|wrong| (wrong.param, wrong.message))
        };
        for kind in [
            "rungs",
            "contour",
            "pareto",
            "dots",
            "histogram",
            "errorbar",
            "slices",
        ] {
            let scale = checked(kind, "{x_scale: date}").expect(kind);
            assert_eq!(scale.0, "x_scale", "{kind}");
            let range = checked(kind, "{x_range: [2024-01-01, 2025-01-01]}").expect(kind);
            assert_eq!(range.0, "x_range", "{kind}");
        }
        let dates = "{x_scale: date, x_range: [2024-01-01, 2025-01-01]}";
        for kind in ["line", "curves", "best-so-far", "scatter"] {
            assert_eq!(checked(kind, dates), None, "{kind}");
        }
        for (kind, params, param) in [
            ("scatter", "{x_scale: category}", "x_scale"),
            ("line", "{x_scale: category, x_range: [1, 2]}", "x_range"),
            (
                "line",
                "{x_scale: log, x_range: [2024-01-01, 2025-01-01]}",
                "x_range",
            ),
            ("line", "{y_scale: category}", "y_scale"),
            ("slices", "{x_scale: log}", "x_scale"),
        ] {
            let wrong = checked(kind, params).map(|wrong| wrong.0);
            assert_eq!(wrong, Some(param), "{kind} {params}");
        }
    }

    #[test]
    fn a_range_beside_all_data_is_told() {
        let drawn = |kind: &str, csv: &str, params: &str| {
            let table = Table::from_csv(csv, &["x"]).unwrap();
            let input = FigureInput {
                table,
                ..FigureInput::default()
            };
            let params = serde_yaml::from_str(params).unwrap();
            let drawn = find(kind).unwrap().draw(&input, &params);
            drawn
                .map(|drawn| drawn.caption)
                .map_err(|error| error.to_string())
        };
        let numbers = "x,y\n1,10\n2,40\n3,60\n";
        for range in ["x_range: [7, 9]", "y_range: [100, 200]"] {
            for kind in ["line", "scatter"] {
                let params = format!("{{x: x, y: y, {range}}}");
                let wrong = drawn(kind, numbers, &params).unwrap_err();
                assert!(wrong.contains("all data lie beside it, from 1"), "{wrong}");
            }
        }
        // The line passes through it.
        assert!(drawn("line", numbers, "{x: x, y: y, y_range: [20, 30]}").is_ok());
        let dates = "x,y\n2024-01-01,1\n2024-03-01,3\n";
        let range = "{x: x, y: y, x_range: [2025-01-01, 2025-02-01]}";
        let wrong = drawn("line", dates, range).unwrap_err();
        assert!(wrong.contains("all dates lie beside it"), "{wrong}");
        // Lines that lie there are told, and not in the legend.
        let beyond = "{x: x, y: y, y_range: [0, 100], levels: {bound: 5000}, verticals: {end: 88}, spans: {warm: [70, 90]}}";
        let caption = drawn("line", numbers, beyond).unwrap();
        for said in [
            "bound, at 5000, is beyond what is shown.",
            "end, at 88, is beyond what is shown.",
            "warm, from 70 to 90, is beyond what is shown.",
        ] {
            assert!(caption.contains(said), "{caption}");
        }
    }

    #[test]
    fn texts_have_no_place_among_numbers() {
        let drawn = |kind: &str, csv: &str, params: &str| {
            let table = Table::from_csv(csv, &["x"]).unwrap();
            let input = FigureInput {
                table,
                ..FigureInput::default()
            };
            let drawn = find(kind)
                .unwrap()
                .draw(&input, &serde_yaml::from_str(params).unwrap());
            drawn.map_err(|error| error.to_string())
        };
        let texts = "x,y\n1,1\n10,2\n100k,3\n";
        for params in [
            "{x: x, y: y, x_scale: log}",
            "{x: x, y: y, x_range: [1, 50]}",
        ] {
            let wrong = drawn("line", texts, params).unwrap_err();
            assert!(wrong.contains("`100k` is n"), "{wrong}");
        }
        assert!(drawn("line", texts, "{x: x, y: y}").is_ok());
        let numbers = "x,y\n1,1\n10,2\n";
        for kind in ["line", "scatter"] {
            let range = "{x: x, y: y, x_range: [2024-01-01, 2025-01-01]}";
            let wrong = drawn(kind, numbers, range).unwrap_err();
            assert!(wrong.contains("numbers along x"), "{wrong}");
        }
        let dates = "x,y\n2024-12-01,1\n2024-01-01,3\n2024-03-01,2\n";
        let best = drawn("best-so-far", dates, "{x: x, y: y, direction: minimize}").unwrap();
        let best: Vec<&str> = best.csv.lines().skip(1).collect();
        assert!(
            best[0].starts_with("2024-01-01,3") && best[2].starts_with("2024-12-01,1"),
            "{best:?}"
        );
        let wrong = drawn(
            "best-so-far",
            texts,
            "{x: x, y: y, direction: minimize, x_scale: date}",
        );
        assert!(wrong.unwrap_err().contains("dates are as"));
    }
}
