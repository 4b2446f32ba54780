//! `table/importance`: how much of a number each parameter of a search explains.

use serde_json::Value as Json;

use super::Stage;
use super::measured;
use super::rows;
use super::trials::Trials;
use super::trials::with_most;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::random::Seed;
use crate::registry::Columns;
use crate::registry::Entry;
use crate::registry::Names;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::Searched;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Values;
use crate::registry::params;
use crate::search::forest::Forest;
use crate::table::Column;
use crate::table::Table;

/// A row per parameter.
pub(super) struct ImportanceTable;

params! {
    /// What `table/importance` may be given.
    struct ImportanceParams {
        /// the parameters to judge
        parameters: Names;
        /// the number that they should explain
        value: String;
        /// parameters taken on the logarithm [default: positive numbers over two decades, a quarter of them in the lowest tenth]
        log: Option<Names>;
        /// the axis of the budget of which most trials had a part: each counts with the most that it had [default: that of
        /// the search]
        budget: Option<String>;
        /// trees of the forest
        trees: usize = 64, min(1), max(4096);
        /// which rows each tree is grown of
        seed: Seed;
    }
}

impl Entry for ImportanceTable {
    fn name(&self) -> &'static str {
        "table/importance"
    }

    fn summary(&self) -> &'static str {
        "how much of a number each searched parameter explains: functional ANOVA"
    }

    fn docs(&self) -> &'static str {
        "A random forest is fitted to the rows; `importance` is the share of its variance over the whole\n\
         space that a parameter explains alone, all others averaged out, and `spread` the standard\n\
         deviation of that share between trees. What is left to 1 is explained by parameters together.\n\
         The space reaches from the smallest to the largest value that occurs. Rows without the number\n\
         or without one of the parameters are left out; `n` is the number of the others. In a search with a\n\
         budget a trial counts once, with the most that it had. Parameters\n\
         come in the order of their importance.\n\
         \n\
         Shares are of what the forest has learned: with few trials, or numbers that differ by noise\n\
         alone, they say little, and a search that stayed in one corner has seen little of the rest.\n\
         \n\
         Source: Hutter, Hoos and Leyton-Brown 2014, ICML, PMLR 32."
    }

    fn params(&self) -> Vec<Param> {
        ImportanceParams::params()
    }
}

impl StageKind for ImportanceTable {
    fn inputs(&self) -> Vec<Slot> {
        vec![rows::SLOT]
    }

    fn outputs(&self) -> Outputs {
        measured::TABLE
    }

    fn columns(&self, _output: &str, _params: &Values, _rows: &dyn Fn(&str) -> Columns) -> Columns {
        Columns::of(["parameter"], ["importance", "spread", "n"])
    }

    fn reduces_all(&self) -> bool {
        true
    }

    fn searched(&self, params: &mut Values, search: &Searched<'_>) {
        search.spend(params, "budget");
    }
}

impl Stage for ImportanceTable {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = ImportanceParams::read(&job.step.params)?;
        let table = rows::of_rows(job.items("rows"))?;
        let table = with_most(&table, params.budget.as_deref(), &params.value)?;
        Ok(measured::left(&of(&table, &params)?))
    }
}

fn of(table: &Table, params: &ImportanceParams) -> Result<Table, JobError> {
    let log = params.log.as_ref();
    let trials = Trials::new(table, &params.parameters.0, &params.value, log)?;
    let dimensions = trials.dimensions();
    let (rows, numbers) = (&trials.rows, &trials.numbers);
    let forest = Forest::fit(&dimensions, rows, numbers, params.trees, params.seed);
    let importance = forest.importance().ok_or_else(|| {
        let value = &params.value;
        JobError::failed(format!(
            "`{value}` is the same in all rows: there is nothing to explain"
        ))
    })?;
    let mut order: Vec<usize> = (0..dimensions.len()).collect();
    order.sort_by(|&a, &b| importance[b].mean.total_cmp(&importance[a].mean));
    let name = |i: usize| trials.parameters[i].column.title();
    let row = |i: usize| {
        let found = importance[i];
        vec![
            name(i).into(),
            found.mean.into(),
            found.spread.into(),
            numbers.len().into(),
        ]
    };
    let rows: Vec<Vec<Json>> = order.into_iter().map(row).collect();
    let label = |name: &str, label: &str| Column {
        label: label.to_owned(),
        ..Column::metric(name, "", None)
    };
    Ok(Table {
        columns: vec![
            Column::axis("parameter"),
            label("importance", "share of the variance"),
            label("spread", "between trees"),
            label("n", "n"),
        ],
        rows,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(parameters: &[&str]) -> ImportanceParams {
        ImportanceParams {
            parameters: Names(parameters.iter().map(|name| (*name).to_owned()).collect()),
            value: "loss".to_owned(),
            log: None,
            budget: None,
            trees: 32,
            seed: Seed::new(0),
        }
    }

    /// The learning rate decides by its decades, the width hardly, the colour not at all.
    fn trials() -> Table {
        let mut csv = "lr,width,colour,loss\n".to_owned();
        let mut stream = Seed::new(2).stream(0);
        for i in 0..120 {
            let decade = -4.0 + 4.0 * stream.unit_f64();
            let width = 8 + stream.below(56);
            let colour = ["red", "green", "blue"][stream.below(3)];
            let loss = (decade + 2.5).powi(2) + 0.01 * width as f64;
            let loss = if i == 7 {
                String::new()
            } else {
                loss.to_string()
            };
            csv.push_str(&format!("{},{width},{colour},{loss}\n", 10f64.powf(decade)));
        }
        Table::from_csv(&csv, &["lr", "width", "colour"]).expect("a table")
    }

    #[test]
    fn parameters_come_by_what_they_explain() {
        let table = of(&trials(), &params(&["colour", "width", "lr"])).expect("it is explained");
        let names: Vec<&str> = table
            .rows
            .iter()
            .filter_map(|row| row[0].as_str())
            .collect();
        assert_eq!(names, ["lr", "width", "colour"]);
        let shares: Vec<f64> = (0..3).filter_map(|row| table.number(row, 1)).collect();
        assert!(shares[0] > 0.85 && shares[2] < 0.01, "{shares:?}");
        assert!(table.rows.iter().all(|row| row[3] == 119));
    }

    #[test]
    fn a_trial_counts_once_with_the_most_of_the_budget() {
        let csv = "lr,epochs,loss\n1,1,5\n2,1,6\n1,3,4\n3,1,9\n3,3,\n4,1,\n4,3,\n";
        let table = Table::from_csv(csv, &["lr", "epochs"]).expect("a table");
        let most = with_most(&table, Some("epochs"), "loss").expect("a loss");
        assert_eq!(most.to_csv(), "lr,epochs,loss\n2,1,6\n1,3,4\n3,1,9\n4,3,\n");
        let all = with_most(&table, Some("steps"), "loss").expect("a loss");
        assert_eq!(all.rows.len(), 7);
    }

    #[test]
    fn what_cannot_be_explained_is_refused() {
        let message = |table: &Table, params: &ImportanceParams| {
            of(table, params).expect_err("it is refused").to_string()
        };
        assert!(message(&trials(), &params(&["rate"])).contains("no column `rate`"));
        assert!(message(&trials(), &params(&[])).contains("empty list"));
        let mut same = trials();
        same.rows.iter_mut().for_each(|row| row[3] = 1.0.into());
        assert!(message(&same, &params(&["lr"])).contains("the same in all rows"));
        same.rows.iter_mut().for_each(|row| row[3] = Json::Null);
        assert!(message(&same, &params(&["lr"])).contains("no row has a number"));
        let mut zero = trials();
        zero.rows[0][0] = 0.0.into();
        let log = ImportanceParams {
            log: Some(Names(vec!["lr".into()])),
            ..params(&["lr"])
        };
        assert!(message(&zero, &log).contains("no logarithm"));
        let stray = ImportanceParams {
            log: Some(Names(vec!["width".into()])),
            ..params(&["lr"])
        };
        assert!(message(&trials(), &stray).contains("no parameter here"));
    }
}
