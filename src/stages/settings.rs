//! `table/settings`: which values the parameters of a sweep took.

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
use crate::registry::Measure;
use crate::registry::Names;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Values;
use crate::registry::params;
use crate::table::Column;
use crate::table::Table;
use crate::table::display;

/// `table/settings`
pub(super) struct SettingsTable;

params! {
    /// What `table/settings` may be given.
    struct SettingsParams {
        /// the axes whose values are listed, a column each
        of: Names;
        /// axes with a row per value
        by: Names;
    }
}

const SETTINGS: Measure = Measure::new("settings", "settings");

impl Entry for SettingsTable {
    fn name(&self) -> &'static str {
        "table/settings"
    }

    fn summary(&self) -> &'static str {
        "the values that the parameters of a sweep took, by method"
    }

    fn docs(&self) -> &'static str {
        "A row per value of `by`. A column for each axis of `of` lists the values that it took there, in\n\
         axis order, and is empty where it took none, as for a method that lacks the parameter. `settings` is\n\
         how many combinations of them occur. So a paper's table of hyperparameters says what was run.\n\
         `table/summary` prints it: `by` the axes of both, `values: [settings]`."
    }

    fn params(&self) -> Vec<Param> {
        SettingsParams::params()
    }
}

impl StageKind for SettingsTable {
    fn inputs(&self) -> Vec<Slot> {
        vec![rows::SLOT]
    }

    fn outputs(&self) -> Outputs {
        measured::TABLE
    }

    fn columns(&self, _output: &str, params: &Values, _rows: &dyn Fn(&str) -> Columns) -> Columns {
        match SettingsParams::read(params) {
            Ok(params) => Columns::of([params.by.0, params.of.0].concat(), [SETTINGS.name]),
            Err(_) => Columns::unknown(),
        }
    }

    fn measures(&self) -> Vec<Measure> {
        vec![SETTINGS]
    }

    fn reduces_all(&self) -> bool {
        true
    }
}

impl Stage for SettingsTable {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = SettingsParams::read(&job.step.params)?;
        let table = rows::of_rows(job.items("rows"))?;
        let settings = of(&table, &params.by.0, &params.of.0)?;
        Ok(measured::left(measured::distinct(&settings)?))
    }
}

/// What one method was run with: its rows' cells, a list per column, each in the order of the rows.
struct Method {
    at: Vec<Json>,
    values: Vec<Vec<Json>>,
    settings: Vec<Vec<Json>>,
}

fn of(table: &Table, by: &[String], of: &[String]) -> Result<Table, JobError> {
    let places = |names: &[String]| {
        let places = names.iter().map(|name| trials::column(table, name));
        places.collect::<Result<Vec<usize>, _>>()
    };
    let (by_places, of_places) = (places(by)?, places(of)?);
    let mut methods: Vec<Method> = Vec::new();
    for row in &table.rows {
        let cells = |places: &[usize]| -> Vec<Json> {
            places.iter().map(|&place| row[place].clone()).collect()
        };
        let (at, setting) = (cells(&by_places), cells(&of_places));
        let known = methods.iter().position(|method| method.at == at);
        let known = known.unwrap_or_else(|| {
            methods.push(Method {
                at,
                values: vec![Vec::new(); of.len()],
                settings: Vec::new(),
            });
            methods.len() - 1
        });
        let method = &mut methods[known];
        for (values, value) in method.values.iter_mut().zip(&setting) {
            if !value.is_null() && !values.contains(value) {
                values.push(value.clone());
            }
        }
        if !method.settings.contains(&setting) {
            method.settings.push(setting);
        }
    }
    let listed = |values: &Vec<Json>| match &values[..] {
        [] => Json::Null,
        values => values
            .iter()
            .map(display)
            .collect::<Vec<_>>()
            .join(", ")
            .into(),
    };
    let row = |method: &Method| {
        let mut row = method.at.clone();
        row.extend(method.values.iter().map(listed));
        row.push(method.settings.len().into());
        row
    };
    let axes = by.iter().chain(of).map(|name| Column::axis(name));
    Ok(Table {
        columns: axes.chain([super::number_column(SETTINGS.name)]).collect(),
        rows: methods.iter().map(row).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_listed_once_and_every_combination_counted() {
        let csv = "system,lr,weight,seed\nVAE,1,,0\nVAE,2,,0\nVAE,1,,1\nVGH,1,5,0\nVGH,1,10,0\n";
        let mut table = Table::from_csv(csv, &["system", "lr", "weight", "seed"]).unwrap();
        let names = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>()
        };
        let found = of(&table, &names(&["system"]), &names(&["lr", "weight"])).unwrap();
        assert_eq!(
            found.to_csv(),
            "system,lr,weight,settings\nVAE,\"1, 2\",,2\nVGH,1,\"5, 10\",2\n"
        );
        table.rows.clear();
        let none = of(&table, &names(&["system"]), &names(&["lr"])).unwrap();
        assert!(none.rows.is_empty());
        let missing = of(&table, &names(&["system"]), &names(&["rate"]));
        assert!(missing.is_err());
    }
}
