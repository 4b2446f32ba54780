//! The best of the trials so far.

use crate::registry::Entry;
use crate::registry::Names;
use crate::registry::Param;
use crate::registry::Searched;
use crate::registry::Values;
use crate::registry::params;
use crate::search::Statistic;
use crate::table::Estimate;

use super::Drawn;
use super::Figure;
use super::FigureError;
use super::FigureInput;
use super::axes;
use super::direction::Direction;
use super::grammar::Series;
use super::levels::LevelParams;
use super::mapping::Mapping;
use super::mapping::no_column;
use super::options::AlongX;
use super::options::AxisParams;
use super::options::FacetParams;
use super::options::Groups;
use super::options::Panels;
use super::repeated;
use super::trials::TRIAL;
use super::trials::Trials;
use super::xy;
use super::xy::Beside;
use super::xy::SeriesStyle;

pub(super) struct BestSoFar;

params! {
    /// What `figure/best-so-far` may be given.
    struct BestSoFarParams {
        /// column along x: the trial, or the budget spent until then; where there is no column `trial`,
        /// rows are numbered as they come
        x: String = "trial";
        /// columns that tell trials apart where they are numbered [default: the parameters of the search, else all
        /// axes, that no other parameter names]
        parameters: Option<Names>;
        /// axis or list of axes along which rows are repetitions of a trial, which count once [default: the seeds of
        /// the search that no other parameter names]
        repeats: Option<Names>;
        /// what makes one number of them: `mean`, `median`, `min` or `max` [default: as the search has it, else `mean`]
        statistic: Option<Statistic>;
        /// column of numbers of which the best so far is drawn
        y: String;
        /// which way y is better; by default as the search or the column has it
        direction: Option<Direction>;
        /// column of the budget of which most trials get a part [default: that of the search, unless another parameter names it]
        budget: Option<String>;
        /// all of the budget: the best is one of the trials that had it [default: as the search has it, else the largest
        /// that has a number]
        whole: Option<f64>;
        groups: Groups;
        facets: FacetParams;
        levels: LevelParams;
        axes: AxisParams;
    }
}

impl Entry for BestSoFar {
    fn name(&self) -> &'static str {
        "best-so-far"
    }

    fn summary(&self) -> &'static str {
        "the best number so far against trials, mean lines with bands over repeated searches"
    }

    fn docs(&self) -> &'static str {
        "Within each group, rows are taken in the order of x, and each has the best number among it and \
         those before. Repetitions of a trial are reduced first as the search reduces them, and rows of one x \
         averaged, so that a trial counts once and luck is not taken for the best; a number that was measured on fewer axes \
         belongs to all trials that share them. A trial without a number, as one that failed where `missing: allow` lets the \
         others be drawn, leaves the best as it was; so does one that was stopped before the largest `budget`, as the search has it. \
         `replicate` names repetitions of the whole search, whose mean is drawn where all of them have begun and none has \
         ended: between its trials a search keeps its best."
    }

    fn revision(&self) -> u32 {
        3
    }

    fn params(&self) -> Vec<Param> {
        BestSoFarParams::params()
    }
}

impl Figure for BestSoFar {
    fn searched(&self, params: &mut Values, search: &Searched<'_>) {
        search.direct(params, "y", "direction");
        search.reduce(params, "repeats");
        search.spend(params, "budget");
        search.all_of(params, "budget", "whole");
        if along_trials(params) {
            search.tell_apart(params, "parameters");
        }
    }

    /// Rows of one trial are averaged.
    fn repeats(&self, params: &Values) -> bool {
        !along_trials(params) || params.contains_key("parameters")
    }

    fn along_x(&self) -> AlongX {
        AlongX::Any
    }

    fn paint(&self, input: &FigureInput, values: &Values) -> Result<Drawn, FigureError> {
        let params = BestSoFarParams::read(values)?;
        let panels = Panels::new(&params.facets, &params.axes);
        let mapping = Mapping::new(&params.x, vec![params.y], &params.facets)?;
        let mapping = mapping.grouped(&params.groups);
        let repeats = params.repeats.unwrap_or_default().0;
        let table = &input.table;
        let numbers = [&mapping.y[0], &mapping.x].map(|name| table.column(name));
        // Where x is an axis it tells trials apart.
        let is_number = |at: &usize| !table.columns[*at].axis;
        let numbers: Vec<usize> = numbers.into_iter().flatten().filter(is_number).collect();
        // Stages that measure parts of the trials have rows of their own.
        let table = &*table.completed(&numbers);
        let table = &*match table.column(&mapping.y[0]) {
            Some(y) => table.without_shared(y),
            None => return Err(no_column(table, &mapping.y[0])),
        };
        let kept = [mapping.by(false), mapping.replicate.clone()].concat();
        let kept = kept
            .iter()
            .chain(params.parameters.iter().flat_map(|names| &names.0))
            .chain(&params.budget);
        let kept: Vec<&str> = kept.map(String::as_str).collect();
        let statistic = params.statistic.unwrap_or(Statistic::Mean);
        let one = |at: usize, values| match table.columns[at].name == mapping.y[0] {
            true => statistic.of_numbers(values),
            false => Statistic::Mean.of_numbers(values),
        };
        let table = &*repeated::reduced(table, &repeats, &kept, &numbers, one)?;
        let mut trials = Trials {
            table,
            mapping: &mapping,
            budget: params.budget.as_deref(),
            whole: params.whole,
        };
        let numbered = match table.column(&mapping.x) {
            None if mapping.x == TRIAL => Some(trials.numbered(params.parameters.as_ref())?),
            _ => None,
        };
        trials.table = numbered.as_ref().unwrap_or(table);
        let clock = match trials.table.column(&mapping.x) {
            Some(x) => axes::clock(panels, trials.table.rows.iter().map(|row| &row[x]))?,
            None => None,
        };
        let best = trials.best(params.direction, clock)?;
        let mut plot = axes::plot(panels, &best.table, &mapping)?;
        plot.panels.iter_mut().flatten().for_each(stepped);
        let look = SeriesStyle {
            markers: false,
            bars: false,
            pale: true,
        };
        let beside = Beside {
            levels: &params.levels,
            envelope: None,
            missing: None,
        };
        xy::finish(panels, beside, &plot, look, &best.notes)
    }
}

/// Whether trials are along x.
fn along_trials(params: &Values) -> bool {
    let x = params.get("x").and_then(|x| x.as_str());
    x.is_none_or(|x| x == TRIAL)
}

/// As stairs: the best stays what it was until the next trial.
fn stepped(series: &mut Series) {
    let points = std::mem::take(&mut series.points);
    let mut before: Option<Estimate> = None;
    for (x, estimate) in points {
        let flat = before
            .replace(estimate.clone())
            .map(|before| (x.clone(), before));
        series.points.extend(flat);
        series.points.push((x, estimate));
    }
}
