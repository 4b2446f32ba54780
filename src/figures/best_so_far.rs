//! The best of the trials so far.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::registry::Entry;
use crate::registry::Names;
use crate::registry::Param;
use crate::registry::Searched;
use crate::registry::Values;
use crate::registry::params;
use crate::search::Statistic;
use crate::table::Column;
use crate::table::Estimate;
use crate::table::Table;

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
use super::options::AxisParams;
use super::options::FacetParams;
use super::options::Groups;
use super::options::Panels;
use super::repeated;
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
        /// columns that tell trials apart where they are numbered [default: all axes that no other
        /// parameter names]
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
         averaged, so that a trial counts once and luck is not taken for the best; `replicate` names repetitions of the whole search. A trial \
         without a number leaves the best as it was."
    }

    fn params(&self) -> Vec<Param> {
        BestSoFarParams::params()
    }
}

impl Figure for BestSoFar {
    fn searched(&self, params: &mut Values, search: &Searched<'_>) {
        search.direct(params, "y", "direction");
        search.reduce(params, "repeats");
    }

    /// Rows of one trial are averaged.
    fn repeats(&self, params: &Values) -> bool {
        let x = params.get("x").and_then(|x| x.as_str());
        x.is_some_and(|x| x != TRIAL)
    }

    fn paint(&self, input: &FigureInput, values: &Values) -> Result<Drawn, FigureError> {
        let params = BestSoFarParams::read(values)?;
        let panels = Panels::new(&params.facets, &params.axes);
        let mapping = Mapping::new(&params.x, vec![params.y], &params.facets)?;
        let mapping = mapping.grouped(&params.groups);
        let repeats = params.repeats.unwrap_or_default().0;
        let numbers = [&mapping.y[0], &mapping.x].map(|name| input.table.column(name));
        // Where x is an axis it tells trials apart.
        let is_number = |at: &usize| !input.table.columns[*at].axis;
        let numbers: Vec<usize> = numbers.into_iter().flatten().filter(is_number).collect();
        let kept = [mapping.by(false), mapping.replicate.clone()].concat();
        let kept = kept
            .iter()
            .chain(params.parameters.iter().flat_map(|names| &names.0));
        let kept: Vec<&str> = kept.map(String::as_str).collect();
        let statistic = params.statistic.unwrap_or(Statistic::Mean);
        let one = |at: usize, values| match input.table.columns[at].name == mapping.y[0] {
            true => statistic.of_numbers(values),
            false => Statistic::Mean.of_numbers(values),
        };
        let table = &*repeated::reduced(&input.table, &repeats, &kept, &numbers, one)?;
        let numbered = match table.column(&mapping.x) {
            None if mapping.x == TRIAL => Some(numbered(table, &mapping, params.parameters)?),
            _ => None,
        };
        let table = numbered.as_ref().unwrap_or(table);
        let table = running_best(table, &mapping, params.direction)?;
        let mut plot = axes::plot(panels, &table, &mapping)?;
        plot.panels.iter_mut().flatten().for_each(stepped);
        let look = SeriesStyle {
            markers: false,
            bars: false,
            pale: true,
        };
        let beside = Beside {
            levels: &params.levels,
            envelope: None,
        };
        xy::finish(panels, beside, &plot, look, &[])
    }
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

/// What x is if nothing is said.
const TRIAL: &str = "trial";

/// The table with numbers of trials: within each group, in the order of rows. A search has its trials
/// in the order in which they were proposed.
fn numbered(
    table: &Table,
    mapping: &Mapping,
    parameters: Option<Names>,
) -> Result<Table, FigureError> {
    let column = |name: &String| table.column(name).ok_or_else(|| no_column(table, name));
    let groups = mapping.by(false);
    let groups = groups
        .iter()
        .chain(&mapping.replicate)
        .filter(|name| *name != TRIAL);
    let groups: Vec<usize> = groups.map(column).collect::<Result<_, _>>()?;
    let parameters: Vec<usize> = match parameters {
        Some(names) => names.0.iter().map(column).collect::<Result<_, _>>()?,
        None => (0..table.columns.len())
            .filter(|at| table.columns[*at].axis && !groups.contains(at))
            .collect(),
    };
    let mut known: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    let mut columns = vec![Column::axis(TRIAL)];
    columns.extend(table.columns.iter().cloned());
    let name = |row: &[Json], of: &[usize]| {
        let values: Vec<&Json> = of.iter().map(|&at| &row[at]).collect();
        format!("{values:?}")
    };
    let rows = table.rows.iter().map(|row| {
        let trials = known.entry(name(row, &groups)).or_default();
        let next = trials.len();
        let trial = *trials.entry(name(row, &parameters)).or_insert(next);
        [&[Json::from(trial)], row.as_slice()].concat()
    });
    Ok(Table {
        rows: rows.collect(),
        columns,
    })
}

/// The table with a row for each x of each group and replicate, y the best until there.
fn running_best(
    table: &Table,
    mapping: &Mapping,
    direction: Option<Direction>,
) -> Result<Table, FigureError> {
    let column = |name: &String| table.column(name).ok_or_else(|| no_column(table, name));
    let (x, y) = (column(&mapping.x)?, column(&mapping.y[0])?);
    let direction = Direction::of(direction, &table.columns[y])?;
    let mut keys: Vec<usize> = Vec::new();
    for name in mapping.by(false).iter().chain(&mapping.replicate) {
        let key = column(name)?;
        if key != x && !keys.contains(&key) {
            keys.push(key);
        }
    }
    let mut groups: Vec<(Vec<Json>, Vec<(f64, Option<f64>)>)> = Vec::new();
    let mut known = BTreeMap::new();
    for (i, row) in table.rows.iter().enumerate() {
        let Some(at) = table.number(i, x) else {
            continue;
        };
        let key: Vec<Json> = keys.iter().map(|&key| row[key].clone()).collect();
        let group = *known.entry(format!("{key:?}")).or_insert_with(|| {
            groups.push((key, Vec::new()));
            groups.len() - 1
        });
        groups[group].1.push((at, table.number(i, y)));
    }
    if groups.is_empty() {
        let x = &mapping.x;
        return Err(FigureError::Empty(format!("`{x}` holds no numbers")));
    }
    let mut columns: Vec<_> = keys.iter().map(|&key| table.columns[key].clone()).collect();
    columns.extend([table.columns[x].clone(), table.columns[y].clone()]);
    let best = columns.last_mut().expect("y is there");
    best.label = format!("best {} so far", best.title());
    let mut rows = Vec::new();
    for (key, mut points) in groups {
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut best: Option<f64> = None;
        for trial in points.chunk_by(|a, b| a.0 == b.0) {
            let numbers: Vec<f64> = trial.iter().filter_map(|(_, number)| *number).collect();
            if !numbers.is_empty() {
                let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
                let is_better = |best: f64| direction.cost(mean) < direction.cost(best);
                if best.is_none_or(is_better) {
                    best = Some(mean);
                }
            }
            let mut row = key.clone();
            let x = trial[0].0;
            let x = if x.fract() == 0.0 && x.abs() < 1e15 {
                Json::from(x as i64)
            } else {
                Json::from(x)
            };
            row.extend([x, best.map_or(Json::Null, Json::from)]);
            rows.push(row);
        }
    }
    Ok(Table { columns, rows })
}
