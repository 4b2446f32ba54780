//! Trials that climb from budget to budget, and where each was stopped.

use std::collections::HashMap;

use serde_json::Value as Json;

use crate::registry::Entry;
use crate::registry::Names;
use crate::registry::Param;
use crate::registry::Searched;
use crate::registry::Values;
use crate::registry::params;
use crate::table::Table;

use super::Drawn;
use super::Figure;
use super::FigureError;
use super::FigureInput;
use super::axes;
use super::canvas::Canvas;
use super::canvas::Point;
use super::direction::Direction;
use super::facets::Group;
use super::finish;
use super::grammar::capital;
use super::mapping::no_column;
use super::marker;
use super::options::AxisParams;
use super::options::FacetParams;
use super::options::Panels;
use super::plane::Plane;
use super::sheet::Frame;
use super::theme::Theme;

/// How pale trials are that were stopped.
const STOPPED: f64 = 0.35;

pub(super) struct Rungs;

params! {
    /// What `figure/rungs` may be given.
    struct RungsParams {
        /// column of the budget: epochs, updates
        x: String;
        /// column of the numbers by which trials are promoted
        y: String;
        /// which way y is better; by default as the search or the column has it
        direction: Option<Direction>;
        /// axis or list of axes whose values are repetitions of a trial, of which the mean is drawn [default: the seeds of the search]
        replicate: Option<Names>;
        /// axes that tell trials apart [default: the parameters of the search, else all axes, that no other parameter
        /// names]
        parameters: Option<Names>;
        /// all of the budget [default: as the search has it, else the largest that has a number]
        whole: Option<f64>;
        /// column with a colour per value
        color: Option<String>;
        facets: FacetParams;
        axes: AxisParams;
    }
}

impl Entry for Rungs {
    fn name(&self) -> &'static str {
        "rungs"
    }

    fn summary(&self) -> &'static str {
        "a line per trial of a search from budget to budget, up to where it was stopped"
    }

    fn docs(&self) -> &'static str {
        "Of successive halving (`asha`, `hyperband`). A trial is the rows that agree on all axes but x and \
         the replicates. It is pale where it did not come to the whole budget; of those that did, the best has a heavier line. A trial without a number at a budget ends before it."
    }

    fn revision(&self) -> u32 {
        3
    }

    fn params(&self) -> Vec<Param> {
        RungsParams::params()
    }
}

impl Figure for Rungs {
    fn searched(&self, params: &mut Values, search: &Searched<'_>) {
        search.direct(params, "y", "direction");
        search.repeat(params, "replicate");
        search.all_of(params, "x", "whole");
        search.tell_apart(params, "parameters");
    }

    /// Where nothing names them, all axes tell trials apart.
    fn repeats(&self, params: &Values) -> bool {
        params.contains_key("parameters")
    }

    fn paint(&self, input: &FigureInput, values: &Values) -> Result<Drawn, FigureError> {
        let params = RungsParams::read(values)?;
        let table = &input.table;
        let panels = Panels::new(&params.facets, &params.axes);
        let plane = Plane::new(panels, table, [&params.x, &params.y], params.color)?;
        let (x, y) = (plane.x, plane.y);
        let direction = Direction::of(params.direction, &table.columns[y])?;
        let replicates = params.replicate.unwrap_or(Names(Vec::new()));
        for name in &replicates.0 {
            table.column(name).ok_or_else(|| no_column(table, name))?;
        }
        let identity: Vec<usize> = (0..table.columns.len())
            .filter(|&at| table.columns[at].axis && at != x && at != y)
            .filter(|&at| !replicates.0.contains(&table.columns[at].name))
            .collect();
        for name in params.parameters.iter().flat_map(|names| &names.0) {
            table.column(name).ok_or_else(|| no_column(table, name))?;
        }
        let whole = params.whole;
        let climbs = plane.by_panel(|group| {
            Climbs::of(table, &group.rows, (x, y), &identity, (direction, whole))
        });
        let places = |climbs: &Vec<Climbs>| {
            let trials = climbs.iter().flat_map(|climbs| &climbs.trials);
            trials.flat_map(|trial| &trial.points).copied().collect()
        };
        let mut page = plane.page(&climbs.iter().map(places).collect::<Vec<_>>())?;
        let [x_title, y_title] = plane.titles();
        let title = format!(
            "{} of trials against {x_title}{}",
            capital(&y_title),
            plane.facets.describe(&[])
        );
        let mut lost = 0;
        for (i, climbs) in climbs.iter().enumerate() {
            let groups = &plane.facets.panels[i].groups;
            page.inside(i, |canvas, frame, theme| {
                for (climbs, group) in climbs.iter().zip(groups) {
                    lost += climbs.draw(canvas, frame, theme, group);
                }
            });
        }
        let all = climbs.iter().flatten().flat_map(|climbs| &climbs.trials);
        let count = all.clone().count();
        let above = all.clone().filter(|trial| trial.top).count();
        let mut caption = format!(
            "{title}. n = {count} trials, of which {above} came to the largest budget; pale: stopped before"
        );
        let drawn: usize = all.clone().map(|trial| trial.rows.len()).sum();
        let without = table.rows.len() - drawn;
        if without > 0 {
            caption.push_str(&format!("; {without} rows without a number"));
        }
        caption.push('.');
        caption.push_str(&axes::said(&page.frames, lost));
        let rows = all.flat_map(|trial| trial.rows.iter().map(|row| (*row, !trial.top)));
        finish(page, &title, plane.listing("stopped", rows), caption)
    }
}

/// A trial with the means of its numbers at each budget.
struct Trial {
    rows: Vec<usize>,
    /// By budget.
    points: Vec<(f64, f64)>,
    /// It came to the whole budget.
    top: bool,
}

/// The trials of a colour in a panel, those on top and the best of them last.
struct Climbs {
    trials: Vec<Trial>,
}

impl Climbs {
    fn of(
        table: &Table,
        rows: &[usize],
        (x, y): (usize, usize),
        identity: &[usize],
        (direction, whole): (Direction, Option<f64>),
    ) -> Climbs {
        let mut known: HashMap<Vec<&Json>, usize> = HashMap::new();
        let mut trials: Vec<(Vec<usize>, Vec<(f64, f64)>)> = Vec::new();
        for &row in rows {
            let (Some(at), Some(number)) = (table.number(row, x), table.number(row, y)) else {
                continue;
            };
            let name = identity
                .iter()
                .map(|&column| &table.rows[row][column])
                .collect();
            let trial = *known.entry(name).or_insert_with(|| {
                trials.push(Default::default());
                trials.len() - 1
            });
            trials[trial].0.push(row);
            trials[trial].1.push((at, number));
        }
        let all = trials.iter().flat_map(|(_, points)| points);
        let largest = all.map(|(at, _)| *at).fold(f64::NEG_INFINITY, f64::max);
        let largest = whole.unwrap_or(largest);
        let mut trials: Vec<Trial> = trials
            .into_iter()
            .map(|(rows, mut points)| {
                points.sort_by(|a, b| a.0.total_cmp(&b.0));
                let mean = |points: &[(f64, f64)]| {
                    let sum: f64 = points.iter().map(|(_, number)| number).sum();
                    (points[0].0, sum / points.len() as f64)
                };
                let points: Vec<(f64, f64)> =
                    points.chunk_by(|a, b| a.0 == b.0).map(mean).collect();
                let top = points.last().is_some_and(|(at, _)| *at == largest);
                Trial { rows, points, top }
            })
            .collect();
        trials.sort_by(|a, b| {
            let cost = |trial: &Trial| {
                trial
                    .points
                    .last()
                    .map_or(0.0, |last| direction.cost(last.1))
            };
            a.top.cmp(&b.top).then(cost(b).total_cmp(&cost(a)))
        });
        Climbs { trials }
    }

    /// Draws them; how many points lie outside.
    fn draw(&self, canvas: &mut Canvas, frame: &Frame, theme: &Theme, group: &Group) -> usize {
        let full = theme.colour(group.color);
        let shape = theme.shape(group.marker);
        let mut lost = 0;
        for (number, trial) in self.trials.iter().enumerate() {
            let places = trial.points.iter().map(|(x, y)| frame.at(*x, *y));
            let points: Vec<Point> = places.flatten().collect();
            lost += trial.points.len() - points.len();
            let best = trial.top && number + 1 == self.trials.len();
            let colour = if trial.top {
                full
            } else {
                full.opacity(STOPPED)
            };
            let width = theme.line_width * if best { 1.4 } else { 0.7 };
            if points.len() > 1 {
                canvas.line(points.clone(), colour, width);
            }
            if let Some(last) = points.last() {
                if trial.top {
                    marker::draw(canvas, shape, *last, theme.marker_size, colour);
                } else {
                    marker::plain(canvas, shape, *last, theme.marker_size * 0.7, colour);
                }
            }
        }
        lost
    }
}
