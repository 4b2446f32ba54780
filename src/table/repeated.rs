//! One row of the repetitions of a trial.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::Table;

impl Table {
    /// The table with a row for the rows of each place, in the order in which they come first: the columns
    /// `places`, and the `numbers`, each made of those of its rows. What one of them lacks, or is of a training
    /// that diverged, the row lacks: the rest of a trial may be its lucky part.
    pub fn one_of_each(
        &self,
        places: &[usize],
        numbers: &[usize],
        reduce: impl Fn(usize, Vec<f64>) -> f64,
    ) -> Table {
        let mut rows: Vec<(Vec<Json>, Vec<usize>)> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        for (row, cells) in self.rows.iter().enumerate() {
            let place: Vec<Json> = places.iter().map(|&at| cells[at].clone()).collect();
            let at = *known.entry(format!("{place:?}")).or_insert(rows.len());
            if at == rows.len() {
                rows.push((place, Vec::new()));
            }
            rows[at].1.push(row);
        }
        let number = |rows: &[usize], at: usize| -> Json {
            let of = |&row: &usize| self.number(row, at).filter(|_| !self.diverged(row));
            let values: Option<Vec<f64>> = rows.iter().map(of).collect();
            values.map_or(Json::Null, |values| reduce(at, values).into())
        };
        let row = |(mut place, rows): (Vec<Json>, Vec<usize>)| {
            place.extend(numbers.iter().map(|&at| number(&rows, at)));
            place
        };
        let columns = places.iter().chain(numbers);
        Table {
            columns: columns.map(|&at| self.columns[at].clone()).collect(),
            rows: rows.into_iter().map(row).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lacks_a_repetition_lacks_its_numbers() {
        let csv = "lr,seed,loss\n1,0,9\n1,1,1\n3,0,5\n3,1,\n";
        let table = Table::from_csv(csv, &["lr", "seed"]).unwrap();
        let one = table.one_of_each(&[0], &[2], |_, values| values.iter().sum::<f64>() / 2.0);
        assert_eq!(one.to_csv(), "lr,loss\n1,5.0\n3,\n");
    }
}
