//! `table/pareto`: the trials that none is better than in everything.

use std::cmp::Ordering;

use super::Stage;
use super::measured;
use super::rows;
use super::trials;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::registry::Entry;
use crate::registry::Names;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Value;
use crate::registry::Values;
use crate::registry::params;
use crate::search::Direction;
use crate::search::pareto;
use crate::table::Column;
use crate::table::Table;

/// The rows of the front.
pub(super) struct ParetoTable;

params! {
    /// What `table/pareto` may be given.
    struct ParetoParams {
        /// the numbers to be good in, two or more
        values: Names;
        /// which way each is better, `minimize` or `maximize`, by name [default: as the column has it]
        directions: Option<Values>;
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
        "One row dominates another when none of its numbers is worse and one is better. Those that\n\
         nothing dominates are the front, in the order of the first number, best first. Rows that lack\n\
         one of the numbers are left out. `rank` is 1 on the front, 2 on the front of what is left\n\
         without it, and so on."
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

    fn reduces_all(&self) -> bool {
        true
    }
}

impl Stage for ParetoTable {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = ParetoParams::read(&job.step.params)?;
        let table = rows::of_rows(job.items("rows"))?;
        Ok(measured::left(&of(&table, &params)?))
    }
}

fn of(table: &Table, params: &ParetoParams) -> Result<Table, JobError> {
    if params.values.0.len() < 2 {
        return Err(JobError::failed("a front is of two numbers at least")
            .hint("give a list of columns under `values`"));
    }
    let none = Values::new();
    let directions = params.directions.as_ref().unwrap_or(&none);
    if let Some((stray, _)) = directions
        .iter()
        .find(|(name, _)| !params.values.0.contains(name))
    {
        return Err(JobError::failed(format!(
            "`directions` names `{stray}`, which is not compared"
        )));
    }
    let mut objectives = Vec::new();
    for name in &params.values.0 {
        let at = trials::column(table, name)?;
        let direction = direction(directions.get(name.as_str()), &table.columns[at])?;
        objectives.push((at, direction));
    }
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

fn direction(given: Option<&Value>, column: &Column) -> Result<Direction, JobError> {
    let name = &column.name;
    match (
        given.and_then(Value::as_str),
        given,
        column.higher_is_better,
    ) {
        (Some("minimize"), ..) | (_, None, Some(false)) => Ok(Direction::Minimize),
        (Some("maximize"), ..) | (_, None, Some(true)) => Ok(Direction::Maximize),
        (_, Some(other), _) => Err(JobError::failed(format!(
            "the direction of `{name}` is `{other}`, but must be `minimize` or `maximize`"
        ))),
        (_, None, None) => Err(JobError::failed(format!(
            "`{name}` does not say which way it is better"
        ))
        .hint(format!(
            "add `directions: {{{name}: minimize}}`, or `maximize`"
        ))),
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
            values: Names(values.iter().map(|name| (*name).to_owned()).collect()),
            directions: Some(serde_yaml::from_str(directions).expect("a map")),
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
    fn what_has_no_direction_is_refused() {
        let message =
            |params: &ParetoParams| of(&table(), params).expect_err("refused").to_string();
        assert!(message(&params(&["loss", "size"], "{}", 1)).contains("which way it is better"));
        assert!(
            message(&params(&["loss", "size"], "{size: up}", 1)).contains("must be `minimize`")
        );
        assert!(
            message(&params(&["loss", "size"], "{width: minimize}", 1)).contains("not compared")
        );
        assert!(message(&params(&["loss"], "{}", 1)).contains("two numbers"));
        assert!(message(&params(&["loss", "width"], "{}", 1)).contains("no column"));
    }
}
