//! The result table: columns of axes and columns of metrics, rows in axis order.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;

use serde_json::Value as Json;

/// The column that is true for rows of trainings that diverged; it is there where one did.
pub const DIVERGED: &str = "diverged";

/// Rows of results. An axis that does not exist for a row, and a metric that was not measured,
/// are null.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    pub columns: Vec<Column>,
    /// Row-major; every row has one value per column: null, a boolean, a number or text.
    pub rows: Vec<Vec<Json>>,
}

/// What a column holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    pub name: String,
    /// Coordinates, as opposed to measurements.
    pub axis: bool,
    /// For people: `test ELBO`; empty: the name.
    pub label: String,
    /// `nats`, `s`; empty where there is none.
    pub unit: String,
    /// Which way is better; none where neither is.
    pub higher_is_better: Option<bool>,
    /// What `names` calls its values: these may have mathematics, as labels may, and words of data have none.
    pub names: BTreeSet<String>,
}

impl Table {
    /// The position of the column of this name.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The first name that a column shares with one before it.
    pub fn named_twice(&self) -> Option<&str> {
        let mut names = self.columns.iter().map(|column| column.name.as_str());
        let mut seen = HashSet::new();
        names.find(|name| !seen.insert(*name))
    }

    /// Whether a row is of a training that diverged: it has no scores, and counts nowhere.
    pub fn diverged(&self, row: usize) -> bool {
        let cell = self.column(DIVERGED).and_then(|at| self.rows[row].get(at));
        cell == Some(&Json::Bool(true))
    }

    /// The rows by what they have in these columns, in the order in which that comes first.
    pub fn grouped(&self, columns: &[usize]) -> Vec<(Vec<Json>, Vec<usize>)> {
        let mut groups: Vec<(Vec<Json>, Vec<usize>)> = Vec::new();
        let mut known: HashMap<Vec<String>, usize> = HashMap::new();
        for (row, cells) in self.rows.iter().enumerate() {
            let group = *known.entry(self.key(row, columns)).or_insert(groups.len());
            if group == groups.len() {
                let at = columns.iter().map(|&column| cells[column].clone());
                groups.push((at.collect(), Vec::new()));
            }
            groups[group].1.push(row);
        }
        groups
    }

    /// The rows of trials of which most had a part of a budget: of each those with the most of it that have a number, since
    /// what it had before is no trial of its own. Of one without a number, those with the most of it.
    #[must_use]
    pub fn with_most(&self, budget: usize, number: usize) -> Table {
        let axes = 0..self.columns.len();
        let axes: Vec<usize> = axes
            .filter(|at| self.columns[*at].axis && *at != budget)
            .collect();
        let mut kept = Vec::new();
        for (_, rows) in self.grouped(&axes) {
            let had = |row: &usize| self.number(*row, budget);
            let has = |row: &&usize| self.number(**row, number).is_some() && !self.diverged(**row);
            let most = rows.iter().filter(has).filter_map(had).reduce(f64::max);
            let most = most.or_else(|| rows.iter().filter_map(had).reduce(f64::max));
            kept.extend(rows.into_iter().filter(|row| had(row) == most));
        }
        kept.sort_unstable();
        let rows = kept.into_iter().map(|row| self.rows[row].clone());
        Table {
            columns: self.columns.clone(),
            rows: rows.collect(),
        }
    }

    /// What tells a row's coordinates in these columns from those of others.
    pub(super) fn key(&self, row: usize, columns: &[usize]) -> Vec<String> {
        let cells = columns.iter().map(|&column| &self.rows[row][column]);
        cells.map(coordinate_key).collect()
    }

    /// The number in a cell; none for null. Booleans count as 0 and 1, and a whole number that has more digits than 64
    /// bits hold, which stands as a text with all of them, as the nearest that there is.
    pub fn number(&self, row: usize, column: usize) -> Option<f64> {
        match self.rows.get(row)?.get(column)? {
            Json::Bool(value) => Some(f64::from(u8::from(*value))),
            Json::Number(value) => value.as_f64().filter(|value| value.is_finite()),
            Json::String(text) => long_whole(text),
            _ => None,
        }
    }
}

/// A whole number of more digits than 64 bits hold; no name such as `007`.
pub(super) fn long_whole(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_long = digits.len() > 18 && !digits.starts_with('0');
    let is_whole = is_long && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    number.filter(|_| is_whole)
}

impl Column {
    /// A column of coordinates.
    pub fn axis(name: &str) -> Self {
        Column {
            name: name.to_owned(),
            axis: true,
            label: String::new(),
            unit: String::new(),
            higher_is_better: None,
            names: BTreeSet::new(),
        }
    }

    /// A column of measurements.
    pub fn metric(name: &str, unit: &str, higher_is_better: Option<bool>) -> Self {
        Column {
            name: name.to_owned(),
            axis: false,
            label: String::new(),
            unit: unit.to_owned(),
            higher_is_better,
            names: BTreeSet::new(),
        }
    }

    /// Whether a value is called so by `names`.
    pub fn is_name(&self, value: &Json) -> bool {
        value.as_str().is_some_and(|text| self.names.contains(text))
    }

    /// What people read: the label, or the name with spaces for underscores.
    pub fn title(&self) -> String {
        if self.label.is_empty() {
            self.name.replace('_', " ")
        } else {
            self.label.clone()
        }
    }

    /// The title with its unit: `test KL (nats)`.
    pub fn title_with_unit(&self) -> String {
        if self.unit.is_empty() {
            self.title()
        } else {
            format!("{} ({})", self.title(), self.unit)
        }
    }
}

/// Whether two coordinates are one: whole numbers to their last digit, others by their value, so that `1` is
/// `1.0`.
pub fn same_value(a: &Json, b: &Json) -> bool {
    // Beyond 2⁵³ several whole numbers are one float.
    if !(a.is_f64() || b.is_f64()) {
        return a == b;
    }
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

/// A coordinate as a text that tells it from others: one of `1` and `1.0`.
pub fn coordinate_key(value: &Json) -> String {
    match value.as_f64().filter(|_| value.is_f64()) {
        // Zero has two signs.
        Some(number) => (number + 0.0).to_string(),
        None => value.to_string(),
    }
}

/// A value as people read it: text without quotes, null as a dash.
pub fn display(value: &Json) -> String {
    match value {
        Json::Null => "–".to_owned(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_told_apart_to_their_last_digit() {
        let values = [9_007_199_254_740_992_u64, 9_007_199_254_740_993, u64::MAX];
        let values = values.map(Json::from);
        for (at, value) in values.iter().enumerate() {
            for (other_at, other) in values.iter().enumerate() {
                assert_eq!(same_value(value, other), at == other_at);
                let keys = [value, other].map(coordinate_key);
                assert_eq!(keys[0] == keys[1], at == other_at);
            }
        }
        let (one, text) = (Json::from(1), Json::from("1"));
        assert!(same_value(&one, &1.0.into()) && !same_value(&one, &text));
        assert_eq!(coordinate_key(&one), coordinate_key(&1.0.into()));
        assert_ne!(coordinate_key(&one), coordinate_key(&text));
        assert_eq!(coordinate_key(&0.0.into()), coordinate_key(&(-0.0).into()));
    }

    #[test]
    fn rows_are_grouped_in_their_order() {
        let csv = "m,k,y\nb,1,0\na,1,1\nb,1.0,2\n";
        let table = Table::from_csv(csv, &["m", "k"]).unwrap();
        let groups = table.grouped(&[0, 1]);
        let rows: Vec<&[usize]> = groups.iter().map(|(_, rows)| &rows[..]).collect();
        assert_eq!(rows, [&[0, 2][..], &[1]]);
    }
}
