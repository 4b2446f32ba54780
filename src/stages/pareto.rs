//! `table/pareto`: the trials that none is better than in everything.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value as Json;

use super::Stage;
use super::measured;
use super::rows;
use super::trials;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::registry::Columns;
use crate::registry::Entry;
use crate::registry::InvalidParam;
use crate::registry::Names;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::Searched;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Value;
use crate::registry::Values;
use crate::registry::params;
use crate::search::Direction;
use crate::search::Statistic;
use crate::search::pareto;
use crate::table::Column;
use crate::table::Table;
use crate::text::list_of;

/// The rows of the front.
pub(super) struct ParetoTable;

params! {
    /// What `table/pareto` may be given.
    struct ParetoParams {
        /// the numbers to be good in, two or more [default: the objectives of the search]
        values: Option<Names>;
        /// which way each is better, `minimize` or `maximize`, by name [default: as the search or the column has it]
        directions: Option<Values>;
        /// the axis, or list of axes, along which values are repetitions [default with the objectives of the search: its seeds]
        replicate: Option<Names>;
        /// what makes one number of repetitions: `mean`, `median`, `min` or `max` [default: as the search has it, else `mean`]
        statistic: Option<Statistic>;
        /// the ranks that are kept: 1 the front alone, 2 also what would be the front without it, …
        ranks: usize = 1, min(1);
    }
}

impl Entry for ParetoTable {
    fn name(&self) -> &'static str {
        "table/pareto"
    }

    fn summary(&self) -> &'static str {
        "the rows that no other is better than in every one of several numbers"
    }

    fn docs(&self) -> &'static str {
        "One row dominates another when none of its numbers is worse and one is better; numbers that only\n\
         rounding tells apart are equal. Those that\n\
         nothing dominates are the front, in the order of the first number, best first. Rows that lack\n\
         one of the numbers are left out; one that was measured on fewer axes, such as the size of a\n\
         model, belongs to all rows that share them. `rank` is 1 on the front, 2 on the front of what is left\n\
         without it, and so on. In an experiment whose search has several objectives it compares those\n\
         where it is told nothing, replicates reduced as the search reduces them; those of its objectives that\n\
         `values` names have its directions, and the same replicates, unless they are told others."
    }

    fn revision(&self) -> u32 {
        6
    }

    fn params(&self) -> Vec<Param> {
        ParetoParams::params()
    }
}

impl StageKind for ParetoTable {
    fn inputs(&self) -> Vec<Slot> {
        vec![rows::SLOT]
    }

    fn outputs(&self) -> Outputs {
        measured::TABLE
    }

    fn columns(&self, _output: &str, params: &Values, rows: &dyn Fn(&str) -> Columns) -> Columns {
        let Ok(params) = ParetoParams::read(params) else {
            return Columns::unknown();
        };
        let rows = rows("rows");
        let replicates = params.replicate.unwrap_or_default().0;
        let kept = match replicates.is_empty() {
            true => rows,
            false => rows
                .axes_without(&replicates)
                .with_numbers(params.values.unwrap_or_default().0),
        };
        kept.with_numbers(["rank"])
    }

    fn reduces_all(&self) -> bool {
        true
    }

    fn objectives(&self) -> Option<&'static str> {
        Some("values")
    }

    fn searched(&self, params: &mut Values, search: &Searched<'_>) {
        search.compare(params, "values", "replicate");
    }

    fn check(&self, params: &Values) -> Result<(), InvalidParam> {
        let Ok(params) = ParetoParams::read(params) else {
            return Ok(());
        };
        let wrong = |param, message: String, help: &str| {
            let help = help.to_owned();
            Err(InvalidParam {
                param,
                message,
                help,
            })
        };
        let Some(values) = &params.values else {
            return Ok(());
        };
        if values.0.len() < 2 {
            let message = "a front is of two numbers at least".to_owned();
            return wrong("values", message, "give a list of columns");
        }
        for (name, way) in params.directions.iter().flatten() {
            if !values.0.contains(name) {
                let message = format!("`{name}` is not compared");
                let help = format!(
                    "`values` has {}",
                    list_of(values.0.iter().map(String::as_str))
                );
                return wrong("directions", message, &help);
            }
            if !matches!(way.as_str(), Some("minimize" | "maximize")) {
                let message = format!("the direction of `{name}` is `{way}`");
                return wrong("directions", message, "write `minimize` or `maximize`");
            }
        }
        Ok(())
    }
}

impl Stage for ParetoTable {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = ParetoParams::read(&job.step.params)?;
        // A setting of which a repetition failed is not judged by the others, which may be its lucky part.
        let table = rows::of_job(job, None)?;
        Ok(measured::left(measured::distinct(&of(&table, &params)?)?))
    }
}

fn of(table: &Table, params: &ParetoParams) -> Result<Table, JobError> {
    let values = params.values.as_ref().map_or(&[][..], |values| &values.0);
    let none = Values::new();
    let directions = params.directions.as_ref().unwrap_or(&none);
    let mut objectives = Vec::new();
    for name in values {
        let at = trials::column(table, name)?;
        let direction = direction(directions.get(name.as_str()), &table.columns[at])?;
        objectives.push((name, direction));
    }
    let at: Vec<usize> = values
        .iter()
        .filter_map(|name| table.column(name))
        .collect();
    let table = &*table.completed(&at);
    let has_all = |row: &Vec<Json>| at.iter().all(|at| !row[*at].is_null());
    let has_any = |at: &usize| table.rows.iter().any(|row| !row[*at].is_null());
    if at.iter().all(has_any) && !table.rows.iter().any(has_all) {
        return Err(JobError::failed(format!("no row has {}", list_of(values)))
            .hint("numbers of two stages share a row where one stage has all axes of the other"));
    }
    let table = reduced(table, params, values)?;
    let objectives: Vec<(usize, Direction)> = objectives
        .into_iter()
        .filter_map(|(name, direction)| Some((table.column(name)?, direction)))
        .collect();
    let costs = |row: usize| -> Option<Vec<f64>> {
        let cost =
            |(at, direction): &(usize, Direction)| Some(direction.cost(table.number(row, *at)?));
        objectives.iter().map(cost).collect()
    };
    let kept = (0..table.rows.len()).filter(|&row| !table.diverged(row));
    let kept: Vec<(usize, Vec<f64>)> = kept.filter_map(|row| Some((row, costs(row)?))).collect();
    let of_rows: Vec<&[f64]> = kept.iter().map(|(_, costs)| costs.as_slice()).collect();
    let ranks = pareto::ranks(&of_rows);
    let mut front: Vec<(usize, &(usize, Vec<f64>))> = ranks.into_iter().zip(&kept).collect();
    front.retain(|(rank, _)| *rank < params.ranks);
    front.sort_by(|(rank, (_, a)), (other, (_, b))| {
        let costs = || a.partial_cmp(b).unwrap_or(Ordering::Equal);
        rank.cmp(other).then_with(costs)
    });
    let mut columns = table.columns.clone();
    columns.push(Column::metric("rank", "", Some(false)));
    let row = |(rank, (row, _)): (usize, &(usize, Vec<f64>))| {
        let mut cells = table.rows[*row].clone();
        cells.push((rank + 1).into());
        cells
    };
    Ok(Table {
        columns,
        rows: front.into_iter().map(row).collect(),
    })
}

/// The table with a row for the replicates of each place: the axes and the numbers that are compared. What
/// one of them lacks, or is of a training that diverged, the row lacks.
fn reduced<'t>(
    table: &'t Table,
    params: &ParetoParams,
    values: &[String],
) -> Result<Cow<'t, Table>, JobError> {
    let replicates = params.replicate.iter().flat_map(|names| &names.0);
    let replicates: Vec<usize> = replicates
        .map(|name| trials::column(table, name))
        .collect::<Result<_, _>>()?;
    if replicates.is_empty() {
        return Ok(Cow::Borrowed(table));
    }
    let columns = || table.columns.iter().enumerate();
    let axes = columns().filter(|(at, column)| column.axis && !replicates.contains(at));
    let axes: Vec<usize> = axes.map(|(at, _)| at).collect();
    let numbers: Vec<usize> = values
        .iter()
        .filter_map(|name| table.column(name))
        .collect();
    let statistic = params.statistic.unwrap_or(Statistic::Mean);
    let reduce = |_, values| statistic.of_numbers(values);
    let reduced = table.one_of_each(&axes, &replicates, &numbers, reduce)?;
    Ok(Cow::Owned(reduced))
}

fn direction(given: Option<&Value>, column: &Column) -> Result<Direction, JobError> {
    let given = given.and_then(Value::as_str);
    match (given, column.higher_is_better) {
        (Some("minimize"), _) | (None, Some(false)) => Ok(Direction::Minimize),
        (Some(_), _) | (None, Some(true)) => Ok(Direction::Maximize),
        (None, None) => {
            let name = &column.name;
            let wrong = format!("`{name}` does not say which way it is better");
            Err(JobError::failed(wrong).hint(format!(
                "add `directions: {{{name}: minimize}}`, or `maximize`"
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let csv = "trial,loss,accuracy,size\n0,1,0.5,3\n1,2,0.9,3\n2,2,0.8,3\n3,3,,3\n4,0.5,0.1,9\n5,4,0.9,1\n";
        let mut table = Table::from_csv(csv, &["trial"]).expect("a table");
        table.columns[1].higher_is_better = Some(false);
        table.columns[2].higher_is_better = Some(true);
        table
    }

    fn params(values: &[&str], directions: &str, ranks: usize) -> ParetoParams {
        ParetoParams {
            values: Some(Names(
                values.iter().map(|name| (*name).to_owned()).collect(),
            )),
            directions: Some(serde_yaml::from_str(directions).expect("a map")),
            replicate: None,
            statistic: None,
            ranks,
        }
    }

    fn trials(table: &Table) -> Vec<i64> {
        table
            .rows
            .iter()
            .filter_map(|row| row[0].as_i64())
            .collect()
    }

    #[test]
    fn the_front_is_what_nothing_dominates() {
        let front = of(&table(), &params(&["loss", "accuracy"], "{}", 1)).expect("a front");
        assert_eq!(trials(&front), [4, 0, 1]);
        let two = of(&table(), &params(&["loss", "accuracy"], "{}", 2)).expect("a front");
        assert_eq!(trials(&two), [4, 0, 1, 2, 5]);
        assert_eq!(two.number(4, 4), Some(2.0));
        let three = params(&["loss", "accuracy", "size"], "{size: minimize}", 1);
        assert_eq!(
            trials(&of(&table(), &three).expect("a front")),
            [4, 0, 1, 5]
        );
        let turned = params(
            &["loss", "accuracy"],
            "{loss: maximize, accuracy: maximize}",
            1,
        );
        assert_eq!(trials(&of(&table(), &turned).expect("a front")), [5]);
    }

    #[test]
    fn a_rank_that_comes_in_is_refused() {
        let table =
            Table::from_csv("k,loss,size,rank\na,1,2,50\nb,2,1,40\n", &["k"]).expect("a table");
        let directions = "{loss: minimize, size: minimize}";
        let front = of(&table, &params(&["loss", "size"], directions, 1)).expect("a front");
        let wrong = measured::distinct(&front).expect_err("refused").to_string();
        assert!(wrong.contains("a column `rank` comes in"), "{wrong}");
    }

    #[test]
    fn what_has_no_direction_is_refused() {
        let message =
            |params: &ParetoParams| of(&table(), params).expect_err("refused").to_string();
        assert!(message(&params(&["loss", "size"], "{}", 1)).contains("which way it is better"));
        assert!(message(&params(&["loss", "width"], "{}", 1)).contains("no column"));
        let checked = |yaml: &str| {
            let values: Values = serde_yaml::from_str(yaml).expect("a map");
            let wrong = ParetoTable.check(&values).expect_err("refused");
            (wrong.param, wrong.message)
        };
        for (yaml, param, part) in [
            ("{values: [loss], ranks: 1}", "values", "two numbers"),
            (
                "{values: [loss, size], directions: {width: minimize}, ranks: 1}",
                "directions",
                "`width` is not compared",
            ),
            (
                "{values: [loss, size], directions: {size: up}, ranks: 1}",
                "directions",
                "is `up`",
            ),
        ] {
            let (at, message) = checked(yaml);
            assert!(at == param && message.contains(part), "{yaml}: {message}");
        }
    }

    /// Each seed alone would have (1, 4) and (5, 0) of `a` on the front; its means (3, 2) are not better
    /// than those of `b`, (2, 2).
    #[test]
    fn replicates_are_one_row() {
        let csv = "k,seed,loss,size\na,0,1,4\na,1,5,0\nb,0,2,2\nb,1,2,2\nc,0,0,9\nc,1,,9\n";
        let table = Table::from_csv(csv, &["k", "seed"]).expect("a table");
        let directions = "{loss: minimize, size: minimize}";
        let mut params = params(&["loss", "size"], directions, 1);
        params.replicate = Some(Names(vec!["seed".to_owned()]));
        let front = of(&table, &params).expect("a front");
        assert_eq!(front.rows.len(), 1, "{front:?}");
        assert_eq!(front.rows[0][0], "b");
        assert_eq!(front.column("seed"), None);
        params.statistic = Some(Statistic::Max);
        let front = of(&table, &params).expect("a front");
        assert_eq!(front.rows[0][0], "b");
        params.statistic = Some(Statistic::Min);
        let front = of(&table, &params).expect("a front");
        assert_eq!(front.rows[0][0], "a");
    }

    /// Both have 4.88 / 6 of `acc`, added in different orders.
    #[test]
    fn what_only_rounding_tells_apart_is_equal() {
        let accs = [
            ("a", 2, [0.81, 0.82, 0.81, 0.81, 0.82, 0.81]),
            ("b", 1, [0.81, 0.82, 0.82, 0.83, 0.79, 0.81]),
        ];
        let mut csv = "model,seed,acc,time\n".to_owned();
        for (model, time, accs) in accs {
            for (seed, acc) in accs.iter().enumerate() {
                csv.push_str(&format!("{model},{seed},{acc},{time}\n"));
            }
        }
        let table = Table::from_csv(&csv, &["model", "seed"]).expect("a table");
        let directions = "{acc: maximize, time: minimize}";
        let mut params = params(&["acc", "time"], directions, 1);
        params.replicate = Some(Names(vec!["seed".to_owned()]));
        let front = of(&table, &params).expect("a front");
        assert_eq!(front.rows.len(), 1, "{front:?}");
        assert_eq!(front.rows[0][0], "b");
    }
}
