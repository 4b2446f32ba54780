//! Which columns of a table mean x, y, colour, marker and facet.

use std::collections::BTreeMap;
use std::collections::HashSet;

use serde_json::Value as Json;

use crate::registry::ParamError;
use crate::table::Column;
use crate::table::IntervalKind;
use crate::table::Table;

use super::FigureError;
use super::options::FacetParams;
use super::options::Groups;
use super::options::Repeated;

/// The column that names the metric where several are drawn.
pub(super) const METRIC: &str = "metric";

/// Which columns mean what.
#[derive(Clone, Debug)]
pub(super) struct Mapping {
    pub x: String,
    pub y: Vec<String>,
    pub color: Option<String>,
    pub marker: Option<String>,
    pub facet: Option<String>,
    pub facet_row: Option<String>,
    pub facet_col: Option<String>,
    pub replicate: Vec<String>,
    pub interval: IntervalKind,
}

impl Mapping {
    /// Of one series: without groups and replicates.
    pub(super) fn new(
        x: impl Into<String>,
        y: Vec<String>,
        facets: &FacetParams,
    ) -> Result<Self, FigureError> {
        if y.is_empty() {
            return Err(ParamError::new("y", "is missing").into());
        }
        let (facet, row, col) = (&facets.facet, &facets.facet_row, &facets.facet_col);
        if facet.is_some() && (row.is_some() || col.is_some()) {
            return Err(FigureError::Parameter {
                name: "facet",
                got: "given with `facet_row` or `facet_col`".to_owned(),
                want: "panels are wrapped or in rows and columns, not both".to_owned(),
            });
        }
        Ok(Mapping {
            x: x.into(),
            y,
            color: None,
            marker: None,
            facet: facet.clone(),
            facet_row: row.clone(),
            facet_col: col.clone(),
            replicate: Vec::new(),
            interval: IntervalKind::Ci95,
        })
    }

    /// With groups and replicates.
    pub(super) fn grouped(self, groups: &Groups) -> Self {
        Mapping {
            color: groups.color.clone(),
            marker: groups.marker.clone(),
            ..self.repeated(&groups.repeated)
        }
    }

    /// With replicates.
    pub(super) fn repeated(self, repeated: &Repeated) -> Self {
        Mapping {
            replicate: repeated.replicate.clone().unwrap_or_default().0,
            interval: repeated.band,
            ..self
        }
    }

    /// The axes that stay, each once: facets, groups, x.
    pub(super) fn by(&self, melted: bool) -> Vec<String> {
        let mut by: Vec<String> = Vec::new();
        let named = [
            &self.facet,
            &self.facet_row,
            &self.facet_col,
            &self.color,
            &self.marker,
        ];
        let named = named.into_iter().flatten().cloned();
        let metric = melted.then(|| METRIC.to_owned());
        for name in named.chain(metric).chain([self.x.clone()]) {
            if !by.contains(&name) {
                by.push(name);
            }
        }
        by
    }
}

/// A table with one column of values, and the mapping that fits it.
pub(super) fn melted(
    table: &Table,
    mapping: &Mapping,
) -> Result<(Table, Mapping, String), FigureError> {
    if let [only] = &mapping.y[..] {
        return Ok((table.clone(), mapping.clone(), only.clone()));
    }
    let mut mapping = mapping.clone();
    let value = "value".to_owned();
    let kept: Vec<usize> = (0..table.columns.len())
        .filter(|i| !mapping.y.contains(&table.columns[*i].name))
        .collect();
    let mut long = Table {
        columns: kept.iter().map(|&i| table.columns[i].clone()).collect(),
        rows: Vec::new(),
    };
    long.columns.push(Column::axis(METRIC));
    read_apart(table, &mapping.y, Column::title)?;
    let mut units: Vec<String> = Vec::new();
    for name in &mapping.y {
        let position = table.column(name).ok_or_else(|| no_column(table, name))?;
        let column = &table.columns[position];
        units.push(column.unit.clone());
        let measured = measured(table, &mapping.x, position);
        for row in &table.rows {
            if let Some((x, places)) = &measured
                && !places.contains(&row[*x].to_string())
            {
                continue;
            }
            let mut values: Vec<Json> = kept.iter().map(|&i| row[i].clone()).collect();
            values.push(column.title().into());
            values.push(row[position].clone());
            long.rows.push(values);
        }
    }
    units.dedup();
    let unit = match &units[..] {
        [unit] => unit.as_str(),
        _ => "",
    };
    long.columns.push(Column::metric(&value, unit, None));
    distinct(&long)?;
    // Metrics are told apart by what is still free: colour, then marker.
    let uses = |slot: &Option<String>| slot.as_deref() == Some(METRIC);
    let used = [
        &mapping.color,
        &mapping.marker,
        &mapping.facet,
        &mapping.facet_row,
        &mapping.facet_col,
    ];
    if !used.into_iter().any(uses) {
        if mapping.color.is_none() {
            mapping.color = Some(METRIC.to_owned());
        } else if mapping.marker.is_none() {
            mapping.marker = Some(METRIC.to_owned());
        }
    }
    mapping.y = vec![value.clone()];
    Ok((long, mapping, value))
}

/// The column of x, where that is measured and not swept, and the places at which a metric was: one that is written every
/// hundred steps beside another of every ten is missing at no step between.
fn measured(table: &Table, x: &str, metric: usize) -> Option<(usize, HashSet<String>)> {
    let x = table.column(x).filter(|x| !table.columns[*x].axis)?;
    let there = table.rows.iter().filter(|row| !row[metric].is_null());
    let places: HashSet<String> = there.map(|row| row[x].to_string()).collect();
    (!places.is_empty()).then_some((x, places))
}

/// That columns which become values of one axis read differently: by one title two would be one.
pub(super) fn read_apart(
    table: &Table,
    names: &[String],
    title: fn(&Column) -> String,
) -> Result<(), FigureError> {
    let mut known: BTreeMap<String, &String> = BTreeMap::new();
    for name in names {
        let column = table.column(name).ok_or_else(|| no_column(table, name))?;
        let title = title(&table.columns[column]);
        if let Some(first) = known.get(&title) {
            return Err(FigureError::OneTitle {
                first: (*first).clone(),
                second: name.clone(),
                title,
            });
        }
        known.insert(title, name);
    }
    Ok(())
}

/// That no column that came in is called as one that a figure makes beside it: of the two the first would be drawn.
pub(super) fn distinct(table: &Table) -> Result<(), FigureError> {
    match table.named_twice() {
        None => Ok(()),
        Some(name) => Err(FigureError::Twice(name.to_owned())),
    }
}

pub(super) fn no_column(table: &Table, name: &str) -> FigureError {
    FigureError::Table(crate::table::SummaryError::NoColumn {
        name: name.to_owned(),
        known: table.columns.iter().map(|c| c.name.clone()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::options::Shared;
    use super::*;

    fn mapping(x: &str, y: [&str; 2]) -> Mapping {
        let facets = FacetParams {
            facet: None,
            facet_row: None,
            facet_col: None,
            scales: Shared::Both,
        };
        Mapping::new(x, y.map(str::to_owned).to_vec(), &facets).unwrap()
    }

    #[test]
    fn two_columns_of_one_title_are_refused() {
        let mut table = Table::from_csv("k,a,b\n1,2,3\n", &["k"]).unwrap();
        let names = ["a".to_owned(), "b".to_owned()];
        assert!(read_apart(&table, &names, Column::title).is_ok());
        table.label(|_| Some("loss"));
        let wrong = read_apart(&table, &names, Column::title).unwrap_err();
        assert_eq!(
            wrong.to_string(),
            "`a` and `b` are both called `loss`: give each a name of its own under `labels`"
        );
    }

    #[test]
    fn a_column_that_is_called_as_one_that_is_made_is_refused() {
        let mapping = mapping("k", ["loss", "acc"]);
        let table = Table::from_csv("k,metric,loss,acc\n1,a,2,3\n", &["k", "metric"]).unwrap();
        let wrong = melted(&table, &mapping).err().unwrap().to_string();
        assert!(wrong.contains("a column `metric` comes in"), "{wrong}");
    }

    #[test]
    fn a_metric_of_every_second_step_is_missing_at_no_step_between() {
        let mapping = mapping("step", ["train", "valid"]);
        let text = "run,step,train,valid\na,1,5,\na,2,4,3\na,3,3,\na,4,2,\nb,1,5,\nb,2,,\nb,3,2,\nb,4,1,2\n";
        let table = Table::from_csv(text, &["run"]).unwrap();
        let rows = |table: &Table| melted(table, &mapping).unwrap().0.rows.len();
        // Of `valid` steps 2 and 4, of both runs; where one lacks it there, it is missing.
        assert_eq!(rows(&table), 8 + 4);
        // A swept x has the same places for all.
        let table = Table::from_csv(text, &["run", "step"]).unwrap();
        assert_eq!(rows(&table), 8 + 8);
    }
}
