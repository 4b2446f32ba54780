//! Numbers that were measured on fewer axes than those they stand beside.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;

use serde_json::Value as Json;

use super::Table;

impl Table {
    /// The table with rows that lack one of these numbers given it of the row that has it and stands at all of its
    /// own coordinates among theirs: the size of a model belongs to each of its seeds. Where several such rows
    /// have different numbers, none is given. A row that gave its number is left out.
    pub fn completed(&self, numbers: &[usize]) -> Cow<'_, Table> {
        let axes = || (0..self.columns.len()).filter(|at| self.columns[*at].axis);
        let has = |row: usize, at: usize| !self.rows[row][at].is_null();
        let lacks = |row: &usize| numbers.iter().any(|at| !has(*row, *at));
        let place = |row: usize, axes: &[usize]| -> Vec<Json> {
            axes.iter().map(|at| self.rows[row][*at].clone()).collect()
        };
        let own = |row: usize| -> Vec<usize> { axes().filter(|at| has(row, *at)).collect() };
        let short: Vec<usize> = (0..self.rows.len()).filter(lacks).collect();
        // By the axes of a row: at its place, the rows that have the number.
        let mut given: HashMap<(usize, Vec<usize>), HashMap<Vec<Json>, Vec<usize>>> =
            HashMap::new();
        for row in short.iter().copied().filter(|row| !self.diverged(*row)) {
            let own = own(row);
            for at in numbers.iter().copied().filter(|at| has(row, *at)) {
                let known = given.entry((at, own.clone())).or_default();
                known.entry(place(row, &own)).or_default().push(row);
            }
        }
        let mut filled: Vec<(usize, usize, Json)> = Vec::new();
        let mut gave = BTreeSet::new();
        for row in short {
            let own: BTreeSet<usize> = own(row).into_iter().collect();
            for at in numbers.iter().copied().filter(|at| !has(row, *at)) {
                let of_fewer = given.iter().filter(|((number, axes), _)| {
                    let fewer = axes.len() < own.len();
                    *number == at && fewer && axes.iter().all(|at| own.contains(at))
                });
                let found = of_fewer.filter_map(|((_, axes), known)| known.get(&place(row, axes)));
                let found: Vec<usize> = found.flatten().copied().collect();
                let Some(number) = found.first().map(|first| &self.rows[*first][at]) else {
                    continue;
                };
                if found.iter().all(|other| self.rows[*other][at] == *number) {
                    filled.push((row, at, number.clone()));
                    gave.extend(found);
                }
            }
        }
        if filled.is_empty() {
            return Cow::Borrowed(self);
        }
        let mut table = self.clone();
        for (row, at, number) in filled {
            table.rows[row][at] = number;
        }
        // What they had stands where it belongs now.
        let rows = std::mem::take(&mut table.rows).into_iter().enumerate();
        let rows = rows.filter(|(row, _)| !gave.contains(row));
        table.rows = rows.map(|(_, cells)| cells).collect();
        Cow::Owned(table)
    }

    /// The table without its [`Table::shared`] rows.
    pub fn without_shared(&self, number: usize) -> Cow<'_, Table> {
        let shared = self.shared(number);
        if shared.is_empty() {
            return Cow::Borrowed(self);
        }
        let rows = self.rows.iter().enumerate();
        let kept = rows.filter(|(row, _)| !shared.contains(row));
        Cow::Owned(Table {
            columns: self.columns.clone(),
            rows: kept.map(|(_, cells)| cells.clone()).collect(),
        })
    }

    /// The rows that lack this number and stand at coordinates that another row has among more: they tell of what
    /// several rows share, the size of a model and not the loss of a trial.
    pub fn shared(&self, number: usize) -> HashSet<usize> {
        let own = |row: &Vec<Json>| -> Vec<usize> {
            let axes = (0..self.columns.len()).filter(|at| self.columns[*at].axis);
            axes.filter(|at| !row[*at].is_null()).collect()
        };
        let place = |row: &Vec<Json>, axes: &[usize]| -> Vec<Json> {
            axes.iter().map(|at| row[*at].clone()).collect()
        };
        let axes: Vec<Vec<usize>> = self.rows.iter().map(own).collect();
        let lacks = |row: &usize| self.rows[*row][number].is_null();
        let lacking = (0..self.rows.len()).filter(lacks).map(|row| &axes[row]);
        // By the axes of a row that lacks it: the places on them of rows with more axes.
        let mut shared: HashMap<&Vec<usize>, HashSet<Vec<Json>>> = HashMap::new();
        for few in lacking {
            shared.entry(few).or_insert_with(|| {
                let has_more = |row: &usize| {
                    axes[*row].len() > few.len() && few.iter().all(|at| axes[*row].contains(at))
                };
                let rows = (0..self.rows.len()).filter(has_more);
                rows.map(|row| place(&self.rows[row], few)).collect()
            });
        }
        let is_shared = |row: &usize| {
            let places = shared.get(&axes[*row]).filter(|_| lacks(row));
            places.is_some_and(|places| places.contains(&place(&self.rows[*row], &axes[*row])))
        };
        (0..self.rows.len()).filter(is_shared).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_on_fewer_axes_belongs_to_all_that_share_them() {
        let csv =
            "lr,layers,seed,loss,speed\n1,2,0,5,\n1,2,1,6,\n2,3,0,7,\n,2,,,80\n,3,,,70\n,4,,,60\n";
        let table = Table::from_csv(csv, &["lr", "layers", "seed"]).unwrap();
        let both = table.completed(&[3, 4]);
        assert_eq!(
            both.to_csv(),
            "lr,layers,seed,loss,speed\n1,2,0,5,80\n1,2,1,6,80\n2,3,0,7,70\n,4,,,60\n"
        );
        assert!(matches!(table.completed(&[3]), Cow::Borrowed(_)));
    }

    #[test]
    fn a_row_that_others_share_is_no_trial_without_a_loss() {
        let csv = "lr,layers,loss,speed\n1,2,5,\n2,2,,\n3,3,,\n,2,,80\n,3,,70\n,4,,60\n";
        let table = Table::from_csv(csv, &["lr", "layers"]).unwrap();
        assert_eq!(
            table.without_shared(2).to_csv(),
            "lr,layers,loss,speed\n1,2,5,\n2,2,,\n3,3,,\n,4,,60\n"
        );
        assert!(matches!(table.without_shared(1), Cow::Borrowed(_)));
    }

    #[test]
    fn a_number_that_is_not_one_is_not_given() {
        // Two speeds of two layers; of three the training diverged; four has its own.
        let csv = "layers,k,seed,loss,speed,diverged\n2,,0,5,,\n2,,,,80,\n2,,,,81,\n3,,0,5,,\n3,,,,70,true\n4,,0,5,9,\n4,,,,60,\n";
        let table = Table::from_csv(csv, &["layers", "k", "seed"]).unwrap();
        assert!(matches!(table.completed(&[3, 4]), Cow::Borrowed(_)));
    }
}
