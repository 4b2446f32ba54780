//! One metric against another, with the interval of both.

use serde_json::Value as Json;

use crate::registry::Entry;
use crate::registry::InvalidParam;
use crate::registry::Param;
use crate::registry::Values;
use crate::registry::params;
use crate::table::Estimate;
use crate::table::Summary;
use crate::table::SummarySpec;
use crate::table::Table;
use crate::table::stats::Interval;
use crate::text::plural;

use super::Drawn;
use super::Figure;
use super::FigureError;
use super::FigureInput;
use super::axes;
use super::canvas::Canvas;
use super::canvas::Colour;
use super::canvas::Point;
use super::facets::Facets;
use super::finish;
use super::grammar::capital;
use super::legend::Sample;
use super::mapping::Mapping;
use super::mapping::no_column;
use super::marker;
use super::options;
use super::options::AxisParams;
use super::options::FacetParams;
use super::options::Groups;
use super::options::Panels;
use super::sheet::Frame;
use super::theme::Theme;
use super::xy;

pub(super) struct Errorbar;

params! {
    /// What `figure/errorbar` may be given.
    struct ErrorbarParams {
        /// column of numbers along x
        x: String;
        /// column of numbers along y
        y: String;
        /// column of half the length of each bar along x, for rows that are means already
        x_error: Option<String>;
        /// column of half the length of each bar along y
        y_error: Option<String>;
        groups: Groups;
        facets: FacetParams;
        axes: AxisParams;
    }
}

impl Entry for Errorbar {
    fn name(&self) -> &'static str {
        "errorbar"
    }

    fn summary(&self) -> &'static str {
        "means of two metrics against each other, with the intervals of both"
    }

    fn docs(&self) -> &'static str {
        "A point per combination of the axes that are no replicates, at the means of both columns; bars \
         along x and y are their intervals. Rows that are means already have the columns of their errors \
         under `x_error` and `y_error` instead of replicates. A group that lacks either number has no \
         point, and the caption counts it."
    }

    fn revision(&self) -> u32 {
        4
    }

    fn params(&self) -> Vec<Param> {
        ErrorbarParams::params()
    }
}

impl Figure for Errorbar {
    /// Every axis that is no replicate tells points apart.
    fn repeats(&self, _params: &Values) -> bool {
        false
    }

    fn check(&self, values: &Values) -> Result<(), InvalidParam> {
        for param in ["x_error", "y_error"] {
            if values.get(param).is_some() && values.get("replicate").is_some() {
                return Err(InvalidParam {
                    param,
                    message: "is given beside `replicate`".to_owned(),
                    help: "bars come from replicates or from a column, not from both".to_owned(),
                });
            }
        }
        options::check(values, self.along_x())
    }

    fn paint(&self, input: &FigureInput, values: &Values) -> Result<Drawn, FigureError> {
        let params = ErrorbarParams::read(values)?;
        let panels = Panels::new(&params.facets, &params.axes);
        let mapping = Mapping::new(&params.x, vec![params.y.clone()], &params.facets)?;
        let mapping = mapping.grouped(&params.groups);
        let (at, means) = means(&input.table, &mapping, &params)?;
        if means.iter().all(|mean| mean.point().is_none()) {
            let (x, y) = (&params.x, &params.y);
            return Err(FigureError::Empty(format!(
                "no row has numbers in both `{x}` and `{y}`"
            )));
        }
        let all = means.len();
        let (at, means) = with_points(at, means);
        let facets = axes::facets(panels, &at, &mapping)?;
        let theme = facets.theme(&params.axes.common)?;
        let of = |of: fn(&Mean) -> &Estimate| {
            let per_panel = facets.panels.iter().map(|panel| {
                let rows = panel.groups.iter().flat_map(|group| &group.rows);
                let drawn = rows.map(|&row| &means[row]).filter(|m| m.point().is_some());
                drawn.flat_map(|mean| xy::extent(of(mean))).collect()
            });
            per_panel.collect()
        };
        let x_axes = axes::numbers(panels, axes::X, of(|mean| &mean.x), None)?;
        let y_axes = axes::numbers(panels, axes::Y, of(|mean| &mean.y), None)?;
        let legend = facets.legend(&theme, |color, marker| Sample::Marker {
            colour: theme.colour(color),
            marker,
        });
        let title = |name: &str| {
            let at = input.table.column(name);
            at.map(|at| input.table.columns[at].title_with_unit())
        };
        let [x_title, y_title] =
            [&params.x, &params.y].map(|name| title(name).unwrap_or_else(|| name.clone()));
        let labels = (x_title.clone(), y_title.clone());
        let mut sheet = axes::sheet(panels, &theme, &facets, (x_axes, y_axes), labels, legend)?;
        sheet.aspect = 0.75;
        let mut page = sheet.open();
        let mut lost = 0;
        for (i, panel) in facets.panels.iter().enumerate() {
            page.inside(i, |canvas, frame, theme| {
                let of = |group: &super::facets::Group| {
                    let kind = (group.color, group.marker);
                    let rows = group.rows.iter();
                    rows.map(move |&row| (kind, row)).collect::<Vec<_>>()
                };
                for ((color, shape), row) in panel.groups.iter().flat_map(of) {
                    let Some((x, y)) = means[row].point() else {
                        continue;
                    };
                    match frame.at(x, y) {
                        Some(at) => {
                            let colour = theme.colour(color);
                            means[row].bars(canvas, frame, theme, at, colour);
                            marker::draw(canvas, theme.shape(shape), at, theme.marker_size, colour);
                        }
                        None => lost += 1,
                    }
                }
            });
        }
        let what = format!(
            "{} against {x_title}{}",
            capital(&y_title),
            facets.describe(&[])
        );
        let mut caption = format!("{what}. {}.", said(&means, all, &mapping, &params));
        let points = means.iter().filter(|mean| mean.point().is_some());
        axes::some_left(lost, points.count())?;
        caption.push_str(&axes::said(&page.frames, lost));
        finish(page, &what, listing(&at, &facets, &means, &params), caption)
    }
}

/// Both numbers of a point.
struct Mean {
    x: Estimate,
    y: Estimate,
}

impl Mean {
    fn point(&self) -> Option<(f64, f64)> {
        Some((self.x.centre?, self.y.centre?))
    }

    fn bars(&self, canvas: &mut Canvas, frame: &Frame, theme: &Theme, at: Point, colour: Colour) {
        let (width, cap) = (theme.line_width * 0.8, theme.marker_size * 0.4);
        let mut stroke = |ends: [Point; 2]| canvas.line(ends.to_vec(), colour, width);
        if let Some(interval) = self.x.interval {
            // What a logarithm cannot show reaches to the axis.
            let low = frame.x_at(interval.low).unwrap_or(frame.rect.x);
            let high = frame.x_at(interval.high).unwrap_or(at.x);
            stroke([low, high].map(|x| Point::new(x, at.y)));
            for x in [low, high] {
                stroke([-cap, cap].map(|aside| Point::new(x, at.y + aside)));
            }
        }
        if let Some(interval) = self.y.interval {
            let low = frame.y_at(interval.low).unwrap_or(frame.rect.bottom());
            let high = frame.y_at(interval.high).unwrap_or(at.y);
            stroke([low, high].map(|y| Point::new(at.x, y)));
            for y in [low, high] {
                stroke([-cap, cap].map(|aside| Point::new(at.x + aside, y)));
            }
        }
    }
}

/// The groups with their axes, and the means of each.
fn means(
    table: &Table,
    mapping: &Mapping,
    params: &ErrorbarParams,
) -> Result<(Table, Vec<Mean>), FigureError> {
    let [x, y] = [&params.x, &params.y].map(|name| {
        let at = table.column(name);
        at.ok_or_else(|| no_column(table, name))
    });
    let (x, y) = (x?, y?);
    if params.x_error.is_some() || params.y_error.is_some() {
        let error = |name: &Option<String>| match name {
            Some(name) => table
                .column(name)
                .map(Some)
                .ok_or_else(|| no_column(table, name)),
            None => Ok(None),
        };
        let (x_error, y_error) = (error(&params.x_error)?, error(&params.y_error)?);
        let given = |row: usize, at: usize, error: Option<usize>| {
            let centre = table.number(row, at);
            let half = error
                .and_then(|error| table.number(row, error))
                .map(f64::abs);
            Estimate {
                values: centre.into_iter().collect(),
                missing: usize::from(centre.is_none()),
                centre,
                interval: centre.zip(half).map(|(centre, half)| Interval {
                    low: centre - half,
                    high: centre + half,
                }),
            }
        };
        let mean = |row| Mean {
            x: given(row, x, x_error),
            y: given(row, y, y_error),
        };
        return Ok((table.clone(), (0..table.rows.len()).map(mean).collect()));
    }
    let mut by = mapping.by(false);
    by.retain(|name| *name != params.x);
    let axes = table.columns.iter().filter(|column| column.axis);
    for axis in axes.map(|column| &column.name) {
        let reduced = mapping.replicate.contains(axis) || [&params.x, &params.y].contains(&axis);
        if !reduced && !by.contains(axis) {
            by.push(axis.clone());
        }
    }
    let spec = SummarySpec {
        values: vec![params.x.clone(), params.y.clone()],
        by: Some(by),
        replicate: mapping.replicate.clone(),
        interval: mapping.interval,
    };
    let summary = Summary::new(table, &spec)?;
    let at = Table {
        columns: summary.by.clone(),
        rows: summary
            .groups
            .iter()
            .map(|group| group.at.clone())
            .collect(),
    };
    let mean = |group: crate::table::Group| {
        let mut estimates = group.estimates.into_iter();
        Some(Mean {
            x: estimates.next()?,
            y: estimates.next()?,
        })
    };
    let means = summary.groups.into_iter().filter_map(mean).collect();
    Ok((at, means))
}

/// Those that have both numbers: what has no point is in no legend.
fn with_points(mut at: Table, means: Vec<Mean>) -> (Table, Vec<Mean>) {
    let mut there = means.iter().map(|mean| mean.point().is_some());
    at.rows.retain(|_| there.next().unwrap_or(false));
    let means = means.into_iter().filter(|mean| mean.point().is_some());
    (at, means.collect())
}

/// `Mean over seed; bars: …; n = 3; 12 points`.
fn said(drawn: &[Mean], all: usize, mapping: &Mapping, params: &ErrorbarParams) -> String {
    let mut text = match (&params.x_error, &params.y_error) {
        (None, None) => {
            let counts = drawn.iter().flat_map(|mean| [mean.x.n(), mean.y.n()]);
            let (low, high) = counts.fold((usize::MAX, 0), |(l, h), n| (l.min(n), h.max(n)));
            let centre = capital(mapping.interval.centre_name());
            let n = match low == high {
                true => format!("n = {low}"),
                false => format!("n = {low} to {high}"),
            };
            match mapping.replicate.join(", ") {
                _ if high < 2 => "Single values (n = 1, so no bars)".to_owned(),
                over if over.is_empty() => {
                    format!("{centre}; bars: {}; {n}", mapping.interval.describe())
                }
                over => format!(
                    "{centre} over {over}; bars: {}; {n}",
                    mapping.interval.describe()
                ),
            }
        }
        (x, y) => {
            let names: Vec<&str> = [x, y].into_iter().flatten().map(String::as_str).collect();
            format!("Bars: ± {}", names.join(" and ± "))
        }
    };
    text.push_str(&format!("; {}", plural(drawn.len(), "point")));
    let without = all - drawn.len();
    if without > 0 {
        text.push_str(&format!("; {without} without both numbers"));
    }
    text
}

/// A row per point: its axes, and of both metrics the middle and the ends of the bar.
fn listing(at: &Table, facets: &Facets, means: &[Mean], params: &ErrorbarParams) -> String {
    let mut columns: Vec<usize> = (0..at.columns.len()).collect();
    // Of rows that are means already, only what is drawn.
    columns.retain(|&i| at.columns[i].axis);
    let mut listing = Table {
        columns: columns.iter().map(|&i| at.columns[i].clone()).collect(),
        rows: Vec::new(),
    };
    for name in [&params.x, &params.y] {
        for part in ["", ".low", ".high"] {
            let column = crate::table::Column::metric(&format!("{name}{part}"), "", None);
            listing.columns.push(column);
        }
    }
    let groups = facets.panels.iter().flat_map(|panel| &panel.groups);
    let mut rows: Vec<usize> = groups.flat_map(|group| group.rows.clone()).collect();
    rows.sort_unstable();
    for row in rows {
        let mut cells: Vec<Json> = columns.iter().map(|&i| at.rows[row][i].clone()).collect();
        for estimate in [&means[row].x, &means[row].y] {
            let ends = estimate
                .interval
                .map(|interval| (interval.low, interval.high));
            let (low, high) = ends.unzip();
            cells.extend([estimate.centre, low, high].map(Json::from));
        }
        listing.rows.push(cells);
    }
    listing.to_csv()
}
