//! `dataset/csv`: a table of numbers, with or without a header.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use super::Part;
use super::Parts;
use super::TableNames;
use super::assemble;
use super::assemble::OwnParams;
use super::content;
use super::raw::Elements;
use super::raw::FIRST_INEXACT;
use super::raw::Number;
use super::raw::Raw;
use super::split_named;
use super::table::Table;
use super::table::is_missing;
use super::table::number;
use super::table::truth;
use super::wrong;
use crate::data::Context;
use crate::data::DataError;
use crate::data::DataSet;
use crate::data::Dataset;
use crate::data::FormatError;
use crate::registry::ArtifactType;
use crate::registry::Entry;
use crate::registry::InvalidParam;
use crate::registry::Param;
use crate::registry::Property;
use crate::registry::Slot;
use crate::registry::Values;
use crate::registry::params;

/// `dataset/csv`
pub(in crate::data) struct Csv;

params! {
    /// What `dataset/csv` may be given.
    struct CsvParams {
        /// columns of the observations [default: all but `label` and `split`]
        columns: Option<Vec<String>>;
        /// column of the classes
        label: Option<String>;
        /// column that says `train`, `valid` or `test`
        split: Option<String>;
        /// whether the first line names the columns [default: if none of it is a number, or if it counts them from 0]
        header: Option<bool>;
        /// character between fields [default: `,`, `;` or a tab, whichever the first line has most of]
        delimiter: Option<String>;
        own: OwnParams;
    }
}

const SLOTS: &[Slot] = &[
    Slot::new(
        "file",
        &[ArtifactType::File],
        "the table, or that to train on",
    )
    .single(),
    Slot::new(
        "valid",
        &[ArtifactType::File],
        "a table to validate on [default: some of `file`]",
    )
    .single()
    .optional(),
    Slot::new(
        "test",
        &[ArtifactType::File],
        "a table to test on [default: some of `file`]",
    )
    .single()
    .optional(),
];

impl Entry for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn summary(&self) -> &'static str {
        "your own table of numbers, from a CSV file"
    }

    fn docs(&self) -> &'static str {
        "`in: {file: {file: data/iris.csv}}` names the file; it may be gzipped. Fields are separated by\n\
         commas, semicolons or tabs, and may stand in double quotes. Lines above them that begin with `#` are passed\n\
         over, as the log says, but for a last one that names as many columns, as numpy writes its header; several that\n\
         have as many fields are rows, and so are all with `header: false`. Without a header columns\n\
         are called `1`, `2`, …; one without a name that holds whole numbers alone numbers the rows, as pandas writes it, and is\n\
         left out, as the log says. A first line `0,1,2,…` of three columns or more is a header, as pandas writes\n\
         that of columns without names, and the log says so; it counts from 0 then. Tables to validate and test on\n\
         have the same columns, in any order. An empty field, `NA`, `N/A`, `NaN`, `null`, `none` and `?`, in capitals\n\
         or not, are missing values, also as classes; `True` and `False` of pandas, `TRUE` and `FALSE` of R are 1 and 0. Classes are numbers if all of all tables are, and else texts.\n\
         `x` is `[n, d]`; splits and scaling: as of `dataset/npy`. Closed form: the numbers are taken as they are."
    }

    /// 2: columns of further files are found by name, and one that numbers rows is none.
    /// 3: scaling in double precision, classes are told over all splits, and headers that count columns.
    /// 4: large whole numbers are scaled without rounding, and ones beside grey values refused.
    /// 5: quotes that are not closed are refused, and numbers of rows that come again are no feature.
    /// 6: numbers are scaled from a number of their column.
    /// 7: comments above the table are none of it.
    fn revision(&self) -> u32 {
        7
    }

    fn params(&self) -> Vec<Param> {
        CsvParams::params()
    }
}

impl DataSet for Csv {
    fn slots(&self) -> &'static [Slot] {
        SLOTS
    }

    fn range(&self, params: &Values) -> Option<(f64, f64)> {
        CsvParams::read(params).ok()?.own.range()
    }

    fn shape(&self, params: &Values) -> Option<Vec<usize>> {
        let columns = CsvParams::read(params).ok()?.columns?;
        Some(vec![columns.len()])
    }

    fn scaling(&self, params: &Values) -> Option<String> {
        Some(CsvParams::read(params).ok()?.own.scaling())
    }

    fn check(&self, params: &Values) -> Result<(), InvalidParam> {
        let Ok(params) = CsvParams::read(params) else {
            return Ok(());
        };
        let wrong = |param, message: &str, help: &str| InvalidParam {
            param,
            message: message.to_owned(),
            help: help.to_owned(),
        };
        if params
            .delimiter
            .as_deref()
            .is_some_and(|text| delimiter(text).is_none())
        {
            let help = "one character, as `\";\"` or `\"\\t\"`";
            return Err(wrong("delimiter", "this is no separator of fields", help));
        }
        if params.columns.as_ref().is_some_and(Vec::is_empty) {
            return Err(wrong("columns", "no column is left", "name one at least"));
        }
        params.own.check()
    }

    fn lacks(&self, params: &Values) -> Vec<Property> {
        let labelled = CsvParams::read(params).map(|params| params.label.is_some());
        match labelled {
            Ok(false) => Property::ALL.to_vec(),
            _ => vec![Property::Pictures, Property::LogDensity],
        }
    }

    fn load(&self, params: &Values, context: &Context<'_>) -> Result<Dataset, DataError> {
        let params = CsvParams::read(params)?;
        let read = |slot: &str| {
            let given = content(context, slot)?;
            let table = given.map(|(path, bytes)| {
                let log = |line: &str| (context.log)(&format!("{}: {line}", path.display()));
                let separator = params.delimiter.as_deref().and_then(delimiter);
                let table = Table::read(&bytes, separator, params.header, &log);
                let table = table.map_err(|error| error.at(&path))?;
                let any = |is: fn(&Table, usize) -> bool| {
                    params.columns.is_none() && (0..table.names.len()).any(|at| is(&table, at))
                };
                if any(Table::numbers_rows) {
                    log("the column without a name numbers the rows and is left out");
                }
                if any(Table::holds_nothing) {
                    log("a column without a name and without a value is left out, as of lines that end in a separator");
                }
                Ok::<_, DataError>((path, table))
            });
            table.transpose()
        };
        let Some((path, table)) = read("file")? else {
            unreachable!("BUG: the slot is required")
        };
        let mut parts = parts(&path, &table, &params).map_err(|error| error.at(&path))?;
        for slot in ["valid", "test"] {
            let Some((path, table)) = read(slot)? else {
                continue;
            };
            let place = match slot {
                "valid" => &mut parts.valid,
                _ => &mut parts.test,
            };
            if place.is_some() {
                let why = format!("gives observations of {slot}, and the column `split` does too");
                return Err(wrong("it", why).at(path));
            }
            let all: Vec<usize> = (0..table.rows.len()).collect();
            // By name: a file may have its columns in another order.
            let columns = parts.train.table.as_ref().map(|table| &table.columns[..]);
            let part = part(&path, &table, &params, columns, &all);
            *place = Some(part.map_err(|error| error.at(&path))?);
        }
        number_classes(&mut parts);
        assemble::dataset(self.name(), parts, &params.own, context)
    }
}

fn delimiter(text: &str) -> Option<u8> {
    match text {
        "\\t" | "tab" => Some(b'\t'),
        text => match text.as_bytes() {
            [one]
                if one.is_ascii()
                    && !one.is_ascii_alphanumeric()
                    && !b"\"\n\r.-+".contains(one) =>
            {
                Some(*one)
            }
            _ => None,
        },
    }
}

/// A whole number of up to 64 bits that double precision may have rounded.
fn large_whole(field: &str, value: f64) -> Option<i128> {
    let whole: i128 = match value.abs() < FIRST_INEXACT {
        true => return None,
        false => field.parse().ok()?,
    };
    (whole.unsigned_abs() <= u128::from(u64::MAX)).then_some(whole)
}

/// Numbers of which those at some places are large whole ones.
fn elements(numbers: Vec<f64>, large: &[(usize, i128)]) -> Elements {
    if large.is_empty() {
        return Elements::Double(numbers);
    }
    let mut all: Vec<Number> = numbers.into_iter().map(Number::Double).collect();
    for (at, whole) in large {
        all[*at] = Number::Whole(*whole);
    }
    Elements::Mixed(all)
}

/// The rows by what `split` says of them.
fn parts(path: &Path, table: &Table, params: &CsvParams) -> Result<Parts, FormatError> {
    let mut of: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    match &params.split {
        None => _ = of.insert("train", (0..table.rows.len()).collect()),
        Some(name) => {
            let at = table.position(name)?;
            for (row, fields) in table.rows.iter().enumerate() {
                let split = split_named(&fields[at]).ok_or_else(|| FormatError::Line {
                    line: table.lines[row],
                    why: format!(
                        "column `{name}` says `{}`, not `train`, `valid` or `test`",
                        &fields[at]
                    ),
                })?;
                of.entry(split).or_default().push(row);
            }
        }
    }
    let held = |split: &str| {
        of.get(split)
            .map(|rows| part(path, table, params, None, rows))
    };
    let train = of.get("train").map_or(&[][..], Vec::as_slice);
    Ok(Parts {
        train: part(path, table, params, None, train)?,
        valid: held("valid").transpose()?,
        test: held("test").transpose()?,
    })
}

/// Some rows of a table; `wanted` are the columns that the table to train on has.
fn part(
    path: &Path,
    table: &Table,
    params: &CsvParams,
    wanted: Option<&[String]>,
    rows: &[usize],
) -> Result<Part, FormatError> {
    let label = params.label.as_deref().map(|name| table.position(name));
    let label = label.transpose()?;
    let split = params
        .split
        .as_deref()
        .and_then(|name| table.position(name).ok());
    let columns: Vec<usize> = match &params.columns {
        Some(names) => names
            .iter()
            .map(|name| table.position(name))
            .collect::<Result<_, _>>()?,
        None => (0..table.names.len())
            .filter(|at| Some(*at) != label && Some(*at) != split)
            .filter(|at| !table.numbers_rows(*at) && !table.holds_nothing(*at))
            .collect(),
    };
    let columns = match wanted {
        None => columns,
        Some(wanted) => {
            let further = columns.iter().map(|at| &table.names[*at]);
            if let Some(name) = further.into_iter().find(|name| !wanted.contains(name)) {
                let why = format!(
                    "is none of the table to train on: it has {}",
                    wanted.join(", ")
                );
                return Err(wrong(format!("the column `{name}`"), why));
            }
            let positions = wanted.iter().map(|name| table.position(name));
            positions.collect::<Result<_, _>>()?
        }
    };
    let mut numbers = Vec::with_capacity(rows.len() * columns.len());
    let mut large = Vec::new();
    for row in rows {
        for at in &columns {
            let field = &table.rows[*row][*at];
            let value = number(field).or_else(|| truth(field));
            let value = value.ok_or_else(|| no_number(table, *row, *at, field, params))?;
            if let Some(whole) = large_whole(field, value) {
                large.push((numbers.len(), whole));
            }
            numbers.push(value);
        }
    }
    let label = label.map(|at| {
        let texts = rows.iter().map(|row| &table.rows[*row][at]);
        let texts = texts.map(|text| if is_missing(text) { "" } else { text }.to_owned());
        Raw {
            shape: vec![rows.len()],
            elements: Elements::Text(texts.collect()),
        }
    });
    Ok(Part {
        path: PathBuf::from(path),
        x: Raw::new(vec![rows.len(), columns.len()], elements(numbers, &large))?,
        label: label.map(|label| (path.to_owned(), label)),
        table: Some(TableNames {
            columns: columns.iter().map(|at| table.names[*at].clone()).collect(),
            lines: rows.iter().map(|row| table.lines[*row]).collect(),
        }),
        ..Part::default()
    })
}

/// Makes numbers of classes that are texts, if all of all splits are numbers: told by split, one class could
/// be a number in one of them and a text in another, and so two.
fn number_classes(parts: &mut Parts) {
    let held = [parts.valid.as_mut(), parts.test.as_mut()];
    let parts = held.into_iter().flatten().chain([&mut parts.train]);
    let labels = parts.filter_map(|part| Some(&mut part.label.as_mut()?.1.elements));
    let labels: Vec<&mut Elements> = labels.collect();
    let numbers = labels.iter().map(|elements| match elements {
        Elements::Text(all) => all.iter().map(|text| number(text)).collect(),
        _ => None,
    });
    let numbers: Option<Vec<Vec<f64>>> = numbers.collect();
    for (elements, numbers) in labels.into_iter().zip(numbers.into_iter().flatten()) {
        *elements = Elements::Double(numbers);
    }
}

fn no_number(table: &Table, row: usize, at: usize, field: &str, params: &CsvParams) -> FormatError {
    let name = &table.names[at];
    let remedy = if field.replace(',', ".").parse::<f64>().is_ok() {
        "decimals are written with a point".to_owned()
    } else if params.label.is_none() && params.columns.is_none() {
        format!(
            "`label: {name}` makes classes of it, `columns: […]` names the columns that are numbers"
        )
    } else {
        "`columns: […]` names the columns that are numbers".to_owned()
    };
    let names = match row == 0 && !table.header {
        true => "; if the first line names the columns, `header: true` says it",
        false => "",
    };
    FormatError::Line {
        line: table.lines[row],
        why: format!("column `{name}` has `{field}`, no number: {remedy}{names}"),
    }
}
