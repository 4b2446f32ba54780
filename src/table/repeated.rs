//! One row of the repetitions of a trial.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::SummaryError;
use super::Table;
use super::stats;
use super::summary;

impl Table {
    /// The table with a row for the rows of each place, in the order in which they come first: the columns
    /// `places`, and the `numbers`, each made of those of its replicates along `repeats`, of several rows of one
    /// their mean. What one of them lacks, or is of a training that diverged, the row lacks: the rest of a trial
    /// may be its lucky part. Rows that are measured on fewer axes and have none of the numbers tell nothing of a
    /// trial.
    ///
    /// # Errors
    /// Where a row that has none of `repeats` has another number than those that have.
    pub fn one_of_each(
        &self,
        places: &[usize],
        repeats: &[usize],
        numbers: &[usize],
        reduce: impl Fn(usize, Vec<f64>) -> f64,
    ) -> Result<Table, SummaryError> {
        let tells = |row: &usize| {
            let has = |at: &usize| !self.rows[*row][*at].is_null();
            numbers.iter().any(has) || repeats.iter().all(has)
        };
        let number = |rows: &[usize], at: usize| -> Result<Json, SummaryError> {
            let counted = self.without_wholes(rows, repeats, at);
            let counted =
                counted.map_err(|clash| summary::of_all(self, clash, at, places, repeats))?;
            let mut of_each: Vec<Vec<usize>> = Vec::new();
            let mut known: HashMap<Vec<String>, usize> = HashMap::new();
            for row in counted {
                let replicate = known.entry(self.key(row, repeats));
                let replicate = *replicate.or_insert(of_each.len());
                match of_each.get_mut(replicate) {
                    Some(rows) => rows.push(row),
                    None => of_each.push(vec![row]),
                }
            }
            let mean = |rows: &Vec<usize>| {
                let of = |&row: &usize| self.number(row, at).filter(|_| !self.diverged(row));
                let values: Option<Vec<f64>> = rows.iter().map(of).collect();
                stats::mean(&values?)
            };
            let values: Option<Vec<f64>> = of_each.iter().map(mean).collect();
            Ok(values.map_or(Json::Null, |values| reduce(at, values).into()))
        };
        let mut rows = Vec::new();
        for (mut place, mut of_place) in self.grouped(places) {
            of_place.retain(tells);
            if of_place.is_empty() {
                continue;
            }
            for &at in numbers {
                place.push(number(&of_place, at)?);
            }
            rows.push(place);
        }
        let columns = places.iter().chain(numbers);
        Ok(Table {
            columns: columns.map(|&at| self.columns[at].clone()).collect(),
            rows,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean_of_each(csv: &str) -> Result<Table, SummaryError> {
        let table = Table::from_csv(csv, &["lr", "seed"]).unwrap();
        table.one_of_each(&[0], &[1], &[2], |_, values| {
            values.iter().sum::<f64>() / values.len() as f64
        })
    }

    #[test]
    fn what_lacks_a_repetition_lacks_its_numbers() {
        let one = mean_of_each("lr,seed,loss\n1,0,9\n1,1,1\n3,0,5\n3,1,\n").unwrap();
        assert_eq!(one.to_csv(), "lr,loss\n1,5.0\n3,\n");
    }

    #[test]
    fn a_repetition_counts_once_and_a_row_of_all_is_none() {
        let twice = mean_of_each("lr,seed,loss\n1,0,9\n1,0,7\n1,1,2\n").unwrap();
        assert_eq!(twice.to_csv(), "lr,loss\n1,5.0\n");
        // The size of the model, which has no seed, and no loss.
        let beside = mean_of_each("lr,seed,loss\n1,0,9\n1,1,1\n1,,\n4,,\n").unwrap();
        assert_eq!(beside.to_csv(), "lr,loss\n1,5.0\n");
        assert!(mean_of_each("lr,seed,loss\n1,0,9\n1,1,1\n1,,3\n").is_err());
    }
}
