//! Trials of searches in their order, and the best of them until each.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::registry::Names;
use crate::table::Column;
use crate::table::Table;
use crate::text::plural;

use super::FigureError;
use super::dates::Clock;
use super::dates::Moment;
use super::direction::Direction;
use super::mapping::Mapping;
use super::mapping::no_column;

/// What x is if nothing is said.
pub(super) const TRIAL: &str = "trial";

/// What trials are by.
pub(super) struct Trials<'t> {
    pub table: &'t Table,
    pub mapping: &'t Mapping,
    /// The column of the budget, of which most trials have a part.
    pub budget: Option<&'t str>,
    /// All of it; the largest that has a number where nobody says.
    pub whole: Option<f64>,
}

/// The best so far as a table, and what a caption must say of it.
pub(super) struct Best {
    pub table: Table,
    pub notes: Vec<String>,
}

/// What came of a trial.
enum Outcome {
    Number(f64),
    /// It has a number, of less than the largest budget.
    Stopped,
    Nothing,
}

/// A place along x with the best until there.
struct Place {
    at: f64,
    x: Json,
    best: Option<f64>,
}

/// One search: what tells it from the others, and its trials in order.
struct Search {
    key: Vec<Json>,
    places: Vec<Place>,
}

impl Search {
    /// From the first place with a number on.
    fn begun(&self) -> &[Place] {
        let first = self.places.iter().position(|place| place.best.is_some());
        first.map_or(&[], |first| &self.places[first..])
    }
}

/// The rows of trials of which most have a part of a budget, each once with the most of it that it had; and what a
/// caption says of that. All rows where nothing names a budget, or it does not reach them.
pub(super) fn each_once<'t>(
    table: &'t Table,
    budget: Option<&str>,
    number: usize,
) -> (Cow<'t, Table>, String) {
    let Some(budget) = budget.and_then(|budget| table.column(budget)) else {
        return (Cow::Borrowed(table), String::new());
    };
    let budget_title = table.columns[budget].title();
    let said = format!(", each with the most {budget_title} that it had");
    (Cow::Owned(table.with_most(budget, number)), said)
}

impl Trials<'_> {
    fn column(&self, name: &str) -> Result<usize, FigureError> {
        let table = self.table;
        table.column(name).ok_or_else(|| no_column(table, name))
    }

    /// The table with numbers of trials: within each group, in the order of rows. A search has its trials
    /// in the order in which they were proposed, each at all budgets that it came to.
    pub(super) fn numbered(&self, parameters: Option<&Names>) -> Result<Table, FigureError> {
        let table = self.table;
        let groups = self.mapping.by(false);
        let groups = groups
            .iter()
            .chain(&self.mapping.replicate)
            .filter(|name| *name != TRIAL);
        let groups: Vec<usize> = groups
            .map(|name| self.column(name))
            .collect::<Result<_, _>>()?;
        let budget = self.budget.map(|name| self.column(name)).transpose()?;
        let parameters: Vec<usize> = match parameters {
            Some(names) => {
                let names = names.0.iter();
                names
                    .map(|name| self.column(name))
                    .collect::<Result<_, _>>()?
            }
            None => (0..table.columns.len())
                .filter(|at| table.columns[*at].axis && !groups.contains(at))
                .collect(),
        };
        let parameters: Vec<usize> = parameters
            .into_iter()
            .filter(|at| Some(*at) != budget)
            .collect();
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

    /// The table with y the best until each x: a row for each search at every x of the searches that are reduced
    /// with it, since between two of its trials the best of a search stays what it was. `clock`: of an x of dates.
    pub(super) fn best(
        &self,
        direction: Option<Direction>,
        clock: Option<Clock>,
    ) -> Result<Best, FigureError> {
        let table = self.table;
        let (x, y) = (
            self.column(&self.mapping.x)?,
            self.column(&self.mapping.y[0])?,
        );
        let direction = Direction::of(direction, &table.columns[y])?;
        let budget = self.budget.map(|name| self.column(name)).transpose()?;
        let mut keys: Vec<usize> = Vec::new();
        let by = self.mapping.by(false);
        for name in by.iter().chain(&self.mapping.replicate) {
            let key = self.column(name)?;
            if key != x && !keys.contains(&key) {
                keys.push(key);
            }
        }
        let of_series = keys
            .iter()
            .filter(|at| by.contains(&table.columns[**at].name))
            .count();
        let at = |row: usize| match clock {
            Some(clock) => Some(clock.seconds(Moment::of(table.rows[row][x].as_str()?)?)),
            None => table.number(row, x),
        };
        let mut searches: Vec<(Vec<Json>, Vec<(f64, usize)>)> = Vec::new();
        let mut known = BTreeMap::new();
        let mut told = Told::default();
        for (i, row) in table.rows.iter().enumerate() {
            let Some(at) = at(i) else {
                told.nothing += 1;
                continue;
            };
            let key: Vec<Json> = keys.iter().map(|&key| row[key].clone()).collect();
            let search = *known.entry(format!("{key:?}")).or_insert_with(|| {
                searches.push((key, Vec::new()));
                searches.len() - 1
            });
            searches[search].1.push((at, i));
        }
        if searches.is_empty() {
            let x = &self.mapping.x;
            return Err(FigureError::Empty(format!("`{x}` holds no numbers")));
        }
        let mut series: Vec<Vec<Search>> = Vec::new();
        for (key, mut rows) in searches {
            rows.sort_by(|a, b| a.0.total_cmp(&b.0));
            let spent = |row: usize| budget.and_then(|budget| table.number(row, budget));
            let numbers = rows.iter().map(|(_, row)| *row);
            let numbers = numbers.filter(|row| table.number(*row, y).is_some());
            let largest = numbers.filter_map(spent).reduce(f64::max);
            let largest = largest.and(self.whole).or(largest);
            let outcome = |trial: &[(f64, usize)]| {
                let rows = trial.iter().map(|(_, row)| *row);
                let numbers = rows.filter_map(|row| Some((row, table.number(row, y)?)));
                let numbers: Vec<(usize, f64)> = numbers.collect();
                let whole = numbers.iter().filter(|(row, _)| spent(*row) == largest);
                let whole: Vec<f64> = whole.map(|(_, number)| *number).collect();
                match (numbers.is_empty(), whole.is_empty()) {
                    (true, _) => Outcome::Nothing,
                    (_, true) => Outcome::Stopped,
                    _ => Outcome::Number(whole.iter().sum::<f64>() / whole.len() as f64),
                }
            };
            let mut best: Option<f64> = None;
            let mut places = Vec::new();
            for trial in rows.chunk_by(|a, b| a.0 == b.0) {
                match outcome(trial) {
                    Outcome::Number(number) => {
                        let is_better = |best: f64| direction.cost(number) < direction.cost(best);
                        if best.is_none_or(is_better) {
                            best = Some(number);
                        }
                    }
                    Outcome::Stopped => told.stopped += 1,
                    Outcome::Nothing => told.nothing += 1,
                }
                let (at, row) = trial[0];
                let x = match clock {
                    Some(_) => table.rows[row][x].clone(),
                    None if at.fract() == 0.0 && at.abs() < 1e15 => Json::from(at as i64),
                    None => Json::from(at),
                };
                places.push(Place { at, x, best });
            }
            let search = Search { key, places };
            let same = |other: &Vec<Search>| other[0].key[..of_series] == search.key[..of_series];
            match series.iter_mut().find(|series| same(series)) {
                Some(series) => series.push(search),
                None => series.push(vec![search]),
            }
        }
        let mut columns: Vec<_> = keys.iter().map(|&key| table.columns[key].clone()).collect();
        columns.extend([table.columns[x].clone(), table.columns[y].clone()]);
        let column = columns.last_mut().expect("y is there");
        column.label = format!("best {} so far", column.title());
        let mut rows = Vec::new();
        for searches in &series {
            let Some(under_way) = UnderWay::of(searches) else {
                // Nothing to draw, and a name in the legend.
                for search in searches {
                    let places = search.places.iter();
                    rows.extend(places.map(|place| row(search, &place.x, None)));
                }
                continue;
            };
            if under_way.grid.is_empty() {
                return Err(self.never_at_once());
            }
            told.cut |= under_way.cut;
            for search in searches {
                let places = search.begun();
                if places.is_empty() {
                    continue;
                }
                for (at, x) in &under_way.grid {
                    let next = places.partition_point(|place| place.at <= *at);
                    rows.push(row(search, x, places[next - 1].best));
                }
            }
        }
        Ok(Best {
            notes: told.notes(budget.map(|budget| &table.columns[budget])),
            table: Table { columns, rows },
        })
    }

    fn never_at_once(&self) -> FigureError {
        let x = &self.mapping.x;
        let replicates = self.mapping.replicate.join(", ");
        FigureError::Empty(format!(
            "there is no `{x}` at which every {replicates} has begun and none has ended: name `{replicates}` under \
             `color`"
        ))
    }
}

fn row(search: &Search, x: &Json, best: Option<f64>) -> Vec<Json> {
    let best = best.map_or(Json::Null, Json::from);
    let key = search.key.iter().cloned();
    key.chain([x.clone(), best]).collect()
}

/// Where all searches of a series have begun and none has ended: the mean of fewer would become worse where one of
/// them begins or ends.
struct UnderWay<'s> {
    /// Each x of any of them.
    grid: Vec<(f64, &'s Json)>,
    /// Whether there are others, at which some are not under way.
    cut: bool,
}

impl<'s> UnderWay<'s> {
    /// None where no search has a number.
    fn of(searches: &'s [Search]) -> Option<Self> {
        let begun = || searches.iter().map(Search::begun);
        let begun = || begun().filter(|places| !places.is_empty());
        let from = begun().filter_map(|places| Some(places.first()?.at));
        let to = begun().filter_map(|places| Some(places.last()?.at));
        let (from, to) = (from.reduce(f64::max)?, to.reduce(f64::min)?);
        let mut grid: Vec<(f64, &Json)> = begun().flatten().map(|p| (p.at, &p.x)).collect();
        let all = grid.len();
        grid.retain(|(at, _)| (from..=to).contains(at));
        let cut = grid.len() < all;
        grid.sort_by(|a, b| a.0.total_cmp(&b.0));
        grid.dedup_by(|a, b| a.0 == b.0);
        Some(UnderWay { grid, cut })
    }
}

/// What is not seen.
#[derive(Default)]
struct Told {
    /// Trials with less than the largest budget.
    stopped: usize,
    /// Trials without a number.
    nothing: usize,
    /// Some search is under way where others are not.
    cut: bool,
}

impl Told {
    fn notes(&self, budget: Option<&Column>) -> Vec<String> {
        let mut notes = Vec::new();
        if let (1.., Some(budget)) = (self.stopped, budget) {
            notes.push(format!(
                "{} stopped before the largest {}, and {} the best as it was.",
                match self.stopped {
                    1 => "1 trial was".to_owned(),
                    many => format!("{} were", plural(many, "trial")),
                },
                budget.title(),
                if self.stopped == 1 { "leaves" } else { "leave" },
            ));
        }
        match self.nothing {
            0 => {}
            1 => notes.push("1 trial has no value.".to_owned()),
            many => notes.push(format!("{} have no value.", plural(many, "trial"))),
        }
        if self.cut {
            notes.push("Drawn where all have begun and none has ended.".to_owned());
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::super::options::FacetParams;
    use super::super::options::Shared;
    use super::*;

    fn mapping(x: &str, replicate: &[&str]) -> Mapping {
        let facets = FacetParams {
            facet: None,
            facet_row: None,
            facet_col: None,
            scales: Shared::Both,
        };
        Mapping {
            replicate: replicate.iter().map(|name| (*name).to_owned()).collect(),
            ..Mapping::new(x, vec!["loss".to_owned()], &facets).unwrap()
        }
    }

    fn best(table: &Table, mapping: &Mapping, budget: Option<&str>) -> Result<Best, FigureError> {
        let trials = Trials {
            table,
            mapping,
            budget,
            whole: None,
        };
        trials.best(Some(Direction::Minimize), None)
    }

    #[test]
    fn the_best_of_a_search_stays_at_the_costs_of_the_others() {
        let csv = "search,cost,loss\n0,1,3\n0,2.1,2\n0,3.3,1\n1,1.2,9\n1,2.4,8\n1,3.1,7\n";
        let table = Table::from_csv(csv, &["search"]).unwrap();
        let mapping = mapping("cost", &["search"]);
        let best = best(&table, &mapping, None).unwrap();
        assert_eq!(
            best.table.to_csv(),
            "search,cost,loss\n0,1.2,3.0\n0,2.1,2.0\n0,2.4,2.0\n0,3.1,2.0\n\
             1,1.2,9.0\n1,2.1,9.0\n1,2.4,8.0\n1,3.1,7.0\n"
        );
        assert_eq!(
            best.notes,
            ["Drawn where all have begun and none has ended."]
        );
        let apart = Table::from_csv("search,cost,loss\n0,1,3\n1,2,9\n", &["search"]).unwrap();
        let wrong = self::best(&apart, &mapping, None).err().unwrap();
        assert!(wrong.to_string().contains("under `color`"), "{wrong}");
    }

    #[test]
    fn a_trial_counts_once_and_at_the_largest_budget() {
        let csv = "lr,steps,loss\n1,2,5\n2,2,1\n3,2,4\n4,2,\n1,6,3\n3,6,2\n";
        let table = Table::from_csv(csv, &["lr", "steps"]).unwrap();
        let mapping = mapping(TRIAL, &[]);
        let trials = Trials {
            table: &table,
            mapping: &mapping,
            budget: Some("steps"),
            whole: None,
        };
        let numbered = trials.numbered(None).unwrap();
        let best = best(&numbered, &mapping, Some("steps")).unwrap();
        assert_eq!(
            best.table.to_csv(),
            "trial,loss\n0,3.0\n1,3.0\n2,2.0\n3,2.0\n"
        );
        assert_eq!(
            best.notes,
            [
                "1 trial was stopped before the largest steps, and leaves the best as it was.",
                "1 trial has no value."
            ]
        );
        // Nobody came to all of it.
        let trials = Trials {
            table: &numbered,
            whole: Some(18.0),
            ..trials
        };
        let best = trials.best(Some(Direction::Minimize), None).unwrap();
        assert!(
            best.notes[0].starts_with("3 trials were stopped"),
            "{:?}",
            best.notes
        );
    }
}
