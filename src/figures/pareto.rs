//! Two numbers of trials, and those that nothing else is better than in both.

use crate::registry::Entry;
use crate::registry::Names;
use crate::registry::Param;
use crate::registry::Searched;
use crate::registry::Values;
use crate::registry::params;
use crate::search::Statistic;
use crate::search::pareto;

use super::Drawn;
use super::Figure;
use super::FigureError;
use super::FigureInput;
use super::axes;
use super::canvas::Point;
use super::direction::Direction;
use super::finish;
use super::grammar::capital;
use super::marker;
use super::options::AxisParams;
use super::options::FacetParams;
use super::options::Panels;
use super::plane::Plane;
use super::repeated;
use super::sheet::Frame;

pub(super) struct Pareto;

params! {
    /// What `figure/pareto` may be given.
    struct ParetoParams {
        /// column of numbers along x
        x: String;
        /// column of numbers along y
        y: String;
        /// which way x is better; by default as the search or the column has it
        x_direction: Option<Direction>;
        /// which way y is better; by default as the search or the column has it
        y_direction: Option<Direction>;
        /// the axis, or list of axes, along which values are repetitions [default: the seeds of the search]
        replicate: Option<Names>;
        /// what makes one number of repetitions: `mean`, `median`, `min` or `max` [default: as the search has it, else `mean`]
        statistic: Option<Statistic>;
        /// column with a colour, and a front of its own, per value
        color: Option<String>;
        facets: FacetParams;
        axes: AxisParams;
    }
}

impl Entry for Pareto {
    fn name(&self) -> &'static str {
        "pareto"
    }

    fn summary(&self) -> &'static str {
        "two numbers of trials with the front of those that none is better than in both"
    }

    fn docs(&self) -> &'static str {
        "A point per row, repetitions of a trial reduced to one as the search reduces them. One dominates another when it is nowhere worse and somewhere better; what \
         nothing dominates is the front, on whose better side no trial lies. Dominated points are pale. \
         A number that was measured on fewer axes belongs to all rows that share them. \
         `table/pareto` has the front as a table, for any number of columns."
    }

    fn revision(&self) -> u32 {
        4
    }

    fn params(&self) -> Vec<Param> {
        ParetoParams::params()
    }
}

impl Figure for Pareto {
    /// All axes tell trials apart.
    fn repeats(&self, _params: &Values) -> bool {
        false
    }

    fn searched(&self, params: &mut Values, search: &Searched<'_>) {
        search.direct(params, "x", "x_direction");
        search.direct(params, "y", "y_direction");
        search.reduce(params, "replicate");
    }

    fn paint(&self, input: &FigureInput, values: &Values) -> Result<Drawn, FigureError> {
        let params = ParetoParams::read(values)?;
        let table = &input.table;
        let numbers = [&params.x, &params.y].map(|name| table.column(name));
        let numbers: Vec<usize> = numbers.into_iter().flatten().collect();
        let table = &*table.completed(&numbers);
        let repeats = params.replicate.unwrap_or_default().0;
        let kept = [
            &params.color,
            &params.facets.facet,
            &params.facets.facet_row,
            &params.facets.facet_col,
        ];
        let kept: Vec<&str> = kept.into_iter().flatten().map(String::as_str).collect();
        let table = &*repeated::reduced(table, &repeats, &kept, &numbers, |_, values| {
            params
                .statistic
                .unwrap_or(Statistic::Mean)
                .of_numbers(values)
        })?;
        let panels = Panels::new(&params.facets, &params.axes);
        let plane = Plane::new(panels, table, [&params.x, &params.y], params.color)?;
        let (x, y) = (plane.x, plane.y);
        let along = |name, given, at: usize| {
            Direction::of(given, &table.columns[at]).map_err(|error| match error {
                FigureError::Parameter { got, want, .. } => {
                    FigureError::Parameter { name, got, want }
                }
                other => other,
            })
        };
        let ways = (
            along("x_direction", params.x_direction, x)?,
            along("y_direction", params.y_direction, y)?,
        );
        let at = |row: usize| Some((table.number(row, x)?, table.number(row, y)?));
        let fronts = plane.by_panel(|group| Front::of(&group.rows, at, ways));
        let places = |fronts: &Vec<Front>| {
            let points = fronts.iter().flat_map(|front| &front.points);
            points.map(|(_, at, _)| *at).collect()
        };
        let places: Vec<Vec<(f64, f64)>> = fronts.iter().map(places).collect();
        let count: usize = places.iter().map(Vec::len).sum();
        let mut page = plane.page(&places)?;
        let [x_title, y_title] = plane.titles();
        let title = format!(
            "{} and {y_title}{}",
            capital(&x_title),
            plane.facets.describe(&[])
        );
        let mut lost = 0;
        for (i, fronts) in fronts.iter().enumerate() {
            let groups = &plane.facets.panels[i].groups;
            page.inside(i, |canvas, frame, theme| {
                for (front, group) in fronts.iter().zip(groups) {
                    let pale = theme.colour(group.color).opacity(0.3);
                    for (_, (x, y), on) in &front.points {
                        match frame.at(*x, *y) {
                            Some(point) if !on => {
                                let shape = theme.shape(group.marker);
                                marker::plain(canvas, shape, point, theme.marker_size * 0.8, pale);
                            }
                            Some(_) => {}
                            None => lost += 1,
                        }
                    }
                }
                for (front, group) in fronts.iter().zip(groups) {
                    let colour = theme.colour(group.color);
                    canvas.line(
                        front.steps(frame, ways),
                        colour.opacity(0.8),
                        theme.line_width,
                    );
                    for (_, (x, y), _) in front.points.iter().filter(|(_, _, on)| *on) {
                        if let Some(point) = frame.at(*x, *y) {
                            let shape = theme.shape(group.marker);
                            marker::draw(canvas, shape, point, theme.marker_size, colour);
                        }
                    }
                }
            });
        }
        let points = fronts.iter().flatten().flat_map(|front| &front.points);
        let on = points.clone().filter(|(_, _, on)| *on).count();
        let mut caption =
            format!("{title}. n = {count}, of which the front has {on}; pale: dominated");
        let without = table.rows.len() - count;
        if without > 0 {
            caption.push_str(&format!("; {without} without both numbers"));
        }
        caption.push('.');
        axes::some_left(lost, count)?;
        caption.push_str(&axes::said(&page.frames, lost));
        let rows = points.map(|(row, _, on)| (*row, *on));
        finish(page, &title, plane.listing("front", rows), caption)
    }
}

/// Rows with their places, and whether each is on the front.
struct Front {
    points: Vec<(usize, (f64, f64), bool)>,
}

impl Front {
    fn of(
        rows: &[usize],
        at: impl Fn(usize) -> Option<(f64, f64)>,
        ways: (Direction, Direction),
    ) -> Front {
        let places = rows.iter().filter_map(|&row| Some((row, at(row)?)));
        let places: Vec<(usize, (f64, f64))> = places.collect();
        let costs: Vec<[f64; 2]> = places
            .iter()
            .map(|(_, (x, y))| [ways.0.cost(*x), ways.1.cost(*y)])
            .collect();
        let ranks = pareto::ranks(&costs);
        let points = places.into_iter().zip(ranks);
        Front {
            points: points
                .map(|((row, at), rank)| (row, at, rank == 0))
                .collect(),
        }
    }

    /// The border of what the front dominates, out to the edges of the panel.
    fn steps(&self, frame: &Frame, ways: (Direction, Direction)) -> Vec<Point> {
        let on = self.points.iter().filter(|(_, _, on)| *on);
        let mut corners: Vec<Point> = on.filter_map(|(_, (x, y), _)| frame.at(*x, *y)).collect();
        // From the best x on; there y is worst.
        let sign = if matches!(ways.0, Direction::Minimize) {
            1.0
        } else {
            -1.0
        };
        corners.sort_by(|a, b| (sign * a.x).total_cmp(&(sign * b.x)));
        let (Some(first), Some(last)) = (corners.first(), corners.last()) else {
            return Vec::new();
        };
        let worst_y = match ways.1 {
            Direction::Minimize => frame.rect.y,
            Direction::Maximize => frame.rect.bottom(),
        };
        let worst_x = match ways.0 {
            Direction::Minimize => frame.rect.right(),
            Direction::Maximize => frame.rect.x,
        };
        let mut steps = vec![Point::new(first.x, worst_y)];
        for pair in corners.windows(2) {
            steps.extend([pair[0], Point::new(pair[1].x, pair[0].y)]);
        }
        steps.extend([*last, Point::new(worst_x, last.y)]);
        steps
    }
}
