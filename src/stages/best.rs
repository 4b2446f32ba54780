//! `table/best`: of every method the setting that is best by each of several numbers, and the cloud
//! of all settings that it was chosen from.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::Stage;
use super::measured;
use super::rows;
use super::trials;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::registry::ArtifactType;
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
use crate::table::stats;

/// `table/best`
pub(super) struct BestTable;

params! {
    /// What `table/best` may be given.
    struct BestParams {
        /// the numbers to be best by
        values: Names;
        /// axes that tell methods apart: the best is sought within each of their values
        by: Names;
        /// the axis, or list of axes, along which values are repetitions
        replicate: Option<Names>;
        /// which way each is better, `higher` or `lower`, by name [default: as the column has it]
        better: Option<Values>;
    }
}

const VALUE: Measure = Measure::new("value", "mean over replicates");

impl Entry for BestTable {
    fn name(&self) -> &'static str {
        "table/best"
    }

    fn summary(&self) -> &'static str {
        "the best setting of every method by each of several numbers, and all settings"
    }

    fn docs(&self) -> &'static str {
        "A setting is a combination of all axes but those of `by` and the replicates. For every method\n\
         and number the one with the best mean over replicates is chosen; of equal ones the first in\n\
         axis order. A setting that lacks a replicate which others of its method have, because it\n\
         diverged or is not there, is not chosen.\n\
         \n\
         `table` has the rows of the chosen settings, once for each number that chose them: `best_by`\n\
         is its name. `cloud` has a row per setting and number: `metric` its name, `value` the mean\n\
         over replicates, `setting` is `best` or `other`. For `figure/box` with `shape: strip`,\n\
         `color: setting` and the setting's axes under `replicate`.\n\
         \n\
         The best of many settings is better than a new run of it would be, the more so the more\n\
         settings there are: compare methods that had as many, or look at the cloud."
    }

    fn revision(&self) -> u32 {
        3
    }

    fn params(&self) -> Vec<Param> {
        BestParams::params()
    }
}

impl StageKind for BestTable {
    fn inputs(&self) -> Vec<Slot> {
        vec![rows::SLOT]
    }

    fn outputs(&self) -> Outputs {
        Outputs::Fixed(&[
            ("table", ArtifactType::Table),
            ("cloud", ArtifactType::Table),
        ])
    }

    fn columns(&self, output: &str, params: &Values, rows: &dyn Fn(&str) -> Columns) -> Columns {
        let Ok(params) = BestParams::read(params) else {
            return Columns::unknown();
        };
        let rows = rows("rows");
        match output {
            "cloud" => rows
                .axes_without(&params.replicate.unwrap_or_default().0)
                .with_axes(params.by.0)
                .with_axes(["metric", "setting"])
                .with_numbers([VALUE.name]),
            _ => rows.with_axes(["best_by"]),
        }
    }

    fn measures(&self) -> Vec<Measure> {
        vec![VALUE]
    }

    fn reduces_all(&self) -> bool {
        true
    }
}

impl Stage for BestTable {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = BestParams::read(&job.step.params)?;
        let table = rows::of_rows(job.items("rows"))?;
        let (best, cloud) = of(&table, &params)?;
        let mut left = measured::left(measured::distinct(&best)?);
        measured::add(&mut left, "cloud", measured::distinct(&cloud)?);
        Ok(left)
    }
}

/// One combination of a method's settings: its rows, in order.
struct Setting {
    method: Vec<Json>,
    at: Vec<Json>,
    rows: Vec<usize>,
}

fn of(table: &Table, params: &BestParams) -> Result<(Table, Table), JobError> {
    let places = |names: &[String]| {
        let places = names.iter().map(|name| trials::column(table, name));
        places.collect::<Result<Vec<usize>, _>>()
    };
    let by = places(&params.by.0)?;
    let replicates = places(&params.replicate.clone().unwrap_or_default().0)?;
    let own: Vec<usize> = (0..table.columns.len())
        .filter(|at| table.columns[*at].axis && !by.contains(at) && !replicates.contains(at))
        .collect();
    let settings = settings(table, &by, &own);
    let mut best = Table {
        columns: table.columns.clone(),
        rows: Vec::new(),
    };
    best.columns.insert(0, Column::axis("best_by"));
    let axes = by.iter().chain(&own).map(|at| table.columns[*at].clone());
    let mut cloud = Table {
        columns: axes
            .chain(["metric", "setting"].map(Column::axis))
            .chain([super::number_column(VALUE.name)])
            .collect(),
        rows: Vec::new(),
    };
    for name in &params.values.0 {
        let at = trials::column(table, name)?;
        let higher = higher(params, &table.columns[at])?;
        let of_setting = |setting: &Setting| -> (usize, Option<f64>) {
            let numbers = setting.rows.iter().filter(|row| !table.diverged(**row));
            let numbers: Vec<f64> = numbers.filter_map(|row| table.number(*row, at)).collect();
            (numbers.len(), stats::mean(&numbers))
        };
        let means: Vec<(usize, Option<f64>)> = settings.iter().map(of_setting).collect();
        let chosen = chosen(&settings, &means, higher);
        for (number, (setting, (_, mean))) in settings.iter().zip(&means).enumerate() {
            let Some(mean) = mean else { continue };
            let place = match chosen.contains(&number) {
                true => "best",
                false => "other",
            };
            let mut row = [&setting.method[..], &setting.at[..]].concat();
            row.extend([name.as_str().into(), place.into(), (*mean).into()]);
            cloud.rows.push(row);
        }
        for number in chosen {
            best.rows.extend(settings[number].rows.iter().map(|row| {
                let mut cells = vec![Json::from(name.as_str())];
                cells.extend(table.rows[*row].iter().cloned());
                cells
            }));
        }
    }
    Ok((best, cloud))
}

/// All settings, in the order in which they first occur.
fn settings(table: &Table, by: &[usize], own: &[usize]) -> Vec<Setting> {
    let mut settings: Vec<Setting> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for (number, row) in table.rows.iter().enumerate() {
        let cells = |places: &[usize]| -> Vec<Json> {
            places.iter().map(|&place| row[place].clone()).collect()
        };
        let (method, at) = (cells(by), cells(own));
        let key = serde_json::to_string(&(&method, &at)).expect("cells are plain data");
        let setting = *known.entry(key).or_insert_with(|| {
            settings.push(Setting {
                method,
                at,
                rows: Vec::new(),
            });
            settings.len() - 1
        });
        settings[setting].rows.push(number);
    }
    settings
}

/// The best setting of every method, in the order of the methods.
fn chosen(settings: &[Setting], means: &[(usize, Option<f64>)], higher: bool) -> Vec<usize> {
    let mut methods: Vec<&Vec<Json>> = Vec::new();
    for setting in settings {
        if !methods.contains(&&setting.method) {
            methods.push(&setting.method);
        }
    }
    let of_method = |method: &Vec<Json>| {
        let own = || (0..settings.len()).filter(|at| settings[*at].method == *method);
        let most = own().map(|at| means[at].0).max()?;
        let mut winner: Option<(usize, f64)> = None;
        for at in own().filter(|at| means[*at].0 == most) {
            let Some(mean) = means[at].1 else { continue };
            // Of means that rounding alone tells apart the first stays.
            if winner.is_none_or(|(_, best)| stats::ahead(mean, best, higher)) {
                winner = Some((at, mean));
            }
        }
        winner.map(|(at, _)| at)
    };
    methods.into_iter().filter_map(of_method).collect()
}

/// Whether more of the column is better.
fn higher(params: &BestParams, column: &Column) -> Result<bool, JobError> {
    let name = &column.name;
    let given = params.better.as_ref().and_then(|given| given.get(name));
    match given.map(|given| given.as_str()) {
        Some(Some("higher")) => Ok(true),
        Some(Some("lower")) => Ok(false),
        Some(_) => Err(JobError::failed(format!(
            "better for `{name}` is `higher` or `lower`"
        ))),
        None => column.higher_is_better.ok_or_else(|| {
            JobError::failed(format!("it is not known which `{name}` is better"))
                .hint(format!("say it: `better: {{{name}: lower}}`"))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: &str = "system,lr,seed,loss,diverged\n\
                        a,1,0,4,false\na,1,1,2,false\na,2,0,1,false\na,2,1,,true\n\
                        b,1,0,9,false\nb,1,1,9,false\nb,2,0,8,false\nb,2,1,6,false\n";

    fn names(names: &[&str]) -> Names {
        Names(names.iter().map(|name| (*name).to_owned()).collect())
    }

    fn params(better: Option<&str>) -> BestParams {
        BestParams {
            values: names(&["loss"]),
            by: names(&["system"]),
            replicate: Some(names(&["seed"])),
            better: better.map(|word| [("loss".to_owned(), word.into())].into_iter().collect()),
        }
    }

    #[test]
    fn the_best_mean_wins_and_a_setting_with_a_diverged_run_does_not() {
        let table = Table::from_csv(ROWS, &["system", "lr", "seed"]).unwrap();
        let (best, cloud) = of(&table, &params(Some("lower"))).unwrap();
        let chosen: Vec<String> = best.rows.iter().map(|row| format!("{row:?}")).collect();
        assert_eq!(best.rows.len(), 4, "{chosen:?}");
        let lr = |row: usize| best.rows[row][2].as_f64();
        // Of a the setting with both seeds, although the other has a lower loss in one.
        assert_eq!([lr(0), lr(1), lr(2), lr(3)], [1.0, 1.0, 2.0, 2.0].map(Some));
        assert_eq!(
            cloud.to_csv(),
            "system,lr,metric,setting,value\n\
             a,1,loss,best,3.0\na,2,loss,other,1.0\n\
             b,1,loss,other,9.0\nb,2,loss,best,7.0\n"
        );
        let (best, _) = of(&table, &params(Some("higher"))).unwrap();
        assert_eq!(best.rows[2][2].as_f64(), Some(1.0));
    }

    #[test]
    fn of_settings_with_one_mean_the_first_is_chosen() {
        // The same three numbers, whose sums are rounded in two ways.
        let csv = "system,lr,seed,loss\na,2,0,0.3\na,2,1,0.2\na,2,2,0.1\n\
                   a,1,0,0.1\na,1,1,0.2\na,1,2,0.3\n";
        let table = Table::from_csv(csv, &["system", "lr", "seed"]).unwrap();
        for direction in ["lower", "higher"] {
            let (best, _) = of(&table, &params(Some(direction))).unwrap();
            assert_eq!(best.rows[0][2].as_f64(), Some(2.0), "{direction}");
        }
    }

    #[test]
    fn a_metric_that_comes_in_is_refused() {
        let csv = ROWS.replace("system,lr", "system,metric");
        let table = Table::from_csv(&csv, &["system", "metric", "seed"]).unwrap();
        let (best, cloud) = of(&table, &params(Some("lower"))).unwrap();
        assert!(measured::distinct(&best).is_ok());
        let wrong = measured::distinct(&cloud).unwrap_err().to_string();
        assert!(wrong.contains("a column `metric` comes in"), "{wrong}");
    }

    #[test]
    fn a_number_without_a_direction_is_asked_about() {
        let table = Table::from_csv(ROWS, &["system", "lr", "seed"]).unwrap();
        assert!(of(&table, &params(None)).is_err());
        assert!(of(&table, &params(Some("smaller"))).is_err());
    }
}
