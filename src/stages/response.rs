//! `table/response`: what a search says of two parameters, all others averaged out.

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
use crate::registry::ArtifactType;
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

/// A surface over two parameters.
pub(super) struct ResponseTable;

params! {
    /// What `table/response` may be given.
    struct ResponseParams {
        /// the first parameter
        x: String;
        /// the second parameter
        y: String;
        /// the number over them
        value: String;
        /// further parameters that were searched, averaged out
        others: Option<Names>;
        /// parameters taken on the logarithm [default: positive numbers over two decades, a quarter of them in the lowest tenth]
        log: Option<Names>;
        /// places along each parameter
        places: usize = 40, min(2), max(200);
        /// the axis of the budget of which most trials had a part: each counts with the most that it had [default: that of
        /// the search]
        budget: Option<String>;
        /// trees of the forest
        trees: usize = 64, min(1), max(4096);
        /// which rows each tree is grown of
        seed: Seed;
    }
}

impl Entry for ResponseTable {
    fn name(&self) -> &'static str {
        "table/response"
    }

    fn summary(&self) -> &'static str {
        "a number over two searched parameters, all others averaged out, for `figure/contour`"
    }

    fn docs(&self) -> &'static str {
        "`surface` is a grid of both parameters with what a random forest, fitted to the rows, expects\n\
         there, on average over the other parameters: their marginal as in `table/importance`. `trials`\n\
         has the rows themselves, to be marked on it. Rows without the number or without one of the\n\
         parameters are left out; in a search with a budget a trial counts once, with the most that it had.\n\
         \n\
         Source: Hutter, Hoos and Leyton-Brown 2014, ICML, PMLR 32."
    }

    fn params(&self) -> Vec<Param> {
        ResponseParams::params()
    }
}

impl StageKind for ResponseTable {
    fn inputs(&self) -> Vec<Slot> {
        vec![rows::SLOT]
    }

    fn outputs(&self) -> Outputs {
        Outputs::Fixed(&[
            ("surface", ArtifactType::Table),
            ("trials", ArtifactType::Table),
        ])
    }

    fn columns(&self, _output: &str, params: &Values, _rows: &dyn Fn(&str) -> Columns) -> Columns {
        match ResponseParams::read(params) {
            Ok(params) => Columns::of([params.x, params.y], [params.value]),
            Err(_) => Columns::unknown(),
        }
    }

    fn reduces_all(&self) -> bool {
        true
    }

    fn searched(&self, params: &mut Values, search: &Searched<'_>) {
        search.spend(params, "budget");
    }
}

impl Stage for ResponseTable {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = ResponseParams::read(&job.step.params)?;
        let table = rows::of_rows(job.items("rows"))?;
        let table = with_most(&table, params.budget.as_deref(), &params.value)?;
        let (surface, trials) = of(&table, &params)?;
        let mut output = StepOutput::default();
        measured::add(&mut output, "surface", &surface);
        measured::add(&mut output, "trials", &trials);
        Ok(output)
    }
}

fn of(table: &Table, params: &ResponseParams) -> Result<(Table, Table), JobError> {
    if params.x == params.y {
        return Err(JobError::failed("`x` and `y` are one parameter"));
    }
    let mut names = vec![params.x.clone(), params.y.clone()];
    let others = params.others.iter().flat_map(|names| &names.0);
    names.extend(
        others
            .filter(|name| **name != params.x && **name != params.y)
            .cloned(),
    );
    let trials = Trials::new(table, &names, &params.value, params.log.as_ref())?;
    let (rows, numbers) = (&trials.rows, &trials.numbers);
    let dimensions = trials.dimensions();
    let forest = Forest::fit(&dimensions, rows, numbers, params.trees, params.seed);
    let [x, y] = [&trials.parameters[0], &trials.parameters[1]];
    let number = super::trials::column(table, &params.value)?;
    let columns = vec![
        x.column.clone(),
        y.column.clone(),
        table.columns[number].clone(),
    ];
    let mut surface = Table {
        columns,
        rows: Vec::new(),
    };
    let along_y = y.places(params.places);
    for (at_x, x) in x.places(params.places) {
        for (at_y, y) in &along_y {
            let expected = forest.marginal(&[(0, at_x), (1, *at_y)]);
            surface
                .rows
                .push(vec![x.clone(), y.clone(), Json::from(expected)]);
        }
    }
    let kept = |row: &usize| {
        let at = |name: &str| table.column(name).map(|at| &table.rows[*row][at]);
        let given = names
            .iter()
            .all(|name| at(name).is_some_and(|value| !value.is_null()));
        given && table.number(*row, number).is_some() && !table.diverged(*row)
    };
    let cells = |row: usize| {
        let cell = |column: &Column| {
            let at = table.column(&column.name);
            at.map_or(Json::Null, |at| table.rows[row][at].clone())
        };
        surface.columns.iter().map(cell).collect()
    };
    let points = Table {
        columns: surface.columns.clone(),
        rows: (0..table.rows.len()).filter(kept).map(cells).collect(),
    };
    Ok((surface, points))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bowl in x and y with a third parameter that shifts it: the surface is the bowl, within what a
    /// forest of steps can be.
    #[test]
    fn the_surface_is_the_number_without_the_others() {
        let mut csv = "x,y,z,loss\n".to_owned();
        let mut stream = Seed::new(5).stream(0);
        for _ in 0..800 {
            let [x, y, z] = [0; 3].map(|_| stream.unit_f64());
            let loss = (x - 0.3).powi(2) + (y - 0.8).powi(2) + 0.2 * z;
            csv.push_str(&format!("{x},{y},{z},{loss}\n"));
        }
        csv.push_str("0.5,0.5,,1\n0.5,0.5,0.5,\n");
        let table = Table::from_csv(&csv, &["x", "y", "z"]).expect("a table");
        let params = ResponseParams {
            x: "x".into(),
            y: "y".into(),
            value: "loss".into(),
            others: Some(Names(vec!["z".into()])),
            budget: None,
            log: None,
            places: 11,
            trees: 32,
            seed: Seed::new(0),
        };
        let (surface, trials) = of(&table, &params).expect("it is fitted");
        assert_eq!((surface.rows.len(), trials.rows.len()), (121, 800));
        // A forest is farthest off at the corners, where the bowl is steepest and rows are few.
        let error = |row: usize| {
            let cell = |column| surface.number(row, column).expect("a number");
            let (x, y) = (cell(0), cell(1));
            let bowl = (x - 0.3).powi(2) + (y - 0.8).powi(2) + 0.1;
            cell(2) - bowl
        };
        let squares: f64 = (0..121).map(|row| error(row).powi(2)).sum();
        let off = (squares / 121.0).sqrt();
        // The bowl itself has a standard deviation of 0.27 over the grid.
        assert!(off < 0.05, "{off}");
    }
}
