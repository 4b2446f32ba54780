//! The names a claim may use: what is not among them is refused, never compared as undefined.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::Aggregate;
use super::Claim;
use super::ClaimError;
use super::Filters;
use super::Quantity;
use super::Statement;
use crate::table::Table;
use crate::table::display;
use crate::table::same_value;

/// Columns and axis values that exist, from a table or from a manifest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KnownNames {
    /// Every column; none: not known yet, and any name passes.
    columns: Option<Vec<String>>,
    /// Axes with their values; null stands where an axis does not exist for a row.
    axes: BTreeMap<String, Vec<Json>>,
}

impl KnownNames {
    /// What a table has.
    pub fn of(table: &Table) -> Self {
        let mut known = KnownNames {
            columns: Some(table.columns.iter().map(|c| c.name.clone()).collect()),
            axes: BTreeMap::new(),
        };
        for (i, column) in table.columns.iter().enumerate() {
            if column.axis {
                let values = table.rows.iter().filter_map(|row| row.get(i)).cloned();
                known = known.with_axis(&column.name, values);
            }
        }
        known
    }

    /// Adds an axis or more values of one: a manifest knows values that no row has yet, because
    /// their steps failed or did not run.
    pub fn with_axis(mut self, name: &str, values: impl IntoIterator<Item = Json>) -> Self {
        let known = self.axes.entry(name.to_owned()).or_default();
        for value in values {
            if !known.iter().any(|other| same_value(other, &value)) {
                known.push(value);
            }
        }
        self
    }

    /// Whether there is an axis of this name.
    pub fn has_axis(&self, name: &str) -> bool {
        self.axes.contains_key(name)
    }

    /// With those columns of a table as axes that a claim uses so, and their values.
    pub fn with_columns(mut self, claim: &Claim, table: &Table) -> Self {
        for name in claim.axes() {
            if let Some(column) = table.column(name).filter(|_| !self.has_axis(name)) {
                let values = table.rows.iter().map(|row| row[column].clone());
                self = self.with_axis(name, values);
            }
        }
        self
    }

    /// Checks every name in a claim; all that is wrong is returned together.
    pub fn check(&self, claim: &Claim) -> Vec<ClaimError> {
        let mut errors = Vec::new();
        for axis in &claim.for_each {
            errors.extend(self.check_axis(axis));
        }
        for axis in claim.test.iter().flat_map(|test| &test.replicate) {
            errors.extend(self.check_axis(axis));
        }
        self.check_filters(&claim.filters, &mut errors);
        for (_, quantity) in &claim.quantities {
            self.check_quantity(quantity, &mut errors);
        }
        if errors.is_empty() {
            self.check_places(claim, &claim.statement, &mut errors);
        }
        errors
    }

    /// What a statement needs has rows at every place of `for_each`: not where it filters such an axis for itself.
    fn check_places(&self, claim: &Claim, statement: &Statement, errors: &mut Vec<ClaimError>) {
        let comparison = match statement {
            Statement::Compare(comparison) => comparison,
            Statement::All(parts) => {
                let parts = parts.iter();
                return parts.for_each(|part| self.check_places(claim, part, errors));
            }
            // Another part may be enough.
            Statement::Any(_) => return,
        };
        let sides = [&comparison.left, &comparison.right].into_iter();
        let quantities = sides
            .flat_map(|side| side.names())
            .filter_map(|name| claim.quantity(name));
        for quantity in quantities.filter(|quantity| quantity.take != Aggregate::Count) {
            let error = claim.for_each.iter().find_map(|axis| {
                let own = quantity.filters.get(axis)?;
                let has = |values: &Vec<Json>, value: &Json| {
                    values.iter().any(|other| same_value(other, value))
                };
                let of_claim = claim.filters.get(axis);
                let mut asked = self.axes.get(axis)?.iter();
                let left_out = asked.find(|value| {
                    of_claim.is_none_or(|values| has(values, value)) && !has(own, value)
                })?;
                // Of a stage without the axis `null` selects all rows, at every value.
                (!own.contains(&Json::Null)).then(|| ClaimError::NeverThere {
                    text: quantity.to_string(),
                    axis: axis.clone(),
                    value: match left_out {
                        Json::Null => "null".to_owned(),
                        value => display(value),
                    },
                })
            });
            if let Some(error) = error.filter(|error| !errors.contains(error)) {
                errors.push(error);
            }
        }
    }

    fn check_quantity(&self, quantity: &Quantity, errors: &mut Vec<ClaimError>) {
        for name in &quantity.value {
            let Some(columns) = &self.columns else {
                continue;
            };
            if !columns.contains(name) && !self.axes.contains_key(name) {
                errors.push(ClaimError::Unknown {
                    what: "column".to_owned(),
                    name: name.clone(),
                    known: columns.clone(),
                });
            }
        }
        self.check_filters(&quantity.filters, errors);
    }

    fn check_filters(&self, filters: &Filters, errors: &mut Vec<ClaimError>) {
        for (axis, values) in filters {
            if let Some(error) = self.check_axis(axis) {
                errors.push(error);
                continue;
            }
            let known = &self.axes[axis];
            for value in values {
                // Null selects the rows without the axis, whether or not there are any.
                if !value.is_null() && !known.iter().any(|other| same_value(other, value)) {
                    errors.push(ClaimError::NeverTaken {
                        axis: axis.clone(),
                        value: display(value),
                        known: known.iter().filter(|v| !v.is_null()).map(display).collect(),
                    });
                }
            }
        }
    }

    fn check_axis(&self, axis: &str) -> Option<ClaimError> {
        (!self.axes.contains_key(axis)).then(|| ClaimError::Unknown {
            what: "axis".to_owned(),
            name: axis.to_owned(),
            known: self.axes.keys().cloned().collect(),
        })
    }
}
