//! Rows of trials as places in a space and costs, for what is learned from a whole search.

use std::borrow::Cow;

use serde_json::Value as Json;

use crate::engine::JobError;
use crate::registry::Names;
use crate::search::forest::Dimension;
use crate::search::spread_by_ratios;
use crate::table::Column;
use crate::table::Table;

/// Trials that have every parameter and a number.
pub(super) struct Trials {
    pub(super) parameters: Vec<Parameter>,
    /// A number per parameter.
    pub(super) rows: Vec<Vec<f64>>,
    pub(super) numbers: Vec<f64>,
}

/// A column of the table as a dimension.
pub(super) struct Parameter {
    pub(super) column: Column,
    pub(super) dimension: Dimension,
    pub(super) log: bool,
    /// The values of choices, in order.
    choices: Vec<Json>,
}

impl Trials {
    /// Of these columns of a table; those in `log` are taken on the logarithm.
    ///
    /// # Errors
    /// For a column that is not there, a number that has no logarithm, and where nothing is left.
    pub(super) fn new(
        table: &Table,
        parameters: &[String],
        number: &str,
        log: Option<&Names>,
    ) -> Result<Trials, JobError> {
        if parameters.is_empty() {
            return Err(JobError::failed("`parameters` is an empty list"));
        }
        let of = column(table, number)?;
        let columns: Vec<usize> = parameters
            .iter()
            .map(|name| column(table, name))
            .collect::<Result<_, _>>()?;
        if let Some(stray) =
            log.and_then(|log| log.0.iter().find(|name| !parameters.contains(name)))
        {
            return Err(JobError::failed(format!(
                "`log` names `{stray}`, which is no parameter here"
            )));
        }
        let has_all = |row: &usize| {
            let values = columns.iter().all(|&at| !table.rows[*row][at].is_null());
            values && table.number(*row, of).is_some() && !table.diverged(*row)
        };
        let kept: Vec<usize> = (0..table.rows.len()).filter(has_all).collect();
        if kept.is_empty() {
            return Err(JobError::failed(format!(
                "no row has a number in `{number}` and a value of every parameter"
            ))
            .hint("a parameter that only some trials have is for a table of its own: give those rows alone"));
        }
        let parameter = |&at: &usize| {
            let asked = log.map(|log| log.0.contains(&table.columns[at].name));
            Parameter::new(table, at, &kept, asked)
        };
        let parameters: Vec<Parameter> = columns.iter().map(parameter).collect::<Result<_, _>>()?;
        let row = |&row: &usize| {
            let cells = parameters.iter().zip(&columns);
            cells
                .map(|(parameter, &at)| parameter.number(&table.rows[row][at]))
                .collect()
        };
        Ok(Trials {
            rows: kept.iter().map(row).collect(),
            numbers: kept
                .iter()
                .filter_map(|&row| table.number(row, of))
                .collect(),
            parameters,
        })
    }

    pub(super) fn dimensions(&self) -> Vec<Dimension> {
        self.parameters
            .iter()
            .map(|parameter| parameter.dimension.clone())
            .collect()
    }
}

/// The rows of trials of which most had a part of a budget, each once ([`Table::with_most`]).
///
/// # Errors
/// For a number that is not there.
pub(super) fn with_most<'t>(
    table: &'t Table,
    budget: Option<&str>,
    number: &str,
) -> Result<Cow<'t, Table>, JobError> {
    // What the budget does not reach has all of it.
    let Some(budget) = budget.and_then(|budget| table.column(budget)) else {
        return Ok(Cow::Borrowed(table));
    };
    let number = column(table, number)?;
    Ok(Cow::Owned(table.with_most(budget, number)))
}

/// The place of a column.
///
/// # Errors
/// Where there is none of this name.
pub(super) fn column(table: &Table, name: &str) -> Result<usize, JobError> {
    table.column(name).ok_or_else(|| {
        let names = table
            .columns
            .iter()
            .map(|column| format!("`{}`", column.name));
        let names: Vec<String> = names.collect();
        JobError::failed(format!("there is no column `{name}`"))
            .hint(format!("the columns are {}", names.join(", ")))
    })
}

impl Parameter {
    /// Of a column and the rows that count. `log`: whether it is asked for; by itself it is taken
    /// where positive numbers span decades.
    fn new(table: &Table, at: usize, rows: &[usize], log: Option<bool>) -> Result<Self, JobError> {
        let column = table.columns[at].clone();
        let numbers: Option<Vec<f64>> = rows
            .iter()
            .map(|&row| table.rows[row][at].as_f64())
            .collect();
        let Some(numbers) = numbers else {
            let mut choices: Vec<Json> = Vec::new();
            for &row in rows {
                if !choices.contains(&table.rows[row][at]) {
                    choices.push(table.rows[row][at].clone());
                }
            }
            choices.sort_by_key(Json::to_string);
            if choices.len() > 64 {
                let name = &column.name;
                let n = choices.len();
                return Err(JobError::failed(format!(
                    "`{name}` has {n} different texts; 64 at most"
                )));
            }
            let dimension = Dimension::Choices(choices.len());
            return Ok(Parameter {
                column,
                dimension,
                log: false,
                choices,
            });
        };
        let low = numbers.iter().copied().fold(f64::INFINITY, f64::min);
        let high = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if log == Some(true) && low <= 0.0 {
            let name = &column.name;
            return Err(JobError::failed(format!(
                "`{name}` has {low}, which has no logarithm"
            )));
        }
        let log = log.unwrap_or_else(|| spread_by_ratios(&numbers));
        let (low, high) = if log {
            (low.ln(), high.ln())
        } else {
            (low, high)
        };
        let dimension = Dimension::Numbers { low, high };
        Ok(Parameter {
            column,
            dimension,
            log,
            choices: Vec::new(),
        })
    }

    /// A value as a number of the dimension.
    fn number(&self, value: &Json) -> f64 {
        match self.dimension {
            Dimension::Numbers { .. } => {
                let number = value.as_f64().unwrap_or(f64::NAN);
                if self.log { number.ln() } else { number }
            }
            Dimension::Choices(_) => {
                let found = self.choices.iter().position(|choice| choice == value);
                found.unwrap_or(0) as f64
            }
        }
    }

    /// Places over the whole dimension as numbers of it and as values: `n` of numbers, else all.
    pub(super) fn places(&self, n: usize) -> Vec<(f64, Json)> {
        match self.dimension {
            Dimension::Numbers { low, high } => {
                let share = |i: usize| i as f64 / (n.max(2) - 1) as f64;
                let place = |i: usize| low + (high - low) * share(i);
                let value = |x: f64| if self.log { x.exp() } else { x };
                (0..n)
                    .map(|i| (place(i), Json::from(value(place(i)))))
                    .collect()
            }
            Dimension::Choices(_) => {
                let choices = self.choices.iter().enumerate();
                choices
                    .map(|(i, choice)| (i as f64, choice.clone()))
                    .collect()
            }
        }
    }
}
