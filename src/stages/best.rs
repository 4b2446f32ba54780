//! `table/best`: of every method the setting that is best by each of several numbers, and the cloud
//! of all settings that it was chosen from.

use serde_json::Value as Json;

use super::Stage;
use super::measured;
use super::rows;
use super::trials;
use super::whole;
use super::whole::Replicate;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::registry::ArtifactType;
use crate::registry::Columns;
use crate::registry::Entry;
use crate::registry::InvalidParam;
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
use crate::table::coordinate_key;
use crate::table::display;
use crate::table::stats;
use crate::text::list_of;
use crate::text::plural;

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
         axis order. A setting that lacks a replicate which another of its method has, because it\n\
         diverged, failed or is not there, is not chosen, and the run says so: its mean is one over others.\n\
         Where each lacks one, none is chosen. A replicate has one row, as in `table/summary`.\n\
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
        4
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

    fn check(&self, params: &Values) -> Result<(), InvalidParam> {
        let Ok(params) = BestParams::read(params) else {
            return Ok(());
        };
        let Names(values) = &params.values;
        match params.by.0.iter().find(|name| values.contains(name)) {
            None => Ok(()),
            Some(name) => Err(InvalidParam {
                param: "by",
                message: format!("`{name}` is what is compared: each of its values would be best"),
                help: "`by` names axes that tell methods apart; `by: []` where there is one method"
                    .to_owned(),
            }),
        }
    }

    fn reduces_all(&self) -> bool {
        true
    }
}

impl Stage for BestTable {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = BestParams::read(&job.step.params)?;
        let table = rows::of_job(job, None)?;
        let (best, cloud, lacking) = of(&table, &params)?;
        if !lacking.is_empty() {
            let settings = plural(lacking.len(), "setting");
            let names = list_of(lacking);
            job.link.warn(&format!(
                "left out {settings} without all replicates that others have: {names}"
            ));
        }
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

/// The chosen settings, the cloud, and the names of settings that lack a replicate.
fn of(table: &Table, params: &BestParams) -> Result<(Table, Table, Vec<String>), JobError> {
    let places = |names: &[String]| {
        let places = names.iter().map(|name| trials::column(table, name));
        places.collect::<Result<Vec<usize>, _>>()
    };
    let by = places(&params.by.0)?;
    let replicates = places(&params.replicate.clone().unwrap_or_default().0)?;
    let numbers = places(&params.values.0)?;
    let own: Vec<usize> = (0..table.columns.len())
        .filter(|at| table.columns[*at].axis && !by.contains(at) && !replicates.contains(at))
        .collect();
    // A number that seeds change puts each of them with another method.
    let has_fraction = |at: usize| {
        let mut numbers = table.rows.iter().filter_map(|row| row[at].as_f64());
        !table.columns[at].axis && numbers.any(|number| number.fract() != 0.0)
    };
    for at in by.iter().filter(|at| has_fraction(**at)) {
        let mut settings = table.grouped(&own).into_iter();
        let differs = |rows: &[usize]| {
            rows.iter()
                .any(|row| table.rows[*row][*at] != table.rows[rows[0]][*at])
        };
        if settings.any(|(_, rows)| differs(&rows)) {
            let name = &table.columns[*at].name;
            return Err(JobError::failed(format!(
                "`{name}` is a number that differs within a setting: under `by` it tells no methods apart"
            ))
            .hint("`by` names axes; `by: []` where there is one method"));
        }
    }
    let place = [&by[..], &own].concat();
    let setting = |(mut method, rows): (Vec<Json>, Vec<usize>)| Setting {
        at: method.split_off(by.len()),
        method,
        rows,
    };
    let settings: Vec<Setting> = table.grouped(&place).into_iter().map(setting).collect();
    let mut best = Table {
        columns: table.columns.clone(),
        rows: Vec::new(),
    };
    best.columns.insert(0, Column::axis("best_by"));
    let axes = place.iter().map(|at| table.columns[*at].clone());
    let mut cloud = Table {
        columns: axes
            .chain(["metric", "setting"].map(Column::axis))
            .chain([super::number_column(VALUE.name)])
            .collect(),
        rows: Vec::new(),
    };
    let mut lacking: Vec<String> = Vec::new();
    for (name, &at) in params.values.0.iter().zip(&numbers) {
        let higher = higher(params, &table.columns[at])?;
        let shared = table.shared(at);
        let measured = |setting: &Setting| -> Result<Measured, JobError> {
            let rows = setting.rows.iter().copied();
            let rows: Vec<usize> = rows.filter(|row| !shared.contains(row)).collect();
            let counted = table.counted(&rows, at, (&place, &replicates), &numbers)?;
            let with_number = counted.into_iter().filter_map(|row| {
                let number = table.number(row, at).filter(|_| !table.diverged(row))?;
                Some((replicate(table, row, &replicates), number))
            });
            let (replicates, numbers): (Vec<Replicate>, Vec<f64>) = with_number.unzip();
            Ok(Measured {
                stands: !rows.is_empty(),
                replicates,
                mean: stats::mean(&numbers),
            })
        };
        let measured: Vec<Measured> = settings.iter().map(measured).collect::<Result<_, _>>()?;
        let (chosen, short) = chosen(&settings, &measured, higher);
        for setting in short.into_iter().map(|number| &settings[number]) {
            let values = setting.method.iter().chain(&setting.at);
            let name = name_of(place.iter().map(|at| &table.columns[*at]).zip(values));
            if !lacking.contains(&name) {
                lacking.push(name);
            }
        }
        for (number, (setting, measured)) in settings.iter().zip(&measured).enumerate() {
            let Some(mean) = measured.mean else { continue };
            let place = match chosen.contains(&number) {
                true => "best",
                false => "other",
            };
            let mut row = [&setting.method[..], &setting.at[..]].concat();
            row.extend([name.as_str().into(), place.into(), mean.into()]);
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
    Ok((best, cloud, lacking))
}

/// A number of a setting.
struct Measured {
    /// Whether it has a row that could have had the number.
    stands: bool,
    /// Those that have it.
    replicates: Vec<Replicate>,
    /// Over them.
    mean: Option<f64>,
}

fn replicate(table: &Table, row: usize, axes: &[usize]) -> Replicate {
    let cells = axes.iter().map(|at| &table.rows[row][*at]);
    cells
        .map(|cell| (!cell.is_null()).then(|| coordinate_key(cell)))
        .collect()
}

/// `sys=a, lr=1`
fn name_of<'a>(axes: impl Iterator<Item = (&'a Column, &'a Json)>) -> String {
    let axes = axes.filter(|(_, value)| !value.is_null());
    let axes = axes.map(|(column, value)| format!("{}={}", column.name, display(value)));
    match axes.collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => "the only one".to_owned(),
        axes => axes,
    }
}

/// The best setting of every method, in the order of the methods, and those that lack a replicate.
fn chosen(settings: &[Setting], measured: &[Measured], higher: bool) -> (Vec<usize>, Vec<usize>) {
    let mut methods: Vec<&Vec<Json>> = Vec::new();
    for setting in settings {
        if !methods.contains(&&setting.method) {
            methods.push(&setting.method);
        }
    }
    let (mut chosen, mut short) = (Vec::new(), Vec::new());
    for method in methods {
        let own = |at: &usize| measured[*at].stands && settings[*at].method == *method;
        let own: Vec<usize> = (0..settings.len()).filter(own).collect();
        let replicates = own.iter().map(|at| measured[*at].replicates.clone());
        let whole = whole::whole(&replicates.collect::<Vec<_>>(), &[]);
        let mut winner: Option<(usize, f64)> = None;
        for (at, whole) in own.into_iter().zip(whole) {
            if !whole {
                short.push(at);
                continue;
            }
            let Some(mean) = measured[at].mean else {
                continue;
            };
            // Of means that rounding alone tells apart the first stays.
            if winner.is_none_or(|(_, best)| stats::ahead(mean, best, higher)) {
                winner = Some((at, mean));
            }
        }
        chosen.extend(winner.map(|(at, _)| at));
    }
    (chosen, short)
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
        let (best, cloud, lacking) = of(&table, &params(Some("lower"))).unwrap();
        assert_eq!(lacking, ["system=a, lr=2"]);
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
        let (best, _, _) = of(&table, &params(Some("higher"))).unwrap();
        assert_eq!(best.rows[2][2].as_f64(), Some(1.0));
    }

    #[test]
    fn of_settings_with_one_mean_the_first_is_chosen() {
        // The same three numbers, whose sums are rounded in two ways.
        let csv = "system,lr,seed,loss\na,2,0,0.3\na,2,1,0.2\na,2,2,0.1\n\
                   a,1,0,0.1\na,1,1,0.2\na,1,2,0.3\n";
        let table = Table::from_csv(csv, &["system", "lr", "seed"]).unwrap();
        for direction in ["lower", "higher"] {
            let (best, _, _) = of(&table, &params(Some(direction))).unwrap();
            assert_eq!(best.rows[0][2].as_f64(), Some(2.0), "{direction}");
        }
    }

    /// Seed 0 is hard and 2 is easy.
    #[test]
    fn a_setting_without_a_replicate_of_another_is_not_chosen_however_many_it_has() {
        let csv = "system,lr,seed,loss\na,1,0,9\na,1,1,5\na,2,1,5\na,2,2,1\nb,1,0,7\nb,2,,8\n";
        let table = Table::from_csv(csv, &["system", "lr", "seed"]).unwrap();
        let (best, cloud, lacking) = of(&table, &params(Some("lower"))).unwrap();
        assert_eq!(best.to_csv(), "best_by,system,lr,seed,loss\nloss,b,1,0,7\n");
        assert_eq!(cloud.rows.len(), 4);
        assert_eq!(lacking, ["system=a, lr=1", "system=a, lr=2"]);
    }

    #[test]
    fn several_rows_of_a_replicate_are_refused() {
        let csv = ROWS.replace("a,1,1,2", "a,1,0,2");
        let table = Table::from_csv(&csv, &["system", "lr", "seed"]).unwrap();
        let wrong = of(&table, &params(Some("lower"))).unwrap_err().to_string();
        assert!(wrong.contains("different `loss` for one place"), "{wrong}");
    }

    #[test]
    fn a_metric_that_comes_in_is_refused() {
        let csv = ROWS.replace("system,lr", "system,metric");
        let table = Table::from_csv(&csv, &["system", "metric", "seed"]).unwrap();
        let (best, cloud, _) = of(&table, &params(Some("lower"))).unwrap();
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
